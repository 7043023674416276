//! The target's side: orders sessions for what is missing, takes their windows in order, and repairs what is wrong at once.
//!
//! Nothing of a window is believed: each of its chunks is hashed, and one that is not what was wanted is asked for as a frame
//! before anything behind it is taken, because what is behind may name it. A source whose parcels keep being wrong is ordered
//! from without matching, and then asked for frames.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use delta::WANTS_MAX;
use fail::fail_point;
use futures::FutureExt;
use futures::future::{BoxFuture, Fuse, FusedFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use store::{ChunkId, DiskRoot, StoreFault};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fault::{SourceFault, TransferFault};
use crate::ledger::Want;
use crate::mover::{FLUSH_EVERY, Mover};
use crate::parcels::chunks::{Numbered, Runs, Side, StoredChunks};
use crate::parcels::climb::Climb;
use crate::parcels::target_assembly::{Assembly, Ground, Read};
use crate::parcels::target_session::{Arrived, Level, Session, Tally};
use crate::parcels::{Opened, ParcelOrder, ParcelSource, SessionId, WindowAsk};
use crate::request::{AskWindow, WindowCame};
use crate::source::ChunkSource;

/// What a window is taken to be before one was seen: its literals alone, compressed to a half.
const WINDOW_GUESS: u64 = 2 << 20;
/// How long the end of a transfer waits for sources to be told that their sessions are whole.
const GOODBYE: Duration = Duration::from_secs(1);
/// Chunks in one request for a repair.
const REPAIR_IDS: usize = 1_024;
/// Pauses before a request whose connection broke is made again.
const AGAIN_AFTER: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How the chunks of a disk come.
pub enum Wire<'a> {
    /// Each as a frame of its own: for a link that is faster than the coding of parcels.
    Frames(&'a dyn ChunkSource),
    /// In parcels, and as frames where there are none.
    Parcels(&'a dyn ParcelSource, ParcelTerms),
}

/// What parcels are ordered with.
#[derive(Clone, Debug, Default)]
pub struct ParcelTerms {
    /// Disks of the domain that the store holds complete, as the source names them too; the likeliest base first, at most
    /// [`crate::BASES_MAX`]. One that cannot be read after all costs bytes, nothing else.
    pub bases: Vec<DiskRoot>,
}

/// How a mover brings chunks in parcels.
#[derive(Clone)]
pub(crate) struct ParcelWay<'a> {
    source: &'a dyn ParcelSource,
    root: DiskRoot,
    bases: Vec<DiskRoot>,
}

impl<'a> Wire<'a> {
    /// Whom to ask for frames, and how parcels are ordered of this disk.
    pub(crate) fn parts(self, root: DiskRoot) -> (&'a dyn ChunkSource, Option<ParcelWay<'a>>) {
        match self {
            Wire::Frames(source) => (source, None),
            Wire::Parcels(source, ParcelTerms { bases }) => {
                (source, Some(ParcelWay { source, root, bases }))
            }
        }
    }
}

/// Brings what is queued in parcels until there is no more. What it leaves on the queue, because the source does not serve
/// it so, is to come as frames.
pub(crate) async fn pump(mover: &Mover<'_>, way: &ParcelWay<'_>) -> Result<(), TransferFault> {
    let stop = CancellationToken::new();
    // The thread that puts chunks together ends soon when the transfer does.
    let _stopped = stop.clone().drop_guard();
    let pump = Pump {
        mover,
        way,
        bases: way.bases.clone(),
        level: Level::Matching,
        tally: Tally::default(),
        largest: WINDOW_GUESS,
        climb: Climb::new(),
        began: Instant::now(),
        sessions: VecDeque::new(),
        begun: 0,
        reserved: None,
        opening: Fuse::terminated(),
        asks: FuturesUnordered::new(),
        taking: Fuse::terminated(),
        flushing: Fuse::terminated(),
        goodbyes: FuturesUnordered::new(),
        stop,
    };
    pump.run().await
}

/// The window's ticket, what came, unless its session was given up before, and how long it took.
type Asked<'p> = (u64, Option<Result<WindowCame<'p>, TransferFault>>, Duration);

