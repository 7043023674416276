//! The key service as a key ring of a region.

use async_trait::async_trait;
use model::{AccountId, DomainName, EncryptionKeyId, KeyRingKind, KeyState, RegionId, Rejection};
use region::{KeyRefused, KeyRing, KeyRingFault, NewDataKey};
use store::DataKey;

use crate::client::AwsKms;
use crate::context::KeyContext;
use crate::fault::KmsFault;
use crate::keys::AwsKeys;
use crate::secret::WrappedKey;

const KIND: KeyRingKind = KeyRingKind::AwsKms;
/// How long a key's state holds, in milliseconds. AWS KMS itself may take some minutes until a change is seen everywhere
/// ("eventual consistency" in its developer guide), so that asking more often than once a minute gains nothing.
const STATE_HOLDS_MS: u64 = 60_000;

/// Wraps the data keys of one region's domains with keys of AWS KMS. It makes, disables and deletes no key: whoever runs the
/// service does.
#[derive(Debug)]
pub struct AwsKeyRing {
    /// The service.
    pub kms: AwsKms,
    /// Which of its keys are for which account.
    pub keys: AwsKeys,
    /// The region of Ferry whose domains are sealed.
    pub region: RegionId,
}

impl AwsKeyRing {
    fn context(&self, account: &AccountId, key: &EncryptionKeyId) -> KeyContext {
        let domain = DomainName { account: account.clone(), key: Some(key.clone()) };
        KeyContext { region: self.region.clone(), domain }
    }

    fn absent(&self, key: &EncryptionKeyId) -> Rejection {
        Rejection::EncryptionKeyNotFound { key: key.clone(), region: self.region.clone() }
    }

    /// What a fault of the service means to a region. A key of another kind is no encryption key, so it answers as absent;
    /// what the service denies us may be granted later, so the region waits as for a service that is out of reach.
    fn refused(&self, fault: KmsFault) -> KeyRefused {
        let reason = fault.chain();
        match fault {
            KmsFault::NotFound { key } | KmsFault::WrongKind { key } => self.absent(&key).into(),
            KmsFault::Disabled { key } => {
                Rejection::KeyUnusable { key, state: KeyState::Disabled }.into()
            }
            KmsFault::PendingDeletion { key } => {
                Rejection::KeyUnusable { key, state: KeyState::PendingDeletion }.into()
            }
            KmsFault::InvalidCiphertext { key } => KeyRingFault::Unopened { key }.into(),
            KmsFault::NotReady { .. }
            | KmsFault::Denied { .. }
            | KmsFault::Throttled { .. }
            | KmsFault::Unavailable { .. }
            | KmsFault::Unreachable { .. }
            | KmsFault::BrokenOff { .. }
            | KmsFault::TimedOut { .. } => KeyRingFault::Unreachable { ring: KIND, reason }.into(),
            KmsFault::Protocol { .. } => KeyRingFault::Protocol { ring: KIND, reason }.into(),
        }
    }
}

#[async_trait]
impl KeyRing for AwsKeyRing {
    fn kind(&self) -> KeyRingKind {
        KIND
    }

    fn state_holds_ms(&self) -> u64 {
        STATE_HOLDS_MS
    }

    /// The first key that is listed for the account. None is made: an account without one is refused.
    async fn default_key(&self, account: &AccountId) -> Result<EncryptionKeyId, KeyRefused> {
        self.keys.of(account).next().cloned().ok_or_else(|| {
            let default = "default".parse().expect("a word is a legal id of a key");
            self.absent(&default).into()
        })
    }

    async fn state(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<KeyState, KeyRefused> {
        self.keys.check(account, key).map_err(|fault| self.refused(fault))?;
        let described = self.kms.describe_key(key).await.map_err(|fault| self.refused(fault))?;
        Ok(described.state)
    }

    async fn generate(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
    ) -> Result<NewDataKey, KeyRefused> {
        self.keys.check(account, key).map_err(|fault| self.refused(fault))?;
        let context = self.context(account, key);
        let made = self.kms.generate_data_key(key, &context).await;
        let made = made.map_err(|fault| self.refused(fault))?;
        Ok(NewDataKey { plain: made.plain, wrapped: made.wrapped.bytes().to_vec() })
    }

    async fn unwrap(
        &self,
        account: &AccountId,
        key: &EncryptionKeyId,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyRefused> {
        self.keys.check(account, key).map_err(|fault| self.refused(fault))?;
        let wrapped = WrappedKey::new(wrapped.to_vec())
            .ok_or_else(|| KeyRingFault::Unopened { key: key.clone() })?;
        let context = self.context(account, key);
        let opened = self.kms.decrypt(key, &context, &wrapped).await;
        opened.map_err(|fault| self.refused(fault))
    }
}
