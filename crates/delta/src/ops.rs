//! The ops of a window: where each page of its chunks comes from.

use crate::decoder::Malformed;
use crate::{CHUNK_PAGES, varint};

/// Where pages come from. The numbers are those of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Zero = 0,
    Same = 1,
    Base = 2,
    New = 3,
    Literal = 4,
}

const KINDS: [Kind; 5] = [Kind::Zero, Kind::Same, Kind::Base, Kind::New, Kind::Literal];
const KIND_BITS: u32 = 3;

/// What both sides expect the next page to be.
#[derive(Clone, Copy, Debug, Default)]
struct Predictions {
    base: u64,
    new: u64,
}

/// Writes ops page by page.
#[derive(Default)]
pub(crate) struct OpsWriter {
    kinds: Vec<u8>,
    arguments: Vec<u8>,
    run: Option<(Kind, u64)>,
    predicted: Predictions,
}

impl OpsWriter {
    /// The base page that would cost least to name.
    pub(crate) fn predicted_base(&self) -> u64 {
        self.predicted.base
    }

    pub(crate) fn zero(&mut self) {
        self.push(Kind::Zero, None);
    }

    pub(crate) fn same(&mut self, place: u64) {
        self.push(Kind::Same, None);
        self.predicted.base = place + 1;
    }

    pub(crate) fn base(&mut self, page: u64) {
        self.push(Kind::Base, Some((page, self.predicted.base)));
        self.predicted.base = page + 1;
    }

    pub(crate) fn new_page(&mut self, page: u64) {
        self.push(Kind::New, Some((page, self.predicted.new)));
        self.predicted.new = page + 1;
    }

    pub(crate) fn literal(&mut self) {
        self.push(Kind::Literal, None);
        self.predicted.base += 1;
    }

    fn push(&mut self, kind: Kind, argument: Option<(u64, u64)>) {
        let goes_on = argument.is_none_or(|(page, predicted)| page == predicted);
        match &mut self.run {
            Some((running, pages)) if *running == kind && goes_on => *pages += 1,
            _ => {
                self.end_run();
                self.run = Some((kind, 1));
                if let Some((page, predicted)) = argument {
                    let distance = page.wrapping_sub(predicted) as i64;
                    varint::write(varint::zigzag(distance), &mut self.arguments);
                }
            }
        }
    }

    fn end_run(&mut self) {
        if let Some((kind, pages)) = self.run.take() {
            varint::write((pages - 1) << KIND_BITS | kind as u64, &mut self.kinds);
        }
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        self.end_run();
        let mut ops = Vec::with_capacity(self.kinds.len() + self.arguments.len() + 5);
        varint::write(self.kinds.len() as u64, &mut ops);
        ops.append(&mut self.kinds);
        ops.append(&mut self.arguments);
        ops
    }
}

/// Which chunks a window has, and what it may name.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'w> {
    /// The wants of the window alone.
    pub(crate) wants: &'w [u64],
    /// Ordinal of the first.
    pub(crate) first: u32,
    /// Pages of the base; 0 where there is none.
    pub(crate) base_pages: u64,
}

impl Frame<'_> {
    pub(crate) fn pages(&self) -> u64 {
        self.wants.len() as u64 * CHUNK_PAGES
    }

    /// The number in its disk of a page of the window; `None` beyond 64 bits.
    pub(crate) fn place(&self, page: u64) -> Option<u64> {
        let want = self.wants[(page / CHUNK_PAGES) as usize];
        want.checked_mul(CHUNK_PAGES)?.checked_add(page % CHUNK_PAGES)
    }

    /// The new page with which the window begins.
    pub(crate) fn first_new(&self) -> u64 {
        u64::from(self.first) * CHUNK_PAGES
    }
}

/// Pages of one kind, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) kind: Kind,
    pub(crate) pages: u64,
    /// Of base and new pages the first one's number, of literals its place among them; else 0.
    pub(crate) first: u64,
}

/// Literal pages by where they lie in the window.
#[derive(Clone, Copy, Debug)]
struct Literals {
    page: u64,
    pages: u64,
    first: u64,
}

/// The ops of a window, all of them judged.
#[derive(Debug)]
pub(crate) struct Ops {
    pub(crate) runs: Vec<Run>,
    pub(crate) literals: u64,
    places: Vec<Literals>,
}

