//! Looking at images: `DescribeImages`, `DescribeImageFromFamily` (contract 5).

use std::collections::BTreeSet;

use model::{
    AccountNumber, ImageId, ImageKind, ImageSearch, NamePattern, SnapshotId, Standing, TagWanted,
    Usage,
};
use region::Found;

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::Spelled;
use super::image_node;
use super::paging::{Numbered, TEN};
use super::rejection::{Context, of_refused};
use super::reply::Node;
use super::{particulars, tags, times, words};

/// Ids in one request, at most.
const MOST_IDS: usize = 100;
/// What the cloud says of whole requests to change the hardware under a running machine. No image of Ferry supports it.
const HOT_PLUGS: [&str; 4] =
    ["CpuOnlineUpgrade", "CpuOnlineDowngrade", "MemoryOnlineUpgrade", "MemoryOnlineDowngrade"];

/// `DescribeImages`: those that the caller sees and that fit, newest first. Those that are available where no status is named
/// (R004-11). An id of no image, of another region or of another account finds nothing (R001-1).
pub(super) async fn describe_images(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let page = Numbered::read(call, TEN)?;
    let wanted = wanted(call).await?;
    call.look_only()?;
    let found = match wanted {
        Some(search) => {
            let search = ImageSearch { page: page.part(), ..search };
            let found = region.search_images(&call.caller, search).await;
            found.map_err(|refused| of_refused(refused, Context::Describe))?
        }
        None => Found { items: Vec::new(), total: 0 },
    };
    let images = image_node::nodes(call, &region, &found.items).await?;
    let mut fields = page.fields(found.total);
    fields.push(("RegionId", Node::text(region.id())));
    fields.push(("Images", Node::List("Image", images)));
    Ok(Node::Fields(fields))
}

/// `DescribeImageFromFamily`: the newest available image of a family that the caller sees; none where there is none.
pub(super) async fn describe_image_from_family(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let given = Given { params: &call.params, context: Context::Describe };
    let family = given.family("ImageFamily")?.ok_or_else(|| ApiError::missing("ImageFamily"))?;
    let search = ImageSearch {
        family: Some(family),
        standings: vec![Standing::Available],
        page: region::PageOf { offset: 0, limit: 1 },
        ..ImageSearch::default()
    };
    let found = region.search_images(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Describe))?;
    let mut images = image_node::nodes(call, &region, &found.items).await?;
    Ok(Node::Fields(images.pop().map(|image| ("Image", image)).into_iter().collect()))
}

/// What is asked for; none where it is of a kind of which there is nothing.
async fn wanted(call: &Call) -> Result<Option<ImageSearch>, ApiError> {
    let mut finds_nothing = Conditions::default();
    let mut search = ImageSearch { tags: wanted_tags(call)?, ..ImageSearch::default() };
    finds_nothing.of_list(read_ids(call)?, &mut search.ids);
    finds_nothing.of_list(standings(call)?, &mut search.standings);
    read_kinds(call, &mut search)?;
    match owner(call)? {
        Owner::Anyone => {}
        Owner::Caller => search.owner = Some(call.caller.account.clone()),
        Owner::Numbered(None) => finds_nothing.0 = true,
        Owner::Numbered(Some(number)) => {
            let account = call.deployment.accounts.account_numbered(number).await;
            let account = account.map_err(|refused| of_refused(refused, Context::Describe))?;
            finds_nothing.of(account, &mut search.owner);
        }
    }
    if let Some(id) = call.params.text("SnapshotId") {
        finds_nothing.of(SnapshotId::read(id), &mut search.snapshot);
    }
    search.names.extend(call.params.text("ImageName").map(name_pattern));
    let given = Given { params: &call.params, context: Context::Describe };
    search.family = given.family("ImageFamily")?;
    read_words(call, &mut search)?;
    read_filters(call, &mut search, &mut finds_nothing)?;
    // What no image of Ferry lacks.
    for name in ["IsSupportCloudinit", "IsSupportIoOptimized"] {
        finds_nothing.0 |= call.params.flag(name)? == Some(false);
    }
    call.params.flag("ShowExpired")?;
    Ok((!finds_nothing.0).then_some(search))
}

