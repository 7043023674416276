//! Quotas of an account in this region.

use model::{Quota, QuotaKind};

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;

impl Region {
    /// The caller's quotas here.
    pub async fn quotas(&self, caller: &Caller) -> Result<Vec<Quota>, Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, &caller.account).await?;
        let mut quotas = Vec::with_capacity(QuotaKind::ALL.len());
        for kind in QuotaKind::ALL {
            quotas.push(tx.quota(&caller.account, *kind).await?);
        }
        tx.commit().await?;
        Ok(quotas)
    }

    /// Sets a limit. One below what is used refuses new images and touches none that exist (api-18).
    pub async fn set_quota(
        &self,
        caller: &Caller,
        kind: QuotaKind,
        limit: u64,
    ) -> Result<Quota, Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, &caller.account).await?;
        tx.set_limit(&caller.account, kind, limit).await?;
        let quota = tx.quota(&caller.account, kind).await?;
        tx.record_audit(&self.audit_entry(caller, "quota.set", kind.as_str())).await?;
        tx.commit().await?;
        Ok(quota)
    }
}
