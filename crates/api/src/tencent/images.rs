//! Looking at images: `DescribeImages`, `DescribeImageFromFamily` (contract 2).

use std::cmp::Reverse;

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
/// Rows that one search reads, where several are merged.
const AT_ONCE: u32 = 1_000;

/// What is asked for.
enum Wanted {
    /// Nothing can meet it.
    Nothing,
    /// Any of these searches; none of them finds an image only for another's page.
    AnyOf(Vec<ImageSearch>),
}

/// `DescribeImages`: those that the caller sees and that fit, newest first. An id of no image, of another region or of another
/// account finds nothing (R001-1, api-11). What a machine's type could use is every image.
pub(super) async fn describe_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let page = paging::read(call)?;
    call.params.text("InstanceType")?;
    let found = match wanted(call, &region).await? {
        Wanted::Nothing => Found { items: Vec::new(), total: 0 },
        Wanted::AnyOf(mut searches) if searches.len() == 1 => {
            let search = searches.pop().expect("there is one");
            search_images(call, &region, ImageSearch { page, ..search }).await?
        }
        Wanted::AnyOf(searches) => merged(call, &region, (searches, page)).await?,
    };
    let images = image_value::values(call, &region, &found.items).await?;
    Ok(fields([("ImageSet", json!(images)), ("TotalCount", json!(found.total))]))
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

/// A page of what any of several searches finds, each image once. One search asks for one platform and one key of a tag, so
/// filters that name several make several.
async fn merged(
    call: &Call,
    region: &Region,
    (searches, page): (Vec<ImageSearch>, PageOf),
) -> Result<Found<ImageView>, ApiError> {
    let mut all: Vec<ImageView> = Vec::new();
    for search in searches {
        let mut offset = 0;
        loop {
            let part = PageOf { offset, limit: AT_ONCE };
            let found = search_images(call, region, ImageSearch { page: part, ..search.clone() });
            let found = found.await?;
            offset += u64::from(AT_ONCE);
            all.extend(found.items);
            if offset >= found.total {
                break;
            }
        }
    }
    all.sort_by_cached_key(|image| Reverse((image.created, image.id.to_string())));
    all.dedup_by(|one, other| one.id == other.id);
    let total = all.len() as u64;
    let from = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(from).take(page.limit as usize).collect();
    Ok(Found { items, total })
}

/// What is asked for, by ids or by filters and never by both.
async fn wanted(call: &Call, region: &Region) -> Result<Wanted, ApiError> {
    let ids = call.params.texts("ImageIds")?;
    let filters = filters::read(call)?;
    if !ids.is_empty() && !filters.is_empty() {
        return Err(ApiError::new(
            "InvalidParameter.InvalidParameterCoexistImageIdsFilters",
            "ImageIds and Filters cannot be given together.",
        ));
    }
    at_most(("ImageIds", ids.len()), MOST_IDS)?;
    let mut asked = Asked { search: ImageSearch::default(), ..Asked::default() };
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
    /// One of these platforms.
    platforms: Vec<NamePattern>,
    /// One of these keys of tags.
    keys: Vec<String>,
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
            }
            "image-name" => self.search.names = fuzzy(),
            "platform" => self.platforms = fuzzy(),
            "tag-key" => self.keys.clone_from(values),
            "tag-value" => {
                self.search.tags.push(TagWanted { key: None, values: values.clone() });
            }
            // There are no dedicated clusters here, and so nothing of theirs.
            "dedicated-cluster-id" | "cdc-cache-status" => self.is_nothing = true,
            other => match other.strip_prefix("tag:") {
                Some(key) => {
                    let key = Some(key.to_owned());
                    self.search.tags.push(TagWanted { key, values: values.clone() });
                }
                None => return Err(filters::wrong(name, "there is none of this name")),
            },
        }
        Ok(())
    }

    /// Where neither ids nor kinds are named: the caller's own, those shared with it, and public ones; an id finds an image of the
    /// marketplace too.
    fn wanted(self) -> Wanted {
        let Asked { mut search, platforms, keys, is_nothing } = self;
        if is_nothing {
            return Wanted::Nothing;
        }
        if search.seen_as.is_empty() && search.ids.is_empty() {
            search.seen_as = vec![ImageKind::Custom, ImageKind::Shared, ImageKind::Public];
        }
        let with_platform = each(platforms, vec![search], |search, platform| ImageSearch {
            platform: Some(platform.clone()),
            ..search.clone()
        });
        let with_key = each(keys, with_platform, |search, key| {
            let tags = [search.tags.as_slice(), &[TagWanted::pair(key.clone(), None)]].concat();
            ImageSearch { tags, ..search.clone() }
        });
        Wanted::AnyOf(with_key)
    }
}

/// Each search with each value; as they are where there are no values.
fn each<T>(
    values: Vec<T>,
    searches: Vec<ImageSearch>,
    with: impl Fn(&ImageSearch, &T) -> ImageSearch,
) -> Vec<ImageSearch> {
    if values.is_empty() {
        return searches;
    }
    let of_search = |search: &ImageSearch| values.iter().map(|value| with(search, value)).collect();
    searches.iter().flat_map(|search| -> Vec<ImageSearch> { of_search(search) }).collect()
}
