//! Why an image is refused or cannot be read. Every refusal has a published code.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::detect::Signature;
use crate::format::{Declared, Format};

/// A name found inside an image: bytes from outside, shown but never opened.
///
/// Control characters are escaped and the text is cut to 256 characters, so it may go into a message or a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedInside(String);

impl NamedInside {
    const MAX_CHARS: usize = 256;

    pub(crate) fn new(bytes: &[u8]) -> NamedInside {
        let text = String::from_utf8_lossy(bytes);
        let shown = text.chars().take(Self::MAX_CHARS).flat_map(char::escape_debug);
        NamedInside(shown.collect())
    }

    /// The escaped text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NamedInside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a file was not accepted as an image.
#[derive(Debug, Error)]
pub enum OpenError {
    /// qcow2 whose guest data lies in a second file (`bad-01`).
    #[error(
        "qcow2 image keeps its data in another file (`{name}`), which is never opened; convert it to one file with `qemu-img convert`"
    )]
    ExternalData {
        /// The file's name if the header gives one, else empty.
        name: NamedInside,
    },
    /// qcow2 that is an overlay of another image (`bad-02`).
    #[error(
        "qcow2 image is an overlay of `{name}`, which is never opened; flatten it with `qemu-img convert`"
    )]
    BackingFile {
        /// The backing file as the header names it.
        name: NamedInside,
    },
    /// vmdk whose data lies in other files (`bad-11`).
    #[error(
        "vmdk image keeps its data in another file (`{name}`), which is never opened; convert it to one file of subformat `monolithicSparse` or `streamOptimized`"
    )]
    ExtentPath {
        /// The extent's name, or the create type where no extent is named.
        name: NamedInside,
    },
    /// vhd or vmdk that holds only the difference to a parent (`bad-11`, `bad-12`).
    #[error(
        "{format} image holds only the difference to its parent (`{name}`), which is never opened; merge it into its parent first"
    )]
    Parent {
        /// Format of the child.
        format: Format,
        /// The parent as the child names it.
        name: NamedInside,
    },
    /// A sound image or container that this crate does not read (`bad-03`, `bad-15`).
    #[error(
        "image is not supported: {0}; convert it to qcow2 or raw with the tool that belongs to it"
    )]
    Unsupported(Unsupported),
    /// The bytes contradict the format's rules.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The virtual size is no positive multiple of a sector (`bad-09`).
    #[error("disk size of `{size_bytes}` bytes is not a positive multiple of 512")]
    InvalidSize {
        /// Virtual size, in bytes.
        size_bytes: u64,
    },
    /// The virtual size is above the limit (`bad-09`).
    #[error("disk size of `{size_bytes}` bytes is above the limit of `{limit_bytes}`")]
    TooLarge {
        /// Virtual size, in bytes.
        size_bytes: u64,
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// The content shows two formats at once (`bad-17`).
    #[error(
        "content is both {first} and {second}; convert it with a tool that is told which one is meant"
    )]
    Ambiguous {
        /// What one part of the file shows.
        first: Signature,
        /// What another part of the file shows.
        second: Signature,
    },
    /// The content shows another format than the declared one (`bad-18`, `bad-20`).
    #[error(
        "image is declared `{declared}` but its content is `{detected}`; declare `{detected}` or `auto`"
    )]
    Mismatch {
        /// What the caller said.
        declared: Declared,
        /// What the content shows.
        detected: Format,
    },
    /// The file could not be opened or is not a regular file.
    #[error("failed to open image file")]
    Open(#[source] io::Error),
    /// The file could not be read.
    #[error("failed to read image metadata")]
    Read(#[source] ReadError),
}

impl OpenError {
    /// The published code of the refusal, stable; `ImageUnreadable` when the file itself failed.
    pub fn code(&self) -> &'static str {
        match self {
            OpenError::ExternalData { .. } => "UnsafeImage.ExternalData",
            OpenError::BackingFile { .. } => "UnsafeImage.BackingFile",
            OpenError::ExtentPath { .. } => "UnsafeImage.ExtentPath",
            OpenError::Parent { .. } => "UnsafeImage.Parent",
            OpenError::Unsupported(_) => "UnsupportedImage",
            OpenError::Malformed(_) => "MalformedImage",
            OpenError::InvalidSize { .. } => "InvalidImageSize",
            OpenError::TooLarge { .. } => "ImageTooLarge",
            OpenError::Ambiguous { .. } => "AmbiguousFormat",
            OpenError::Mismatch { .. } => "FormatMismatch",
            OpenError::Open(_) => "ImageUnreadable",
            OpenError::Read(error) => error.code(),
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> OpenError {
        match error {
            ReadError::Malformed(malformed) => OpenError::Malformed(malformed),
            ReadError::Io { .. } | ReadError::Changed => OpenError::Read(error),
        }
    }
}

/// What is recognised but not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// Another container, by its signature.
    #[error("content is {0}")]
    Container(Signature),
    /// qcow2 header version other than 2 and 3.
    #[error("qcow2 version is `{0}`, read are `2` and `3`")]
    Qcow2Version(u32),
    /// qcow2 incompatible feature bits without a meaning here.
    #[error("qcow2 incompatible feature bits `{0:#x}` are unknown")]
    Qcow2Features(u64),
    /// qcow2 encrypted by this method (1 AES, 2 LUKS).
    #[error("qcow2 image is encrypted (method `{0}`)")]
    Qcow2Encryption(u32),
    /// qcow2 compression type other than zlib (0) and zstd (1).
    #[error("qcow2 compression type is `{0}`, read are `0` (zlib) and `1` (zstd)")]
    Qcow2Compression(u8),
    /// vmdk sparse header version.
    #[error("vmdk version is `{0}`, read are `1` to `3`")]
    VmdkVersion(u32),
    /// vmdk flag bits without a meaning here, or compression without markers.
    #[error("vmdk flags `{0:#x}` are not known together")]
    VmdkFlags(u32),
    /// vmdk compression other than none (0) and deflate (1).
    #[error("vmdk compression algorithm is `{0}`, read is `1` (deflate)")]
    VmdkCompression(u16),
    /// vhd footer version.
    #[error("vhd version is `{0:#x}`, read is `0x10000`")]
    VhdVersion(u32),
    /// vhd disk type other than fixed (2) and dynamic (3).
    #[error("vhd disk type is `{0}`, read are `2` (fixed) and `3` (dynamic)")]
    VhdType(u32),
}

/// An image whose bytes contradict its format's rules.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "malformed {format} image: {problem}; check it with the tool that made it, or upload it again"
)]
pub struct Malformed {
    /// The format whose rule is broken.
    pub format: Format,
    /// The broken rule.
    pub problem: Problem,
}

