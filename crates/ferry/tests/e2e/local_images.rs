//! Images that lie in files of a region, and what others are shown.

use crate::world::{Home, disks};

/// A service with a folder of local images, in which `disk.raw` lies for the first account.
fn with_local_disk(home: &Home) -> crate::world::Serve {
    std::fs::write(home.path("ferry.toml"), "local_images = \"images\"\n").unwrap();
    let serve = home.serve_with("serve --config ferry.toml --data data --listen 127.0.0.1:0", &[]);
    disks::mixed(&home.path("disk.raw"), 6, 1);
    home.good("image import disk.raw --name imported");
    let account = home.json("image show imported")["owner"].as_str().unwrap().to_owned();
    let folder = home.path("images").join("cn-hangzhou").join(account);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(home.path("disk.raw"), folder.join("disk.raw")).unwrap();
    serve
}

/// R002-4: an image in a local file is refused for copying, converted, and then copied.
#[test]
fn r002_4_a_file_of_the_region_is_registered_converted_and_copied() {
    let home = Home::new();
    let _serve = with_local_disk(&home);
    let local = home.good("image register disk.raw --name local -o id");
    let shown = home.json(&format!("image show {local}"));
    assert_eq!((&shown["storage"], &shown["kind"]), (&"local_file".into(), &"custom".into()));
    let refused = home.ferry("image copy local --to cn-shanghai").ended(5);
    assert!(refused.err.contains(&format!("ferry image convert {local}")), "{}", refused.err);
    let exported = home.ferry("image export local out.raw").ended(5);
    assert!(exported.err.contains("ferry image convert"), "{}", exported.err);
    home.good("instance create --name vm1 --image local");
    let unknown = home.ferry("image register other.raw --name other").ended(2);
    assert!(unknown.err.contains("no such file"), "{}", unknown.err);

    let made = home.json("image convert local --name made --wait");
    assert_ne!(made["id"], local.as_str());
    assert_eq!((&made["status"], &made["progress"]), (&"available".into(), &100.into()));
    let imported = home.json("image show imported");
    assert_eq!(made["disks"][0]["digest"], imported["disks"][0]["digest"]);
    home.good("image copy made --to cn-shanghai --wait");
    home.good("image export made --region cn-shanghai out.raw");
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
}

/// R001-2, R001-8: what the command line says of sharing and publishing.
#[test]
fn r001_2_r001_8_an_image_is_published_and_nobody_copies_it() {
    let home = Home::new();
    let _serve = home.serve();
    disks::mixed(&home.path("disk.raw"), 2, 1);
    let image = home.good("image import disk.raw --name web -o id");
    let nobody = home.ferry("image share web --with acct-zzzzzzzzzzzzzzzzzzzz").ended(4);
    assert!(nobody.err.contains("does not exist"), "{}", nobody.err);
    assert_eq!(home.json("image shares web"), serde_json::json!([]));
    home.good("image publish web --as marketplace");
    assert_eq!(home.good("image list --kind marketplace -o id"), image);
    assert_eq!(home.good("image list --kind public -o id"), "");
    home.ferry("image copy web --to cn-shanghai").ended(5);
    home.ferry("image delete web").ended(5);
    home.good("image unpublish web");
    home.good("image copy web --to cn-shanghai --wait");
}
