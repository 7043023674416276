//! Snapshots: described, deleted, copied to another region (contract 5). All come from disks of images, none from a machine's.

use model::rules::Sealed;
use model::{
    DiskKind, DiskRole, EncryptionKeyId, NamePattern, OriginNote, Profile, Rejection, SnapshotId,
    SnapshotStanding, Timestamp, Usage,
};
use region::{CopySnapshot, Cursor, PageOf, Refused, SnapshotSearch, SnapshotView};

use super::call::Call;
use super::copies::sealing;
use super::error::ApiError;
use super::given::Given;
use super::ids::{Spelled, asked_for, of_array};
use super::paging::{Paging, TEN};
use super::place::{Thing, region_with};
use super::rejection::{Context, of_refused};
use super::reply::Node;
use super::{tags, times, words};

/// Snapshots that one search names, at most.
const MOST_NAMED: usize = 100;
/// For how many days the cloud keeps a snapshot that is to go by itself, at most.
const MOST_DAYS: u64 = 65_536;

/// What a word of a filter leaves of all snapshots.
enum Wanted<T> {
    /// All that the value says.
    Some(T),
    /// None: the cloud has what is asked for and this service does not.
    Nothing,
}

/// `DescribeSnapshots`: those that are on their way here too.
pub(super) async fn describe_snapshots(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let search = read_search(call)?;
    let listing = call.listing("snapshots", &search)?;
    let page = Paging::read(call, &listing, TEN)?;
    call.look_only()?;
    let found = match search {
        None => region::Found { items: Vec::new(), total: 0 },
        Some(search) => {
            let search = SnapshotSearch { after: page.after(), page: page.part(), ..search };
            let found = region.search_snapshots(&call.caller, search).await;
            found.map_err(|refused| of_refused(refused, Context::Describe))?
        }
    };
    let place = |row: &SnapshotView| Cursor { created: row.created, id: row.id.to_string() };
    let (items, mut fields) = page.cut(found, place);
    fields.push(("Snapshots", Node::List("Snapshot", items.iter().map(node).collect())));
    Ok(Node::Fields(fields))
}

/// What a request looks for, but for the page; none where it is something that no snapshot of this service is.
fn read_search(call: &Call) -> Result<Option<SnapshotSearch>, ApiError> {
    // Snapshots of disks of machines, kept in chains or groups, are not to be had here.
    let parts = ["InstanceId", "DiskId", "SnapshotLinkId", "ResourceGroupId"];
    let of_machines = parts.iter().any(|part| call.params.text(part).is_some());
    let named = call.params.text("SnapshotIds").map(|text| {
        let message = "The amount of specified specified snapshot Ids exceeds the limit.";
        let malformed = || ApiError::forbidden("InvalidSnapshotIds.Malformed", message);
        of_array(text, MOST_NAMED).ok_or_else(malformed)
    });
    let ids = asked_for::<SnapshotId>(&named.transpose()?.unwrap_or_default());
    let standings = standings(call.params.text("Status"))?;
    let role = role(call.params.text("SourceDiskType"))?;
    let kinds = [kind(call.params.text("SnapshotType"))?, category(call.params.text("Category"))?];
    let key = call.params.text("KMSKeyId").map(str::parse::<EncryptionKeyId>);
    let (created_from, created_until) = created(call)?;
    let (Some(ids), Wanted::Some(usage), [Wanted::Some(()), Wanted::Some(())], false) =
        (ids, usage(call.params.text("Usage"))?, kinds, of_machines)
    else {
        return Ok(None);
    };
    let Ok(key) = key.transpose() else { return Ok(None) };
    Ok(Some(SnapshotSearch {
        ids,
        name: call.params.text("SnapshotName").map(|name| NamePattern::Exactly(name.to_owned())),
        standings,
        role,
        usage,
        tags: tags::wanted(&call.params)?,
        // `false` is the same as nothing here: it does not leave out those that are encrypted.
        sealed: (call.params.flag("Encrypted")? == Some(true)).then_some(Sealed::Yes),
        key,
        created_from,
        created_until,
        after: None,
        page: PageOf::default(),
        ..SnapshotSearch::default()
    }))
}

