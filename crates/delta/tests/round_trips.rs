//! What is encoded is decoded to the same chunks, whatever the disks are.
#![allow(clippy::unwrap_used, missing_docs)]

mod made;

use std::collections::BTreeMap;
use std::sync::Arc;

use delta::{Decoder, Encoder, IndexKey, Matching, WANTS_MAX};
use made::{Disk, Page, check, edited, noise, page, round_trip, windows};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert, proptest};

/// Where a page of the new disk comes from.
#[derive(Clone, Debug)]
enum From {
    Zero,
    Stays,
    Moved(usize),
    Edited(usize, u64),
    New(u64),
    Again(usize),
    AgainEdited(usize, u64),
}

fn from() -> impl Strategy<Value = From> {
    prop_oneof![
        1 => Just(From::Zero),
        3 => Just(From::Stays),
        2 => any::<usize>().prop_map(From::Moved),
        2 => (any::<usize>(), any::<u64>()).prop_map(|(at, seed)| From::Edited(at, seed)),
        2 => (0..40_u64).prop_map(|seed| From::New(1_000 + seed)),
        1 => any::<usize>().prop_map(From::Again),
        1 => (any::<usize>(), any::<u64>()).prop_map(|(at, seed)| From::AgainEdited(at, seed)),
    ]
}

fn grown(base: &[Page], froms: &[From]) -> Vec<Page> {
    let zero = vec![0; 4_096];
    let of = |pages: &[Page], at: usize| -> Page {
        if pages.is_empty() { zero.clone() } else { pages[at % pages.len()].clone() }
    };
    let mut new = Vec::new();
    for (place, from) in froms.iter().enumerate() {
        new.push(match from {
            From::Zero => zero.clone(),
            From::Stays => base.get(place).unwrap_or(&zero).clone(),
            From::Moved(at) => of(base, *at),
            From::Edited(at, seed) => edited(&of(base, *at), at % 4_000, *seed),
            From::New(seed) => page(*seed),
            From::Again(at) => of(&new, *at),
            From::AgainEdited(at, seed) => edited(&of(&new, *at), at % 4_000, *seed),
        });
    }
    new
}

/// Pages of a base: of a few seeds, so that some are equal; 0 is a page of zeros.
fn base_pages(seeds: &[u64]) -> Vec<Page> {
    seeds.iter().map(|seed| if *seed == 0 { vec![0; 4_096] } else { page(*seed) }).collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]

    #[test]
    fn any_disk_comes_back_from_any_base(
        seeds in proptest::collection::vec(0..60_u64, 0..160),
        froms in proptest::collection::vec(from(), 1..200),
        skipped in proptest::collection::vec(any::<bool>(), 13),
        sealed in any::<bool>(),
    ) {
        let base = base_pages(&seeds);
        let new = Disk::of(&grown(&base, &froms));
        let chunks = froms.len().div_ceil(16) as u64; // zero chunks too
        let wants: Vec<u64> = (0..chunks).filter(|chunk| !skipped[*chunk as usize]).collect();
        let key = sealed.then(|| IndexKey::new([3; 32]));
        let with_base = round_trip(&new, &wants, Some(&Disk::of(&base)), key.as_ref());
        let without = round_trip(&new, &wants, None, None);
        prop_assert!(with_base <= without + 600, "{with_base} with a base, {without} without");
    }

    #[test]
    fn with_matching_off_nothing_is_named(
        froms in proptest::collection::vec(from(), 1..100),
    ) {
        let base = base_pages(&(1..50).collect::<Vec<_>>());
        let new = Disk::of(&grown(&base, &froms));
        let wants: Vec<u64> = (0..froms.len().div_ceil(16) as u64).collect();
        let windows = windows(&new, &wants, Some(Disk::of(&base).base(None)), Matching::Off);
        let mut decoder = Decoder::new(wants.clone(), None);
        for window in &windows {
            check(&mut decoder, (&new, &wants), None, window).unwrap();
        }
        prop_assert!(decoder.is_done());
    }
}

/// Noise, then what looks like it: several windows, whose prefixes name what was sent two windows before.
fn long_session() -> (Disk, Vec<u64>) {
    let mut pages: Vec<Page> = (0..3_200).map(page).collect();
    for at in 0..1_500 {
        pages.push(edited(&pages[at], at, at as u64));
    }
    for at in 0..500 {
        pages.push(pages[at * 3].clone());
    }
    let new = Disk::of(&pages);
    let wants = new.numbers();
    (new, wants)
}

#[test]
fn what_was_sent_serves_later_windows_as_pages_and_as_prefix() {
    let (new, wants) = long_session();
    let windows = windows(&new, &wants, None, Matching::On);
    assert_eq!(windows.len(), 5, "4 MiB of literals each");
    let mut decoder = Decoder::new(wants.clone(), None);
    for window in &windows {
        check(&mut decoder, (&new, &wants), None, window).unwrap();
    }
    let bytes: usize = windows.iter().map(Vec::len).sum();
    let noise = 3_200 * 4_096;
    assert!(bytes < noise + 1_500 * 200, "{bytes} for {noise} of noise and little more");
}

