//! Everything that is understood and refused, with its values.

mod account;
mod deadline;
mod encryption_key;

pub use account::AccountRejection;
pub use deadline::DeadlineRejection;
pub use encryption_key::EncryptionKeyRejection;

use crate::account::{Act, Role};
use crate::encryption::{EncryptionKeyId, KeyState};
use crate::field::{Field, FieldRefusal};
use crate::ids::{CopyId, ImageId, InstanceId, RegionId, SnapshotId, TaskId, TicketId};
use crate::image::ImageStatus;
use crate::kind::ImageKind;
use crate::local_file::FileProblem;
use crate::object::{BucketName, DiskFormat, ObjectName};
use crate::quota::QuotaKind;
use crate::snapshot::SnapshotStanding;
use crate::task::TaskState;
use crate::text::{Family, Name};
use crate::ticket::{TicketNeed, TicketState};
use crate::time::Timestamp;

/// Understood and refused. Typed values, no strings: each dialect answers every variant in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Of accounts, users and access keys.
    #[error(transparent)]
    Account(#[from] AccountRejection),
    /// Of the management of encryption keys.
    #[error(transparent)]
    EncryptionKey(#[from] EncryptionKeyRejection),
    /// Of deadlines.
    #[error(transparent)]
    Deadline(#[from] DeadlineRejection),
    /// A value that breaks a rule of its kind.
    #[error("`{field}` is refused: {refusal}")]
    InvalidField {
        /// Which value.
        field: Field,
        /// What is wrong with it.
        refusal: FieldRefusal,
    },
    /// No such image in this region for this account; another account's image answers the same (I12).
    #[error("image `{image}` does not exist in region `{region}`")]
    ImageNotFound {
        /// What was asked for.
        image: ImageId,
        /// Where.
        region: RegionId,
    },
    /// No such snapshot in this region for this account.
    #[error("snapshot `{snapshot}` does not exist in region `{region}`")]
    SnapshotNotFound {
        /// What was asked for.
        snapshot: SnapshotId,
        /// Where.
        region: RegionId,
    },
    /// No such copy into this region for this account.
    #[error("copy `{copy}` does not exist in region `{region}`")]
    CopyNotFound {
        /// What was asked for.
        copy: CopyId,
        /// Where.
        region: RegionId,
    },
    /// No such instance in this region for this account.
    #[error("instance `{instance}` does not exist in region `{region}`")]
    InstanceNotFound {
        /// What was asked for.
        instance: InstanceId,
        /// Where.
        region: RegionId,
    },
    /// A region that this deployment does not have.
    #[error(
        "region `{region}` is not part of this deployment; `ferry region list` shows those that are"
    )]
    RegionUnknown {
        /// What was asked for.
        region: RegionId,
    },
    /// Source and target are the same region (R002-6).
    #[error("the image is in region `{region}` already; name another target region")]
    SameRegion {
        /// Both of them.
        region: RegionId,
    },
    /// More target regions than one request may name.
    #[error("more than {limit} target regions in one request")]
    TooManyTargets {
        /// The most.
        limit: usize,
    },
    /// More disks than an image may have.
    #[error("more than {limit} disks in one image")]
    TooManyDisks {
        /// The most, the system disk included.
        limit: usize,
    },
    /// More tags than an image may have (R004-9).
    #[error("more than {limit} tags on one image")]
    TooManyTags {
        /// The most.
        limit: usize,
    },
    /// Only available images may be copied, used or exported (R000-12, R004-1).
    #[error("image `{image}` is `{status}`, not `available`")]
    ImageNotAvailable {
        /// The image.
        image: ImageId,
        /// How it stands.
        status: ImageStatus,
    },
    /// The image has chunks that a scrub found damaged and that could not be repaired (fault 7).
    #[error(
        "image `{image}` has `{chunks}` damaged chunks; copy it back from a region that has it whole"
    )]
    ImageDegraded {
        /// The image.
        image: ImageId,
        /// How many of its chunks are set aside.
        chunks: u64,
    },
    /// The image is the target of a copy or import that still runs: cancel it instead of deleting it (R004-3, fault 22).
    #[error("image `{image}` is still being made; cancel it instead")]
    ImageBeingMade {
        /// The image.
        image: ImageId,
    },
    /// The source of a running copy cannot be deleted, not even by force (R001-6, api-14).
    #[error(
        "image `{image}` is being copied to `{target}` by `{by}`; wait for it or cancel it there"
    )]
    ImageHeld {
        /// The image.
        image: ImageId,
        /// The copy that needs it.
        by: CopyId,
        /// Where it is copied to.
        target: RegionId,
    },
    /// Instances use the image; delete with force, or release them first (R004-10).
    #[error(
        "image `{image}` is used by {instances} instances; delete it with force, or release them first"
    )]
    ImageInUse {
        /// The image.
        image: ImageId,
        /// How many instances use it.
        instances: u64,
    },
    /// An image refers to the snapshot.
    #[error("snapshot `{snapshot}` is used by image `{image}`; delete the image first")]
    SnapshotInUse {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The image.
        image: ImageId,
    },
    /// This image is being copied to this region already (R002-8).
    #[error("image `{image}` is being copied to `{target}` already, by `{by}`")]
    AlreadyCopying {
        /// The source image.
        image: ImageId,
        /// The target region.
        target: RegionId,
        /// The copy that runs.
        by: CopyId,
    },
    /// The account has no room for what is asked (R002-5, api-18).
    #[error(
        "the {kind} quota in region `{region}` has no room: {used} used and {reserved} promised of {limit}, {wanted} more wanted"
    )]
    QuotaExceeded {
        /// Which quota.
        kind: QuotaKind,
        /// Where.
        region: RegionId,
        /// How many there may be.
        limit: u64,
        /// How many there are.
        used: u64,
        /// How many are promised.
        reserved: u64,
        /// How many more were wanted.
        wanted: u64,
    },
    /// The token was used for a request with other parameters (promise 4, fault 18).
    #[error("the token was used before, for a request with other parameters; take a new one")]
    TokenReused,
    /// Cancelling an image that no copy or import makes (R000-11).
    #[error("image `{image}` was not made by a copy that can be cancelled")]
    NotBeingCopied {
        /// The image.
        image: ImageId,
    },
    /// The copy won the race: the image is available (R000-10, fault 19).
    #[error("image `{image}` is available already; delete it instead of cancelling")]
    CopyFinished {
        /// The image.
        image: ImageId,
    },
    /// The copy has ended; only one that waits between attempts can be retried at once.
    #[error("copy `{copy}` is not waiting for another attempt")]
    NothingToRetry {
        /// The copy.
        copy: CopyId,
    },
    /// The import has been finished or cancelled.
    #[error("image `{image}` takes no more chunks: its import has ended")]
    ImportEnded {
        /// The image.
        image: ImageId,
    },
    /// No such ticket of this account in this region.
    #[error("ticket `{ticket}` does not exist in region `{region}`")]
    TicketNotFound {
        /// What was asked for.
        ticket: TicketId,
        /// Where.
        region: RegionId,
    },
    /// No such encryption key of this account in this region (api-16).
    #[error("encryption key `{key}` does not exist in region `{region}`")]
    EncryptionKeyNotFound {
        /// What was asked for.
        key: EncryptionKeyId,
        /// Where.
        region: RegionId,
    },
    /// The caller's role does not allow it.
    #[error("the role `{role}` may not `{act}`")]
    NotAllowed {
        /// The caller's role.
        role: Role,
        /// What it would need to be allowed.
        act: Act,
    },
    /// Public images are not copied (R001-2).
    #[error("image `{image}` is public; only custom images can be copied")]
    PublicNotCopied {
        /// The image.
        image: ImageId,
    },
    /// Marketplace images are not copied (R001-2).
    #[error("image `{image}` is a marketplace image; only custom images can be copied")]
    MarketplaceNotCopied {
        /// The image.
        image: ImageId,
    },
    /// Shared images are not copied (R001-2).
    #[error("image `{image}` is shared with you; only its owner can copy it, and share the copy")]
    SharedNotCopied {
        /// The image.
        image: ImageId,
    },
    /// An image in a local file is not copied; convert it first (R002-4).
    #[error(
        "image `{image}` lies in a local file; convert it with `ferry image convert {image}` and copy the image that makes"
    )]
    LocalNotCopied {
        /// The image.
        image: ImageId,
    },
    /// Only images in local files are converted.
    #[error("image `{image}` rests on snapshots already; there is nothing to convert")]
    NothingToConvert {
        /// The image.
        image: ImageId,
    },
    /// The image's local file is being converted (R002-4).
    #[error("image `{image}` is being converted into `{into}`; wait for it or cancel that")]
    ImageBeingConverted {
        /// The image in the local file.
        image: ImageId,
        /// What it is converted into.
        into: ImageId,
    },
    /// An image that others own can be used, not changed (R001-8).
    #[error("image `{image}` is {kind}; it can be used, not changed")]
    ImageNotYours {
        /// The image.
        image: ImageId,
        /// As what the caller sees it.
        kind: ImageKind,
    },
    /// The image has been published; take that back first.
    #[error("image `{image}` is {kind}; take that back first")]
    ImagePublished {
        /// The image.
        image: ImageId,
        /// As what.
        kind: ImageKind,
    },
    /// The image is shared with other accounts; unshare it first.
    #[error("image `{image}` is shared with {accounts} accounts; unshare it first")]
    ImageIsShared {
        /// The image.
        image: ImageId,
        /// With how many.
        accounts: u64,
    },
    /// Encrypted images are neither shared nor published: their key is their account's alone.
    #[error(
        "image `{image}` is encrypted with a key of its account; it cannot be shared or published"
    )]
    EncryptedNotShared {
        /// The image.
        image: ImageId,
    },
    /// An image is not shared with the account that owns it.
    #[error("image `{image}` is the account's own")]
    SharedWithSelf {
        /// The image.
        image: ImageId,
    },
    /// More accounts than an image may be shared with.
    #[error("an image can be shared with at most {limit} accounts")]
    TooManyShares {
        /// The most.
        limit: usize,
    },
    /// An image of this name is there, and the profile wants names to be unique.
    #[error("the account has an image named `{name}` in region `{region}` already")]
    NameTaken {
        /// The name.
        name: Name,
        /// Where.
        region: RegionId,
    },
    /// Larger than an image may be that is copied through this door (R003-4).
    #[error("image `{image}` has `{size_bytes}` bytes; at most `{limit_bytes}` can be copied")]
    ImageTooLarge {
        /// The image.
        image: ImageId,
        /// Its virtual size, all disks together.
        size_bytes: u64,
        /// The most.
        limit_bytes: u64,
    },
    /// More images than one request may name (R002-1).
    #[error("more than {limit} images in one request")]
    TooManyImages {
        /// The most.
        limit: usize,
    },
    /// The copy needs an approval, and nobody has asked for one (R000-7, R003-2).
    #[error(
        "copying image `{image}` to `{target}` needs an approval, because {need}; open a ticket with `ferry ticket open {image} --to {target} --why …`"
    )]
    TicketNeeded {
        /// The image.
        image: ImageId,
        /// Where it was to go.
        target: RegionId,
        /// Why.
        need: TicketNeed,
    },
    /// The approval has been asked for and nobody has decided.
    #[error("ticket `{ticket}` has not been decided; an operator approves or refuses it")]
    TicketUndecided {
        /// The ticket.
        ticket: TicketId,
    },
    /// The approval was refused.
    #[error("ticket `{ticket}` was refused; `ferry ticket show {ticket}` says why")]
    TicketRefused {
        /// The ticket.
        ticket: TicketId,
    },
    /// The approval has run out.
    #[error("the approval of ticket `{ticket}` has expired at {until}; open another ticket")]
    TicketExpired {
        /// The ticket.
        ticket: TicketId,
        /// When it ran out.
        until: Timestamp,
    },
    /// The approval was used: it lets one copy run once.
    #[error("the approval of ticket `{ticket}` was used by copy `{by}`; open another ticket")]
    TicketSpent {
        /// The ticket.
        ticket: TicketId,
        /// The copy that used it.
        by: CopyId,
    },
    /// The ticket has been decided.
    #[error("ticket `{ticket}` is {state} already")]
    TicketDecided {
        /// The ticket.
        ticket: TicketId,
        /// How.
        state: TicketState,
    },
    /// An encrypted image is not made plain (api-15).
    #[error("image `{image}` is encrypted; its copy must be encrypted too")]
    NotToPlain {
        /// The image.
        image: ImageId,
    },
    /// The encryption key does not seal or open just now, or never again (api-16).
    #[error("encryption key `{key}` is {state}")]
    KeyUnusable {
        /// The key.
        key: EncryptionKeyId,
        /// How it stands.
        state: KeyState,
    },
    /// What an encrypted image holds crosses only links that are private: in one process, over TLS or over loopback.
    #[error(
        "the link from region `{region}` is not encrypted; encrypted images are copied only within one process or over loopback"
    )]
    LinkNotPrivate {
        /// The other region.
        region: RegionId,
    },
    /// No such bucket of this account in this region.
    #[error("bucket `{bucket}` does not exist in region `{region}`")]
    BucketNotFound {
        /// What was asked for.
        bucket: BucketName,
        /// Where.
        region: RegionId,
    },
    /// No such object in the bucket, or it is no regular file.
    #[error("object `{object}` does not exist in bucket `{bucket}` in region `{region}`")]
    ObjectNotFound {
        /// The bucket.
        bucket: BucketName,
        /// What was asked for.
        object: ObjectName,
        /// Where.
        region: RegionId,
    },
    /// The object is no disk image that can be imported.
    #[error("object `{object}` in bucket `{bucket}` is refused ({problem})")]
    ObjectRefused {
        /// The bucket.
        bucket: BucketName,
        /// The object.
        object: ObjectName,
        /// Why.
        problem: FileProblem,
    },
    /// A disk was declared smaller than the disk in its object.
    #[error(
        "the disk in object `{object}` has `{needed_bytes}` bytes, more than the `{declared_bytes}` declared"
    )]
    DiskTooSmall {
        /// The object.
        object: ObjectName,
        /// The size declared, in bytes.
        declared_bytes: u64,
        /// The virtual size of the disk in the object, in bytes.
        needed_bytes: u64,
    },
    /// Disk images of the format are read, not written.
    #[error("disk images are not written as `{format}`; ask for `raw`, `qcow2` or `vhd`")]
    FormatNotWritten {
        /// The format.
        format: DiskFormat,
    },
    /// No such task of this account in this region.
    #[error("task `{task}` does not exist in region `{region}`")]
    TaskNotFound {
        /// What was asked for.
        task: TaskId,
        /// Where.
        region: RegionId,
    },
    /// The task has ended; there is nothing to cancel.
    #[error("task `{task}` is `{state}` already")]
    TaskEnded {
        /// The task.
        task: TaskId,
        /// How it ended.
        state: TaskState,
    },
    /// The image is being written into a bucket.
    #[error("image `{image}` is being exported by `{by}`; wait for it or cancel that")]
    ImageBeingExported {
        /// The image.
        image: ImageId,
        /// The task that reads it.
        by: TaskId,
    },
    /// The snapshot is promised and not whole, or its copy failed.
    #[error("snapshot `{snapshot}` is `{standing}`, not `whole`")]
    SnapshotNotWhole {
        /// The snapshot.
        snapshot: SnapshotId,
        /// How it stands.
        standing: SnapshotStanding,
    },
    /// The snapshot has chunks that a scrub found damaged (fault 7).
    #[error("snapshot `{snapshot}` has `{chunks}` damaged chunks")]
    SnapshotDegraded {
        /// The snapshot.
        snapshot: SnapshotId,
        /// How many of its chunks are set aside.
        chunks: u64,
    },
    /// The snapshot is the source of a copy that runs: it stays until that has ended.
    #[error(
        "snapshot `{snapshot}` is being copied to `{target}` by `{by}`; wait for it or cancel it there"
    )]
    SnapshotHeld {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The copy that needs it.
        by: CopyId,
        /// Where it is copied to.
        target: RegionId,
    },
    /// An image's disk is as large as the snapshot that it rests on: nothing is resized.
    #[error(
        "snapshot `{snapshot}` has `{size_bytes}` bytes, and a disk that rests on it has as many, not `{wanted_bytes}`"
    )]
    SnapshotNotResized {
        /// The snapshot.
        snapshot: SnapshotId,
        /// Its size.
        size_bytes: u64,
        /// What was asked for.
        wanted_bytes: u64,
    },
    /// All disks of an image are sealed by one key, or plain.
    #[error(
        "snapshots `{first}` and `{second}` are not sealed by one key; all disks of an image are, or none is"
    )]
    SnapshotsSealedApart {
        /// One of them.
        first: SnapshotId,
        /// Another.
        second: SnapshotId,
    },
    /// Larger than what may be copied through this door.
    #[error(
        "snapshot `{snapshot}` has `{size_bytes}` bytes; at most `{limit_bytes}` can be copied"
    )]
    SnapshotTooLarge {
        /// The snapshot.
        snapshot: SnapshotId,
        /// Its virtual size.
        size_bytes: u64,
        /// The most.
        limit_bytes: u64,
    },
    /// The copy would need an approval, and those are given for images.
    #[error(
        "copying snapshot `{snapshot}` to `{target}` needs an approval, because {need}, and only an image can have one; make an image of it with `ferry image create --snapshot {snapshot}`, and copy that"
    )]
    SnapshotNeedsTicket {
        /// The snapshot.
        snapshot: SnapshotId,
        /// Where it was to go.
        target: RegionId,
        /// Why.
        need: TicketNeed,
    },
    /// An encrypted snapshot is not made plain.
    #[error("snapshot `{snapshot}` is encrypted; its copy must be encrypted too")]
    SnapshotNotToPlain {
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// Its owner advises against the image: it is used still, but neither copied, shared nor published.
    #[error(
        "image `{image}` is deprecated; take that back with `ferry image edit {image} --undeprecate` first"
    )]
    ImageDeprecated {
        /// The image.
        image: ImageId,
    },
    /// No available image of the account's own is of the family.
    #[error("the account has no available image of family `{family}` in region `{region}`")]
    FamilyEmpty {
        /// The family.
        family: Family,
        /// Where.
        region: RegionId,
    },
}

impl Rejection {
    /// The refusal of one value.
    pub fn field(field: Field, refusal: FieldRefusal) -> Self {
        Rejection::InvalidField { field, refusal }
    }
}