fn standings(word: Option<&str>) -> Result<Vec<SnapshotStanding>, ApiError> {
    match word {
        None | Some("all") => Ok(Vec::new()),
        Some(word) => {
            let known = SnapshotStanding::ALL.iter().find(|known| status(**known) == word);
            let absent =
                || ApiError::gone("InvalidStatus.NotFound", "The specified Status is not found");
            Ok(vec![*known.ok_or_else(absent)?])
        }
    }
}

fn role(word: Option<&str>) -> Result<Option<DiskKind>, ApiError> {
    let Some(word) = word else { return Ok(None) };
    match word.to_ascii_lowercase().as_str() {
        "system" => Ok(Some(DiskKind::System)),
        "data" => Ok(Some(DiskKind::Data)),
        _ => {
            let message = "The specifed SourceDiskType is not valid";
            Err(ApiError::gone("InvalidSourceDiskType", message))
        }
    }
}

/// By the images that rest on them. No disk does.
fn usage(word: Option<&str>) -> Result<Wanted<Option<Usage>>, ApiError> {
    match word {
        None => Ok(Wanted::Some(None)),
        Some("image") => Ok(Wanted::Some(Some(Usage::Used))),
        Some("none") => Ok(Wanted::Some(Some(Usage::Unused))),
        Some("disk" | "image_disk") => Ok(Wanted::Nothing),
        Some(_) => Err(ApiError::gone("InvalidUsage", "The specifed Usage is not valid")),
    }
}

/// By who asked for them. No policy does here.
fn kind(word: Option<&str>) -> Result<Wanted<()>, ApiError> {
    match word {
        None | Some("all" | "user") => Ok(Wanted::Some(())),
        Some("auto") => Ok(Wanted::Nothing),
        Some(_) => {
            let message = "The specfied SnapshotType is not found";
            Err(ApiError::gone("InvalidSnapshotType.NotFound", message))
        }
    }
}

fn category(word: Option<&str>) -> Result<Wanted<()>, ApiError> {
    match word.map(str::to_ascii_lowercase).as_deref() {
        None | Some("standard") => Ok(Wanted::Some(())),
        Some("flash" | "archive") => Ok(Wanted::Nothing),
        Some(_) => {
            let message = "The specified Category is not valid.";
            Err(ApiError::forbidden("InvalidSnapshotCategory.Malformed", message))
        }
    }
}

/// `Filter.N`: by when they were made.
fn created(call: &Call) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
    let (mut from, mut until) = (None, None);
    for filter in call.params.structs("Filter")? {
        let bound = match filter.needed("Key")? {
            "CreationStartTime" => &mut from,
            "CreationEndTime" => &mut until,
            other => {
                let message = format!("The specified Filter.n.Key {other:?} is not found.");
                return Err(ApiError::gone("InvalidFilterKey.NotFound", message));
            }
        };
        let text = filter.needed("Value")?;
        let message = || format!("The specified Filter.n.Value {text:?} is not a time.");
        *bound =
            Some(times::read(text).ok_or_else(|| ApiError::gone("InvalidFilterValue", message()))?);
    }
    Ok((from, until))
}

/// How a snapshot stands.
fn status(standing: SnapshotStanding) -> &'static str {
    match standing {
        SnapshotStanding::Copying => "progressing",
        SnapshotStanding::Whole => "accomplished",
        SnapshotStanding::Failed => "failed",
    }
}

