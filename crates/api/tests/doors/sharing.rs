//! Sharing, publishing, local images: two accounts at one door.

use api::native::wire::{Image, Items, Page, Share};
use region::testing::{disk, region_id};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::{Answer, Door, answer};

/// The stranger's own key.
struct Stranger<'a> {
    door: &'a Door,
    key: (String, String),
}

impl Stranger<'_> {
    async fn at(door: &Door) -> Stranger<'_> {
        let made = door.world.deployment.accounts.create_key(&door.world.stranger()).await.unwrap();
        Stranger { door, key: (made.id.to_string(), made.secret) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.door.http.request(method, self.door.url(path));
        request.basic_auth(&self.key.0, Some(&self.key.1))
    }

    async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::POST, path).json(&body)).await
    }
}

#[tokio::test]
async fn r001_8_an_image_is_shared_seen_and_taken_back() {
    let door = Door::open(["north", "south"]).await;
    let stranger = Stranger::at(&door).await;
    let account = door.world.stranger().account.to_string();
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await.id;
    let path = format!("/v1/regions/north/images/{image}");
    stranger.get(&path).await.refused(404, "image_not_found");
    let body = json!({ "accounts": [account] });
    let shares: Items<Share> = door.post(&format!("{path}/share"), body.clone()).await.ok(200);
    assert_eq!(shares.items[0].account, account);
    let listed: Items<Share> = door.get(&format!("{path}/shares")).await.ok(200);
    assert_eq!(listed.items, shares.items);

    let seen: Image = stranger.get(&path).await.ok(200);
    assert_eq!((seen.kind.as_str(), seen.tags.0.len()), ("shared", 0));
    let theirs: Page<Image> = stranger.get("/v1/regions/north/images?kind=shared").await.ok(200);
    assert_eq!(theirs.items, [seen]);
    let own: Page<Image> = stranger.get("/v1/regions/north/images").await.ok(200);
    assert!(own.items.is_empty());
    stranger.get(&format!("{path}/shares")).await.refused(403, "image_not_yours");
    stranger.post(&format!("{path}/share"), body.clone()).await.refused(403, "image_not_yours");
    let copy = json!({ "targets": ["south"] });
    stranger.post(&format!("{path}/copies"), copy).await.refused(403, "shared_not_copied");
    let instance = json!({ "name": "vm", "image": image.as_str() });
    let _: Value = stranger.post("/v1/regions/north/instances", instance).await.ok(201);

    door.delete(&path).await.refused(409, "image_is_shared");
    let left: Items<Share> = door.post(&format!("{path}/unshare"), body).await.ok(200);
    assert!(left.items.is_empty());
    stranger.get(&path).await.refused(404, "image_not_found");
    for (accounts, status, code) in [
        (json!(["acct-zzzzzzzzzzzzzzzzzzzz"]), 404, "account_not_found"),
        (json!([door.world.caller.account.as_str()]), 400, "shared_with_self"),
        (json!([]), 400, "invalid_field"),
        (json!(["../x"]), 400, "invalid_field"),
    ] {
        let body = json!({ "accounts": accounts });
        door.post(&format!("{path}/share"), body).await.refused(status, code);
    }
    door.get("/v1/regions/north/images?kind=stolen").await.refused(400, "invalid_field");
}

#[tokio::test]
async fn r001_2_an_image_is_published_and_taken_back() {
    let door = Door::open(["north", "south"]).await;
    let stranger = Stranger::at(&door).await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await.id;
    let path = format!("/v1/regions/north/images/{image}");
    let publish = format!("{path}/publish");
    for kind in ["public", "marketplace"] {
        let made: Image = door.post(&publish, json!({ "kind": kind })).await.ok(200);
        assert_eq!(made.kind, kind);
        let listing = format!("/v1/regions/north/images?kind={kind}");
        let seen: Page<Image> = stranger.get(&listing).await.ok(200);
        assert_eq!(seen.items.len(), 1, "{kind}");
        let copy = json!({ "targets": ["south"] });
        let code = format!("{kind}_not_copied");
        stranger.post(&format!("{path}/copies"), copy).await.refused(403, &code);
        let back: Image = door.act(&format!("{path}/unpublish")).await.ok(200);
        assert_eq!(back.kind, "custom");
    }
    stranger.get(&path).await.refused(404, "image_not_found");
    door.post(&publish, json!({ "kind": "shared" })).await.refused(400, "invalid_json");
}

#[tokio::test]
async fn r002_4_a_local_file_is_registered_and_converted() {
    let door = Door::open(["north", "south"]).await;
    let bytes = disk(1, 4, Some);
    std::fs::write(door.world.local_folder(&door.world.caller).join("web.raw"), &bytes).unwrap();
    let body = |file: &str| {
        json!({
            "file": file, "name": "web", "architecture": "x86_64", "os_type": "linux",
            "boot_mode": "bios", "tags": { "a": "b" },
        })
    };
    let images = "/v1/regions/north/local-images";
    let send = |file: &str| {
        door.request(Method::POST, images).header("Idempotency-Key", "once").json(&body(file))
    };
    let local: Image = answer(send("web.raw")).await.ok(201);
    assert_eq!((local.status.as_str(), local.storage.as_str()), ("available", "local_file"));
    let again: Image = answer(send("web.raw")).await.ok(201);
    assert_eq!(again.id, local.id);
    for wrong in ["absent", "../web.raw", "/etc/passwd", ""] {
        let problem = door.post(images, body(wrong)).await.refused(400, "invalid_field");
        assert_eq!(problem.field.as_deref(), Some("file"), "{wrong}");
    }
    let path = format!("/v1/regions/north/images/{}", local.id);
    let copy = json!({ "targets": ["south"] });
    let problem = door.post(&format!("{path}/copies"), copy).await.refused(409, "local_not_copied");
    assert!(problem.detail.contains(&format!("ferry image convert {}", local.id)));

    let made: Image =
        door.post(&format!("{path}/convert"), json!({ "name": "web-2" })).await.ok(202);
    assert_eq!((made.status.as_str(), made.name.as_str()), ("waiting", "web-2"));
    door.delete(&path).await.refused(409, "image_being_converted");
    door.world.run_until_idle().await;
    let there: Image = door.get(&format!("/v1/regions/north/images/{}", made.id)).await.ok(200);
    assert_eq!((there.status.as_str(), there.storage.as_str()), ("available", "snapshots"));
    let id = there.id.parse().unwrap();
    assert!(door.world.read_disk("north", &id, 0).await == bytes);
    assert_eq!(there.region, region_id("north").as_str());
    let nothing = format!("/v1/regions/north/images/{}/convert", made.id);
    door.post(&nothing, json!({})).await.refused(409, "nothing_to_convert");
}
