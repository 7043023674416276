//! What the copy dialog asks: every target at once, each with its quotas and its link, and several images in sum (R002-10).

use std::sync::Arc;
use std::time::Duration;

use model::{Border, Profile, QuotaKind, Rejection, TicketNeed};

use super::admission::rejection;
use super::silent::Silent;
use super::tickets::{command, sized};
use super::together::{wishes, world_of};
use crate::estimates_together::TargetTotal;
use crate::refused::{Refused, RegionFault};
use crate::request::TargetEstimate;
use crate::testing::{World, WorldOptions, disk, region_id};

fn of<'a>(all: &'a [TargetTotal], target: &str) -> &'a TargetTotal {
    all.iter().find(|total| total.target == region_id(target)).unwrap()
}

/// R002-10: a target that is full says why and shows its quotas; one that does not answer is told as such, and takes nobody along.
#[tokio::test]
async fn r002_10_each_target_answers_for_itself_with_its_quotas() {
    let estimate_within = Duration::from_secs(3);
    let options = WorldOptions { estimate_within, ..WorldOptions::default() };
    let world = World::with_options(&["north", "east", "south", "west"], options).await;
    let image = world.import("north", "web", &[disk(1, 20, Some), disk(2, 4, Some)]).await.id;
    let north = world.region("north");
    world.region("east").set_quota(&world.caller, QuotaKind::Image, 0).await.unwrap();
    world.region("west").set_link_rate(&region_id("north"), Some(1_000_000));
    north.replace_peer(&region_id("south"), Arc::new(Silent));
    let targets = ["east", "south", "west", "nowhere"];
    let wish = command(&image, &targets, &Profile::native());
    let told = north.estimate_copy(&world.caller, wish.clone()).await.unwrap();
    let named: Vec<&str> = told.iter().map(|one| one.target.as_str()).collect();
    assert_eq!(named, targets);
    let [full, silent, good, unknown] = <[TargetEstimate; 4]>::try_from(told).unwrap();

    let refused = rejection(full.answer);
    let is_full = matches!(
        refused,
        Rejection::QuotaExceeded { kind: QuotaKind::Image, limit: 0, used: 0, wanted: 1, .. }
    );
    assert!(is_full, "{refused}");
    let (images, snapshots) = full.quotas.unwrap();
    assert_eq!((images.limit, images.used, snapshots.limit), (0, 0, 2_000));
    assert!(full.link.is_some());

    assert!(matches!(silent.answer, Err(Refused::Fault(RegionFault::Peer(_)))));
    assert_eq!((silent.quotas, silent.link), (None, None));

    assert_eq!(good.answer.unwrap().disks, 2);
    assert_eq!(good.quotas.unwrap().0.limit, 1_000);
    let link = good.link.unwrap();
    assert_eq!((link.source, link.target), (region_id("north"), region_id("west")));
    assert_eq!((link.running, link.waiting), (0, 0));
    assert_eq!(link.limit_bytes_per_sec, Some(1_000_000));

    let region = region_id("nowhere");
    assert_eq!(rejection(unknown.answer), Rejection::RegionUnknown { region });
    assert_eq!((unknown.quotas, unknown.link), (None, None));

    let all = north.estimate_copies(&world.caller, vec![wish]).await.unwrap();
    assert!(matches!(
        of(&all, "east").fits,
        Err(Refused::Rejected(Rejection::QuotaExceeded { .. }))
    ));
    assert!(of(&all, "east").quotas.is_some() && of(&all, "east").estimate.is_none());
    assert!(matches!(of(&all, "south").fits, Err(Refused::Fault(_))));
    assert!(of(&all, "west").fits.is_ok() && of(&all, "west").estimate.is_some());
    let unknown = &of(&all, "nowhere").fits;
    assert!(matches!(unknown, Err(Refused::Rejected(Rejection::RegionUnknown { .. }))));
}

