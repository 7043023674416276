//! What a chunk index must do. It says what the store holds; nothing else does.

use async_trait::async_trait;

use crate::chunk::{ChunkId, Domain};
use crate::fault::IndexFault;
use crate::frame::Seal;
use crate::pack::{PackNumber, Place};

/// A domain as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainRow {
    /// Its number.
    pub domain: Domain,
    /// Its name, as it was given.
    pub name: String,
    /// How its frames are sealed at rest, from the first to the last.
    pub seal: Seal,
    /// What the keys of a sealed one must come to, once a chunk was put (docs/formats.md, section 5).
    pub key_check: Option<[u8; 32]>,
}

/// A chunk whose frame is durable and shall be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// Its domain.
    pub domain: Domain,
    /// Its id.
    pub id: ChunkId,
    /// Where its frame lies.
    pub place: Place,
}

/// A recorded chunk.
pub type ChunkRow = NewChunk;

/// The key by which rows are ordered.
pub type RowKey = (Domain, ChunkId);

/// How much of a pack is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackUse {
    /// The pack.
    pub number: PackNumber,
    /// Its domain.
    pub domain: Domain,
    /// Bytes written that rows were recorded for, the header included.
    pub used_bytes: u64,
    /// Bytes of frames that rows point at now. Ignored when it is recorded.
    pub live_bytes: u64,
}

/// A row that moves to another pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The row as it must still be.
    pub row: ChunkRow,
    /// Its new place.
    pub to: Place,
}

/// A damaged chunk, set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The row as it was.
    pub row: ChunkRow,
    /// When it was found, in milliseconds since 1970.
    pub found_ms: i64,
}

/// How far a sweep had come when the index was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepStage {
    /// Nothing is decided; proposals may be forgotten.
    Open,
    /// The proposed chunks count as absent, and their rows are being deleted.
    Decided,
}

/// Sums over the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Chunks recorded.
    pub chunks: u64,
    /// Bytes of their frames.
    pub frame_bytes: u64,
    /// Bytes of packs in use, those of frames without a row included.
    pub pack_bytes: u64,
    /// Chunks set aside as damaged.
    pub quarantined: u64,
}

/// The chunk index of one store. An implementation has its own threads; every method that records is durable when it returns.
///
/// A chunk that is condemned (by a decided sweep) or quarantined counts as absent everywhere.
#[async_trait]
pub trait ChunkIndex: Send + Sync + 'static {
    /// The domain with this name; made with this seal when it is new, else as it is.
    async fn ensure_domain(&self, name: &str, seal: Seal) -> Result<DomainRow, IndexFault>;

    /// All domains.
    async fn domains(&self) -> Result<Vec<DomainRow>, IndexFault>;

    /// What the keys of a domain must come to: what was recorded first, which is this when nothing was.
    async fn ensure_key_check(
        &self,
        domain: Domain,
        check: [u8; 32],
    ) -> Result<[u8; 32], IndexFault>;

    /// Where these chunks lie, in the order asked.
    async fn locate(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> Result<Vec<Option<Place>>, IndexFault>;

    /// Records chunks and the use of their packs in one durable transaction.
    ///
    /// A chunk that is recorded already keeps its row. One that is condemned is revived: the row is replaced, and what said
    /// that the tree under it is complete is dropped. One that is only proposed is spared. One in quarantine is healed.
    async fn append(&self, rows: Vec<NewChunk>, packs: Vec<PackUse>) -> Result<(), IndexFault>;

    /// Records that everything under these nodes or roots is stored, with the places that are not zero.
    async fn record_complete(
        &self,
        domain: Domain,
        trees: Vec<(ChunkId, u64)>,
    ) -> Result<(), IndexFault>;

    /// Which of these nodes or roots are complete, in the order asked.
    async fn complete(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> Result<Vec<Option<u64>>, IndexFault>;

    /// The next complete marks in the order of their keys, with their places.
    async fn scan_complete(
        &self,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<(RowKey, u64)>, IndexFault>;

    /// Forgets every complete mark of a domain.
    async fn clear_complete(&self, domain: Domain) -> Result<(), IndexFault>;

    /// Merges what is staged, so that [`ChunkIndex::scan`] sees every row recorded before this call.
    async fn settle(&self) -> Result<(), IndexFault>;

    /// The next rows in the order of their keys. Rows that are still staged are left out.
    async fn scan(&self, after: Option<RowKey>, limit: usize) -> Result<Vec<ChunkRow>, IndexFault>;

    /// How far a sweep has come.
    async fn sweep_stage(&self) -> Result<SweepStage, IndexFault>;

    /// Proposes chunks for deletion. Look-ups do not see this.
    async fn propose(&self, keys: Vec<RowKey>) -> Result<(), IndexFault>;

    /// Takes back proposals.
    async fn spare(&self, keys: Vec<RowKey>) -> Result<(), IndexFault>;

    /// Takes back all proposals of a sweep that is not decided. Does nothing to a decided one.
    async fn abandon_sweep(&self) -> Result<(), IndexFault>;

    /// Decides: from now on the proposed chunks are condemned. Returns how many.
    async fn decide(&self) -> Result<u64, IndexFault>;

    /// Deletes up to `limit` condemned rows, with their complete marks. Returns how many are gone; with 0 the sweep is over.
    async fn drop_condemned(&self, limit: usize) -> Result<u64, IndexFault>;

    /// All packs that have been recorded, with their use.
    async fn packs(&self) -> Result<Vec<PackUse>, IndexFault>;

    /// All rows in these packs, by place.
    async fn rows_in(&self, packs: &[PackNumber]) -> Result<Vec<ChunkRow>, IndexFault>;

    /// Moves the rows that still are as stated. Tells for each whether it moved.
    async fn relocate(
        &self,
        moves: Vec<Move>,
        packs: Vec<PackUse>,
    ) -> Result<Vec<bool>, IndexFault>;

    /// Forgets a pack unless a row points into it. Returns whether it is forgotten (or was unknown).
    async fn forget_pack(&self, pack: PackNumber) -> Result<bool, IndexFault>;

    /// Sets damaged chunks aside where the row still is as stated, and clears the complete marks of their domains.
    async fn quarantine(&self, found: Vec<Quarantined>) -> Result<(), IndexFault>;

    /// The damaged chunks that have not been stored anew.
    async fn quarantined(&self) -> Result<Vec<Quarantined>, IndexFault>;

    /// Forgets damaged chunks that nothing refers to.
    async fn forget_quarantined(&self, keys: Vec<RowKey>) -> Result<(), IndexFault>;

    /// Sums.
    async fn totals(&self) -> Result<Totals, IndexFault>;
}
