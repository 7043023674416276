//! Every driver step, three ways: done twice; failed at each outside call and started again; unwound twice.

use std::sync::Arc;

use catalog::CopyRow;
use model::{CopyId, CopyState, ImageStatus, Phase};
use tokio_util::sync::CancellationToken;

use super::unreliable::{Call, Fate, Unreliable};
use crate::peer::Accepted;
use crate::steps::Stepped;
use crate::testing::{World, disk, region_id};

async fn world_with_copy() -> (World, Accepted) {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 40, Some), disk(2, 5, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    (world, copy)
}

async fn claimed(world: &World, copy: &CopyId) -> CopyRow {
    let south = world.region("south");
    let mut tx = south.inner.catalog.begin().await.unwrap();
    let limits = catalog::ClaimLimits { per_account: 5, per_region: 5 };
    let now = model::Clock::now(&*world.clock);
    tx.claim_due("test", now, 15_000, limits).await.unwrap();
    let row = tx.copy_unscoped(copy).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    row
}

async fn step(world: &World, row: &CopyRow) -> Stepped {
    world.region("south").step(row, &CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn every_step_done_twice_moves_the_copy_once() {
    let (world, copy) = world_with_copy().await;
    let mut row = claimed(&world, &copy.copy).await;
    let mut seen = vec![row.state.name()];
    while row.state.is_live() {
        let Stepped::Moved(next) = step(&world, &row).await else {
            panic!("{} did not move", row.state.name())
        };
        // The same step again, as after a crash between the act and its record: the row has moved on, so nothing changes.
        assert!(
            matches!(step(&world, &row).await, Stepped::Lost | Stepped::Stopped),
            "{}",
            row.state.name()
        );
        let south = world.region("south");
        let now = south
            .inner
            .catalog
            .read()
            .await
            .unwrap()
            .copy_unscoped(&copy.copy)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(now, *next, "{} done twice", row.state.name());
        row = *next;
        seen.push(row.state.name());
    }
    assert_eq!(seen, ["queued", "held", "stored", "published", "done"]);
    assert_eq!(
        world.region("south").image(&world.caller, &copy.image).await.unwrap().status,
        ImageStatus::Available
    );
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}

#[tokio::test]
async fn a_copy_survives_the_loss_of_any_one_request_or_answer_and_a_restart() {
    let calls = [Call::Hold, Call::Fetch, Call::Release];
    for call in calls {
        for fate in [Fate::Lost, Fate::AnswerLost, Fate::CutAfter(100_000)] {
            for lost in 0..3_u64 {
                let (mut world, copy) = world_with_copy().await;
                let south = world.region("south");
                let seen = Arc::new(std::sync::atomic::AtomicU64::new(0));
                let bad = Unreliable::new(world.region("north"), move |this, _| {
                    let hit = this == call
                        && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == lost;
                    if hit { fate } else { Fate::Passes }
                });
                south.replace_peer(&region_id("north"), bad);
                world.run_until_idle().await;
                world.check_world().await;
                drop(south);
                world.restart().await;
                world.clock.advance_ms(120_000);
                world.run_until_idle().await;
                let south = world.region("south");
                let done = south.copy(&world.caller, &copy.copy).await.unwrap();
                assert_eq!(done.phase, Phase::Done, "{call:?} {fate:?} {lost}");
                assert!(world.read_disk("south", &copy.image, 0).await == disk(1, 40, Some));
                world.assert_clean_slate("north").await;
                world.assert_clean_slate("south").await;
            }
        }
    }
}

#[tokio::test]
async fn a_copy_unwound_twice_gives_back_once() {
    for steps_before in 0..3 {
        let (world, copy) = world_with_copy().await;
        let mut row = claimed(&world, &copy.copy).await;
        for _ in 0..steps_before {
            let Stepped::Moved(next) = step(&world, &row).await else { panic!("it moves") };
            row = *next;
        }
        let south = world.region("south");
        south.cancel_image(&world.caller, &copy.image).await.unwrap();
        south.cancel_image(&world.caller, &copy.image).await.unwrap_err();
        // The worker that was at it finds that it is no longer its copy.
        assert!(
            !matches!(step(&world, &row).await, Stepped::Moved(_)),
            "after {steps_before} steps"
        );
        let row = claimed(&world, &copy.copy).await;
        assert!(matches!(row.state, CopyState::Unwinding { .. }));
        assert!(matches!(step(&world, &row).await, Stepped::Moved(_)));
        assert!(matches!(step(&world, &row).await, Stepped::Lost));
        world.run_until_idle().await;
        assert_eq!(south.copy(&world.caller, &copy.copy).await.unwrap().phase, Phase::Cancelled);
        assert!(
            south
                .quotas(&world.caller)
                .await
                .unwrap()
                .iter()
                .all(|quota| quota.used + quota.reserved == 0)
        );
        world.assert_clean_slate("north").await;
        world.assert_clean_slate("south").await;
    }
}

/// Fault 26, I10: a worker that slept through its lease finds its copy taken over, and changes nothing.
#[tokio::test]
async fn a_worker_that_wakes_after_its_lease_changes_nothing() {
    let (world, copy) = world_with_copy().await;
    let stale = claimed(&world, &copy.copy).await;
    world.clock.advance_ms(20_000);
    let fresh = claimed(&world, &copy.copy).await;
    assert_eq!(fresh.fence, stale.fence + 1);
    assert!(matches!(step(&world, &stale).await, Stepped::Lost));
    let south = world.region("south");
    let now =
        south.inner.catalog.read().await.unwrap().copy_unscoped(&copy.copy).await.unwrap().unwrap();
    assert_eq!(now, fresh);
    assert!(matches!(step(&world, &fresh).await, Stepped::Moved(_)));
    world.run_until_idle().await;
}

/// R002-3: snapshots are copied, then the image is registered; both can be seen, and a stop in either ends in one replica.
#[tokio::test]
async fn r002_3_a_stop_in_either_phase_ends_in_exactly_one_replica() {
    for (steps_before, phase) in [(1, Phase::CopyingSnapshots), (2, Phase::Registering)] {
        let (mut world, copy) = world_with_copy().await;
        let mut row = claimed(&world, &copy.copy).await;
        for _ in 0..steps_before {
            let Stepped::Moved(next) = step(&world, &row).await else { panic!("it moves") };
            row = *next;
        }
        let seen = world.region("south").copy(&world.caller, &copy.copy).await.unwrap();
        assert_eq!(seen.phase, phase, "copying snapshot {} of {}", seen.disks_done, seen.disks);
        world.restart().await;
        world.clock.advance_ms(20_000);
        world.run_until_idle().await;
        let query = crate::commands::ImageQuery { limit: 10, ..Default::default() };
        let images = world.region("south").images(&world.caller, query).await.unwrap().items;
        assert_eq!(images.iter().map(|image| &image.id).collect::<Vec<_>>(), [&copy.image]);
        assert_eq!(images[0].status, ImageStatus::Available);
        world.assert_clean_slate("north").await;
        world.assert_clean_slate("south").await;
    }
}
