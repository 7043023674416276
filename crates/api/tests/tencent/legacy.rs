//! R003-10: the API 2.0 name of a copy, as the seed has it.

use serde_json::json;

use crate::door::{Door, HERE, THERE};

/// Lists count from 0 as its SDK does, or from 1 as its documents do; the answer has no ids.
#[tokio::test]
async fn r003_10_both_names_of_a_copy_are_taken() {
    for first in [0, 1] {
        let door = Door::open().await;
        let source = door.image(HERE, "web").await;
        let (images, targets) = (format!("imgIdList.{first}"), format!("dstRegion.{first}"));
        let parameters = [
            ("srcRegion", "gz"),
            ("Region", "gz"),
            (images.as_str(), source.as_str()),
            (targets.as_str(), "sh"),
        ];
        let answer = door.ask_old("SyncCvmImage", &parameters).await;
        assert_eq!(
            (&answer["code"], &answer["codeDesc"]),
            (&json!(0), &json!("Success")),
            "{answer}"
        );
        door.world.run_until_idle().await;
        let there = door.images(THERE, json!({})).await;
        assert_eq!(there[0]["ImageName"], "web");
        let again = door.ask_old("SyncCvmImage", &parameters).await;
        assert_eq!(again["codeDesc"], "InvalidImageName.Duplicate", "{again}");
    }
}
