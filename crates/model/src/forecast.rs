//! How long a copy will take, by its three factors: its size, the link's speed, and what is ahead of it (R002-2).

use crate::UnknownWord;
use crate::attributes::words;
use crate::progress::Progress;
use crate::time::Timestamp;
use std::fmt;
use std::str::FromStr;

/// Bytes of one place of a disk: a chunk (`docs/formats.md` 1).
const PLACE_BYTES: u64 = 65_536;

words!(
    /// How the speed of a link is known.
    SpeedKnown, "`limit`, `measured`, `unknown`",
    /// An operator limits the link to it.
    Limit = "limit",
    /// Copies moved so fast on it of late.
    Measured = "measured",
    /// Nothing has moved on it since the region was started.
    Unknown = "unknown",
);

/// How fast a link is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LinkSpeed {
    /// How that is known.
    pub known: SpeedKnown,
    /// Bytes a second; none where unknown.
    pub bytes_per_sec: Option<u64>,
}

impl LinkSpeed {
    /// The limit where there is one; else what was measured.
    pub fn judge(limit: Option<u64>, measured: Option<u64>) -> Self {
        let speed = |known, rate| LinkSpeed { known, bytes_per_sec: Some(rate) };
        match (limit, measured) {
            (Some(limit), _) => speed(SpeedKnown::Limit, limit),
            (None, Some(measured)) => speed(SpeedKnown::Measured, measured),
            (None, None) => LinkSpeed { known: SpeedKnown::Unknown, bytes_per_sec: None },
        }
    }

    /// Whole seconds for so many bytes, and those ahead of them; none where the speed is unknown.
    pub fn seconds_for(&self, bytes: u64, ahead: u64) -> Option<u64> {
        let rate = self.bytes_per_sec?.max(1);
        Some(bytes.saturating_add(ahead).div_ceil(rate))
    }
}

/// Bytes that a copy still has to bring over the link, judged by how its bytes have shrunk so far; before any have come,
/// at most all of the disk's. None while it is not known what the copy needs.
pub fn bytes_left(progress: Progress, bytes_sent: u64, bytes_reused: u64) -> Option<u64> {
    if progress.needed == 0 {
        return None;
    }
    let left = progress.needed.saturating_sub(progress.done);
    let brought = progress.done.saturating_sub(bytes_reused / PLACE_BYTES);
    let each = match brought {
        0 => u128::from(PLACE_BYTES),
        brought => u128::from(bytes_sent) / u128::from(brought),
    };
    Some(u64::try_from(u128::from(left) * each.min(u128::from(PLACE_BYTES))).unwrap_or(u64::MAX))
}

/// Bytes that a copy still has to bring of those that it was to bring when its deadline was promised; where it brought more
/// already, by how far it is.
pub fn promised_left(
    promised: u64,
    progress: Progress,
    (bytes_sent, bytes_reused): (u64, u64),
) -> u64 {
    match promised.checked_sub(bytes_sent) {
        Some(left) if left > 0 => left,
        Some(_) | None => bytes_left(progress, bytes_sent, bytes_reused).unwrap_or(0),
    }
}

/// Whether a copy takes, or took, longer than promised (R003-5).
pub fn is_late(accepted: Timestamp, available: Option<Timestamp>, now: Timestamp, ms: i64) -> bool {
    available.unwrap_or(now).ms_since(accepted) > ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r002_2_a_limit_says_how_fast_a_link_is_and_else_what_was_measured() {
        let known = |limit, measured| LinkSpeed::judge(limit, measured).known;
        assert_eq!(known(Some(5), Some(9)), SpeedKnown::Limit);
        assert_eq!(known(None, Some(9)), SpeedKnown::Measured);
        assert_eq!(known(None, None), SpeedKnown::Unknown);
        let speed = LinkSpeed::judge(Some(100), None);
        assert_eq!(speed.seconds_for(1_000, 0), Some(10));
        assert_eq!(speed.seconds_for(1_000, 501), Some(16));
        assert_eq!(LinkSpeed::judge(None, None).seconds_for(1_000, 0), None);
        assert_eq!(LinkSpeed::judge(Some(0), None).seconds_for(7, u64::MAX), Some(u64::MAX));
    }

    #[test]
    fn r002_2_what_is_ahead_shrinks_as_what_has_come_did() {
        let half = Progress { done: 50, needed: 100 };
        assert_eq!(bytes_left(Progress::default(), 0, 0), None);
        assert_eq!(bytes_left(Progress { done: 0, needed: 3 }, 0, 0), Some(3 * PLACE_BYTES));
        assert_eq!(bytes_left(half, 50 * 1_000, 0), Some(50_000));
        // Ten of the fifty were here already and say nothing of how chunks shrink.
        assert_eq!(bytes_left(half, 40 * 1_000, 10 * PLACE_BYTES), Some(50_000));
        assert_eq!(bytes_left(half, 0, 50 * PLACE_BYTES), Some(50 * PLACE_BYTES));
        assert_eq!(bytes_left(Progress { done: 5, needed: 4 }, 9, 0), Some(0));
    }

    #[test]
    fn what_was_promised_is_brought_until_more_is_needed() {
        let half = Progress { done: 50, needed: 100 };
        assert_eq!(promised_left(1_000, Progress::default(), (0, 0)), 1_000);
        assert_eq!(promised_left(1_000, half, (400, 0)), 600);
        assert_eq!(promised_left(1_000, half, (50_000, 0)), 50_000);
        assert_eq!(promised_left(0, Progress::default(), (0, 0)), 0);
    }

    /// R003-5: running and finished copies are judged by the same objective.
    #[test]
    fn r003_5_a_copy_is_late_when_it_takes_longer_than_promised() {
        let at = Timestamp;
        assert!(!is_late(at(0), None, at(100), 100));
        assert!(is_late(at(0), None, at(101), 100));
        assert!(!is_late(at(0), Some(at(100)), at(900), 100));
        assert!(is_late(at(0), Some(at(101)), at(900), 100));
    }
}
