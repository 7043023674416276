//! Quotas of an account in this region.

use catalog::AuditEntry;
use model::{AccountId, Act, Quota, QuotaKind};

use crate::accounts::no_account;
use crate::audit::facts;
use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;

impl Region {
    /// The caller's quotas here.
    pub async fn quotas(&self, caller: &Caller) -> Result<Vec<Quota>, Refused> {
        self.quotas_of(caller, &caller.account).await
    }

    /// An account's quotas here. Another account than the caller's is there for operators alone (I12).
    pub async fn quotas_of(
        &self,
        caller: &Caller,
        account: &AccountId,
    ) -> Result<Vec<Quota>, Refused> {
        caller.must(Act::Read)?;
        self.known(caller, account).await?;
        // Whoever only looks does not wait for those who write.
        let quotas = self.inner.catalog.read().await?.quotas(account).await?;
        if quotas.len() == QuotaKind::ALL.len() {
            return Ok(quotas);
        }
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, account).await?;
        let quotas = tx.quotas(account).await?;
        tx.commit().await?;
        Ok(quotas)
    }

    /// Sets a limit of the caller's account: an operator's business, as all limits are.
    pub async fn set_quota(
        &self,
        caller: &Caller,
        kind: QuotaKind,
        limit: u64,
    ) -> Result<Quota, Refused> {
        self.set_quota_of(caller, &caller.account, kind, limit).await
    }

    /// Sets a limit of any account. One below what is used refuses new images and touches none that exist (api-18).
    pub async fn set_quota_of(
        &self,
        caller: &Caller,
        account: &AccountId,
        kind: QuotaKind,
        limit: u64,
    ) -> Result<Quota, Refused> {
        caller.must(Act::Operate)?;
        self.known(caller, account).await?;
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, account).await?;
        let old = tx.quota(account, kind).await?;
        tx.set_limit(account, kind, limit).await?;
        let quota = tx.quota(account, kind).await?;
        let told = |quota: &Quota| {
            facts(&[("account", account.to_string()), ("limit", quota.limit.to_string())])
        };
        let entry = self.audit_entry(caller, "quota.set", kind.as_str());
        tx.record_audit(&AuditEntry { before: told(&old), after: told(&quota), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(quota)
    }

    /// Refuses an account that is not there, or that the caller does not see.
    async fn known(&self, caller: &Caller, account: &AccountId) -> Result<(), Refused> {
        // The caller's own was known when it signed in.
        if caller.account == *account {
            return Ok(());
        }
        if !caller.sees(account) || !self.inner.accounts.knows(account).await? {
            return Err(no_account(account).into());
        }
        Ok(())
    }
}
