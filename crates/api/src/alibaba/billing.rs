//! The one call of the billing API that the Terraform provider makes when it starts (contract 7).

use super::call::Call;
use super::error::ApiError;
use super::reply::Node;

/// No paid instances: the provider learns from the answer only that there is an account.
pub(super) async fn query_available_instances(call: &Call) -> Result<Node, ApiError> {
    let page = call.params.number("PageNum", 1..=u64::from(u32::MAX))?.unwrap_or(1);
    let size = call.params.number("PageSize", 1..=300)?.unwrap_or(20);
    let data = Node::Fields(vec![
        ("PageNum", Node::number(page)),
        ("PageSize", Node::number(size)),
        ("TotalCount", Node::Number(0)),
        ("InstanceList", Node::Array(Vec::new())),
    ]);
    // Of this API success is told by these fields, unlike ECS, whose answers must not have them.
    Ok(Node::Fields(vec![
        ("Code", Node::text("Success")),
        ("Message", Node::text("Successful!")),
        ("Success", Node::Flag(true)),
        ("Data", data),
    ]))
}
