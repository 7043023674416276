//! Making an index in little memory: some 40 MiB, and 8 bytes for 256 records, which is 42 MiB more for a TiB held.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use super::layout::{
    BLOCK_RECORDS, CHECKED_HEADER_BYTES, CHUNK_NUMBER_MAX, FENCE_BLOCK_BYTES, HEADER_BYTES, Kind,
    MAGIC,
};
use super::seal::{SALT_BYTES, Seal, random};
use super::spill::{Sorter, Spill};
use super::{IndexError, failed};
use crate::chunks::zeroed;
use crate::prints::{Prints, is_zero};
use crate::{CHUNK_PAGES, Chunks, IndexKey, PAGE_BYTES};

/// Writes the page and feature index of a disk into `file`, which is empty and open for reading and writing. `numbers`
/// are the chunks of the disk that are not zero, ascending. The disk `root` names what is indexed and is asked for again
/// when the index is opened. With a `key` the file is sealed.
///
/// Memory is some 40 MiB and 8 bytes for 256 records; while it works, the file has two to three times its later size, which
/// is up to 720 bytes a chunk: the caller says for how large a disk that is too much. Nothing is synced: a file that a crash
/// left half written does not open.
///
/// # Errors
/// When a chunk cannot be read, the file cannot be written, or numbers do not ascend or name pages beyond 32 bits.
pub fn build_index(
    root: [u8; 32],
    numbers: &mut dyn Iterator<Item = u64>,
    chunks: &mut dyn Chunks,
    key: Option<&IndexKey>,
    file: &mut File,
) -> Result<(), IndexError> {
    let salt = if key.is_some() { random()? } else { [0; SALT_BYTES] };
    let build = Build { root, salt, key };
    build.run(numbers, chunks, file)
}

struct Build<'k> {
    root: [u8; 32],
    salt: [u8; SALT_BYTES],
    key: Option<&'k IndexKey>,
}

impl Build<'_> {
    fn run(
        &self,
        numbers: &mut dyn Iterator<Item = u64>,
        chunks: &mut dyn Chunks,
        file: &mut File,
    ) -> Result<(), IndexError> {
        let seal = Seal::of_index(self.key, &self.salt, &self.root);
        file.seek(SeekFrom::Start(HEADER_BYTES as u64)).map_err(failed("begin an index"))?;
        let file = &*file;
        let mut spill = Spill::new(file, Seal::of_spill(&seal)?);
        let (mut pages, mut features) = (Sorter::new(Kind::Pages), Sorter::new(Kind::Features));
        let mut tables = Tables::new(file, seal.clone());
        let mut walk = Walk { prints: Prints::new(self.key), chunks, before: None };
        let mut held = 0;
        for number in numbers {
            let found = walk.chunk(number, &mut |kind, record| match kind {
                Kind::Held => tables.add(kind, record),
                Kind::Pages => pages.add(record, &mut spill),
                Kind::Features => features.add(record, &mut spill),
            })?;
            held += found;
        }
        tables.end_block()?;
        features.flush(&mut spill)?;
        let pages = tables.thinned(Kind::Pages, &mut pages.sorted(&mut spill)?)?;
        let features = tables.thinned(Kind::Features, &mut features.sorted(&mut spill)?)?;
        let file_bytes = tables.end()?;
        file.set_len(file_bytes).map_err(failed("cut off what was spilled"))?;
        let header = self.header([held, pages, features], &seal);
        file.write_all_at(&header, 0).map_err(failed("write an index's header"))
    }

    fn header(&self, records: [u64; 3], seal: &Seal) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend(MAGIC);
        header.extend(u64::from(self.key.is_some()).to_le_bytes());
        // The root of a sealed disk is in the seal's key alone.
        header.extend(if self.key.is_some() { [0; 32] } else { self.root });
        header.extend(self.salt);
        records.iter().for_each(|records| header.extend(records.to_le_bytes()));
        header.resize(CHECKED_HEADER_BYTES, 0);
        let check = seal.header_check(&header);
        header.extend(check);
        header
    }
}

/// Records out of chunks.
struct Walk<'c> {
    prints: Prints,
    chunks: &'c mut dyn Chunks,
    before: Option<u64>,
}

type Add<'a> = &'a mut dyn FnMut(Kind, u128) -> Result<(), IndexError>;

