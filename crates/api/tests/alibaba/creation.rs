//! `CreateImage`, of snapshots.

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, More, THERE, ours, spelled};

/// The snapshots of an image's disks.
async fn snapshots(door: &Door, image: &str) -> Vec<String> {
    let image = door.images(HERE, &[("ImageId", image)]).await.remove(0);
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    disks.iter().map(|disk| disk["SnapshotId"].as_str().unwrap().to_owned()).collect()
}

async fn create(door: &Door, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("RegionId", HERE)];
    parameters.extend(more);
    door.ask("CreateImage", &parameters).await
}

async fn shown(door: &Door, made: &Value) -> Value {
    door.images(HERE, &[("ImageId", made["ImageId"].as_str().unwrap())]).await.remove(0)
}

/// An image of one snapshot says what was given, else what is known of the system; it is copied as any other.
#[tokio::test]
async fn an_image_of_a_snapshot_is_available_at_once() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let snapshot = snapshots(&door, &source).await.remove(0);
    let made = create(&door, &[("SnapshotId", &snapshot)]).await.ok();
    let image = shown(&door, &made).await;
    assert_eq!((&image["Status"], &image["ImageName"]), (&json!("Available"), &json!(snapshot)));
    assert_eq!(
        (&image["Architecture"], &image["BootMode"]),
        (&json!("arm64"), &json!("UEFI")),
        "as the image it was made for"
    );
    assert_eq!((&image["Platform"], &image["IsCopied"]), (&json!("Debian 12"), &json!(false)));
    let more = [
        ("SnapshotId", snapshot.as_str()),
        ("ImageName", "named"),
        ("Architecture", "x86_64"),
        ("Platform", "Windows Server 2019"),
        ("BootMode", "UEFI-Preferred"),
        ("ImageVersion", "7"),
        ("SecureBootOptions.SecureBootSupport", "supported"),
        ("ClientToken", "once"),
    ];
    let made = create(&door, &more).await.ok();
    assert_eq!(create(&door, &more).await.ok()["ImageId"], made["ImageId"], "one token, one image");
    let image = shown(&door, &made).await;
    for (field, wanted) in [
        ("ImageName", "named"),
        ("Architecture", "x86_64"),
        ("OSType", "windows"),
        ("OSName", "Windows Server 2019 64 bit"),
        ("BootMode", "UEFI-Preferred"),
        ("ImageVersion", "7"),
    ] {
        assert_eq!(image[field], wanted, "{field}");
    }
    assert_eq!(image["SecureBootOptions"]["SecureBootSupport"], "supported");
    let copy = door.copy(made["ImageId"].as_str().unwrap(), "copy").await;
    door.world.run_until_idle().await;
    let bytes = door.world.read_disk(THERE, &ours(&copy), 0).await;
    assert!(bytes == door.world.read_disk(HERE, &ours(&source), 0).await);
    door.world.check_world().await;
}

/// Disks by device and by kind: the system disk first, wherever it stands in the request.
#[tokio::test]
async fn disks_are_put_in_order_by_device() {
    let door = Door::open().await;
    let source = door.world.import(HERE, "web", &[disk(1, 2, Some), disk(2, 1, Some)]).await;
    let snapshots = snapshots(&door, &spelled(source.id.as_str())).await;
    let (system, data) = (snapshots[0].as_str(), snapshots[1].as_str());
    let swapped = [
        ("DiskDeviceMapping.1.SnapshotId", system),
        ("DiskDeviceMapping.1.Device", "/dev/xvdc"),
        ("DiskDeviceMapping.1.Size", "1"),
        ("DiskDeviceMapping.2.SnapshotId", data),
        ("DiskDeviceMapping.2.DiskType", "system"),
        ("ImageName", "swapped"),
    ];
    let made = create(&door, &swapped).await.ok();
    let image = shown(&door, &made).await;
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    let disks: Vec<_> = disks
        .iter()
        .map(|disk| (disk["Type"].as_str().unwrap(), disk["SnapshotId"].as_str().unwrap()))
        .collect();
    assert_eq!(disks, [("system", data), ("data", system)]);
    // Where nothing is said, each is what its snapshot was made for.
    let plain =
        [("DiskDeviceMapping.1.SnapshotId", data), ("DiskDeviceMapping.2.SnapshotId", system)];
    create(&door, &plain).await.ok();
}

/// Contract 6: what cannot be made, each by its code; nothing is made.
#[tokio::test]
async fn what_cannot_be_made_is_refused_by_name() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let snapshot = snapshots(&door, &source).await.remove(0);
    let snapshot = snapshot.as_str();
    let table: &[(More, u16, &str)] = &[
        (&[], 400, "MissingParameter"),
        (&[("InstanceId", "i-zzzzzzzzzzzzzzzzzzzz")], 400, "UnsupportedOperation"),
        (&[("SnapshotId", "s-zzzzzzzzzzzzzzzzzzzz")], 404, "InvalidSnapshotId.NotFound"),
        (&[("SnapshotId", "../x")], 404, "InvalidSnapshotId.NotFound"),
        (&[("SnapshotId", snapshot), ("ImageName", "web")], 400, "InvalidImageName.Duplicated"),
        (&[("SnapshotId", snapshot), ("ImageName", "1")], 400, "InvalidImageName.Malformed"),
        (&[("SnapshotId", snapshot), ("BootMode", "x")], 400, "InvalidBootMode.NotSupport"),
        (&[("SnapshotId", snapshot), ("Architecture", "vax")], 400, "InvalidParameter"),
        (&[("DiskDeviceMapping.1.Size", "5")], 400, "MissingParameter"),
        (
            &[("DiskDeviceMapping.1.SnapshotId", snapshot), ("DiskDeviceMapping.1.Size", "2")],
            400,
            "InvalidDiskSize.NotSupported",
        ),
        (
            &[
                ("DiskDeviceMapping.1.SnapshotId", snapshot),
                ("DiskDeviceMapping.1.Device", "/dev/sda"),
            ],
            403,
            "InvalidParameter.Malformed",
        ),
        (
            &[
                ("DiskDeviceMapping.1.SnapshotId", snapshot),
                ("DiskDeviceMapping.1.Device", "/dev/xvdb"),
            ],
            400,
            "InvalidDiskDeviceMapping",
        ),
        (
            &[
                ("DiskDeviceMapping.1.SnapshotId", snapshot),
                ("DiskDeviceMapping.1.DiskType", "tape"),
            ],
            400,
            "InvalidParameter",
        ),
        (&[("SnapshotId", snapshot), ("DryRun", "true")], 400, "DryRunOperation"),
    ];
    for (more, status, code) in table {
        create(&door, more).await.refused(*status, code);
    }
    assert_eq!(door.images(HERE, &[("Status", "ALL")]).await.len(), 1);
    let theirs = [("RegionId", HERE), ("SnapshotId", snapshot)];
    let answer = door.ask_as(&door.stranger, "CreateImage", &theirs).await;
    answer.refused(404, "InvalidSnapshotId.NotFound");
}
