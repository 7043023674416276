//! The regions of the deployment, under the names of its configuration: `DescribeRegions`. It needs no region itself.

use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::{Fields, fields};

/// `DescribeRegions`: those of other processes too, which images are copied to all the same.
pub(super) async fn describe_regions(call: &Call) -> Result<Fields, ApiError> {
    let regions: Vec<Value> = call
        .deployment
        .regions()
        .iter()
        .map(|region| {
            let name = region.id.as_str();
            json!({ "Region": name, "RegionName": name, "RegionState": "AVAILABLE" })
        })
        .collect();
    Ok(fields([("TotalCount", json!(regions.len())), ("RegionSet", json!(regions))]))
}
