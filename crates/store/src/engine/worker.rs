//! A worker: checks frames or compresses chunks, and appends them to a pack that no other worker writes to.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::chunk::{Chunk, ChunkId, Domain};
use crate::engine::Shared;
use crate::engine::commit::{Batch, Commit, Ticket};
use crate::engine::ingest::{Checked, Durable, IngestState, Refused, Renaming};
use crate::engine::shelf::OpenPack;
use crate::fault::StoreFault;
use crate::frame::{
    Carried, Decoder, Encoder, FRAME_HEADER_BYTES, FRAME_MAX, FrameError, FrameHeader, Seal,
};
use crate::index::NewChunk;
use crate::keys::Naming;
use crate::pack::Place;
use crate::sealing::Keys;

/// What is gathered before it is written and handed to the commit thread (studies/lan.md: 256 KiB to 1 MiB are equal).
const BATCH_BYTES: u64 = 1 << 20;
/// Whole spans of received frames at least this long are written from where they lie, without a copy.
const DIRECT_BYTES: usize = 64 << 10;
/// Domains that a worker has packs of at once.
const PACKS_MAX: usize = 4;

pub(crate) enum Work {
    /// Frames end to end, with their headers, none of them absent.
    Frames {
        headers: Vec<FrameHeader>,
        bytes: Bytes,
        /// What they are called here, if their ids are of another naming.
        renaming: Option<Arc<Renaming>>,
        reply: oneshot::Sender<Result<Checked, StoreFault>>,
        /// Held until the frames are durable: what is received and not durable stays within the window.
        room: OwnedSemaphorePermit,
    },
    /// A chunk of an import.
    Plain { chunk: Chunk, room: OwnedSemaphorePermit },
}

pub(crate) struct Job {
    ingest: Arc<IngestState>,
    /// Number among the jobs of the engine, and of the ingest.
    numbers: (u64, u64),
    work: Work,
}

impl Job {
    pub(crate) fn new(ingest: Arc<IngestState>, number: u64, work: Work) -> Self {
        let numbers = (number, ingest.outstanding.begin());
        Job { ingest, numbers, work }
    }
}

pub(crate) struct Worker {
    shared: Arc<Shared>,
    commits: SyncSender<Commit>,
    decoder: Decoder,
    encoder: Encoder,
    /// A chunk of an import between compressing and sealing.
    frame: Vec<u8>,
    writers: Vec<Writer>,
}

