//! Key rings: what wraps the data keys of sealed domains. The embedded one keeps its keys in the region's catalog, sealed under
//! the master key; another speaks to a key service.

use std::sync::Arc;

use async_trait::async_trait;
use catalog::{AuditEntry, Catalog, EncryptionKeyRow, KeyVersionRow, Tx};
use model::{AccountId, Clock, EncryptionKeyId, KeyRingKind, KeyState, RegionId, Rejection, Retry};
use store::DataKey;

use crate::deployment::MasterKey;
use crate::entropy::Entropy;
use crate::refused::RegionFault;
use crate::sealing::{self, Opened};

/// A new data key, and the same wrapped by an encryption key.
pub struct NewDataKey {
    /// What seals a domain's chunks. It is in memory only.
    pub plain: DataKey,
    /// What is kept. Only the key ring turns it back.
    pub wrapped: Vec<u8>,
}

/// A key ring failed.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingFault {
    /// It cannot be reached, or asks to be left alone for a while.
    #[error("the key ring `{ring}` cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        ring: KeyRingKind,
        /// In the transport's words.
        reason: String,
    },
    /// It answered what is no answer.
    #[error("the key ring `{ring}` broke its protocol: {reason}")]
    Protocol {
        /// Which.
        ring: KeyRingKind,
        /// What was wrong.
        reason: String,
    },
    /// A wrapped data key does not open: it was altered, or wrapped for another place.
    #[error("the wrapped data key does not open under encryption key `{key}`")]
    Unopened {
        /// Under which key.
        key: EncryptionKeyId,
    },
}

impl KeyRingFault {
    /// Whether the same act may succeed later.
    pub fn retry(&self) -> Retry {
        match self {
            KeyRingFault::Unreachable { .. } | KeyRingFault::Protocol { .. } => Retry::Later,
            KeyRingFault::Unopened { .. } => Retry::Never,
        }
    }
}

