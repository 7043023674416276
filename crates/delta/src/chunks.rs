//! Disks as both sides see them: chunks by number, each of sixteen pages.

use std::error::Error;

/// Bytes of a chunk.
pub const CHUNK_BYTES: usize = 65_536;
/// Bytes of a page: what file systems move about whole.
pub const PAGE_BYTES: usize = 4_096;
/// Pages of a chunk.
pub const CHUNK_PAGES: u64 = 16;
/// Chunks that one session may ask for, at most: 1 GiB of them.
pub const WANTS_MAX: usize = 16_384;

/// Chunks of a disk by number. Where a decoder reads what came earlier, the number is the ordinal in the session's wants.
pub trait Chunks {
    /// The whole chunk; one that is zero, or lies behind the disk's end, reads as zeros.
    ///
    /// What is read must be checked by whoever implements this: a wrong base gives wrong chunks.
    ///
    /// # Errors
    /// When the chunk cannot be had here. Nothing is known of the bytes in `into` then.
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable>;
}

/// A chunk that should be here cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read chunk `{number}`")]
pub struct Unreadable {
    /// As it was asked for.
    pub number: u64,
    /// Why.
    pub source: Box<dyn Error + Send + Sync>,
}

/// The chunks that were read last: pages are asked for one by one.
pub(crate) struct Recent {
    slots: Vec<Slot>,
    clock: u64,
    last: usize,
}

struct Slot {
    number: u64,
    used: u64,
    bytes: Box<[u8; CHUNK_BYTES]>,
}

/// Chunks kept: 4 MiB of them (measured).
const RECENT: usize = 64;

impl Recent {
    pub(crate) fn new() -> Recent {
        Recent { slots: Vec::new(), clock: 0, last: 0 }
    }

    /// One page, by chunk number × 16 + page.
    pub(crate) fn page(
        &mut self,
        page: u64,
        chunks: &mut dyn Chunks,
    ) -> Result<&[u8; PAGE_BYTES], Unreadable> {
        let slot = self.slot(page / CHUNK_PAGES, chunks)?;
        let at = (page % CHUNK_PAGES) as usize * PAGE_BYTES;
        Ok(self.slots[slot].bytes[at..].first_chunk().expect("a page inside its chunk"))
    }

    fn slot(&mut self, number: u64, chunks: &mut dyn Chunks) -> Result<usize, Unreadable> {
        self.clock += 1;
        let known = |slot: &Slot| slot.number == number;
        if !self.slots.get(self.last).is_some_and(known) {
            self.last = match self.slots.iter().position(known) {
                Some(slot) => slot,
                None => self.load(number, chunks)?,
            };
        }
        self.slots[self.last].used = self.clock;
        Ok(self.last)
    }

    fn load(&mut self, number: u64, chunks: &mut dyn Chunks) -> Result<usize, Unreadable> {
        let mut slot = if self.slots.len() < RECENT {
            Slot { number, used: 0, bytes: zeroed() }
        } else {
            let oldest = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used);
            let (oldest, _) = oldest.expect("as many as are kept");
            self.slots.swap_remove(oldest) // a chunk half read is not kept
        };
        self.last = usize::MAX;
        chunks.read(number, &mut slot.bytes)?;
        slot.number = number;
        self.slots.push(slot);
        Ok(self.slots.len() - 1)
    }
}

/// Room for a chunk, without a copy of it on the stack.
pub(crate) fn zeroed() -> Box<[u8; CHUNK_BYTES]> {
    vec![0; CHUNK_BYTES].try_into().expect("as long as a chunk")
}
