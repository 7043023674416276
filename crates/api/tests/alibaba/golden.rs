//! One file for each operation, `tests/golden/alibaba/NAME.json`: what is asked, and exactly what is answered. That every
//! operation has one is looked at where the operations are listed.
//!
//! A file is a list of steps. A step is a call (`call`, `params`, `status`, `answer`; `by` where it is not the account's), or
//! something that happens: `import` (`name`, `region`, optionally `disks`, a list of chunks), `encryption_key` (`name`,
//! `region`), `object` (`region`, `bucket`, `object`, `chunks`: a raw disk in the account's bucket), `advance_secs`, or
//! `run_until_idle`. In texts `{{name}}` is a value that differs from run to run: known where an earlier step or answer named
//! it, else named here. `{{account}}` and `{{stranger}}` are the numbers of the two accounts. Run with `GOLDEN=write` to
//! write what was answered into the files, and look at the difference.

use std::path::PathBuf;

use region::testing::disk;
use serde_json::{Map, Value, json};

use crate::door::{Answer, Door, spelled};

/// What stands for a request's id.
const REQUEST: &str = "REQUEST";
/// What ids begin with, and how their kind is called in a file that is written.
const KINDS: [(&str, &str); 4] =
    [("m-", "image"), ("s-", "snapshot"), ("t-", "task"), ("i-", "instance")];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/alibaba")
}

