//! What a page offers is what the commands would do: every action on every sort of image, by every role, told from the view and
//! rehearsed.

use model::rules::{Force, Offer};
use model::{
    Deprecation, DiskFormat, ImageAction, ImageId, ImageKind, Name, NameRule, Profile, Rejection,
    Role, Sealing, SnapshotAction, SnapshotId, SnapshotStanding, Standing,
};

use super::snapshots::image_of;
use super::tasks::{export_of, folder};
use super::tickets::command;
use crate::commands::{Caller, ConvertImage, CopyImage, EditImage, Intent, SnapshotsOfImage};
use crate::offered::{offered, offered_deprecation, offered_for_snapshot};
use crate::refused::Refused;
use crate::snapshot_copies::CopySnapshot;
use crate::testing::{World, disk, region_id};
use crate::views::ImageView;

fn judged<T>(answer: Result<T, Refused>) -> Result<(), Rejection> {
    match answer {
        Ok(_) | Err(Refused::Rehearsed) => Ok(()),
        Err(Refused::Rejected(rejection)) => Err(rejection),
        Err(other) => panic!("{other}"),
    }
}

/// What the command of an action answers when it is rehearsed.
async fn rehearsed(
    world: &World,
    caller: &Caller,
    image: &ImageView,
    action: ImageAction,
) -> Result<(), Rejection> {
    let (north, id) = (world.region("north"), &image.id);
    let caller = &Caller { intent: Intent::Rehearse, ..caller.clone() };
    match action {
        ImageAction::Copy => {
            let wish = command(id, &["east"], &Profile::native());
            judged(north.copy_image(caller, wish).await)
        }
        ImageAction::CreateInstance => {
            judged(north.create_instance(caller, Name::new("vm").unwrap(), id).await)
        }
        ImageAction::Export => {
            judged(north.export_image(caller, export_of(id, DiskFormat::Raw)).await)
        }
        ImageAction::Share => {
            let other = vec![world.stranger().account];
            judged(north.share_image(caller, id, other).await)
        }
        ImageAction::Publish => {
            let other = match image.kind {
                ImageKind::Marketplace => Offer::Public,
                ImageKind::Custom | ImageKind::Shared | ImageKind::Public => Offer::Marketplace,
            };
            judged(north.publish_image(caller, id, other).await)
        }
        ImageAction::Edit => judged(north.edit_image(caller, id, EditImage::default()).await),
        ImageAction::Delete => {
            judged(north.delete_image(caller, id, Force::No, SnapshotsOfImage::Keep).await)
        }
        ImageAction::Cancel => judged(north.cancel_image(caller, id).await),
        ImageAction::Convert => {
            let (image, names) = (id.clone(), NameRule::Free);
            let command = ConvertImage { image, name: None, description: None, names };
            judged(north.convert_image(caller, command).await)
        }
    }
}

async fn import(world: &World, seed: u64) -> ImageId {
    world.import("north", "web", &[disk(seed, 2, Some)]).await.id
}

/// The account's own images that nobody else sees.
async fn own_images(world: &World) -> Vec<ImageId> {
    let (north, caller) = (world.region("north"), &world.caller);
    let plain = import(world, 1).await;
    let deprecated = import(world, 2).await;
    let edit = EditImage { deprecation: Some(Deprecation::Deprecated), ..EditImage::default() };
    north.edit_image(caller, &deprecated, edit).await.unwrap();
    let used = import(world, 3).await;
    north.create_instance(caller, Name::new("vm").unwrap(), &used).await.unwrap();
    let leaving = import(world, 4).await;
    world.copy("north", &leaving, "south").await.unwrap();
    let exported = import(world, 5).await;
    north.export_image(caller, export_of(&exported, DiskFormat::Raw)).await.unwrap();
    let importing = world.begin_import("north", "web", &[disk(6, 2, Some)]).await.unwrap().id;
    vec![plain, deprecated, used, leaving, exported, importing]
}

