//! The audit trails.

use region::{AuditView, TrailStanding};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;

/// One change, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in its trail: 1 for the first.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Whose doing; absent for the deployment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Which user's of that account; absent for the region's own, in the account's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What was done.
    #[schema(example = "image.edit")]
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The request that asked for it.
    pub request_id: String,
    /// How the subject stood before: `field=value` a line; empty where it was not there.
    pub before: String,
    /// How it stands after; empty where it is gone.
    pub after: String,
}

/// Whether a trail is as it was written: each entry's digest covers the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrailCheck {
    /// Whether every entry follows from the one before it.
    pub whole: bool,
    /// How many entries follow, from the first on.
    pub entries: u64,
    /// The first entry that was altered, removed or added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<u64>,
}

impl From<AuditView> for AuditEntry {
    fn from(view: AuditView) -> Self {
        AuditEntry {
            seq: view.seq,
            at: rfc3339(view.at),
            account: view.account.map(|account| account.to_string()),
            actor: Some(view.actor).filter(|actor| !actor.is_empty()),
            action: view.action,
            subject: view.subject,
            request_id: view.request_id,
            before: view.before,
            after: view.after,
        }
    }
}

impl From<TrailStanding> for TrailCheck {
    fn from(standing: TrailStanding) -> Self {
        match standing {
            TrailStanding::Whole { entries } => {
                TrailCheck { whole: true, entries, broken_at: None }
            }
            TrailStanding::Broken { seq } => {
                TrailCheck { whole: false, entries: seq.saturating_sub(1), broken_at: Some(seq) }
            }
        }
    }
}
