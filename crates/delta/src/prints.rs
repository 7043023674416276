//! What pages are found by: a fingerprint that equal pages share, and features that alike ones do.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{IndexKey, PAGE_BYTES};

/// Features of one page, at most: more of them find nothing more (measured 1, 2, 4 and 8).
pub(crate) const FEATURES: usize = 4;
/// The rolling hash has seen this many bytes before it counts.
const WARM_BYTES: usize = 32;
/// A hash with this many zero bits on top is a sample: one byte in 32, some 127 of a page.
const SAMPLE_BITS: u32 = 5;
const GEAR_STATE: u64 = 0x9E37_79B9_7F4A_7C15;

static ZERO_PAGE: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// Whether a page has zeros alone.
pub(crate) fn is_zero(page: &[u8]) -> bool {
    page == &ZERO_PAGE[..page.len()]
}

/// Up to four features of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    values: [u32; FEATURES],
    count: usize,
}

impl Features {
    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.values[..self.count]
    }
}

/// Computes both, seeded with the key of a sealed domain.
pub(crate) struct Prints {
    page_seed: u64,
    gear: [u64; 256],
}

impl Prints {
    pub(crate) fn new(key: Option<&IndexKey>) -> Prints {
        let (mut page_seed, mut state) = (0, GEAR_STATE);
        if let Some(key) = key {
            let seeds = key.derive("ferry page index seeds 1", &[]);
            let (page, rest) = seeds.split_first_chunk().expect("32 bytes begin with 8");
            let gear = rest.first_chunk().expect("24 bytes begin with 8");
            page_seed = u64::from_le_bytes(*page);
            state ^= u64::from_le_bytes(*gear);
        }
        let gear = std::array::from_fn(|_| splitmix(&mut state));
        Prints { page_seed, gear }
    }

    /// What equal pages share. Two that differ share it by chance in 2^64 cases; a hash of the chunk judges later.
    pub(crate) fn page(&self, page: &[u8]) -> u64 {
        xxh3_64_with_seed(page, self.page_seed)
    }

    /// A min-hash of what passes by in a window of some 64 bytes; a page with no sample has no features.
    pub(crate) fn features(&self, page: &[u8]) -> Features {
        let warm = WARM_BYTES.min(page.len());
        let mut hash = 0_u64;
        for byte in &page[..warm] {
            hash = (hash << 1).wrapping_add(self.gear[usize::from(*byte)]);
        }
        let mut least = [u64::MAX; FEATURES];
        for byte in &page[warm..] {
            hash = (hash << 1).wrapping_add(self.gear[usize::from(*byte)]);
            if hash >> (u64::BITS - SAMPLE_BITS) == 0 {
                let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xA076_1D64_78BD_642F);
                let mixed = mixed ^ (mixed >> 32);
                let bucket = &mut least[mixed as usize % FEATURES];
                *bucket = mixed.min(*bucket);
            }
        }
        let mut features = Features::default();
        for mixed in least.into_iter().filter(|mixed| *mixed != u64::MAX) {
            let feature = (mixed.wrapping_mul(0xE703_7ED1_A0B4_28DB) >> 32) as u32;
            if !features.as_slice().contains(&feature) {
                features.values[features.count] = feature;
                features.count += 1;
            }
        }
        features
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(seed: u64) -> Vec<u8> {
        let mut state = seed;
        std::iter::repeat_with(|| splitmix(&mut state).to_le_bytes())
            .flatten()
            .take(PAGE_BYTES)
            .collect()
    }

    #[test]
    fn a_page_shares_features_with_its_edited_and_shifted_self_and_not_with_another() {
        let prints = Prints::new(None);
        let shared = |left: &[u8], right: &[u8]| {
            let right = prints.features(right);
            let left = prints.features(left);
            left.as_slice().iter().filter(|feature| right.as_slice().contains(feature)).count()
        };
        let one = page(1);
        assert_eq!(prints.features(&one).as_slice().len(), FEATURES);
        let mut edited = one.clone();
        edited[2_000..2_100].fill(7);
        assert!(shared(&one, &edited) >= 2);
        let shifted = [&page(9)[..100], &one[..PAGE_BYTES - 100]].concat();
        assert!(shared(&one, &shifted) >= 2);
        assert_eq!(shared(&one, &page(2)), 0);
    }

    #[test]
    fn a_key_changes_both() {
        let (plain, keyed) = (Prints::new(None), Prints::new(Some(&IndexKey::new([1; 32]))));
        let one = page(1);
        assert_ne!(plain.page(&one), keyed.page(&one));
        assert_ne!(plain.features(&one), keyed.features(&one));
    }

    #[test]
    fn prints_are_those_of_page_indexes_version_1() {
        let prints = Prints::new(None);
        assert_eq!(prints.gear[0], 0x6E78_9E6A_A1B9_65F4);
        assert_eq!(prints.page(&page(1)), xxhash_rust::xxh3::xxh3_64(&page(1)));
    }
}
