//! Bringing a copy's disks here: one after another, with progress recorded in batches.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use catalog::{CopyRow, Tx, Updated};
use futures::stream::{self, StreamExt, TryStreamExt};
use model::{Digest, DiskDigests, Progress, RegionId};
use store::{CHUNK_BYTES, ChunkId, DiskRoot, Domain, IdKey, Naming};
use tokio_util::sync::CancellationToken;
use transfer::{
    Ahead, ChunkSource, FetchDisk, FrameStream, Moved, ParcelTerms, RekeyDisk, RenamingSource,
    SourceFault, TransferFault, Watch, Wire,
};

use crate::carriage::Comparison;
use crate::fan_out::{Relayed, Wanted};
use crate::peer::{FetchScope, Held, IdSpace, PeerFault, PeerRefused, PeerRegion};
use crate::refused::{RegionFault, failpoint};
use crate::region::{Region, disk_root};
use crate::steps::target_domain;

/// How often progress is recorded: SQLite commits a few hundred times a second, and many copies run at once.
const RECORD_EVERY: Duration = Duration::from_millis(500);

/// What fetching came to.
pub(crate) enum Fetched {
    /// Every chunk of every disk is here.
    Whole {
        /// The row as it was recorded last.
        row: Box<CopyRow>,
        /// The disks as they are called here.
        digests: DiskDigests,
    },
    /// Told to stop; what is durable stays.
    Stopped,
    /// The source no longer has all of the image.
    SourceLacks {
        /// Chunks that nobody served.
        chunks: u64,
    },
    /// What the source sent is no disk of the size it named.
    Malformed,
}

/// How a copy's disks come here.
struct Way {
    source: PeerSource,
    domain: Domain,
    names: Names,
    /// What each is called there, and its size in bytes.
    disks: Vec<(Digest, u64)>,
    /// On what terms each is ordered in parcels; none where chunks come as frames.
    terms: Option<HashMap<Digest, ParcelTerms>>,
}

/// What the disks of one attempt have in common.
struct Scene<'a> {
    copy: &'a CopyRow,
    way: &'a Way,
    relayed: &'a Arc<Relayed>,
}

/// Whether chunks are called here as they are at their source.
pub(crate) enum Names {
    /// They are: what is held is found by the source's own ids.
    Same,
    /// They are not: the copy encrypts, or the two regions name the account's sealed chunks by different id keys.
    Other {
        /// What they are called there.
        source_naming: Naming,
        /// Names them here.
        id_key: IdKey,
    },
}

/// Another region as a source that tells what its chunks are called under our id key.
pub(crate) struct RenamingPeer {
    pub(crate) source: PeerSource,
    pub(crate) id_key: IdKey,
}

#[async_trait]
impl ChunkSource for RenamingPeer {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.source.fetch(ids).await
    }

    async fn fetch_nodes(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.source.fetch_nodes(ids).await
    }
}

#[async_trait]
impl RenamingSource for RenamingPeer {
    async fn rename(&self, ids: Vec<ChunkId>) -> Result<Vec<Option<ChunkId>>, SourceFault> {
        let (scope, id_key) = (self.source.scope.clone(), self.id_key.clone());
        self.source.peer.rename(scope, id_key, ids).await.map_err(transport)
    }
}

/// Another region as a source of chunks.
#[derive(Clone)]
pub(crate) struct PeerSource {
    pub(crate) peer: Arc<dyn PeerRegion>,
    pub(crate) scope: FetchScope,
    /// What it is asked for first: with it come the nodes under it.
    roots: Arc<[ChunkId]>,
    ahead: Arc<Ahead>,
}

impl PeerSource {
    /// A source of these disks.
    pub(crate) fn new(peer: Arc<dyn PeerRegion>, scope: FetchScope, disks: &[Digest]) -> Self {
        let roots = disks.iter().map(|digest| disk_root(digest).id()).collect();
        PeerSource { peer, scope, roots, ahead: Arc::default() }
    }
}