/// A pack and what goes into it next.
struct Writer {
    pack: Arc<OpenPack>,
    buffer: Vec<u8>,
    batch: Batch,
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        commits: SyncSender<Commit>,
        level: i32,
    ) -> std::io::Result<Self> {
        let (decoder, encoder) = (Decoder::new()?, Encoder::new(level)?);
        Ok(Worker { shared, commits, decoder, encoder, frame: Vec::new(), writers: Vec::new() })
    }

    pub(crate) fn run(mut self) {
        loop {
            let job = match self.shared.jobs.try_pop() {
                Some(job) => job,
                None => {
                    // Nothing to do: let go of everything, so that it is committed and others may continue the packs.
                    self.put_down();
                    match self.shared.jobs.pop() {
                        Some(job) => job,
                        None => return,
                    }
                }
            };
            self.work(job);
        }
    }

    fn put_down(&mut self) {
        for writer in std::mem::take(&mut self.writers) {
            let pack = Arc::clone(&writer.pack);
            hand_over(writer, &self.commits);
            self.shared.shelf.give_back(pack);
        }
    }

    fn work(&mut self, job: Job) {
        let Job { ingest, numbers, work } = job;
        let mut ticket = Ticket::new(Arc::clone(&ingest), numbers);
        let domain = ingest.domain;
        if let Some(fault) = ingest.failure() {
            if let Work::Frames { reply, .. } = work {
                let _ = reply.send(Err(fault));
            }
            return self.finish(domain, ticket);
        }
        match work {
            Work::Plain { chunk, room } => {
                if let Err(fault) = self.put_plain(&mut ticket, &chunk) {
                    ingest.fail(fault);
                }
                drop(room);
            }
            Work::Frames { headers, bytes, renaming, reply, room } => {
                ticket.hold(room);
                let as_they_are = renaming.is_none() && ingest.access.seal() == Seal::None;
                let checked = if as_they_are {
                    self.put_frames(&mut ticket, &headers, &bytes)
                } else {
                    self.put_anew(&mut ticket, (&headers, &bytes), renaming.as_deref())
                };
                if let Err(fault) = &checked {
                    ingest.fail(fault.clone());
                }
                // Whoever asked may have gone; the frames are stored all the same.
                let _ = reply.send(checked);
            }
        }
        self.finish(domain, ticket);
    }

    fn put_plain(&mut self, ticket: &mut Ticket, chunk: &Chunk) -> Result<(), StoreFault> {
        match ticket.ingest.access.keys()? {
            Keys::Plain => {}
            keys @ Keys::Sealed(_) => return self.seal_plain(ticket, chunk, &keys),
        }
        let at = self.writer(ticket)?;
        let writer = &mut self.writers[at];
        let start = writer.buffer.len();
        self.encoder.encode(&chunk.id(), chunk.plain(), &mut writer.buffer);
        let length = (writer.buffer.len() - start) as u32;
        let offset = writer.pack.written() + start as u64;
        writer.add_row(ticket, chunk.id(), offset, length);
        ticket.count(length, chunk.plain().len() as u32);
        writer.write_if_long()
    }

    /// Compresses and seals a chunk of an import.
    fn seal_plain(
        &mut self,
        ticket: &mut Ticket,
        chunk: &Chunk,
        keys: &Keys,
    ) -> Result<(), StoreFault> {
        let id = chunk.id();
        if keys.naming().id(chunk.plain()) != id {
            return Err(StoreFault::Misnamed { id });
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        self.encoder.encode(&id, chunk.plain(), &mut frame);
        let put = FrameHeader::parse(&frame)
            .map_err(|source| StoreFault::Damaged { id, source })
            .and_then(|header| self.put_sealed(ticket, (&header, &id), &frame, keys));
        self.frame = frame;
        put
    }

    /// Appends a frame from the wire under a name of its own, and sealed if its domain is.
    fn put_sealed(
        &mut self,
        ticket: &mut Ticket,
        (header, name): (&FrameHeader, &ChunkId),
        frame: &[u8],
        keys: &Keys,
    ) -> Result<(), StoreFault> {
        let contents = header.contents().expect("the ingest keeps absent frames to itself");
        let at = self.writer(ticket)?;
        let writer = &mut self.writers[at];
        let start = writer.buffer.len();
        let offset = writer.pack.written() + start as u64;
        keys.frame(name, contents, &frame[FRAME_HEADER_BYTES..], &mut writer.buffer)?;
        let length = (writer.buffer.len() - start) as u32;
        writer.add_row(ticket, *name, offset, length);
        ticket.count(frame.len() as u32, contents.0);
        writer.write_if_long()
    }

    /// Checks frames and writes each anew. The keys are asked for at every one: they may be gone by then.
    fn put_anew(
        &mut self,
        ticket: &mut Ticket,
        (headers, bytes): (&[FrameHeader], &Bytes),
        renaming: Option<&Renaming>,
    ) -> Result<Checked, StoreFault> {
        let (mut checked, mut end) = (Checked::default(), 0);
        for header in headers {
            let frame = &bytes[end..end + header.frame_bytes()];
            end += frame.len();
            let keys = ticket.ingest.access.keys()?;
            match name(&mut self.decoder, (header, frame), keys.naming(), renaming) {
                Ok(name) => {
                    self.put_sealed(ticket, (header, &name), frame, &keys)?;
                    checked.stored.push(header.id);
                }
                Err(error) => checked.refused.push(Refused { id: header.id, error }),
            }
        }
        Ok(checked)
    }

    fn put_frames(
        &mut self,
        ticket: &mut Ticket,
        headers: &[FrameHeader],
        bytes: &Bytes,
    ) -> Result<Checked, StoreFault> {
        let mut checked = Checked::default();
        let (mut start, mut end) = (0, 0);
        let mut span: Vec<(ChunkId, u32, u32)> = Vec::with_capacity(headers.len());
        for header in headers {
            let frame = &bytes[end..end + header.frame_bytes()];
            let stored = &frame[FRAME_HEADER_BYTES..];
            match (header.carried, self.decoder.open_parsed(header, stored, &Naming::Plain)) {
                (Carried::Chunk { plain, .. }, Ok(_)) => {
                    span.push((header.id, frame.len() as u32, plain));
                    checked.stored.push(header.id);
                    end += frame.len();
                }
                (Carried::Absent, Ok(_)) => {
                    unreachable!("the ingest keeps absent frames to itself")
                }
                (_, Err(error)) => {
                    self.put_span(ticket, &mut span, &bytes[start..end])?;
                    checked.refused.push(Refused { id: header.id, error });
                    end += frame.len();
                    start = end;
                }
            }
        }
        self.put_span(ticket, &mut span, &bytes[start..end])?;
        Ok(checked)
    }

    /// Appends frames that were found true, in as few packs as may be: a pack takes no frame beyond 64 MiB.
    fn put_span(
        &mut self,
        ticket: &mut Ticket,
        span: &mut Vec<(ChunkId, u32, u32)>,
        mut bytes: &[u8],
    ) -> Result<(), StoreFault> {
        let mut frames = span.drain(..).peekable();
        while frames.peek().is_some() {
            let at = self.writer(ticket)?;
            let writer = &mut self.writers[at];
            let begin = writer.pack.written() + writer.buffer.len() as u64;
            let mut offset = begin;
            while offset < crate::PACK_BYTES
                && let Some((id, length, plain)) = frames.next()
            {
                writer.add_row(ticket, id, offset, length);
                ticket.count(length, plain);
                offset += u64::from(length);
            }
            let (now, later) = bytes.split_at((offset - begin) as usize);
            bytes = later;
            if now.len() >= DIRECT_BYTES {
                writer.write()?;
                writer.append(now)?;
            } else {
                writer.buffer.extend_from_slice(now);
            }
            writer.write_if_long()?;
        }
        Ok(())
    }

    /// The writer for the ticket's domain, with a pack that takes another frame.
    fn writer(&mut self, ticket: &mut Ticket) -> Result<usize, StoreFault> {
        let domain = ticket.domain();
        if let Some(at) = self.position(domain) {
            let writer = &self.writers[at];
            let end = writer.pack.written() + writer.buffer.len() as u64;
            if end < crate::PACK_BYTES && !writer.pack.is_broken() {
                return Ok(at);
            }
            let mut full = self.writers.swap_remove(at);
            full.batch.tickets.extend(ticket.split());
            hand_over(full, &self.commits);
        }
        if self.writers.len() == PACKS_MAX {
            let oldest = self.writers.remove(0);
            let pack = Arc::clone(&oldest.pack);
            hand_over(oldest, &self.commits);
            self.shared.shelf.give_back(pack);
        }
        let pack = self.shared.shelf.take(domain)?;
        let batch = Batch::new(Arc::clone(&pack));
        let buffer = Vec::with_capacity(BATCH_BYTES as usize + FRAME_MAX);
        self.writers.push(Writer { pack, buffer, batch });
        Ok(self.writers.len() - 1)
    }

    fn position(&self, domain: Domain) -> Option<usize> {
        self.writers.iter().position(|writer| writer.pack.domain == domain)
    }

    /// Sends the ticket on its way behind its rows.
    fn finish(&mut self, domain: Domain, ticket: Ticket) {
        let Some(at) = self.position(domain) else {
            send(Commit::Ticket(ticket), &self.commits);
            return;
        };
        let writer = &mut self.writers[at];
        writer.batch.tickets.push(ticket);
        if writer.batch.bytes >= BATCH_BYTES {
            let mut next = Batch::new(Arc::clone(&writer.pack));
            if let Err(fault) = writer.write() {
                writer.batch.fail(&fault);
            }
            std::mem::swap(&mut writer.batch, &mut next);
            send(Commit::Batch(next), &self.commits);
        }
    }
}

