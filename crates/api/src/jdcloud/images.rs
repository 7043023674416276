//! Looking at images: `describeImages`, `describeImage` (contract 1).

use std::collections::BTreeSet;

use model::{ImageId, ImageKind, ImageSearch, InstanceId, NamePattern, Sharing};
use region::{Found, InstanceSearch, PageOf};
use serde_json::json;

use super::call::{Call, Reply, fields};
use super::error::ApiError;
use super::rejection::{Context, of_refused};
use super::{image_value, paging, words};

/// Ids in one request, at most: as many as a page shows.
const MOST_IDS: usize = 100;

/// `describeImages`: those that the caller sees and that fit, newest first. An id of no image, of another region or of another
/// account finds nothing (api-11).
pub(super) async fn describe_images(call: &Call) -> Reply {
    let page = paging::read(&call.params)?;
    let found = match wanted(call).await? {
        Some(search) => {
            let found = call.region.search_images(&call.caller, ImageSearch { page, ..search });
            found.await.map_err(|refused| of_refused(refused, Context::Describe))?
        }
        None => Found { items: Vec::new(), total: 0 },
    };
    let images = image_value::values(call, &found.items).await?;
    let mut shown = fields(json!({"totalCount": found.total}));
    shown.insert("images".to_owned(), images.into());
    Ok(shown)
}

/// `describeImage`: one that the caller sees.
pub(super) async fn describe_image(call: &Call) -> Reply {
    let id = call.image(call.id("imageId")?).await?;
    let view = call.region.image(&call.caller, &id).await;
    let view = view.map_err(|refused| of_refused(refused, Context::Describe))?;
    let mut image = image_value::values(call, &[view]).await?;
    Ok(fields(json!({"image": image.pop()})))
}

/// What is asked for; none where nothing can fit.
async fn wanted(call: &Call) -> Result<Option<ImageSearch>, ApiError> {
    let source = source(call)?;
    let mut search = ImageSearch::default();
    let mut can_fit = words_of(call, &mut search)?;
    match source {
        None => {}
        Some(Source::Of(kind)) => search.seen_as = vec![kind],
        // What the caller published stays its own.
        Some(Source::Own) => {
            search.owner = Some(call.caller.account.clone());
            launch_permission(call, &mut search)?;
        }
        Some(Source::Community) => can_fit = false,
    }
    if let Some(ids) = ids(call).await? {
        can_fit &= !ids.is_empty();
        search.ids = ids.into_iter().collect();
    }
    if let Some(used) = used(call).await? {
        let fits = |id: &ImageId| search.ids.is_empty() || search.ids.contains(id);
        search.ids = used.into_iter().filter(fits).collect();
        can_fit &= !search.ids.is_empty();
    }
    Ok(can_fit.then_some(search))
}

/// Whose images are wanted.
enum Source {
    Own,
    Of(ImageKind),
    /// There are none: what an operator publishes is the provider's.
    Community,
}

/// Needed where no ids are given (contract 4).
fn source(call: &Call) -> Result<Option<Source>, ApiError> {
    match call.params.text("imageSource")? {
        None if call.params.texts("ids")?.is_empty() => {
            Err(ApiError::precondition("Parameter ImageSource missing"))
        }
        None => Ok(None),
        Some("private") => Ok(Some(Source::Own)),
        Some("shared") => Ok(Some(Source::Of(ImageKind::Shared))),
        Some("public") => Ok(Some(Source::Of(ImageKind::Public))),
        Some("thirdparty") => Ok(Some(Source::Of(ImageKind::Marketplace))),
        Some("community") => Ok(Some(Source::Community)),
        Some(other) => Err(words::unknown("imageSource", other)),
    }
}

/// Filters that are one word each. The answer is whether any image can fit.
fn words_of(call: &Call, search: &mut ImageSearch) -> Result<bool, ApiError> {
    let params = &call.params;
    let text = |name| params.text(name);
    let mut can_fit = true;
    if let Some(word) = text("status")? {
        search.standings = words::read_status(word)?;
        can_fit &= !search.standings.is_empty();
    }
    if let Some(part) = text("imageName")? {
        search.names = vec![NamePattern::Holding(part.to_owned())];
    }
    search.storage = text("rootDeviceType")?.map(words::read_root_device_type).transpose()?;
    search.architecture = text("architecture")?.map(words::read_architecture).transpose()?;
    search.boot_mode = text("bootMode")?.map(words::read_boot_mode).transpose()?;
    if let Some(name) = text("platform")? {
        platform(name, search);
        // No system's name has one, and it would stand for any.
        can_fit &= !name.contains('*');
    }
    // No image is of an offer of the marketplace, and none is offline.
    can_fit &= text("serviceCode")?.is_none();
    let is_of_others = matches!(text("imageSource")?, Some("public" | "thirdparty"));
    let is_offline = params.flag("offline")? == Some(true);
    let by_id = !params.texts("ids")?.is_empty();
    can_fit &= !(is_offline && is_of_others && !by_id);
    Ok(can_fit)
}

/// A system of this name, of whatever version. One that nobody named is kept without a name.
fn platform(name: &str, search: &mut ImageSearch) {
    let (platform, os_type) = words::read_platform(name);
    search.platforms = vec![if platform.is_empty() {
        search.os_type = Some(os_type);
        NamePattern::Exactly(String::new())
    } else {
        // No name of the cloud's begins as another does.
        NamePattern::Like(format!("{platform}*"))
    }];
}

/// Counts for the caller's own images alone, as the cloud has it.
fn launch_permission(call: &Call, search: &mut ImageSearch) -> Result<(), ApiError> {
    match call.params.text("launchPermission")? {
        None => {}
        Some("all") => search.seen_as = vec![ImageKind::Public, ImageKind::Marketplace],
        Some("specifiedUsers") => search.sharing = Some(Sharing::Some),
        Some("ownerOnly") => {
            search.seen_as = vec![ImageKind::Custom];
            search.sharing = Some(Sharing::Nobody);
        }
        Some(other) => return Err(words::unknown("launchPermission", other)),
    }
    Ok(())
}

/// The images of the ids that are asked for, where any are.
async fn ids(call: &Call) -> Result<Option<BTreeSet<ImageId>>, ApiError> {
    let texts: BTreeSet<&str> = call.params.texts("ids")?.into_iter().collect();
    if texts.len() > MOST_IDS {
        return Err(ApiError::out_of_range("ids"));
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let mut ids = BTreeSet::new();
    for text in texts {
        ids.extend(call.find_image(text).await?);
    }
    Ok(Some(ids))
}

/// The images that the instances use which are asked for, where any are.
async fn used(call: &Call) -> Result<Option<BTreeSet<ImageId>>, ApiError> {
    let texts: BTreeSet<&str> = call.params.texts("instanceIds")?.into_iter().collect();
    if texts.len() > MOST_IDS {
        return Err(ApiError::out_of_range("instanceIds"));
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let ids: Vec<InstanceId> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    if ids.is_empty() {
        return Ok(Some(BTreeSet::new()));
    }
    let page = PageOf { offset: 0, limit: 100 };
    let search = InstanceSearch { ids, page, ..InstanceSearch::default() };
    let found = call.region.search_instances(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Describe))?;
    Ok(Some(found.items.into_iter().map(|instance| instance.image).collect()))
}
