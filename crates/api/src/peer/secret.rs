//! The secret that regions of one deployment share.

use std::fmt;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use store::IdKey;
use zeroize::Zeroizing;

/// What a wrapped id key is bound to.
const ID_KEY: &[u8] = b"ferry peer id key 1";

/// Shortest secret, in characters: 32 of at least 16 kinds are 128 bits.
const LEAST: usize = 32;
/// Longest secret, in characters.
const MOST: usize = 256;

/// What regions show each other. Compared in constant time, never printed.
#[derive(Clone)]
pub struct PeerSecret {
    header: HeaderValue,
    key: hmac::Key,
    tag: hmac::Tag,
}

/// A text that is no shared secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the peers' shared secret must have {LEAST} to {MOST} characters of printable ASCII without blanks"
)]
pub struct WeakSecret;

impl PeerSecret {
    /// Checks a secret.
    ///
    /// # Errors
    /// When it is too short, too long, or cannot stand in a header.
    pub fn new(text: &str) -> Result<Self, WeakSecret> {
        if !(LEAST..=MOST).contains(&text.len())
            || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(WeakSecret);
        }
        let mut header =
            HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| WeakSecret)?;
        header.set_sensitive(true);
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"ferry peers");
        let tag = hmac::sign(&key, header.as_bytes());
        Ok(PeerSecret { header, key, tag })
    }

    /// Seals an account's id key for another region of the deployment, so that no log or proxy between reads it.
    pub(crate) fn wrap_id_key(&self, id_key: &IdKey) -> String {
        let mut nonce = [0; NONCE_LEN];
        // Without random bytes there is no region either: its ids are made of them.
        SystemRandom::new().fill(&mut nonce).expect("the system gives random bytes");
        let mut sealed = id_key.bytes().to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(ID_KEY),
                &mut sealed,
            )
            .expect("32 bytes are far below the cipher's limit");
        STANDARD.encode([&nonce[..], &sealed].concat())
    }

    /// The id key that another region sealed; none for anything else.
    pub(crate) fn unwrap_id_key(&self, wrapped: &str) -> Option<IdKey> {
        let bytes = STANDARD.decode(wrapped).ok()?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let clear = self.cipher().open_in_place(nonce, Aad::from(ID_KEY), &mut body).ok()?;
        Some(IdKey::new((&*clear).try_into().ok()?))
    }

    fn cipher(&self) -> LessSafeKey {
        let key = blake3::derive_key("ferry peer id key 1", self.header.as_bytes());
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("the key has 32 bytes"))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// Whether a header shows this secret, in a time that does not depend on where it differs.
    pub(crate) fn is_shown_by(&self, header: Option<&HeaderValue>) -> bool {
        let shown = header.map_or(&b""[..], HeaderValue::as_bytes);
        hmac::verify(&self.key, shown, self.tag.as_ref()).is_ok()
    }
}

impl fmt::Debug for PeerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_the_very_secret_opens() {
        let secret = PeerSecret::new(TEXT).unwrap();
        assert!(secret.is_shown_by(Some(secret.header())));
        assert!(!secret.is_shown_by(None));
        for wrong in [
            "",
            TEXT,
            "Bearer ",
            &format!("Bearer {TEXT}x"),
            &format!("bearer {TEXT}"),
            "Bearer 1123",
        ] {
            assert!(!secret.is_shown_by(Some(&HeaderValue::from_str(wrong).unwrap())), "{wrong}");
        }
    }

    #[test]
    fn i13_an_id_key_crosses_wrapped_and_opens_under_the_same_secret_alone() {
        let secret = PeerSecret::new(TEXT).unwrap();
        let id_key = IdKey::new([7; 32]);
        let wrapped = secret.wrap_id_key(&id_key);
        assert_eq!(secret.unwrap_id_key(&wrapped), Some(id_key));
        assert!(!STANDARD.decode(&wrapped).unwrap().windows(4).any(|part| part == [7; 4]));
        let other = PeerSecret::new(&TEXT.replace('0', "1")).unwrap();
        assert_eq!(other.unwrap_id_key(&wrapped), None);
        for wrong in ["", "!", "AAAA", &wrapped[4..]] {
            assert_eq!(secret.unwrap_id_key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn weak_secrets_are_refused_and_none_is_printed() {
        for wrong in [
            "",
            "short",
            &"a".repeat(257),
            &format!("{TEXT} "),
            &format!("{TEXT}é"),
            &format!("{TEXT}\n"),
        ] {
            assert!(PeerSecret::new(wrong).is_err(), "{wrong}");
        }
        assert!(!format!("{:?}", PeerSecret::new(TEXT).unwrap()).contains("0123"));
    }
}
