//! One request to the source and what becomes of its answer.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fail::fail_point;
use futures::future::try_join_all;
use futures::stream::{Stream, StreamExt, TryStreamExt, select_all};
use store::{
    CHUNK_BYTES, Carried, ChunkId, Decoder, FrameError, Ingest, IngestError, Naming, Refused,
    Renaming, StoreFault, Wanted,
};
use tokio::time::Instant;

use crate::cutter::{Cutter, Run};
use crate::fault::{Breach, SourceFault, TransferFault, TreeError};
use crate::parcels::{Opened, Parcel, ParcelOrder, ParcelSource, Part, WindowAsk};
use crate::source::{ChunkSource, FrameStream, RenamingSource};
use crate::stall::StallTimer;
use crate::watch::Watch;
use crate::window::{Early, Window};

/// So many wrong chunks in one transfer, and the source is left.
const WRONG_MAX: u64 = 8;
/// So many pieces without a byte in a row, and the body is no answer.
const EMPTY_MAX: u32 = 1_024;
/// How long a source may take to open a session: it may have to index the base first, for which it takes a minute at most.
const OPEN_WITHIN: Duration = Duration::from_secs(75);
/// How many of the chunks that a source lacks are named.
const SAMPLE: usize = 16;

/// Asks one source on behalf of one transfer, and keeps count.
pub(crate) struct Requests<'a> {
    source: &'a dyn ChunkSource,
    naming: Naming,
    watch: &'a Watch,
    window: Option<Window>,
    stall: StallTimer,
    open: AtomicUsize,
    /// Bodies that we hold back just now.
    held: AtomicUsize,
    bytes: AtomicU64,
    wrong: AtomicU64,
    lacking: Mutex<Lacking>,
}

/// What the source says it does not have.
#[derive(Clone, Debug, Default)]
struct Lacking {
    count: u64,
    sample: Vec<ChunkId>,
}

/// What became of the ids of one request.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Chunks handed to the store.
    pub stored: u64,
    /// Bytes of the frames that came.
    pub bytes: u64,
    /// Ids that the source lacks.
    pub absent: Vec<ChunkId>,
    /// Plaintexts, if they were asked for.
    pub plain: HashMap<ChunkId, Bytes>,
    refused: Vec<Refused>,
}

/// A window that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskWindow {
    pub window: WindowAsk,
    /// In so many parts at once.
    pub parts: u8,
    /// Tells when it is its turn.
    pub ticket: u64,
}

