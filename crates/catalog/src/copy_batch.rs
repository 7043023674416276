//! Copies that were asked for together: at their source, what is not settled of them; at their targets, what was taken back.

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, ClientToken, CopyId, RegionId, Timestamp};

use crate::fault::CatalogFault;
use crate::outcome::Updated;
use crate::stored::Stored;
use crate::tx::Tx;

/// Whether copies that were asked for together are still being promised. Stored by the word in backticks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BatchStanding {
    /// `promising`: targets are being asked.
    Promising,
    /// `withdrawn`: none of them is to stay.
    Withdrawn,
}

impl BatchStanding {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            BatchStanding::Promising => "promising",
            BatchStanding::Withdrawn => "withdrawn",
        }
    }

    /// The standing of a stored word; none for a word this version does not know.
    fn from_stored(word: &str) -> Option<Self> {
        match word {
            "promising" => Some(BatchStanding::Promising),
            "withdrawn" => Some(BatchStanding::Withdrawn),
            _ => None,
        }
    }
}

/// Copies that were asked for together and are not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyBatchRow {
    /// The first of them.
    pub id: CopyId,
    /// Whose they are.
    pub account: AccountId,
    /// The action and the token that the caller gave.
    pub token: Option<(String, ClientToken)>,
    /// Names the caller's request.
    pub request_id: String,
    /// How they stand.
    pub standing: BatchStanding,
    /// When they were asked for.
    pub created: Timestamp,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchMember {
    /// The copy.
    pub copy: CopyId,
    /// Where it goes.
    pub target: RegionId,
}

pub(crate) const LIST: &str = "SELECT * FROM copy_batch ORDER BY id";
pub(crate) const MEMBERS: &str =
    "SELECT copy, target FROM copy_batch_member WHERE batch = ? ORDER BY target, copy";
pub(crate) const FORGET_WITHDRAWN: &str = "DELETE FROM withdrawn_copy WHERE created < ?";

impl Tx {
    /// Records copies before any target is asked for one of them.
    pub async fn insert_copy_batch(
        &mut self,
        row: &CopyBatchRow,
        members: &[BatchMember],
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO copy_batch (id, account, action, token, request_id, standing, created) \
            VALUES (?, ?, ?, ?, ?, ?, ?)";
        let (action, token) = match &row.token {
            Some((action, token)) => (Some(action.as_str()), Some(token.as_str())),
            None => (None, None),
        };
        let insert = query(sql)
            .bind(row.id.as_str())
            .bind(row.account.as_str())
            .bind(action)
            .bind(token)
            .bind(row.request_id.as_str())
            .bind(row.standing.as_str())
            .bind(row.created.0);
        self.run("record copies asked for together", insert).await?;
        for member in members {
            let sql = "INSERT INTO copy_batch_member (copy, batch, target) VALUES (?, ?, ?)";
            let insert = query(sql)
                .bind(member.copy.as_str())
                .bind(row.id.as_str())
                .bind(member.target.as_str());
            self.run("record a copy asked for with others", insert).await?;
        }
        Ok(())
    }

    /// Copies that are not settled, by their first.
    pub async fn copy_batch(&mut self, id: &CopyId) -> Result<Option<CopyBatchRow>, CatalogFault> {
        let find = query("SELECT * FROM copy_batch WHERE id = ?").bind(id.as_str());
        let row = self.one("find copies asked for together", find).await?;
        row.as_ref().map(batch_from).transpose()
    }

    /// The batch that a copy is of; none where it was asked for alone, or is settled.
    pub async fn batch_of_copy(&mut self, copy: &CopyId) -> Result<Option<CopyId>, CatalogFault> {
        let find = query("SELECT batch FROM copy_batch_member WHERE copy = ?").bind(copy.as_str());
        let row = self.one("find the batch of a copy", find).await?;
        row.map(|row| Stored { table: "copy_batch_member", row: &row }.word("batch")).transpose()
    }

    /// Every batch that is not settled. There are about as many as requests that run.
    pub async fn list_copy_batches(&mut self) -> Result<Vec<CopyBatchRow>, CatalogFault> {
        let rows = self.all("list copies asked for together", query(LIST)).await?;
        rows.iter().map(batch_from).collect()
    }

    /// The copies of a batch that are not taken back yet, by target.
    pub async fn batch_members(&mut self, id: &CopyId) -> Result<Vec<BatchMember>, CatalogFault> {
        let find = query(MEMBERS).bind(id.as_str());
        let rows = self.all("list the copies of a batch", find).await?;
        let read = |row| {
            let stored = Stored { table: "copy_batch_member", row };
            Ok(BatchMember { copy: stored.word("copy")?, target: stored.word("target")? })
        };
        rows.iter().map(read).collect()
    }

    /// Settles that none of a batch is to stay, unless something is settled already.
    pub async fn withdraw_copy_batch(&mut self, id: &CopyId) -> Result<Updated, CatalogFault> {
        let sql =
            "UPDATE copy_batch SET standing = 'withdrawn' WHERE id = ? AND standing = 'promising'";
        let update = query(sql).bind(id.as_str());
        self.run("withdraw copies asked for together", update).await.map(Updated::from_rows)
    }

    /// Settles that all of a batch stay, unless they were withdrawn.
    pub async fn keep_copy_batch(&mut self, id: &CopyId) -> Result<Updated, CatalogFault> {
        let delete = query("DELETE FROM copy_batch WHERE id = ? AND standing = 'promising'");
        let delete = delete.bind(id.as_str());
        self.run("keep copies asked for together", delete).await.map(Updated::from_rows)
    }

