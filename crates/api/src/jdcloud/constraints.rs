//! Which instance types an image does not start on (contract 1). The cloud restricts its own and third parties' images alone;
//! no image of this service is restricted.

use serde_json::{Value, json};

use super::call::{Call, Reply, fields};
use super::error::ApiError;
use super::rejection::{Context, of_refused};

/// Images in one request, at most.
const MOST_NAMED: usize = 100;

/// `describeImageConstraints`: of one image.
pub(super) async fn describe_image_constraints(call: &Call) -> Reply {
    let constraints = of_image(call, call.id("imageId")?).await?;
    Ok(fields(json!({"imageConstraints": constraints})))
}

/// `describeImageConstraintsBatch`: of those that are named, each of which the caller must see.
pub(super) async fn describe_image_constraints_batch(call: &Call) -> Reply {
    let named = call.params.texts("ids")?;
    if named.len() > MOST_NAMED {
        return Err(ApiError::invalid("ids", format!("more than {MOST_NAMED} are named")));
    }
    let mut all = Vec::with_capacity(named.len());
    for image in named {
        all.push(of_image(call, image).await?);
    }
    Ok(fields(json!({"imageConstraints": all})))
}

/// An image that the caller does not see is absent (api-11).
async fn of_image(call: &Call, image: &str) -> Result<Value, ApiError> {
    let id = call.image(image).await?;
    let seen = call.region.image(&call.caller, &id).await;
    let seen = seen.map_err(|refused| of_refused(refused, Context::Describe))?;
    let nothing: [&str; 0] = [];
    Ok(json!({
        "imageId": super::ids::image(&seen.id),
        "imageInstanceTypeConstraint": {"constraintsType": "excludes", "instanceTypes": nothing},
    }))
}
