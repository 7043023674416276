//! The page and feature index of a base (docs/formats.md, section 21): which pages it has, and which resemble which.

mod build;
mod layout;
mod seal;
mod spill;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub use build::build_index;

use crate::prints::Prints;
use crate::{IndexKey, Unreadable};
use layout::{
    BLOCK_RECORDS, CHECKED_HEADER_BYTES, Extent, FENCE_BLOCK_BYTES, FENCE_BYTES, HEADER_BYTES,
    Layout, MAGIC,
};
use seal::Seal;

/// An index could not be made, opened or read. One that exists may be deleted and made again.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A chunk of the disk.
    #[error("failed to read the disk that is indexed")]
    Unreadable(#[from] Unreadable),
    /// The file.
    #[error("failed to {attempt}")]
    File {
        /// What was tried.
        attempt: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file begins otherwise.
    #[error("the file is no page index")]
    NotAnIndex,
    /// A version that is not known here.
    #[error("page indexes of version `{got}` are not known")]
    OtherVersion {
        /// As the file has it, in ASCII.
        got: char,
    },
    /// It is of another disk; a sealed one is [`IndexError::DamagedHeader`] then.
    #[error("the page index is of another disk")]
    OtherDisk,
    /// It is sealed and there is no key, or the other way round.
    #[error("the page index is not sealed as its domain is")]
    OtherSeal,
    /// Its header, or its length, is not what was written; or the key is another one.
    #[error("the header of the page index is damaged")]
    DamagedHeader,
    /// A block is not what was written.
    #[error("block `{block}` of the page index is damaged")]
    Damaged {
        /// Its number in the file.
        block: u64,
    },
    /// A chunk beyond 16 TiB.
    #[error("chunk `{number}` is too far for a page index")]
    TooLarge {
        /// Its number.
        number: u64,
    },
    /// Chunks to index are not named in ascending order.
    #[error("chunk `{number}` is not named in order")]
    OutOfOrder {
        /// Its number.
        number: u64,
    },
    /// The system gave no random bytes.
    #[error("the system has no random bytes")]
    NoRandomness,
}

/// Turns a fault of the file into an error.
fn failed(attempt: &'static str) -> impl Fn(io::Error) -> IndexError {
    move |source| IndexError::File { attempt, source }
}

/// The index of a base, open. In memory are 8 bytes for 256 records, and the blocks looked at last.
pub struct BaseIndex {
    file: File,
    seal: Seal,
    prints: Prints,
    held: Table,
    pages: Table,
    features: Table,
}

impl std::fmt::Debug for BaseIndex {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("BaseIndex")
            .field("pages", &self.pages.extent.records)
            .finish_non_exhaustive()
    }
}

impl BaseIndex {
    /// Opens the index of the disk `root`. The header and the fences are checked now, each block when it is read.
    ///
    /// # Errors
    /// When the file is no whole index of this disk under this key.
    pub fn open(
        file: File,
        root: [u8; 32],
        key: Option<&IndexKey>,
    ) -> Result<BaseIndex, IndexError> {
        let mut header = [0; HEADER_BYTES];
        match file.read_exact_at(&mut header, 0) {
            Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(IndexError::NotAnIndex);
            }
            read => read.map_err(failed("read an index's header"))?,
        }
        let seal = check_header(&header, &root, key)?;
        let records = [80, 88, 96].map(|at| word(&header, at));
        let layout = Layout::new(records, seal.check_bytes() as u64);
        let file_bytes = file.metadata().map_err(failed("measure an index"))?.len();
        let layout = layout.filter(|layout| layout.file_bytes == file_bytes);
        let layout = layout.ok_or(IndexError::DamagedHeader)?;
        let mut fences = read_fences(&file, &layout, &seal)?.into_iter();
        let [held, pages, features] = layout.tables.map(|extent| {
            let fences: Vec<u64> = fences.by_ref().take(extent.blocks() as usize).collect();
            Table { extent, fences, loaded: None, block: Vec::new() }
        });
        if ![&held, &pages, &features].iter().all(|table| table.fences.is_sorted()) {
            return Err(IndexError::DamagedHeader);
        }
        Ok(BaseIndex { file, seal, prints: Prints::new(key), held, pages, features })
    }

    pub(crate) fn prints(&self) -> &Prints {
        &self.prints
    }

    /// Pages of each fingerprint, at most four: `found` is told the mark of the key and the page. Keys ascend.
    pub(crate) fn pages(
        &mut self,
        keys: &[(u64, u32)],
        found: &mut dyn FnMut(u32, u32),
    ) -> Result<(), IndexError> {
        let place = (&self.file, &self.seal);
        keys.iter().try_for_each(|(key, mark)| {
            self.pages.find(place, *key, &mut |page| found(*mark, page))
        })
    }

    /// Pages with a feature, at most sixteen.
    pub(crate) fn pages_with(
        &mut self,
        feature: u32,
        found: &mut dyn FnMut(u32),
    ) -> Result<(), IndexError> {
        self.features.find((&self.file, &self.seal), feature.into(), found)
    }

    /// Which pages of a chunk are not zero: page 0 is the lowest bit.
    pub(crate) fn held(&mut self, chunk: u64) -> Result<u16, IndexError> {
        let mut held = 0;
        self.held.find((&self.file, &self.seal), chunk, &mut |mask| held = mask as u16)?;
        Ok(held)
    }
}

