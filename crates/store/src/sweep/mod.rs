//! The sweep: deletes what nothing reaches, beside running copies and imports, without stopping them.
//!
//! 1. From now on every answer "have it" is listed. What was handed over before is committed, so that a walk finds it.
//! 2. Roots are gathered, and everything they reach is marked. A copy stores nodes before it asks what their
//!    children miss; so what it was told before step 1 is reachable from its root through nodes that are here.
//! 3. What is recorded and not marked is proposed. Look-ups do not see this.
//! 4. What was listed meanwhile is spared. Under a short lock, with look-ups waiting, the last of it is, and the rest is
//!    condemned by one durable transaction. From now on it counts as absent; a put revives it.
//! 5. Rows are deleted; then packs without rows; then packs with little in them are rewritten.
//!
//! Nothing is taken of domains that the caller wants kept (imports and re-keying copies build a tree that nothing names
//! yet), of those where a damaged node hides what it lists, and of locked ones that have roots: they cannot be walked.
//!
//! A crash before the decision forgets the sweep; after it, opening the store finishes step 5's rows.

mod marks;
mod packs;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use fail::fail_point;

use crate::chunk::Domain;
use crate::fault::StoreFault;
use crate::index::RowKey;
use crate::pace::{Pace, Pacer};
use crate::store::{ChunkStore, SLICE};
use crate::touched::{Touch, TreePart};
use crate::tree::DiskRoot;
use marks::{Marks, Sorted};
use packs::Rewrite;
use walk::{Seen, Walk};

/// Nodes read in one step.
const NODES: usize = 256;
/// Answers left over that are dealt with under the lock.
const FEW: usize = 64;

/// What must stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Disks of snapshots and of copies under way.
    pub roots: Vec<(Domain, DiskRoot)>,
    /// Domains of which nothing is taken.
    pub kept: Vec<Domain>,
}

/// Who knows what is live. Asked once per sweep, after the sweep has begun to list answers: a root that is registered
/// later, or an import that begins later, is protected by that list.
#[async_trait]
pub trait LiveRoots: Send + Sync {
    /// All of it.
    async fn live(&self) -> Result<Live, StoreFault>;
}

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Chunks condemned.
    pub condemned: u64,
    /// Packs deleted because nothing in them was recorded any more.
    pub packs_deleted: u64,
    /// Packs rewritten because less than 80 % of them was.
    pub packs_rewritten: u64,
    /// Domains left alone, because a damaged node hides what it lists.
    pub blind: BTreeSet<Domain>,
    /// Domains left alone, because they are locked and have roots.
    pub locked: BTreeSet<Domain>,
    /// Domains left alone, because the caller wanted them kept.
    pub kept: BTreeSet<Domain>,
}

impl Swept {
    fn is_left_alone(&self, domain: &Domain) -> bool {
        self.blind.contains(domain) || self.locked.contains(domain) || self.kept.contains(domain)
    }
}

/// Where a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Roots come next.
    Gather,
    /// Trees are walked.
    Mark,
    /// Recorded chunks are compared with the marks.
    Propose,
    /// What was asked for meanwhile is spared, and the rest decided.
    Decide,
    /// Rows are deleted.
    Drop,
    /// Empty packs are deleted.
    Packs,
    /// Packs with little in them are rewritten.
    Rewrite,
    /// Nothing is left to do.
    Done,
}

/// A sweep, step by step, so that it can be paced. Dropped before the decision, it leaves nothing behind but proposals that
/// the next one forgets.
pub struct Sweep {
    store: ChunkStore,
    _alone: tokio::sync::OwnedMutexGuard<()>,
    phase: Phase,
    walk: Walk,
    marks: Marks,
    /// What was asked for while chunks are proposed: spared once all are.
    late: Marks,
    sorted: Option<Sorted>,
    after: Option<RowKey>,
    rewrite: Option<Rewrite>,
    swept: Swept,
}

impl ChunkStore {
    /// Deletes what neither `live` nor anybody who was told "have it" meanwhile reaches.
    ///
    /// # Errors
    /// When the index or the backend fails. What is not decided by then stays; what is decided goes with the next one.
    pub async fn sweep(&self, live: &dyn LiveRoots, pace: Pace) -> Result<Swept, StoreFault> {
        let mut sweep = self.begin_sweep().await?;
        let mut pacer = Pacer::new(pace, &self.inner.activity);
        while sweep.step(live).await? != Phase::Done {
            pacer.rest(0).await;
        }
        Ok(sweep.swept.clone())
    }

