//! The API 2.0 (contract 3): the seed's own name of the copy, and its sibling actions.

use region::testing::World;
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE};
use crate::sending::{HOST, INDEX};
use crate::ways::Sent;

/// A success that says nothing but that.
#[track_caller]
fn done(mut answer: Value) {
    answer.as_object_mut().unwrap().remove("requestId");
    assert_eq!(answer, json!({"code": 0, "message": "", "codeDesc": "Success"}));
}

#[track_caller]
fn refused(answer: &Value, code: u32, named: &str) -> String {
    assert_eq!((&answer["code"], &answer["codeDesc"]), (&json!(code), &json!(named)), "{answer}");
    answer["message"].as_str().unwrap().to_owned()
}

/// The images of a region that fit. What is given last counts.
async fn images(door: &Door, region: &str, more: &[(&str, &str)]) -> Vec<Value> {
    let mut all = vec![("Region", region), ("imageType", "1")];
    all.extend(more);
    let answer = door.older("DescribeImages", &all).await;
    assert_eq!(answer["code"], 0, "{answer}");
    let images = answer["imageSet"].as_array().expect("always a list").clone();
    assert!(answer["totalCount"].as_u64().unwrap() >= images.len() as u64, "{answer}");
    images
}

/// Names and states, in the order of the names.
fn states(images: &[Value]) -> Vec<(String, u64)> {
    let state = |image: &Value| {
        (image["imageName"].as_str().unwrap().to_owned(), image["status"].as_u64().unwrap())
    };
    let mut states: Vec<_> = images.iter().map(state).collect();
    states.sort();
    states
}

fn stand(wanted: &[(&str, u64)]) -> Vec<(String, u64)> {
    wanted.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect()
}

/// R003-10, R003-7, R003-8: several images, two targets in one call, counted from 0 or 1, the documents' misspelling with them;
/// the copies have their sources' names and other ids. While it runs, 5 is the source's state and 4 the target's.
#[tokio::test]
async fn r003_10_sync_cvm_image_copies_to_all_targets() {
    let world = World::with_regions([HERE, THERE, "ap-hongkong", "ap-beijing"]).await;
    let door = Door::before(world).await;
    let (one, two) = (door.image(HERE, "one").await, door.image(HERE, "two").await);
    let misspelled = [
        ("srcRegion", "gz"),
        ("imgIdList.0", one.as_str()),
        ("imgIdList.1", &two),
        ("dstRegion.0", "sh"),
        ("desRegion.1", "hk"),
    ];
    done(door.older("SyncCvmImage", &misspelled).await);
    assert_eq!(states(&images(&door, "gz", &[]).await), stand(&[("one", 5), ("two", 5)]));
    for region in ["sh", "hk"] {
        assert_eq!(states(&images(&door, region, &[]).await), stand(&[("one", 4), ("two", 4)]));
    }
    door.world.run_until_idle().await;
    for region in ["sh", "hk"] {
        let there = images(&door, region, &[]).await;
        assert_eq!(states(&there), stand(&[("one", 2), ("two", 2)]));
        assert!(there.iter().all(|image| image["unImgId"] != one.as_str()), "{there:?}");
    }
    assert_eq!(states(&images(&door, "gz", &[]).await), stand(&[("one", 2), ("two", 2)]));
    let from_one =
        [("srcRegion", HERE), ("imgIdList.1", one.as_str()), ("dstRegion.1", "ap-beijing")];
    done(door.older("SyncCvmImage", &from_one).await);
    door.world.run_until_idle().await;
    assert_eq!(states(&images(&door, "bj", &[]).await), stand(&[("one", 2)]));
}

#[tokio::test]
async fn a_copy_that_cannot_be_is_refused_in_the_words_of_the_older_api() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let sync = async |more: &[(&str, &str)]| door.older("SyncCvmImage", more).await;
    let of = ("imgIdList.0", image.as_str());
    for missing in ["srcRegion", "imgIdList", "dstRegion"] {
        let all = [("srcRegion", "gz"), of, ("dstRegion.0", "sh")];
        let rest: Vec<_> = all.into_iter().filter(|(name, _)| !name.starts_with(missing)).collect();
        let message = refused(&sync(&rest).await, 4000, "MissingParameter");
        assert!(message.starts_with("(100004)") && message.contains(missing), "{message}");
    }
    let same = sync(&[("srcRegion", "gz"), of, ("dstRegion.0", "gz")]).await;
    refused(&same, 4000, "InvalidParameterValue.InvalidRegion");
    let nowhere = sync(&[("srcRegion", "de"), of, ("dstRegion.0", "sh")]).await;
    refused(&nowhere, 4000, "UnsupportedRegion");
    let absent = [("srcRegion", "gz"), ("imgIdList.0", "img-00000000"), ("dstRegion.0", "sh")];
    refused(&sync(&absent).await, 5000, "InvalidImageId.NotFound");
    let unknown = [("srcRegion", "gz"), of, ("dstRegion.0", "sh"), ("DryRun", "true")];
    refused(&sync(&unknown).await, 4000, "UnknownParameter");
    // Another account's image is not there (I12).
    let foreign = [("srcRegion", "gz"), of, ("dstRegion.0", "sh")];
    let foreign = door.older_as(&door.stranger, "SyncCvmImage", &foreign).await;
    refused(&foreign, 5000, "InvalidImageId.NotFound");
    assert!(door.own_images(THERE).await.is_empty());
}

