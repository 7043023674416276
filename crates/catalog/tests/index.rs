//! The chunk index against a model: staged or merged, before and after a restart, a row is where it was put.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use catalog::index::{IndexOptions, SqliteIndex};
use proptest::prelude::*;
use store::{
    ChunkId, ChunkIndex, ChunkRow, Domain, Move, NewChunk, PackNumber, PackUse, Place, Quarantined,
    RowKey, Seal, SweepStage,
};

fn open(folder: &Path) -> SqliteIndex {
    let options = IndexOptions { merge_rows: 40, ..IndexOptions::default() };
    SqliteIndex::open(&folder.join("index.db"), options).unwrap()
}

fn id(n: u64) -> ChunkId {
    ChunkId::of(&n.to_le_bytes())
}

fn row(domain: Domain, n: u64, pack: u64) -> ChunkRow {
    let place = Place { pack: PackNumber::new(pack), offset: 32 + n * 100, length: 100 };
    ChunkRow { domain, id: id(n), place }
}

fn used(domain: Domain, pack: u64) -> PackUse {
    PackUse { number: PackNumber::new(pack), domain, used_bytes: 1 << 20, live_bytes: 0 }
}

async fn domain(index: &SqliteIndex, name: &str) -> Domain {
    index.ensure_domain(name, Seal::None).await.unwrap().domain
}

async fn append(index: &SqliteIndex, rows: Vec<NewChunk>) {
    let packs: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (row.place.pack, used(row.domain, row.place.pack.number())))
        .collect();
    index.append(rows, packs.into_values().collect()).await.unwrap();
}

async fn place(index: &SqliteIndex, domain: Domain, n: u64) -> Option<Place> {
    index.locate(domain, &[id(n)]).await.unwrap()[0]
}

#[derive(Clone, Debug)]
enum Op {
    Append { ids: Vec<u64>, pack: u64 },
    Settle,
    Reopen,
    Sweep { take: Vec<u64>, spare: Vec<u64>, revive: Option<u64> },
    Quarantine { n: u64 },
    Move { n: u64, pack: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    let n = || 0..60_u64;
    prop_oneof![
        6 => (prop::collection::vec(n(), 1..20), 1..5_u64).prop_map(|(ids, pack)| Op::Append { ids, pack }),
        2 => Just(Op::Settle),
        1 => Just(Op::Reopen),
        2 => (prop::collection::vec(n(), 0..20), prop::collection::vec(n(), 0..5), prop::option::of(n()))
            .prop_map(|(take, spare, revive)| Op::Sweep { take, spare, revive }),
        2 => n().prop_map(|n| Op::Quarantine { n }),
        2 => (n(), 5..8_u64).prop_map(|(n, pack)| Op::Move { n, pack }),
    ]
}

/// The model: what is where, and what is set aside.
#[derive(Default)]
struct Model {
    rows: BTreeMap<RowKey, Place>,
    aside: BTreeSet<RowKey>,
}

impl Model {
    async fn apply(&mut self, index: SqliteIndex, folder: &Path, op: Op) -> SqliteIndex {
        let domain = domain(&index, "one").await;
        let key = |n: u64| (domain, id(n));
        match op {
            Op::Append { ids, pack } => {
                append(&index, ids.iter().map(|n| row(domain, *n, pack)).collect()).await;
                for n in ids {
                    self.rows.entry(key(n)).or_insert(row(domain, n, pack).place);
                    self.aside.remove(&key(n));
                }
            }
            Op::Settle => index.settle().await.unwrap(),
            Op::Reopen => {
                drop(index);
                return open(folder);
            }
            Op::Sweep { take, spare, revive } => {
                index.settle().await.unwrap();
                let keys = |list: &[u64]| list.iter().map(|n| key(*n)).collect::<Vec<_>>();
                index.propose(keys(&take)).await.unwrap();
                index.spare(keys(&spare)).await.unwrap();
                index.decide().await.unwrap();
                for n in take.iter().filter(|n| !spare.contains(n)) {
                    self.rows.remove(&key(*n));
                    assert_eq!(place(&index, domain, *n).await, None, "condemned is absent");
                }
                if let Some(n) = revive {
                    append(&index, vec![row(domain, n, 9)]).await;
                    self.rows.entry(key(n)).or_insert(row(domain, n, 9).place);
                    self.aside.remove(&key(n));
                }
                while index.drop_condemned(7).await.unwrap() > 0 {}
            }
            Op::Quarantine { n } => {
                if let Some(place) = self.rows.remove(&key(n)) {
                    let row = ChunkRow { domain, id: id(n), place };
                    index.quarantine(vec![Quarantined { row, found_ms: 1 }]).await.unwrap();
                    self.aside.insert(key(n));
                }
            }
            Op::Move { n, pack } => {
                let from = self.rows.get(&key(n)).copied();
                let stale = row(domain, n, 99);
                let now = from.map_or(stale, |place| ChunkRow { place, ..stale });
                let to = row(domain, n, pack).place;
                let moves = vec![Move { row: stale, to }, Move { row: now, to }];
                let moved = index.relocate(moves, vec![used(domain, pack)]).await.unwrap();
                assert_eq!(moved, [false, from.is_some()]);
                self.rows.extend(from.map(|_| (key(n), to)));
            }
        }
        index
    }