    /// Begins a sweep, once no other is under way.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn begin_sweep(&self) -> Result<Sweep, StoreFault> {
        let inner = &self.inner;
        let alone = Arc::clone(&inner.sweeping).lock_owned().await;
        while inner.index.drop_condemned(SLICE).await? > 0 {}
        inner.index.abandon_sweep().await?;
        // What was handed over before counts as old: it is spared only if something reaches it.
        inner.engine.barrier().await;
        inner.touched.start();
        Ok(Sweep {
            store: self.clone(),
            _alone: alone,
            phase: Phase::Gather,
            walk: Walk::new(self.clone()),
            marks: Marks::new(Arc::clone(&inner.backend)),
            late: Marks::new(Arc::clone(&inner.backend)),
            sorted: None,
            after: None,
            rewrite: None,
            swept: Swept::default(),
        })
    }
}

impl Sweep {
    /// What has been done so far.
    pub fn swept(&self) -> &Swept {
        &self.swept
    }

    /// Does the next piece of work, and tells what comes after it.
    ///
    /// # Errors
    /// When the index, the backend or `live` fails. Before the decision that ends the sweep: what it had noted of others'
    /// answers may be incomplete. After it, the step may be done again.
    pub async fn step(&mut self, live: &dyn LiveRoots) -> Result<Phase, StoreFault> {
        let (next, after_fault) = match self.phase {
            Phase::Gather => (self.gather(live).await, Phase::Done),
            Phase::Mark => (self.mark().await, Phase::Done),
            Phase::Propose => (self.propose().await, Phase::Done),
            Phase::Decide => (self.decide().await, Phase::Done),
            Phase::Drop => (self.drop_rows().await, Phase::Drop),
            Phase::Packs => (self.packs().await, Phase::Packs),
            Phase::Rewrite => (self.rewrite().await, Phase::Rewrite),
            Phase::Done => (Ok(Phase::Done), Phase::Done),
        };
        self.phase = next.as_ref().copied().unwrap_or(after_fault);
        next
    }

    async fn gather(&mut self, live: &dyn LiveRoots) -> Result<Phase, StoreFault> {
        let inner = Arc::clone(&self.store.inner);
        inner.engine.barrier().await;
        let damaged = inner.index.quarantined().await?;
        self.walk.damaged = damaged.iter().map(|found| (found.row.domain, found.row.id)).collect();
        let Live { roots, kept } = live.live().await?;
        self.swept.kept.extend(kept);
        let mut walked = Vec::with_capacity(roots.len());
        for (domain, root) in roots {
            if self.swept.kept.contains(&domain) {
                continue;
            }
            if self.store.is_locked(domain) {
                self.leave_locked(domain);
            } else {
                walked.push(Touch::Whole(domain, TreePart::Root(root.id())));
            }
        }
        let keys = self.walk.push(walked);
        self.marks.extend(keys)?;
        inner.index.settle().await?;
        Ok(Phase::Mark)
    }

    async fn mark(&mut self) -> Result<Phase, StoreFault> {
        fail_point!("gc.mark", |_| Err(injected("mark")));
        for _ in 0..NODES {
            self.take_touched(Into::Marks)?;
            if self.walk.is_done() {
                self.sorted = Some(self.marks.sorted()?);
                return Ok(Phase::Propose);
            }
            self.walk_on(Into::Marks).await?;
        }
        Ok(Phase::Mark)
    }

    async fn propose(&mut self) -> Result<Phase, StoreFault> {
        let index = Arc::clone(&self.store.inner.index);
        let rows = index.scan(self.after, SLICE).await?;
        let sorted = self.sorted.as_mut().expect("marking ends with the sorted marks");
        let mut keys = Vec::new();
        for row in &rows {
            let key = (row.domain, row.id);
            if !sorted.contains(key)? && !self.swept.is_left_alone(&row.domain) {
                keys.push(key);
            }
        }
        index.propose(keys).await?;
        self.take_touched(Into::Late)?;
        while !self.walk.is_done() {
            self.walk_on(Into::Late).await?;
        }
        if let Some(last) = rows.last() {
            self.after = Some((last.domain, last.id));
            return Ok(Phase::Propose);
        }
        self.spare_late().await?;
        self.forget_quarantined().await?;
        Ok(Phase::Decide)
    }

