//! Snapshots of the disk service.

use model::rules::Force;
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE, spelled, text};

async fn snapshots(door: &Door, region: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let answer = door.get(region, "/snapshots", query).await.ok();
    let found = answer["snapshots"].as_array().expect("always a list").clone();
    assert!(answer["totalCount"].as_u64().unwrap() >= found.len() as u64);
    found
}

fn filter<'a>(name: &'a str, value: &'a str) -> [(&'a str, &'a str); 2] {
    [("filters.1.name", name), ("filters.1.values.1", value)]
}

#[tokio::test]
async fn a_snapshot_is_told_with_the_images_that_rest_on_it() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let all = snapshots(&door, HERE, &[]).await;
    let id = text(&all[0], "snapshotId");
    assert!(id.starts_with("snapshot-") && id.len() == "snapshot-".len() + 20, "{id}");
    let wanted = json!({
        "snapshotId": id, "snapshotSource": "self", "diskId": "", "snapshotSizeGB": 1, "images": [web],
        "name": all[0]["name"], "description": all[0]["description"], "status": "available",
        "createTime": "2023-11-14 22:13:20", "expireTime": "", "sharInfo": [], "shareInfo": [],
        "encrypted": false,
    });
    assert_eq!(all, std::slice::from_ref(&wanted));
    let one = door.get(HERE, &format!("/snapshots/{id}"), &[]).await.ok();
    assert_eq!(one, json!({"snapshot": wanted}));
    // api-11: another account's, another region's and what is no id are all absent.
    let path = format!("/snapshots/{id}");
    let message = door.get_as(&door.stranger, HERE, &path, &[]).await.refused(404, "NOT_FOUND");
    assert!(message.contains(&id), "{message}");
    door.get(THERE, &path, &[]).await.refused(404, "NOT_FOUND");
    for wrong in ["snapshot-x", "snap-aaaaaaaaaaaaaaaaaaaa", "..", "'--"] {
        let path = format!("/snapshots/{wrong}");
        let message = door.get(HERE, &path, &[]).await.refused(404, "NOT_FOUND");
        assert_eq!(message, format!("Snapshot '{wrong}' not found"));
    }
}

#[tokio::test]
async fn snapshots_are_found_by_filters() {
    let door = Door::open().await;
    for name in ["web", "db"] {
        door.image(HERE, name).await;
    }
    let all = snapshots(&door, HERE, &[]).await;
    let ids: Vec<String> = all.iter().map(|snapshot| text(snapshot, "snapshotId")).collect();
    assert_eq!(ids.len(), 2);
    let both = [
        ("filters.1.name", "snapshotId"),
        ("filters.1.values.1", ids[0].as_str()),
        ("filters.1.values.2", ids[1].as_str()),
    ];
    for (query, count) in [
        (&filter("snapshotId", &ids[1])[..], 1),
        (&both, 2),
        (&filter("snapshotId", "snapshot-zzzzzzzzzzzzzzzzzzzz"), 0),
        (&filter("snapshotId", "x"), 0),
        (&filter("status", "available"), 2),
        (&filter("status", "creating"), 0),
        (&filter("status", "copying"), 0),
        (&filter("status", "error_create"), 0),
        (&filter("status", "deleting"), 0),
        (&filter("diskId", "vol-1"), 0),
        (&filter("name", "no such"), 0),
        (&[("snapshotSource", "private")], 2),
        (&[("snapshotSource", "shared")], 0),
        (&[("pageNumber", "2"), ("pageSize", "10")], 0),
    ] {
        assert_eq!(snapshots(&door, HERE, query).await.len(), count, "{query:?}");
    }
    for wrong in [
        &filter("status", "gone")[..],
        &filter("size", "1"),
        &[("snapshotSource", "any")],
        &[("pageSize", "x")],
        &[("filters.1.name", "name"), ("filters.1.values.1", "a"), ("filters.1.values.2", "b")],
    ] {
        door.get(HERE, "/snapshots", wrong).await.refused(400, "INVALID_ARGUMENT");
    }
    let message = door.get(HERE, "/snapshots", &[("pageSize", "9")]).await;
    assert_eq!(message.refused(400, "OUT_OF_RANGE"), "PageSize out of range");
}

/// What a copy brings is there while it comes, and stays as long as an image rests on it.
#[tokio::test]
async fn r002_3_the_snapshots_of_a_copy_are_deleted_behind_its_image() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let id = door.ours(HERE, &web).await;
    let copy = door.world.copy(HERE, &id, THERE).await;
    door.world.run_until_idle().await;
    let here = snapshots(&door, THERE, &[]).await;
    assert_eq!(here.len(), 1, "{here:?} of {copy:?}");
    assert_eq!(here[0]["status"], "available");
    let path = format!("/snapshots/{}", text(&here[0], "snapshotId"));
    let used = door.delete(THERE, &path).await;
    used.refused(400, "FAILED_PRECONDITION");
    let image = here[0]["images"][0].as_str().unwrap();
    let target = door.ours(THERE, image).await;
    let keep = region::SnapshotsOfImage::Keep;
    door.world
        .region(THERE)
        .delete_image(&door.world.caller, &target, Force::No, keep)
        .await
        .unwrap();
    let foreign = door.delete_as(&door.stranger, THERE, &path).await;
    foreign.refused(404, "NOT_FOUND");
    assert_eq!(door.delete(THERE, &path).await.ok(), json!({}));
    door.delete(THERE, &path).await.refused(404, "NOT_FOUND");
    assert!(snapshots(&door, THERE, &[]).await.is_empty());
    let source = door.world.region(HERE).snapshots(&door.world.caller, Default::default()).await;
    assert_eq!(spelled(source.unwrap().items[0].id.as_str()).len(), 29, "the source has its own");
    door.world.check_world().await;
}
