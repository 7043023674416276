//! Images of objects in a bucket, and objects of images, as the command line has them.

use crate::world::{Home, disks};

#[test]
fn an_image_goes_into_a_bucket_and_comes_back() {
    let home = Home::new();
    let _serve = home.serve();
    disks::mixed(&home.path("disk.raw"), 6, 1);
    home.good("image import disk.raw --name web");
    let shown = home.json("image show web");
    let account = shown["owner"].as_str().unwrap();
    let absent = home.ferry("image export-object web --bucket images").ended(4);
    assert!(absent.err.contains("`images`"), "{}", absent.err);
    let bucket = home.path("data").join("buckets").join("cn-hangzhou").join(account).join("images");
    std::fs::create_dir_all(&bucket).unwrap();
    for format in ["raw", "qcow2", "vhd"] {
        let line =
            format!("image export-object web --bucket images --prefix p --format {format} --wait");
        let done = home.json(&line);
        assert_eq!((&done["state"], &done["progress"]), (&"done".into(), &100.into()));
        let object = done["objects"][0]["object"].as_str().unwrap();
        assert!(bucket.join(object).is_file(), "{object}");
        let line = format!(
            "image import-object images/{object} --name {format}-again --format {format} --wait"
        );
        assert_eq!(home.json(&line)["state"], "done");
        let made = home.json(&format!("image show {format}-again"));
        assert_eq!(made["disks"][0]["digest"], shown["disks"][0]["digest"], "{format}");
        std::fs::copy(bucket.join(object), home.path(&format!("out.{format}"))).unwrap();
    }
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    assert_eq!(home.good("task list -o id").lines().count(), 6);
    assert_eq!(home.good("task list --action export_image --state done -o id").lines().count(), 3);
    let task = home.good("task list --limit 1 -o id");
    assert_eq!(home.json(&format!("task show {}", task.trim()))["state"], "done");
    let ended = home.ferry(&format!("task cancel {}", task.trim())).ended(5);
    assert!(ended.err.contains("`done` already"), "{}", ended.err);
    home.ferry("image export-object web --bucket images --format vmdk").ended(2);
    let outside = home.ferry("image import-object images/../x --name x").ended(2);
    assert!(outside.err.contains("not allowed"), "{}", outside.err);
}
