//! Signed requests: who sent one, that it is of now, and that it was not sent before (api-01, api-03, api-04).
//!
//! How a request is signed is the door's business: it brings what looks at a secret, and never gets one.

use catalog::{CatalogFault, NonceSeen};
use model::Timestamp;

use crate::commands::{Caller, Intent};
use crate::deployment::Accounts;
use crate::keys::{is_admitted, open};
use crate::refused::RegionFault;

/// How much longer than a request may be good its nonce is kept: one that was found good, in the last millisecond of its
/// window, may wait for its turn before its nonce is looked for, some seconds at most. A minute is enough.
const KEPT_LONGER_MS: i64 = 60_000;

/// What a signed request says of itself.
#[derive(Copy, Clone)]
pub struct SignedRequest<'a> {
    /// The access key that it names.
    pub key: &'a str,
    /// When it was signed.
    pub at: Timestamp,
    /// How far that may be from the deployment's clock, either way, in milliseconds: the dialect's own window.
    pub within_ms: i64,
    /// What makes it different from every other one of the key: 1 to 128 characters. None in a dialect in which the same
    /// request may come again: then a repeated one is no reason to refuse it.
    pub nonce: Option<&'a str>,
    /// Whether its signature was made with this secret. Called once, whether there is such a key or not; must take the
    /// same time wherever the signatures differ.
    pub is_right: &'a (dyn Fn(&[u8]) -> bool + Send + Sync),
}

/// Why a signed request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignedRefused {
    /// It was signed too long ago, or ahead of the clock.
    #[error("it was signed too long before or after now")]
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
        if now.0.abs_diff(signed.at.0) > signed.within_ms.unsigned_abs() {
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
        if let Some(nonce) = signed.nonce {
            let times = (now, now.plus_ms(kept_ms(signed.within_ms)));
            match self.nonces.record(&row.key.id, nonce, times).await? {
                NonceSeen::Again => return Err(SignedRefused::NonceUsed),
                NonceSeen::First => {}
            }
        }
        let (account, user, role) = (row.key.account, Some(row.key.user), row.role);
        Ok(Caller { account, user, role, request_id, intent: Intent::Act })
    }
}

/// How long a nonce is kept, in milliseconds: a request from the far end of the window is good until its near end.
fn kept_ms(within_ms: i64) -> i64 {
    within_ms.saturating_mul(2).saturating_add(KEPT_LONGER_MS)
}
