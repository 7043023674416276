//! The browser and the hands themselves, on pages of this test's own: each thing that the console's tests rely on is seen to
//! happen, and each fault that they look for is seen to be found.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, Key};
use crate::look::{Look, Screen};
use crate::site::{SLOW, Site};
use crate::wire::Message;

const FORM: &str = r#"<!doctype html><html lang="en"><title>Form</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/page.css"><h1>A form</h1><p class="night">It is night</p><p id="script">still</p><noscript><p>No script here</p></noscript><script src="/assets/page.js"></script>
<p id="language">LANGUAGE</p>
<form action="/told" method="get"><label>Name <input name="name" value="old"></label>
<label for="day">Day</label><input id="day" type="date" name="day"><label><input type="checkbox" name="sure" value="yes"> I am sure</label>
<label>Region <select name="region"><option value="n">north</option><option value="s">south</option></select></label>
<fieldset><legend>Kind</legend><label><input type="radio" name="kind" value="a"> Plain</label>
<label><input type="radio" name="kind" value="b"> Striped</label></fieldset>
<button>Send</button></form>
<button disabled title="nothing is ticked">Copy</button>
<table><tr><td>web</td><td><a href="/told?row=web">Delete</a></td></tr><tr><td>web-2</td><td><a href="/told?row=web-2">Delete</a></td></tr></table>
<button id="ask" type="button">Ask</button><dialog><p>Really?</p><a href="/told?row=asked">Delete</a></dialog>
<details><summary>More</summary><a href="/told?row=hidden">Hidden</a></details></html>"#;
const SCRIPT: &str = "document.getElementById('script').textContent = 'moving';
addEventListener('click', (event) => event.target.id === 'ask' && document.querySelector('dialog').showModal());";
const STYLE: &str =
    ".night { display: none } @media (prefers-color-scheme: dark) { .night { display: block } }";
/// All that a page of the console should not have.
const BAD: &str = r##"<!doctype html><html lang="en"><title>Bad</title><link rel="icon" href="data:,"><h1>Bad</h1><img src="data:,">
<p style="color:red">Red</p><input name="nameless"><script src="/assets/none.js"></script></html>"##;
const RUDE: &str = r#"<!doctype html><html lang="en"><title>Rude</title><link rel="icon" href="data:,"><p>Rude</p><script src="/assets/rude.js"></script></html>"#;
const WIDE: &str = r#"<!doctype html><html lang="en"><title>Wide</title><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,"><svg width="900" height="20"></svg></html>"#;

/// Pages by path, under the content security policy of the console. `/told` answers with what it was asked.
struct Pages {
    address: String,
}

impl Pages {
    fn serve() -> Pages {
        let pages = BTreeMap::from([
            ("/form", FORM),
            ("/bad", BAD),
            ("/rude", RUDE),
            ("/wide", WIDE),
            ("/assets/page.js", SCRIPT),
            ("/assets/page.css", STYLE),
            ("/assets/rude.js", "setTimeout(() => alert('got you'), 0);"),
        ]);
        let pages = Arc::new(pages);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        // It ends with the process; the browser may open a connection and say nothing on it.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let pages = Arc::clone(&pages);
                std::thread::spawn(move || answer(&pages, stream));
            }
        });
        Pages { address }
    }

    fn browser(&self, look: Look) -> Option<Browser> {
        Browser::open(&self.address, look)
    }
}

fn answer(pages: &BTreeMap<&str, &str>, mut stream: TcpStream) {
    let Ok(Some(request)) = Message::read(&mut BufReader::new(&stream)) else { return };
    let (_, target) = request.request_line();
    let path = target.split('?').next().unwrap_or_default();
    let language = request.header("accept-language").unwrap_or_default();
    let (status, page) = match pages.get(path) {
        Some(page) => ("200 OK", page.replace("LANGUAGE", language)),
        None if path == "/told" => {
            ("422 Unprocessable Content", format!("<title>Told</title><p>{target}</p>"))
        }
        None => ("404 Not Found", "<title>None</title><p>nothing</p>".to_owned()),
    };
    let kind = match path.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some(_) | None => "text/html; charset=utf-8",
    };
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'";
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nContent-Security-Policy: {policy}\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // The browser may have gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
}