/// Whether one of the conditions read so far cannot be met by any image.
#[derive(Default)]
struct Conditions(bool);

impl Conditions {
    /// A list of what is wanted, none of it where it is empty; everything where there is no list.
    fn of_list<T>(&mut self, wanted: Option<Vec<T>>, into: &mut Vec<T>) {
        match wanted {
            Some(wanted) if wanted.is_empty() => self.0 = true,
            Some(wanted) => *into = wanted,
            None => {}
        }
    }

    /// One thing that is wanted, which may be none that there is.
    fn of<T>(&mut self, wanted: Option<T>, into: &mut Option<T>) {
        self.0 |= wanted.is_none();
        *into = wanted;
    }
}

/// A list of ids with commas between them. One that is no id is no image's.
fn read_ids(call: &Call) -> Result<Option<Vec<ImageId>>, ApiError> {
    let Some(text) = call.params.text("ImageId") else { return Ok(None) };
    let named: BTreeSet<&str> = text.split(',').map(str::trim).collect();
    if named.len() > MOST_IDS {
        return Err(ApiError::invalid("ImageId", format!("more than {MOST_IDS} are named")));
    }
    Ok(Some(named.into_iter().filter_map(ImageId::read).collect()))
}

/// Those wanted by `Status` and `Usable`, where not all are. With `Usable`, a status must be named.
fn standings(call: &Call) -> Result<Option<Vec<Standing>>, ApiError> {
    let status = call.params.text("Status");
    let usable = call.params.flag("Usable")?;
    if usable.is_some() && status.is_none() {
        return Err(ApiError::missing("Status"));
    }
    let wanted = words::standings(status)?;
    let Some(usable) = usable else { return Ok(wanted) };
    let wanted = wanted.unwrap_or_else(|| Standing::ALL.to_vec());
    let fits = |standing: &Standing| (*standing == Standing::Available) == usable;
    Ok(Some(wanted.into_iter().filter(fits).collect()))
}

/// Whose images are wanted.
enum Owner {
    Anyone,
    Caller,
    /// Of an account's; none where the number is no account's.
    Numbered(Option<AccountNumber>),
}

fn owner(call: &Call) -> Result<Owner, ApiError> {
    let alias = call.params.text("ImageOwnerAlias");
    let number = call.params.number("ImageOwnerId", 0..=u64::MAX)?;
    match (alias, number) {
        (Some("self"), None) => Ok(Owner::Caller),
        (Some("others") | None, Some(number)) => Ok(Owner::Numbered(AccountNumber::new(number))),
        (Some(_), Some(_)) => Err(ApiError::bad(
            "InvalidOperation.ImageOwnerIdUnsupported",
            "The parameter \"ImageOwnerId\" is not supported in this context, it is only valid when querying shared images or community images.",
        )),
        (Some(_) | None, None) => Ok(Owner::Anyone),
    }
}

/// Where nothing is said: the caller's own, those shared with it, and public ones; an id finds an image of the marketplace too.
fn read_kinds(call: &Call, search: &mut ImageSearch) -> Result<(), ApiError> {
    let is_public = call.params.flag("IsPublic")?;
    let alias = call.params.text("ImageOwnerAlias");
    if is_public == Some(true) && alias != Some("others") {
        return Err(ApiError::bad(
            "InvalidImageOwnerAlias.PublicImageUnsupported",
            "When querying images, the parameter ImageOwnerAlias should be others while specified parameter IsPublic is true.",
        ));
    }
    search.seen_as = match alias {
        Some("others") if is_public == Some(true) => vec![ImageKind::Public],
        Some("others") => vec![ImageKind::Shared],
        Some("system") => vec![ImageKind::Public],
        Some("marketplace") => vec![ImageKind::Marketplace],
        // Whatever they were published as.
        Some("self") => Vec::new(),
        None if search.ids.is_empty() => {
            vec![ImageKind::Custom, ImageKind::Shared, ImageKind::Public]
        }
        None => Vec::new(),
        Some(_) => {
            return Err(ApiError::bad(
                "InvalidImageOwnerAlias.ValueNotSupported",
                "The specified ImageOwnerAlias value is not supported.",
            ));
        }
    };
    Ok(())
}

