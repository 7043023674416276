//! Images made of snapshots, several on one, and the searching of snapshots.

use model::rules::Force;
use model::{
    ClientToken, Description, Digest, EncryptionKeyId, Field, FieldRefusal, ImageId, ImageStatus,
    Name, NamePattern, NameRule, Particulars, Profile, QuotaKind, Rejection, Sealing, SizeBytes,
    SnapshotId, SnapshotStanding, Tags, Usage,
};

use super::snapshot_copies::copy_of;
use crate::commands::{Caller, CopyImage, Intent, SnapshotsOfImage};
use crate::create_image::{CreateImage, DiskOfSnapshot};
use crate::refused::Refused;
use crate::snapshots::SnapshotSearch;
use crate::testing::{World, disk, region_id};
use crate::views::ImageView;

/// An image of these snapshots, to be made.
pub(super) fn image_of(snapshots: &[&SnapshotId]) -> CreateImage {
    let disk =
        |snapshot: &&SnapshotId| DiskOfSnapshot { snapshot: (*snapshot).clone(), size: None };
    CreateImage {
        name: Name::new("made").unwrap(),
        description: Description::new("of snapshots").unwrap(),
        attributes: model::Attributes {
            architecture: model::Architecture::Arm64,
            os_type: model::OsType::Linux,
            platform: model::Platform::new("Debian 12").unwrap(),
            boot_mode: model::BootMode::Uefi,
        },
        family: None,
        particulars: Particulars::default(),
        tags: Tags::new([("made".to_owned(), "yes".to_owned())]).unwrap(),
        disks: snapshots.iter().map(disk).collect(),
        names: NameRule::Free,
        token: None,
    }
}

async fn create(world: &World, snapshots: &[&SnapshotId]) -> Result<ImageView, Refused> {
    world.region("north").create_image(&world.caller, image_of(snapshots)).await
}

/// The snapshots of an image's disks.
pub(super) fn snapshots_of(image: &ImageView) -> Vec<SnapshotId> {
    image.disks.iter().map(|disk| disk.snapshot.clone().unwrap()).collect()
}

/// Images and snapshots that the account uses, and what it reserves.
pub(super) async fn used(world: &World, region: &str) -> ([u64; 2], u64) {
    let quotas = world.region(region).quotas(&world.caller).await.unwrap();
    let of = |kind| quotas.iter().find(|quota| quota.kind == kind).unwrap().used;
    let reserved = quotas.iter().map(|quota| quota.reserved).sum();
    ([of(QuotaKind::Image), of(QuotaKind::Snapshot)], reserved)
}

pub(super) fn rejection<T: std::fmt::Debug>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

async fn delete(world: &World, image: &ImageId) {
    let north = world.region("north");
    let delete = north.delete_image(&world.caller, image, Force::No, SnapshotsOfImage::Delete);
    delete.await.unwrap();
    world.check_world().await;
}

/// A data disk's snapshot becomes a system disk, one snapshot is under two disks, and the image can be used and copied.
#[tokio::test]
async fn an_image_is_made_of_snapshots_and_is_like_any_other() {
    let world = World::with_regions(["north", "south"]).await;
    let disks = [disk(1, 4, Some), disk(2, 3, |_| None)];
    let source = world.import("north", "web", &disks).await;
    let snapshots = snapshots_of(&source);
    let (system, data) = (&snapshots[0], &snapshots[1]);
    let made = create(&world, &[data, system, data]).await.unwrap();
    assert_eq!((made.status, made.percent), (ImageStatus::Available, 100));
    assert_eq!((made.name.as_str(), made.origin.as_ref()), ("made", None));
    assert_eq!(snapshots_of(&made), [data.clone(), system.clone(), data.clone()]);
    assert_eq!(used(&world, "north").await, ([2, 2], 0), "no snapshot is made");
    for (number, contents) in [(0, &disks[1]), (1, &disks[0]), (2, &disks[1])] {
        assert!(world.read_disk("north", &made.id, number).await == *contents, "disk {number}");
    }
    let verified = world.region("north").verify_image(&world.caller, &made.id).await.unwrap();
    assert_eq!((verified.disks, verified.damaged), (3, 0));
    let copy = world.copy("north", &made.id, "south").await.unwrap();
    world.run_until_idle().await;
    assert!(world.read_disk("south", &copy.image, 1).await == disks[0]);
    assert_eq!(used(&world, "south").await, ([1, 3], 0), "each disk of a copy has its snapshot");
    world.assert_clean_slate("north").await;
}

