//! Values that break a rule of their kind: which, and how.

use crate::UnknownWord;
use crate::attributes::words;
use crate::local_file::FileProblem;
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
    /// Why a ticket asks, or how it was answered.
    Why = "why",
    /// Until when an approval counts.
    Until = "until",
    /// The day from which a rate counts.
    From = "from",
    /// A price.
    Price = "price",
    /// The days before a key is deleted.
    Days = "days",
    /// The file of a local image.
    File = "file",
    /// The images of a request.
    Images = "images",
    /// The name of an account.
    Account = "account",
    /// The name of a user.
    User = "user",
    /// The snapshots of a request.
    Snapshots = "snapshots",
    /// The name of a bucket.
    Bucket = "bucket",
    /// The name of an object in a bucket.
    Object = "object",
    /// What the names of exported objects begin with.
    Prefix = "prefix",
    /// The format of a disk image file.
    Format = "format",
    /// The family of an image.
    Family = "family",
    /// What a door keeps of an image.
    Particulars = "particulars",
    /// How many instances are to be made.
    Count = "count",
    /// The limit of a link, in bytes a second.
    LimitBytesPerSec = "limit_bytes_per_sec",
    /// The copies over a link that run at once.
    CopiesAtOnce = "copies_at_once",
    /// The weekly windows of a link.
    Schedule = "schedule",
    /// How long a copy may take.
    Deadline = "deadline",
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
    /// Outside of a range.
    #[error("`{value}` is not within {min} to {max}")]
    OutOfRange {
        /// What was given.
        value: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A day or an instant before the earliest that is allowed.
    #[error("the earliest is `{earliest}`")]
    TooSoon {
        /// The earliest.
        earliest: crate::time::Timestamp,
    },
    /// The disk whose digest was given is not wholly in the region's store.
    #[error("`{missing}` chunks of the disk it names have not been sent")]
    Incomplete {
        /// How many chunks the region lacks.
        missing: u64,
    },
    /// The region has no folder of local images.
    #[error("this region has no folder of local images; its operator sets `local_images`")]
    NoFolder,
    /// There is no such file among the account's local images, or it is no regular file.
    #[error("there is no such file in the account's folder of local images")]
    NoSuchFile,
    /// The file is no disk image that can be used.
    #[error("the file is refused ({problem})")]
    NotAnImage {
        /// Why.
        problem: FileProblem,
    },
    /// What was sent is not the tree of a disk of the stated size.
    #[error("it does not name a disk of the stated size")]
    NotATree,
}
