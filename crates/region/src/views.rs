//! What callers are shown.

use model::{
    AccountId, Attributes, Cause, CopyId, Description, Digest, DiskRole, DomainName,
    EncryptionKeyId, Family, ImageId, ImageKind, ImageStatus, InstanceId, Name, Origin,
    Particulars, Phase, Priority, Progress, RegionId, SizeBytes, SnapshotId, SnapshotStanding,
    Standing, Storage, Tags, TaskId, Timestamp,
};
use store::CHUNK_BYTES;

use crate::deadlines::DeadlineView;

/// One disk of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskView {
    /// Which disk.
    pub role: DiskRole,
    /// Its virtual size.
    pub size: SizeBytes,
    /// The name of its contents, once known.
    pub digest: Option<Digest>,
    /// The snapshot it rests on, once there is one.
    pub snapshot: Option<SnapshotId>,
}

/// An image that is shared with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareView {
    /// The account.
    pub account: AccountId,
    /// Since when.
    pub created: Timestamp,
}

/// An image as the caller sees it.
#[derive(Clone, Debug)]
pub struct ImageView {
    /// Its id.
    pub id: ImageId,
    /// Where it is.
    pub region: RegionId,
    /// Its name.
    pub name: Name,
    /// What it is.
    pub description: Description,
    /// How it stands.
    pub status: ImageStatus,
    /// The same with the queue before it and deprecation behind.
    pub standing: Standing,
    /// Since when its owner advises against it.
    pub deprecated: Option<Timestamp>,
    /// 100 if and only if available (R000-9).
    pub percent: u8,
    /// What the copy or conversion that makes it does just now; none for imports and once it is settled.
    pub phase: Option<Phase>,
    /// The machine it is for.
    pub attributes: Attributes,
    /// The family it is of.
    pub family: Option<Family>,
    /// What its door keeps of it.
    pub particulars: Particulars,
    /// Its tags.
    pub tags: Tags,
    /// Its disks, the system disk first.
    pub disks: Vec<DiskView>,
    /// Bytes of its disks that are not zero, as their snapshots count them; 0 while that is not known.
    pub held_bytes: u64,
    /// What it was copied from.
    pub origin: Option<Origin>,
    /// Why it could not be made, where it could not.
    pub failure: Option<Cause>,
    /// As what the caller sees it.
    pub kind: ImageKind,
    /// Where its disks lie.
    pub storage: Storage,
    /// Who owns it.
    pub owner: AccountId,
    /// The key that seals its disks; none where they are plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// Instances that use it.
    pub instances: u64,
    /// Accounts that it is shared with.
    pub shared_with: u64,
    /// Copies of it that are being made just now, wherever; none that ended.
    pub copies_leaving: u64,
    /// The oldest of them, and where it goes.
    pub held_by: Option<(CopyId, RegionId)>,
    /// What is being made of it, where it lies in a local file that is being converted.
    pub converted_into: Option<ImageId>,
    /// A task that writes it into a bucket.
    pub exported_by: Option<TaskId>,
    /// Seconds to go of the copy that makes it, by the rate of this attempt; none while unknown and where no copy runs.
    pub seconds_left: Option<u64>,
    /// When it was promised.
    pub created: Timestamp,
}

impl ImageView {
    /// Where its chunks lie.
    pub(crate) fn domain(&self) -> DomainName {
        DomainName { account: self.owner.clone(), key: self.encryption_key.clone() }
    }
}

