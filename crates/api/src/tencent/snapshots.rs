//! Snapshots, of the disks' service: `DescribeSnapshots`, `CopySnapshotCrossRegions`, `DeleteSnapshots` (contract 2). All come from
//! disks of images, none from a machine's.

use std::collections::{BTreeSet, HashMap};

use model::rules::Sealed;
use model::{
    Act, ClientToken, DiskKind, DiskRole, ImageId, ImageSearch, NamePattern, OriginNote, Profile,
    RegionId, Sealing, SnapshotId, SnapshotStanding, Tags,
};
use region::{
    Caller, CopySnapshot, Found, Intent, PageOf, Refused, Region, SnapshotSearch, SnapshotView,
};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::filters::{self, Filter};
use super::given::Given;
use super::ids::{at_most, snapshot, spelled};
use super::rejection::{Context, made, no_region, of_refused};
use super::reply::{Fields, fields};
use super::{paging, place, tags, times, words};
use crate::cloud::replay::digest_of;

/// Snapshots that one request names, at most.
const MOST_NAMED: usize = 100;
/// Regions of one copy, at most.
const MOST_REGIONS: usize = 10;
/// Images of a page of snapshots whose names are looked up, at most.
const MOST_IMAGES: usize = 1_000;

/// In which order snapshots are listed, by their age.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// `DescribeSnapshots`: those that are on their way here too. An id of nothing finds nothing (api-11).
pub(super) async fn describe_snapshots(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let page = paging::read(call)?;
    let given = Given { params: &call.params, context: Context::Describe };
    given.word("OrderField", ("InvalidParameterValue", &[("CREATE_TIME", ())]))?;
    let orders = [("ASC", Order::OldestFirst), ("DESC", Order::NewestFirst)];
    let order = given.word("Order", ("InvalidParameterValue", &orders))?;
    let found = match read_search(call)? {
        None => Found { items: Vec::new(), total: 0 },
        Some(search) => {
            let search = SnapshotSearch { page, ..search };
            match order.unwrap_or(Order::NewestFirst) {
                Order::NewestFirst => look(call, &region, search).await?,
                Order::OldestFirst => look_from_behind(call, &region, search).await?,
            }
        }
    };
    let names = image_names(call, &region, &found.items).await?;
    let snapshots: Vec<Value> =
        found.items.iter().map(|snapshot| value(snapshot, &region, &names)).collect();
    Ok(fields([("SnapshotSet", json!(snapshots)), ("TotalCount", json!(found.total))]))
}

async fn look(
    call: &Call,
    region: &Region,
    search: SnapshotSearch,
) -> Result<Found<SnapshotView>, ApiError> {
    let found = region.search_snapshots(&call.caller, search).await;
    found.map_err(|refused| of_refused(refused, Context::Describe))
}

/// The same page of the list from its end.
async fn look_from_behind(
    call: &Call,
    region: &Region,
    search: SnapshotSearch,
) -> Result<Found<SnapshotView>, ApiError> {
    let PageOf { offset, limit } = search.page;
    let one = PageOf { offset: 0, limit: 1 };
    let total = look(call, region, SnapshotSearch { page: one, ..search.clone() }).await?.total;
    let end = total.saturating_sub(offset);
    let start = end.saturating_sub(u64::from(limit));
    let Ok(count @ 1..) = u32::try_from(end - start) else {
        return Ok(Found { items: Vec::new(), total });
    };
    let page = PageOf { offset: start, limit: count };
    let mut found = look(call, region, SnapshotSearch { page, ..search }).await?;
    found.items.reverse();
    Ok(found)
}

/// What a request looks for, but for the page; none where it is something that no snapshot of this service is.
fn read_search(call: &Call) -> Result<Option<SnapshotSearch>, ApiError> {
    let named = call.params.texts("SnapshotIds")?;
    let filters = filters::read(call)?;
    if !named.is_empty() && !filters.is_empty() {
        let message = "SnapshotIds and Filters cannot be given together.";
        return Err(ApiError::new("InvalidParameter", message));
    }
    at_most(("SnapshotIds", named.len()), MOST_NAMED)?;
    let ids = named.into_iter().map(snapshot).collect::<Result<_, _>>()?;
    let mut search = SnapshotSearch { ids, ..SnapshotSearch::default() };
    let mut is_something = true;
    for filter in &filters {
        is_something &= read_filter(filter, &mut search)?;
    }
    Ok(is_something.then_some(search))
}