/// In whatever order images go, a snapshot goes with the last that rests on it.
#[tokio::test]
async fn a_snapshot_goes_with_the_last_image_that_rests_on_it() {
    for first_goes_first in [true, false] {
        let world = World::with_regions(["north"]).await;
        let source = world.import("north", "web", &[disk(1, 4, Some), disk(2, 2, Some)]).await;
        let snapshots = snapshots_of(&source);
        let made = create(&world, &[&snapshots[1]]).await.unwrap();
        world.check_world().await;
        let (north, caller) = (world.region("north"), &world.caller);
        let shared = north.snapshot(caller, &snapshots[1]).await.unwrap();
        world.clock.advance_ms(1);
        let oldest_first = shared.images.contains(&source.id) && shared.images.contains(&made.id);
        assert!(oldest_first && shared.images.len() == 2, "{:?}", shared.images);
        let (first, last) = if first_goes_first { (&source, &made) } else { (&made, &source) };
        delete(&world, &first.id).await;
        assert_eq!(used(&world, "north").await.0, [1, if first_goes_first { 1 } else { 2 }]);
        let refused = rejection(north.delete_snapshot(caller, &snapshots[1]).await);
        let (snapshot, image) = (snapshots[1].clone(), last.id.clone());
        assert_eq!(refused, Rejection::SnapshotInUse { snapshot, image });
        north.sweep().await.unwrap();
        let last_of_last = last.disks.len() - 1;
        assert!(world.read_disk("north", &last.id, last_of_last).await == disk(2, 2, Some));
        delete(&world, &last.id).await;
        assert_eq!(used(&world, "north").await, ([0, 0], 0));
        north.sweep().await.unwrap();
        assert_eq!(north.store().usage().await.unwrap().chunks, 0, "nothing is left");
        world.check_world().await;
    }
}

/// Snapshots that were kept make an image again, and are kept by it.
#[tokio::test]
async fn kept_snapshots_make_an_image_again() {
    let world = World::with_regions(["north"]).await;
    let source = world.import("north", "web", &[disk(1, 4, Some)]).await;
    let snapshots = snapshots_of(&source);
    let north = world.region("north");
    let kept = SnapshotsOfImage::Keep;
    north.delete_image(&world.caller, &source.id, Force::No, kept).await.unwrap();
    let view = north.snapshot(&world.caller, &snapshots[0]).await.unwrap();
    assert_eq!((view.name.as_str(), view.images.len()), ("web", 0), "named by its image");
    let made = create(&world, &[&snapshots[0]]).await.unwrap();
    assert!(world.read_disk("north", &made.id, 0).await == disk(1, 4, Some));
    delete(&world, &made.id).await;
    assert_eq!(used(&world, "north").await, ([0, 0], 0));
}

#[tokio::test]
async fn what_is_no_image_is_refused_by_name_and_changes_nothing() {
    let world = World::with_regions(["north", "south"]).await;
    let source = world.import("north", "web", &[disk(1, 4, Some), disk(2, 2, Some)]).await;
    let snapshots = snapshots_of(&source);
    let (north, caller, id) = (world.region("north"), &world.caller, &snapshots[0]);
    let empty = Rejection::field(Field::Snapshots, FieldRefusal::Empty);
    assert_eq!(rejection(create(&world, &[]).await), empty);
    assert_eq!(rejection(create(&world, &[id; 18]).await), Rejection::TooManyDisks { limit: 17 });
    let absent = SnapshotId::from_random(|| 200);
    let region = region_id("north");
    let refused = Rejection::SnapshotNotFound { snapshot: absent.clone(), region: region.clone() };
    assert_eq!(rejection(create(&world, &[id, &absent]).await), refused);
    // Another account's is as absent (I12).
    let foreign = north.create_image(&world.stranger(), image_of(&[id])).await;
    let refused = Rejection::SnapshotNotFound { snapshot: id.clone(), region };
    assert_eq!(rejection(foreign), refused);
    let mut larger = image_of(&[id]);
    larger.disks[0].size = Some(SizeBytes::new(5 * 65_536).unwrap());
    let refused = Rejection::SnapshotNotResized {
        snapshot: id.clone(),
        size_bytes: 4 * 65_536,
        wanted_bytes: 5 * 65_536,
    };
    assert_eq!(rejection(north.create_image(caller, larger).await), refused);
    let mut namesake = image_of(&[id]);
    (namesake.names, namesake.name) = (NameRule::Unique, source.name.clone());
    let refused = rejection(north.create_image(caller, namesake).await);
    assert!(matches!(refused, Rejection::NameTaken { .. }));
    // One that is still on its way.
    let coming = north.copy_snapshot(caller, copy_of(id, "south")).await.unwrap().snapshot;
    let refused = world.region("south").create_image(caller, image_of(&[&coming])).await;
    let standing = SnapshotStanding::Copying;
    assert_eq!(rejection(refused), Rejection::SnapshotNotWhole { snapshot: coming, standing });
    assert_eq!(used(&world, "north").await, ([1, 2], 0));
    world.run_until_idle().await;
    world.check_world().await;
}

