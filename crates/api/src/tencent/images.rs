//! Looking at images: `DescribeImages`, `DescribeImageFromFamily` (contract 2).

use model::{ImageKind, ImageSearch, NamePattern, Standing, TagWanted};
use region::{Found, ImageView, PageOf, Region};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::filters::{self, Filter};
use super::given::Given;
use super::ids::{at_most, find_image};
use super::rejection::{Context, of_refused};
use super::reply::{Fields, fields};
use super::{image_value, paging, words};

/// Ids in one request, at most.
const MOST_IDS: usize = 100;

/// `DescribeImages`: those that the caller sees and that fit, newest first. An id of no image, of another region or of another
/// account finds nothing (R001-1, api-11). What a machine's type could use is every image.
pub(super) async fn describe_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let page = paging::read(call)?;
    call.params.text("InstanceType")?;
    let found = match wanted(call, &region).await? {
        None => Found { items: Vec::new(), total: 0 },
        Some(search) => search_images(call, &region, ImageSearch { page, ..search }).await?,
    };
    let images = image_value::values(call, &region, &found.items).await?;
    Ok(fields([("ImageSet", Value::Array(images)), ("TotalCount", json!(found.total))]))
}

/// `DescribeImageFromFamily`: the newest image of a family that is available and not deprecated; null where there is none.
pub(super) async fn describe_image_from_family(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let given = Given { params: &call.params, context: Context::Describe };
    let family = given.family()?.flatten().ok_or_else(|| ApiError::missing("ImageFamily"))?;
    let search = ImageSearch {
        family: Some(family),
        standings: vec![Standing::Available],
        page: PageOf { offset: 0, limit: 1 },
        ..ImageSearch::default()
    };
    let found = search_images(call, &region, search).await?;
    let image = image_value::values(call, &region, &found.items).await?.pop();
    Ok(fields([("Image", image.unwrap_or(Value::Null))]))
}

async fn search_images(
    call: &Call,
    region: &Region,
    search: ImageSearch,
) -> Result<Found<ImageView>, ApiError> {
    let found = region.search_images(&call.caller, search).await;
    found.map_err(|refused| of_refused(refused, Context::Describe))
}

/// What is asked for, by ids or by filters and never by both; none where no image can meet it.
async fn wanted(call: &Call, region: &Region) -> Result<Option<ImageSearch>, ApiError> {
    let ids = call.params.texts("ImageIds")?;
    let filters = filters::read(call)?;
    if !ids.is_empty() && !filters.is_empty() {
        return Err(ApiError::new(
            "InvalidParameter.InvalidParameterCoexistImageIdsFilters",
            "ImageIds and Filters cannot be given together.",
        ));
    }
    at_most(("ImageIds", ids.len()), MOST_IDS)?;
    let mut asked = Asked::default();
    if !ids.is_empty() {
        asked.of_ids(call, region, &ids).await?;
    }
    for filter in &filters {
        asked.of_filter(call, region, filter).await?;
    }
    Ok(asked.wanted())
}

/// What filters ask for, as far as they are read.
#[derive(Default)]
struct Asked {
    search: ImageSearch,
    /// Whether something is asked that no image meets.
    is_nothing: bool,
}

impl Asked {
    async fn of_ids(
        &mut self,
        call: &Call,
        region: &Region,
        ids: &[impl AsRef<str>],
    ) -> Result<(), ApiError> {
        for id in ids {
            self.search.ids.extend(find_image(call, region, id.as_ref()).await?);
        }
        self.is_nothing |= self.search.ids.is_empty();
        Ok(())
    }

    async fn of_filter(
        &mut self,
        call: &Call,
        region: &Region,
        filter: &Filter,
    ) -> Result<(), ApiError> {
        let Filter { name, values } = filter;
        let fuzzy = || values.iter().cloned().map(NamePattern::Holding).collect();
        match name.as_str() {
            "image-id" => self.of_ids(call, region, values).await?,
            "image-type" => {
                let kind = |value: &String| {
                    let known = words::KINDS.iter().find(|(word, _)| word == value);
                    let reason =
                        "a value is none of `PRIVATE_IMAGE`, `PUBLIC_IMAGE`, `SHARED_IMAGE`";
                    known.map(|(_, kind)| *kind).ok_or_else(|| filters::wrong(name, reason))
                };
                self.search.seen_as = values.iter().map(kind).collect::<Result<_, _>>()?;
                // Shown as public ones.
                if self.search.seen_as.contains(&ImageKind::Public) {
                    self.search.seen_as.push(ImageKind::Marketplace);
                }
            }
            "image-name" => self.search.names = fuzzy(),
            "platform" => self.search.platforms = fuzzy(),
            "tag-key" => {
                self.search.tags.push(TagWanted { keys: values.clone(), ..TagWanted::default() });
            }
            "tag-value" => {
                let values = values.clone();
                self.search.tags.push(TagWanted { values, ..TagWanted::default() });
            }
            // There are no dedicated clusters here, and so nothing of theirs.
            "dedicated-cluster-id" | "cdc-cache-status" => self.is_nothing = true,
            other => match other.strip_prefix("tag:") {
                Some(key) => {
                    let keys = vec![key.to_owned()];
                    self.search.tags.push(TagWanted { keys, values: values.clone() });
                }
                None => return Err(filters::wrong(name, "there is none of this name")),
            },
        }
        Ok(())
    }

    /// Where neither ids nor kinds are named: the caller's own, those shared with it, and public ones; an id finds an image of the
    /// marketplace too.
    fn wanted(self) -> Option<ImageSearch> {
        let Asked { mut search, is_nothing } = self;
        if search.seen_as.is_empty() && search.ids.is_empty() {
            search.seen_as = vec![ImageKind::Custom, ImageKind::Shared, ImageKind::Public];
        }
        (!is_nothing).then_some(search)
    }
}
