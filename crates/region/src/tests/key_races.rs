//! A key that is disabled while a copy seals with it: whatever the moment, the copy waits or is whole, and goes on when the key
//! is back. Run as a race.

use model::rules::Force;
use model::{ImageStatus, KeyState, Phase, Profile, Rejection, Sealing};

use crate::commands::{CopyImage, SnapshotsOfImage};
use crate::refused::Refused;
use crate::testing::{HeadStart, Medium, Winner, World, WorldOptions, disk, region_id};

/// A thousand rounds, in ten worlds: each look at a world goes through all that ever happened in it.
const WORLDS: u64 = 10;
const ROUNDS: u64 = 100;

/// R004-8, api-16: the key is disabled at some moment of the copy.
#[tokio::test(flavor = "multi_thread")]
async fn r004_8_a_key_disabled_in_mid_copy_never_leaves_a_half_sealed_image() {
    let (mut before, mut after) = (0, 0);
    for _ in 0..WORLDS {
        let (more_before, more_after) = race_a_key().await;
        before += more_before;
        after += more_after;
    }
    assert!(before > 0 && after > 0, "no race was run: {before} before, {after} after");
}

/// How often the key was off before the copy was published, and how often after.
async fn race_a_key() -> (u64, u64) {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let south = world.region("south");
    let key = south.create_encryption_key(&world.caller).await.unwrap().id;
    let (mut before, mut after, mut start) = (0_u64, 0_u64, HeadStart::default());
    for round in 0..ROUNDS {
        let command = CopyImage {
            particulars: model::Particulars::default(),
            image: image.id.clone(),
            targets: vec![region_id("south")],
            name: None,
            description: None,
            tags: None,
            sealing: Sealing::Key(key.clone()),
            urgency: model::Urgency::default(),
            profile: Profile::native(),
            token: None,
        };
        let mut answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
        let copy = answers.remove(0).answer.unwrap();
        let (moved, disabled) = tokio::join!(tokio::spawn(run(south.clone())), async {
            start.second().await;
            south.disable_encryption_key(&world.caller, &key).await
        });
        moved.unwrap();
        assert_eq!(disabled.unwrap().state, KeyState::Disabled);
        let view = south.copy(&world.caller, &copy.copy).await.unwrap();
        match view.phase {
            Phase::Done => {
                after += 1;
                start.note(Winner::First);
            }
            // Before its chunks were all here, or before it was published.
            Phase::Waiting | Phase::Registering => {
                let reason = view.reason.expect("a copy that waits for its key says so");
                assert!(reason.contains("key"), "round {round}: {reason}");
                before += 1;
                start.note(Winner::Second);
            }
            other => panic!("round {round}: {other} {:?}", view.reason),
        }
        let verified = south.verify_image(&world.caller, &copy.image).await;
        assert!(matches!(
            verified,
            Err(Refused::Rejected(
                Rejection::KeyUnusable { .. } | Rejection::ImageNotAvailable { .. }
            ))
        ));
        world.check_world_in(round).await;

        south.enable_encryption_key(&world.caller, &key).await.unwrap();
        world.run_until_idle().await;
        let there = south.image(&world.caller, &copy.image).await.unwrap();
        assert_eq!(there.status, ImageStatus::Available, "round {round}");
        world.check_world_in(round).await;
        let delete =
            south.delete_image(&world.caller, &copy.image, Force::No, SnapshotsOfImage::Delete);
        delete.await.unwrap();
        // Every other round finds its chunks here, so that the race is also run against a copy that has little to fetch.
        if round % 2 == 0 {
            south.sweep().await.unwrap();
        }
    }
    (before, after)
}

async fn run(region: crate::region::Region) {
    region.run_due().await.unwrap();
}
