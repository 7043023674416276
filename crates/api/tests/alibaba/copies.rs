//! `CopyImage`: what is copied, what is refused by which code, and what of a request stays with the copy.

use model::rules::Offer;
use model::{Border, Profile};
use region::testing::{World, WorldOptions, disk, region_id};
use serde_json::json;

use crate::door::{Answer, Door, HERE, THERE, ours};
use crate::signer::Key;

const SHOWN: (&str, &str) = ("Status", "ALL");

async fn ask(door: &Door, key: &Key, image: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters =
        vec![("RegionId", HERE), ("ImageId", image), ("DestinationRegionId", THERE)];
    parameters.extend(more);
    door.ask_as(key, "CopyImage", &parameters).await
}

/// R004-1, R004-7, R004-9, R000-9: the copy is what was asked for and no more, and identical.
#[tokio::test]
async fn r004_9_a_copy_is_what_was_asked_for_and_no_more() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let more = [
        ("DestinationImageName", "web-there"),
        ("DestinationDescription", "of web"),
        ("Tag.1.Key", "For"),
        ("Tag.1.Value", "test"),
        ("Encrypted", "false"),
    ];
    let made = ask(&door, &door.key, &source, &more).await.ok();
    let id = made["ImageId"].as_str().unwrap();
    let waiting = &door.images(THERE, &[("ImageId", id), SHOWN]).await[0];
    assert_eq!((&waiting["Status"], &waiting["Progress"]), (&json!("Waiting"), &json!("0%")));
    assert_eq!(waiting["Usable"], false, "R004-14");
    assert!(door.images(THERE, &[("ImageId", id)]).await.is_empty(), "R004-11: not available yet");
    door.world.run_until_idle().await;
    let there = &door.images(THERE, &[("ImageId", id)]).await[0];
    assert_eq!(there["ImageName"], "web-there");
    assert_eq!(there["Description"], "of web", "no note behind it: Terraform compares it");
    assert_eq!(there["Tags"], json!({"Tag": [{"TagKey": "For", "TagValue": "test"}]}));
    assert_eq!((&there["Status"], &there["Progress"]), (&json!("Available"), &json!("100%")));
    assert_eq!((&there["Usable"], &there["IsCopied"]), (&json!(true), &json!(true)), "R004-14");
    let (source, target) = (ours(&source), ours(id));
    let bytes = door.world.read_disk(THERE, &target, 0).await;
    assert!(bytes == door.world.read_disk(HERE, &source, 0).await);
    door.world.check_world().await;
}

/// R002-7: a copy that nobody named is called as its source; the second and the third too, although names are unique.
#[tokio::test]
async fn r002_7_a_copy_that_nobody_named_has_its_sources_name() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    for copies in 1..=2 {
        ask(&door, &door.key, &source, &[]).await.ok();
        door.world.run_until_idle().await;
        let there = door.images(THERE, &[]).await;
        assert_eq!(there.len(), copies);
        assert!(there.iter().all(|image| image["ImageName"] == "web"));
        assert!(there.iter().all(|image| image["Description"] == ""), "the cloud's default");
    }
    let named = ask(&door, &door.key, &source, &[("DestinationImageName", "web")]).await;
    let words = named.refused(400, "InvalidImageName.Duplicated");
    assert!(words.starts_with("The specified image name is already in use in the target region."));
}

/// R001-1: the id of an image here means nothing there, to whatever is asked.
#[tokio::test]
async fn r001_1_an_image_is_not_there_in_another_region() {
    let door = Door::open().await;
    let here = door.image(HERE, "web").await;
    let at = [("RegionId", THERE), ("ImageId", here.as_str())];
    let with = |more: (&'static str, &'static str)| [at.as_slice(), &[more]].concat();
    for (action, parameters) in [
        ("CopyImage", with(("DestinationRegionId", HERE))),
        ("ModifyImageSharePermission", with(("AddAccount.1", "1000000000000000"))),
        ("DescribeImageSharePermission", at.to_vec()),
        ("DeleteImage", with(("Force", "true"))),
        ("ModifyImageAttribute", with(("ImageName", "stolen"))),
        ("CancelCopyImage", at.to_vec()),
    ] {
        let answer = door.ask(action, &parameters).await;
        assert_eq!(
            answer.refused(404, "InvalidImageId.NotFound"),
            "The specified ImageId does not exist."
        );
    }
    assert!(door.images(THERE, &[("ImageId", &here), SHOWN]).await.is_empty());
    assert_eq!(door.images(HERE, &[("ImageId", &here)]).await.len(), 1, "untouched");
    assert_eq!(door.images(HERE, &[]).await[0]["ImageName"], "web");
}

