//! Fan-out: the targets of one disk serve each other, so that it leaves its source about once.
//!
//! A target that receives a disk asks the other regions what they have of it. Those that receive it too, side by side with this
//! one, share the chunks out: each brings its share from the source (or from a region that has it all and is about as fast) and
//! serves it to the others. Who is ahead serves what it has. Whatever a relay does not bring is asked of the source. Chunks are
//! checked by their hash, whoever sent them; who sends wrong ones is left.

mod group;
mod parcels;
mod pump;
mod relaying;
mod shelf;
mod speeds;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use model::{CopyId, Digest, RegionId};
use store::{ChunkId, Domain};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use transfer::{ChunkSource, FrameStream, SourceFault};

use self::group::{Group, Standing, owner_of};
use self::pump::{Part, Passed, Passing, Server};
use self::relaying::{LinkUse, Received};
pub(crate) use self::relaying::{Receiving, Relays, absent};
use crate::fetching::PeerSource;
use crate::peer::{IdSpace, PeerRegion, Serving, ServingQuestion};
use crate::region::Region;

/// When the others are asked, after the transfer has begun and again: soon at first, since targets of one request begin together.
const ASK_AFTER: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_secs(1), EVERY];
const EVERY: Duration = Duration::from_secs(3);
/// Least time between two rounds of questions, however many strangers ask.
const LEAST_BETWEEN: Duration = Duration::from_millis(50);
/// The longest that one region may take to say what it has.
const ANSWER: Duration = Duration::from_secs(1);
/// The longest that the first chunk waits for the first answers.
const FIRST_ANSWERS: Duration = Duration::from_millis(300);
/// A region that did not answer is not asked for so long.
const QUIET: Duration = Duration::from_secs(5);
/// The least and the most that a relay is waited for.
const PATIENCE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(2)..=Duration::from_secs(10);
/// Pieces that lie ready while the store takes others. What was asked for counts in the window already.
const READY: usize = 4;

/// Bytes of a copy that came from relays.
#[derive(Default)]
pub(crate) struct Relayed {
    /// By relay, what is not recorded yet.
    unrecorded: Mutex<BTreeMap<RegionId, u64>>,
    /// What the source's link was not told to leave out.
    unnoted: AtomicU64,
    total: AtomicU64,
}

/// What is to be brought from other targets too.
pub(crate) struct Wanted {
    /// The copy.
    pub(crate) copy: CopyId,
    /// From where it comes.
    pub(crate) source: PeerSource,
    /// The name of that region.
    pub(crate) source_id: RegionId,
    /// The disk.
    pub(crate) root: Digest,
    /// Where its chunks go here.
    pub(crate) domain: Domain,
    /// Ends the copy's transfer.
    pub(crate) stop: CancellationToken,
    /// Counts what comes from relays.
    pub(crate) relayed: Arc<Relayed>,
}

/// A source that is the copy's own and other targets beside it.
pub(crate) struct FanOut {
    asking: Arc<Asking>,
    _rounds: AbortOnDropHandle<()>,
}

/// What the tasks of one transfer share.
struct Asking {
    region: Region,
    source: PeerSource,
    source_id: RegionId,
    begun: Instant,
    entry: Arc<Receiving>,
    /// The regions that may serve at all.
    candidates: Vec<(RegionId, Arc<dyn PeerRegion>)>,
    group: Mutex<Group>,
    /// Which relay sent a chunk that the transfer has not checked yet.
    servers: Mutex<HashMap<ChunkId, RegionId>>,
    /// Chunks that came wrong: only the source is asked for them again.
    refused: Mutex<HashSet<ChunkId>>,
    held_back: AtomicUsize,
    /// How long this region's own share of a request takes, in milliseconds.
    pace_ms: AtomicU64,
    relayed: Arc<Relayed>,
}

