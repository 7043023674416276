//! Encryption keys and encrypted copies at the native door: R004-8.

use api::native::wire::{Copy, CopyAnswer, CopyResult, EncryptionKey, Image, Items, Naming};
use region::testing::{World, disk};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::Door;

const KEYS: &str = "/v1/regions/south/encryption-keys";

async fn copied(door: &Door, body: Value) -> String {
    let image = door.world.import("north", "web", &[disk(1, 4, Some)]).await.id;
    let path = format!("/v1/regions/north/images/{image}/copies");
    let mut answer: CopyAnswer = door.post(&path, body).await.ok(202);
    match answer.results.remove(0) {
        CopyResult::Promised(promised) => promised.image,
        CopyResult::Refused(refused) => panic!("{refused:?}"),
    }
}

#[tokio::test]
async fn r004_8_a_key_is_made_used_switched_off_and_on_and_deleted() {
    let door = Door::open(["north", "south"]).await;
    let key: EncryptionKey = door.post(KEYS, json!({})).await.ok(201);
    assert_eq!((key.state.as_str(), key.versions, key.is_default), ("enabled", 1, false));
    let image = copied(&door, json!({ "targets": ["south"], "encryption_key": key.id })).await;
    World::run_until_idle(&door.world).await;

    let path = format!("/v1/regions/south/images/{image}");
    let shown: Image = door.get(&path).await.ok(200);
    assert_eq!(
        (shown.status.as_str(), &shown.encryption_key),
        ("available", &Some(key.id.clone()))
    );
    let copies: Value = door.get("/v1/regions/south/copies").await.ok(200);
    let copy: Copy = serde_json::from_value(copies["items"][0].clone()).unwrap();
    assert_eq!(copy.encryption_key, Some(key.id.clone()));
    let snapshot = shown.disks[0].snapshot.clone().unwrap();
    let naming = format!("/v1/regions/south/snapshots/{snapshot}/naming");
    let named: Naming = door.get(&naming).await.ok(200);
    assert_eq!(named.id_key.map(|key| key.len()), Some(44), "32 bytes in base64");

    let one = format!("{KEYS}/{}", key.id);
    let off: EncryptionKey = door.act(&format!("{one}/disable")).await.ok(200);
    assert_eq!((off.state.as_str(), off.images, off.snapshots), ("disabled", 1, 1));
    door.act(&format!("{path}/verify")).await.refused(409, "key_unusable");
    door.get(&naming).await.refused(409, "key_unusable");
    door.act(&format!("{one}/rotate")).await.refused(409, "key_unusable");
    let on: EncryptionKey = door.act(&format!("{one}/enable")).await.ok(200);
    assert_eq!(on.state, "enabled");
    let _: Value = door.act(&format!("{path}/verify")).await.ok(200);
    let rotated: EncryptionKey = door.act(&format!("{one}/rotate")).await.ok(200);
    assert_eq!(rotated.versions, 2);

    door.delete(&one).await.refused(409, "key_in_use");
    door.delete(&format!("{one}?days=6&lose_images=true")).await.refused(400, "invalid_field");
    let doomed: EncryptionKey =
        door.delete(&format!("{one}?days=7&lose_images=true")).await.ok(202);
    assert_eq!(doomed.state, "pending_deletion");
    assert!(doomed.delete_at.is_some());
    let shown: EncryptionKey = door.get(&one).await.ok(200);
    assert_eq!(shown, doomed);
    let listed: Items<EncryptionKey> = door.get(KEYS).await.ok(200);
    assert_eq!(listed.items, [doomed]);
}

/// api-15, api-16: what cannot be is refused by name, and promises nothing.
#[tokio::test]
async fn r004_8_wishes_that_contradict_each_other_are_refused() {
    let door = Door::open(["north", "south"]).await;
    let image = copied(&door, json!({ "targets": ["south"], "encrypted": true })).await;
    World::run_until_idle(&door.world).await;
    let listed: Items<EncryptionKey> = door.get(KEYS).await.ok(200);
    assert!(listed.items.len() == 1 && listed.items[0].is_default);
    let default = format!("{KEYS}/{}?lose_images=true", listed.items[0].id);
    door.delete(&default).await.refused(409, "key_is_default");

    let path = format!("/v1/regions/south/images/{image}/copies");
    let absent = "key-aaaaaaaaaaaaaaaaaaaa";
    for (wish, status, code) in [
        (json!({ "encrypted": false }), 409, "not_to_plain"),
        (json!({ "encrypted": false, "encryption_key": absent }), 400, "invalid_field"),
        (json!({ "encryption_key": absent }), 404, "encryption_key_not_found"),
        (json!({ "encryption_key": "a b" }), 400, "invalid_field"),
        (json!({ "encrypted": "yes" }), 400, "invalid_json"),
    ] {
        let mut body = json!({ "targets": ["north"] });
        body.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
        door.post(&path, body).await.refused(status, code);
    }
    let made = format!("/v1/regions/south/images/{image}/shares");
    door.get(&made).await.ok::<Value>(200);
    let share = json!({ "accounts": [door.world.stranger().account.as_str()] });
    let path = format!("/v1/regions/south/images/{image}/share");
    door.send(Method::POST, &path, share).await.refused(409, "encrypted_not_shared");
}
