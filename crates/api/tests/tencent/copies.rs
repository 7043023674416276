//! `SyncImages` and `CancelSyncImages`: what is copied, how both ends stand meanwhile, and what is refused by which code.

use model::rules::Offer;
use region::testing::{World, disk};
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, THERE, spelled, text};
use crate::signer::Key;

async fn ask(door: &Door, key: &Key, image: &str, more: Value) -> Answer {
    let mut asked = json!({ "ImageIds": [image], "DestinationRegions": [THERE] });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    door.ask_as(key, HERE, "SyncImages", asked).await
}

/// R003-8, R003-10: the copy has its source's name and another id, and is found by its name there, as Packer looks for it.
#[tokio::test]
async fn r003_8_a_copy_has_its_sources_name_and_another_id() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let answer = ask(&door, &door.key, &source, json!({})).await.ok();
    assert_eq!(
        answer["ImageSet"],
        json!([]),
        "a list in every answer, and empty where nobody asked"
    );
    let by_name = json!([{"Name": "image-name", "Values": ["web"]}]);
    let there = door.images(THERE, json!({ "Filters": by_name })).await;
    assert_eq!(there.len(), 1);
    assert_ne!(there[0]["ImageId"], json!(source));
    assert_eq!(there[0]["ImageState"], "SYNCING");
    door.world.run_until_idle().await;
    let there = door.images(THERE, json!({ "Filters": by_name })).await;
    assert_eq!(
        (&there[0]["ImageState"], &there[0]["ImageName"]),
        (&json!("NORMAL"), &json!("web"))
    );
    assert_eq!(there[0]["ImageDescription"], "made by a test", "no note behind it");
    assert_eq!(there[0]["Tags"], json!([{"Key": "team", "Value": "ferry"}]));
    let (source, target) = (
        door.ours(HERE, &source).await,
        door.ours(THERE, there[0]["ImageId"].as_str().unwrap()).await,
    );
    let bytes = door.world.read_disk(THERE, &target, 0).await;
    assert!(bytes == door.world.read_disk(HERE, &source, 0).await);
    door.world.check_world().await;
}

/// Contract 6: Terraform polls the source, Packer the copy; both read SYNCING until the copy has ended, the copy with its percent.
#[tokio::test]
async fn both_ends_of_a_copy_read_syncing_until_it_has_ended() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let copy = door.copy(&source).await;
    let state = async |region, image: &str| {
        let image = door.shown(region, image).await;
        (image["ImageState"].clone(), image["SyncPercent"].clone())
    };
    assert_eq!(state(HERE, &source).await, (json!("SYNCING"), Value::Null));
    assert_eq!(state(THERE, &copy).await, (json!("SYNCING"), json!(0)));
    door.world.run_until_idle().await;
    assert_eq!(state(HERE, &source).await, (json!("NORMAL"), Value::Null));
    assert_eq!(state(THERE, &copy).await, (json!("NORMAL"), json!(100)));
}

/// R003-6, R003-7: several images to several regions in one request, each told with its region.
#[tokio::test]
async fn r003_7_several_images_go_to_several_regions_at_once() {
    let regions = [HERE, THERE, "ap-beijing"];
    let door = Door::before(World::with_regions(regions).await).await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    let asked = json!({
        "ImageIds": [web, base], "DestinationRegions": [THERE, "bj"], "ImageSetRequired": true,
    });
    let answer = door.ask(HERE, "SyncImages", asked).await.ok();
    let set = answer["ImageSet"].as_array().unwrap();
    let places: Vec<_> = set.iter().map(|one| text(one, "Region")).collect();
    assert_eq!(places, [THERE, "ap-beijing", THERE, "ap-beijing"]);
    door.world.run_until_idle().await;
    for one in set {
        let image = door.shown(&text(one, "Region"), &text(one, "ImageId")).await;
        assert_eq!(image["ImageState"], "NORMAL");
    }
    for region in [THERE, "ap-beijing"] {
        assert_eq!(door.images(region, json!({})).await.len(), 2);
    }
    door.world.check_world().await;
}

/// One refusal of several refuses all: nothing is copied anywhere.
#[tokio::test]
async fn a_refusal_of_one_image_or_region_starts_nothing() {
    let door = Door::before(World::with_regions([HERE, THERE, "ap-beijing"]).await).await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    door.image("ap-beijing", "base").await;
    for (images, regions, code) in [
        (vec![web.as_str(), &base], vec![THERE, "ap-beijing"], "InvalidImageName.Duplicate"),
        (vec![&web, "img-zzzzzzzz"], vec![THERE], "InvalidImageId.NotFound"),
        (vec![&web, "m-12345678"], vec![THERE], "InvalidImageId.Malformed"),
        (vec![&web], vec![THERE, "ap-nowhere"], "InvalidRegion.NotFound"),
        (vec![&web], vec![THERE, "No where!"], "InvalidRegion.NotFound"),
        (vec![&web], vec![THERE, HERE], "InvalidParameterValue.InvalidRegion"),
        (vec![&web], vec![THERE, THERE], "InvalidParameterValue.InvalidRegion"),
        (vec![&web], vec![], "MissingParameter"),
        (vec![], vec![THERE], "MissingParameter"),
    ] {
        let asked = json!({ "ImageIds": images, "DestinationRegions": regions });
        door.ask(HERE, "SyncImages", asked).await.refused(code);
        assert!(door.images(THERE, json!({})).await.is_empty(), "{code}");
        assert_eq!(door.images("ap-beijing", json!({})).await.len(), 1, "{code}");
    }
    for region in [THERE, "ap-beijing"] {
        door.world.assert_clean_slate(region).await;
    }
}

