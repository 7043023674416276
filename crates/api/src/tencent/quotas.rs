//! How many images there may be: `DescribeImageQuota` (contract 2).

use model::QuotaKind;
use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::rejection::{Context, of_refused};
use super::reply::{Fields, fields};

/// `DescribeImageQuota`: of the account, in the region.
pub(super) async fn describe_image_quota(call: &Call) -> Result<Fields, ApiError> {
    let quotas = call.region()?.quotas(&call.caller).await;
    let quotas = quotas.map_err(|refused| of_refused(refused, Context::Describe))?;
    let images = quotas.iter().find(|quota| quota.kind == QuotaKind::Image);
    Ok(fields([("ImageNumQuota", json!(images.map_or(0, |quota| quota.limit)))]))
}
