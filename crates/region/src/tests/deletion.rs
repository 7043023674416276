//! Deleting: never under a copy's feet, and what is shared stays.

use model::rules::Force;
use model::{Name, Rejection};

use crate::commands::SnapshotsOfImage;
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};

async fn delete(
    world: &World,
    region: &str,
    image: &model::ImageId,
    force: Force,
) -> Result<(), Refused> {
    world.region(region).delete_image(&world.caller, image, force, SnapshotsOfImage::Delete).await
}

/// Also api-14 and promise 7: force does not break a hold.
#[tokio::test]
async fn r001_6_source_image_cannot_be_deleted_until_the_copy_ends() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    for force in [Force::No, Force::Yes] {
        let Err(Refused::Rejected(rejection)) = delete(&world, "north", &image.id, force).await
        else {
            panic!("the source was deleted under its copy");
        };
        let held = Rejection::ImageHeld {
            image: image.id.clone(),
            by: copy.copy.clone(),
            target: region_id("south"),
        };
        assert_eq!(rejection, held);
    }
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    let refused = world.region("north").delete_snapshot(&world.caller, &snapshot).await;
    assert!(matches!(refused, Err(Refused::Rejected(Rejection::SnapshotInUse { .. }))));

    world.region("south").cancel_image(&world.caller, &copy.image).await.unwrap();
    world.run_until_idle().await;
    delete(&world, "north", &image.id, Force::No).await.unwrap();
    world.assert_clean_slate("south").await;
}

#[tokio::test]
async fn r004_3_the_target_of_a_running_copy_is_cancelled_not_deleted() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let refused = delete(&world, "south", &copy.image, Force::Yes).await;
    assert!(matches!(refused, Err(Refused::Rejected(Rejection::ImageBeingMade { .. }))));
    world.run_until_idle().await;
    delete(&world, "south", &copy.image, Force::No).await.unwrap();
    world.assert_clean_slate("south").await;
}

#[tokio::test]
async fn r004_10_an_image_in_use_is_deleted_by_force_alone() {
    let world = World::with_regions(["north"]).await;
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let north = world.region("north");
    let vm =
        north.create_instance(&world.caller, Name::new("vm-1").unwrap(), &image.id).await.unwrap();
    let refused = delete(&world, "north", &image.id, Force::No).await;
    let in_use = Rejection::ImageInUse { image: image.id.clone(), instances: 1 };
    assert!(matches!(refused, Err(Refused::Rejected(rejection)) if rejection == in_use));

    let other = world.import("north", "other", &[disk(2, 3, Some)]).await;
    north.change_instance_disk(&world.caller, &vm.id, &other.id).await.unwrap();
    delete(&world, "north", &image.id, Force::No).await.unwrap();
    delete(&world, "north", &other.id, Force::Yes).await.unwrap();
    north.delete_instance(&world.caller, &vm.id).await.unwrap();
    world.assert_clean_slate("north").await;
}

/// Promise 8: what another image still needs survives the sweep; what nobody needs is gone with it.
#[tokio::test]
async fn the_sweep_takes_what_nothing_reaches_and_nothing_else() {
    let world = World::with_regions(["north", "south"]).await;
    let old = disk(1, 100, Some);
    let mut new = old.clone();
    new[..65_536 * 10].copy_from_slice(&disk(50, 10, Some));
    let first = world.import("north", "v1", std::slice::from_ref(&old)).await;
    let second = world.import("north", "v2", std::slice::from_ref(&new)).await;
    let north = world.region("north");
    let before = north.store().usage().await.unwrap().chunks;
    delete(&world, "north", &first.id, Force::No).await.unwrap();
    north.sweep().await.unwrap();
    let after = north.store().usage().await.unwrap().chunks;
    assert_eq!(before - after, 12, "ten chunks, a node and a root were v1's alone");
    assert!(world.read_disk("north", &second.id, 0).await == new);
    world.check_world().await;
    delete(&world, "north", &second.id, Force::No).await.unwrap();
    north.sweep().await.unwrap();
    assert_eq!(north.store().usage().await.unwrap().chunks, 0);
}

#[tokio::test]
async fn a_snapshot_kept_from_a_deleted_image_counts_until_it_is_deleted() {
    let world = World::with_regions(["north"]).await;
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await;
    let north = world.region("north");
    north.delete_image(&world.caller, &image.id, Force::No, SnapshotsOfImage::Keep).await.unwrap();
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    assert_eq!(north.snapshot(&world.caller, &snapshot).await.unwrap().images, []);
    let used: Vec<_> =
        north.quotas(&world.caller).await.unwrap().iter().map(|quota| quota.used).collect();
    assert_eq!(used, [0, 1]);
    north.sweep().await.unwrap();
    world.check_world().await;
    north.delete_snapshot(&world.caller, &snapshot).await.unwrap();
    north.sweep().await.unwrap();
    assert_eq!(north.store().usage().await.unwrap().chunks, 0);
}
