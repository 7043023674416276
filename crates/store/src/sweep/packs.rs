//! The sweep's end: packs without rows are deleted, packs with few are rewritten.

use std::collections::HashMap;
use std::sync::Arc;

use fail::fail_point;

use crate::backend::StoreBackend;
use crate::chunk::Domain;
use crate::engine::shelf::OpenPack;
use crate::fault::StoreFault;
use crate::index::{ChunkRow, Move, PackUse};
use crate::pack::{PACK_HEADER_BYTES, PackNumber, Place};
use crate::read::{Checked, blocking, check_frame, runs};
use crate::sealing::Access;
use crate::store::Inner;
use crate::sweep::{Phase, Sweep};

/// Packs whose rows are read from the index at once: about 10 MiB of rows.
const PACKS_AT_ONCE: usize = 64;
/// Space behind a closed pack that is worth giving back.
const SLACK_BYTES: u64 = 1 << 20;

/// Packs still to be rewritten, and the new packs that take their frames.
pub(super) struct Rewrite {
    victims: Vec<PackUse>,
    rows: HashMap<PackNumber, Vec<ChunkRow>>,
}

impl Sweep {
    pub(super) async fn packs(&mut self) -> Result<Phase, StoreFault> {
        let inner = Arc::clone(&self.store.inner);
        inner.engine.shared().shelf.close_idle();
        let backend = Arc::clone(&inner.backend);
        let files = blocking(move || backend.list()).await??;
        // First the listing, then who is open, then the rows: a pack that is not open gets no more rows.
        let closed = |pack: &PackNumber| !inner.engine.shared().shelf.is_open(*pack);
        let files: Vec<_> = files.into_iter().filter(|file| closed(&file.number)).collect();
        let packs = inner.index.packs().await?;
        let known: HashMap<PackNumber, &PackUse> =
            packs.iter().map(|pack| (pack.number, pack)).collect();
        let unknown = files.iter().map(|file| file.number).filter(|pack| !known.contains_key(pack));
        let empty = packs.iter().filter(|pack| pack.live_bytes == 0).map(|pack| pack.number);
        for pack in unknown.chain(empty).filter(closed) {
            fail_point!("gc.recheck", |_| Err(crate::sweep::injected("recheck a pack")));
            if inner.index.forget_pack(pack).await? {
                self.delete(pack).await?;
            }
        }
        for file in files {
            // Space reserved by a process that was killed.
            let used = known.get(&file.number).map(|pack| pack.used_bytes);
            if let Some(used) = used.filter(|used| file.bytes_on_disk > used + SLACK_BYTES) {
                let backend = Arc::clone(&inner.backend);
                blocking(move || backend.ensure_trimmed(file.number, used)).await??;
            }
        }
        let victims = packs.into_iter().filter(|pack| closed(&pack.number) && is_sparse(pack));
        self.rewrite = Some(Rewrite { victims: victims.collect(), rows: HashMap::new() });
        Ok(Phase::Rewrite)
    }

    /// Rewrites one pack.
    pub(super) async fn rewrite(&mut self) -> Result<Phase, StoreFault> {
        let inner = Arc::clone(&self.store.inner);
        let work = self.rewrite.as_mut().expect("the packs before it found the victims");
        let Some(victim) = work.victims.last().copied() else { return Ok(Phase::Done) };
        if !work.rows.contains_key(&victim.number) {
            let next = work.victims.iter().rev().take(PACKS_AT_ONCE).map(|pack| pack.number);
            let next: Vec<PackNumber> = next.collect();
            let rows = inner.index.rows_in(&next).await?;
            work.rows = next.into_iter().map(|pack| (pack, Vec::new())).collect();
            for row in rows {
                work.rows.entry(row.place.pack).or_default().push(row);
            }
        }
        let rows = work.rows.get(&victim.number).cloned().unwrap_or_default();
        inner.move_rows(victim.domain, rows).await?;
        if inner.index.forget_pack(victim.number).await? {
            self.delete(victim.number).await?;
            self.swept.packs_rewritten += 1;
            self.swept.packs_deleted -= 1;
        }
        let work = self.rewrite.as_mut().expect("it is still there");
        work.victims.pop();
        work.rows.remove(&victim.number);
        Ok(Phase::Rewrite)
    }

    async fn delete(&mut self, pack: PackNumber) -> Result<(), StoreFault> {
        fail_point!("gc.unlink", |_| Err(crate::sweep::injected("delete a pack")));
        let backend = Arc::clone(&self.store.inner.backend);
        blocking(move || backend.ensure_deleted(pack)).await??;
        self.swept.packs_deleted += 1;
        Ok(())
    }
}

fn is_sparse(pack: &PackUse) -> bool {
    let frames = pack.used_bytes.saturating_sub(PACK_HEADER_BYTES as u64);
    pack.live_bytes > 0 && pack.live_bytes * 5 < frames * 4
}

impl Inner {
    /// Copies the frames of these rows to another pack, durably, and then moves the rows that still are as they were.
    async fn move_rows(&self, domain: Domain, rows: Vec<ChunkRow>) -> Result<(), StoreFault> {
        let mut rest = rows;
        while !rest.is_empty() {
            let shelf = Arc::clone(&self.engine.shared().shelf);
            let pack = shelf.take(domain)?;
            let (backend, target) = (Arc::clone(&self.backend), Arc::clone(&pack));
            let access = self.domains.access(domain);
            let copied = blocking(move || copy(rest, &*backend, (&target, &access))).await??;
            rest = copied.rest;
            self.quarantine(copied.damaged).await?;
            let used =
                PackUse { number: pack.number, domain, used_bytes: pack.written(), live_bytes: 0 };
            self.index.relocate(copied.moves, vec![used]).await?;
            shelf.give_back(pack);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Copied {
    moves: Vec<Move>,
    damaged: Vec<ChunkRow>,
    /// What the target has no room for.
    rest: Vec<ChunkRow>,
}

fn copy(
    rows: Vec<ChunkRow>,
    backend: &dyn StoreBackend,
    (target, access): (&OpenPack, &Access),
) -> Result<Copied, StoreFault> {
    let mut copied = Copied::default();
    for run in runs(rows) {
        if target.is_full() {
            copied.rest.extend(run.rows);
            continue;
        }
        // A pack that is gone lost its rows: they were deleted or set aside meanwhile.
        let found = match run.read(backend, access.seal()) {
            Err(StoreFault::PackGone { .. }) => continue,
            other => other?,
        };
        for (row, frame) in found {
            // Damage is not carried on, as far as it can be seen without keys.
            let sound = match &frame {
                Ok(frame) => check_frame(frame, access)?,
                Err(error) => Err(error.clone()),
            };
            match (sound, frame) {
                (Ok(Checked::Hash | Checked::Checksum), Ok(_)) if target.is_full() => {
                    copied.rest.push(row);
                }
                (Ok(Checked::Hash | Checked::Checksum), Ok(frame)) => {
                    let (pack, offset) = (target.number, target.written());
                    target.append(frame.bytes())?;
                    let to = Place { pack, offset, length: row.place.length };
                    copied.moves.push(Move { row, to });
                }
                (Err(_), _) | (_, Err(_)) => copied.damaged.push(row),
            }
        }
    }
    target.sync()?;
    Ok(copied)
}
