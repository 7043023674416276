//! A browser that a test has for itself, looked after until the test's end.
#![allow(dead_code)]

use std::cell::RefCell;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::axe;
use crate::driver::{Driver, Programs};
use crate::hands::Hands;
use crate::look::{Look, Script};

/// How many tests have browsers at once: each is busy with several processes.
const AT_ONCE: usize = 2;
static TURNS: Mutex<usize> = Mutex::new(AT_ONCE);
static FREED: Condvar = Condvar::new();
/// Most presses of the Tab key on the way to one place.
const TABS: usize = 80;

/// One of the turns; dropped, it is the next one's.
struct Turn;

impl Turn {
    fn take() -> Turn {
        let free = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        let free = FREED.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}

/// A key with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Tab,
    BackTab,
    Enter,
    Space,
    Escape,
    Up,
    Down,
    Left,
    Right,
}

impl Key {
    /// As WebDriver writes it, all that is held down together.
    fn codes(self) -> &'static [&'static str] {
        match self {
            Key::Tab => &["\u{e004}"],
            Key::BackTab => &["\u{e008}", "\u{e004}"],
            Key::Enter => &["\u{e007}"],
            Key::Space => &[" "],
            Key::Escape => &["\u{e00c}"],
            Key::Left => &["\u{e012}"],
            Key::Up => &["\u{e013}"],
            Key::Right => &["\u{e014}"],
            Key::Down => &["\u{e015}"],
        }
    }
}

/// A browser on one site. At its end it looks for what no page may do: open a dialog by script, or write an error to the
/// console, such as a breach of the content security policy.
pub struct Browser {
    hands: Hands,
    base: String,
    look: Look,
    /// What the browser's console told and no test has taken.
    errors: RefCell<Vec<String>>,
    turn: Option<Turn>,
}

impl Deref for Browser {
    type Target = Hands;

    /// The hands on all of the page.
    fn deref(&self) -> &Hands {
        &self.hands
    }
}

impl Browser {
    /// Waits for a turn and opens an empty browser. None, and a word of SKIP, where there is no Chromium.
    pub fn open(base: &str, look: Look) -> Option<Browser> {
        let programs = Programs::find()?;
        let turn = Turn::take();
        let driver = Driver::start(&programs, look);
        Some(Browser {
            hands: Hands::new(driver),
            base: base.to_owned(),
            look,
            errors: RefCell::default(),
            turn: Some(turn),
        })
    }

    /// A second person's browser on the same site, in the same turn.
    pub fn another(&self, look: Look) -> Browser {
        let programs = Programs::find().expect("there was one a moment ago");
        let hands = Hands::new(Driver::start(&programs, look));
        Browser { hands, base: self.base.clone(), look, errors: RefCell::default(), turn: None }
    }

    pub fn look(&self) -> Look {
        self.look
    }

