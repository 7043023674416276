//! What a region serves to other targets of a disk: what it has, and what it receives just now.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use model::{CopyId, Digest, RegionId};
use store::{Carried, ChunkId, Domain, FrameHeader, encode_absent};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::group::owner_of;
use super::shelf::Shelf;
use super::speeds::Speeds;
use crate::export::FrameStream;
use crate::peer::{FetchScope, IdSpace, RelayRequest, Serving, ServingQuestion};
use crate::refused::RegionFault;
use crate::region::Region;

/// The longest that a relay lets another region wait for chunks that it receives itself.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How often the store is asked for what is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Pieces that lie ready for a slow reader.
const READY: usize = 4;

/// What a region's copies receive, and what the fan-out of all of them knows.
#[derive(Default)]
pub(crate) struct Relays {
    receiving: Mutex<Vec<Arc<Receiving>>>,
    pub(super) shelf: Shelf,
    pub(super) speeds: Speeds,
    pub(super) links: LinkUses,
    /// Bytes that copies got from relays since this process began.
    received_bytes: AtomicU64,
}

/// A disk that a copy receives here.
pub(crate) struct Receiving {
    copy: CopyId,
    scope: FetchScope,
    root: Digest,
    domain: Domain,
    stop: CancellationToken,
    come: AtomicU64,
    is_whole: AtomicBool,
    /// Among whom the chunks are shared out as this region sees it, itself among them.
    sharers: RwLock<Vec<RegionId>>,
    /// Those that need no word of a region that asks.
    known: RwLock<HashSet<RegionId>>,
    arrived: watch::Sender<u64>,
    /// Somebody asked who is not known.
    pub(super) stranger: Notify,
}

/// What is being received, as its copy begins with it.
pub(super) struct Received {
    pub(super) copy: CopyId,
    pub(super) scope: FetchScope,
    pub(super) root: Digest,
    pub(super) domain: Domain,
    pub(super) stop: CancellationToken,
}

impl Receiving {
    /// How far the transfer is: places whose chunks have come, or were here.
    pub(crate) fn came(&self, places: u64) {
        self.come.fetch_max(places, Ordering::Relaxed);
    }

    /// Everything of the disk is here, and durable.
    pub(crate) fn whole(&self) {
        self.is_whole.store(true, Ordering::Release);
        self.arrived.send_modify(|count| *count += 1);
    }

    pub(super) fn come(&self) -> u64 {
        self.come.load(Ordering::Relaxed)
    }

    pub(super) fn scope(&self) -> &FetchScope {
        &self.scope
    }

    pub(super) fn root(&self) -> Digest {
        self.root
    }

    pub(super) fn copy(&self) -> &CopyId {
        &self.copy
    }

    /// Who shares with whom, as it is seen now.
    pub(super) fn share_among(&self, sharers: Vec<RegionId>, known: HashSet<RegionId>) {
        *self.sharers.write().unwrap_or_else(PoisonError::into_inner) = sharers;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Frames were found true: whoever waits for them looks.
    pub(super) fn put_on(&self, shelf: &Shelf, frames: Vec<(ChunkId, Bytes)>) {
        if !frames.is_empty() {
            shelf.put(self.domain, frames);
            self.arrived.send_modify(|count| *count += 1);
        }
    }

    /// Whether this region is the one to bring a chunk from the source. Only then another may wait for it here: so nobody
    /// ever waits for somebody who waits.
    fn expects(&self, own: &RegionId, id: &ChunkId) -> bool {
        let sharers = self.sharers.read().unwrap_or_else(PoisonError::into_inner);
        owner_of(id, &sharers) == Some(own)
    }

    fn is_over(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn is_asked_by(&self, asker: &RegionId) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(asker) {
            self.stranger.notify_one();
        }
    }
}

impl Relays {
    fn receiving(&self) -> MutexGuard<'_, Vec<Arc<Receiving>>> {
        self.receiving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy begins to receive a disk.
    pub(super) fn enter(&self, received: Received, own: RegionId) -> Arc<Receiving> {
        let Received { copy, scope, root, domain, stop } = received;
        let entry = Arc::new(Receiving {
            copy,
            scope,
            root,
            domain,
            stop,
            come: AtomicU64::new(0),
            is_whole: AtomicBool::new(false),
            sharers: RwLock::new(vec![own]),
            known: RwLock::default(),
            arrived: watch::Sender::new(0),
            stranger: Notify::new(),
        });
        let mut all = self.receiving();
        // An earlier attempt of the same copy.
        all.retain(|old| old.copy != entry.copy || old.root != entry.root);
        all.push(Arc::clone(&entry));
        entry
    }

