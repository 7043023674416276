//! Copies over slow links go in parcels, made against what is here already, and arrive as they were.

use model::{CopyId, ImageId};

use crate::testing::{World, disk, region_id};
use crate::views::CopyView;

const MIB: usize = 1 << 20;

async fn copied(world: &World, image: &ImageId) -> (ImageId, CopyView) {
    let accepted = world.copy("north", image, "south").await.unwrap();
    world.run_until_idle().await;
    let copy: &CopyId = &accepted.copy;
    (accepted.image, world.region("south").copy(&world.caller, copy).await.unwrap())
}

/// A system disk, and the same with some bytes put in near its beginning, so that not a chunk of it is what it was.
fn versions() -> (Vec<u8>, Vec<u8>) {
    let old = disk(3, 6 * 16, |chunk| (chunk % 7 != 5).then_some(chunk));
    let mut new = old.clone();
    new.splice(100_000..100_000, [0x5a; 8_192]);
    new.truncate(old.len());
    (old, new)
}

/// R000-2, I1: over a limited link the second version of an image costs few bytes, and is what it was in the source.
#[tokio::test]
async fn over_a_limited_link_a_new_version_costs_few_bytes() {
    let world = World::with_regions(["north", "south"]).await;
    let (old, new) = versions();
    world.region("south").set_link_rate(&region_id("north"), Some(20_000_000));
    let first = world.import("north", "web", std::slice::from_ref(&old)).await;
    let second = world.import("north", "web-2", std::slice::from_ref(&new)).await;

    let (_, before) = copied(&world, &first.id).await;
    let (image, after) = copied(&world, &second.id).await;
    assert!(before.bytes_sent > MIB as u64, "{before:?}");
    assert!(after.bytes_sent < before.bytes_sent / 10, "{after:?} after {before:?}");
    assert_eq!(world.read_disk("south", &image, 0).await, new);
    world.check_world().await;
}

/// Without a limit nothing in one process is worth a parcel.
#[tokio::test]
async fn within_one_process_chunks_come_as_frames() {
    let world = World::with_regions(["north", "south"]).await;
    let (old, new) = versions();
    let first = world.import("north", "web", std::slice::from_ref(&old)).await;
    let second = world.import("north", "web-2", std::slice::from_ref(&new)).await;
    let (_, before) = copied(&world, &first.id).await;
    let (image, after) = copied(&world, &second.id).await;
    assert!(after.bytes_sent > before.bytes_sent / 2, "{after:?} after {before:?}");
    assert_eq!(world.read_disk("south", &image, 0).await, new);
}
