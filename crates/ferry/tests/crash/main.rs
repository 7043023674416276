//! A real service is killed with SIGKILL at each named point of a real copy, and started again.
#![allow(clippy::unwrap_used, missing_docs)]

mod jobs;
mod snapshots;
mod together;
#[path = "../world/mod.rs"]
mod world;

use std::os::unix::process::ExitStatusExt;

use jobs::{check_cancelled_export, check_conversion, check_export, check_object_import};
use snapshots::{check as check_snapshot, check_cancel as check_snapshot_cancel};
use together::check as check_together;
use world::{Home, Serve, disks, until};

/// Bytes that may be sent again after an interruption: one window (DESIGN promise 3).
const WINDOW: u64 = 32 << 20;
const SERVE: &str = "serve --data data --listen 127.0.0.1:0";
/// Links on which 80 MiB take ten seconds: time to cancel, and to renew a lease. The second, because whoever holds the image
/// serves it.
const SLOW: &str = r#"
listen = "127.0.0.1:0"
[[regions]]
name = "cn-hangzhou"
[[regions]]
name = "cn-shanghai"
[[regions]]
name = "ap-southeast-1"
[[links]]
source = "cn-hangzhou"
target = "cn-shanghai"
bytes_per_sec = 8000000
[[links]]
source = "ap-southeast-1"
target = "cn-shanghai"
bytes_per_sec = 500000
"#;
const SLOW_SERVE: &str = "serve --data data --config slow.toml";
/// Unused chunks are looked for each second.
const SWEEP: &str = "listen = \"127.0.0.1:0\"\nsweep_every_secs = 1\n";

/// Starts a service that kills itself at this point, armed once it answers.
fn serve_until(home: &Home, line: &str, point: &str) -> Serve {
    home.serve_with(line, &[("FERRY_KILL_AT", point)])
}

fn killed(serve: Serve, point: &str) {
    assert_eq!(serve.wait().signal(), Some(9), "the service was not killed at `{point}`");
}

/// The source can be deleted (I8), the service stops, and everything that lies in its folder is whole.
fn ends_clean(home: &Home, serve: Serve) {
    until("the source is released", || {
        (home.ferry("image delete web").code == Some(0)).then_some(())
    });
    for region in ["cn-hangzhou", "cn-shanghai"] {
        for quota in home.json(&format!("quota show --region {region}")).as_array().unwrap() {
            assert_eq!(quota["reserved"], 0, "{region}: {quota}");
        }
    }
    assert!(serve.stop().success());
    let deep = home.ferry("doctor --data data --deep");
    assert!(deep.out.contains("every chunk is whole and every invariant holds"), "{}", deep.out);
}

/// Kills the service at the `count`-th time that a copy reaches this point, and checks the end state (faults 1 and 2;
/// I1, I2, I3, I6).
fn check(point: &str) {
    check_copy(point, SERVE, "");
}

fn check_copy(point: &str, line: &str, flags: &str) {
    let home = Home::new();
    std::fs::write(home.path("slow.toml"), SLOW).unwrap();
    let serve = home.serve();
    disks::noise(&home.path("disk.raw"), 80, 1);
    home.good("image import disk.raw --name web");
    home.good("image copy web --to ap-southeast-1 --name whole --wait");
    let whole = home.json("copy list --region ap-southeast-1")[0]["bytes_sent"].as_u64().unwrap();
    assert!(serve.stop().success());

    let serve = serve_until(&home, line, point);
    let asked = home.ferry(&format!("image copy web --to cn-shanghai --token once -o id {flags}"));
    killed(serve, point);

    let serve = home.serve();
    // The same request with the same token: one request, one image, whether the first was answered or not (I4).
    let again = format!("image copy web --to cn-shanghai --token once --wait -o id {flags}");
    let target = home.good(&again);
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
    ends_clean(&home, serve);
}

/// A copy that is cancelled: killed on the way, it is cancelled all the same, and nothing is left (promise 5).
fn check_cancel(point: &str) {
    let home = Home::new();
    std::fs::write(home.path("slow.toml"), SLOW).unwrap();
    let serve = serve_until(&home, SLOW_SERVE, point);
    disks::noise(&home.path("disk.raw"), 80, 1);
    home.good("image import disk.raw --name web");
    let target = home.good("image copy web --to cn-shanghai -o id");
    // Answered or not: the kill may come before or after the answer.
    let asked = home.ferry(&format!("image cancel {target} --region cn-shanghai"));
    killed(serve, point);
    let serve = home.serve_with(SLOW_SERVE, &[]);
    if asked.code != Some(0) {
        let again = home.ferry(&format!("image cancel {target} --region cn-shanghai"));
        assert!(matches!(again.code, Some(0 | 4)), "{}", again.err);
    }
    let show = format!("image show {target} --region cn-shanghai");
    until("the image is gone", || (home.ferry(&show).code == Some(4)).then_some(()));
    ends_clean(&home, serve);
}

