//! Packs: append-only files or objects of frames, and where in them a frame lies.

use std::fmt;

use crate::chunk::Domain;

/// A pack takes no further frame once it is at least this long: 64 MiB.
pub const PACK_BYTES: u64 = 64 << 20;
/// Length of a pack's header.
pub const PACK_HEADER_BYTES: usize = 32;
const MAGIC: &[u8; 8] = b"FERRYPK1";

/// Number of a pack: 63 random bits, never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackNumber(u64);

impl PackNumber {
    /// The pack with this number, as read from the index or a file's name.
    pub const fn new(number: u64) -> Self {
        PackNumber(number)
    }

    /// A number that no pack has had.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        getrandom::u64().map(|bits| PackNumber(bits >> 1))
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PackNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for PackNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackNumber({self})")
    }
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The pack.
    pub pack: PackNumber,
    /// Offset of the frame's header in bytes.
    pub offset: u64,
    /// The whole frame's length in bytes, its header included.
    pub length: u32,
}

impl Place {
    /// Offset of the byte behind the frame.
    pub fn end(&self) -> u64 {
        self.offset + u64::from(self.length)
    }
}

/// The first 32 bytes of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackHeader {
    /// Number of the pack.
    pub number: PackNumber,
    /// The domain that all its frames belong to.
    pub domain: Domain,
}

impl PackHeader {
    /// The header's bytes.
    pub fn encode(&self) -> [u8; PACK_HEADER_BYTES] {
        let mut bytes = [0; PACK_HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.number.number().to_le_bytes());
        bytes[16..24].copy_from_slice(&self.domain.number().to_le_bytes());
        bytes
    }

    /// Reads a header; `None` when it is none of version 1.
    pub fn decode(bytes: &[u8; PACK_HEADER_BYTES]) -> Option<Self> {
        let word = |at: usize| {
            u64::from_le_bytes(bytes[at..at + 8].try_into().expect("the slice has eight bytes"))
        };
        let known = &bytes[..8] == MAGIC && word(24) == 0;
        known.then(|| PackHeader { number: PackNumber(word(8)), domain: Domain::new(word(16)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_another_version_does_not() {
        let header = PackHeader { number: PackNumber::new(77), domain: Domain::new(3) };
        let mut bytes = header.encode();
        assert_eq!(PackHeader::decode(&bytes), Some(header));
        bytes[7] = b'2';
        assert_eq!(PackHeader::decode(&bytes), None);
    }
}
