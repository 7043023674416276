//! Copies of one snapshot alone: promised by its id at once, like any copy in between, whole or gone or failed at the end.

use model::rules::Force;
use model::{
    Cause, ClientToken, Description, DiskRole, Phase, Profile, QuotaKind, Rejection, Sealing,
    SnapshotId, SnapshotStanding, Tagged, Tags,
};

use super::snapshots::{image_of, rejection, snapshots_of, used};
use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::{Caller, CopyQuery, ImageQuery, Intent, SnapshotsOfImage};
use crate::refused::Refused;
use crate::snapshot_copies::{CopySnapshot, SnapshotPromised};
use crate::testing::{World, disk, region_id};

/// A copy of a snapshot, to be asked for.
pub(super) fn copy_of(snapshot: &SnapshotId, target: &str) -> CopySnapshot {
    CopySnapshot {
        snapshot: snapshot.clone(),
        target: region_id(target),
        name: None,
        description: None,
        tags: None,
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    }
}

/// A world with an image in `north`, and the snapshots of its three disks.
pub(super) async fn world() -> (World, Vec<SnapshotId>) {
    let world = World::with_regions(["north", "south"]).await;
    let disks = [disk(1, 40, Some), disk(2, 5, Some), disk(3, 2, |_| None)];
    let image = world.import("north", "web", &disks).await;
    let snapshots = snapshots_of(&image);
    (world, snapshots)
}

pub(super) async fn ask(world: &World, command: CopySnapshot) -> Result<SnapshotPromised, Refused> {
    world.region("north").copy_snapshot(&world.caller, command).await
}

pub(super) async fn standing(world: &World, id: &SnapshotId) -> (SnapshotStanding, u8) {
    let view = world.region("south").snapshot(&world.caller, id).await.unwrap();
    (view.standing, view.percent)
}

/// No copy runs into a region, and no carrier, promise, reservation or hold is left in it.
pub(super) async fn assert_no_carrier(world: &World, region: &str) {
    world.assert_clean_slate(region).await;
    let mut tx = world.region(region).inner.catalog.read().await.unwrap();
    let running = tx.live_copies(None).await.unwrap();
    assert!(running.is_empty(), "a copy still runs: {running:?}");
}

