//! What can be set of a link while it runs: its limit, its copies at once, its weekly windows, and whether it is paused.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;
use crate::schedule::{Schedule, WindowRule};
use crate::time::Timestamp;

/// The least that a link can be limited to, in bytes a second: below 1 KiB a copy would look as if it stood still.
pub const MIN_LINK_LIMIT: u64 = 1 << 10;
/// The most, in bytes a second: what a catalog can hold.
pub const MAX_LINK_LIMIT: u64 = i64::MAX as u64;

words!(
    /// Whether a link carries copies.
    Pause, "`paused`, `running`",
    /// Nothing moves on it, and no copy over it begins.
    Paused = "paused",
    /// It does.
    Running = "running",
);

/// Where a link's limit comes from.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum LinkLimit {
    /// From the configuration: it was never changed at run time.
    #[default]
    AsConfigured,
    /// Set at run time, in bytes a second; none lifts it. It counts whatever the configuration says.
    Set(Option<u64>),
}

impl LinkLimit {
    /// The limit that counts where the configuration says this, in bytes a second.
    pub fn over(self, configured: Option<u64>) -> Option<u64> {
        match self {
            LinkLimit::AsConfigured => configured,
            LinkLimit::Set(limit) => limit,
        }
    }
}

/// What was set of a link at run time. The default is a link that nobody changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSetting {
    /// How fast it may be.
    pub limit: LinkLimit,
    /// Copies over it that run at once, all accounts together; none where only the region's limits count.
    pub copies_at_once: Option<u32>,
    /// Whether an operator lets it carry copies: a pause counts whatever the windows say.
    pub pause: Pause,
    /// Its weekly windows.
    pub schedule: Schedule,
}

impl Default for LinkSetting {
    fn default() -> Self {
        LinkSetting {
            limit: LinkLimit::AsConfigured,
            copies_at_once: None,
            pause: Pause::Running,
            schedule: Schedule::default(),
        }
    }
}

/// What holds on a link at an instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its limit then, in bytes a second; none where there is none.
    pub limit: Option<u64>,
    /// Whether it carries copies.
    pub pause: Pause,
    /// When a window changes that next; none where none does, and while an operator paused it.
    pub until: Option<Timestamp>,
}

/// A change of a link's settings. What is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// A new limit in bytes a second, or none.
    pub limit_bytes_per_sec: Option<Option<u64>>,
    /// A new number of copies at once, or none.
    pub copies_at_once: Option<Option<u32>>,
    /// Whether it carries copies from now on.
    pub pause: Option<Pause>,
    /// New weekly windows in place of all old ones.
    pub schedule: Option<Schedule>,
}

impl LinkSetting {
    /// The settings as a change leaves them. Refused are a limit below 1 KiB a second and no copies at once: pausing is
    /// what stops a link.
    pub fn after(self, change: LinkChange) -> Result<LinkSetting, Rejection> {
        if let Some(Some(value)) = change.limit_bytes_per_sec
            && !(MIN_LINK_LIMIT..=MAX_LINK_LIMIT).contains(&value)
        {
            let refusal =
                FieldRefusal::OutOfRange { value, min: MIN_LINK_LIMIT, max: MAX_LINK_LIMIT };
            return Err(Rejection::field(Field::LimitBytesPerSec, refusal));
        }
        if let Some(Some(0)) = change.copies_at_once {
            let refusal = FieldRefusal::OutOfRange { value: 0, min: 1, max: u32::MAX.into() };
            return Err(Rejection::field(Field::CopiesAtOnce, refusal));
        }
        Ok(LinkSetting {
            limit: change.limit_bytes_per_sec.map_or(self.limit, LinkLimit::Set),
            copies_at_once: change.copies_at_once.unwrap_or(self.copies_at_once),
            pause: change.pause.unwrap_or(self.pause),
            schedule: change.schedule.unwrap_or(self.schedule),
        })
    }

