//! api-03: a request that is sent again. That nothing is done twice is the door's, whatever the operation is.

use serde_json::json;

use crate::door::{Door, HERE, THERE};

/// The very same request is answered as before, and makes nothing: also once the copy has ended and its name is taken.
#[tokio::test]
async fn api_03_the_same_request_makes_one_copy() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    door.world.clock.advance_ms(1_000);
    let asked = json!({
        "ImageIds": [source], "DestinationRegions": [THERE], "ImageSetRequired": true,
    });
    let send = async || door.deliver(&door.key, (HERE, "SyncImages"), &asked.to_string()).await;
    let first = send().await;
    assert_eq!(send().await, first);
    door.world.run_until_idle().await;
    assert_eq!(send().await, first);
    first.ok();
    assert_eq!(door.images(THERE, json!({})).await.len(), 1);
    // Signed anew it is another request.
    door.ask(HERE, "SyncImages", asked).await.refused("InvalidImageName.Duplicate");
}

/// A refusal is an answer as well; what only looks is done again each time.
#[tokio::test]
async fn api_03_what_looks_is_done_again() {
    let door = Door::open().await;
    door.world.clock.advance_ms(1_000);
    let asked = json!({}).to_string();
    let look = async || door.deliver(&door.key, (HERE, "DescribeImages"), &asked).await.ok();
    assert_eq!(look().await["TotalCount"], 0);
    door.image(HERE, "web").await;
    assert_eq!(look().await["TotalCount"], 1);
}
