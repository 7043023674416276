//! Copies that are asked for together, killed on the way.

use crate::world::{Home, disks};
use crate::{SERVE, ends_clean, killed, serve_until};

const REGIONS: [&str; 2] = ["cn-shanghai", "ap-southeast-1"];

/// Kills the service at the `count`-th time that a request for two images in two regions reaches this point: the same request with
/// the same token makes each copy once, and of what nobody was told nothing is left (R002-1, R002-5; I2, I4, I6, I8).
pub fn check(point: &str) {
    let home = Home::new();
    let serve = home.serve();
    for (seed, name) in [(1, "web"), (2, "db")] {
        disks::noise(&home.path(name), 2, seed);
        home.good(&format!("image import {name} --name {name} --format raw"));
    }
    assert!(serve.stop().success());
    let serve = serve_until(&home, SERVE, point);
    let line =
        format!("image copy web db --to {} --together --token once -o id", REGIONS.join(","));
    let asked = home.ferry(&line);
    killed(serve, point);

    let serve = home.serve();
    let made = home.good(&format!("{line} --wait"));
    if asked.code == Some(0) {
        assert_eq!(asked.out.trim_end(), made, "an acknowledged request survives (I2)");
    }
    for region in REGIONS {
        let there = home.good(&format!("image list --region {region} -o id"));
        assert_eq!(there.lines().count(), 2, "{region}: {there}");
        assert!(there.lines().all(|image| made.contains(image)), "{region}: {there}, {made}");
        let copies = home.json(&format!("copy list --region {region}"));
        assert_eq!(copies.as_array().unwrap().len(), 2, "{region}: {copies}");
        for name in ["web", "db"] {
            let out = home.path(&format!("{region}-{name}"));
            home.good(&format!("image export {name} --region {region} {region}-{name}"));
            assert!(disks::same(&home.path(name), &out), "{region}: {name}");
        }
    }
    ends_clean(&home, serve);
}
