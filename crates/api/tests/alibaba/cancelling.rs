//! `CancelCopyImage`, and its errors (R000-11).

use model::Cause;
use region::testing::disk;

use crate::door::{Door, HERE, THERE, ours, spelled};

async fn cancel(door: &Door, region: &str, image: &str) -> crate::door::Answer {
    door.ask("CancelCopyImage", &[("RegionId", region), ("ImageId", image)]).await
}

/// R000-11, R000-10, R001-7: the target goes, the source stays, and nothing is left of the copy or can be made of it.
#[tokio::test]
async fn r000_11_r001_7_a_cancelled_copy_leaves_nothing() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let target = door.copy(&source, "copy").await;
    cancel(&door, THERE, &target).await.ok();
    assert!(door.images(THERE, &[("ImageId", &target), ("Status", "ALL")]).await.is_empty());
    cancel(&door, THERE, &target).await.refused(404, "InvalidImageId.NotFound");
    let run = [("RegionId", THERE), ("ImageId", &target), ("InstanceType", "ecs.g6.large")];
    door.ask("RunInstances", &run).await.refused(404, "InvalidImageId.NotFound");
    door.world.run_until_idle().await;
    door.world.assert_clean_slate(THERE).await;
    let back = door
        .ask(
            "CopyImage",
            &[("RegionId", HERE), ("ImageId", &source), ("DestinationRegionId", THERE)],
        )
        .await;
    back.ok();
}

/// R000-11: what is no copy's target, what has been copied and what has failed, each in the cloud's words.
#[tokio::test]
async fn r000_11_what_cannot_be_cancelled_is_said_in_the_clouds_words() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let words = cancel(&door, HERE, &source).await.refused(400, "ImageCreatedNotFromCopy");
    assert_eq!(words, "The specified image is not the target image of a copy action.");
    // An image that is being imported is not one that is being copied.
    let importing = door.world.begin_import(HERE, "importing", &[disk(5, 1, Some)]).await.unwrap();
    let importing = spelled(importing.id.as_str());
    cancel(&door, HERE, &importing).await.refused(400, "ImageCreatedNotFromCopy");
    assert_eq!(door.images(HERE, &[("Status", "Creating,Waiting")]).await.len(), 1);

    let target = door.copy(&source, "copy").await;
    door.world.run_until_idle().await;
    let words = cancel(&door, THERE, &target).await.refused(400, "IncorrectImageStatus");
    assert_eq!(words, "The image copy has completed.");
    assert_eq!(door.images(THERE, &[]).await.len(), 1);

    cancel(&door, HERE, &target).await.refused(404, "InvalidImageId.NotFound");
    cancel(&door, "nowhere", &target).await.refused(400, "InvalidRegionId.NotFound");
    door.ask("CancelCopyImage", &[("RegionId", HERE)]).await.refused(400, "MissingParameter");
    let foreign = [("RegionId", THERE), ("ImageId", target.as_str())];
    let answer = door.ask_as(&door.stranger, "CancelCopyImage", &foreign).await;
    answer.refused(404, "InvalidImageId.NotFound");
}

/// R000-11, R004-11: a copy that failed stays to be seen as such, says so when it is cancelled, and is deleted.
#[tokio::test]
async fn r000_11_r004_11_a_copy_that_failed_is_seen_and_said_to_have_failed() {
    let door = Door::open().await;
    let target = crate::encryption::failed_copy(&door).await;
    let failed = door
        .images(THERE, &[("Status", "Creating,Waiting,Available,UnAvailable,CreateFailed")])
        .await;
    assert_eq!((failed.len(), &failed[0]["Status"]), (1, &"CreateFailed".into()));
    assert_eq!(
        (&failed[0]["Usable"], &failed[0]["ImageId"]),
        (&false.into(), &target.as_str().into())
    );
    assert!(door.images(THERE, &[]).await.is_empty(), "without a status those available are shown");
    let words = cancel(&door, THERE, &target).await.refused(400, "IncorrectImageStatus");
    assert_eq!(words, "The Image copy has been failed.");
    let view = door.world.region(THERE).image(&door.world.caller, &ours(&target)).await.unwrap();
    assert_eq!(view.failure, Some(Cause::KeyGone));
    door.ask("DeleteImage", &[("RegionId", THERE), ("ImageId", &target)]).await.ok();
    assert!(door.images(THERE, &[("Status", "ALL")]).await.is_empty());
}