struct Pump<'p, 'a> {
    mover: &'p Mover<'a>,
    way: &'p ParcelWay<'a>,
    bases: Vec<DiskRoot>,
    level: Level,
    tally: Tally,
    /// Bytes of the largest window so far.
    largest: u64,
    /// Requests that may be open.
    climb: Climb,
    began: Instant,
    /// At most two: one whose windows are taken, and the next.
    sessions: VecDeque<Session<'p>>,
    /// Sessions ordered so far.
    begun: u64,
    /// The wants of the session that is being opened.
    reserved: Option<Arc<[Want]>>,
    opening: Fuse<BoxFuture<'p, Result<Opening, TransferFault>>>,
    asks: FuturesUnordered<BoxFuture<'p, Asked<'p>>>,
    taking: Fuse<BoxFuture<'p, Result<Took, TransferFault>>>,
    flushing: Fuse<BoxFuture<'p, Result<(), TransferFault>>>,
    /// Sources are told of sessions that are whole, so that they give up their seats.
    goodbyes: FuturesUnordered<BoxFuture<'p, ()>>,
    stop: CancellationToken,
}

/// What came of an order.
enum Opening {
    Ready(SessionId, Box<Assembly>),
    /// The base that the source chose is not here any more.
    BaseLost(DiskRoot),
    /// The source serves none.
    Refused(String),
}

/// What came of a window.
struct Took {
    assembly: Box<Assembly>,
    /// Chunks of it that were handed over; none where it could not even be said how many it has.
    count: Option<u32>,
    /// Bytes that were sent once more as frames; none where nothing had to be.
    repaired: Option<u64>,
}

enum Event<'p> {
    Asked(Asked<'p>),
    Opened(Result<Opening, TransferFault>),
    Taken(Result<Took, TransferFault>),
    Flushed(Result<(), TransferFault>),
    Stirred,
    Tick,
}

