//! Quotas: conditional updates in the transaction that needs them, so that no interleaving passes a limit (I7, fault 25).

use model::{AccountId, Quota, QuotaKind};
use sqlx::query;

use crate::fault::CatalogFault;
use crate::outcome::Reserved;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// While a limit lies below what there was when it was lowered, giving back clears the mark as soon as all fits again.
const GIVE_BACK_RESERVED: &str = "UPDATE quota SET reserved = reserved - ?1, \
    lowered = (used + reserved - ?1 > most) WHERE account = ?2 AND kind = ?3 AND reserved >= ?1";
const GIVE_BACK_USED: &str = "UPDATE quota SET used = used - ?1, \
    lowered = (used + reserved - ?1 > most) WHERE account = ?2 AND kind = ?3 AND used >= ?1";
const RESERVED_TO_USED: &str = "UPDATE quota SET reserved = reserved - ?1, used = used + ?1 \
    WHERE account = ?2 AND kind = ?3 AND reserved >= ?1";

impl Tx {
    /// Makes sure that an account has this quota; one that is there keeps its limit.
    pub async fn ensure_quota(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
        default_limit: u64,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO quota (account, kind, most, used, reserved, lowered) VALUES (?, ?, ?, 0, 0, 0) \
            ON CONFLICT (account, kind) DO NOTHING";
        let ensure = query(sql).bind(account.as_str()).bind(kind.as_str());
        let ensure = ensure.bind(signed("most", default_limit)?);
        self.run("record a quota", ensure).await.map(|_| ())
    }

    /// An account's quota. [`CatalogFault::Absent`] before [`Tx::ensure_quota`].
    pub async fn quota(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
    ) -> Result<Quota, CatalogFault> {
        let find = query("SELECT * FROM quota WHERE account = ? AND kind = ?");
        let find = find.bind(account.as_str()).bind(kind.as_str());
        let found = self.one("find a quota", find).await?;
        let row = found.ok_or_else(|| absent(account, kind))?;
        let stored = Stored { table: "quota", row: &row };
        Ok(Quota {
            kind: stored.word("kind")?,
            limit: stored.number("most")?,
            used: stored.number("used")?,
            reserved: stored.number("reserved")?,
        })
    }

    /// Reserves `n` if they fit under the limit beside what is used and reserved. An account without this quota has no room.
    pub async fn reserve(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
        n: u64,
    ) -> Result<Reserved, CatalogFault> {
        let sql = "UPDATE quota SET reserved = reserved + ?1 \
            WHERE account = ?2 AND kind = ?3 AND ?1 <= most - used - reserved";
        let reserve = query(sql).bind(signed("reserved", n)?);
        let reserve = reserve.bind(account.as_str()).bind(kind.as_str());
        match self.run("reserve a quota", reserve).await? {
            0 => Ok(Reserved::No),
            _ => Ok(Reserved::Yes),
        }
    }

    /// What was promised is there now.
    pub async fn reserved_to_used(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
        n: u64,
    ) -> Result<(), CatalogFault> {
        self.shift_quota(RESERVED_TO_USED, account, kind, n).await
    }

    /// What was promised will not come.
    pub async fn give_back_reserved(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
        n: u64,
    ) -> Result<(), CatalogFault> {
        self.shift_quota(GIVE_BACK_RESERVED, account, kind, n).await
    }

    /// What was there is gone.
    pub async fn give_back_used(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
        n: u64,
    ) -> Result<(), CatalogFault> {
        self.shift_quota(GIVE_BACK_USED, account, kind, n).await
    }

    /// Sets a limit, also below what there is: then nothing more fits until enough is given back.
    pub async fn set_limit(
        &mut self,
        account: &AccountId,
        kind: QuotaKind,
        limit: u64,
    ) -> Result<(), CatalogFault> {
        let sql = "UPDATE quota SET most = ?1, lowered = (used + reserved > ?1) WHERE account = ?2 AND kind = ?3";
        let set = query(sql).bind(signed("most", limit)?);
        match self.run("set a quota", set.bind(account.as_str()).bind(kind.as_str())).await? {
            0 => Err(absent(account, kind)),
            _ => Ok(()),
        }
    }

    async fn shift_quota(
        &mut self,
        sql: &'static str,
        account: &AccountId,
        kind: QuotaKind,
        n: u64,
    ) -> Result<(), CatalogFault> {
        let shift = query(sql).bind(signed("quota", n)?);
        match self.run("count a quota", shift.bind(account.as_str()).bind(kind.as_str())).await? {
            0 => Err(CatalogFault::Miscounted {
                account: account.to_string(),
                kind: kind.as_str(),
                amount: n,
            }),
            _ => Ok(()),
        }
    }
}

fn absent(account: &AccountId, kind: QuotaKind) -> CatalogFault {
    CatalogFault::Absent { table: "quota", key: format!("{account} {kind}") }
}
