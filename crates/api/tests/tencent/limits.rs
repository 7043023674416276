//! The limits of this door: sizes, borders, quotas, counts.

use bytes::Bytes;
use model::{
    Architecture, Attributes, BootMode, Description, Digest, Name, NameRule, OsType, Platform,
    Profile, QuotaKind, Role, SizeBytes,
};
use region::testing::{World, WorldOptions, region_id};
use region::{BeginImport, Caller};
use serde_json::json;
use store::{CHUNK_BYTES, ChunkId, Encoder, TreeBuilder};

use crate::door::{Door, HERE, THERE, spelled, usual};

/// An image of one disk of zeros; its id as the cloud spells it. Whatever its size, it is a few nodes of a tree.
async fn sparse(door: &Door, name: &str, bytes: u64) -> String {
    let (region, caller) = (door.world.region(HERE), &door.world.caller);
    let command = BeginImport {
        name: Name::new(name).unwrap(),
        description: Description::default(),
        attributes: Attributes {
            architecture: Architecture::X86_64,
            os_type: OsType::Linux,
            platform: Platform::new("").unwrap(),
            boot_mode: BootMode::Bios,
        },
        family: None,
        particulars: Default::default(),
        tags: Default::default(),
        disks: vec![SizeBytes::new(bytes).unwrap()],
        names: NameRule::Free,
        token: None,
    };
    let begun = region.begin_import(caller, command).await.unwrap();
    let mut builder = TreeBuilder::new(bytes).unwrap();
    (0..bytes.div_ceil(CHUNK_BYTES as u64)).for_each(|_| builder.push(ChunkId::ZERO));
    let (record, nodes) = builder.finish().unwrap();
    let (mut encoder, mut frames) = (Encoder::new(1).unwrap(), Vec::new());
    let mut sent = std::collections::BTreeSet::new();
    for node in nodes {
        if sent.insert(node.chunk.id()) {
            encoder.encode(&node.chunk.id(), node.chunk.plain(), &mut frames);
        }
    }
    let root = record.root();
    encoder.encode(&root.id(), &record.encode(), &mut frames);
    region.import_frames(caller, &begun.id, Bytes::from(frames)).await.unwrap();
    let digest = Digest(*root.id().as_bytes());
    region.finish_import(caller, &begun.id, vec![digest]).await.unwrap();
    spelled(begun.id.as_str())
}

/// R003-4: an image of 50 GB is copied; one of a sector more is not.
#[tokio::test]
async fn r003_4_fifty_gigabytes_are_copied_and_no_more() {
    let door = Door::open().await;
    let most = sparse(&door, "most", 50_000_000_000).await;
    let more = sparse(&door, "more", 50_000_000_000 + 512).await;
    let asked = |image: &str| json!({"ImageIds": [image], "DestinationRegions": [THERE]});
    let words = door.ask(HERE, "SyncImages", asked(&more)).await.refused("InvalidImageId.TooLarge");
    assert!(words.contains("50000000512"), "{words}");
    door.world.assert_clean_slate(THERE).await;
    door.ask(HERE, "SyncImages", asked(&most)).await.ok();
    door.world.run_until_idle().await;
    let there = door.images(THERE, json!({})).await;
    assert_eq!((&there[0]["ImageState"], &there[0]["ImageSize"]), (&json!("NORMAL"), &json!(47)));
}

/// R003-2: within a border zone copies go; across it an approval is needed, and the code says so.
#[tokio::test]
async fn r003_2_a_border_is_crossed_with_an_approval_alone() {
    let abroad = "na-ashburn";
    let zones = [(region_id(abroad), "abroad".parse().unwrap())].into();
    let options = WorldOptions { zones, ..WorldOptions::default() };
    let world = World::with_options(&[HERE, THERE, abroad], options).await;
    let door = Door::before(world).await;
    let source = door.image(HERE, "web").await;
    let asked = json!({"ImageIds": [source], "DestinationRegions": [THERE, abroad]});
    let words = door.ask(HERE, "SyncImages", asked).await.refused("InvalidRegion.Unavailable");
    assert!(words.contains("ferry ticket open") && words.contains(abroad), "{words}");
    for region in [THERE, abroad] {
        door.world.assert_clean_slate(region).await;
    }
    door.copy(&source).await;
    door.world.run_until_idle().await;
    assert_eq!(door.images(THERE, json!({})).await.len(), 1);
}

/// R002-5, api-18: without room in a quota nothing is made; the quota is told, also when it is 0.
#[tokio::test]
async fn r002_5_a_full_quota_is_named() {
    for (images, snapshots, code) in
        [(0, 9, "ImageQuotaLimitExceeded"), (9, 0, "InsufficientSnapshotQuota")]
    {
        let door = Door::open().await;
        let source = door.image(HERE, "web").await;
        let operator = Caller { role: Role::Operator, ..door.world.caller.clone() };
        let there = door.world.region(THERE);
        for (kind, limit) in [(QuotaKind::Image, images), (QuotaKind::Snapshot, snapshots)] {
            there.set_quota(&operator, kind, limit).await.unwrap();
        }
        let quota = door.ask(THERE, "DescribeImageQuota", json!({})).await.ok();
        assert_eq!(quota["ImageNumQuota"], images);
        let asked = json!({"ImageIds": [source], "DestinationRegions": [THERE]});
        door.ask(HERE, "SyncImages", asked).await.refused(code);
        door.world.assert_clean_slate(THERE).await;
    }
}

/// R002-5: of two images for the last place, none goes: the quota is asked for both together.
#[tokio::test]
async fn r002_5_the_quota_must_hold_all_images_of_a_request() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    let operator = Caller { role: Role::Operator, ..door.world.caller.clone() };
    door.world.region(THERE).set_quota(&operator, QuotaKind::Image, 1).await.unwrap();
    let both = json!({"ImageIds": [web, base], "DestinationRegions": [THERE]});
    door.ask(HERE, "SyncImages", both).await.refused("ImageQuotaLimitExceeded");
    door.world.assert_clean_slate(THERE).await;
    door.copy(&web).await;
}

/// api-13: more images, or more regions, than the profile has in a request.
#[tokio::test]
async fn api_13_a_request_names_as_many_as_the_profile_says() {
    let world = World::with_regions([HERE, THERE, "ap-beijing"]).await;
    let few = Profile { images_at_once: 1, targets_at_once: 1, ..usual() };
    let door = Door::under(world, few).await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    for asked in [
        json!({"ImageIds": [web, base], "DestinationRegions": [THERE]}),
        json!({"ImageIds": [web], "DestinationRegions": [THERE, "ap-beijing"]}),
    ] {
        let refused = door.ask(HERE, "SyncImages", asked).await;
        refused.refused("InvalidParameterValue.LimitExceeded");
    }
    door.world.assert_clean_slate(THERE).await;
}

/// api-17: this cloud has no token; a parameter that it does not have is refused, and not passed over.
#[tokio::test]
async fn api_17_a_token_is_no_parameter_of_this_cloud() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    for token in ["once", &"t".repeat(65), "é", ""] {
        let asked =
            json!({"ImageIds": [source], "DestinationRegions": [THERE], "ClientToken": token});
        door.ask(HERE, "SyncImages", asked).await.refused("UnknownParameter");
    }
    door.world.assert_clean_slate(THERE).await;
}
