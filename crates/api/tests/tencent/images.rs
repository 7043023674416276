//! `DescribeImages` and `DescribeImageFromFamily`.

use model::rules::Offer;
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE, text};

fn filter(name: &str, values: &[&str]) -> Value {
    json!([{ "Name": name, "Values": values }])
}

/// Contract 2: every field, with the type that the SDKs give it.
#[tokio::test]
async fn every_field_has_the_type_of_the_sdks() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let shown = door.shown(HERE, &image).await;
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for (name, value) in shown.as_object().unwrap() {
        if value.is_string() { texts.push(name.as_str()) } else { others.push(name.as_str()) }
    }
    texts.sort_unstable();
    others.sort_unstable();
    assert_eq!(
        texts,
        [
            "Architecture",
            "CdcCacheStatus",
            "CreatedTime",
            "ImageCreator",
            "ImageDescription",
            "ImageFamily",
            "ImageId",
            "ImageName",
            "ImageSource",
            "ImageState",
            "ImageType",
            "LicenseType",
            "OsName",
            "Platform",
        ]
    );
    assert_eq!(
        others,
        [
            "ImageDeprecated",
            "ImageSize",
            "IsSupportCloudinit",
            "SnapshotSet",
            "SyncPercent",
            "Tags"
        ]
    );
    assert!(shown["ImageSize"].is_u64() && shown["SnapshotSet"][0]["DiskSize"].is_u64());
    assert!(shown["ImageDeprecated"].is_boolean() && shown["IsSupportCloudinit"].is_boolean());
    assert_eq!(shown["CreatedTime"], "2023-11-14T22:13:20Z");
    assert_eq!(shown["ImageCreator"], json!(door.number(&door.world.caller).await));
    assert!(text(&shown["SnapshotSet"][0], "SnapshotId").starts_with("snap-"));
}

/// api-11: an unknown id of the right form finds nothing and is no error; one of another form is malformed.
#[tokio::test]
async fn api_11_an_id_of_nothing_finds_nothing() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let whole = door.ours(HERE, &image).await.to_string();
    let ids = |ids: &[&str]| json!({ "ImageIds": ids });
    assert!(door.images(HERE, ids(&["img-zzzzzzzz"])).await.is_empty());
    assert!(door.images(THERE, ids(&[&image])).await.is_empty(), "R001-1");
    assert!(door.images_as(&door.stranger, HERE, ids(&[&image])).await.is_empty());
    assert!(door.images_as(&door.stranger, HERE, ids(&[&whole])).await.is_empty());
    assert_eq!(door.images(HERE, ids(&[&image, "img-zzzzzzzz"])).await.len(), 1);
    assert_eq!(door.images(HERE, ids(&[&whole])).await[0]["ImageId"], json!(image));
    for wrong in [
        "",
        "img-",
        "img-1234567",
        "img-ABCDEFGH",
        "m-12345678",
        "snap-12345678",
        "img-../../etc",
        "img-' OR 1=1",
        "img-*",
        &format!("{whole}a"),
    ] {
        let answer = door.ask(HERE, "DescribeImages", ids(&[wrong])).await;
        answer.refused("InvalidImageId.Malformed");
    }
    let both = json!({"ImageIds": [image], "Filters": filter("image-name", &["web"])});
    let refused = door.ask(HERE, "DescribeImages", both).await;
    refused.refused("InvalidParameter.InvalidParameterCoexistImageIdsFilters");
    let many: Vec<_> = (0..101).map(|number| format!("img-{number:08}")).collect();
    let refused = door.ask(HERE, "DescribeImages", json!({ "ImageIds": many })).await;
    refused.refused("InvalidParameterValue.LimitExceeded");
}

