//! Regions as requests name them: under the names of the configuration, or under the cloud's older short ones (contract 3).

use model::{RegionId, Rejection};
use region::{Deployment, Refused, Region};

use super::error::ApiError;

/// The short names of the older API, and what they are called today.
const OLD_NAMES: [(&str, &str); 15] = [
    ("gz", "ap-guangzhou"),
    ("sh", "ap-shanghai"),
    ("bj", "ap-beijing"),
    ("cd", "ap-chengdu"),
    ("cq", "ap-chongqing"),
    ("hk", "ap-hongkong"),
    ("sg", "ap-singapore"),
    ("th", "ap-bangkok"),
    ("kr", "ap-seoul"),
    ("jp", "ap-tokyo"),
    ("de", "eu-frankfurt"),
    ("in", "ap-mumbai"),
    ("ca", "na-toronto"),
    ("usw", "na-siliconvalley"),
    ("use", "na-ashburn"),
];

/// The region that a name means: the one of that name, else the one that the short name stands for. None where the text can be
/// no region's name; whether there is such a region is not asked.
pub(super) fn region_named(deployment: &Deployment, name: &str) -> Option<RegionId> {
    let known = deployment.regions();
    let is_known = known.iter().any(|region| region.id.as_str() == name);
    let today = OLD_NAMES.iter().find(|(old, _)| !is_known && *old == name);
    today.map_or(name, |(_, today)| today).parse().ok()
}

/// The region that a request goes to. One that is served elsewhere is refused with the place to ask.
pub(super) fn region_of(deployment: &Deployment, name: &str) -> Result<Region, ApiError> {
    let unknown =
        || ApiError::new("UnsupportedRegion", format!("The region `{name}` is not supported."));
    let id = region_named(deployment, name).ok_or_else(unknown)?;
    deployment.region(&id).map_err(|refused| match refused {
        Refused::Rejected(Rejection::RegionUnknown { .. }) => unknown(),
        Refused::Elsewhere { region, endpoint } => {
            let message =
                format!("The region `{region}` is served at {endpoint}; send the request there.");
            ApiError::new("UnsupportedRegion", message)
        }
        Refused::Fault(fault) => ApiError::of_fault(&fault),
        Refused::Rejected(_)
        | Refused::Unauthorised
        | Refused::Rehearsed
        | Refused::BadFrames { .. } => ApiError::internal(),
    })
}
