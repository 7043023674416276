//! `createImageFromSnapshots`.

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, spelled, text};
use crate::story::{image, images};

/// Asks for an image of these disks, with more in the body.
async fn create(door: &Door, disks: Value, more: Value) -> Answer {
    let mut body = json!({
        "name": "made", "platform": "CentOS", "osVersion": "7.9", "architecture": "x86_64",
        "bootMode": "bios", "description": null, "clientToken": null, "cloudDisks": disks,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    door.post(HERE, "/images:createImageFromSnapshots", body).await
}

/// The snapshots of an image of two disks.
async fn snapshots(door: &Door) -> [String; 2] {
    let source = door.world.import(HERE, "web", &[disk(1, 2, Some), disk(2, 1, Some)]).await;
    let shown = image(door, HERE, &spelled(source.id.as_str())).await;
    let data = text(&shown["dataDisks"][0]["cloudDisk"], "snapshotId");
    [text(&shown, "snapshotId"), data]
}

#[tokio::test]
async fn an_image_is_made_of_snapshots_in_the_order_of_their_devices() {
    let door = Door::open().await;
    let [system, data] = snapshots(&door).await;
    let disks = json!([
        {"snapshotId": system, "deviceName": "vdb", "diskType": "ssd.gp1", "autoDelete": true, "diskSizeGB": 1},
        {"snapshotId": data, "deviceName": "vda", "diskType": null},
    ]);
    let made = text(&create(&door, disks, json!({})).await.ok(), "imageId");
    let shown = image(&door, HERE, &made).await;
    assert_eq!((&shown["status"], &shown["name"]), (&json!("ready"), &json!("made")));
    assert_eq!(shown["snapshotId"], json!(data), "vda is the system disk");
    assert_eq!(shown["dataDisks"][0]["cloudDisk"]["snapshotId"], json!(system));
    let machine = ["platform", "osVersion", "osType", "architecture", "bootMode"];
    let machine = machine.map(|name| text(&shown, name));
    assert_eq!(machine, ["CentOS", "7.9", "linux", "x86_64", "bios"]);
    assert_eq!(images(&door, HERE, &[("platform", "CentOS")]).await, [made.as_str()]);
    // Older clients have no boot mode, and one disk needs no device.
    let more = json!({"name": "windows", "platform": "Windows Server", "bootMode": null});
    let made = create(&door, json!([{"snapshotId": system}]), more).await.ok();
    let shown = image(&door, HERE, &text(&made, "imageId")).await;
    assert_eq!((&shown["osType"], &shown["bootMode"]), (&json!("windows"), &json!("bios")));
    let more = json!({"name": "other", "platform": "Others Linux", "osVersion": null});
    let made = create(&door, json!([{"snapshotId": system}]), more).await.ok();
    let made = text(&made, "imageId");
    assert_eq!(image(&door, HERE, &made).await["platform"], "Other Linux");
    assert_eq!(images(&door, HERE, &[("platform", "Other Linux")]).await, [made]);
    door.world.check_world().await;
}

/// One token, one image; with other parameters it is refused.
#[tokio::test]
async fn promise_4_a_token_makes_one_image() {
    let door = Door::open().await;
    let [system, _] = snapshots(&door).await;
    let disks = json!([{"snapshotId": system}]);
    let first = create(&door, disks.clone(), json!({"clientToken": "once"})).await.ok();
    let again = create(&door, disks.clone(), json!({"clientToken": "once"})).await.ok();
    assert_eq!(first, again);
    let other = json!({"clientToken": "once", "name": "other"});
    create(&door, disks, other).await.refused(400, "CONFLICT");
    assert_eq!(images(&door, HERE, &[("imageName", "made")]).await.len(), 1);
}

#[tokio::test]
async fn what_no_image_is_made_of_is_named() {
    let door = Door::open().await;
    let [system, data] = snapshots(&door).await;
    let nothing = json!({});
    let absent = "snapshot-zzzzzzzzzzzzzzzzzzzz";
    let one = json!([{"snapshotId": system}]);
    let named = |word: &str| json!({"platform": word});
    for (disks, more, status, words) in [
        (json!([]), &nothing, "INVALID_ARGUMENT", "Parameter CloudDisks missing"),
        (json!(null), &nothing, "INVALID_ARGUMENT", "Parameter CloudDisks missing"),
        (
            json!([{"deviceName": "vda"}]),
            &nothing,
            "INVALID_ARGUMENT",
            "Parameter SnapshotId missing",
        ),
        (json!([{"snapshotId": system, "deviceName": "vdb"}]), &nothing, "INVALID_ARGUMENT", "vda"),
        (json!([{"snapshotId": system, "deviceName": "sda"}]), &nothing, "INVALID_ARGUMENT", "sda"),
        (
            json!([{"snapshotId": system}, {"snapshotId": data}]),
            &nothing,
            "INVALID_ARGUMENT",
            "Parameter DeviceName missing",
        ),
        (
            json!([{"snapshotId": system, "deviceName": "vda"}, {"snapshotId": data, "deviceName": "vda"}]),
            &nothing,
            "INVALID_ARGUMENT",
            "given twice",
        ),
        (
            json!([{"snapshotId": system, "diskSizeGB": 40}]),
            &nothing,
            "INVALID_ARGUMENT",
            "'diskSizeGB'",
        ),
        (json!([{"snapshotId": system, "diskSizeGB": 0}]), &nothing, "OUT_OF_RANGE", "DiskSizeGB"),
        (one.clone(), &json!({"name": null}), "INVALID_ARGUMENT", "Parameter Name missing"),
        (one.clone(), &json!({"architecture": "mips"}), "INVALID_ARGUMENT", "'architecture'"),
        (one.clone(), &json!({"bootMode": "grub"}), "INVALID_ARGUMENT", "'bootMode'"),
        (one.clone(), &json!({"platform": null}), "INVALID_ARGUMENT", "Parameter Platform missing"),
        (one.clone(), &named(&"p".repeat(129)), "INVALID_ARGUMENT", "'platform'"),
        (one.clone(), &json!({"clientToken": "t".repeat(65)}), "INVALID_ARGUMENT", "'clientToken'"),
    ] {
        let message = create(&door, disks.clone(), more.clone()).await.refused(400, status);
        assert!(message.contains(words), "{disks} {more}: {message}");
    }
    let gone = create(&door, json!([{"snapshotId": absent}]), json!({})).await;
    assert_eq!(gone.refused(404, "NOT_FOUND"), format!("Snapshot '{absent}' not found"));
    // api-11: another's looks the same.
    let body =
        json!({"name": "made", "platform": "CentOS", "architecture": "x86_64", "cloudDisks": one});
    let path = "/images:createImageFromSnapshots";
    let foreign = door.post_as(&door.stranger, HERE, path, body).await;
    assert_eq!(foreign.refused(404, "NOT_FOUND"), format!("Snapshot '{system}' not found"));
    assert_eq!(images(&door, HERE, &[]).await.len(), 1, "nothing was made");
}

/// api-18: without room nothing is made.
#[tokio::test]
async fn api_18_a_full_quota_is_named() {
    let door = Door::open().await;
    let [system, _] = snapshots(&door).await;
    let operator = region::Caller { role: model::Role::Operator, ..door.world.caller.clone() };
    let here = door.world.region(HERE);
    here.set_quota(&operator, model::QuotaKind::Image, 0).await.unwrap();
    let answer = create(&door, json!([{"snapshotId": system}]), json!({})).await;
    assert_eq!(answer.refused(429, "QUOTA_EXCEEDED"), "Image quota limit exceeded");
    assert_eq!(images(&door, HERE, &[]).await.len(), 1, "those that are there stay");
}
