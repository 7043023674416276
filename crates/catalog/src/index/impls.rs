//! The trait, method by method: each hands a job to the lane that does it.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use store::{
    ChunkId, ChunkIndex, ChunkRow, Domain, DomainRow, IndexFault, Move, NewChunk, PackNumber,
    PackUse, Place, Quarantined, RowKey, Seal, SweepStage, Totals,
};

use super::SqliteIndex;
use super::fault::fault;
use super::lane::Lane;
use super::writer::Writer;

/// A job of the writer whose errors are those of `action`.
async fn write<T: Send + 'static>(
    lane: &Lane<Writer>,
    action: &'static str,
    job: impl FnOnce(&mut Writer) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, IndexFault> {
    lane.call(move |writer| job(writer).map_err(|error| fault(action, error))).await
}

#[async_trait]
impl ChunkIndex for SqliteIndex {
    async fn ensure_domain(&self, name: &str, seal: Seal) -> Result<DomainRow, IndexFault> {
        let name = name.to_owned();
        write(&self.writer, "name a domain", move |writer| writer.ensure_domain(&name, seal)).await
    }

    async fn domains(&self) -> Result<Vec<DomainRow>, IndexFault> {
        write(&self.writer, "list domains", |writer| writer.domains()).await
    }

    async fn ensure_key_check(
        &self,
        domain: Domain,
        check: [u8; 32],
    ) -> Result<[u8; 32], IndexFault> {
        let job = move |writer: &mut Writer| writer.ensure_key_check(domain, check);
        write(&self.writer, "record a key check", job).await
    }

    async fn locate(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> Result<Vec<Option<Place>>, IndexFault> {
        let ids = ids.to_vec();
        let failed = |error| fault("look up chunks", error);
        self.lookup().call(move |reader| reader.locate(domain, &ids).map_err(failed)).await
    }

    async fn append(&self, rows: Vec<NewChunk>, packs: Vec<PackUse>) -> Result<(), IndexFault> {
        write(&self.writer, "record chunks", move |writer| writer.append(&rows, &packs)).await
    }

    async fn record_complete(
        &self,
        domain: Domain,
        trees: Vec<(ChunkId, u64)>,
    ) -> Result<(), IndexFault> {
        let job = move |writer: &mut Writer| writer.record_complete(domain, &trees);
        write(&self.writer, "record complete trees", job).await
    }

    async fn complete(
        &self,
        domain: Domain,
        ids: &[ChunkId],
    ) -> Result<Vec<Option<u64>>, IndexFault> {
        let ids = ids.to_vec();
        let failed = |error| fault("look up complete trees", error);
        self.lookup().call(move |reader| reader.complete(domain, &ids).map_err(failed)).await
    }

    async fn scan_complete(
        &self,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<(RowKey, u64)>, IndexFault> {
        let failed = |error| fault("list complete trees", error);
        self.scans.call(move |reader| reader.scan_complete(after, limit).map_err(failed)).await
    }

    async fn clear_complete(&self, domain: Domain) -> Result<(), IndexFault> {
        let job = move |writer: &mut Writer| writer.clear_complete(domain);
        write(&self.writer, "forget complete trees", job).await
    }

    async fn settle(&self) -> Result<(), IndexFault> {
        // A run that has begun may lack what was staged since: wait for the one after it, slice by slice, so that
        // appends go on in between.
        let until = write(&self.writer, "merge", |writer| Ok(writer.runs_begun + 1)).await?;
        let slice = move |writer: &mut Writer| {
            writer.merge_slice()?;
            Ok(writer.runs_ended >= until)
        };
        while !write(&self.writer, "merge", slice).await? {}
        Ok(())
    }

    async fn scan(&self, after: Option<RowKey>, limit: usize) -> Result<Vec<ChunkRow>, IndexFault> {
        let failed = |error| fault("list chunks", error);
        self.scans.call(move |reader| reader.scan(after, limit).map_err(failed)).await
    }

    async fn sweep_stage(&self) -> Result<SweepStage, IndexFault> {
        write(&self.writer, "read the sweep's stage", |writer| {
            let decided = writer.shared.decided.load(Ordering::SeqCst);
            Ok(if decided { SweepStage::Decided } else { SweepStage::Open })
        })
        .await
    }

    async fn propose(&self, keys: Vec<RowKey>) -> Result<(), IndexFault> {
        write(&self.writer, "propose chunks", move |writer| writer.propose(&keys)).await
    }

    async fn spare(&self, keys: Vec<RowKey>) -> Result<(), IndexFault> {
        write(&self.writer, "spare chunks", move |writer| writer.spare(&keys)).await
    }

    async fn abandon_sweep(&self) -> Result<(), IndexFault> {
        write(&self.writer, "abandon a sweep", Writer::abandon_sweep).await
    }

    async fn decide(&self) -> Result<u64, IndexFault> {
        write(&self.writer, "decide a sweep", Writer::decide).await
    }

    async fn drop_condemned(&self, limit: usize) -> Result<u64, IndexFault> {
        write(&self.writer, "delete chunks", move |writer| writer.drop_condemned(limit)).await
    }

    async fn packs(&self) -> Result<Vec<PackUse>, IndexFault> {
        write(&self.writer, "list packs", Writer::packs).await
    }

    async fn rows_in(&self, packs: &[PackNumber]) -> Result<Vec<ChunkRow>, IndexFault> {
        let packs = packs.to_vec();
        let failed = |error| fault("list the chunks of packs", error);
        self.scans.call(move |reader| reader.rows_in(&packs).map_err(failed)).await
    }

    async fn relocate(
        &self,
        moves: Vec<Move>,
        packs: Vec<PackUse>,
    ) -> Result<Vec<bool>, IndexFault> {
        write(&self.writer, "move chunks", move |writer| writer.relocate(&moves, &packs)).await
    }

    async fn forget_pack(&self, pack: PackNumber) -> Result<bool, IndexFault> {
        write(&self.writer, "forget a pack", move |writer| writer.forget_pack(pack)).await
    }

    async fn quarantine(&self, found: Vec<Quarantined>) -> Result<(), IndexFault> {
        write(&self.writer, "set chunks aside", move |writer| writer.quarantine(&found)).await
    }

    async fn quarantined(&self) -> Result<Vec<Quarantined>, IndexFault> {
        let failed = |error| fault("list damaged chunks", error);
        self.scans.call(move |reader| reader.quarantined().map_err(failed)).await
    }

    async fn forget_quarantined(&self, keys: Vec<RowKey>) -> Result<(), IndexFault> {
        let job = move |writer: &mut Writer| writer.forget_quarantined(&keys);
        write(&self.writer, "forget damaged chunks", job).await
    }

    async fn totals(&self) -> Result<Totals, IndexFault> {
        write(&self.writer, "sum up", Writer::totals).await
    }
}