/// Values that differ from run to run, by name.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    fn bind(&mut self, name: &str, value: String) {
        assert!(self.value(name).is_none(), "`{name}` is named twice");
        self.0.push((name.to_owned(), value));
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text with the values of the names in it.
    fn fill(&self, text: &str) -> String {
        let known = self.0.iter();
        let filled = known.fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        });
        assert!(!filled.contains("{{"), "{filled} has a name that nothing is known by");
        filled
    }

    /// The other way: what is known is named, and an id that is new gets a name.
    fn hide(&mut self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let text = number.to_string();
                match self.0.iter().find(|(_, known)| *known == text) {
                    Some((name, _)) if text.len() > 9 => json!(format!("{{{{{name}}}}}")),
                    _ => value.clone(),
                }
            }
            Value::String(text) => {
                self.learn(text);
                let mut hidden = text.clone();
                for (name, value) in &self.0 {
                    hidden = hidden.replace(value.as_str(), &format!("{{{{{name}}}}}"));
                }
                json!(hidden)
            }
            Value::Array(list) => list.iter().map(|value| self.hide(value)).collect(),
            Value::Object(fields) => {
                let hidden = fields.iter().map(|(name, value)| (name.clone(), self.hide(value)));
                Value::Object(hidden.collect::<Map<_, _>>())
            }
        }
    }

    fn learn(&mut self, text: &str) {
        let known = self.0.iter().any(|(_, value)| value == text);
        let kind = KINDS.iter().find(|(prefix, _)| {
            let rest = text.strip_prefix(prefix).unwrap_or_default();
            rest.len() == 20 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        if let (Some((_, kind)), false) = (kind, known) {
            let free = |number: &usize| self.value(&format!("{kind} {number}")).is_none();
            let number = (1..).find(free).expect("numbers do not end");
            self.bind(&format!("{kind} {number}"), text.to_owned());
        }
    }

    /// Whether an answer is what the file says. A name that nothing is known by yet takes the value that stands in its place.
    fn matches(&mut self, wanted: &Value, got: &Value) -> bool {
        match (wanted, got) {
            (Value::Object(wanted), Value::Object(got)) => {
                wanted.len() == got.len()
                    && wanted.iter().all(|(name, wanted)| {
                        got.get(name).is_some_and(|got| self.matches(wanted, got))
                    })
            }
            (Value::Array(wanted), Value::Array(got)) => {
                wanted.len() == got.len()
                    && wanted.iter().zip(got).all(|(wanted, got)| self.matches(wanted, got))
            }
            (Value::String(text), Value::String(_) | Value::Number(_)) if text.contains("{{") => {
                let got = got.as_str().map_or_else(|| got.to_string(), str::to_owned);
                let name = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
                match name.filter(|name| !name.contains("{{") && self.value(name).is_none()) {
                    Some(name) => {
                        self.bind(name, got);
                        true
                    }
                    None => self.fill(text) == got,
                }
            }
            (wanted, got) => wanted == got,
        }
    }
}

/// Checks a request's id, and puts one word in its place.
fn without_request_id(mut answer: Answer) -> Answer {
    let id = answer.body["RequestId"].as_str().expect("every answer has it").to_owned();
    let upper = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert!(lengths == [8, 4, 4, 4, 12] && id.split('-').all(upper), "{id} is no such id");
    answer.body["RequestId"] = json!(REQUEST);
    if let Some(recommend) = answer.body["Recommend"].as_str() {
        answer.body["Recommend"] = json!(recommend.replace(&id, REQUEST));
    }
    answer
}

/// A story that a file tells.
struct Story {
    door: Door,
    names: Names,
}

impl Story {
    async fn begin() -> Story {
        let door = Door::open().await;
        let mut names = Names::default();
        for (name, caller) in
            [("account", door.world.caller.clone()), ("stranger", door.world.stranger())]
        {
            let accounts = &door.world.deployment.accounts;
            let number = accounts.numbers_of([&caller.account]).await.unwrap()[&caller.account];
            names.bind(name, number.to_string());
        }
        Story { door, names }
    }

    async fn call(&self, action: &str, step: &Value) -> Answer {
        let none = Map::new();
        let given = step["params"].as_object().unwrap_or(&none).iter();
        let parameters = given.map(|(name, value)| {
            (name.clone(), self.names.fill(value.as_str().expect("parameters are texts")))
        });
        let key = match step["by"].as_str() {
            None => &self.door.key,
            Some("stranger") => &self.door.stranger,
            Some(other) => panic!("there is no `{other}`"),
        };
        without_request_id(self.door.send(key, action, parameters.collect()).await)
    }

    async fn happens(&mut self, step: &Value) {
        let world = &self.door.world;
        let text = |name: &str| step[name].as_str().unwrap_or_else(|| panic!("{step}: no {name}"));
        let fields = step.as_object().unwrap();
        if let Some(name) = fields.get("import").map(|name| name.as_str().unwrap()) {
            let chunks = step["disks"].as_array().cloned().unwrap_or(vec![json!(2)]);
            let number = |chunks: &Value| chunks.as_u64().expect("a number of chunks");
            let disks: Vec<Vec<u8>> =
                chunks.iter().zip(7..).map(|(c, seed)| disk(seed, number(c), Some)).collect();
            let id = world.import(text("region"), name, &disks).await.id;
            self.names.bind(name, spelled(id.as_str()));
        } else if let Some(name) = fields.get("encryption_key").map(|name| name.as_str().unwrap()) {
            let region = world.region(text("region"));
            let key = region.create_encryption_key(&world.caller).await.unwrap();
            self.names.bind(name, key.id.to_string());
        } else if let Some(object) = fields.get("object").map(|name| name.as_str().unwrap()) {
            let folder = world.bucket(text("region"), &world.caller, text("bucket"));
            let chunks = step["chunks"].as_u64().unwrap_or(2);
            std::fs::write(folder.join(object), disk(11, chunks, Some)).unwrap();
        } else if let Some(seconds) = fields.get("advance_secs").and_then(Value::as_i64) {
            world.clock.advance_ms(seconds * 1_000);
        } else if fields.contains_key("run_until_idle") {
            world.run_until_idle().await;
        } else {
            panic!("nothing is known of {step}");
        }
    }

    /// Plays a step; what it should have answered, in the file's words, where it is another thing.
    async fn play(&mut self, step: &mut Value) -> Option<String> {
        let Some(action) = step["call"].as_str().map(str::to_owned) else {
            self.happens(&step.clone()).await;
            return None;
        };
        let got = self.call(&action, step).await;
        let status = json!(got.status.as_u16());
        if step["status"] == status && self.names.matches(&step["answer"], &got.body) {
            return None;
        }
        let wrong =
            format!("{action} {}: {status} {:#}", step["params"], self.names.hide(&got.body));
        step["status"] = status;
        step["answer"] = self.names.hide(&got.body);
        Some(wrong)
    }
}

#[tokio::test]
async fn every_operation_answers_as_its_golden_file_says() {
    let write = std::env::var_os("GOLDEN").is_some_and(|word| word == "write");
    let only = std::env::var("GOLDEN_ONLY").ok();
    let mut wrong = Vec::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut steps: Vec<Value> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let called = |step: &Value| step["call"].as_str() == Some(name.as_str());
        assert!(steps.iter().any(called), "{name} is not called in its file");
        let mut story = Story::begin().await;
        let before = wrong.len();
        for step in &mut steps {
            wrong.extend(story.play(step).await.map(|what| format!("{name}: {what}")));
        }
        story.door.world.check_world().await;
        if write && wrong.len() > before {
            wrong.truncate(before);
            std::fs::write(&file, format!("{:#}\n", json!(steps))).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
