//! The tables of a qcow2 being written.
//!
//! Clusters are handed out in the order in which they are asked for, L2 tables among the data. Only the L1 table is in
//! memory; L2 entries are written to the file as they come. Refcounts are all one and go to the end, the header comes
//! last: a file without it is no qcow2.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

const CLUSTER_BITS: u32 = 16;
const CLUSTER_BYTES: u64 = 1 << CLUSTER_BITS;
/// Entries in an L2 table.
const L2_ENTRIES: u64 = CLUSTER_BYTES / 8;
/// 16-bit refcounts in a refcount block.
const REFCOUNTS: u64 = CLUSTER_BYTES / 2;
/// Bit 63 of L1 and L2 entries: the refcount is exactly one.
const COPIED: u64 = 1 << 63;

/// Tables of one image being written.
pub(crate) struct Qcow2Tables {
    size_bytes: u64,
    state: Mutex<State>,
}

struct State {
    /// Offsets of the L2 tables, 0 for none yet.
    l1: Vec<u64>,
    /// The first cluster of the file not handed out.
    next_cluster: u64,
}

impl State {
    fn allocate(&mut self) -> u64 {
        let offset = self.next_cluster * CLUSTER_BYTES;
        self.next_cluster += 1;
        offset
    }
}

impl Qcow2Tables {
    pub(crate) fn new(size_bytes: u64) -> Qcow2Tables {
        let entries = size_bytes.div_ceil(CLUSTER_BYTES * L2_ENTRIES);
        let next_cluster = 1 + (entries * 8).div_ceil(CLUSTER_BYTES);
        let state = Mutex::new(State { l1: vec![0; entries as usize], next_cluster });
        Qcow2Tables { size_bytes, state }
    }

    /// Writes data, neighbouring clusters in one go.
    pub(crate) fn write_at(&self, file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let table_end = (at / (CLUSTER_BYTES * L2_ENTRIES) + 1) * CLUSTER_BYTES * L2_ENTRIES;
            let (part, after) = rest.split_at((table_end - at).min(rest.len() as u64) as usize);
            let end = at + part.len() as u64;
            let clusters = self.place(file, at / CLUSTER_BYTES, end.div_ceil(CLUSTER_BYTES))?;
            write_clusters(file, at, part, &clusters)?;
            (at, rest) = (end, after);
        }
        Ok(())
    }

    /// Offsets in the file of the disk's clusters from `first` up to `end`, all of one L2 table; makes what is absent.
    fn place(&self, file: &File, first: u64, end: u64) -> io::Result<Vec<u64>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let index = (first / L2_ENTRIES) as usize;
        if state.l1[index] == 0 {
            let table = state.allocate();
            // Zeros up to the table's end, so that its entries can be read back.
            file.set_len(table + CLUSTER_BYTES)?;
            state.l1[index] = table;
        }
        let entries_at = state.l1[index] + first % L2_ENTRIES * 8;
        let mut entries = vec![0; (end - first) as usize * 8];
        file.read_exact_at(&mut entries, entries_at)?;
        let mut offsets = Vec::with_capacity((end - first) as usize);
        let mut is_grown = false;
        for entry in entries.chunks_exact_mut(8) {
            let mut value = u64::from_be_bytes(entry.try_into().expect("a chunk of 8 bytes"));
            if value == 0 {
                value = state.allocate() | COPIED;
                entry.copy_from_slice(&value.to_be_bytes());
                is_grown = true;
            }
            offsets.push(value & !COPIED);
        }
        if is_grown {
            file.write_all_at(&entries, entries_at)?;
        }
        Ok(offsets)
    }

    /// Writes L1 table, refcounts and, last, the header.
    pub(crate) fn finish(self, file: &File) -> io::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let refcounts = Refcounts::after(state.next_cluster);
        file.set_len(refcounts.clusters * CLUSTER_BYTES)?;
        let entry = |table: &u64| if *table == 0 { 0 } else { table | COPIED };
        let l1: Vec<u8> = state.l1.iter().flat_map(|table| entry(table).to_be_bytes()).collect();
        file.write_all_at(&l1, CLUSTER_BYTES)?;
        refcounts.write(file)?;
        let header = header(self.size_bytes, state.l1.len() as u32, &refcounts);
        file.write_all_at(&header, 0)
    }
}

