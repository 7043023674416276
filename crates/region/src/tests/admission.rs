//! What is promised, what is refused, and that a refusal leaves nothing.

use model::rules::Force;
use model::{ClientToken, ImageStatus, QuotaKind, Rejection};

use crate::commands::{CopyImage, CopyQuery, ImageQuery, SnapshotsOfImage};
use crate::peer::Seen;
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};

pub(super) fn rejection<T: std::fmt::Debug>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

fn small() -> Vec<u8> {
    disk(1, 3, Some)
}

fn command(image: &model::ImageId, target: &str, token: &str) -> CopyImage {
    CopyImage {
        particulars: model::Particulars::default(),
        image: image.clone(),
        targets: vec![region_id(target)],
        name: None,
        description: None,
        tags: None,
        sealing: model::Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: model::Profile::native(),
        token: Some(ClientToken::new(token).unwrap()),
    }
}

#[tokio::test]
async fn r004_1_r001_7_only_an_available_image_is_copied_or_used() {
    let world = World::with_regions(["north", "south"]).await;
    let begun = world.begin_import("north", "web", &[small()]).await.unwrap();
    let refused = rejection(world.copy("north", &begun.id, "south").await);
    let not_available =
        Rejection::ImageNotAvailable { image: begun.id.clone(), status: ImageStatus::Creating };
    assert_eq!(refused, not_available);
    let name = model::Name::new("vm").unwrap();
    let used = world.region("north").create_instance(&world.caller, name, &begun.id).await;
    assert_eq!(rejection(used), not_available);
    world.check_world().await;
}

#[tokio::test]
async fn r002_6_the_images_own_region_is_refused_as_target() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let refused = rejection(world.copy("north", &image.id, "north").await);
    assert_eq!(refused, Rejection::SameRegion { region: region_id("north") });
    world.assert_clean_slate("north").await;
}

/// R001-1: also for copying from, and deleting.
#[tokio::test]
async fn r001_1_an_id_of_one_region_is_unknown_in_another() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let south = world.region("south");
    let unknown = Rejection::ImageNotFound { image: image.id.clone(), region: region_id("south") };
    assert_eq!(rejection(south.image(&world.caller, &image.id).await), unknown);
    assert_eq!(rejection(world.copy("south", &image.id, "north").await), unknown);
    let deleted =
        south.delete_image(&world.caller, &image.id, Force::Yes, SnapshotsOfImage::Delete).await;
    assert_eq!(rejection(deleted), unknown);
}

/// Promise 10, I12: another account's image, copy and snapshot answer as absent ones, in every command.
#[tokio::test]
async fn another_accounts_ids_answer_exactly_as_absent_ones() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let (north, south, stranger) = (world.region("north"), world.region("south"), world.stranger());
    let absent = model::ImageId::from_random(|| 5);
    for id in [&image.id, &absent] {
        let same = |answer: Rejection| {
            assert_eq!(
                answer,
                Rejection::ImageNotFound { image: id.clone(), region: region_id("north") }
            )
        };
        same(rejection(north.image(&stranger, id).await));
        same(rejection(north.edit_image(&stranger, id, Default::default()).await));
        same(rejection(north.cancel_image(&stranger, id).await));
        same(rejection(north.verify_image(&stranger, id).await));
        same(rejection(
            north.delete_image(&stranger, id, Force::Yes, SnapshotsOfImage::Delete).await,
        ));
        same(rejection(north.copy_image(&stranger, command(id, "south", "t")).await));
        same(rejection(north.import_missing(&stranger, id, vec![]).await));
    }
    assert!(matches!(
        rejection(south.copy(&stranger, &copy.copy).await),
        Rejection::CopyNotFound { .. }
    ));
    assert!(matches!(
        rejection(south.retry_copy(&stranger, &copy.copy).await),
        Rejection::CopyNotFound { .. }
    ));
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    assert!(matches!(
        rejection(north.snapshot(&stranger, &snapshot).await),
        Rejection::SnapshotNotFound { .. }
    ));
    assert!(matches!(
        rejection(north.disk_frames(&stranger, &snapshot, vec![]).await.map(drop)),
        Rejection::SnapshotNotFound { .. }
    ));
    assert!(
        north
            .images(&stranger, ImageQuery { limit: 10, ..Default::default() })
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        south
            .copies(&stranger, CopyQuery { limit: 10, ..Default::default() })
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

/// Promise 10: chunks are shared inside a domain only, so a stranger's equal disk is sent in full.
#[tokio::test]
async fn chunks_are_not_shared_between_accounts() {
    let world = World::with_regions(["north"]).await;
    world.import("north", "web", &[small()]).await;
    let (_, chunks) = crate::testing::cut(&small());
    let north = world.region("north");
    let domain = north.domain(&model::DomainName::plain(&world.stranger().account)).await.unwrap();
    let ids: Vec<_> = chunks.into_keys().collect();
    assert!(north.store().missing(domain, &ids).await.unwrap().into_iter().all(|missing| missing));
}

#[tokio::test]
async fn r002_5_quota_is_reserved_at_submit_and_given_back_on_cancel() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[small(), small()]).await;
    let south = world.region("south");
    south.set_quota(&world.caller, QuotaKind::Snapshot, 1).await.unwrap();
    let refused = rejection(world.copy("north", &image.id, "south").await);
    assert!(matches!(
        refused,
        Rejection::QuotaExceeded { kind: QuotaKind::Snapshot, limit: 1, wanted: 2, .. }
    ));
    world.assert_clean_slate("north").await;

    south.set_quota(&world.caller, QuotaKind::Snapshot, 2).await.unwrap();
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let reserved: Vec<_> =
        south.quotas(&world.caller).await.unwrap().iter().map(|quota| quota.reserved).collect();
    assert_eq!(reserved, [1, 2]);
    south.cancel_image(&world.caller, &copy.image).await.unwrap();
    world.run_until_idle().await;
    world.assert_clean_slate("south").await;

    world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let used: Vec<_> =
        south.quotas(&world.caller).await.unwrap().iter().map(|quota| quota.used).collect();
    assert_eq!(used, [1, 2]);
}

