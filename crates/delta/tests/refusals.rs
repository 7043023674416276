//! Windows come from anybody: each bound is refused as `Malformed`, and nothing panics.
#![allow(clippy::unwrap_used, missing_docs)]

mod forge;
mod made;

use delta::{CHUNK_BYTES, Chunks, DecodeError, Decoder, Malformed, Matching, WINDOW_BYTES_MAX};
use forge::{Parts, blob, frame, raw, varint};
use made::{Disk, Page, check, edited, page, windows};

const ZERO: u64 = 0;
const SAME: u64 = 1;
const BASE: u64 = 2;
const NEW: u64 = 3;
const LITERAL: u64 = 4;

/// A decoder for wants 0, 1, 2 and 10 that stands behind a window with the first chunk, with a base of three chunks.
fn decoder() -> Decoder {
    let mut decoder = Decoder::new(vec![0, 1, 2, 10], Some(3));
    decoder.skip_window(1);
    decoder
}

fn put_by(window: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut put = Vec::new();
    let mut base = Disk::of(&(0..48).map(page).collect::<Vec<_>>());
    let mut earlier = Disk::of(&(100..116).map(page).collect::<Vec<_>>());
    decoder().window(window, Some(&mut base), &mut earlier, &mut |_, chunk| put.extend(chunk))?;
    Ok(put)
}

