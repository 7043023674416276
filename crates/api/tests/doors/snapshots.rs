//! Images made of snapshots, and snapshots copied alone, at the native door.

use api::native::wire::{Copy, Image, Page, Snapshot, SnapshotPromised};
use region::testing::disk;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Door, answer};

/// A door before `north` and `south`, and the ids of the snapshots of an image in `north`.
async fn door() -> (Door, Vec<String>) {
    let door = Door::open(["north", "south"]).await;
    let disks = [disk(1, 8, Some), disk(2, 2, Some)];
    let image = door.world.import("north", "web", &disks).await;
    let ids = image.disks.iter().map(|disk| disk.snapshot.as_ref().unwrap().to_string());
    (door, ids.collect())
}

fn request(snapshots: &[&str]) -> Value {
    json!({
        "name": "made", "description": "of two", "architecture": "arm64", "os_type": "linux",
        "platform": "Debian 12", "boot_mode": "uefi", "tags": { "k": "v" }, "snapshots": snapshots,
    })
}

const CREATE: &str = "/v1/regions/north/snapshot-images";

#[tokio::test]
async fn an_image_is_made_of_snapshots_at_the_door() {
    let (door, ids) = door().await;
    let under = |key: &str, body: &Value| {
        let request = door.request(Method::POST, CREATE).header("Idempotency-Key", key);
        answer(request.json(body))
    };
    let body = request(&[&ids[1], &ids[0]]);
    let made: Image = under("t", &body).await.ok(201);
    assert_eq!((made.status.as_str(), made.progress), ("available", 100));
    assert_eq!((made.name.as_str(), made.platform.as_str()), ("made", "Debian 12"));
    assert_eq!(made.tags.0["k"], "v");
    let rests: Vec<_> = made.disks.iter().map(|disk| disk.snapshot.clone().unwrap()).collect();
    assert_eq!(rests, [ids[1].clone(), ids[0].clone()]);
    let again: Image = under("t", &body).await.ok(201);
    assert_eq!(again.id, made.id);
    under("t", &request(&[&ids[0]])).await.refused(409, "token_reused");
    let shown: Snapshot =
        door.get(&format!("/v1/regions/north/snapshots/{}", ids[0])).await.ok(200);
    assert_eq!(shown.images.len(), 2);
    assert_eq!((shown.image.as_ref(), shown.name.as_str()), (shown.images.first(), "web"));
    let of_made = format!("/v1/regions/north/snapshots?image={}", made.id);
    let listed: Page<Snapshot> = door.get(&of_made).await.ok(200);
    assert_eq!(listed.items.len(), 2);

    door.post(CREATE, request(&[])).await.refused(400, "invalid_field");
    door.post(CREATE, request(&["img-aaaaaaaaaaaaaaaaaaaa"])).await.refused(400, "invalid_field");
    let absent = "snap-zzzzzzzzzzzzzzzzzzzz";
    door.post(CREATE, request(&[absent])).await.refused(404, "snapshot_not_found");
    let mut unknown = request(&[&ids[0]]);
    unknown["size"] = json!(1);
    door.post(CREATE, unknown).await.refused(400, "invalid_json");
    door.world.check_world().await;
}

#[tokio::test]
async fn a_snapshot_is_copied_cancelled_and_deleted_at_the_door() {
    let (door, ids) = door().await;
    let path = format!("/v1/regions/north/snapshots/{}/copies", ids[0]);
    let body = json!({ "target": "south", "name": "nightly", "tags": { "k": "v" } });
    let promised: SnapshotPromised = door.post(&path, body).await.ok(202);
    assert_eq!(promised.target, "south");
    let there = format!("/v1/regions/south/snapshots/{}", promised.snapshot);
    let coming: Snapshot = door.get(&there).await.ok(200);
    assert_eq!(
        (coming.status.as_str(), coming.progress, coming.name.as_str()),
        ("copying", 0, "nightly")
    );
    assert_eq!(
        (coming.source_snapshot.as_ref(), coming.tags.0["k"].as_str()),
        (Some(&ids[0]), "v")
    );
    let copy: Copy = door.get(&format!("/v1/regions/south/copies/{}", promised.copy)).await.ok(200);
    assert_eq!(copy.snapshot.as_ref(), Some(&promised.snapshot));
    let listed: Page<Snapshot> = door.get("/v1/regions/south/snapshots").await.ok(200);
    assert_eq!(listed.items, [coming]);

    door.delete(&there).await.empty();
    door.get(&there).await.refused(404, "snapshot_not_found");
    door.world.run_until_idle().await;
    let copy: Copy = door.get(&format!("/v1/regions/south/copies/{}", promised.copy)).await.ok(200);
    assert_eq!(copy.phase, "cancelled");

    let promised: SnapshotPromised = door.post(&path, json!({ "target": "south" })).await.ok(202);
    door.world.run_until_idle().await;
    let there = format!("/v1/regions/south/snapshots/{}", promised.snapshot);
    let here: Snapshot = door.get(&there).await.ok(200);
    assert_eq!((here.status.as_str(), here.progress), ("available", 100));
    assert!(here.digest.is_some() && here.images.is_empty());
    door.delete(&there).await.empty();
    door.post(&path, json!({ "target": "North" })).await.refused(400, "invalid_field");
    door.post(&path, json!({ "target": "north" })).await.refused(400, "same_region");
    let both = json!({ "target": "south", "encrypted": false, "encryption_key": "key-a" });
    door.post(&path, both).await.refused(400, "invalid_field");
    door.world.assert_clean_slate("north").await;
    door.world.assert_clean_slate("south").await;
}
