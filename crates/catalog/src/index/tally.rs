//! What rows point at, pack by pack, so that no scan is needed to know which pack is empty.

use std::collections::HashMap;

use store::{PackNumber, Place};

/// Rows and bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Live {
    pub(super) rows: i64,
    pub(super) bytes: i64,
}

#[derive(Default)]
pub(super) struct Tally {
    packs: HashMap<PackNumber, Live>,
    all: Live,
}

/// What a transaction adds and takes; counted once it is committed.
#[derive(Default)]
pub(super) struct Change(Vec<(PackNumber, Live)>);

impl Change {
    pub(super) fn add(&mut self, place: Place) {
        self.0.push((place.pack, Live { rows: 1, bytes: i64::from(place.length) }));
    }

    pub(super) fn take(&mut self, place: Place) {
        self.0.push((place.pack, Live { rows: -1, bytes: -i64::from(place.length) }));
    }
}

impl Tally {
    pub(super) fn load(&mut self, pack: PackNumber, live: Live) {
        self.count(pack, live);
    }

    pub(super) fn apply(&mut self, change: Change) {
        for (pack, live) in change.0 {
            self.count(pack, live);
        }
    }

    pub(super) fn of(&self, pack: PackNumber) -> Live {
        self.packs.get(&pack).copied().unwrap_or_default()
    }

    pub(super) fn all(&self) -> Live {
        self.all
    }

    fn count(&mut self, pack: PackNumber, live: Live) {
        let sum = self.packs.entry(pack).or_default();
        sum.rows += live.rows;
        sum.bytes += live.bytes;
        if sum.rows == 0 {
            self.packs.remove(&pack);
        }
        self.all.rows += live.rows;
        self.all.bytes += live.bytes;
    }
}
