//! Snapshots: copied alone, deleted, and what an image keeps of them (R000-13, R001-6).

use serde_json::Value;

use crate::door::{Door, HERE, THERE, ours};

async fn snapshots(door: &Door, region: &str, more: &[(&str, &str)]) -> Vec<Value> {
    let mut parameters = vec![("RegionId", region), ("PageSize", "100")];
    parameters.extend(more);
    let answer = door.ask("DescribeSnapshots", &parameters).await.ok();
    answer["Snapshots"]["Snapshot"].as_array().expect("always a list").clone()
}

/// The one snapshot of a region.
async fn only(door: &Door, region: &str) -> Value {
    let all = snapshots(door, region, &[]).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}

async fn copy(door: &Door, snapshot: &str, more: &[(&str, &str)]) -> crate::door::Answer {
    let mut parameters = vec![
        ("RegionId", HERE),
        ("SnapshotId", snapshot),
        ("DestinationRegionId", THERE),
        ("DestinationSnapshotName", "there"),
        ("DestinationSnapshotDescription", "a copy"),
    ];
    parameters.extend(more);
    door.ask("CopySnapshot", &parameters).await
}

/// The id at once, then progressing, then accomplished; an image can be made of it there.
#[tokio::test]
async fn a_snapshot_is_copied_alone_and_an_image_is_made_of_it() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let source = only(&door, HERE).await;
    let id = text(&source, "SnapshotId");
    let made = copy(&door, &id, &[("Tag.1.Key", "For"), ("Tag.1.Value", "test")]).await.ok();
    let target = text(&made, "SnapshotId");
    let coming = only(&door, THERE).await;
    assert_eq!(
        (text(&coming, "SnapshotId"), text(&coming, "Status")),
        (target.clone(), "progressing".into())
    );
    assert_eq!(
        (&coming["Available"], &coming["RemainTime"]),
        (&Value::from(false), &Value::from(-1))
    );
    // Its source stays until the copy ends, with Force too.
    door.ask("DeleteImage", &[("RegionId", HERE), ("ImageId", &web)]).await.ok();
    let held = door
        .ask("DeleteSnapshot", &[("RegionId", HERE), ("SnapshotId", &id), ("Force", "true")])
        .await;
    held.refused(403, "OperationDenied.SnapshotCopying");
    let early = [("RegionId", THERE), ("SnapshotId", target.as_str()), ("ImageName", "early")];
    door.ask("CreateImage", &early).await.refused(403, "InvalidSnapshotId.NotReady");

    door.world.run_until_idle().await;
    let whole = only(&door, THERE).await;
    assert_eq!(
        (text(&whole, "Status"), text(&whole, "Progress")),
        ("accomplished".into(), "100%".into())
    );
    assert_eq!(
        (text(&whole, "SourceRegionId"), text(&whole, "SourceSnapshotId")),
        (HERE.into(), id.clone())
    );
    assert_eq!(
        (text(&whole, "SnapshotName"), text(&whole, "Description")),
        ("there".into(), "a copy".into())
    );
    assert_eq!(whole["Tags"]["Tag"][0]["TagKey"], "For");
    assert_eq!(
        (text(&whole, "Usage"), text(&whole, "SourceDiskSize")),
        ("none".into(), "1".into())
    );
    let create = [("RegionId", THERE), ("SnapshotId", target.as_str()), ("ImageName", "made")];
    let image = text(&door.ask("CreateImage", &create).await.ok(), "ImageId");
    assert_eq!(text(&only(&door, THERE).await, "Usage"), "image");
    let source = door.world.region(HERE).snapshot(&door.world.caller, &ours(&id)).await.unwrap();
    let made = door.world.region(THERE).image(&door.world.caller, &ours(&image)).await.unwrap();
    assert_eq!(made.disks[0].digest, source.digest, "the same contents");
    let deleted = door.ask("DeleteSnapshot", &[("SnapshotId", &target)]).await;
    deleted.refused(403, "SnapshotCreatedImage");
    door.ask("DeleteSnapshot", &[("SnapshotId", &id)]).await.ok();
    door.world.check_world().await;
}

