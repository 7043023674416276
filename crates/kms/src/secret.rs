//! What nobody may see: wrapped keys and the secrets of access keys. None of them is shown by `Debug`.

use std::fmt;

use zeroize::Zeroizing;

/// The longest wrapped key, in bytes: the limit of `CiphertextBlob` in the AWS KMS API reference.
pub const MAX_WRAPPED_BYTES: usize = 6144;

/// A data key as the service sealed it: what is stored. It opens under its key and with its context alone.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// A wrapped key as it was stored: 1 to [`MAX_WRAPPED_BYTES`] bytes. `None` for any other length.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=MAX_WRAPPED_BYTES).contains(&bytes.len()).then_some(WrappedKey(bytes))
    }

    /// The bytes, to be stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({} bytes)", self.0.len())
    }
}

/// A secret in words: of an access key or of a session. Wiped when it goes.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The words, for a signature.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        SecretText(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let wrapped = WrappedKey::new(vec![0xab; 100]).unwrap();
        let secret = SecretText::from("abababab".to_owned());
        let shown = format!("{wrapped:?} {secret:?}");
        assert_eq!(shown, "WrappedKey(100 bytes) SecretText(…)");
    }

    #[test]
    fn a_wrapped_key_has_a_length_that_the_service_takes() {
        for (length, legal) in [(0, false), (1, true), (6144, true), (6145, false)] {
            assert_eq!(WrappedKey::new(vec![0; length]).is_some(), legal, "{length}");
        }
    }
}
