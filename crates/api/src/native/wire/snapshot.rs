//! Snapshots.

use region::SnapshotView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;

/// One disk's contents at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Its id.
    #[schema(example = "snap-abcdefghijklmnopqrst")]
    pub id: String,
    /// Where it is.
    pub region: String,
    /// The image here that uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Which disk it holds: 0 for the system disk.
    pub number: u8,
    /// `system` or `data`.
    pub role: String,
    /// The disk's virtual size in bytes.
    pub size_bytes: u64,
    /// The name of its contents.
    pub digest: String,
    /// Bytes of chunks that are not zero.
    pub held_bytes: u64,
    /// The key that it is sealed with; absent where it is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// The region it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_region: Option<String>,
    /// The image it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_image: Option<String>,
    /// The snapshot it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_snapshot: Option<String>,
    /// The copy that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// Always `available`: there are no others.
    pub status: String,
    /// When it was made.
    pub created: String,
}

impl From<SnapshotView> for Snapshot {
    fn from(view: SnapshotView) -> Self {
        let origin = view.origin.as_ref();
        Snapshot {
            id: view.id.to_string(),
            region: view.region.to_string(),
            image: view.image.map(|image| image.to_string()),
            number: view.role.number(),
            role: view.role.as_str().to_owned(),
            size_bytes: view.size.bytes(),
            digest: view.digest.to_string(),
            held_bytes: view.held_bytes,
            encryption_key: view.encryption_key.map(|key| key.to_string()),
            source_region: origin.map(|origin| origin.region.to_string()),
            source_image: origin.map(|origin| origin.image.to_string()),
            source_snapshot: origin
                .and_then(|origin| origin.snapshot.as_ref())
                .map(ToString::to_string),
            copy: origin.map(|origin| origin.copy.to_string()),
            status: "available".to_owned(),
            created: rfc3339(view.created),
        }
    }
}