impl<'p> Pump<'p, '_> {
    /// One future: whoever drops it stops everything.
    async fn run(mut self) -> Result<(), TransferFault> {
        let mut tick = tokio::time::interval_at(Instant::now() + FLUSH_EVERY, FLUSH_EVERY);
        let mut is_late = false;
        loop {
            self.order();
            self.ask();
            self.take()?;
            if self.level == Level::Frames || self.is_done() {
                // A source that does not listen ends its sessions by itself.
                let _late = tokio::time::timeout(GOODBYE, self.goodbyes.collect::<()>()).await;
                return Ok(());
            }
            if self.flushing.is_terminated() && self.mover.is_flush_due(is_late) {
                is_late = false;
                self.flushing = self.mover.flush_and_record().boxed().fuse();
            }
            let event = tokio::select! {
                Some(asked) = self.asks.next() => Event::Asked(asked),
                Some(()) = self.goodbyes.next() => Event::Stirred,
                opened = &mut self.opening => Event::Opened(opened),
                taken = &mut self.taking => Event::Taken(taken),
                flushed = &mut self.flushing => Event::Flushed(flushed),
                () = self.mover.stirred() => Event::Stirred,
                _ = tick.tick() => Event::Tick,
            };
            match event {
                Event::Asked((ticket, Some(came), took)) => self.came(ticket, came, took)?,
                Event::Asked((_, None, _)) => {}
                Event::Opened(opened) => self.opened(opened?),
                Event::Taken(taken) => self.taken(taken?),
                Event::Flushed(flushed) => flushed?,
                Event::Stirred => {}
                Event::Tick => {
                    is_late = true;
                    self.mover.report();
                }
            }
        }
    }

    fn is_done(&self) -> bool {
        self.sessions.is_empty()
            && self.reserved.is_none()
            && self.mover.is_listed()
            && self.mover.ledger().queued() == 0
    }

    /// Orders the next session once the listing has enough for one, or has ended, and the last windows of the one before are
    /// under way.
    fn order(&mut self) {
        let has_place = self.sessions.len() < 2 && self.sessions.iter().all(Session::is_told_whole);
        let Some(matching) = self.level.matching() else { return };
        if self.reserved.is_some() || !has_place {
            return;
        }
        let is_listed = self.mover.is_listed();
        let mut ledger = self.mover.ledger();
        if ledger.queued() < WANTS_MAX && !(is_listed && ledger.queued() > 0) {
            return;
        }
        let wants: Arc<[Want]> = ledger.reserve(WANTS_MAX).into();
        drop(ledger);
        self.mover.make_room();
        self.reserved = Some(Arc::clone(&wants));
        let order = ParcelOrder {
            root: self.way.root,
            bases: self.bases.clone(),
            matching,
            wants: wants.iter().map(|want| want.spot.number).collect(),
        };
        let ground = Ground {
            store: self.mover.store.clone(),
            domain: self.mover.domain,
            naming: self.mover.naming.clone(),
            ingest: Arc::clone(&self.mover.ingest),
            made: Arc::clone(self.mover.made.as_ref().expect("a mover of parcels makes chunks")),
            runtime: tokio::runtime::Handle::current(),
            stop: self.stop.clone(),
        };
        self.opening = open(self.mover, self.way.source, order, (ground, wants)).boxed().fuse();
    }

    fn opened(&mut self, opening: Opening) {
        match opening {
            Opening::Ready(id, assembly) => {
                let wants = self.reserved.take().expect("they were reserved for it");
                self.sessions.push_back(Session::new(self.begun, id, wants, assembly));
                self.begun += 1;
                self.turn();
            }
            Opening::BaseLost(base) => {
                tracing::warn!(%base, "a disk that was offered as a base cannot be read");
                self.bases.retain(|offered| *offered != base);
                self.abandon(self.sessions.len());
            }
            Opening::Refused(reason) => self.leave_parcels(&reason),
        }
    }

    /// Asks for windows while there is room for them. The one that is to be taken next is asked for whatever there is.
    fn ask(&mut self) {
        let turn = self.sessions.front().map(Session::turn);
        self.climb.fit(self.mover.requests.window().fitting(self.largest));
        for session in &mut self.sessions {
            while let Some((ticket, wanted)) = session.next_ask() {
                let ask = AskWindow { window: wanted, parts: self.climb.parts(), ticket };
                let window = self.mover.requests.window();
                let has_room = self.asks.len() < self.climb.windows()
                    && window.room_for_early(self.asks.len() as u64, self.largest);
                if !has_room && Some(ask.ticket) != turn {
                    return;
                }
                session.asked += 1;
                let (mover, source, over) = (self.mover, self.way.source, session.over.clone());
                let asking = async move {
                    let start = Instant::now();
                    let came = tokio::select! {
                        biased;
                        () = over.cancelled() => None,
                        came = ask_again(mover, source, ask) => Some(came),
                    };
                    (ask.ticket, came, start.elapsed())
                };
                self.asks.push(asking.boxed());
            }
        }
    }

    /// A request was answered.
    fn came(
        &mut self,
        ticket: u64,
        came: Result<WindowCame<'p>, TransferFault>,
        took: Duration,
    ) -> Result<(), TransferFault> {
        let position = self.sessions.iter().position(|session| session.has(ticket));
        let Some(at) = position else { return Ok(()) };
        match came {
            Ok(WindowCame::Whole { bytes, early }) => {
                self.climb.came(bytes.len() as u64, self.began.elapsed(), took);
                self.largest = self.largest.max(bytes.len() as u64);
                self.tally.bytes += bytes.len() as u64;
                self.mover.note_window(0, bytes.len() as u64);
                self.sessions[at].arrive(ticket, Arrived::new(bytes, early));
            }
            Ok(WindowCame::End) => self.sessions[at].end_at(ticket),
            Ok(WindowCame::Gone) => {
                self.tally.fruitless += 1;
                self.abandon(at);
                if self.tally.is_fruitless() {
                    self.leave_parcels("its sessions are gone as soon as they are opened");
                }
            }
            Ok(WindowCame::TooLong) => self.broken("a window is longer than one can be"),
            Err(TransferFault::Source(SourceFault::Protocol(breach))) => {
                self.broken(&breach.to_string());
            }
            Err(TransferFault::Source(
                fault @ (SourceFault::NoParcels { .. }
                | SourceFault::Stalled { .. }
                | SourceFault::Transport { .. }),
            )) => self.leave_parcels(&fault.to_string()),
            Err(fault) => return Err(fault),
        }
        Ok(())
    }

    /// Begins to take the window whose turn it is, once it is here; ends a session that has no more.
    fn take(&mut self) -> Result<(), TransferFault> {
        if !self.taking.is_terminated() || !self.mover.requests.window().may_hand_over() {
            return Ok(());
        }
        fail_point!("wrk.parcel_take", |_| Err(crate::request::injected("take a window")));
        while let Some(front) = self.sessions.front_mut() {
            if front.is_whole() {
                let (source, (id, windows)) = (self.way.source, front.goodbye());
                self.goodbyes.push(
                    async move {
                        // Whatever it answers: what was wanted is here.
                        let _answer = source.window(WindowAsk::whole(id, windows, windows)).await;
                    }
                    .boxed(),
                );
                self.sessions.pop_front();
                self.turn();
            } else if let Some((window, assembly)) = front.next_window() {
                let taking = take_window(self.mover, Arc::clone(&front.wants), assembly, window);
                self.taking = taking.boxed().fuse();
                return Ok(());
            } else if front.is_ended() {
                self.broken("a session ended before everything was sent");
            } else {
                return Ok(());
            }
        }
        Ok(())
    }

    fn taken(&mut self, took: Took) {
        let front = self.sessions.front_mut().expect("a session stays while its window is taken");
        if took.count.is_some() {
            self.tally.fruitless = 0;
        }
        let stops = u32::from(took.repaired.is_some() || took.count.is_none());
        self.tally.stops += stops;
        self.tally.repaired += took.repaired.unwrap_or(0);
        match took.count {
            Some(count) => {
                front.took(count, took.assembly);
                self.turn();
            }
            None => self.abandon(0),
        }
        self.judge();
    }

    /// The source broke the format in a way that leaves nothing to go on with.
    fn broken(&mut self, how: &str) {
        tracing::warn!(how, "a parcel session is given up");
        self.tally.stops += 1;
        self.abandon(0);
        self.judge();
    }

    /// After too many stops a lower level serves better.
    fn judge(&mut self) {
        if !self.tally.is_too_much() {
            return;
        }
        let (stops, repaired) = (self.tally.stops, self.tally.repaired);
        tracing::warn!(level = ?self.level, stops, repaired, "parcels of this kind are given up");
        self.tally = Tally::default();
        self.level = self.level.lower();
        self.abandon(0);
    }

    /// What is left comes as frames.
    fn leave_parcels(&mut self, reason: &str) {
        tracing::info!(reason, "the rest of a disk comes as frames");
        self.level = Level::Frames;
        self.abandon(0);
    }

    /// Gives up all sessions from this one on; what they did not bring is queued again. A window that is being taken is left
    /// where it is: its future is dropped with what it would have entered.
    fn abandon(&mut self, from: usize) {
        let mut left: Vec<Want> = Vec::new();
        for session in self.sessions.drain(from..) {
            left.extend_from_slice(session.left());
        }
        if from == 0 {
            self.taking = Fuse::terminated();
        }
        if let Some(reserved) = self.reserved.take() {
            left.extend_from_slice(&reserved);
            self.opening = Fuse::terminated();
        }
        self.mover.ledger().give_back(&left);
        self.turn();
    }

    fn turn(&self) {
        if let Some(front) = self.sessions.front() {
            self.mover.requests.window().turn_to(front.turn());
        }
    }
}

