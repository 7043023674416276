//! Encryption keys.

use region::EncryptionKeyView;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rfc3339;

/// An encryption key of the region that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EncryptionKey {
    /// Its id.
    #[schema(example = "key-abcdefghijklmnopqrst")]
    pub id: String,
    /// Where it is.
    pub region: String,
    /// `enabled`, `disabled`, `pending_deletion` or `deleted`.
    pub state: String,
    /// Whether copies are sealed with it when they name no key.
    pub is_default: bool,
    /// When it goes for good, and with it all that it seals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<String>,
    /// Versions of what it wraps with; rotating makes another.
    pub versions: u64,
    /// Images that it seals.
    pub images: u64,
    /// Snapshots that it seals.
    pub snapshots: u64,
    /// When it was made.
    pub created: String,
}

/// How a key is to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyDeletion {
    /// Days before it goes for good: 7 to 30, else 30.
    #[serde(default)]
    pub days: Option<u32>,
    /// Also when images are sealed with it, which nobody can read any more afterwards.
    #[serde(default)]
    pub lose_images: bool,
}

/// By what a snapshot's chunks are named.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Naming {
    /// The key of the hash that names the chunks of an encrypted snapshot, in base64; absent where it is plain. It opens
    /// nothing: it only tells whether a chunk is the one that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_key: Option<String>,
}

impl EncryptionKey {
    pub(crate) fn new(region: &model::RegionId, view: EncryptionKeyView) -> Self {
        EncryptionKey {
            id: view.id.to_string(),
            region: region.to_string(),
            state: view.state.to_string(),
            is_default: view.is_default,
            delete_at: view.delete_at.map(rfc3339),
            versions: view.versions,
            images: view.images,
            snapshots: view.snapshots,
            created: rfc3339(view.created),
        }
    }
}
