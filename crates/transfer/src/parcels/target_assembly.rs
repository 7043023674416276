//! Puts the chunks of a session together, on a thread that may block: what a window names is read from the store, each chunk
//! is hashed, and what is true goes to the store.

use std::sync::Arc;

use bytes::Bytes;
use delta::{Chunks, DecodeError, Decoder, Unreadable};
use store::{CHUNK_BYTES, Chunk, ChunkStore, Domain, Ingest, Naming, StoreFault};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::ledger::Want;
use crate::parcels::chunks::{Cause, Lost, Side, StoredChunks};

/// Most chunks that a window can have (docs/formats.md, section 20).
const WINDOW_CHUNKS: usize = 8_192;

/// What chunks are put together on.
#[derive(Clone)]
pub(super) struct Ground {
    pub store: ChunkStore,
    pub domain: Domain,
    pub naming: Naming,
    /// Takes frames.
    pub ingest: Arc<Ingest>,
    /// Takes what is made here.
    pub made: Arc<Ingest>,
    pub runtime: Handle,
    /// Nobody waits for the work any more.
    pub stop: CancellationToken,
}

/// What came of a window.
pub(super) struct Read {
    /// Ordinal of its first chunk in the session's wants.
    pub first: u32,
    /// Its chunks; none where it is no window and does not even say how many it has.
    pub count: Option<u32>,
    /// Ordinals of those that it did not bring, or brought wrong.
    pub missing: Vec<u32>,
    /// What was wrong; none where nothing was.
    pub verdict: Option<String>,
}

pub(super) struct Assembly {
    ground: Ground,
    wants: Arc<[Want]>,
    decoder: Decoder,
    base: Option<StoredChunks>,
    earlier: Earlier,
}

impl Assembly {
    pub fn new(ground: Ground, wants: Arc<[Want]>, base: Option<StoredChunks>) -> Self {
        let numbers = wants.iter().map(|want| want.spot.number).collect();
        let decoder = Decoder::new(numbers, base.as_ref().map(StoredChunks::size));
        let earlier =
            Earlier { ground: ground.clone(), wants: Arc::clone(&wants), passed: 0, flushed: 0 };
        Assembly { ground, wants, decoder, base, earlier }
    }

    /// Takes the next window. What it brought true is on its way into the store.
    ///
    /// Returns an error when the store fails.
    pub fn window(&mut self, bytes: &[u8]) -> Result<Read, StoreFault> {
        let first = self.decoder.next();
        let (mut came, mut wrong) = (vec![false; WINDOW_CHUNKS], 0_u32);
        let mut fault = None;
        let (ground, wants) = (&self.ground, &self.wants);
        let mut put = |ordinal: u32, plain: &[u8; CHUNK_BYTES]| {
            if fault.is_some() || ground.stop.is_cancelled() {
                return;
            }
            let chunk = Chunk::named(Bytes::copy_from_slice(plain), &ground.naming);
            if chunk.id() != wants[ordinal as usize].id {
                wrong += 1;
                return;
            }
            match ground.runtime.block_on(ground.made.put_plain(chunk)) {
                Ok(()) => came[(ordinal - first) as usize] = true,
                Err(error) => fault = Some(error),
            }
        };
        let base = self.base.as_mut().map(|base| base as &mut dyn Chunks);
        let read = self.decoder.window(bytes, base, &mut self.earlier, &mut put);
        if let Some(fault) = fault.or_else(|| read.as_ref().err().and_then(failed)) {
            return Err(fault);
        }
        if self.ground.stop.is_cancelled() {
            return Err(StoreFault::Closed);
        }
        let (count, error) = match read {
            Ok(read) => (Some(read.count), None),
            Err(error) => (self.skip(bytes), Some(why(&error))),
        };
        let missing: Vec<u32> =
            (0..count.unwrap_or(0)).filter(|at| !came[*at as usize]).map(|at| first + at).collect();
        let verdict = error.or_else(|| {
            (!missing.is_empty())
                .then(|| format!("`{wrong}` of its chunks are not what was wanted"))
        });
        Ok(Read { first, count, missing, verdict })
    }

    /// Goes on behind a window that could not be taken, if it can be said where that is.
    fn skip(&mut self, bytes: &[u8]) -> Option<u32> {
        let left = self.wants.len() - self.decoder.next() as usize;
        let count = Decoder::count_of(bytes).ok()?;
        if !(1..=left.min(WINDOW_CHUNKS)).contains(&(count as usize)) {
            return None;
        }
        self.decoder.skip_window(count);
        Some(count)
    }

    /// Everything before this ordinal was handed to the store.
    pub fn passed(&mut self, ordinal: u32) {
        self.earlier.passed = u64::from(ordinal);
    }
}

fn why(error: &DecodeError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The chunks of the session's earlier windows. The decoder keeps those that it read last.
struct Earlier {
    ground: Ground,
    wants: Arc<[Want]>,
    /// What lies before was handed to the store.
    passed: u64,
    /// What lies before is durable, so that the index knows it.
    flushed: u64,
}

impl Chunks for Earlier {
    fn read(&mut self, ordinal: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        let lost = |cause| {
            let source = Box::new(Lost { side: Side::Disk, cause });
            Unreadable { number: ordinal, source }
        };
        into.copy_from_slice(&self.load(ordinal).map_err(lost)?);
        Ok(())
    }
}

impl Earlier {
    fn load(&mut self, ordinal: u64) -> Result<Bytes, Cause> {
        let Ground { store, domain, ingest, made, runtime, stop, .. } = &self.ground;
        if stop.is_cancelled() {
            return Err(Cause::Stopped);
        }
        if ordinal >= self.flushed {
            runtime.block_on(async {
                made.flush().await?;
                ingest.flush().await
            })?;
            self.flushed = self.passed;
        }
        let id = self.wants[ordinal as usize].id;
        let plain = runtime.block_on(store.get(*domain, id))?;
        match plain.len() {
            CHUNK_BYTES => Ok(plain),
            got => Err(Cause::Length { id, got }),
        }
    }
}

/// What is worse than a chunk that is not here or damaged: the store failed, or nobody waits any more.
fn failed(error: &DecodeError) -> Option<StoreFault> {
    let DecodeError::Unreadable(unreadable) = error else { return None };
    let lost = unreadable.source.downcast_ref::<Lost>()?;
    match &lost.cause {
        Cause::Store(
            StoreFault::Missing { .. } | StoreFault::Damaged { .. } | StoreFault::Tree { .. },
        )
        | Cause::Length { .. } => None,
        Cause::Store(fault) => Some(fault.clone()),
        Cause::Stopped => Some(StoreFault::Closed),
    }
}
