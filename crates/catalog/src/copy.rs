//! Copies into this region: their rows, found and listed. `copy_claim.rs` leases them, `copy_change.rs` moves them.

use std::collections::BTreeMap;

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, CopyId, CopyState, Digest, DiskDigests, DiskRole, DomainName, EncryptionKeyId,
    ImageId, Priority, Progress, Promise, RegionId, SnapshotId, Timestamp,
};

use crate::fault::CatalogFault;
use crate::image::{cause_number, json_ids};
use crate::outcome::Deleted;
use crate::page::Page;
use crate::snapshot::domain_from;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A copy into this region. The row stays as history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyRow {
    /// Its id, chosen at the source's door.
    pub id: CopyId,
    /// Who owns both images.
    pub account: AccountId,
    /// The image it makes here.
    pub target_image: ImageId,
    /// The snapshot that it makes here instead, where it copies one alone: the images are carriers then.
    pub snapshot: Option<SnapshotId>,
    /// Where the source image is.
    pub source_region: RegionId,
    /// The source image.
    pub source_image: ImageId,
    /// Whether the source image is sealed in its own region.
    pub source_sealed: bool,
    /// The key of this region that it seals with; none where it stays plain.
    pub encryption_key: Option<EncryptionKeyId>,
    /// How far it has come.
    pub state: CopyState,
    /// Places present of those needed, as shown. Never goes back.
    pub progress: Progress,
    /// How many disks there are.
    pub disks: u64,
    /// How many of them are here whole.
    pub disks_done: u64,
    /// Bytes that crossed the link.
    pub bytes_sent: u64,
    /// Bytes that were here already.
    pub bytes_reused: u64,
    /// Attempts in a row that made no progress.
    pub attempts: u32,
    /// Attempts altogether: how often it was claimed.
    pub total_attempts: u32,
    /// When it may be tried again.
    pub next_attempt: Timestamp,
    /// Why the last attempt failed, for its user; none since it last moved.
    pub reason: Option<String>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it was first claimed.
    pub started: Option<Timestamp>,
    /// When it reached a terminal state.
    pub finished: Option<Timestamp>,
    /// Grows by one with each move.
    pub generation: u64,
    /// Grows by one with each claim; a worker's writes carry it (I10).
    pub fence: u64,
    /// Until when its worker has it; 0 without a worker.
    pub lease_until: Timestamp,
    /// Who has it.
    pub worker: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Until when it was promised, and the bytes that it had to bring then; none where it has no deadline.
    pub promise: Option<Promise>,
}

/// What a live copy keeps from the sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyContents {
    /// Where its chunks go.
    pub domain: DomainName,
    /// Whether it still fetches.
    pub is_held: bool,
    /// Its disks.
    pub digests: DiskDigests,
}

/// Whether copies that still have something to do are wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Live {
    /// Only those.
    Only,
    /// Only those in a terminal state.
    Ended,
}

/// Which copies are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyFilter {
    /// By whether they run; none wants all.
    pub live: Option<Live>,
}

pub(crate) const LIST: &str = "SELECT * FROM copy \
    WHERE account = ? AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?";
pub(crate) const LIST_LIVE: &str = "SELECT * FROM copy \
    WHERE account = ? AND (created, id) < (?, ?) AND finished IS NULL \
    ORDER BY created DESC, id DESC LIMIT ?";
pub(crate) const LIST_ENDED: &str = "SELECT * FROM copy \
    WHERE account = ? AND (created, id) < (?, ?) AND finished IS NOT NULL \
    ORDER BY created DESC, id DESC LIMIT ?";
pub(crate) const OF_IMAGE: &str =
    "SELECT * FROM copy WHERE target_image = ? ORDER BY created DESC, id DESC LIMIT 1";
pub(crate) const OF_IMAGES: &str = "SELECT copy.* FROM json_each(?) AS wanted CROSS JOIN copy \
    ON copy.id = (SELECT made.id FROM copy AS made WHERE made.target_image = wanted.value \
    ORDER BY made.created DESC, made.id DESC LIMIT 1)";
pub(crate) const RUNNING: &str = "SELECT id FROM copy \
    WHERE account = ? AND source_region = ? AND source_image = ? AND finished IS NULL";
