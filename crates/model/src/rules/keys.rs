//! Decisions about encryption keys.

use crate::encryption::{EncryptionKeyId, KeyState};
use crate::field::{Field, FieldRefusal};
use crate::rejection::{EncryptionKeyRejection, Rejection};
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// How long a key waits between the order to delete it and its end: 7 to 30 days, as key services have it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WaitingDays(u32);

impl WaitingDays {
    /// The fewest days.
    pub const MIN: u32 = 7;
    /// The most days.
    pub const MAX: u32 = 30;

    /// Checks a number of days.
    pub fn new(days: u32) -> Result<Self, Rejection> {
        if (Self::MIN..=Self::MAX).contains(&days) {
            return Ok(WaitingDays(days));
        }
        let (value, min, max) = (u64::from(days), u64::from(Self::MIN), u64::from(Self::MAX));
        Err(Rejection::field(Field::Days, FieldRefusal::OutOfRange { value, min, max }))
    }
}

impl Default for WaitingDays {
    fn default() -> Self {
        WaitingDays(Self::MAX)
    }
}

/// Whether what a key seals may become unreadable.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum LoseImages {
    /// Refuse, and say what would be lost.
    No,
    /// It may.
    Yes,
}

/// What is asked of a key.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// To seal and open no more.
    Disable,
    /// To seal and open again.
    Enable,
    /// To go for good.
    ScheduleDeletion {
        /// After how many days.
        days: WaitingDays,
        /// Whether what it seals may be lost.
        lose: LoseImages,
    },
}

impl KeyChange {
    /// As the audit trail calls it.
    pub fn action(self) -> &'static str {
        match self {
            KeyChange::Disable => "encryption_key.disable",
            KeyChange::Enable => "encryption_key.enable",
            KeyChange::ScheduleDeletion { .. } => "encryption_key.schedule_deletion",
        }
    }
}

/// What is known of a key when somebody asks for a change.
#[derive(Clone, Debug)]
pub struct KeyFacts {
    /// The key.
    pub key: EncryptionKeyId,
    /// How it stands.
    pub state: KeyState,
    /// Whether it is its account's default.
    pub is_default: bool,
    /// Images that it seals.
    pub images: u64,
    /// Snapshots that it seals.
    pub snapshots: u64,
}

/// How a key stands after a change, and when it goes for good. What stands so already stays so.
pub fn judge_key_change(
    facts: &KeyFacts,
    change: KeyChange,
    now: Timestamp,
) -> Result<(KeyState, Option<Timestamp>), Rejection> {
    let key = || facts.key.clone();
    if facts.state == KeyState::Deleted {
        return Err(Rejection::KeyUnusable { key: key(), state: facts.state });
    }
    match change {
        KeyChange::Enable => Ok((KeyState::Enabled, None)),
        // It is off already, and its deletion goes on.
        KeyChange::Disable if facts.state == KeyState::PendingDeletion => {
            Err(Rejection::KeyUnusable { key: key(), state: facts.state })
        }
        KeyChange::Disable => Ok((KeyState::Disabled, None)),
        KeyChange::ScheduleDeletion { .. } if facts.is_default => {
            Err(Rejection::EncryptionKey(EncryptionKeyRejection::KeyIsDefault { key: key() }))
        }
        KeyChange::ScheduleDeletion { days, lose } => {
            if lose == LoseImages::No && facts.images + facts.snapshots > 0 {
                let (images, snapshots) = (facts.images, facts.snapshots);
                return Err(Rejection::EncryptionKey(EncryptionKeyRejection::KeyInUse {
                    key: key(),
                    images,
                    snapshots,
                }));
            }
            Ok((KeyState::PendingDeletion, Some(now.plus_ms(i64::from(days.0) * DAY_MS))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(state: KeyState) -> KeyFacts {
        KeyFacts {
            key: EncryptionKeyId::from_random(|| 1),
            state,
            is_default: false,
            images: 0,
            snapshots: 0,
        }
    }

    fn delete(lose: LoseImages) -> KeyChange {
        KeyChange::ScheduleDeletion { days: WaitingDays::new(7).unwrap(), lose }
    }

    #[test]
    fn a_deleted_key_stays_deleted_and_every_other_can_be_enabled() {
        for state in KeyState::ALL.iter().filter(|state| **state != KeyState::Deleted) {
            let enabled = judge_key_change(&facts(*state), KeyChange::Enable, Timestamp(0));
            assert_eq!(enabled, Ok((KeyState::Enabled, None)), "{state}");
        }
        for change in [KeyChange::Enable, KeyChange::Disable, delete(LoseImages::Yes)] {
            assert!(judge_key_change(&facts(KeyState::Deleted), change, Timestamp(0)).is_err());
        }
    }

    #[test]
    fn deletion_waits_and_says_first_what_is_lost() {
        let used = KeyFacts { images: 2, snapshots: 3, ..facts(KeyState::Enabled) };
        assert!(matches!(
            judge_key_change(&used, delete(LoseImages::No), Timestamp(0)),
            Err(Rejection::EncryptionKey(EncryptionKeyRejection::KeyInUse {
                images: 2,
                snapshots: 3,
                ..
            }))
        ));
        let at = Timestamp(7 * DAY_MS + 5);
        let doomed = judge_key_change(&used, delete(LoseImages::Yes), Timestamp(5));
        assert_eq!(doomed, Ok((KeyState::PendingDeletion, Some(at))));
        let default = KeyFacts { is_default: true, ..facts(KeyState::Enabled) };
        assert!(matches!(
            judge_key_change(&default, delete(LoseImages::Yes), Timestamp(0)),
            Err(Rejection::EncryptionKey(EncryptionKeyRejection::KeyIsDefault { .. }))
        ));
    }

    #[test]
    fn the_waiting_time_is_seven_to_thirty_days() {
        for good in [7, 30] {
            assert!(WaitingDays::new(good).is_ok());
        }
        for wrong in [0, 6, 31, u32::MAX] {
            assert!(WaitingDays::new(wrong).is_err(), "{wrong}");
        }
    }
}
