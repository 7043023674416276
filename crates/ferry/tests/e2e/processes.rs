//! Services that stop, start again, and stand beside each other.

use std::os::unix::fs::PermissionsExt;

use crate::world::{Home, disks};

#[test]
fn a_service_that_is_started_again_goes_on() {
    let home = Home::new();
    let serve = home.serve();
    let (id, secret) =
        (serve.word("access key id ").unwrap(), serve.word("access key secret ").unwrap());
    let profile = home.path(".config/ferry/profile.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    assert!(
        text.contains(&id) && text.contains(&secret) && text.contains(&serve.endpoint),
        "{text}"
    );
    assert_eq!(std::fs::metadata(&profile).unwrap().permissions().mode() & 0o777, 0o600);
    disks::noise(&home.path("disk.raw"), 2, 1);
    let image = home.good("image import disk.raw --name web -o id");
    assert_eq!(serve.stop().code(), Some(0));

    let serve = home.serve();
    assert_eq!(serve.word("access key secret "), None, "a secret is shown once");
    assert!(
        std::fs::read_to_string(&profile).unwrap().contains(&serve.endpoint),
        "the profile follows the port"
    );
    assert_eq!(home.good("image list -o id"), image);
    home.good("image copy web --to cn-shanghai --wait");
    serve.kill();

    let _serve = home.serve();
    home.good("image export web --region cn-shanghai out.raw");
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
}

#[test]
fn two_processes_cannot_share_a_data_folder() {
    let home = Home::new();
    let _serve = home.serve();
    home.ferry("serve --data data --listen 127.0.0.1:0").ended(2).said(&["data", "process"]);
}

#[test]
fn a_profile_of_another_service_is_not_lost() {
    let home = Home::new();
    let folder = home.path(".config/ferry");
    std::fs::create_dir_all(&folder).unwrap();
    let other =
        "endpoint = \"http://other:1\"\naccess_key_id = \"A\"\naccess_key_secret = \"precious\"\n";
    std::fs::write(folder.join("profile.toml"), other).unwrap();
    let _serve = home.serve();
    assert_eq!(std::fs::read_to_string(folder.join("profile.toml.old")).unwrap(), other);
    let log = std::fs::read_to_string(home.path("serve.log")).unwrap();
    assert!(log.contains("profile"), "{log}");
    home.good("region list");
}

fn config(here: &str, there: &str, endpoint: &str, listen: &str) -> String {
    format!(
        "listen = \"{listen}\"\ndata = \"{here}\"\naccounts = \"accounts\"\npeer_secret = \"{}\"\n\
         [[regions]]\nname = \"{here}\"\n[[regions]]\nname = \"{there}\"\nendpoint = \"{endpoint}\"\n",
        "0123456789abcdef".repeat(3)
    )
}

/// A port that was free a moment ago: each process must know the other's before it starts.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// R000-1 between processes: one region each, plain HTTP with a shared secret.
#[test]
fn two_processes_with_one_region_each_copy_between_them() {
    let home = Home::new();
    let (north, south) =
        (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    std::fs::write(
        home.path("north.toml"),
        config("north", "south", &format!("http://{south}"), &north),
    )
    .unwrap();
    std::fs::write(
        home.path("south.toml"),
        config("south", "north", &format!("http://{north}"), &south),
    )
    .unwrap();
    let _north = home.serve_with("serve --config north.toml", &[]);
    let _south = home.serve_with("serve --config south.toml", &[]);
    disks::mixed(&home.path("disk.raw"), 6, 1);
    home.good("image import disk.raw --name web --region north");
    let estimate = home.json("image copy web --from north --to south --dry-run");
    assert!(estimate[0]["bytes_to_send"].as_u64().unwrap() > 6 << 20, "{estimate}");
    let target = home.good("image copy web --from north --to south --wait -o id");
    home.good(&format!("image export {target} --region south out.raw"));
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    home.good("image copy web --from south --to north --name back --wait");
    home.good("image verify back --region north");
    assert_eq!(home.json("copy list").as_array().unwrap().len(), 2);
}

/// R004-8 between processes that share neither accounts nor master key: they name the account's sealed chunks by different id
/// keys, and a chunk that is held still does not cross twice.
#[test]
fn r004_8_two_processes_copy_encrypted_images_between_them() {
    let home = Home::new();
    let (north, south) =
        (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    let account = format!("account = \"acct-{}\"\n", "a".repeat(20));
    for (here, there, endpoint, listen) in
        [("north", "south", &south, &north), ("south", "north", &north, &south)]
    {
        let text = config(here, there, &format!("http://{endpoint}"), listen);
        let text = text.replace("accounts = \"accounts\"\n", &account);
        std::fs::write(home.path(&format!("{here}.toml")), text).unwrap();
    }
    let _north = home.serve_with("serve --config north.toml --profile north.profile", &[]);
    let _south = home.serve_with("serve --config south.toml --profile south.profile", &[]);
    disks::mixed(&home.path("disk.raw"), 6, 3);
    let at = |name: &str, line: &str| home.good(&format!("{line} --profile {name}.profile"));
    at("north", "image import disk.raw --name web --region north");
    let there = at("north", "image copy web --from north --to south --encrypt -o id");
    let there = there.lines().next().unwrap().to_owned();
    crate::world::until("the copy is there", || {
        let shown = at("south", &format!("image show {there} --region south -o json"));
        shown.contains("\"available\"").then_some(())
    });
    // Sealed on both sides, each by its own names.
    let back =
        at("south", &format!("image copy {there} --from south --to north --name back -o id"));
    let back = back.lines().next().unwrap().to_owned();
    crate::world::until("the copy is back", || {
        let shown = at("north", &format!("image show {back} --region north -o json"));
        shown.contains("\"available\"").then_some(())
    });
    at("north", &format!("image verify {back} --region north"));
    at("north", &format!("image export {back} --region north out.raw"));
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    let again = at("north", "image copy web --from north --to south --encrypt --name again -o id");
    let again = again.lines().next().unwrap().to_owned();
    crate::world::until("the second copy is there", || {
        let shown = at("south", &format!("image show {again} --region south -o json"));
        shown.contains("\"available\"").then_some(())
    });
    let copies = at("south", "copy list --region south -o json");
    let copies: serde_json::Value = serde_json::from_str(&copies).unwrap();
    let sent = |image: &str| {
        let of = |copy: &&serde_json::Value| copy["image"] == image;
        copies.as_array().unwrap().iter().find(of).unwrap()["bytes_sent"].as_u64().unwrap()
    };
    assert!(sent(&again) * 20 < sent(&there), "{copies}");
}
