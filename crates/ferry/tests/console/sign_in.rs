//! Signing in and out, as people do.

use crate::browser::Browser;
use crate::look::{Language, Look, Screen};
use crate::site::Site;
use crate::world::Key;

/// What is read on the way, in one language.
struct Words {
    key: &'static str,
    secret: &'static str,
    go: &'static str,
    refused: &'static str,
    leave: &'static str,
    overview: &'static str,
}

const ENGLISH: Words = Words {
    key: "Access key id",
    secret: "Access key secret",
    go: "Sign in",
    refused: "The access key or its secret is not right.",
    leave: "Sign out",
    overview: "Overview",
};
const CHINESE: Words = Words {
    key: "访问密钥 ID",
    secret: "访问密钥 Secret",
    go: "登录",
    refused: "访问密钥 ID 或 Secret 不正确。",
    leave: "退出登录",
    overview: "概览",
};

/// The menu of whoever is signed in: a phone has no room for the account.
fn me(look: Look) -> &'static str {
    match look.screen {
        Screen::Desktop | Screen::Picture => "admin @default",
        Screen::Phone => "admin",
    }
}

fn words(look: Look) -> Words {
    match look.language {
        Language::English => ENGLISH,
        Language::Chinese => CHINESE,
    }
}

fn try_key(browser: &Browser, words: &Words, (id, secret): (&str, &str)) {
    browser.fill(words.key, id);
    browser.fill(words.secret, secret);
    browser.click_button(words.go);
}

/// In by typing, with one try that is wrong; out again.
fn in_and_out(browser: &Browser, words: &Words, key: &Key) {
    browser.goto("/?region=cn-shanghai");
    assert!(browser.path().starts_with("/sign-in?next="), "{}", browser.path());
    let language = browser.attributes("html", "lang");
    try_key(browser, words, (&key.id, "not the secret"));
    browser.see(words.refused);
    assert_eq!(browser.attributes("html", "lang"), language);
    assert_eq!(browser.value_of(words.key), key.id, "what was right need not be typed again");
    assert_eq!(browser.value_of(words.secret), "");
    try_key(browser, words, (&key.id, &key.secret));
    browser.see(me(browser.look()));
    assert_eq!(browser.path(), "/?region=cn-shanghai");
    assert_eq!(browser.text_of("h1"), words.overview);
    let cookie = browser.cookie("ferry-session").expect("there is a session");
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Strict".into()));
    assert!(!browser.text().contains(&key.secret));
    browser.click_button(me(browser.look()));
    browser.click_button(words.leave);
    browser.until("the sign-in page", || browser.path() == "/sign-in");
    assert!(browser.cookie("ferry-session").is_none());
    browser.back();
    browser.see(words.key);
    browser.goto("/images");
    browser.see(words.key);
}

/// R000-6, RELIABILITY console: with scripts and without, in both languages.
#[test]
fn a_person_signs_in_with_a_key_and_out_again() {
    let site = Site::new();
    let english = Look::default();
    let Some(browser) = site.browser(english) else { return };
    in_and_out(&browser, &ENGLISH, &site.key());
    for look in [english.chinese(), english.without_script(), english.chinese().without_script()] {
        let browser = browser.another(look);
        in_and_out(&browser, &words(look), &site.key());
    }
}

/// A person without a mouse.
#[test]
fn a_person_signs_in_by_the_keyboard_alone() {
    let site = Site::new();
    let Some(browser) = site.browser(Look::default()) else { return };
    browser.goto("/");
    assert_eq!(browser.focused(), ENGLISH.key, "the first thing to do has the focus");
    let key = site.key();
    browser.type_in(&key.id);
    browser.press(crate::browser::Key::Tab);
    browser.type_in(&key.secret);
    browser.press(crate::browser::Key::Enter);
    browser.see(me(browser.look()));
    browser.press(crate::browser::Key::Tab);
    assert_eq!(browser.focused(), "Skip to the page");
    browser.tab_to(me(browser.look()));
    browser.press(crate::browser::Key::Enter);
    browser.tab_to(ENGLISH.leave);
    browser.press(crate::browser::Key::Enter);
    browser.see(ENGLISH.secret);
}

/// RELIABILITY console: signing out everywhere ends the sessions of other browsers.
#[test]
fn signing_out_everywhere_ends_every_session_of_the_user() {
    let site = Site::new();
    let Some(browser) = site.browser(Look::default()) else { return };
    let other = browser.another(Look::default().on(Screen::Phone));
    for browser in [&browser, &other] {
        browser.goto("/");
        try_key(browser, &ENGLISH, (&site.key().id, &site.key().secret));
        browser.see(me(browser.look()));
    }
    browser.click_button(me(browser.look()));
    browser.click_button("Sign out everywhere");
    browser.see(ENGLISH.secret);
    other.goto("/");
    other.see(ENGLISH.secret);
}

/// Both languages, by day and by night, on a desk and in a hand: nothing is cut off, and nothing keeps anybody out.
#[test]
fn the_way_in_looks_well_and_has_no_barriers() {
    let site = Site::new();
    let day = Look::default();
    let Some(first) = site.browser(day) else { return };
    let phone = day.on(Screen::Phone);
    for look in [day, day.dark(), day.chinese(), phone, phone.dark().chinese()] {
        let browser = first.another(look);
        browser.goto("/sign-in");
        no_barriers(&browser, &format!("sign-in-{look}"));
        let key = site.key();
        try_key(&browser, &words(look), (&key.id, &key.secret));
        browser.see(me(browser.look()));
        no_barriers(&browser, &format!("first-{look}"));
    }
}

fn no_barriers(browser: &Browser, name: &str) {
    browser.screenshot(name);
    assert_eq!(browser.axe(), Vec::<String>::new(), "{name}");
    assert_eq!(browser.overflow(), 0, "{name}");
}
