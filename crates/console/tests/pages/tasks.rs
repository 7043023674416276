//! Tasks: what begins an import, how it goes on, how it is cancelled.

use axum::http::StatusCode;
use model::{
    Architecture, BootMode, DiskFormat, ImageStatus, Name, OsType, Role, Storage, TaskState,
};
use region::testing::disk;
use region::{ExportImage, ExportedDisks, TaskSearch, TaskView};

use crate::acting::{foreigner, with_role};
use crate::kit::{Site, Visitor};

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 2, |chunk| (chunk == 0).then_some(seed))
}

/// What a form of an import is sent with.
fn import<'v>(objects: &'v str, token: &'v str) -> Vec<(&'static str, &'v str)> {
    vec![
        ("bucket", "images"),
        ("objects", objects),
        ("format", "raw"),
        ("name", "golden"),
        ("description", "of two disks"),
        ("architecture", "arm64"),
        ("os_type", "windows"),
        ("platform", "Windows 2025"),
        ("boot_mode", "bios"),
        ("family", "web"),
        ("tags", "a=1"),
        ("token", token),
    ]
}

async fn tasks(site: &Site) -> Vec<TaskView> {
    let region = site.world.region(HERE);
    region.search_tasks(&site.world.caller, TaskSearch::default()).await.unwrap().items
}

async fn token_of(visitor: &mut Visitor, path: &str) -> String {
    let form = visitor.get(path).await;
    let (_, rest) = form.is(StatusCode::OK).text.split_once("name=\"token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// From the form to the available image, with all that was typed; sent twice it is one.
#[tokio::test]
async fn objects_are_imported_by_a_form() {
    let site = Site::open([HERE]).await;
    let folder = site.world.bucket(HERE, &site.world.caller, "images");
    std::fs::write(folder.join("system.raw"), small(1)).unwrap();
    std::fs::write(folder.join("data.raw"), small(2)).unwrap();
    let mut visitor = site.visitor().await;
    let path = format!("/regions/{HERE}/import");
    visitor.get("/tasks").await.has(&format!("href=\"{path}\">Import image"));
    let form = visitor.get(&path).await;
    form.has(&format!("ferry image import disk.qcow2 --name golden --region {HERE}"));
    form.has(&format!("<code>{HERE}/{}/</code>", site.world.caller.account)).has("vmdk");
    let token = token_of(&mut visitor, &path).await;
    let typed = import("system.raw\r\n\r\n data.raw \r\n", &token);
    let done = visitor.post(&path, &typed).await;
    let again = visitor.post(&path, &typed).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), again.location());
    let task = tasks(&site).await;
    assert_eq!(task.len(), 1);
    let task = &task[0];
    assert_eq!(done.location(), format!("/regions/{HERE}/tasks/{}", task.id));
    let page = visitor.get(done.location()).await;
    page.is(StatusCode::OK).has("golden is being imported").has("Import of golden").has("Waiting");
    page.has("images/system.raw").has("images/data.raw").has("Data disk 1").has("Cancel task");
    site.world.run_until_idle().await;
    visitor.get(done.location()).await.has("Done").lacks("Cancel task");
    let image = site.world.region(HERE).image(&site.world.caller, &task.image).await.unwrap();
    assert_eq!((image.name.as_str(), image.status), ("golden", ImageStatus::Available));
    assert_eq!(image.attributes.architecture, Architecture::Arm64);
    assert_eq!(
        (image.attributes.os_type, image.attributes.boot_mode),
        (OsType::Windows, BootMode::Bios)
    );
    assert_eq!(image.attributes.platform.as_str(), "Windows 2025");
    assert_eq!(image.family.unwrap().to_string(), "web");
    assert_eq!(image.tags.iter().collect::<Vec<_>>(), [("a", "1")]);
    assert_eq!(site.world.read_disk(HERE, &image.id, 0).await, small(1));
    assert_eq!(site.world.read_disk(HERE, &image.id, 1).await, small(2));
}

