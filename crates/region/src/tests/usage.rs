//! Meters: what copies brought and snapshots took, by month and rate, on real rows and a clock that tests set.

use model::{Day, Meter, Metered, Month, Price, Rejection, Role};

use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::{Caller, SnapshotsOfImage};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};
use crate::usage::Whose;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const CHUNK: u64 = 65_536;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// Moves the world's clock to an hour of a day that has not been.
fn go_to(world: &World, text: &str, hour: i64) {
    let to = day(text).start().plus_ms(hour * HOUR_MS);
    let now = model::Clock::now(&*world.clock);
    assert!(to >= now, "the clock does not go back");
    world.clock.advance_ms(to.ms_since(now));
}

async fn usage(world: &World, region: &str, at: &str) -> Vec<Metered> {
    let lines = world.region(region).usage(&world.caller, month(at), Whose::Own).await.unwrap();
    assert!(lines.iter().all(|line| line.account == world.caller.account));
    assert!(lines.iter().all(|line| line.region == region_id(region)));
    lines.into_iter().map(|line| line.metered).collect()
}

fn quantity(lines: &[Metered], meter: Meter) -> u64 {
    lines.iter().filter(|line| line.meter == meter).map(|line| line.quantity).sum()
}

async fn delete(world: &World, region: &str, image: &model::ImageId) {
    let (force, snapshots) = (model::rules::Force::No, SnapshotsOfImage::Delete);
    world.region(region).delete_image(&world.caller, image, force, snapshots).await.unwrap();
}

