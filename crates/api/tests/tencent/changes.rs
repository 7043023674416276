//! `ModifyImageAttribute`.

use serde_json::{Value, json};

use crate::door::{Door, HERE};

/// R002-12: what is given changes, what is not stays; an empty name is not given, an empty description or family takes away.
#[tokio::test]
async fn what_is_not_given_stays() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let edit = async |more: Value| {
        let mut asked = json!({ "ImageId": image });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.ask(HERE, "ModifyImageAttribute", asked).await.ok();
        let shown = door.shown(HERE, &image).await;
        ["ImageName", "ImageDescription", "ImageFamily", "ImageDeprecated"]
            .map(|name| shown[name].clone())
    };
    let all = json!({"ImageName": "site", "ImageDescription": "of web", "ImageFamily": "sites"});
    assert_eq!(edit(all).await, [json!("site"), json!("of web"), json!("sites"), json!(false)]);
    let deprecated = [json!("site"), json!("of web"), json!("sites"), json!(true)];
    assert_eq!(edit(json!({"ImageDeprecated": true})).await, deprecated);
    assert_eq!(edit(json!({})).await, deprecated);
    let empty = json!({"ImageName": "", "ImageDescription": "", "ImageFamily": "", "ImageDeprecated": false});
    assert_eq!(edit(empty).await, [json!("site"), json!(""), json!(""), json!(false)]);
}

/// api-10: names keep their bounds and are taken once, also in another normal form; a reader changes nothing.
#[tokio::test]
async fn api_10_a_name_is_taken_once() {
    let door = Door::open().await;
    let (web, cafe) = (door.image(HERE, "web").await, door.image(HERE, "Café").await);
    for (name, code) in [
        ("Cafe\u{301}", "InvalidImageName.Duplicate"),
        ("-a", "InvalidParameterValue"),
        ("ab\u{202e}", "InvalidParameterValue"),
        ("http://ab", "InvalidParameterValue"),
        (&"n".repeat(61), "InvalidParameterValue.TooLarge"),
    ] {
        let asked = json!({"ImageId": web, "ImageName": name});
        door.ask(HERE, "ModifyImageAttribute", asked).await.refused(code);
    }
    assert_eq!(door.shown(HERE, &web).await["ImageName"], "web");
    let same = json!({"ImageId": cafe, "ImageName": "Café"});
    door.ask(HERE, "ModifyImageAttribute", same.clone()).await.ok();
    let reader = door.reader().await;
    let refused = door.ask_as(&reader, HERE, "ModifyImageAttribute", same).await;
    refused.refused("UnauthorizedOperation.PermissionDenied");
}

/// R001-8: a shared image can be used, not changed; whoever does not see it is told that it is not there.
#[tokio::test]
async fn another_accounts_image_is_not_changed() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let asked = json!({"ImageId": image, "ImageName": "stolen"});
    let refused = async |code: &str| {
        let answer = door.ask_as(&door.stranger, HERE, "ModifyImageAttribute", asked.clone());
        answer.await.refused(code);
    };
    refused("InvalidImageId.NotFound").await;
    let (id, stranger) = (door.ours(HERE, &image).await, door.world.stranger().account);
    let here = door.world.region(HERE);
    here.share_image(&door.world.caller, &id, vec![stranger]).await.unwrap();
    refused("UnsupportedOperation.SharedImageModifyUnsupported").await;
    assert_eq!(door.shown(HERE, &image).await["ImageName"], "web");
}