/// Asks for a window, and again while the connection breaks.
async fn ask_again<'p>(
    mover: &'p Mover<'_>,
    source: &dyn ParcelSource,
    ask: AskWindow,
) -> Result<WindowCame<'p>, TransferFault> {
    for pause in AGAIN_AFTER {
        match mover.requests.parcel(source, ask).await {
            Err(TransferFault::Source(SourceFault::Transport { source, .. })) => {
                tracing::debug!(number = ask.window.number, %source, "a window is asked for again");
                tokio::time::sleep(pause).await;
            }
            came => return came,
        }
    }
    mover.requests.parcel(source, ask).await
}

async fn open(
    mover: &Mover<'_>,
    source: &dyn ParcelSource,
    order: ParcelOrder,
    (ground, wants): (Ground, Arc<[Want]>),
) -> Result<Opening, TransferFault> {
    fail_point!("wrk.parcel_open", |_| Err(crate::request::injected("open a session")));
    let mut opened = mover.requests.open_parcels(source, order.clone()).await;
    if matches!(opened, Err(SourceFault::Transport { .. })) {
        tokio::time::sleep(AGAIN_AFTER[0]).await;
        opened = mover.requests.open_parcels(source, order.clone()).await;
    }
    let Opened { session, base } = match opened {
        Ok(opened) => opened,
        Err(SourceFault::Store(fault)) => return Err(SourceFault::Store(fault).into()),
        Err(fault) => return Ok(Opening::Refused(fault.to_string())),
    };
    let base = match base {
        None => None,
        Some(base) if !order.bases.contains(&base) => {
            return Ok(Opening::Refused("it chose a base that was not offered".to_owned()));
        }
        Some(base) => match Numbered::open(&ground.store, ground.domain, base).await {
            Ok(disk) => Some(StoredChunks::new(Side::Base, disk, Runs::default(), &ground.stop)),
            Err(
                StoreFault::Missing { .. } | StoreFault::Damaged { .. } | StoreFault::Tree { .. },
            ) => {
                return Ok(Opening::BaseLost(base));
            }
            Err(fault) => return Err(fault.into()),
        },
    };
    Ok(Opening::Ready(session, Box::new(Assembly::new(ground, wants, base))))
}

