//! Everything that is understood and refused, with its values.

use crate::UnknownWord;
use crate::attributes::words;
use crate::ids::{AccessKeyId, CopyId, ImageId, InstanceId, RegionId, SnapshotId};
use crate::image::ImageStatus;
use crate::quota::QuotaKind;
use std::fmt;
use std::str::FromStr;

words!(
    /// Which of a request's values was refused.
    Field, "the names of fields",
    /// The name of an image or instance.
    Name = "name",
    /// The description.
    Description = "description",
    /// The platform.
    Platform = "platform",
    /// The caller's token.
    Token = "token",
    /// A tag's key.
    TagKey = "tag_key",
    /// A tag's value.
    TagValue = "tag_value",
    /// A disk's size.
    Size = "size_bytes",
    /// The list of target regions.
    Targets = "targets",
    /// The list of disks.
    Disks = "disks",
    /// A disk's digest.
    Digest = "digest",
);

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldRefusal {
    /// Too short or too long.
    #[error("it has {length} characters, not {min} to {max}")]
    Length {
        /// What was given.
        length: usize,
        /// The least.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A character that is not allowed.
    #[error("the character {character:?} is not allowed")]
    Character {
        /// The first such character.
        character: char,
    },
    /// It must begin with a letter.
    #[error("it does not begin with a letter")]
    FirstNotLetter,
    /// It begins with `http://` or `https://`.
    #[error("it begins with `http://` or `https://`")]
    StartsWithUrl,
    /// The same value twice.
    #[error("it is given twice")]
    Twice,
    /// No value where one is needed.
    #[error("it is empty")]
    Empty,
    /// A size that is not a positive multiple of 512.
    #[error("`{bytes}` bytes is not a positive multiple of 512")]
    NotSectors {
        /// What was given, in bytes.
        bytes: u64,
    },
    /// Above a limit.
    #[error("`{value}` is above the limit of `{limit}`")]
    TooLarge {
        /// What was given.
        value: u64,
        /// The most.
        limit: u64,
    },
    /// The disk whose digest was given is not wholly in the region's store.
    #[error("`{missing}` chunks of the disk it names have not been sent")]
    Incomplete {
        /// How many chunks the region lacks.
        missing: u64,
    },
    /// What was sent is not the tree of a disk of the stated size.
    #[error("it does not name a disk of the stated size")]
    NotATree,
}

/// Understood and refused. Typed values, no strings: each dialect answers every variant in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
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
    /// No such access key of this account.
    #[error("access key `{key}` does not exist")]
    KeyNotFound {
        /// What was asked for.
        key: AccessKeyId,
    },
    /// An account has at most two access keys.
    #[error("the account has {limit} access keys already; delete one first")]
    TooManyKeys {
        /// The most.
        limit: usize,
    },
    /// The last access key cannot be deleted.
    #[error("access key `{key}` is the account's last; create another first")]
    LastKey {
        /// The key.
        key: AccessKeyId,
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
}

impl Rejection {
    /// The refusal of one value.
    pub fn field(field: Field, refusal: FieldRefusal) -> Self {
        Rejection::InvalidField { field, refusal }
    }
}
