//! A transfer that fails at any of its named points ends whole when it is called again.
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use store::Look;
use transfer::testing::{SampleDisk, ShelfSource, Weight};
use transfer::{FetchDisk, OfficeSource, ParcelOffice, ParcelTerms, Watch, Wire, fetch_disk};

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_fails_at_any_point_ends_whole_when_called_again() {
    let scenario = fail::FailScenario::setup();
    let disk = SampleDisk::of(&(0..3_000).map(Some).collect::<Vec<_>>(), Weight::Light);
    let source = ShelfSource::new(disk.frames.clone());
    for point in [
        "wrk.tree_recv",
        "wrk.tree_verify",
        "wrk.have_query",
        "wrk.chunk_recv",
        "wrk.chunk_verify",
        "wrk.final_verify",
    ] {
        for passes in [0, 1, 2] {
            let (target, domain) = rig::new_store().await;
            let job = FetchDisk { root: disk.root, domain, expected_size: disk.size_bytes };
            fail::cfg(point, &format!("{passes}*off->1*return->off")).unwrap();
            let first = fetch_disk(job, Wire::Frames(&source), &target, &Watch::default()).await;
            let reached = passes == 0 || point != "wrk.final_verify";
            assert_eq!(first.is_err(), reached, "{point} after {passes}: {first:?}");
            fetch_disk(job, Wire::Frames(&source), &target, &Watch::default()).await.unwrap();
            let check = target.check_tree(domain, disk.root, Look::Bytes).await.unwrap();
            assert_eq!((check.places, check.missing), (3_000, 0), "{point}");
        }
    }
    scenario.teardown();
}

/// The same for chunks that come in parcels. A window that is lost on the way is asked for again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_in_parcels_that_fails_at_any_point_ends_whole_when_called_again() {
    let scenario = fail::FailScenario::setup();
    let disk = SampleDisk::of(&(0..300).map(Some).collect::<Vec<_>>(), Weight::Heavy);
    let (store, from) = rig::new_store().await;
    disk.put_into(&store, from, |_| true).await;
    let job = FetchDisk { root: disk.root, domain: from, expected_size: disk.size_bytes };
    let nothing = ShelfSource::new(Default::default());
    fetch_disk(job, Wire::Frames(&nothing), &store, &Watch::default()).await.unwrap();
    let office = ParcelOffice::new(store, tempfile::tempdir().unwrap().keep());
    let source = OfficeSource::new(office, from);
    for (point, hits) in [
        ("wrk.tree_recv", 1),
        ("wrk.have_query", 1),
        ("wrk.parcel_open", 1),
        ("wrk.parcel_take", 3),
        ("wrk.chunk_recv", 0),
        ("wrk.chunk_verify", 3),
        ("wrk.final_verify", 1),
    ] {
        for passes in [0, 2] {
            let (target, domain) = rig::new_store().await;
            let job = FetchDisk { root: disk.root, domain, expected_size: disk.size_bytes };
            let parcels = || Wire::Parcels(&source, ParcelTerms::default());
            fail::cfg(point, &format!("{passes}*off->1*return->off")).unwrap();
            let first = fetch_disk(job, parcels(), &target, &Watch::default()).await;
            assert_eq!(first.is_err(), passes < hits, "{point} after {passes}: {first:?}");
            fail::remove(point);
            fetch_disk(job, parcels(), &target, &Watch::default()).await.unwrap();
            let check = target.check_tree(domain, disk.root, Look::Bytes).await.unwrap();
            assert_eq!((check.places, check.missing), (300, 0), "{point}");
        }
    }
    scenario.teardown();
}