#[tokio::test]
async fn images_are_shown_with_numbers_for_types_and_states() {
    let door = Door::open().await;
    let one = door.image(HERE, "one").await;
    door.world.clock.advance_ms(1_000);
    let two = door.image(HERE, "two").await;
    let all = images(&door, "gz", &[]).await;
    let number = door.number(&door.world.caller).await;
    let newest = &all[0];
    assert_eq!(newest["unImgId"], two.as_str());
    assert_eq!((&newest["imageType"], &newest["status"]), (&json!(1), &json!(2)), "{newest}");
    assert_eq!(newest["creator"], number.as_str(), "{newest}");
    let time = newest["createTime"].as_str().unwrap();
    assert_eq!((time.len(), &time[..10], &time[10..11]), (19, "2023-11-14", " "), "{time}");
    let mut names: Vec<_> = newest.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let fields = ["createTime", "creator", "imageDescription", "imageName", "imageType", "osName"];
    assert_eq!(names, [fields.as_slice(), &["status", "unImgId"]].concat());

    let page = [("limit", "1"), ("offset", "1")];
    assert_eq!(states(&images(&door, "gz", &page[..1]).await), stand(&[("two", 2)]));
    assert_eq!(states(&images(&door, "gz", &page).await), stand(&[("one", 2)]));
    let named = [("imageIds.0", one.as_str()), ("imageIds.1", "img-00000000")];
    assert_eq!(states(&images(&door, "gz", &named).await), stand(&[("one", 2)]));
    assert!(images(&door, "gz", &[("imageIds.0", "img-00000000")]).await.is_empty());
    for kind in ["2", "3", "4"] {
        assert!(images(&door, "gz", &[("imageType", kind)]).await.is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn questions_for_images_that_are_wrong_are_refused() {
    let door = Door::open().await;
    for (more, named) in [
        (("imageType", ""), "InvalidParameter"),
        (("imageType", "5"), "InvalidParameterValue"),
        (("status", "6"), "InvalidParameterValue"),
        (("limit", "101"), "InvalidParameterValue"),
        (("offset", "a"), "InvalidParameter"),
        (("imageIds.0", "m-1"), "InvalidImageId.Malformed"),
        (("imageIds", "img-00000000"), "InvalidParameter"),
        (("Limit", "1"), "UnknownParameter"),
    ] {
        let answer = door.older("DescribeImages", &[("imageType", "1"), more]).await;
        refused(&answer, 4000, named);
    }
    refused(&door.older("DescribeImages", &[]).await, 4000, "MissingParameter");
    let eleven: Vec<_> = (0..11).map(|number| format!("imageIds.{number}")).collect();
    let mut eleven: Vec<_> = eleven.iter().map(|name| (name.as_str(), "img-00000000")).collect();
    eleven.push(("imageType", "1"));
    refused(&door.older("DescribeImages", &eleven).await, 4000, "InvalidParameterValue");
}

/// Every state is found by its number, and only those that stand so.
#[tokio::test]
async fn states_are_conditions_too() {
    let door = Door::open().await;
    let (busy, _still) = (door.image(HERE, "busy").await, door.image(HERE, "still").await);
    let sync = [("srcRegion", "gz"), ("imgIdList.0", busy.as_str()), ("dstRegion.0", "sh")];
    done(door.older("SyncCvmImage", &sync).await);
    let found = async |region: &str, status: &str| {
        states(&images(&door, region, &[("status", status)]).await)
    };
    for (region, status, wanted) in [
        ("gz", "0", &[("busy", 5), ("still", 2)][..]),
        ("gz", "1", &[]),
        ("gz", "2", &[("still", 2)]),
        ("gz", "3", &[]),
        ("gz", "4", &[]),
        ("gz", "5", &[("busy", 5)]),
        ("sh", "1", &[]),
        ("sh", "2", &[]),
        ("sh", "4", &[("busy", 4)]),
        ("sh", "5", &[]),
    ] {
        assert_eq!(found(region, status).await, stand(wanted), "{region} {status}");
    }
    door.world.run_until_idle().await;
    assert_eq!(found("gz", "2").await, stand(&[("busy", 2), ("still", 2)]));
    assert_eq!(found("sh", "2").await, stand(&[("busy", 2)]));
    assert!(found("sh", "4").await.is_empty());
}

#[tokio::test]
async fn images_are_renamed_and_deleted_by_their_old_actions() {
    let door = Door::open().await;
    let (one, two) = (door.image(HERE, "one").await, door.image(HERE, "two").await);
    let rename =
        [("imageId", one.as_str()), ("imageName", "web"), ("imageDescription", "a server")];
    done(door.older("ModifyImageAttributes", &rename).await);
    let shown = images(&door, "gz", &[("imageIds.0", one.as_str())]).await;
    let told = (&shown[0]["imageName"], &shown[0]["imageDescription"]);
    assert_eq!(told, (&json!("web"), &json!("a server")));
    refused(&door.older("ModifyImageAttributes", &[]).await, 4000, "MissingParameter");

    let absent = [("imageIds.1", one.as_str()), ("imageIds.2", "img-00000000")];
    refused(&door.older("DeleteImages", &absent).await, 5000, "InvalidImageId.NotFound");
    assert_eq!(images(&door, "gz", &[]).await.len(), 2, "all or none");
    let both = [("imageIds.1", one.as_str()), ("imageIds.2", two.as_str())];
    let answer = door.older("DeleteImages", &both).await;
    let told = (&answer["code"], &answer["detail"][&one]["code"]);
    assert_eq!(told, (&json!(0), &json!(0)), "{answer}");
    assert!(images(&door, "gz", &[]).await.is_empty());
}

#[tokio::test]
async fn images_are_shared_and_taken_back() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let stranger = door.number(&door.world.stranger()).await;
    let share = [("imageId", image.as_str()), ("uinList.0", stranger.as_str())];
    done(door.older("ShareImage", &share).await);
    let told = door.older("GetImageShareUinInfo", &[("imageIds.0", &image)]).await;
    let data = &told["data"];
    assert_eq!((&data["imageNum"], &data["maxImgShareNum"]), (&json!("1"), &json!("50")));
    let shared = &data["imageList"][0];
    assert_eq!(shared["imageId"], image.as_str());
    assert_eq!(shared["shareUinInfo"][0]["uin"], stranger.as_str(), "{told}");
    let since = shared["shareUinInfo"][0]["shareTimeStamp"].as_str().unwrap();
    assert_eq!((since.len(), &since[..10]), (19, "2023-11-14"), "{since}");
    let theirs = door.older_as(&door.stranger, "DescribeImages", &[("imageType", "4")]).await;
    assert_eq!(theirs["imageSet"][0]["unImgId"], image.as_str(), "{theirs}");
    assert_eq!(theirs["imageSet"][0]["imageType"], 4);
    done(door.older("CancelShareImage", &share).await);
    let told = door.older("GetImageShareUinInfo", &[("imageIds.0", &image)]).await;
    assert_eq!(told["data"]["imageList"][0]["shareUinInfo"], json!([]), "{told}");

    let many: Vec<_> = (0..51).map(|number| format!("uinList.{number}")).collect();
    let mut many: Vec<_> = many.iter().map(|name| (name.as_str(), stranger.as_str())).collect();
    many.push(("imageId", &image));
    refused(&door.older("ShareImage", &many).await, 4000, "InvalidParameterValue");
    let nobody = [("imageId", image.as_str()), ("uinList.0", "1")];
    refused(&door.older("ShareImage", &nobody).await, 5000, "InvalidAccountId.NotFound");
    let asked = [("imageIds.0", image.as_str())];
    let theirs = door.older_as(&door.stranger, "GetImageShareUinInfo", &asked).await;
    refused(&theirs, 5000, "InvalidImageId.NotFound");
}

/// What the older API has and this service does not, what nobody has, and what is not let in.
#[tokio::test]
async fn errors_have_the_numbers_of_the_older_api() {
    let door = Door::open().await;
    let message = refused(&door.older("CreateImage", &[]).await, 6100, "UnsupportedOperation");
    assert!(message.contains("`CreateImage`"), "{message}");
    refused(&door.older("RunInstances", &[]).await, 6100, "InvalidAction");
    refused(&door.older("SyncImages", &[]).await, 6100, "InvalidAction");
    let old = (door.seconds() - 7_300).to_string();
    let stale = door.older("DescribeImages", &[("Timestamp", &old)]).await;
    refused(&stale, 4200, "AuthFailure.SignatureExpire");
    let wrong = crate::signer::Key { secret: "other".to_owned(), ..door.key.clone() };
    let wrong = door.older_as(&wrong, "DescribeImages", &[]).await;
    refused(&wrong, 4100, "AuthFailure.SignatureFailure");
    // The path of the older API with a version is the newer API; signed for the root it is none of the older.
    let sent = Sent { method: "GET", host: HOST, path: INDEX, signed_path: "/" };
    let mut parameters = door.common("DescribeImages", "gz", &[("imageType", "1")]);
    parameters.remove("Version");
    let rooted = door.sent_older(&door.key.v1(&sent, parameters)).await;
    refused(&rooted, 4100, "AuthFailure.SignatureFailure");
    let newer = door.common("DescribeImages", "gz", &[("Version", "2016-01-01")]);
    door.sent(&door.key.v1(&sent, newer)).await.refused("NoSuchVersion");
}
