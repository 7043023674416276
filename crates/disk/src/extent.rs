//! Where a stretch of the disk has its bytes.

/// A stretch of the disk from the offset that was asked about, all of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// How far it reaches, in bytes; never 0.
    pub(crate) length: u64,
    /// Where its bytes are.
    pub(crate) content: Content,
}

/// Where the bytes of an extent are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nowhere: all zeros.
    Zeros,
    /// In the file, as they are.
    Plain {
        /// Offset of the extent's first byte in the file.
        host: u64,
    },
    /// In the file, compressed as part of a unit.
    Packed(Packed),
}

/// A compressed unit: a qcow2 cluster or a vmdk grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Offset of the compressed bytes in the file. Tells units apart.
    pub(crate) host: u64,
    /// Offset of the unit's first byte on the disk.
    pub(crate) start: u64,
    /// How many bytes the unit stands for.
    pub(crate) length: u64,
    /// How it is compressed.
    pub(crate) packing: Packing,
}

/// How a unit is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// qcow2: raw deflate within at most `bytes`.
    Deflate {
        /// Length of the host bytes, rounded up to sectors.
        bytes: u64,
    },
    /// qcow2: one zstd frame within at most `bytes`.
    Zstd {
        /// Length of the host bytes, rounded up to sectors.
        bytes: u64,
    },
    /// vmdk: a marker with address and length, then a zlib stream.
    Grain,
}

impl Extent {
    /// Takes `next`, which begins where this one ends, into this one if they are of one kind.
    pub(crate) fn absorb(&mut self, next: &Extent) -> bool {
        let continues = match (self.content, next.content) {
            (Content::Zeros, Content::Zeros) => true,
            (Content::Plain { host }, Content::Plain { host: next_host }) => {
                host + self.length == next_host
            }
            (Content::Zeros | Content::Plain { .. } | Content::Packed(_), _) => false,
        };
        if continues {
            self.length += next.length;
        }
        continues
    }
}
