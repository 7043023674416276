//! What is refused, how the command ends, and that nothing stays behind.

use std::process::Stdio;

use crate::world::{Home, disks, signal, until, wait};

fn no_image_is_left(home: &Home) {
    assert_eq!(home.good("image list -o id"), "");
    let quotas = home.json("quota show");
    for quota in quotas.as_array().unwrap() {
        assert_eq!((&quota["used"], &quota["reserved"]), (&0.into(), &0.into()), "{quota}");
    }
}

#[test]
fn without_a_service_the_user_is_told_how_to_start_one() {
    let home = Home::new();
    home.ferry("image list").ended(2).said(&["no endpoint", "ferry serve"]);
    let asked = home
        .ferry("image list --endpoint http://127.0.0.1:1 --access-key-id a --access-key-secret b");
    asked.ended(1).said(&["http://127.0.0.1:1", "ferry serve"]);
    let asked = home.ferry(
        "image list --endpoint http://127.0.0.1:1 --access-key-id a --access-key-secret b -o json",
    );
    let problem: serde_json::Value = serde_json::from_str(&asked.ended(1).err).unwrap();
    assert_eq!(
        (&problem["code"], &problem["retryable"]),
        (&"endpoint_unreachable".into(), &true.into())
    );
}

#[test]
fn each_refusal_has_its_exit_code() {
    let home = Home::new();
    let serve = home.serve();
    disks::noise(&home.path("disk.raw"), 1, 1);
    let image = home.good("image import disk.raw --name web -o id");
    home.good("image import disk.raw --name twin");
    home.good("image import disk.raw --name twin");
    let absent = "img-zzzzzzzzzzzzzzzzzzzz";
    let wrong_key = format!(
        "--endpoint {} --access-key-id {} --access-key-secret wrong",
        serve.endpoint, "FERRYAAAAAAAAAAAAAAAAAAAA"
    );
    let table = [
        (format!("image show {absent}"), 4, vec![absent]),
        ("image show nosuch".to_owned(), 4, vec!["`nosuch`", "cn-hangzhou"]),
        ("image list --region nowhere".to_owned(), 4, vec!["`nowhere`"]),
        ("image show twin".to_owned(), 5, vec!["`2` images", "by its id"]),
        ("image copy web --to cn-hangzhou".to_owned(), 5, vec!["cn-hangzhou"]),
        ("image copy web --to nowhere".to_owned(), 4, vec!["`nowhere`"]),
        (format!("image copy {absent} --to cn-shanghai"), 4, vec![absent]),
        (format!("image cancel {image}"), 5, vec![&image]),
        (format!("image list {wrong_key}"), 6, vec!["access key"]),
        ("image import nosuch.raw --name web".to_owned(), 4, vec!["nosuch.raw"]),
        ("image import disk.raw --name web --format qcow2".to_owned(), 5, vec!["FormatMismatch"]),
        ("image export web disk.raw".to_owned(), 5, vec!["disk.raw", "--force"]),
        ("image import disk.raw --name http://web".to_owned(), 2, vec!["begins with `http://`"]),
        ("copy show copy-zzzzzzzzzzzzzzzzzzzz".to_owned(), 4, vec!["copy-zzzzzzzzzzzzzzzzzzzz"]),
    ];
    for (line, code, words) in table {
        home.ferry(&line).ended(code).said(&words);
    }
}

/// bad-02, bad-16 to bad-18 through the whole program: named, refused, nothing left.
#[test]
fn a_bad_image_is_refused_by_name_and_leaves_nothing() {
    let home = Home::new();
    let _serve = home.serve();
    std::fs::write(home.path("empty"), b"").unwrap();
    std::fs::write(home.path("odd"), [1; 511]).unwrap();
    let mut qcow2 = vec![0; 65_536];
    qcow2[..8].copy_from_slice(b"QFI\xfb\x00\x00\x00\x09");
    std::fs::write(home.path("version9"), qcow2).unwrap();
    for (file, code) in [
        ("empty", "InvalidImageSize"),
        ("odd", "InvalidImageSize"),
        ("version9", "UnsupportedImage"),
    ] {
        let done = home.ferry(&format!("image import {file} --name bad"));
        assert_eq!(done.code, Some(5), "{file}: {}", done.err);
        assert!(done.err.contains(code) || done.err.contains("Malformed"), "{file}: {}", done.err);
    }
    no_image_is_left(&home);
}

