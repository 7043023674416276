//! Copies of a snapshot alone, killed on the way.

use crate::world::{Home, Serve, disks, until};
use crate::{SERVE, SLOW, SLOW_SERVE, killed, serve_until};

/// Kills the service at the `count`-th time that a copy of a snapshot alone reaches this point: the snapshot comes whole, once,
/// and no carrier is left in either region (faults 1 and 2; I1, I2, I4, I6, I8).
pub fn check(point: &str) {
    let home = Home::new();
    let serve = home.serve();
    let (snapshot, digest) = imported(&home);
    assert!(serve.stop().success());
    let serve = serve_until(&home, SERVE, point);
    let line = format!("snapshot copy {snapshot} --to cn-shanghai --token once -o id");
    let asked = home.ferry(&line);
    killed(serve, point);

    let serve = home.serve();
    let there = home.good(&format!("{line} --wait"));
    if asked.code == Some(0) {
        assert_eq!(asked.out.trim_end(), there, "an acknowledged request survives (I2)");
    }
    assert_eq!(home.good("snapshot list --region cn-shanghai -o id"), there);
    let shown = home.json(&format!("snapshot show {there} --region cn-shanghai"));
    assert_eq!((&shown["status"], &shown["digest"]), (&"available".into(), &digest));
    let made = format!("image create --snapshot {there} --name again --region cn-shanghai -o id");
    let made = home.good(&made);
    assert_eq!(home.good("image list --region cn-shanghai -o id"), made);
    home.good("image export again --region cn-shanghai out.raw");
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    home.good("image delete again --region cn-shanghai --keep-snapshots");
    home.good(&format!("snapshot delete {there} --region cn-shanghai"));
    ends_empty(&home, serve, &snapshot);
}

/// A copy of a snapshot alone that is cancelled, killed on the way: the snapshot is gone all the same.
pub fn check_cancel(point: &str) {
    let home = Home::new();
    std::fs::write(home.path("slow.toml"), SLOW).unwrap();
    let serve = serve_until(&home, SLOW_SERVE, point);
    let (snapshot, _) = imported(&home);
    let there = home.good(&format!("snapshot copy {snapshot} --to cn-shanghai -o id"));
    let delete = format!("snapshot delete {there} --region cn-shanghai");
    let asked = home.ferry(&delete);
    killed(serve, point);
    let serve = home.serve_with(SLOW_SERVE, &[]);
    if asked.code != Some(0) {
        let again = home.ferry(&delete);
        assert!(matches!(again.code, Some(0 | 4)), "{}", again.err);
    }
    let show = format!("snapshot show {there} --region cn-shanghai");
    until("the snapshot is gone", || (home.ferry(&show).code == Some(4)).then_some(()));
    ends_empty(&home, serve, &snapshot);
}

/// An image `web` of noise; its snapshot and that one's digest.
fn imported(home: &Home) -> (String, serde_json::Value) {
    disks::noise(&home.path("disk.raw"), 80, 1);
    home.good("image import disk.raw --name web");
    let disk = home.json("image show web")["disks"][0].clone();
    (disk["snapshot"].as_str().unwrap().to_owned(), disk["digest"].clone())
}

/// Nothing holds the source's snapshot any more, nothing takes quota in either region, and all that lies in the folder is whole.
fn ends_empty(home: &Home, serve: Serve, snapshot: &str) {
    home.good("image delete web --keep-snapshots");
    let delete = format!("snapshot delete {snapshot}");
    until("the source is released", || (home.ferry(&delete).code == Some(0)).then_some(()));
    for region in ["cn-hangzhou", "cn-shanghai"] {
        until("nothing takes quota", || {
            let quotas = home.json(&format!("quota show --region {region}"));
            let free = |quota: &serde_json::Value| quota["reserved"] == 0 && quota["used"] == 0;
            quotas.as_array().unwrap().iter().all(free).then_some(())
        });
        assert_eq!(home.good(&format!("snapshot list --region {region} -o id")), "");
        assert_eq!(home.good(&format!("image list --region {region} -o id")), "");
    }
    assert!(serve.stop().success());
    let deep = home.ferry("doctor --data data --deep");
    assert!(deep.out.contains("every chunk is whole and every invariant holds"), "{}", deep.out);
}
