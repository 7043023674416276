//! Links between regions.

use model::{LinkChange, Pause, Schedule, Window, WindowRule};
use region::LinkView;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::rfc3339;
use crate::refusal::{BadRequest, Refusal};

/// A link into the region that answers, what is set of it, and what is queued on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// From where.
    pub source: String,
    /// To where.
    pub target: String,
    /// Copies that run.
    pub running: u64,
    /// Copies that wait, in the queue or for their next attempt.
    pub waiting: u64,
    /// The limit that holds now, in bytes a second; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes_per_sec: Option<u64>,
    /// Its limit outside of windows that have another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_limit_bytes_per_sec: Option<u64>,
    /// Copies over it that run at once, all accounts together; absent where only the region's limits count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies_at_once: Option<u32>,
    /// `running`, or `paused`: then no copy moves over it.
    #[serde(default = "running")]
    pub pause: String,
    /// Its weekly windows, in UTC, as `mon-fri 08:00-18:00 2MB` or `sat-sun pause`; where several hold at once, the last counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<String>,
    /// When a window changes what holds now; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What holds then: `pause`, `none` for no limit, or bytes a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
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
    /// `paused` or `running`. A pause counts whatever the windows say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// New weekly windows in place of all old ones, at most 32, in UTC: days, a time, and what holds: `pause`, a limit, or `none`
    /// for no limit. Empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Vec<String>>,
}

/// A member that is there, `null` included.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl LinkEdit {
    pub(crate) fn into_change(self) -> Result<LinkChange, Refusal> {
        let LinkEdit { limit_bytes_per_sec, copies_at_once, pause, schedule } = self;
        let pause = pause.map(|word| word.parse()).transpose();
        let pause = pause.map_err(|error| BadRequest::value("pause", error))?;
        let windows = |texts: Vec<String>| -> Result<Schedule, Refusal> {
            let read = |text: &String| {
                text.parse::<Window>().map_err(|error| BadRequest::value("schedule", error))
            };
            Ok(Schedule::new(texts.iter().map(read).collect::<Result<_, _>>()?)?)
        };
        let schedule = schedule.map(windows).transpose()?;
        Ok(LinkChange { limit_bytes_per_sec, copies_at_once, pause, schedule })
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
            usual_limit_bytes_per_sec: view.usual_limit_bytes_per_sec,
            pause: view.pause.to_string(),
            schedule: view.schedule.windows().iter().map(Window::to_string).collect(),
            until: view.until.map(rfc3339),
            next: view.next.map(|next| match next.pause {
                Pause::Paused => WindowRule::Pause.to_string(),
                Pause::Running => WindowRule::Limit(next.limit).to_string(),
            }),
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
