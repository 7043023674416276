//! Sorting more records than memory holds: sorted runs behind the index, merged into it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::layout::Kind;
use super::seal::Seal;
use super::{IndexError, failed};

/// Where runs lie in the file: behind any index, and cut off before it is whole. Nothing is there, so nothing is used up.
const SPILL_OFFSET: u64 = 1 << 40;
/// Records sorted at a time: 16 MiB of them.
const RUN_RECORDS: usize = 1 << 20;
/// Records of a spilled block; one of each run is in memory while they are merged.
const BLOCK_RECORDS: usize = 4_096;
/// Runs merged at a time: 16 MiB of blocks.
const FAN: usize = 256;

/// Where the runs of one file are written.
pub(super) struct Spill<'f> {
    file: &'f File,
    seal: Seal,
    offset: u64,
    block: u64,
}

impl<'f> Spill<'f> {
    pub(super) fn new(file: &'f File, seal: Seal) -> Spill<'f> {
        Spill { file, seal, offset: SPILL_OFFSET, block: 0 }
    }

    fn run(
        &mut self,
        kind: Kind,
        records: &mut dyn Iterator<Item = Result<u128, IndexError>>,
    ) -> Result<Run, IndexError> {
        let mut run = Run { kind, offset: self.offset, block: self.block, records: 0 };
        let mut block = Vec::new();
        let mut in_block = 0;
        for record in records {
            kind.write(record?, &mut block);
            run.records += 1;
            in_block += 1;
            if in_block == BLOCK_RECORDS {
                self.write(&mut block)?;
                in_block = 0;
            }
        }
        if in_block > 0 {
            self.write(&mut block)?;
        }
        Ok(run)
    }

    fn write(&mut self, block: &mut Vec<u8>) -> Result<(), IndexError> {
        self.seal.close(self.block, block);
        self.file.write_all_at(block, self.offset).map_err(failed("spill records"))?;
        self.offset += block.len() as u64;
        self.block += 1;
        block.clear();
        Ok(())
    }
}

/// A sorted run on disk.
#[derive(Clone, Copy)]
struct Run {
    kind: Kind,
    offset: u64,
    block: u64,
    records: usize,
}

/// Takes records of one table in any order, and gives them back in theirs.
pub(super) struct Sorter {
    kind: Kind,
    buffer: Vec<u128>,
    runs: Vec<Run>,
}

impl Sorter {
    pub(super) fn new(kind: Kind) -> Sorter {
        Sorter { kind, buffer: Vec::new(), runs: Vec::new() }
    }

    pub(super) fn add(&mut self, record: u128, spill: &mut Spill<'_>) -> Result<(), IndexError> {
        self.buffer.push(record);
        if self.buffer.len() == RUN_RECORDS { self.flush(spill) } else { Ok(()) }
    }

    /// What was added so far goes to disk, and its memory goes.
    pub(super) fn flush(&mut self, spill: &mut Spill<'_>) -> Result<(), IndexError> {
        let mut records = std::mem::take(&mut self.buffer);
        if records.is_empty() {
            return Ok(());
        }
        records.sort_unstable();
        self.runs.push(spill.run(self.kind, &mut records.into_iter().map(Ok))?);
        Ok(())
    }

    /// Each record in order, twins included.
    pub(super) fn sorted<'s>(mut self, spill: &'s mut Spill<'_>) -> Result<Merge<'s>, IndexError> {
        self.flush(spill)?;
        while self.runs.len() > FAN {
            let rest = self.runs.split_off(FAN);
            let (file, seal) = (spill.file, spill.seal.clone());
            let mut merge = Merge::new(file, &seal, &self.runs)?;
            let run = spill.run(self.kind, &mut merge)?;
            self.runs = rest;
            self.runs.push(run);
        }
        Merge::new(spill.file, &spill.seal, &self.runs)
    }
}

/// Sorted runs, read together.
pub(super) struct Merge<'s> {
    readers: Vec<Reader<'s>>,
    least: BinaryHeap<Reverse<(u128, usize)>>,
}

impl<'s> Merge<'s> {
    fn new(file: &'s File, seal: &'s Seal, runs: &[Run]) -> Result<Merge<'s>, IndexError> {
        let reader = |run: &Run| Reader { file, seal, run: *run, block: Vec::new(), place: 0 };
        let mut readers: Vec<_> = runs.iter().map(reader).collect();
        let mut least = BinaryHeap::new();
        for (place, reader) in readers.iter_mut().enumerate() {
            least.extend(reader.take()?.map(|record| Reverse((record, place))));
        }
        Ok(Merge { readers, least })
    }

    fn take(&mut self) -> Result<Option<u128>, IndexError> {
        let Some(Reverse((record, place))) = self.least.pop() else { return Ok(None) };
        self.least.extend(self.readers[place].take()?.map(|record| Reverse((record, place))));
        Ok(Some(record))
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<u128, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take().transpose()
    }
}

struct Reader<'s> {
    file: &'s File,
    seal: &'s Seal,
    run: Run,
    block: Vec<u8>,
    place: usize,
}

impl Reader<'_> {
    fn take(&mut self) -> Result<Option<u128>, IndexError> {
        let bytes = self.run.kind.record_bytes();
        if self.place * bytes == self.block.len() {
            if self.run.records == 0 {
                return Ok(None);
            }
            self.load()?;
        }
        self.place += 1;
        Ok(Some(self.run.kind.read(&self.block, self.place - 1)))
    }

    fn load(&mut self) -> Result<(), IndexError> {
        let records = self.run.records.min(BLOCK_RECORDS);
        self.block.resize(records * self.run.kind.record_bytes() + self.seal.check_bytes(), 0);
        let read = self.file.read_exact_at(&mut self.block, self.run.offset);
        read.map_err(failed("read spilled records"))?;
        self.run.offset += self.block.len() as u64;
        if !self.seal.open(self.run.block, &mut self.block) {
            return Err(IndexError::Damaged { block: self.run.block });
        }
        self.run.block += 1;
        self.run.records -= records;
        self.place = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_many_runs_come_back_sorted_and_sealed_ones_are_not_in_the_clear() {
        for seal in
            [Seal::Plain, Seal::of_index(Some(&crate::IndexKey::new([1; 32])), &[0; 32], &[0; 32])]
        {
            let file = tempfile::tempfile().unwrap();
            let mut spill = Spill::new(&file, seal);
            let mut sorter = Sorter::new(Kind::Features);
            let mut all = Vec::new();
            // More runs than are merged at a time.
            for run in 0..FAN as u128 + 9 {
                for place in 0..40 {
                    let record = (place * 7_919 + run * 104_729) % 100_003;
                    sorter.add(record, &mut spill).unwrap();
                    all.push(record);
                }
                sorter.flush(&mut spill).unwrap();
            }
            all.sort_unstable();
            let sorted: Result<Vec<u128>, _> = sorter.sorted(&mut spill).unwrap().collect();
            assert_eq!(sorted.unwrap(), all);
        }
    }
}
