//! API-03: a request that changes something is done once however often it arrives, however it was signed, and in whatever words
//! what is not signed of it is repeated.

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE};
use crate::sending::{HOST, INDEX};
use crate::ways::{Asked, Sent, Signed};

fn sync(door: &Door, image: &str) -> Signed {
    let body = json!({
        "ImageIds": [image], "DestinationRegions": [THERE], "ImageSetRequired": true,
    });
    door.key.tc3(&door.asked(HERE, "SyncImages"), &serde_json::to_vec(&body).unwrap())
}

fn bucket(door: &Door) {
    let folder = door.world.bucket(HERE, &door.world.caller, "images");
    std::fs::write(folder.join("web.raw"), disk(1, 1, Some)).unwrap();
}

/// Signed in each way.
fn imports(door: &Door, name: &str) -> [Signed; 3] {
    let url = format!("https://images.cos.{HERE}.myqcloud.com/web.raw");
    let params = [
        ("Architecture", "x86_64"),
        ("OsType", "CentOS"),
        ("OsVersion", "7"),
        ("ImageUrl", url.as_str()),
        ("ImageName", name),
    ];
    let body: Value =
        params.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let body = serde_json::to_vec(&body).unwrap();
    let newer = door.key.tc3(&door.asked(HERE, "ImportImage"), &body);
    let older = |algorithm: &str| {
        let mut parameters = door.common("ImportImage", HERE, &params);
        parameters.insert("SignatureMethod".to_owned(), algorithm.to_owned());
        door.key.v1(&Sent::to_root("POST", HOST), parameters)
    };
    [newer, older("HmacSHA1"), older("HmacSHA256")]
}

#[tokio::test]
async fn api_03_a_replayed_change_gets_the_first_answer_until_it_is_too_old() {
    let door = Door::open().await;
    bucket(&door);
    let [request, ..] = imports(&door, "web");
    let signed_at = door.seconds();
    let first = door.sent(&request).await;
    assert_eq!(door.sent(&request).await, first, "the same body, its request's id with it");
    assert_eq!(door.own_images(HERE).await.len(), 1);
    // Across a restart.
    door.world.run_until_idle().await;
    let Door { mut world, router, key, stranger } = door;
    drop(router);
    world.restart().await;
    let router = api::router(
        api::ApiState {
            deployment: world.deployment.clone(),
            cursor_key: api::CursorKey::new(&[3; 32]),
            peer_secret: None,
            metrics: api::Metrics::new(Default::default()),
        },
        api::Pages::none(),
    );
    let again = Door { world, router, key, stranger };
    assert_eq!(again.sent(&request).await, first);
    let left = signed_at + 300 - again.seconds();
    again.world.clock.advance_ms(left * 1_000);
    assert_eq!(again.sent(&request).await, first, "in its last second");
    again.world.clock.advance_ms(1_000);
    again.sent(&request).await.refused("AuthFailure.SignatureExpire");
    assert_eq!(again.own_images(HERE).await.len(), 1);
    first.ok();
}

/// What a client asked for before it broke off is done, and its answer is there when it asks again.
#[tokio::test]
async fn api_03_a_change_goes_on_without_its_client() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let request = sync(&door, &image);
    let mut sending = Box::pin(door.sent(&request));
    assert!(futures::poll!(&mut sending).is_pending());
    drop(sending);
    let mut made = Vec::new();
    for _ in 0..1_000 {
        made = door.own_images(THERE).await;
        if !made.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let answer = door.sent(&request).await.ok();
    assert_eq!(made.len(), 1, "nobody asked for it a second time");
    assert_eq!(answer["ImageSet"][0]["ImageId"], made[0]["ImageId"]);
    assert_eq!(door.own_images(THERE).await.len(), 1);
}

/// Another path, another name of the same region, another trace or language, another order in the header.
#[tokio::test]
async fn api_03_a_replay_in_other_words_is_a_replay() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let request = sync(&door, &image);
    let first = door.sent(&request).await;
    let (algorithm, parts) = request.header("authorization").split_once(' ').unwrap();
    let mut parts: Vec<_> = parts.split(", ").collect();
    parts.reverse();
    for other in [
        request.clone().at("/v2/index.php"),
        request.clone().at("/any/path"),
        request.clone().with("x-tc-region", "gz"),
        request.clone().with("x-tc-language", "en-US"),
        request.clone().with("x-tc-traceid", "1"),
        request.clone().with("content-type", "Application/JSON"),
        request.clone().with("authorization", &format!("{algorithm} {}", parts.join(","))),
    ] {
        let answer = door.sent(&other).await;
        let is_refused = answer.0["Error"]["Code"] == "AuthFailure.SignatureFailure";
        assert!(answer == first || is_refused, "{other:?}: {answer:?}");
    }
    door.world.run_until_idle().await;
    assert_eq!(door.own_images(THERE).await.len(), 1);
}

/// In each way of signing, at once and one after the other.
#[tokio::test]
async fn api_03_two_at_once_are_one() {
    let door = Door::open().await;
    bucket(&door);
    for way in 0..3 {
        let request = imports(&door, &format!("web{way}"))[way].clone();
        let (one, two) = tokio::join!(door.sent(&request), door.sent(&request));
        assert_eq!(one, two);
        assert_eq!(door.sent(&request).await, one);
        one.ok();
        assert_eq!(door.own_images(HERE).await.len(), way + 1);
    }
}

/// A refusal is an answer like any other: it stays what it was, though it would be another now.
#[tokio::test]
async fn api_03_a_refused_change_stays_refused() {
    let door = Door::open().await;
    let [request, ..] = imports(&door, "web");
    let first = door.sent(&request).await;
    assert!(first.0["Error"].is_object(), "{first:?}");
    bucket(&door);
    assert_eq!(door.sent(&request).await, first);
    assert!(door.own_images(HERE).await.is_empty());
    door.world.clock.advance_ms(1_000);
    door.sent(&imports(&door, "web")[0]).await.ok();
}

/// Another second, another region: another request, though the region is not signed.
#[tokio::test]
async fn other_requests_are_not_taken_for_the_first() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let delete = |later: i64, region: &'static str| {
        let body = serde_json::to_vec(&json!({"ImageIds": [image]})).unwrap();
        let asked = door.asked(region, "DeleteImages");
        door.key.tc3(&Asked { at: asked.at + later, ..asked }, &body)
    };
    door.sent(&delete(0, THERE)).await.refused("InvalidImageId.NotFound");
    door.sent(&delete(0, HERE)).await.ok();
    door.sent(&delete(0, HERE)).await.ok();
    door.sent(&delete(1, HERE)).await.refused("InvalidImageId.NotFound");
}

/// The older API too.
#[tokio::test]
async fn api_03_the_older_api_does_a_repeated_copy_once() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let named = [("srcRegion", "gz"), ("imgIdList.0", image.as_str()), ("dstRegion.0", "sh")];
    let mut parameters = door.common("SyncCvmImage", "gz", &named);
    parameters.remove("Version");
    let sent = Sent { method: "POST", host: HOST, path: INDEX, signed_path: INDEX };
    let request = door.key.v1(&sent, parameters);
    let first = door.sent_older(&request).await;
    assert_eq!(first["code"], 0, "{first}");
    assert_eq!(door.sent_older(&request).await, first);
    door.world.run_until_idle().await;
    assert_eq!(door.sent_older(&request).await, first);
    assert_eq!(door.own_images(THERE).await.len(), 1);
}
