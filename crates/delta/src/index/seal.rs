//! The check behind each block: a sum, or the tag of what was encrypted.

use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::IndexError;
use crate::IndexKey;

/// The number under which the header is checked: no block has it.
const HEADER_BLOCK: u64 = u64::MAX;
pub(super) const SALT_BYTES: usize = 32;
pub(super) const HEADER_CHECK_BYTES: usize = 16;

/// How the blocks of one file are checked.
#[derive(Clone)]
pub(super) enum Seal {
    Plain,
    Sealed(Arc<LessSafeKey>),
}

impl Seal {
    /// Of the index of one disk. With a key, `salt` must be new for each file: nonces are numbers of blocks.
    pub(super) fn of_index(
        key: Option<&IndexKey>,
        salt: &[u8; SALT_BYTES],
        root: &[u8; 32],
    ) -> Seal {
        let Some(key) = key else { return Seal::Plain };
        Seal::keyed(&key.derive("ferry page index seal 1", &[&salt[..], &root[..]].concat())[..])
    }

    /// Of what is spilled while an index is made: a key that nobody else ever knows, where the index is sealed.
    pub(super) fn of_spill(index: &Seal) -> Result<Seal, IndexError> {
        match index {
            Seal::Plain => Ok(Seal::Plain),
            Seal::Sealed(_) => Ok(Seal::keyed(&random()?)),
        }
    }

    fn keyed(key: &[u8]) -> Seal {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes");
        Seal::Sealed(Arc::new(LessSafeKey::new(key)))
    }

    pub(super) fn check_bytes(&self) -> usize {
        match self {
            Seal::Plain => 8,
            Seal::Sealed(_) => AES_256_GCM.tag_len(),
        }
    }

    /// Appends the check, having encrypted the block where it is sealed.
    pub(super) fn close(&self, number: u64, block: &mut Vec<u8>) {
        match self {
            Seal::Plain => block.extend(xxh3_64_with_seed(block, number).to_le_bytes()),
            Seal::Sealed(key) => key
                .seal_in_place_append_tag(nonce(number), Aad::empty(), block)
                .expect("a block is short"),
        }
    }

    /// Takes the check off, and what encrypts the block; `false` when the block is not what was written there.
    pub(super) fn open(&self, number: u64, block: &mut Vec<u8>) -> bool {
        let Some(plain_bytes) = block.len().checked_sub(self.check_bytes()) else { return false };
        let good = match self {
            Seal::Plain => {
                let (plain, check) = block.split_at(plain_bytes);
                check == xxh3_64_with_seed(plain, number).to_le_bytes()
            }
            Seal::Sealed(key) => key.open_in_place(nonce(number), Aad::empty(), block).is_ok(),
        };
        block.truncate(plain_bytes);
        good
    }

    /// The check of the header's other bytes.
    pub(super) fn header_check(&self, header: &[u8]) -> [u8; HEADER_CHECK_BYTES] {
        let mut check = [0; HEADER_CHECK_BYTES];
        match self {
            Seal::Plain => {
                let sum = xxh3_64_with_seed(header, HEADER_BLOCK);
                check[..8].copy_from_slice(&sum.to_le_bytes());
            }
            Seal::Sealed(key) => {
                let tag = key
                    .seal_in_place_separate_tag(nonce(HEADER_BLOCK), Aad::from(header), &mut [])
                    .expect("nothing is short");
                check.copy_from_slice(tag.as_ref());
            }
        }
        check
    }
}

/// Bytes that nobody can guess.
pub(super) fn random() -> Result<[u8; SALT_BYTES], IndexError> {
    let mut bytes = [0; SALT_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| IndexError::NoRandomness)?;
    Ok(bytes)
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}