#[async_trait]
impl ChunkSource for PeerSource {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let frames = self.peer.fetch(self.scope.clone(), ids).await.map_err(transport)?;
        Ok(frames.map(|piece| piece.map_err(transport)).boxed())
    }

    async fn fetch_nodes(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let root = ids.iter().find(|id| self.roots.contains(id));
        if let Some(root) = root.filter(|root| self.ahead.is_first(**root)) {
            match self.peer.tree(self.scope.clone(), *root).await {
                Ok(frames) => {
                    self.ahead.begin(frames.map(|piece| piece.map_err(transport)).boxed()).await;
                }
                // It cannot: then it is asked for what is wanted, node by node.
                Err(PeerFault::Protocol { reason, .. } | PeerFault::Failed { reason, .. }) => {
                    tracing::debug!(%reason, "no nodes come ahead");
                }
                Err(fault) => return Err(transport(fault)),
            }
        }
        let source = self.clone();
        let rest =
            move |ids| stream::once(async move { source.fetch(ids).await }).try_flatten().boxed();
        Ok(self.ahead.answer(ids, rest))
    }
}

fn transport(fault: PeerFault) -> SourceFault {
    SourceFault::Transport { action: "fetch chunks", source: Box::new(fault) }
}

/// What a copy has come to so far: what earlier attempts and disks did, and what the running transfer says.
#[derive(Default)]
struct Tally {
    places: AtomicU64,
    bytes: AtomicU64,
    reused: AtomicU64,
    disks_done: AtomicU64,
    relayed: Arc<Relayed>,
}

/// Sums over the disks that are wholly here.
#[derive(Copy, Clone, Default)]
struct Before {
    places: u64,
    bytes: u64,
    reused: u64,
}

impl Region {
    /// Brings every chunk of every disk here. Run again after a crash, it fetches only what is still missing.
    pub(crate) async fn fetch_disks(
        &self,
        copy: &CopyRow,
        digests: &[Digest],
        stop: &CancellationToken,
    ) -> Result<Fetched, RegionFault> {
        let way = self.way_of(copy, digests).await?;
        let tally = Arc::new(Tally::default());
        let recorder = tokio::spawn(record_regularly(
            self.clone(),
            copy.clone(),
            Arc::clone(&tally),
            stop.clone(),
        ));
        let fetched = self.fetch_each(copy, &way, stop, &tally).await;
        recorder.abort();
        if tally.relayed.total() > 0 {
            tracing::info!(copy = %copy.id, bytes = tally.relayed.total(), "other targets served a part of the copy");
        }
        let row = self.record_tally(copy, &tally).await?;
        match (fetched, row) {
            (Ok(digests), Some(row)) => {
                self.inner.rates.arrived(&copy.id);
                Ok(Fetched::Whole { row: Box::new(row), digests })
            }
            (_, None) | (Err(TransferFault::Stopped), Some(_)) => Ok(Fetched::Stopped),
            (Err(TransferFault::SourceLacks { count, .. }), Some(_)) => {
                Ok(Fetched::SourceLacks { chunks: count })
            }
            (Err(TransferFault::Malformed(error)), Some(_)) => {
                tracing::error!(copy = %copy.id, source = %copy.source_region, %error, "the source sent a malformed tree");
                Ok(Fetched::Malformed)
            }
            (Err(fault), Some(_)) => Err(fault.into()),
        }
    }

