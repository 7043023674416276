//! Quotas.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many of something the account may have in a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// `image` or `snapshot`.
    pub kind: String,
    /// How many there may be.
    pub limit: u64,
    /// How many there are.
    pub used: u64,
    /// How many are promised to copies and imports that run.
    pub reserved: u64,
}

/// A new limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaLimit {
    /// How many there may be; what is above it already stays.
    pub limit: u64,
    /// Whose quota; else the caller's account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl From<model::Quota> for Quota {
    fn from(quota: model::Quota) -> Self {
        let model::Quota { kind, limit, used, reserved } = quota;
        Quota { kind: kind.to_string(), limit, used, reserved }
    }
}
