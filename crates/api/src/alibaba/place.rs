//! Which region has a thing, for operations that do not have to name one.

use model::{InstanceId, Rejection, SnapshotId};
use region::{Refused, Region};

use super::call::Call;
use super::error::ApiError;
use super::rejection::{Context, of_refused};

/// What a request is about.
pub(super) enum Thing<'a> {
    /// A snapshot.
    Snapshot(&'a SnapshotId),
    /// An instance.
    Instance(&'a InstanceId),
}

impl Thing<'_> {
    /// Looks for it in a region.
    async fn look(&self, call: &Call, region: &Region) -> Result<(), Refused> {
        match self {
            Thing::Snapshot(id) => region.snapshot(&call.caller, id).await.map(|_| ()),
            Thing::Instance(id) => region.instance(&call.caller, id).await.map(|_| ()),
        }
    }

    fn context(&self) -> Context {
        match self {
            Thing::Snapshot(_) => Context::Snapshot,
            Thing::Instance(_) => Context::Instance,
        }
    }
}

/// The region that a parameter or the host names, else the one of this process that has the thing: ids are random, so no two
/// have it. What is another's is in none of them (api-11).
pub(super) async fn region_with(call: &Call, thing: Thing<'_>) -> Result<Region, ApiError> {
    if call.region_name().is_ok() {
        return call.region();
    }
    let mut absent = ApiError::missing("RegionId");
    for region in call.deployment.regions_here() {
        match thing.look(call, region).await {
            Ok(()) => return Ok(region.clone()),
            Err(
                refused @ Refused::Rejected(
                    Rejection::SnapshotNotFound { .. } | Rejection::InstanceNotFound { .. },
                ),
            ) => absent = of_refused(refused, thing.context()),
            Err(refused) => return Err(of_refused(refused, thing.context())),
        }
    }
    Err(absent)
}
