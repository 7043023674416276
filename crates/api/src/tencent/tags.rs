//! Tags, of the tag service: the two calls of it that the cloud's Terraform provider makes for images (contract 6).

use model::{Field, Rejection, TagKeys, Tagged, TaggedKind, Tags};
use region::{PageOf, Refused, Region, TagLine, TagSearch};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::ids::{at_most, find_image, spelled};
use super::place::region_of;
use super::rejection::{Context, malformed, of_refused, of_rejection};
use super::reply::{Fields, fields};
use crate::cloud::sentence;

/// What images are called in names of resources.
const OF_IMAGES: (&str, &str) = ("cvm", "image");
/// Things in one request, at most.
const MOST_RESOURCES: usize = 50;
/// Rows of a page where nothing is said, and the most.
const LIMITS: (u64, u64) = (15, 200);

/// The tags of a thing, as its description lists them.
pub(super) fn values(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// `DescribeResourceTagsByResourceIds`: of images. One that is not the caller's has none (api-11).
pub(super) async fn describe_resource_tags_by_resource_ids(
    call: &Call,
) -> Result<Fields, ApiError> {
    let params = &call.params;
    let region = named_region(call, "ResourceRegion")?;
    let (offset, limit) = page(call)?;
    let service = (params.needed("ServiceType")?, params.needed("ResourcePrefix")?);
    let named = params.texts("ResourceIds")?;
    at_most(("ResourceIds", named.len()), MOST_RESOURCES)?;
    let told = |total: u64, tags: Vec<Value>| {
        let counts =
            [("TotalCount", json!(total)), ("Offset", json!(offset)), ("Limit", json!(limit))];
        let mut told = fields(counts);
        told.insert("Tags".to_owned(), Value::Array(tags));
        told
    };
    let mut resources = Vec::new();
    if service == OF_IMAGES {
        for text in named {
            resources.extend(find_image(call, &region, text).await?.map(Tagged::Image));
        }
    }
    if resources.is_empty() {
        return Ok(told(0, Vec::new()));
    }
    let page = PageOf { offset, limit };
    let search = TagSearch { kind: TaggedKind::Image, resources, tags: Vec::new(), page };
    let found = region.search_tags(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Tag))?;
    let tags = found.items.iter().map(|line| line_value(line, &region)).collect();
    Ok(told(found.total, tags))
}

fn line_value(line: &TagLine, region: &Region) -> Value {
    let id = match &line.resource {
        Tagged::Image(id) => spelled(id),
        other @ (Tagged::Snapshot(_) | Tagged::Instance(_)) => other.id(),
    };
    json!({
        "TagKey": line.key,
        "TagValue": line.value,
        "ResourceId": id,
        "ResourceRegion": region.id().as_str(),
        "ServiceType": OF_IMAGES.0,
        "ResourcePrefix": OF_IMAGES.1,
    })
}

fn page(call: &Call) -> Result<(u64, u32), ApiError> {
    let offset = call.params.number("Offset", 0..=u64::from(u32::MAX))?.unwrap_or(0);
    let limit = call.params.number("Limit", 1..=LIMITS.1)?.unwrap_or(LIMITS.0);
    Ok((offset, u32::try_from(limit).expect("it is at most 200")))
}

/// The region that a parameter names, else that of the request.
fn named_region(call: &Call, parameter: &str) -> Result<Region, ApiError> {
    match call.params.text(parameter)?.filter(|name| !name.is_empty()) {
        Some(name) => region_of(&call.deployment, name),
        None => call.region(),
    }
}

/// `ModifyResourceTags`: gives tags to an image, in place of those of the same keys, and takes others from it; both or neither.
pub(super) async fn modify_resource_tags(call: &Call) -> Result<Fields, ApiError> {
    let resource = call.params.needed("Resource")?;
    let (region, image) = named_resource(call, resource).await?;
    let tags = replacing(call)?;
    let keys = deleting(call)?;
    if keys.iter().any(|key| tags.iter().any(|(given, _)| given == key)) {
        let message = "A key of a tag is in ReplaceTags and in DeleteTags.";
        return Err(ApiError::new("InvalidParameter.Tag", message));
    }
    let change = (&TagKeys::Named(keys), &tags);
    region.retag(&call.caller, &[Tagged::Image(image)], change).await.map_err(refused)?;
    Ok(Fields::new())
}

/// Of tags the service says the same of every kind of thing.
fn refused(refused: Refused) -> ApiError {
    match refused {
        Refused::Rejected(rejection @ Rejection::TooManyTags { .. }) => {
            ApiError::new("LimitExceeded.ResourceAttachedTags", sentence(rejection))
        }
        Refused::Rejected(Rejection::ImageNotFound { .. } | Rejection::ImageNotYours { .. }) => {
            no_resource()
        }
        other => of_refused(other, Context::Tag),
    }
}

fn replacing(call: &Call) -> Result<Tags, ApiError> {
    let mut pairs = Vec::new();
    for tag in call.params.structs("ReplaceTags")? {
        tag.only(&["TagKey", "TagValue"])?;
        let value = tag.text("TagValue")?.unwrap_or_default();
        pairs.push((tag.needed("TagKey")?.to_owned(), value.to_owned()));
    }
    Tags::new(pairs).map_err(|rejection| of_rejection(&rejection, Context::Tag))
}

fn deleting(call: &Call) -> Result<Vec<String>, ApiError> {
    let mut keys = Vec::new();
    for tag in call.params.structs("DeleteTags")? {
        tag.only(&["TagKey"])?;
        let key = tag.needed("TagKey")?;
        // Refused before any tag is given, and in the form that it is stored in.
        let checked = Tags::new([(key.to_owned(), String::new())]);
        let checked = checked.map_err(|rejection| of_rejection(&rejection, Context::Tag))?;
        let (key, _) = checked
            .iter()
            .next()
            .ok_or_else(|| malformed(Field::TagKey, "it is empty", Context::Tag))?;
        keys.push(key.to_owned());
    }
    Ok(keys)
}

/// Reads `qcs:PROJECT:SERVICE:REGION:ACCOUNT:image/ID`.
async fn named_resource(call: &Call, resource: &str) -> Result<(Region, model::ImageId), ApiError> {
    let wrong = || {
        let message = "The resource is not of the form `qcs::cvm:REGION:uin/:image/ID`.";
        ApiError::new("InvalidParameterValue.ResourceDescriptionError", message)
    };
    let parts: Vec<&str> = resource.split(':').collect();
    let ["qcs", _project, service, region, _account, thing] = parts[..] else {
        return Err(wrong());
    };
    let (prefix, id) = thing.split_once('/').ok_or_else(wrong)?;
    if (service, prefix) != OF_IMAGES {
        return Err(wrong());
    }
    let region = region_of(&call.deployment, region)?;
    let image = find_image(call, &region, id).await?.ok_or_else(no_resource)?;
    Ok((region, image))
}

fn no_resource() -> ApiError {
    ApiError::new("ResourceNotFound", "The resource does not exist.")
}