#[tokio::test]
async fn a_snapshot_is_copied_alone_under_the_id_that_was_promised() {
    let (world, snapshots) = world().await;
    let (north, south, caller) = (world.region("north"), world.region("south"), &world.caller);
    let source = north.snapshot(caller, &snapshots[1]).await.unwrap();
    let promised = ask(&world, copy_of(&snapshots[1], "south")).await.unwrap();
    let coming = south.snapshot(caller, &promised.snapshot).await.unwrap();
    assert_eq!((coming.standing, coming.percent), (SnapshotStanding::Copying, 0));
    assert_eq!(
        (coming.name.as_str(), coming.role, coming.size),
        ("web-disk1", source.role, source.size)
    );
    assert_eq!((coming.digest, coming.held_bytes), (None, 0));
    assert_eq!(used(&world, "south").await, ([0, 0], 1), "one snapshot is reserved, no image");
    world.check_world().await;
    // Nobody sees a carrier, at either end.
    for region in [&north, &south] {
        let images = ImageQuery { limit: 10, ..ImageQuery::default() };
        let images = region.images(caller, images).await.unwrap().items;
        assert!(images.iter().all(|image| image.name.as_str() == "web"), "{images:?}");
    }
    let copy = south.copy(caller, &promised.copy).await.unwrap();
    assert_eq!((copy.snapshot.as_ref(), copy.disks), (Some(&promised.snapshot), 1));
    for image in [&copy.image, &copy.source_image] {
        for region in [&north, &south] {
            let refused = rejection(region.image(caller, image).await);
            assert!(matches!(refused, Rejection::ImageNotFound { .. }));
            let refused = rejection(region.cancel_image(caller, image).await);
            assert!(matches!(refused, Rejection::ImageNotFound { .. }));
        }
    }

    world.run_until_idle().await;
    let there = south.snapshot(caller, &promised.snapshot).await.unwrap();
    assert_eq!((there.standing, there.percent), (SnapshotStanding::Whole, 100));
    assert_eq!((there.digest, there.held_bytes), (source.digest, source.held_bytes));
    assert_eq!(there.role, DiskRole::at(1).unwrap());
    let origin = there.origin.unwrap();
    assert_eq!((&origin.region, &origin.copy), (&region_id("north"), &promised.copy));
    assert_eq!(origin.snapshot.as_ref(), Some(&snapshots[1]));
    assert_eq!(origin.image, source.images[0], "the image that its source was made for");
    assert_eq!(used(&world, "south").await, ([0, 1], 0));
    assert_eq!(used(&world, "north").await, ([1, 3], 0));
    let copy = south.copy(caller, &promised.copy).await.unwrap();
    assert_eq!((copy.phase, copy.percent), (Phase::Done, 100));
    let made = south.create_image(caller, image_of(&[&promised.snapshot])).await.unwrap();
    assert!(world.read_disk("south", &made.id, 0).await == disk(2, 5, Some));
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

#[tokio::test]
async fn given_words_win_over_those_of_the_source() {
    let (world, snapshots) = world().await;
    let (north, south, caller) = (world.region("north"), world.region("south"), &world.caller);
    let tags = |value: &str| Tags::new([("of".to_owned(), value.to_owned())]).unwrap();
    let on = [Tagged::Snapshot(snapshots[0].clone())];
    north.tag(caller, &on, &tags("source")).await.unwrap();
    let as_source = ask(&world, copy_of(&snapshots[0], "south")).await.unwrap().snapshot;
    let given = CopySnapshot {
        name: Some(String::new()),
        description: Some(Description::new("nightly").unwrap()),
        tags: Some(tags("given")),
        ..copy_of(&snapshots[0], "south")
    };
    // The same snapshot may be on its way twice: each has its own carrier.
    let given = ask(&world, given).await.unwrap().snapshot;
    for is_whole in [false, true] {
        let view = south.snapshot(caller, &as_source).await.unwrap();
        assert_eq!((view.name.as_str(), &view.tags), ("web", &tags("source")), "{is_whole}");
        let view = south.snapshot(caller, &given).await.unwrap();
        assert_eq!((view.name.as_str(), view.description.as_str()), ("", "nightly"));
        assert_eq!(view.tags, tags("given"), "{is_whole}");
        world.run_until_idle().await;
    }
    let wrong = CopySnapshot { name: Some("x".repeat(129)), ..copy_of(&snapshots[0], "south") };
    assert!(matches!(rejection(ask(&world, wrong).await), Rejection::InvalidField { .. }));
    assert_no_carrier(&world, "north").await;
}

/// I8: what is being copied stays, in whatever way somebody tries to delete it.
#[tokio::test]
async fn i8_a_snapshot_that_is_copied_stays_until_the_copy_ends() {
    let (world, snapshots) = world().await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = north.snapshot(caller, &snapshots[0]).await.unwrap().images.remove(0);
    let promised = ask(&world, copy_of(&snapshots[0], "south")).await.unwrap();
    let delete = || north.delete_image(caller, &image, Force::No, SnapshotsOfImage::Delete);
    delete().await.unwrap();
    assert_eq!(used(&world, "north").await, ([0, 1], 0), "the others went with the image");
    let refused = rejection(north.delete_snapshot(caller, &snapshots[0]).await);
    let (snapshot, by, target) = (snapshots[0].clone(), promised.copy, region_id("south"));
    assert_eq!(refused, Rejection::SnapshotHeld { snapshot, by, target });
    world.check_world().await;
    world.run_until_idle().await;
    assert_eq!(standing(&world, &promised.snapshot).await, (SnapshotStanding::Whole, 100));
    north.delete_snapshot(caller, &snapshots[0]).await.unwrap();
    assert_eq!(used(&world, "north").await, ([0, 0], 0));
    north.sweep().await.unwrap();
    assert_eq!(north.store().usage().await.unwrap().chunks, 0);
    assert_no_carrier(&world, "north").await;
    // Where no image rests on the source, the carrier is told as its origin.
    let view = world.region("south").snapshot(caller, &promised.snapshot).await.unwrap();
    assert_eq!(view.origin.unwrap().image, image);
}

#[tokio::test]
async fn r002_5_a_copy_of_a_snapshot_takes_of_the_snapshot_quota_alone() {
    let (world, snapshots) = world().await;
    let (south, caller) = (world.region("south"), &world.caller);
    south.set_quota(caller, QuotaKind::Image, 0).await.unwrap();
    south.set_quota(caller, QuotaKind::Snapshot, 1).await.unwrap();
    let first = ask(&world, copy_of(&snapshots[0], "south")).await.unwrap();
    assert_eq!(used(&world, "south").await, ([0, 0], 1));
    let refused = rejection(ask(&world, copy_of(&snapshots[1], "south")).await);
    assert!(matches!(refused, Rejection::QuotaExceeded { kind: QuotaKind::Snapshot, .. }));
    world.check_world().await;
    assert_eq!(
        world.region("north").inner.catalog.read().await.unwrap().list_holds().await.unwrap().len(),
        1
    );
    south.delete_snapshot(caller, &first.snapshot).await.unwrap();
    assert_eq!(used(&world, "south").await, ([0, 0], 0));
    ask(&world, copy_of(&snapshots[1], "south")).await.unwrap();
    world.run_until_idle().await;
    assert_eq!(used(&world, "south").await, ([0, 1], 0));
    assert_no_carrier(&world, "north").await;
}

#[tokio::test]
async fn what_may_not_leave_is_refused_by_name_and_leaves_nothing() {
    let (world, snapshots) = world().await;
    let (north, caller) = (world.region("north"), &world.caller);
    let id = &snapshots[0];
    let refused = |command| async { rejection(ask(&world, command).await) };
    let nowhere = refused(copy_of(id, "nowhere")).await;
    assert!(matches!(nowhere, Rejection::RegionUnknown { .. }));
    assert!(matches!(refused(copy_of(id, "north")).await, Rejection::SameRegion { .. }));
    let absent = SnapshotId::from_random(|| 200);
    let not_found = |snapshot: &SnapshotId| Rejection::SnapshotNotFound {
        snapshot: snapshot.clone(),
        region: region_id("north"),
    };
    assert_eq!(refused(copy_of(&absent, "south")).await, not_found(&absent));
    let foreign = north.copy_snapshot(&world.stranger(), copy_of(id, "south")).await;
    assert_eq!(rejection(foreign), not_found(id), "i12");
    let small = Profile { largest_bytes: Some(65_536), ..Profile::native() };
    let too_large = CopySnapshot { profile: small, ..copy_of(id, "south") };
    let (snapshot, size_bytes, limit_bytes) = (id.clone(), 40 * 65_536, 65_536);
    let wanted = Rejection::SnapshotTooLarge { snapshot, size_bytes, limit_bytes };
    assert_eq!(refused(too_large).await, wanted);
    let asking = Profile { ticket_above_bytes: Some(65_536), ..Profile::native() };
    let needs = CopySnapshot { profile: asking.clone(), ..copy_of(id, "south") };
    let told = refused(needs.clone()).await;
    assert!(
        matches!(&told, Rejection::SnapshotNeedsTicket { snapshot, .. } if snapshot == id),
        "{told}"
    );
    let dry = Caller { intent: Intent::Rehearse, ..caller.clone() };
    assert_eq!(rejection(north.copy_snapshot(&dry, needs).await), told);
    // Small enough under the same profile.
    ask(&world, CopySnapshot { profile: asking, ..copy_of(&snapshots[2], "south") })
        .await
        .unwrap_err();
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

#[tokio::test]
async fn a_rehearsed_copy_is_judged_by_both_regions_and_not_made() {
    let (world, snapshots) = world().await;
    let (north, south) = (world.region("north"), world.region("south"));
    let dry = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
    let token = Some(ClientToken::new("once").unwrap());
    let command = CopySnapshot { token, ..copy_of(&snapshots[0], "south") };
    let rehearsed = north.copy_snapshot(&dry, command.clone()).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    let copies = CopyQuery { limit: 10, ..CopyQuery::default() };
    assert!(south.copies(&world.caller, copies).await.unwrap().items.is_empty());
    assert_no_carrier(&world, "north").await;
    south.set_quota(&world.caller, QuotaKind::Snapshot, 0).await.unwrap();
    let refused = rejection(north.copy_snapshot(&dry, command.clone()).await);
    assert!(matches!(refused, Rejection::QuotaExceeded { .. }));
    south.set_quota(&world.caller, QuotaKind::Snapshot, 1).await.unwrap();
    let promised = ask(&world, command).await.unwrap();
    let rehearsed = south.delete_snapshot(&dry, &promised.snapshot).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    world.run_until_idle().await;
    assert_eq!(standing(&world, &promised.snapshot).await.0, SnapshotStanding::Whole);
    assert_no_carrier(&world, "north").await;
}

/// Promise 4: one token, one snapshot, also when the first has arrived; with another target or snapshot it is refused.
#[tokio::test]
async fn promise_4_a_token_makes_one_copy() {
    let (world, snapshots) = world().await;
    let token = Some(ClientToken::new("once").unwrap());
    let command = CopySnapshot { token: token.clone(), ..copy_of(&snapshots[0], "south") };
    let first = ask(&world, command.clone()).await.unwrap();
    assert_eq!(ask(&world, command.clone()).await.unwrap(), first);
    world.check_world().await;
    world.run_until_idle().await;
    assert_eq!(ask(&world, command.clone()).await.unwrap(), first);
    for other in [
        CopySnapshot { snapshot: snapshots[1].clone(), ..command.clone() },
        CopySnapshot { name: Some(String::new()), ..command.clone() },
    ] {
        assert_eq!(rejection(ask(&world, other).await), Rejection::TokenReused);
    }
    assert_eq!(used(&world, "south").await, ([0, 1], 0));
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

/// R004-8: into another region and within one, to a key, from key to key, and never back to plain.
#[tokio::test]
async fn r004_8_a_snapshot_is_sealed_as_it_is_copied() {
    let (world, snapshots) = world().await;
    let (north, south, caller) = (world.region("north"), world.region("south"), &world.caller);
    let mut keys = Vec::new();
    for region in [&north, &north, &south] {
        keys.push(region.create_encryption_key(caller).await.unwrap().id);
    }
    let seal = |snapshot: &SnapshotId, target, key: &model::EncryptionKeyId| CopySnapshot {
        sealing: Sealing::Key(key.clone()),
        ..copy_of(snapshot, target)
    };
    let one = ask(&world, seal(&snapshots[1], "north", &keys[0])).await.unwrap().snapshot;
    world.check_world().await;
    world.run_until_idle().await;
    let two = ask(&world, seal(&one, "north", &keys[1])).await.unwrap().snapshot;
    let away = ask(&world, seal(&one, "south", &keys[2])).await.unwrap().snapshot;
    let again = rejection(ask(&world, seal(&one, "north", &keys[0])).await);
    assert!(matches!(again, Rejection::SameRegion { .. }), "under the same key: {again}");
    let plain = CopySnapshot { sealing: Sealing::Plain, ..copy_of(&one, "south") };
    let snapshot = one.clone();
    assert_eq!(rejection(ask(&world, plain).await), Rejection::SnapshotNotToPlain { snapshot });
    world.run_until_idle().await;
    for (region, snapshot, key) in
        [("north", &one, &keys[0]), ("north", &two, &keys[1]), ("south", &away, &keys[2])]
    {
        let region_of = world.region(region);
        let view = region_of.snapshot(caller, snapshot).await.unwrap();
        assert_eq!(
            (view.standing, view.encryption_key.as_ref()),
            (SnapshotStanding::Whole, Some(key))
        );
        let made = region_of.create_image(caller, image_of(&[snapshot])).await.unwrap();
        assert!(world.read_disk(region, &made.id, 0).await == disk(2, 5, Some), "{region}");
    }
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

/// R004-11: what failed stays to be seen, with its cause, holds nothing, and is deleted like any other.
#[tokio::test]
async fn a_snapshot_whose_copy_failed_stays_until_it_is_deleted() {
    let (world, snapshots) = world().await;
    let (south, caller) = (world.region("south"), &world.caller);
    let promised = ask(&world, copy_of(&snapshots[0], "south")).await.unwrap();
    // An operator restored an older catalog: the hold is gone, and the carrier with it.
    world.region("north").release_hold(&promised.copy).await.unwrap();
    world.run_until_idle().await;
    let failed = south.snapshot(caller, &promised.snapshot).await.unwrap();
    assert_eq!((failed.standing, failed.percent), (SnapshotStanding::Failed, 0));
    assert_eq!(failed.failure, Some(Cause::SourceGone));
    assert_eq!(used(&world, "south").await, ([0, 0], 0));
    assert_eq!(south.copy(caller, &promised.copy).await.unwrap().phase, Phase::Failed);
    let standing = SnapshotStanding::Failed;
    let refused = rejection(south.create_image(caller, image_of(&[&promised.snapshot])).await);
    let snapshot = promised.snapshot.clone();
    assert_eq!(refused, Rejection::SnapshotNotWhole { snapshot, standing });
    let foreign = rejection(south.delete_snapshot(&world.stranger(), &promised.snapshot).await);
    assert!(matches!(foreign, Rejection::SnapshotNotFound { .. }), "i12");
    world.check_world().await;
    south.delete_snapshot(caller, &promised.snapshot).await.unwrap();
    let gone = rejection(south.delete_snapshot(caller, &promised.snapshot).await);
    assert!(matches!(gone, Rejection::SnapshotNotFound { .. }));
    assert_no_carrier(&world, "north").await;
    assert_no_carrier(&world, "south").await;
}

/// An offer whose answer was lost: the carrier stays while nobody knows, and goes when the target says that it knows nothing.
#[tokio::test]
async fn an_offer_that_is_lost_is_found_and_its_carrier_goes() {
    for fate in [Fate::Lost, Fate::AnswerLost] {
        let (world, snapshots) = world().await;
        let (north, caller) = (world.region("north"), &world.caller);
        let bad = Unreliable::new(world.region("south"), move |call, _| match call {
            Call::Accept => fate,
            Call::Standing | Call::Hold | Call::Release | Call::Fetch => Fate::Passes,
        });
        north.replace_peer(&region_id("south"), bad);
        let lost = ask(&world, copy_of(&snapshots[0], "south")).await;
        assert!(matches!(lost, Err(Refused::Fault(_))), "{lost:?}");
        let image = north.snapshot(caller, &snapshots[0]).await.unwrap().images.remove(0);
        let delete = north.delete_image(caller, &image, Force::No, SnapshotsOfImage::Delete);
        delete.await.unwrap();
        assert!(north.delete_snapshot(caller, &snapshots[0]).await.is_err(), "{fate:?}");
        if fate == Fate::AnswerLost {
            world.check_world().await;
        }
        world.clock.advance_ms(120_000);
        north.reconcile_holds().await.unwrap();
        world.run_until_idle().await;
        north.delete_snapshot(caller, &snapshots[0]).await.unwrap();
        let arrived = u64::from(fate == Fate::AnswerLost);
        assert_eq!(used(&world, "south").await, ([0, arrived], 0), "{fate:?}");
        assert_no_carrier(&world, "north").await;
        assert_no_carrier(&world, "south").await;
    }
}