fn refusal(window: &[u8]) -> Malformed {
    match put_by(window) {
        Err(DecodeError::Malformed(malformed)) => malformed,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

fn parts(count: u64, runs: &[(u64, u64)], arguments: &[i64]) -> Parts {
    Parts { first: 1, ..Parts::with_ops(count, runs, arguments) }
}

#[test]
fn every_kind_of_page_is_what_parcels_version_1_say() {
    let runs =
        [(SAME, 2), (LITERAL, 2), (BASE, 3), (NEW, 1), (NEW, 2), (ZERO, 1), (BASE, 1), (SAME, 4)];
    // Same: base pages 16, 17; two literals; base pages 20 to 22 as predicted; new page 3 of the earlier window; the new
    // pages 18 and 19, which are the literals; zero; base page 23, less 3.
    let mut window = parts(1, &runs, &[0, 3, 14, -3]);
    window.literals = [page(500), page(501)].concat();
    let expected: Vec<Page> =
        [page(16), page(17), page(500), page(501), page(20), page(21), page(22)]
            .into_iter()
            .chain([page(103), page(500), page(501), vec![0; 4_096], page(20)])
            .chain([page(28), page(29), page(30), page(31)])
            .collect();
    assert!(put_by(&window.window()).unwrap() == expected.concat());
}

#[test]
fn heads_are_judged_first() {
    let good = parts(1, &[(ZERO, 16)], &[]);
    assert!(put_by(&good.window()).is_ok());
    let mut other = good.window();
    other[0] = 2;
    assert_eq!(refusal(&other), Malformed::Version { got: 2 });
    assert_eq!(refusal(&[]), Malformed::Cut);
    for first in [0, 2, u64::MAX] {
        let window = Parts { first, ..good.clone() }.window();
        assert_eq!(refusal(&window), Malformed::OutOfTurn { got: first, wanted: 1 });
    }
    for got in [0, 4, 8_192, 8_193, u64::MAX] {
        let window = Parts { count: got, ..good.clone() }.window();
        assert_eq!(refusal(&window), Malformed::Count { got });
    }
    let mut longer = good.window();
    longer.push(0);
    assert_eq!(refusal(&longer), Malformed::Surplus { bytes: 1 });
    let most = WINDOW_BYTES_MAX;
    longer.resize(most + 1, 0);
    assert_eq!(refusal(&longer), Malformed::Large { stated: most as u64 + 1, most });
    assert_eq!(Decoder::count_of(&good.window()).unwrap(), 1);
    assert_eq!(Decoder::count_of(&good.head()).unwrap(), 1, "whatever else is wrong");
    assert!(Decoder::count_of(&[1, 0]).is_err());
}

#[test]
fn frames_are_judged_before_they_are_unpacked() {
    let good = parts(1, &[(ZERO, 16)], &[]);
    let with_ops = |frame: &[u8]| [good.head(), blob(frame), vec![0, 0]].concat();
    assert!(put_by(&with_ops(&raw(&good.ops))).is_ok());
    let size = (good.ops.len() as u32).to_le_bytes();
    let far = u32::MAX.to_le_bytes();
    let behind = [raw(&good.ops), raw(&good.ops)].concat();
    let skipped = [&[0x50, 0x2A, 0x4D, 0x18][..], &size, &good.ops].concat();
    let log_26 = frame(0x80, &[&[16 << 3][..], &size].concat(), &good.ops);
    let above_25 = frame(0x80, &[&[15 << 3 | 1][..], &size].concat(), &good.ops);
    let log_25 = frame(0x80, &[&[15 << 3][..], &size].concat(), &good.ops);
    let with_dictionary = frame(0xA1, &[&[9][..], &size].concat(), &good.ops);
    let no_size = frame(0x00, &[0], &good.ops);
    let cut = &raw(&good.ops)[..raw(&good.ops).len() - 1];
    let windows = [&log_26[..], &above_25];
    let others = [&behind[..], &skipped, &with_dictionary, &no_size, cut, &[1], b"noise"];
    for bad in windows.into_iter().chain(others) {
        assert_eq!(refusal(&with_ops(bad)), Malformed::Frame, "{bad:?}");
    }
    assert!(put_by(&with_ops(&log_25)).is_ok());
    let too_large = frame(0xA0, &far, &good.ops);
    let most = 1 << 20;
    assert_eq!(refusal(&with_ops(&too_large)), Malformed::Large { stated: far_bytes(), most });
    let nothing = frame(0xA0, &[0; 4], &[]);
    assert!(matches!(refusal(&with_ops(&nothing)), Malformed::Frame | Malformed::Large { .. }));
    let lies = frame(0xA0, &9_u32.to_le_bytes(), &good.ops);
    assert_eq!(refusal(&with_ops(&lies)), Malformed::Unpack);
    assert_eq!(refusal(&[good.head(), varint(1 << 60), vec![0; 9]].concat()), Malformed::Cut);
}

fn far_bytes() -> u64 {
    u32::MAX.into()
}

#[test]
fn each_part_has_its_bound() {
    let good = parts(1, &[(ZERO, 16)], &[]);
    for (place, most) in [(0, 1 << 20), (1, 64 << 10), (2, (4 << 20) + CHUNK_BYTES)] {
        let sizes = [most as u32, most as u32 + 1].map(|bytes| {
            let mut blobs = [blob(&raw(&good.ops)), vec![0], vec![0]];
            blobs[place] = blob(&raw(&vec![0; bytes as usize]));
            refusal(&[good.head(), blobs.concat()].concat())
        });
        assert!(!matches!(sizes[0], Malformed::Large { .. }), "the bound itself is allowed");
        assert_eq!(sizes[1], Malformed::Large { stated: most as u64 + 1, most });
    }
}

#[test]
fn ops_name_exactly_the_pages_there_are() {
    let named = |runs: &[(u64, u64)]| refusal(&parts(1, runs, &[]).window());
    assert_eq!(named(&[(ZERO, 15)]), Malformed::Pages { named: 15, wanted: 16 });
    assert_eq!(named(&[(ZERO, 16), (ZERO, 1)]), Malformed::Pages { named: 17, wanted: 16 });
    let endless = Malformed::Pages { named: 1 << 61, wanted: 16 };
    assert_eq!(named(&[(ZERO, 1 << 61)]), endless);
    assert_eq!(named(&[(5, 16)]), Malformed::Kind { got: 5 });
    assert_eq!(named(&[(7, 16)]), Malformed::Kind { got: 7 });
    assert_eq!(named(&[(BASE, 16)]), Malformed::Cut, "an argument is missing");
    let more = parts(1, &[(ZERO, 16)], &[0, 0]);
    assert_eq!(refusal(&more.window()), Malformed::Surplus { bytes: 2 });
    for ops in [vec![9], vec![1, 0x80], vec![]] {
        let window = Parts { ops, ..parts(1, &[(ZERO, 16)], &[]) };
        assert_eq!(refusal(&window.window()), Malformed::Cut);
    }
}

#[test]
fn pages_outside_the_base_are_refused() {
    let named = |runs: &[(u64, u64)], at: &[i64]| refusal(&parts(1, runs, at).window());
    assert!(put_by(&parts(1, &[(BASE, 16)], &[32]).window()).is_ok());
    assert_eq!(named(&[(BASE, 16)], &[33]), Malformed::OutsideBase);
    assert_eq!(named(&[(BASE, 16)], &[-1]), Malformed::Number);
    assert_eq!(named(&[(BASE, 16)], &[i64::MAX]), Malformed::OutsideBase);
    assert_eq!(named(&[(BASE, 1), (BASE, 15)], &[0, i64::MAX]), Malformed::OutsideBase);
    // Want 10 lies behind the base's three chunks.
    let far = Parts { first: 1, ..Parts::with_ops(3, &[(ZERO, 32), (SAME, 16)], &[]) };
    assert_eq!(refusal(&far.window()), Malformed::OutsideBase);
    // Where there is no base, none is named.
    for (runs, at) in [([(SAME, 16)], vec![]), ([(BASE, 16)], vec![0])] {
        let window = Parts { first: 0, ..Parts::with_ops(1, &runs, &at) }.window();
        let mut decoder = Decoder::new(vec![0], None);
        let decoded = decoder.window(&window, None, &mut Disk::default(), &mut |_, _| {});
        let expected = DecodeError::Malformed(Malformed::OutsideBase);
        assert_eq!(decoded.unwrap_err().to_string(), expected.to_string());
    }
    // The number of a want may be anything at all.
    let window = Parts::with_ops(1, &[(SAME, 16)], &[]).window();
    let mut decoder = Decoder::new(vec![u64::MAX], Some(u64::MAX));
    let decoded =
        decoder.window(&window, Some(&mut Disk::default()), &mut Disk::default(), &mut |_, _| {});
    assert!(matches!(decoded, Err(DecodeError::Malformed(Malformed::OutsideBase))));
}

#[test]
fn new_pages_are_earlier_ones_and_of_the_same_window_literals_alone() {
    let named = |runs: &[(u64, u64)], at: &[i64], literals: u64| {
        let literals = (0..literals).flat_map(page).collect();
        put_by(&Parts { literals, ..parts(1, runs, at) }.window())
    };
    let late = |runs: &[(u64, u64)], at: &[i64], literals: u64| match named(runs, at, literals) {
        Err(DecodeError::Malformed(malformed)) => assert_eq!(malformed, Malformed::NotEarlier),
        other => panic!("{:?}", other.map(|put| put.len())),
    };
    assert!(named(&[(NEW, 16)], &[0], 0).is_ok(), "the whole chunk before");
    late(&[(NEW, 16)], &[1], 0);
    late(&[(ZERO, 1), (NEW, 15)], &[16], 0);
    assert!(named(&[(LITERAL, 8), (NEW, 8)], &[16], 8).is_ok());
    late(&[(LITERAL, 8), (NEW, 8)], &[17], 8);
    late(&[(LITERAL, 4), (ZERO, 4), (NEW, 8)], &[16], 4);
    assert!(named(&[(LITERAL, 4), (NEW, 12)], &[8], 4).is_ok(), "old ones and then literals");
    late(&[(NEW, 16)], &[i64::MAX], 0);
}

#[test]
fn literals_are_used_up_exactly() {
    for pages in [0, 1, 3, 16] {
        let window = Parts {
            literals: (0..pages).flat_map(page).collect(),
            ..parts(1, &[(ZERO, 14), (LITERAL, 2)], &[])
        };
        let carried = pages as usize * 4_096;
        assert_eq!(refusal(&window.window()), Malformed::Literals { named: 2, carried });
    }
}

#[test]
fn a_prefix_names_the_base_and_windows_before_the_last_one() {
    let good = Parts { literals: page(1), ..parts(1, &[(ZERO, 15), (LITERAL, 1)], &[]) };
    let named = |names: &[u8]| put_by(&Parts { names: names.to_vec(), ..good.clone() }.window());
    assert!(named(&[1, 0, 47, 0]).is_ok(), "the whole base");
    let judged = |names: &[u8]| match named(names) {
        Err(DecodeError::Malformed(malformed)) => malformed,
        other => panic!("{:?}", other.map(|put| put.len())),
    };
    assert_eq!(judged(&[1, 1, 47, 0]), Malformed::OutsideBase);
    // Chunk 0 was in the window before this one.
    assert_eq!(judged(&[0, 1, 0, 0]), Malformed::NotEarlier);
    assert_eq!(judged(&[0]), Malformed::Cut);
    assert_eq!(judged(&[0, 0, 0]), Malformed::Surplus { bytes: 1 });
    let many = [varint(1), varint(0), varint(2_048), varint(0)].concat();
    assert_eq!(judged(&many), Malformed::LargePrefix);
    // One window later it may be named.
    let mut decoder = Decoder::new(vec![0, 1, 2], None);
    decoder.skip_window(1);
    decoder.skip_window(1);
    let window = Parts { first: 2, names: vec![0, 1, 15, 0], ..good.clone() }.window();
    let mut earlier = Disk::of(&(0..16).map(page).collect::<Vec<_>>());
    assert!(decoder.window(&window, None, &mut earlier, &mut |_, _| {}).is_ok());
}

/// A session of two windows and more, with a base, of which each part is used.
fn session() -> (Disk, Disk, Vec<u64>, Vec<Vec<u8>>) {
    let base = Disk::of(&(0..400).map(page).collect::<Vec<_>>());
    let mut pages: Vec<Page> = (0..400).map(|at| edited(&page(at), 100, at)).collect();
    pages.extend((0..200).map(page));
    pages.extend((1_000..3_000).map(page));
    pages.extend((1_000..1_200).map(|at| edited(&page(at), 100, at)));
    let new = Disk::of(&pages);
    let wants = new.numbers();
    let windows = windows(&new, &wants, Some(base.base(None)), Matching::On);
    assert!(windows.len() > 2);
    (base, new, wants, windows)
}

#[test]
fn cut_and_flipped_windows_never_panic_and_never_move_the_decoder() {
    let (base, new, wants, windows) = session();
    let window = &windows[0];
    let fresh = || Decoder::new(wants.clone(), Some(base.size_chunks()));
    let decode = |bytes: &[u8]| {
        let _ = Decoder::count_of(bytes);
        let mut decoder = fresh();
        let mut next = 0;
        let done = decoder.window(
            bytes,
            Some(&mut base.clone()),
            &mut new.by_ordinal(&wants),
            &mut |at, _| {
                assert_eq!(at, next);
                next += 1;
            },
        );
        match done {
            Ok(read) => assert_eq!((read.count, decoder.next()), (next, next)),
            Err(_) => assert_eq!(decoder.next(), 0),
        }
    };
    let steps = |until: usize| (0..until.min(600)).chain((600..until).step_by(until / 40 + 1));
    for length in steps(window.len()) {
        decode(&window[..length]);
    }
    for at in steps(window.len()) {
        let mut flipped = window.clone();
        flipped[at] ^= 1 << (at % 8);
        decode(&flipped);
    }
}

#[test]
fn a_rotten_base_chunk_stops_its_window_alone() {
    let (base, new, wants, windows) = session();
    let mut rotten = Disk { rotten: [3].into(), ..base.clone() };
    let mut decoder = Decoder::new(wants.clone(), Some(base.size_chunks()));
    let stopped =
        decoder.window(&windows[0], Some(&mut rotten), &mut new.by_ordinal(&wants), &mut |_, _| {});
    assert!(matches!(stopped, Err(DecodeError::Unreadable(unreadable)) if unreadable.number == 3));
    assert_eq!(decoder.next(), 0, "it waits for the same window");
    decoder.skip_window(Decoder::count_of(&windows[0]).unwrap());
    let mut base = base;
    for window in &windows[1..] {
        check(&mut decoder, (&new, &wants), Some(&mut base), window).unwrap();
    }
    assert!(decoder.is_done());
}

#[test]
fn a_rotten_earlier_chunk_stops_the_window_that_names_it() {
    let pages: Vec<Page> = (0..2_400).map(page).chain((0..16).map(page)).collect();
    let new = Disk::of(&pages);
    let wants = new.numbers();
    let windows = windows(&new, &wants, None, Matching::On);
    let mut decoder = Decoder::new(wants.clone(), None);
    let (last, before) = windows.split_last().unwrap();
    for window in before {
        check(&mut decoder, (&new, &wants), None, window).unwrap();
    }
    let next = decoder.next();
    let mut rotten = Disk { rotten: [0].into(), ..new.by_ordinal(&wants) };
    let stopped = decoder.window(last, None, &mut rotten, &mut |_, _| {});
    assert!(matches!(stopped, Err(DecodeError::Unreadable(unreadable)) if unreadable.number == 0));
    assert_eq!(decoder.next(), next);
    check(&mut decoder, (&new, &wants), None, last).unwrap();
    assert!(decoder.is_done());
}

#[test]
fn a_wrong_base_gives_wrong_chunks_and_nothing_worse() {
    let (base, new, wants, windows) = session();
    let mut other = Disk::of(&(5_000..5_400).map(page).collect::<Vec<_>>());
    let mut decoder = Decoder::new(wants.clone(), Some(base.size_chunks()));
    let mut wrong = 0;
    for window in &windows {
        let mut expected = [0; CHUNK_BYTES];
        let mut put = |at: u32, chunk: &[u8; CHUNK_BYTES]| {
            new.clone().read(wants[at as usize], &mut expected).unwrap();
            wrong += u32::from(*chunk != expected);
        };
        let _ = decoder.window(window, Some(&mut other), &mut new.by_ordinal(&wants), &mut put);
        if decoder.next() == 0 {
            decoder.skip_window(Decoder::count_of(window).unwrap());
        }
    }
    assert!(wrong > 0);
}
