//! Every page in every look: nothing is wider than the screen, nothing keeps anybody out. `target/console` keeps what each
//! looks like.

use std::sync::LazyLock;

use crate::browser::Browser;
use crate::look::{Look, Screen};
use crate::site::{REGIONS, SLOW, Site};

/// A page's name and path. Words of capitals stand for ids.
const PAGES: [(&str, &str); 42] = [
    ("overview", "/"),
    ("images", "/images"),
    ("images-region", "/images?region=cn-hangzhou"),
    ("images-target", "/images?region=ap-southeast-1"),
    ("images-none", "/images?tab=shared"),
    ("image", "/regions/cn-hangzhou/images/IMAGE"),
    ("image-copied", "/regions/cn-shanghai/images/COPIED"),
    ("copying", "/regions/cn-hangzhou/copy?image=IMAGE&target=ap-southeast-1"),
    ("edit", "/regions/cn-hangzhou/images/IMAGE/edit"),
    ("delete", "/regions/cn-shanghai/images/COPIED/delete"),
    ("share", "/regions/cn-hangzhou/images/IMAGE/share"),
    ("export", "/regions/cn-hangzhou/images/IMAGE/export"),
    ("instance", "/regions/cn-hangzhou/images/IMAGE/instance"),
    ("copies", "/copies"),
    ("copy", "/regions/ap-southeast-1/copies/COPY"),
    ("cancel", "/regions/ap-southeast-1/copies/COPY/cancel"),
    ("snapshots", "/snapshots"),
    ("snapshot", "/regions/cn-hangzhou/snapshots/SNAPSHOT"),
    ("snapshot-copy", "/regions/cn-hangzhou/snapshots/SNAPSHOT/copy"),
    ("snapshot-image", "/regions/cn-hangzhou/snapshots/SNAPSHOT/image"),
    ("snapshot-delete", "/regions/cn-hangzhou/snapshots/SNAPSHOT/delete"),
    ("instances", "/instances"),
    ("tasks", "/tasks"),
    ("regions", "/regions"),
    ("link", "/regions/ap-southeast-1/links/cn-hangzhou"),
    ("quotas", "/regions/cn-hangzhou/quotas"),
    ("rate", "/regions/cn-hangzhou/rates"),
    ("import", "/regions/cn-hangzhou/import"),
    ("register", "/regions/cn-hangzhou/register"),
    ("publish", "/regions/cn-hangzhou/images/IMAGE/publish"),
    ("ticket", "/regions/cn-hangzhou/tickets/TICKET"),
    ("tickets", "/tickets"),
    ("ticket-form", "/regions/cn-hangzhou/ticket?image=LARGE"),
    ("usage", "/usage"),
    ("encryption-keys", "/encryption-keys"),
    ("keys", "/keys"),
    ("people", "/people"),
    ("account", "/people/accounts/ACCOUNT"),
    ("user", "/people/users/USER"),
    ("audit", "/audit"),
    ("absent", "/regions/nowhere/images/img-none"),
    ("sign-in", "/sign-in"),
];

/// Above this size a copy needs an approval.
static SETTINGS: LazyLock<String> =
    LazyLock::new(|| format!("{SLOW}\n[profile.native]\nticket_above_bytes = 50000000\n"));

fn word(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Something to see on each page, and the ids that the paths need.
fn furnish(site: &Site) -> Vec<(&'static str, String)> {
    let [hangzhou, shanghai, singapore] = REGIONS;
    let image = site.image("debian-12-web", 1);
    let large = site.image("windows-2022", 48);
    for name in ["debian-12-db", "edge-gateway"] {
        site.image(name, 1);
    }
    site.ferry(&format!("image copy debian-12-web --from {hangzhou} --to {shanghai} --wait"));
    let slow = site.image("build-agent", 40);
    let copy = site.home.json(&format!("image copy {slow} --from {hangzhou} --to {singapore}"));
    site.ferry(&format!("instance create --name shop --image debian-12-web --region {hangzhou}"));
    let user = site.home.json("user create olga --role operator");
    let to = ["--from", hangzhou, "--to", singapore, "--why", "a new office", "-o", "json"];
    let ticket = site.say(&[&["ticket", "open", &large][..], &to[..]].concat());
    let ticket: serde_json::Value = serde_json::from_str(&ticket).unwrap();
    let copied = site.ferry(&format!("image list --region {shanghai} -o id"));
    let snapshots = site.home.json(&format!("snapshot list --region {hangzhou}"));
    let account = site.home.json("account list");
    vec![
        ("IMAGE", image),
        ("LARGE", large),
        ("COPIED", copied),
        ("COPY", word(&copy[0]["copy"])),
        ("SNAPSHOT", word(&snapshots[0]["id"])),
        ("ACCOUNT", word(&account[0]["id"])),
        ("USER", word(&user["id"])),
        ("TICKET", word(&ticket["id"])),
    ]
}

/// What is wrong with one page.
fn faults(browser: &Browser, name: &str, path: &str) -> Vec<String> {
    browser.goto(path);
    browser.screenshot(&format!("{name}-{}", browser.look()));
    let mut faults: Vec<String> = browser.axe();
    if name != "absent" && !browser.title().contains(" · ") {
        faults.push(format!("it is no page: {}", browser.text()));
    }
    if browser.overflow() != 0 {
        faults.push(format!("{} pixels too wide", browser.overflow()));
    }
    faults.extend(browser.console_errors());
    let page = format!("{name} {}", browser.look());
    faults.into_iter().map(|fault| format!("{page}: {fault}")).collect()
}

/// Light on a desk, dark and Chinese on a desk, and a phone.
#[test]
fn every_page_looks_well_and_has_no_barriers() {
    let site = Site::set_to("", &SETTINGS);
    let day = Look::default();
    let Some(desk) = site.visitor(day) else { return };
    let ids = furnish(&site);
    let night = site.another(&desk, day.dark().chinese());
    let phone = site.another(&desk, day.on(Screen::Phone));
    let mut found = Vec::new();
    for browser in [&desk, &night, &phone] {
        for (name, path) in PAGES {
            let path = ids.iter().fold(path.to_owned(), |path, (word, id)| path.replace(word, id));
            found.extend(faults(browser, name, &path));
        }
        browser.goto("/images?region=cn-hangzhou");
        let label = if browser.look() == night.look() { "复制镜像" } else { "Copy Image" };
        browser.in_row("debian-12-web").click_link(label);
        browser.until("the dialog", || browser.texts_of("dialog h1").len() == 1);
        browser.screenshot(&format!("dialog-{}", browser.look()));
        found.extend(browser.axe().into_iter().map(|line| format!("dialog: {line}")));
    }
    assert_eq!(found, Vec::<String>::new());
}
