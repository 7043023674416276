//! The regions of the deployment, under the names of its configuration.

use region::RegionPlace;

use super::call::Call;
use super::error::ApiError;
use super::reply::Node;

/// Every region. Those of this process are reached where it was asked, others at the endpoint of the process that serves them.
pub(super) async fn describe_regions(call: &Call) -> Result<Node, ApiError> {
    let regions = call.deployment.regions().into_iter().map(|region| {
        let endpoint = match region.place {
            RegionPlace::Here => call.host.clone(),
            RegionPlace::Elsewhere { endpoint } => endpoint,
        };
        Node::Fields(vec![
            ("RegionId", Node::text(&region.id)),
            ("RegionEndpoint", Node::text(endpoint)),
            ("LocalName", Node::text(&region.id)),
            ("Status", Node::text("available")),
        ])
    });
    Ok(Node::Fields(vec![("Regions", Node::List("Region", regions.collect()))]))
}
