//! Access keys: made, listed, disabled, enabled, deleted, and signing in with them. Secrets are sealed at rest and shown once
//! (promise 11).

use catalog::{AccessKeyRow, AuditEntry, SignInRow, Tx, UserRow};
use model::{
    AccessKeyId, AccountRejection, Act, Admittance, Rejection, Timestamp, UserId, keep_an_admin,
};

use crate::audit::facts;
use crate::commands::{Caller, Intent};
use crate::deployment::{Accounts, MasterKey};
use crate::entropy::{Entropy, new_id};
use crate::refused::{Refused, RegionFault};
use crate::sealing::{self, Opened};
use crate::users::no_user;

/// The most access keys of one user: the one in use, and the next.
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

/// An access key as its user and admins see it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// The key's id.
    pub id: AccessKeyId,
    /// Whose it is.
    pub user: UserId,
    /// Whether one may sign in with it.
    pub state: Admittance,
    /// When it was made.
    pub created: Timestamp,
}

/// A sealed secret that is nobody's: opened and compared where there is no such key, so that this takes as long as a wrong
/// secret does (api-01).
pub(crate) struct Decoy {
    pub(crate) id: AccessKeyId,
    pub(crate) sealed: Vec<u8>,
}

impl Decoy {
    pub(crate) fn new(master: &MasterKey, entropy: &dyn Entropy) -> Result<Self, RegionFault> {
        let id = new_id(entropy, |random| AccessKeyId::from_random(random))?;
        let sealed = seal(master, entropy, &id, &new_secret(entropy)?)?;
        Ok(Decoy { id, sealed })
    }
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

pub(crate) fn open(
    master: &MasterKey,
    key: &AccessKeyId,
    sealed: &[u8],
) -> Result<Opened, RegionFault> {
    sealing::open(&master.0, &place(key), sealed)
        .ok_or_else(|| RegionFault::SealedSecret { key: key.to_string() })
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
fn equal(given: &[u8], right: &[u8]) -> bool {
    let digest = |bytes| ring::digest::digest(&ring::digest::SHA256, bytes);
    let (given, right) = (digest(given), digest(right));
    given.as_ref().iter().zip(right.as_ref()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Whether the key, its user and the account may all sign in.
pub(crate) fn is_admitted(row: &SignInRow) -> bool {
    [row.key.state, row.user_state, row.account_state] == [Admittance::Active; 3]
}

impl Accounts {
    /// Who asks with an access key, if this is its secret, and neither it nor its user nor the account is disabled. All that
    /// is refused has the same answer, found on the same path: a look, an opened secret, a comparison (api-01).
    pub async fn sign_in(
        &self,
        key: &str,
        secret: &str,
        request_id: String,
    ) -> Result<Caller, Refused> {
        let row = self.admit(key, secret).await?;
        let (account, user, role) = (row.key.account, Some(row.key.user), row.role);
        Ok(Caller { account, user, role, request_id, intent: Intent::Act })
    }

    /// The key that one may sign in with by this secret.
    pub(crate) async fn admit(&self, key: &str, secret: &str) -> Result<SignInRow, Refused> {
        let id = key.parse().unwrap_or_else(|_| self.decoy.id.clone());
        let row = self.catalog.read().await?.sign_in_row(&id).await?;
        let (id, sealed) = match &row {
            Some(row) => (&row.key.id, &row.key.sealed_secret),
            None => (&self.decoy.id, &self.decoy.sealed),
        };
        let is_right = equal(secret.as_bytes(), open(&self.master, id, sealed)?.bytes());
        row.filter(|row| is_right && is_admitted(row)).ok_or(Refused::Unauthorised)
    }

    /// A new access key of the caller. With one to use and one to come, keys are changed without a gap.
    pub async fn create_key(&self, caller: &Caller) -> Result<KeyCreated, Refused> {
        self.create_key_of(caller, own(caller)?).await
    }

    /// A new access key of a user; another's than the caller's is an admin's business.
    pub async fn create_key_of(
        &self,
        caller: &Caller,
        user: &UserId,
    ) -> Result<KeyCreated, Refused> {
        caller.must(act_on(caller, user))?;
        let mut tx = self.catalog.begin().await?;
        let owner = tx.user(user).await?.ok_or_else(|| no_user(user))?;
        if tx.list_access_keys(user).await?.len() >= MAX_KEYS {
            return Err(
                Rejection::Account(AccountRejection::TooManyKeys { limit: MAX_KEYS }).into()
            );
        }
        let (row, secret) = self.new_key(&owner)?;
        tx.insert_access_key(&row).await?;
        let entry = self.audit_entry(caller, "key.create", row.id.as_str());
        tx.record_audit(&AuditEntry { after: told(&row), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(KeyCreated { id: row.id, secret })
    }

    /// A key's row and its secret; nothing is recorded.
    pub(crate) fn new_key(&self, owner: &UserRow) -> Result<(AccessKeyRow, String), RegionFault> {
        let id = new_id(&*self.entropy, |random| AccessKeyId::from_random(random))?;
        let secret = new_secret(&*self.entropy)?;
        let row = AccessKeyRow {
            sealed_secret: seal(&self.master, &*self.entropy, &id, &secret)?,
            id,
            account: owner.account.clone(),
            user: owner.id.clone(),
            state: Admittance::Active,
            created: self.clock.now(),
        };
        Ok((row, secret))
    }

    /// The caller's access keys.
    pub async fn list_keys(&self, caller: &Caller) -> Result<Vec<KeyView>, Refused> {
        self.list_keys_of(caller, own(caller)?).await
    }

    /// A user's access keys; another's than the caller's are an admin's business.
    pub async fn list_keys_of(
        &self,
        caller: &Caller,
        user: &UserId,
    ) -> Result<Vec<KeyView>, Refused> {
        caller.must(act_on(caller, user))?;
        let mut tx = self.catalog.read().await?;
        tx.user(user).await?.ok_or_else(|| no_user(user))?;
        Ok(tx.list_access_keys(user).await?.into_iter().map(view).collect())
    }

    /// Lets somebody sign in with a key, or no longer, which ends the sessions that it opened. The last with which an admin can
    /// sign in stays.
    pub async fn set_key_state(
        &self,
        caller: &Caller,
        key: &AccessKeyId,
        state: Admittance,
    ) -> Result<KeyView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.catalog.begin().await?;
        let old = key_of(&mut tx, caller, key).await?;
        if old.state == state {
            return Ok(view(old));
        }
        let action = match state {
            Admittance::Active => "key.enable",
            Admittance::Disabled => {
                keep_another_key(&mut tx, key).await?;
                tx.delete_sessions_with(key).await?;
                "key.disable"
            }
        };
        let new = AccessKeyRow { state, ..old.clone() };
        let _there = tx.set_access_key_state(key, state).await?;
        let entry = self.audit_entry(caller, action, key.as_str());
        tx.record_audit(&AuditEntry { before: told(&old), after: told(&new), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(view(new))
    }

    /// Deletes an access key with the sessions that it opened: it opens nothing any more. The last with which an admin can sign
    /// in stays.
    pub async fn delete_key(&self, caller: &Caller, key: &AccessKeyId) -> Result<(), Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.catalog.begin().await?;
        let old = key_of(&mut tx, caller, key).await?;
        keep_another_key(&mut tx, key).await?;
        tx.delete_access_key(key).await?;
        let entry = self.audit_entry(caller, "key.delete", key.as_str());
        tx.record_audit(&AuditEntry { before: told(&old), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(())
    }
}

/// The user that asks. The region itself has no keys.
pub(crate) fn own(caller: &Caller) -> Result<&UserId, Refused> {
    caller.user.as_ref().ok_or(Refused::Unauthorised)
}

/// Everybody looks after the own keys, whatever the role; others' are an admin's business.
fn act_on(caller: &Caller, user: &UserId) -> Act {
    if caller.user.as_ref() == Some(user) { Act::Read } else { Act::Administer }
}

/// A key that the caller may change; another's is as absent as one that never was (I12).
async fn key_of(tx: &mut Tx, caller: &Caller, key: &AccessKeyId) -> Result<AccessKeyRow, Refused> {
    let row = tx.access_key(key).await?.filter(|row| caller.role.may(act_on(caller, &row.user)));
    Ok(row.ok_or_else(|| Rejection::Account(AccountRejection::KeyNotFound { key: key.clone() }))?)
}

/// Refuses where nobody could sign in and administer the deployment without the key.
async fn keep_another_key(tx: &mut Tx, key: &AccessKeyId) -> Result<(), Refused> {
    keep_an_admin(&tx.admin_keys().await?, |admin| admin.key == *key)
        .map_err(|_| Rejection::Account(AccountRejection::LastKey { key: key.clone() }))?;
    Ok(())
}

fn told(row: &AccessKeyRow) -> String {
    facts(&[("user", row.user.to_string()), ("state", row.state.to_string())])
}

fn view(row: AccessKeyRow) -> KeyView {
    KeyView { id: row.id, user: row.user, state: row.state, created: row.created }
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
