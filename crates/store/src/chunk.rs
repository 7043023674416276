//! Chunks, their ids, and the domains that may share them.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use crate::keys::Naming;

/// Bytes of a virtual disk in one chunk (docs/formats.md, section 1).
pub const CHUNK_BYTES: usize = 65_536;

/// Names a chunk: the BLAKE3 hash of its plaintext, keyed in a sealed domain. Thirty-two zero bytes stand for a chunk of zeros only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId([u8; 32]);

impl ChunkId {
    /// The zero id: a chunk of zeros, which is never stored or sent.
    pub const ZERO: ChunkId = ChunkId([0; 32]);

    /// The id with these bytes, as read from a node, a frame or an index row.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        ChunkId(bytes)
    }

    /// The id of a plaintext in a plain domain (also of zeros: a caller tests for those first).
    pub fn of(plain: &[u8]) -> Self {
        ChunkId(*blake3::hash(plain).as_bytes())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the zero id.
    pub fn is_zero(&self) -> bool {
        *self == ChunkId::ZERO
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkId({self})")
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id of 64 hexadecimal digits")]
pub struct InvalidChunkId(String);

impl FromStr for ChunkId {
    type Err = InvalidChunkId;

    fn from_str(text: &str) -> Result<Self, InvalidChunkId> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| InvalidChunkId(text.chars().take(80).collect()))?;
        Ok(ChunkId(bytes))
    }
}

/// Number of a domain (a set of images that may share chunks) in one store's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(u64);

impl Domain {
    /// The domain with this number, as read from the index.
    pub const fn new(number: u64) -> Self {
        Domain(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Plaintext together with the id that was computed from it. Whoever holds one need not hash again.
#[derive(Clone, Debug)]
pub struct Chunk {
    id: ChunkId,
    plain: Bytes,
}

impl Chunk {
    /// Hashes the plaintext, for a plain domain.
    ///
    /// # Panics
    /// When it is empty or longer than [`CHUNK_BYTES`]: no reader of ours cuts such a piece.
    pub fn of(plain: impl Into<Bytes>) -> Self {
        Chunk::named(plain, &Naming::Plain)
    }

    /// Hashes the plaintext by this naming.
    ///
    /// # Panics
    /// As [`Chunk::of`].
    pub fn named(plain: impl Into<Bytes>, naming: &Naming) -> Self {
        let plain = plain.into();
        assert!((1..=CHUNK_BYTES).contains(&plain.len()), "a chunk has 1 to 65,536 bytes");
        Chunk { id: naming.id(&plain), plain }
    }

    /// The id.
    pub fn id(&self) -> ChunkId {
        self.id
    }

    /// The bytes.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }
}

/// Whether all bytes are zero. Such a piece of a disk is never stored.
pub fn is_zero(bytes: &[u8]) -> bool {
    let lines = bytes.chunks_exact(64);
    lines.remainder().iter().all(|byte| *byte == 0)
        && lines.into_iter().all(|line| line.iter().fold(0, |sum, byte| sum | byte) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = ChunkId::of(b"ferry");
        assert_eq!(id.to_string().parse::<ChunkId>().unwrap(), id);
        assert_eq!(id.to_string().len(), 64);
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        for text in ["", "00", "../../etc/passwd", &"g".repeat(64), &"0".repeat(65)] {
            assert!(text.parse::<ChunkId>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_bit_anywhere_makes_a_chunk_not_zero() {
        for length in [1, 63, 64, 65, 512, 1_000] {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes));
            for at in 0..length {
                bytes[at] = 1;
                assert!(!is_zero(&bytes), "{at} of {length}");
                bytes[at] = 0;
            }
        }
    }
}
