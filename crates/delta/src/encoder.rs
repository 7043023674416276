//! Windows out of a disk: what is there already is matched, what is left is compressed with what resembles it.

use crate::ahead::Ahead;
use crate::chunks::Recent;
use crate::names::Names;
use crate::ops::OpsWriter;
use crate::prefix::{Chosen, Sources};
use crate::prints::Prints;
use crate::sent::Sent;
use crate::{
    BaseIndex, CHUNK_BYTES, CHUNK_PAGES, Chunks, IndexError, PAGE_BYTES, Unreadable, WANTS_MAX,
    parcel, varint,
};

/// The version of windows that is written and read.
pub(crate) const VERSION: u8 = 1;
/// A window is closed when it has so many literals (measured 2, 4, 8 and 16 MiB)…
pub(crate) const LITERAL_BYTES: usize = 4 << 20;
/// The last chunk may begin just below it.
pub(crate) const LITERALS_MAX: usize = LITERAL_BYTES + CHUNK_BYTES;
/// … or so many chunks.
pub(crate) const WINDOW_CHUNKS: u32 = 8_192;

/// A disk that both sides hold.
pub struct Base {
    /// The index of exactly this disk, under the key of its domain.
    pub index: BaseIndex,
    /// Its chunks by disk number.
    pub chunks: Box<dyn Chunks + Send>,
    /// Its size in chunks, zero ones included: no page behind is named.
    pub size_chunks: u64,
}

/// Whether windows may name what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// Pages and prefixes of the base and of what was sent.
    On,
    /// Neither: zero pages and literals alone.
    Off,
}

