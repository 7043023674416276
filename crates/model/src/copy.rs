//! The copy's life cycle: its states, and the one function that moves it from one to the next.

use crate::cause::Cause;
use crate::digest::Digest;
use crate::ids::SnapshotId;

/// The digests of an image's disks, in the order of the disks.
pub type DiskDigests = Vec<Digest>;

/// How far a copy has come. Stored by the name in backticks; names never change meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyState {
    /// `queued`: the target image exists as a promise; the source knows nothing yet.
    Queued,
    /// `held`: the source holds the image for us, and we know its disks' digests.
    Held {
        /// One per disk.
        digests: DiskDigests,
    },
    /// `stored`: every chunk is here, checked and durable; no snapshot uses them yet.
    Stored {
        /// One per disk.
        digests: DiskDigests,
    },
    /// `published`: the image is Available. There is no way back from here.
    Published {
        /// One per disk.
        snapshots: Vec<SnapshotId>,
    },
    /// `done`: the source has been released.
    Done {
        /// One per disk.
        snapshots: Vec<SnapshotId>,
    },
    /// `unwinding`: giving back the promise, the quota and the hold.
    Unwinding {
        /// Why.
        cause: Cause,
    },
    /// `ended`: unwound. The row stays as history.
    Ended {
        /// Why.
        cause: Cause,
    },
}

/// What moves a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyEvent {
    /// The source holds the image; its disks are these.
    Held(DiskDigests),
    /// Every chunk is present, checked and durable; in the target the disks have these digests, which differ from the
    /// source's where the copy encrypts.
    Complete(DiskDigests),
    /// Snapshots and image are recorded.
    Published(Vec<SnapshotId>),
    /// The source has let go.
    Released,
    /// A cancel, or a fault that lasts.
    GiveUp(Cause),
    /// Nothing of the promise is left.
    Unwound,
}

/// A move that the life cycle does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a copy in state `{}` cannot take the event `{event:?}`", state.name())]
pub struct IllegalMove {
    /// Where the copy stands.
    pub state: CopyState,
    /// What was to move it.
    pub event: CopyEvent,
}

impl CopyState {
    /// The stored name.
    pub fn name(&self) -> &'static str {
        match self {
            CopyState::Queued => "queued",
            CopyState::Held { .. } => "held",
            CopyState::Stored { .. } => "stored",
            CopyState::Published { .. } => "published",
            CopyState::Done { .. } => "done",
            CopyState::Unwinding { .. } => "unwinding",
            CopyState::Ended { .. } => "ended",
        }
    }

    /// Whether the driver still has something to do.
    pub fn is_live(&self) -> bool {
        !matches!(self, CopyState::Done { .. } | CopyState::Ended { .. })
    }

    /// Whether a cancel can still win: nothing is published, nothing is being given back.
    pub fn is_cancellable(&self) -> bool {
        matches!(self, CopyState::Queued | CopyState::Held { .. } | CopyState::Stored { .. })
    }

    /// The state after `event`. Only this function makes a new state from an old one.
    pub fn after(self, event: CopyEvent) -> Result<CopyState, IllegalMove> {
        use {CopyEvent as E, CopyState as S};
        match (self, event) {
            (S::Queued, E::Held(digests)) => Ok(S::Held { digests }),
            (S::Held { .. }, E::Complete(digests)) => Ok(S::Stored { digests }),
            (S::Stored { .. }, E::Published(snapshots)) => Ok(S::Published { snapshots }),
            (S::Published { snapshots }, E::Released) => Ok(S::Done { snapshots }),
            (S::Queued | S::Held { .. } | S::Stored { .. }, E::GiveUp(cause)) => {
                Ok(S::Unwinding { cause })
            }
            (S::Unwinding { cause }, E::Unwound) => Ok(S::Ended { cause }),
            (state, event) => Err(IllegalMove { state, event }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<CopyState> {
        use CopyState as S;
        let cause = Cause::SourceGone;
        vec![
            S::Queued,
            S::Held { digests: vec![] },
            S::Stored { digests: vec![] },
            S::Published { snapshots: vec![] },
            S::Done { snapshots: vec![] },
            S::Unwinding { cause: cause.clone() },
            S::Ended { cause },
        ]
    }

    fn events() -> Vec<CopyEvent> {
        use CopyEvent as E;
        vec![
            E::Held(vec![]),
            E::Complete(vec![]),
            E::Published(vec![]),
            E::Released,
            E::GiveUp(Cause::Cancelled),
            E::Unwound,
        ]
    }

    #[test]
    fn exactly_these_moves_are_legal() {
        let mut legal = Vec::new();
        for state in states() {
            for event in events() {
                let from = state.name();
                if let Ok(next) = state.clone().after(event) {
                    legal.push(format!("{from} -> {}", next.name()));
                }
            }
        }
        let expected = [
            "queued -> held",
            "queued -> unwinding",
            "held -> stored",
            "held -> unwinding",
            "stored -> published",
            "stored -> unwinding",
            "published -> done",
            "unwinding -> ended",
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn i5_terminal_states_never_change() {
        for state in states().into_iter().filter(|state| !state.is_live()) {
            for event in events() {
                assert!(state.clone().after(event).is_err());
            }
        }
    }

    #[test]
    fn a_copy_can_be_cancelled_exactly_while_giving_up_is_legal() {
        for state in states() {
            let legal = state.clone().after(CopyEvent::GiveUp(Cause::Cancelled)).is_ok();
            assert_eq!(state.is_cancellable(), legal, "{}", state.name());
        }
    }
}
