//! The JSON between regions for how soon a copy is wanted.

use model::{Deadline, Urgency};
use serde::{Deserialize, Serialize};

use super::wire::{Malformed, checked, read};

/// How soon a copy is wanted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UrgencyWire {
    priority: String,
    /// From the promise on, in seconds; absent where it has no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_secs: Option<u64>,
}

impl UrgencyWire {
    pub(super) fn of(urgency: Urgency) -> Option<Self> {
        let wire = |Urgency { priority, deadline }| UrgencyWire {
            priority: priority.to_string(),
            deadline_secs: deadline.map(Deadline::secs),
        };
        (urgency != Urgency::default()).then(|| wire(urgency))
    }

    pub(super) fn parse(&self) -> Result<Urgency, Malformed> {
        let deadline = self.deadline_secs.map(Deadline::new).transpose();
        Ok(Urgency {
            priority: read("urgency.priority", &self.priority)?,
            deadline: checked("urgency.deadline_secs", deadline)?,
        })
    }
}