impl Relayed {
    fn note(&self, relay: &RegionId, bytes: u64) {
        self.unnoted.fetch_add(bytes, Ordering::Relaxed);
        self.total.fetch_add(bytes, Ordering::Relaxed);
        let mut unrecorded = self.unrecorded();
        *unrecorded.entry(relay.clone()).or_default() += bytes;
    }

    /// Bytes since the last call.
    pub(crate) fn take_unnoted(&self) -> u64 {
        self.unnoted.swap(0, Ordering::Relaxed)
    }

    /// All bytes of this attempt.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Takes what is to be recorded, at most so many bytes altogether: the rest is not in the copy's own count yet.
    pub(crate) fn take_unrecorded(&self, most: u64) -> Vec<(RegionId, u64)> {
        let (mut room, mut taken) = (most, Vec::new());
        for (relay, bytes) in self.unrecorded().iter_mut().filter(|(_, bytes)| **bytes > 0) {
            let now = room.min(*bytes);
            (*bytes, room) = (*bytes - now, room - now);
            if now > 0 {
                taken.push((relay.clone(), now));
            }
        }
        taken
    }

    /// Puts back what could not be recorded.
    pub(crate) fn put_back(&self, taken: Vec<(RegionId, u64)>) {
        let mut unrecorded = self.unrecorded();
        for (relay, bytes) in taken {
            *unrecorded.entry(relay).or_default() += bytes;
        }
    }

    fn unrecorded(&self) -> MutexGuard<'_, BTreeMap<RegionId, u64>> {
        self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Region {
    /// A source that asks other targets of the disk too; none where no region could be one. From here on this region serves
    /// the disk itself, as it comes.
    pub(crate) async fn fan_out(&self, wanted: Wanted) -> Option<FanOut> {
        let Wanted { copy, source, source_id, root, domain, stop, relayed } = wanted;
        let candidates = self.may_relay(&source_id, source.scope.ids);
        if candidates.is_empty() || source_id == *self.id() {
            return None;
        }
        let received = Received { copy, scope: source.scope.clone(), root, domain, stop };
        let entry = self.inner.relays.enter(received, self.id().clone());
        let asking = Arc::new(Asking {
            region: self.clone(),
            source,
            source_id,
            begun: Instant::now(),
            entry,
            candidates,
            group: Mutex::new(Group::new(self.id().clone())),
            servers: Mutex::default(),
            refused: Mutex::default(),
            held_back: AtomicUsize::new(0),
            pace_ms: AtomicU64::new(0),
            relayed,
        });
        let first = watch::Sender::new(false);
        let mut asked = first.subscribe();
        let rounds = tokio::spawn(Arc::clone(&asking).ask_in_rounds(first));
        let rounds = AbortOnDropHandle::new(rounds);
        // Who has not answered by then may still come in.
        let _answered =
            tokio::time::timeout(FIRST_ANSWERS, asked.wait_for(|is_asked| *is_asked)).await;
        Some(FanOut { asking, _rounds: rounds })
    }

    /// The regions from which a disk may come that a copy brings from `source`: no border is crossed that the copy itself does
    /// not cross, and what is sealed crosses only links that nobody else reads.
    fn may_relay(&self, source: &RegionId, ids: IdSpace) -> Vec<(RegionId, Arc<dyn PeerRegion>)> {
        let (here, there) = (self.zone_of(self.id()), self.zone_of(source));
        let mut relays = Vec::new();
        for relay in self.other_regions().into_iter().filter(|relay| relay != source) {
            let zone = self.zone_of(&relay);
            let Ok(peer) = self.peer(&relay) else { continue };
            let is_readable = match ids {
                IdSpace::Plain => true,
                IdSpace::Sealed => peer.is_private(),
            };
            if is_readable && (zone == here || zone == there) {
                relays.push((relay, peer));
            }
        }
        relays
    }

    /// Takes a place on the link from a relay, if it is not paused and has one.
    fn enter_link(&self, relay: &RegionId) -> Option<LinkUse> {
        let links = &self.inner.links;
        if links.is_paused(relay) {
            return None;
        }
        let running = self.running_from(relay);
        self.inner.relays.links.enter(relay, links.copies_at_once(relay), running)
    }

    /// Whether a link that chunks are relayed over may not carry them any longer.
    fn is_link_closed(&self, relay: &RegionId) -> bool {
        let links = &self.inner.links;
        let (limit, running) = (links.copies_at_once(relay), self.running_from(relay));
        links.is_paused(relay) || self.inner.relays.links.is_too_full(relay, limit, running)
    }
}

impl FanOut {
    /// The disk as it comes here.
    pub(crate) fn entry(&self) -> Arc<Receiving> {
        Arc::clone(&self.asking.entry)
    }
}

#[async_trait]
impl ChunkSource for FanOut {
    async fn fetch(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        self.asking.close_links();
        let (tx, rx) = mpsc::channel(READY);
        let serving = Arc::clone(&self.asking).serve(ids.clone(), tx);
        let task = AbortOnDropHandle::new(tokio::spawn(serving));
        let passing = Handover {
            asking: Arc::clone(&self.asking),
            ids,
            rx,
            checked: Vec::new(),
            _task: task,
        };
        Ok(futures::stream::unfold(passing, Handover::next).boxed())
    }

