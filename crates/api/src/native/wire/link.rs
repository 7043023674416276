//! Links between regions.

use model::{LinkChange, Pause};
use region::LinkView;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::rfc3339;
use crate::refusal::BadRequest;

/// A link into the region that answers, what is set of it, and what is queued on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// From where.
    pub source: String,
    /// To where.
    pub target: String,
    /// Copies that run.
    pub running: u64,
    /// Copies that wait, in the queue or for their next attempt.
    pub waiting: u64,
    /// Its limit, in bytes a second; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes_per_sec: Option<u64>,
    /// Copies over it that run at once, all accounts together; absent where only the region's limits count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies_at_once: Option<u32>,
    /// `running`, or `paused`: then no copy moves over it.
    #[serde(default = "running")]
    pub pause: String,
    /// How fast it was of late, all copies together; absent where nothing has moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_bytes_per_sec: Option<u64>,
    /// When it was changed last at run time; absent where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

fn running() -> String {
    Pause::Running.to_string()
}

/// A change of a link. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkEdit {
    /// A new limit, in bytes a second, at least 1024; `null` for none, whatever the configuration says.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub limit_bytes_per_sec: Option<Option<u64>>,
    /// How many copies run over it at once, all accounts together, at least 1; `null` for the region's limits alone.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub copies_at_once: Option<Option<u32>>,
    /// `paused` or `running`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
}

/// A member that is there, `null` included.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl LinkEdit {
    pub(crate) fn into_change(self) -> Result<LinkChange, BadRequest> {
        let LinkEdit { limit_bytes_per_sec, copies_at_once, pause } = self;
        let pause = pause.map(|word| word.parse()).transpose();
        let pause = pause.map_err(|error| BadRequest::value("pause", error))?;
        Ok(LinkChange { limit_bytes_per_sec, copies_at_once, pause })
    }
}

impl From<LinkView> for Link {
    fn from(view: LinkView) -> Self {
        Link {
            source: view.source.to_string(),
            target: view.target.to_string(),
            running: view.running,
            waiting: view.waiting,
            limit_bytes_per_sec: view.limit_bytes_per_sec,
            copies_at_once: view.copies_at_once,
            pause: view.pause.to_string(),
            measured_bytes_per_sec: view.measured_bytes_per_sec,
            changed: view.changed.map(rfc3339),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_a_limit_away_and_what_is_absent_stays() {
        let read = |json: &str| serde_json::from_str::<LinkEdit>(json).unwrap();
        assert_eq!(read("{}"), LinkEdit::default());
        let lifted = LinkEdit { limit_bytes_per_sec: Some(None), ..LinkEdit::default() };
        assert_eq!(read(r#"{"limit_bytes_per_sec": null}"#), lifted);
        let set = LinkEdit { copies_at_once: Some(Some(3)), ..LinkEdit::default() };
        assert_eq!(read(r#"{"copies_at_once": 3}"#), set);
        for edit in [LinkEdit::default(), lifted, set] {
            assert_eq!(read(&serde_json::to_string(&edit).unwrap()), edit);
        }
    }
}
