//! Quotas: conditional updates in the transaction that needs them, so that no interleaving passes a limit (I7, fault 25).

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, Quota, QuotaKind};

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

fn quota_from(row: &Row) -> Result<Quota, CatalogFault> {
    let stored = Stored { table: "quota", row };
    Ok(Quota {
        kind: stored.word("kind")?,
        limit: stored.number("most")?,
        used: stored.number("used")?,
        reserved: stored.number("reserved")?,
    })
}

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

    /// An account's quotas, as far as it has any yet, in the order of [`QuotaKind::ALL`].
    pub async fn quotas(&mut self, account: &AccountId) -> Result<Vec<Quota>, CatalogFault> {
        let find = query("SELECT * FROM quota WHERE account = ?").bind(account.as_str());
        let rows = self.all("list quotas", find).await?;
        let mut quotas = rows.iter().map(quota_from).collect::<Result<Vec<_>, _>>()?;
        quotas.sort_by_key(|quota| QuotaKind::ALL.iter().position(|kind| *kind == quota.kind));
        Ok(quotas)
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
        quota_from(&row)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, catalog};

    const IMAGE: QuotaKind = QuotaKind::Image;

    async fn assert_quota(tx: &mut Tx, limit: u64, used: u64, reserved: u64) {
        let quota = tx.quota(&account(1), IMAGE).await.unwrap();
        assert_eq!(quota, Quota { kind: IMAGE, limit, used, reserved });
    }

    #[tokio::test]
    async fn r002_5_what_is_promised_used_and_given_back_is_counted() {
        let (_folder, catalog) = catalog().await;
        let account = account(1);
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.reserve(&account, IMAGE, 1).await.unwrap(), Reserved::No);
        tx.ensure_quota(&account, IMAGE, 3).await.unwrap();
        tx.ensure_quota(&account, IMAGE, 99).await.unwrap();
        assert_quota(&mut tx, 3, 0, 0).await;
        assert_eq!(tx.reserve(&account, IMAGE, 2).await.unwrap(), Reserved::Yes);
        assert_eq!(tx.reserve(&account, IMAGE, 2).await.unwrap(), Reserved::No);
        tx.reserved_to_used(&account, IMAGE, 1).await.unwrap();
        assert_quota(&mut tx, 3, 1, 1).await;
        tx.give_back_reserved(&account, IMAGE, 1).await.unwrap();
        tx.give_back_used(&account, IMAGE, 1).await.unwrap();
        assert_quota(&mut tx, 3, 0, 0).await;
        for fault in [
            tx.give_back_reserved(&account, IMAGE, 1).await.unwrap_err(),
            tx.give_back_used(&account, IMAGE, 1).await.unwrap_err(),
            tx.reserved_to_used(&account, IMAGE, 1).await.unwrap_err(),
        ] {
            assert!(matches!(fault, CatalogFault::Miscounted { .. }));
        }
        assert!(matches!(
            tx.quota(&account, QuotaKind::Snapshot).await.unwrap_err(),
            CatalogFault::Absent { table: "quota", .. }
        ));
    }

    #[tokio::test]
    async fn i7_a_limit_may_be_lowered_below_what_there_is() {
        let (_folder, catalog) = catalog().await;
        let account = account(1);
        let mut tx = catalog.begin().await.unwrap();
        tx.ensure_quota(&account, IMAGE, 5).await.unwrap();
        assert_eq!(tx.reserve(&account, IMAGE, 5).await.unwrap(), Reserved::Yes);
        tx.set_limit(&account, IMAGE, 2).await.unwrap();
        tx.reserved_to_used(&account, IMAGE, 5).await.unwrap();
        assert_quota(&mut tx, 2, 5, 0).await;
        assert_eq!(tx.reserve(&account, IMAGE, 1).await.unwrap(), Reserved::No);
        tx.give_back_used(&account, IMAGE, 3).await.unwrap();
        assert_eq!(tx.reserve(&account, IMAGE, 1).await.unwrap(), Reserved::No);
        tx.give_back_used(&account, IMAGE, 1).await.unwrap();
        assert_eq!(tx.reserve(&account, IMAGE, 1).await.unwrap(), Reserved::Yes);
        let widen = query("UPDATE quota SET used = 9");
        assert!(tx.run("pass the limit", widen).await.is_err(), "the schema refuses it");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn fault_25_eight_writers_are_given_exactly_the_limit() {
        let (folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        tx.ensure_quota(&account(1), IMAGE, 50).await.unwrap();
        tx.commit().await.unwrap();
        // A second handle on the same file stands for a second process.
        let other = crate::Catalog::open(&folder.path().join("catalog.db")).await.unwrap();
        let writers = (0..8).map(|n| {
            let catalog = if n % 2 == 0 { catalog.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..10 {
                    let mut tx = catalog.begin().await.unwrap();
                    match tx.reserve(&account(1), IMAGE, 1).await.unwrap() {
                        Reserved::Yes => admitted += 1,
                        Reserved::No => {}
                    }
                    tx.commit().await.unwrap();
                }
                admitted
            })
        });
        let admitted: u64 =
            futures::future::join_all(writers).await.into_iter().map(Result::unwrap).sum();
        assert_eq!(admitted, 50);
        assert_quota(&mut catalog.read().await.unwrap(), 50, 0, 50).await;
    }
}
