//! Looking at images in the words of the older API: `DescribeImages`, whose states and types are numbers.

use model::{Copying, ImageId, ImageKind, ImageSearch, PageOf, Standing, Usage};
use region::{ImageView, Refused, Region};
use serde_json::{Value, json};

use crate::cloud::sentence;
use crate::tencent::call::Call;
use crate::tencent::error::ApiError;
use crate::tencent::reply::{Fields, fields};

/// Images in one question, at most (contract 3).
const MOST_IDS: usize = 10;
/// Images in one answer where no number is given, and at most.
const LIMITS: (u64, u64) = (20, 100);
/// Images that are asked for at once where all of them are looked at.
const AT_ONCE: u32 = 100;
/// In the making.
const MAKING: [Standing; 2] = [Standing::Waiting, Standing::Creating];
/// Made.
const MADE: [Standing; 2] = [Standing::Available, Standing::Deprecated];

/// The states of the older API, by their numbers. It has none for an image that could not be made, and does not show one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// 1: in the making, and no copy.
    Creating,
    /// 2: there.
    Normal,
    /// 3: there, and used by machines.
    Used,
    /// 4: in the making as a copy.
    Arriving,
    /// 5: there, and being copied to elsewhere.
    Leaving,
}

impl State {
    const ALL: [(u64, State); 5] = [
        (1, State::Creating),
        (2, State::Normal),
        (3, State::Used),
        (4, State::Arriving),
        (5, State::Leaving),
    ];

    /// How an image stands; none where the older API has no word for it.
    fn of(image: &ImageView) -> Option<State> {
        match image.standing {
            Standing::Waiting | Standing::Creating if image.origin.is_some() => {
                Some(State::Arriving)
            }
            Standing::Waiting | Standing::Creating => Some(State::Creating),
            Standing::Available | Standing::Deprecated if image.copies_leaving > 0 => {
                Some(State::Leaving)
            }
            Standing::Available | Standing::Deprecated if image.instances > 0 => Some(State::Used),
            Standing::Available | Standing::Deprecated => Some(State::Normal),
            Standing::CreateFailed => None,
        }
    }

    fn number(self) -> u64 {
        let named = State::ALL.iter().find(|(_, state)| *state == self);
        named.expect("every state is on the list").0
    }

    /// The conditions of a search for it. Whether an image in the making is a copy is no condition of one.
    fn conditions(self, search: ImageSearch) -> ImageSearch {
        let made = ImageSearch { standings: MADE.to_vec(), ..search };
        let still = Some(Copying::Still);
        match self {
            State::Creating | State::Arriving => ImageSearch { standings: MAKING.to_vec(), ..made },
            State::Leaving => ImageSearch { copying: Some(Copying::Leaving), ..made },
            State::Used => ImageSearch { copying: still, usage: Some(Usage::Used), ..made },
            State::Normal => ImageSearch { copying: still, usage: Some(Usage::Unused), ..made },
        }
    }
}

/// `DescribeImages`: those of one type that the caller sees, newest first.
pub(super) async fn describe_images(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let params = &call.params;
    let kind = kind(call)?;
    let state = params.number("status", 0..=5)?.and_then(|number| {
        State::ALL.iter().find(|(known, _)| *known == number).map(|(_, state)| *state)
    });
    let offset = params.number("offset", 0..=u64::from(u32::MAX))?.unwrap_or(0);
    let limit = params.number("limit", 0..=LIMITS.1)?.unwrap_or(LIMITS.0);
    let search = ImageSearch {
        seen_as: vec![kind],
        standings: [MAKING, MADE].concat(),
        page: PageOf { offset, limit: u32::try_from(limit).expect("it is at most 100") },
        ..ImageSearch::default()
    };
    let Some(search) = with_ids(call, &region, search).await? else {
        return told(call, &[], 0).await;
    };
    match state {
        None => {
            let found = region.search_images(&call.caller, search).await.map_err(refused)?;
            told(call, &found.items, found.total).await
        }
        Some(state @ (State::Normal | State::Used | State::Leaving)) => {
            let search = state.conditions(search);
            let found = region.search_images(&call.caller, search).await.map_err(refused)?;
            told(call, &found.items, found.total).await
        }
        Some(state @ (State::Creating | State::Arriving)) => {
            let all = in_the_making(call, &region, state.conditions(search)).await?;
            let fit = |image: &ImageView| State::of(image) == Some(state);
            let all: Vec<_> = all.into_iter().filter(fit).collect();
            let from = all.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
            let shown: Vec<_> = from.take(limit as usize).cloned().collect();
            told(call, &shown, all.len() as u64).await
        }
    }
}

