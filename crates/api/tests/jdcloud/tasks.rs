//! Images in and out of buckets, from end to end with real files.

use std::path::PathBuf;

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, spelled, text};

/// The account's bucket, with these files in it.
fn bucket(door: &Door, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = door.world.bucket(HERE, &door.world.caller, "images");
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    folder
}

fn url(object: &str) -> String {
    format!("https://images.s3.{HERE}.jdcloud-oss.com/{object}")
}

/// A raw image of 40 GiB in a file that takes no room.
fn sparse(folder: &std::path::Path, name: &str, start: &[u8]) {
    std::fs::write(folder.join(name), start).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(folder.join(name)).unwrap();
    file.set_len(start.len() as u64).unwrap();
}

async fn import(door: &Door, change: Value) -> Answer {
    let mut body = json!({
        "architecture": "x86_64", "osType": "linux", "platform": "CentOS", "diskFormat": "raw",
        "systemDiskSizeGB": 40, "imageUrl": url("web.raw"), "imageName": "web",
        "osVersion": null, "description": null, "forceImport": null, "clientToken": null,
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    door.post(HERE, "/images:import", body).await
}

async fn tasks(door: &Door, query: &[(&str, &str)]) -> Vec<Value> {
    let answer = door.get(HERE, "/imageTasks", query).await.ok();
    answer["taskSet"].as_array().expect("always a list").clone()
}

#[tokio::test]
async fn an_image_is_imported_and_exported_in_tasks() {
    let door = Door::open().await;
    let bytes = disk(5, 3, |chunk| (chunk != 1).then_some(chunk));
    let folder = bucket(&door, &[]);
    sparse(&folder, "web.raw", &bytes);
    let made = import(&door, json!({})).await.ok();
    let (image, id) = (text(&made, "imageId"), text(&made, "taskId"));
    assert_eq!((image.len(), text(&made, "importTaskId")), (14, id.clone()));
    let waiting = tasks(&door, &[]).await;
    let created = text(&waiting[0], "createdTime");
    let wanted = json!({
        "taskId": id, "action": "ImportImage", "taskStatus": "pending", "progress": 0, "errorInfo": "",
        "message": "", "createdTime": created, "finishedTime": "", "imageId": image, "imageName": "web",
        "imageUrl": url("web.raw"),
    });
    assert_eq!(waiting, [wanted]);
    door.world.run_until_idle().await;
    let done = tasks(&door, &[("taskIds.1", &id)]).await;
    assert_eq!((&done[0]["taskStatus"], &done[0]["progress"]), (&json!("finished"), &json!(100)));
    assert_ne!(text(&done[0], "finishedTime"), "");
    let whole = door.ours(HERE, &image).await;
    let read = door.world.region(HERE).image(&door.world.caller, &whole).await.unwrap();
    assert_eq!(read.disks[0].size.bytes(), 40 << 30, "as large as it was asked to be");

    let export = json!({
        "imageId": image, "roleName": "role", "ossUrl": format!("https://images.s3.{HERE}.jdcloud-oss.com"),
        "ossPrefix": "out1", "clientToken": null, "isAllDisk": null,
    });
    let path = format!("/images/{image}:exportImage");
    let made = door.post(HERE, &path, export.clone()).await.ok();
    let id = text(&made, "taskId");
    let again = door.post(HERE, &path, export).await;
    let message = again.refused(400, "FAILED_PRECONDITION");
    assert!(message.contains(&image) || message.contains(&id), "{message}");
    door.world.run_until_idle().await;
    let done = tasks(&door, &[("taskAction", "ExportImage"), ("taskStatus", "finished")]).await;
    assert_eq!((done.len(), text(&done[0], "taskId")), (1, id));
    let object = text(&done[0], "ossObject");
    assert!(object.starts_with("out1") && object.ends_with(".qcow2"), "{object}");
    assert_eq!(done[0]["ossObjects"], json!([object]));
    assert_eq!(text(&done[0], "ossUrl"), url(""));
    assert!(folder.join(&object).is_file());
    // In again, as what it was written as: the same contents.
    let change = json!({"imageUrl": url(&object), "diskFormat": "qcow2", "imageName": "again"});
    let again = text(&import(&door, change).await.ok(), "imageId");
    door.world.run_until_idle().await;
    let again = door.ours(HERE, &again).await;
    let again = door.world.region(HERE).image(&door.world.caller, &again).await.unwrap();
    assert_eq!(again.disks[0].digest, read.disks[0].digest);
    door.world.check_world().await;
}

#[tokio::test]
async fn imports_are_refused_in_the_clouds_words() {
    let door = Door::open().await;
    let folder = bucket(&door, &[("notes.txt", b"no disk"), ("empty.raw", b"")]);
    sparse(&folder, "web.raw", &disk(1, 1, Some));
    let elsewhere = "https://images.s3.cn-east-2.jdcloud-oss.com/web.raw";
    for (change, status, says) in [
        (
            json!({"imageUrl": elsewhere}),
            "CONFLICT",
            "OssRegion 'cn-east-2' not match current region 'cn-north-1'",
        ),
        (
            json!({"systemDiskSizeGB": 45}),
            "OUT_OF_RANGE",
            "SystemDiskSizeGB must be multiple of 10",
        ),
        (json!({"systemDiskSizeGB": 30}), "OUT_OF_RANGE", "SystemDiskSizeGB out of range"),
        (json!({"systemDiskSizeGB": 510}), "OUT_OF_RANGE", "SystemDiskSizeGB out of range"),
        (
            json!({"systemDiskSizeGB": null}),
            "INVALID_ARGUMENT",
            "Parameter SystemDiskSizeGB missing",
        ),
        (json!({"systemDiskSizeGB": "big"}), "INVALID_ARGUMENT", "'systemDiskSizeGB'"),
        (json!({"imageName": null}), "INVALID_ARGUMENT", "Parameter ImageName missing"),
        (json!({"imageUrl": null}), "INVALID_ARGUMENT", "Parameter ImageUrl missing"),
        (json!({"diskFormat": "vdi"}), "INVALID_ARGUMENT", "'diskFormat'"),
        (json!({"architecture": "mips"}), "INVALID_ARGUMENT", "'architecture'"),
        (json!({"osType": "other"}), "INVALID_ARGUMENT", "'osType'"),
        (json!({"bootMode": "both"}), "INVALID_ARGUMENT", "'bootMode'"),
        (json!({"dataDisks": []}), "INVALID_ARGUMENT", "'dataDisks'"),
        (json!({"forceImport": "maybe"}), "INVALID_ARGUMENT", "'forceImport'"),
    ] {
        let message = import(&door, change.clone()).await.refused(400, status);
        assert!(message.contains(says), "{change}: {message}");
    }
    for (object, code) in [("absent.raw", 404), ("empty.raw", 400)] {
        let answer = import(&door, json!({"imageUrl": url(object)})).await;
        assert_eq!(answer.status, code, "{object}: {}", answer.body);
        assert!(answer.body["error"]["status"].is_string());
    }
    // The parameter is named as an import has it.
    std::fs::File::create(folder.join("large.raw")).unwrap().set_len(41 << 30).unwrap();
    let small = import(&door, json!({"imageUrl": url("large.raw")})).await;
    assert_eq!(small.refused(400, "OUT_OF_RANGE"), "SystemDiskSizeGB out of range");
    let absent = format!("https://absent.s3.{HERE}.jdcloud-oss.com/web.raw");
    assert_eq!(import(&door, json!({"imageUrl": absent})).await.status, 404);
    // api-20: an address of anywhere else is none, whether anything answers there or not.
    for wrong in [
        "http://127.0.0.1/web.raw",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://images.s3.cn-north-1.jdcloud-oss.com.evil.example/web.raw",
        "https://images.s3.cn-north-1.jdcloud-oss.com@evil.example/web.raw",
    ] {
        let message =
            import(&door, json!({"imageUrl": wrong})).await.refused(400, "INVALID_ARGUMENT");
        assert!(message.contains("'imageUrl'"), "{message}");
    }
    assert!(tasks(&door, &[]).await.is_empty());
    door.world.check_world().await;
}

#[tokio::test]
async fn exports_are_refused_in_the_clouds_words() {
    let door = Door::open().await;
    bucket(&door, &[]);
    let image = door.image(HERE, "web").await;
    let path = format!("/images/{image}:exportImage");
    let good =
        json!({"roleName": "r", "ossUrl": format!("https://s3.{HERE}.jdcloud-oss.com/images")});
    for (change, status, says) in [
        (json!({"roleName": null}), "INVALID_ARGUMENT", "Parameter RoleName missing"),
        (json!({"ossUrl": null}), "INVALID_ARGUMENT", "Parameter OssUrl missing"),
        (json!({"ossUrl": url("x")}), "INVALID_ARGUMENT", "more than a bucket"),
        (
            json!({"ossUrl": "https://images.s3.cn-east-2.jdcloud-oss.com"}),
            "CONFLICT",
            "OssRegion 'cn-east-2'",
        ),
        (json!({"ossPrefix": "a/b"}), "INVALID_ARGUMENT", "'ossPrefix'"),
        (json!({"ossPrefix": "a".repeat(33)}), "INVALID_ARGUMENT", "'ossPrefix'"),
        (json!({"isAllDisk": "x"}), "INVALID_ARGUMENT", "'isAllDisk'"),
    ] {
        let mut body = good.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let message = door.post(HERE, &path, body).await.refused(400, status);
        assert!(message.contains(says), "{change}: {message}");
    }
    let absent =
        json!({"roleName": "r", "ossUrl": format!("https://absent.s3.{HERE}.jdcloud-oss.com/")});
    assert_eq!(door.post(HERE, &path, absent).await.status, 404);
    // api-11: what is another's is nobody's.
    let foreign = door.post_as(&door.stranger, HERE, &path, good.clone()).await;
    assert_eq!(foreign.refused(404, "NOT_FOUND"), format!("Image '{image}' not found"));
    assert!(tasks(&door, &[]).await.is_empty());
}

#[tokio::test]
async fn tasks_are_found_by_what_they_are() {
    let door = Door::open().await;
    let folder = bucket(&door, &[]);
    sparse(&folder, "web.raw", &disk(1, 1, Some));
    let made = import(&door, json!({})).await.ok();
    let id = text(&made, "taskId");
    let whole = id.parse().unwrap();
    for (query, count) in [
        (&[("taskAction", "ImportImage")][..], 1),
        (&[("taskAction", "ExportImage")], 0),
        (&[("taskStatus", "pending")], 1),
        (&[("taskStatus", "failed")], 0),
        (&[("taskIds.1", id.as_str()), ("taskIds.2", "other")], 1),
        (&[("taskIds.1", "other")], 0),
        (&[("startTime", "2023-11-14 00:00:00")], 1),
        (&[("endTime", "2023-11-14 00:00:00")], 0),
    ] {
        assert_eq!(tasks(&door, query).await.len(), count, "{query:?}");
    }
    for wrong in [
        [("taskAction", "CopyImage")],
        [("taskStatus", "done")],
        [("startTime", "yesterday")],
        [("pageNumber", "x")],
    ] {
        door.get(HERE, "/imageTasks", &wrong).await.refused(400, "INVALID_ARGUMENT");
    }
    let other = door.get_as(&door.stranger, HERE, "/imageTasks", &[("taskIds.1", &id)]).await.ok();
    assert_eq!(other, json!({"taskSet": [], "totalCount": 0}));
    // The cloud has no word for a cancelled task: it failed, and why is told.
    door.world.region(HERE).cancel_task(&door.world.caller, &whole).await.unwrap();
    door.world.run_until_idle().await;
    let failed = tasks(&door, &[("taskStatus", "failed")]).await;
    assert_eq!((failed.len(), text(&failed[0], "errorInfo")), (1, "it was cancelled".to_owned()));
}

/// The system disk alone, unless every disk is asked for.
#[tokio::test]
async fn the_system_disk_is_exported_and_with_it_all_where_that_is_asked_for() {
    let door = Door::open().await;
    let folder = bucket(&door, &[]);
    let disks = [disk(1, 2, Some), disk(2, 3, Some)];
    let made = door.world.import(HERE, "web", &disks).await;
    let path = format!("/images/{}:exportImage", spelled(made.id.as_str()));
    for (all, count) in [(Value::Null, 1), (json!(false), 1), (json!(true), 2)] {
        let body = json!({"roleName": "r", "ossUrl": url(""), "isAllDisk": all});
        let id = text(&door.post(HERE, &path, body).await.ok(), "taskId");
        door.world.run_until_idle().await;
        let done = tasks(&door, &[("taskIds.1", &id)]).await;
        assert_eq!(done[0]["taskStatus"], "finished", "{done:?}");
        let objects = done[0]["ossObjects"].as_array().unwrap();
        assert_eq!(objects.len(), count, "{objects:?}");
        for object in objects {
            std::fs::remove_file(folder.join(object.as_str().unwrap())).unwrap();
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing else is written");
    }
    door.world.check_world().await;
}