#[tokio::test]
async fn an_import_that_is_refused_keeps_what_was_typed_and_marks_the_field() {
    let site = Site::open([HERE]).await;
    let mut visitor = site.visitor().await;
    let path = format!("/regions/{HERE}/import");
    let token = token_of(&mut visitor, &path).await;
    let marked = |text: &str, field: &str| {
        assert_eq!(text.matches("aria-invalid").count(), 1, "{text}");
        let (_, rest) = text.split_once(&format!("name=\"{field}\"")).unwrap();
        assert!(
            rest.split('>').next().unwrap().contains("aria-describedby=\"form-problem\""),
            "{field}"
        );
    };
    let no_bucket = visitor.post(&path, &import("system.raw", &token)).await;
    no_bucket
        .is(StatusCode::CONFLICT)
        .has("Bucket images does not exist")
        .has("\nsystem.raw</textarea>");
    no_bucket.has("value=\"golden\"").has("value=\"of two disks\"").has("value=\"Windows 2025\"");
    no_bucket.has("<option value=\"arm64\" selected>").has("<option value=\"windows\" selected>");
    no_bucket
        .has("<option value=\"raw\" selected>")
        .has("<option value=\"bios\" selected>")
        .has("\na=1</textarea>");
    marked(&no_bucket.text, "bucket");
    let folder = site.world.bucket(HERE, &site.world.caller, "images");
    std::fs::write(folder.join("note.txt"), "no disk").unwrap();
    let many = "x.raw\n".repeat(18);
    for objects in ["absent.raw", "note.txt", "../../etc/passwd", "/etc/passwd", "", &many] {
        let refused = visitor.post(&path, &import(objects, &token)).await;
        assert!(refused.status.is_client_error(), "{objects}");
        marked(&refused.text, "objects");
    }
    let mut typed = import("<b>", &token);
    typed[3].1 = "</title><script>";
    visitor.post(&path, &typed).await.lacks("<b>").lacks("<script>");
    typed[6].1 = "amiga";
    visitor.post(&path, &typed).await.is(StatusCode::BAD_REQUEST);
    visitor.post(&path, &import("x", "")).await.is(StatusCode::BAD_REQUEST);
    assert!(tasks(&site).await.is_empty());
}

#[tokio::test]
async fn who_may_only_read_begins_no_import_and_cancels_nothing() {
    let site = Site::open([HERE]).await;
    let task = waiting(&site).await;
    let mut reader = with_role(&site, Role::Reader).await;
    let import_path = format!("/regions/{HERE}/import");
    let register_path = format!("/regions/{HERE}/register");
    let task_path = format!("/regions/{HERE}/tasks/{}", task.id);
    let cancel_path = format!("{task_path}/cancel");
    for path in [&import_path, &register_path, &cancel_path] {
        reader.get(path).await.is(StatusCode::FORBIDDEN).lacks("btn primary").lacks("btn danger");
    }
    reader.get("/tasks").await.has(task.id.as_str()).lacks("/import\"").lacks("/cancel\"");
    reader.get(&task_path).await.is(StatusCode::OK).lacks("/cancel\"");
    reader.post(&import_path, &import("system.raw", "token")).await.is(StatusCode::FORBIDDEN);
    let mut typed = import("", "token");
    typed.push(("file", "disk.raw"));
    reader.post(&register_path, &typed).await.is(StatusCode::FORBIDDEN);
    reader.post(&cancel_path, &[]).await.is(StatusCode::FORBIDDEN);
    assert_eq!(tasks(&site).await[0].state, TaskState::Waiting);
}

/// An export that waits, of an image with a hostile name.
async fn waiting(site: &Site) -> TaskView {
    let image = site.world.import(HERE, "<b>golden", &[small(1)]).await;
    site.world.bucket(HERE, &site.world.caller, "images");
    let command = ExportImage {
        image: image.id,
        bucket: model::BucketName::new("images").unwrap(),
        prefix: None,
        format: DiskFormat::Raw,
        disks: ExportedDisks::All,
    };
    site.world.region(HERE).export_image(&site.world.caller, command).await.unwrap()
}

