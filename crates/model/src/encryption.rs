//! Encryption keys as everyone sees them. What they seal is the region's business, how they seal it the key ring's.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::ids::{AccountId, InvalidId};

/// Names an encryption key of one region: what the region's key ring calls it. 1 to 256 printable ASCII characters without
/// spaces, so that a key ring outside Ferry may use its own names (`key-…` in the embedded one, an ARN in AWS KMS).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EncryptionKeyId(String);

impl EncryptionKeyId {
    /// The longest name, in characters.
    pub const MAX: usize = 256;
    /// What every key of the embedded key ring begins with.
    pub const PREFIX: &'static str = "key-";

    /// A new id for the embedded key ring.
    pub fn from_random(random: impl FnMut() -> u8) -> Self {
        EncryptionKeyId(crate::ids::spell_lower(Self::PREFIX, random))
    }

    /// The id as it is written everywhere.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EncryptionKeyId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let legal = text.bytes().all(|byte| byte.is_ascii_graphic());
        if legal && (1..=Self::MAX).contains(&text.len()) {
            Ok(EncryptionKeyId(text.to_owned()))
        } else {
            Err(InvalidId::new(
                text,
                "the id of an encryption key (1 to 256 ASCII characters, no spaces)",
            ))
        }
    }
}

impl fmt::Display for EncryptionKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The set of images that may share chunks: one account's, and one encryption key's or none's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName {
    /// Whose images.
    pub account: AccountId,
    /// The key that seals them; none for those that are plain.
    pub key: Option<EncryptionKeyId>,
}

impl DomainName {
    /// An account's images that no key seals.
    pub fn plain(account: &AccountId) -> Self {
        DomainName { account: account.clone(), key: None }
    }

    /// An account's images that a key seals.
    pub fn sealed(account: &AccountId, key: &EncryptionKeyId) -> Self {
        DomainName { account: account.clone(), key: Some(key.clone()) }
    }
}

impl fmt::Display for DomainName {
    /// As the store's index knows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            None => write!(f, "account/{}", self.account),
            Some(key) => write!(f, "account/{}/key/{key}", self.account),
        }
    }
}

words!(
    /// How an encryption key stands.
    KeyState, "`enabled`, `disabled`, `pending_deletion`, `deleted`",
    /// It seals and opens.
    Enabled = "enabled",
    /// It does neither until it is enabled again.
    Disabled = "disabled",
    /// It does neither, and goes for good at a set time unless its deletion is cancelled.
    PendingDeletion = "pending_deletion",
    /// Gone. What it sealed cannot be read by anybody any more.
    Deleted = "deleted",
);

words!(
    /// What keeps a region's encryption keys.
    KeyRingKind, "`embedded`, `aws_kms`",
    /// The region itself.
    Embedded = "embedded",
    /// A service that speaks the wire API of AWS KMS.
    AwsKms = "aws_kms",
);

/// What a copy is to be sealed with in its target (R004-8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sealing {
    /// As the source: plain stays plain; of an encrypted source the account's default key in the target.
    #[default]
    AsSource,
    /// Not at all. Refused where the source is encrypted (api-15).
    Plain,
    /// With the account's default key in the target, made when it is first needed.
    DefaultKey,
    /// With this key of the target.
    Key(EncryptionKeyId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_are_those_of_any_key_ring() {
        let arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for good in ["key-aaaaaaaaaaaaaaaaaaaa", arn, &"k".repeat(256)] {
            assert_eq!(good.parse::<EncryptionKeyId>().unwrap().as_str(), good);
        }
        for wrong in ["", "a b", "ключ", "a\nb", &"k".repeat(257)] {
            assert!(wrong.parse::<EncryptionKeyId>().is_err(), "{wrong:?}");
        }
    }
}