/// A dry run that finds nothing wrong is a success, with an empty set; one that does is refused as the request would be.
#[tokio::test]
async fn a_dry_run_makes_nothing() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let answer = ask(&door, &door.key, &source, json!({"DryRun": true, "ImageSetRequired": true}));
    assert_eq!(answer.await.ok()["ImageSet"], json!([]));
    assert!(door.images(THERE, json!({})).await.is_empty());
    assert_eq!(door.shown(HERE, &source).await["ImageState"], "NORMAL");
    door.image(THERE, "web").await;
    let refused = ask(&door, &door.key, &source, json!({"DryRun": true})).await;
    refused.refused("InvalidImageName.Duplicate");
}

/// R003-1: public, marketplace and shared images are refused; another's as one that never was (api-11).
#[tokio::test]
async fn r003_1_only_the_callers_own_images_are_copied() {
    let door = Door::open().await;
    let (here, stranger) = (door.world.region(HERE), door.world.stranger());
    let foreign = door.image(HERE, "web").await;
    let id = door.ours(HERE, &foreign).await;
    let refused = async |code: &str| {
        ask(&door, &door.stranger, &foreign, json!({})).await.refused(code);
        assert!(door.images_as(&door.stranger, THERE, json!({})).await.is_empty(), "{code}");
    };
    refused("InvalidImageId.NotFound").await;
    let caller = &door.world.caller;
    here.share_image(caller, &id, vec![stranger.account.clone()]).await.unwrap();
    refused("InvalidParameterValue.InvalidImageId").await;
    here.unshare_image(caller, &id, vec![stranger.account]).await.unwrap();
    for offer in [Offer::Public, Offer::Marketplace] {
        here.publish_image(caller, &id, offer).await.unwrap();
        refused("InvalidParameterValue.InvalidImageId").await;
        here.unpublish_image(caller, &id).await.unwrap();
    }
    door.world.assert_clean_slate(THERE).await;
}

/// R001-1, api-11: the id of an image here means nothing there, to whatever is asked.
#[tokio::test]
async fn r001_1_an_image_is_not_there_in_another_region() {
    let door = Door::open().await;
    let here = door.image(HERE, "web").await;
    let number = door.number(&door.world.stranger()).await;
    for (action, parameters) in [
        ("SyncImages", json!({"ImageIds": [here], "DestinationRegions": [HERE]})),
        ("CancelSyncImages", json!({"ImageIds": [here]})),
        ("DeleteImages", json!({"ImageIds": [here]})),
        ("ModifyImageAttribute", json!({"ImageId": here, "ImageName": "stolen"})),
        (
            "ModifyImageSharePermission",
            json!({"ImageId": here, "AccountIds": [number], "Permission": "SHARE"}),
        ),
        ("DescribeImageSharePermission", json!({"ImageId": here})),
        ("ExportImages", json!({"ImageIds": [here], "BucketName": "images"})),
    ] {
        let words = door.ask(THERE, action, parameters).await.refused("InvalidImageId.NotFound");
        assert_eq!(words, "The image does not exist.", "{action}");
    }
    assert!(door.images(THERE, json!({"ImageIds": [here]})).await.is_empty());
    assert_eq!(door.shown(HERE, &here).await["ImageName"], "web", "untouched");
}

/// R000-12, R002-8: an image that is not NORMAL, is copied there already, or is deprecated.
#[tokio::test]
async fn an_image_that_cannot_be_copied_now_says_how_it_stands() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let copy = door.copy(&source).await;
    let back = json!({"ImageIds": [copy], "DestinationRegions": [HERE], "ImageName": "back"});
    door.ask(THERE, "SyncImages", back.clone()).await.refused("InvalidImageId.IncorrectState");
    let again = ask(&door, &door.key, &source, json!({"ImageName": "second"})).await;
    again.refused("InvalidParameterValue.InvalidImageState");
    door.world.run_until_idle().await;
    let deprecate = json!({"ImageId": copy, "ImageDeprecated": true});
    door.ask(THERE, "ModifyImageAttribute", deprecate).await.ok();
    door.ask(THERE, "SyncImages", back).await.refused("InvalidImageId.IncorrectState");
    assert_eq!(door.images(HERE, json!({})).await.len(), 1, "nothing was created");
}

