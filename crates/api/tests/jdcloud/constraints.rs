//! No image of this service is restricted to instance types.

use serde_json::json;

use crate::door::{Door, HERE};

#[tokio::test]
async fn images_start_on_every_instance_type() {
    let door = Door::open().await;
    let (web, db) = (door.image(HERE, "web").await, door.image(HERE, "db").await);
    let of = |image: &str| {
        let nothing = json!({"constraintsType": "excludes", "instanceTypes": []});
        json!({"imageId": image, "imageInstanceTypeConstraint": nothing})
    };
    let one = door.get(HERE, &format!("/images/{web}/constraints"), &[]).await.ok();
    assert_eq!(one, json!({"imageConstraints": of(&web)}));
    let ids = [("ids.1", db.as_str()), ("ids.2", web.as_str())];
    let both = door.get(HERE, "/imageConstraints", &ids).await.ok();
    assert_eq!(both, json!({"imageConstraints": [of(&db), of(&web)]}));
    let none = door.get(HERE, "/imageConstraints", &[]).await.ok();
    assert_eq!(none, json!({"imageConstraints": []}));
    // api-11: another's is nobody's.
    let path = format!("/images/{web}/constraints");
    let message = door.get_as(&door.stranger, HERE, &path, &[]).await.refused(404, "NOT_FOUND");
    assert_eq!(message, format!("Image '{web}' not found"));
    let absent = [("ids.1", web.as_str()), ("ids.2", "img-zzzzzzzzzz")];
    door.get(HERE, "/imageConstraints", &absent).await.refused(404, "NOT_FOUND");
}
