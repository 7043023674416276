//! A person's hands on a page, or on a part of it: what is clicked and filled in is found by the words that people read.
#![allow(dead_code)]
#![allow(clippy::disallowed_methods, reason = "pages are waited for")]

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::driver::{Driver, ELEMENT, Refusal};

/// The longest wait for anything on a page.
const PATIENCE: Duration = Duration::from_secs(20);
const SCRIPT: &str = include_str!("hands.js");

/// A part of a page, or all of it. Everything waits until it can be done, for 20 seconds.
#[derive(Clone)]
pub struct Hands {
    pub(super) driver: Rc<Driver>,
    /// From the page inwards: `{"row": TEXT}` or `{"css": SELECTOR}`.
    scope: Vec<Value>,
    patience: Duration,
}

/// Why something cannot be done yet.
type Not<T> = Result<T, String>;

impl Hands {
    pub(super) fn new(driver: Driver) -> Hands {
        Hands { driver: Rc::new(driver), scope: Vec::new(), patience: PATIENCE }
    }

    /// Within the row of a table or list that has a cell, a link or words with just this text.
    pub fn in_row(&self, text: &str) -> Hands {
        self.within(json!({"row": text}))
    }

    /// Within the one visible part with this selector.
    pub fn in_part(&self, css: &str) -> Hands {
        self.within(json!({"css": css}))
    }

    /// The same hands with other patience.
    pub fn with_patience(&self, patience: Duration) -> Hands {
        Hands { patience, ..self.clone() }
    }

    fn within(&self, step: Value) -> Hands {
        let mut part = self.clone();
        part.scope.push(step);
        part
    }

    pub fn click_link(&self, name: &str) {
        self.act(&format!("click the link `{name}`"), || self.click_on("link", name));
    }

    pub fn click_button(&self, name: &str) {
        self.act(&format!("click the button `{name}`"), || self.click_on("button", name));
    }

    /// Types into the field with this label, in place of what is there. A date is given as `2026-11-22`, a month as `2026-11`.
    pub fn fill(&self, label: &str, text: &str) {
        self.act(&format!("fill in `{label}`"), || {
            let field = self.find("field", label)?;
            let kind = self.driver.get(&format!("{}/property/type", at(&field))).map_err(said)?;
            if ["date", "month", "time", "datetime-local"].iter().any(|name| kind == *name) {
                return self.hand("set", &[field, json!(text)]).map(drop);
            }
            self.post(&format!("{}/clear", at(&field)), &json!({}))?;
            self.post(&format!("{}/value", at(&field)), &json!({"text": text}))
        });
    }

    /// Hands a file to the field with this label.
    pub fn attach(&self, label: &str, file: &Path) {
        self.act(&format!("attach a file to `{label}`"), || {
            let field = self.find("field", label)?;
            self.post(&format!("{}/value", at(&field)), &json!({"text": file}))
        });
    }

    /// Ticks the box with this label, unless it is ticked.
    pub fn tick(&self, label: &str) {
        self.act(&format!("tick `{label}`"), || self.turn(label, true));
    }

    /// Takes the tick away, if there is one.
    pub fn untick(&self, label: &str) {
        self.act(&format!("untick `{label}`"), || self.turn(label, false));
    }

    /// Chooses from the list with this label, or the round button of a group of this name.
    pub fn choose(&self, label: &str, option: &str) {
        self.act(&format!("choose `{option}` of `{label}`"), || {
            let Ok(list) = self.find("field", label) else {
                self.find("group", label)?;
                return self.click_on("field", option);
            };
            let found = self.hand("option", &[list, json!(option)])?;
            if found.is_null() {
                return Err("there is no such choice".to_owned());
            }
            self.post(&format!("{}/click", at(&found)), &json!({}))
        });
    }

    /// What stands in the field with this label.
    pub fn value_of(&self, label: &str) -> String {
        let value = self.property(label, "value");
        value.as_str().unwrap_or_default().to_owned()
    }

    pub fn is_ticked(&self, label: &str) -> bool {
        self.property(label, "checked") == true
    }

    fn property(&self, label: &str, name: &str) -> Value {
        self.act(&format!("look at `{label}`"), || {
            let field = self.find("field", label)?;
            self.driver.get(&format!("{}/property/{name}", at(&field))).map_err(said)
        })
    }

    /// Whether this field, button or link can be used.
    pub fn is_off(&self, name: &str) -> bool {
        self.ask_about(name, "isOff") == true
    }

