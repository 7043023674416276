//! How deep queues are, and which copies take longer than promised.

use model::Role;

use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::Caller;
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};
use crate::usage::Whose;

/// R001-10: everyone sees how many of the own copies run and wait on each link, operators see all.
#[tokio::test]
async fn r001_10_the_depth_of_each_links_queue_is_shown() {
    let world = World::with_regions(["east", "north", "south"]).await;
    for (number, source) in ["north", "north", "east"].into_iter().enumerate() {
        let name = format!("image-{number}");
        let image = world.import(source, &name, &[disk(number as u64, 2, Some)]).await;
        world.copy(source, &image.id, "south").await.unwrap();
        world.clock.advance_ms(1_000);
    }
    let south = world.region("south");
    {
        let mut tx = south.inner.catalog.begin().await.unwrap();
        let limits = catalog::ClaimLimits { per_account: 1, per_region: 20 };
        let now = model::Clock::now(&*world.clock);
        assert_eq!(tx.claim_due("other", now, 15_000, limits).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
    }
    south.set_link_rate(&region_id("north"), Some(1_000));
    let depths = async |caller: &Caller, whose| {
        let links = south.links(caller, whose).await.unwrap();
        let told =
            links.into_iter().map(|link| (link.source.to_string(), link.running, link.waiting));
        told.collect::<Vec<_>>()
    };
    let link = |source: &str, running, waiting| (source.to_owned(), running, waiting);
    let all = [link("east", 0, 1), link("north", 1, 1)];
    assert_eq!(depths(&world.caller, Whose::Own).await, all);
    let stranger = Caller { role: Role::Reader, ..world.stranger() };
    let none = [link("east", 0, 0), link("north", 0, 0)];
    assert_eq!(depths(&stranger, Whose::Own).await, none);
    let refused = south.links(&stranger, Whose::Everyone).await;
    assert!(matches!(refused, Err(Refused::Rejected(_))));
    let operator = Caller { role: Role::Operator, ..world.stranger() };
    assert_eq!(depths(&operator, Whose::Everyone).await, all);
    assert_eq!(
        south.links(&operator, Whose::Own).await.unwrap()[1].limit_bytes_per_sec,
        Some(1_000)
    );
    let figures = south.figures().await.unwrap();
    assert_eq!(figures.queues.values().sum::<u64>(), 3);
    world.run_until_idle().await;
}

/// R003-5: a copy is late when it takes longer than the objective, and says so for good; one that was in time never does.
#[tokio::test]
async fn r003_5_late_copies_are_flagged_told_once_and_counted() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let quick = world.import("north", "quick", &[disk(1, 2, Some)]).await;
    let slow = world.import("north", "slow", &[disk(2, 2, Some)]).await;
    let quick = world.copy("north", &quick.id, "south").await.unwrap().copy;
    world.clock.advance_ms(1_800_000);
    world.run_until_idle().await;
    let bad = Unreliable::new(world.region("north"), |call, _| match call {
        Call::Fetch => Fate::Lost,
        Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    south.replace_peer(&region_id("north"), bad);
    let slow = world.copy("north", &slow.id, "south").await.unwrap().copy;
    world.run_until_idle().await;
    let is_late = async |copy| south.copy(&world.caller, copy).await.unwrap().is_late;
    assert_eq!(south.tell_late_copies().await.unwrap(), 0);
    world.clock.advance_ms(1_800_001);
    assert!(is_late(&slow).await && !is_late(&quick).await);
    assert_eq!(south.figures().await.unwrap().late, 1);
    assert_eq!(south.tell_late_copies().await.unwrap(), 1);
    assert_eq!(south.tell_late_copies().await.unwrap(), 0, "each is told once");

    south.replace_peer(&region_id("north"), std::sync::Arc::new(world.region("north")));
    world.run_until_idle().await;
    world.clock.advance_ms(86_400_000);
    assert!(is_late(&slow).await, "it was");
    assert!(!is_late(&quick).await, "exactly on time is in time, however long ago");
    let figures = south.figures().await.unwrap();
    assert_eq!((figures.late, figures.available.copies), (0, 2));
    let within: Vec<_> = figures.available.within.into_iter().collect();
    assert_eq!(within, [(1_800, 1), (3_600, 1)]);
}

/// R003-5: an image is available when it is, not when its source at last lets go.
#[tokio::test]
async fn r003_5_a_source_that_does_not_let_go_makes_no_copy_late() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let image = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let bad = Unreliable::new(world.region("north"), |call, _| match call {
        Call::Release => Fate::Lost,
        Call::Accept | Call::Hold | Call::Fetch | Call::Standing => Fate::Passes,
    });
    south.replace_peer(&region_id("north"), bad);
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    world.clock.advance_ms(7_200_000);
    assert!(!south.copy(&world.caller, &copy.copy).await.unwrap().is_late);
    south.replace_peer(&region_id("north"), std::sync::Arc::new(world.region("north")));
    world.run_until_idle().await;
    let view = south.copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!((view.is_late, view.state), (false, "done"));
}
