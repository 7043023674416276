//! The pictures in README.md: a service with pleasant data, in a real browser. `cargo xtask screenshot` runs this.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::look::{Look, Screen};
use crate::site::{ONE_AT_A_TIME, REGIONS, Site};
use crate::world::{disks, until};

/// What the pictures show.
const PATH: &str = "/images";

/// From Hangzhou to Singapore a copy takes some seconds.
const LINK: &str = r#"
[[links]]
source = "cn-hangzhou"
target = "ap-southeast-1"
bytes_per_sec = 2500000
"#;
/// How far the copy on its way has come in the pictures, at least.
const PERCENT: u64 = 30;

/// Writes `docs/console.png` and `docs/console-dark.png`.
#[test]
#[ignore = "writes into docs/: `cargo xtask screenshot` asks for it"]
fn the_readme_shows_the_console() {
    let site = furnished();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let light = Look::default().on(Screen::Picture);
    for (look, file) in [(light, "console.png"), (light.dark(), "console-dark.png")] {
        let browser = site.visitor(look).expect("a picture needs Chromium and its driver");
        browser.goto(PATH);
        browser.see("Creating");
        browser.screenshot_to(&docs.join(file));
    }
}

/// Images of a small company: one on its way over a slow link, one waiting behind it, the others where they should be.
fn furnished() -> Site {
    let site = Site::set_to(ONE_AT_A_TIME, LINK);
    let images = [
        ("debian-12-web", "shop", 5, 3),
        ("debian-12-db", "shop", 40, 2),
        ("edge-gateway", "network", 3, 2),
        ("build-agent", "platform", 6, 1),
    ];
    for (seed, (name, team, mebibytes, versions)) in (1..).zip(images) {
        let disk = site.home.path(&format!("{name}.raw"));
        disks::mixed(&disk, mebibytes, seed);
        for version in 1..=versions {
            let file = File::options().write(true).open(&disk).unwrap();
            let news = disks::Noise::new(seed * 100 + version).bytes(300_000);
            file.write_all_at(&news, version * 2_000_000).unwrap();
            let about = format!("--platform Debian --tag team={team}");
            site.import(&format!("{name}.raw --name {name}-v{version} {about}"));
        }
    }
    let [hangzhou, shanghai, singapore] = REGIONS;
    let copy = |name: &str, from: &str, to: &str| {
        site.ferry(&format!("image copy {name} --from {from} --to {to}"))
    };
    for name in ["debian-12-web-v2", "debian-12-web-v3", "edge-gateway-v2"] {
        copy(name, hangzhou, &format!("{shanghai} --wait"));
    }
    copy("debian-12-web-v2", shanghai, &format!("{singapore} --wait"));
    copy("debian-12-db-v2", hangzhou, singapore);
    copy("build-agent-v1", hangzhou, singapore);
    until("the copy is well on its way", || {
        let images =
            site.home.json(&format!("image list --region {singapore} --name debian-12-db-v2"));
        (images[0]["progress"].as_u64()? >= PERCENT).then_some(())
    });
    site
}
