//! The SDK of JD Cloud of today and one that signs in the older way, and its command line, as their makers publish them, against a real
//! service. Each file `*.py` beside this is a story with its assertions.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../stories/mod.rs"]
mod stories;
#[path = "../world/mod.rs"]
mod world;

use stories::{Stage, stories};
use world::{Home, disks};

/// From `cn-south-1` bytes come to `cn-east-2` in hours, to `cn-east-1` in seconds. From there they come to `cn-east-2` in hours
/// too, because whoever holds an image serves it.
const SETTINGS: &str = r#"
data = "data"
listen = "127.0.0.1:0"
local_images = "local"

[[regions]]
name = "cn-north-1"

[[regions]]
name = "cn-east-2"

[[regions]]
name = "cn-east-1"

[[regions]]
name = "cn-south-1"

[[links]]
source = "cn-south-1"
target = "cn-east-2"
bytes_per_sec = 20000

[[links]]
source = "cn-south-1"
target = "cn-east-1"
bytes_per_sec = 3000000

[[links]]
source = "cn-east-1"
target = "cn-east-2"
bytes_per_sec = 20000
"#;

const STAGE: Stage = Stage { folder: "jdcloud", settings: SETTINGS, furnish };

fn furnish(home: &Home) {
    disks::mixed(&home.path("web.raw"), 2, 1);
    disks::noise(&home.path("slow.raw"), 16, 2);
    home.good("image import web.raw --name web --region cn-north-1 --platform Ubuntu");
    for name in ["one", "two", "three", "four", "five"] {
        home.good(&format!("image import web.raw --name {name} --region cn-north-1"));
    }
    home.good("image import slow.raw --name slow --region cn-south-1");
    home.good("image import web.raw --name official --region cn-north-1");
    home.good("image publish official --region cn-north-1");
    home.good("quota set image 3 --region cn-east-1");
    let account = home.json("account list")[0]["id"].as_str().unwrap().to_owned();
    let folder = home.path(&format!("local/cn-north-1/{account}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(home.path("web.raw"), folder.join("local.raw")).unwrap();
    home.good("image register local.raw --name local --region cn-north-1");
}

stories! {
    STAGE;
    /// R002-1, R002-3, R002-7, R002-8, R002-11, R002-12: copied, polled, refused while copied, cancelled.
    "copying": r002_1_images_are_copied = "venv" "1.6.354",
        r002_1_images_are_copied_under_the_older_signature = "venv-jdcloud-older" "1.6.1";
    /// Found, changed, shared, deleted; quotas, constraints, snapshots.
    "keeping": images_are_kept = "venv" "1.6.354",
        images_are_kept_under_the_older_signature = "venv-jdcloud-older" "1.6.1";
    /// Images of snapshots and of objects, objects of images.
    "buckets": images_come_from_snapshots_and_buckets_and_go_there = "venv" "1.6.354";
    /// api-01, api-04, api-11, R002-4, R002-6: each refusal by its status, name and message.
    "refusals": api_01_refusals_are_told = "venv" "1.6.354",
        api_01_refusals_are_told_under_the_older_signature = "venv-jdcloud-older" "1.6.1";
    /// api-03: what is sent twice is done once.
    "replays": api_03_a_request_sent_again_does_nothing_again = "venv" "1.6.354",
        api_03_a_request_sent_again_does_nothing_again_under_the_older_signature = "venv-jdcloud-older" "1.6.1";
    /// The command line.
    "command": the_command_line_copies_images = "venv-jdcloud-cli" "jdc";
}
