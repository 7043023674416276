//! Which keys of the service are for which account.

use model::{AccountId, EncryptionKeyId};

use crate::fault::KmsFault;

/// The keys that each account may use. The service knows nothing of our accounts: this list is the wall between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsKeys {
    keys: Vec<(AccountId, EncryptionKeyId)>,
}

impl AwsKeys {
    /// From the configuration, in its order: the first key of an account is its default.
    pub fn new(keys: Vec<(AccountId, EncryptionKeyId)>) -> Self {
        AwsKeys { keys }
    }

    /// The keys of an account.
    pub fn of(&self, account: &AccountId) -> impl Iterator<Item = &EncryptionKeyId> {
        self.keys.iter().filter(move |(owner, _)| owner == account).map(|(_, key)| key)
    }

    /// Refuses a key that is not listed for the account, exactly as one that does not exist (promise 10).
    pub fn check(&self, account: &AccountId, key: &EncryptionKeyId) -> Result<(), KmsFault> {
        if self.of(account).any(|known| known == key) {
            return Ok(());
        }
        Err(KmsFault::NotFound { key: key.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_account_is_absent() {
        let account = |byte| AccountId::from_random(|| byte);
        let key = |text: &str| text.parse::<EncryptionKeyId>().unwrap();
        let keys = AwsKeys::new(vec![
            (account(1), key("one")),
            (account(2), key("two")),
            (account(1), key("three")),
        ]);
        assert_eq!(keys.of(&account(1)).collect::<Vec<_>>(), [&key("one"), &key("three")]);
        assert!(keys.check(&account(2), &key("two")).is_ok());
        let other = keys.check(&account(1), &key("two")).unwrap_err().to_string();
        assert_eq!(other, "key `two` does not exist");
        assert_eq!(keys.check(&account(3), &key("two")).unwrap_err().to_string(), other);
    }
}
