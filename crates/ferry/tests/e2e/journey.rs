//! Import, copy, export: byte for byte the same.

use std::os::unix::fs::FileExt;

use crate::world::{Home, disks, has, run};

/// R000-1, R000-3, R000-5: an identical image is made in each target.
#[test]
fn an_image_comes_out_of_every_region_byte_for_byte_the_same() {
    let home = Home::new();
    let _serve = home.serve();
    disks::mixed(&home.path("disk.raw"), 6, 1);
    let digest = home.good("digest disk.raw");
    let image = home.good(
        "image import disk.raw --name web --tag a=b --description first --boot-mode uefi -o id",
    );
    assert!(image.starts_with("img-") && image.len() == 24, "{image}");
    let shown = home.json("image show web");
    assert_eq!(shown["id"], image.as_str());
    assert_eq!((&shown["status"], &shown["progress"]), (&"available".into(), &100.into()));
    assert_eq!(shown["disks"][0]["digest"], digest.as_str());

    let line = "image copy web --to cn-shanghai,ap-southeast-1 --wait";
    let copied = home.good(&format!("{line} -o id"));
    let targets: Vec<&str> = copied.lines().collect();
    assert_eq!(targets.len(), 2, "{copied}");
    for (target, region) in targets.iter().zip(["cn-shanghai", "ap-southeast-1"]) {
        let there = home.json(&format!("image show {target} --region {region}"));
        assert_eq!(there["status"], "available");
        assert_eq!(there["tags"], shown["tags"]);
        assert_eq!(there["boot_mode"], "uefi");
        assert_eq!(there["disks"][0]["digest"], digest.as_str());
        let file = format!("{region}.raw");
        home.good(&format!("image export {target} --region {region} {file}"));
        assert!(disks::same(&home.path("disk.raw"), &home.path(&file)), "{region}");
        home.good(&format!("image verify {target} --region {region}"));
    }
    if has("qemu-img") {
        home.good(&format!(
            "image export {} --region cn-shanghai --format qcow2 out.qcow2",
            targets[0]
        ));
        run("qemu-img", &["check", "out.qcow2"], &home.path(""));
        run(
            "qemu-img",
            &["compare", "-f", "raw", "-F", "qcow2", "disk.raw", "out.qcow2"],
            &home.path(""),
        );
    }
}

/// Promise 3: nothing is sent twice; a new version sends what changed.
#[test]
fn a_new_version_sends_only_what_changed() {
    let home = Home::new();
    let _serve = home.serve();
    disks::mixed(&home.path("disk.raw"), 6, 2);
    home.good("image import disk.raw --name v1");
    home.good("image copy v1 --to cn-shanghai --wait");
    let again = home.json("image copy v1 --to cn-shanghai --name again --wait");
    let (sent, reused) =
        (again[0]["bytes_sent"].as_u64().unwrap(), again[0]["bytes_reused"].as_u64().unwrap());
    assert!(sent < 10_000 && reused > 6 << 20, "{again}");

    let file = std::fs::OpenOptions::new().write(true).open(home.path("disk.raw")).unwrap();
    file.write_all_at(&disks::Noise::new(9).bytes(200_000), 5 << 20).unwrap();
    drop(file);
    home.good("image import disk.raw --name v2");
    let estimate = home.json("image copy v2 --to cn-shanghai --dry-run");
    let changed = home.json("image copy v2 --to cn-shanghai --wait");
    let sent = changed[0]["bytes_sent"].as_u64().unwrap();
    assert!((200_000..600_000).contains(&sent), "{changed}");
    let foretold = estimate[0]["bytes_to_send"].as_u64().unwrap();
    assert!(foretold.abs_diff(sent) <= sent / 5, "{estimate} {changed}");
}

/// R001-9: cost grows with contents, not with virtual size.
#[test]
fn a_sparse_disk_of_eight_tebibytes_goes_through_in_seconds() {
    let home = Home::new();
    let _serve = home.serve();
    let file = std::fs::File::create(home.path("huge.raw")).unwrap();
    if file.set_len(8 << 40).is_err() {
        println!("SKIP: this file system holds no file of 8 TiB");
        return;
    }
    for at in [0, 3 << 40, (8 << 40) - 4_096] {
        file.write_all_at(&[5; 4_096], at).unwrap();
    }
    drop(file);
    let began = std::time::Instant::now();
    home.good("image import huge.raw --name huge");
    home.good("image copy huge --to cn-shanghai --wait");
    home.good("image export huge --region cn-shanghai out.raw");
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    assert_eq!(home.good("digest out.raw"), home.good("digest huge.raw"));
}

/// R001-3, R001-4: every format is the same disk.
#[test]
fn every_format_is_the_same_disk() {
    if !has("qemu-img") {
        return;
    }
    let home = Home::new();
    let _serve = home.serve();
    disks::noise(&home.path("disk.raw"), 3, 3);
    std::fs::OpenOptions::new()
        .write(true)
        .open(home.path("disk.raw"))
        .unwrap()
        .set_len(64 << 20)
        .unwrap();
    let digest = home.good("digest disk.raw");
    let formats = [
        ("qcow2", "qcow2", "compat=0.10"),
        ("qcow2", "qcow2", "compression_type=zlib"),
        ("qcow2", "qcow2", "compression_type=zstd"),
        ("qcow2", "qcow2", "cluster_size=4096"),
        ("vmdk", "vmdk", "subformat=monolithicSparse"),
        ("vmdk", "vmdk", "subformat=streamOptimized"),
        ("vpc", "vhd", "subformat=fixed,force_size=on"),
        ("vpc", "vhd", "subformat=dynamic,force_size=on"),
    ];
    for (at, (theirs, ours, option)) in formats.into_iter().enumerate() {
        let file = format!("disk{at}.{ours}");
        let mut args = vec!["convert", "-f", "raw", "-O", theirs, "-o", option];
        if option.starts_with("compression_type") {
            args.push("-c");
        }
        args.extend(["disk.raw", &file]);
        run("qemu-img", &args, &home.path(""));
        assert_eq!(home.good(&format!("digest {file} --format {ours}")), digest, "{option}");
        let image = home.json(&format!("image import {file} --name f{at} --format {ours}"));
        assert_eq!(image["disks"][0]["digest"], digest.as_str(), "{option}");
    }
}

/// R002-12: an image of several disks keeps them all, in order.
#[test]
fn an_image_of_several_disks_keeps_them_in_order() {
    let home = Home::new();
    let _serve = home.serve();
    for (name, seed) in [("system", 4), ("data1", 5), ("data2", 6)] {
        disks::noise(&home.path(name), 1, seed);
    }
    home.good("image import system --data-disk data1 --data-disk data2 --name three");
    home.good("image copy three --to cn-shanghai --wait");
    for (disk, name) in [(0, "system"), (1, "data1"), (2, "data2")] {
        home.good(&format!("image export three --region cn-shanghai --disk {disk} out{disk}"));
        assert!(disks::same(&home.path(name), &home.path(&format!("out{disk}"))), "{name}");
    }
    home.ferry("image export three --region cn-shanghai --disk 3 out3").ended(4);
}

#[test]
fn the_demonstration_runs_to_its_end_and_leaves_nothing() {
    let home = Home::new();
    disks::mixed(&home.path("disk.raw"), 4, 7);
    let temp = home.path("tmp");
    std::fs::create_dir(&temp).unwrap();
    let output = home
        .command(&["demo", "--once", "--image", "disk.raw"])
        .env("TMPDIR", &temp)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("copy v2 -> cn-shanghai"), "{text}");
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0);
    assert!(!home.path(".config/ferry/profile.toml").exists());
}
