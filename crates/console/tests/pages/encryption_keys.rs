//! Encryption keys of the regions (R004-8).

use axum::http::StatusCode;
use model::{EncryptionKeyId, KeyState, Role};
use region::CopyImage;
use region::testing::disk;

use crate::kit::Site;
use crate::someone::Someone;

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";

/// The state of the world's only key in a region.
async fn only(site: &Site, region: &str) -> (EncryptionKeyId, KeyState) {
    let keys = site.world.region(region).encryption_keys(&site.world.caller).await.unwrap();
    assert_eq!(keys.len(), 1);
    (keys[0].id.clone(), keys[0].state)
}

/// Seals a copy of an image with a key.
async fn seal(site: &Site, key: &EncryptionKeyId) {
    let disk = disk(1, 2, |chunk| (chunk == 0).then_some(1));
    let image = site.world.import(HERE, "golden", &[disk]).await;
    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.id,
        targets: vec![region::testing::region_id(THERE)],
        name: None,
        description: None,
        tags: None,
        sealing: model::Sealing::Key(key.clone()),
        urgency: model::Urgency::default(),
        profile: model::Profile::native(),
        token: None,
    };
    let mut answers =
        site.world.region(HERE).copy_image(&site.world.caller, command).await.unwrap();
    answers.remove(0).answer.unwrap();
    site.world.run_until_idle().await;
}

#[tokio::test]
async fn a_key_is_made_rotated_disabled_and_enabled_by_forms() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    visitor.get("/encryption-keys").await.has("Create key in cn-hangzhou").has("cn-shanghai");
    let made = visitor.post("/regions/cn-hangzhou/encryption-keys", &[]).await;
    assert_eq!(made.is(StatusCode::SEE_OTHER).location(), "/encryption-keys?region=cn-hangzhou");
    let (key, state) = only(&site, HERE).await;
    assert_eq!(state, KeyState::Enabled);
    let page = visitor.get("/encryption-keys?region=cn-hangzhou").await;
    page.has("was created").has(key.as_str()).has("Enabled").has("0 images, 0 snapshots");
    page.lacks("cn-shanghai</h2>");
    let path = format!("/regions/cn-hangzhou/encryption-keys/{key}");
    visitor.get(&format!("{path}/rotate")).await.has("sealed with version 2");
    visitor.post(&format!("{path}/rotate"), &[]).await.is(StatusCode::SEE_OTHER);
    visitor.get("/encryption-keys").await.has("<td class=\"r num\">2</td>");
    visitor.get(&format!("{path}/disable")).await.has("nobody can read what it seals");
    visitor.post(&format!("{path}/disable"), &[]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(only(&site, HERE).await.1, KeyState::Disabled);
    let page = visitor.get("/encryption-keys").await;
    page.has("Disabled").has(&format!("{path}/enable")).lacks(&format!("{path}/rotate"));
    // What is off is not rotated; the region says so.
    let refused = visitor.post(&format!("{path}/rotate"), &[]).await;
    refused.is(StatusCode::CONFLICT).has("role=\"alert\"");
    visitor.post(&format!("{path}/enable"), &[]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(only(&site, HERE).await.1, KeyState::Enabled);
}

#[tokio::test]
async fn deleting_a_key_says_what_is_lost_and_waits() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    visitor.get("/").await;
    visitor.post("/regions/cn-shanghai/encryption-keys", &[]).await.is(StatusCode::SEE_OTHER);
    let (key, _) = only(&site, THERE).await;
    seal(&site, &key).await;
    let path = format!("/regions/cn-shanghai/encryption-keys/{key}/delete");
    visitor.get("/encryption-keys?region=cn-shanghai").await.has("one image, one snapshot");
    let asked = visitor.get(&path).await;
    asked
        .has("nobody can ever read what it sealed")
        .has("one image and one snapshot")
        .has("max=\"30\"");
    for days in ["6", "31", "0", "-7", "many", ""] {
        let refused = visitor.post(&path, &[("days", days), ("lose", "yes")]).await;
        refused
            .is(StatusCode::UNPROCESSABLE_ENTITY)
            .has("aria-invalid")
            .has(&format!("value=\"{days}\""));
    }
    let refused = visitor.post(&path, &[("days", "7")]).await;
    refused.is(StatusCode::CONFLICT).has("role=\"alert\"").has("value=\"7\"");
    assert_eq!(only(&site, THERE).await.1, KeyState::Enabled);
    let done = visitor.post(&path, &[("days", "7"), ("lose", "yes")]).await;
    done.is(StatusCode::SEE_OTHER);
    assert_eq!(only(&site, THERE).await.1, KeyState::PendingDeletion);
    let page = visitor.get("/encryption-keys?region=cn-shanghai").await;
    page.has("goes for good on 2023-11-21").has("Pending deletion").has("Cancel deletion");
    page.lacks(&path);
    let enable = path.replace("/delete", "/enable");
    visitor.post(&enable, &[]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(only(&site, THERE).await.1, KeyState::Enabled);
}

/// Roles: a reader looks; I12: another account's key is nowhere.
#[tokio::test]
async fn a_reader_changes_nothing_and_a_stranger_sees_nothing() {
    let site = Site::open([HERE]).await;
    site.world.region(HERE).create_encryption_key(&site.world.caller).await.unwrap();
    let (key, _) = only(&site, HERE).await;
    let path = format!("/regions/cn-hangzhou/encryption-keys/{key}");
    let mut reader = Someone::new(&site, Role::Reader).await.visitor(&site).await;
    reader.get("/encryption-keys").await.has(key.as_str()).lacks("/disable").lacks("Create key");
    let mut stranger = Someone::elsewhere(&site, "other", Role::Admin).await.visitor(&site).await;
    stranger.get("/encryption-keys").await.lacks(key.as_str()).has("No encryption keys here yet");
    for act in ["rotate", "disable", "delete", "enable"] {
        let form = [("days", "7"), ("lose", "yes")];
        let refused = reader.post(&format!("{path}/{act}"), &form).await;
        refused.is(StatusCode::FORBIDDEN);
        let absent = stranger.post(&format!("{path}/{act}"), &form).await;
        absent.is(StatusCode::NOT_FOUND);
    }
    for act in ["rotate", "disable", "delete"] {
        stranger.get(&format!("{path}/{act}")).await.is(StatusCode::NOT_FOUND);
    }
    reader.post("/regions/cn-hangzhou/encryption-keys", &[]).await.is(StatusCode::FORBIDDEN);
    assert_eq!(only(&site, HERE).await.1, KeyState::Enabled);
    let odd = "/regions/cn-hangzhou/encryption-keys/%3Cb%3E/delete";
    stranger.get(odd).await.is(StatusCode::NOT_FOUND).lacks("<b>");
    stranger.get("/encryption-keys?region=nowhere").await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn encryption_keys_speak_chinese() {
    let site = Site::open([HERE]).await;
    let mut visitor = site.visitor().await;
    visitor.post("/settings", &[("language", "zh")]).await;
    visitor.get("/encryption-keys").await.has("加密密钥").has("创建密钥");
}