/// Bytes of one of the parts of a window.
struct Piece {
    place: usize,
    bytes: Bytes,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What came of it.
pub(crate) enum WindowCame<'a> {
    /// Its bytes, which wait for their turn.
    Whole { bytes: Vec<u8>, early: Early<'a> },
    /// The source has no such window.
    End,
    /// The source has no such session.
    Gone,
    /// More bytes than a window has.
    TooLong,
}

/// Who takes the frames of an answer.
enum Desk<'a> {
    /// Chunks of the disk go to the store, perhaps under other names.
    Chunks { ingest: &'a Ingest, renaming: Option<Arc<Renaming>>, wanted: Wanted },
    /// Nodes are read here; they also go to the store, except for an estimate or where they are called otherwise.
    Nodes { ingest: Option<&'a Ingest>, naming: Naming, left: HashSet<ChunkId>, decoder: Decoder },
}

impl<'a> Requests<'a> {
    pub fn new(
        source: &'a dyn ChunkSource,
        naming: &Naming,
        watch: &'a Watch,
        window: Option<Window>,
    ) -> Self {
        Requests {
            source,
            naming: naming.clone(),
            watch,
            window,
            stall: StallTimer::new(watch.least),
            open: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            lacking: Mutex::default(),
        }
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes received that are not durable yet.
    pub fn undurable_bytes(&self) -> u64 {
        self.window.as_ref().map_or(0, Window::undurable)
    }

    /// What the source lacks, as a fault; `None` if it had everything.
    pub fn lacks(&self) -> Option<TransferFault> {
        let lacking = self.lacking.lock().expect("nobody panics while counting").clone();
        (lacking.count > 0)
            .then_some(TransferFault::SourceLacks { count: lacking.count, sample: lacking.sample })
    }

    /// Brings chunks of the disk into the store.
    pub async fn chunks(
        &self,
        ids: &[ChunkId],
        (ingest, renaming): (&Ingest, Option<Arc<Renaming>>),
    ) -> Result<Answer, TransferFault> {
        self.ask_twice(ids, |ids| {
            let (renaming, wanted) = (renaming.clone(), Wanted::new(ids.iter().copied()));
            Ok(Desk::Chunks { ingest, renaming, wanted })
        })
        .await
    }

    /// Asks what chunks are called under the store's naming. One without a name is lacking at the source.
    pub async fn rename(
        &self,
        source: &dyn RenamingSource,
        ids: &[ChunkId],
    ) -> Result<Vec<Option<ChunkId>>, TransferFault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let _open = self.begin();
        let names = tokio::select! {
            biased;
            names = source.rename(ids.to_vec()) => names?,
            fault = self.stall.stalled() => return Err(fault.into()),
        };
        self.stall.restart();
        let (wanted, got) = (ids.len(), names.len());
        if wanted != got {
            return Err(SourceFault::from(Breach::Names { wanted, got }).into());
        }
        let nameless = ids.iter().zip(&names).filter(|(_, name)| name.is_none());
        self.note_lacking(&nameless.map(|(id, _)| *id).collect::<Vec<_>>());
        Ok(names)
    }

    /// Whether half of what may be on its way to the store is.
    pub fn is_window_filling(&self) -> bool {
        self.window.as_ref().is_some_and(Window::is_filling)
    }

    /// Bytes of parcels handed to the store since the beginning.
    pub fn handed_bytes(&self) -> u64 {
        self.window.as_ref().map_or(0, Window::handed)
    }

    /// So many of them are durable.
    pub fn are_durable(&self, handed: u64) {
        if let Some(window) = &self.window {
            window.are_durable(handed);
        }
    }

    /// The window of a transfer.
    pub fn window(&self) -> &Window {
        self.window.as_ref().expect("only an estimate has none")
    }

    /// Opens a parcel session.
    pub async fn open_parcels(
        &self,
        source: &dyn ParcelSource,
        order: ParcelOrder,
    ) -> Result<Opened, SourceFault> {
        let opened = tokio::time::timeout(OPEN_WITHIN, source.open(order)).await;
        opened.unwrap_or(Err(SourceFault::Stalled { got_bytes: 0, waited: OPEN_WITHIN }))
    }

    /// Brings the bytes of a window.
    pub async fn parcel(
        &self,
        source: &dyn ParcelSource,
        ask: AskWindow,
    ) -> Result<WindowCame<'_>, TransferFault> {
        let _open = self.begin();
        tokio::select! {
            biased;
            () = self.watch.cancel.cancelled() => Err(TransferFault::Stopped),
            came = self.read_window(source, ask) => came,
            fault = self.stalled() => Err(fault.into()),
        }
    }

    async fn read_window(
        &self,
        source: &dyn ParcelSource,
        ask: AskWindow,
    ) -> Result<WindowCame<'_>, TransferFault> {
        let parts =
            Part::all(ask.parts).map(|part| source.window(WindowAsk { part, ..ask.window }));
        let mut bodies = Vec::new();
        for parcel in try_join_all(parts).await? {
            match parcel {
                Parcel::Window(body) => bodies.push(body),
                Parcel::End => return Ok(WindowCame::End),
                Parcel::Gone => return Ok(WindowCame::Gone),
            }
        }
        let mut parts = vec![Vec::new(); bodies.len()];
        let of_part =
            |(place, body): (usize, FrameStream)| body.map_ok(move |bytes| Piece { place, bytes });
        let mut pieces = select_all(bodies.into_iter().enumerate().map(of_part));
        let (mut came, mut early) = (0, self.window().early(ask.ticket));
        loop {
            self.hold(early.room()).await;
            let Some(Piece { place, bytes }) = self.read_piece(&mut pieces).await? else { break };
            early.received(bytes.len() as u64);
            self.pay(bytes.len() as u64).await;
            came += bytes.len();
            if came > delta::WINDOW_BYTES_MAX {
                return Ok(WindowCame::TooLong);
            }
            parts[place].extend_from_slice(&bytes);
        }
        fail_point!("wrk.chunk_recv", |_| Err(injected("receive chunks")));
        let bytes = if parts.len() == 1 { parts.remove(0) } else { parts.concat() };
        Ok(WindowCame::Whole { bytes, early })
    }