/// A copy as its owner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyView {
    /// Its id.
    pub id: CopyId,
    /// The target region.
    pub region: RegionId,
    /// The target image; where a snapshot alone is copied, nothing that anybody sees.
    pub image: ImageId,
    /// The snapshot that it makes here, where one alone is copied.
    pub snapshot: Option<SnapshotId>,
    /// The source region.
    pub source_region: RegionId,
    /// The source image.
    pub source_image: ImageId,
    /// The stored name of its state.
    pub state: &'static str,
    /// What is being done.
    pub phase: Phase,
    /// 100 if and only if the image is available.
    pub percent: u8,
    /// Places present of those needed.
    pub progress: Progress,
    /// Disks of the image.
    pub disks: u64,
    /// Disks that are wholly here.
    pub disks_done: u64,
    /// Bytes that crossed the link for it.
    pub bytes_sent: u64,
    /// Bytes of disk that the target held already.
    pub bytes_reused: u64,
    /// Bytes a second on the link just now; none while nothing moves.
    pub bytes_per_sec: Option<u64>,
    /// Seconds to go by the rate of this attempt; none while unknown.
    pub seconds_left: Option<u64>,
    /// The key that it seals with; none where it stays plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// Its place among those that wait for their turn, 1 is next; none while its link is paused.
    pub queue_place: Option<u64>,
    /// Whether it waits because its link is paused; it goes on by itself once the link runs again.
    pub is_paused: bool,
    /// Until when a window of the link pauses it; none where nobody knows.
    pub paused_until: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// Its deadline, where it has one.
    pub deadline: Option<DeadlineView>,
    /// Whether it takes, or took, longer than the region promises (R003-5).
    pub is_late: bool,
    /// Attempts in a row without progress.
    pub attempts: u32,
    /// When the next attempt begins, where one failed.
    pub next_attempt: Option<Timestamp>,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// Why it ended without an image.
    pub failure: Option<Cause>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

impl CopyView {
    /// Bytes of disk still to go: 64 KiB for each place that is needed and not here. More never crosses the link for them but
    /// for the frames' heads; less does where chunks shrink, or turn out to be here. None while it is not known what the copy
    /// needs, and once it has ended without an image.
    pub fn bytes_to_go(&self) -> Option<u64> {
        match self.phase {
            Phase::Done => Some(0),
            Phase::Cancelling | Phase::Cancelled | Phase::Failed => None,
            Phase::Waiting | Phase::CopyingSnapshots | Phase::Registering => {
                let places = self.progress.needed.saturating_sub(self.progress.done);
                (self.progress.needed > 0).then(|| places.saturating_mul(CHUNK_BYTES as u64))
            }
        }
    }

    /// Bytes of disk that it needs altogether, here already or not; none while that is not known.
    pub fn bytes_needed(&self) -> Option<u64> {
        let places = self.progress.needed;
        (places > 0).then(|| places.saturating_mul(CHUNK_BYTES as u64))
    }

    /// Whether nothing more will change but, for a moment, the release of the source.
    pub fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Done | Phase::Cancelled | Phase::Failed)
    }
}

/// A snapshot as its owner sees it.
#[derive(Clone, Debug)]
pub struct SnapshotView {
    /// Its id.
    pub id: SnapshotId,
    /// Where it is.
    pub region: RegionId,
    /// What it is called; may be empty.
    pub name: String,
    /// What it is.
    pub description: Description,
    /// Its tags.
    pub tags: Tags,
    /// How it stands.
    pub standing: SnapshotStanding,
    /// 100 if and only if whole.
    pub percent: u8,
    /// The images here that rest on it, the oldest first.
    pub images: Vec<ImageId>,
    /// The oldest copy that reads it alone, and where that goes; none that reads it as an image's disk.
    pub held_by: Option<(CopyId, RegionId)>,
    /// Which disk it was made for.
    pub role: DiskRole,
    /// The disk's virtual size.
    pub size: SizeBytes,
    /// The name of its contents, once they are here.
    pub digest: Option<Digest>,
    /// Bytes of chunks that are not zero.
    pub held_bytes: u64,
    /// The key that seals it; none where it is plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// What it was copied from.
    pub origin: Option<Origin>,
    /// Why its copy failed, where it did.
    pub failure: Option<Cause>,
    /// When it was made, or promised.
    pub created: Timestamp,
}

/// An instance as its owner sees it.
#[derive(Clone, Debug)]
pub struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// Where it is.
    pub region: RegionId,
    /// Its name.
    pub name: Name,
    /// The image its system disk was made from.
    pub image: ImageId,
    /// Its tags.
    pub tags: Tags,
    /// When it was registered.
    pub created: Timestamp,
}

/// What a verification found.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Disks read.
    pub disks: u64,
    /// Chunks read and hashed; each once a disk.
    pub chunks: u64,
    /// Bytes they hold.
    pub bytes: u64,
    /// Chunks that are missing or do not hash to their id; 0 is a whole image.
    pub damaged: u64,
}
