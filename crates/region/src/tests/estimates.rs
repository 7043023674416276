//! What a copy would cost, before it is asked for: within 10 % of what it then sends (R002-2).

use model::{Meter, Profile, Sealing, SpeedKnown};

use crate::commands::CopyImage;
use crate::request::Estimate;
use crate::testing::{World, disk, region_id};

const CHUNK: u64 = 65_536;

async fn estimate(world: &World, image: &model::ImageId, sealing: Sealing) -> Estimate {
    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        sealing,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let mut told = world.region("north").estimate_copy(&world.caller, command).await.unwrap();
    told.remove(0).answer.unwrap()
}

/// Estimates, copies, and holds the one against the other.
async fn assert_within_a_tenth(
    world: &World,
    image: &model::ImageId,
    sealing: Sealing,
) -> Estimate {
    let told = estimate(world, image, sealing.clone()).await;
    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        sealing,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let mut answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
    let copy = answers.remove(0).answer.unwrap().copy;
    world.run_until_idle().await;
    let view = world.region("south").copy(&world.caller, &copy).await.unwrap();
    assert_eq!(view.state, "done", "{:?}", view.reason);
    let sent = view.bytes_sent;
    assert!(
        told.bytes_to_send.abs_diff(sent) * 10 <= sent,
        "told {}, sent {sent}",
        told.bytes_to_send
    );
    told
}

/// R002-2: disks that share half their contents, each of which would be counted twice if disks were looked at alone.
#[tokio::test]
async fn r002_2_disks_that_share_half_their_contents_are_estimated_as_sent() {
    let world = World::with_regions(["north", "south"]).await;
    let half = |shift: u64| disk(1, 200, move |i| Some(if i < 100 { i } else { i + shift }));
    let image = world.import("north", "web", &[half(1_000), half(2_000), half(3_000)]).await;
    let told = assert_within_a_tenth(&world, &image.id, Sealing::AsSource).await;
    assert_eq!(told.stored_bytes, 600 * CHUNK, "each snapshot is charged as if it were alone");
    assert_eq!(told.bytes_reused, 200 * CHUNK);
}

/// R002-2: zeros cost nothing; a target that holds a part is sent the rest.
#[tokio::test]
async fn r002_2_zeros_and_what_the_target_holds_are_not_sent() {
    let world = World::with_regions(["north", "south"]).await;
    let base = world.import("north", "base", &[disk(1, 200, |i| (i % 2 == 0).then_some(i))]).await;
    assert_within_a_tenth(&world, &base.id, Sealing::AsSource).await;
    let changed = |i| (i % 2 == 0).then_some(if i < 60 { i + 900 } else { i });
    let next = world.import("north", "next", &[disk(1, 200, changed), disk(2, 30, |_| None)]).await;
    let told = assert_within_a_tenth(&world, &next.id, Sealing::AsSource).await;
    assert_eq!(told.bytes_reused, 70 * CHUNK);
    assert_eq!(told.stored_bytes, 100 * CHUNK);
}

/// R002-2, R004-8: an encrypted target holds nothing of the plain one, and disks that share contents share them there too.
#[tokio::test]
async fn r002_2_an_encrypted_target_is_estimated_as_sent() {
    let world = World::with_regions(["north", "south"]).await;
    let half = |shift: u64| disk(1, 120, move |i| Some(if i < 60 { i } else { i + shift }));
    let image = world.import("north", "web", &[half(1_000), half(2_000)]).await;
    world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let told = assert_within_a_tenth(&world, &image.id, Sealing::DefaultKey).await;
    assert_eq!(told.bytes_reused, 60 * CHUNK);
    let again = estimate(&world, &image.id, Sealing::DefaultKey).await;
    assert_eq!(again.bytes_reused, 240 * CHUNK, "now it holds all of it");
    assert!(again.bytes_to_send * 20 < told.bytes_to_send, "{again:?}");
}

/// R002-2: the three factors are named: the size, the link's speed and what is ahead in the queue.
#[tokio::test]
async fn r002_2_time_is_told_by_size_speed_and_queue() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 40, Some)]).await;
    let other = world.import("north", "other", &[disk(2, 10, Some)]).await;
    let first = estimate(&world, &image.id, Sealing::AsSource).await;
    assert_eq!((first.speed.known, first.seconds), (SpeedKnown::Unknown, None));
    assert_eq!((first.copies_ahead, first.bytes_ahead), (0, Some(0)));

    let south = world.region("south");
    south.set_link_rate(&region_id("north"), Some(1_000));
    let limited = estimate(&world, &image.id, Sealing::AsSource).await;
    assert_eq!(limited.speed.known, SpeedKnown::Limit);
    assert_eq!(limited.seconds, Some(limited.bytes_to_send.div_ceil(1_000)));

    world.copy("north", &other.id, "south").await.unwrap();
    let queued = estimate(&world, &image.id, Sealing::AsSource).await;
    assert_eq!((queued.copies_ahead, queued.bytes_ahead), (1, None), "not known before it is held");
    assert_eq!(queued.seconds, limited.seconds);
    south.set_link_rate(&region_id("north"), None);
    world.run_until_idle().await;
}

/// R002-2: the speed of the link of late, where nobody limits it. Real time, because it is what is measured.
#[tokio::test]
async fn r002_2_without_a_limit_the_speed_is_the_one_of_late() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 100, Some)]).await;
    let south = world.region("south");
    south.set_link_rate(&region_id("north"), Some(2_000_000));
    world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    south.set_link_rate(&region_id("north"), None);
    let next = world.import("north", "next", &[disk(2, 100, Some)]).await;
    let told = estimate(&world, &next.id, Sealing::AsSource).await;
    let rate = told.speed.bytes_per_sec.unwrap();
    assert_eq!(told.speed.known, SpeedKnown::Measured);
    assert!((1_000_000..4_000_000).contains(&rate), "{rate}");
    assert_eq!(told.seconds, Some(told.bytes_to_send.div_ceil(rate)));
}

/// R002-2: quota before, and what the copy adds; cost by today's rates.
#[tokio::test]
async fn r002_2_quota_and_cost_are_told() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 40, Some), disk(2, 10, Some)]).await;
    let south = world.region("south");
    let today = model::Day::of(model::Clock::now(&*world.clock));
    for (meter, price) in [(Meter::Traffic, "100"), (Meter::Storage, "3")] {
        let price = price.parse().unwrap();
        south.set_rate(&world.caller, meter, today.next(), price).await.unwrap();
    }
    let free = estimate(&world, &image.id, Sealing::AsSource).await;
    assert_eq!((free.traffic_amount().0, free.storage_amount().0), (0, 0));
    world.clock.advance_ms(86_400_000);
    let told = estimate(&world, &image.id, Sealing::AsSource).await;
    let expected = |price: u128, quantity: u64| (price * u128::from(quantity) + (1 << 29)) >> 30;
    assert_eq!(u128::from(told.traffic_amount().0), expected(100_000_000, told.bytes_to_send));
    assert_eq!(u128::from(told.storage_amount().0), expected(3_000_000, 50 * CHUNK * 720));
    assert_eq!((told.images.used, told.snapshots.used, told.disks), (0, 0, 2));
    assert_eq!((told.images.limit, told.snapshots.limit), (1_000, 2_000));
    world.check_world().await;
}