    async fn assert_same(&self, index: &SqliteIndex) {
        let domain = domain(index, "one").await;
        let ids: Vec<ChunkId> = (0..60).map(id).collect();
        let found = index.locate(domain, &ids).await.unwrap();
        let wanted: Vec<_> = ids.iter().map(|id| self.rows.get(&(domain, *id)).copied()).collect();
        assert_eq!(found, wanted);
        let totals = index.totals().await.unwrap();
        assert_eq!(totals.chunks, self.rows.len() as u64);
        assert_eq!(totals.frame_bytes, self.rows.len() as u64 * 100);
        assert_eq!(totals.quarantined, self.aside.len() as u64);
        for pack in index.packs().await.unwrap() {
            let live = self.rows.values().filter(|place| place.pack == pack.number).count() as u64;
            assert_eq!(pack.live_bytes, live * 100, "{}", pack.number);
            assert_eq!(index.rows_in(&[pack.number]).await.unwrap().len() as u64, live);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_is_what_the_model_says(ops in prop::collection::vec(op(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
            let (mut index, mut model) = (open(folder.path()), Model::default());
            for op in ops {
                index = model.apply(index, folder.path(), op).await;
                model.assert_same(&index).await;
            }
            index.settle().await.unwrap();
            model.assert_same(&index).await;
            let mut scanned = BTreeMap::new();
            let mut after = None;
            while let Some(rows) = Some(index.scan(after, 7).await.unwrap()).filter(|rows| !rows.is_empty()) {
                after = rows.last().map(|row| (row.domain, row.id));
                scanned.extend(rows.into_iter().map(|row| ((row.domain, row.id), row.place)));
            }
            assert_eq!(scanned, model.rows);
        });
    }
}

#[tokio::test]
async fn a_sweep_that_had_decided_is_still_decided_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path());
    let domain = domain(&index, "one").await;
    append(&index, (0..10).map(|n| row(domain, n, 1)).collect()).await;
    index.record_complete(domain, vec![(id(1), 5), (id(7), 6)]).await.unwrap();
    index.settle().await.unwrap();
    index.propose((0..5).map(|n| (domain, id(n))).collect()).await.unwrap();
    drop(index);
    let index = open(folder.path());
    assert_eq!(index.sweep_stage().await.unwrap(), SweepStage::Open);
    assert!(place(&index, domain, 1).await.is_some(), "a proposal is no decision");
    index.decide().await.unwrap();
    drop(index);
    let index = open(folder.path());
    assert_eq!(index.sweep_stage().await.unwrap(), SweepStage::Decided);
    index.abandon_sweep().await.unwrap();
    assert_eq!(place(&index, domain, 1).await, None);
    assert_eq!(index.complete(domain, &[id(1), id(7)]).await.unwrap(), [None, Some(6)]);
    // Revived: with a new row, and nothing said of what lies under it.
    append(&index, vec![row(domain, 1, 2)]).await;
    assert_eq!(place(&index, domain, 1).await, Some(row(domain, 1, 2).place));
    assert_eq!(index.complete(domain, &[id(1)]).await.unwrap(), [None]);
    while index.drop_condemned(2).await.unwrap() > 0 {}
    assert_eq!(index.sweep_stage().await.unwrap(), SweepStage::Open);
    assert_eq!(index.totals().await.unwrap().chunks, 6);
    assert!(!index.forget_pack(PackNumber::new(1)).await.unwrap());
    assert!(index.forget_pack(PackNumber::new(3)).await.unwrap());
}

#[tokio::test]
async fn a_chunk_set_aside_clears_what_its_domain_was_said_to_have_complete() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path());
    let (one, two) = (domain(&index, "one").await, domain(&index, "two").await);
    append(&index, vec![row(one, 1, 1), row(two, 1, 2)]).await;
    index.record_complete(one, vec![(id(8), 1)]).await.unwrap();
    index.record_complete(two, vec![(id(8), 1)]).await.unwrap();
    index.quarantine(vec![Quarantined { row: row(one, 1, 1), found_ms: 77 }]).await.unwrap();
    assert_eq!(index.complete(one, &[id(8)]).await.unwrap(), [None]);
    assert_eq!(index.complete(two, &[id(8)]).await.unwrap(), [Some(1)]);
    assert_eq!(index.quarantined().await.unwrap()[0].found_ms, 77);
    assert!(place(&index, two, 1).await.is_some());
}

