//! Everything by the keyboard alone.

use crate::browser::Key;
use crate::look::Look;
use crate::site::{REGIONS, Site};

const TARGET: &str = REGIONS[2];

/// R000-6, R000-8: an image is copied without a mouse: Tab and Enter to its Copy Image, Space to choose a target, Enter to send.
/// Escape closes the dialog, and the focus is where it was.
#[test]
fn an_image_is_copied_by_the_keyboard_alone() {
    let site = Site::new();
    site.image("golden", 1);
    let Some(browser) = site.browser(Look::default()) else { return };
    browser.goto("/images?region=cn-hangzhou");
    browser.type_in(&site.key().id);
    browser.press(Key::Tab);
    browser.type_in(&site.key().secret);
    browser.press(Key::Enter);
    browser.see("golden");
    browser.tab_to("Copy Image");
    browser.press(Key::Enter);
    browser.see("Custom image name");
    browser.press(Key::Escape);
    browser.see_no("Custom image name");
    assert_eq!(browser.focused(), "Copy Image");
    browser.press(Key::Enter);
    browser.see("Custom image name");
    browser.until("the focus in the dialog", || browser.focused() == TARGET);
    browser.press(Key::Space);
    assert!(browser.is_ticked(TARGET));
    browser.see("Copy to 1 region");
    assert_eq!(browser.focused(), TARGET, "what the server sent anew has not moved it");
    browser.tab_to("Copy to 1 region");
    browser.press(Key::Enter);
    browser.see(&format!("The copy to {TARGET} has begun."));
}

/// A row's menu: opened by Enter, walked by arrows, left by Escape.
#[test]
fn a_menu_is_walked_by_arrows() {
    let site = Site::new();
    site.image("golden", 1);
    let Some(browser) = site.visitor(Look::default()) else { return };
    browser.goto("/images?region=cn-hangzhou");
    let menu = "More actions on golden";
    browser.tab_to(menu);
    browser.press(Key::Enter);
    browser.see("Create Instance");
    browser.press(Key::Down);
    assert_eq!(browser.focused(), "Create Instance");
    browser.press(Key::Escape);
    browser.see_no("Create Instance");
    assert_eq!(browser.focused(), menu);
    browser.press(Key::Enter);
    browser.press(Key::Down);
    browser.press(Key::Enter);
    browser.see("Create instances of golden");
    browser.press(Key::Escape);
    browser.see_no("Create instances of golden");
}
