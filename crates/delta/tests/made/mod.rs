//! Disks made up of pages, for both sides.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

use delta::{
    Base, BaseIndex, CHUNK_BYTES, Chunks, DecodeError, Decoder, Encoder, IndexKey, Matching,
    PAGE_BYTES, Unreadable, build_index,
};

pub const ROOT: [u8; 32] = [7; 32];
pub type Page = Vec<u8>;

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

pub fn page(seed: u64) -> Page {
    noise(seed, PAGE_BYTES)
}

/// A page with some bytes changed.
pub fn edited(page: &[u8], at: usize, seed: u64) -> Page {
    let mut page = page.to_vec();
    let patch = noise(seed, 64);
    page[at..at + 64].copy_from_slice(&patch);
    page
}

/// A disk in memory. What is not there is zero; what is `rotten` cannot be read.
#[derive(Clone, Default)]
pub struct Disk {
    pub chunks: Arc<BTreeMap<u64, Vec<u8>>>,
    pub rotten: BTreeSet<u64>,
    pub ordinals: Option<Vec<u64>>,
}

impl Disk {
    /// Of pages one after the other; the last chunk is filled up with zeros.
    pub fn of(pages: &[Page]) -> Disk {
        let mut chunks = BTreeMap::new();
        for (number, pages) in pages.chunks(16).enumerate() {
            let mut chunk = pages.concat();
            chunk.resize(CHUNK_BYTES, 0);
            if chunk.iter().any(|byte| *byte != 0) {
                chunks.insert(number as u64, chunk);
            }
        }
        Disk { chunks: Arc::new(chunks), ..Disk::default() }
    }

    pub fn numbers(&self) -> Vec<u64> {
        self.chunks.keys().copied().collect()
    }

    pub fn size_chunks(&self) -> u64 {
        self.chunks.keys().next_back().map_or(0, |last| last + 1)
    }

    /// The same disk, asked for by ordinals.
    pub fn by_ordinal(&self, wants: &[u64]) -> Disk {
        Disk { ordinals: Some(wants.to_vec()), ..self.clone() }
    }

    pub fn index(&self, key: Option<&IndexKey>) -> File {
        let mut file = tempfile::tempfile().unwrap();
        let mut numbers = self.numbers().into_iter();
        build_index(ROOT, &mut numbers, &mut self.clone(), key, &mut file).unwrap();
        file
    }

    pub fn base(&self, key: Option<&IndexKey>) -> Base {
        let index = BaseIndex::open(self.index(key), ROOT, key).unwrap();
        Base { index, chunks: Box::new(self.clone()), size_chunks: self.size_chunks() }
    }
}

impl Chunks for Disk {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        if self.rotten.contains(&number) {
            return Err(Unreadable { number, source: "rotten".into() });
        }
        let number = self.ordinals.as_ref().map_or(number, |wants| wants[number as usize]);
        match self.chunks.get(&number) {
            Some(chunk) => into.copy_from_slice(chunk),
            None => into.fill(0),
        }
        Ok(())
    }
}

/// Every window of a session.
pub fn windows(new: &Disk, wants: &[u64], base: Option<Base>, matching: Matching) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(wants.to_vec(), Box::new(new.clone()), base, matching);
    let mut windows = Vec::new();
    while let Some(planned) = encoder.plan().unwrap() {
        let count = planned.count();
        let window = planned.compress(3).unwrap();
        assert!(window.len() <= delta::WINDOW_BYTES_MAX);
        assert_eq!(Decoder::count_of(&window).unwrap(), count);
        windows.push(window);
    }
    windows
}

/// Unpacks one window and compares each of its chunks with the disk that it is of.
pub fn check(
    decoder: &mut Decoder,
    (new, wants): (&Disk, &[u64]),
    base: Option<&mut Disk>,
    window: &[u8],
) -> Result<(), DecodeError> {
    let mut next = decoder.next();
    let mut put = |ordinal: u32, bytes: &[u8; CHUNK_BYTES]| {
        assert_eq!(ordinal, next, "each chunk once, in order");
        next += 1;
        let mut expected = [0; CHUNK_BYTES];
        new.clone().read(wants[ordinal as usize], &mut expected).unwrap();
        assert!(*bytes == expected, "chunk {ordinal} is wrong");
    };
    let base = base.map(|base| base as &mut dyn Chunks);
    let read = decoder.window(window, base, &mut new.by_ordinal(wants), &mut put)?;
    assert_eq!((read.first + read.count, decoder.next()), (next, next));
    Ok(())
}

/// There and back; the bytes that crossed.
pub fn round_trip(new: &Disk, wants: &[u64], base: Option<&Disk>, key: Option<&IndexKey>) -> usize {
    let windows = windows(new, wants, base.map(|base| base.base(key)), Matching::On);
    let mut decoder = Decoder::new(wants.to_vec(), base.map(Disk::size_chunks));
    let mut base = base.cloned();
    for window in &windows {
        check(&mut decoder, (new, wants), base.as_mut(), window).unwrap();
    }
    assert!(decoder.is_done());
    windows.iter().map(Vec::len).sum()
}
