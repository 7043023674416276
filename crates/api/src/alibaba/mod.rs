//! The door of Alibaba Cloud ECS: its SDKs, its command line and its Terraform provider work against it unmodified.
//!
//! A request is read ([`wire`]), its signature and clock are checked ([`admission`]), its operation is found
//! ([`operation`]), and the answer is written as JSON or XML ([`reply`]). A handler translates, calls the region and
//! translates back; [`rejection`] has the cloud's words for each refusal. The contract is the recorded behaviour of the
//! clients; `docs/alibaba.md` lists what is supported and what differs.

mod admission;
mod billing;
mod call;
mod copies;
mod error;
mod given;
mod ids;
mod image_changes;
mod image_creation;
mod image_node;
mod images;
mod instances;
mod operation;
mod paging;
mod params;
mod particulars;
mod place;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod raw;
mod regions;
mod rejection;
mod reply;
mod sharing;
mod sign_v1;
mod sign_v3;
mod snapshots;
mod tags;
mod tasks;
#[cfg(test)]
mod tests;
mod times;
mod wire;
mod words;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::ApiState;
use crate::alibaba::call::Call;
use crate::alibaba::error::ApiError;
use crate::alibaba::reply::Node;
use crate::alibaba::wire::{Format, Wire};
use crate::cloud::{Arrived, new_uuid};

/// Answers a request of this cloud's clients.
pub(crate) async fn answer(state: &ApiState, arrived: Arrived) -> Response {
    let id = new_request_id();
    match wire::read(arrived) {
        Ok(wire) => {
            let outcome = perform(state, &wire, &id).await;
            written((wire.format, &wire.action, &id), &wire.host, outcome)
        }
        Err(unread) => written((unread.format, "", &id), &unread.host, Err(unread.error)),
    }
}

/// The answer of a handler that panicked.
pub(crate) fn broken() -> Response {
    written((Format::Json, "", &new_request_id()), "", Err(ApiError::internal()))
}

/// An id for an answer, as this cloud writes them.
fn new_request_id() -> String {
    new_uuid().to_ascii_uppercase()
}

/// Admits the request, then does what it asks.
async fn perform(state: &ApiState, wire: &Wire, request_id: &str) -> Result<Node, ApiError> {
    let caller = admission::admit(state, wire, request_id).await?;
    if ![operation::ECS, operation::BSS].contains(&wire.version.as_str()) {
        return Err(ApiError::bad("InvalidVersion", "Specified parameter Version is not valid."));
    }
    let operation = operation::find(&wire.version, &wire.action).ok_or_else(|| {
        let message = "Specified api is not found, please check your url and method.";
        ApiError::bad("InvalidAction.NotFound", message)
    })?;
    let handler = operation.handler.ok_or_else(|| ApiError::unsupported(operation.name))?;
    let call = Call {
        deployment: state.deployment.clone(),
        caller,
        params: wire.params()?,
        cursors: state.cursor_key.clone(),
        host: wire.host.clone(),
        host_region: named_by_host(state, wire),
    };
    handler(&call).await
}

/// The region that the host names. Of a host that is not the cloud's own, only one that there is: its name may mean anything.
fn named_by_host(state: &ApiState, wire: &Wire) -> Option<String> {
    let named = wire.host_region()?;
    let host = wire.host.split(':').next().unwrap_or_default();
    let is_known = || state.deployment.regions().iter().any(|region| region.id.as_str() == named);
    (host.ends_with(".aliyuncs.com") || is_known()).then(|| named.to_owned())
}

/// Writes an answer in the format that was asked for (contract 3).
fn written(
    (format, action, request_id): (Format, &str, &str),
    host: &str,
    outcome: Result<Node, ApiError>,
) -> Response {
    let (status, root, node) = match outcome {
        Ok(Node::Fields(mut fields)) => {
            fields.push(("RequestId", Node::text(request_id)));
            (StatusCode::OK, format!("{action}Response"), Node::Fields(fields))
        }
        Ok(other) => (StatusCode::OK, format!("{action}Response"), other),
        Err(error) => {
            tracing::info!(action, request_id, status = %error.status, code = %error.code, "refused");
            (error.status, "Error".to_owned(), of_error(&error, request_id, host))
        }
    };
    let (kind, body) = match format {
        Format::Json => ("application/json;charset=utf-8", node.to_json()),
        Format::Xml => ("text/xml;charset=utf-8", node.to_xml(&root)),
    };
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}

/// All five fields are texts: one client ends itself otherwise (contract 3).
fn of_error(error: &ApiError, request_id: &str, host: &str) -> Node {
    let recommend = format!(
        "https://api.aliyun.com/troubleshoot?q={}&product=Ecs&requestId={request_id}",
        error.code
    );
    Node::Fields(vec![
        ("RequestId", Node::text(request_id)),
        ("HostId", Node::text(host)),
        ("Code", Node::text(&error.code)),
        ("Message", Node::text(&error.message)),
        ("Recommend", Node::text(recommend)),
    ])
}
