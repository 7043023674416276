//! Races that must have one winner, run as races: a thousand rounds each.

use model::rules::Force;
use model::{ImageStatus, Phase, QuotaKind, Rejection};

use crate::commands::SnapshotsOfImage;
use crate::refused::Refused;
use crate::region::Region;
use crate::testing::{HeadStart, Medium, Winner, World, WorldOptions, disk};

/// A thousand rounds, in ten worlds: each look at a world goes through all that ever happened in it.
const WORLDS: u64 = 10;
const ROUNDS: u64 = 100;

async fn world() -> World {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    World::with_options(&["north", "south"], options).await
}

async fn run(region: Region) {
    region.run_due().await.unwrap();
}

async fn delete(world: &World, region: &Region, image: &model::ImageId) {
    let delete = region.delete_image(&world.caller, image, Force::No, SnapshotsOfImage::Delete);
    delete.await.unwrap();
}

/// R002-5, fault 25: two requests for the last unit: exactly one wins.
#[tokio::test(flavor = "multi_thread")]
async fn r002_5_of_two_requests_for_the_last_unit_one_wins() {
    for _ in 0..WORLDS {
        race_for_the_last_unit(&world().await).await;
    }
}

async fn race_for_the_last_unit(world: &World) {
    let south = world.region("south");
    let one = world.import("north", "one", &[disk(1, 1, Some)]).await;
    let two = world.import("north", "two", &[disk(2, 1, Some)]).await;
    south.set_quota(&world.caller, QuotaKind::Image, 1).await.unwrap();
    for round in 0..ROUNDS {
        let (a, b) = tokio::join!(
            world.copy("north", &one.id, "south"),
            world.copy("north", &two.id, "south")
        );
        let won = match (a, b) {
            (Ok(won), Err(refused)) | (Err(refused), Ok(won)) => {
                let Refused::Rejected(rejection) = &refused else { panic!("{refused}") };
                assert!(
                    matches!(rejection, Rejection::QuotaExceeded { kind: QuotaKind::Image, .. }),
                    "round {round}: {refused}"
                );
                won
            }
            other => panic!("round {round}: {other:?}"),
        };
        world.run_until_idle().await;
        world.check_world_in(round).await;
        delete(world, &south, &won.image).await;
    }
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}

/// I5, fault 19: a cancel and the publishing race; exactly one wins, and everybody is told the same.
#[tokio::test(flavor = "multi_thread")]
async fn cancel_against_publish_has_one_winner() {
    let (mut cancelled, mut finished) = (0, 0);
    for _ in 0..WORLDS {
        let (more_cancelled, more_finished) = race_a_cancel(&world().await).await;
        cancelled += more_cancelled;
        finished += more_finished;
    }
    assert!(
        cancelled > 0 && finished > 0,
        "no race was run: {cancelled} cancelled, {finished} finished"
    );
}

/// How often the cancel won, and how often the copy.
async fn race_a_cancel(world: &World) -> (u64, u64) {
    let image = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let south = world.region("south");
    let (mut cancelled, mut finished, mut start) = (0, 0, HeadStart::default());
    for round in 0..ROUNDS {
        let copy = world.copy("north", &image.id, "south").await.unwrap();
        let (moved, answer) = tokio::join!(tokio::spawn(run(south.clone())), async {
            start.second().await;
            south.cancel_image(&world.caller, &copy.image).await
        });
        moved.unwrap();
        world.clock.advance_ms(120_000);
        world.run_until_idle().await;
        let settled = south.copy(&world.caller, &copy.copy).await.unwrap().phase;
        match (answer, settled) {
            (Ok(()), Phase::Cancelled) => {
                assert!(south.image(&world.caller, &copy.image).await.is_err());
                cancelled += 1;
                start.note(Winner::Second);
            }
            (Err(Refused::Rejected(Rejection::CopyFinished { .. })), Phase::Done) => {
                let there = south.image(&world.caller, &copy.image).await.unwrap();
                assert_eq!(there.status, ImageStatus::Available);
                finished += 1;
                start.note(Winner::First);
                delete(world, &south, &copy.image).await;
            }
            other => panic!("round {round}: {other:?}"),
        }
        world.check_world_in(round).await;
    }
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
    (cancelled, finished)
}
