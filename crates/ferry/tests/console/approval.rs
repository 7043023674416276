//! What needs an operator: approvals of large copies, and links that are paused.

use crate::browser::Browser;
use crate::look::Look;
use crate::people::sign_in;
use crate::site::{REGIONS, SLOW, Site};

/// An image above a mebibyte needs an approval.
const SMALL: &str = "[profile.native]\nticket_above_bytes = 1048576\n";
const TARGET: &str = REGIONS[2];

fn asks_and_gets(owner: &Browser, operator: &Browser, image: &str) {
    owner.goto("/images?region=cn-hangzhou");
    owner.in_row(image).click_link("Copy Image");
    // "You will be directed to open a ticket."
    owner.see(&format!("Ask for approval to copy {image}"));
    let row = owner.in_part(&format!("#target-{TARGET}"));
    row.see("2 MiB is above the 1 MiB that are copied without an approval");
    owner.untick("cn-shanghai");
    owner.fill("Why these copies are needed", "the southern office opens");
    owner.click_button("Ask for approval");
    owner.see("The ticket was opened.");
    assert!(!owner.text().contains("Approve"), "who asks does not decide");
    operator.go("Tickets");
    operator.choose("State", "Open");
    if operator.look() != Look::default() {
        operator.click_button("Show");
    }
    operator.until("the ticket", || operator.texts_of("td a.id").len() == 1);
    let ticket = operator.text_of("td a.id");
    operator.click_link(&ticket);
    operator.see("the southern office opens");
    operator.fill("Answer, if you like", "good luck");
    operator.click_button("Approve");
    operator.see("The ticket was approved.");
    owner.wait_for(|owner| owner.in_part("main"), "good luck");
    owner.click_link("Copy now");
    owner.see("Custom image name");
    assert!(owner.is_ticked(TARGET), "what was approved");
    owner.click_button("Copy to 1 region");
    owner.see(&format!("The copy to {TARGET} has begun."));
    owner.wait_for(|owner| owner.in_part("main"), "100 %");
}

/// R000-7: an image above the limit leads to a ticket; an approved one lets exactly that copy run.
#[test]
fn r000_7_a_large_image_is_copied_by_an_approved_ticket() {
    let site = Site::set_to("", SMALL);
    let key = site.user("olga", "owner");
    let Some(operator) = site.visitor(Look::default()) else { return };
    for look in [Look::default(), Look::default().without_script()] {
        let owner = operator.another(look);
        sign_in(&owner, &key);
        let image = format!("large-{look}");
        site.image(&image, 2);
        asks_and_gets(&owner, &operator, &image);
        // The approval is spent: the next copy needs another one.
        owner.goto("/images?region=cn-hangzhou");
        owner.in_row(&image).click_link("Copy Image");
        owner.in_part(&format!("#target-{TARGET}")).see("Open another ticket.");
    }
}

fn pauses_and_resumes(site: &Site, browser: &Browser) {
    let name = format!("paused-{}", browser.look());
    let link = format!("cn-hangzhou → {TARGET}");
    browser.go("Regions");
    browser.click_link(&link);
    browser.click_button("Pause");
    browser.see(&format!("The link {link} is paused."));
    site.ferry(&format!("image copy golden --from cn-hangzhou --to {TARGET} --name {name}"));
    browser.goto(&format!("/images?region={TARGET}"));
    browser.in_row(&name).see("Waiting");
    browser.in_row(&name).see("its link is paused");
    browser.go("Regions");
    browser.in_row(&link).see("Paused");
    browser.click_link(&link);
    browser.see(&name);
    browser.see("Waiting 1");
    browser.click_button("Resume");
    browser.see(&format!("The link {link} runs again."));
    browser.goto(&format!("/images?region={TARGET}"));
    browser.wait_for(|browser| browser.in_row(&name), "Available");
}

/// An operator pauses a link, sees copies wait, and lets them run.
#[test]
fn a_paused_link_lets_copies_wait_and_a_resumed_one_lets_them_run() {
    let site = Site::set_to("", SLOW);
    site.image("golden", 1);
    site.each_way(|browser| pauses_and_resumes(&site, browser));
}
