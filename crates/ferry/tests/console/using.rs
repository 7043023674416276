//! What is done with images that are there: instances, snapshots, sharing, editing, deleting, exporting; and what it cost.

use std::path::Path;

use crate::browser::Browser;
use crate::hands::Hands;
use crate::look::Script;
use crate::site::{REGIONS, SLOW, Site};

const SOURCE: &str = REGIONS[0];
const TARGET: &str = REGIONS[2];

/// Opens the menu of a row and takes one of its actions.
fn act(browser: &Browser, (region, name): (&str, &str), action: &str) {
    browser.goto(&format!("/images?region={region}"));
    let row = browser.in_row(name);
    row.click_button(&format!("More actions on {name}"));
    row.click_link(action);
}

/// The one cell of the row's menu that says why an action is off.
fn why_not(browser: &Browser, (region, name): (&str, &str), action: &str) -> String {
    browser.goto(&format!("/images?region={region}"));
    let row = browser.in_row(name);
    row.click_button(&format!("More actions on {name}"));
    let off = row.texts_of(".menu li > [aria-disabled=true]");
    off.into_iter().find(|text| text.starts_with(action)).unwrap_or_default()
}

fn make_instances(browser: &Browser) {
    let name = format!("shop-{}", browser.look());
    act(browser, (TARGET, "golden"), "Create Instance");
    browser.see("Create instances of golden");
    browser.fill("Name", &name);
    browser.click_button("Create");
    browser.see("An instance of golden was created.");
    browser.go("Instances");
    browser.in_row(&name).see("golden");
}

fn look_at_snapshots(browser: &Browser, source: &str) {
    browser.go("Snapshots");
    browser.switch_to(TARGET);
    browser.click_link("Imported");
    browser.see("No snapshot fits what you look for");
    browser.click_link("Copied");
    let row = browser.in_part("tbody tr");
    row.see(&format!("copied from {SOURCE}"));
    row.see(source);
    browser.switch_to(SOURCE);
    browser.click_link("Copied");
    browser.see("No snapshot fits what you look for");
}

fn see_the_bill(browser: &Browser) {
    browser.goto("/usage");
    browser.in_row(&format!("{SOURCE} → {TARGET}")).see("Traffic between regions");
    browser.see("until now");
}

/// R003-9: the copied image is selected and Create Instance clicked. R000-13: the snapshots that came with it, by origin.
#[test]
fn r003_9_r000_13_a_copied_image_is_used_and_its_snapshots_seen() {
    let site = Site::new();
    site.image("golden", 1);
    site.ferry(&format!("image copy golden --from {SOURCE} --to {TARGET} --wait"));
    let snapshot = site.ferry(&format!("snapshot list --region {SOURCE} -o id"));
    site.each_way(|browser| {
        make_instances(browser);
        look_at_snapshots(browser, &snapshot);
        see_the_bill(browser);
    });
}

fn edit_and_share(browser: &Browser) {
    let [name, new] = ["old", "new"].map(|word| format!("{word}-{}", browser.look()));
    act(browser, (SOURCE, &name), "Edit");
    browser.fill("Name", &new);
    browser.fill("Description", "kept for the audit");
    browser.fill("Tags", "team=platform");
    browser.click_button("Keep");
    browser.see(&format!("{new} was changed."));
    act(browser, (SOURCE, &new), "Share");
    browser.fill("Share with", "nobody at all");
    browser.click_button("Share");
    browser.see("There is no account “nobody at all”");
    browser.fill("Share with", "partner");
    browser.click_button("Share");
    browser.see("It is shared with partner now.");
    let why = why_not(browser, (SOURCE, &new), "Delete");
    assert_ne!(why, "Delete", "what is off says why");
    act(browser, (SOURCE, &new), "Share");
    browser.click_button("Take back");
    browser.see("It is not shared with partner any more.");
}

fn delete(site: &Site, browser: &Browser) {
    let name = format!("new-{}", browser.look());
    act(browser, (SOURCE, &name), "Delete");
    browser.see("cannot be had back");
    browser.click_button("Delete image");
    browser.see(&format!("{name} was deleted."));
    assert_eq!(site.ferry(&format!("image list --region {SOURCE} --name {name} -o id")), "");
}

/// The actions of a row's menu, each with what it does.
#[test]
fn an_image_is_edited_shared_and_deleted() {
    let site = Site::new();
    site.ferry("account create partner");
    site.image("old-desktop", 1);
    site.image("old-desktop-still", 1);
    site.each_way(|browser| {
        edit_and_share(browser);
        delete(&site, browser);
    });
}

fn export(browser: &Browser, bucket: &Path) {
    let prefix = format!("out-{}-", browser.look());
    act(browser, (SOURCE, "golden"), "Export");
    browser.fill("Bucket", "no-such-bucket");
    browser.click_button("Export");
    browser.in_part(".problem").see("bucket");
    browser.fill("Bucket", "backups");
    browser.fill("Object name begins with", &prefix);
    browser.click_button("Export");
    browser.see("golden is being exported.");
    let task = |browser: &Browser| -> Hands { browser.in_part("main") };
    browser.wait_for(task, "Done");
    browser.wait_for(task, &prefix);
    let objects = std::fs::read_dir(bucket).unwrap().filter_map(Result::ok);
    let names: Vec<_> =
        objects.filter_map(|object| object.file_name().into_string().ok()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with(&prefix)).count(), 1, "{names:?}");
}

/// An export into a bucket, and its task.
#[test]
fn an_image_is_exported_into_a_bucket() {
    let site = Site::new();
    site.image("golden", 1);
    let account = site.home.json("account list")[0]["id"].as_str().unwrap().to_owned();
    let bucket = site.home.path(&format!("data/buckets/{SOURCE}/{account}/backups"));
    std::fs::create_dir_all(&bucket).unwrap();
    site.each_way(|browser| export(browser, &bucket));
}

/// R004-3, R000-6: what cannot be done with an image says why, on the row of what is being copied and of what it is read from.
#[test]
fn actions_that_are_off_say_why() {
    let site = Site::set_to("", SLOW);
    site.image("large", 16);
    site.ferry(&format!("image copy large --from {SOURCE} --to {TARGET}"));
    site.each_way(|browser| {
        for (region, action) in
            [(TARGET, "Delete"), (TARGET, "Create Instance"), (SOURCE, "Delete")]
        {
            let why = why_not(browser, (region, "large"), action);
            assert!(why.len() > action.len() + 5, "{action} in {region}: {why:?}");
        }
        assert!(browser.look().script == Script::Off || browser.axe().is_empty());
    });
}
