//! What a use case answers when it does not do what was asked.

use catalog::CatalogFault;
use model::{KeyState, RegionId, Rejection, Retry};
use store::StoreFault;
use transfer::TransferFault;

use crate::buckets::BucketFault;
use crate::keyring::KeyRingFault;
use crate::peer::PeerFault;

/// The world failed. Its text is for the log and never reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum RegionFault {
    /// A catalog failed.
    #[error("the catalog failed")]
    Catalog(#[from] CatalogFault),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreFault),
    /// Moving chunks failed.
    #[error("moving chunks failed")]
    Transfer(#[from] TransferFault),
    /// Another region failed or could not be reached.
    #[error("another region did not do its part")]
    Peer(#[from] PeerFault),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Entropy {
        /// How.
        source: getrandom::Error,
    },
    /// A sealed secret does not open under the master key.
    #[error("the secret of access key `{key}` does not open under this master key")]
    SealedSecret {
        /// Which key.
        key: String,
    },
    /// An encryption key is absent or not enabled: what it seals cannot be read or written just now, or ever.
    #[error("an encryption key is not usable")]
    Key {
        /// Which, and how it stands.
        rejection: Rejection,
    },
    /// A bucket's folder failed.
    #[error("a bucket failed")]
    Bucket(#[from] BucketFault),
    /// A key ring failed.
    #[error("the key ring failed")]
    KeyRing(#[from] KeyRingFault),
    /// A stored copy stands where its life cycle does not allow what its driver did.
    #[error("copy `{copy}` cannot move so")]
    IllegalMove {
        /// Which copy.
        copy: String,
        /// The move.
        source: model::IllegalMove,
    },
    /// The rows of one transaction contradict each other.
    #[error("the catalog contradicts itself: {what}")]
    Contradiction {
        /// What does not fit.
        what: &'static str,
    },
    /// Copies that were asked for together are not settled: whether all of them are promised is not known yet.
    #[error("the copies asked for with `{batch}` are not settled yet")]
    Unsettled {
        /// The first of them.
        batch: String,
    },
    /// Planted by a test at the failpoint of this name.
    #[error("failpoint `{name}`")]
    Failpoint {
        /// Which.
        name: &'static str,
    },
}

impl RegionFault {
    /// Whether the same act may succeed later.
    pub fn retry(&self) -> Retry {
        match self {
            RegionFault::Catalog(source) => source.retry(),
            RegionFault::Store(source) => from_store(source.retry()),
            RegionFault::Transfer(source) => from_store(source.retry()),
            RegionFault::Peer(source) => source.retry(),
            RegionFault::Key { rejection } => key_retry(rejection),
            RegionFault::KeyRing(source) => source.retry(),
            RegionFault::Entropy { .. }
            | RegionFault::Bucket(_)
            | RegionFault::Unsettled { .. }
            | RegionFault::Failpoint { .. } => Retry::Later,
            RegionFault::SealedSecret { .. }
            | RegionFault::IllegalMove { .. }
            | RegionFault::Contradiction { .. } => Retry::Never,
        }
    }
}

/// A key that is disabled may be enabled again; one that was deleted, or never was, stays so.
fn key_retry(rejection: &Rejection) -> Retry {
    let is_gone = matches!(
        rejection,
        Rejection::KeyUnusable { state: KeyState::Deleted, .. }
            | Rejection::EncryptionKeyNotFound { .. }
    );
    if is_gone { Retry::Never } else { Retry::Later }
}

fn from_store(retry: store::Retry) -> Retry {
    match retry {
        store::Retry::Later => Retry::Later,
        store::Retry::Never => Retry::Never,
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Understood and refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The region is served by another process.
    #[error("region `{region}` is served at `{endpoint}`")]
    Elsewhere {
        /// Which region.
        region: RegionId,
        /// The endpoint to ask.
        endpoint: String,
    },
    /// No such access key, or not its secret.
    #[error("the access key or its secret is not right")]
    Unauthorised,
    /// The request would have been done, and was only rehearsed.
    #[error("the request is good, and was only rehearsed")]
    Rehearsed,
    /// Frames that were sent are not what they claim to be.
    #[error("the frames are refused: {reason}")]
    BadFrames {
        /// What is wrong with them, with the id concerned.
        reason: String,
    },
    /// The world failed.
    #[error(transparent)]
    Fault(RegionFault),
}

impl From<RegionFault> for Refused {
    /// A key that is not usable is the caller's business, and is told so.
    fn from(fault: RegionFault) -> Self {
        match fault {
            RegionFault::Key { rejection } => Refused::Rejected(rejection),
            other => Refused::Fault(other),
        }
    }
}

macro_rules! refused_from {
    ($($fault:ty),+) => {
        $(impl From<$fault> for Refused {
            fn from(fault: $fault) -> Self {
                Refused::Fault(fault.into())
            }
        })+
    };
}
refused_from!(CatalogFault, StoreFault, PeerFault);

/// Fails here when a test says so.
macro_rules! failpoint {
    ($name:literal) => {
        fail::fail_point!($name, |_| Err(
            crate::refused::RegionFault::Failpoint { name: $name }.into()
        ))
    };
}
pub(crate) use failpoint;