/// Takes the next window: what it has and is true goes to the store; the rest of its chunks is asked for as frames.
async fn take_window(
    mover: &Mover<'_>,
    wants: Arc<[Want]>,
    mut assembly: Box<Assembly>,
    window: Arrived<'_>,
) -> Result<Took, TransferFault> {
    let Arrived { bytes, early, .. } = window;
    let reading = tokio::task::spawn_blocking(move || {
        let read = assembly.window(&bytes);
        (assembly, read)
    });
    let (mut assembly, read) = reading.await.map_err(|error| {
        if error.is_panic() {
            std::panic::resume_unwind(error.into_panic());
        }
        TransferFault::Store(StoreFault::Closed)
    })?;
    let Read { first, count, missing, verdict } = read?;
    fail_point!("wrk.chunk_verify", |_| Err(crate::request::injected("verify chunks")));
    let Some(count) = count else {
        return Ok(Took { assembly, count: None, repaired: None });
    };
    if let Some(why) = &verdict {
        tracing::warn!(first, count, missing = missing.len(), why, "a window is repaired");
    }
    let came = u64::from(count) - missing.len() as u64;
    let repair: Vec<ChunkId> = missing.iter().map(|at| wants[*at as usize].id).collect();
    let (mut bytes, mut stored, mut absent) = (0, 0, Vec::new());
    for ids in repair.chunks(REPAIR_IDS) {
        let answer = mover.requests.chunks(ids, (&mover.ingest, None)).await?;
        bytes += answer.bytes;
        stored += answer.stored;
        absent.extend(answer.absent);
    }
    assembly.passed(first + count);
    early.hand_over();
    mover.note_window(came, 0);
    let batch = mover.ledger().enter(&wants[first as usize..(first + count) as usize]);
    mover.settle(&batch, (came + stored, &absent));
    let repaired = verdict.is_some().then_some(bytes);
    Ok(Took { assembly, count: Some(count), repaired })
}
