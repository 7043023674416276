//! Chunks read ahead and looked up together: in the order of fingerprints each block of the index is read once.

use crate::chunks::zeroed;
use crate::encoder::{Base, EncodeError};
use crate::prints::{Prints, is_zero};
use crate::{CHUNK_BYTES, CHUNK_PAGES, Chunks, PAGE_BYTES};

/// Chunks read at a time: 4 MiB.
const CHUNKS: usize = 64;
/// Base pages of one fingerprint that an index has.
const IN_BASE: usize = 4;

/// What is known of one page.
#[derive(Clone, Copy, Default)]
pub(crate) struct Looked {
    pub(crate) is_zero: bool,
    /// `None` where nothing is matched.
    pub(crate) print: Option<u64>,
    in_base: [u64; IN_BASE],
    found: usize,
}

impl Looked {
    /// Base pages that are equal.
    pub(crate) fn in_base(&self) -> &[u64] {
        &self.in_base[..self.found]
    }
}

/// Some chunks from one ordinal on.
#[derive(Default)]
pub(crate) struct Ahead {
    first: usize,
    bytes: Vec<Box<[u8; CHUNK_BYTES]>>,
    pages: Vec<Looked>,
}

impl Ahead {
    pub(crate) fn has(&self, ordinal: usize) -> bool {
        ordinal >= self.first && ordinal - self.first < self.pages.len() / CHUNK_PAGES as usize
    }

    pub(crate) fn page(&self, ordinal: usize, page: u64) -> Looked {
        self.pages[(ordinal - self.first) * CHUNK_PAGES as usize + page as usize]
    }

    pub(crate) fn bytes(&self, ordinal: usize, page: u64) -> &[u8] {
        &self.bytes[ordinal - self.first][page as usize * PAGE_BYTES..][..PAGE_BYTES]
    }

    /// Reads the wants from one ordinal on.
    pub(crate) fn read(
        &mut self,
        (wants, first): (&[u64], usize),
        disk: &mut dyn Chunks,
        prints: Option<&Prints>,
    ) -> Result<(), EncodeError> {
        self.first = first;
        self.pages.clear();
        let wants = wants[first..].iter().take(CHUNKS);
        for (place, want) in wants.enumerate() {
            if place == self.bytes.len() {
                self.bytes.push(zeroed());
            }
            disk.read(*want, &mut self.bytes[place])?;
            let pages = self.bytes[place].chunks_exact(PAGE_BYTES).map(|page| {
                let is_zero = is_zero(page);
                let print = prints.filter(|_| !is_zero).map(|prints| prints.page(page));
                Looked { is_zero, print, ..Looked::default() }
            });
            self.pages.extend(pages);
        }
        Ok(())
    }

    /// Finds every page that was read in the base.
    pub(crate) fn look_up(&mut self, base: &mut Base) -> Result<(), EncodeError> {
        let pages = self.pages.iter().enumerate();
        let mut keys: Vec<(u64, u32)> =
            pages.filter_map(|(mark, page)| Some((page.print?, mark as u32))).collect();
        keys.sort_unstable();
        let base_pages = base.size_chunks * CHUNK_PAGES;
        let pages = &mut self.pages;
        base.index.pages(&keys, &mut |mark, page| {
            let looked = &mut pages[mark as usize];
            if u64::from(page) < base_pages && looked.found < IN_BASE {
                looked.in_base[looked.found] = page.into();
                looked.found += 1;
            }
        })?;
        Ok(())
    }
}