impl Walk<'_> {
    /// Everything the index says of one chunk; how many records of held chunks that is.
    fn chunk(&mut self, number: u64, add: Add<'_>) -> Result<u64, IndexError> {
        if number > CHUNK_NUMBER_MAX {
            return Err(IndexError::TooLarge { number });
        }
        if self.before.is_some_and(|before| before >= number) {
            return Err(IndexError::OutOfOrder { number });
        }
        self.before = Some(number);
        let mut bytes = zeroed();
        self.chunks.read(number, &mut bytes)?;
        let mut mask = 0_u16;
        for (place, page) in bytes.chunks_exact(PAGE_BYTES).enumerate() {
            if is_zero(page) {
                continue;
            }
            mask |= 1 << place;
            let page_number = u128::from(number * CHUNK_PAGES + place as u64);
            add(Kind::Pages, u128::from(self.prints.page(page)) << 32 | page_number)?;
            for feature in self.prints.features(page).as_slice() {
                add(Kind::Features, u128::from(*feature) << 32 | page_number)?;
            }
        }
        if mask == 0 {
            return Ok(0);
        }
        add(Kind::Held, u128::from(number) << 16 | u128::from(mask))?;
        Ok(1)
    }
}

/// Writes blocks one after the other, and the fences behind them.
struct Tables<'f> {
    out: BufWriter<&'f File>,
    seal: Seal,
    at: u64,
    number: u64,
    block: Vec<u8>,
    in_block: u64,
    fences: Vec<u64>,
}

impl<'f> Tables<'f> {
    fn new(file: &'f File, seal: Seal) -> Tables<'f> {
        let out = BufWriter::with_capacity(256 << 10, file);
        let at = HEADER_BYTES as u64;
        Tables { out, seal, at, number: 0, block: Vec::new(), in_block: 0, fences: Vec::new() }
    }

    fn add(&mut self, kind: Kind, record: u128) -> Result<(), IndexError> {
        if self.in_block == 0 {
            self.fences.push(kind.key(record));
        }
        kind.write(record, &mut self.block);
        self.in_block += 1;
        if self.in_block == BLOCK_RECORDS { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), IndexError> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.seal.close(self.number, &mut self.block);
        self.out.write_all(&self.block).map_err(failed("write an index"))?;
        self.at += self.block.len() as u64;
        self.number += 1;
        self.in_block = 0;
        self.block.clear();
        Ok(())
    }

    /// A whole table of sorted records, but for keys that too many share; how many were written.
    fn thinned(
        &mut self,
        kind: Kind,
        records: &mut dyn Iterator<Item = Result<u128, IndexError>>,
    ) -> Result<u64, IndexError> {
        let most = kind.of_one_key();
        let mut written = 0;
        let mut group: Vec<u128> = Vec::new();
        let mut end = |group: &mut Vec<u128>| {
            let is_dropped = kind == Kind::Features && group.len() > most;
            let kept = if is_dropped { 0 } else { group.len().min(most) };
            group.drain(..).take(kept).try_for_each(|record| {
                written += 1;
                self.add(kind, record)
            })
        };
        for record in records {
            let record = record?;
            if group.first().is_some_and(|first| kind.key(*first) != kind.key(record)) {
                end(&mut group)?;
            }
            if group.len() <= most {
                group.push(record);
            }
        }
        end(&mut group)?;
        self.end_block()?;
        Ok(written)
    }

    /// The fences; the length of the file.
    fn end(mut self) -> Result<u64, IndexError> {
        let fences = std::mem::take(&mut self.fences);
        for fences in fences.chunks(FENCE_BLOCK_BYTES as usize / 8) {
            fences.iter().for_each(|fence| self.block.extend(fence.to_le_bytes()));
            self.end_block()?;
        }
        self.out.flush().map_err(failed("write an index"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseIndex, CHUNK_BYTES, Unreadable};

    struct Letters;

    impl Chunks for Letters {
        fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
            let letters = (0_u8..=255).cycle().step_by(7 + number as usize);
            into.iter_mut().zip(letters).for_each(|(byte, letter)| *byte = letter);
            Ok(())
        }
    }

    #[test]
    fn the_bytes_of_a_sealed_index_of_page_indexes_version_1_do_not_change() {
        let key = IndexKey::new([5; 32]);
        let build = Build { root: [7; 32], salt: [6; 32], key: Some(&key) };
        let mut file = tempfile::tempfile().unwrap();
        build.run(&mut (0..3), &mut Letters, &mut file).unwrap();
        let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), SEALED);
        assert!(BaseIndex::open(file, [7; 32], Some(&key)).is_ok());
    }

    const SEALED: &str = "5ad95aaa9d34146e592f05636b636f61b20b08b9a0da9ed8f62f9c2f624f2f0a";
}