    /// Brings nodes (or a root), and stores them if there is a way into the store.
    pub async fn nodes(
        &self,
        ids: &[ChunkId],
        ingest: Option<&Ingest>,
    ) -> Result<Answer, TransferFault> {
        self.ask_twice(ids, |ids| {
            let decoder =
                Decoder::new().map_err(|error| StoreFault::io("make a decoder", error))?;
            let (naming, left) = (self.naming.clone(), ids.iter().copied().collect());
            Ok(Desk::Nodes { ingest, naming, left, decoder })
        })
        .await
    }

    /// Asks, and asks once more for what came wrong (faults 8 and 9).
    async fn ask_twice<'b>(
        &self,
        ids: &[ChunkId],
        desk: impl Fn(&[ChunkId]) -> Result<Desk<'b>, StoreFault>,
    ) -> Result<Answer, TransferFault> {
        let mut answer = Answer::default();
        self.ask(ids, desk(ids)?, &mut answer).await?;
        let wrong: Vec<ChunkId> =
            std::mem::take(&mut answer.refused).iter().map(|refused| refused.id).collect();
        if !wrong.is_empty() {
            self.ask(&wrong, desk(&wrong)?, &mut answer).await?;
            if let Some(refused) = answer.refused.pop() {
                return Err(self.sends_wrong_chunks(refused.error));
            }
        }
        self.note_lacking(&answer.absent);
        Ok(answer)
    }

    fn note_lacking(&self, ids: &[ChunkId]) {
        let mut lacking = self.lacking.lock().expect("nobody panics while counting");
        lacking.count += ids.len() as u64;
        let room = SAMPLE.saturating_sub(lacking.sample.len());
        lacking.sample.extend(ids.iter().take(room));
    }

    /// A request begins. The first of those that are open at once restarts the timer.
    fn begin(&self) -> Counted<'_> {
        if self.open.load(Ordering::Relaxed) == 0 {
            self.stall.restart();
        }
        Counted::new(&self.open)
    }

    fn sends_wrong_chunks(&self, source: FrameError) -> TransferFault {
        TransferFault::PeerSendsWrongChunks { count: self.wrong.load(Ordering::Relaxed), source }
    }

    async fn ask(
        &self,
        ids: &[ChunkId],
        desk: Desk<'_>,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        let _open = self.begin();
        tokio::select! {
            biased;
            () = self.watch.cancel.cancelled() => Err(TransferFault::Stopped),
            answered = self.read(ids, desk, answer) => answered,
            fault = self.stalled() => Err(fault.into()),
        }
    }

    /// Returns once the source has sent too little for too long, and not for a limit of ours.
    async fn stalled(&self) -> SourceFault {
        loop {
            let fault = self.stall.stalled().await;
            if !self.source.is_held_back() && self.held.load(Ordering::Relaxed) == 0 {
                return fault;
            }
            self.stall.restart();
        }
    }

    async fn read(
        &self,
        ids: &[ChunkId],
        mut desk: Desk<'_>,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        let mut body = match &desk {
            Desk::Chunks { .. } => self.source.fetch(ids.to_vec()).await?,
            Desk::Nodes { .. } => self.source.fetch_nodes(ids.to_vec()).await?,
        };
        let mut cutter = Cutter::default();
        while let Some(piece) = self.next_piece(&mut body).await? {
            for run in cutter.push(piece).map_err(SourceFault::from)? {
                let held = Instant::now();
                self.take(ids, &mut desk, run, answer).await?;
                self.stall.forgive(held);
            }
        }
        cutter.finish().map_err(SourceFault::from)?;
        match desk.unanswered() {
            0 => Ok(()),
            count => Err(SourceFault::from(Breach::Unanswered { count }).into()),
        }
    }

    /// The next piece of a body, once there is room for it in the window and the limit lets it pass.
    async fn next_piece(&self, body: &mut FrameStream) -> Result<Option<Bytes>, SourceFault> {
        if let Some(window) = &self.window {
            self.hold(window.room()).await;
        }
        let Some(piece) = self.read_piece(body).await? else { return Ok(None) };
        let bytes = piece.len() as u64;
        if let Some(window) = &self.window {
            window.received(bytes);
        }
        self.pay(bytes).await;
        Ok(Some(piece))
    }

    /// The next piece of a body that has any bytes.
    async fn read_piece<P: AsRef<[u8]>>(
        &self,
        body: &mut (impl Stream<Item = Result<P, SourceFault>> + Unpin),
    ) -> Result<Option<P>, SourceFault> {
        for _ in 0..EMPTY_MAX {
            let Some(piece) = body.next().await.transpose()? else { return Ok(None) };
            let bytes = piece.as_ref().len() as u64;
            if bytes == 0 {
                continue;
            }
            self.stall.note(bytes);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            return Ok(Some(piece));
        }
        Err(Breach::Empty.into())
    }

    /// Waits until the limit lets so many bytes pass.
    async fn pay(&self, bytes: u64) {
        if let Some(limiter) = &self.watch.limiter {
            self.hold(limiter.take(bytes)).await;
        }
    }

    /// Holds a body back until something of ours lets it go on: that is none of the source's slowness.
    async fn hold(&self, until: impl Future<Output = ()>) {
        let (_held, start) = (Counted::new(&self.held), Instant::now());
        until.await;
        self.stall.forgive(start);
    }

    async fn take(
        &self,
        ids: &[ChunkId],
        desk: &mut Desk<'_>,
        run: Run,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        let (before, bytes) = (answer.bytes, run.bytes.len() as u64);
        let refused = answer.refused.len();
        desk.take(ids, run, answer).await?;
        if let Some(window) = &self.window {
            window.discarded(bytes - (answer.bytes - before));
        }
        if let Some(last) = answer.refused[refused..].last().cloned() {
            tracing::warn!(chunk = %last.id, error = %last.error, "source sent a wrong chunk");
            let ids: Vec<ChunkId> = answer.refused[refused..].iter().map(|one| one.id).collect();
            let wrong = self.source.answers_for(&ids);
            if self.wrong.fetch_add(wrong, Ordering::Relaxed) + wrong >= WRONG_MAX {
                return Err(self.sends_wrong_chunks(last.error));
            }
        }
        Ok(())
    }
}

