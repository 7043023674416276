//! The scrub: reads everything again, and sets aside what is no longer true.

use std::collections::HashMap;

use fail::fail_point;

use crate::fault::StoreFault;
use crate::frame::FrameError;
use crate::index::ChunkRow;
use crate::pace::{Pace, Pacer};
use crate::pack::PackNumber;
use crate::read::{Checked, Found, Run, check_frame, runs};
use crate::store::ChunkStore;

/// Packs whose rows are read from the index at once.
const PACKS_AT_ONCE: usize = 64;

/// What a scrub found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Chunks read and hashed.
    pub chunks: u64,
    /// Chunks of locked domains: read, but compared with their checksums alone.
    pub locked: u64,
    /// Bytes of the frames of all these.
    pub bytes: u64,
    /// Chunks that were damaged, now set aside.
    pub damaged: Vec<ChunkRow>,
    /// The last pack that was finished. A scrub may go on behind it.
    pub last: Option<PackNumber>,
}

impl ChunkStore {
    /// Reads the packs behind `after`, in the order of their numbers, and checks every chunk in them by checksum and hash;
    /// those of locked domains by checksum alone.
    /// What is damaged counts as missing from then on, and no tree of its domain as complete.
    ///
    /// # Errors
    /// When the index or the backend fails otherwise than by not giving the bytes of a frame.
    pub async fn scrub(
        &self,
        after: Option<PackNumber>,
        pace: Pace,
    ) -> Result<Scrubbed, StoreFault> {
        let mut scrubbed = Scrubbed::default();
        let mut pacer = Pacer::new(pace, &self.inner.activity);
        let packs = self.inner.index.packs().await?;
        let packs: Vec<PackNumber> =
            packs.iter().map(|pack| pack.number).filter(|pack| Some(*pack) > after).collect();
        for some in packs.chunks(PACKS_AT_ONCE) {
            let mut rows: HashMap<PackNumber, Vec<ChunkRow>> = HashMap::new();
            for row in self.inner.index.rows_in(some).await? {
                rows.entry(row.place.pack).or_default().push(row);
            }
            for pack in some {
                for run in runs(rows.remove(pack).unwrap_or_default()) {
                    self.scrub_run(run, &mut scrubbed).await?;
                    pacer.rest(scrubbed.bytes).await;
                }
                scrubbed.last = Some(*pack);
            }
        }
        Ok(scrubbed)
    }

    async fn scrub_run(&self, run: Run, scrubbed: &mut Scrubbed) -> Result<(), StoreFault> {
        fail_point!("scrub.read", |_| Err(crate::sweep::injected("read a pack")));
        let rows = run.rows.clone();
        let found = match self.inner.read_run(run, check_frame).await {
            Err(StoreFault::Io { .. }) => self.read_one_by_one(rows).await?,
            other => other?,
        };
        let mut damaged = Vec::new();
        for (row, sound) in found {
            match sound {
                Ok(Checked::Checksum) => scrubbed.locked += 1,
                Ok(Checked::Hash) | Err(_) => scrubbed.chunks += 1,
            }
            scrubbed.bytes += u64::from(row.place.length);
            damaged.extend(sound.is_err().then_some(row));
        }
        fail_point!("scrub.quarantine", |_| Err(crate::sweep::injected("set chunks aside")));
        scrubbed.damaged.extend(&damaged);
        self.inner.quarantine(damaged).await
    }

    /// The disk does not give a run: whoever lies on its bad sectors is damaged, the others are not.
    async fn read_one_by_one(
        &self,
        rows: Vec<ChunkRow>,
    ) -> Result<Vec<Found<Checked>>, StoreFault> {
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            match self.inner.read_run(Run { rows: vec![row] }, check_frame).await {
                Ok(found) => all.extend(found),
                Err(StoreFault::Io { .. }) => {
                    let wanted = row.place.length as usize;
                    all.push((row, Err(FrameError::Truncated { wanted, got: 0 })));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(all)
    }
}