    async fn decide(&mut self) -> Result<Phase, StoreFault> {
        let inner = Arc::clone(&self.store.inner);
        loop {
            let left = self.take_touched(Into::Late)?;
            while !self.walk.is_done() {
                self.walk_on(Into::Late).await?;
            }
            self.spare_late().await?;
            if left <= FEW {
                break;
            }
        }
        fail_point!("gc.condemn", |_| Err(injected("condemn")));
        let _gate = inner.touched.gate.write().await;
        self.take_touched(Into::Late)?;
        while !self.walk.is_done() {
            self.walk_on(Into::Late).await?;
        }
        self.spare_late().await?;
        self.swept.condemned = inner.index.decide().await?;
        // Whoever asks from now on is told the truth.
        inner.touched.stop();
        Ok(Phase::Drop)
    }

    async fn drop_rows(&mut self) -> Result<Phase, StoreFault> {
        fail_point!("gc.drop_row", |_| Err(injected("delete rows")));
        let gone = self.store.inner.index.drop_condemned(SLICE).await?;
        Ok(if gone > 0 { Phase::Drop } else { Phase::Packs })
    }

    /// Reads a node and marks what it lists. A node that cannot be read after the marking ends the sweep.
    async fn walk_on(&mut self, into: Into) -> Result<(), StoreFault> {
        match (self.walk.step().await?, into) {
            (Seen::Keys(keys), Into::Marks) => self.marks.extend(keys),
            (Seen::Keys(keys), Into::Late) => self.late.extend(keys),
            (Seen::Blind(domain), Into::Marks) => {
                tracing::warn!(%domain, "a damaged node keeps a domain from being swept");
                self.swept.blind.insert(domain);
                Ok(())
            }
            (Seen::Locked(domain), Into::Marks) => {
                self.leave_locked(domain);
                Ok(())
            }
            (Seen::Blind(domain) | Seen::Locked(domain), Into::Late)
                if self.swept.is_left_alone(&domain) =>
            {
                Ok(())
            }
            (Seen::Locked(domain), Into::Late) => Err(StoreFault::Locked { domain }),
            (Seen::Blind(_), Into::Late) => Err(StoreFault::io(
                "sweep",
                std::io::Error::other("a node was found damaged while chunks were proposed"),
            )),
        }
    }

    fn leave_locked(&mut self, domain: Domain) {
        if self.swept.locked.insert(domain) {
            tracing::warn!(%domain, "a domain is locked and is not swept");
        }
    }

    /// Empties the list of answers. Returns how many there were.
    fn take_touched(&mut self, into: Into) -> Result<usize, StoreFault> {
        let touched = self.store.inner.touched.drain();
        // The planted fault 23: copies that began after the roots were gathered are ignored.
        #[cfg(feature = "canary")]
        let touched: Vec<Touch> = touched.into_iter().take(0).collect();
        let count = touched.len();
        let keys = self.walk.push(touched);
        match into {
            Into::Marks => self.marks.extend(keys)?,
            Into::Late => self.late.extend(keys)?,
        }
        Ok(count)
    }

    async fn spare_late(&mut self) -> Result<(), StoreFault> {
        let backend = Arc::clone(&self.store.inner.backend);
        let mut late = std::mem::replace(&mut self.late, Marks::new(backend));
        let mut sorted = late.sorted()?;
        loop {
            let keys = sorted.take(SLICE)?;
            if keys.is_empty() {
                return Ok(());
            }
            self.store.inner.index.spare(keys).await?;
        }
    }

    /// Damaged chunks that nothing needs are forgotten; the others wait to be fetched anew.
    async fn forget_quarantined(&mut self) -> Result<(), StoreFault> {
        let mut sorted = self.marks.sorted()?;
        let mut keys = Vec::new();
        for found in self.store.inner.index.quarantined().await? {
            let key = (found.row.domain, found.row.id);
            if !sorted.contains(key)? && !self.swept.is_left_alone(&key.0) {
                keys.push(key);
            }
        }
        Ok(self.store.inner.index.forget_quarantined(keys).await?)
    }
}

/// Where new marks go.
#[derive(Clone, Copy)]
enum Into {
    Marks,
    Late,
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.store.inner.touched.stop();
    }
}

#[cfg_attr(not(feature = "failpoints"), expect(dead_code, reason = "only failpoints make it"))]
pub(crate) fn injected(action: &'static str) -> StoreFault {
    StoreFault::io(action, std::io::Error::other("injected by a failpoint"))
}
