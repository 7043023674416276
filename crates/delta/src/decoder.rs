//! Chunks out of windows, which come from anybody: everything is judged before there is room for it.

use crate::chunks::{Recent, zeroed};
use crate::encoder::{LITERALS_MAX, VERSION, WINDOW_CHUNKS};
use crate::names::Names;
use crate::ops::{self, Frame, Kind, Ops, Run};
use crate::parcel::Blob;
use crate::{CHUNK_BYTES, CHUNK_PAGES, Chunks, PAGE_BYTES, Unreadable, varint};

/// What a decoder accepts as one window on the wire, in bytes: the bounds of the unpacked parts, and what zstd may add.
pub const WINDOW_BYTES_MAX: usize = (5 << 20) + (256 << 10);
/// Unpacked ops: a page has at most one byte of kind and five of argument.
const OPS_MAX: usize = 1 << 20;
const NAMES_MAX: usize = 64 << 10;

/// How a window breaks the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A version that is not known here.
    #[error("version `{got}` is not known")]
    Version {
        /// What it says.
        got: u8,
    },
    /// It ends too early, or a number in it is none.
    #[error("it is cut short")]
    Cut,
    /// There is more of it than it says.
    #[error("`{bytes}` bytes are left over")]
    Surplus {
        /// How many.
        bytes: usize,
    },
    /// A window, or a part of it, is larger than allowed.
    #[error("`{stated}` bytes where `{most}` are allowed")]
    Large {
        /// What it has, or says it would have.
        stated: u64,
        /// What it may have.
        most: usize,
    },
    /// It is another window than the next one.
    #[error("it begins with chunk `{got}` and not `{wanted}`")]
    OutOfTurn {
        /// Its first ordinal.
        got: u64,
        /// That of the next window.
        wanted: u32,
    },
    /// No chunks, or more than a window or the session has.
    #[error("it cannot have `{got}` chunks")]
    Count {
        /// What it says.
        got: u64,
    },
    /// A part is not exactly one zstd frame within the bounds.
    #[error("a part is no zstd frame as agreed")]
    Frame,
    /// zstd cannot unpack a part.
    #[error("a part does not unpack")]
    Unpack,
    /// A kind of page that is not known.
    #[error("kind `{got}` of pages is not known")]
    Kind {
        /// Its number.
        got: u8,
    },
    /// A page number that is none.
    #[error("a page number is none")]
    Number,
    /// The ops are for another number of pages.
    #[error("`{named}` pages are named of `{wanted}`")]
    Pages {
        /// In the ops.
        named: u64,
        /// In the window's chunks.
        wanted: u64,
    },
    /// A page outside the base, or there is no base.
    #[error("a page outside the base is named")]
    OutsideBase,
    /// A new page that is not sent yet, or too late for its purpose.
    #[error("a page is named that was not sent early enough")]
    NotEarlier,
    /// The prefix is larger than allowed.
    #[error("the prefix is too large")]
    LargePrefix,
    /// The literals are more or fewer than named.
    #[error("`{carried}` bytes of literals where `{named}` pages are named")]
    Literals {
        /// Pages.
        named: u64,
        /// Bytes.
        carried: usize,
    },
}

/// A window could not be unpacked. Chunks of it may have been put by then; the decoder still waits for the same window.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The source broke the format.
    #[error("the window breaks its format")]
    Malformed(#[from] Malformed),
    /// A base or earlier chunk cannot be read here: ask for the window's chunks in frames, then [`Decoder::skip_window`].
    #[error("failed to read what the window names")]
    Unreadable(#[from] Unreadable),
}

/// Which chunks a window had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowRead {
    /// Ordinal of the first.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// Unpacks the windows of one session, in order. At most some 25 MiB of memory, whatever the windows say.
pub struct Decoder {
    wants: Vec<u64>,
    base_pages: u64,
    next: u32,
    /// First ordinal of the window before.
    before: u32,
    recent_base: Recent,
    recent_new: Recent,
    /// The prefix, and the literals behind it.
    content: Vec<u8>,
}

/// A window whose parts are judged, and not unpacked but for its ops.
struct Judged<'w> {
    read: WindowRead,
    ops: Ops,
    names: Names,
    literals: Blob<'w>,
}