fn use_the_form(browser: &Browser) {
    browser.goto("/form");
    assert_eq!(browser.value_of("Name"), "old");
    browser.fill("Name", "new 名字");
    browser.fill("Day", "2026-11-22");
    browser.tick("I am sure");
    browser.tick("I am sure");
    assert!(browser.is_ticked("I am sure"));
    browser.choose("Region", "south");
    browser.choose("Kind", "Striped");
    browser.click_button("Send");
    browser.see("/told?name=new+");
    assert!(
        browser.path().ends_with("&day=2026-11-22&sure=yes&region=s&kind=b"),
        "{}",
        browser.path()
    );
    browser.back();
    browser.in_row("web").click_link("Delete");
    browser.see("row=web");
    browser.see_no("web-2");
}

/// R000-6: pages are used by what is written on them, with scripts and without.
#[test]
fn a_form_is_filled_in_by_its_labels_with_and_without_script() {
    let pages = Pages::serve();
    let Some(browser) = pages.browser(Look::default()) else { return };
    use_the_form(&browser);
    browser.goto("/form");
    assert_eq!(
        (browser.text_of("#script").as_str(), browser.text_of("#language").as_str()),
        ("moving", "en-US,en;q=0.9")
    );
    browser.see_no("No script here");
    browser.see_no("It is night");
    assert!(browser.is_off("Copy"));
    assert_eq!(browser.reason("Copy"), "nothing is ticked");
    browser.click_button("More");
    browser.click_link("Hidden");
    browser.goto("/form");
    browser.click_button("Ask");
    browser.click_link("Delete"); // of the modal dialog: the others cannot be reached
    assert_eq!(browser.path(), "/told?row=asked");
    let still = browser.another(Look::default().without_script().chinese().dark());
    use_the_form(&still);
    still.goto("/form");
    assert_eq!(
        (still.text_of("#script").as_str(), still.text_of("#language").as_str()),
        ("still", "zh-CN,zh;q=0.9")
    );
    still.see("No script here");
    still.see("It is night");
    still.screenshot("harness-form");
}

#[test]
fn what_cannot_be_seen_or_used_is_not_clicked() {
    let pages = Pages::serve();
    let Some(browser) = pages.browser(Look::default()) else { return };
    browser.goto("/form");
    let hasty = browser.with_patience(Duration::from_millis(300));
    let fails = |act: &dyn Fn()| {
        let told = catch_unwind(AssertUnwindSafe(act)).expect_err("it was done");
        told.downcast::<String>().map(|text| *text).unwrap_or_default()
    };
    assert!(fails(&|| hasty.click_link("Hidden")).contains("there are: Delete | Delete"));
    assert!(fails(&|| hasty.click_link("Delete")).contains("there are 2 of that name"));
    assert!(fails(&|| hasty.click_button("Copy")).contains("nothing is ticked"));
    assert!(fails(&|| hasty.in_row("we").click_link("Delete")).contains("0 visible parts"));
    assert!(fails(&|| hasty.see("Hidden")).contains("see `Hidden`: waited 300ms on"));
    assert!(
        fails(&|| hasty.fill("nameless", "x"))
            .contains("there are: Name | Day | I am sure | Region | Plain | Striped")
    );
}

#[test]
fn the_keyboard_reaches_everything_in_order() {
    let pages = Pages::serve();
    let Some(browser) = pages.browser(Look::default()) else { return };
    browser.goto("/form");
    browser.press(Key::Tab);
    assert_eq!(browser.focused(), "Name");
    browser.type_in("typed");
    assert_eq!(browser.value_of("Name"), "typed");
    browser.tab_to("I am sure");
    browser.press(Key::Space);
    assert!(browser.is_ticked("I am sure"));
    browser.press(Key::BackTab);
    browser.tab_to("Send");
    browser.press(Key::Enter);
    browser.see("name=typed");
}