#[tokio::test]
async fn a_token_makes_one_copy_of_a_snapshot() {
    let door = Door::open().await;
    door.image(HERE, "web").await;
    let id = text(&only(&door, HERE).await, "SnapshotId");
    let token = [("ClientToken", "once")];
    let first = text(&copy(&door, &id, &token).await.ok(), "SnapshotId");
    assert_eq!(text(&copy(&door, &id, &token).await.ok(), "SnapshotId"), first);
    let other = copy(&door, &id, &[("ClientToken", "once"), ("Tag.1.Key", "k")]).await;
    other.refused(400, "IdempotentParameterMismatch");
    let long = "t".repeat(65);
    copy(&door, &id, &[("ClientToken", &long)]).await.refused(400, "InvalidParameter.ClientToken");
    door.world.run_until_idle().await;
    assert_eq!(snapshots(&door, THERE, &[]).await.len(), 1);
    door.world.check_world().await;
}

/// R001-7 for snapshots: deleting what is on its way here cancels it, and the id is nobody's.
#[tokio::test]
async fn a_snapshot_on_its_way_is_cancelled_by_deleting_it() {
    let door = Door::open().await;
    door.image(HERE, "web").await;
    let id = text(&only(&door, HERE).await, "SnapshotId");
    let target = text(&copy(&door, &id, &[]).await.ok(), "SnapshotId");
    // No region is named: the one that has it is found.
    door.ask("DeleteSnapshot", &[("SnapshotId", &target)]).await.ok();
    door.world.run_until_idle().await;
    assert!(snapshots(&door, THERE, &[]).await.is_empty());
    let again = door.ask("DeleteSnapshot", &[("SnapshotId", &target)]).await;
    again.refused(404, "InvalidSnapshotId.NotFound");
    let create = [("RegionId", THERE), ("SnapshotId", target.as_str()), ("ImageName", "made")];
    door.ask("CreateImage", &create).await.refused(404, "InvalidSnapshotId.NotFound");
    door.world.check_world().await;
}

/// R004-8, api-15, api-16: the copy is sealed with the key that was asked for; an encrypted one is not made plain.
#[tokio::test]
async fn r004_8_snapshots_are_sealed_as_asked() {
    let door = Door::open().await;
    door.image(HERE, "web").await;
    let id = text(&only(&door, HERE).await, "SnapshotId");
    let key = door.world.region(THERE).create_encryption_key(&door.world.caller).await.unwrap().id;
    for (more, code, status) in [
        (vec![("KMSKeyId", key.as_str())], "InvalidEncrypted.NotMatchKmsKeyId", 400),
        (
            vec![("KMSKeyId", key.as_str()), ("Encrypted", "false")],
            "InvalidEncrypted.NotMatchKmsKeyId",
            400,
        ),
        (
            vec![("KMSKeyId", "key-zzzzzzzzzzzzzzzzzzzz"), ("Encrypted", "true")],
            "InvalidParameter.KMSKeyId.NotFound",
            404,
        ),
    ] {
        copy(&door, &id, &more).await.refused(status, code);
    }
    copy(&door, &id, &[("Encrypted", "True"), ("KMSKeyId", key.as_str())]).await.ok();
    door.world.run_until_idle().await;
    let sealed = only(&door, THERE).await;
    assert_eq!(
        (&sealed["Encrypted"], text(&sealed, "KMSKeyId")),
        (&Value::from(true), key.to_string())
    );
    assert_eq!(
        snapshots(&door, THERE, &[("Encrypted", "true"), ("KMSKeyId", key.as_str())]).await.len(),
        1
    );
    assert_eq!(snapshots(&door, HERE, &[("Encrypted", "true")]).await.len(), 0);
    assert_eq!(snapshots(&door, HERE, &[("Encrypted", "false")]).await.len(), 1, "no filter");
    let back = [
        ("RegionId", THERE),
        ("SnapshotId", &text(&sealed, "SnapshotId")),
        ("DestinationRegionId", HERE),
        ("Encrypted", "false"),
    ];
    door.ask("CopySnapshot", &back).await.refused(403, "OperationDeined.EncryptedSnapshot");
    door.world.check_world().await;
}

