//! What commands write: tables, JSON, ids; and the small nouns.

use crate::world::{Home, disks};

#[test]
fn listings_are_tables_json_or_ids_and_follow_their_pages() {
    let home = Home::new();
    let _serve = home.serve();
    disks::noise(&home.path("disk.raw"), 1, 1);
    for at in 0..5 {
        home.good(&format!("image import disk.raw --name web{at}"));
    }
    let table = home.good("image list");
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    let objects = home.json("image list");
    for field in ["id", "name", "region", "status", "progress"] {
        assert!(objects[0].get(field).is_some(), "{field}");
    }
    assert_eq!(home.good("image list -o id --limit 3").lines().count(), 3);
    assert_eq!(home.good("image list -o id --name web3").lines().count(), 1);
    assert_eq!(home.good("image list -o id --status creating"), "");
}

/// R004-10: an image that instances use is deleted by force alone; R000-13: snapshots by origin.
#[test]
fn the_small_nouns_do_what_they_say() {
    let home = Home::new();
    let _serve = home.serve();
    disks::noise(&home.path("disk.raw"), 1, 2);
    let image = home.good("image import disk.raw --name web -o id");
    let other = home.good("image import disk.raw --name other -o id");
    let instance = home.good("instance create --name vm1 --image web -o id");
    assert_eq!(home.json("instance list")[0]["image"], image.as_str());
    home.ferry("image delete web").ended(5).said(&["instances"]);
    home.good(&format!("instance change-disk {instance} --image other"));
    home.ferry(&format!("image delete {other}")).ended(5);
    home.good(&format!("instance delete {instance}"));

    assert_eq!(home.good("snapshot list --origin imported -o id").lines().count(), 2);
    assert_eq!(home.good("snapshot list --origin copied -o id"), "");
    let snapshot = home.json("image show web")["disks"][0]["snapshot"].as_str().unwrap().to_owned();
    home.ferry(&format!("snapshot delete {snapshot}")).ended(5).said(&[&image]);
    home.good("image delete web --keep-snapshots");
    assert_eq!(home.json(&format!("snapshot show {snapshot}"))["status"], "available");
    home.good(&format!("snapshot delete {snapshot}"));

    home.good("image edit other --name renamed --tag a=b --tag c=");
    assert_eq!(home.json("image show renamed")["tags"]["a"], "b");
    home.good("image edit renamed --no-tags");
    assert_eq!(home.json("image show renamed")["tags"], serde_json::json!({}));

    home.good("quota set image 1");
    home.ferry("image import disk.raw --name more").ended(5).said(&["quota"]);
    assert_eq!(home.good("region list -o id").lines().count(), 3);
}

#[test]
fn a_new_key_works_and_a_deleted_one_does_not() {
    let home = Home::new();
    let serve = home.serve();
    let key = home.json("key create");
    let (id, secret) = (key["id"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let with =
        format!("--endpoint {} --access-key-id {id} --access-key-secret {secret}", serve.endpoint);
    home.good(&format!("region list {with}"));
    assert_eq!(home.good("key list -o id").lines().count(), 2);
    home.ferry("key create").ended(5);
    home.good(&format!("key delete {id}"));
    home.ferry(&format!("region list {with}")).ended(6);
    let mut command = home.command(&["region", "list", "-o", "id"]);
    let (first, its_secret) =
        (serve.word("access key id ").unwrap(), serve.word("access key secret ").unwrap());
    std::fs::remove_file(home.path(".config/ferry/profile.toml")).unwrap();
    command
        .env("FERRY_ENDPOINT", &serve.endpoint)
        .env("FERRY_ACCESS_KEY_ID", first)
        .env("FERRY_ACCESS_KEY_SECRET", its_secret);
    assert!(command.output().unwrap().status.success());
}

#[test]
fn the_doctor_finds_a_healthy_service_and_a_missing_one() {
    let home = Home::new();
    let serve = home.serve();
    let findings = home.json("doctor --data data");
    let failed: Vec<_> =
        findings.as_array().unwrap().iter().filter(|one| one["status"] == "fail").collect();
    assert!(failed.is_empty(), "{failed:?}");
    let databases = |findings: &serde_json::Value| {
        let found = findings.as_array().unwrap().iter().find(|one| one["id"] == "databases");
        found.unwrap().clone()
    };
    let told = databases(&findings)["detail"].as_str().unwrap().to_owned();
    assert!(told.contains("`nonces.db` with NORMAL"), "{told}");
    serve.stop();
    home.ferry("doctor --data data").ended(1);
    let deep = home.ferry("doctor --data data --deep");
    assert!(deep.out.contains("every chunk is whole"), "{}", deep.out);
    // The mode in the header of the file with the nonces, and then its rows.
    let path = home.path("data/nonces.db");
    let whole = std::fs::read(&path).unwrap();
    let mut other = whole.clone();
    other[18..20].copy_from_slice(&[1, 1]);
    std::fs::write(&path, &other).unwrap();
    let shallow = home.ferry("doctor --data data");
    assert!(shallow.out.contains("nonces.db` is not in WAL mode"), "{}", shallow.out);
    let mut broken = whole;
    broken[4_096..].fill(0xff);
    std::fs::write(&path, &broken).unwrap();
    let deep = home.ferry("doctor --data data --deep").ended(1);
    assert!(!deep.out.contains("every chunk is whole"), "{}", deep.out);
}

#[test]
fn ferry_describes_itself() {
    let home = Home::new();
    assert!(home.good("completions bash").contains("_ferry"));
    home.good("man pages");
    assert!(home.path("pages/ferry-image-copy.1").exists());
    let described: serde_json::Value = serde_json::from_str(&home.good("openapi")).unwrap();
    assert!(described["paths"].as_object().unwrap().len() > 10);
    for line in ["--help", "image copy --help", "--version"] {
        home.good(line);
    }
    home.ferry("image").ended(2);
}