/// R003-7, R003-8: several targets, each told apart.
#[test]
fn one_unknown_target_among_good_ones_is_partly_done() {
    let home = Home::new();
    let _serve = home.serve();
    disks::noise(&home.path("disk.raw"), 1, 2);
    home.good("image import disk.raw --name web");
    let done = home.ferry("image copy web --to cn-shanghai,nowhere --wait -o json").ended(3);
    let results: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(results[0]["status"], "done");
    assert_eq!(results[1]["region"], "nowhere");
    assert_eq!(results[1]["problem"]["code"], "region_unknown");
    let ids = home
        .ferry("image copy web --to ap-southeast-1,nowhere --wait -o id")
        .ended(3)
        .said(&["`nowhere`"]);
    assert_eq!(ids.out.lines().count(), 1);
}

const SLOW: &str = r#"
listen = "127.0.0.1:0"
data = "data"
[[regions]]
name = "north"
[[regions]]
name = "south"
[[links]]
source = "north"
target = "south"
bytes_per_sec = 1000000
"#;

/// R000-10: a running copy is cancelled and leaves nothing; R000-2: its rate and time left are shown.
#[test]
fn a_running_copy_is_shown_waited_for_and_cancelled() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), SLOW).unwrap();
    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    disks::noise(&home.path("disk.raw"), 64, 3);
    home.good("image import disk.raw --name web");
    let target = home.good("image copy web --to south -o id");
    let copy = home.json("copy list --state live")[0]["id"].as_str().unwrap().to_owned();
    until("the copy moves", || {
        let copy = home.json(&format!("copy show {copy}"));
        (copy["bytes_sent"].as_u64()? > 0 && copy["seconds_left"].as_u64()? > 0).then_some(())
    });
    home.ferry(&format!("copy watch {copy} --timeout 1s")).ended(7).said(&["time to wait"]);
    home.ferry("image copy web --to south").ended(5).said(&[&copy]);
    home.ferry("image delete web --force").ended(5).said(&[&copy]);
    home.ferry(&format!("image delete {target} --region south")).ended(5).said(&["cancel"]);
    home.good(&format!("image cancel {target} --region south"));
    until("the image is gone", || {
        (home.ferry(&format!("image show {target} --region south")).code == Some(4)).then_some(())
    });
    until("the copy has ended", || {
        (home.json(&format!("copy show {copy}"))["status"] == "cancelled").then_some(())
    });
    home.ferry(&format!("copy watch {copy}")).ended(1).said(&["cancelled"]);
    home.good("image delete web");
    no_image_is_left(&home);
}

#[test]
fn waiting_for_a_slow_copy_ends_in_time_and_the_copy_goes_on() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), SLOW).unwrap();
    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    disks::noise(&home.path("disk.raw"), 16, 4);
    home.good("image import disk.raw --name web");
    let done = home.ferry("image copy web --to south --wait --timeout 1s -o id").ended(7);
    assert!(done.out.starts_with("img-"), "{}", done.out);
    assert_eq!(home.json("copy list --state live").as_array().unwrap().len(), 1);
}

#[test]
fn an_interrupted_import_leaves_nothing() {
    let home = Home::new();
    let _serve = home.serve();
    disks::noise(&home.path("disk.raw"), 600, 5);
    let mut child = home
        .command(&["image", "import", "disk.raw", "--name", "web"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("the import has begun", || (!home.good("image list -o id").is_empty()).then_some(()));
    signal(&child, rustix::process::Signal::INT);
    assert_eq!(wait(&mut child).code(), Some(1));
    no_image_is_left(&home);
}