impl Decoder {
    /// Of a session for `wants`, whose base has `base_chunks` chunks, if there is one.
    pub fn new(wants: Vec<u64>, base_chunks: Option<u64>) -> Decoder {
        Decoder {
            wants,
            base_pages: base_chunks.unwrap_or(0).saturating_mul(CHUNK_PAGES).min(1 << 60),
            next: 0,
            before: 0,
            recent_base: Recent::new(),
            recent_new: Recent::new(),
            content: Vec::new(),
        }
    }

    /// Unpacks the next window. `put` is called with the ordinal and the bytes of each of its chunks, in order; nothing says
    /// yet that they are right. `base` is read by disk number, `earlier` by ordinal, chunks of earlier windows only: those
    /// must be right by now.
    ///
    /// # Errors
    /// When the window breaks its format, or what it names cannot be read here.
    pub fn window(
        &mut self,
        bytes: &[u8],
        base: Option<&mut dyn Chunks>,
        earlier: &mut dyn Chunks,
        put: &mut dyn FnMut(u32, &[u8; CHUNK_BYTES]),
    ) -> Result<WindowRead, DecodeError> {
        let base_pages = if base.is_some() { self.base_pages } else { 0 };
        let window = self.judge(bytes, base_pages)?;
        let mut no_base = Nothing;
        let mut sources = Pages {
            base: base.unwrap_or(&mut no_base),
            recent_base: &mut self.recent_base,
            earlier,
            recent_new: &mut self.recent_new,
        };
        let mut content = std::mem::take(&mut self.content);
        content.clear();
        content.reserve_exact(
            window.names.pages() as usize * PAGE_BYTES + window.literals.content_bytes,
        );
        sources.prefix(&window.names, &mut content)?;
        let prefix_bytes = content.len();
        content.resize(prefix_bytes + window.literals.content_bytes, 0);
        let (prefix, literals) = content.split_at_mut(prefix_bytes);
        window.literals.unpack(prefix, literals)?;
        let read = window.read;
        let wants = &self.wants[read.first as usize..][..read.count as usize];
        let frame = Frame { wants, first: read.first, base_pages };
        let mut assembly = Assembly { frame, ops: &window.ops, literals, put };
        assembly.run(&mut sources)?;
        self.content = content;
        self.skip_window(read.count);
        Ok(read)
    }

    /// How many chunks a window says it has, whatever else is wrong with it.
    ///
    /// # Errors
    /// When not even that can be read.
    pub fn count_of(bytes: &[u8]) -> Result<u32, DecodeError> {
        let (_, count, _) = begin(bytes)?;
        Ok(count)
    }

    /// Goes on behind a window whose chunks came another way. At most to the end.
    pub fn skip_window(&mut self, count: u32) {
        self.before = self.next;
        self.next = self.next.saturating_add(count).min(self.wants.len() as u32);
    }

    /// Whether every chunk was in a window.
    pub fn is_done(&self) -> bool {
        self.next as usize == self.wants.len()
    }

    /// Ordinal of the next window's first chunk.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Everything that can be known without the base: after this nothing of the window is too large or out of bounds.
    fn judge<'w>(&self, bytes: &'w [u8], base_pages: u64) -> Result<Judged<'w>, Malformed> {
        if bytes.len() > WINDOW_BYTES_MAX {
            let stated = bytes.len() as u64;
            return Err(Malformed::Large { stated, most: WINDOW_BYTES_MAX });
        }
        let (first, count, mut rest) = begin(bytes)?;
        if first != u64::from(self.next) {
            return Err(Malformed::OutOfTurn { got: first, wanted: self.next });
        }
        let wants = self.wants[self.next as usize..].get(..count as usize);
        let wants = wants.ok_or(Malformed::Count { got: count.into() })?;
        let ops = Blob::take(&mut rest, OPS_MAX)?;
        let names = Blob::take(&mut rest, NAMES_MAX)?;
        let literals = Blob::take(&mut rest, LITERALS_MAX)?;
        if !rest.is_empty() {
            return Err(Malformed::Surplus { bytes: rest.len() });
        }
        let frame = Frame { wants, first: self.next, base_pages };
        let ops = ops::parse(&ops.unpacked()?, &frame)?;
        let named = ops.literals;
        if named * PAGE_BYTES as u64 != literals.content_bytes as u64 {
            return Err(Malformed::Literals { named, carried: literals.content_bytes });
        }
        let new_pages = u64::from(self.before) * CHUNK_PAGES;
        let names = Names::parse(&names.unpacked()?, base_pages, new_pages)?;
        Ok(Judged { read: WindowRead { first: self.next, count }, ops, names, literals })
    }
}

