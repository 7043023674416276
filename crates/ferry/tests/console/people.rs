//! Keys, people with other roles, and the trail of what was done.

use crate::browser::Browser;
use crate::look::Look;
use crate::site::Site;
use crate::world::Key;

/// By a key, typed.
pub fn sign_in(browser: &Browser, key: &Key) {
    browser.goto("/sign-in");
    browser.fill("Access key id", &key.id);
    browser.fill("Access key secret", &key.secret);
    browser.click_button("Sign in");
    browser.until("the first page", || browser.path() == "/");
}

/// What the page of a new key tells, once.
fn told(browser: &Browser) -> Key {
    browser.see("This is the only time the secret is shown.");
    Key { id: browser.text_of("#key-id"), secret: browser.text_of("#key-secret") }
}

fn a_key(site: &Site, browser: &Browser) {
    browser.go("Access keys");
    browser.click_button("Create key");
    let key = told(browser);
    browser.click_link("I have kept it");
    browser.in_row(&key.id).see("Active");
    assert!(!browser.text().contains(&key.secret));
    browser.back();
    assert!(!browser.text().contains(&key.secret), "no secret is shown twice");
    let other = browser.another(browser.look());
    sign_in(&other, &key);
    browser.go("Access keys");
    browser.in_row(&key.id).click_link("Disable");
    browser.see("Nobody signs in with it any more");
    browser.click_button("Disable");
    browser.see(&format!("Access key {} is disabled.", key.id));
    other.goto("/images");
    other.see("Access key secret");
    browser.in_row(&key.id).click_link("Delete");
    browser.click_button("Delete");
    browser.see(&format!("Access key {} was deleted.", key.id));
    browser.go("Audit");
    browser.fill("Done to", &key.id);
    browser.click_button("Find");
    let actions = || browser.texts_of("tbody code");
    browser.until("the trail of that key alone", || actions().len() == 3);
    let actions = actions();
    assert!(actions[0].contains("delete"), "the newest first: {actions:?}");
    assert!(!site.ferry("key list").contains(&key.id));
}

/// RELIABILITY console: a secret is shown once; a disabled key's sessions end. The trail tells each step.
#[test]
fn a_key_is_made_used_disabled_and_deleted_and_the_trail_tells_it() {
    let site = Site::new();
    site.each_way(|browser| a_key(&site, browser));
}

fn a_reader(site: &Site, browser: &Browser) {
    let name = format!("rita-{}", browser.look());
    browser.go("People");
    browser.click_link("default");
    browser.fill("User name", &name);
    browser.choose("Role", "Reader: looks at the account’s own things");
    browser.click_button("Create user");
    browser.see(&format!("User {name} was created."));
    browser.click_button("Create key");
    let key = told(browser);
    let reader = browser.another(browser.look());
    sign_in(&reader, &key);
    let bar = reader.texts_of("body > header nav a");
    assert!(!bar.iter().any(|place| place == "People"), "{bar:?}");
    reader.go("Images");
    reader.switch_to("cn-hangzhou");
    let row = reader.in_row("golden");
    row.see("Available");
    let why = row.attributes("[aria-disabled=true]", "title");
    assert!(why.len() >= 5, "every action is off: {why:?}");
    assert!(why.iter().all(|why| why.as_deref().is_some_and(|why| why.len() > 5)), "{why:?}");
    assert_eq!(reader.attributes("input[type=checkbox][name=image]:enabled", "value").len(), 0);
    reader.goto("/people");
    reader.see("Your role, Reader, does not allow this");
    let image = site.home.json("image list --region cn-hangzhou")[0]["id"].clone();
    reader.goto(&format!("/regions/cn-hangzhou/images/{}/delete", image.as_str().unwrap()));
    assert!(!reader.text().contains("Delete image"), "{}", reader.text());
}

/// A reader looks and changes nothing: what is off says why.
#[test]
fn a_reader_is_made_and_sees_why_nothing_can_be_changed() {
    let site = Site::new();
    site.image("golden", 1);
    site.each_way(|browser| a_reader(&site, browser));
}

/// The language and the light of whoever is signed in, with script at once and without by a button.
#[test]
fn the_language_and_the_light_are_chosen_and_kept() {
    let site = Site::new();
    let Some(browser) = site.visitor(Look::default()) else { return };
    browser.go("Images");
    browser.click_button("admin @default");
    browser.choose("Look", "Dark");
    browser.until("the dark", || browser.attributes("html", "data-theme") == [Some("dark".into())]);
    browser.click_button("admin @default");
    browser.choose("Language", "中文");
    browser.until("Chinese", || browser.text_of("h1") == "镜像");
    assert_eq!(browser.path(), "/images", "where it was chosen");
    let still = site.another(&browser, Look::default().without_script());
    still.click_button("admin @default");
    still.choose("Language", "中文");
    still.click_button("Keep");
    still.until("Chinese", || still.text_of("h1") == "概览");
}
