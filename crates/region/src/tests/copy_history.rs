//! How a copy went: its percent never falls, and its rates and failed attempts are told.

use model::{CopyId, Phase};

use super::unreliable::{Call, Fate, Unreliable};
use crate::peer::PeerRegion;
use crate::testing::{World, disk, region_id};

/// Lets `south` see `north` over a line that breaks after so many bytes, whenever chunks are asked for.
fn cut(world: &World, bytes: usize) {
    let bad = Unreliable::new(world.region("north"), move |call, _| match call {
        Call::Fetch => Fate::CutAfter(bytes),
        Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    let bad: std::sync::Arc<dyn PeerRegion> = bad;
    world.region("south").replace_peer(&region_id("north"), bad);
}

/// What is told of a copy: its percent and bytes to go.
async fn told(world: &World, copy: &CopyId) -> (Phase, u8, Option<u64>) {
    let view = world.region("south").copy(&world.caller, copy).await.unwrap();
    let image = world.region("south").image(&world.caller, &view.image).await.unwrap();
    assert_eq!(image.percent, view.percent, "the image says the same");
    (view.phase, view.percent, view.bytes_to_go())
}

/// R000-9: neither the copy nor its image says less than before, through failed attempts and restarts; its samples do not either.
#[tokio::test]
async fn r000_9_percent_never_falls_through_attempts_and_restarts() {
    let mut world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 300, Some), disk(2, 100, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    assert_eq!(told(&world, &copy).await, (Phase::Waiting, 0, None), "nothing is known yet");
    let (mut shown, mut attempts, mut steps) = (0, 0, std::collections::BTreeSet::new());
    for number in 0.. {
        assert!(number < 100, "the copy does not come to its end");
        if number % 3 == 1 {
            world.restart().await;
        }
        // Each time more comes before the line breaks.
        cut(&world, 400_000 * (1 + number / 2));
        world.clock.advance_ms(120_000);
        world.run_until_idle().await;
        let (phase, percent, to_go) = told(&world, &copy).await;
        assert!(percent >= shown, "{shown} -> {percent}");
        shown = percent;
        steps.insert(percent);
        let rates = world.region("south").copy_rates(&world.caller, &copy).await.unwrap();
        let falls = |pair: &[crate::RateSample]| pair[1].percent < pair[0].percent;
        assert!(!rates.windows(2).any(falls), "{rates:?}");
        if phase == Phase::Done {
            assert_eq!((percent, to_go), (100, Some(0)));
            break;
        }
        assert!(to_go.is_some_and(|bytes| bytes <= 400 * 65_536), "{to_go:?}");
        attempts += 1;
    }
    assert!(attempts > 1 && steps.len() > 2, "{attempts} attempts, {steps:?}");
    let south = world.region("south");
    let failed = south.copy_attempts(&world.caller, &copy).await.unwrap();
    assert_eq!(failed.len(), attempts.min(10));
    assert!(
        failed.windows(2).all(|pair| pair[0].number < pair[1].number && pair[0].at < pair[1].at)
    );
    assert!(failed.iter().all(|one| one.reason.contains("the line is bad")), "{failed:?}");
    assert_eq!(
        south.copy(&world.caller, &copy).await.unwrap().reason,
        None,
        "it went well at last"
    );
    world.check_world().await;
}

/// The rates and the times between them make up the bytes that were sent.
#[tokio::test]
async fn rates_make_up_what_was_sent() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 200, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    let began = model::Clock::now(&*world.clock);
    let south = world.region("south");
    assert!(south.copy_rates(&world.caller, &copy).await.unwrap().is_empty());
    for bytes in [300_000, 600_000, usize::MAX] {
        cut(&world, bytes);
        world.clock.advance_ms(100_000);
        world.run_until_idle().await;
    }
    let view = south.copy(&world.caller, &copy).await.unwrap();
    assert_eq!(view.phase, Phase::Done);
    let rates = south.copy_rates(&world.caller, &copy).await.unwrap();
    // It was first begun a hundred seconds after it was asked for, and its first sample is of that very instant.
    assert_eq!((rates[0].at, rates[0].bytes_per_sec), (began.plus_ms(100_000), 0));
    let sent = |pair: &[crate::RateSample]| {
        pair[1].bytes_per_sec * pair[1].at.ms_since(pair[0].at) as u64 / 1_000
    };
    let later: u64 = rates.windows(2).map(sent).sum();
    assert!(later > 0 && later <= view.bytes_sent, "{later} of {}: {rates:?}", view.bytes_sent);
    assert_eq!(rates.last().unwrap().percent, 99, "100 is said of what is available alone");
    assert!(south.copy_attempts(&world.caller, &copy).await.unwrap().len() <= 2);
}
