//! Snapshots by themselves, as the command line has them.

use crate::world::{Home, disks};

/// An image is copied by its snapshots alone: each goes by itself, and they make an image again where they arrive.
#[test]
fn snapshots_go_alone_and_make_an_image_where_they_arrive() {
    let home = Home::new();
    let _serve = home.serve();
    disks::mixed(&home.path("disk.raw"), 6, 1);
    disks::mixed(&home.path("data.raw"), 3, 2);
    home.good("image import disk.raw --data-disk data.raw --name web");
    let image = home.json("image show web");
    let snapshot = |n: usize| image["disks"][n]["snapshot"].as_str().unwrap().to_owned();
    let mut there = Vec::new();
    for n in 0..2 {
        let line = format!("snapshot copy {} --to cn-shanghai --wait --timeout 2m", snapshot(n));
        let done = home.json(&line);
        assert_eq!((&done["status"], &done["progress"]), (&"available".into(), &100.into()));
        assert_eq!(done["source_snapshot"], snapshot(n).as_str());
        assert_eq!(done["digest"], image["disks"][n]["digest"]);
        there.push(done["id"].as_str().unwrap().to_owned());
    }
    let listed = home.good("snapshot list --region cn-shanghai");
    assert!(listed.contains("web-disk1") && listed.contains("available"), "{listed}");
    let line = format!(
        "image create --snapshot {} --snapshot {} --name again --region cn-shanghai",
        there[0], there[1]
    );
    let made = home.json(&line);
    assert_eq!((&made["status"], &made["progress"]), (&"available".into(), &100.into()));
    home.good("image export again --region cn-shanghai --disk 1 out.raw");
    assert!(disks::same(&home.path("data.raw"), &home.path("out.raw")));
    let shown = home.good(&format!("snapshot show {} --region cn-shanghai", there[0]));
    assert!(shown.contains(made["id"].as_str().unwrap()), "{shown}");
    let used = home.ferry(&format!("snapshot delete {} --region cn-shanghai", there[0])).ended(5);
    assert!(used.err.contains("is used by image"), "{}", used.err);
    let same = home.ferry(&format!("snapshot copy {} --to cn-hangzhou", snapshot(0)));
    assert!(same.err.contains("`cn-hangzhou` already"), "{}", same.err);
    home.ferry("image create --name none").ended(2);
}
