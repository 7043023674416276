//! Weekly windows of links: they count at once and at each border, for copies that run too; R000-2 and promise 3.

use std::time::{Duration, Instant};

use model::{CopyId, LinkChange, Pause, Phase, Schedule, Timestamp};

use crate::links::LinkView;
use crate::region::Region;
use crate::testing::{World, disk, region_id};
use crate::usage::Whose;
use crate::views::CopyView;

const HOUR: i64 = 3_600_000;
/// Slow enough that a copy of a dozen MB is met half way, in bytes a second: its chunks become durable about 4 MB at a time.
const SLOW: u64 = 3_000_000;

fn windows(windows: &[&str]) -> LinkChange {
    let windows = windows.iter().map(|window| window.parse().unwrap()).collect();
    let schedule = Some(Schedule::new(windows).unwrap());
    LinkChange { schedule, ..LinkChange::default() }
}

async fn set(world: &World, change: LinkChange) -> LinkView {
    world.region("south").set_link(&world.caller, &region_id("north"), change).await.unwrap()
}

/// Moves the clock to a Thursday of long ago, so many hours into the day, some weeks on.
fn thursday(world: &World, hours: i64) -> Timestamp {
    let now = model::Clock::now(&*world.clock);
    let week = 7 * 24 * HOUR;
    let then = (now.0.div_euclid(week) + 1) * week + hours * HOUR;
    world.clock.advance_ms(then - now.0);
    Timestamp(then)
}

fn limiter_rate(region: &Region) -> Option<u64> {
    region.inner.links.limiter(&region_id("north")).rate()
}

async fn seen(world: &World, copy: &CopyId) -> CopyView {
    world.region("south").copy(&world.caller, copy).await.unwrap()
}

/// What holds now and what comes next is shown, and the limiter follows at each border.
#[tokio::test]
async fn a_window_sets_the_limit_from_border_to_border() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let begin = thursday(&world, 0);
    let limit = |bytes| LinkChange { limit_bytes_per_sec: Some(bytes), ..LinkChange::default() };
    set(&world, limit(Some(9_000_000))).await;
    let link = set(&world, windows(&["thu 08:00-18:00 2MB", "thu 12:00-13:00 none"])).await;
    assert_eq!((link.limit_bytes_per_sec, link.pause), (Some(9_000_000), Pause::Running));
    assert_eq!(link.until, Some(begin.plus_ms(8 * HOUR)));
    assert_eq!(link.next.unwrap().limit, Some(2_000_000));
    assert_eq!(limiter_rate(&south), Some(9_000_000));
    for (hours, holds) in
        [(8, Some(2_000_000)), (4, None), (1, Some(2_000_000)), (5, Some(9_000_000))]
    {
        world.clock.advance_ms(hours * HOUR);
        // The driver looks every second.
        south.run_due().await.unwrap();
        assert_eq!(limiter_rate(&south), holds);
        let link = south.links(&world.caller, Whose::Everyone).await.unwrap().remove(0);
        assert_eq!(link.limit_bytes_per_sec, holds);
        assert_eq!(link.usual_limit_bytes_per_sec, Some(9_000_000));
    }
    // A window that holds already counts at once, and so does taking all away.
    thursday(&world, 9);
    set(&world, windows(&["thu 2MB"])).await;
    assert_eq!(limiter_rate(&south), Some(2_000_000));
    set(&world, windows(&[])).await;
    assert_eq!(limiter_rate(&south), Some(9_000_000));
}

/// Promise 3: a border into a pause stops a copy that runs; it keeps what it has, says until when, and goes on at the next one.
#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_copy_that_runs_waits_for_the_end_of_a_window() {
    let mut world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 400, Some)]).await;
    let begin = thursday(&world, 7);
    let slow = LinkChange { limit_bytes_per_sec: Some(Some(SLOW)), ..LinkChange::default() };
    set(&world, slow).await;
    set(&world, windows(&["thu 08:00-18:00 pause"])).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    let south = world.region("south");
    let running = tokio::spawn(async move { south.run_due().await });
    let begun = Instant::now();
    while seen(&world, &copy).await.progress.done == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing comes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.clock.advance_ms(HOUR);
    // What the driver does every second beside the copies that run.
    assert_eq!(world.region("south").run_due().await.unwrap(), 0);
    running.await.unwrap().unwrap();
    let waits = seen(&world, &copy).await;
    assert_eq!((waits.phase, waits.is_paused), (Phase::Waiting, true), "{waits:?}");
    assert_eq!(waits.paused_until, Some(begin.plus_ms(11 * HOUR)));
    assert_eq!((waits.attempts, waits.next_attempt, waits.queue_place), (0, None, None));
    assert!(waits.progress.done > 0 && waits.progress.done < waits.progress.needed);
    // A restart changes nothing of it, nor does an operator who lets the link run, which it does as far as he goes.
    world.restart().await;
    let resume = LinkChange { pause: Some(Pause::Running), ..LinkChange::default() };
    let link = set(&world, resume).await;
    assert_eq!((link.pause, link.until), (Pause::Paused, Some(begin.plus_ms(11 * HOUR))));
    world.run_until_idle().await;
    assert_eq!(seen(&world, &copy).await, waits);
    let fast = LinkChange { limit_bytes_per_sec: Some(None), ..LinkChange::default() };
    set(&world, fast).await;
    world.clock.advance_ms(10 * HOUR);
    world.run_until_idle().await;
    let done = seen(&world, &copy).await;
    assert_eq!((done.phase, done.is_paused, done.attempts), (Phase::Done, false, 0));
    world.check_world().await;
}