/// All images that fit, page by page: of those in the making there are never more than are made at once.
async fn in_the_making(
    call: &Call,
    region: &Region,
    search: ImageSearch,
) -> Result<Vec<ImageView>, ApiError> {
    let mut all = Vec::new();
    loop {
        let page = PageOf { offset: all.len() as u64, limit: AT_ONCE };
        let search = ImageSearch { page, ..search.clone() };
        let found = region.search_images(&call.caller, search).await.map_err(refused)?;
        let is_last = found.items.len() < AT_ONCE as usize;
        all.extend(found.items);
        if is_last {
            return Ok(all);
        }
    }
}

fn kind(call: &Call) -> Result<ImageKind, ApiError> {
    match call.params.number("imageType", 1..=4)? {
        None => Err(ApiError::missing("imageType")),
        Some(1) => Ok(ImageKind::Custom),
        Some(2) => Ok(ImageKind::Public),
        Some(3) => Ok(ImageKind::Marketplace),
        Some(_) => Ok(ImageKind::Shared),
    }
}

fn kind_number(kind: ImageKind) -> u64 {
    match kind {
        ImageKind::Custom => 1,
        ImageKind::Public => 2,
        ImageKind::Marketplace => 3,
        ImageKind::Shared => 4,
    }
}

/// The search for the images that are named, where any are; none where none of them is there.
async fn with_ids(
    call: &Call,
    region: &Region,
    search: ImageSearch,
) -> Result<Option<ImageSearch>, ApiError> {
    let named = call.params.texts("imageIds")?;
    if named.is_empty() {
        return Ok(Some(search));
    }
    if named.len() > MOST_IDS {
        return Err(ApiError::value("imageIds", format!("it has more than {MOST_IDS} images")));
    }
    let mut ids = Vec::new();
    for text in named {
        if ImageId::leading_in(text).is_none() {
            let message = format!("The image id `{text}` is malformed.");
            return Err(ApiError::new("InvalidImageId.Malformed", message));
        }
        ids.extend(region.image_led_by(&call.caller, text).await.map_err(refused)?);
    }
    Ok((!ids.is_empty()).then_some(ImageSearch { ids, ..search }))
}

/// Looking is refused to nobody but for what they may do at all.
fn refused(refused: Refused) -> ApiError {
    match refused {
        Refused::Fault(fault) => ApiError::of_fault(&fault),
        other => ApiError::new("UnauthorizedOperation.PermissionDenied", sentence(other)),
    }
}

async fn told(call: &Call, images: &[ImageView], total: u64) -> Result<Fields, ApiError> {
    let owners = images.iter().map(|image| &image.owner);
    let numbers = call.deployment.accounts.numbers_of(owners).await.map_err(refused)?;
    let told = images.iter().map(|image| {
        let number = numbers.get(&image.owner).map(ToString::to_string);
        json!({
            "unImgId": image.id.shown(8),
            "imageName": image.name.as_str(),
            "imageDescription": image.description.as_str(),
            "imageType": kind_number(image.kind),
            "osName": image.attributes.platform.as_str(),
            "createTime": without_zone(image.created.to_string()),
            "creator": number.unwrap_or_default(),
            "status": State::of(image).map(State::number),
        })
    });
    let told: Vec<Value> = told.collect();
    Ok(fields([("totalCount", json!(total)), ("imageSet", json!(told))]))
}

/// The time of UTC as the older API writes one, `2016-01-13 15:16:53`.
fn without_zone(time: String) -> String {
    super::sharing::without_zone(time.split('.').next().unwrap_or_default())
}