#[tokio::test]
async fn a_task_is_listed_shown_and_cancelled() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    visitor
        .get("/tasks")
        .await
        .has("There are no such tasks in cn-hangzhou")
        .has("/regions/cn-shanghai/import");
    let task = waiting(&site).await;
    let path = format!("/regions/{HERE}/tasks/{}", task.id);
    let list = visitor.get("/tasks?region=cn-hangzhou").await;
    list.has("Export").has("Waiting").has("&#60;b&#62;golden").has("1–1 of 1").lacks("<b>golden");
    list.has(&format!("images/{}_system.raw", task.image))
        .has(&format!("{path}/cancel\" data-dialog"));
    visitor.get("/tasks?region=cn-hangzhou&show=live").await.has(task.id.as_str());
    visitor.get("/tasks?region=cn-hangzhou&show=done").await.lacks(task.id.as_str());
    visitor.get("/tasks?region=cn-shanghai").await.lacks(task.id.as_str());
    let mut other = foreigner(&site).await;
    other.get("/tasks").await.lacks(task.id.as_str());
    other.get(&path).await.is(StatusCode::NOT_FOUND);
    other.get(&format!("{path}/cancel")).await.is(StatusCode::NOT_FOUND);
    other.get("/").await;
    other.post(&format!("{path}/cancel"), &[]).await.is(StatusCode::NOT_FOUND);
    let mut watched = visitor.watch(&path).await;
    assert!(watched.next().await.unwrap().1.contains("Waiting"));
    visitor
        .get(&format!("{path}/cancel"))
        .await
        .has("Nothing of it stays in the bucket")
        .has("btn danger");
    assert_eq!(visitor.post(&format!("{path}/cancel"), &[]).await.location(), path);
    assert!(watched.next().await.unwrap().1.contains("Cancelled"));
    visitor.get(&path).await.has("The task was cancelled").has("Cancelled").lacks("/cancel\"");
    visitor.get("/tasks?show=cancelled").await.has(task.id.as_str());
    let ended = visitor.get(&format!("{path}/cancel")).await;
    ended.is(StatusCode::CONFLICT).has("is cancelled already").lacks("btn danger");
    site.world.run_until_idle().await;
    let folder = site.world.bucket(HERE, &site.world.caller, "images");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[tokio::test]
async fn a_task_that_failed_says_why_in_both_languages() {
    let site = Site::open([HERE]).await;
    let task = waiting(&site).await;
    std::fs::remove_dir(site.world.bucket(HERE, &site.world.caller, "images")).unwrap();
    site.world.run_until_idle().await;
    let path = format!("/regions/{HERE}/tasks/{}", task.id);
    let mut visitor = site.visitor().await;
    visitor.get(&path).await.has("Failed").has("the bucket is not there any more");
    visitor.get("/tasks?show=failed").await.has("the bucket is not there any more");
    visitor.post("/settings", &[("language", "zh"), ("next", "/tasks")]).await;
    visitor.get("/tasks").await.has("失败").has("存储空间已不存在").has("导入镜像");
}

#[tokio::test]
async fn a_page_has_fifty_tasks() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    for number in 0..53 {
        site.world.bucket(HERE, &site.world.caller, &format!("bucket-{number}"));
        let command = ExportImage {
            image: image.id.clone(),
            bucket: model::BucketName::new(&format!("bucket-{number}")).unwrap(),
            prefix: None,
            format: DiskFormat::Raw,
            disks: ExportedDisks::All,
        };
        let region = site.world.region(HERE);
        let task = region.export_image(&site.world.caller, command).await.unwrap();
        region.cancel_task(&site.world.caller, &task.id).await.unwrap();
    }
    let rows = |text: &str| text.matches("<tr id=\"task-").count();
    let mut visitor = site.visitor().await;
    let all = visitor.get("/tasks").await;
    all.has("All of cn-hangzhou");
    assert_eq!(rows(&all.text), 20);
    assert_eq!(rows(&visitor.get("/tasks?region=cn-hangzhou").await.text), 50);
    assert_eq!(rows(&visitor.get("/tasks?region=cn-hangzhou&page=2").await.text), 3);
    assert_eq!(rows(&visitor.get("/tasks?region=cn-hangzhou&page=77").await.text), 3);
}

/// R002-4: a file of the region's local images is registered where it is.
#[tokio::test]
async fn r002_4_a_local_file_is_registered_by_a_form() {
    let site = Site::open([HERE]).await;
    let file = site.world.local_folder(&site.world.caller).join("disk.raw");
    std::fs::write(file, small(1)).unwrap();
    let mut visitor = site.visitor().await;
    let path = format!("/regions/{HERE}/register");
    let token = token_of(&mut visitor, &path).await;
    let with = |file: &'static str| {
        let mut typed = import("", &token);
        typed.push(("file", file));
        typed
    };
    for wrong in ["", "../disk.raw", "absent.raw", ".."] {
        let refused = visitor.post(&path, &with(wrong)).await;
        refused
            .is(StatusCode::UNPROCESSABLE_ENTITY)
            .has(&format!("name=\"file\" value=\"{wrong}\""));
        refused.has("aria-invalid").has("value=\"golden\"");
    }
    let done = visitor.post(&path, &with("disk.raw")).await;
    let image = done.location().rsplit('/').next().unwrap().parse().unwrap();
    let image = site.world.region(HERE).image(&site.world.caller, &image).await.unwrap();
    assert_eq!((image.name, image.storage), (Name::new("golden").unwrap(), Storage::LocalFile));
}