#[test]
fn a_version_it_does_not_know_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    drop(open(folder.path()));
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let Err(fault) = SqliteIndex::open(&path, IndexOptions::default()) else {
        panic!("it was opened")
    };
    assert_eq!(fault.retry(), store::Retry::Never);
}

/// Version 1 as it was released: the text must never change.
const VERSION_1: &str = "
CREATE TABLE domain (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE chunk (
    domain INTEGER NOT NULL, id BLOB NOT NULL CHECK (length(id) = 32), pack INTEGER NOT NULL,
    place INTEGER NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE chunk_new (
    seq INTEGER PRIMARY KEY, domain INTEGER NOT NULL, id BLOB NOT NULL CHECK (length(id) = 32),
    pack INTEGER NOT NULL, place INTEGER NOT NULL, length INTEGER NOT NULL
) STRICT;
CREATE TABLE complete (
    domain INTEGER NOT NULL, id BLOB NOT NULL CHECK (length(id) = 32), places INTEGER NOT NULL,
    PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE pack (number INTEGER PRIMARY KEY, domain INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE condemned (
    domain INTEGER NOT NULL, id BLOB NOT NULL CHECK (length(id) = 32), PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE quarantined (
    domain INTEGER NOT NULL, id BLOB NOT NULL CHECK (length(id) = 32), pack INTEGER NOT NULL,
    place INTEGER NOT NULL, length INTEGER NOT NULL, found_ms INTEGER NOT NULL, PRIMARY KEY (domain, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sweep (
    one INTEGER PRIMARY KEY CHECK (one = 1), decided INTEGER NOT NULL CHECK (decided IN (0, 1))
) STRICT;
INSERT INTO sweep (one, decided) VALUES (1, 0);
INSERT INTO domain VALUES (1, 'one'), (2, 'two');
PRAGMA user_version = 1;
";

/// Fault 30: an index of version 1 is changed in place, its domains are plain and its rows are where they were.
#[tokio::test]
async fn an_index_of_version_1_becomes_one_of_version_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    let insert = "INSERT INTO chunk VALUES (2, ?1, 7, 32, 100)";
    old.execute(insert, [id(1).as_bytes()]).unwrap();
    old.execute("INSERT INTO chunk_new VALUES (4, 2, ?1, 7, 132, 100)", [id(2).as_bytes()])
        .unwrap();
    drop(old);
    for _ in 0..2 {
        let index = open(folder.path());
        let domains = index.domains().await.unwrap();
        let names: Vec<_> = domains.iter().map(|row| (row.name.as_str(), row.seal)).collect();
        assert_eq!(names, [("one", Seal::None), ("two", Seal::None)]);
        let two = index.ensure_domain("two", Seal::Aes256Gcm).await.unwrap();
        assert_eq!((two.seal, two.key_check), (Seal::None, None), "it stays as it is");
        for n in [1, 2] {
            assert_eq!(place(&index, two.domain, n).await.unwrap().pack, PackNumber::new(7));
        }
    }
    let now = rusqlite::Connection::open(&path).unwrap();
    let version = now.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    assert_eq!(version.unwrap(), 2);
}

#[tokio::test]
async fn what_keys_must_come_to_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path());
    let sealed = index.ensure_domain("sealed", Seal::Aes256Gcm).await.unwrap();
    assert_eq!((sealed.seal, sealed.key_check), (Seal::Aes256Gcm, None));
    assert_eq!(index.ensure_key_check(sealed.domain, [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(index.ensure_key_check(sealed.domain, [2; 32]).await.unwrap(), [1; 32]);
    drop(index);
    let row = open(folder.path()).ensure_domain("sealed", Seal::None).await.unwrap();
    assert_eq!((row.seal, row.key_check), (Seal::Aes256Gcm, Some([1; 32])));
}
