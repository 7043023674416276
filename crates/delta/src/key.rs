//! The key of an index in a sealed domain.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

/// Seeds fingerprints and features, and seals the index, of a base in a sealed domain: which of its pages are equal is
/// nobody's business. The caller derives it from the domain's id key, for this alone.
#[derive(Clone)]
pub struct IndexKey(Zeroizing<[u8; 32]>);

impl IndexKey {
    /// Of 32 bytes that nobody can guess.
    pub fn new(bytes: [u8; 32]) -> IndexKey {
        IndexKey(Zeroizing::new(bytes))
    }

    /// 32 bytes for one purpose: HMAC-SHA-256 of its name and `salt`.
    pub(crate) fn derive(&self, purpose: &str, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut context =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice()));
        context.update(purpose.as_bytes());
        context.update(salt);
        let mut derived = Zeroizing::new([0; 32]);
        derived.copy_from_slice(context.sign().as_ref());
        derived
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IndexKey(..)")
    }
}
