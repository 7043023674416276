//! Races that must have one winner, run as races.

use model::{ImageStatus, Phase, QuotaKind, Rejection};

use crate::refused::Refused;
use crate::region::DriverMode;
use crate::testing::{World, WorldOptions, disk};

/// R002-5, fault 25: two requests for the last unit: exactly one wins.
#[tokio::test(flavor = "multi_thread")]
async fn r002_5_of_two_requests_for_the_last_unit_one_wins() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    for round in 0..50_u64 {
        let one = world.import("north", &format!("one-{round}"), &[disk(round, 1, Some)]).await;
        let two =
            world.import("north", &format!("two-{round}"), &[disk(round + 1_000, 1, Some)]).await;
        let used = south.quotas(&world.caller).await.unwrap()[0].used;
        south.set_quota(&world.caller, QuotaKind::Image, used + 1).await.unwrap();
        let (a, b) = tokio::join!(
            world.copy("north", &one.id, "south"),
            world.copy("north", &two.id, "south")
        );
        let refused = [&a, &b].into_iter().filter(|answer| {
            matches!(
                answer,
                Err(Refused::Rejected(Rejection::QuotaExceeded { kind: QuotaKind::Image, .. }))
            )
        });
        assert_eq!(
            (refused.count(), [&a, &b].iter().filter(|answer| answer.is_ok()).count()),
            (1, 1),
            "round {round}"
        );
        world.run_until_idle().await;
    }
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}

/// I5, fault 19: a cancel and the publishing race; exactly one wins, and everybody is told the same.
#[tokio::test(flavor = "multi_thread")]
async fn cancel_against_publish_has_one_winner() {
    let options = WorldOptions { driver: DriverMode::Background, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let image = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let south = world.region("south");
    let (mut cancelled, mut finished) = (0, 0);
    for round in 0..200_u64 {
        let copy = loop {
            match world.copy("north", &image.id, "south").await {
                Ok(copy) => break copy,
                // The last round's copy is being unwound.
                Err(Refused::Rejected(Rejection::AlreadyCopying { .. })) => {
                    tokio::task::yield_now().await
                }
                Err(other) => panic!("{other}"),
            }
        };
        tokio::time::sleep(std::time::Duration::from_micros(round * 150)).await;
        let answer = south.cancel_image(&world.caller, &copy.image).await;
        let settled = loop {
            let view = south.copy(&world.caller, &copy.copy).await.unwrap();
            if view.is_settled() {
                break view.phase;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        };
        match (answer, settled) {
            (Ok(()), Phase::Cancelled) => {
                assert!(south.image(&world.caller, &copy.image).await.is_err());
                cancelled += 1;
            }
            (Err(Refused::Rejected(Rejection::CopyFinished { .. })), Phase::Done) => {
                let there = south.image(&world.caller, &copy.image).await.unwrap();
                assert_eq!(there.status, ImageStatus::Available);
                finished += 1;
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert!(
        cancelled > 0 && finished > 0,
        "no race was run: {cancelled} cancelled, {finished} finished"
    );
    world.region("north").shut_down().await;
    south.shut_down().await;
    world.check_world().await;
}
