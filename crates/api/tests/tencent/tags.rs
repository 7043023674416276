//! The two calls of the tag service, as Terraform makes them for an image.

use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, THERE};

async fn change(door: &Door, image: &str, more: Value) -> Answer {
    let mut asked = json!({ "Resource": format!("qcs::cvm:{HERE}:uin/:image/{image}") });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    door.ask(HERE, "ModifyResourceTags", asked).await
}

async fn tags(door: &Door, more: Value) -> Value {
    let mut asked = json!({
        "ServiceType": "cvm", "ResourcePrefix": "image", "ResourceRegion": HERE, "Offset": 0, "Limit": 20,
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    // The service has no regions of its own: the resource names one.
    door.ask(THERE, "DescribeResourceTagsByResourceIds", asked).await.ok()
}

#[tokio::test]
async fn tags_are_given_and_taken() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let more = json!({
        "ReplaceTags": [{"TagKey": "for", "TagValue": "test"}], "DeleteTags": [{"TagKey": "team"}],
    });
    for _ in 0..2 {
        change(&door, &image, more.clone()).await.ok();
        assert_eq!(
            door.shown(HERE, &image).await["Tags"],
            json!([{"Key": "for", "Value": "test"}])
        );
    }
    let told = tags(&door, json!({ "ResourceIds": [image] })).await;
    let tag = &told["Tags"][0];
    assert_eq!(
        (&told["TotalCount"], &tag["TagKey"], &tag["TagValue"]),
        (&json!(1), &json!("for"), &json!("test"))
    );
    assert_eq!(tag["ResourceId"], json!(image));
}

/// The client reads on while pages are full: the last is not.
#[tokio::test]
async fn pages_of_tags_end() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let many: Vec<Value> =
        (0..19).map(|number| json!({"TagKey": format!("k{number}"), "TagValue": ""})).collect();
    change(&door, &image, json!({ "ReplaceTags": many })).await.ok();
    let page = async |offset: u64| {
        let told = tags(&door, json!({ "ResourceIds": [image], "Offset": offset })).await;
        told["Tags"].as_array().unwrap().len()
    };
    assert_eq!((page(0).await, page(20).await), (20, 0));
    let more = json!({"ReplaceTags": [{"TagKey": "more", "TagValue": ""}]});
    change(&door, &image, more.clone()).await.refused("LimitExceeded.ResourceAttachedTags");
    let mut instead = more;
    instead["DeleteTags"] = json!([{"TagKey": "k0"}]);
    change(&door, &image, instead).await.ok();
    assert_eq!((page(0).await, page(20).await), (20, 0));
}

/// api-11, api-13: what is not the caller's has no tags and takes none.
#[tokio::test]
async fn api_11_tags_are_the_owners_alone() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    for ids in [json!(["img-zzzzzzzz"]), json!([])] {
        assert_eq!(tags(&door, json!({ "ResourceIds": ids })).await["Tags"], json!([]));
    }
    let other = json!({"ResourceIds": [image], "ServiceType": "cbs", "ResourcePrefix": "volume"});
    assert_eq!(tags(&door, other).await["Tags"], json!([]));
    let asked = json!({
        "ServiceType": "cvm", "ResourcePrefix": "image", "ResourceIds": [image], "ResourceRegion": HERE,
    });
    let action = "DescribeResourceTagsByResourceIds";
    let told = door.ask_as(&door.stranger, HERE, action, asked).await.ok();
    assert_eq!(told["Tags"], json!([]));
    let resource = format!("qcs::cvm:{HERE}:uin/:image/{image}");
    let tag = json!([{"TagKey": "for", "TagValue": "test"}]);
    let asked = json!({"Resource": resource, "ReplaceTags": tag});
    let foreign = door.ask_as(&door.stranger, HERE, "ModifyResourceTags", asked).await;
    foreign.refused("ResourceNotFound");
    for (resource, code) in [
        ("img-zzzzzzzz".to_owned(), "InvalidParameterValue.ResourceDescriptionError"),
        (resource.replace("cvm", "cbs"), "InvalidParameterValue.ResourceDescriptionError"),
        (resource.replace("image/", "instance/"), "InvalidParameterValue.ResourceDescriptionError"),
        (resource.replace(HERE, "ap-nowhere"), "UnsupportedRegion"),
        (resource.replace(HERE, THERE), "ResourceNotFound"),
        (resource.replace(&image, "web"), "InvalidImageId.Malformed"),
    ] {
        let asked = json!({"Resource": resource, "ReplaceTags": tag});
        door.ask(HERE, "ModifyResourceTags", asked).await.refused(code);
    }
    let both = json!({"ReplaceTags": tag, "DeleteTags": [{"TagKey": "for"}]});
    change(&door, &image, both).await.refused("InvalidParameter.Tag");
    let twice = json!({"ReplaceTags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]});
    change(&door, &image, twice).await.refused("InvalidParameterValue.DuplicateTags");
    assert_eq!(door.shown(HERE, &image).await["Tags"], json!([{"Key": "team", "Value": "ferry"}]));
}
