//! Durable before recorded: I1, promise 1, faults 4, 5 and 6.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::io::ErrorKind;

use store::{Chunk, IngestError, Retry, StoreFault, Wanted};
use support::{Call, World, frames, noise, text};

/// Puts chunks while one call fails; the caller is told, nothing is recorded that is not durable, and a second try works.
async fn check(call: Call, error: ErrorKind) {
    for nth in 0.. {
        let world = World::new().await;
        world.backend.arm(call, nth, error);
        let plain: Vec<_> = (0..60).map(noise).collect();
        let (run, ids) = frames(&plain);
        let ingest = world.store.ingest(world.domain);
        let put = ingest.put_frames(run.clone(), &mut Wanted::new(ids.clone())).await;
        let flushed = ingest.flush().await;
        world.backend.assert_rows_are_durable(&world.index).await;
        world.assert_true().await;
        if world.backend.fired() == 0 {
            put.unwrap();
            flushed.unwrap();
            assert!(nth > 0, "the call was never made");
            return;
        }
        let fault = flushed.expect_err("a failed write or sync must be told");
        let full = error == ErrorKind::StorageFull;
        assert_eq!(matches!(fault, StoreFault::Full { .. }), full, "{fault}");
        assert_eq!(fault.retry(), Retry::Later);
        if let Err(error) = put {
            assert!(matches!(error, IngestError::Store(_)), "{error}");
        }
        let again = ingest.put_frames(run, &mut Wanted::new(ids.clone())).await;
        assert!(again.is_err(), "an ingest that failed takes nothing more");

        world.put(&plain).await;
        assert_eq!(world.held(&ids).await, vec![true; 60]);
        world.backend.assert_rows_are_durable(&world.index).await;
        world.assert_true().await;
    }
}

#[tokio::test]
async fn a_failed_write_records_nothing_and_the_next_try_works() {
    check(Call::Append, ErrorKind::Other).await;
}

#[tokio::test]
async fn a_short_write_records_nothing_and_the_next_try_works() {
    check(Call::AppendShort, ErrorKind::WriteZero).await;
}

#[tokio::test]
async fn a_failed_sync_gives_the_pack_up_and_the_next_try_works() {
    check(Call::Sync, ErrorKind::Other).await;
}

#[tokio::test]
async fn a_full_disk_is_named_and_the_next_try_works() {
    check(Call::Append, ErrorKind::StorageFull).await;
    check(Call::Create, ErrorKind::StorageFull).await;
}

/// Fault 33: the fault of one is not the fault of others that come after it.
#[tokio::test]
async fn an_import_hears_of_a_fault_at_its_flush() {
    let world = World::new().await;
    world.backend.arm(Call::Sync, 0, ErrorKind::Other);
    let ingest = world.store.ingest(world.domain);
    let chunk = Chunk::of(text(1));
    ingest.put_plain(chunk.clone()).await.unwrap();
    assert!(ingest.flush().await.is_err());
    assert_eq!(world.held(&[chunk.id()]).await, [false]);
    let ingest = world.store.ingest(world.domain);
    ingest.put_plain(chunk.clone()).await.unwrap();
    ingest.flush().await.unwrap();
    assert_eq!(world.held(&[chunk.id()]).await, [true]);
    assert_eq!(world.store.get(world.domain, chunk.id()).await.unwrap(), text(1));
}