    /// What holds at an instant where the configuration says this limit, in bytes a second.
    pub fn at(&self, instant: Timestamp, configured: Option<u64>) -> Holding {
        let usual = self.limit.over(configured);
        if self.pause == Pause::Paused {
            return Holding { limit: usual, pause: Pause::Paused, until: None };
        }
        let scheduled = self.schedule.at(instant);
        let (limit, pause) = match scheduled.rule {
            None => (usual, Pause::Running),
            Some(WindowRule::Limit(limit)) => (limit, Pause::Running),
            Some(WindowRule::Pause) => (usual, Pause::Paused),
        };
        Holding { limit, pause, until: scheduled.until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_does_not_name_stays() {
        let limited =
            LinkChange { limit_bytes_per_sec: Some(Some(1_024)), ..LinkChange::default() };
        let limited = LinkSetting::default().after(limited).unwrap();
        assert_eq!(
            limited,
            LinkSetting { limit: LinkLimit::Set(Some(1_024)), ..Default::default() }
        );
        let paused = LinkChange { pause: Some(Pause::Paused), ..LinkChange::default() };
        let paused = limited.clone().after(paused).unwrap();
        assert_eq!(paused, LinkSetting { pause: Pause::Paused, ..limited });
        let bounded = LinkChange { copies_at_once: Some(Some(2)), ..LinkChange::default() };
        let bounded = paused.clone().after(bounded).unwrap();
        assert_eq!(bounded, LinkSetting { copies_at_once: Some(2), ..paused });
        let lifted = LinkChange {
            limit_bytes_per_sec: Some(None),
            copies_at_once: Some(None),
            pause: Some(Pause::Running),
            schedule: None,
        };
        let lifted = bounded.after(lifted).unwrap();
        assert_eq!(lifted, LinkSetting { limit: LinkLimit::Set(None), ..Default::default() });
        assert_eq!(lifted.clone().after(LinkChange::default()).unwrap(), lifted);
    }

    #[test]
    fn windows_hold_in_their_time_and_an_operators_pause_always() {
        let windows = ["thu 00:00-01:00 pause", "thu 02:00-03:00 2KiB", "thu 04:00-05:00 none"];
        let windows = windows.iter().map(|window| window.parse().unwrap()).collect();
        let change = LinkChange {
            schedule: Some(Schedule::new(windows).unwrap()),
            limit_bytes_per_sec: Some(Some(5_000)),
            ..LinkChange::default()
        };
        let setting = LinkSetting::default().after(change).unwrap();
        // 1970 began on a Thursday.
        let hours = |hours: i64| Timestamp(hours * 3_600_000);
        let at = |hour| setting.at(hours(hour), Some(9_000));
        let holding = |limit, pause, until| Holding { limit, pause, until: Some(hours(until)) };
        assert_eq!(at(0), holding(Some(5_000), Pause::Paused, 1));
        assert_eq!(at(1), holding(Some(5_000), Pause::Running, 2));
        assert_eq!(at(2), holding(Some(2_048), Pause::Running, 3));
        assert_eq!(at(4), holding(None, Pause::Running, 5));
        assert_eq!(at(5), holding(Some(5_000), Pause::Running, 7 * 24));
        let paused = LinkSetting { pause: Pause::Paused, ..setting };
        let held = Holding { limit: Some(5_000), pause: Pause::Paused, until: None };
        assert_eq!(paused.at(hours(4), None), held);
    }

    #[test]
    fn no_limit_that_was_set_is_not_the_configurations() {
        assert_eq!(LinkLimit::AsConfigured.over(Some(5)), Some(5));
        assert_eq!(LinkLimit::AsConfigured.over(None), None);
        assert_eq!(LinkLimit::Set(None).over(Some(5)), None);
        assert_eq!(LinkLimit::Set(Some(9)).over(Some(5)), Some(9));
    }

    #[test]
    fn a_limit_that_would_stop_the_link_is_refused() {
        let limit =
            |value| LinkChange { limit_bytes_per_sec: Some(Some(value)), ..LinkChange::default() };
        for value in [0, MIN_LINK_LIMIT - 1, MAX_LINK_LIMIT + 1, u64::MAX] {
            let refusal =
                FieldRefusal::OutOfRange { value, min: MIN_LINK_LIMIT, max: MAX_LINK_LIMIT };
            let refused = Rejection::field(Field::LimitBytesPerSec, refusal);
            assert_eq!(LinkSetting::default().after(limit(value)), Err(refused));
        }
        for value in [MIN_LINK_LIMIT, MAX_LINK_LIMIT] {
            LinkSetting::default().after(limit(value)).unwrap();
        }
        let none = LinkChange { copies_at_once: Some(Some(0)), ..LinkChange::default() };
        let refusal = FieldRefusal::OutOfRange { value: 0, min: 1, max: u32::MAX.into() };
        let refused = Rejection::field(Field::CopiesAtOnce, refusal);
        assert_eq!(LinkSetting::default().after(none), Err(refused));
    }
}
