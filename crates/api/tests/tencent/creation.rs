//! `CreateImage` of snapshots.

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Door, HERE, spelled, text};

/// The snapshots under an image, the system disk's first.
async fn snapshots(door: &Door, image: &str) -> Vec<String> {
    let shown = door.shown(HERE, image).await;
    let set = shown["SnapshotSet"].as_array().unwrap();
    set.iter().map(|one| text(one, "SnapshotId")).collect()
}

/// As Terraform asks: the image is there at once, rests on those very snapshots and has what was given.
#[tokio::test]
async fn an_image_is_made_of_snapshots() {
    let door = Door::open().await;
    let disks = [disk(1, 2, Some), disk(2, 1, Some)];
    let source = spelled(door.world.import(HERE, "web", &disks).await.id.as_str());
    let rests = snapshots(&door, &source).await;
    let asked = |name: &str, more: Value| {
        let mut asked = json!({
            "ImageName": name, "ForcePoweroff": "false", "Sysprep": "false",
            "SnapshotIds": [rests[1], rests[0]], "ImageDescription": "again", "ImageFamily": "webs",
            "TagSpecification": [{"ResourceType": "image", "Tags": [{"Key": "for", "Value": "test"}]}],
        });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.ask(HERE, "CreateImage", asked)
    };
    let dry = asked("again", json!({"DryRun": true})).await.ok();
    assert!(dry.get("ImageId").is_none(), "{dry}");
    let made = text(&asked("again", json!({})).await.ok(), "ImageId");
    assert_eq!(snapshots(&door, &made).await, rests);
    let shown = door.shown(HERE, &made).await;
    assert_eq!((&shown["ImageState"], &shown["ImageFamily"]), (&json!("NORMAL"), &json!("webs")));
    assert_eq!(shown["Tags"], json!([{"Key": "for", "Value": "test"}]));
    assert_eq!(
        (&shown["OsName"], &shown["Architecture"]),
        (&json!("Debian 12 64bit"), &json!("arm"))
    );
    asked("again", json!({})).await.refused("InvalidImageName.Duplicate");
    asked("n", json!({})).await.refused("InvalidParameterValue");
    asked(&"n".repeat(61), json!({})).await.refused("InvalidParameter.ValueTooLarge");
    door.world.check_world().await;
}

/// What it is made of is refused by name, an instance first of all.
#[tokio::test]
async fn what_an_image_cannot_be_made_of_is_named() {
    let door = Door::open().await;
    let disks = [disk(1, 2, Some), disk(2, 1, Some)];
    let source = spelled(door.world.import(HERE, "web", &disks).await.id.as_str());
    let other = door.image(HERE, "other").await;
    let (rests, others) = (snapshots(&door, &source).await, snapshots(&door, &other).await);
    for (more, code) in [
        (json!({"InstanceId": "ins-12345678"}), "InvalidInstanceId.NotFound"),
        (
            json!({"InstanceId": "ins-12345678", "SnapshotIds": [rests[0]]}),
            "InvalidParameter.SpecifyOneParameter",
        ),
        (json!({}), "MissingParameter"),
        (json!({"SnapshotIds": [rests[1]]}), "InvalidParameter.SystemSnapshotNotFound"),
        (
            json!({"SnapshotIds": [rests[0], others[0]]}),
            "InvalidParameter.DuplicateSystemSnapshots",
        ),
        (
            json!({"SnapshotIds": ["snap-zzzzzzzzzzzzzzzzzzzz"]}),
            "InvalidParameter.SnapshotNotFound",
        ),
        (json!({"SnapshotIds": ["snap-1"]}), "InvalidParameterValue.SnapshotIdMalformed"),
        (json!({"SnapshotIds": [rests[0]], "DataDiskIds": ["disk-1"]}), "InvalidParameterConflict"),
        (
            json!({"SnapshotIds": [rests[0]], "ImageFamily": "1"}),
            "InvalidParameterValue.InvalidImageFamily",
        ),
        (json!({"SnapshotIds": [rests[0]], "ForcePoweroff": "maybe"}), "InvalidParameter"),
    ] {
        let mut asked = json!({ "ImageName": "made" });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.ask(HERE, "CreateImage", asked).await.refused(code);
    }
    let foreign = json!({"ImageName": "made", "SnapshotIds": [rests[0]]});
    let refused = door.ask_as(&door.stranger, HERE, "CreateImage", foreign).await;
    refused.refused("InvalidParameter.SnapshotNotFound");
    assert_eq!(door.images(HERE, json!({})).await.len(), 2, "nothing was made");
}

/// api-18: a quota that is full.
#[tokio::test]
async fn api_18_a_full_quota_makes_no_image() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let operator = region::Caller { role: model::Role::Operator, ..door.world.caller.clone() };
    let here = door.world.region(HERE);
    here.set_quota(&operator, model::QuotaKind::Image, 0).await.unwrap();
    let asked = json!({"ImageName": "made", "SnapshotIds": snapshots(&door, &image).await});
    door.ask(HERE, "CreateImage", asked).await.refused("ImageQuotaLimitExceeded");
    assert_eq!(door.images(HERE, json!({})).await.len(), 1, "what is there stays");
}
