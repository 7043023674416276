//! `DescribeSnapshots`, `CopySnapshotCrossRegions`, `DeleteSnapshots`.

use region::testing::{World, disk};
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE, text};

async fn look(door: &Door, region: &str, asked: Value) -> Vec<Value> {
    let answer = door.ask(region, "DescribeSnapshots", asked).await.ok();
    answer["SnapshotSet"].as_array().expect("always a list").clone()
}

fn filter(name: &str, values: &[&str]) -> Value {
    json!({"Filters": [{ "Name": name, "Values": values }]})
}

#[tokio::test]
async fn snapshots_are_found_by_their_filters() {
    let door = Door::open().await;
    let image = door.world.import(HERE, "web", &[disk(1, 2, Some), disk(2, 1, Some)]).await;
    door.image(HERE, "base").await;
    let snapshot = image.disks[0].snapshot.as_ref().unwrap().to_string();
    for (asked, wanted) in [
        (json!({}), 3),
        (json!({"SnapshotIds": [snapshot]}), 1),
        (json!({"SnapshotIds": ["snap-zzzzzzzzzzzzzzzzzzzz"]}), 0),
        (filter("snapshot-id", &[&snapshot, "snap-zzzzzzzzzzzzzzzzzzzz"]), 1),
        (filter("snapshot-name", &["web"]), 1),
        (filter("snapshot-name", &["we"]), 0),
        (filter("snapshot-state", &["NORMAL", "CREATING"]), 3),
        (filter("snapshot-state", &["COPYING_FROM_REMOTE"]), 0),
        (filter("snapshot-state", &["ROLLBACKING"]), 0),
        (filter("disk-usage", &["DATA_DISK"]), 1),
        (filter("disk-usage", &["DATA_DISK", "SYSTEM_DISK"]), 3),
        (filter("encrypt", &["false"]), 3),
        (filter("encrypt", &["TRUE"]), 0),
        (filter("project-id", &["0"]), 3),
        (filter("project-id", &["1"]), 0),
        (filter("snapshot-type", &["SHARED_SNAPSHOT"]), 0),
        (filter("disk-id", &["disk-12345678"]), 0),
        (filter("zone", &["ap-guangzhou-2"]), 0),
        (filter("tag:team", &["ferry"]), 0),
    ] {
        assert_eq!(look(&door, HERE, asked.clone()).await.len(), wanted, "{asked}");
    }
    for (asked, code) in [
        (filter("snapshot", &["a"]), "InvalidFilter"),
        (filter("disk-usage", &["ROOT"]), "InvalidFilter"),
        (filter("snapshot-name", &["a", "b"]), "InvalidFilter"),
        (filter("encrypt", &["maybe"]), "InvalidFilter"),
        (json!({"SnapshotIds": ["snap-1"]}), "InvalidParameterValue.SnapshotIdMalformed"),
        (json!({"Order": "UP"}), "InvalidParameterValue"),
        (json!({"OrderField": "SIZE"}), "InvalidParameterValue"),
    ] {
        door.ask(HERE, "DescribeSnapshots", asked).await.refused(code);
    }
    let shown = &look(&door, HERE, json!({"SnapshotIds": [snapshot]})).await[0];
    let of_image =
        json!([{"ImageId": crate::door::spelled(image.id.as_str()), "ImageName": "web"}]);
    assert_eq!((&shown["Images"], &shown["Placement"]["ProjectId"]), (&of_image, &json!(0)));
}

/// Both orders, cut into pages: one is the other read from its end.
#[tokio::test]
async fn api_12_snapshots_are_listed_in_both_orders() {
    let door = Door::open().await;
    for name in ["one", "two", "three"] {
        door.image(HERE, name).await;
        door.world.clock.advance_ms(1_000);
    }
    let names = async |asked: Value| -> Vec<String> {
        look(&door, HERE, asked).await.iter().map(|one| text(one, "SnapshotName")).collect()
    };
    assert_eq!(names(json!({"Order": "DESC"})).await, ["three", "two", "one"]);
    let ascending = |offset: u64, limit: u64| json!({"Order": "ASC", "OrderField": "CREATE_TIME", "Offset": offset, "Limit": limit});
    assert_eq!(names(ascending(0, 2)).await, ["one", "two"]);
    assert_eq!(names(ascending(2, 2)).await, ["three"]);
    assert!(names(ascending(3, 2)).await.is_empty());
}

