//! Random disks, random contents of the target, random cuts (I1, I3).
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt;
use proptest::prelude::*;
use store::Look;
use transfer::testing::{Counted, SampleDisk, ShelfSource, Tampered, Weight};
use transfer::{FetchDisk, SourceFault, TransferFault, WINDOW_BYTES, Watch, Wire, fetch_disk};

/// Runs of places: how many, of which kind (zeros, one chunk repeated, new ones, ones seen before).
fn disks() -> impl Strategy<Value = Vec<Option<u64>>> {
    let run = (1_usize..1_500, 0_u8..4, 0_u64..50);
    prop::collection::vec(run, 1..6).prop_map(|runs| {
        let mut next = 1_000;
        let mut places = Vec::new();
        for (length, kind, seed) in runs {
            for n in 0..length as u64 {
                places.push(match kind {
                    0 => None,
                    1 => Some(seed),
                    2 => {
                        next += 1;
                        Some(next)
                    }
                    _ => Some(1_000 + (seed + n) % 400),
                });
            }
        }
        places
    })
}

async fn check(places: Vec<Option<u64>>, share: u8, cuts: Vec<u64>) {
    let disk = SampleDisk::of(&places, Weight::Light);
    let (target, domain) = rig::new_store().await;
    disk.put_into(&target, domain, |id| id.as_bytes()[0] < share).await;
    let missing: u64 = disk
        .frames
        .iter()
        .filter(|(id, _)| id.as_bytes()[0] >= share)
        .map(|(_, frame)| frame.len() as u64)
        .sum();
    let left = Arc::new(AtomicU64::new(0));
    let budget = left.clone();
    let shelf = Arc::new(ShelfSource::new(disk.frames.clone()));
    let cut = Tampered::new(shelf, move |_, _, body| {
        let budget = budget.clone();
        body.map(move |piece| {
            let piece = piece?;
            let spend = |left: u64| left.checked_sub(piece.len() as u64);
            match budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
                Ok(_) => Ok(piece),
                Err(_) => {
                    Err(SourceFault::Transport { action: "read the body", source: "cut".into() })
                }
            }
        })
        .boxed()
    });
    let source = Counted::new(cut);
    let job = FetchDisk { root: disk.root, domain, expected_size: disk.size_bytes };
    let restarts = cuts.len() as u64;
    let mut moved = None;
    for bytes in cuts.into_iter().chain([u64::MAX]) {
        left.store(bytes, Ordering::SeqCst);
        match fetch_disk(job, Wire::Frames(&*source), &target, &Watch::default()).await {
            Ok(done) => moved = Some(done),
            Err(TransferFault::Source(SourceFault::Transport { .. })) if bytes != u64::MAX => {}
            Err(fault) => panic!("{fault:?}"),
        }
    }
    let moved = moved.expect("the last call is not cut");
    assert_eq!(moved.places, disk.places);
    let check = target.check_tree(domain, disk.root, Look::Bytes).await.unwrap();
    assert_eq!((check.places, check.missing), (disk.places, 0));
    assert!(source.sent() <= missing + restarts * WINDOW_BYTES);
    if restarts == 0 {
        assert_eq!(source.sent(), missing);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn after_any_cuts_a_copy_ends_whole_and_sends_nothing_twice_beyond_the_window(
        places in disks(),
        share in prop::sample::select(vec![0_u8, 30, 128, 250]),
        cuts in prop::collection::vec(0_u64..300_000, 0..5),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(check(places, share, cuts));
    }
}
