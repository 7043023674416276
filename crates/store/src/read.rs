//! Reading chunks: in the order of their places, neighbours in one read, checked before anybody sees them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};

use crate::backend::StoreBackend;
use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::frame::{
    Decoder, FRAME_HEADER_BYTES, FrameError, FrameHeader, Seal, encode_absent, unseal,
};
use crate::index::ChunkRow;
use crate::keys::Naming;
use crate::pack::{PackNumber, Place};
use crate::sealing::{Access, frame_body, is_locked};
use crate::store::{ChunkStore, Inner};

/// Longest read that neighbours are joined to.
const READ_BYTES: u64 = 1 << 20;
/// Reads ahead of the consumer.
const READ_AHEAD: usize = 2;

thread_local! {
    static DECODER: RefCell<Option<Decoder>> = const { RefCell::new(None) };
}

/// Frames that lie end to end in a pack.
pub(crate) struct Run {
    pub(crate) rows: Vec<ChunkRow>,
}

/// A frame where it lies in the buffer of its run.
#[derive(Clone)]
pub(crate) struct Frame {
    run: Bytes,
    range: Range<usize>,
}

impl Frame {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.run[self.range.clone()]
    }

    /// Takes in the frame that lies behind this one in the same buffer, or gives it back.
    fn join(&mut self, next: Frame) -> Option<Frame> {
        let behind = self.run.as_ptr() == next.run.as_ptr() && self.range.end == next.range.start;
        if behind {
            self.range.end = next.range.end;
        }
        (!behind).then_some(next)
    }
}

/// What became of a row that was read.
pub(crate) type Found<T> = (ChunkRow, Result<T, FrameError>);

impl Run {
    fn start(&self) -> Place {
        self.rows[0].place
    }

    fn end(&self) -> u64 {
        self.rows[self.rows.len() - 1].place.end()
    }

    fn start_domain(&self) -> Domain {
        self.rows[0].domain
    }

    fn pack(&self) -> PackNumber {
        self.start().pack
    }

    /// Reads the frames and checks each against its row, its domain's seal and its checksum.
    pub(crate) fn read(
        &self,
        backend: &dyn StoreBackend,
        seal: Seal,
    ) -> Result<Vec<Found<Frame>>, StoreFault> {
        let start = self.start().offset;
        let mut buffer = BytesMut::zeroed((self.end() - start) as usize);
        backend.read(self.pack(), start, &mut buffer)?;
        let bytes = buffer.freeze();
        let frame = |row: &ChunkRow| {
            let at = (row.place.offset - start) as usize;
            let frame = Frame { run: bytes.clone(), range: at..at + row.place.length as usize };
            (*row, check(row, frame.bytes(), seal).map(|()| frame))
        };
        Ok(self.rows.iter().map(frame).collect())
    }
}

fn check(row: &ChunkRow, frame: &[u8], seal: Seal) -> Result<(), FrameError> {
    let header = FrameHeader::parse_stored(frame, seal)?;
    if header.frame_bytes() != frame.len() {
        return Err(FrameError::Truncated { wanted: header.frame_bytes(), got: frame.len() });
    }
    if header.id != row.id {
        return Err(FrameError::WrongChunk { wanted: row.id, got: header.id });
    }
    header.check(&frame[FRAME_HEADER_BYTES..])
}

/// What comes of opening a frame: what is wrong with it, unless it cannot be looked at now.
pub(crate) type Opened<T> = Result<Result<T, FrameError>, StoreFault>;

/// How closely a frame was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Its plaintext was hashed.
    Hash,
    /// Its checksum was compared: its domain is locked.
    Checksum,
}

/// The plaintext of a frame that passed [`Run::read`], hashed and compared.
pub(crate) fn open_frame(frame: &Frame, access: &Access) -> Opened<Bytes> {
    let keys = access.keys()?;
    Ok(with_decoder(|decoder| {
        decoder.open_stored(frame.bytes(), &keys).map(Bytes::copy_from_slice)
    }))
}

/// Hashes the plaintext of a frame and compares it with its id, as far as its domain's keys are here.
pub(crate) fn check_frame(frame: &Frame, access: &Access) -> Opened<Checked> {
    match access.keys() {
        Ok(keys) => Ok(with_decoder(|decoder| {
            decoder.open_stored(frame.bytes(), &keys).map(|_| Checked::Hash)
        })),
        Err(fault) if is_locked(&fault) => Ok(Ok(Checked::Checksum)),
        Err(fault) => Err(fault),
    }
}

/// A frame as it goes to a peer: without a seal.
fn wire_frame(frame: &Frame, access: &Access) -> Opened<Frame> {
    if access.seal() == Seal::None {
        return Ok(Ok(frame.clone()));
    }
    let (keys, mut buffer) = (access.keys()?, Vec::new());
    Ok(unseal(frame.bytes(), &keys, &mut buffer).map(|(header, body)| {
        let contents = header.contents().expect("what was unsealed has contents");
        let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + body.len());
        frame_body(&header.id, contents, body, &mut frame);
        Frame { range: 0..frame.len(), run: frame.into() }
    }))
}

