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
