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
            RegionPlace::Elsewhere { endpoint } => bare(&endpoint).to_owned(),
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

/// A host and its port, as clients put a scheme before it themselves (contract 7.1).
fn bare(endpoint: &str) -> &str {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    host.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_told_without_their_scheme() {
        let table = [
            ("https://ferry.example:8443/", "ferry.example:8443"),
            ("http://10.0.0.7:7700", "10.0.0.7:7700"),
            ("ferry.example", "ferry.example"),
        ];
        for (endpoint, wanted) in table {
            assert_eq!(bare(endpoint), wanted);
        }
    }
}
