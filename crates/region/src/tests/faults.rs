//! Faults of the world: each with the answer that RELIABILITY.md asks for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{Cause, ImageStatus, Phase, Rejection};
use store::Pace;

use super::unreliable::{Call, Fate, Unreliable};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};

/// Fault 13 and I3: what crossed before the cut is not sent again, but for what was in flight.
#[tokio::test]
async fn after_a_cut_only_what_is_missing_is_sent() {
    let world = World::with_regions(["north", "south"]).await;
    let contents = disk(1, 600, Some);
    let image = world.import("north", "web", std::slice::from_ref(&contents)).await;
    let south = world.region("south");
    let cut = Unreliable::new(world.region("north"), |call, number| match call {
        Call::Fetch if number > 3 => Fate::CutAfter(2_000_000),
        Call::Fetch | Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    let served = Arc::clone(&cut.served);
    south.replace_peer(&region_id("north"), cut);
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    assert_eq!(south.copy(&world.caller, &copy.copy).await.unwrap().attempts, 1);

    let good = Unreliable::new(world.region("north"), |_, _| Fate::Passes);
    let served_later = Arc::clone(&good.served);
    south.replace_peer(&region_id("north"), good);
    world.clock.advance_ms(10_000);
    world.run_until_idle().await;
    let done = south.copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!((done.phase, done.attempts, done.reason), (Phase::Done, 0, None));
    assert!(world.read_disk("south", &copy.image, 0).await == contents);
    let total = served.load(Ordering::SeqCst) + served_later.load(Ordering::SeqCst);
    let whole = world.region("north").store().usage().await.unwrap().frame_bytes;
    assert!(total <= whole + transfer::WINDOW_BYTES, "{total} bytes for {whole}");
    assert!(served.load(Ordering::SeqCst) > 0 && served_later.load(Ordering::SeqCst) < whole);
    world.assert_clean_slate("north").await;
}

/// Fault 10: the source has lost a chunk; the copy ends with the count, the image stays visible as `create_failed`
/// (R004-11), and nothing is kept.
#[tokio::test]
async fn a_source_that_lost_chunks_ends_the_copy_with_their_number() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 20, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    damage(&world, "north", 3).await;
    world.run_until_idle().await;
    let south = world.region("south");
    let ended = south.copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!(ended.phase, Phase::Failed);
    assert!(
        matches!(ended.failure, Some(Cause::SourceDamaged { chunks: 1.. })),
        "{:?}",
        ended.failure
    );
    let there = south.image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((there.status, there.percent), (ImageStatus::CreateFailed, 0));
    assert!(
        south
            .quotas(&world.caller)
            .await
            .unwrap()
            .iter()
            .all(|quota| quota.used + quota.reserved == 0)
    );
    let force = model::rules::Force::No;
    south
        .delete_image(&world.caller, &copy.image, force, crate::commands::SnapshotsOfImage::Delete)
        .await
        .unwrap();
}

/// Flips one bit in `count` frames of a region's packs.
pub(super) async fn damage(world: &World, region: &str, count: usize) {
    let packs = world.folder(region).join("store").join("packs");
    let mut flipped = 0;
    for folder in std::fs::read_dir(packs).unwrap() {
        for pack in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = pack.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            let mut place = 32;
            while flipped < count && place + 48 < bytes.len() {
                let stored =
                    u32::from_le_bytes(bytes[place..place + 4].try_into().unwrap()) as usize;
                if stored == 0 {
                    break;
                }
                bytes[place + 48 + stored / 2] ^= 1;
                flipped += 1;
                place += 48 + stored;
            }
            std::fs::write(&path, bytes).unwrap();
        }
    }
    assert_eq!(flipped, count);
}

