//! A copy of a snapshot at each of its steps: done twice, cancelled, left by a worker that died, and raced.

use catalog::CopyRow;
use model::{CopyId, CopyState, Phase, Rejection, SnapshotStanding};
use tokio_util::sync::CancellationToken;

use super::snapshot_copies::{ask, assert_no_carrier, copy_of, standing, world};
use super::snapshots::used;
use super::unreliable::{Call, Fate, Unreliable};
use crate::refused::Refused;
use crate::snapshot_copies::SnapshotPromised;
use crate::steps::Stepped;
use crate::testing::{HeadStart, Medium, Winner, World, WorldOptions, disk, region_id};

/// Rounds of each race.
const ROUNDS: u64 = 100;

async fn on_its_way() -> (World, SnapshotPromised) {
    let (world, snapshots) = world().await;
    let promised = ask(&world, copy_of(&snapshots[0], "south")).await.unwrap();
    (world, promised)
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

/// The copy after so many steps of its worker.
async fn after_steps(world: &World, copy: &CopyId, steps: usize) -> CopyRow {
    let mut row = claimed(world, copy).await;
    for _ in 0..steps {
        let Stepped::Moved(next) = step(world, &row).await else { panic!("{row:?} moves") };
        row = *next;
    }
    row
}

#[tokio::test]
async fn every_step_done_twice_moves_the_copy_once() {
    let (world, promised) = on_its_way().await;
    let mut row = claimed(&world, &promised.copy).await;
    let mut seen = vec![(row.state.name(), used(&world, "south").await)];
    while row.state.is_live() {
        let Stepped::Moved(next) = step(&world, &row).await else { panic!("{row:?} moves") };
        assert!(matches!(step(&world, &row).await, Stepped::Lost | Stepped::Stopped));
        world.check_world().await;
        row = *next;
        seen.push((row.state.name(), used(&world, "south").await));
    }
    let (reserved, kept) = (([0, 0], 1), ([0, 1], 0));
    let wanted = [
        ("queued", reserved),
        ("held", reserved),
        ("stored", reserved),
        ("published", kept),
        ("done", kept),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(standing(&world, &promised.snapshot).await, (SnapshotStanding::Whole, 100));
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

/// R000-10: at each step a deletion cancels, at once for who asks, and nothing is left; after the last it deletes.
#[tokio::test]
async fn r000_10_a_snapshot_deleted_on_its_way_leaves_nothing() {
    for steps in 0..=4 {
        let (world, promised) = on_its_way().await;
        let row = after_steps(&world, &promised.copy, steps).await;
        let (south, caller) = (world.region("south"), &world.caller);
        south.delete_snapshot(caller, &promised.snapshot).await.unwrap();
        let gone = south.snapshot(caller, &promised.snapshot).await;
        assert!(matches!(gone, Err(Refused::Rejected(Rejection::SnapshotNotFound { .. }))));
        assert_eq!(used(&world, "south").await, ([0, 0], 0), "after {steps} steps");
        world.check_world().await;
        if steps < 3 {
            // The worker that was at it finds that it is no longer its copy; unwinding twice gives back once.
            assert!(!matches!(step(&world, &row).await, Stepped::Moved(_)), "after {steps} steps");
            let row = claimed(&world, &promised.copy).await;
            assert!(matches!(row.state, CopyState::Unwinding { .. }));
            assert!(matches!(step(&world, &row).await, Stepped::Moved(_)));
            assert!(matches!(step(&world, &row).await, Stepped::Lost));
        }
        world.clock.advance_ms(20_000);
        world.run_until_idle().await;
        let phase = south.copy(caller, &promised.copy).await.unwrap().phase;
        assert_eq!(phase, if steps < 3 { Phase::Cancelled } else { Phase::Done });
        assert_no_carrier(&world, "north").await;
        assert_no_carrier(&world, "south").await;
        south.sweep().await.unwrap();
        assert_eq!(south.store().usage().await.unwrap().chunks, 0, "after {steps} steps");
    }
}

/// A worker that dies at any step leaves a copy that another takes up, after a restart, to the same end.
#[tokio::test]
async fn promise_3_a_copy_whose_worker_died_is_taken_up_at_any_step() {
    for steps in 0..=4 {
        let (mut world, promised) = on_its_way().await;
        after_steps(&world, &promised.copy, steps).await;
        world.check_world().await;
        world.restart().await;
        world.clock.advance_ms(20_000);
        world.run_until_idle().await;
        assert_eq!(standing(&world, &promised.snapshot).await, (SnapshotStanding::Whole, 100));
        assert_eq!(used(&world, "south").await, ([0, 1], 0), "after {steps} steps");
        assert_no_carrier(&world, "north").await;
        assert_no_carrier(&world, "south").await;
    }
}

#[tokio::test]
async fn a_copy_survives_the_loss_of_any_one_request_or_answer() {
    for call in [Call::Hold, Call::Fetch, Call::Release] {
        for fate in [Fate::Lost, Fate::AnswerLost, Fate::CutAfter(100_000)] {
            let (mut world, promised) = on_its_way().await;
            let lost = std::sync::atomic::AtomicBool::new(false);
            let bad = Unreliable::new(world.region("north"), move |this, _| {
                let is_first =
                    this == call && !lost.swap(true, std::sync::atomic::Ordering::SeqCst);
                if is_first { fate } else { Fate::Passes }
            });
            world.region("south").replace_peer(&region_id("north"), bad);
            world.run_until_idle().await;
            world.check_world().await;
            world.restart().await;
            world.clock.advance_ms(120_000);
            world.run_until_idle().await;
            let stands = standing(&world, &promised.snapshot).await;
            assert_eq!(stands, (SnapshotStanding::Whole, 100), "{call:?} {fate:?}");
            assert_no_carrier(&world, "north").await;
            assert_no_carrier(&world, "south").await;
        }
    }
}

/// A copy that fails while its snapshot is being deleted: whichever comes first, nothing is left.
#[tokio::test]
async fn a_failing_copy_and_a_deletion_leave_nothing_in_either_order() {
    let (world, promised) = on_its_way().await;
    let (south, caller) = (world.region("south"), &world.caller);
    world.region("north").release_hold(&promised.copy).await.unwrap();
    let row = claimed(&world, &promised.copy).await;
    let Stepped::GiveUp(cause) = step(&world, &row).await else { panic!("its source is gone") };
    let event = model::CopyEvent::GiveUp(cause);
    let Stepped::Moved(row) = south.record_event(&row, event).await.unwrap() else {
        panic!("it begins to unwind")
    };
    world.check_world().await;
    south.delete_snapshot(caller, &promised.snapshot).await.unwrap();
    world.check_world().await;
    assert!(matches!(step(&world, &row).await, Stepped::Moved(_)));
    assert!(south.snapshot(caller, &promised.snapshot).await.is_err(), "it does not come back");
    assert_eq!(used(&world, "south").await, ([0, 0], 0));
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

async fn racing_world() -> (World, model::SnapshotId) {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let image = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    (world, snapshot)
}

/// I5: a deletion and the publishing race; exactly one wins, and nothing is left of either.
#[tokio::test(flavor = "multi_thread")]
async fn i5_deletion_against_publish_has_one_winner() {
    let (world, snapshot) = racing_world().await;
    let south = world.region("south");
    let (mut cancelled, mut finished, mut start) = (0, 0, HeadStart::default());
    for round in 0..ROUNDS {
        let promised = ask(&world, copy_of(&snapshot, "south")).await.unwrap();
        let driver = south.clone();
        let (moved, deleted) =
            tokio::join!(tokio::spawn(async move { driver.run_due().await.unwrap() }), async {
                start.second().await;
                south.delete_snapshot(&world.caller, &promised.snapshot).await
            });
        moved.unwrap();
        deleted.unwrap();
        world.clock.advance_ms(120_000);
        world.run_until_idle().await;
        match south.copy(&world.caller, &promised.copy).await.unwrap().phase {
            Phase::Cancelled => {
                cancelled += 1;
                start.note(Winner::Second);
            }
            Phase::Done => {
                finished += 1;
                start.note(Winner::First);
            }
            other => panic!("round {round}: {other}"),
        }
        assert!(south.snapshot(&world.caller, &promised.snapshot).await.is_err());
        assert_eq!(used(&world, "south").await, ([0, 0], 0), "round {round}");
        world.check_world().await;
    }
    assert!(cancelled > 0 && finished > 0, "no race: {cancelled} cancelled, {finished} finished");
}

/// I8: a deletion of the source and a request for a copy race: the copy has its source, or there is none.
#[tokio::test(flavor = "multi_thread")]
async fn i8_deletion_against_a_copy_has_one_winner() {
    let (world, _) = racing_world().await;
    let north = world.region("north");
    let (mut deleted, mut copied, mut start) = (0, 0, HeadStart::default());
    for round in 0..ROUNDS {
        let image = world.import("north", "one", &[disk(round + 2, 1, Some)]).await;
        let snapshot = image.disks[0].snapshot.clone().unwrap();
        let keep = crate::commands::SnapshotsOfImage::Keep;
        north.delete_image(&world.caller, &image.id, model::rules::Force::No, keep).await.unwrap();
        let (gone, promised) = tokio::join!(
            async {
                start.second().await;
                north.delete_snapshot(&world.caller, &snapshot).await
            },
            async {
                start.first().await;
                ask(&world, copy_of(&snapshot, "south")).await
            }
        );
        match (gone, promised) {
            (Ok(()), Err(Refused::Rejected(Rejection::SnapshotNotFound { .. }))) => {
                deleted += 1;
                start.note(Winner::Second);
            }
            (Err(Refused::Rejected(Rejection::SnapshotHeld { .. })), Ok(promised)) => {
                world.check_world().await;
                world.run_until_idle().await;
                assert_eq!(standing(&world, &promised.snapshot).await.0, SnapshotStanding::Whole);
                north.delete_snapshot(&world.caller, &snapshot).await.unwrap();
                copied += 1;
                start.note(Winner::First);
            }
            other => panic!("round {round}: {other:?}"),
        }
        world.check_world().await;
    }
    assert!(deleted > 0 && copied > 0, "no race was run: {deleted} deleted, {copied} copied");
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}
