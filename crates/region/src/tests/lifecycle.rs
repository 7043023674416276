//! The main job: an image goes from one region to others and is the same there.

use model::rules::Force;
use model::{ImageStatus, Name, Phase, copied_description};

use crate::commands::{
    CopyImage, CopyQuery, EditImage, SnapshotQuery, SnapshotSelection, SnapshotsOfImage,
};
use crate::testing::{World, disk, region_id};

/// A disk of 40 chunks, every fourth of them zero.
fn sparse_disk(seed: u64) -> Vec<u8> {
    disk(seed, 40, |i| (i % 4 != 0).then_some(i))
}

#[tokio::test]
async fn r000_1_a_copy_is_identical_in_contents_and_attributes() {
    let world = World::with_regions(["north", "south"]).await;
    let disks = [sparse_disk(1), disk(2, 3, |_| None), sparse_disk(3)];
    let image = world.import("north", "web", &disks).await;

    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;

    let there = world.region("south").image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((there.status, there.percent), (ImageStatus::Available, 100));
    assert_ne!(there.id, image.id);
    assert_eq!(there.name, image.name);
    assert_eq!(there.attributes, image.attributes);
    assert_eq!(there.tags, image.tags);
    for (number, disk) in disks.iter().enumerate() {
        assert_eq!(there.disks[number].digest, image.disks[number].digest);
        assert_eq!(there.disks[number].role, image.disks[number].role);
        assert!(
            world.read_disk("south", &copy.image, number).await == *disk,
            "disk {number} differs"
        );
    }
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
}