/// R001-2, R004-2: public, marketplace and shared images, each by its own code; another's as one that never was.
#[tokio::test]
async fn r001_2_only_the_callers_own_images_are_copied() {
    let door = Door::open().await;
    let (here, stranger) = (door.world.region(HERE), door.world.stranger());
    let foreign = door.image(HERE, "web").await;
    let id = ours(&foreign);
    let refused = async |status, code| {
        ask(&door, &door.stranger, &foreign, &[]).await.refused(status, code);
        let none = door.images_as(&door.stranger, THERE, &[SHOWN]).await;
        assert!(none.is_empty(), "{code}: nothing was created");
    };
    refused(404, "InvalidImageId.NotFound").await;
    let caller = &door.world.caller;
    here.share_image(caller, &id, vec![stranger.account.clone()]).await.unwrap();
    refused(403, "OperationDenied.SameRegionOnly").await;
    here.unshare_image(caller, &id, vec![stranger.account]).await.unwrap();
    here.publish_image(caller, &id, Offer::Public).await.unwrap();
    refused(400, "OperationDenied.CommunityImage").await;
    here.unpublish_image(caller, &id).await.unwrap();
    here.publish_image(caller, &id, Offer::Marketplace).await.unwrap();
    refused(403, "OperationDenied.NotAuthorized").await;
    door.world.assert_clean_slate(THERE).await;
}

/// R004-1: only available images are copied; a copy of a copy that still runs is refused, and a deprecated image.
#[tokio::test]
async fn r004_1_only_available_images_are_copied() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let copy = door.copy(&source, "copy").await;
    let back = [("RegionId", THERE), ("ImageId", &copy), ("DestinationRegionId", HERE)];
    let words = door.ask("CopyImage", &back).await.refused(400, "IncorrectImageStatus");
    assert_eq!(words, "The image not available.");
    assert_eq!(door.images(HERE, &[SHOWN]).await.len(), 1, "nothing was created");
    door.world.run_until_idle().await;
    let deprecate = [("RegionId", THERE), ("ImageId", &copy), ("Status", "Deprecated")];
    door.ask("ModifyImageAttribute", &deprecate).await.ok();
    door.ask("CopyImage", &back).await.refused(400, "IncorrectImageStatus");
}

/// R001-6, R002-8: while an image is copied to a region, it is not copied there again.
#[tokio::test]
async fn r002_8_an_image_is_not_copied_twice_at_once() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    door.copy(&source, "first").await;
    let again = ask(&door, &door.key, &source, &[("DestinationImageName", "second")]).await;
    again.refused(400, "OperationDenied.ImageCopyConflict");
}

/// R004-6: the bounds of names, where a copy is named.
#[tokio::test]
async fn r004_6_names_keep_their_bounds() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let (long, too_long) = ("n".repeat(128), "n".repeat(129));
    for wrong in [
        "a",
        &too_long,
        "1ab",
        "_ab",
        ":ab",
        "http://ab",
        "https://ab",
        "a/b",
        "a b",
        "aliyun-x",
        "acs:x",
        "a\u{202e}b",
    ] {
        let answer = ask(&door, &door.key, &source, &[("DestinationImageName", wrong)]).await;
        answer.refused(400, "InvalidImageName.Malformed");
    }
    assert!(door.images(THERE, &[SHOWN]).await.is_empty());
    for good in ["ab", &long, "a1", "a:b", "a_b", "a-b", "a.b", "镜像", "httpx"] {
        let more = [("DestinationImageName", good), ("DryRun", "true")];
        ask(&door, &door.key, &source, &more).await.refused(400, "DryRunOperation");
        ask(&door, &door.key, &source, &more[..1]).await.ok();
        door.world.run_until_idle().await;
    }
    assert_eq!(door.images(THERE, &[]).await.len(), 9);
}

/// R004-7, R004-9, api-13, api-17: the bounds of descriptions, tags and tokens; nothing is created where one breaks them.
#[tokio::test]
async fn r004_9_descriptions_tags_and_tokens_keep_their_bounds() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let (long, token) = ("d".repeat(257), "t".repeat(65));
    for (name, value, code) in [
        ("DestinationDescription", "d", "InvalidDescription.Malformed"),
        ("DestinationDescription", &long, "InvalidDescription.Malformed"),
        ("DestinationDescription", "http://d", "InvalidDescription.Malformed"),
        ("ClientToken", &token, "InvalidParameter.ClientToken"),
        ("ClientToken", "é", "InvalidParameter.ClientToken"),
        ("Tag.1.Key", "acs:x", "InvalidTagKey.Malformed"),
        ("Encrypted", "maybe", "InvalidParameter"),
        ("EncryptAlgorithm", "aes-256", "InvalidEncryptAlgorithm"),
        ("KMSKeyId", "key-zzzzzzzzzzzzzzzzzzzz", "InvalidEncrypted.NotMatchKmsKeyId"),
        ("DestinationRegionId", "Nowhere!", "DestinationRegion.NotFound"),
    ] {
        let parameters = [
            ("RegionId", HERE),
            ("ImageId", source.as_str()),
            if name == "DestinationRegionId" {
                (name, value)
            } else {
                ("DestinationRegionId", THERE)
            },
            if name == "DestinationRegionId" { ("DryRun", "false") } else { (name, value) },
        ];
        door.ask("CopyImage", &parameters).await.refused(400, code);
    }
    let tags = |count: usize| (1..=count).map(|n| (format!("Tag.{n}.Key"), format!("k{n}")));
    let with = async |count: usize| {
        let fixed = [("RegionId", HERE), ("ImageId", &source), ("DestinationRegionId", THERE)];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        door.send(&door.key, "CopyImage", fixed.into_iter().chain(tags(count)).collect()).await
    };
    with(21).await.refused(400, "NumberExceed.Tags");
    assert!(door.images(THERE, &[SHOWN]).await.is_empty(), "nothing was created");
    with(20).await.ok();
    let there = &door.images(THERE, &[SHOWN]).await[0];
    assert_eq!(there["Tags"]["Tag"].as_array().unwrap().len(), 20);
    door.world.check_world().await;
}

