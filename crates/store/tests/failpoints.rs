//! The store's named failpoints: each returns an error once; the caller is told, and the same again works.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;

use store::Pace;
use support::actors::{Copy, Live, assert_whole};
use support::disk::Disk;
use support::{World, noise, put_frames};

/// One scenario at a time: failpoints belong to the process.
#[tokio::test]
async fn at_every_named_point_an_error_is_told_and_the_next_try_works() {
    let scenario = fail::FailScenario::setup();
    for point in ["wrk.tmp_write", "wrk.fsync_file", "wrk.fsync_dir", "wrk.record_batch"] {
        let world = World::new().await;
        fail::cfg(point, "1*return").unwrap();
        let ingest = world.store.ingest(world.domain);
        let (run, ids) = support::frames(&[noise(1)]);
        let put = ingest.put_frames(run, &mut store::Wanted::new(ids.clone())).await;
        assert!(put.is_err() || ingest.flush().await.is_err(), "{point}");
        assert_eq!(world.held(&ids).await, [false], "{point}");
        world.put(&[noise(1)]).await;
        assert_eq!(world.held(&ids).await, [true], "{point}");
        world.assert_true().await;
    }
    for point in ["gc.mark", "gc.condemn", "gc.drop_row", "gc.recheck", "gc.unlink"] {
        let world = World::new().await;
        let (live, disk) = (Live::default(), Arc::new(Disk::new(0, 2)));
        world.put(&[noise(1), noise(2)]).await;
        // A pack of its own, so that another becomes empty.
        let world = world.reopened().await;
        live.add(world.domain, disk.root());
        let mut copy = Copy::begin(&world.store, world.domain, Arc::clone(&disk));
        while !copy.step().await.unwrap() {}
        fail::cfg(point, "1*return").unwrap();
        assert!(world.store.sweep(&live, Pace::Full).await.is_err(), "{point}");
        drop(copy);
        let world = world.reopened().await;
        world.store.sweep(&live, Pace::Full).await.unwrap();
        assert_eq!(world.store.usage().await.unwrap().chunks, disk.ids().len() as u64, "{point}");
        assert_whole(&world.store, world.domain, &disk).await.unwrap();
        world.assert_true().await;
    }
    for point in ["scrub.read", "scrub.quarantine"] {
        let world = World::new().await;
        put_frames(&world.store.ingest(world.domain), &[noise(1)]).await;
        world.put(&[noise(2)]).await;
        fail::cfg(point, "1*return").unwrap();
        assert!(world.store.scrub(None, Pace::Full).await.is_err(), "{point}");
        assert_eq!(world.store.scrub(None, Pace::Full).await.unwrap().chunks, 2, "{point}");
    }
    scenario.teardown();
}
