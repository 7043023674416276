//! Cancelling: final and clean, at whatever point (R000-10, promise 5).

use model::{ImageStatus, Phase, Rejection};

use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::{ImageQuery, SnapshotQuery};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};

async fn assert_nothing_left(world: &World) {
    let south = world.region("south");
    let images =
        south.images(&world.caller, ImageQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert!(images.items.is_empty(), "an image is left: {:?}", images.items);
    let snapshots = south
        .snapshots(&world.caller, SnapshotQuery { limit: 10, ..Default::default() })
        .await
        .unwrap();
    assert!(snapshots.items.is_empty(), "a snapshot is left");
    world.assert_clean_slate("south").await;
    world.assert_clean_slate("north").await;
    south.sweep().await.unwrap();
    assert_eq!(
        south.store().usage().await.unwrap().chunks,
        0,
        "orphan chunks are left after a sweep"
    );
}

#[tokio::test]
async fn r000_10_a_copy_cancelled_before_it_began_leaves_nothing() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let south = world.region("south");
    south.cancel_image(&world.caller, &copy.image).await.unwrap();
    // Gone at once for who asked; the hold follows with the driver.
    assert!(south.image(&world.caller, &copy.image).await.is_err());
    world.run_until_idle().await;
    assert_eq!(south.copy(&world.caller, &copy.copy).await.unwrap().phase, Phase::Cancelled);
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn r000_10_a_copy_cancelled_half_way_leaves_nothing() {
    for cut in [1, 50_000, 100_000] {
        let world = World::with_regions(["north", "south"]).await;
        let image = world.import("north", "web", &[disk(1, 40, Some)]).await;
        let bad = Unreliable::new(world.region("north"), move |call, _| match call {
            Call::Fetch => Fate::CutAfter(cut),
            Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
        });
        let south = world.region("south");
        south.replace_peer(&region_id("north"), bad);
        let copy = world.copy("north", &image.id, "south").await.unwrap();
        world.run_until_idle().await;
        let waiting = south.copy(&world.caller, &copy.copy).await.unwrap();
        assert_eq!((waiting.phase, waiting.attempts), (Phase::Waiting, 1), "after {cut} bytes");
        assert!(waiting.reason.is_some() && waiting.next_attempt.is_some());
        south.cancel_image(&world.caller, &copy.image).await.unwrap();
        world.run_until_idle().await;
        assert_nothing_left(&world).await;
    }
}

#[tokio::test]
async fn r000_10_after_one_hundred_percent_a_cancel_is_refused() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let south = world.region("south");
    let refused = south.cancel_image(&world.caller, &copy.image).await;
    assert!(matches!(refused, Err(Refused::Rejected(Rejection::CopyFinished { .. }))));
    assert_eq!(
        south.image(&world.caller, &copy.image).await.unwrap().status,
        ImageStatus::Available
    );
    let refused = world.region("north").cancel_image(&world.caller, &image.id).await;
    assert!(
        matches!(refused, Err(Refused::Rejected(Rejection::NotBeingCopied { .. }))),
        "an imported image"
    );
}

#[tokio::test]
async fn a_cancel_with_the_source_out_of_reach_gives_back_all_that_is_here_and_the_hold_later() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let south = world.region("south");
    south.replace_peer(
        &region_id("north"),
        Unreliable::new(world.region("north"), |_, _| Fate::Lost),
    );
    south.cancel_image(&world.caller, &copy.image).await.unwrap();
    world.run_until_idle().await;
    assert!(south.quotas(&world.caller).await.unwrap().iter().all(|quota| quota.reserved == 0));
    assert_eq!(south.copy(&world.caller, &copy.copy).await.unwrap().phase, Phase::Cancelling);

    south.replace_peer(&region_id("north"), std::sync::Arc::new(world.region("north")));
    world.clock.advance_ms(120_000);
    world.run_until_idle().await;
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_cancelled_import_leaves_nothing_and_takes_no_more() {
    let world = World::with_regions(["north", "south"]).await;
    let contents = disk(1, 10, Some);
    let begun = world.begin_import("south", "web", std::slice::from_ref(&contents)).await.unwrap();
    let digest = world.send_disk("south", &begun.id, &contents).await;
    let south = world.region("south");
    south.cancel_image(&world.caller, &begun.id).await.unwrap();
    let refused = south.finish_import(&world.caller, &begun.id, vec![digest]).await;
    assert!(matches!(refused, Err(Refused::Rejected(Rejection::ImageNotFound { .. }))));
    assert_nothing_left(&world).await;
}
