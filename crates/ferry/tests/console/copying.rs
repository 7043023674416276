//! Copying an image to another region, watching it, and cancelling it: the seeds' first way through the console.

use crate::browser::Browser;
use crate::hands::Hands;
use crate::look::Script;
use crate::site::{REGIONS, SLOW, Site};

const SOURCE: &str = REGIONS[0];
const TARGET: &str = REGIONS[2];

/// The dialog of an image of the first region, reached as a person reaches it.
fn copy_image(browser: &Browser, name: &str) {
    browser.go("Images");
    browser.switch_to(SOURCE);
    browser.in_row(name).click_link("Copy Image");
    browser.see("Custom image name");
}

/// What the dialog's OK is called once so many regions are ticked: a script counts them.
pub fn ok(browser: &Browser, regions: usize) -> String {
    match (browser.look().script, regions) {
        (Script::Off, _) => "Copy".to_owned(),
        (Script::On, 1) => "Copy to 1 region".to_owned(),
        (Script::On, regions) => format!("Copy to {regions} regions"),
    }
}

/// The number before the first `%`.
pub fn percent(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).find(|pair| pair[1] == "%").and_then(|pair| pair[0].parse().ok())
}

fn rows_of(region: &str, browser: &Browser) {
    browser.go("Images");
    browser.switch_to(region);
}

/// Reads the row until the image is available. Its percent never falls, and is never 100 before.
fn watch(browser: &Browser, name: &str) -> Vec<u64> {
    let mut seen = Vec::new();
    browser.until("the image available", || {
        let text = browser.in_row(name).text();
        if text.contains("Available") {
            return true;
        }
        let waits = text.contains("Creating") || text.contains("Waiting");
        assert!(waits, "R000-10: {text}");
        seen.extend(percent(&text));
        if browser.look().script == Script::Off {
            browser.reload();
        }
        false
    });
    assert!(seen.is_sorted(), "R000-9: {seen:?}");
    assert!(seen.iter().all(|percent| *percent < 100), "R000-9: {seen:?}");
    seen
}

/// What is to be copied: an image of its own for each look, for what is there already is not sent again.
fn golden(browser: &Browser) -> String {
    format!("golden-{}", browser.look())
}

fn copy_it(browser: &Browser, image: &str) {
    let copy = format!("south-{}", browser.look());
    copy_image(browser, &golden(browser));
    browser.see(image); // R000-8: the id of the selected image
    browser.see("Roles, service authorisation, user data and the share list stay behind."); // R000-5
    browser.tick(TARGET);
    browser.fill("Custom image name", &copy);
    browser.fill("Custom image description", "for the south");
    browser.click_button(&ok(browser, 1));
    browser.see(&format!("The copy to {TARGET} has begun."));
    rows_of(TARGET, browser);
    let row = browser.in_row(&copy);
    row.see("Creating");
    row.see("%");
    let seen = watch(browser, &copy);
    assert!(seen.len() > 2, "it was seen on its way: {seen:?}");
    browser.in_row(&copy).click_link(&copy);
    browser.see(&format!("for the south [copied from {SOURCE}/{image}]"));
    browser.go("Copies");
    let row = |browser: &Browser| -> Hands { browser.in_row(&copy) };
    browser.wait_for(row, "100 %");
    row(browser).see("Available");
}

/// R000-5, R000-6, R000-8, R000-9, R000-10: Images, Copy Image, the dialog, OK, the target's list, Creating with its percent,
/// Available at 100 %.
#[test]
fn r000_6_an_image_is_copied_and_watched_in_the_target_region() {
    let site = Site::set_to("", SLOW);
    site.each_way(|browser| copy_it(browser, &site.image(&golden(browser), 2)));
}

fn cancel_it(site: &Site, browser: &Browser) {
    let copy = format!("gone-{}", browser.look());
    copy_image(browser, "large");
    browser.tick(TARGET);
    browser.fill("Custom image name", &copy);
    browser.click_button(&ok(browser, 1));
    browser.see("has begun.");
    rows_of(TARGET, browser);
    browser.wait_for(|browser| browser.in_row(&copy), "Creating");
    browser.in_row(&copy).click_link("Cancel Copy");
    browser.see(&format!("disappear from {TARGET}"));
    browser.click_button("Cancel copy");
    browser.see(&format!("{copy} was cancelled: nothing of it is left in {TARGET}."));
    browser.reload();
    browser.see_no(&copy);
    assert_eq!(site.ferry(&format!("image list --region {TARGET} -o id")), "");
    assert_eq!(site.ferry(&format!("snapshot list --region {TARGET} -o id")), "");
    rows_of(SOURCE, browser);
    browser.in_row("large").see("Available");
}

/// R000-10: Cancel Copy in the middle; the image's row is gone from the target's list.
#[test]
fn r000_10_a_copy_that_is_cancelled_is_gone_from_the_target() {
    let site = Site::set_to("", SLOW);
    site.image("large", 16);
    site.each_way(|browser| cancel_it(&site, browser));
}
