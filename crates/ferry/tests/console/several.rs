//! Several images at once, and several target regions.

use crate::browser::Browser;
use crate::copying::ok;
use crate::look::Script;
use crate::site::{REGIONS, Site};

const FIVE: &str = "[profile.native]\nimages_at_once = 5\n";
const NAMES: [&str; 6] = ["ant", "bee", "cow", "dog", "eel", "fox"];

fn tick(browser: &Browser, name: &str) {
    browser.tick(&format!("Tick {name}"));
}

/// R002-9: the button below the list is off at 0 ticks and above 5. Without script the page that follows says so.
fn too_few_and_too_many(browser: &Browser) {
    browser.goto("/images?region=cn-hangzhou");
    browser.see("up to 5 at once");
    if browser.look().script == Script::Off {
        browser.click_button("Copy Image");
        browser.see("Choose at least one image to copy.");
        browser.back();
        NAMES.iter().for_each(|name| tick(browser, name));
        browser.click_button("Copy Image");
        browser.see("one request may name 5 at most");
        browser.back();
        return;
    }
    assert!(browser.is_off("Copy Image 0"));
    NAMES.iter().for_each(|name| tick(browser, name));
    assert!(browser.is_off("Copy Image 6"));
    browser.untick("Tick fox");
    assert!(!browser.is_off("Copy Image 5"));
}

/// R002-10: how many snapshots there are, and each other region with its quotas; a full one cannot be chosen and says why.
fn five_at_once(site: &Site, browser: &Browser) {
    too_few_and_too_many(browser);
    browser.goto("/images?region=cn-hangzhou");
    NAMES[..5].iter().for_each(|name| tick(browser, name));
    browser.click_button(match browser.look().script {
        Script::On => "Copy Image 5",
        Script::Off => "Copy Image",
    });
    browser.see("Copy 5 images");
    browser.see("5 snapshots");
    NAMES[..5].iter().for_each(|name| browser.see(name));
    let regions = browser.texts_of("tbody .region");
    assert_eq!(regions, ["ap-southeast-1", "cn-shanghai"], "R002-10: without the current one");
    assert!(browser.is_off("cn-shanghai"));
    browser.in_part("#target-cn-shanghai").see("room for 3 more images, 5 wanted");
    browser.in_part("#target-cn-shanghai").see("0 of 3");
    let before = site.home.json("image list --region ap-southeast-1").as_array().unwrap().len();
    browser.in_part("#target-ap-southeast-1").see(&format!("{before} of 1000"));
    browser.tick("ap-southeast-1");
    browser.click_button(&ok(browser, 1));
    browser.see("5 copies have begun.");
    let after = site.home.json("image list --region ap-southeast-1").as_array().unwrap().len();
    assert_eq!(after - before, 5, "one copy of each image");
}

/// R002-9, R002-10, R003-6: ticks, Copy Image below the list, the table of quotas.
#[test]
fn r002_9_several_ticked_images_are_copied_at_once() {
    let site = Site::set_to("", FIVE);
    NAMES.iter().for_each(|name| drop(site.image(name, 1)));
    site.ferry("quota set image 3 --region cn-shanghai");
    site.each_way(|browser| five_at_once(&site, browser));
}

fn two_targets(site: &Site, browser: &Browser) {
    let name = format!("twin-{}", browser.look());
    browser.goto("/images?region=cn-hangzhou");
    browser.in_row("golden").click_link("Copy Image");
    browser.see("Target region");
    browser.tick("cn-shanghai");
    browser.tick("ap-southeast-1");
    browser.fill("Custom image name", &name);
    browser.click_button(&ok(browser, 2));
    browser.see("2 copies have begun.");
    for region in &REGIONS[1..] {
        browser.go("Images");
        browser.switch_to(region);
        browser.wait_for(|browser| browser.in_row(&name), "Available");
        let listed = site.home.json(&format!("image list --region {region} --name {name}"));
        assert_eq!(listed.as_array().unwrap().len(), 1, "R003-7: one copy for each target");
    }
}

/// R003-7: several target regions in one dialog; each gets a copy of its own, with a name and id of its own (R003-8).
#[test]
fn r003_7_an_image_is_copied_to_several_regions_at_once() {
    let site = Site::new();
    site.image("golden", 1);
    site.each_way(|browser| two_targets(&site, browser));
}