/// Images that copies make in `north`, or made or were to make.
async fn copied_images(world: &World) -> Vec<ImageId> {
    let (north, south) = (world.region("north"), world.region("south"));
    let source = world.import("south", "web", &[disk(7, 2, Some)]).await.id;
    let finished = world.copy("south", &source, "north").await.unwrap().image;
    world.run_until_idle().await;
    let wish = CopyImage {
        sealing: Sealing::DefaultKey,
        ..command(&source, &["north"], &Profile::native())
    };
    let sealed = south.copy_image(&world.caller, wish).await.unwrap().remove(0).answer.unwrap();
    world.run_until_idle().await;
    let failed = world.copy("south", &source, "north").await.unwrap();
    south.release_hold(&failed.copy).await.unwrap();
    let (force, snapshots) = (Force::Yes, SnapshotsOfImage::Delete);
    south.delete_image(&world.caller, &source, force, snapshots).await.unwrap();
    world.run_until_idle().await;
    let one = world.import("south", "web", &[disk(8, 2, Some)]).await.id;
    let creating = world.copy("south", &one, "north").await.unwrap();
    let mut tx = north.inner.catalog.begin().await.unwrap();
    let limits = catalog::ClaimLimits { per_account: 5, per_region: 5 };
    let claimed = tx.claim_due("test", north.inner.clock.now(), 15_000, limits).await.unwrap();
    assert_eq!(claimed.len(), 1);
    tx.commit().await.unwrap();
    let two = world.import("south", "web", &[disk(9, 2, Some)]).await.id;
    let waiting = world.copy("south", &two, "north").await.unwrap();
    let three = world.import("south", "web", &[disk(10, 2, Some)]).await.id;
    let unwinding = world.copy("south", &three, "north").await.unwrap();
    for (image, standing) in [
        (&finished, Standing::Available),
        (&failed.image, Standing::CreateFailed),
        (&creating.image, Standing::Creating),
        (&waiting.image, Standing::Waiting),
    ] {
        let seen = north.image(&world.caller, image).await.unwrap();
        assert_eq!(seen.standing, standing);
    }
    vec![finished, sealed.image, failed.image, creating.image, waiting.image, unwinding.image]
}

/// Images that others see too, and those in local files.
async fn shown_and_local_images(world: &World) -> Vec<ImageId> {
    let (north, caller) = (world.region("north"), &world.caller);
    let shared = import(world, 20).await;
    north.share_image(caller, &shared, vec![world.stranger().account]).await.unwrap();
    let [public, marketplace] = [import(world, 21).await, import(world, 22).await];
    north.publish_image(caller, &public, Offer::Public).await.unwrap();
    north.publish_image(caller, &marketplace, Offer::Marketplace).await.unwrap();
    let mut all = vec![shared, public, marketplace];
    for name in ["one.raw", "two.raw"] {
        std::fs::write(world.local_folder(caller).join(name), disk(23, 2, Some)).unwrap();
        all.push(super::local_images::register(world, caller, name).await.unwrap().id);
    }
    let command = ConvertImage {
        image: all[4].clone(),
        name: None,
        description: None,
        names: NameRule::Free,
    };
    all.push(north.convert_image(caller, command).await.unwrap().id);
    all
}

/// R000-6, R001-2, R001-6, R001-8, R002-4, R004-3: an action is offered, or refused by the very reason, as its command would.
#[tokio::test]
async fn r000_6_what_is_offered_is_what_the_commands_do() {
    let world = World::with_regions(["north", "south", "east"]).await;
    folder(&world);
    let mut images = copied_images(&world).await;
    images.extend(own_images(&world).await);
    images.extend(shown_and_local_images(&world).await);
    let (mut compared, mut refusals) = (0, std::collections::BTreeSet::new());
    for viewer in [world.caller.clone(), world.stranger()] {
        for role in Role::ALL.iter().copied() {
            let caller = Caller { role, ..viewer.clone() };
            for id in &images {
                let Ok(view) = world.region("north").image(&caller, id).await else { continue };
                let all = offered(&caller, &view);
                let actions: Vec<ImageAction> = all.iter().map(|(action, _)| *action).collect();
                assert_eq!(actions, ImageAction::ALL);
                for (action, told) in all {
                    let done = rehearsed(&world, &caller, &view, action).await;
                    assert_eq!(told, done, "{action} by {role}: {view:?}");
                    compared += 1;
                    if let Err(rejection) = told {
                        let word = format!("{rejection:?}");
                        let name = word.split([' ', '{', '(']).next().unwrap().to_owned();
                        refusals.insert(format!("{action} {name}"));
                    }
                }
            }
        }
    }
    assert!(compared > 700, "{compared}");
    for wanted in [
        "copy SharedNotCopied",
        "copy PublicNotCopied",
        "copy MarketplaceNotCopied",
        "copy LocalNotCopied",
        "copy ImageNotAvailable",
        "copy ImageDeprecated",
        "share EncryptedNotShared",
        "share ImagePublished",
        "publish ImageIsShared",
        "publish ImageHeld",
        "export ImageBeingExported",
        "delete ImageInUse",
        "delete ImageHeld",
        "delete ImageIsShared",
        "delete ImageBeingMade",
        "delete ImageBeingConverted",
        "delete ImageBeingExported",
        "delete ImagePublished",
        "cancel CopyFinished",
        "cancel NotBeingCopied",
        "convert NothingToConvert",
        "edit ImageNotYours",
        "edit NotAllowed",
    ] {
        assert!(refusals.contains(wanted), "{wanted} is not among {refusals:?}");
    }
    world.check_world().await;
}