/// Why a key ring did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefused {
    /// Understood and refused: no such key, or one that is not enabled.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It failed.
    #[error(transparent)]
    Fault(#[from] KeyRingFault),
    /// The region's own rows failed.
    #[error(transparent)]
    Region(#[from] RegionFault),
}

/// Wraps data keys with an account's encryption keys. A key of another account answers as an absent one (promise 10).
#[async_trait]
pub trait KeyRing: Send + Sync {
    /// Which it is.
    fn kind(&self) -> KeyRingKind;
    /// How long an answer of [`KeyRing::state`] holds, in milliseconds.
    fn state_holds_ms(&self) -> u64;
    /// The key that the account's copies are sealed with when no key is named; made where it must be and can be.
    async fn default_key(&self, account: &AccountId) -> Result<EncryptionKeyId, KeyRefused>;
    /// How a key stands.
    async fn state(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<KeyState, KeyRefused>;
    /// A new data key, wrapped. Refused unless the key is enabled.
    async fn generate(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<NewDataKey, KeyRefused>;
    /// The data key that was wrapped. Refused unless the key is enabled.
    async fn unwrap(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyRefused>;
}

/// The key ring that every region has of its own.
#[derive(Clone)]
pub struct EmbeddedKeyRing {
    /// Whose keys these are.
    pub region: RegionId,
    /// Where they are kept.
    pub catalog: Catalog,
    /// What seals them there.
    pub master: MasterKey,
    /// Where they come from.
    pub entropy: Arc<dyn Entropy>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// The version of a wrapped data key's bytes (`docs/formats.md` 10).
const WRAPPED_VERSION: u8 = 1;

impl EmbeddedKeyRing {
    /// A new key of an account, recorded in the caller's transaction.
    pub(crate) async fn make(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        is_default: bool,
    ) -> Result<EncryptionKeyRow, RegionFault> {
        let row = EncryptionKeyRow {
            id: crate::entropy::new_id(&*self.entropy, |random| {
                EncryptionKeyId::from_random(random)
            })?,
            account: account.clone(),
            state: KeyState::Enabled,
            is_default,
            delete_at: None,
            created: self.clock.now(),
            generation: 0,
        };
        if tx.insert_encryption_key(&row).await? == catalog::Inserted::Clash {
            return Err(RegionFault::Contradiction { what: "a new key is there already" });
        }
        self.add_version(tx, &row.id, 1).await?;
        Ok(row)
    }

    /// Makes what a key wraps with from now on.
    pub(crate) async fn add_version(
        &self,
        tx: &mut Tx,
        key: &EncryptionKeyId,
        version: u32,
    ) -> Result<(), RegionFault> {
        let mut secret = sealing::Secret::zero();
        self.entropy.fill(secret.as_mut())?;
        let place = version_place(&self.region, key, version);
        let sealed = sealing::seal(&self.master.0, &*self.entropy, &place, secret.as_ref())?;
        let row = KeyVersionRow { version, sealed, created: self.clock.now() };
        Ok(tx.insert_key_version(key, &row).await?)
    }

    async fn usable(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<Vec<KeyVersionRow>, KeyRefused> {
        let mut tx = self.catalog.read().await.map_err(RegionFault::from)?;
        let row = tx.encryption_key(account, key).await.map_err(RegionFault::from)?;
        let row = row.ok_or_else(|| self.absent(key))?;
        if row.state != KeyState::Enabled {
            return Err(Rejection::KeyUnusable { key: key.clone(), state: row.state }.into());
        }
        Ok(tx.key_versions(key).await.map_err(RegionFault::from)?)
    }

    fn open_version(
        &self,
        key: &EncryptionKeyId,
        version: &KeyVersionRow,
    ) -> Result<Opened, KeyRingFault> {
        let place = version_place(&self.region, key, version.version);
        sealing::open(&self.master.0, &place, &version.sealed)
            .ok_or_else(|| KeyRingFault::Unopened { key: key.clone() })
    }

    fn absent(&self, key: &EncryptionKeyId) -> Rejection {
        Rejection::EncryptionKeyNotFound { key: key.clone(), region: self.region.clone() }
    }

    fn wrapping_place(&self, account: &AccountId, key: &EncryptionKeyId, version: u32) -> String {
        format!("ferry data key 1:{}:{account}:{key}:{version}", self.region)
    }
}

fn version_place(region: &RegionId, key: &EncryptionKeyId, version: u32) -> String {
    format!("ferry encryption key 1:{region}:{key}:{version}")
}

#[async_trait]
impl KeyRing for EmbeddedKeyRing {
    fn kind(&self) -> KeyRingKind {
        KeyRingKind::Embedded
    }

    /// It is asked each time: it is in the same file as the images.
    fn state_holds_ms(&self) -> u64 {
        0
    }

    async fn default_key(&self, account: &AccountId) -> Result<EncryptionKeyId, KeyRefused> {
        let mut tx = self.catalog.begin().await.map_err(RegionFault::from)?;
        let keys = tx.list_encryption_keys(account).await.map_err(RegionFault::from)?;
        if let Some(default) = keys.into_iter().find(|key| key.is_default) {
            return Ok(default.id);
        }
        let made = self.make(&mut tx, account, true).await?;
        let entry = AuditEntry {
            at: self.clock.now(),
            account: Some(account.clone()),
            actor: String::new(),
            action: "encryption_key.create".to_owned(),
            subject: made.id.to_string(),
            request_id: String::new(),
            detail: "default=yes".to_owned(),
            before: String::new(),
            after: format!("state={}\nversions=1", made.state),
        };
        tx.record_audit(&entry).await.map_err(RegionFault::from)?;
        tx.commit().await.map_err(RegionFault::from)?;
        Ok(made.id)
    }

    async fn state(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<KeyState, KeyRefused> {
        let mut tx = self.catalog.read().await.map_err(RegionFault::from)?;
        let row = tx.encryption_key(account, key).await.map_err(RegionFault::from)?;
        Ok(row.ok_or_else(|| self.absent(key))?.state)
    }

    async fn generate(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<NewDataKey, KeyRefused> {
        let versions = self.usable(account, key).await?;
        let newest = versions.last().ok_or_else(|| self.absent(key))?;
        let wrapping = self.open_version(key, newest)?;
        let mut plain = sealing::Secret::zero();
        self.entropy.fill(plain.as_mut())?;
        let place = self.wrapping_place(account, key, newest.version);
        let sealed = sealing::seal(wrapping.secret()?, &*self.entropy, &place, plain.as_ref())?;
        let mut wrapped = vec![WRAPPED_VERSION];
        wrapped.extend_from_slice(&newest.version.to_le_bytes());
        wrapped.extend_from_slice(&sealed);
        Ok(NewDataKey { plain: DataKey::new(*plain.bytes()), wrapped })
    }

    async fn unwrap(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyRefused> {
        let unopened = || KeyRingFault::Unopened { key: key.clone() };
        let versions = self.usable(account, key).await?;
        let (head, sealed) = wrapped.split_first_chunk::<5>().ok_or_else(unopened)?;
        let number = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let version = versions.iter().find(|version| version.version == number);
        let version = version.filter(|_| head[0] == WRAPPED_VERSION).ok_or_else(unopened)?;
        let wrapping = self.open_version(key, version)?;
        let place = self.wrapping_place(account, key, number);
        let opened = sealing::open(wrapping.secret()?, &place, sealed).ok_or_else(unopened)?;
        Ok(DataKey::new(*opened.secret()?))
    }
}