/// api-18: a limit below what is used refuses more and touches nothing.
#[tokio::test]
async fn a_quota_lowered_below_use_leaves_existing_images_alone() {
    let world = World::with_regions(["north"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let north = world.region("north");
    north.set_quota(&world.caller, QuotaKind::Image, 0).await.unwrap();
    assert!(matches!(
        rejection(world.begin_import("north", "two", &[small()]).await),
        Rejection::QuotaExceeded { .. }
    ));
    assert_eq!(north.image(&world.caller, &image.id).await.unwrap().status, ImageStatus::Available);
    world.check_world().await;
}

#[tokio::test]
async fn r002_8_the_same_image_is_not_copied_twice_at_once_to_the_same_region() {
    let world = World::with_regions(["north", "south", "east"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let first = world.copy("north", &image.id, "south").await.unwrap();
    let refused = rejection(world.copy("north", &image.id, "south").await);
    let target = region_id("south");
    assert_eq!(
        refused,
        Rejection::AlreadyCopying { image: image.id.clone(), target, by: first.copy }
    );
    world.copy("north", &image.id, "east").await.unwrap();
    world.run_until_idle().await;
    world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    world.assert_clean_slate("north").await;
}

/// Promise 4, I4, fault 17: one token, one image, also after the copy is done; fault 18: other parameters are refused.
#[tokio::test]
async fn a_token_never_makes_two_copies() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let north = world.region("north");
    let ask = |command| async {
        north.copy_image(&world.caller, command).await.unwrap().remove(0).answer
    };
    let first = ask(command(&image.id, "south", "token-1")).await.unwrap();
    let again = ask(command(&image.id, "south", "token-1")).await.unwrap();
    assert_eq!((first.seen, again.seen), (Seen::First, Seen::Again));
    assert_eq!((&first.copy, &first.image), (&again.copy, &again.image));
    world.run_until_idle().await;
    assert_eq!(ask(command(&image.id, "south", "token-1")).await.unwrap().copy, first.copy);

    let mut other = command(&image.id, "south", "token-1");
    other.name = Some(model::Name::new("another").unwrap());
    assert_eq!(rejection(north.copy_image(&world.caller, other).await), Rejection::TokenReused);
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}

/// A token is one request: the same one with another list of targets is refused too.
#[tokio::test]
async fn a_token_with_other_targets_is_refused() {
    let world = World::with_regions(["north", "south", "east"]).await;
    let image = world.import("north", "web", &[small()]).await;
    let north = world.region("north");
    north.copy_image(&world.caller, command(&image.id, "south", "t")).await.unwrap();
    assert_eq!(
        rejection(north.copy_image(&world.caller, command(&image.id, "east", "t")).await),
        Rejection::TokenReused
    );
    world.run_until_idle().await;
    world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn an_estimate_tells_bytes_and_quota_and_promises_nothing() {
    let world = World::with_regions(["north", "south"]).await;
    // Two disks alike: what the image has twice is sent once.
    let image = world.import("north", "web", &[disk(1, 300, Some), disk(1, 300, Some)]).await;
    let north = world.region("north");
    let ask = || async {
        let command = CopyImage { token: None, ..command(&image.id, "south", "t") };
        north.estimate_copy(&world.caller, command).await.unwrap().remove(0).answer.unwrap()
    };
    let estimate = ask().await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let sent = world.region("south").copy(&world.caller, &copy.copy).await.unwrap().bytes_sent;
    assert!(
        estimate.bytes_to_send.abs_diff(sent) * 10 <= sent,
        "{} for {sent}",
        estimate.bytes_to_send
    );
    assert_eq!(
        (estimate.bytes_reused, estimate.copies_ahead, estimate.disks),
        (300 * 65_536, 0, 2)
    );
    let again = ask().await;
    assert_eq!((again.bytes_to_send, again.bytes_reused), (0, 600 * 65_536));
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}