fn with_decoder<T>(work: impl FnOnce(&mut Decoder) -> T) -> T {
    DECODER.with_borrow_mut(|slot| {
        work(slot.get_or_insert_with(|| Decoder::new().expect("zstd has memory for a context")))
    })
}

/// Sorts rows by place and joins those that touch.
pub(crate) fn runs(mut rows: Vec<ChunkRow>) -> Vec<Run> {
    rows.sort_unstable_by_key(|row| row.place);
    rows.dedup_by_key(|row| row.place);
    let mut runs: Vec<Run> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some(run)
                if run.pack() == row.place.pack
                    && run.end() == row.place.offset
                    && row.place.end() - run.start().offset <= READ_BYTES =>
            {
                run.rows.push(row);
            }
            Some(_) | None => runs.push(Run { rows: vec![row] }),
        }
    }
    runs
}

/// Runs blocking work of the store beside the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreFault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        if error.is_panic() {
            std::panic::resume_unwind(error.into_panic());
        }
        StoreFault::Closed
    })
}

impl ChunkStore {
    /// The plaintext of a chunk, its checksum and hash compared.
    ///
    /// # Errors
    /// [`StoreFault::Missing`] when it is not held; [`StoreFault::Damaged`] when it is, but wrong: then it is set aside.
    pub async fn get(&self, domain: Domain, id: ChunkId) -> Result<Bytes, StoreFault> {
        self.inner.activity.note();
        self.inner.read_one(domain, id).await
    }

    /// The plaintexts of chunks, in the order asked, like [`ChunkStore::get`]. All of them are in memory at once.
    ///
    /// # Errors
    /// As [`ChunkStore::get`], for the first that cannot be had.
    pub async fn get_many(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> Result<Vec<Bytes>, StoreFault> {
        self.inner.activity.note();
        self.inner.read_plain(domain, ids).await
    }

    /// The ids that these chunks of `domain` have under another naming, in the order asked; `None` for one that is not held
    /// (or found damaged, and set aside). Each is read, and hashed under both namings. The zero id stays.
    ///
    /// # Errors
    /// [`StoreFault::Locked`]; else when the index or the backend fails.
    pub async fn rename(
        &self,
        domain: Domain,
        ids: &[ChunkId],
        naming: &Naming,
    ) -> Result<Vec<Option<ChunkId>>, StoreFault> {
        let inner = &self.inner;
        inner.domains.access(domain).keys()?;
        let (rows, _) = inner.locate_rows(domain, ids).await?;
        let naming = naming.clone();
        let name = move |frame: &Frame, access: &Access| {
            let keys = access.keys()?;
            Ok(with_decoder(|decoder| {
                decoder.open_stored(frame.bytes(), &keys).map(|plain| naming.id(plain))
            }))
        };
        let mut found = stream::iter(runs(rows))
            .map(|run| inner.read_run(run, name.clone()))
            .buffered(READ_AHEAD);
        let mut names = HashMap::from([(ChunkId::ZERO, ChunkId::ZERO)]);
        while let Some(run) = found.next().await {
            for (row, named) in run? {
                match named {
                    Ok(name) => drop(names.insert(row.id, name)),
                    Err(_) => inner.quarantine(vec![row]).await?,
                }
            }
        }
        Ok(ids.iter().map(|id| names.get(id).copied()).collect())
    }

    /// The stored frames of these chunks as they lie in packs: sorted by place, in runs of up to 1 MiB, two read ahead.
    /// Those of a sealed domain are opened on the way, not decompressed.
    /// What is not held, or found damaged by its checksum, comes as a frame with codec 255. The plaintext is not hashed:
    /// whoever receives a frame does that.
    pub fn frames(
        &self,
        domain: Domain,
        ids: Vec<ChunkId>,
    ) -> impl Stream<Item = Result<Bytes, StoreFault>> + Send + 'static {
        let inner = Arc::clone(&self.inner);
        let located = async move { Ok((inner.locate_rows(domain, &ids).await?, inner)) };
        stream::once(located).flat_map(|located| match located {
            Err(fault) => stream::iter([Err(fault)]).left_stream(),
            Ok(((rows, lost), inner)) => {
                let absent = absent_frames(lost.iter()).map(Ok);
                let found = stream::iter(runs(rows))
                    .map(move |run| Arc::clone(&inner).serve(run))
                    .buffered(READ_AHEAD);
                stream::iter(absent)
                    .chain(found.flat_map(|served| match served {
                        Ok(pieces) => stream::iter(pieces).map(Ok).left_stream(),
                        Err(fault) => stream::iter([Err(fault)]).right_stream(),
                    }))
                    .right_stream()
            }
        })
    }
}

fn absent_frames<'a>(ids: impl Iterator<Item = &'a ChunkId>) -> Option<Bytes> {
    let mut frames = Vec::new();
    ids.for_each(|id| encode_absent(id, &mut frames));
    (!frames.is_empty()).then(|| frames.into())
}