/// The console list of RELIABILITY.md: script of a stranger and breaches of the policy do not go unseen.
#[test]
fn dialogs_and_errors_of_a_page_are_found() {
    let pages = Pages::serve();
    let Some(browser) = pages.browser(Look::default()) else { return };
    browser.goto("/form");
    browser.goto("/told");
    browser.never_saw_dialog();
    assert_eq!(browser.console_errors(), Vec::<String>::new(), "a refused page is none");
    browser.goto("/bad");
    let errors = browser.console_errors();
    assert!(errors.iter().any(|error| error.contains("Content Security Policy")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("/assets/none.js")), "{errors:?}");
    browser.goto("/rude");
    let told = catch_unwind(AssertUnwindSafe(|| browser.see("what is not there"))).unwrap_err();
    assert!(told.downcast::<String>().unwrap().contains("got you"));
    assert!(catch_unwind(AssertUnwindSafe(|| browser.never_saw_dialog())).is_err());
    let left = catch_unwind(AssertUnwindSafe(|| drop(browser))).unwrap_err();
    assert!(left.downcast::<String>().unwrap().contains("got you"));
}

#[test]
fn barriers_and_what_is_too_wide_for_a_phone_are_found() {
    let pages = Pages::serve();
    let Some(browser) = pages.browser(Look::default().on(Screen::Phone)) else { return };
    browser.goto("/bad");
    let findings = browser.axe();
    browser.console_errors();
    if !findings.is_empty() {
        for rule in ["critical image-alt", "critical label"] {
            assert!(findings.iter().any(|line| line.starts_with(rule)), "{rule}: {findings:#?}");
        }
    }
    browser.goto("/wide");
    assert_eq!(browser.overflow(), 8 + 900 - 360, "a margin and the drawing");
}

/// Nothing is left of a browser whose test panicked but its picture.
#[test]
fn a_browser_ends_with_its_test_and_leaves_a_picture() {
    let pages = Pages::serve();
    let Some(browser) = pages.browser(Look::default()) else { return };
    let folder = browser.folder();
    assert!(has_process(&folder) && folder.is_dir());
    drop(browser);
    assert!(!has_process(&folder) && !folder.exists());

    let test = std::thread::Builder::new().name("harness::that_panics".to_owned());
    let (tell, told) = std::sync::mpsc::channel();
    let thread = test.spawn(move || {
        let browser = pages.browser(Look::default()).unwrap();
        tell.send(browser.folder()).unwrap();
        browser.goto("/form");
        panic!("as tests do");
    });
    thread.unwrap().join().unwrap_err();
    let folder = told.recv().unwrap();
    assert!(!has_process(&folder) && !folder.exists());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let picture = target.join("console/failed-harness-that_panics-desktop.png");
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    std::fs::remove_file(picture).unwrap();
}

fn has_process(folder: &Path) -> bool {
    let words = json!(folder).as_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).contains(&words))
}

/// A site stands up within a second or so, and what is put into it is there.
#[test]
fn a_site_has_three_regions_images_and_people() {
    let site = Site::set_to("", SLOW);
    let image = site.image("golden", 2);
    let olga = site.user("olga", "reader");
    assert!(image.starts_with("img-") && !olga.secret.is_empty());
    site.ferry("image copy golden --from cn-hangzhou --to ap-southeast-1");
    let copy = site.home.json("copy list --region ap-southeast-1");
    assert_ne!(copy[0]["status"], "done", "the link is slow");
    let endpoint = site.endpoint().to_owned();
    let site = site.restart(&[]);
    assert_eq!(site.endpoint(), endpoint);
    let Some(browser) = site.browser(Look::default()) else { return };
    browser.goto("/livez");
    assert_eq!(browser.path(), "/livez");
    assert_eq!(site.ferry("image list --region cn-hangzhou -o id"), image);
}