/// R000-4, R001-5, R003-3: a copy costs nothing and its bill says how much it was; both meters, each in its region.
#[tokio::test]
async fn r000_4_r001_5_r003_3_a_copy_is_metered_and_charged_nothing() {
    let world = World::with_regions(["north", "south"]).await;
    go_to(&world, "2026-11-10", 6);
    let image = world.import("north", "web", &[disk(1, 40, |i| (i % 4 != 0).then_some(i))]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let sent = world.region("south").copy(&world.caller, &copy.copy).await.unwrap().bytes_sent;
    world.clock.advance_ms(10 * HOUR_MS);

    let lines = usage(&world, "south", "2026-11").await;
    assert_eq!(lines.len(), 2);
    let (traffic, storage) = (&lines[0], &lines[1]);
    assert_eq!((traffic.meter, traffic.source.clone()), (Meter::Traffic, Some(region_id("north"))));
    assert_eq!(traffic.quantity, sent, "exactly what the copy says");
    assert_eq!((storage.meter, storage.source.clone()), (Meter::Storage, None));
    assert_eq!(storage.quantity, 30 * CHUNK * 10, "thirty chunks are not zero, for ten hours");
    assert!(sent > 0 && lines.iter().all(|line| line.amount().to_string() == "0.00"));
    let at_source = usage(&world, "north", "2026-11").await;
    assert_eq!(quantity(&at_source, Meter::Traffic), 0, "traffic is the target's");
    assert_eq!(quantity(&at_source, Meter::Storage), 30 * CHUNK * 10);
    for (region, empty) in [("north", "2026-10"), ("south", "2026-12")] {
        assert!(usage(&world, region, empty).await.is_empty(), "{region} in {empty}");
    }
    world.check_world().await;
}

/// R000-4: bytes of copies that failed or were cancelled crossed the link too.
#[tokio::test]
async fn r000_4_a_cancelled_copys_bytes_are_traffic_too() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 40, Some)]).await;
    let bad = Unreliable::new(world.region("north"), |call, _| match call {
        Call::Fetch => Fate::CutAfter(400_000),
        Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    let south = world.region("south");
    south.replace_peer(&region_id("north"), bad);
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let sent = south.copy(&world.caller, &copy.copy).await.unwrap().bytes_sent;
    assert!(sent > 0, "something came");
    south.cancel_image(&world.caller, &copy.image).await.unwrap();
    world.run_until_idle().await;
    let lines = usage(&world, "south", &this_month(&world)).await;
    assert_eq!(quantity(&lines, Meter::Traffic), sent);
    assert_eq!(quantity(&lines, Meter::Storage), 0, "it never was a snapshot");
    world.check_world().await;
}

fn this_month(world: &World) -> String {
    world.region("south").this_month().to_string()
}

/// R000-4: a new rate touches only what is used from its day on; the month in which it comes has two lines.
#[tokio::test]
async fn r000_4_a_new_rate_touches_only_later_use() {
    let world = World::with_regions(["north", "south"]).await;
    go_to(&world, "2026-11-10", 0);
    let south = world.region("south");
    let first = world.import("north", "one", &[disk(1, 10, Some)]).await;
    let second = world.import("north", "two", &[disk(2, 20, Some)]).await;
    let one = world.copy("north", &first.id, "south").await.unwrap();
    world.run_until_idle().await;
    let before = usage(&world, "south", "2026-11").await;
    for (meter, amount) in [(Meter::Traffic, "1000"), (Meter::Storage, "2")] {
        south.set_rate(&world.caller, meter, day("2026-11-20"), price(amount)).await.unwrap();
    }
    assert_eq!(usage(&world, "south", "2026-11").await, before, "nothing that was told changes");

    go_to(&world, "2026-11-20", 0);
    let two = world.copy("north", &second.id, "south").await.unwrap();
    world.run_until_idle().await;
    go_to(&world, "2026-11-21", 0);
    let sent = async |copy| south.copy(&world.caller, copy).await.unwrap().bytes_sent;
    let (sent_one, sent_two) = (sent(&one.copy).await, sent(&two.copy).await);
    let told: Vec<_> = usage(&world, "south", "2026-11")
        .await
        .into_iter()
        .map(|line| (line.meter, line.rate.from.to_string(), line.quantity, line.amount().0))
        .collect();
    let stored_before = 10 * CHUNK * 24 * 10;
    let stored_after = 30 * CHUNK * 24;
    let expected = [
        (Meter::Traffic, "1970-01-01", sent_one, 0),
        (Meter::Traffic, "2026-11-20", sent_two, price("1000").of(sent_two).0),
        (Meter::Storage, "1970-01-01", stored_before, 0),
        (Meter::Storage, "2026-11-20", stored_after, price("2").of(stored_after).0),
    ];
    assert_eq!(told, expected.map(|(meter, from, many, due)| (meter, from.to_owned(), many, due)));
    assert!(expected[1].3 > 0 && expected[3].3 > 0, "the new rate is charged");
}

/// R001-5: a snapshot over month ends; old usage is kept when image, snapshot and copy are gone, and over a restart.
#[tokio::test]
async fn r001_5_usage_outlives_what_was_used() {
    let mut world = World::with_regions(["north", "south"]).await;
    go_to(&world, "2028-01-31", 12);
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    go_to(&world, "2028-03-01", 6);
    delete(&world, "south", &copy.image).await;
    world.check_world().await;
    let months = ["2027-12", "2028-01", "2028-02", "2028-03", "2028-04"];
    let hours = [0, 12, 29 * 24, 6, 0];
    for round in ["at once", "after a restart", "a year later"] {
        for (at, hours) in months.iter().zip(hours) {
            let told = usage(&world, "south", at).await;
            assert_eq!(quantity(&told, Meter::Storage), 10 * CHUNK * hours, "{at} {round}");
        }
        let told = usage(&world, "south", "2028-01").await;
        assert!(quantity(&told, Meter::Traffic) > 0, "{round}");
        world.restart().await;
        world.clock.advance_ms(365 * DAY_MS);
    }
}

/// R001-5: each snapshot is charged as if it were alone; deleting another's, with the same chunks, shifts no bill.
#[tokio::test]
async fn r001_5_shared_chunks_are_charged_to_each_and_shift_no_bill() {
    let world = World::with_regions(["north", "south"]).await;
    go_to(&world, "2026-11-10", 0);
    let contents = disk(1, 10, Some);
    let one = world.import("north", "one", std::slice::from_ref(&contents)).await;
    let two = world.import("north", "two", &[contents]).await;
    go_to(&world, "2026-11-11", 0);
    let storage = async || quantity(&usage(&world, "north", "2026-11").await, Meter::Storage);
    assert_eq!(storage().await, 2 * 10 * CHUNK * 24);
    delete(&world, "north", &one.id).await;
    world.region("north").sweep().await.unwrap();
    go_to(&world, "2026-11-12", 0);
    assert_eq!(storage().await, 3 * 10 * CHUNK * 24);
    delete(&world, "north", &two.id).await;
    go_to(&world, "2026-11-13", 0);
    assert_eq!(storage().await, 3 * 10 * CHUNK * 24);
}

/// R000-4, R003-3, promise 10: readers see their own account's usage, operators everybody's; only operators set rates.
#[tokio::test]
async fn r000_4_usage_is_the_accounts_own_and_operators_see_all() {
    let world = World::with_regions(["north", "south"]).await;
    let north = world.region("north");
    world.import("north", "web", &[disk(1, 10, Some)]).await;
    world.clock.advance_ms(HOUR_MS);
    let at = world.region("north").this_month();
    let stranger = Caller { role: Role::Reader, ..world.stranger() };
    let reader = Caller { role: Role::Reader, ..world.caller.clone() };
    let operator = Caller { role: Role::Operator, ..world.stranger() };
    let account = || Whose::Account(world.caller.account.clone());

    assert!(north.usage(&stranger, at, Whose::Own).await.unwrap().is_empty());
    for whose in [account(), Whose::Everyone] {
        let refused = north.usage(&stranger, at, whose.clone()).await;
        assert!(matches!(refused, Err(Refused::Rejected(Rejection::NotAllowed { .. }))));
        assert_eq!(north.usage(&operator, at, whose).await.unwrap().len(), 1);
    }
    assert_eq!(north.usage(&reader, at, Whose::Own).await.unwrap().len(), 1);
    assert_eq!(north.usage(&reader, at, account()).await.unwrap().len(), 1);
    for caller in [&reader, &Caller { role: Role::Owner, ..world.caller.clone() }] {
        let refused = north.set_rate(caller, Meter::Traffic, day("2099-01-01"), price("1")).await;
        assert!(matches!(refused, Err(Refused::Rejected(Rejection::NotAllowed { .. }))));
    }
    assert!(north.rates(&reader).await.unwrap().is_empty());
}

/// R000-4: neither a past nor the present day; a rate that has not begun can still be changed, and all is in the trail.
#[tokio::test]
async fn r000_4_a_rate_is_set_for_a_day_that_has_not_begun() {
    let world = World::with_regions(["north", "south"]).await;
    go_to(&world, "2026-11-10", 23);
    let north = world.region("north");
    let set = async |from, amount| {
        north.set_rate(&world.caller, Meter::Storage, day(from), price(amount)).await
    };
    for from in ["2026-11-10", "2026-11-09", "1970-01-01"] {
        let refused = set(from, "1").await;
        assert!(
            matches!(refused, Err(Refused::Rejected(Rejection::InvalidField { .. }))),
            "{from}"
        );
    }
    set("2026-11-11", "1").await.unwrap();
    set("2026-11-11", "0.25").await.unwrap();
    let rates = north.rates(&world.caller).await.unwrap();
    assert_eq!(rates.len(), 1);
    assert_eq!(rates[0].rate.price, price("0.25"));
    go_to(&world, "2026-11-11", 0);
    assert!(set("2026-11-11", "9").await.is_err(), "it counts now");
    world.check_world().await;
}

/// R000-4: bytes are counted on the day they come, over midnight and in each attempt, once.
#[tokio::test]
async fn r000_4_a_copy_over_midnight_is_metered_on_both_days() {
    let world = World::with_regions(["north", "south"]).await;
    go_to(&world, "2026-11-30", 23);
    let image = world.import("north", "web", &[disk(1, 60, Some)]).await;
    let south = world.region("south");
    let bad = Unreliable::new(world.region("north"), |call, _| match call {
        Call::Fetch => Fate::CutAfter(400_000),
        Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    south.replace_peer(&region_id("north"), bad);
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let before = south.copy(&world.caller, &copy.copy).await.unwrap().bytes_sent;
    go_to(&world, "2026-12-01", 1);
    south.replace_peer(&region_id("north"), std::sync::Arc::new(world.region("north")));
    world.run_until_idle().await;
    let all = south.copy(&world.caller, &copy.copy).await.unwrap().bytes_sent;
    let told = async |at| quantity(&usage(&world, "south", at).await, Meter::Traffic);
    assert!(0 < before && before < all);
    assert_eq!((told("2026-11").await, told("2026-12").await), (before, all - before));
    world.check_world().await;
}
