//! `DeleteImage`: what may not be deleted, what `Force` breaks and what it does not, and that snapshots stay.

use model::rules::Offer;
use region::testing::disk;

use crate::door::{Answer, Door, HERE, THERE, ours};

const FORCED: (&str, &str) = ("Force", "true");

async fn delete(door: &Door, region: &str, image: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("RegionId", region), ("ImageId", image)];
    parameters.extend(more);
    door.ask("DeleteImage", &parameters).await
}

/// R001-6, R004-3, api-14: neither the source nor the target of a copy is deleted while it runs, by force or without.
#[tokio::test]
async fn r001_6_r004_3_what_is_being_copied_is_not_deleted() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let target = door.copy(&source, "copy").await;
    for more in [&[][..], &[FORCED]] {
        let words = delete(&door, HERE, &source, more).await;
        let words = words.refused(403, "OperationDenied.ImageCopying");
        assert_eq!(words, "The image is currently being copied. Please try again later.");
        let words = delete(&door, THERE, &target, more).await;
        let words = words.refused(403, "OperationDenied.ImageCopying");
        assert_eq!(words, "The image is being copied. Please use the CancelCopyImage API.");
    }
    // R004-3: cancelling is what goes.
    door.ask("CancelCopyImage", &[("RegionId", THERE), ("ImageId", &target)]).await.ok();
    door.world.run_until_idle().await;
    delete(&door, HERE, &source, &[]).await.ok();
    door.world.check_world().await;
}

/// R004-10, R004-12: an image in use goes by force alone; then it is not found any more, and its snapshots stay.
#[tokio::test]
async fn r004_10_an_image_in_use_goes_by_force() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let run = [("RegionId", HERE), ("ImageId", &image), ("InstanceType", "ecs.g6.large")];
    door.ask("RunInstances", &run).await.ok();
    assert_eq!(door.images(HERE, &[("Usage", "instance")]).await.len(), 1);
    assert!(door.images(HERE, &[("Usage", "none")]).await.is_empty());
    for more in [&[][..], &[("Force", "False")]] {
        delete(&door, HERE, &image, more).await.refused(403, "ImageUsingByInstance");
    }
    delete(&door, HERE, &image, &[FORCED, ("DryRun", "true")])
        .await
        .refused(400, "DryRunOperation");
    assert_eq!(door.images(HERE, &[]).await.len(), 1, "only rehearsed");
    delete(&door, HERE, &image, &[FORCED]).await.ok();
    assert!(door.images(HERE, &[("Status", "ALL")]).await.is_empty());
    let snapshots = door.ask("DescribeSnapshots", &[("RegionId", HERE)]).await.ok();
    assert_eq!(snapshots["TotalCount"], 1, "kept until someone deletes it");
    delete(&door, HERE, &image, &[FORCED]).await.refused(404, "InvalidImageId.NotFound");
    door.world.check_world().await;
}

/// Contract 6: shared and public images, another's, what is no id, what is being imported.
#[tokio::test]
async fn what_is_shared_or_public_is_not_deleted_unasked() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let (id, caller) = (ours(&image), &door.world.caller);
    let here = door.world.region(HERE);
    here.share_image(caller, &id, vec![door.world.stranger().account]).await.unwrap();
    delete(&door, HERE, &image, &[]).await.refused(403, "ImageUseShared");
    let theirs = [("RegionId", HERE), ("ImageId", image.as_str()), FORCED];
    let answer = door.ask_as(&door.stranger, "DeleteImage", &theirs).await;
    answer.refused(404, "InvalidImageId.NotFound");
    here.unshare_image(caller, &id, vec![door.world.stranger().account]).await.unwrap();
    here.publish_image(caller, &id, Offer::Public).await.unwrap();
    delete(&door, HERE, &image, &[]).await.refused(403, "ImageIsPublic");
    for absent in
        ["m-zzzzzzzzzzzzzzzzzzzz", "img-aaaaaaaaaaaaaaaaaaaa", "../x", "m-'; DROP TABLE image"]
    {
        delete(&door, HERE, absent, &[FORCED]).await.refused(404, "InvalidImageId.NotFound");
    }
    delete(&door, HERE, "", &[]).await.refused(400, "MissingParameter");
    delete(&door, HERE, &image, &[("Force", "yes")]).await.refused(400, "InvalidParameter");
    delete(&door, HERE, &image, &[FORCED]).await.ok();
    let importing = door.world.begin_import(HERE, "importing", &[disk(5, 1, Some)]).await.unwrap();
    let importing = crate::door::spelled(importing.id.as_str());
    let answer = delete(&door, HERE, &importing, &[FORCED]).await;
    answer.refused(403, "OperationDenied.ImageCopying");
}