/// Each filter finds what it says, and a word that is none is refused in the cloud's way.
#[tokio::test]
async fn snapshots_are_filtered() {
    let door = Door::open().await;
    door.world
        .import(
            HERE,
            "web",
            &[region::testing::disk(1, 1, Some), region::testing::disk(2, 1, Some)],
        )
        .await;
    door.world.clock.advance_ms(120_000);
    let db = door.image(HERE, "db").await;
    door.ask("DeleteImage", &[("RegionId", HERE), ("ImageId", &db)]).await.ok();
    let count = async |more: &[(&str, &str)]| snapshots(&door, HERE, more).await.len();
    for (name, value, wanted) in [
        ("Status", "all", 3),
        ("Status", "accomplished", 3),
        ("Status", "progressing", 0),
        ("Usage", "image", 2),
        ("Usage", "none", 1),
        ("Usage", "disk", 0),
        ("Usage", "image_disk", 0),
        ("SourceDiskType", "System", 2),
        ("SourceDiskType", "data", 1),
        ("SnapshotType", "user", 3),
        ("SnapshotType", "auto", 0),
        ("Category", "Standard", 3),
        ("Category", "archive", 0),
        ("SnapshotName", "db", 1),
        ("SnapshotName", "d", 0),
        ("InstanceId", "i-zzzzzzzzzzzzzzzzzzzz", 0),
        ("DiskId", "d-zzzzzzzzzzzzzzzzzzzz", 0),
        ("SnapshotLinkId", "sl-1", 0),
        ("KMSKeyId", "no key", 0),
        ("SnapshotIds", "[]", 3),
        ("SnapshotIds", "[\"m-zzzzzzzzzzzzzzzzzzzz\"]", 0),
    ] {
        assert_eq!(count(&[(name, value)]).await, wanted, "{name}={value}");
    }
    let created = async |key: &str, value: &str| {
        count(&[("Filter.1.Key", key), ("Filter.1.Value", value)]).await
    };
    assert_eq!(created("CreationStartTime", "2023-11-14T22:15Z").await, 1);
    assert_eq!(created("CreationEndTime", "2023-11-14T22:15Z").await, 2);
    let many = format!("[{}]", vec!["\"s-zzzzzzzzzzzzzzzzzzzz\""; 101].join(","));
    for (name, value, status, code) in [
        ("Status", "gone", 404, "InvalidStatus.NotFound"),
        ("Usage", "some", 404, "InvalidUsage"),
        ("SourceDiskType", "tape", 404, "InvalidSourceDiskType"),
        ("SnapshotType", "some", 404, "InvalidSnapshotType.NotFound"),
        ("Category", "some", 403, "InvalidSnapshotCategory.Malformed"),
        ("SnapshotIds", "[", 403, "InvalidSnapshotIds.Malformed"),
        ("SnapshotIds", many.as_str(), 403, "InvalidSnapshotIds.Malformed"),
        ("Encrypted", "perhaps", 400, "InvalidParameter"),
        ("DryRun", "true", 400, "DryRunOperation"),
    ] {
        door.ask("DescribeSnapshots", &[("RegionId", HERE), (name, value)])
            .await
            .refused(status, code);
    }
    let filter =
        |key, value| [("RegionId", HERE), ("Filter.1.Key", key), ("Filter.1.Value", value)];
    door.ask("DescribeSnapshots", &filter("Colour", "red"))
        .await
        .refused(404, "InvalidFilterKey.NotFound");
    door.ask("DescribeSnapshots", &filter("CreationStartTime", "now"))
        .await
        .refused(404, "InvalidFilterValue");
}
