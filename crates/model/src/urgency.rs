//! How soon a copy is wanted: its priority, its deadline, and how it stands with that.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The longest deadline, in seconds: 30 days. A choice of ours: nobody can say how a link will be beyond that.
pub const MAX_DEADLINE_SECS: u64 = 30 * 86_400;
/// After each such time of waiting a copy counts as of the next higher priority when it is its turn: half an hour, so that
/// none waits for ever. A choice of ours.
pub const AGEING_MS: i64 = 1_800_000;

words!(
    /// How urgent a copy is.
    Priority, "`low`, `normal`, `high`",
    /// Whatever others leave.
    Low = "low",
    /// As most are.
    Normal = "normal",
    /// Before others.
    High = "high",
);

#[expect(
    clippy::derivable_impls,
    reason = "`words!` writes the enum, and knows no attribute of a word"
)]
impl Default for Priority {
    fn default() -> Self {
        Priority::Normal
    }
}

impl Priority {
    /// Its part of a link among the copies of its account: 1, 2 or 4.
    pub fn weight(self) -> u32 {
        match self {
            Priority::Low => 1,
            Priority::Normal => 2,
            Priority::High => 4,
        }
    }

    /// How it is stored: the higher the more urgent.
    pub fn number(self) -> u8 {
        match self {
            Priority::Low => 0,
            Priority::Normal => 1,
            Priority::High => 2,
        }
    }

    /// The one that is stored so.
    pub fn from_number(number: u8) -> Option<Priority> {
        Priority::ALL.iter().copied().find(|known| known.number() == number)
    }
}

/// How long a copy may take from its promise on until its image is available, in whole seconds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u32);

impl Deadline {
    /// So many seconds: from 1 to those of 30 days.
    pub fn new(secs: u64) -> Result<Deadline, Rejection> {
        let refusal = FieldRefusal::OutOfRange { value: secs, min: 1, max: MAX_DEADLINE_SECS };
        match u32::try_from(secs) {
            Ok(known) if (1..=MAX_DEADLINE_SECS).contains(&secs) => Ok(Deadline(known)),
            Ok(_) | Err(_) => Err(Rejection::field(Field::Deadline, refusal)),
        }
    }

    /// In seconds.
    pub fn secs(self) -> u64 {
        self.0.into()
    }

    /// When it is over for a copy that was promised then.
    pub fn after(self, promised: Timestamp) -> Timestamp {
        promised.plus_ms(i64::from(self.0) * 1_000)
    }
}

/// How soon a copy is wanted. By default: like most, by no time.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Urgency {
    /// How urgent it is.
    pub priority: Priority,
    /// How long it may take; none where it has no deadline.
    pub deadline: Option<Deadline>,
}

words!(
    /// How a copy stands with its deadline.
    DeadlineStanding, "`promised`, `at_risk`, `met`, `missed`, `void`",
    /// It will be met as far as anybody knows.
    Promised = "promised",
    /// By what is known now it will not be met: the link became slower than it was when the deadline was promised.
    AtRisk = "at_risk",
    /// The image was available in time.
    Met = "met",
    /// It was not.
    Missed = "missed",
    /// The copy ended before, without an image.
    Void = "void",
);

words!(
    /// Why nobody can promise a deadline at all.
    NoPromise, "`paused`, `speed_unknown`",
    /// The link is paused, and nobody knows until when.
    Paused = "paused",
    /// It has no limit, and nothing has moved on it since the region was started.
    SpeedUnknown = "speed_unknown",
);

impl NoPromise {
    /// The same as the end of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            NoPromise::Paused => "it is paused, and nobody knows until when",
            NoPromise::SpeedUnknown => {
                "its speed is not known: it has no limit, and nothing has moved on it yet"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_from_a_second_to_thirty_days() {
        assert_eq!(Deadline::new(1).unwrap().after(Timestamp(5)), Timestamp(1_005));
        assert_eq!(Deadline::new(MAX_DEADLINE_SECS).unwrap().secs(), 2_592_000);
        for value in [0, MAX_DEADLINE_SECS + 1, u64::MAX] {
            let refusal = FieldRefusal::OutOfRange { value, min: 1, max: MAX_DEADLINE_SECS };
            assert_eq!(Deadline::new(value), Err(Rejection::field(Field::Deadline, refusal)));
        }
    }

    #[test]
    fn priorities_read_back_as_stored_and_weigh_more_the_higher() {
        for (at, priority) in Priority::ALL.iter().enumerate() {
            assert_eq!(Priority::from_number(priority.number()), Some(*priority));
            assert_eq!((usize::from(priority.number()), priority.weight()), (at, 1 << at));
        }
        assert_eq!(Priority::from_number(3), None);
    }
}
