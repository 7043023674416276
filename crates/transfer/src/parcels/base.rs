//! Which base: among disks that the target says it holds, the one that shares most with the disk that it wants.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use store::{ChunkId, ChunkStore, DiskRoot, Domain, StoreFault};
use tokio::time::{Instant, timeout_at};

/// Least ids that a sketch keeps: the share of common chunks is told to about 1 / sqrt(512), 4 %.
const LEAST: usize = 512;
/// Sketches in memory: 4 KiB each.
const KNOWN: usize = 1_024;
/// Time for sketching the disks of one order. Trees that nobody has looked at yet are read, a thousandth of their disks.
const SKETCH_WITHIN: Duration = Duration::from_secs(5);

/// A disk as it lies in the store.
pub(super) type Place = (Domain, DiskRoot);

/// The least of a disk's chunk ids. Ids are hashes, so those of two disks have as much in common as the disks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sketch {
    /// Ascending, at most [`LEAST`].
    least: Vec<u64>,
}

/// The first eight bytes of an id.
fn short(id: &ChunkId) -> u64 {
    let (first, _) = id.as_bytes().split_first_chunk().expect("an id has 32 bytes");
    u64::from_be_bytes(*first)
}

impl Sketch {
    #[cfg(test)]
    fn of(ids: impl Iterator<Item = ChunkId>) -> Self {
        let mut sketching = Sketching::default();
        ids.for_each(|id| sketching.add(&id));
        sketching.finish()
    }

    /// Distinct chunks of the disk, about.
    fn count(&self) -> f64 {
        match self.least.last() {
            Some(greatest) if self.least.len() == LEAST => {
                let share = (*greatest as f64 + 1.0) / 2f64.powi(64);
                (LEAST - 1) as f64 / share
            }
            Some(_) | None => self.least.len() as f64,
        }
    }

    /// Chunks that two disks have in common, about.
    pub(super) fn common(&self, other: &Sketch) -> f64 {
        let (mut one, mut two) = (self.least.iter().peekable(), other.least.iter().peekable());
        let (mut both, mut seen) = (0, 0);
        let whole = self.least.len() < LEAST && other.least.len() < LEAST;
        while seen < LEAST || whole {
            match (one.peek(), two.peek()) {
                (Some(left), Some(right)) => {
                    let (left, right) = (**left, **right);
                    both += usize::from(left == right);
                    one.next_if(|_| left <= right);
                    two.next_if(|_| right <= left);
                }
                // Behind the end of a sketch that was cut nothing is known of its disk.
                (Some(_), None) if other.least.len() < LEAST => drop(one.next()),
                (None, Some(_)) if self.least.len() < LEAST => drop(two.next()),
                (_, _) => break,
            }
            seen += 1;
        }
        let alike = if seen == 0 { 0.0 } else { both as f64 / seen as f64 };
        alike / (1.0 + alike) * (self.count() + other.count())
    }
}

#[derive(Default)]
struct Sketching(BTreeSet<u64>);

impl Sketching {
    fn add(&mut self, id: &ChunkId) {
        let short = short(id);
        let full = self.0.len() == LEAST;
        if full && self.0.last().is_some_and(|greatest| short >= *greatest) {
            return;
        }
        if self.0.insert(short) && full {
            self.0.pop_last();
        }
    }

    fn finish(self) -> Sketch {
        Sketch { least: self.0.into_iter().collect() }
    }
}

/// The sketches of the disks looked at last.
#[derive(Default)]
pub(super) struct Sketches {
    known: Mutex<VecDeque<(Place, Arc<Sketch>)>>,
}

impl Sketches {
    async fn of(&self, store: &ChunkStore, place: Place) -> Result<Arc<Sketch>, StoreFault> {
        if let Some(known) = self.known(&place) {
            return Ok(known);
        }
        let mut sketching = Sketching::default();
        let mut tree = store.tree(place.0, place.1).await?;
        while let Some(leaves) = tree.next().await? {
            leaves.ids.iter().filter(|id| !id.is_zero()).for_each(|id| sketching.add(id));
        }
        let sketch = Arc::new(sketching.finish());
        let mut known = self.known.lock().expect("nobody panics while holding the sketches");
        known.push_back((place, Arc::clone(&sketch)));
        if known.len() > KNOWN {
            known.pop_front();
        }
        Ok(sketch)
    }

    fn known(&self, place: &Place) -> Option<Arc<Sketch>> {
        let mut known = self.known.lock().expect("nobody panics while holding the sketches");
        let at = known.iter().position(|(at, _)| at == place)?;
        let found = known.remove(at)?;
        known.push_back(found.clone());
        Some(found.1)
    }

    /// The bases, that with most in common with the disk first; those that tell nothing stay in the order of the target.
    pub(super) async fn rank(
        &self,
        store: &ChunkStore,
        disk: Place,
        bases: Vec<Place>,
    ) -> Vec<Place> {
        if bases.len() < 2 {
            return bases;
        }
        let until = Instant::now() + SKETCH_WITHIN;
        let Ok(Ok(wanted)) = timeout_at(until, self.of(store, disk)).await else { return bases };
        let mut ranked = Vec::with_capacity(bases.len());
        for base in bases {
            let sketch = timeout_at(until, self.of(store, base)).await;
            let common = match sketch {
                Ok(Ok(sketch)) => sketch.common(&wanted),
                Ok(Err(_)) | Err(_) => 0.0,
            };
            ranked.push((base, common));
        }
        ranked.sort_by(|(_, one), (_, two)| two.total_cmp(one));
        ranked.into_iter().map(|(base, _)| base).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: std::ops::Range<u32>) -> impl Iterator<Item = ChunkId> {
        numbers.map(|number| ChunkId::of(&number.to_le_bytes()))
    }

    #[test]
    fn what_small_disks_have_in_common_is_told_exactly() {
        let sketch = |range| Sketch::of(ids(range));
        assert_eq!(sketch(0..100).common(&sketch(40..140)).round(), 60.0);
        assert_eq!(sketch(0..100).common(&sketch(100..200)), 0.0);
        assert_eq!(sketch(0..0).common(&sketch(0..9)), 0.0);
        assert_eq!(sketch(0..7).common(&sketch(0..7)).round(), 7.0);
    }

    #[test]
    fn what_large_disks_have_in_common_is_told_well_enough_to_choose() {
        let wanted = Sketch::of(ids(0..40_000));
        let near = wanted.common(&Sketch::of(ids(10_000..60_000)));
        assert!((24_000.0..36_000.0).contains(&near), "{near}");
        let far = wanted.common(&Sketch::of(ids(35_000..100_000)));
        assert!(far < 10_000.0, "{far}");
        let small = wanted.common(&Sketch::of(ids(0..300)));
        assert!(small < 1_500.0, "{small}");
    }
}
