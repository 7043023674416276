//! The audit trail: one row for each change, in the transaction of the change. Each row's digest covers the row before it,
//! so that a row altered, removed or added later is found.

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, Timestamp};

use crate::fault::CatalogFault;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// What was changed, by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Whose doing; none for the region's own.
    pub account: Option<AccountId>,
    /// Who of that account: a user's id; empty for the region's own doing.
    pub actor: String,
    /// What was done, as `copy.accept`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The request that asked for it.
    pub request_id: String,
    /// What else is worth knowing. Never a secret.
    pub detail: String,
    /// How the subject stood before, as `field=value` a line; empty where it was not there.
    pub before: String,
    /// How it stands after; empty where it is gone.
    pub after: String,
}

/// An entry with its place in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// 1 for the first.
    pub seq: u64,
    /// What was changed.
    pub entry: AuditEntry,
}

/// Whether the trail is as it was written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum AuditChain {
    /// Every row follows from the one before it.
    Whole {
        /// How many rows there are.
        rows: u64,
    },
    /// Something was altered, removed or added.
    Broken {
        /// The first row that does not follow.
        seq: u64,
    },
}

/// Which entries are wanted; all where none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only the doings of this account.
    pub account: Option<AccountId>,
    /// Only what was done to this.
    pub subject: Option<String>,
}

/// Rows read at a time while the trail is checked.
const VERIFIED_AT_ONCE: u32 = 1_000;

pub(crate) const LIST: &str = "SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?";
pub(crate) const LIST_OF_ACCOUNT: &str =
    "SELECT * FROM audit WHERE seq < ? AND account = ? ORDER BY seq DESC LIMIT ?";
pub(crate) const LIST_OF_SUBJECT: &str =
    "SELECT * FROM audit WHERE seq < ? AND subject = ? ORDER BY seq DESC LIMIT ?";
pub(crate) const LIST_OF_BOTH: &str =
    "SELECT * FROM audit WHERE seq < ? AND subject = ? AND +account = ? ORDER BY seq DESC LIMIT ?";
pub(crate) const WALK: &str = "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?";

impl Tx {
    /// Appends an entry; its place.
    pub async fn record_audit(&mut self, entry: &AuditEntry) -> Result<u64, CatalogFault> {
        let (last, before) = self.audit_head().await?;
        let seq = last + 1;
        let digest = digest_of(&before, seq, entry);
        let sql = "INSERT INTO audit (seq, at, account, action, subject, request_id, detail, digest, \
            actor, before, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(signed("seq", seq)?)
            .bind(entry.at.0)
            .bind(entry.account.as_ref().map(AccountId::as_str))
            .bind(entry.action.as_str())
            .bind(entry.subject.as_str())
            .bind(entry.request_id.as_str())
            .bind(entry.detail.as_str())
            .bind(digest.to_vec())
            .bind(entry.actor.as_str())
            .bind(entry.before.as_str())
            .bind(entry.after.as_str());
        self.run("record an audit entry", insert).await?;
        let head = query("UPDATE audit_head SET seq = ?, digest = ?").bind(signed("seq", seq)?);
        self.run("record the head of the audit trail", head.bind(digest.to_vec())).await?;
        Ok(seq)
    }

    /// The trail, the newest entry first, before the place `before`.
    pub async fn list_audit(
        &mut self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, CatalogFault> {
        let before = before.map_or(Ok(i64::MAX), |seq| signed("seq", seq))?;
        let list = match (&filter.subject, &filter.account) {
            (None, None) => query(LIST).bind(before),
            (None, Some(account)) => query(LIST_OF_ACCOUNT).bind(before).bind(account.as_str()),
            (Some(subject), None) => query(LIST_OF_SUBJECT).bind(before).bind(subject.as_str()),
            (Some(subject), Some(account)) => {
                query(LIST_OF_BOTH).bind(before).bind(subject.as_str()).bind(account.as_str())
            }
        };
        let rows = self.all("list the audit trail", list.bind(limit)).await?;
        rows.iter().map(|row| audit_from(row).map(|(row, _)| row)).collect()
    }

    /// Reads the whole trail and checks that every row follows from the one before it.
    pub async fn verify_audit(&mut self) -> Result<AuditChain, CatalogFault> {
        let (last, head) = self.audit_head().await?;
        let (mut seq, mut before) = (0, [0; 32]);
        loop {
            let walk = query(WALK).bind(signed("seq", seq)?).bind(VERIFIED_AT_ONCE);
            let rows = self.all("walk the audit trail", walk).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let (AuditRow { seq: found, entry }, digest) = audit_from(row)?;
                seq += 1;
                if found != seq || digest != digest_of(&before, seq, &entry) {
                    return Ok(AuditChain::Broken { seq });
                }
                before = digest;
            }
        }
        if (seq, before) == (last, head) {
            Ok(AuditChain::Whole { rows: seq })
        } else {
            Ok(AuditChain::Broken { seq: seq + 1 })
        }
    }

    async fn audit_head(&mut self) -> Result<(u64, [u8; 32]), CatalogFault> {
        let find = query("SELECT seq, digest FROM audit_head");
        let found = self.one("find the head of the audit trail", find).await?;
        let row =
            found.ok_or_else(|| CatalogFault::Absent { table: "audit_head", key: "1".into() })?;
        let stored = Stored { table: "audit_head", row: &row };
        Ok((stored.number("seq")?, stored.bytes32("digest")?))
    }
}