    /// Forgets a copy of a batch that was withdrawn: its target has taken it back; and with the last one the batch.
    pub async fn forget_batch_member(
        &mut self,
        id: &CopyId,
        copy: &CopyId,
    ) -> Result<(), CatalogFault> {
        let delete = query("DELETE FROM copy_batch_member WHERE copy = ?").bind(copy.as_str());
        self.run("forget a withdrawn copy", delete).await?;
        let sql = "DELETE FROM copy_batch WHERE id = ?1 AND standing = 'withdrawn' \
            AND NOT EXISTS (SELECT 1 FROM copy_batch_member WHERE batch = ?1)";
        self.run("forget withdrawn copies", query(sql).bind(id.as_str())).await?;
        Ok(())
    }

    /// Notes at a target that a copy is not to be: an offer of it that comes from now on is refused.
    pub async fn note_withdrawn_copy(
        &mut self,
        copy: &CopyId,
        now: Timestamp,
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO withdrawn_copy (copy, created) VALUES (?, ?) ON CONFLICT DO NOTHING";
        self.run("note a withdrawn copy", query(sql).bind(copy.as_str()).bind(now.0)).await?;
        Ok(())
    }

    /// Whether a copy is not to be.
    pub async fn is_withdrawn_copy(&mut self, copy: &CopyId) -> Result<bool, CatalogFault> {
        let find = query("SELECT 1 FROM withdrawn_copy WHERE copy = ?").bind(copy.as_str());
        Ok(self.one("look for a withdrawn copy", find).await?.is_some())
    }

    /// Forgets the notes from before an instant; how many they were.
    pub async fn forget_withdrawn_copies(
        &mut self,
        before: Timestamp,
    ) -> Result<u64, CatalogFault> {
        self.run("forget withdrawn copies", query(FORGET_WITHDRAWN).bind(before.0)).await
    }
}

fn batch_from(row: &Row) -> Result<CopyBatchRow, CatalogFault> {
    let stored = Stored { table: "copy_batch", row };
    let action: Option<String> = stored.get("action")?;
    let token = stored.optional_checked("token", ClientToken::new)?;
    Ok(CopyBatchRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        token: action.zip(token),
        request_id: stored.text("request_id")?,
        standing: stored.checked("standing", |word| BatchStanding::from_stored(word).ok_or(()))?,
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, bytes, catalog};

    fn copy(n: u64) -> CopyId {
        CopyId::from_random(bytes(n))
    }

    fn batch(n: u64) -> (CopyBatchRow, Vec<BatchMember>) {
        let row = CopyBatchRow {
            id: copy(n),
            account: account(1),
            token: Some(("copy-batch".to_owned(), ClientToken::new("once").unwrap())),
            request_id: "req".to_owned(),
            standing: BatchStanding::Promising,
            created: Timestamp(5),
        };
        let member = |(n, target): (u64, &str)| BatchMember {
            copy: copy(n),
            target: target.parse().unwrap(),
        };
        (row, [(n, "east"), (n + 1, "south")].map(member).to_vec())
    }

    /// `0010_copies_together`.
    #[tokio::test]
    async fn r002_1_copies_asked_for_together_are_settled_once() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let ((kept, of_kept), (gone, of_gone)) = (batch(1), batch(3));
        let gone = CopyBatchRow { token: None, ..gone };
        tx.insert_copy_batch(&kept, &of_kept).await.unwrap();
        tx.insert_copy_batch(&gone, &of_gone).await.unwrap();
        assert_eq!(tx.copy_batch(&kept.id).await.unwrap(), Some(kept.clone()));
        assert_eq!(tx.batch_members(&gone.id).await.unwrap(), of_gone);
        assert_eq!(tx.batch_of_copy(&copy(4)).await.unwrap(), Some(gone.id.clone()));
        assert_eq!(tx.keep_copy_batch(&kept.id).await.unwrap(), Updated::Yes);
        assert_eq!(tx.keep_copy_batch(&kept.id).await.unwrap(), Updated::No);
        assert_eq!(tx.withdraw_copy_batch(&kept.id).await.unwrap(), Updated::No);
        assert_eq!(tx.batch_of_copy(&copy(1)).await.unwrap(), None, "it is settled");

        assert_eq!(tx.withdraw_copy_batch(&gone.id).await.unwrap(), Updated::Yes);
        assert_eq!(tx.withdraw_copy_batch(&gone.id).await.unwrap(), Updated::No);
        assert_eq!(tx.keep_copy_batch(&gone.id).await.unwrap(), Updated::No);
        let withdrawn = CopyBatchRow { standing: BatchStanding::Withdrawn, ..gone.clone() };
        assert_eq!(tx.list_copy_batches().await.unwrap(), [withdrawn]);
        tx.forget_batch_member(&gone.id, &copy(3)).await.unwrap();
        assert_eq!(tx.batch_members(&gone.id).await.unwrap(), of_gone[1..]);
        assert!(tx.copy_batch(&gone.id).await.unwrap().is_some());
        tx.forget_batch_member(&gone.id, &copy(4)).await.unwrap();
        assert_eq!(tx.list_copy_batches().await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_withdrawn_copy_is_known_for_a_while() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for at in [7, 9] {
            tx.note_withdrawn_copy(&copy(1), Timestamp(at)).await.unwrap();
        }
        assert!(tx.is_withdrawn_copy(&copy(1)).await.unwrap());
        assert!(!tx.is_withdrawn_copy(&copy(2)).await.unwrap());
        assert_eq!(tx.forget_withdrawn_copies(Timestamp(7)).await.unwrap(), 0);
        assert_eq!(tx.forget_withdrawn_copies(Timestamp(8)).await.unwrap(), 1);
        assert!(!tx.is_withdrawn_copy(&copy(1)).await.unwrap());
    }
}
