//! A transfer that fails at any of its named points ends whole when it is called again.
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use store::Look;
use transfer::testing::{SampleDisk, ShelfSource, Weight};
use transfer::{FetchDisk, Watch, fetch_disk};

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
            let first = fetch_disk(job, &source, &target, &Watch::default()).await;
            let reached = passes == 0 || point != "wrk.final_verify";
            assert_eq!(first.is_err(), reached, "{point} after {passes}: {first:?}");
            fetch_disk(job, &source, &target, &Watch::default()).await.unwrap();
            let check = target.check_tree(domain, disk.root, Look::Bytes).await.unwrap();
            assert_eq!((check.places, check.missing), (3_000, 0), "{point}");
        }
    }
    scenario.teardown();
}
