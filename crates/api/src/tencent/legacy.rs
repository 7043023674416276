//! The API 2.0, as far as images go (contract 3): its actions are those of today in other words, and are answered by the same
//! handlers. Both names of a copy are taken, `SyncCvmImage` and `SyncImages` (R003-10).

mod images;
mod sharing;
mod told;

use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::operation::{self, Answered, Effect, Operation};
use super::params::Params;
use super::reply::{Fields, fields};
pub(super) use told::failed;

macro_rules! supported {
    ($effect:ident, $name:literal, $handler:path, [$($parameter:literal),* $(,)?]) => {
        Operation {
            name: $name,
            service: SERVICE,
            answered: Some(Answered {
                handler: |call| Box::pin($handler(call)),
                effect: Effect::$effect,
                parameters: &[$($parameter),*],
            }),
        }
    };
}

/// What the older API calls the service of images.
const SERVICE: &str = "image";

/// All actions of the older API that are about images.
pub(super) static OPERATIONS: &[Operation] = &[
    supported!(Changes, "CancelShareImage", sharing::cancel_share_image, ["imageId", "uinList"]),
    // It makes an image of a machine, and of nothing else; nobody makes machines here.
    Operation { name: "CreateImage", service: SERVICE, answered: None },
    supported!(Changes, "DeleteImages", delete_images, ["imageIds"]),
    supported!(
        Looks,
        "DescribeImages",
        images::describe_images,
        ["imageType", "imageIds", "status", "offset", "limit"]
    ),
    supported!(Looks, "GetImageShareUinInfo", sharing::get_image_share_uin_info, ["imageIds"]),
    supported!(
        Changes,
        "ModifyImageAttributes",
        modify_image_attributes,
        ["imageId", "imageName", "imageDescription"]
    ),
    supported!(Changes, "ShareImage", sharing::share_image, ["imageId", "uinList"]),
    supported!(
        Changes,
        "SyncCvmImage",
        sync_cvm_image,
        ["srcRegion", "imgIdList", "dstRegion", "desRegion"]
    ),
];

/// The action of this name.
pub(super) fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

/// Asks the operation of today that does what an action of the older API asks.
async fn ask(call: &Call, operation: &str, params: Fields) -> Result<Fields, ApiError> {
    let found = operation::find(None, operation).and_then(|operation| operation.answered);
    let answered = found.ok_or_else(|| ApiError::unsupported(operation))?;
    let call = Call {
        deployment: call.deployment.clone(),
        caller: call.caller.clone(),
        params: Params::of_json(params),
        region: call.region.clone(),
        host: call.host.clone(),
        token: call.token.clone(),
    };
    (answered.handler)(&call).await
}

/// `SyncCvmImage`: copies images from one region to others. The targets are `dstRegion`; one example of the documents writes the
/// second as `desRegion`, so both are taken.
async fn sync_cvm_image(call: &Call) -> Result<Fields, ApiError> {
    let params = &call.params;
    let images = some_texts(params, "imgIdList")?;
    let mut targets = params.texts("dstRegion")?;
    targets.extend(params.texts("desRegion")?);
    if targets.is_empty() {
        return Err(ApiError::missing("dstRegion"));
    }
    let wanted = fields([("ImageIds", json!(images)), ("DestinationRegions", json!(targets))]);
    let source = Call {
        deployment: call.deployment.clone(),
        caller: call.caller.clone(),
        params: Params::default(),
        region: params.needed("srcRegion")?.to_owned(),
        host: call.host.clone(),
        token: call.token.clone(),
    };
    // It tells neither a task nor the new images.
    ask(&source, "SyncImages", wanted).await.map(|_told| Fields::new())
}

/// `DeleteImages`: all or none of them. Each has a row of the answer, as of every operation on several things.
async fn delete_images(call: &Call) -> Result<Fields, ApiError> {
    let images = some_texts(&call.params, "imageIds")?;
    ask(call, "DeleteImages", fields([("ImageIds", json!(images))])).await?;
    let done = json!({ "code": 0, "message": "" });
    let rows = images.into_iter().map(|image| (image.to_owned(), done.clone()));
    Ok(fields([("detail", Value::Object(rows.collect()))]))
}

/// `ModifyImageAttributes`: a new name, a new description.
async fn modify_image_attributes(call: &Call) -> Result<Fields, ApiError> {
    let params = &call.params;
    let mut wanted = fields([("ImageId", json!(params.needed("imageId")?))]);
    for (name, today) in [("imageName", "ImageName"), ("imageDescription", "ImageDescription")] {
        if let Some(text) = params.text(name)? {
            wanted.insert(today.to_owned(), json!(text));
        }
    }
    ask(call, "ModifyImageAttribute", wanted).await.map(|_told| Fields::new())
}

/// The texts of a list that must not be empty.
fn some_texts<'a>(params: &'a Params, name: &str) -> Result<Vec<&'a str>, ApiError> {
    let texts = params.texts(name)?;
    if texts.is_empty() { Err(ApiError::missing(name)) } else { Ok(texts) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_action_is_listed_twice() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    #[test]
    fn an_action_is_found_by_its_own_name_alone() {
        assert!(find("SyncCvmImage").is_some_and(|found| found.answered.is_some()));
        assert!(find("CreateImage").is_some_and(|found| found.answered.is_none()));
        assert!(find("SyncImages").is_none() && find("synccvmimage").is_none());
    }
}
