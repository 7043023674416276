//! What several tests of images ask for.

use model::rules::{LoseImages, WaitingDays};
use model::{EncryptionKeyId, Sealing};
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, THERE, spelled, text};
use crate::signer::Key;

/// Asks for copies from here, with more in the body.
pub async fn copy(door: &Door, images: &[&str], more: Value) -> Answer {
    copy_as(door, &door.key, images, more).await
}

/// The same with a key.
pub async fn copy_as(door: &Door, key: &Key, images: &[&str], more: Value) -> Answer {
    let mut body = json!({
        "sourceImageIds": images, "destinationRegion": THERE, "name": null, "description": null,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    door.post_as(key, HERE, "/images:copyImages", body).await
}

/// The new images of copies that were promised, in the order in which they were asked for.
pub async fn copied(door: &Door, images: &[&str], more: Value) -> Vec<String> {
    let answer = copy(door, images, more).await.ok();
    let rows = answer["copyImages"].as_array().expect("always a list").clone();
    let sources: Vec<String> = rows.iter().map(|row| text(row, "sourceImageId")).collect();
    assert_eq!(sources, images);
    rows.iter().map(|row| text(row, "destinationImageId")).collect()
}

/// One image as the account sees it.
pub async fn image(door: &Door, region: &str, id: &str) -> Value {
    door.get(region, &format!("/images/{id}"), &[]).await.ok()["image"].clone()
}

/// The ids of a region's images that fit, those of the account's own where nothing is said of their source.
pub async fn images(door: &Door, region: &str, query: &[(&str, &str)]) -> Vec<String> {
    images_as(door, &door.key, region, query).await
}

/// The same as the one with this key sees them.
pub async fn images_as(
    door: &Door,
    key: &Key,
    region: &str,
    query: &[(&str, &str)],
) -> Vec<String> {
    let mut query = query.to_vec();
    if !query.iter().any(|(name, _)| ["imageSource", "ids.1"].contains(name)) {
        query.push(("imageSource", "private"));
    }
    let answer = door.get_as(key, region, "/images", &query).await.ok();
    let found = answer["images"].as_array().expect("always a list");
    assert!(answer["totalCount"].as_u64().unwrap() >= found.len() as u64);
    found.iter().map(|image| text(image, "imageId")).collect()
}

/// An encrypted image there, made by a copy; its id as the cloud spells it.
pub async fn encrypted_there(door: &Door) -> String {
    let source = door.image(HERE, "secret").await;
    let key = door.world.region(THERE).create_encryption_key(&door.world.caller).await.unwrap();
    let made = sealed_copy(door, &source, &key.id).await;
    door.world.run_until_idle().await;
    made
}

/// A copy that fails for good: the key that it was to be sealed with is gone before it begins.
pub async fn failed_copy(door: &Door, source: &str) -> String {
    let (there, caller) = (door.world.region(THERE), &door.world.caller);
    let key = there.create_encryption_key(caller).await.unwrap();
    let made = sealed_copy(door, source, &key.id).await;
    let days = WaitingDays::new(7).unwrap();
    there.schedule_key_deletion(caller, &key.id, days, LoseImages::Yes).await.unwrap();
    door.world.clock.advance_ms(7 * 24 * 3_600_000);
    there.delete_doomed_keys().await.unwrap();
    door.world.run_until_idle().await;
    made
}

/// Asks for a copy from here to there under a key, which this door cannot.
async fn sealed_copy(door: &Door, source: &str, key: &EncryptionKeyId) -> String {
    let command = region::CopyImage {
        image: door.ours(HERE, source).await,
        targets: vec![THERE.parse().unwrap()],
        name: None,
        description: None,
        tags: None,
        particulars: model::Particulars::default(),
        sealing: Sealing::Key(key.clone()),
        urgency: model::Urgency::default(),
        profile: model::Profile::native(),
        token: None,
    };
    let answers = door.world.region(HERE).copy_image(&door.world.caller, command).await.unwrap();
    spelled(answers[0].answer.as_ref().unwrap().image.as_str())
}