    /// Nodes are few, and the walk waits for each: they come from the source itself.
    async fn fetch_nodes(&self, ids: Vec<ChunkId>) -> Result<FrameStream, SourceFault> {
        let body = self.asking.source.fetch_nodes(ids).await?;
        Ok(Asking::limited(&self.asking, body))
    }

    fn answers_for(&self, wrong: &[ChunkId]) -> u64 {
        let own = wrong.iter().filter(|id| self.asking.blame(id));
        own.count() as u64
    }

    fn is_held_back(&self) -> bool {
        self.asking.held_back.load(Ordering::Relaxed) > 0
    }
}

/// Hands frames to the transfer. It comes for the next ones when it has checked the last: then others may have them.
struct Handover {
    asking: Arc<Asking>,
    ids: Vec<ChunkId>,
    rx: mpsc::Receiver<Result<Passed, SourceFault>>,
    checked: Vec<(ChunkId, bytes::Bytes)>,
    _task: AbortOnDropHandle<()>,
}

impl Handover {
    async fn next(mut self) -> Option<(Result<bytes::Bytes, SourceFault>, Self)> {
        self.share();
        match self.rx.recv().await? {
            Err(fault) => Some((Err(fault), self)),
            Ok(Passed { bytes, relay, share }) => {
                self.checked = share;
                if let Some(relay) = relay {
                    self.asking.note_relayed(&relay, bytes.len() as u64);
                }
                Some((Ok(bytes), self))
            }
        }
    }