/// A window could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A chunk of the disk or of the base.
    #[error("failed to read what is sent or what it is compared with")]
    Unreadable(#[from] Unreadable),
    /// The base's index.
    #[error("failed to look something up in the base")]
    Index(#[from] IndexError),
    /// More chunks than a session may have, or not in ascending order.
    #[error("`{count}` wants are too many or out of order")]
    Wants {
        /// How many there are.
        count: usize,
    },
    /// zstd refused.
    #[error("failed to compress a window: `{reason}`")]
    Compress {
        /// As zstd calls it.
        reason: &'static str,
    },
}

/// Makes the windows of one session, in order.
pub struct Encoder {
    wants: Vec<u64>,
    disk: Box<dyn Chunks + Send>,
    base: Option<Base>,
    matching: Matching,
    unkeyed: Prints,
    next: usize,
    ahead: Ahead,
    sent: Sent,
    recent_base: Recent,
    recent_new: Recent,
}

/// What one window has by now.
struct Window {
    ops: OpsWriter,
    literals: Vec<u8>,
    /// Of each literal page its number, and the base page expected there.
    pages: Vec<(u32, u64)>,
}

impl Encoder {
    /// A session for `wants`, chunk numbers of `disk`, ascending, at most [`WANTS_MAX`]. Which pages match is seeded with the
    /// key of the base's index.
    pub fn new(
        wants: Vec<u64>,
        disk: Box<dyn Chunks + Send>,
        base: Option<Base>,
        matching: Matching,
    ) -> Encoder {
        // Where nothing is matched nothing is looked up: no tables of 14 MiB.
        let sent = match matching {
            Matching::On => Sent::new(wants.len().min(WANTS_MAX)),
            Matching::Off => Sent::new(0),
        };
        let base = base.filter(|_| matching == Matching::On);
        Encoder {
            wants,
            disk,
            base,
            matching,
            unkeyed: Prints::new(None),
            next: 0,
            ahead: Ahead::default(),
            sent,
            recent_base: Recent::new(),
            recent_new: Recent::new(),
        }
    }

    /// Matches the next window; `None` at the end. After an error the session is over.
    ///
    /// # Errors
    /// When the disk, the base or its index cannot be read, or there are too many wants.
    pub fn plan(&mut self) -> Result<Option<Planned>, EncodeError> {
        if self.wants.len() > WANTS_MAX || !self.wants.is_sorted_by(|a, b| a < b) {
            return Err(EncodeError::Wants { count: self.wants.len() });
        }
        let first = self.next;
        if first == self.wants.len() {
            return Ok(None);
        }
        self.sent.begin_window(first as u32);
        let (ops, literals) = (OpsWriter::default(), Vec::with_capacity(LITERALS_MAX));
        let mut window = Window { ops, literals, pages: Vec::new() };
        while self.next < self.wants.len()
            && self.next - first < WINDOW_CHUNKS as usize
            && window.literals.len() < LITERAL_BYTES
        {
            self.chunk(&mut window)?;
        }
        let count = (self.next - first) as u32;
        let (names, mut content) = self.prefix(&window)?;
        let prefix_bytes = content.len();
        content.append(&mut window.literals);
        Ok(Some(Planned {
            first: first as u32,
            count,
            ops: window.ops.end(),
            names: names.write(),
            content,
            prefix_bytes,
        }))
    }

    /// The next chunk, page by page.
    fn chunk(&mut self, window: &mut Window) -> Result<(), EncodeError> {
        if !self.ahead.has(self.next) {
            let prints = match (self.matching, &self.base) {
                (Matching::Off, _) => None,
                (Matching::On, Some(base)) => Some(base.index.prints()),
                (Matching::On, None) => Some(&self.unkeyed),
            };
            self.ahead.read((&self.wants, self.next), &mut *self.disk, prints)?;
            if let Some(base) = &mut self.base {
                self.ahead.look_up(base)?;
            }
        }
        let mut mask = 0;
        for page in 0..CHUNK_PAGES {
            let place = self.wants[self.next] * CHUNK_PAGES + page;
            let number = (self.next as u64 * CHUNK_PAGES + page) as u32;
            let looked = self.ahead.page(self.next, page);
            if looked.is_zero {
                window.ops.zero();
                continue;
            }
            mask |= 1_u16 << page;
            let predicted = window.ops.predicted_base();
            if looked.in_base().contains(&place) {
                window.ops.same(place);
            } else if looked.in_base().contains(&predicted) {
                window.ops.base(predicted);
            } else if let Some(known) = looked.in_base().first() {
                window.ops.base(*known);
            } else if let Some(known) = looked.print.and_then(|print| self.sent.page(print)) {
                window.ops.new_page(known.into());
            } else {
                window.ops.literal();
                window.pages.push((number, predicted));
                window.literals.extend_from_slice(self.ahead.bytes(self.next, page));
                if let Some(print) = looked.print {
                    self.sent.add_page(print, number);
                }
            }
        }
        self.sent.add_chunk(mask);
        self.next += 1;
        Ok(())
    }

    /// What the literals are compressed with: its names and its bytes.
    fn prefix(&mut self, window: &Window) -> Result<(Names, Vec<u8>), EncodeError> {
        if self.matching == Matching::Off {
            return Ok((Names::default(), Vec::with_capacity(window.literals.len())));
        }
        let prints = self.base.as_ref().map_or(&self.unkeyed, |base| base.index.prints());
        let mut of_pages = Vec::with_capacity(window.pages.len() * 4);
        for (literal, (page, _)) in window.literals.chunks_exact(PAGE_BYTES).zip(&window.pages) {
            let features = prints.features(literal);
            of_pages.extend(features.as_slice().iter().map(|feature| (*feature, *page)));
        }
        let mut features: Vec<u32> = of_pages.iter().map(|(feature, _)| *feature).collect();
        features.sort_unstable();
        features.dedup();
        let predicted: Vec<u64> = window.pages.iter().map(|(_, predicted)| *predicted).collect();
        let mut sources = Sources {
            base: self.base.as_mut().map(|b| (&mut b.index, b.size_chunks * CHUNK_PAGES)),
            sent: &self.sent,
        };
        let chosen = sources.choose(&features, &predicted)?;
        self.sent.end_window(of_pages);
        self.read_prefix(&chosen, window.literals.len())
    }

    /// With room for the literals behind it.
    fn read_prefix(
        &mut self,
        chosen: &Chosen,
        literal_bytes: usize,
    ) -> Result<(Names, Vec<u8>), EncodeError> {
        let pages = chosen.new.len() + chosen.base.len();
        let mut bytes = Vec::with_capacity(pages * PAGE_BYTES + literal_bytes);
        for page in &chosen.new {
            let mut disk = ByOrdinal { wants: &self.wants, disk: &mut *self.disk };
            bytes.extend_from_slice(self.recent_new.page(*page, &mut disk)?);
        }
        if let Some(base) = &mut self.base {
            for page in &chosen.base {
                bytes.extend_from_slice(self.recent_base.page(*page, &mut *base.chunks)?);
            }
        }
        Ok((Names::of(&chosen.base, &chosen.new), bytes))
    }
}

/// The disk's chunks by their ordinals.
struct ByOrdinal<'e> {
    wants: &'e [u64],
    disk: &'e mut dyn Chunks,
}

impl Chunks for ByOrdinal<'_> {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        self.disk.read(self.wants[number as usize], into)
    }
}

/// A window that is chosen and not compressed yet; up to 12 MiB.
pub struct Planned {
    first: u32,
    count: u32,
    ops: Vec<u8>,
    names: Vec<u8>,
    /// The prefix, and the literals behind it: always side by side, because zstd's choices depend on that.
    content: Vec<u8>,
    prefix_bytes: usize,
}

impl Planned {
    /// Chunks of the window.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The window's bytes, at a zstd level of 1 to 19 (what is outside is taken as the nearest); each call of the same level
    /// gives the same bytes, on whatever thread.
    ///
    /// # Errors
    /// When zstd refuses, as when there is no memory.
    pub fn compress(self, level: i32) -> Result<Vec<u8>, EncodeError> {
        let mut window = vec![VERSION];
        varint::write(self.first.into(), &mut window);
        varint::write(self.count.into(), &mut window);
        parcel::write(level, (&[], &self.ops), &mut window)?;
        parcel::write(level, (&[], &self.names), &mut window)?;
        parcel::write(level, self.content.split_at(self.prefix_bytes), &mut window)?;
        window.shrink_to_fit();
        Ok(window)
    }
}
