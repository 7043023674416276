//! One file for each operation, `tests/golden/alibaba/NAME.json`; [`crate::golden_runner`] tells of their form. A call has
//! `params`, all of them texts. That every operation has a file is looked at where the operations are listed.

use region::testing::World;
use serde_json::{Map, Value, json};

use crate::door::{Answer, Door, spelled};
use crate::golden_runner::{Kind, Played, REQUEST, play};

impl Played for Door {
    const FOLDER: &'static str = "alibaba";
    const KINDS: &'static [Kind] = &[
        Kind("m-", 20, "image"),
        Kind("s-", 20, "snapshot"),
        Kind("t-", 20, "task"),
        Kind("i-", 20, "instance"),
    ];

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
        let none = Map::new();
        let given = step["params"].as_object().unwrap_or(&none).iter();
        let parameters = given.map(|(name, value)| {
            (name.clone(), value.as_str().expect("parameters are texts").to_owned())
        });
        let key = match step["by"].as_str() {
            None => &self.key,
            Some("stranger") => &self.stranger,
            Some(other) => panic!("there is no `{other}`"),
        };
        let action = step["call"].as_str().expect("a step that is played is a call");
        let answer = without_request_id(self.send(key, action, parameters.collect()).await);
        (answer.status.as_u16(), answer.body)
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

#[tokio::test]
async fn every_operation_answers_as_its_golden_file_says() {
    play::<Door>().await;
}