/// Everything of the header but the lengths.
fn check_header(
    header: &[u8; HEADER_BYTES],
    root: &[u8; 32],
    key: Option<&IndexKey>,
) -> Result<Seal, IndexError> {
    if header[..7] != MAGIC[..7] {
        return Err(IndexError::NotAnIndex);
    }
    if header[7] != MAGIC[7] {
        return Err(IndexError::OtherVersion { got: char::from(header[7]) });
    }
    match (word(header, 8), key) {
        (0, None) if header[16..48] != root[..] => return Err(IndexError::OtherDisk),
        // The root is in the seal's key: the header of another disk's index has another check.
        (1, Some(_)) if header[16..48] != [0; 32] => return Err(IndexError::DamagedHeader),
        (0, None) | (1, Some(_)) => {}
        (0, Some(_)) | (1, None) => return Err(IndexError::OtherSeal),
        (2.., _) => return Err(IndexError::DamagedHeader),
    }
    let salt = header[48..80].try_into().expect("32 bytes");
    let seal = Seal::of_index(key, salt, root);
    let (checked, check) = header.split_at(CHECKED_HEADER_BYTES);
    if check != seal.header_check(checked) || word(header, 104) != 0 {
        return Err(IndexError::DamagedHeader);
    }
    Ok(seal)
}

fn word(header: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from_le_bytes(header[at..at + 8].try_into().expect("8 bytes"))
}

fn read_fences(file: &File, layout: &Layout, seal: &Seal) -> Result<Vec<u64>, IndexError> {
    let mut fences = Vec::new();
    let (mut offset, mut number) = (layout.fences_offset, layout.fences_block);
    let mut left = layout.fences * FENCE_BYTES;
    let mut block = Vec::new();
    while left > 0 {
        let bytes = left.min(FENCE_BLOCK_BYTES);
        block.resize(bytes as usize + seal.check_bytes(), 0);
        file.read_exact_at(&mut block, offset).map_err(failed("read an index's fences"))?;
        offset += block.len() as u64;
        if !seal.open(number, &mut block) {
            return Err(IndexError::Damaged { block: number });
        }
        let words = block.chunks_exact(FENCE_BYTES as usize);
        fences.extend(words.map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes"))));
        number += 1;
        left -= bytes;
    }
    Ok(fences)
}

/// One table: its fences, and its block that was looked at last.
struct Table {
    extent: Extent,
    fences: Vec<u64>,
    loaded: Option<u64>,
    block: Vec<u8>,
}

impl Table {
    /// The values of a key. Whoever asks in ascending order reads each block once.
    fn find(
        &mut self,
        place: (&File, &Seal),
        key: u64,
        found: &mut dyn FnMut(u32),
    ) -> Result<(), IndexError> {
        let kind = self.extent.kind;
        let first = self.fences.partition_point(|fence| *fence < key).saturating_sub(1);
        let mut left = kind.of_one_key();
        for block in first..self.fences.len() {
            if self.fences[block] > key {
                break;
            }
            self.load(place, block as u64)?;
            let records = self.block.len() / kind.record_bytes();
            let begin = partition_point(records, |at| kind.key(kind.read(&self.block, at)) < key);
            for at in begin..records {
                let record = kind.read(&self.block, at);
                if kind.key(record) != key || left == 0 {
                    return Ok(());
                }
                found(kind.value(record));
                left -= 1;
            }
        }
        Ok(())
    }

    fn load(&mut self, (file, seal): (&File, &Seal), block: u64) -> Result<(), IndexError> {
        if self.loaded == Some(block) {
            return Ok(());
        }
        self.loaded = None;
        let (offset, bytes) = self.extent.block(block);
        self.block.resize(bytes, 0);
        file.read_exact_at(&mut self.block, offset).map_err(failed("read an index"))?;
        let number = self.extent.first_block + block;
        let kind = self.extent.kind;
        let good = seal.open(number, &mut self.block)
            && kind.key(kind.read(&self.block, 0)) == self.fences[block as usize];
        if !good {
            return Err(IndexError::Damaged { block: number });
        }
        debug_assert!(self.block.len() as u64 <= BLOCK_RECORDS * kind.record_bytes() as u64);
        self.loaded = Some(block);
        Ok(())
    }
}

/// The first of `count` places where `is_before` is no longer true.
fn partition_point(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests;
