//! `ImportImage`, `ExportImages`, `DescribeImportImageOs`.

use model::rules::Offer;
use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, THERE, text};

const URL: &str = "https://images-125.cos.ap-guangzhou.myqcloud.com/in/web.raw";

async fn import(door: &Door, more: Value) -> Answer {
    let mut asked = json!({
        "Architecture": "x86_64", "OsType": "CentOS", "OsVersion": "7", "ImageUrl": URL,
        "ImageName": "imported", "DryRun": false, "Force": false,
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    door.ask(HERE, "ImportImage", asked).await
}

fn put(door: &Door, name: &str, bytes: &[u8]) {
    let folder = door.world.bucket(HERE, &door.world.caller, "images-125").join("in");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// The image is IMPORTING with its id at once, then NORMAL with what the object has; nothing is fetched.
#[tokio::test]
async fn an_object_becomes_an_image() {
    let door = Door::open().await;
    let (system, data) = (disk(5, 2, Some), disk(6, 1, Some));
    put(&door, "web.raw", &system);
    put(&door, "data.raw", &data);
    let more = json!({
        "ImageDescription": "of a file", "LicenseType": "BYOL", "BootMode": "UEFI", "ImageFamily": "webs",
        "TagSpecification": [{"ResourceType": "image", "Tags": [{"Key": "for", "Value": "test"}]}],
        "ImportImageDataDiskList": [{"ImageUrl": URL.replace("web.raw", "data.raw")}],
    });
    let mut dry = more.clone();
    dry["DryRun"] = json!(true);
    assert!(import(&door, dry).await.ok().get("ImageId").is_none());
    let image = text(&import(&door, more).await.ok(), "ImageId");
    let shown = door.shown(HERE, &image).await;
    assert_eq!((&shown["ImageState"], &shown["SyncPercent"]), (&json!("IMPORTING"), &Value::Null));
    let refused = door.ask(HERE, "DeleteImages", json!({ "ImageIds": [image] })).await;
    refused.refused("InvalidImageId.IncorrectState");
    door.world.run_until_idle().await;
    let shown = door.shown(HERE, &image).await;
    let told = ["ImageState", "ImageSource", "LicenseType", "OsName", "Platform", "Architecture"]
        .map(|name| text(&shown, name));
    assert_eq!(told, ["NORMAL", "EXTERNAL_IMPORT", "BYOL", "CentOS 7 64bit", "CentOS", "x86_64"]);
    assert_eq!(shown["SnapshotSet"].as_array().unwrap().len(), 2);
    let id = door.ours(HERE, &image).await;
    assert!(door.world.read_disk(HERE, &id, 0).await == system);
    assert!(door.world.read_disk(HERE, &id, 1).await == data);
    // Where it came from goes with its copies.
    let copy = door.copy(&image).await;
    door.world.run_until_idle().await;
    assert_eq!(door.shown(THERE, &copy).await["ImageSource"], "EXTERNAL_IMPORT");
    door.world.check_world().await;
}

/// An import that fails for good says so.
#[tokio::test]
async fn an_import_that_fails_reads_importfailed() {
    let door = Door::open().await;
    put(&door, "web.raw", &disk(5, 2, Some));
    let image = text(&import(&door, json!({})).await.ok(), "ImageId");
    let folder = door.world.bucket(HERE, &door.world.caller, "images-125");
    std::fs::remove_file(folder.join("in/web.raw")).unwrap();
    door.world.run_until_idle().await;
    assert_eq!(door.shown(HERE, &image).await["ImageState"], "IMPORTFAILED");
    door.ask(HERE, "DeleteImages", json!({ "ImageIds": [image] })).await.ok();
    assert!(door.images(HERE, json!({})).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_imported_is_named() {
    let door = Door::open().await;
    put(&door, "web.raw", &disk(5, 2, Some));
    put(&door, "broken.raw", b"no disk");
    let url = |of: &str| json!({ "ImageUrl": of });
    for (more, code) in [
        (
            url("http://169.254.169.254/latest/meta-data"),
            "InvalidParameter.InvalidParameterUrlError",
        ),
        (url(&URL.replace("ap-guangzhou", THERE)), "InvalidParameter.InvalidParameterUrlError"),
        (url(&URL.replace("web", "absent")), "InvalidParameter.InvalidParameterUrlError"),
        (url(&URL.replace("images-125", "absent")), "InvalidParameter.InvalidParameterUrlError"),
        (url(&URL.replace("web.raw", "broken.raw")), "InvalidParameter.InvalidParameterUrlError"),
        (url(&URL.replace("in/", "../")), "InvalidParameter.InvalidParameterUrlError"),
        (url(""), "MissingParameter"),
        (json!({"OsType": "BeOS"}), "InvalidImageOsType.Unsupported"),
        (json!({"OsVersion": "7.9"}), "InvalidImageOsVersion.Unsupported"),
        (json!({"Architecture": "arm64"}), "InvalidParameterValue"),
        (json!({"BootMode": "BIOS"}), "InvalidParameterValue.InvalidBootMode"),
        (json!({"LicenseType": "Mine"}), "InvalidParameterValue.InvalidLicenseType"),
        (json!({"ImageName": ""}), "MissingParameter"),
        (json!({"ImageName": "n".repeat(61)}), "InvalidParameterValue.TooLarge"),
        (json!({"ImageFamily": "1"}), "InvalidParameterValue.InvalidImageFamily"),
        (json!({"Nothing": 1}), "UnknownParameter"),
    ] {
        import(&door, more).await.refused(code);
    }
    assert!(door.images(HERE, json!({})).await.is_empty(), "nothing was made");
    import(&door, json!({"OsVersion": "7.9", "Force": true})).await.ok();
    let again = import(&door, json!({})).await;
    again.refused("InvalidImageName.Duplicate");
}

/// Contract 2: the number of a task is the first of its own characters, in base 36.
#[tokio::test]
async fn images_are_exported_into_a_bucket() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web").await, door.image(HERE, "base").await);
    let folder = door.world.bucket(HERE, &door.world.caller, "images-125");
    let asked = |more: Value| {
        let mut asked = json!({
            "BucketName": "images-125", "ImageIds": [web, base], "ExportFormat": "QCOW2",
            "FileNamePrefixList": ["night", "day"], "OnlyExportRootDisk": false, "RoleName": "CVM_QcsRole",
        });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.ask(HERE, "ExportImages", asked)
    };
    let dry = asked(json!({"DryRun": true})).await.ok();
    assert_eq!((dry.get("TaskId"), &dry["CosPaths"]), (None, &json!([])));
    let begun = asked(json!({"OnlyExportRootDisk": true})).await.ok();
    let here = door.world.region(HERE);
    let tasks = here.search_tasks(&door.world.caller, Default::default()).await.unwrap().items;
    let numbers: Vec<u64> = tasks
        .iter()
        .map(|task| u64::from_str_radix(&task.id.as_str()["task-".len()..][..8], 36).unwrap())
        .collect();
    assert!(tasks.len() == 2 && numbers.contains(&begun["TaskId"].as_u64().unwrap()));
    let busy = door.ask(HERE, "DeleteImages", json!({ "ImageIds": [web] })).await;
    busy.refused("MutexOperation.TaskRunning");
    asked(json!({})).await.refused("InvalidParameterValue.InvalidImageState");
    door.world.run_until_idle().await;
    let paths = begun["CosPaths"].as_array().unwrap();
    assert_eq!(paths.len(), 2);
    for (path, prefix) in paths.iter().zip(["night_img-", "day_img-"]) {
        let path = path.as_str().unwrap();
        assert!(path.starts_with(prefix) && path.ends_with("_system.qcow2"), "{path}");
        assert!(folder.join(path).is_file(), "{path}");
    }
    for (more, code) in [
        (json!({"BucketName": "absent"}), "InvalidParameterValue.BucketNotFound"),
        (json!({"BucketName": "No"}), "InvalidParameterValue.BucketNotFound"),
        (json!({"ExportFormat": "VMDK"}), "InvalidParameterValue"),
        (json!({"ExportFormat": "VDI"}), "InvalidParameterValue"),
        (json!({"FileNamePrefixList": ["one"]}), "InvalidParameterValue.InvalidFileNamePrefixList"),
        (
            json!({"FileNamePrefixList": ["a/b", "c"]}),
            "InvalidParameterValue.InvalidFileNamePrefixList",
        ),
        (json!({"ImageIds": []}), "MissingParameter"),
    ] {
        asked(more).await.refused(code);
    }
}

/// All disks, or the system disk alone; images of others are not exported.
#[tokio::test]
async fn the_system_disk_can_be_exported_alone() {
    let door = Door::open().await;
    let disks = [disk(1, 1, Some), disk(2, 1, Some)];
    let image = door.world.import(HERE, "web", &disks).await;
    let id = crate::door::spelled(image.id.as_str());
    let folder = door.world.bucket(HERE, &door.world.caller, "images-125");
    door.world.bucket(HERE, &door.world.stranger(), "images-125");
    for (is_alone, count) in [(true, 1), (false, 2)] {
        let asked = json!({
            "BucketName": "images-125", "ImageIds": [id], "OnlyExportRootDisk": is_alone,
        });
        let begun = door.ask(HERE, "ExportImages", asked).await.ok();
        door.world.run_until_idle().await;
        let paths = begun["CosPaths"].as_array().unwrap();
        assert_eq!(paths.len(), count);
        assert!(std::fs::read(folder.join(paths[0].as_str().unwrap())).unwrap() == disks[0]);
    }
    let here = door.world.region(HERE);
    let (caller, stranger) = (&door.world.caller, door.world.stranger().account);
    let asked = json!({"BucketName": "images-125", "ImageIds": [id]});
    let refused = async |code: &str| {
        door.ask_as(&door.stranger, HERE, "ExportImages", asked.clone()).await.refused(code);
    };
    refused("InvalidImageId.NotFound").await;
    here.share_image(caller, &image.id, vec![stranger.clone()]).await.unwrap();
    refused("UnsupportedOperation.SharedImageExportUnsupported").await;
    here.unshare_image(caller, &image.id, vec![stranger]).await.unwrap();
    for (offer, code) in [
        (Offer::Public, "UnsupportedOperation.PublicImageExportUnsupported"),
        (Offer::Marketplace, "UnsupportedOperation.MarketImageExportUnsupported"),
    ] {
        here.publish_image(caller, &image.id, offer).await.unwrap();
        refused(code).await;
        here.unpublish_image(caller, &image.id).await.unwrap();
    }
}

/// Every system that can be imported is listed in both of the answer's lists.
#[tokio::test]
async fn systems_are_listed_twice() {
    let door = Door::open().await;
    let answer = door.ask(HERE, "DescribeImportImageOs", json!({})).await.ok();
    let lists = &answer["ImportImageOsListSupported"];
    let names = |list: &Value| list.as_array().unwrap().clone();
    let mut listed = [names(&lists["Linux"]), names(&lists["Windows"])].concat();
    let versions = answer["ImportImageOsVersionSet"].as_array().unwrap();
    let mut detailed: Vec<Value> = versions.iter().map(|one| one["OsName"].clone()).collect();
    listed.sort_by_key(Value::to_string);
    detailed.sort_by_key(Value::to_string);
    assert_eq!(listed, detailed);
    assert!(versions.iter().all(|one| !one["OsVersions"].as_array().unwrap().is_empty()));
    assert!(versions.iter().all(|one| !one["Architecture"].as_array().unwrap().is_empty()));
}
