//! `ModifyImageSharePermission`, `DescribeImageSharePermission`.

use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE};

async fn change(door: &Door, image: &str, accounts: Value, permission: &str) -> Answer {
    let asked = json!({"ImageId": image, "AccountIds": accounts, "Permission": permission});
    door.ask(HERE, "ModifyImageSharePermission", asked).await
}

async fn shares(door: &Door, image: &str) -> Vec<Value> {
    let asked = json!({ "ImageId": image });
    let answer = door.ask(HERE, "DescribeImageSharePermission", asked).await.ok();
    answer["SharePermissionSet"].as_array().expect("always a list").clone()
}

/// R001-8: the other account sees the image as shared, until it is taken back; doing either twice is no error.
#[tokio::test]
async fn r001_8_an_image_is_shared_and_taken_back() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let number = door.number(&door.world.stranger()).await;
    assert!(shares(&door, &image).await.is_empty());
    for _ in 0..2 {
        change(&door, &image, json!([number, number]), "SHARE").await.ok();
    }
    let shared = shares(&door, &image).await;
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0]["AccountId"], json!(number), "spelled as it was given");
    let time = shared[0]["CreatedTime"].as_str().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    let seen = door.images_as(&door.stranger, HERE, json!({})).await;
    assert_eq!(
        (&seen[0]["ImageId"], &seen[0]["ImageType"]),
        (&json!(image), &json!("SHARED_IMAGE"))
    );
    for _ in 0..2 {
        change(&door, &image, json!([number]), "CANCEL").await.ok();
    }
    assert!(shares(&door, &image).await.is_empty());
    assert!(door.images_as(&door.stranger, HERE, json!({})).await.is_empty());
}

/// All of the accounts or none; what is wrong is named by the cloud's codes.
#[tokio::test]
async fn what_cannot_be_shared_is_named() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let mine = door.number(&door.world.caller).await;
    let other = door.number(&door.world.stranger()).await;
    for (accounts, permission, code) in [
        (json!([other, "1000000000000000"]), "SHARE", "InvalidAccountId.NotFound"),
        (json!([other, "100"]), "SHARE", "InvalidAccountId.NotFound"),
        (json!([other, "acct-aaaaaaaaaaaaaaaaaaaa"]), "SHARE", "InvalidAccountId.NotFound"),
        (json!([other, mine]), "SHARE", "InvalidAccountIs.YourSelf"),
        (json!([other]), "share", "InvalidParameterValue"),
        (json!([other]), "", "MissingParameter"),
        (json!([]), "SHARE", "MissingParameter"),
        (json!(vec![other.clone(); 501]), "SHARE", "InvalidParameterValue.LimitExceeded"),
    ] {
        change(&door, &image, accounts, permission).await.refused(code);
        assert!(shares(&door, &image).await.is_empty(), "{code}");
    }
    change(&door, "img-zzzzzzzz", json!([other]), "SHARE").await.refused("InvalidImageId.NotFound");
    change(&door, "web", json!([other]), "SHARE").await.refused("InvalidImageId.Malformed");
    let edit = json!({"ImageId": image, "ImageDeprecated": true});
    door.ask(HERE, "ModifyImageAttribute", edit).await.ok();
    let deprecated = change(&door, &image, json!([other]), "SHARE").await;
    deprecated.refused("InvalidParameterValue.InvalidImageState");
}

/// api-11: whom an image is shared with is its owner's to know and to change.
#[tokio::test]
async fn api_11_shares_are_the_owners_alone() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let number = door.number(&door.world.stranger()).await;
    let asked = json!({ "ImageId": image });
    let look = || door.ask_as(&door.stranger, HERE, "DescribeImageSharePermission", asked.clone());
    look().await.refused("InvalidImageId.NotFound");
    change(&door, &image, json!([number]), "SHARE").await.ok();
    look().await.refused("UnauthorizedOperation.ImageNotBelongToAccount");
    let further =
        json!({"ImageId": image, "AccountIds": ["1000000000000000"], "Permission": "SHARE"});
    let refused = door.ask_as(&door.stranger, HERE, "ModifyImageSharePermission", further).await;
    refused.refused("UnauthorizedOperation.ImageNotBelongToAccount");
}
