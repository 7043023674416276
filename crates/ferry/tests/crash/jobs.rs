//! What a region does by itself, killed on the way: imports of objects, exports of images, conversions of local images. Each goes
//! on when the service is there again, with nobody asking.

use std::path::{Path, PathBuf};

use crate::world::{Home, disks, until};
use crate::{SERVE, ends_clean, killed, serve_until};

const LOCAL: &str = "serve --config local.toml --data data --listen 127.0.0.1:0";

/// An import of an object.
pub fn check_object_import(point: &str) {
    let home = Home::new();
    let serve = home.serve();
    let bucket = bucket(&home);
    disks::noise(&home.path("disk.raw"), 40, 1);
    std::fs::copy(home.path("disk.raw"), bucket.join("disk.raw")).unwrap();
    assert!(serve.stop().success());

    let serve = serve_until(&home, SERVE, point);
    let line = "image import-object images/disk.raw --name web --token once -o id";
    let asked = home.ferry(line);
    killed(serve, point);
    let serve = home.serve();
    let task = match asked.code {
        Some(0) => asked.out.trim_end().to_owned(),
        // The same request with the same token: one task, whether the first was recorded or not.
        _ => home.good(line),
    };
    is_done(&home, &task);
    assert_eq!(home.good("task list -o id"), task);
    assert_eq!(names(&bucket), ["disk.raw"]);
    is_one_image_of_the_disk(&home);
    ends_clean(&home, serve);
}

/// An export of two disks: at no time is anything seen that is not whole, and at the end nothing is hidden.
pub fn check_export(point: &str) {
    let home = Home::new();
    let serve = with_two_disks(&home);
    let bucket = bucket(&home);
    assert!(serve.stop().success());

    let serve = serve_until(&home, SERVE, point);
    let asked = home.ferry("image export-object web --bucket images --format raw -o id");
    killed(serve, point);
    assert_eq!(asked.code, Some(0), "{}", asked.err);
    are_whole(&home, &bucket);
    let serve = home.serve();
    is_done(&home, asked.out.trim_end());
    assert_eq!(names(&bucket).len(), 2, "{:?}", names(&bucket));
    are_whole(&home, &bucket);
    ends_clean(&home, serve);
}

/// An export that is cancelled, killed when that is recorded: what it wrote goes all the same.
pub fn check_cancelled_export(point: &str) {
    let home = Home::new();
    let serve = with_two_disks(&home);
    let bucket = bucket(&home);
    assert!(serve.stop().success());

    let serve = serve_until(&home, SERVE, point);
    let task = loop {
        let export = "image export-object web --bucket images --format raw -o id";
        let task = home.good(export);
        until("it has begun", || (!names(&bucket).is_empty()).then_some(()));
        // It may have ended before: then another one.
        if home.ferry(&format!("task cancel {task}")).code != Some(5) {
            break task;
        }
        for name in names(&bucket) {
            std::fs::remove_file(bucket.join(name)).unwrap();
        }
    };
    killed(serve, point);
    let serve = home.serve();
    assert_eq!(home.json(&format!("task show {task}"))["state"], "cancelled");
    until("nothing of it is left", || names(&bucket).is_empty().then_some(()));
    ends_clean(&home, serve);
}

/// A conversion of a local image (R002-4).
pub fn check_conversion(point: &str) {
    let home = Home::new();
    std::fs::write(home.path("local.toml"), "local_images = \"local\"\n").unwrap();
    let serve = home.serve_with(LOCAL, &[]);
    let folder = home.path("local").join("cn-hangzhou").join(account(&home));
    std::fs::create_dir_all(&folder).unwrap();
    disks::noise(&home.path("disk.raw"), 40, 1);
    std::fs::copy(home.path("disk.raw"), folder.join("disk.raw")).unwrap();
    home.good("image register disk.raw --name local");
    assert!(serve.stop().success());

    let serve = serve_until(&home, LOCAL, point);
    // Answered or not: it is recorded before it begins.
    home.ferry("image convert local --name web");
    killed(serve, point);
    let serve = home.serve_with(LOCAL, &[]);
    until("it is converted", || {
        (home.json("image show web")["status"] == "available").then_some(())
    });
    assert_eq!(names(&folder), ["disk.raw"]);
    is_one_image_of_the_disk(&home);
    home.good("image delete local");
    ends_clean(&home, serve);
}

/// The account that the command line signs as.
fn account(home: &Home) -> String {
    std::fs::write(home.path("small.raw"), [1; 512]).unwrap();
    home.good("image import small.raw --name small");
    let account = home.json("image show small")["owner"].as_str().unwrap().to_owned();
    home.good("image delete small");
    account
}

/// The account's bucket `images`.
fn bucket(home: &Home) -> PathBuf {
    let buckets = home.path("data").join("buckets").join("cn-hangzhou");
    let bucket = buckets.join(account(home)).join("images");
    std::fs::create_dir_all(&bucket).unwrap();
    bucket
}

/// A service with an image `web` of `disk.raw` and `data.raw`.
fn with_two_disks(home: &Home) -> crate::world::Serve {
    let serve = home.serve();
    disks::noise(&home.path("disk.raw"), 40, 1);
    disks::mixed(&home.path("data.raw"), 8, 2);
    home.good("image import disk.raw --data-disk data.raw --name web");
    serve
}

/// What lies in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every object that is seen has the bytes of its disk.
fn are_whole(home: &Home, bucket: &Path) {
    for name in names(bucket).iter().filter(|name| !name.starts_with(".ferry-")) {
        let disk = if name.ends_with("_system.raw") { "disk.raw" } else { "data.raw" };
        assert!(disks::same(&home.path(disk), &bucket.join(name)), "{name}");
    }
}

fn is_done(home: &Home, task: &str) {
    let done = until("the task has ended", || {
        let shown = home.json(&format!("task show {task}"));
        (!["waiting", "running"].contains(&shown["state"].as_str().unwrap())).then_some(shown)
    });
    assert_eq!((&done["state"], &done["progress"]), (&"done".into(), &100.into()), "{done}");
}

/// One image is named `web`, available, and of the bytes of `disk.raw`.
fn is_one_image_of_the_disk(home: &Home) {
    let web = home.json("image show web");
    assert_eq!(web["status"], "available");
    assert_eq!(home.good("image list --status creating -o id"), "");
    home.good("image export web out.raw");
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    assert_eq!(home.good("snapshot list -o id").lines().count(), 1);
}