    /// A copy does not run any longer: what it has is told by its snapshots, if it has any.
    pub(crate) fn forget(&self, copy: &CopyId) {
        let mut all = self.receiving();
        all.retain(|entry| entry.copy != *copy);
        if all.is_empty() {
            self.shelf.clear();
        }
    }

    /// The disk as this region receives it; one that is whole before others.
    fn find(&self, scope: &FetchScope, root: &Digest) -> Option<Arc<Receiving>> {
        let all = self.receiving();
        let meant = |entry: &&Arc<Receiving>| {
            entry.scope == *scope && entry.root == *root && !entry.is_over()
        };
        let whole = |entry: &&Arc<Receiving>| entry.is_whole.load(Ordering::Acquire);
        let found = all.iter().filter(meant).find(whole).or_else(|| all.iter().find(meant));
        found.cloned()
    }

    /// Counts bytes that a copy got from a relay.
    pub(super) fn note_received(&self, bytes: u64) {
        self.received_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that copies got from relays since this process began.
    pub(crate) fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Relaxed)
    }
}

/// How many transfers take chunks over each link from relays; they count among the copies at once that it is limited to.
#[derive(Clone, Default)]
pub(crate) struct LinkUses(Arc<Mutex<HashMap<RegionId, u32>>>);

/// A place on a link, until it is dropped.
pub(super) struct LinkUse {
    uses: LinkUses,
    from: RegionId,
}

impl LinkUses {
    fn counts(&self) -> MutexGuard<'_, HashMap<RegionId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place on the link from a region on which so many copies run; none where it is full.
    pub(super) fn enter(
        &self,
        from: &RegionId,
        limit: Option<u32>,
        running: u32,
    ) -> Option<LinkUse> {
        let mut counts = self.counts();
        let count = counts.entry(from.clone()).or_default();
        if limit.is_some_and(|limit| count.saturating_add(running) >= limit) {
            return None;
        }
        *count += 1;
        Some(LinkUse { uses: self.clone(), from: from.clone() })
    }

    /// Whether more use the link than may.
    pub(super) fn is_too_full(&self, from: &RegionId, limit: Option<u32>, running: u32) -> bool {
        let count = self.counts().get(from).copied().unwrap_or_default();
        limit.is_some_and(|limit| count.saturating_add(running) > limit)
    }
}

impl Drop for LinkUse {
    fn drop(&mut self) {
        if let Some(count) = self.uses.counts().get_mut(&self.from) {
            *count -= 1;
        }
    }
}

/// What a region has of a disk for a peer.
enum Found {
    Nothing,
    Receiving(Arc<Receiving>),
    Complete,
}

impl Region {
    /// What this region has of a disk for another target of it. It answers for disks that it receives, or has a snapshot of, in
    /// the account that is asked for, and for nothing else.
    pub(crate) async fn serving_for_peer(
        &self,
        question: &ServingQuestion,
    ) -> Result<Serving, RegionFault> {
        Ok(match self.find_served(&question.scope, &question.root).await? {
            Found::Nothing => Serving::Nothing,
            Found::Receiving(entry) => {
                entry.is_asked_by(&question.asker);
                Serving::Receiving { come: entry.come() }
            }
            Found::Complete => Serving::Complete,
        })
    }

    async fn find_served(&self, scope: &FetchScope, root: &Digest) -> Result<Found, RegionFault> {
        if let Some(entry) = self.inner.relays.find(scope, root)
            && !self.inner.store.is_locked(entry.domain)
        {
            let is_whole = entry.is_whole.load(Ordering::Acquire);
            return Ok(if is_whole { Found::Complete } else { Found::Receiving(entry) });
        }
        let mut tx = self.inner.catalog.read().await?;
        let (plain, sealed) = tx.contents_here(&scope.account, root).await?;
        let is_here = match scope.ids {
            IdSpace::Plain => plain,
            IdSpace::Sealed => sealed,
        };
        Ok(if is_here { Found::Complete } else { Found::Nothing })
    }

