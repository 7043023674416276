//! The queue: so many at once, the rest wait and see their place.

use std::time::{Duration, Instant};

use model::{ImageStatus, Phase};

use crate::commands::{CopyQuery, CopySelection, ImageQuery};
use crate::region::DriverMode;
use crate::testing::{World, WorldOptions, disk, region_id};

/// R000-2 and R001-10: copy N+1 waits, and sees its place.
#[tokio::test]
async fn r000_2_r001_10_above_the_limit_copies_wait_in_order() {
    let options = WorldOptions { copies_per_account: 2, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let mut copies = Vec::new();
    for number in 0..5 {
        let image =
            world.import("north", &format!("image-{number}"), &[disk(number, 2, Some)]).await;
        copies.push(world.copy("north", &image.id, "south").await.unwrap().copy);
        world.clock.advance_ms(1_000);
    }
    let south = world.region("south");
    let claimed = {
        let mut tx = south.inner.catalog.begin().await.unwrap();
        let limits = catalog::ClaimLimits { per_account: 2, per_region: 20 };
        let claimed =
            tx.claim_due("other", model::Clock::now(&*world.clock), 15_000, limits).await.unwrap();
        tx.commit().await.unwrap();
        claimed
    };
    assert_eq!(
        claimed.iter().map(|row| row.id.clone()).collect::<Vec<_>>(),
        copies[..2],
        "oldest first, no more"
    );
    let mut places = Vec::new();
    for copy in &copies {
        let view = south.copy(&world.caller, copy).await.unwrap();
        places.push((view.phase, view.queue_place));
    }
    let running = (Phase::CopyingSnapshots, None);
    let waiting = |place| (Phase::Waiting, Some(place));
    assert_eq!(places, [running, running, waiting(1), waiting(2), waiting(3)]);
}

/// R000-2: a link limited to r bytes a second takes bytes over r, within 15 %. Real time, because it is what is promised.
#[tokio::test(flavor = "multi_thread")]
async fn r000_2_a_limited_link_takes_as_long_as_its_bytes_need() {
    let options = WorldOptions { driver: DriverMode::Background, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let image = world.import("north", "web", &[disk(1, 1_200, Some)]).await;
    let south = world.region("south");
    let bytes = world.region("north").store().usage().await.unwrap().frame_bytes;
    let rate = bytes / 6;
    south.set_link_rate(&region_id("north"), Some(rate));
    let begun = Instant::now();
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let mut estimates = Vec::new();
    let done = loop {
        let view = south.copy(&world.caller, &copy.copy).await.unwrap();
        estimates.extend(view.seconds_left);
        if view.is_settled() {
            break view;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (took, expected) = (begun.elapsed().as_secs_f64(), done.bytes_sent as f64 / rate as f64);
    assert_eq!(done.phase, Phase::Done);
    assert!((expected * 0.85..expected * 1.15 + 0.3).contains(&took), "{took} s for {expected} s");
    assert!(!estimates.is_empty(), "no time left was ever shown");
    let foretold = south.figures().await.unwrap().foretold;
    assert_eq!(foretold.copies, 1, "the estimate's error is recorded");
    assert!(foretold.error_sum < 1.5, "{foretold:?}");
    world.region("north").shut_down().await;
    south.shut_down().await;
}

/// Fault 32: a thousand copies of small images queue up; none fails, none is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_queued_copies_all_arrive() {
    let options = WorldOptions {
        driver: DriverMode::Background,
        image_quota: 2_000,
        ..WorldOptions::default()
    };
    let world = World::with_options(&["north", "south"], options).await;
    let contents = disk(1, 1, Some);
    for number in 0..1_000 {
        let image = world
            .import("north", &format!("image-{number}"), std::slice::from_ref(&contents))
            .await;
        world.copy("north", &image.id, "south").await.unwrap();
    }
    let south = world.region("south");
    let live = || CopyQuery { selection: CopySelection::Live, limit: 1, ..CopyQuery::default() };
    let begun = Instant::now();
    while !south.copies(&world.caller, live()).await.unwrap().items.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(300), "the queue does not move");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut query =
        ImageQuery { status: vec![ImageStatus::Available], limit: 1_000, ..ImageQuery::default() };
    let mut arrived = 0;
    loop {
        let page = south.images(&world.caller, query.clone()).await.unwrap();
        arrived += page.items.len();
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(arrived, 1_000);
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
    world.region("north").shut_down().await;
    south.shut_down().await;
}