/// One name is not given to several images, and keeps its bounds.
#[tokio::test]
async fn a_name_is_for_one_image() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    let both = json!({"ImageIds": [web, base], "DestinationRegions": [THERE], "ImageName": "one"});
    door.ask(HERE, "SyncImages", both).await.refused("InvalidImageName.Duplicate");
    let long = "n".repeat(61);
    let named = |name: &str| json!({ "ImageName": name });
    ask(&door, &door.key, &web, named(&long)).await.refused("InvalidParameterValue.TooLarge");
    ask(&door, &door.key, &web, named("a b ")).await.refused("InvalidParameterValue");
    ask(&door, &door.key, &web, named(&long[..60])).await.ok();
    assert_eq!(door.images(THERE, json!({})).await[0]["ImageName"], json!(long[..60]));
}

/// `Encrypt`: within the image's region alone, with the default key or a named one.
#[tokio::test]
async fn an_encrypted_copy_stays_in_its_region() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let sealed = |regions: Value, more: Value| {
        let mut asked = json!({"ImageIds": [source], "DestinationRegions": regions, "ImageName": "sealed", "ImageSetRequired": true});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.ask(HERE, "SyncImages", asked)
    };
    let elsewhere = sealed(json!([THERE]), json!({"Encrypt": true})).await;
    elsewhere.refused("InvalidParameterValue.InvalidRegion");
    let unasked = sealed(json!([THERE]), json!({"KmsKeyId": "key-aaaaaaaaaaaaaaaaaaaa"})).await;
    unasked.refused("InvalidParameter.InvalidKmsKeyId");
    for key in ["key-aaaaaaaaaaaaaaaaaaaa", "nothing"] {
        let absent = sealed(json!([HERE]), json!({"Encrypt": true, "KmsKeyId": key})).await;
        absent.refused("InvalidParameter.InvalidKmsKeyId");
    }
    let region = door.world.region(HERE);
    let key = region.create_encryption_key(&door.world.caller).await.unwrap().id.to_string();
    let made = sealed(json!([HERE]), json!({"Encrypt": true, "KmsKeyId": key})).await.ok();
    door.world.run_until_idle().await;
    let id = text(&made["ImageSet"][0], "ImageId");
    assert_eq!(door.shown(HERE, &id).await["ImageState"], "NORMAL");
    let view = region.image(&door.world.caller, &door.ours(HERE, &id).await).await.unwrap();
    assert_eq!(view.encryption_key.unwrap().to_string(), key);
    // The copy of an encrypted image is encrypted, though nobody says so.
    let copy = door.copy(&id).await;
    door.world.run_until_idle().await;
    let (there, copy) = (door.world.region(THERE), door.ours(THERE, &copy).await);
    assert!(there.image(&door.world.caller, &copy).await.unwrap().encryption_key.is_some());
}

/// R000-11, R001-7: a copy is ended at its target, and the image with it; the source is as it was.
#[tokio::test]
async fn r000_11_a_copy_can_be_cancelled() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let copy = door.copy(&source).await;
    let cancel = json!({ "ImageIds": [copy] });
    door.ask(THERE, "CancelSyncImages", cancel.clone()).await.ok();
    door.world.run_until_idle().await;
    assert!(door.images(THERE, json!({})).await.is_empty());
    assert_eq!(door.shown(HERE, &source).await["ImageState"], "NORMAL");
    door.world.assert_clean_slate(THERE).await;
    door.ask(THERE, "CancelSyncImages", cancel).await.refused("InvalidImageId.NotFound");
    let imported = json!({ "ImageIds": [source] });
    door.ask(HERE, "CancelSyncImages", imported).await.refused("InvalidImageId.IncorrectState");
    let ended = door.copy(&source).await;
    door.world.run_until_idle().await;
    let ended = json!({ "ImageIds": [ended] });
    door.ask(THERE, "CancelSyncImages", ended).await.refused("InvalidImageId.IncorrectState");
}

/// R001-3: an image of several disks goes as one of one disk does.
#[tokio::test]
async fn an_image_of_several_disks_is_copied_as_a_whole() {
    let door = Door::open().await;
    let disks = [disk(1, 2, Some), disk(2, 1, Some), disk(3, 3, |_| None)];
    let source = door.world.import(HERE, "web", &disks).await;
    let id = door.copy(&spelled(source.id.as_str())).await;
    assert_eq!(door.shown(THERE, &id).await["SnapshotSet"], json!([]), "nothing is there yet");
    door.world.run_until_idle().await;
    let there = door.shown(THERE, &id).await;
    let usages: Vec<_> =
        there["SnapshotSet"].as_array().unwrap().iter().map(|one| text(one, "DiskUsage")).collect();
    assert_eq!(usages, ["SYSTEM_DISK", "DATA_DISK", "DATA_DISK"]);
    let ours = door.ours(THERE, &id).await;
    for (number, bytes) in disks.iter().enumerate() {
        assert!(&door.world.read_disk(THERE, &ours, number).await == bytes);
    }
}
