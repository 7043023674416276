//! Where things lie in an index file.

/// What begins the file; the last byte is the version.
pub(super) const MAGIC: [u8; 8] = *b"FERRYPX1";
pub(super) const HEADER_BYTES: usize = 128;
pub(super) const CHECKED_HEADER_BYTES: usize = 112;
/// Records of a block.
pub(super) const BLOCK_RECORDS: u64 = 256;
/// Bytes of a block of fences.
pub(super) const FENCE_BLOCK_BYTES: u64 = 4_096;
pub(super) const FENCE_BYTES: u64 = 8;
/// Chunk numbers above would have page numbers above 32 bits: disks of 16 TiB.
pub(super) const CHUNK_NUMBER_MAX: u64 = (1 << 28) - 1;

/// The three tables, in the order in which they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Held,
    Pages,
    Features,
}

pub(super) const KINDS: [Kind; 3] = [Kind::Held, Kind::Pages, Kind::Features];

impl Kind {
    pub(super) fn record_bytes(self) -> usize {
        match self {
            Kind::Held => 6,
            Kind::Pages => 12,
            Kind::Features => 8,
        }
    }

    /// Low bits of a record that are no part of its key.
    pub(super) fn value_bits(self) -> u32 {
        match self {
            Kind::Held => 16,
            Kind::Pages | Kind::Features => 32,
        }
    }

    /// Records of one key: at most so many are kept or, of features, the key is left out.
    pub(super) fn of_one_key(self) -> usize {
        match self {
            Kind::Held => 1,
            Kind::Pages => 4,
            Kind::Features => 16,
        }
    }

    pub(super) fn key(self, record: u128) -> u64 {
        (record >> self.value_bits()) as u64
    }

    pub(super) fn value(self, record: u128) -> u32 {
        (record & ((1 << self.value_bits()) - 1)) as u32
    }

    pub(super) fn write(self, record: u128, out: &mut Vec<u8>) {
        out.extend_from_slice(&record.to_le_bytes()[..self.record_bytes()]);
    }

    /// The record of that place in a block.
    pub(super) fn read(self, block: &[u8], place: usize) -> u128 {
        let bytes = self.record_bytes();
        let mut record = [0; 16];
        record[..bytes].copy_from_slice(&block[place * bytes..][..bytes]);
        u128::from_le_bytes(record)
    }
}

/// One table in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) kind: Kind,
    pub(super) records: u64,
    /// Where its first block begins.
    pub(super) offset: u64,
    /// The number of its first block.
    pub(super) first_block: u64,
    check_bytes: u64,
}

impl Extent {
    pub(super) fn blocks(&self) -> u64 {
        self.records.div_ceil(BLOCK_RECORDS)
    }

    /// Where a block of the table begins in the file, and how many bytes it has with its check.
    pub(super) fn block(&self, block: u64) -> (u64, usize) {
        let full = BLOCK_RECORDS * self.kind.record_bytes() as u64 + self.check_bytes;
        let records = BLOCK_RECORDS.min(self.records - block * BLOCK_RECORDS);
        let bytes = records * self.kind.record_bytes() as u64 + self.check_bytes;
        (self.offset + block * full, bytes as usize)
    }
}

/// A whole file: its tables, its fences, its length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) tables: [Extent; 3],
    pub(super) fences: u64,
    pub(super) fences_offset: u64,
    pub(super) fences_block: u64,
    pub(super) file_bytes: u64,
}

impl Layout {
    /// `None` when no file is that long.
    pub(super) fn new(records: [u64; 3], check_bytes: u64) -> Option<Layout> {
        let (mut offset, mut block) = (HEADER_BYTES as u64, 0_u64);
        let mut tables =
            KINDS.map(|kind| Extent { kind, records: 0, offset, first_block: 0, check_bytes });
        for (table, records) in tables.iter_mut().zip(records) {
            *table = Extent { kind: table.kind, records, offset, first_block: block, check_bytes };
            let bytes = records.checked_mul(table.kind.record_bytes() as u64)?;
            let checks = table.blocks().checked_mul(check_bytes)?;
            offset = offset.checked_add(bytes)?.checked_add(checks)?;
            block += table.blocks();
        }
        let fences = block;
        let fence_bytes = fences.checked_mul(FENCE_BYTES)?;
        let checks = fence_bytes.div_ceil(FENCE_BLOCK_BYTES).checked_mul(check_bytes)?;
        let file_bytes = offset.checked_add(fence_bytes)?.checked_add(checks)?;
        Some(Layout { tables, fences, fences_offset: offset, fences_block: block, file_bytes })
    }
}
