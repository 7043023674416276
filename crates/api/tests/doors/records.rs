//! Regions, images as records, quotas, instances and keys.

use api::native::wire::{Image, Instance, Items, Key, NewKey, Place, Quota, Region};
use region::testing::disk;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Door, answer};

#[tokio::test]
async fn regions_are_listed_and_shown() {
    let door = Door::open(["north", "south"]).await;
    let regions: Items<Region> = door.get("/v1/regions").await.ok(200);
    assert_eq!(
        regions.items.iter().map(|region| region.id.as_str()).collect::<Vec<_>>(),
        ["north", "south"]
    );
    let north: Region = door.get("/v1/regions/north").await.ok(200);
    assert_eq!(north.place, Place::Here);
    door.get("/v1/regions/east").await.refused(404, "region_unknown");
    door.get("/v1/regions/east/images").await.refused(404, "region_unknown");
}

#[tokio::test]
async fn an_image_looks_like_this() {
    let door = Door::open(["north"]).await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await;
    let shown: Value = door.get(&format!("/v1/regions/north/images/{}", image.id)).await.ok(200);
    assert_eq!(
        shown,
        json!({
            "id": image.id.as_str(), "region": "north", "name": "web", "description": "made by a test",
            "kind": "custom", "owner": door.world.caller.account.as_str(), "storage": "snapshots",
            "status": "available", "progress": 100, "architecture": "arm64", "os_type": "linux",
            "platform": "Debian 12", "boot_mode": "uefi", "tags": { "team": "ferry" },
            "disks": [{
                "number": 0, "role": "system", "size_bytes": 131_072,
                "digest": image.disks[0].digest.unwrap().to_string(),
                "snapshot": image.disks[0].snapshot.clone().unwrap().as_str(),
            }],
            "held_bytes": 131_072,
            "instances": 0, "copies_leaving": 0, "created": "2023-11-14T22:13:20.000Z",
        })
    );
}

#[tokio::test]
async fn an_image_is_edited_and_deleted() {
    let door = Door::open(["north"]).await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await;
    let path = format!("/v1/regions/north/images/{}", image.id);
    let edit = json!({ "name": "web-2", "tags": { "a": "b" } });
    let edited: Image = door.send(Method::PATCH, &path, edit).await.ok(200);
    assert_eq!((edited.name.as_str(), edited.description.as_str()), ("web-2", "made by a test"));
    assert_eq!(edited.tags.0.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
    door.delete(&path).await.empty();
    door.delete(&path).await.refused(404, "image_not_found");
    let left: Value = door.get("/v1/regions/north/snapshots").await.ok(200);
    assert_eq!(left["items"], json!([]));
}

#[tokio::test]
async fn r004_10_instances_use_images_until_they_are_deleted() {
    let door = Door::open(["north"]).await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await.id.to_string();
    let other = door.world.import("north", "web-2", &[disk(2, 2, Some)]).await.id.to_string();
    let body = json!({ "name": "vm-1", "image": image });
    let instance: Instance = door.post("/v1/regions/north/instances", body).await.ok(201);
    let all: Items<Instance> = door.get("/v1/regions/north/instances").await.ok(200);
    assert_eq!(all.items, std::slice::from_ref(&instance));
    door.delete(&format!("/v1/regions/north/images/{image}")).await.refused(409, "image_in_use");

    let path = format!("/v1/regions/north/instances/{}", instance.id);
    let changed: Instance =
        door.send(Method::PUT, &format!("{path}/image"), json!({ "image": other })).await.ok(200);
    assert_eq!(changed.image, other);
    let shown: Instance = door.get(&path).await.ok(200);
    assert_eq!(shown, changed);
    door.delete(&format!("/v1/regions/north/images/{image}")).await.empty();
    door.delete(&format!("/v1/regions/north/images/{other}?force=true")).await.empty();
    door.delete(&path).await.empty();
    door.get(&path).await.refused(404, "instance_not_found");
}

#[tokio::test]
async fn api_18_quotas_are_shown_set_and_kept() {
    let door = Door::open(["north"]).await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await;
    let set: Quota = door
        .send(Method::PUT, "/v1/regions/north/quotas/image", json!({ "limit": 0 }))
        .await
        .ok(200);
    assert_eq!((set.limit, set.used), (0, 1));
    let all: Items<Quota> = door.get("/v1/regions/north/quotas").await.ok(200);
    assert_eq!(
        all.items.iter().map(|quota| quota.kind.as_str()).collect::<Vec<_>>(),
        ["image", "snapshot"]
    );
    let body = json!({ "name": "more", "architecture": "x86_64", "os_type": "linux", "boot_mode": "bios", "disks": [{ "size_bytes": 512 }] });
    door.post("/v1/regions/north/imports", body).await.refused(409, "quota_exceeded");
    let _still: Image = door.get(&format!("/v1/regions/north/images/{}", image.id)).await.ok(200);
    door.send(Method::PUT, "/v1/regions/north/quotas/colour", json!({ "limit": 1 }))
        .await
        .refused(400, "invalid_field");
}

#[tokio::test]
async fn keys_are_made_shown_once_used_and_deleted() {
    let door = Door::open(["north"]).await;
    let keys: Items<Key> = door.get("/v1/keys").await.ok(200);
    assert_eq!(keys.items.len(), 2);
    door.act("/v1/keys").await.refused(409, "too_many_keys");
    let first = keys.items.iter().find(|key| key.id != door.key).unwrap();
    door.delete(&format!("/v1/keys/{}", first.id)).await.empty();
    door.delete(&format!("/v1/keys/{}", first.id)).await.refused(404, "key_not_found");
    door.delete(&format!("/v1/keys/{}", door.key)).await.refused(409, "last_key");

    let made: NewKey = door.act("/v1/keys").await.ok(201);
    assert!(!format!("{made:?}").contains(&made.secret), "promise 11");
    let with_new = || door.http.get(door.url("/v1/keys")).basic_auth(&made.id, Some(&made.secret));
    let listed = answer(with_new()).await;
    assert!(!listed.text().contains(&made.secret), "promise 11");
    door.delete(&format!("/v1/keys/{}", made.id)).await.empty();
    answer(with_new()).await.refused(401, "unauthorised");
}
