//! A real service is killed with SIGKILL at each named point of a real copy, and started again.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../world/mod.rs"]
mod world;

use std::os::unix::process::ExitStatusExt;

use world::{Home, disks, until};

/// Bytes that may be sent again after an interruption: one window (DESIGN promise 3).
const WINDOW: u64 = 32 << 20;
const SERVE: &str = "serve --data data --listen 127.0.0.1:0";

/// Kills the service at the `count`-th time that a copy reaches this point, and checks the end state (faults 1 and 2;
/// I1, I2, I3, I6).
fn check(point: &str) {
    let home = Home::new();
    let serve = home.serve();
    disks::noise(&home.path("disk.raw"), 80, 1);
    home.good("image import disk.raw --name web");
    home.good("image copy web --to ap-southeast-1 --name whole --wait");
    let whole = home.json("copy list --region ap-southeast-1")[0]["bytes_sent"].as_u64().unwrap();
    assert!(serve.stop().success());

    let serve = home.serve_with(SERVE, &[("FERRY_KILL_AT", point)]);
    let asked = home.ferry("image copy web --to cn-shanghai --token once -o id");
    let ended = serve.wait();
    assert_eq!(
        ended.signal(),
        Some(9),
        "the service was not killed at `{point}`: {}{}",
        asked.out,
        asked.err
    );

    let serve = home.serve();
    // The same request with the same token: one request, one image, whether the first was answered or not (I4).
    let target = home.good("image copy web --to cn-shanghai --token once --wait -o id");
    if asked.code == Some(0) {
        assert_eq!(asked.out.trim_end(), target, "an acknowledged request survives (I2)");
    }
    assert_eq!(home.good("image list --region cn-shanghai -o id"), target);
    let copy = home.json("copy list --region cn-shanghai")[0].clone();
    assert_eq!(copy["status"], "done");
    let sent = copy["bytes_sent"].as_u64().unwrap();
    assert!(sent <= whole + WINDOW, "{sent} bytes were sent, {whole} are needed");
    home.good(&format!("image export {target} --region cn-shanghai out.raw"));
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    // The source is released: it can be deleted (I8).
    until("the source is released", || {
        (home.ferry("image delete web").code == Some(0)).then_some(())
    });
    assert!(serve.stop().success());
    let deep = home.ferry("doctor --data data --deep");
    assert!(deep.out.contains("every chunk is whole and every invariant holds"), "{}", deep.out);
}

macro_rules! killed_at {
    ($($test:ident = $point:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            check($point);
        })+
    };
}

killed_at! {
    before_the_promise_is_recorded = "api.before_commit",
    before_the_promise_is_answered = "api.after_commit_before_reply",
    when_the_source_is_held = "src.hold",
    when_the_tree_is_read = "src.tree_read",
    when_the_tree_is_read_further = "src.tree_read:2",
    when_the_copy_is_claimed = "wrk.claim",
    when_a_pack_is_written = "wrk.tmp_write",
    when_packs_are_written_further = "wrk.tmp_write:40",
    when_a_pack_is_made_durable = "wrk.fsync_file",
    when_a_second_pack_is_made_durable = "wrk.fsync_file:3",
    when_the_folder_is_made_durable = "wrk.fsync_dir",
    when_chunks_are_recorded = "wrk.record_batch",
    when_chunks_are_recorded_further = "wrk.record_batch:3",
    when_progress_is_recorded = "wrk.progress",
    when_all_is_checked_once_more = "wrk.final_verify",
    when_the_image_becomes_available = "wrk.commit_available",
    when_the_image_has_become_available = "wrk.notify",
    when_the_source_is_released = "wrk.release_outbox",
}
