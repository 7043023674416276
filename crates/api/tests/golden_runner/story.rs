//! A story that a golden file tells.

use model::{Architecture, Attributes, BootMode, Description, FileName, Name, OsType, Platform};
use region::RegisterImage;
use region::testing::disk;
use serde_json::{Value, json};

use super::Played;
use super::names::Names;

/// A door, and what is known of it so far.
pub struct Story<D> {
    pub door: D,
    names: Names,
}

impl<D: Played> Story<D> {
    /// The beginning of each: two accounts.
    pub async fn begin() -> Self {
        let door = D::open().await;
        let mut names = Names::default();
        let world = door.world();
        for (name, caller) in [("account", world.caller.clone()), ("stranger", world.stranger())] {
            let accounts = &world.deployment.accounts;
            let number = accounts.numbers_of([&caller.account]).await.unwrap()[&caller.account];
            names.bind(name, number.to_string());
        }
        Story { door, names }
    }

    /// Plays a step; what it should have answered, in the file's words, where it is another thing.
    pub async fn play(&mut self, step: &mut Value) -> Option<String> {
        let Some(action) = step["call"].as_str().map(str::to_owned) else {
            self.happens(&step.clone()).await;
            return None;
        };
        let mut asked = step.clone();
        let asked_of = asked.as_object_mut().unwrap();
        asked_of.remove("answer");
        let (status, body) = self.door.call(&self.names.fill_all(&asked)).await;
        let status = json!(status);
        if step["status"] == status && self.names.matches(&step["answer"], &body) {
            return None;
        }
        let answer = self.names.hide(&body, D::KINDS);
        let wrong = format!("{action} {asked}: {status} {answer:#}");
        step["status"] = status;
        step["answer"] = answer;
        Some(wrong)
    }

    async fn happens(&mut self, step: &Value) {
        let world = self.door.world();
        let text = |name: &str| step[name].as_str().unwrap_or_else(|| panic!("{step}: no {name}"));
        let given = |name: &str| step.get(name).and_then(Value::as_str);
        if let Some(name) = given("import") {
            let chunks = step["disks"].as_array().cloned().unwrap_or(vec![json!(2)]);
            let number = |chunks: &Value| chunks.as_u64().expect("a number of chunks");
            let disks: Vec<Vec<u8>> =
                chunks.iter().zip(7..).map(|(c, seed)| disk(seed, number(c), Some)).collect();
            let id = world.import(text("region"), name, &disks).await.id;
            let spelled = D::spelled(id.as_str());
            if id.as_str().len() > spelled.len() && id.as_str().starts_with(&spelled) {
                // A part of it stands for it; where the whole is shown all the same, it has a name too.
                self.names.bind(&format!("{name} whole"), id.to_string());
            }
            self.names.bind(name, spelled);
        } else if let Some(name) = given("local_image") {
            let id = self.local_image(text("region"), name).await;
            self.names.bind(name, id);
        } else if let Some(name) = given("encryption_key") {
            let region = world.region(text("region"));
            let key = region.create_encryption_key(&world.caller).await.unwrap();
            self.names.bind(name, key.id.to_string());
        } else if let Some(object) = given("object") {
            let folder = world.bucket(text("region"), &world.caller, text("bucket"));
            let chunks = step["chunks"].as_u64().unwrap_or(2);
            std::fs::write(folder.join(object), disk(11, chunks, Some)).unwrap();
        } else if let Some(seconds) = step.get("advance_secs").and_then(Value::as_i64) {
            world.clock.advance_ms(seconds * 1_000);
        } else if step.get("run_until_idle").is_some() {
            world.run_until_idle().await;
        } else {
            panic!("nothing is known of {step}");
        }
    }

    /// Registers a file in place; the image's id as the cloud spells it.
    async fn local_image(&self, region: &str, name: &str) -> String {
        let world = self.door.world();
        let file = format!("{name}.raw");
        std::fs::write(world.local_folder(&world.caller).join(&file), disk(13, 2, Some)).unwrap();
        let command = RegisterImage {
            file: FileName::new(&file).unwrap(),
            name: Name::new(name).unwrap(),
            description: Description::new("in place").unwrap(),
            attributes: Attributes {
                architecture: Architecture::X86_64,
                os_type: OsType::Linux,
                platform: Platform::new("CentOS 7.9").unwrap(),
                boot_mode: BootMode::Bios,
            },
            family: None,
            particulars: model::Particulars::default(),
            tags: model::Tags::default(),
            names: model::NameRule::Free,
            token: None,
        };
        let made = world.region(region).register_local_image(&world.caller, command).await;
        D::spelled(made.unwrap().id.as_str())
    }
}