/// Reads one filter; whether a snapshot can meet it.
fn read_filter(filter: &Filter, search: &mut SnapshotSearch) -> Result<bool, ApiError> {
    let Filter { name, values } = filter;
    let has = |word: &str| values.iter().any(|value| value == word);
    match name.as_str() {
        "snapshot-id" => {
            search.ids = values.iter().map(|id| snapshot(id)).collect::<Result<_, _>>()?;
        }
        "snapshot-name" => {
            let [one] = values.as_slice() else {
                return Err(filters::wrong(name, "one name is looked for at a time"));
            };
            search.name = Some(NamePattern::Exactly(one.clone()));
        }
        "snapshot-state" => {
            let standings = SnapshotStanding::ALL.iter().copied();
            search.standings = standings.filter(|standing| has(state(*standing))).collect();
            return Ok(!search.standings.is_empty());
        }
        "disk-usage" => match (has("SYSTEM_DISK"), has("DATA_DISK")) {
            (true, true) => {}
            (true, false) => search.role = Some(DiskKind::System),
            (false, true) => search.role = Some(DiskKind::Data),
            (false, false) => return Err(filters::wrong(name, "a value is no usage of a disk")),
        },
        "encrypt" => match (has("true") || has("TRUE"), has("false") || has("FALSE")) {
            (true, true) => {}
            (true, false) => search.sealed = Some(Sealed::Yes),
            (false, true) => search.sealed = Some(Sealed::No),
            (false, false) => return Err(filters::wrong(name, "a value is not true or false")),
        },
        // All are of the one project that there is, and private.
        "project-id" => return Ok(has("0")),
        "snapshot-type" => return Ok(has("PRIVATE_SNAPSHOT")),
        // None was made of a disk of a machine, or lies in a zone.
        "disk-id" | "zone" => return Ok(false),
        other => match (other.strip_prefix("tag:"), values.as_slice()) {
            (Some(key), [one]) => search.tags.push((key.to_owned(), Some(one.clone()))),
            (Some(_), _) => return Err(filters::wrong(name, "one value is looked for at a time")),
            (None, _) => return Err(filters::wrong(name, "there is none of this name")),
        },
    }
    Ok(true)
}

/// How a snapshot stands. The cloud has no word for a copy that failed; this one is next to it: what is there is to go.
fn state(standing: SnapshotStanding) -> &'static str {
    match standing {
        SnapshotStanding::Copying => "COPYING_FROM_REMOTE",
        SnapshotStanding::Whole => "NORMAL",
        SnapshotStanding::Failed => "TORECYCLE",
    }
}

/// The names of the images that rest on snapshots.
async fn image_names(
    call: &Call,
    region: &Region,
    snapshots: &[SnapshotView],
) -> Result<HashMap<ImageId, String>, ApiError> {
    let ids: BTreeSet<_> = snapshots.iter().flat_map(|snapshot| &snapshot.images).collect();
    let ids: Vec<ImageId> = ids.into_iter().take(MOST_IMAGES).cloned().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let limit = u32::try_from(ids.len()).expect("it is at most 1,000");
    let page = PageOf { offset: 0, limit };
    let search = ImageSearch { ids, page, ..ImageSearch::default() };
    let found = region.search_images(&call.caller, search).await;
    let found = found.map_err(|refused| of_refused(refused, Context::Describe))?;
    Ok(found.items.into_iter().map(|image| (image.id, image.name.to_string())).collect())
}

/// Fields that say nothing of a snapshot of this service are there and empty: one client ends itself without them.
fn value(snapshot: &SnapshotView, region: &Region, names: &HashMap<ImageId, String>) -> Value {
    let created = times::of_snapshot(snapshot.created);
    let image = |id: &ImageId| json!({ "ImageId": spelled(id), "ImageName": names.get(id).cloned().unwrap_or_default() });
    let images: Vec<Value> = snapshot.images.iter().map(image).collect();
    let origin = snapshot.origin.as_ref();
    let usage = if snapshot.role == DiskRole::SYSTEM { "SYSTEM_DISK" } else { "DATA_DISK" };
    json!({
        "SnapshotId": snapshot.id.as_str(),
        "SnapshotName": snapshot.name,
        "SnapshotState": state(snapshot.standing),
        "SnapshotType": "PRIVATE_SNAPSHOT",
        "Placement": { "Zone": "", "ProjectId": 0 },
        "CopyFromRemote": origin.is_some_and(|origin| origin.region != *region.id()),
        // What leaves is known of images alone.
        "CopyingToRegions": [],
        "Percent": snapshot.percent,
        "Images": images,
        "ImageCount": snapshot.images.len(),
        "DiskId": "",
        "DiskUsage": usage,
        "DiskSize": words::gib(snapshot.size),
        "Encrypt": snapshot.encryption_key.is_some(),
        "IsPermanent": true,
        "DeadlineTime": "",
        "ShareReference": 0,
        "TimeStartShare": "",
        "IsLocked": false,
        "CreateTime": created,
        "LatestModifyTime": created,
        "Tags": tags::values(&snapshot.tags),
    })
}

