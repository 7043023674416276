//! The JSON between regions for the room that a target has: quotas, and the link as an account sees it.

use model::{Holding, Pause, RegionId, Schedule, Timestamp};
use region::{LinkView, TargetRoom};
use serde::{Deserialize, Serialize};

use super::wire::{Malformed, QuotaWire, read};

/// Whose room is asked for, and for copies from where.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomQuery {
    pub(super) account: String,
    pub(super) source: String,
}

/// The room of a target.
#[derive(Serialize, Deserialize)]
pub(super) struct RoomWire {
    images: QuotaWire,
    snapshots: QuotaWire,
    /// Absent within a region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkWire>,
}

/// A link, whose ends both regions know.
#[derive(Serialize, Deserialize)]
struct LinkWire {
    running: u64,
    waiting: u64,
    limit_bytes_per_sec: Option<u64>,
    copies_at_once: Option<u32>,
    pause: String,
    measured_bytes_per_sec: Option<u64>,
    /// In milliseconds since 1970.
    changed: Option<i64>,
    /// Absent where the link has no windows, as from a peer that does not know them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    windows: Option<WindowsWire>,
}

/// The weekly windows of a link, and what they change next.
#[derive(Serialize, Deserialize)]
struct WindowsWire {
    schedule: String,
    usual_limit_bytes_per_sec: Option<u64>,
    next: Option<NextWire>,
}

/// What holds from an instant on, in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct NextWire {
    at: i64,
    limit_bytes_per_sec: Option<u64>,
    pause: String,
    until: Option<i64>,
}

impl WindowsWire {
    fn of(link: &LinkView) -> Option<Self> {
        let next = |(at, next): (Timestamp, Holding)| NextWire {
            at: at.0,
            limit_bytes_per_sec: next.limit,
            pause: next.pause.to_string(),
            until: next.until.map(|until| until.0),
        };
        (!link.schedule.is_empty()).then(|| WindowsWire {
            schedule: link.schedule.to_string(),
            usual_limit_bytes_per_sec: link.usual_limit_bytes_per_sec,
            next: link.until.zip(link.next).map(next),
        })
    }
}

impl From<TargetRoom> for RoomWire {
    fn from(room: TargetRoom) -> Self {
        let link = |link: LinkView| LinkWire {
            windows: WindowsWire::of(&link),
            running: link.running,
            waiting: link.waiting,
            limit_bytes_per_sec: link.limit_bytes_per_sec,
            copies_at_once: link.copies_at_once,
            pause: link.pause.to_string(),
            measured_bytes_per_sec: link.measured_bytes_per_sec,
            changed: link.changed.map(|at| at.0),
        };
        RoomWire {
            images: room.images.into(),
            snapshots: room.snapshots.into(),
            link: room.link.map(link),
        }
    }
}

impl RoomWire {
    /// The room of `target` for copies from `source`.
    pub(super) fn parse(
        self,
        source: &RegionId,
        target: &RegionId,
    ) -> Result<TargetRoom, Malformed> {
        let link = |link: LinkWire| {
            let pause: Pause = read("link.pause", &link.pause)?;
            let mut schedule = Schedule::default();
            let mut usual_limit_bytes_per_sec = link.limit_bytes_per_sec;
            let (mut until, mut next) = (None, None);
            if let Some(windows) = link.windows {
                schedule = read("link.windows.schedule", &windows.schedule)?;
                usual_limit_bytes_per_sec = windows.usual_limit_bytes_per_sec;
                if let Some(then) = windows.next {
                    until = Some(Timestamp(then.at));
                    next = Some(Holding {
                        limit: then.limit_bytes_per_sec,
                        pause: read("link.windows.next.pause", &then.pause)?,
                        until: then.until.map(Timestamp),
                    });
                }
            }
            Ok(LinkView {
                source: source.clone(),
                target: target.clone(),
                running: link.running,
                waiting: link.waiting,
                limit_bytes_per_sec: link.limit_bytes_per_sec,
                copies_at_once: link.copies_at_once,
                usual_limit_bytes_per_sec,
                schedule,
                until,
                next,
                pause,
                measured_bytes_per_sec: link.measured_bytes_per_sec,
                changed: link.changed.map(Timestamp),
            })
        };
        Ok(TargetRoom {
            images: self.images.parse()?,
            snapshots: self.snapshots.parse()?,
            link: self.link.map(link).transpose()?,
        })
    }
}
