//! api-03: a request that changes something is done once however often it arrives, and answered the same.

use axum::http::Method;
use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Door, HERE, text};
use crate::signer::{Signed, Unsigned, Version};

fn bucket(door: &Door) {
    let folder = door.world.bucket(HERE, &door.world.caller, "images");
    std::fs::write(folder.join("web.raw"), disk(1, 1, Some)).unwrap();
}

fn import(door: &Door, name: &str, version: Version) -> Signed {
    let body = json!({
        "architecture": "x86_64", "osType": "linux", "platform": "CentOS", "diskFormat": "raw",
        "systemDiskSizeGB": 40, "imageName": name,
        "imageUrl": format!("https://images.s3.{HERE}.jdcloud-oss.com/web.raw"),
    });
    let body = serde_json::to_vec(&body).unwrap();
    let unsigned = door.unsigned(Method::POST, HERE, "/images:import");
    door.key.sign(Unsigned { body, version, ..unsigned })
}

async fn count(door: &Door) -> Value {
    door.get(HERE, "/imageTasks", &[]).await.ok()["totalCount"].clone()
}

#[tokio::test]
async fn api_03_a_replayed_change_gets_the_first_answer_and_does_nothing() {
    let door = Door::open().await;
    bucket(&door);
    for (done, version) in [(1, Version::Two), (2, Version::Three)] {
        let request = import(&door, &format!("web{done}"), version);
        let first = door.deliver(&request).await;
        assert_eq!(door.deliver(&request).await, first, "the same body, its request's id with it");
        // The nonce is not signed by the newer version: another one makes no other request.
        if version == Version::Three {
            assert_eq!(door.deliver(&request.clone().with("x-jdcloud-nonce", "n")).await, first);
        }
        let (one, two) = tokio::join!(door.deliver(&request), door.deliver(&request));
        assert_eq!((&one, &two), (&first, &first));
        assert_eq!(count(&door).await, done);
        door.world.run_until_idle().await;
        assert_eq!(door.deliver(&request).await, first);
        first.ok();
    }
    // Across a restart, and until the signature is too old for anything.
    let request = import(&door, "web3", Version::Three);
    let first = door.deliver(&request).await;
    let again = door.restarted().await;
    assert_eq!(again.deliver(&request).await, first);
    again.world.clock.advance_ms(15 * 60_000);
    assert_eq!(again.deliver(&request).await, first);
    again.world.clock.advance_ms(1_000);
    again.deliver(&request).await.refused(401, "ACCESS_ERROR");
    assert_eq!(count(&again).await, 3);
}

/// Sent at once, before the first is answered: one of them is done.
#[tokio::test]
async fn api_03_two_at_once_are_one() {
    let door = Door::open().await;
    bucket(&door);
    let request = import(&door, "web", Version::Three);
    let (one, two) = tokio::join!(door.deliver(&request), door.deliver(&request));
    assert_eq!(one, two);
    assert_eq!(count(&door).await, 1);
    one.ok();
}

/// A refusal is an answer like any other: it stays what it was, though it would be another now.
#[tokio::test]
async fn api_03_a_refused_change_stays_refused() {
    let door = Door::open().await;
    let request = import(&door, "web", Version::Three);
    let first = door.deliver(&request).await;
    assert_eq!(first.status, 404, "{}", first.body);
    bucket(&door);
    assert_eq!(door.deliver(&request).await, first);
    door.world.clock.advance_ms(1_000);
    door.deliver(&import(&door, "web", Version::Three)).await.ok();
}

/// However long what it quotes is: a refusal is short enough to be kept.
#[tokio::test]
async fn api_03_a_refusal_of_something_long_is_kept() {
    let door = Door::open().await;
    let body = json!({"sourceImageIds": ["i".repeat(300 << 10)], "destinationRegion": "cn-east-2"});
    let body = serde_json::to_vec(&body).unwrap();
    let unsigned = door.unsigned(Method::POST, HERE, "/images:copyImages");
    let request = door.key.sign(Unsigned { body, ..unsigned });
    let first = door.deliver(&request).await;
    assert_eq!(door.deliver(&request).await, first);
    let message = first.refused(404, "NOT_FOUND");
    assert!(message.starts_with("Image 'iii") && message.len() <= 1_000, "{}", message.len());
}

/// Not the signature alone: whoever's request it is, another one is another one.
#[tokio::test]
async fn other_requests_are_not_taken_for_the_first() {
    let door = Door::open().await;
    bucket(&door);
    let first = door.deliver(&import(&door, "one", Version::Three)).await.ok();
    let other = door.deliver(&import(&door, "two", Version::Three)).await.ok();
    assert_ne!(text(&first, "imageId"), text(&other, "imageId"));
    let older = door.deliver(&import(&door, "one", Version::Two)).await.ok();
    assert_ne!(text(&first, "imageId"), text(&older, "imageId"), "signed otherwise, a new request");
    // A token of the client's own is what it says: the same image for requests that are signed anew.
    let token = async |token: &str| {
        let body = json!({
            "architecture": "x86_64", "osType": "linux", "platform": "CentOS", "diskFormat": "raw",
            "systemDiskSizeGB": 40, "imageName": "three", "clientToken": token,
            "imageUrl": format!("https://images.s3.{HERE}.jdcloud-oss.com/web.raw"),
        });
        door.post(HERE, "/images:import", body).await.ok()
    };
    let one = token("once").await;
    assert_eq!(token("once").await, one);
    assert_ne!(token("twice").await, one);
    assert_eq!(count(&door).await, 5);
}