/// Fault 7: a scrub finds every flipped bit, the image is no copy source while it is damaged, and another region repairs it.
#[tokio::test]
async fn damage_is_found_set_aside_and_fetched_anew() {
    let world = World::with_regions(["north", "south"]).await;
    let contents = disk(1, 30, Some);
    let image = world.import("north", "web", std::slice::from_ref(&contents)).await;
    damage(&world, "north", 4).await;
    let north = world.region("north");
    let alone = north.scrub(Pace::Full).await.unwrap();
    assert_eq!((alone.damaged, alone.repaired, alone.left), (4, 0, 4), "no region has them");
    let refused = world.copy("north", &image.id, "south").await;
    assert!(
        matches!(refused, Err(Refused::Rejected(Rejection::ImageDegraded { .. }))),
        "{refused:?}"
    );
    assert!(north.verify_image(&world.caller, &image.id).await.unwrap().damaged > 0);

    // Somebody has the same disk in another region.
    world.import("south", "same", std::slice::from_ref(&contents)).await;
    let repaired = north.repair().await.unwrap();
    assert_eq!(repaired, 4);
    assert!(world.read_disk("north", &image.id, 0).await == contents);
    assert_eq!(north.verify_image(&world.caller, &image.id).await.unwrap().damaged, 0);
    world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    world.check_world().await;
}

#[tokio::test]
async fn a_source_image_that_is_gone_ends_the_copy_and_says_so() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    // The hold is lost (an operator restored an older catalog), then the image.
    world.region("north").release_hold(&copy.copy).await.unwrap();
    let (force, snapshots) = (model::rules::Force::No, crate::commands::SnapshotsOfImage::Delete);
    world.region("north").delete_image(&world.caller, &image.id, force, snapshots).await.unwrap();
    world.run_until_idle().await;
    let ended = world.region("south").copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!((ended.phase, ended.failure), (Phase::Failed, Some(Cause::SourceGone)));
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}

/// The answer to `accept` is lost: the source keeps its hold, asks, and lets go exactly when no copy needs it (I8).
#[tokio::test]
async fn a_lost_answer_to_an_offer_leaves_no_hold_behind() {
    for fate in [Fate::Lost, Fate::AnswerLost] {
        let world = World::with_regions(["north", "south"]).await;
        let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
        let north = world.region("north");
        north.replace_peer(
            &region_id("south"),
            Unreliable::new(world.region("south"), move |_, _| fate),
        );
        assert!(matches!(world.copy("north", &image.id, "south").await, Err(Refused::Fault(_))));
        north.replace_peer(&region_id("south"), Arc::new(world.region("south")));
        assert_eq!(north.reconcile_holds().await.unwrap(), 0, "too young to ask about");
        world.clock.advance_ms(120_000);
        let released = north.reconcile_holds().await.unwrap();
        assert_eq!(released, u64::from(fate == Fate::Lost), "{fate:?}");
        world.run_until_idle().await;
        world.assert_clean_slate("north").await;
        world.assert_clean_slate("south").await;
    }
}

/// Fault 33: a copy that never makes progress ends at last, and says how often it was tried.
#[tokio::test]
async fn a_copy_that_always_fails_gives_up() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let south = world.region("south");
    let bad = Unreliable::new(world.region("north"), |call, _| match call {
        Call::Fetch => Fate::Lost,
        Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    south.replace_peer(&region_id("north"), bad);
    for _ in 0..model::rules::MAX_ATTEMPTS_WITHOUT_PROGRESS + 1 {
        world.run_until_idle().await;
        world.clock.advance_ms(61_000);
    }
    let ended = south.copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!(
        ended.failure,
        Some(Cause::GaveUp { attempts: model::rules::MAX_ATTEMPTS_WITHOUT_PROGRESS })
    );
    assert_eq!(
        south.image(&world.caller, &copy.image).await.unwrap().status,
        ImageStatus::CreateFailed
    );
    world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn a_waiting_copy_can_be_tried_again_at_once() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let south = world.region("south");
    south.replace_peer(
        &region_id("north"),
        Unreliable::new(world.region("north"), |_, _| Fate::Lost),
    );
    world.run_until_idle().await;
    south.replace_peer(&region_id("north"), Arc::new(world.region("north")));
    world.run_until_idle().await;
    assert_eq!(south.copy(&world.caller, &copy.copy).await.unwrap().phase, Phase::Waiting);
    south.retry_copy(&world.caller, &copy.copy).await.unwrap();
    world.run_until_idle().await;
    assert_eq!(south.copy(&world.caller, &copy.copy).await.unwrap().phase, Phase::Done);
    let refused = south.retry_copy(&world.caller, &copy.copy).await;
    assert!(matches!(refused, Err(Refused::Rejected(Rejection::NothingToRetry { .. }))));
}