/// The same of advising against an image.
#[tokio::test]
async fn deprecation_is_offered_as_the_edit_would_do_it() {
    let world = World::with_regions(["north", "south", "east"]).await;
    folder(&world);
    let mut images = own_images(&world).await;
    images.extend(shown_and_local_images(&world).await);
    let mut refused = 0;
    for role in Role::ALL.iter().copied() {
        let caller = Caller { role, intent: Intent::Rehearse, ..world.caller.clone() };
        for id in &images {
            let view = world.region("north").image(&caller, id).await.unwrap();
            for to in [Deprecation::Current, Deprecation::Deprecated] {
                let edit = EditImage { deprecation: Some(to), ..EditImage::default() };
                let done = judged(world.region("north").edit_image(&caller, id, edit).await);
                let told = offered_deprecation(&caller, &view, to);
                refused += u64::from(told.is_err());
                assert_eq!(told, done, "{to:?} by {role}: {view:?}");
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

async fn rehearsed_on_snapshot(
    world: &World,
    caller: &Caller,
    snapshot: &SnapshotId,
    action: SnapshotAction,
) -> Result<(), Rejection> {
    let north = world.region("north");
    let caller = &Caller { intent: Intent::Rehearse, ..caller.clone() };
    match action {
        SnapshotAction::Copy => {
            judged(north.copy_snapshot(caller, copy_of(snapshot, "east")).await)
        }
        SnapshotAction::CreateImage => {
            judged(north.create_image(caller, image_of(&[snapshot])).await)
        }
        SnapshotAction::Delete => judged(north.delete_snapshot(caller, snapshot).await),
    }
}

fn copy_of(snapshot: &SnapshotId, target: &str) -> CopySnapshot {
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

/// Snapshots under an image, under none, read by a copy of themselves, promised.
#[tokio::test]
async fn what_is_offered_of_snapshots_is_what_the_commands_do() {
    let world = World::with_regions(["north", "south", "east"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let mut all = Vec::new();
    for seed in 1..=3 {
        let view = world.import("north", "web", &[disk(seed, 2, Some)]).await;
        all.push(view.disks[0].snapshot.clone().unwrap());
        if seed > 1 {
            let keep = SnapshotsOfImage::Keep;
            north.delete_image(caller, &view.id, Force::No, keep).await.unwrap();
        }
    }
    for target in ["south", "east"] {
        north.copy_snapshot(caller, copy_of(&all[2], target)).await.unwrap();
    }
    let far = world.import("south", "web", &[disk(9, 2, Some)]).await.disks[0].snapshot.clone();
    let south = world.region("south");
    let promised = south.copy_snapshot(caller, copy_of(&far.unwrap(), "north")).await;
    all.push(promised.unwrap().snapshot);
    let mut told_all = Vec::new();
    for role in [Role::Reader, Role::Owner] {
        let caller = Caller { role, ..caller.clone() };
        for id in &all {
            let view = north.snapshot(&caller, id).await.unwrap();
            for (action, told) in offered_for_snapshot(&caller, &view) {
                // Copying what is copied there already depends on the target.
                if !(action == SnapshotAction::Copy && view.held_by.is_some()) {
                    let done = rehearsed_on_snapshot(&world, &caller, id, action).await;
                    assert_eq!(told, done, "{action} by {role}: {view:?}");
                }
                told_all.push((action, told));
            }
        }
    }
    let deleted = told_all.iter().filter(|(action, _)| *action == SnapshotAction::Delete);
    let held = |told: &Result<(), Rejection>| matches!(told, Err(Rejection::SnapshotHeld { .. }));
    assert_eq!(deleted.filter(|(_, told)| held(told)).count(), 1);
    let promised = north.snapshot(caller, &all[3]).await.unwrap();
    assert_eq!(promised.standing, SnapshotStanding::Copying);
}