#[test]
fn one_or_two_threads_make_the_same_bytes() {
    let (new, wants) = long_session();
    let base = Disk::of(&(100..2_000).map(page).collect::<Vec<_>>());
    let mut encoder =
        Encoder::new(wants.clone(), Box::new(new.clone()), Some(base.base(None)), Matching::On);
    let planned: Vec<_> = std::iter::from_fn(|| encoder.plan().unwrap()).collect();
    assert!(planned.len() >= 2);
    let together: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let compress = |planned: delta::Planned| move || planned.compress(3).unwrap();
        let running: Vec<_> = planned.into_iter().map(|p| scope.spawn(compress(p))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(together, windows(&new, &wants, Some(base.base(None)), Matching::On));
}

#[test]
fn every_level_decodes() {
    let text: Vec<u8> =
        (0..200_000_u32).flat_map(|i| format!("line {} of it\n", i / 3).into_bytes()).collect();
    let new = Disk::of(
        &text
            .chunks(4_096)
            .map(<[u8]>::to_vec)
            .map(|mut page| {
                page.resize(4_096, 0);
                page
            })
            .collect::<Vec<_>>(),
    );
    let wants = new.numbers();
    for level in [1, 3, 9, 19] {
        let mut encoder = Encoder::new(wants.clone(), Box::new(new.clone()), None, Matching::On);
        let window = encoder.plan().unwrap().unwrap().compress(level).unwrap();
        let mut decoder = Decoder::new(wants.clone(), None);
        check(&mut decoder, (&new, &wants), None, &window).unwrap();
        assert!(window.len() < text.len() / 10);
    }
}

#[test]
fn a_window_ends_at_8192_chunks_and_a_session_at_its_wants() {
    // The same chunk 9,000 times: it is literal once.
    let chunk = noise(5, 65_536);
    let base: BTreeMap<u64, Vec<u8>> = (0..9_000).map(|number| (number, chunk.clone())).collect();
    let new = Disk { chunks: Arc::new(base), ..Disk::default() };
    let wants = new.numbers();
    let windows = windows(&new, &wants, None, Matching::On);
    let counts: Vec<u32> = windows.iter().map(|w| Decoder::count_of(w).unwrap()).collect();
    assert_eq!(counts, [8_192, 808]);
    assert!(windows[0].len() < 70_000 + 25_000, "{}", windows[0].len());
    let mut decoder = Decoder::new(wants.clone(), None);
    for window in &windows {
        check(&mut decoder, (&new, &wants), None, window).unwrap();
    }
}

#[test]
fn wants_that_are_too_many_or_out_of_order_are_refused() {
    for wants in [(0..WANTS_MAX as u64 + 1).collect(), vec![2, 1], vec![1, 1]] {
        let mut encoder = Encoder::new(wants, Box::new(Disk::default()), None, Matching::On);
        assert!(matches!(encoder.plan(), Err(delta::EncodeError::Wants { .. })));
    }
    let mut none = Encoder::new(vec![], Box::new(Disk::default()), None, Matching::On);
    assert!(none.plan().unwrap().is_none());
    assert!(Decoder::new(vec![], None).is_done());
}

#[test]
fn an_image_that_grew_costs_what_is_new() {
    let base: Vec<Page> = (0..1_600).map(page).collect();
    // Everything moved by one page, a page in a hundred edited: nothing stays at its place.
    let mut pages: Vec<Page> = vec![page(9_999)];
    pages.extend(base.iter().enumerate().map(|(at, old)| match at % 100 {
        0 => edited(old, 1_000, at as u64),
        _ => old.clone(),
    }));
    let new = Disk::of(&pages);
    let bytes = round_trip(&new, &new.numbers(), Some(&Disk::of(&base)), None);
    assert!(bytes < 4_096 + 16 * 200 + 1_000, "{bytes}");
}

/// The frames in it are zstd 1.5.7's; a later zstd may pack them otherwise. Then these bytes must still decode, and the new
/// ones take their place here.
#[test]
fn the_bytes_of_a_small_window_of_parcels_version_1_do_not_change() {
    let base = Disk::of(&(1..33).map(page).collect::<Vec<_>>());
    let text = b"what is new ".repeat(342)[..4_096].to_vec();
    let mut pages = vec![page(1), page(20), page(21), text.clone(), vec![0; 4_096], text];
    pages.extend((7..17).map(page));
    pages.extend([page(40)]);
    pages[7][9] ^= 1;
    let new = Disk::of(&pages[..16]);
    let made = windows(&new, &[0], Some(base.base(None)), Matching::On);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let golden: Vec<u8> = GOLDEN
        .as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect();
    assert_eq!(hex(&made[0]), GOLDEN);
    let mut decoder = Decoder::new(vec![0], Some(2));
    check(&mut decoder, (&new, &[0]), Some(&mut base.clone()), &golden).unwrap();
}

const GOLDEN: &str = concat!(
    "010001",                                     // version, first, count
    "1428b52ffd200b59000008010a0400030104392406", // ops
    "0f28b52ffd200631000002000f050000",           // names
    "2d28b52ffd60001f1d0100b077686174206973206e657720783b517cbdee46b786ee0200f31f800d1fc5ff7e4902",
);