/// Contract 2: all must be met, by one of their values each.
#[tokio::test]
async fn filters_find_by_all_their_names() {
    let door = Door::open().await;
    let (web, base) = (door.image(HERE, "web-1").await, door.image(HERE, "base").await);
    door.image(HERE, "other").await;
    let windows = door.ours(HERE, &base).await;
    let tags = model::Tags::new([("team".to_owned(), "two".to_owned())]).unwrap();
    let edit = region::EditImage { tags: Some(tags), ..region::EditImage::default() };
    let here = door.world.region(HERE);
    here.edit_image(&door.world.caller, &windows, edit).await.unwrap();
    for (filters, wanted) in [
        (filter("image-id", &[&web, "img-zzzzzzzz"]), vec!["web-1"]),
        (filter("image-id", &["img-zzzzzzzz"]), vec![]),
        (filter("image-name", &["web"]), vec!["web-1"]),
        (filter("image-name", &["eb-", "bas"]), vec!["base", "web-1"]),
        (filter("image-name", &["WEB"]), vec![]),
        (filter("image-name", &["*"]), vec![]),
        (filter("platform", &["Debian"]), vec!["base", "other", "web-1"]),
        (filter("platform", &["CentOS", "ebian 1"]), vec!["base", "other", "web-1"]),
        (filter("platform", &["CentOS", "Windows"]), vec![]),
        (filter("tag-key", &["team"]), vec!["base", "other", "web-1"]),
        (filter("tag-key", &["none", "team"]), vec!["base", "other", "web-1"]),
        (filter("tag-key", &["none"]), vec![]),
        (filter("tag-value", &["two", "three"]), vec!["base"]),
        (filter("tag:team", &["two"]), vec!["base"]),
        (filter("tag:team", &["two", "ferry"]), vec!["base", "other", "web-1"]),
        (filter("tag:none", &["two"]), vec![]),
        (filter("image-type", &["PRIVATE_IMAGE"]), vec!["base", "other", "web-1"]),
        (filter("image-type", &["PUBLIC_IMAGE", "SHARED_IMAGE"]), vec![]),
        (filter("dedicated-cluster-id", &["cluster-1"]), vec![]),
        (filter("cdc-cache-status", &["CACHED_ALL"]), vec![]),
        (
            json!([
                {"Name": "image-name", "Values": ["web", "base"]},
                {"Name": "platform", "Values": ["Debian", "CentOS"]},
                {"Name": "tag-value", "Values": ["two"]},
            ]),
            vec!["base"],
        ),
    ] {
        let mut found = door.named(HERE, filters.clone()).await;
        found.sort();
        assert_eq!(found, wanted, "{filters}");
    }
    for (filters, code) in [
        (filter("image-nam", &["a"]), "InvalidFilter"),
        (filter("image-type", &["MINE"]), "InvalidFilter"),
        (filter("image-id", &["web"]), "InvalidImageId.Malformed"),
        (filter("tag:", &["two"]), "FailedOperation.IllegalTagKey"),
        (filter("tag-key", &["\u{202e}"]), "FailedOperation.IllegalTagKey"),
        (filter("image-name", &["1", "2", "3", "4", "5", "6"]), "InvalidFilterValue.LimitExceeded"),
        (json!([{"Name": "image-name"}]), "MissingParameter"),
    ] {
        let asked = json!({ "Filters": filters });
        door.ask(HERE, "DescribeImages", asked).await.refused(code);
    }
}

/// Newest first, 20 a page; a page that several searches make is as one of one search.
#[tokio::test]
async fn api_12_pages_are_cut_by_offset_and_limit() {
    let door = Door::open().await;
    for number in 0..5 {
        door.image(HERE, &format!("image-{number}")).await;
        door.world.clock.advance_ms(1_000);
    }
    let names = async |asked: Value| {
        let answer = door.ask(HERE, "DescribeImages", asked).await.ok();
        assert_eq!(answer["TotalCount"], 5);
        let set = answer["ImageSet"].as_array().unwrap().clone();
        set.iter().map(|image| text(image, "ImageName")).collect::<Vec<_>>()
    };
    let several = filter("platform", &["Debian", "12"]);
    for more in [json!({}), json!({ "Filters": several })] {
        let with = |offset: u64, limit: u64| {
            let mut asked = json!({"Offset": offset, "Limit": limit});
            asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            asked
        };
        assert_eq!(names(with(0, 2)).await, ["image-4", "image-3"]);
        assert_eq!(names(with(3, 100)).await, ["image-1", "image-0"]);
        assert!(names(with(9, 1)).await.is_empty());
    }
    assert_eq!(names(json!({})).await.len(), 5);
    for (asked, code) in [
        (json!({"Limit": 0}), "InvalidParameterValue.InvalidParameterValueLimit"),
        (json!({"Limit": 101}), "InvalidParameterValue.InvalidParameterValueLimit"),
        (json!({"Limit": -1}), "InvalidParameterValue.InvalidParameterValueLimit"),
        (json!({"Limit": 2_147_483_648_u64}), "InvalidParameterValue.InvalidParameterValueLimit"),
        (json!({"Limit": "ten"}), "InvalidParameter"),
        (json!({"Offset": -1}), "InvalidParameterValue"),
        (json!({"Offset": 1.5}), "InvalidParameter"),
    ] {
        door.ask(HERE, "DescribeImages", asked).await.refused(code);
    }
}