/// R000-5: the copy carries all that an image says of itself; there is no share list, role or user data to carry yet.
/// R000-3: as many snapshots as disks, each named by its disk. R000-13: they say where they come from.
#[tokio::test]
async fn r000_3_r000_13_every_disk_rests_on_a_copied_snapshot_that_names_its_origin() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[sparse_disk(1), sparse_disk(2)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;

    let south = world.region("south");
    let there = south.image(&world.caller, &copy.image).await.unwrap();
    let all = SnapshotQuery {
        selection: SnapshotSelection::Copied,
        limit: 10,
        ..SnapshotQuery::default()
    };
    let copied = south.snapshots(&world.caller, all).await.unwrap().items;
    assert_eq!(copied.len(), 2);
    for disk in &there.disks {
        let snapshot =
            copied.iter().find(|snapshot| Some(&snapshot.id) == disk.snapshot.as_ref()).unwrap();
        let origin = snapshot.origin.as_ref().unwrap();
        assert_eq!(
            (&origin.region, &origin.image, &origin.copy),
            (&region_id("north"), &image.id, &copy.copy)
        );
        let source = image.disks[usize::from(disk.role.number())].snapshot.clone();
        assert_eq!(origin.snapshot, source, "the source's snapshot is named");
        assert_eq!(snapshot.held_bytes, 30 * 65_536);
    }
    let imported = SnapshotQuery {
        selection: SnapshotSelection::Imported,
        limit: 10,
        ..SnapshotQuery::default()
    };
    assert!(south.snapshots(&world.caller, imported).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn r000_9_the_row_is_in_the_target_at_once_and_one_hundred_percent_means_available() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[sparse_disk(1)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let south = world.region("south");
    let promised = south.image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((promised.status, promised.percent), (ImageStatus::Creating, 0));
    assert_eq!(promised.phase, Some(Phase::Waiting));

    world.run_until_idle().await;
    let done = south.copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!((done.phase, done.percent, done.state), (Phase::Done, 100, "done"));
    assert_eq!(done.disks_done, 1);
    assert!(done.bytes_sent > 0 && done.finished.is_some());
}

#[tokio::test]
async fn r002_7_name_and_origin_note_are_the_default_and_given_words_win() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[sparse_disk(1)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let there = world.region("south").image(&world.caller, &copy.image).await.unwrap();
    assert_eq!(there.name.as_str(), "web");
    assert_eq!(
        there.description,
        copied_description("made by a test", &region_id("north"), &image.id)
    );
    world.run_until_idle().await;

    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.id.clone(),
        targets: vec![region_id("south")],
        name: Some(Name::new("other").unwrap()),
        description: None,
        tags: None,
        sealing: model::Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: model::Profile::native(),
        token: None,
    };
    let mut answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
    let second = answers.remove(0).answer.unwrap();
    assert_eq!(
        world.region("south").image(&world.caller, &second.image).await.unwrap().name.as_str(),
        "other"
    );
}

#[tokio::test]
async fn r002_8_r002_12_the_source_stays_usable_and_a_copy_can_be_renamed_without_touching_it() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[sparse_disk(1)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    let north = world.region("north");
    let rename =
        |name: &str| EditImage { name: Some(Name::new(name).unwrap()), ..EditImage::default() };

    // While it is being copied: viewed, renamed, used; its status does not change.
    assert_eq!(north.image(&world.caller, &image.id).await.unwrap().status, ImageStatus::Available);
    north.edit_image(&world.caller, &image.id, rename("renamed-later")).await.unwrap();
    north.create_instance(&world.caller, Name::new("vm-1").unwrap(), &image.id).await.unwrap();
    world.run_until_idle().await;

    let south = world.region("south");
    assert_eq!(
        south.image(&world.caller, &copy.image).await.unwrap().name.as_str(),
        "web",
        "metadata as of submit"
    );
    south.edit_image(&world.caller, &copy.image, rename("mine")).await.unwrap();
    assert_eq!(north.image(&world.caller, &image.id).await.unwrap().name.as_str(), "renamed-later");
    world.check_world().await;
}

#[tokio::test]
async fn r003_7_r003_8_several_targets_each_get_an_image_of_the_same_name_and_another_id() {
    let world = World::with_regions(["north", "south", "east"]).await;
    let image = world.import("north", "web", &[sparse_disk(1)]).await;
    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.id.clone(),
        targets: ["south", "nowhere", "east", "north"].map(region_id).to_vec(),
        name: None,
        description: None,
        tags: None,
        sealing: model::Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: model::Profile::native(),
        token: None,
    };
    let answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
    let told: Vec<String> = answers
        .iter()
        .map(|answer| match &answer.answer {
            Ok(_) => "accepted".to_owned(),
            Err(refused) => refused.to_string(),
        })
        .collect();
    assert_eq!(told[0], "accepted");
    assert!(told[1].starts_with("region `nowhere` is not part of this deployment"), "{}", told[1]);
    assert_eq!(told[2], "accepted");
    assert!(told[3].starts_with("the image is in region `north` already"), "{}", told[3]);
    world.run_until_idle().await;
    let ids: Vec<_> = [0, 2].map(|i| answers[i].answer.as_ref().unwrap().image.clone()).to_vec();
    for (id, region) in ids.iter().zip(["south", "east"]) {
        let there = world.region(region).image(&world.caller, id).await.unwrap();
        assert_eq!((there.name.as_str(), there.status), ("web", ImageStatus::Available));
    }
    assert_ne!(ids[0], ids[1]);
    world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn r001_3_every_ordered_pair_of_regions_can_copy() {
    let names = ["north", "south", "east"];
    let world = World::with_regions(names).await;
    for source in names {
        let image = world
            .import(source, &format!("of-{source}"), &[sparse_disk(source.len() as u64)])
            .await;
        for target in names.into_iter().filter(|target| *target != source) {
            let copy = world.copy(source, &image.id, target).await.unwrap();
            world.run_until_idle().await;
            let there = world.region(target).image(&world.caller, &copy.image).await.unwrap();
            assert_eq!(there.status, ImageStatus::Available, "{source} to {target}");
        }
    }
    world.check_world().await;
}

#[tokio::test]
async fn a_second_copy_sends_nothing_and_a_changed_version_only_what_changed() {
    let world = World::with_regions(["north", "south"]).await;
    let old = disk(1, 300, Some);
    let image = world.import("north", "v1", std::slice::from_ref(&old)).await;
    let first = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let again = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let south = world.region("south");
    let (first, again) = (
        south.copy(&world.caller, &first.copy).await.unwrap(),
        south.copy(&world.caller, &again.copy).await.unwrap(),
    );
    assert!(
        again.bytes_sent * 1_000 < first.bytes_sent,
        "{} after {}",
        again.bytes_sent,
        first.bytes_sent
    );

    let mut new = old.clone();
    new[17 * 65_536..18 * 65_536].copy_from_slice(&disk(99, 1, Some));
    let changed = world.import("north", "v2", std::slice::from_ref(&new)).await;
    let copy = world.copy("north", &changed.id, "south").await.unwrap();
    world.run_until_idle().await;
    let sent = south.copy(&world.caller, &copy.copy).await.unwrap();
    // One chunk of about 33 KB compressed, one node of 300 ids, one root.
    assert!(sent.bytes_sent < 60_000, "{}", sent.bytes_sent);
    assert_eq!(sent.bytes_reused, 299 * 65_536);
    assert!(world.read_disk("south", &copy.image, 0).await == new);
    world.check_world().await;
}

#[tokio::test]
async fn stopping_and_starting_again_continues() {
    let mut world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[sparse_disk(1)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.restart().await;
    world.run_until_idle().await;
    world.restart().await;
    let there = world.region("south").image(&world.caller, &copy.image).await.unwrap();
    assert_eq!(there.status, ImageStatus::Available);
    assert!(world.read_disk("south", &copy.image, 0).await == sparse_disk(1));
    let copies = CopyQuery { limit: 10, ..CopyQuery::default() };
    assert_eq!(world.region("south").copies(&world.caller, copies).await.unwrap().items.len(), 1);
    world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn r001_9_a_sparse_disk_of_eight_tebibytes_copies_in_a_handful_of_chunks() {
    use model::{Digest, SizeBytes};
    use store::{ChunkId, Encoder, TreeBuilder};
    let world = World::with_regions(["north", "south"]).await;
    let size = 8_u64 << 40;
    let begun = world.begin_import("north", "huge", &[vec![0; 512]]).await.unwrap();
    let north = world.region("north");
    north.cancel_image(&world.caller, &begun.id).await.unwrap();
    let command = crate::commands::BeginImport {
        family: None,
        particulars: model::Particulars::default(),
        name: Name::new("huge").unwrap(),
        description: model::Description::new("").unwrap(),
        attributes: begun.attributes,
        tags: model::Tags::default(),
        disks: vec![SizeBytes::new(size).unwrap()],
        names: model::NameRule::Free,
        token: None,
    };
    let begun = north.begin_import(&world.caller, command).await.unwrap();
    let chunk = disk(5, 1, Some);
    let mut builder = TreeBuilder::new(size).unwrap();
    builder.push_zeros(1 << 20);
    builder.push(ChunkId::of(&chunk));
    builder.push_zeros((size >> 16) - (1 << 20) - 1);
    let (record, nodes) = builder.finish().unwrap();
    let (mut encoder, mut frames) = (Encoder::new(1).unwrap(), Vec::new());
    encoder.encode(&ChunkId::of(&chunk), &chunk, &mut frames);
    nodes.iter().for_each(|node| encoder.encode(&node.chunk.id(), node.chunk.plain(), &mut frames));
    encoder.encode(&record.root().id(), &record.encode(), &mut frames);
    north.import_frames(&world.caller, &begun.id, frames.into()).await.unwrap();
    let digest = Digest(*record.root().id().as_bytes());
    let image = north.finish_import(&world.caller, &begun.id, vec![digest]).await.unwrap();

    let copy = world.copy("north", &image.id, "south").await.unwrap();
    world.run_until_idle().await;
    let there = world.region("south").image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((there.status, there.disks[0].size.bytes()), (ImageStatus::Available, size));
    let copy = world.region("south").copy(&world.caller, &copy.copy).await.unwrap();
    assert!(copy.bytes_sent < 200_000, "{}", copy.bytes_sent);
    world.check_world().await;
    let south = world.region("south");
    south
        .delete_image(&world.caller, &there.id, Force::No, SnapshotsOfImage::Delete)
        .await
        .unwrap();
}
