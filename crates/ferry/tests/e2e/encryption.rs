//! Encrypted images, from the command line: R004-8 and I13.

use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::world::{Home, disks};

const MARKER: &[u8] = b"ferry-plaintext-marker-0123456789";

/// Every file under a folder that holds the bytes, but for those whose path has one of these parts.
fn files_with(folder: &Path, needle: &[u8], but: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if but.iter().any(|part| path.to_string_lossy().contains(part)) {
            continue;
        }
        if path.is_dir() {
            found.extend(files_with(&path, needle, but));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(needle.len()).any(|part| part == needle) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// R004-8, I13: an encrypted copy reads the same; neither it nor a secret lies anywhere in the clear, not even while running.
#[test]
fn r004_8_an_encrypted_copy_reads_the_same_and_nothing_of_it_lies_in_the_clear() {
    let home = Home::new();
    let serve = home.serve();
    let secret = serve.word("access key secret ");
    disks::mixed(&home.path("disk.raw"), 6, 8);
    let file = std::fs::OpenOptions::new().write(true).open(home.path("disk.raw")).unwrap();
    for place in [70_000, 3 << 20, (5 << 20) + 12_345] {
        file.write_all_at(MARKER, place).unwrap();
    }
    drop(file);
    home.good("image import disk.raw --name web");
    let key = home.good("encryption-key create --region cn-shanghai -o id");
    let line = format!("image copy web --to cn-shanghai --encryption-key {key} --wait -o id");
    let copy = home.good(&line);
    let shown = home.json(&format!("image show {copy} --region cn-shanghai"));
    assert_eq!(shown["encryption_key"], key.as_str());
    let onwards = home
        .good(&format!("image copy {copy} --from cn-shanghai --to ap-southeast-1 --wait -o id"));
    for (region, image) in [("cn-shanghai", &copy), ("ap-southeast-1", &onwards)] {
        home.good(&format!("image verify {image} --region {region}"));
        home.good(&format!("image export {image} --region {region} {region}.raw"));
        assert!(disks::same(&home.path("disk.raw"), &home.path(&format!("{region}.raw"))));
    }
    // The source is plain, and the files that we made are; all else is not.
    let but = ["cn-hangzhou", ".raw"];
    assert_eq!(files_with(&home.path(""), MARKER, &but), Vec::<String>::new());
    assert!(!files_with(&home.path("data"), MARKER, &[]).is_empty(), "the search finds nothing");
    let secret = secret.expect("the first start shows a secret");
    assert!(files_with(&home.path("data"), secret.as_bytes(), &[]).is_empty());
    assert!(files_with(&home.path(""), secret.as_bytes(), &["profile.toml"]).is_empty());

    // api-15, api-16: by name, and exit 5.
    home.ferry(&format!(
        "image copy {copy} --from cn-shanghai --to cn-hangzhou --encryption-key {key}"
    ))
    .ended(4)
    .said(&[&key, "does not exist"]);
    home.good(&format!("encryption-key disable {key} --region cn-shanghai"));
    home.ferry(&format!("image verify {copy} --region cn-shanghai"))
        .ended(5)
        .said(&[&key, "disabled"]);
    home.ferry(&format!("image export {copy} --region cn-shanghai again.raw")).ended(5);
    assert!(!home.path("again.raw").exists());
    drop(serve);
    let _serve = home.serve();
    home.ferry(&format!("image verify {copy} --region cn-shanghai")).ended(5);
    home.good(&format!("encryption-key enable {key} --region cn-shanghai"));
    home.good(&format!("image verify {copy} --region cn-shanghai"));
    home.ferry(&format!("encryption-key delete {key} --region cn-shanghai --days 7"))
        .ended(5)
        .said(&["1 images and 1 snapshots"]);
    let doomed = home
        .json(&format!("encryption-key delete {key} --region cn-shanghai --days 7 --lose-images"));
    assert_eq!(doomed["state"], "pending_deletion");
}