/// What others share or publish is seen as such, and without what is its owner's alone.
#[tokio::test]
async fn images_of_others_are_shown_as_shared_and_public() {
    let door = Door::open().await;
    let (here, caller) = (door.world.region(HERE), &door.world.caller);
    let (shared, public) = (door.image(HERE, "shared").await, door.image(HERE, "public").await);
    let stranger = door.world.stranger().account;
    let shared_id = door.ours(HERE, &shared).await;
    here.share_image(caller, &shared_id, vec![stranger]).await.unwrap();
    let public_id = door.ours(HERE, &public).await;
    here.publish_image(caller, &public_id, Offer::Public).await.unwrap();
    let seen = |kind: &str| json!({ "Filters": filter("image-type", &[kind]) });
    for (kind, name, source) in
        [("SHARED_IMAGE", "shared", "CREATE_IMAGE"), ("PUBLIC_IMAGE", "public", "OFFICIAL")]
    {
        let found = door.images_as(&door.stranger, HERE, seen(kind)).await;
        assert_eq!(found.len(), 1, "{kind}");
        let told = ["ImageName", "ImageType", "ImageSource"].map(|name| text(&found[0], name));
        assert_eq!(told, [name, kind, source]);
        assert_eq!(found[0]["Tags"], json!([]), "tags are its owner's alone");
    }
    assert_eq!(door.images_as(&door.stranger, HERE, json!({})).await.len(), 2);
    assert!(door.images_as(&door.stranger, HERE, seen("PRIVATE_IMAGE")).await.is_empty());
    // A copy that leaves is its owner's to see.
    let copy = json!({"ImageIds": [shared], "DestinationRegions": [THERE]});
    door.ask(HERE, "SyncImages", copy).await.ok();
    assert_eq!(door.shown(HERE, &shared).await["ImageState"], "SYNCING");
    let found = door.images_as(&door.stranger, HERE, seen("SHARED_IMAGE")).await;
    assert_eq!(found[0]["ImageState"], "NORMAL");
}

/// The newest of a family that is neither deprecated nor on its way; null where there is none.
#[tokio::test]
async fn the_newest_of_a_family_is_found() {
    let door = Door::open().await;
    let of_family = async || {
        let answer = door.ask(HERE, "DescribeImageFromFamily", json!({"ImageFamily": "web"})).await;
        answer.ok()["Image"].clone()
    };
    assert_eq!(of_family().await, Value::Null);
    for name in ["old", "new"] {
        let image = door.image(HERE, name).await;
        let edit = json!({"ImageId": image, "ImageFamily": "web"});
        door.ask(HERE, "ModifyImageAttribute", edit).await.ok();
    }
    let newest = of_family().await;
    assert_eq!((&newest["ImageName"], &newest["ImageFamily"]), (&json!("new"), &json!("web")));
    let edit = json!({"ImageId": newest["ImageId"], "ImageDeprecated": true});
    door.ask(HERE, "ModifyImageAttribute", edit).await.ok();
    assert_eq!(of_family().await["ImageName"], "old");
    door.ask(HERE, "DescribeImageFromFamily", json!({})).await.refused("MissingParameter");
}