/// `CopySnapshotCrossRegions`: each region has its own result. The ids are there at once, the contents come as those of any copy.
pub(super) async fn copy_snapshot_cross_regions(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let id = snapshot(call.params.needed("SnapshotId")?)?;
    let names = call.params.texts("DestinationRegions")?;
    if names.is_empty() {
        return Err(ApiError::missing("DestinationRegions"));
    }
    at_most(("DestinationRegions", names.len()), MOST_REGIONS)?;
    let view = region.snapshot(&call.caller, &id).await;
    view.map_err(|refused| of_refused(refused, Context::Snapshot))?;
    // Nor is that the caller may change nothing.
    let may = call.caller.must(Act::Change).map_err(Refused::from);
    may.map_err(|refused| of_refused(refused, Context::Snapshot))?;
    let given = call.params.text("SnapshotName")?.filter(|name| !name.is_empty());
    let name = given.map_or_else(|| format!("Copied {id} from {}", region.id()), str::to_owned);
    let mut results = Vec::with_capacity(names.len());
    for target in names {
        let copied = copy(call, (&region, &id), (target, &name)).await;
        // That the service fails is no result of a region: where nothing is promised yet, the whole request may be sent again.
        if let Err(fault) = &copied
            && fault.is_fault()
            && results.is_empty()
        {
            return Err(fault.clone());
        }
        let (snapshot, code, message) = match copied {
            Ok(snapshot) => (snapshot.to_string(), "Success".into(), "".into()),
            Err(error) => (String::new(), error.code, error.message),
        };
        results.push(json!({
            "DestinationRegion": target, "SnapshotId": snapshot, "Code": code, "Message": message,
        }));
    }
    Ok(fields([("SnapshotCopyResultSet", Value::Array(results))]))
}

/// Asks one region for a copy of a snapshot; the id that it will have there. Tags stay behind.
async fn copy(
    call: &Call,
    (region, snapshot): (&Region, &SnapshotId),
    (target, name): (&str, &str),
) -> Result<SnapshotId, ApiError> {
    let target = place::region_named(&call.deployment, target).ok_or_else(|| no_region(target))?;
    let command = CopySnapshot {
        snapshot: snapshot.clone(),
        token: call.token.as_ref().and_then(|token| token_for(token, &target)),
        target,
        name: Some(name.to_owned()),
        description: None,
        tags: Some(Tags::default()),
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: Profile { origin_note: OriginNote::LeftOut, ..call.profile() },
    };
    let promised = region.copy_snapshot(&call.caller, command).await;
    promised
        .map(|promised| promised.snapshot)
        .map_err(|refused| of_refused(refused, Context::Snapshot))
}

/// The request's token as it is for one of its regions: a token belongs to one copy.
fn token_for(token: &ClientToken, target: &RegionId) -> Option<ClientToken> {
    let digest = digest_of([token.as_str().as_bytes(), target.as_str().as_bytes()]);
    ClientToken::new(&hex::encode(digest)).ok()
}

/// `DeleteSnapshots`: all are judged before the first goes. One on its way here is cancelled. With an image that rests on it none
/// goes, also where that is asked for.
pub(super) async fn delete_snapshots(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    if call.params.flag("DeleteBindImages")? == Some(true) {
        let reason =
            "images are deleted with DeleteImages here, and their snapshots with DeleteBindedSnap";
        return Err(ApiError::value("DeleteBindImages", reason));
    }
    let named = call.params.texts("SnapshotIds")?;
    if named.is_empty() {
        return Err(ApiError::missing("SnapshotIds"));
    }
    at_most(("SnapshotIds", named.len()), MOST_NAMED)?;
    let ids: BTreeSet<SnapshotId> = named.into_iter().map(snapshot).collect::<Result<_, _>>()?;
    let rehearsing = Caller { intent: Intent::Rehearse, ..call.caller.clone() };
    for caller in [&rehearsing, &call.caller] {
        for id in &ids {
            made(region.delete_snapshot(caller, id).await, Context::Snapshot)?;
        }
    }
    Ok(Fields::new())
}