/// Counts for as long as it is there.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk<'_> {
    fn unanswered(&self) -> usize {
        match self {
            Desk::Chunks { wanted, .. } => wanted.left().count(),
            Desk::Nodes { left, .. } => left.len(),
        }
    }

    async fn take(
        &mut self,
        ids: &[ChunkId],
        run: Run,
        answer: &mut Answer,
    ) -> Result<(), TransferFault> {
        match self {
            Desk::Chunks { ingest, renaming, wanted } => {
                take_chunks(ids, run, (ingest, renaming.as_ref(), wanted), answer).await
            }
            Desk::Nodes { ingest, naming, left, decoder } => {
                fail_point!("wrk.tree_recv", |_| Err(injected("receive nodes")));
                let read = read_nodes(ids, &run, (left, decoder, naming), answer)?;
                if let Some(ingest) = ingest {
                    // What goes on to the store stays in the window until it is durable.
                    answer.bytes += read;
                    let mut wanted = Wanted::new(run.headers.iter().map(|header| header.id));
                    put(ids, run.bytes, (ingest, None, &mut wanted)).await?;
                }
                Ok(())
            }
        }
    }
}

async fn take_chunks(
    ids: &[ChunkId],
    run: Run,
    (ingest, renaming, wanted): (&Ingest, Option<&Arc<Renaming>>, &mut Wanted),
    answer: &mut Answer,
) -> Result<(), TransferFault> {
    fail_point!("wrk.chunk_recv", |_| Err(injected("receive chunks")));
    let accepted = put(ids, run.bytes, (ingest, renaming, wanted)).await?;
    for refused in &accepted.refused {
        if let FrameError::WrongName { id, told } = refused.error {
            return Err(TreeError::WrongName { id, told }.into());
        }
    }
    fail_point!("wrk.chunk_verify", |_| Err(injected("verify chunks")));
    let refused: HashSet<ChunkId> = accepted.refused.iter().map(|refused| refused.id).collect();
    for header in &run.headers {
        let Carried::Chunk { plain, .. } = header.carried else { continue };
        if refused.contains(&header.id) {
            continue;
        }
        if plain as usize != CHUNK_BYTES {
            return Err(TreeError::ChunkLength { id: header.id, got: plain }.into());
        }
        answer.stored += 1;
        answer.bytes += header.frame_bytes() as u64;
    }
    answer.absent.extend(accepted.absent);
    answer.refused.extend(accepted.refused);
    Ok(())
}

