//! Which copies run: claims by lease, with caps, the oldest first. A claim raises the fence, so a worker that lost its
//! lease changes nothing more (I10, fault 26).

use model::{CopyId, Timestamp};
use sqlx::query;

use crate::copy::{CopyRow, copy_from};
use crate::fault::CatalogFault;
use crate::outcome::{Released, Updated};
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// How many copies run at once. Copies that are published or unwinding do not count: they free what others wait for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ClaimLimits {
    /// Of one account.
    pub per_account: u32,
    /// Of all accounts together.
    pub per_region: u32,
}

/// The most published and unwinding copies that one claim takes, so that the work of one call is bounded.
const FINISHING_AT_ONCE: u32 = 64;

pub(crate) const COUNT_LEASED: &str = "SELECT count(*) FROM copy \
    WHERE finished IS NULL AND lease_until > ? AND state IN ('queued', 'held', 'stored')";
pub(crate) const DUE: &str = "WITH leased AS ( \
        SELECT account, count(*) AS copies FROM copy \
        WHERE finished IS NULL AND lease_until > ?1 AND state IN ('queued', 'held', 'stored') GROUP BY account \
    ), due AS ( \
        SELECT id, account, created, row_number() OVER (PARTITION BY account ORDER BY created, id) AS place \
        FROM copy WHERE finished IS NULL AND next_attempt <= ?1 AND lease_until <= ?1 \
        AND state IN ('queued', 'held', 'stored') \
    ) SELECT due.id FROM due LEFT JOIN leased ON leased.account = due.account \
    WHERE place <= ?2 - coalesce(copies, 0) ORDER BY created, due.id LIMIT ?3";
pub(crate) const FINISHING: &str = "SELECT id FROM copy WHERE state IN ('published', 'unwinding') \
    AND next_attempt <= ?1 AND lease_until <= ?1 ORDER BY created, id LIMIT ?2";
pub(crate) const CLAIM: &str = "UPDATE copy SET worker = ?, lease_until = ?, fence = fence + 1, \
    total_attempts = total_attempts + 1, started = coalesce(started, ?) \
    WHERE id IN (SELECT value FROM json_each(?)) RETURNING *";
pub(crate) const QUEUE_PLACE: &str = "SELECT count(*) FROM copy AS ahead \
    WHERE ahead.account = ?1 AND ahead.state = 'queued' AND ahead.worker IS NULL \
    AND (ahead.created, ahead.id) <= (?2, ?3)";

impl Tx {
    /// Leases copies that are due to `worker` for `lease_ms` milliseconds from `now`: live, not leased, their next attempt
    /// reached; the oldest first, as many as the limits leave room for. A lease that ran out leaves its copy due, whoever
    /// had it. The rows come back as they are after the claim: with the new fence.
    pub async fn claim_due(
        &mut self,
        worker: &str,
        now: Timestamp,
        lease_ms: i64,
        limits: ClaimLimits,
    ) -> Result<Vec<CopyRow>, CatalogFault> {
        let mut ids = self.ids_finishing(now).await?;
        ids.extend(self.ids_due(now, limits).await?);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let claim = query(CLAIM)
            .bind(worker)
            .bind(now.plus_ms(lease_ms).0)
            .bind(now.0)
            .bind(format!("[\"{}\"]", ids.join("\",\"")));
        let rows = self.all("claim copies", claim).await?;
        let mut copies = rows.iter().map(copy_from).collect::<Result<Vec<_>, _>>()?;
        copies.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(copies)
    }

    async fn ids_finishing(&mut self, now: Timestamp) -> Result<Vec<String>, CatalogFault> {
        let find = query(FINISHING).bind(now.0).bind(FINISHING_AT_ONCE);
        self.ids("find copies to finish", find).await
    }

    async fn ids_due(
        &mut self,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Vec<String>, CatalogFault> {
        let leased = self.count("count leased copies", query(COUNT_LEASED).bind(now.0)).await?;
        let room = u64::from(limits.per_region).saturating_sub(leased);
        if room == 0 {
            return Ok(Vec::new());
        }
        let find =
            query(DUE).bind(now.0).bind(limits.per_account).bind(signed("per_region", room)?);
        self.ids("find copies that are due", find).await
    }

    async fn ids(
        &mut self,
        operation: &'static str,
        find: crate::tx::Query<'_>,
    ) -> Result<Vec<String>, CatalogFault> {
        let rows = self.all(operation, find).await?;
        // Parsed, because they go into a JSON text.
        let read =
            |row| Stored { table: "copy", row }.word::<CopyId>("id").map(|id| id.to_string());
        rows.iter().map(read).collect()
    }

    /// Lengthens the lease of a worker that still has it.
    pub async fn renew_lease(
        &mut self,
        copy: &CopyId,
        fence: u64,
        lease_until: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE copy SET lease_until = max(lease_until, ?) WHERE id = ? AND fence = ? AND worker IS NOT NULL";
        let renew = query(sql).bind(lease_until.0).bind(copy.as_str());
        let renew = renew.bind(signed("fence", fence)?);
        self.run("renew a lease", renew).await.map(Updated::from_rows)
    }

    /// Gives a copy back, to be tried again from `next_attempt`.
    pub async fn release_lease(
        &mut self,
        copy: &CopyId,
        fence: u64,
        next_attempt: Timestamp,
    ) -> Result<Released, CatalogFault> {
        let sql = "UPDATE copy SET worker = NULL, lease_until = 0, next_attempt = ? WHERE id = ? AND fence = ?";
        let release = query(sql).bind(next_attempt.0).bind(copy.as_str());
        let release = release.bind(signed("fence", fence)?);
        match self.run("release a lease", release).await? {
            0 => Ok(Released::No),
            _ => Ok(Released::Yes),
        }
    }

    /// Where a copy stands among those of its account that wait in `queued` without a worker: 1 is next. None for a copy
    /// that does not wait there.
    pub async fn queue_place(&mut self, copy: &CopyId) -> Result<Option<u64>, CatalogFault> {
        let sql = "SELECT account, created FROM copy WHERE id = ? AND state = 'queued' AND worker IS NULL";
        let found = self.one("find a waiting copy", query(sql).bind(copy.as_str())).await?;
        let Some(row) = found else { return Ok(None) };
        let stored = Stored { table: "copy", row: &row };
        let (account, created) = (stored.text("account")?, stored.time("created")?);
        let count = query(QUEUE_PLACE).bind(account).bind(created.0).bind(copy.as_str());
        self.count("count the copies ahead", count).await.map(Some)
    }
}