    async fn fetch_each(
        &self,
        copy: &CopyRow,
        way: &Way,
        stop: &CancellationToken,
        tally: &Arc<Tally>,
    ) -> Result<DiskDigests, TransferFault> {
        let mut before = Before::default();
        let mut here = Vec::with_capacity(way.disks.len());
        for (digest, size) in &way.disks {
            let watch = self.watch_for(copy, stop, tally, before);
            let scene = Scene { copy, way, relayed: &tally.relayed };
            let (root, moved) = self.fetch_one((digest, *size), &scene, watch).await?;
            here.push(Digest(*root.id().as_bytes()));
            before.places += moved.places;
            before.bytes += moved.bytes_received;
            before.reused += moved.chunks_reused;
            tally.note(before.places, before.bytes, before.reused);
            tally.disks_done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(here)
    }

    async fn fetch_one(
        &self,
        (digest, size): (&Digest, u64),
        scene: &Scene<'_>,
        watch: Watch,
    ) -> Result<(DiskRoot, Moved), TransferFault> {
        let way = scene.way;
        let (store, root, domain) = (&self.inner.store, disk_root(digest), way.domain);
        match &way.names {
            Names::Same => {
                let job = FetchDisk { root, domain, expected_size: size };
                Ok((root, self.fetch_same(job, (digest, scene), watch).await?))
            }
            Names::Other { source_naming, id_key } => {
                let job = RekeyDisk {
                    source_root: root,
                    source_naming: source_naming.clone(),
                    domain,
                    expected_size: size,
                };
                let source = RenamingPeer { source: way.source.clone(), id_key: id_key.clone() };
                let rekeyed = transfer::rekey_disk(job, &source, store, &watch).await?;
                Ok((rekeyed.root, rekeyed.moved))
            }
        }
    }

    /// Brings a disk whose chunks are called here as at the source: then other targets of it may serve it too.
    async fn fetch_same(
        &self,
        job: FetchDisk,
        (digest, scene): (&Digest, &Scene<'_>),
        watch: Watch,
    ) -> Result<Moved, TransferFault> {
        let wanted = Wanted {
            copy: scene.copy.id.clone(),
            source: scene.way.source.clone(),
            source_id: scene.copy.source_region.clone(),
            root: *digest,
            domain: job.domain,
            stop: watch.cancel.clone(),
            relayed: Arc::clone(scene.relayed),
        };
        let (store, source) = (&self.inner.store, &scene.way.source);
        let terms = scene.way.terms.as_ref().and_then(|terms| terms.get(digest).cloned());
        let Some(fan_out) = self.fan_out(wanted).await else {
            let wire = terms.map_or(Wire::Frames(source), |terms| Wire::Parcels(source, terms));
            return transfer::fetch_disk(job, wire, store, &watch).await;
        };
        let (entry, tell) = (fan_out.entry(), watch.progress);
        let progress = Box::new(move |now: transfer::Progress| {
            entry.came(now.chunks_received + now.chunks_reused);
            tell(now);
        });
        // Each link that chunks come over has its own limit.
        let watch = Watch { progress, limiter: None, ..watch };
        let wire = match terms {
            Some(terms) => Wire::Parcels(&fan_out, terms),
            None => Wire::Frames(&fan_out),
        };
        let moved = transfer::fetch_disk(job, wire, store, &watch).await?;
        fan_out.entry().whole();
        Ok(moved)
    }

    /// How a copy's disks come here: from whom, into which domain, and under which names.
    async fn way_of(&self, copy: &CopyRow, digests: &[Digest]) -> Result<Way, RegionFault> {
        failpoint!("src.tree_read");
        let peer = self.source_of(copy)?;
        let ids = if copy.source_sealed { IdSpace::Sealed } else { IdSpace::Plain };
        let source_naming = match ids {
            IdSpace::Plain => Naming::Plain,
            IdSpace::Sealed => Naming::Keyed(self.source_id_key(copy, &*peer).await?),
        };
        let domain = self.domain(&target_domain(copy)).await?;
        let names = self.names(domain, source_naming)?;
        let scope = FetchScope { account: copy.account.clone(), ids };
        let source = PeerSource::new(peer, scope, digests);
        let terms = match names {
            Names::Same => {
                let comparison = Comparison { copy, domain, disks: digests };
                self.parcel_terms(comparison, &source).await?
            }
            // Pages are compared by what they hold, but what is held is said by names: for now such copies come as frames.
            Names::Other { .. } => None,
        };
        let disks = self.inner.catalog.read().await?.image_disks(&copy.target_image).await?;
        let sizes = disks.iter().map(|disk| disk.size.bytes());
        let disks = digests.iter().copied().zip(sizes).collect();
        Ok(Way { source, domain, names, disks, terms })
    }

    /// Whether chunks are called here as they are at their source.
    pub(crate) fn names(
        &self,
        domain: Domain,
        source_naming: Naming,
    ) -> Result<Names, RegionFault> {
        match self.inner.store.naming(domain)? {
            same if same == source_naming => Ok(Names::Same),
            Naming::Keyed(id_key) => Ok(Names::Other { source_naming, id_key }),
            Naming::Plain => {
                Err(RegionFault::Contradiction { what: "a copy would make a sealed image plain" })
            }
        }
    }

    /// The source tells its id key with every hold; it is kept nowhere.
    async fn source_id_key(
        &self,
        copy: &CopyRow,
        peer: &dyn PeerRegion,
    ) -> Result<IdKey, RegionFault> {
        match peer.hold(self.hold_request(copy)).await {
            Ok(Held { id_key: Some(id_key), .. }) => Ok(id_key),
            Ok(Held { id_key: None, .. }) => {
                let reason = "the held image was sealed and is plain".to_owned();
                Err(PeerFault::Protocol { region: copy.source_region.clone(), reason }.into())
            }
            Err(PeerRefused::Fault(fault)) => Err(fault.into()),
            Err(PeerRefused::Rejected(rejection)) => Err(RegionFault::Key { rejection }),
        }
    }

    fn watch_for(
        &self,
        copy: &CopyRow,
        stop: &CancellationToken,
        tally: &Arc<Tally>,
        before: Before,
    ) -> Watch {
        let (region, tally, id) = (self.clone(), Arc::clone(tally), copy.id.clone());
        let source = copy.source_region.clone();
        let needed = copy.progress.needed;
        Watch {
            progress: Box::new(move |now| {
                let places = before.places + now.places_done;
                let bytes = before.bytes + now.bytes_received;
                tally.note(places, bytes, before.reused + now.chunks_reused);
                // What has come counts for the time left, durable or not: it becomes so in steps of about a second.
                let come = before.places + now.chunks_received + now.chunks_reused;
                let new = region.inner.rates.note(&id, bytes, Progress { done: come, needed });
                // What relays sent was noted on their links.
                region
                    .inner
                    .link_speeds
                    .note(&source, new.saturating_sub(tally.relayed.take_unnoted()));
                region.changed();
            }),
            cancel: stop.clone(),
            limiter: Some(self.inner.links.lane(&copy.id, &copy.source_region)),
            ..Watch::default()
        }
    }

    /// Records how far the copy is; none when the copy is no longer ours to move.
    async fn record_tally(
        &self,
        copy: &CopyRow,
        tally: &Tally,
    ) -> Result<Option<CopyRow>, RegionFault> {
        failpoint!("wrk.progress");
        let mut tx = self.inner.catalog.begin().await?;
        let now = tx.copy_unscoped(&copy.id).await?;
        let Some(now) =
            now.filter(|now| now.generation == copy.generation && now.fence == copy.fence)
        else {
            return Ok(None);
        };
        let made = tally.made_since(copy);
        let relayed = tally.relayed.take_unrecorded(made.bytes_sent.saturating_sub(now.bytes_sent));
        match self.record_made(tx, &made, &relayed).await {
            Ok(Some(row)) => {
                self.changed();
                Ok(Some(row))
            }
            other => {
                tally.relayed.put_back(relayed);
                other
            }
        }
    }

    async fn record_made(
        &self,
        mut tx: Tx,
        made: &CopyRow,
        relayed: &[(RegionId, u64)],
    ) -> Result<Option<CopyRow>, RegionFault> {
        let at = self.inner.clock.now();
        if tx.record_relayed_progress(made, relayed, at).await? == Updated::No {
            return Ok(None);
        }
        let recorded = tx.copy_unscoped(&made.id).await?;
        tx.commit().await?;
        Ok(recorded)
    }
}

impl Tally {
    /// What the copy has achieved altogether; `before` is its row as this attempt found it.
    fn made_since(&self, before: &CopyRow) -> CopyRow {
        let reused_before = before.bytes_reused / CHUNK_BYTES as u64;
        // What earlier attempts brought is held now, and is no gain of this one.
        let brought_before = before.progress.done.saturating_sub(reused_before);
        let reused = self.reused.load(Ordering::Relaxed).saturating_sub(brought_before);
        CopyRow {
            progress: Progress {
                done: self.places.load(Ordering::Relaxed),
                needed: before.progress.needed,
            },
            disks_done: self.disks_done.load(Ordering::Relaxed),
            bytes_sent: before.bytes_sent + self.bytes.load(Ordering::Relaxed),
            bytes_reused: reused.max(reused_before) * CHUNK_BYTES as u64,
            ..before.clone()
        }
    }

    fn note(&self, places: u64, bytes: u64, reused: u64) {
        self.places.fetch_max(places, Ordering::Relaxed);
        self.bytes.fetch_max(bytes, Ordering::Relaxed);
        self.reused.fetch_max(reused, Ordering::Relaxed);
    }
}

/// Records progress twice a second, and stops the transfer when the copy is no longer ours.
async fn record_regularly(
    region: Region,
    copy: CopyRow,
    tally: Arc<Tally>,
    stop: CancellationToken,
) {
    loop {
        tokio::time::sleep(RECORD_EVERY).await;
        match region.record_tally(&copy, &tally).await {
            Ok(Some(_)) => {}
            Ok(None) => return stop.cancel(),
            Err(fault) => {
                tracing::warn!(copy = %copy.id, %fault, "failed to record progress; it will be recorded again")
            }
        }
    }
}