/// Writes `bytes` of the disk from `at` into the clusters at `offsets` of the file.
fn write_clusters(file: &File, at: u64, bytes: &[u8], offsets: &[u64]) -> io::Result<()> {
    let mut within = at % CLUSTER_BYTES;
    let mut rest = bytes;
    for run in offsets.chunk_by(|one, next| one + CLUSTER_BYTES == *next) {
        let room = run.len() as u64 * CLUSTER_BYTES - within;
        let (part, after) = rest.split_at(room.min(rest.len() as u64) as usize);
        file.write_all_at(part, run[0] + within)?;
        (rest, within) = (after, 0);
    }
    Ok(())
}

/// Where the refcounts go: blocks first, then the table, at the end of the file. They count themselves too.
struct Refcounts {
    first_block: u64,
    blocks: u64,
    table_clusters: u64,
    /// Clusters in the whole file.
    clusters: u64,
}

impl Refcounts {
    fn after(used: u64) -> Refcounts {
        let (mut blocks, mut table_clusters) = (0, 0);
        loop {
            let clusters = used + blocks + table_clusters;
            let (enough_blocks, enough_table) =
                (clusters.div_ceil(REFCOUNTS), (blocks * 8).div_ceil(CLUSTER_BYTES));
            if (enough_blocks, enough_table) == (blocks, table_clusters) {
                return Refcounts { first_block: used, blocks, table_clusters, clusters };
            }
            (blocks, table_clusters) = (enough_blocks, enough_table);
        }
    }

    fn table_offset(&self) -> u64 {
        (self.first_block + self.blocks) * CLUSTER_BYTES
    }

    fn write(&self, file: &File) -> io::Result<()> {
        let ones = 1u16.to_be_bytes().repeat(REFCOUNTS as usize);
        for block in 0..self.blocks {
            let counted = (self.clusters - block * REFCOUNTS).min(REFCOUNTS) as usize;
            let offset = (self.first_block + block) * CLUSTER_BYTES;
            file.write_all_at(&ones[..counted * 2], offset)?;
        }
        let block_offset = |block| (self.first_block + block) * CLUSTER_BYTES;
        let table: Vec<u8> =
            (0..self.blocks).flat_map(|block| block_offset(block).to_be_bytes()).collect();
        file.write_all_at(&table, self.table_offset())
    }
}

/// A version 3 header without extensions; the zeros behind it end the list of extensions.
fn header(size_bytes: u64, l1_entries: u32, refcounts: &Refcounts) -> Vec<u8> {
    const VERSION: u32 = 3;
    const REFCOUNT_ORDER: u32 = 4;
    const HEADER_BYTES: u32 = 104;
    let mut header = Vec::with_capacity(HEADER_BYTES as usize);
    header.extend(b"QFI\xfb");
    header.extend(VERSION.to_be_bytes());
    header.extend([0; 12]); // no backing file
    header.extend(CLUSTER_BITS.to_be_bytes());
    header.extend(size_bytes.to_be_bytes());
    header.extend([0; 4]); // not encrypted
    header.extend(l1_entries.to_be_bytes());
    header.extend(CLUSTER_BYTES.to_be_bytes()); // the L1 table follows the header's cluster
    header.extend(refcounts.table_offset().to_be_bytes());
    header.extend((refcounts.table_clusters as u32).to_be_bytes());
    header.extend([0; 12]); // no snapshots
    header.extend([0; 24]); // no feature bits
    header.extend(REFCOUNT_ORDER.to_be_bytes());
    header.extend(HEADER_BYTES.to_be_bytes());
    header
}
