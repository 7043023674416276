//! The SDK, the command line and the older SDK of Tencent Cloud, as their makers publish them, against a real service. Each file
//! `*.py` beside this is a story with its assertions.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../stories/mod.rs"]
mod stories;
#[path = "../world/mod.rs"]
mod world;

use stories::{Stage, stories};
use world::{Home, disks};

/// From `ap-beijing` bytes come to `ap-shanghai` in hours, to `ap-hongkong` in seconds.
const SETTINGS: &str = r#"
data = "data"
listen = "127.0.0.1:0"

[[regions]]
name = "ap-guangzhou"

[[regions]]
name = "ap-shanghai"

[[regions]]
name = "ap-hongkong"

[[regions]]
name = "ap-beijing"

[[regions]]
name = "na-siliconvalley"
zone = "abroad"

[[links]]
source = "ap-beijing"
target = "ap-shanghai"
bytes_per_sec = 20000

[[links]]
source = "ap-beijing"
target = "ap-hongkong"
bytes_per_sec = 3000000

[[links]]
source = "ap-hongkong"
target = "ap-shanghai"
bytes_per_sec = 20000
"#;

const STAGE: Stage = Stage { folder: "tencent", settings: SETTINGS, furnish };

fn furnish(home: &Home) {
    disks::mixed(&home.path("web.raw"), 2, 1);
    disks::noise(&home.path("slow.raw"), 16, 2);
    // All of it a hole but its end: exactly as large as is allowed, and 512 bytes more.
    for (name, bytes) in [("large", 50_000_000_000), ("larger", 50_000_000_512)] {
        std::fs::File::create(home.path(&format!("{name}.raw"))).unwrap().set_len(bytes).unwrap();
        home.good(&format!("image import {name}.raw --name {name} --region ap-guangzhou"));
    }
    home.good("image import web.raw --name web --region ap-guangzhou --tag of=source");
    home.good("image import slow.raw --name slow --region ap-beijing");
    home.good("image import web.raw --name official --region ap-guangzhou");
    home.good("image publish official --region ap-guangzhou");
    home.good("quota set image 2 --region ap-hongkong");
}

stories! {
    STAGE;
    /// R003-7, R003-8, R003-10: to two regions at once, polled at the source and at the target, cancelled.
    "copying": r003_10_images_are_copied = "venv" "tc3", r003_10_images_are_copied_by_get = "venv" "tc3-get",
        r003_10_images_are_copied_under_sha1 = "venv" "sha1", r003_10_images_are_copied_under_sha256_by_get = "venv" "sha256-get";
    /// Changed, shared, made of snapshots, deleted; snapshots of the disks' service.
    "keeping": images_are_kept = "venv" "tc3", images_are_kept_under_sha256_by_get = "venv" "sha256-get";
    /// Images of objects, objects of images.
    "buckets": images_come_from_buckets_and_go_there = "venv" "tc3";
    /// api-01, api-04, api-11, R003-1, R003-2, R003-4: each refusal by its code.
    "refusals": api_01_refusals_are_told_by_code = "venv" "tc3", api_01_refusals_are_told_by_code_under_sha1 = "venv" "sha1";
    /// Every way to sign, to send and to write the endpoint.
    "endpoints": api_02_every_way_to_sign_and_send_is_read_alike = "venv" "tc3";
    /// api-03: what is sent twice is done once.
    "replays": api_03_a_request_sent_again_does_nothing_again = "venv" "tc3",
        api_03_a_request_sent_again_does_nothing_again_under_sha1 = "venv" "sha1";
    /// The command line, with its `--waiter`.
    "command": the_command_line_copies_and_waits = "venv" "tccli";
    /// R003-10: `SyncCvmImage` and its siblings, by the older SDK.
    "older": r003_10_the_older_api_copies_images = "venv" "qcloudapi";
}
