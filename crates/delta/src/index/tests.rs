//! Page indexes, version 1: what is written, what is found, what is refused.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};

use proptest::{prop_assert_eq, proptest};

use super::*;
use crate::prints::{Prints, is_zero};
use crate::{CHUNK_BYTES, Chunks, PAGE_BYTES};

const ROOT: [u8; 32] = [7; 32];

#[derive(Clone, Default)]
struct Disk(BTreeMap<u64, Vec<u8>>);

impl Chunks for Disk {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        into.copy_from_slice(&self.0[&number]);
        Ok(())
    }
}

fn page(seed: u64) -> Vec<u8> {
    let mut page = vec![0; PAGE_BYTES];
    if seed > 0 {
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut page);
    }
    page
}

impl Disk {
    /// Pages by their seeds; 0 is zero.
    fn of(seeds: &[u64]) -> Disk {
        let chunks = seeds.chunks(16).enumerate().map(|(number, seeds)| {
            let mut chunk: Vec<u8> = seeds.iter().flat_map(|seed| page(*seed)).collect();
            chunk.resize(CHUNK_BYTES, 0);
            (number as u64 * 3, chunk) // with holes between them
        });
        Disk(chunks.collect())
    }

    fn index(&self, key: Option<&IndexKey>) -> File {
        let mut file = tempfile::tempfile().unwrap();
        let mut numbers = self.0.keys().copied();
        build_index(ROOT, &mut numbers, &mut self.clone(), key, &mut file).unwrap();
        file
    }

    fn pages(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.0.iter().flat_map(|(number, chunk)| {
            let pages = chunk.chunks_exact(PAGE_BYTES).enumerate();
            pages.map(move |(at, page)| (*number as u32 * 16 + at as u32, page))
        })
    }
}

/// Everything that an index says of a disk.
type Told = (Vec<Vec<u32>>, Vec<Vec<u32>>, Vec<u16>);