/// BLAKE3 over the digest before, the place, the time and the texts, each text behind its length (`docs/formats.md` 9). An entry
/// without actor, before and after is digested without them, as entries were before these existed.
fn digest_of(before: &[u8; 32], seq: u64, entry: &AuditEntry) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&seq.to_le_bytes()).update(&entry.at.0.to_le_bytes());
    let account = entry.account.as_ref().map_or("", AccountId::as_str);
    let texts = [account, &entry.action, &entry.subject, &entry.request_id, &entry.detail];
    let later = [entry.actor.as_str(), &entry.before, &entry.after];
    let has_later = later.iter().any(|text| !text.is_empty());
    for text in texts.into_iter().chain(later.into_iter().filter(|_| has_later)) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

fn audit_from(row: &Row) -> Result<(AuditRow, [u8; 32]), CatalogFault> {
    let stored = Stored { table: "audit", row };
    let entry = AuditEntry {
        at: stored.time("at")?,
        account: stored.optional_word("account")?,
        action: stored.text("action")?,
        subject: stored.text("subject")?,
        request_id: stored.text("request_id")?,
        detail: stored.text("detail")?,
        actor: stored.text("actor")?,
        before: stored.text("before")?,
        after: stored.text("after")?,
    };
    Ok((AuditRow { seq: stored.number("seq")?, entry }, stored.bytes32("digest")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account as account_of, catalog, intruder};

    fn entry(n: u64) -> AuditEntry {
        AuditEntry {
            at: Timestamp(n as i64),
            account: (!n.is_multiple_of(2)).then(|| account_of(n)),
            action: "copy.accept".into(),
            subject: format!("copy-{n}"),
            request_id: "r".into(),
            detail: String::new(),
            actor: if n == 3 { "user-x".into() } else { String::new() },
            before: String::new(),
            after: if n > 1 { "name=web".into() } else { String::new() },
        }
    }

    async fn trail(rows: u64) -> (tempfile::TempDir, crate::Catalog) {
        let (folder, catalog) = catalog().await;
        for n in 1..=rows {
            let mut tx = catalog.begin().await.unwrap();
            assert_eq!(tx.record_audit(&entry(n)).await.unwrap(), n);
            tx.commit().await.unwrap();
        }
        (folder, catalog)
    }

    #[tokio::test]
    async fn the_trail_reads_back_as_written_and_is_whole() {
        let (_folder, catalog) = trail(5).await;
        let mut tx = catalog.read().await.unwrap();
        let all = AuditFilter::default();
        let newest: Vec<_> = tx.list_audit(&all, None, 2).await.unwrap();
        let row = |seq| AuditRow { seq, entry: entry(seq) };
        assert_eq!(newest, [row(5), row(4)]);
        assert_eq!(tx.list_audit(&all, Some(3), 9).await.unwrap(), [row(2), row(1)]);
        let of = |account: Option<u64>, subject: Option<&str>| AuditFilter {
            account: account.map(account_of),
            subject: subject.map(str::to_owned),
        };
        assert_eq!(tx.list_audit(&of(Some(3), None), None, 9).await.unwrap(), [row(3)]);
        assert_eq!(tx.list_audit(&of(None, Some("copy-2")), None, 9).await.unwrap(), [row(2)]);
        assert_eq!(tx.list_audit(&of(Some(3), Some("copy-3")), None, 9).await.unwrap(), [row(3)]);
        assert!(tx.list_audit(&of(Some(3), Some("copy-5")), None, 9).await.unwrap().is_empty());
        assert_eq!(tx.verify_audit().await.unwrap(), AuditChain::Whole { rows: 5 });
    }

    #[tokio::test]
    async fn an_entry_of_a_transaction_that_is_dropped_leaves_no_gap() {
        let (_folder, catalog) = trail(2).await;
        let mut tx = catalog.begin().await.unwrap();
        tx.record_audit(&entry(9)).await.unwrap();
        drop(tx);
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.record_audit(&entry(3)).await.unwrap(), 3);
        assert_eq!(tx.verify_audit().await.unwrap(), AuditChain::Whole { rows: 3 });
    }

    /// The audit trail, version 1 (`docs/formats.md` 9).
    #[tokio::test]
    async fn tampering_with_any_row_is_found() {
        let columns = [
            "at = at + 1",
            "account = 'acct-zzzzzzzzzzzzzzzzzzzz'",
            "account = NULL",
            "action = 'image.delete'",
            "subject = subject || ' '",
            "request_id = request_id || detail || 'x'",
            "detail = 'x'",
            "actor = after || before || 'x'",
            "before = after || 'y', after = ''",
            "after = 'name=other'",
            "digest = zeroblob(32)",
        ];
        for seq in 1..=3 {
            for change in columns.iter().filter(|c| !(c.ends_with("NULL") && seq == 2)) {
                let sql = format!("UPDATE audit SET {change} WHERE seq = {seq}");
                assert_found(sql, seq).await;
            }
            assert_found(format!("DELETE FROM audit WHERE seq = {seq}"), seq).await;
        }
        assert_found("UPDATE audit SET seq = -seq; UPDATE audit SET seq = 4 + seq".into(), 1).await;
        let add = "INSERT INTO audit SELECT 4, at, account, action, subject, request_id, detail, digest, actor, before, after FROM audit WHERE seq = 3";
        assert_found(add.into(), 4).await;
    }

    async fn assert_found(sql: String, seq: u64) {
        let (folder, catalog) = trail(3).await;
        let intruder = intruder(&folder).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(&intruder).await.unwrap();
        let verified = catalog.read().await.unwrap().verify_audit().await.unwrap();
        assert_eq!(verified, AuditChain::Broken { seq }, "{sql}");
    }
}
