//! Keys of sealed domains. They live in memory alone: no file, log or debug text has them.

use std::fmt;
use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use crate::chunk::ChunkId;

/// What both keys are: shared by clones, wiped when the last of them goes.
#[derive(Clone)]
struct Secret(Arc<Zeroizing<[u8; 32]>>);

impl Secret {
    fn new(mut bytes: [u8; 32]) -> Self {
        let secret = Secret(Arc::new(Zeroizing::new(bytes)));
        bytes.zeroize();
        secret
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever they differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0.iter()).fold(0, |sum, (one, two)| sum | (one ^ two)) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Names the chunks of sealed domains: 32 bytes, one for an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdKey(Secret);

impl IdKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        IdKey(Secret::new(bytes))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

/// Seals the frames of one domain: 32 bytes, for AES-256-GCM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataKey(Secret);

impl DataKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        DataKey(Secret::new(bytes))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

/// What opens a sealed domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainKeys {
    /// Names its chunks.
    pub id_key: IdKey,
    /// Seals their frames.
    pub data_key: DataKey,
}

/// How ids are made from plaintext (docs/formats.md, section 1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Naming {
    /// By the plaintext alone.
    Plain,
    /// With an id key.
    Keyed(IdKey),
}

impl Naming {
    /// The id of a plaintext (also of zeros: a caller tests for those first).
    pub fn id(&self, plain: &[u8]) -> ChunkId {
        match self {
            Naming::Plain => ChunkId::of(plain),
            Naming::Keyed(key) => {
                ChunkId::from_bytes(*blake3::keyed_hash(key.bytes(), plain).as_bytes())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_nothing_of_itself() {
        let keys =
            DomainKeys { id_key: IdKey::new([0xab; 32]), data_key: DataKey::new([0xcd; 32]) };
        let shown = format!("{keys:?} {:?}", Naming::Keyed(keys.id_key.clone()));
        for digits in ["ab", "cd", "171", "205"] {
            assert!(!shown.contains(digits), "{shown}");
        }
    }

    #[test]
    fn keys_are_equal_only_when_all_their_bytes_are() {
        let key = IdKey::new([7; 32]);
        assert_eq!(key, IdKey::new([7; 32]));
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] ^= 1;
            assert_ne!(key, IdKey::new(other));
        }
    }
}