    /// Opens a page by its path.
    pub fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        let gone = self.driver.post("/url", &json!({"url": url}));
        gone.unwrap_or_else(|refusal| panic!("open `{path}`: {refusal}"));
    }

    /// Where it is: path and query, `#` and what follows.
    pub fn path(&self) -> String {
        let url = self.driver.get("/url").unwrap_or_else(|refusal| panic!("where: {refusal}"));
        let url = url.as_str().unwrap_or_default();
        url.strip_prefix(&self.base).unwrap_or(url).to_owned()
    }

    pub fn title(&self) -> String {
        let title = self.driver.get("/title").unwrap_or_else(|refusal| panic!("title: {refusal}"));
        title.as_str().unwrap_or_default().to_owned()
    }

    pub fn back(&self) {
        self.driver.post("/back", &json!({})).unwrap_or_else(|refusal| panic!("back: {refusal}"));
    }

    pub fn reload(&self) {
        let done = self.driver.post("/refresh", &json!({}));
        done.unwrap_or_else(|refusal| panic!("reload: {refusal}"));
    }

    /// Goes to one of the places of the bar.
    pub fn go(&self, place: &str) {
        self.in_part("body > header nav").click_link(place);
        self.until(&format!("the page of `{place}`"), || {
            self.attributes("body > header nav a[aria-current=page]", "href").len() == 1
                && self.text_of("body > header nav a[aria-current=page]") == place
        });
    }

    /// Switches to a region in the bar.
    pub fn switch_to(&self, region: &str) {
        let bar = self.in_part("body > header form.region-switch");
        bar.choose("Region", region);
        if self.look.script == Script::Off {
            bar.click_button("Go");
        }
        let there = format!("region={region}");
        self.until(&format!("the page of {region}"), || self.path().contains(&there));
    }

    /// Waits until a part of the page has these words; where pages run no scripts, by loading it again, as a person does.
    pub fn wait_for(&self, part: impl Fn(&Browser) -> Hands, text: &str) {
        self.until(&format!("`{text}`"), || {
            let is_there = part(self).text().contains(text);
            if !is_there && self.look.script == Script::Off {
                self.reload();
            }
            is_there
        });
    }

    /// A cookie of this page as the browser keeps it: `value`, `httpOnly`, `sameSite`, `secure`.
    pub fn cookie(&self, name: &str) -> Option<Value> {
        self.driver.get(&format!("/cookie/{name}")).ok()
    }

    /// Presses a key where the focus is.
    pub fn press(&self, key: Key) {
        let codes = key.codes();
        let down = codes.iter().map(|code| json!({"type": "keyDown", "value": code}));
        let up = codes.iter().rev().map(|code| json!({"type": "keyUp", "value": code}));
        self.keys(down.chain(up).collect());
    }

    /// Types where the focus is.
    pub fn type_in(&self, text: &str) {
        let stroke = |letter: char| {
            ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": letter.to_string()}))
        };
        self.keys(text.chars().flat_map(stroke).collect());
    }

    fn keys(&self, strokes: Vec<Value>) {
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        let done = self.driver.post("/actions", &json!({"actions": [keyboard]}));
        done.unwrap_or_else(|refusal| panic!("keys: {refusal}"));
    }

    /// The name, as a screen reader says it, of what has the focus; empty where nothing has.
    pub fn focused(&self) -> String {
        let Ok(active) = self.driver.get("/element/active") else { return String::new() };
        let Some(id) = active[crate::driver::ELEMENT].as_str() else { return String::new() };
        let name = self.driver.get(&format!("/element/{id}/computedlabel"));
        name.ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
    }

    /// Presses Tab until what has the focus has this name.
    pub fn tab_to(&self, name: &str) {
        let mut way = Vec::new();
        while way.len() < TABS {
            self.press(Key::Tab);
            let focused = self.focused();
            if focused == name {
                return;
            }
            way.push(focused);
        }
        panic!("Tab never comes to `{name}`: {way:?}");
    }

    /// How many pixels of the page are beyond the screen's right edge.
    pub fn overflow(&self) -> i64 {
        self.hand("overflow", &[]).ok().and_then(|pixels| pixels.as_i64()).unwrap_or_default()
    }

    /// Serious and critical findings of axe-core on this page, each a line. Only where pages may run scripts.
    pub fn axe(&self) -> Vec<String> {
        assert_eq!(self.look.script, Script::On, "axe-core waits for timers");
        axe::findings(&self.driver)
    }

    /// Writes what is on the screen to `target/console/NAME.png`.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let file = folder().join(format!("{name}.png"));
        self.screenshot_to(&file);
        file
    }

    /// The same, to any file.
    pub fn screenshot_to(&self, file: &Path) {
        self.picture(file).unwrap_or_else(|why| panic!("screenshot: {why}"));
    }

    fn picture(&self, file: &Path) -> Result<(), String> {
        let told = self.driver.get("/screenshot").map_err(|refusal| refusal.to_string())?;
        let text = told.as_str().ok_or("there is none")?;
        let picture = base64::engine::general_purpose::STANDARD.decode(text);
        let picture = picture.map_err(|error| error.to_string())?;
        std::fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
        std::fs::write(file, picture).map_err(|error| error.to_string())
    }

    /// Errors that the browser's console told since this was last asked. What a test takes here is its own to judge; what it
    /// leaves fails it at its end.
    pub fn console_errors(&self) -> Vec<String> {
        self.hear();
        std::mem::take(&mut self.errors.borrow_mut())
    }

    fn hear(&self) {
        let Ok(told) = self.driver.post("/se/log", &json!({"type": "browser"})) else { return };
        let lines = told.as_array().cloned().unwrap_or_default();
        let severe = lines.iter().filter(|line| line["level"] == "SEVERE");
        let errors = severe.filter_map(|line| line["message"].as_str());
        let errors = errors.filter(|message| !is_refused_page(message)).map(str::to_owned);
        self.errors.borrow_mut().extend(errors);
    }

    /// No script opened an `alert`, `confirm` or `prompt`: it would still stand there.
    pub fn never_saw_dialog(&self) {
        if let Ok(text) = self.driver.get("/alert/text") {
            panic!("a script opened a dialog: {text}");
        }
    }

    /// The folder of everything that the browser and its driver write.
    pub fn folder(&self) -> PathBuf {
        self.driver.folder().to_owned()
    }

    /// For whoever reads why a test failed: what was on the screen.
    fn tell(&self) {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("test").replace("::", "-");
        let file = folder().join(format!("failed-{test}-{}.png", self.look));
        match self.picture(&file) {
            Ok(()) => println!("the screen is in {}", file.display()),
            Err(why) => println!("no picture of the screen: {why}"),
        }
        let url = self.driver.get("/url").ok();
        let text = self.hand("page", &[]);
        self.hear();
        println!("{url:?} said: {text:?}; the console: {:?}", self.errors.borrow());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return self.tell();
        }
        let dialog = self.driver.get("/alert/text").ok();
        let errors = self.console_errors();
        if dialog.is_some() || !errors.is_empty() {
            self.tell();
            panic!("at the end: dialog {dialog:?}, errors on the console {errors:#?}");
        }
    }
}

/// The browser calls a page with a refusal an error; the test reads the page. What a page loads must be there.
fn is_refused_page(message: &str) -> bool {
    let Some((url, what)) = message.split_once(" - Failed to load resource: ") else {
        return false;
    };
    what.contains("status of 4") && !url.contains("/assets/")
}

fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    target.expect("it is in target").join("console")
}