#[tokio::test]
async fn r002_5_an_image_of_snapshots_takes_of_the_image_quota_alone() {
    let world = World::with_regions(["north"]).await;
    let source = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let snapshots = snapshots_of(&source);
    let north = world.region("north");
    north.set_quota(&world.caller, QuotaKind::Snapshot, 1).await.unwrap();
    north.set_quota(&world.caller, QuotaKind::Image, 2).await.unwrap();
    let made = create(&world, &[&snapshots[0]]).await.unwrap();
    let refused = rejection(create(&world, &[&snapshots[0]]).await);
    assert!(matches!(refused, Rejection::QuotaExceeded { kind: QuotaKind::Image, .. }));
    assert_eq!(used(&world, "north").await, ([2, 1], 0));
    world.check_world().await;
    delete(&world, &made.id).await;
    create(&world, &[&snapshots[0]]).await.unwrap();
    world.check_world().await;
}

/// Promise 4: one token, one image; and its answer stays when the snapshots have gone.
#[tokio::test]
async fn promise_4_a_token_makes_one_image() {
    let world = World::with_regions(["north"]).await;
    let source = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let snapshots = snapshots_of(&source);
    let (north, caller) = (world.region("north"), &world.caller);
    let token = Some(ClientToken::new("once").unwrap());
    let command = CreateImage { token, ..image_of(&[&snapshots[0]]) };
    let first = north.create_image(caller, command.clone()).await.unwrap();
    let again = north.create_image(caller, command.clone()).await.unwrap();
    assert_eq!(first.id, again.id);
    let name = Name::new("other").unwrap();
    let other = CreateImage { name, ..command.clone() };
    assert_eq!(rejection(north.create_image(caller, other).await), Rejection::TokenReused);
    assert_eq!(used(&world, "north").await, ([2, 1], 0));
    world.check_world().await;
}

#[tokio::test]
async fn a_rehearsed_image_is_judged_and_not_made() {
    let world = World::with_regions(["north"]).await;
    let source = world.import("north", "web", &[disk(1, 2, Some)]).await;
    let snapshots = snapshots_of(&source);
    let north = world.region("north");
    let dry = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
    let token = Some(ClientToken::new("once").unwrap());
    let command = CreateImage { token, ..image_of(&[&snapshots[0]]) };
    let rehearsed = north.create_image(&dry, command.clone()).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    assert_eq!(used(&world, "north").await, ([1, 1], 0));
    let refused = north.create_image(&dry, image_of(&[])).await;
    assert!(matches!(rejection(refused), Rejection::InvalidField { .. }));
    // The token was not spent on it.
    north.create_image(&world.caller, command).await.unwrap();
    world.check_world().await;
}

async fn sealed(world: &World, image: &ImageId, key: &EncryptionKeyId) -> ImageView {
    let command = CopyImage {
        image: image.clone(),
        targets: vec![region_id("north")],
        name: None,
        description: None,
        tags: None,
        particulars: Particulars::default(),
        sealing: Sealing::Key(key.clone()),
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let north = world.region("north");
    let mut answers = north.copy_image(&world.caller, command).await.unwrap();
    let copy = answers.remove(0).answer.unwrap();
    world.run_until_idle().await;
    north.image(&world.caller, &copy.image).await.unwrap()
}

/// R004-8: sealed snapshots make a sealed image; those of different keys, or plain and sealed ones, make none.
#[tokio::test]
async fn r004_8_all_disks_are_sealed_by_one_key() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let plain = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        keys.push(north.create_encryption_key(caller).await.unwrap().id);
    }
    let one = snapshots_of(&sealed(&world, &plain.id, &keys[0]).await).remove(0);
    let two = snapshots_of(&sealed(&world, &plain.id, &keys[1]).await).remove(0);
    let none = snapshots_of(&plain).remove(0);
    let made = create(&world, &[&one, &one]).await.unwrap();
    assert_eq!(made.encryption_key.as_ref(), Some(&keys[0]));
    assert!(world.read_disk("north", &made.id, 1).await == disk(1, 3, Some));
    for (first, second) in [(&one, &two), (&none, &one), (&two, &none)] {
        let (first, second) = (first.clone(), second.clone());
        let refused = rejection(create(&world, &[&first, &second]).await);
        assert_eq!(refused, Rejection::SnapshotsSealedApart { first, second });
    }
    north.disable_encryption_key(caller, &keys[0]).await.unwrap();
    let refused = rejection(create(&world, &[&one]).await);
    assert!(matches!(refused, Rejection::KeyUnusable { .. }), "{refused}");
    world.check_world().await;
}

