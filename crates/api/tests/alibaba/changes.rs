//! `ModifyImageAttribute`: what is not given stays; what may not change is refused by name.

use serde_json::json;

use crate::door::{Answer, Door, HERE, THERE, ours};

async fn modify(door: &Door, image: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("RegionId", HERE), ("ImageId", image)];
    parameters.extend(more);
    door.ask("ModifyImageAttribute", &parameters).await
}

/// Each attribute changes alone, and the others stay as they were; a dry run changes none.
#[tokio::test]
async fn an_attribute_changes_and_the_others_stay() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let shown = async || door.images(HERE, &[("Status", "ALL")]).await.remove(0);
    let mut wanted = shown().await;
    for (parameter, value, field) in [
        ("ImageName", "web-2", "/ImageName"),
        ("Description", "another text", "/Description"),
        ("ImageFamily", "webs", "/ImageFamily"),
        ("BootMode", "BIOS", "/BootMode"),
        ("BootMode", "UEFI-Preferred", "/BootMode"),
        ("BootMode", "UEFI", "/BootMode"),
        ("LicenseType", "BYOL", "/LicenseType"),
        ("Features.NvmeSupport", "supported", "/Features/NvmeSupport"),
        ("Features.ImdsSupport", "v2", "/Features/ImdsSupport"),
    ] {
        let more = [(parameter, value), ("DryRun", "true")];
        modify(&door, &image, &more).await.refused(400, "DryRunOperation");
        assert_eq!(shown().await, wanted, "{parameter}: only rehearsed");
        modify(&door, &image, &more[..1]).await.ok();
        *wanted.pointer_mut(field).unwrap() = json!(value);
        assert_eq!(shown().await, wanted, "{parameter}={value}");
    }
    // What is empty is not given: nothing changes.
    modify(&door, &image, &[("Description", ""), ("ImageName", "")]).await.ok();
    assert_eq!(shown().await, wanted);
    door.world.check_world().await;
}

/// What a copy takes along, and what it does not: Features travel, tags do not.
#[tokio::test]
async fn a_copy_has_its_sources_particulars() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let more = [("Features.NvmeSupport", "supported"), ("ImageFamily", "webs")];
    modify(&door, &image, &more).await.ok();
    let copy = door.copy(&image, "copy").await;
    door.world.run_until_idle().await;
    let there = &door.images(THERE, &[("ImageId", &copy)]).await[0];
    assert_eq!(there["Features"]["NvmeSupport"], "supported");
    assert_eq!(there["ImageFamily"], "webs");
    assert_eq!(there["Tags"], json!({"Tag": []}));
}

/// R004-11: an image is deprecated and available again; a deprecated one is not copied or shared, and still starts instances.
#[tokio::test]
async fn an_image_is_deprecated_and_taken_up_again() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let words = modify(&door, &image, &[("Status", "Available")]).await;
    words.refused(403, "ImageStatus.NotDeprecated");
    let stranger = door.world.stranger().account;
    let (here, caller) = (door.world.region(HERE), &door.world.caller);
    here.share_image(caller, &ours(&image), vec![stranger.clone()]).await.unwrap();
    modify(&door, &image, &[("Status", "Deprecated")]).await.refused(403, "ImageUseShared");
    here.unshare_image(caller, &ours(&image), vec![stranger.clone()]).await.unwrap();
    modify(&door, &image, &[("Status", "Deprecated")]).await.ok();
    assert!(door.images(HERE, &[]).await.is_empty(), "without a status those available are shown");
    let deprecated = door.images(HERE, &[("Status", "Deprecated")]).await;
    assert_eq!((deprecated.len(), &deprecated[0]["Usable"]), (1, &json!(false)), "R004-14");
    let share = [("RegionId", HERE), ("ImageId", &image), ("AddAccount.1", stranger.as_str())];
    let answer = door.ask("ModifyImageSharePermission", &share).await;
    answer.refused(403, "OperationDenied.InvalidImageStatus");
    let run = [("RegionId", HERE), ("ImageId", &image), ("InstanceType", "ecs.g6.large")];
    door.ask("RunInstances", &run).await.ok();
    modify(&door, &image, &[("Status", "Available")]).await.ok();
    assert_eq!(door.images(HERE, &[]).await.len(), 1);
    let target = door.copy(&image, "copy").await;
    let creating = [("RegionId", THERE), ("ImageId", &target), ("Status", "Deprecated")];
    let answer = door.ask("ModifyImageAttribute", &creating).await;
    answer.refused(403, "InvalidStatus.ImageIsCreating");
}

/// Contract 6: names, families, words that are none.
#[tokio::test]
async fn wrong_values_are_refused_by_name() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    door.image(HERE, "taken").await;
    let before = door.images(HERE, &[]).await;
    for (parameter, value, code) in [
        ("ImageName", "1web", "InvalidImageName.Malformed"),
        ("ImageName", "aliyun-web", "InvalidImageName.Malformed"),
        ("ImageName", "taken", "InvalidImageName.Duplicated"),
        ("Description", "http://x", "InvalidDescription.Malformed"),
        ("ImageFamily", "acs:x", "InvalidImageFamily.Malformed"),
        ("BootMode", "uefi", "InvalidBootMode.NotSupport"),
        ("LicenseType", "Free", "InvalidLicenseType.NotSupported"),
        ("Features.ImdsSupport", "v3", "InvalidParameter.FeaturesImdsSupport"),
        ("Features.NvmeSupport", "yes", "InvalidParameter"),
        ("Status", "Creating", "InvalidParameter"),
        ("DryRun", "1", "InvalidParameter"),
    ] {
        modify(&door, &image, &[(parameter, value)]).await.refused(400, code);
    }
    assert_eq!(door.images(HERE, &[]).await, before);
    modify(&door, &image, &[("Features.ImdsSupport", "v2")]).await.ok();
    let back = modify(&door, &image, &[("Features.ImdsSupport", "v1")]).await;
    back.refused(403, "InvalidOperation.FeaturesImdsSupportNotMatch");
    let theirs = [("RegionId", HERE), ("ImageId", image.as_str()), ("ImageName", "stolen")];
    let answer = door.ask_as(&door.stranger, "ModifyImageAttribute", &theirs).await;
    answer.refused(404, "InvalidImageId.NotFound");
}
