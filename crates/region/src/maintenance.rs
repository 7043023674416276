//! What a region does for itself: sweep, scrub, repair, and tidying up after callers that died.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use catalog::CopyContents;
use futures::StreamExt;
use model::{Digest, DomainName};
use store::{
    ChunkId, DiskRoot, Domain, Frames, IndexFault, Live, LiveRoots, Pace, StoreFault, Swept, Wanted,
};

use crate::imports::ImportSession;
use crate::peer::{FetchScope, IdSpace, PeerRegion};
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
        let mut kept = self.domains_of_imports();
        let recorded = self.recorded_contents().await.map_err(as_store_fault)?;
        let mut domains: HashMap<DomainName, Domain> = HashMap::new();
        for contents in recorded {
            let domain = match domains.get(&contents.domain) {
                Some(domain) => *domain,
                None => self.domain_to_sweep(&contents.domain).await.map_err(as_store_fault)?,
            };
            // A copy that encrypts has chunks here that no root reaches yet.
            if contents.is_held && contents.domain.key.is_some() {
                kept.push(domain);
            }
            domains.insert(contents.domain, domain);
            roots.extend(contents.digests.iter().map(|digest| (domain, disk_root(digest))));
        }
        Ok(Live { roots, kept })
    }
}

fn as_store_fault(fault: RegionFault) -> StoreFault {
    match fault {
        RegionFault::Store(fault) => fault,
        other => IndexFault::new("list what is live", store::Retry::Later, other).into(),
    }
}

impl Region {
    /// What snapshots and live copies need.
    async fn recorded_contents(&self) -> Result<Vec<CopyContents>, RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        let mut contents = Vec::new();
        let mut after = None;
        loop {
            let page = tx.all_roots(after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.2.clone());
            contents.extend(page.into_iter().map(|(domain, digest, _)| CopyContents {
                domain,
                is_held: false,
                digests: vec![digest],
            }));
        }
        contents.extend(tx.live_copies_with_roots().await?);
        Ok(contents)
    }

    /// A domain as the sweep needs it: a sealed one stays locked where its key is not usable, and nothing of it is taken.
    async fn domain_to_sweep(&self, name: &DomainName) -> Result<Domain, RegionFault> {
        match self.domain(name).await {
            Err(RegionFault::Key { .. } | RegionFault::KeyRing(_)) => {
                Ok(self.inner.store.sealed_domain(&name.to_string()).await?)
            }
            other => other,
        }
    }

    /// The domains of imports that were sending lately: what they sent is reached by no tree yet.
    fn domains_of_imports(&self) -> Vec<Domain> {
        let now = self.inner.clock.now().0;
        let sessions = self.inner.imports.lock().unwrap_or_else(PoisonError::into_inner);
        let active =
            |session: &&Arc<ImportSession>| now - session.touched_ms() < IMPORT_IS_ACTIVE_MS;
        sessions.values().filter(active).map(|session| session.domain()).collect()
    }

    /// Deletes the chunks that nothing reaches. Copies and imports go on meanwhile.
    pub async fn sweep(&self) -> Result<Swept, RegionFault> {
        self.sweep_at(Pace::Full).await
    }

    pub(crate) async fn sweep_at(&self, pace: Pace) -> Result<Swept, RegionFault> {
        Ok(self.inner.store.sweep(self, pace).await?)
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
        let mut names: Vec<DomainName> = Vec::new();
        let mut after = None;
        loop {
            let page = self.inner.catalog.read().await?.all_roots(after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.2.clone());
            names.extend(page.into_iter().map(|(domain, _, _)| domain));
            names.sort();
            names.dedup();
        }
        let mut repaired = 0;
        for name in names {
            repaired += match self.domain(&name).await {
                Ok(domain) => self.repair_domain(&name, domain).await?,
                Err(fault @ (RegionFault::Key { .. } | RegionFault::KeyRing(_))) => {
                    tracing::warn!(region = %self.id(), %fault, domain = %name, "cannot repair what a key seals");
                    0
                }
                Err(fault) => return Err(fault),
            };
        }
        Ok(repaired)
    }

    async fn repair_domain(&self, name: &DomainName, domain: Domain) -> Result<u64, RegionFault> {
        let ids = if name.key.is_some() { IdSpace::Sealed } else { IdSpace::Plain };
        let scope = FetchScope { account: name.account.clone(), ids };
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
                match self.refetch(&*peer, &scope, domain, &mut left).await {
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
        scope: &FetchScope,
        domain: Domain,
        left: &mut Vec<ChunkId>,
    ) -> Result<(), Refused> {
        let mut answer = peer.fetch(scope.clone(), left.clone()).await?;
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