impl Ops {
    /// Which literal a page of the window is, if it is one.
    pub(crate) fn literal_at(&self, page: u64) -> Option<u64> {
        let behind = self.places.partition_point(|literals| literals.page <= page);
        let literals = self.places[..behind].last()?;
        let within = page - literals.page;
        (within < literals.pages).then_some(literals.first + within)
    }
}

/// Reads ops, which come from anybody.
pub(crate) fn parse(mut bytes: &[u8], frame: &Frame<'_>) -> Result<Ops, Malformed> {
    let kinds = varint::read(&mut bytes).ok_or(Malformed::Cut)?;
    let kinds = usize::try_from(kinds).ok().and_then(|kinds| bytes.split_at_checked(kinds));
    let (kinds, arguments) = kinds.ok_or(Malformed::Cut)?;
    let ops = Ops { runs: Vec::new(), literals: 0, places: Vec::new() };
    let mut reader = Reader { frame, arguments, ops, page: 0, predicted: Predictions::default() };
    let mut kinds = kinds;
    while !kinds.is_empty() {
        reader.run(varint::read(&mut kinds).ok_or(Malformed::Cut)?)?;
    }
    if reader.page != frame.pages() {
        return Err(Malformed::Pages { named: reader.page, wanted: frame.pages() });
    }
    if !reader.arguments.is_empty() {
        return Err(Malformed::Surplus { bytes: reader.arguments.len() });
    }
    Ok(reader.ops)
}

struct Reader<'w> {
    frame: &'w Frame<'w>,
    arguments: &'w [u8],
    ops: Ops,
    page: u64,
    predicted: Predictions,
}

impl Reader<'_> {
    fn run(&mut self, word: u64) -> Result<(), Malformed> {
        let number = (word & ((1 << KIND_BITS) - 1)) as u8;
        let kind = *KINDS.get(usize::from(number)).ok_or(Malformed::Kind { got: number })?;
        let pages = (word >> KIND_BITS) + 1; // below 2^61
        let wanted = self.frame.pages();
        if pages > wanted - self.page {
            return Err(Malformed::Pages { named: self.page + pages, wanted });
        }
        let first = match kind {
            Kind::Zero => 0,
            Kind::Same => self.same(pages)?,
            Kind::Base => self.base(pages)?,
            Kind::New => self.new_pages(pages)?,
            Kind::Literal => self.literal(pages),
        };
        self.ops.runs.push(Run { kind, pages, first });
        self.page += pages;
        Ok(())
    }

    /// Wants ascend, so the last page of a run lies farthest.
    fn same(&mut self, pages: u64) -> Result<u64, Malformed> {
        let last = self.frame.place(self.page + pages - 1);
        let last = last.filter(|last| *last < self.frame.base_pages);
        self.predicted.base = last.ok_or(Malformed::OutsideBase)? + 1;
        Ok(0)
    }

    fn base(&mut self, pages: u64) -> Result<u64, Malformed> {
        let first = self.argument(self.predicted.base)?;
        let end = first.checked_add(pages).filter(|end| *end <= self.frame.base_pages);
        self.predicted.base = end.ok_or(Malformed::OutsideBase)?;
        Ok(first)
    }

    fn new_pages(&mut self, pages: u64) -> Result<u64, Malformed> {
        let first = self.argument(self.predicted.new)?;
        let end = first.checked_add(pages).ok_or(Malformed::NotEarlier)?;
        let begin = self.frame.first_new();
        if end > begin + self.page {
            return Err(Malformed::NotEarlier);
        }
        for page in first.max(begin)..end {
            self.ops.literal_at(page - begin).ok_or(Malformed::NotEarlier)?;
        }
        self.predicted.new = end;
        Ok(first)
    }

    fn literal(&mut self, pages: u64) -> u64 {
        let first = self.ops.literals;
        self.ops.places.push(Literals { page: self.page, pages, first });
        self.ops.literals += pages;
        self.predicted.base += pages; // base and pages are far below 2^63
        first
    }

    fn argument(&mut self, predicted: u64) -> Result<u64, Malformed> {
        let distance = varint::read(&mut self.arguments).ok_or(Malformed::Cut)?;
        predicted.checked_add_signed(varint::unzigzag(distance)).ok_or(Malformed::Number)
    }
}
