//! Snapshots of the disk service: described and deleted (contract 1 and 2). All come from disks of images, none from a
//! machine's.

use model::{NamePattern, SizeBytes, SnapshotId, SnapshotStanding};
use region::{Found, SnapshotSearch, SnapshotView};
use serde_json::{Value, json};

use super::call::{Call, Reply, fields, nothing};
use super::error::ApiError;
use super::filters::Filters;
use super::rejection::{Context, of_refused};
use super::{ids, paging, times};

const IDS: &str = "snapshotId";
const DISKS: &str = "diskId";
const STATUS: &str = "status";
const NAME: &str = "name";

/// `describeSnapshots`: those that are on their way here too. None are of disks, and none are shared.
pub(super) async fn describe_snapshots(call: &Call) -> Reply {
    let page = paging::read(&call.params)?;
    let found = match wanted(call)? {
        None => Found { items: Vec::new(), total: 0 },
        Some(search) => {
            let search = SnapshotSearch { page, ..search };
            let found = call.region.search_snapshots(&call.caller, search).await;
            found.map_err(|refused| of_refused(refused, Context::Snapshot))?
        }
    };
    let snapshots: Vec<Value> = found.items.iter().map(shown).collect();
    Ok(fields(json!({"snapshots": snapshots, "totalCount": found.total})))
}

/// What a request looks for, but for the page; none where no snapshot of this service is such.
fn wanted(call: &Call) -> Result<Option<SnapshotSearch>, ApiError> {
    let filters = Filters::read(&call.params, &[IDS, DISKS, STATUS, NAME])?;
    let is_own = match call.params.text("snapshotSource")? {
        None | Some("private" | "self") => true,
        Some("others" | "shared") => false,
        Some(other) => {
            let reason = format!("'{other}' is not private, others or shared");
            return Err(ApiError::invalid("snapshotSource", reason));
        }
    };
    let named = filters.values(IDS);
    let found: Vec<SnapshotId> =
        named.unwrap_or_default().iter().filter_map(|text| ids::read_snapshot(text)).collect();
    let standings = filters.values(STATUS).map(read_standings).transpose()?;
    let name = match filters.values(NAME) {
        None => None,
        Some([name]) => Some(NamePattern::Holding(name.clone())),
        Some(_) => return Err(ApiError::invalid(NAME, "the filter has more than one value")),
    };
    let asks_for_nothing = !is_own
        || filters.values(DISKS).is_some()
        || (named.is_some() && found.is_empty())
        || standings.as_ref().is_some_and(Vec::is_empty);
    let standings = standings.unwrap_or_default();
    let search = SnapshotSearch { ids: found, standings, name, ..SnapshotSearch::default() };
    Ok((!asks_for_nothing).then_some(search))
}

/// The standings that words stand for. Some that the cloud has no snapshot here has.
fn read_standings(words: &[String]) -> Result<Vec<SnapshotStanding>, ApiError> {
    let mut standings = Vec::new();
    for word in words {
        match word.as_str() {
            "creating" | "copying" => standings.push(SnapshotStanding::Copying),
            "available" => standings.push(SnapshotStanding::Whole),
            "error_create" => standings.push(SnapshotStanding::Failed),
            "in-use" | "deleting" | "error_delete" => {}
            other => {
                return Err(ApiError::invalid(STATUS, format!("there is no status '{other}'")));
            }
        }
    }
    Ok(standings)
}

fn status(standing: SnapshotStanding) -> &'static str {
    match standing {
        SnapshotStanding::Copying => "creating",
        SnapshotStanding::Whole => "available",
        SnapshotStanding::Failed => "error_create",
    }
}

/// Fields that say nothing of a snapshot of this service are there and empty.
fn shown(snapshot: &SnapshotView) -> Value {
    let images: Vec<String> = snapshot.images.iter().map(ids::image).collect();
    let nobody: [&str; 0] = [];
    json!({
        "snapshotId": ids::snapshot(&snapshot.id),
        "snapshotSource": "self",
        "diskId": "",
        "snapshotSizeGB": gib(snapshot.size),
        "images": images,
        "name": snapshot.name,
        "description": snapshot.description.as_str(),
        "status": status(snapshot.standing),
        "createTime": times::written(snapshot.created),
        "expireTime": "",
        "sharInfo": nobody,
        "shareInfo": nobody,
        "encrypted": snapshot.encryption_key.is_some(),
    })
}

/// A size in whole GiB, rounded up.
fn gib(size: SizeBytes) -> u64 {
    size.bytes().div_ceil(1 << 30)
}

/// `describeSnapshot`.
pub(super) async fn describe_snapshot(call: &Call) -> Reply {
    let snapshot = call.region.snapshot(&call.caller, &named(call)?).await;
    let snapshot = snapshot.map_err(|refused| of_refused(refused, Context::Snapshot))?;
    Ok(fields(json!({"snapshot": shown(&snapshot)})))
}

/// `deleteSnapshot`: not one that an image rests on. One that is being copied here is cancelled.
pub(super) async fn delete_snapshot(call: &Call) -> Reply {
    let deleted = call.region.delete_snapshot(&call.caller, &named(call)?).await;
    deleted.map_err(|refused| of_refused(refused, Context::Snapshot))?;
    Ok(nothing())
}

/// The snapshot that the path names. What is no id is the id of nothing.
fn named(call: &Call) -> Result<SnapshotId, ApiError> {
    let text = call.id(IDS)?;
    ids::read_snapshot(text)
        .ok_or_else(|| ApiError::not_found(format!("Snapshot '{text}' not found")))
}