fn told(index: &mut BaseIndex, disk: &Disk) -> Result<Told, IndexError> {
    let (mut equal, mut alike, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for (_, page) in disk.pages() {
        let mut found = Vec::new();
        let print = index.prints().page(page);
        index.pages(&[(print, 5)], &mut |mark, page| {
            assert_eq!(mark, 5);
            found.push(page);
        })?;
        equal.push(found);
        for feature in index.prints().features(page).as_slice() {
            let mut found = Vec::new();
            index.pages_with(*feature, &mut |page| found.push(page))?;
            alike.push(found);
        }
    }
    for number in 0..disk.0.keys().next_back().map_or(2, |last| last + 2) {
        held.push(index.held(number)?);
    }
    Ok((equal, alike, held))
}

/// The same, out of the disk itself.
fn expected(prints: &Prints, disk: &Disk) -> Told {
    let (mut by_print, mut by_feature) = (BTreeMap::new(), BTreeMap::new());
    let mut held = vec![0; disk.0.keys().next_back().map_or(2, |last| *last as usize + 2)];
    for (number, page) in disk.pages().filter(|(_, page)| !is_zero(page)) {
        by_print.entry(prints.page(page)).or_insert_with(Vec::new).push(number);
        for feature in prints.features(page).as_slice() {
            by_feature.entry(*feature).or_insert_with(Vec::new).push(number);
        }
        held[number as usize / 16] |= 1 << (number % 16);
    }
    by_print.values_mut().for_each(|pages| pages.truncate(4));
    by_feature.retain(|_, pages| pages.len() <= 16);
    let (mut equal, mut alike) = (Vec::new(), Vec::new());
    for (_, page) in disk.pages() {
        equal.push(by_print.get(&prints.page(page)).cloned().unwrap_or_default());
        for feature in prints.features(page).as_slice() {
            alike.push(by_feature.get(feature).cloned().unwrap_or_default());
        }
    }
    (equal, alike, held)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    #[test]
    fn an_index_tells_what_the_disk_has(
        seeds in proptest::collection::vec(0..300_u64, 0..700),
        is_sealed in proptest::bool::ANY,
    ) {
        let key = is_sealed.then(|| IndexKey::new([9; 32]));
        let disk = Disk::of(&seeds);
        let mut index = BaseIndex::open(disk.index(key.as_ref()), ROOT, key.as_ref()).unwrap();
        let expected = expected(&Prints::new(key.as_ref()), &disk);
        prop_assert_eq!(told(&mut index, &disk).unwrap(), expected);
    }
}

#[test]
fn pages_that_many_places_share_are_named_four_times_and_features_of_too_many_not_at_all() {
    // 20 twins: 4 are named, and their features are of more than 16 pages. 16 of another: 4, and all features.
    let seeds: Vec<u64> = [1; 20].into_iter().chain([2; 16]).chain(100..1_000).collect();
    let disk = Disk::of(&seeds);
    let mut index = BaseIndex::open(disk.index(None), ROOT, None).unwrap();
    let (equal, alike, _) = told(&mut index, &disk).unwrap();
    assert_eq!(equal[0], [0, 1, 2, 3]);
    assert_eq!(equal[20].len(), 4);
    assert!(alike[..80].iter().all(Vec::is_empty));
    assert!(alike[80..144].iter().all(|pages| pages.len() == 16));
}

fn bytes_of(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn damage_is_seen_and_never_believed() {
    let disk = Disk::of(&(1..80).collect::<Vec<_>>());
    for key in [None, Some(IndexKey::new([4; 32]))] {
        let key = key.as_ref();
        let good = bytes_of(disk.index(key));
        let truth = told(&mut BaseIndex::open(file_of(&good), ROOT, key).unwrap(), &disk).unwrap();
        for at in (0..200).chain((200..good.len()).step_by(37)).chain(good.len() - 40..good.len()) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            let told = BaseIndex::open(file_of(&bad), ROOT, key)
                .and_then(|mut index| told(&mut index, &disk));
            assert!(told.is_err(), "byte {at}");
        }
        for length in [0, 1, 127, 128, 500, good.len() - 1] {
            assert!(BaseIndex::open(file_of(&good[..length]), ROOT, key).is_err(), "{length}");
        }
        let longer = [&good[..], &[0]].concat();
        assert!(BaseIndex::open(file_of(&longer), ROOT, key).is_err());
        assert_eq!(truth.0.len(), 80);
    }
}

#[test]
fn an_index_opens_for_its_disk_its_key_and_its_version_alone() {
    let disk = Disk::of(&[1, 2, 3]);
    let key = IndexKey::new([4; 32]);
    let plain = bytes_of(disk.index(None));
    let sealed = bytes_of(disk.index(Some(&key)));
    let open = |bytes: &[u8], root, key| BaseIndex::open(file_of(bytes), root, key).unwrap_err();
    assert!(matches!(open(&plain, [8; 32], None), IndexError::OtherDisk));
    assert!(matches!(open(&plain, ROOT, Some(&key)), IndexError::OtherSeal));
    assert!(matches!(open(&sealed, ROOT, None), IndexError::OtherSeal));
    let other = IndexKey::new([5; 32]);
    assert!(matches!(open(&sealed, ROOT, Some(&other)), IndexError::DamagedHeader));
    assert!(matches!(open(&sealed, [8; 32], Some(&key)), IndexError::DamagedHeader));
    let mut later = plain.clone();
    later[7] = b'2';
    assert!(matches!(open(&later, ROOT, None), IndexError::OtherVersion { got: '2' }));
    later[0] = 0;
    assert!(matches!(open(&later, ROOT, None), IndexError::NotAnIndex));
    // Counts that would need the whole address space, under a good check.
    for at in [80, 88, 96] {
        let mut huge = plain.clone();
        huge[at..at + 8].fill(0xff);
        let check = Seal::Plain.header_check(&huge[..112]);
        huge[112..128].copy_from_slice(&check);
        assert!(matches!(open(&huge, ROOT, None), IndexError::DamagedHeader));
    }
}

#[test]
fn a_sealed_index_shows_neither_its_disk_nor_fingerprints_nor_equal_pages() {
    let disk = Disk::of(&[1; 64]);
    let key = IndexKey::new([4; 32]);
    let [one, two] = [(); 2].map(|()| bytes_of(disk.index(Some(&key))));
    assert_ne!(one[128..], two[128..], "another salt, another key");
    assert!(!one.windows(32).any(|bytes| bytes == ROOT), "the disk's root");
    let prints = [Prints::new(None), Prints::new(Some(&key))].map(|prints| prints.page(&page(1)));
    for print in prints {
        assert!(!one.windows(8).any(|bytes| bytes == print.to_le_bytes()));
    }
    assert_eq!(format!("{key:?}"), "IndexKey(..)");
}

#[test]
fn numbers_ascend_and_fit() {
    let build = |numbers: &[u64]| {
        let disk = Disk(numbers.iter().map(|number| (*number, vec![1; CHUNK_BYTES])).collect());
        let mut file = tempfile::tempfile().unwrap();
        let mut numbers = numbers.iter().copied();
        build_index(ROOT, &mut numbers, &mut disk.clone(), None, &mut file)
    };
    assert!(matches!(build(&[2, 1]), Err(IndexError::OutOfOrder { number: 1 })));
    assert!(matches!(build(&[2, 2]), Err(IndexError::OutOfOrder { number: 2 })));
    let far = 1 << 28;
    assert!(matches!(build(&[far]), Err(IndexError::TooLarge { number }) if number == far));
    assert!(build(&[far - 1]).is_ok());
}

#[test]
fn the_bytes_of_a_small_index_do_not_change() {
    let mut chunk = page(1);
    chunk.resize(CHUNK_BYTES, 0);
    let disk = Disk([(2, chunk)].into());
    let hex: String = bytes_of(disk.index(None)).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN);
}

const GOLDEN: &str = concat!(
    "46455252595058310000000000000000", // magic, seal
    "0707070707070707070707070707070707070707070707070707070707070707", // root
    "0000000000000000000000000000000000000000000000000000000000000000", // salt
    "010000000000000001000000000000000400000000000000", // records of each table
    "0000000000000000",
    "6f602d6b96df9ce50000000000000000",         // check
    "0100020000003c9752ed3789afa8",             // held: chunk 2, page 0
    "200000006646d9af38fd4b161b433e8a57b1a1c7", // pages: page 32
    "20000000558354312000000041487b992000000039b6b49d20000000992c05fb66dfe681617eee25", // features
    "02000000000000006646d9af38fd4b1655835431000000007600b5278ec8db3b", // fences
);
