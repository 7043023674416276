//! The key service that a configuration names, as regions use it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kms::{AwsKeyRing, AwsKeys, AwsKms, AwsKmsOptions};
use model::{AccountId, EncryptionKeyId, RegionId};
use region::{KeyRing, SystemClock};
use serde::Deserialize;

/// What keeps a region's encryption keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRingConfig {
    /// The region itself.
    #[default]
    Embedded,
    /// The service of `[kms]`.
    AwsKms,
}

/// A service that speaks the wire API of AWS KMS (`docs/encryption.md`).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsConfig {
    /// Where it answers.
    pub endpoint: String,
    /// The region that signatures name.
    pub region: String,
    /// Who asks.
    pub access_key: String,
    /// Their secret.
    pub secret_key: String,
    /// For temporary access keys.
    #[serde(default)]
    pub session_token: Option<String>,
    /// The longest time for one action.
    #[serde(default = "timeout_secs")]
    pub timeout_secs: u64,
    /// The authorities to trust instead of the system's.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Which account may use which key.
    pub keys: Vec<KmsKeyConfig>,
}

/// A key that an account may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKeyConfig {
    /// The account.
    pub account: String,
    /// The key's id, ARN or alias.
    pub key: String,
}

fn timeout_secs() -> u64 {
    AwsKmsOptions::TIMEOUT.as_secs()
}

impl std::fmt::Debug for KmsConfig {
    /// Without the secret (I13).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("KmsConfig");
        shown.field("endpoint", &self.endpoint).field("region", &self.region);
        shown.field("access_key", &self.access_key).field("keys", &self.keys);
        shown.finish_non_exhaustive()
    }
}

impl KmsConfig {
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        if self.timeout_secs == 0 {
            return Err("`timeout_secs` of `[kms]` must be at least `1`".to_owned());
        }
        self.pairs().map(drop)
    }

    fn pairs(&self) -> Result<Vec<(AccountId, EncryptionKeyId)>, String> {
        let pair = |key: &KmsKeyConfig| {
            let account =
                key.account.parse().map_err(|error: model::InvalidId| error.to_string())?;
            let key = key.key.parse().map_err(|error: model::InvalidId| error.to_string())?;
            Ok((account, key))
        };
        self.keys.iter().map(pair).collect()
    }

    /// The key ring of a region whose keys the service keeps.
    pub fn key_ring(&self, region: &RegionId) -> Result<Arc<dyn KeyRing>, String> {
        let options = AwsKmsOptions {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            access_key: self.access_key.clone(),
            secret_key: self.secret_key.clone().into(),
            session_token: self.session_token.clone().map(Into::into),
            timeout: Duration::from_secs(self.timeout_secs),
            authorities: self.authorities.clone(),
        };
        let kms =
            AwsKms::new(&options, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
        let keys = AwsKeys::new(self.pairs()?);
        Ok(Arc::new(AwsKeyRing { kms, keys, region: region.clone() }))
    }
}