/// Contract 3: one token, one image; with other parameters it is refused.
#[tokio::test]
async fn promise_4_a_token_makes_one_copy() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let with = async |name: &str| {
        ask(&door, &door.key, &source, &[("ClientToken", "once"), ("DestinationImageName", name)])
            .await
    };
    let first = with("copy").await.ok();
    assert_eq!(with("copy").await.ok()["ImageId"], first["ImageId"]);
    door.world.run_until_idle().await;
    assert_eq!(with("copy").await.ok()["ImageId"], first["ImageId"], "also when it has ended");
    with("other").await.refused(400, "IdempotentParameterMismatch");
    assert_eq!(door.images(THERE, &[]).await.len(), 1);
}

/// R000-7, R001-9, R003-2: too large or over a border without an approval, each with its code.
#[tokio::test]
async fn r000_7_a_copy_that_needs_an_approval_says_so() {
    let world = World::with_regions([HERE, THERE]).await;
    let small = Profile { ticket_above_bytes: Some(1), ..Profile::native() };
    let door = Door::under(world, small).await;
    let source = door.image(HERE, "web").await;
    let words = ask(&door, &door.key, &source, &[]).await.refused(403, "SizeExceed.Image");
    assert!(words.contains("ferry ticket open"), "{words}");

    let zones = [(region_id(THERE), "abroad".parse().unwrap())].into();
    let options = WorldOptions { zones, ..WorldOptions::default() };
    let world = World::with_options(&[HERE, THERE], options).await;
    let profile = Profile { border: Border::NeedsApproval, ..Profile::native() };
    let door = Door::under(world, profile).await;
    let source = door.image(HERE, "web").await;
    let answer = ask(&door, &door.key, &source, &[]).await;
    answer.refused(403, "OperationDenied.NonCompliantDestinationRegion");
    door.world.assert_clean_slate(THERE).await;
}

/// R002-5, api-18: without room in a quota nothing is made.
#[tokio::test]
async fn r002_5_a_full_quota_is_named() {
    for (images, snapshots, code) in [(0, 9, "QuotaExceed.Image"), (9, 0, "QuotaExceed.Snapshot")] {
        let door = Door::open().await;
        let source = door.image(HERE, "web").await;
        let operator = region::Caller { role: model::Role::Operator, ..door.world.caller.clone() };
        let there = door.world.region(THERE);
        for (kind, limit) in
            [(model::QuotaKind::Image, images), (model::QuotaKind::Snapshot, snapshots)]
        {
            there.set_quota(&operator, kind, limit).await.unwrap();
        }
        ask(&door, &door.key, &source, &[]).await.refused(403, code);
        door.world.assert_clean_slate(THERE).await;
    }
}

/// R001-3: an image of several disks goes as one of one disk does.
#[tokio::test]
async fn an_image_of_several_disks_is_copied_as_a_whole() {
    let door = Door::open().await;
    let disks = [disk(1, 2, Some), disk(2, 1, Some), disk(3, 3, |_| None)];
    let source = door.world.import(HERE, "web", &disks).await;
    let id = door.copy(&crate::door::spelled(source.id.as_str()), "copy").await;
    door.world.run_until_idle().await;
    let there = &door.images(THERE, &[("ImageId", &id)]).await[0];
    let mappings = there["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    let devices: Vec<_> = mappings
        .iter()
        .map(|m| (m["Device"].as_str().unwrap(), m["Type"].as_str().unwrap()))
        .collect();
    assert_eq!(devices, [("/dev/xvda", "system"), ("/dev/xvdb", "data"), ("/dev/xvdc", "data")]);
    for (number, bytes) in disks.iter().enumerate() {
        assert!(&door.world.read_disk(THERE, &ours(&id), number).await == bytes);
    }
}
