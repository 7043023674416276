//! The secret that regions of one deployment share.

use std::fmt;

use axum::http::HeaderValue;
use ring::hmac;

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