    /// What is said about this field, button or link beside its name: why it is off.
    pub fn reason(&self, name: &str) -> String {
        self.ask_about(name, "reason").as_str().unwrap_or_default().to_owned()
    }

    fn ask_about(&self, name: &str, question: &str) -> Value {
        self.act(&format!("look at `{name}`"), || {
            let button = self.find("button", name);
            let found = button.or_else(|_| self.find("link", name));
            let found = found.or_else(|_| self.find("field", name))?;
            self.hand(question, &[found])
        })
    }

    /// Waits until these words can be read.
    pub fn see(&self, text: &str) {
        self.act(&format!("see `{text}`"), || {
            let there = self.read()?.contains(text);
            if there { Ok(()) } else { Err("it is not there".to_owned()) }
        });
    }

    /// Waits until these words cannot be read any more.
    pub fn see_no(&self, text: &str) {
        self.act(&format!("see `{text}` gone"), || {
            let there = self.read()?.contains(text);
            if there { Err("it is there".to_owned()) } else { Ok(()) }
        });
    }

    /// All that can be read here now.
    pub fn text(&self) -> String {
        self.act("read", || self.read())
    }

    /// What can be read in the one visible part with this selector.
    pub fn text_of(&self, css: &str) -> String {
        self.in_part(css).text()
    }

    /// What can be read in each visible part with this selector.
    pub fn texts_of(&self, css: &str) -> Vec<String> {
        let answer = self.act(css, || self.hand("texts", &[json!(self.scope), json!(css)]));
        serde_json::from_value(answer).unwrap()
    }

    /// An attribute of each part with this selector; `None` where a part lacks it.
    pub fn attributes(&self, css: &str, name: &str) -> Vec<Option<String>> {
        let asked = [json!(self.scope), json!(css), json!(name)];
        serde_json::from_value(self.act(css, || self.hand("attributes", &asked))).unwrap()
    }

    /// Waits until this holds.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        self.act(what, || if holds() { Ok(()) } else { Err("not yet".to_owned()) });
    }

    /// Tries until it is done; panics with what was waited for. A dialog of a script ends it at once.
    fn act<T>(&self, what: &str, mut attempt: impl FnMut() -> Not<T>) -> T {
        let began = Instant::now();
        loop {
            let why = match attempt() {
                Ok(done) => return done,
                Err(why) => why,
            };
            let url = self.driver.get("/url");
            if let Err(refusal) = &url
                && refusal.is_dialog()
            {
                panic!("{what}: a script opened a dialog: {refusal}");
            }
            if began.elapsed() > self.patience {
                let url = url.map_or_else(|refusal| refusal.to_string(), |url| url.to_string());
                panic!("{what}: waited {:?} on {url}: {why}", self.patience);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn click_on(&self, kind: &str, name: &str) -> Not<()> {
        let found = self.find(kind, name)?;
        if self.hand("isOff", std::slice::from_ref(&found))? == true {
            return Err(format!("it is off: {}", self.hand("reason", &[found])?));
        }
        self.post(&format!("{}/click", at(&found)), &json!({}))
    }

    fn turn(&self, label: &str, ticked: bool) -> Not<()> {
        let field = self.find("field", label)?;
        let now = self.driver.get(&format!("{}/property/checked", at(&field))).map_err(said)?;
        if now == ticked { Ok(()) } else { self.click_on("field", label) }
    }

    fn read(&self) -> Not<String> {
        let text = self.hand("text", &[json!(self.scope)])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The one visible element of this kind and name.
    fn find(&self, kind: &str, name: &str) -> Not<Value> {
        let mut answer = self.hand("find", &[json!(self.scope), json!(kind), json!(name)])?;
        match answer["why"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => Ok(answer["found"].take()),
        }
    }

    /// Calls a function of `hands.js`.
    pub(super) fn hand(&self, function: &str, arguments: &[Value]) -> Not<Value> {
        let arguments = [&[json!(function)], arguments].concat();
        self.driver.run(SCRIPT, &arguments).map_err(said)
    }

    fn post(&self, path: &str, body: &Value) -> Not<()> {
        self.driver.post(path, body).map(drop).map_err(said)
    }
}

fn at(element: &Value) -> String {
    format!("/element/{}", element[ELEMENT].as_str().expect("an element has a name"))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn said(refusal: Refusal) -> String {
    refusal.to_string()
}