    fn share(&mut self) {
        let mut frames = std::mem::take(&mut self.checked);
        if !frames.is_empty() {
            let refused = self.asking.refused();
            frames.retain(|(id, _)| !refused.contains(id));
            drop(refused);
            self.asking.entry.put_on(&self.asking.region.inner.relays.shelf, frames);
        }
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        let mut servers = self.asking.servers();
        self.ids.iter().for_each(|id| drop(servers.remove(id)));
    }
}

impl Asking {
    fn group(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<ChunkId, RegionId>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, HashSet<ChunkId>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peer(&self, relay: &RegionId) -> Option<&Arc<dyn PeerRegion>> {
        self.candidates.iter().find(|(id, _)| id == relay).map(|(_, peer)| peer)
    }

    fn note_server(&self, id: ChunkId, relay: &RegionId) {
        self.servers().insert(id, relay.clone());
    }

    fn forget_server(&self, id: &ChunkId) {
        self.servers().remove(id);
    }

    fn note_relayed(&self, relay: &RegionId, bytes: u64) {
        self.relayed.note(relay, bytes);
        self.region.inner.relays.note_received(bytes);
        self.region.inner.link_speeds.note(relay, bytes);
    }

    /// A wrong chunk came; whether the source sent it. A relay that did is left after a few.
    fn blame(&self, id: &ChunkId) -> bool {
        self.refused().insert(*id);
        let Some(relay) = self.servers().remove(id) else { return true };
        if self.group().blame(&relay) {
            tracing::warn!(copy = %self.entry.copy(), %relay, "a relay sends wrong chunks and is left");
        }
        self.share_out();
        false
    }

    fn learn_pace(&self, took: Duration) {
        let (took, old) = (took.as_millis() as u64, self.pace_ms.load(Ordering::Relaxed));
        let pace = if old == 0 { took } else { (old * 3 + took) / 4 };
        self.pace_ms.store(pace, Ordering::Relaxed);
    }

    /// How long a relay is waited for: a few times what this region needs for its own share.
    fn patience(&self) -> Duration {
        let pace = Duration::from_millis(self.pace_ms.load(Ordering::Relaxed));
        (pace * 3).clamp(*PATIENCE.start(), *PATIENCE.end())
    }

    /// Lets those who ask here know who shares with whom.
    fn share_out(&self) {
        let group = self.group();
        let known = self.candidates.iter().map(|(id, _)| id).filter(|id| group.knows(id));
        let known = known.cloned().collect();
        self.entry.share_among(group.sharers(), known);
    }

    /// Leaves the links that were paused, or are full by now.
    fn close_links(&self) {
        let on = self.group().on_links();
        let closed: Vec<_> = on.iter().filter(|relay| self.region.is_link_closed(relay)).collect();
        if !closed.is_empty() {
            closed.into_iter().for_each(|relay| self.group().leave_link(relay));
            self.share_out();
        }
    }

    /// Serves one request of the transfer: every id is answered by somebody, in the end by the source.
    async fn serve(self: Arc<Self>, ids: Vec<ChunkId>, tx: Passing) {
        let mut parts = FuturesUnordered::new();
        for part in self.plan(ids) {
            parts.push(Arc::clone(&self).pump(part, tx.clone()));
        }
        while let Some(done) = parts.next().await {
            match done {
                Ok(done) if done.left.is_empty() => {}
                Ok(done) => {
                    let others = match done.server {
                        Server::Sharer(_) => self.plan_own(done.left),
                        Server::Holder(_) | Server::Source => {
                            vec![Part { server: Server::Source, ids: done.left }]
                        }
                    };
                    for part in others {
                        parts.push(Arc::clone(&self).pump(part, tx.clone()));
                    }
                }
                Err(fault) => {
                    // Nobody reads any longer, or it is told.
                    let _told = tx.send(Err(fault)).await;
                    return;
                }
            }
        }
    }

    /// Whom to ask for what.
    fn plan(&self, ids: Vec<ChunkId>) -> Vec<Part> {
        let sharers = self.group().sharers();
        if sharers.len() == 1 {
            return self.plan_own(ids);
        }
        let (mut own, mut others) = (Vec::new(), BTreeMap::<RegionId, Vec<ChunkId>>::new());
        let refused = self.refused();
        for id in ids {
            match owner_of(&id, &sharers) {
                Some(owner) if owner != self.region.id() && !refused.contains(&id) => {
                    others.entry(owner.clone()).or_default().push(id);
                }
                Some(_) | None => own.push(id),
            }
        }
        drop(refused);
        let mut parts = self.plan_own(own);
        let others = others.into_iter();
        parts.extend(others.map(|(relay, ids)| Part { server: Server::Sharer(relay), ids }));
        parts
    }

    /// Whom to ask for what nobody else brings: a region that has it, where one is about as fast as the source.
    fn plan_own(&self, ids: Vec<ChunkId>) -> Vec<Part> {
        let holders = self.fast_holders();
        let (mut of_source, mut of_holders) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
        let refused = self.refused();
        for id in ids {
            match owner_of(&id, &holders) {
                Some(holder) if !refused.contains(&id) => {
                    of_holders.entry(holder.clone()).or_default().push(id);
                }
                Some(_) | None => of_source.push(id),
            }
        }
        let of_holders = of_holders.into_iter();
        let of_holders =
            of_holders.map(|(holder, ids)| Part { server: Server::Holder(holder), ids });
        let of_source = Part { server: Server::Source, ids: of_source };
        of_holders.chain((!of_source.ids.is_empty()).then_some(of_source)).collect()
    }

    /// The regions that have what comes next, and send it about as fast as the source.
    fn fast_holders(&self) -> Vec<RegionId> {
        let mut holders = self.group().holders();
        let (links, speeds) = (&self.region.inner.links, &self.region.inner.relays.speeds);
        let source = (&self.source_id, links.limiter(&self.source_id).rate());
        holders.retain(|holder| {
            speeds.is_about_as_fast((holder, links.limiter(holder).rate()), source)
        });
        holders
    }

    /// Whether anybody but the source is asked just now.
    fn has_company(&self) -> bool {
        self.close_links();
        self.group().sharers().len() > 1 || !self.fast_holders().is_empty()
    }

    /// A body of the source, as its link lets it pass.
    fn limited(asking: &Arc<Self>, body: FrameStream) -> FrameStream {
        let asking = Arc::clone(asking);
        let limited = body.then(move |piece| {
            let asking = Arc::clone(&asking);
            async move {
                if let Ok(piece) = &piece {
                    asking.take_from_link(&asking.source_id, piece.len() as u64).await;
                }
                piece
            }
        });
        limited.boxed()
    }

    /// Asks the others what they have, again and again: at once when somebody asks here who was not known.
    async fn ask_in_rounds(self: Arc<Self>, first: watch::Sender<bool>) {
        let mut quiet: HashMap<RegionId, Instant> = HashMap::new();
        let mut after = ASK_AFTER.into_iter();
        loop {
            self.ask_all(&mut quiet).await;
            first.send_replace(true);
            tokio::time::sleep(LEAST_BETWEEN).await;
            tokio::select! {
                () = tokio::time::sleep(after.next().unwrap_or(EVERY)) => {}
                () = self.entry.stranger.notified() => {}
            }
        }
    }

    async fn ask_all(&self, quiet: &mut HashMap<RegionId, Instant>) {
        let now = Instant::now();
        quiet.retain(|_, until| *until > now);
        let asked = self
            .candidates
            .iter()
            .filter(|(relay, _)| !quiet.contains_key(relay) && !self.group().is_left(relay));
        let question = ServingQuestion {
            scope: self.entry.scope().clone(),
            root: self.entry.root(),
            asker: self.region.id().clone(),
        };
        // Each counts as soon as it answers: one that is silent keeps nobody waiting.
        let answers = join_all(asked.map(async |(relay, peer)| {
            let answer = tokio::time::timeout(ANSWER, peer.serving(question.clone())).await;
            let standing = match &answer {
                Ok(Ok(Serving::Complete)) => Some(Standing::Whole),
                Ok(Ok(Serving::Receiving { come })) => {
                    Some(Standing::of_receiver(*come, self.entry.come()))
                }
                Ok(Ok(Serving::Nothing)) => Some(Standing::Nothing),
                Ok(Err(_)) | Err(_) => None,
            };
            match standing {
                Some(standing) => {
                    self.group().note(relay, standing, || self.region.enter_link(relay));
                }
                None => self.group().note_silence(relay),
            }
            self.share_out();
            (relay.clone(), standing.is_none())
        }))
        .await;
        let silent = answers.into_iter().filter(|(_, is_silent)| *is_silent);
        quiet.extend(silent.map(|(relay, _)| (relay, Instant::now() + QUIET)));
    }
}
