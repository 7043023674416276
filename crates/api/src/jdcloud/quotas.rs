//! Quotas of images, and of the accounts that an image is shared with (contract 1).

use model::{Quota, QuotaKind};
use serde_json::{Value, json};

use super::call::{Call, Reply, fields};
use super::error::ApiError;
use super::filters::Filters;
use super::rejection::{Context, of_refused};

/// The one filter.
const TYPES: &str = "resourceTypes";
/// Images of the account in the region.
const IMAGE: &str = "image";
/// Accounts that one image is shared with.
const IMAGE_SHARE: &str = "imageShare";
/// What the cloud counts besides. Nothing of it is here, so nothing is told of it.
const OTHERS: [&str; 6] = [
    "instance",
    "instance_cpu",
    "instance_memory",
    "instance_local_disk",
    "keypair",
    "instanceTemplate",
];

/// `describeQuotas`: all that there are where no types are asked for, of shares only where an image is named.
pub(super) async fn describe_quotas(call: &Call) -> Reply {
    let filters = Filters::read(&call.params, &[TYPES])?;
    let image = call.params.text("imageId")?;
    let types = filters.values(TYPES);
    let unknown = types.unwrap_or_default().iter().find(|word| {
        ![IMAGE, IMAGE_SHARE].contains(&word.as_str()) && !OTHERS.contains(&word.as_str())
    });
    if let Some(word) = unknown {
        return Err(ApiError::invalid(TYPES, format!("there is no resource type '{word}'")));
    }
    let is_asked = |kind: &str| types.is_none_or(|types| types.iter().any(|word| word == kind));
    let mut rows = Vec::new();
    if is_asked(IMAGE) {
        rows.push(of_images(call).await?);
    }
    match image {
        Some(image) if is_asked(IMAGE_SHARE) => rows.push(of_shares(call, image).await?),
        None if types.is_some() && is_asked(IMAGE_SHARE) => {
            return Err(ApiError::missing("imageId"));
        }
        Some(_) | None => {}
    }
    Ok(fields(json!({"quotas": rows})))
}

/// What is promised to copies and imports that run is taken, too (R002-5).
async fn of_images(call: &Call) -> Result<Value, ApiError> {
    let quotas = call.region.quotas(&call.caller).await;
    let quotas = quotas.map_err(|refused| of_refused(refused, Context::Describe))?;
    let quota = quotas.into_iter().find(|quota| quota.kind == QuotaKind::Image);
    let Quota { limit, used, reserved, .. } = quota.ok_or_else(ApiError::internal)?;
    Ok(row(IMAGE, limit, used + reserved))
}

async fn of_shares(call: &Call, image: &str) -> Result<Value, ApiError> {
    let image = call.image(image).await?;
    let shares = call.region.shares(&call.caller, &image).await;
    let shares = shares.map_err(|refused| of_refused(refused, Context::Describe))?;
    Ok(row(IMAGE_SHARE, call.region.most_shares(), shares.len() as u64))
}

fn row(kind: &str, limit: u64, used: u64) -> Value {
    json!({"resourceType": kind, "limit": limit, "used": used})
}
