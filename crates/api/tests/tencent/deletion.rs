//! `DeleteImages`.

use region::testing::disk;
use serde_json::json;

use crate::door::{Answer, Door, HERE, THERE};

async fn delete(door: &Door, images: &[&str]) -> Answer {
    door.ask(HERE, "DeleteImages", json!({ "ImageIds": images })).await
}

async fn snapshots(door: &Door) -> usize {
    let answer = door.ask(HERE, "DescribeSnapshots", json!({})).await.ok();
    answer["SnapshotSet"].as_array().unwrap().len()
}

/// All are judged before the first goes; a dry run deletes none. Snapshots stay, unless it is asked that they go.
#[tokio::test]
async fn images_are_deleted_all_or_none() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    delete(&door, &[&web, "img-zzzzzzzz"]).await.refused("InvalidImageId.NotFound");
    delete(&door, &[&web, "web"]).await.refused("InvalidImageId.Malformed");
    delete(&door, &[]).await.refused("MissingParameter");
    let many: Vec<_> = (0..101).map(|number| format!("img-{number:08}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    delete(&door, &many).await.refused("InvalidParameterValue.LimitExceeded");
    let dry = json!({"ImageIds": [web, base], "DryRun": true});
    door.ask(HERE, "DeleteImages", dry).await.ok();
    assert_eq!(door.images(HERE, json!({})).await.len(), 2);
    delete(&door, &[&web, &web]).await.ok();
    assert_eq!((door.images(HERE, json!({})).await.len(), snapshots(&door).await), (1, 2));
    let bound = json!({"ImageIds": [base], "DeleteBindedSnap": true});
    door.ask(HERE, "DeleteImages", bound).await.ok();
    assert_eq!((door.images(HERE, json!({})).await.len(), snapshots(&door).await), (0, 1));
    door.world.check_world().await;
}

/// R001-6, api-14: neither end of a copy is deleted while it runs, and one that is refused keeps the others.
#[tokio::test]
async fn r001_6_neither_end_of_a_copy_is_deleted() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    let copy = door.copy(&web).await;
    delete(&door, &[&base, &web]).await.refused("InvalidImageId.IncorrectState");
    assert_eq!(door.images(HERE, json!({})).await.len(), 2, "all or none");
    let there = json!({ "ImageIds": [copy] });
    let refused = door.ask(THERE, "DeleteImages", there.clone()).await;
    let words = refused.refused("InvalidImageId.IncorrectState");
    assert!(words.contains("CancelSyncImages"), "{words}");
    door.world.run_until_idle().await;
    delete(&door, &[&base, &web]).await.ok();
    door.ask(THERE, "DeleteImages", there).await.ok();
    door.world.check_world().await;
}

/// Shared images are not deleted, by their owner or by anybody else.
#[tokio::test]
async fn a_shared_image_is_not_deleted() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let number = door.number(&door.world.stranger()).await;
    let share = |permission: &str| json!({"ImageId": image, "AccountIds": [number], "Permission": permission});
    door.ask(HERE, "ModifyImageSharePermission", share("SHARE")).await.ok();
    delete(&door, &[&image]).await.refused("InvalidImageId.InShared");
    let asked = json!({ "ImageIds": [image] });
    let refused = door.ask_as(&door.stranger, HERE, "DeleteImages", asked).await;
    refused.refused("InvalidParameterValue.InvalidImageIdIsShared");
    door.ask(HERE, "ModifyImageSharePermission", share("CANCEL")).await.ok();
    delete(&door, &[&image]).await.ok();
}

/// An image that somebody still sends is CREATING and stays.
#[tokio::test]
async fn an_image_that_is_being_sent_is_not_deleted() {
    let door = Door::open().await;
    let begun = door.world.begin_import(HERE, "web", &[disk(1, 1, Some)]).await.unwrap();
    let image = crate::door::spelled(begun.id.as_str());
    assert_eq!(door.shown(HERE, &image).await["ImageState"], "CREATING");
    delete(&door, &[&image]).await.refused("InvalidImageId.IncorrectState");
}