/// An image that is deleted: killed on the way, it is there whole or gone whole.
fn check_delete(point: &str) {
    let home = Home::new();
    let serve = serve_until(&home, SERVE, point);
    disks::noise(&home.path("disk.raw"), 4, 1);
    home.good("image import disk.raw --name web");
    let asked = home.ferry("image delete web");
    assert_ne!(asked.code, Some(0));
    killed(serve, point);
    let serve = home.serve();
    match home.ferry("image verify web").code {
        Some(0) => {}
        code => {
            assert_eq!(code, Some(4));
            assert_eq!(home.good("snapshot list -o id"), "");
            home.good("image import disk.raw --name web");
        }
    }
    ends_clean(&home, serve);
}

/// Chunks that are swept: killed on the way, nothing live is lost (promise 8).
fn check_sweep(point: &str) {
    let home = Home::new();
    std::fs::write(home.path("sweep.toml"), SWEEP).unwrap();
    let serve = home.serve();
    disks::noise(&home.path("kept.raw"), 8, 1);
    disks::noise(&home.path("disk.raw"), 8, 2);
    home.good("image import disk.raw --name doomed");
    // Started again, it writes new packs: what is doomed has packs of its own.
    assert!(serve.stop().success());
    let serve = home.serve();
    home.good("image import kept.raw --name web");
    home.good("image delete doomed");
    assert!(serve.stop().success());
    let serve = serve_until(&home, "serve --data data --config sweep.toml", point);
    killed(serve, point);
    let serve = home.serve_with("serve --data data --config sweep.toml", &[]);
    until("a sweep has run", || {
        std::fs::read_to_string(home.path("serve.log")).unwrap().contains("swept").then_some(())
    });
    home.good("image export web out.raw");
    assert!(disks::same(&home.path("kept.raw"), &home.path("out.raw")));
    home.good("image import disk.raw --name again");
    home.good("image verify again");
    ends_clean(&home, serve);
}

/// An import whose service dies: the client says so, and what is left is cancelled.
fn check_import(point: &str) {
    let home = Home::new();
    let serve = serve_until(&home, SERVE, point);
    disks::noise(&home.path("disk.raw"), 40, 1);
    let asked = home.ferry("image import disk.raw --name web");
    assert_eq!(asked.code, Some(1), "{}", asked.err);
    killed(serve, point);
    let serve = home.serve();
    for image in home.good("image list --status creating -o id").lines() {
        home.good(&format!("image cancel {image}"));
    }
    until("nothing is being made", || {
        home.good("image list --status creating -o id").is_empty().then_some(())
    });
    if home.good("image list -o id").is_empty() {
        home.good("image import disk.raw --name web");
    }
    home.good("image export web out.raw");
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    ends_clean(&home, serve);
}

macro_rules! killed_at {
    ($check:ident: $($test:ident = $point:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            $check($point);
        })+
    };
}

