//! `deleteImage`, which is also how a copy is cancelled (R002-11).

use model::rules::Offer;
use serde_json::json;

use crate::door::{Door, HERE, THERE, text};
use crate::story::{copied, image, images};

const PRECONDITION: &str = "FAILED_PRECONDITION";

async fn snapshots(door: &Door, region: &str) -> u64 {
    door.get(region, "/snapshots", &[]).await.ok()["totalCount"].as_u64().unwrap()
}

/// R002-11: a copy that is `pending` is cancelled by deleting its image; nothing of it stays, and the source is free.
#[tokio::test]
async fn r002_11_deleting_a_pending_copy_cancels_it() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let made = copied(&door, &[&web], json!({})).await;
    let there = format!("/images/{}", made[0]);
    assert_eq!(image(&door, THERE, &made[0]).await["status"], "pending");
    let foreign = door.delete_as(&door.stranger, THERE, &there).await;
    assert_eq!(foreign.refused(404, "NOT_FOUND"), format!("Image '{}' not found", made[0]));
    door.delete(THERE, &there).await.ok();
    door.world.run_until_idle().await;
    door.get(THERE, &there, &[]).await.refused(404, "NOT_FOUND");
    door.world.assert_clean_slate(THERE).await;
    door.delete(HERE, &format!("/images/{web}")).await.ok();
    door.world.check_world().await;
}

/// Snapshots stay unless the request says otherwise; what is gone is not found.
#[tokio::test]
async fn snapshots_go_with_an_image_where_asked() {
    let door = Door::open().await;
    for (query, left) in [("", 1), ("deleteSnapshot=False", 2), ("deleteSnapshot=True", 2)] {
        let web = door.image(HERE, "web").await;
        let path = format!("/images/{web}");
        door.delete_with(HERE, &path, query).await.ok();
        assert_eq!(snapshots(&door, HERE).await, left, "{query}");
        let words = door.delete(HERE, &path).await.refused(404, "NOT_FOUND");
        assert_eq!(words, format!("Image '{web}' not found"));
    }
    let web = door.image(HERE, "web").await;
    let wrong = door.delete_with(HERE, &format!("/images/{web}"), "deleteSnapshot=maybe").await;
    wrong.refused(400, "INVALID_ARGUMENT");
    assert_eq!(images(&door, HERE, &[]).await, [web]);
}

/// Images on cloud disks are deleted although machines use them; shared and published ones are not, nor another's.
#[tokio::test]
async fn what_others_rely_on_is_not_deleted() {
    let door = Door::open().await;
    let (here, caller, stranger) =
        (door.world.region(HERE), &door.world.caller, door.world.stranger());
    let web = door.image(HERE, "web").await;
    let (id, path) = (door.ours(HERE, &web).await, format!("/images/{web}"));
    let name = model::Name::new("machine").unwrap();
    here.create_instance(caller, name, &id).await.unwrap();
    here.share_image(caller, &id, vec![stranger.account.clone()]).await.unwrap();
    let refused = async |key| door.delete_as(key, HERE, &path).await.refused(400, PRECONDITION);
    for key in [&door.key, &door.stranger] {
        assert_eq!(refused(key).await, "Can't delete shared image");
    }
    here.unshare_image(caller, &id, vec![stranger.account]).await.unwrap();
    here.publish_image(caller, &id, Offer::Public).await.unwrap();
    assert_eq!(refused(&door.key).await, "Can't delete community image");
    assert_eq!(refused(&door.stranger).await, "Can't delete this image");
    here.unpublish_image(caller, &id).await.unwrap();
    here.publish_image(caller, &id, Offer::Marketplace).await.unwrap();
    assert_eq!(refused(&door.key).await, "Can't delete protected image");
    here.unpublish_image(caller, &id).await.unwrap();
    door.delete(HERE, &path).await.ok();
    door.world.check_world().await;
}

/// Contract 4: an image that a task reads or makes is the task's until it has ended.
#[tokio::test]
async fn an_image_that_a_task_needs_stays() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    door.world.bucket(HERE, &door.world.caller, "images");
    let export = json!({"roleName": "r", "ossUrl": "https://images.s3.cn-north-1.jdcloud-oss.com"});
    let export = door.post(HERE, &format!("/images/{web}:exportImage"), export).await.ok();
    let task = text(&export, "taskId");
    let path = format!("/images/{web}");
    let words = format!("Conflict with underlay image task '{task}'");
    assert_eq!(door.delete(HERE, &path).await.refused(400, PRECONDITION), words);
    door.world.run_until_idle().await;
    door.delete(HERE, &path).await.ok();
    let begun = door.world.begin_import(HERE, "import", &[vec![0; 512]]).await.unwrap();
    let begun = crate::door::spelled(begun.id.as_str());
    let words = format!("Conflict with underlay image task '{begun}'");
    let answer = door.delete(HERE, &format!("/images/{begun}")).await;
    assert_eq!(answer.refused(400, PRECONDITION), words);
}