/// Fault 7: what a scrub found damaged makes no image.
#[tokio::test]
async fn fault_7_a_damaged_snapshot_makes_no_image_and_is_not_copied() {
    let world = World::with_regions(["north", "south"]).await;
    let source = world.import("north", "web", &[disk(1, 20, Some)]).await;
    let snapshots = snapshots_of(&source);
    super::faults::damage(&world, "north", 3).await;
    world.region("north").scrub(store::Pace::Full).await.unwrap();
    let refused = rejection(create(&world, &[&snapshots[0]]).await);
    assert!(matches!(refused, Rejection::SnapshotDegraded { chunks: 1.., .. }), "{refused}");
    let copy = copy_of(&snapshots[0], "south");
    let refused = rejection(world.region("north").copy_snapshot(&world.caller, copy).await);
    assert!(matches!(refused, Rejection::SnapshotDegraded { chunks: 1.., .. }), "{refused}");
}

#[tokio::test]
async fn snapshots_are_searched_with_those_on_their_way_and_counted() {
    let world = World::with_regions(["north", "south"]).await;
    let source = world.import("north", "web", &[disk(1, 2, Some), disk(2, 2, Some)]).await;
    let snapshots = snapshots_of(&source);
    let (south, caller) = (world.region("south"), &world.caller);
    let mut copies = Vec::new();
    for (n, snapshot) in snapshots.iter().enumerate() {
        world.clock.advance_ms(1);
        let name = Some(format!("copy-{n}"));
        let command = crate::CopySnapshot { name, ..copy_of(snapshot, "south") };
        copies.push(world.region("north").copy_snapshot(caller, command).await.unwrap().snapshot);
    }
    let find = async |search: SnapshotSearch| {
        let found = south.search_snapshots(caller, search).await.unwrap();
        (found.items.into_iter().map(|view| view.id).collect::<Vec<_>>(), found.total)
    };
    let all = SnapshotSearch::default;
    let newest_first = vec![copies[1].clone(), copies[0].clone()];
    assert_eq!(find(all()).await, (newest_first.clone(), 2));
    let one = crate::PageOf { offset: 1, limit: 1 };
    assert_eq!(find(SnapshotSearch { page: one, ..all() }).await, (vec![copies[0].clone()], 2));
    let copying = vec![SnapshotStanding::Copying];
    let coming = SnapshotSearch { standings: copying, ..all() };
    assert_eq!(find(coming.clone()).await.1, 2);
    let named = SnapshotSearch { name: Some(NamePattern::Like("*-1".into())), ..all() };
    assert_eq!(find(named).await, (vec![copies[1].clone()], 1));
    world.run_until_idle().await;
    assert_eq!(find(coming).await, (vec![], 0));
    let made = south.create_image(caller, image_of(&[&copies[1]])).await.unwrap();
    let used = SnapshotSearch { usage: Some(Usage::Used), ..all() };
    assert_eq!(find(used).await, (vec![copies[1].clone()], 1));
    let of_image = SnapshotSearch { image: Some(made.id), ..all() };
    assert_eq!(find(of_image).await, (vec![copies[1].clone()], 1));
    assert_eq!(find(all()).await.1, 2);
    let foreign = south.search_snapshots(&world.stranger(), all()).await.unwrap();
    assert_eq!((foreign.items.len(), foreign.total), (0, 0), "i12");
    let view = south.snapshot(caller, &copies[0]).await.unwrap();
    let nothing: Option<Digest> = None;
    assert_ne!(view.digest, nothing);
    world.check_world().await;
}
