//! One file for each operation, `tests/golden/tencent/NAME.json`; [`crate::golden_runner`] tells of their form. A call has its
//! `region`, where it needs one, and its `params`, a JSON object. That every operation has a file is looked at where the
//! operations are listed.

use region::testing::World;
use serde_json::{Value, json};

use crate::door::{Door, spelled};
use crate::golden_runner::{Kind, Played, REQUEST, play};

impl Played for Door {
    const FOLDER: &'static str = "tencent";
    const KINDS: &'static [Kind] = &[Kind("img-", 8, "image"), Kind("snap-", 20, "snapshot")];

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
        let action = step["call"].as_str().expect("a call");
        let region = step.get("region").and_then(Value::as_str).unwrap_or_default();
        let params = step.get("params").cloned().unwrap_or(json!({}));
        let key = match step["by"].as_str() {
            None => &self.key,
            Some("stranger") => &self.stranger,
            Some(other) => panic!("there is no `{other}`"),
        };
        let mut answer = self.ask_as(key, region, action, params).await.0;
        answer["RequestId"] = json!(REQUEST);
        (200, answer)
    }
}

#[tokio::test]
async fn every_operation_answers_as_its_golden_file_says() {
    play::<Door>().await;
}
