//! Tasks at the native door: images of objects, and objects of images.

use api::native::wire::{FoundTasks, Image, Task};
use region::testing::disk;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Door, answer};

const IMPORTS: &str = "/v1/regions/north/object-imports";
const TASKS: &str = "/v1/regions/north/tasks";

fn import(disks: Value) -> Value {
    json!({
        "name": "web", "architecture": "x86_64", "os_type": "linux", "boot_mode": "bios",
        "tags": { "a": "b" }, "disks": disks,
    })
}

#[tokio::test]
async fn an_image_is_exported_imported_and_its_tasks_are_listed() {
    let door = Door::open(["north"]).await;
    let contents = disk(1, 5, |i| (i != 2).then_some(i));
    let image = door.world.import("north", "web", std::slice::from_ref(&contents)).await.id;
    let bucket = door.world.bucket("north", &door.world.caller, "images");
    let exports = format!("/v1/regions/north/images/{image}/object-exports");
    let to = |format: &str| json!({ "bucket": "images", "prefix": "web", "format": format });
    let export: Task = door.post(&exports, to("qcow2")).await.ok(202);
    assert_eq!((export.action.as_str(), export.state.as_str()), ("export_image", "waiting"));
    let name = format!("web_{image}_system.qcow2");
    assert_eq!((&export.objects[0].object, export.objects[0].number), (&name, 0));
    let path = format!("/v1/regions/north/images/{image}");
    door.delete(&path).await.refused(409, "image_being_exported");
    door.post(&exports, to("raw")).await.refused(409, "image_being_exported");
    door.world.run_until_idle().await;
    let done: Task = door.get(&format!("{TASKS}/{}", export.id)).await.ok(200);
    assert_eq!((done.state.as_str(), done.progress), ("done", 100));
    assert!(bucket.join(&name).is_file() && done.finished.is_some());

    let disks =
        json!([{ "bucket": "images", "object": name, "format": "qcow2", "size_bytes": 655_360 }]);
    let send = || {
        door.request(Method::POST, IMPORTS)
            .header("Idempotency-Key", "x")
            .json(&import(disks.clone()))
    };
    let task: Task = answer(send()).await.ok(202);
    let again: Task = answer(send()).await.ok(202);
    assert_eq!((&again.id, &again.image), (&task.id, &task.image));
    let made: Image = door.get(&format!("/v1/regions/north/images/{}", task.image)).await.ok(200);
    assert_eq!(made.status, "waiting");
    door.world.run_until_idle().await;
    let made: Image = door.get(&format!("/v1/regions/north/images/{}", task.image)).await.ok(200);
    assert_eq!((made.status.as_str(), made.disks[0].size_bytes), ("available", 655_360));
    let mut wanted = contents;
    wanted.resize(655_360, 0);
    assert!(door.world.read_disk("north", &made.id.parse().unwrap(), 0).await == wanted);

    let list =
        async |query: &str| -> FoundTasks { door.get(&format!("{TASKS}{query}")).await.ok(200) };
    let all = list("").await;
    assert_eq!((all.total, all.items.len()), (2, 2));
    assert_eq!(list("?limit=1&offset=1").await.items[0].id, all.items[1].id);
    assert_eq!(list("?action=export_image&state=done").await.items[0].id, export.id);
    assert_eq!(list("?state=failed").await.total, 0);
    assert_eq!(list(&format!("?image={}", task.image)).await.items[0].id, task.id);
    for wrong in ["?state=lost", "?action=copy", "?image=x", "?limit=0"] {
        door.get(&format!("{TASKS}{wrong}")).await.refused(400, "invalid_field");
    }
    door.delete(&format!("{TASKS}/{}", task.id)).await.refused(409, "task_ended");
    let absent = "task-zzzzzzzzzzzzzzzzzzzz";
    door.get(&format!("{TASKS}/{absent}")).await.refused(404, "task_not_found");
    door.delete(&format!("{TASKS}/{absent}")).await.refused(404, "task_not_found");
    door.get(&format!("{TASKS}/x")).await.refused(400, "invalid_field");
    door.world.check_world().await;
}

#[tokio::test]
async fn a_task_is_cancelled_and_its_image_is_gone() {
    let door = Door::open(["north"]).await;
    let bucket = door.world.bucket("north", &door.world.caller, "images");
    std::fs::write(bucket.join("web.raw"), disk(1, 2, Some)).unwrap();
    let disks = json!([{ "bucket": "images", "object": "web.raw" }]);
    let task: Task = door.post(IMPORTS, import(disks)).await.ok(202);
    let path = format!("{TASKS}/{}", task.id);
    for _ in 0..2 {
        let cancelled: Task = answer(door.request(Method::DELETE, &path)).await.ok(200);
        assert_eq!((cancelled.state.as_str(), cancelled.progress), ("cancelled", 0));
    }
    let image = format!("/v1/regions/north/images/{}", task.image);
    door.get(&image).await.refused(404, "image_not_found");
    door.world.assert_clean_slate("north").await;
}

/// Hostile names and files are refused with their reason, before anything is promised.
#[tokio::test]
async fn objects_that_are_none_are_refused() {
    let door = Door::open(["north"]).await;
    let bucket = door.world.bucket("north", &door.world.caller, "images");
    std::fs::write(bucket.join("odd"), [7; 100]).unwrap();
    std::fs::write(bucket.join("web.raw"), disk(1, 2, Some)).unwrap();
    let disk_of = |bucket: &str, object: &str| json!({ "bucket": bucket, "object": object });
    let sized = json!({ "bucket": "images", "object": "web.raw", "size_bytes": 512 });
    let as_vhd = json!({ "bucket": "images", "object": "web.raw", "format": "vhd" });
    let as_vdi = json!({ "bucket": "images", "object": "web.raw", "format": "vdi" });
    for (disk, status, code) in [
        (disk_of("images", "absent"), 404, "object_not_found"),
        (disk_of("absent", "web.raw"), 404, "bucket_not_found"),
        (disk_of("../x", "web.raw"), 400, "invalid_field"),
        (disk_of("images", "../../../etc/passwd"), 400, "invalid_field"),
        (disk_of("images", "/etc/passwd"), 400, "invalid_field"),
        (disk_of("images", "odd"), 400, "object_refused"),
        (sized, 400, "disk_too_small"),
        (as_vhd, 400, "object_refused"),
        (as_vdi, 400, "invalid_field"),
    ] {
        door.post(IMPORTS, import(json!([disk]))).await.refused(status, code);
    }
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await.id;
    let exports = format!("/v1/regions/north/images/{image}/object-exports");
    for (body, status, code) in [
        (json!({ "bucket": "images", "format": "vmdk" }), 400, "format_not_written"),
        (json!({ "bucket": "images", "format": "vhdx" }), 400, "invalid_field"),
        (json!({ "bucket": "images", "format": "raw", "prefix": "../x" }), 400, "invalid_field"),
        (json!({ "bucket": "absent", "format": "raw" }), 404, "bucket_not_found"),
    ] {
        door.post(&exports, body).await.refused(status, code);
    }
    let none: FoundTasks = door.get(TASKS).await.ok(200);
    assert_eq!(none.total, 0);
    door.world.assert_clean_slate("north").await;
}