impl Inner {
    /// A plaintext as [`ChunkStore::get`], also for chores, which do not count as somebody who moves bytes.
    pub(crate) async fn read_one(&self, domain: Domain, id: ChunkId) -> Result<Bytes, StoreFault> {
        let mut all = self.read_plain(domain, &[id]).await?;
        Ok(all.pop().expect("one chunk was asked for"))
    }

    async fn read_plain(&self, domain: Domain, ids: &[ChunkId]) -> Result<Vec<Bytes>, StoreFault> {
        let (rows, lost) = self.locate_rows(domain, ids).await?;
        if let Some(id) = lost.first() {
            return Err(StoreFault::Missing { id: *id });
        }
        let mut plain = HashMap::with_capacity(rows.len());
        for run in runs(rows) {
            for (row, found) in self.read_run(run, open_frame).await? {
                match found {
                    Ok(bytes) => drop(plain.insert(row.id, bytes)),
                    Err(source) => {
                        self.quarantine(vec![row]).await?;
                        return Err(StoreFault::Damaged { id: row.id, source });
                    }
                }
            }
        }
        let take = |id: &ChunkId| plain.get(id).cloned().ok_or(StoreFault::Missing { id: *id });
        ids.iter().map(take).collect()
    }

    /// The rows of these chunks, and the ids that have none.
    async fn locate_rows(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> Result<(Vec<ChunkRow>, Vec<ChunkId>), StoreFault> {
        let places = self.index.locate(domain, ids).await?;
        let (mut rows, mut lost) = (Vec::with_capacity(ids.len()), Vec::new());
        for (id, place) in ids.iter().zip(places) {
            match place {
                Some(place) => rows.push(ChunkRow { domain, id: *id, place }),
                None => lost.push(*id),
            }
        }
        Ok((rows, lost))
    }

    /// The plaintext of a chunk if it is here and sound. Sets nothing aside.
    pub(crate) async fn peek(
        &self,
        domain: Domain,
        id: ChunkId,
    ) -> Result<Option<Bytes>, StoreFault> {
        let (rows, _) = self.locate_rows(domain, &[id]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let found = self.read_run(Run { rows }, open_frame).await?;
        Ok(found.into_iter().find_map(|(_, plain)| plain.ok()))
    }

    /// Reads a run and does `work` with each good frame, beside the runtime. If the pack is gone, its rows may have moved:
    /// they are looked up again, once. A row that still points nowhere is damaged; one that is gone is left out.
    pub(crate) async fn read_run<T: Send + 'static>(
        &self,
        run: Run,
        work: impl Fn(&Frame, &Access) -> Opened<T> + Clone + Send + 'static,
    ) -> Result<Vec<Found<T>>, StoreFault> {
        let rows = run.rows.clone();
        match self.read_once(run, work.clone()).await {
            Err(StoreFault::PackGone { .. }) => {}
            other => return other,
        }
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let (again, _) = self.locate_rows(row.domain, &[row.id]).await?;
            let Some(row) = again.first().copied() else { continue };
            match self.read_once(Run { rows: again }, work.clone()).await {
                Ok(found) => all.extend(found),
                Err(StoreFault::PackGone { .. }) => {
                    let wanted = row.place.length as usize;
                    all.push((row, Err(FrameError::Truncated { wanted, got: 0 })));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(all)
    }

    async fn read_once<T: Send + 'static>(
        &self,
        run: Run,
        work: impl Fn(&Frame, &Access) -> Opened<T> + Send + 'static,
    ) -> Result<Vec<Found<T>>, StoreFault> {
        let backend = Arc::clone(&self.backend);
        let access = self.domains.access(run.start_domain());
        blocking(move || {
            let found = run.read(&*backend, access.seal())?;
            let open = |(row, frame): Found<Frame>| match frame {
                Ok(frame) => Ok((row, work(&frame, &access)?)),
                Err(error) => Ok((row, Err(error))),
            };
            found.into_iter().map(open).collect()
        })
        .await?
    }

    /// The frames of a run for a peer: in one piece when all are good.
    async fn serve(self: Arc<Self>, run: Run) -> Result<Vec<Bytes>, StoreFault> {
        self.activity.note();
        let mut lost: HashSet<ChunkId> = run.rows.iter().map(|row| row.id).collect();
        let (mut damaged, mut pieces) = (Vec::new(), Vec::<Frame>::new());
        for (row, frame) in self.read_run(run, wire_frame).await? {
            match frame {
                Ok(frame) => {
                    lost.remove(&row.id);
                    let apart = match pieces.last_mut() {
                        Some(last) => last.join(frame),
                        None => Some(frame),
                    };
                    pieces.extend(apart);
                }
                Err(_) => damaged.push(row),
            }
        }
        self.quarantine(damaged).await?;
        let good = pieces.into_iter().map(|piece| piece.run.slice(piece.range));
        Ok(good.chain(absent_frames(lost.iter())).collect())
    }
}
