//! Small secrets at rest: AES-256-GCM under a key, bound to their place, so that none can be put in another's stead
//! (`docs/formats.md` 7 and 10).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::refused::RegionFault;

const VERSION: u8 = 1;

/// Thirty-two secret bytes, wiped when they are dropped.
pub(crate) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    pub(crate) fn zero() -> Self {
        Secret(Zeroizing::new([0; 32]))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0[..]
    }

    pub(crate) fn as_ref(&self) -> &[u8] {
        &self.0[..]
    }
}

/// What was sealed, wiped when it is dropped.
pub(crate) struct Opened(Zeroizing<Vec<u8>>);

impl Opened {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as a key.
    pub(crate) fn secret(&self) -> Result<&[u8; 32], RegionFault> {
        let wrong = RegionFault::Contradiction { what: "a sealed key has not 32 bytes" };
        self.0.as_slice().try_into().map_err(|_| wrong)
    }
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes"))
}

/// Seals bytes for one place: the version, a random nonce, the ciphertext and its tag.
pub(crate) fn seal(
    key: &[u8; 32],
    entropy: &dyn Entropy,
    place: &str,
    clear: &[u8],
) -> Result<Vec<u8>, RegionFault> {
    let mut nonce = [0; 12];
    entropy.fill(&mut nonce)?;
    let mut sealed = clear.to_vec();
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut sealed,
        )
        .expect("a small secret is far below the cipher's limit");
    Ok([&[VERSION][..], &nonce, &sealed].concat())
}

/// What was sealed for this place under this key; none for anything else.
pub(crate) fn open(key: &[u8; 32], place: &str, sealed: &[u8]) -> Option<Opened> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, body) = rest.split_first_chunk::<12>()?;
    if *version != VERSION {
        return None;
    }
    let mut body = Zeroizing::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length =
        cipher(key).open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).ok()?.len();
    body.truncate(length);
    Some(Opened(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    /// Sealed secrets, version 1 (`docs/formats.md` 7).
    #[test]
    fn what_is_sealed_opens_in_its_own_place_alone_and_shows_nothing() {
        let clear = b"forty characters of a secret access key!";
        let sealed = seal(&[7; 32], &SystemEntropy, "here", clear).unwrap();
        assert_eq!(open(&[7; 32], "here", &sealed).unwrap().bytes(), clear);
        assert!(!sealed.windows(8).any(|part| clear.windows(8).any(|clear| clear == part)));
        assert!(open(&[7; 32], "there", &sealed).is_none());
        assert!(open(&[8; 32], "here", &sealed).is_none());
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert!(open(&[7; 32], "here", &bent).is_none(), "byte {place}");
        }
        for short in 0..sealed.len() {
            assert!(open(&[7; 32], "here", &sealed[..short]).is_none(), "{short} bytes");
        }
    }
}