fn read_nodes(
    ids: &[ChunkId],
    run: &Run,
    (left, decoder, naming): (&mut HashSet<ChunkId>, &mut Decoder, &Naming),
    answer: &mut Answer,
) -> Result<u64, SourceFault> {
    let (mut rest, mut read) = (run.bytes.clone(), 0);
    for header in &run.headers {
        let id = header.id;
        let frame = rest.split_to(header.frame_bytes());
        if !left.remove(&id) {
            return Err(unwanted(ids, id));
        }
        match decoder.open_named(&frame, naming) {
            Ok(Some(plain)) => {
                read += frame.len() as u64;
                answer.plain.insert(id, Bytes::copy_from_slice(plain));
            }
            Ok(None) => answer.absent.push(id),
            Err(error) => answer.refused.push(Refused { id, error }),
        }
    }
    Ok(read)
}

async fn put(
    ids: &[ChunkId],
    bytes: Bytes,
    (ingest, renaming, wanted): (&Ingest, Option<&Arc<Renaming>>, &mut Wanted),
) -> Result<store::Accepted, TransferFault> {
    let accepted = match renaming {
        Some(renaming) => ingest.put_renamed(bytes, wanted, renaming).await,
        None => ingest.put_frames(bytes, wanted).await,
    };
    accepted.map_err(|error| match error {
        IngestError::Malformed { source } => SourceFault::from(Breach::Frame(source)).into(),
        IngestError::Unwanted { id } => unwanted(ids, id).into(),
        IngestError::Store(fault) => TransferFault::Store(fault),
    })
}

fn unwanted(ids: &[ChunkId], id: ChunkId) -> SourceFault {
    let breach = if ids.contains(&id) { Breach::Repeated { id } } else { Breach::Unasked { id } };
    breach.into()
}

#[cfg_attr(not(feature = "failpoints"), expect(dead_code, reason = "only failpoints make it"))]
pub(crate) fn injected(action: &'static str) -> TransferFault {
    SourceFault::Transport { action, source: "injected by a failpoint".into() }.into()
}
