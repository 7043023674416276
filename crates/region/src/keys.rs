//! Access keys: made, listed, deleted, checked. Secrets are sealed at rest and shown once (promise 11).

use catalog::AccessKeyRow;
use model::{AccessKeyId, AccountId, Rejection, Timestamp};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::commands::Caller;
use crate::deployment::{Accounts, MasterKey};
use crate::entropy::{Entropy, new_id};
use crate::refused::{Refused, RegionFault};

/// The most access keys of one account.
pub(crate) const MAX_KEYS: usize = 2;
/// Characters of a secret: 40 of 62, 238 bits.
const SECRET_CHARACTERS: usize = 40;
const SEALED_VERSION: u8 = 1;
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

fn cipher(master: &MasterKey) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &master.0).expect("the master key has 32 bytes"))
}

fn binding(key: &AccessKeyId) -> Aad<Vec<u8>> {
    Aad::from(format!("ferry secret 1:{key}").into_bytes())
}

/// Seals a secret (`docs/formats.md` 7).
fn seal(
    master: &MasterKey,
    entropy: &dyn Entropy,
    key: &AccessKeyId,
    secret: &str,
) -> Result<Vec<u8>, RegionFault> {
    let mut nonce = [0; 12];
    entropy.fill(&mut nonce)?;
    let mut sealed = secret.as_bytes().to_vec();
    cipher(master)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), binding(key), &mut sealed)
        .expect("a secret is far below the cipher's limit");
    Ok([&[SEALED_VERSION][..], &nonce, &sealed].concat())
}

fn open(master: &MasterKey, key: &AccessKeyId, sealed: &[u8]) -> Result<Vec<u8>, RegionFault> {
    let fault = || RegionFault::SealedSecret { key: key.to_string() };
    let (version, rest) = sealed.split_first().ok_or_else(fault)?;
    let (nonce, body) = rest.split_first_chunk::<12>().ok_or_else(fault)?;
    if *version != SEALED_VERSION {
        return Err(fault());
    }
    let mut body = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let secret =
        cipher(master).open_in_place(nonce, binding(key), &mut body).map_err(|_| fault())?;
    Ok(secret.to_vec())
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
fn equal(given: &[u8], right: &[u8]) -> bool {
    let digest = |bytes| ring::digest::digest(&ring::digest::SHA256, bytes);
    let (given, right) = (digest(given), digest(right));
    given.as_ref().iter().zip(right.as_ref()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

impl Accounts {
    /// The account of an access key, if this is its secret. An unknown key takes as long as a wrong secret (api-01).
    pub async fn authenticate(&self, key: &str, secret: &str) -> Result<AccountId, Refused> {
        let row = match key.parse::<AccessKeyId>() {
            Ok(id) => self.catalog.key(&id).await?,
            Err(_) => None,
        };
        let known = match &row {
            Some(row) => Some(open(&self.master, &row.id, &row.sealed_secret)?),
            None => None,
        };
        let right = known.as_deref().unwrap_or(b"no such key, and no secret is like this one");
        match (equal(secret.as_bytes(), right), row) {
            (true, Some(row)) => Ok(row.account),
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

    /// Sealed secrets, version 1 (`docs/formats.md` 7).
    #[test]
    fn a_sealed_secret_opens_for_its_own_key_alone_and_shows_nothing() {
        let master = MasterKey([7; 32]);
        let key = AccessKeyId::from_random(|| 3);
        let secret = new_secret(&SystemEntropy).unwrap();
        let sealed = seal(&master, &SystemEntropy, &key, &secret).unwrap();
        assert_eq!(open(&master, &key, &sealed).unwrap(), secret.as_bytes());
        assert!(
            !sealed.windows(8).any(|part| secret.as_bytes().windows(8).any(|clear| clear == part))
        );
        assert!(open(&master, &AccessKeyId::from_random(|| 4), &sealed).is_err());
        assert!(open(&MasterKey([8; 32]), &key, &sealed).is_err());
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert!(open(&master, &key, &bent).is_err(), "byte {place}");
        }
    }
}
