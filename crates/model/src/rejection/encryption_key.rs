//! Refusals about the management of encryption keys. No dialect manages those; each answers them as one kind.

use crate::encryption::{EncryptionKeyId, KeyRingKind};
use crate::ids::RegionId;

/// Understood and refused, about encryption keys themselves; what they seal is refused elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionKeyRejection {
    /// Images are sealed with the key: deleting it makes them unreadable for good.
    #[error(
        "encryption key `{key}` seals {images} images and {snapshots} snapshots, which nobody could read any more; delete them first, or say that they may be lost"
    )]
    KeyInUse {
        /// The key.
        key: EncryptionKeyId,
        /// Images sealed with it.
        images: u64,
        /// Snapshots sealed with it.
        snapshots: u64,
    },
    /// The account's default key stays.
    #[error(
        "encryption key `{key}` is the account's default here; it can be disabled, not deleted"
    )]
    KeyIsDefault {
        /// The key.
        key: EncryptionKeyId,
    },
    /// The region's keys are made and managed in another key ring.
    #[error("the encryption keys of region `{region}` are managed outside Ferry, in `{ring}`")]
    KeysElsewhere {
        /// The region.
        region: RegionId,
        /// Where.
        ring: KeyRingKind,
    },
}
