//! Other people's text stays text (RELIABILITY, console), wherever it is shown.

use crate::browser::Browser;
use crate::look::{Look, Screen};
use crate::site::Site;

/// What a person may call an image.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "<img src=x onerror=alert(1)>",
        "\"><script>alert(1)</script>",
        "javascript:alert(1)",
        "{{7*7}} ${7*7} #{7*7}",
        "=cmd|' /C calc'!A0",
        "<svg/onload=alert(1)>",
        "'-alert(1)-' &lt;b&gt; &amp;",
        "%3Cscript%3E ../../etc ?a=b#c",
    ]
    .map(str::to_owned)
    .into();
    names.push("שלום".repeat(32)); // 128 letters that run from right to left
    names.push("W".repeat(128));
    names
}

fn furnish(site: &Site) -> Vec<(String, String)> {
    crate::world::disks::noise(&site.home.path("disk.raw"), 1, 7);
    let made = names().into_iter().map(|name| {
        let tag = format!("note={name}");
        let words = ["image", "import", "disk.raw", "--region", "cn-hangzhou", "-o", "id"];
        let about = ["--name", &name, "--description", &name, "--tag", &tag];
        (site.say(&[&words[..], &about[..]].concat()), name)
    });
    let made: Vec<(String, String)> = made.collect();
    for (id, name) in &made {
        site.ferry(&format!("image copy {id} --from cn-hangzhou --to cn-shanghai --wait"));
        site.say(&["account", "create", name]);
        site.say(&["user", "create", name, "--role", "reader"]);
    }
    made
}

/// The page shows these texts as they are, runs nothing and is not wider than the screen.
fn shows(browser: &Browser, path: &str, texts: &[&str]) {
    browser.goto(path);
    for text in texts {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(browser.text().contains(&words), "{path}: `{text}` in {}", browser.text());
    }
    assert_eq!(browser.overflow(), 0, "{path}");
    browser.never_saw_dialog();
    assert_eq!(browser.console_errors(), Vec::<String>::new(), "{path}");
}

/// Lists of everything, and the pages of each image: with scripts on a desk, without them, and on a phone.
#[test]
fn hostile_names_are_text_on_every_page() {
    let site = Site::new();
    let day = Look::default();
    let Some(desk) = site.visitor(day) else { return };
    let made = furnish(&site);
    let all: Vec<&str> = made.iter().map(|(_, name)| name.as_str()).collect();
    let phone = site.another(&desk, day.on(Screen::Phone));
    for browser in [&desk, &phone] {
        for list in ["/images?region=cn-hangzhou", "/images", "/copies", "/snapshots", "/people"] {
            shows(browser, list, &all[..if list == "/snapshots" { 0 } else { all.len() }]);
        }
        shows(browser, "/", &[]);
        shows(browser, "/audit", &[]);
        shows(browser, "/usage", &[]);
    }
    let still = site.another(&desk, day.without_script());
    for (id, name) in &made {
        let image = format!("/regions/cn-hangzhou/images/{id}");
        for (browser, page) in
            [(&desk, ""), (&phone, "/edit"), (&still, "/delete"), (&still, "/share")]
        {
            shows(browser, &format!("{image}{page}"), &[name]);
        }
        shows(&phone, &image, &[name]);
        shows(&phone, &format!("/regions/cn-hangzhou/copy?image={id}"), &[name]);
    }
    desk.goto("/images?region=cn-hangzhou");
    desk.fill("Search images", &names()[0]);
    desk.click_button("Find");
    desk.see("1–1 of 1");
    assert_eq!(desk.value_of("Search images"), names()[0]);
    desk.goto("/images?q=%22%3E%3Cscript%3Ealert(2)%3C/script%3E&sort=%3Cb%3E&status=%27&page=-1");
    desk.see("No image fits what you look for");
}
