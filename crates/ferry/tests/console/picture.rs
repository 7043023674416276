//! The pictures in README.md: a service with pleasant data, in a real browser. `cargo xtask screenshot` runs this.

use std::path::Path;

use crate::browser::Browser;
use crate::look::{Look, Screen};
use crate::site::{SLOW, Site};

/// What the pictures show.
const PATH: &str = "/images";

/// Writes `docs/console.png` and `docs/console-dark.png`.
#[test]
#[ignore = "writes into docs/: `cargo xtask screenshot` asks for it"]
fn the_readme_shows_the_console() {
    let site = furnished();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let light = Look::default().on(Screen::Picture);
    for (look, file) in [(light, "console.png"), (light.dark(), "console-dark.png")] {
        let browser: Browser = site.browser(look).expect("a picture needs Chromium and its driver");
        browser.goto(PATH);
        browser.screenshot_to(&docs.join(file));
    }
}

/// Images of a small company: one on its way over a slow link, one waiting behind it, the others where they should be.
fn furnished() -> Site {
    let site = Site::with(SLOW);
    for name in ["debian-12-web", "debian-12-db", "edge-gateway", "build-agent"] {
        site.image(name, 4);
    }
    let from = "--from cn-hangzhou --to";
    site.ferry(&format!("image copy debian-12-web {from} cn-shanghai --wait"));
    site.ferry(&format!("image copy edge-gateway {from} cn-shanghai --wait"));
    site.ferry(&format!("image copy debian-12-db {from} ap-southeast-1"));
    site.ferry(&format!("image copy build-agent {from} ap-southeast-1"));
    site
}