    /// One frame per id for another target: what is here at once, what is on its way here as it comes, within the time that is
    /// waited for it; for the rest a frame that says so.
    pub(crate) async fn relay_for_peer(
        &self,
        request: RelayRequest,
    ) -> Result<FrameStream, RegionFault> {
        let RelayRequest { scope, root, ids, wait } = request;
        match self.find_served(&scope, &root).await? {
            Found::Nothing => Ok(futures::stream::iter(absent(&ids).map(Ok)).boxed()),
            Found::Complete => self.frames_for_peer(&scope, ids).await,
            Found::Receiving(entry) => {
                let (tx, rx) = mpsc::channel(READY);
                let deadline = Instant::now() + wait.min(WAIT_MAX);
                let region = self.clone();
                let passing = async move {
                    if let Err(fault) = region.pass_on(&entry, ids, deadline, &tx).await {
                        // Nobody reads any longer, or it is told.
                        let _told = tx.send(Err(fault)).await;
                    }
                };
                let task = AbortOnDropHandle::new(tokio::spawn(passing));
                Ok(received(rx, task).boxed())
            }
        }
    }

    async fn pass_on(
        &self,
        entry: &Receiving,
        ids: Vec<ChunkId>,
        deadline: Instant,
        tx: &mpsc::Sender<Result<Bytes, RegionFault>>,
    ) -> Result<(), RegionFault> {
        let mut arrived = entry.arrived.subscribe();
        let (mut left, mut looked): (_, Option<Instant>) = (ids, None);
        loop {
            arrived.mark_unchanged();
            if self.inner.store.is_locked(entry.domain) {
                break;
            }
            let (found, rest) = self.inner.relays.shelf.find(entry.domain, left);
            left = rest;
            for frame in found {
                if tx.send(Ok(frame)).await.is_err() {
                    return Ok(());
                }
            }
            let is_whole = entry.is_whole.load(Ordering::Acquire);
            if is_whole || looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
                left = self.pass_held(entry, left, tx).await?;
                looked = Some(Instant::now());
            }
            let (expected, other): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|id| !is_whole && entry.expects(self.id(), id));
            left = expected;
            if let Some(frames) = absent(&other)
                && tx.send(Ok(frames)).await.is_err()
            {
                return Ok(());
            }
            if left.is_empty() || Instant::now() >= deadline {
                break;
            }
            let look_again = looked.map_or(deadline, |at| at + LOOK_EVERY).min(deadline);
            tokio::select! {
                _ = arrived.changed() => {}
                () = entry.stop.cancelled() => break,
                () = sleep_until(look_again) => {}
            }
        }
        if let Some(frames) = absent(&left) {
            // Who is gone needs no answer.
            let _sent = tx.send(Ok(frames)).await;
        }
        Ok(())
    }

    /// Passes on what the store has; answers what it has not.
    async fn pass_held(
        &self,
        entry: &Receiving,
        ids: Vec<ChunkId>,
        tx: &mpsc::Sender<Result<Bytes, RegionFault>>,
    ) -> Result<Vec<ChunkId>, RegionFault> {
        if ids.is_empty() {
            return Ok(ids);
        }
        let frames = self.inner.store.frames(entry.domain, ids);
        futures::pin_mut!(frames);
        let mut left = Vec::new();
        while let Some(piece) = frames.next().await.transpose()? {
            // A piece of a store is whole frames, all of them here or none.
            let is_absent =
                FrameHeader::parse(&piece).is_ok_and(|header| header.carried == Carried::Absent);
            if is_absent {
                left.extend(
                    store::Frames::new(piece).map_while(Result::ok).map(|(head, _)| head.id),
                );
            } else if tx.send(Ok(piece)).await.is_err() {
                return Ok(Vec::new());
            }
        }
        Ok(left)
    }
}

/// Frames that say of these chunks that they are not here; none where there is nothing to say.
pub(crate) fn absent(ids: &[ChunkId]) -> Option<Bytes> {
    let mut frames = Vec::new();
    ids.iter().for_each(|id| encode_absent(id, &mut frames));
    (!frames.is_empty()).then(|| frames.into())
}

/// What a task sends, which ends when nobody reads.
pub(super) fn received<T: Send + 'static>(
    rx: mpsc::Receiver<T>,
    task: AbortOnDropHandle<()>,
) -> impl Stream<Item = T> + Send {
    futures::stream::unfold((rx, task), async |(mut rx, task)| {
        let next = rx.recv().await?;
        Some((next, (rx, task)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_so_many_places_for_copies_and_relayed_transfers_together() {
        let (uses, east): (_, RegionId) = (LinkUses::default(), "east".parse().unwrap());
        let first = uses.enter(&east, Some(2), 1).unwrap();
        assert!(uses.enter(&east, Some(2), 1).is_none());
        assert!(uses.enter(&east, None, 9).is_some(), "without a limit there is room");
        assert!(!uses.is_too_full(&east, Some(2), 1));
        assert!(uses.is_too_full(&east, Some(2), 2), "another copy began");
        drop(first);
        assert!(uses.enter(&east, Some(2), 1).is_some());
    }
}