/// One broken rule, with the values that break it. `field` is the name in the format's specification.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// A field holds a value that its rule does not allow.
    #[error("`{field}` is `{value}`, {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: u64,
        /// What is wrong with that.
        rule: &'static str,
    },
    /// A count or a size is above its limit.
    #[error("`{field}` is `{value}`, above the limit of `{limit}`")]
    Limit {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: u64,
        /// The largest value accepted.
        limit: u64,
    },
    /// A structure does not lie inside the file.
    #[error(
        "`{field}` at offset `{offset}` with `{length}` bytes ends beyond the file's `{file_bytes}` bytes"
    )]
    OutsideFile {
        /// The structure.
        field: &'static str,
        /// Where it begins, in bytes.
        offset: u64,
        /// Its length, in bytes.
        length: u64,
        /// The file's length, in bytes.
        file_bytes: u64,
    },
    /// A structure begins where none may.
    #[error("`{field}` is at offset `{offset}`, not a multiple of `{alignment}`")]
    Misaligned {
        /// The structure.
        field: &'static str,
        /// Where it begins, in bytes.
        offset: u64,
        /// What the offset must be a multiple of, in bytes.
        alignment: u64,
    },
    /// Two structures, or two parts of the disk, claim the same bytes of the file.
    #[error("`{field}` at offset `{offset}` overlaps another structure of the image")]
    Overlap {
        /// The structure found second.
        field: &'static str,
        /// Where it begins, in bytes.
        offset: u64,
    },
    /// A checksum does not match.
    #[error("checksum of `{field}` is `{stored:#x}`, its bytes give `{computed:#x}`")]
    Checksum {
        /// The structure.
        field: &'static str,
        /// The checksum in the file.
        stored: u64,
        /// The checksum of the bytes.
        computed: u64,
    },
    /// Two places that must agree do not.
    #[error("`{field}` is `{first}` in one place and `{second}` in another")]
    Contradiction {
        /// The field.
        field: &'static str,
        /// One value.
        first: u64,
        /// The other.
        second: u64,
    },
    /// Something that must be there is not.
    #[error("`{field}` is missing")]
    Missing {
        /// The structure.
        field: &'static str,
    },
    /// Compressed data that does not decompress to what it stands for.
    #[error("compressed data at offset `{offset}` does not decompress to `{wanted}` bytes")]
    Undecodable {
        /// Where the compressed data begins in the file, in bytes.
        offset: u64,
        /// How many bytes it stands for.
        wanted: u64,
    },
}

impl Problem {
    /// The problem as one of an image of `format`.
    pub(crate) fn of(self, format: Format) -> Malformed {
        Malformed { format, problem: self }
    }
}

/// Why bytes of an opened image could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file's own reading failed.
    #[error("failed to read `{length}` bytes at offset `{offset}` of the image file")]
    Io {
        /// Where reading began, in bytes of the file.
        offset: u64,
        /// How much was wanted, in bytes.
        length: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes contradict the format's rules; found only now, for instance in compressed data.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The file was cut or written to since it was opened (`bad-22`).
    #[error("image file changed while it was being read")]
    Changed,
}

impl ReadError {
    /// The published code, stable.
    pub fn code(&self) -> &'static str {
        match self {
            ReadError::Io { .. } => "ImageUnreadable",
            ReadError::Malformed(_) => "MalformedImage",
            ReadError::Changed => "ImageChanged",
        }
    }
}

/// Why an image could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The size is no positive multiple of a sector or above [`MAX_DISK_BYTES`](crate::MAX_DISK_BYTES).
    #[error(
        "cannot write a disk of `{size_bytes}` bytes: not a positive multiple of 512, or above `{limit_bytes}`"
    )]
    Size {
        /// Size asked for, in bytes.
        size_bytes: u64,
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// A write beyond the end of the disk.
    #[error("write of `{length}` bytes at `{offset}` ends beyond the disk's `{size_bytes}` bytes")]
    OutOfRange {
        /// Where the write begins, in bytes of the disk.
        offset: u64,
        /// Its length, in bytes.
        length: u64,
        /// The disk's size, in bytes.
        size_bytes: u64,
    },
    /// The path has no file name or no folder.
    #[error("target path `{path}` does not name a file")]
    Path {
        /// The path as given.
        path: std::path::PathBuf,
    },
    /// The system failed.
    #[error("failed to {operation} the target file")]
    Io {
        /// What was being done: `create`, `write`, `sync`, `rename`.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
