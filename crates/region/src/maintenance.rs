//! What a region does for itself: sweep, scrub, repair, and tidying up after callers that died.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use model::{AccountId, Digest};
use store::{
    ChunkId, DiskRoot, Domain, Frames, IndexFault, Live, LiveRoots, Pace, StoreFault, Swept, Wanted,
};

use crate::peer::{FetchScope, PeerRegion};
use crate::refused::{Refused, RegionFault};
use crate::region::{Region, disk_root};

/// Rows of snapshots read in one go.
const BATCH: u32 = 1_000;
/// Chunks asked of another region at once when repairing.
const REPAIR_AT_ONCE: usize = 256;
/// An import that was touched within this time keeps the sweep away: what it has sent is reached by no tree yet.
const IMPORT_IS_ACTIVE_MS: i64 = 600_000;

/// Disks that an import is about to publish: live for the sweep before any row says so.
#[derive(Clone, Default)]
pub(crate) struct Finishing {
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    next: u64,
    disks: HashMap<u64, Vec<(Domain, DiskRoot)>>,
}

/// Keeps disks alive until it is dropped.
pub(crate) struct Kept {
    finishing: Finishing,
    number: u64,
}

impl Finishing {
    pub(crate) fn enter(&self, domain: Domain, digests: &[Digest]) -> Kept {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let number = open.next;
        open.next += 1;
        open.disks
            .insert(number, digests.iter().map(|digest| (domain, disk_root(digest))).collect());
        Kept { finishing: self.clone(), number }
    }

    fn all(&self) -> Vec<(Domain, DiskRoot)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.disks.values().flatten().copied().collect()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut open = self.finishing.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.disks.remove(&self.number);
    }
}

/// What tidying came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tidied {
    /// The sweep ran.
    Swept(Swept),
    /// It did not: an import is under way, whose chunks no tree reaches yet.
    Postponed,
}

/// What a scrub with repair came to.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrub {
    /// Chunks read and hashed.
    pub chunks: u64,
    /// Chunks found damaged by this scrub, and set aside.
    pub damaged: u64,
    /// Chunks, of these and earlier ones, that another region had and that are whole again.
    pub repaired: u64,
    /// Chunks that stay set aside.
    pub left: u64,
}

#[async_trait]
impl LiveRoots for Region {
    /// Every snapshot's disk, every disk that a live copy fetches, and those that an import is about to publish.
    async fn live(&self) -> Result<Live, StoreFault> {
        // The order matters: an import leaves `finishing` only after its snapshots are recorded.
        let mut roots = self.inner.finishing.all();
        let recorded = self.recorded_roots().await.map_err(|fault| match fault {
            RegionFault::Store(fault) => fault,
            other => IndexFault::new("list what is live", store::Retry::Later, other).into(),
        })?;
        roots.extend(recorded);
        Ok(Live { roots, kept: Vec::new() })
    }
}

impl Region {
    async fn recorded_roots(&self) -> Result<Vec<(Domain, DiskRoot)>, RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        let mut named: Vec<(AccountId, Digest)> = Vec::new();
        let mut after = None;
        loop {
            let page = tx.all_roots(after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.2.clone());
            named.extend(page.into_iter().map(|(account, digest, _)| (account, digest)));
        }
        for (account, digests) in tx.live_copies_with_roots().await? {
            named.extend(digests.into_iter().map(|digest| (account.clone(), digest)));
        }
        drop(tx);
        let mut domains: HashMap<AccountId, Domain> = HashMap::new();
        let mut roots = Vec::with_capacity(named.len());
        for (account, digest) in named {
            let domain = match domains.get(&account) {
                Some(domain) => *domain,
                None => self.domain(&account).await?,
            };
            domains.insert(account, domain);
            roots.push((domain, disk_root(&digest)));
        }
        Ok(roots)
    }

    /// Deletes the chunks that nothing reaches. Copies go on meanwhile; running imports put it off.
    pub async fn sweep(&self) -> Result<Tidied, RegionFault> {
        let now = self.inner.clock.now().0;
        let is_active = {
            let sessions = self.inner.imports.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.values().any(|session| now - session.touched_ms() < IMPORT_IS_ACTIVE_MS)
        };
        if is_active {
            return Ok(Tidied::Postponed);
        }
        Ok(Tidied::Swept(self.inner.store.sweep(self).await?))
    }

    /// Reads and hashes everything, sets damage aside, and fetches it anew from regions that have it (fault 7).
    pub async fn scrub(&self, pace: Pace) -> Result<Scrub, RegionFault> {
        let scrubbed = self.inner.store.scrub(None, pace).await?;
        let repaired = self.repair().await?;
        let left = self.inner.store.quarantined().await?.len() as u64;
        Ok(Scrub {
            chunks: scrubbed.chunks,
            damaged: scrubbed.damaged.len() as u64,
            repaired,
            left,
        })
    }

    /// Fetches what is set aside from regions that have it. Returns how many chunks are whole again.
    pub async fn repair(&self) -> Result<u64, RegionFault> {
        let mut accounts: Vec<AccountId> = Vec::new();
        let mut after = None;
        loop {
            let page = self.inner.catalog.read().await?.all_roots(after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.2.clone());
            accounts.extend(page.into_iter().map(|(account, _, _)| account));
            accounts.sort();
            accounts.dedup();
        }
        let mut repaired = 0;
        for account in accounts {
            repaired += self.repair_domain(&account).await?;
        }
        Ok(repaired)
    }

    async fn repair_domain(&self, account: &AccountId) -> Result<u64, RegionFault> {
        let domain = self.domain(account).await?;
        let damaged = self.inner.store.quarantined().await?;
        let ids: Vec<ChunkId> =
            damaged.iter().filter(|one| one.row.domain == domain).map(|one| one.row.id).collect();
        let mut repaired = 0;
        for some in ids.chunks(REPAIR_AT_ONCE) {
            let mut left = some.to_vec();
            for peer in self.all_peers() {
                if left.is_empty() {
                    break;
                }
                let before = left.len();
                match self.refetch(&*peer, account, domain, &mut left).await {
                    Ok(()) => repaired += (before - left.len()) as u64,
                    Err(fault) => {
                        tracing::warn!(region = %self.id(), %fault, "a region could not help to repair")
                    }
                }
            }
        }
        Ok(repaired)
    }

    /// Takes from `left` what this peer had.
    async fn refetch(
        &self,
        peer: &dyn PeerRegion,
        account: &AccountId,
        domain: Domain,
        left: &mut Vec<ChunkId>,
    ) -> Result<(), Refused> {
        let mut answer = peer.fetch(FetchScope { account: account.clone() }, left.clone()).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.next().await {
            body.extend_from_slice(&piece?);
        }
        let ingest = self.inner.store.ingest(domain);
        let mut wanted = Wanted::new(left.iter().copied());
        for frame in Frames::new(body.into()) {
            let (_, bytes) =
                frame.map_err(|error| Refused::BadFrames { reason: error.to_string() })?;
            let put = ingest.put_frames(bytes, &mut wanted).await;
            let put = put.map_err(|error| Refused::BadFrames { reason: error.to_string() })?;
            left.retain(|id| !put.stored.contains(id));
        }
        ingest.flush().await?;
        Ok(())
    }
}