/// R003-7: each region has its own result; one that is refused keeps no other from going.
#[tokio::test]
async fn a_snapshot_is_copied_to_several_regions() {
    let door = Door::before(World::with_regions([HERE, THERE, "ap-beijing"]).await).await;
    door.image(HERE, "web").await;
    let snapshot = text(&look(&door, HERE, json!({})).await[0], "SnapshotId");
    let asked = json!({
        "SnapshotId": snapshot, "DestinationRegions": [THERE, "ap-nowhere", HERE, "ap-beijing"],
    });
    let answer = door.ask(HERE, "CopySnapshotCrossRegions", asked).await.ok();
    let results = answer["SnapshotCopyResultSet"].as_array().unwrap();
    let codes: Vec<_> = results.iter().map(|one| text(one, "Code")).collect();
    assert_eq!(
        codes,
        ["Success", "InvalidRegion.NotFound", "InvalidParameterValue.InvalidRegion", "Success"]
    );
    let there = &look(&door, THERE, json!({})).await[0];
    assert_eq!(there["SnapshotId"], results[0]["SnapshotId"]);
    assert_eq!(there["SnapshotState"], "COPYING_FROM_REMOTE");
    assert_eq!(there["SnapshotName"], json!(format!("Copied {snapshot} from {HERE}")));
    let busy = door.ask(HERE, "DeleteSnapshots", json!({"SnapshotIds": [snapshot]})).await;
    busy.refused("UnsupportedOperation.SnapshotHasBindedImage");
    door.world.run_until_idle().await;
    for region in [THERE, "ap-beijing"] {
        let there = &look(&door, region, json!({})).await[0];
        assert_eq!((&there["SnapshotState"], &there["Percent"]), (&json!("NORMAL"), &json!(100)));
        assert_eq!(there["CopyFromRemote"], true);
    }
    let absent = json!({"SnapshotId": "snap-zzzzzzzzzzzzzzzzzzzz", "DestinationRegions": [THERE]});
    let refused = door.ask(HERE, "CopySnapshotCrossRegions", absent).await;
    refused.refused("InvalidSnapshotId.NotFound");
    let foreign = json!({"SnapshotId": snapshot, "DestinationRegions": [THERE]});
    let refused = door.ask_as(&door.stranger, HERE, "CopySnapshotCrossRegions", foreign).await;
    refused.refused("InvalidSnapshotId.NotFound");
    door.world.check_world().await;
}

/// All are judged before the first goes.
#[tokio::test]
async fn snapshots_are_deleted_all_or_none() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    let of = async |name: &str| {
        text(&look(&door, HERE, filter("snapshot-name", &[name])).await[0], "SnapshotId")
    };
    let (of_web, of_base) = (of("web").await, of("base").await);
    door.ask(HERE, "DeleteImages", json!({ "ImageIds": [web] })).await.ok();
    let delete = |asked: Value| door.ask(HERE, "DeleteSnapshots", asked);
    let both = json!({"SnapshotIds": [of_web, of_base]});
    delete(both.clone()).await.refused("UnsupportedOperation.SnapshotHasBindedImage");
    assert_eq!(look(&door, HERE, json!({})).await.len(), 2);
    let bound = json!({"SnapshotIds": [of_base], "DeleteBindImages": true});
    delete(bound).await.refused("InvalidParameterValue");
    door.ask(HERE, "DeleteImages", json!({ "ImageIds": [base] })).await.ok();
    delete(both).await.ok();
    assert!(look(&door, HERE, json!({})).await.is_empty());
    delete(json!({"SnapshotIds": [of_web]})).await.refused("InvalidSnapshotId.NotFound");
    delete(json!({"SnapshotIds": []})).await.refused("MissingParameter");
}
