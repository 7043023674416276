//! Access keys: made, listed, deleted, checked. Secrets are sealed at rest and shown once (promise 11).

use catalog::AccessKeyRow;
use model::{AccessKeyId, AccountId, Rejection, Role, Timestamp};

use crate::commands::Caller;
use crate::deployment::{Accounts, MasterKey};
use crate::entropy::{Entropy, new_id};
use crate::refused::{Refused, RegionFault};
use crate::sealing::{self, Opened};

/// The most access keys of one account.
pub(crate) const MAX_KEYS: usize = 2;
/// Characters of a secret: 40 of 62, 238 bits.
const SECRET_CHARACTERS: usize = 40;
const SECRET_ALPHABET: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A new access key with its secret, shown this once.
#[derive(Clone)]
pub struct KeyCreated {
    /// The key's id.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: String,
}

/// An access key as its owner sees it later.
#[derive(Clone, Debug)]
pub struct KeyView {
    /// The key's id.
    pub id: AccessKeyId,
    /// When it was made.
    pub created: Timestamp,
}

fn new_secret(entropy: &dyn Entropy) -> Result<String, RegionFault> {
    new_id(entropy, |random| {
        let mut secret = String::with_capacity(SECRET_CHARACTERS);
        while secret.len() < SECRET_CHARACTERS {
            let byte = random();
            if byte < 248 {
                secret.push(char::from(SECRET_ALPHABET[usize::from(byte % 62)]));
            }
        }
        secret
    })
}

fn place(key: &AccessKeyId) -> String {
    format!("ferry secret 1:{key}")
}

/// Seals a secret (`docs/formats.md` 7).
fn seal(
    master: &MasterKey,
    entropy: &dyn Entropy,
    key: &AccessKeyId,
    secret: &str,
) -> Result<Vec<u8>, RegionFault> {
    sealing::seal(&master.0, entropy, &place(key), secret.as_bytes())
}

fn open(master: &MasterKey, key: &AccessKeyId, sealed: &[u8]) -> Result<Opened, RegionFault> {
    sealing::open(&master.0, &place(key), sealed)
        .ok_or_else(|| RegionFault::SealedSecret { key: key.to_string() })
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
fn equal(given: &[u8], right: &[u8]) -> bool {
    let digest = |bytes| ring::digest::digest(&ring::digest::SHA256, bytes);
    let (given, right) = (digest(given), digest(right));
    given.as_ref().iter().zip(right.as_ref()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

impl Accounts {
    /// Who asks with an access key, if this is its secret. An unknown key takes as long as a wrong secret (api-01).
    pub async fn sign_in(
        &self,
        key: &str,
        secret: &str,
        request_id: String,
    ) -> Result<Caller, Refused> {
        let row = match key.parse::<AccessKeyId>() {
            Ok(id) => self.catalog.key(&id).await?,
            Err(_) => None,
        };
        let known = match &row {
            Some(row) => Some(open(&self.master, &row.id, &row.sealed_secret)?),
            None => None,
        };
        let right = known
            .as_ref()
            .map_or(&b"no such key, and no secret is like this one"[..], Opened::bytes);
        match (equal(secret.as_bytes(), right), row) {
            (true, Some(row)) => {
                Ok(Caller { account: row.account, user: None, role: Role::Admin, request_id })
            }
            (true | false, _) => Err(Refused::Unauthorised),
        }
    }

    /// A new access key of the caller's account.
    pub async fn create_key(&self, caller: &Caller) -> Result<KeyCreated, Refused> {
        let existing = self.list_keys(caller).await?.len();
        if existing >= MAX_KEYS {
            return Err(Rejection::TooManyKeys { limit: MAX_KEYS }.into());
        }
        self.insert_key(&caller.account).await
    }

    /// Makes and records a key without asking how many there are.
    pub(crate) async fn insert_key(&self, account: &AccountId) -> Result<KeyCreated, Refused> {
        let id = new_id(&*self.entropy, |random| AccessKeyId::from_random(random))?;
        let secret = new_secret(&*self.entropy)?;
        let sealed_secret = seal(&self.master, &*self.entropy, &id, &secret)?;
        let row = AccessKeyRow {
            id: id.clone(),
            account: account.clone(),
            sealed_secret,
            created: self.clock.now(),
        };
        self.catalog.insert_key(&row).await?;
        Ok(KeyCreated { id, secret })
    }

    /// The caller's access keys.
    pub async fn list_keys(&self, caller: &Caller) -> Result<Vec<KeyView>, Refused> {
        let rows = self.catalog.list_keys(&caller.account).await?;
        Ok(rows.into_iter().map(|row| KeyView { id: row.id, created: row.created }).collect())
    }

    /// Deletes one of the caller's access keys, unless it is the last.
    pub async fn delete_key(&self, caller: &Caller, key: &AccessKeyId) -> Result<(), Refused> {
        let keys = self.list_keys(caller).await?;
        if !keys.iter().any(|known| known.id == *key) {
            return Err(Rejection::KeyNotFound { key: key.clone() }.into());
        }
        if keys.len() == 1 {
            return Err(Rejection::LastKey { key: key.clone() }.into());
        }
        self.catalog.delete_key(key).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_sealed_secret_opens_for_its_own_key_alone() {
        let master = MasterKey([7; 32]);
        let key = AccessKeyId::from_random(|| 3);
        let secret = new_secret(&SystemEntropy).unwrap();
        let sealed = seal(&master, &SystemEntropy, &key, &secret).unwrap();
        assert_eq!(open(&master, &key, &sealed).unwrap().bytes(), secret.as_bytes());
        assert!(open(&master, &AccessKeyId::from_random(|| 4), &sealed).is_err());
        assert!(open(&MasterKey([8; 32]), &key, &sealed).is_err());
    }
}