killed_at! { check:
    before_the_promise_is_recorded = "api.before_commit",
    before_the_promise_is_answered = "api.after_commit_before_reply",
    when_the_source_is_held = "src.hold",
    when_the_tree_is_read = "src.tree_read",
    when_a_part_of_the_tree_came = "wrk.tree_recv",
    when_a_part_of_the_tree_is_checked = "wrk.tree_verify",
    when_the_index_is_asked = "wrk.have_query",
    when_a_chunk_came = "wrk.chunk_recv",
    when_chunks_came_further = "wrk.chunk_recv:5",
    when_a_chunk_is_checked = "wrk.chunk_verify",
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

/// The same for a copy that encrypts: it names its chunks anew and goes on with those that are missing (R004-8).
fn check_sealed(point: &str) {
    check_copy(point, SERVE, "--encrypt");
}

killed_at! { check_sealed:
    when_a_key_is_unlocked = "key.unlock",
    when_a_sealed_chunk_came = "wrk.chunk_recv:5",
    when_sealed_packs_are_written = "wrk.tmp_write:40",
    when_sealed_chunks_are_recorded = "wrk.record_batch:3",
    when_a_sealed_copy_is_checked_once_more = "wrk.final_verify",
    when_a_sealed_image_becomes_available = "wrk.commit_available",
}

killed_at! { check_slowly:
    when_a_lease_is_renewed = "wrk.renew",
}

fn check_slowly(point: &str) {
    check_copy(point, SLOW_SERVE, "");
}

killed_at! { check_cancel:
    when_a_cancel_is_marked = "cancel.mark",
    when_a_cancel_stops_the_worker = "cancel.stop_worker",
    when_a_cancel_releases_the_hold = "cancel.release_holds",
    when_a_cancel_gives_the_quota_back = "cancel.release_quota",
    when_a_cancel_drops_its_rows = "cancel.drop_rows",
}

killed_at! { check_delete:
    when_a_delete_begins = "del.mark",
    when_a_delete_lets_snapshots_go = "del.unref",
    when_a_delete_drops_its_rows = "del.drop",
}

killed_at! { check_sweep:
    when_a_sweep_marks = "gc.mark",
    when_a_sweep_condemns = "gc.condemn",
    when_a_sweep_drops_rows = "gc.drop_row",
    when_a_sweep_looks_again = "gc.recheck",
    when_a_sweep_deletes_a_pack = "gc.unlink",
}

killed_at! { check_import:
    when_an_import_is_promised = "api.before_commit",
    when_an_imports_chunks_are_recorded = "wrk.record_batch:2",
    when_an_imported_image_becomes_available = "wrk.commit_available",
}

killed_at! { check_together:
    when_a_request_together_is_recorded = "together.recorded",
    before_a_targets_promises_are_recorded = "together.before_commit",
    before_the_second_targets_promises_are_recorded = "together.before_commit:2",
    before_a_targets_promises_are_answered = "together.after_commit",
    before_the_second_targets_promises_are_answered = "together.after_commit:2",
    when_one_target_has_promised = "together.promised",
    when_all_targets_have_promised = "together.promised:2",
    before_a_request_together_is_settled = "together.before_kept",
    when_a_request_together_is_settled = "together.after_kept",
}

killed_at! { check_snapshot:
    before_the_promise_of_a_snapshot_is_recorded = "api.before_commit",
    before_the_promise_of_a_snapshot_is_answered = "api.after_commit_before_reply",
    when_a_snapshots_carrier_is_made = "src.hold",
    when_a_snapshot_is_held = "src.hold:2",
    when_a_snapshots_tree_is_read = "src.tree_read",
    when_a_snapshots_chunks_came = "wrk.chunk_recv:5",
    when_a_snapshots_chunks_are_recorded = "wrk.record_batch:3",
    when_a_snapshot_is_checked_once_more = "wrk.final_verify",
    when_a_snapshot_becomes_available = "wrk.commit_available",
    when_a_snapshot_has_become_available = "wrk.notify",
    when_a_snapshots_source_is_released = "wrk.release_outbox",
}

killed_at! { check_snapshot_cancel:
    when_a_snapshots_cancel_is_marked = "cancel.mark",
    when_a_snapshots_cancel_releases_the_hold = "cancel.release_holds",
    when_a_snapshots_cancel_gives_the_quota_back = "cancel.release_quota",
    when_a_snapshots_cancel_drops_its_rows = "cancel.drop_rows",
}

killed_at! { check_object_import:
    when_an_import_of_objects_is_promised = "api.before_commit",
    when_an_import_of_objects_is_answered = "api.after_commit_before_reply",
    when_chunks_of_objects_are_written = "wrk.tmp_write:20",
    when_chunks_of_objects_are_recorded = "wrk.record_batch:2",
    when_objects_are_stored = "convert.stored",
    when_an_image_of_objects_becomes_available = "wrk.commit_available",
    when_an_image_of_objects_has_become_available = "import.published",
}

killed_at! { check_export:
    when_an_export_is_written = "export.writing:5",
    when_an_exports_second_disk_is_written = "export.writing:12",
    when_an_exports_disks_are_whole = "export.written",
    when_an_exports_first_disk_is_named = "export.name",
    when_an_exports_second_disk_is_named = "export.name:2",
    when_an_exports_disks_are_named = "export.shown",
    when_an_export_is_recorded = "export.done",
}

killed_at! { check_cancelled_export:
    when_a_cancelled_export_is_recorded = "export.cancelled",
}

killed_at! { check_conversion:
    when_chunks_of_a_local_image_are_recorded = "wrk.record_batch:2",
    when_a_local_image_is_stored = "convert.stored",
    when_a_converted_image_becomes_available = "wrk.commit_available",
    when_a_converted_image_has_become_available = "import.published",
}