/// Words that are one of a few. What an image would be used for, and on which machine, is looked at and changes nothing: every
/// image does for every instance.
fn read_words(call: &Call, search: &mut ImageSearch) -> Result<(), ApiError> {
    let wrong = |code: &'static str, words: &'static str| move || ApiError::gone(code, words);
    if let Some(word) = call.params.text("Architecture") {
        let known = words::read_architecture(word);
        let wrong = wrong("InvalidArchitecture", "The specified Architecture is not valid.");
        search.architecture = Some(known.ok_or_else(wrong)?);
    }
    if let Some(word) = call.params.text("OSType") {
        let known = words::read_os_type(word);
        let wrong = wrong("InvalidOSType", "The specified OSType is not valid.");
        search.os_type = Some(known.ok_or_else(wrong)?);
    }
    search.usage = match call.params.text("Usage") {
        None => None,
        Some("instance") => Some(Usage::Used),
        Some("none") => Some(Usage::Unused),
        Some(_) => return Err(ApiError::gone("InvalidUsage", "The specified Usage is not valid.")),
    };
    match call.params.text("ActionType") {
        None | Some("CreateEcs" | "ChangeOS") => {}
        Some(_) => return Err(ApiError::bad("InvalidParamter", "Invalid Parameter.")),
    }
    if let Some(group) = call.params.text(particulars::RESOURCE_GROUP) {
        search.particulars.push((particulars::RESOURCE_GROUP.to_owned(), group.to_owned()));
    }
    Ok(())
}

/// `Filter.N.Key` and `Filter.N.Value`.
fn read_filters(
    call: &Call,
    search: &mut ImageSearch,
    finds_nothing: &mut Conditions,
) -> Result<(), ApiError> {
    let wrong = || ApiError::gone("InvalidFilterValue", "The specified Filter Value is not valid.");
    for filter in call.params.structs("Filter")? {
        let Some(key) = filter.text("Key") else { continue };
        let value = filter.text("Value").ok_or_else(wrong)?;
        let instant = || times::read(value).ok_or_else(wrong);
        match key {
            "CreationStartTime" => search.created_from = Some(instant()?),
            "CreationEndTime" => search.created_until = Some(instant()?),
            "NetworkType" if ["vpc", "classic"].contains(&value) => {}
            "NetworkType" => {
                return Err(ApiError::bad(
                    "InvalidFilterValue.NetworkType",
                    "The specified networkType value in the Filter is invalid.",
                ));
            }
            key if HOT_PLUGS.contains(&key) => match value {
                "supported" => finds_nothing.0 = true,
                "unsupported" => {}
                _ => return Err(wrong()),
            },
            _ => {
                let words = "The specified Filter Key is not found.";
                return Err(ApiError::gone("InvalidFilterKey.NotFound", words));
            }
        }
    }
    Ok(())
}

/// Found in any place of a name, as the cloud's *fuzzy* has it. No name has a star, so one stands for any characters.
fn name_pattern(text: &str) -> NamePattern {
    if text.contains('*') {
        NamePattern::Like(text.to_owned())
    } else {
        NamePattern::Holding(text.to_owned())
    }
}

/// Of this operation too many tags have a code of their own.
fn wanted_tags(call: &Call) -> Result<Vec<TagWanted>, ApiError> {
    let wanted = tags::wanted(&call.params).map_err(|error| match &*error.code {
        "NumberExceed.Tags" => {
            ApiError::bad("InvalidTagCount", "The specified tags are beyond the permitted range.")
        }
        _ => error,
    })?;
    Ok(wanted.into_iter().map(|(key, value)| TagWanted::pair(key, value)).collect())
}