/// First ordinal, count, and what follows.
fn begin(mut bytes: &[u8]) -> Result<(u64, u32, &[u8]), Malformed> {
    let version = *bytes.split_off_first().ok_or(Malformed::Cut)?;
    if version != VERSION {
        return Err(Malformed::Version { got: version });
    }
    let first = varint::read(&mut bytes).ok_or(Malformed::Cut)?;
    let got = varint::read(&mut bytes).ok_or(Malformed::Cut)?;
    match u32::try_from(got) {
        Ok(count) if (1..=WINDOW_CHUNKS).contains(&count) => Ok((first, count, bytes)),
        _ => Err(Malformed::Count { got }),
    }
}

/// In place of a base, where no window may name one.
struct Nothing;

impl Chunks for Nothing {
    fn read(&mut self, number: u64, _: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        Err(Unreadable { number, source: "there is no base".into() })
    }
}

/// Pages that are here already.
struct Pages<'d> {
    base: &'d mut dyn Chunks,
    recent_base: &'d mut Recent,
    earlier: &'d mut dyn Chunks,
    recent_new: &'d mut Recent,
}

impl Pages<'_> {
    fn base(&mut self, page: u64) -> Result<&[u8; PAGE_BYTES], Unreadable> {
        self.recent_base.page(page, &mut *self.base)
    }

    fn new_page(&mut self, page: u64) -> Result<&[u8; PAGE_BYTES], Unreadable> {
        self.recent_new.page(page, &mut *self.earlier)
    }

    fn prefix(&mut self, names: &Names, into: &mut Vec<u8>) -> Result<(), Unreadable> {
        for page in names.new.iter().cloned().flatten() {
            into.extend_from_slice(self.new_page(page)?);
        }
        for page in names.base.iter().cloned().flatten() {
            into.extend_from_slice(self.base(page)?);
        }
        Ok(())
    }
}

/// Puts the chunks of one window together.
struct Assembly<'a> {
    frame: Frame<'a>,
    ops: &'a Ops,
    literals: &'a [u8],
    put: &'a mut dyn FnMut(u32, &[u8; CHUNK_BYTES]),
}

impl Assembly<'_> {
    fn run(&mut self, pages: &mut Pages<'_>) -> Result<(), DecodeError> {
        let mut chunk = zeroed();
        let mut page = 0;
        for run in &self.ops.runs {
            for within in 0..run.pages {
                let at = (page % CHUNK_PAGES) as usize * PAGE_BYTES;
                self.page((run, within), page, pages, &mut chunk[at..at + PAGE_BYTES])?;
                page += 1;
                if page % CHUNK_PAGES == 0 {
                    let ordinal = self.frame.first + (page / CHUNK_PAGES - 1) as u32;
                    (self.put)(ordinal, &chunk);
                }
            }
        }
        Ok(())
    }

    fn page(
        &self,
        (run, within): (&Run, u64),
        page: u64,
        pages: &mut Pages<'_>,
        into: &mut [u8],
    ) -> Result<(), DecodeError> {
        let named = run.first + within;
        match run.kind {
            Kind::Zero => into.fill(0),
            Kind::Same => {
                let place = self.frame.place(page).ok_or(Malformed::OutsideBase)?;
                into.copy_from_slice(pages.base(place)?);
            }
            Kind::Base => into.copy_from_slice(pages.base(named)?),
            Kind::New if named < self.frame.first_new() => {
                into.copy_from_slice(pages.new_page(named)?);
            }
            Kind::New => {
                let literal = self.ops.literal_at(named - self.frame.first_new());
                into.copy_from_slice(self.literal(literal.ok_or(Malformed::NotEarlier)?));
            }
            Kind::Literal => into.copy_from_slice(self.literal(named)),
        }
        Ok(())
    }

    fn literal(&self, literal: u64) -> &[u8] {
        &self.literals[literal as usize * PAGE_BYTES..][..PAGE_BYTES]
    }
}
