//! How far a copy or import is, as its user sees it.

use crate::UnknownWord;
use crate::attributes::words;
use std::fmt;
use std::str::FromStr;

words!(
    /// What is being done, in the user's words. Two of them are the seed's: copying snapshots, then registering (R002-3).
    Phase, "`waiting`, `copying_snapshots`, `registering`, `done`, `cancelling`, `cancelled`, `failed`",
    /// In the queue, or between two attempts.
    Waiting = "waiting",
    /// Bytes are being fetched and checked.
    CopyingSnapshots = "copying_snapshots",
    /// Every byte is here; snapshots and image are being recorded.
    Registering = "registering",
    /// The image is available.
    Done = "done",
    /// The promise is being given back after a cancel or a lasting fault.
    Cancelling = "cancelling",
    /// Cancelled; nothing is left.
    Cancelled = "cancelled",
    /// Failed for good; nothing is left but the record.
    Failed = "failed",
);

/// Places (chunks that are not zero) present of those needed. Never goes back.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Places present in the target and durable.
    pub done: u64,
    /// Places needed; 0 while unknown.
    pub needed: u64,
}

impl Progress {
    /// Whole percent while not published: at most 99, because 100 is said of available images alone (R000-9).
    pub fn percent(self) -> u8 {
        if self.needed == 0 {
            return 0;
        }
        let percent = u128::from(self.done.min(self.needed)) * 100 / u128::from(self.needed);
        u8::try_from(percent.min(99)).expect("at most 99")
    }
}

/// Where a waiting copy stands: 1 is next. Counted among the copies of its account that wait in the target region (R001-10).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct QueuePlace(pub u64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r000_9_one_hundred_percent_is_never_said_of_an_unpublished_copy() {
        assert_eq!(Progress { done: 10, needed: 10 }.percent(), 99);
        assert_eq!(Progress { done: 0, needed: 0 }.percent(), 0);
        assert_eq!(Progress { done: 1, needed: 2 }.percent(), 50);
    }

    proptest! {
        #[test]
        fn more_done_is_never_less_percent(done in 0u64..1 << 40, more in 0u64..1 << 20, needed in 1u64..1 << 41) {
            let before = Progress { done, needed }.percent();
            let after = Progress { done: done + more, needed }.percent();
            prop_assert!(after >= before);
        }
    }
}
