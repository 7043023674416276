//! Problems: what a refused request is told (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TargetRefused;

/// Why a request was refused, as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:ferry:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, for people.
    pub detail: String,
    /// What is wrong with it, for programs. Codes never change meaning.
    #[schema(example = "image_not_found")]
    pub code: String,
    /// Names the request in the region's log.
    pub request_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The value of the request that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where the region is served, if not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Where several targets were asked and each refused: each one's own problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub results: Option<Vec<TargetRefused>>,
}
