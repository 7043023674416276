//! One file for each operation, `tests/golden/jdcloud/NAME.json`; [`crate::golden_runner`] tells of their form. A call has a
//! `request`, `METHOD PATH` behind `/v1/regions/REGION`, its `region`, and where it has any a `query`, all texts, and a `body`.
//! That every operation has a file is looked at where the operations are listed.

use region::testing::World;
use serde_json::{Map, Value, json};

use crate::door::{Door, spelled};
use crate::golden_runner::{Kind, Played, REQUEST, play};
use crate::signer::Unsigned;

impl Played for Door {
    const FOLDER: &'static str = "jdcloud";
    const KINDS: &'static [Kind] =
        &[Kind("img-", 10, "image"), Kind("snapshot-", 20, "snapshot"), Kind("task-", 20, "task")];

    async fn open() -> Self {
        Door::open().await
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn spelled(ours: &str) -> String {
        spelled(ours)
    }

    async fn call(&self, step: &Value) -> (u16, Value) {
        let text = |name: &str| step[name].as_str().unwrap_or_else(|| panic!("{step}: no {name}"));
        let (method, path) = text("request").split_once(' ').expect("a method and a path");
        let none = Map::new();
        let query = step["query"].as_object().unwrap_or(&none).iter();
        let query = query
            .map(|(name, value)| (name.clone(), value.as_str().expect("texts alone").to_owned()));
        let body = step.get("body").map(|body| serde_json::to_vec(body).unwrap());
        let key = match step["by"].as_str() {
            None => &self.key,
            Some("stranger") => &self.stranger,
            Some(other) => panic!("there is no `{other}`"),
        };
        // The same request within a second is answered the same.
        self.world.clock.advance_ms(1_000);
        let request = Unsigned {
            query: query.collect(),
            body: body.unwrap_or_default(),
            ..self.unsigned(method.parse().unwrap(), text("region"), path)
        };
        let mut answer = self.deliver(&key.sign(request)).await;
        answer.body["requestId"] = json!(REQUEST);
        (answer.status.as_u16(), answer.body)
    }
}

#[tokio::test]
async fn every_operation_answers_as_its_golden_file_says() {
    play::<Door>().await;
}
