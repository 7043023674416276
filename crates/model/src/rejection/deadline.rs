//! Refusals of deadlines. No dialect names any; each answers them as one kind.

use crate::ids::RegionId;
use crate::time::Timestamp;
use crate::urgency::NoPromise;

/// Understood and refused: a deadline that is not promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineRejection {
    /// The link does not carry what a copy needs by its deadline, beside what is promised to others.
    #[error(
        "the copy must bring {bytes} bytes by its deadline, and the link from `{region}` has room for {room_bytes} until then beside what it has promised; the earliest deadline that can be kept is {earliest}: ask for that, or for none"
    )]
    DeadlineTooSoon {
        /// Where the link comes from.
        region: RegionId,
        /// What the copy must bring.
        bytes: u64,
        /// What the link carries for it until then.
        room_bytes: u64,
        /// When it could be there.
        earliest: Timestamp,
    },
    /// Nobody can say what the link will carry until the deadline.
    #[error(
        "no deadline can be promised over the link from `{region}`: {}; copy without one, or have an operator change the link", why.words()
    )]
    DeadlineNotPromised {
        /// Where the link comes from.
        region: RegionId,
        /// Why not.
        why: NoPromise,
    },
}
