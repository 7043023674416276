//! `modifyImageAttribute` (R002-8, R002-12).

use serde_json::json;

use crate::door::{Answer, Door, HERE, THERE};
use crate::story::{copied, image};

async fn modify(door: &Door, region: &str, id: &str, body: serde_json::Value) -> Answer {
    door.post(region, &format!("/images/{id}:modifyImageAttribute"), body).await
}

/// R002-12: what a copy is called and says can be changed, before and after it is ready, and the source stays as it is.
#[tokio::test]
async fn r002_12_a_copy_is_renamed_and_its_source_is_not() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let before = image(&door, HERE, &web).await;
    let made = copied(&door, &[&web], json!({})).await;
    let new = json!({"name": "first", "description": null});
    modify(&door, THERE, &made[0], new).await.ok();
    assert_eq!(image(&door, THERE, &made[0]).await["name"], "first");
    door.world.run_until_idle().await;
    let new = json!({"name": "second", "description": "mine"});
    modify(&door, THERE, &made[0], new).await.ok();
    let there = image(&door, THERE, &made[0]).await;
    assert_eq!((&there["name"], &there["desc"]), (&json!("second"), &json!("mine")));
    modify(&door, THERE, &made[0], json!({"name": null, "description": ""})).await.ok();
    let there = image(&door, THERE, &made[0]).await;
    assert_eq!((&there["name"], &there["desc"]), (&json!("second"), &json!("")));
    assert_eq!(image(&door, HERE, &web).await, before);
}

/// Contract 4: the ideographic comma is the cloud's.
#[tokio::test]
async fn a_change_of_nothing_is_refused() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    for nothing in [json!({}), json!({"name": null, "description": null}), json!({"name": ""})] {
        let words = modify(&door, HERE, &web, nothing).await.refused(400, "INVALID_ARGUMENT");
        assert_eq!(words, "Parameter name、description missing");
    }
}

/// api-10, api-11: bounds of names, and nobody else's image.
#[tokio::test]
async fn api_11_only_the_callers_own_images_are_changed() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let before = image(&door, HERE, &web).await;
    let path = format!("/images/{web}:modifyImageAttribute");
    let stolen = json!({"name": "stolen"});
    let foreign = door.post_as(&door.stranger, HERE, &path, stolen.clone()).await;
    assert_eq!(foreign.refused(404, "NOT_FOUND"), format!("Image '{web}' not found"));
    modify(&door, THERE, &web, stolen.clone()).await.refused(404, "NOT_FOUND");
    let id = door.ours(HERE, &web).await;
    let stranger = door.world.stranger().account;
    door.world.region(HERE).share_image(&door.world.caller, &id, vec![stranger]).await.unwrap();
    let shared = door.post_as(&door.stranger, HERE, &path, stolen).await;
    assert_eq!(shared.refused(400, "FAILED_PRECONDITION"), "Can't use this image");
    let too_long = "n".repeat(33);
    for wrong in ["-a", "a b", too_long.as_str(), "a\u{202e}b"] {
        modify(&door, HERE, &web, json!({"name": wrong})).await.refused(400, "INVALID_ARGUMENT");
    }
    let after = image(&door, HERE, &web).await;
    assert_eq!((&after["name"], &after["desc"]), (&before["name"], &before["desc"]));
}