pub(crate) const WITH_DIGESTS: &str = "SELECT account, encryption_key, state, digests FROM copy WHERE digests IS NOT NULL ORDER BY id";
pub(crate) const COUNT_LIVE: &str =
    "SELECT count(*) FROM copy WHERE account = ? AND finished IS NULL";
pub(crate) const BY_STATE: &str = "SELECT state, count(*) AS copies FROM copy GROUP BY state";

impl Tx {
    /// Records a new copy. A second one of the same image that still runs is refused by the database.
    pub async fn insert_copy(&mut self, copy: &CopyRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO copy (id, account, target_image, source_region, source_image, state, digests, snapshots, \
            cause, cause_number, done, needed, disks, disks_done, bytes_sent, bytes_reused, attempts, total_attempts, \
            next_attempt, reason, created, started, finished, generation, fence, lease_until, worker, source_sealed, \
            encryption_key, snapshot, priority, deadline, deadline_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let state = StateColumns::of(&copy.state)?;
        let insert = query(sql)
            .bind(copy.id.as_str())
            .bind(copy.account.as_str())
            .bind(copy.target_image.as_str())
            .bind(copy.source_region.as_str())
            .bind(copy.source_image.as_str())
            .bind(state.word)
            .bind(state.digests)
            .bind(state.snapshots)
            .bind(state.cause)
            .bind(state.cause_number)
            .bind(signed("done", copy.progress.done)?)
            .bind(signed("needed", copy.progress.needed)?)
            .bind(signed("disks", copy.disks)?)
            .bind(signed("disks_done", copy.disks_done)?)
            .bind(signed("bytes_sent", copy.bytes_sent)?)
            .bind(signed("bytes_reused", copy.bytes_reused)?)
            .bind(copy.attempts)
            .bind(copy.total_attempts)
            .bind(copy.next_attempt.0)
            .bind(copy.reason.as_deref())
            .bind(copy.created.0)
            .bind(copy.started.map(|at| at.0))
            .bind(copy.finished.map(|at| at.0))
            .bind(signed("generation", copy.generation)?)
            .bind(signed("fence", copy.fence)?)
            .bind(copy.lease_until.0)
            .bind(copy.worker.as_deref())
            .bind(copy.source_sealed)
            .bind(copy.encryption_key.as_ref().map(EncryptionKeyId::as_str))
            .bind(copy.snapshot.as_ref().map(SnapshotId::as_str))
            .bind(copy.priority.number())
            .bind(copy.promise.map(|promise| promise.due.0))
            .bind(copy.promise.map(|promise| signed("deadline_bytes", promise.bytes)).transpose()?);
        self.run("record a copy", insert).await.map(|_| ())
    }

    /// A copy of an account. Another account's is as absent as one that never was (I12).
    pub async fn copy(
        &mut self,
        account: &AccountId,
        id: &CopyId,
    ) -> Result<Option<CopyRow>, CatalogFault> {
        let find = query("SELECT * FROM copy WHERE id = ? AND account = ?");
        let find = find.bind(id.as_str()).bind(account.as_str());
        self.one("find a copy", find).await?.as_ref().map(copy_from).transpose()
    }

    /// A copy of any account: for the driver and for peers, never for a caller.
    pub async fn copy_unscoped(&mut self, id: &CopyId) -> Result<Option<CopyRow>, CatalogFault> {
        let find = query("SELECT * FROM copy WHERE id = ?").bind(id.as_str());
        self.one("find a copy", find).await?.as_ref().map(copy_from).transpose()
    }

    /// The newest copy that makes this image.
    pub async fn copy_of_image(
        &mut self,
        image: &ImageId,
    ) -> Result<Option<CopyRow>, CatalogFault> {
        let find = query(OF_IMAGE).bind(image.as_str());
        self.one("find the copy of an image", find).await?.as_ref().map(copy_from).transpose()
    }

    /// The newest copy that makes, or made, each of these images; nothing of one that no copy makes.
    pub async fn copies_of_images(
        &mut self,
        images: &[ImageId],
    ) -> Result<Vec<CopyRow>, CatalogFault> {
        let find = query(OF_IMAGES).bind(json_ids(images));
        self.all("find the copies of images", find).await?.iter().map(copy_from).collect()
    }

    /// The copy of this source image into this region that still runs.
    pub async fn running_copy(
        &mut self,
        account: &AccountId,
        source_region: &RegionId,
        source_image: &ImageId,
    ) -> Result<Option<CopyId>, CatalogFault> {
        let find = query(RUNNING).bind(account.as_str()).bind(source_region.as_str());
        let found = self.one("find a running copy", find.bind(source_image.as_str())).await?;
        found.map(|row| Stored { table: "copy", row: &row }.word("id")).transpose()
    }

    /// An account's copies, the newest first.
    pub async fn list_copies(
        &mut self,
        account: &AccountId,
        filter: &CopyFilter,
        page: &Page,
    ) -> Result<Vec<CopyRow>, CatalogFault> {
        let sql = match filter.live {
            None => LIST,
            Some(Live::Only) => LIST_LIVE,
            Some(Live::Ended) => LIST_ENDED,
        };
        let (created, id) = page.below();
        let list = query(sql).bind(account.as_str()).bind(created).bind(id).bind(page.limit);
        self.all("list copies", list).await?.iter().map(copy_from).collect()
    }

    /// How many copies of an account still run or wait.
    pub async fn count_live_copies(&mut self, account: &AccountId) -> Result<u64, CatalogFault> {
        self.count("count live copies", query(COUNT_LIVE).bind(account.as_str())).await
    }

    /// What the copies in `held` and `stored` need: the sweep keeps it. While a copy is `held`, its digests are the source's,
    /// which are not the target's where the copy encrypts.
    pub async fn live_copies_with_roots(&mut self) -> Result<Vec<CopyContents>, CatalogFault> {
        let rows = self.all("list the contents of copies", query(WITH_DIGESTS)).await?;
        let read = |row| {
            let stored = Stored { table: "copy", row };
            Ok(CopyContents {
                domain: domain_from(&stored)?,
                is_held: stored.text("state")? == "held",
                digests: digests_from(&stored)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// How many copies there are in each state that has any, by the state's stored name.
    pub async fn count_copies_by_state(&mut self) -> Result<BTreeMap<String, u64>, CatalogFault> {
        let rows = self.all("count copies", query(BY_STATE)).await?;
        let read = |row| {
            let stored = Stored { table: "copy", row };
            Ok((stored.text("state")?, stored.number("copies")?))
        };
        rows.iter().map(read).collect()
    }

    /// Deletes a copy that never began, as if it had not been asked for.
    pub async fn delete_copy(&mut self, copy: &CopyId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM copy WHERE id = ? AND state = 'queued'");
        self.run("delete a copy", delete.bind(copy.as_str())).await.map(Deleted::from_rows)
    }

    /// Records the source's snapshots under the disks of a new copy, the system disk's first.
    pub async fn record_source_snapshots(
        &mut self,
        copy: &CopyId,
        snapshots: &[SnapshotId],
    ) -> Result<(), CatalogFault> {
        for (index, snapshot) in snapshots.iter().enumerate() {
            let role = DiskRole::at(index)
                .map_err(|_| CatalogFault::OutOfRange { column: "role", value: index as u64 })?;
            let sql = "INSERT INTO copy_disk (copy, role, source_snapshot) VALUES (?, ?, ?)";
            let insert = query(sql).bind(copy.as_str()).bind(role.number()).bind(snapshot.as_str());
            self.run("record a disk of a copy", insert).await?;
        }
        Ok(())
    }

    /// The source's snapshots under the disks of a copy, the system disk's first; empty where none were recorded.
    pub async fn source_snapshots(
        &mut self,
        copy: &CopyId,
    ) -> Result<Vec<SnapshotId>, CatalogFault> {
        let find = query("SELECT source_snapshot FROM copy_disk WHERE copy = ? ORDER BY role");
        let rows = self.all("find the disks of a copy", find.bind(copy.as_str())).await?;
        rows.iter().map(|row| Stored { table: "copy_disk", row }.word("source_snapshot")).collect()
    }
}

/// A state as its columns hold it.
pub(crate) struct StateColumns {
    pub(crate) word: &'static str,
    pub(crate) digests: Option<Vec<u8>>,
    pub(crate) snapshots: Option<String>,
    pub(crate) cause: Option<&'static str>,
    pub(crate) cause_number: Option<i64>,
}

impl StateColumns {
    pub(crate) fn of(state: &CopyState) -> Result<Self, CatalogFault> {
        let word = state.name();
        let mut columns =
            StateColumns { word, digests: None, snapshots: None, cause: None, cause_number: None };
        match state {
            CopyState::Queued => {}
            CopyState::Held { digests } | CopyState::Stored { digests } => {
                columns.digests = Some(digests.iter().flat_map(|digest| digest.0).collect());
            }
            CopyState::Published { snapshots } | CopyState::Done { snapshots } => {
                let ids: Vec<_> = snapshots.iter().map(SnapshotId::as_str).collect();
                columns.snapshots = Some(ids.join(" "));
            }
            CopyState::Unwinding { cause } | CopyState::Ended { cause } => {
                columns.cause = Some(cause.word());
                columns.cause_number = cause_number(Some(cause))?;
            }
        }
        Ok(columns)
    }
}

fn digests_from(stored: &Stored<'_>) -> Result<DiskDigests, CatalogFault> {
    let bytes: &[u8] = stored.get("digests")?;
    let (digests, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(stored.corrupt("digests", &hex::encode(bytes)));
    }
    Ok(digests.iter().map(|digest| Digest(*digest)).collect())
}

fn state_from(stored: &Stored<'_>) -> Result<CopyState, CatalogFault> {
    let snapshots = || {
        let text: &str = stored.get("snapshots")?;
        let ids = text.split_whitespace().map(|id| id.parse::<SnapshotId>());
        ids.collect::<Result<Vec<_>, _>>().map_err(|_| stored.corrupt("snapshots", text))
    };
    let cause = || stored.cause()?.ok_or_else(|| stored.corrupt("cause", ""));
    let word: &str = stored.get("state")?;
    match word {
        "queued" => Ok(CopyState::Queued),
        "held" => Ok(CopyState::Held { digests: digests_from(stored)? }),
        "stored" => Ok(CopyState::Stored { digests: digests_from(stored)? }),
        "published" => Ok(CopyState::Published { snapshots: snapshots()? }),
        "done" => Ok(CopyState::Done { snapshots: snapshots()? }),
        "unwinding" => Ok(CopyState::Unwinding { cause: cause()? }),
        "ended" => Ok(CopyState::Ended { cause: cause()? }),
        unknown => Err(stored.corrupt("state", unknown)),
    }
}

pub(crate) fn copy_from(row: &Row) -> Result<CopyRow, CatalogFault> {
    let stored = Stored { table: "copy", row };
    Ok(CopyRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        target_image: stored.word("target_image")?,
        snapshot: stored.optional_word("snapshot")?,
        source_region: stored.word("source_region")?,
        source_image: stored.word("source_image")?,
        source_sealed: stored.get("source_sealed")?,
        encryption_key: stored.optional_word("encryption_key")?,
        state: state_from(&stored)?,
        progress: Progress { done: stored.number("done")?, needed: stored.number("needed")? },
        disks: stored.number("disks")?,
        disks_done: stored.number("disks_done")?,
        bytes_sent: stored.number("bytes_sent")?,
        bytes_reused: stored.number("bytes_reused")?,
        attempts: stored.number("attempts")?,
        total_attempts: stored.number("total_attempts")?,
        next_attempt: stored.time("next_attempt")?,
        reason: stored.get("reason")?,
        created: stored.time("created")?,
        started: stored.optional_time("started")?,
        finished: stored.optional_time("finished")?,
        generation: stored.number("generation")?,
        fence: stored.number("fence")?,
        lease_until: stored.time("lease_until")?,
        worker: stored.get("worker")?,
        priority: priority_from(&stored)?,
        promise: promise_from(&stored)?,
    })
}

fn priority_from(stored: &Stored<'_>) -> Result<Priority, CatalogFault> {
    let number: u8 = stored.number("priority")?;
    Priority::from_number(number).ok_or_else(|| stored.corrupt("priority", &number.to_string()))
}

fn promise_from(stored: &Stored<'_>) -> Result<Option<Promise>, CatalogFault> {
    let Some(due) = stored.optional_time("deadline")? else { return Ok(None) };
    Ok(Some(Promise { due, bytes: stored.number("deadline_bytes")? }))
}

#[cfg(test)]
mod tests;
