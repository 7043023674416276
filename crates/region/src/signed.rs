//! Signed requests: who sent one, that it is of now, and that it was not sent before (api-01, api-03, api-04).
//!
//! How a request is signed is the door's business: it brings what looks at a secret, and never gets one.

use catalog::{CatalogFault, NonceSeen};
use model::Timestamp;

use crate::commands::{Caller, Intent};
use crate::deployment::Accounts;
use crate::keys::{is_admitted, open};
use crate::refused::RegionFault;

/// How far the instant of a signed request may be from the deployment's clock, either way: 15 min.
pub const SIGNED_WITHIN_MS: i64 = 15 * 60 * 1_000;
/// How long a nonce is kept: a request from the far end of the window is good until its near end, the last millisecond
/// included; and one that was found good may wait for its turn before its nonce is looked for, some seconds at most. A minute
/// more is enough for both.
const KEPT_MS: i64 = 2 * SIGNED_WITHIN_MS + 60_000;

/// What a signed request says of itself.
#[derive(Copy, Clone)]
pub struct SignedRequest<'a> {
    /// The access key that it names.
    pub key: &'a str,
    /// When it was signed.
    pub at: Timestamp,
    /// What makes it different from every other one of the key: 1 to 128 characters.
    pub nonce: &'a str,
    /// Whether its signature was made with this secret. Called once, whether there is such a key or not; must take the
    /// same time wherever the signatures differ.
    pub is_right: &'a (dyn Fn(&[u8]) -> bool + Send + Sync),
}

/// Why a signed request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignedRefused {
    /// It was signed too long ago, or ahead of the clock.
    #[error("it was signed more than 15 minutes before or after now")]
    Stale,
    /// There is no such key.
    #[error("there is no such access key")]
    UnknownKey,
    /// The signature was not made with the key's secret.
    #[error("the signature is not right")]
    WrongSignature,
    /// The signature is right; the key, its user or the account is disabled.
    #[error("the access key, its user or its account is disabled")]
    Disabled,
    /// The signature is right; the nonce was seen before.
    #[error("the nonce was used before")]
    NonceUsed,
    /// The world failed.
    #[error(transparent)]
    Fault(#[from] RegionFault),
}

impl From<CatalogFault> for SignedRefused {
    fn from(fault: CatalogFault) -> Self {
        SignedRefused::Fault(fault.into())
    }
}

impl Accounts {
    /// Who sent a signed request. An unknown key takes the way of a wrong signature: a look, an opened secret, a signature
    /// computed and compared. That a key is disabled or a nonce used is told only to who has the secret, and a nonce is
    /// recorded only for them.
    pub async fn admit_signed(
        &self,
        signed: SignedRequest<'_>,
        request_id: String,
    ) -> Result<Caller, SignedRefused> {
        let now = self.clock.now();
        if now.0.abs_diff(signed.at.0) > SIGNED_WITHIN_MS.unsigned_abs() {
            return Err(SignedRefused::Stale);
        }
        let id = signed.key.parse().unwrap_or_else(|_| self.decoy.id.clone());
        let row = self.catalog.read().await?.sign_in_row(&id).await?;
        let (id, sealed) = match &row {
            Some(row) => (&row.key.id, &row.key.sealed_secret),
            None => (&self.decoy.id, &self.decoy.sealed),
        };
        let is_right = (signed.is_right)(open(&self.master, id, sealed)?.bytes());
        let row = row.ok_or(SignedRefused::UnknownKey)?;
        if !is_right {
            return Err(SignedRefused::WrongSignature);
        }
        if !is_admitted(&row) {
            return Err(SignedRefused::Disabled);
        }
        let times = (now, now.plus_ms(KEPT_MS));
        match self.nonces.record(&row.key.id, signed.nonce, times).await? {
            NonceSeen::Again => Err(SignedRefused::NonceUsed),
            NonceSeen::First => {
                let (account, user, role) = (row.key.account, Some(row.key.user), row.role);
                Ok(Caller { account, user, role, request_id, intent: Intent::Act })
            }
        }
    }
}