/// Fields that say nothing of a snapshot of this service are there and empty.
fn node(snapshot: &SnapshotView) -> Node {
    let created = times::to_second(snapshot.created);
    let origin = snapshot.origin.as_ref();
    let source = origin.and_then(|origin| origin.snapshot.as_ref());
    let role = if snapshot.role == DiskRole::SYSTEM { "system" } else { "data" };
    // Seconds; -1 while they are not known.
    let remaining = if snapshot.standing == SnapshotStanding::Copying { -1 } else { 0 };
    Node::Fields(vec![
        ("SnapshotId", Node::text(snapshot.id.spelled())),
        ("SnapshotName", Node::text(&snapshot.name)),
        ("Description", Node::text(&snapshot.description)),
        ("RegionId", Node::text(&snapshot.region)),
        ("Status", Node::text(status(snapshot.standing))),
        ("Progress", Node::text(words::percent(snapshot.percent))),
        ("RemainTime", Node::Number(remaining)),
        ("Available", Node::Flag(snapshot.standing == SnapshotStanding::Whole)),
        ("Usage", Node::text(if snapshot.images.is_empty() { "none" } else { "image" })),
        ("SnapshotType", Node::text("user")),
        ("Category", Node::text("standard")),
        ("InstantAccess", Node::Flag(false)),
        ("InstantAccessRetentionDays", Node::Number(0)),
        ("RetentionDays", Node::Number(0)),
        ("SourceDiskType", Node::text(role)),
        ("SourceDiskSize", Node::text(words::gib(snapshot.size))),
        ("SourceDiskId", Node::text("")),
        ("SourceStorageType", Node::text("disk")),
        ("SourceRegionId", Node::text(origin.map(|o| o.region.to_string()).unwrap_or_default())),
        ("SourceSnapshotId", Node::text(source.map(Spelled::spelled).unwrap_or_default())),
        ("FullSnapshotSizeInBytes", Node::number(snapshot.held_bytes)),
        ("Encrypted", Node::Flag(snapshot.encryption_key.is_some())),
        ("KMSKeyId", Node::text(snapshot.encryption_key.as_ref().map_or("", |key| key.as_str()))),
        ("CreationTime", Node::text(&created)),
        ("LastModifiedTime", Node::text(created)),
        ("ProductCode", Node::text("")),
        ("ResourceGroupId", Node::text("")),
        ("SnapshotLinkId", Node::text("")),
        ("SnapshotSN", Node::text("")),
        ("Tags", tags::node(&snapshot.tags)),
    ])
}

/// `DeleteSnapshot`: `Force` is for snapshots that disks rest on; one that an image rests on is refused with it too, as in the
/// cloud.
pub(super) async fn delete_snapshot(call: &Call) -> Result<Node, ApiError> {
    call.params.flag("Force")?;
    let id = SnapshotId::read(call.params.needed("SnapshotId")?).ok_or_else(no_snapshot)?;
    let region = region_with(call, Thing::Snapshot(&id)).await?;
    let deleted = region.delete_snapshot(&call.caller, &id).await;
    deleted.map_err(|refused| of_refused(refused, Context::Snapshot))?;
    Ok(Node::empty())
}

/// `CopySnapshot`: the new snapshot's id at once; its contents come as those of any copy do. `RetentionDays` is checked and not
/// kept: nothing here goes by itself.
pub(super) async fn copy_snapshot(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let given = Given { params: &call.params, context: Context::Snapshot };
    let snapshot = call.params.needed("SnapshotId")?;
    let target = call.params.needed("DestinationRegionId")?;
    call.params.number("RetentionDays", 1..=MOST_DAYS)?;
    let command = CopySnapshot {
        snapshot: SnapshotId::read(snapshot).ok_or_else(not_copied)?,
        target: target.parse().map_err(|_| no_target())?,
        name: Some(
            given.name("DestinationSnapshotName")?.map(|name| name.to_string()).unwrap_or_default(),
        ),
        description: Some(given.description("DestinationSnapshotDescription")?.unwrap_or_default()),
        // Tags do not travel: the copy has those that were given (contract 5).
        tags: Some(given.tags()?),
        sealing: sealing(call)?,
        urgency: model::Urgency::default(),
        profile: Profile { origin_note: OriginNote::LeftOut, ..call.profile() },
        token: given.token()?,
    };
    let promised = region.copy_snapshot(&call.caller, command).await.map_err(refused)?;
    Ok(Node::Fields(vec![("SnapshotId", Node::text(promised.snapshot.spelled()))]))
}

fn refused(refused: Refused) -> ApiError {
    match refused {
        Refused::Rejected(Rejection::SnapshotNotFound { .. }) => not_copied(),
        Refused::Rejected(Rejection::RegionUnknown { .. }) => no_target(),
        other => of_refused(other, Context::Snapshot),
    }
}

fn no_snapshot() -> ApiError {
    ApiError::gone("InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.")
}

/// The same in the table of `CopySnapshot`.
fn not_copied() -> ApiError {
    ApiError::forbidden("InvalidSnapshotId.NotFound", "The specified snapshot is not exists.")
}

fn no_target() -> ApiError {
    ApiError::bad("DestinationRegion.NotFound", "The destination region not found.")
}