/// R002-10, R002-5: several images are told in sum; a target that could take each but not all says so.
#[tokio::test]
async fn r002_10_several_images_sum_up() {
    let (world, mut images) = world_of(2).await;
    images.push(world.import("north", "web", &[disk(7, 30, Some), disk(8, 10, Some)]).await.id);
    let (north, caller) = (world.region("north"), &world.caller);
    world.region("south").set_link_rate(&region_id("north"), Some(10_000));
    world.region("east").set_quota(caller, QuotaKind::Snapshot, 3).await.unwrap();
    let commands = wishes(&images, &["south", "east"]);
    let all = north.estimate_copies(caller, commands.clone()).await.unwrap();
    assert_eq!(all.len(), 2);
    let (mut send, mut reused, mut stored) = (0, 0, 0);
    for command in commands {
        let one = north.estimate_copy(caller, command).await.unwrap().remove(0).answer.unwrap();
        send += one.bytes_to_send;
        reused += one.bytes_reused;
        stored += one.stored_bytes;
    }
    let south = of(&all, "south");
    assert!(south.fits.is_ok() && south.needs.is_empty(), "{south:?}");
    assert_eq!((south.images, south.snapshots), (3, 4));
    let sum = south.estimate.as_ref().unwrap();
    assert_eq!((sum.bytes_to_send, sum.bytes_reused, sum.stored_bytes), (send, reused, stored));
    assert_eq!(sum.disks, 4);
    assert_eq!(sum.seconds, Some(send.div_ceil(10_000)));
    assert_eq!(sum.traffic_amount(), sum.traffic_rate.price.of(send));

    let east = of(&all, "east");
    let Err(Refused::Rejected(Rejection::QuotaExceeded { kind, wanted, limit, .. })) = &east.fits
    else {
        panic!("{east:?}")
    };
    assert_eq!((*kind, *wanted, *limit), (QuotaKind::Snapshot, 4, 3));
    assert_eq!(east.quotas.unwrap().1.limit, 3);
    let sum = east.estimate.as_ref().unwrap();
    assert_eq!((sum.bytes_to_send, sum.seconds), (send, None), "each by itself it would take");

    // Nothing was promised, and no more are asked for than the profile lets.
    for region in ["north", "south", "east"] {
        world.assert_clean_slate(region).await;
    }
    images.push(images[0].clone());
    let twice = north.estimate_copies(caller, wishes(&images, &["south"])).await;
    rejection(twice);
    let few = Profile { images_at_once: 2, ..Profile::native() };
    let wish = images[..3].iter().map(|image| command(image, &["south"], &few)).collect();
    let refused = rejection(north.estimate_copies(caller, wish).await);
    assert_eq!(refused, Rejection::TooManyImages { limit: 2 });
}

/// R003-2, R000-7: which images need a ticket is told for each target, and what they would cost all the same.
#[tokio::test]
async fn r003_2_a_border_needs_a_ticket() {
    let zones = [(region_id("south"), "abroad".parse().unwrap())].into();
    let options = WorldOptions { zones, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south", "east"], options).await;
    let small = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let large = world.import("north", "web", &[disk(2, 2, Some)]).await.id;
    let profile = Profile { border: Border::NeedsApproval, ..sized() };
    let wish = [&small, &large].map(|image| command(image, &["south", "east"], &profile));
    let all = world.region("north").estimate_copies(&world.caller, wish.to_vec()).await.unwrap();
    let needs = |target: &str| {
        let all = of(&all, target).needs.iter();
        let need = |(image, rejection): &(model::ImageId, Rejection)| match rejection {
            Rejection::TicketNeeded { need, .. } => (image.clone(), need.clone()),
            other => panic!("{other}"),
        };
        all.map(need).collect::<Vec<_>>()
    };
    let [(first, border), (second, _)] = <[_; 2]>::try_from(needs("south")).unwrap();
    assert_eq!((&first, &second), (&small, &large));
    assert!(matches!(border, TicketNeed::Border { .. }), "{border}");
    let [(image, size)] = <[_; 1]>::try_from(needs("east")).unwrap();
    assert_eq!(image, large);
    assert!(matches!(size, TicketNeed::Size { .. }), "{size}");
    assert!(all.iter().all(|total| total.fits.is_ok() && total.estimate.is_some()), "{all:?}");
}