impl Writer {
    fn add_row(&mut self, ticket: &Ticket, id: ChunkId, offset: u64, length: u32) {
        let place = Place { pack: self.pack.number, offset, length };
        self.batch.rows.push(NewChunk { domain: ticket.domain(), id, place });
        self.batch.bytes += u64::from(length);
    }

    fn write_if_long(&mut self) -> Result<(), StoreFault> {
        if self.buffer.len() as u64 >= BATCH_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreFault> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.append(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        written
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreFault> {
        // A failed write marks the pack as broken, so no row of this batch is recorded.
        self.pack.append(bytes)?;
        self.batch.used = self.pack.written();
        Ok(())
    }
}

/// What a frame from the wire is called here, once its plaintext was hashed.
fn name(
    decoder: &mut Decoder,
    (header, frame): (&FrameHeader, &[u8]),
    naming: &Naming,
    renaming: Option<&Renaming>,
) -> Result<ChunkId, FrameError> {
    let stored = &frame[FRAME_HEADER_BYTES..];
    let Some(renaming) = renaming else {
        return decoder.open_parsed(header, stored, naming).map(|_| header.id);
    };
    let plain = decoder.open_parsed(header, stored, &renaming.naming)?;
    let id = header.id;
    let got = naming.id(plain.expect("the ingest keeps absent frames to itself"));
    let told = renaming.names.get(&id).copied().unwrap_or(ChunkId::ZERO);
    if told == got { Ok(got) } else { Err(FrameError::WrongName { id, told }) }
}

fn hand_over(mut writer: Writer, commits: &SyncSender<Commit>) {
    if let Err(fault) = writer.write() {
        writer.batch.fail(&fault);
    }
    if !writer.batch.tickets.is_empty() || !writer.batch.rows.is_empty() {
        send(Commit::Batch(writer.batch), commits);
    }
}

fn send(commit: Commit, commits: &SyncSender<Commit>) {
    commits.send(commit).expect("the commit thread outlives the workers");
}

impl Ticket {
    fn count(&mut self, stored: u32, plain: u32) {
        self.durable.add(Durable {
            chunks: 1,
            stored_bytes: u64::from(stored),
            plain_bytes: u64::from(plain),
        });
    }
}
