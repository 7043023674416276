//! The copies into each region, and the page of one (R000-9, R000-10, R002-11).

use axum::http::StatusCode;
use model::ImageId;
use region::testing::{World, disk};
use region::{Accepted, CopyImage};

use crate::kit::{Answer, Site};

const NORTH: &str = "cn-hangzhou";
const SOUTH: &str = "cn-shanghai";

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 4, Some)
}

/// Where a copy into the south is shown.
fn page_of(accepted: &Accepted) -> String {
    format!("/regions/{SOUTH}/copies/{}", accepted.copy)
}

/// The percent of the only bar in a page.
#[track_caller]
fn percent(page: &Answer) -> u64 {
    let (_, rest) = page.text.split_once("aria-valuenow=\"").unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

async fn begun(site: &Site) -> (ImageId, Accepted) {
    let image = site.world.import(NORTH, "golden", &[small(1), small(2)]).await;
    let accepted = site.world.copy(NORTH, &image.id, SOUTH).await.unwrap();
    (image.id, accepted)
}

/// R000-9, R002-11: the row is in the target at once; 100 % is said of an available image alone, and it never falls.
#[tokio::test]
async fn r000_9_a_copy_is_followed_from_its_row_to_a_hundred_percent() {
    let site = Site::open([NORTH, SOUTH]).await;
    let (_, accepted) = begun(&site).await;
    let mut visitor = site.visitor().await;
    let list = visitor.get("/copies?region=cn-shanghai").await;
    list.is(StatusCode::OK)
        .has("golden")
        .has("Waiting · place 1 in the queue")
        .has(accepted.copy.as_str());
    let path = page_of(&accepted);
    let mut last = 0;
    loop {
        let page = visitor.get(&path).await;
        let now = percent(page.is(StatusCode::OK));
        assert!(now >= last, "{now} after {last}");
        let is_available = page.text.contains("<span class=\"pill ok\">Available</span>");
        assert_eq!(now == 100, is_available, "{}", page.text);
        last = now;
        let mut ran = 0;
        for region in [NORTH, SOUTH] {
            ran += site.world.region(region).run_due().await.unwrap();
        }
        if ran == 0 {
            break;
        }
    }
    assert_eq!(last, 100);
    let page = visitor.get(&path).await;
    page.has("2 of 2").has("none: stored plain").has("class=\"chart\"").has("<desc id=");
    page.lacks("Cancel copy").lacks("Retry").lacks("style=");
    page.has(&format!("href=\"/regions/{SOUTH}/images/{}\"", accepted.image));
    visitor.get("/copies?region=cn-shanghai&show=live").await.lacks(accepted.copy.as_str());
    visitor.get("/copies?region=cn-shanghai&show=ended").await.has(accepted.copy.as_str());
    visitor.get("/copies").await.has("Into cn-hangzhou").has("Into cn-shanghai");
}

/// R000-10: the page says what it will do, and then that is done.
#[tokio::test]
async fn r000_10_cancelling_says_what_it_does_and_leaves_nothing() {
    let site = Site::open([NORTH, SOUTH]).await;
    let (_, accepted) = begun(&site).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&page_of(&accepted)).await;
    let cancel = format!("{}/cancel", page_of(&accepted));
    page.has(&format!("data-dialog href=\"{cancel}\""));
    let asked = visitor.get(&cancel).await;
    asked.is(StatusCode::OK).has("The image and its 2 snapshots disappear from cn-shanghai");
    let done = visitor.post(&cancel, &[]).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), page_of(&accepted));
    let page = visitor.get(&page_of(&accepted)).await;
    page.is(StatusCode::OK).has("nothing of it is left in cn-shanghai").lacks("data-dialog");
    let gone = site.world.region(SOUTH).image(&site.world.caller, &accepted.image).await;
    assert!(gone.is_err());
    site.world.run_until_idle().await;
    visitor.get(&page_of(&accepted)).await.has("Cancelled").has("It was cancelled.");
    site.world.assert_clean_slate(SOUTH).await;
    visitor.get(&cancel).await.is(StatusCode::CONFLICT).has("does not exist").lacks("btn danger");
}

/// R000-10: after 100 % there is nothing to cancel.
#[tokio::test]
async fn r000_10_what_is_available_is_not_cancelled() {
    let site = Site::open([NORTH, SOUTH]).await;
    let (_, accepted) = begun(&site).await;
    site.world.run_until_idle().await;
    let mut visitor = site.visitor().await;
    let cancel = format!("{}/cancel", page_of(&accepted));
    let asked = visitor.get(&cancel).await;
    asked.is(StatusCode::CONFLICT).has("is available already").lacks("btn danger");
    visitor.post(&cancel, &[]).await.is(StatusCode::CONFLICT).has("role=\"alert\"");
    site.world.region(SOUTH).image(&site.world.caller, &accepted.image).await.unwrap();
}

/// A copy that waits between two attempts says why, and is hurried; no other is.
#[tokio::test]
async fn a_copy_that_failed_an_attempt_says_why_and_is_tried_again() {
    let site = Site::open([NORTH, SOUTH]).await;
    let world = &site.world;
    let image = world.import(NORTH, "golden", &[small(1)]).await;
    let south = world.region(SOUTH);
    let key = south.create_encryption_key(&world.caller).await.unwrap().id;
    let command = CopyImage {
        image: image.id,
        targets: vec![SOUTH.parse().unwrap()],
        name: None,
        description: None,
        tags: None,
        particulars: model::Particulars::default(),
        sealing: model::Sealing::Key(key.clone()),
        urgency: model::Urgency::default(),
        profile: model::Profile::native(),
        token: None,
    };
    let mut answers = world.region(NORTH).copy_image(&world.caller, command).await.unwrap();
    let accepted = answers.remove(0).answer.unwrap();
    let mut visitor = site.visitor().await;
    let page = visitor.get(&page_of(&accepted)).await;
    page.has("<button class=\"btn\" disabled").has("It does not wait between two attempts.");
    page.has(key.as_str());
    let retry = format!("{}/retry", page_of(&accepted));
    visitor
        .post(&retry, &[])
        .await
        .is(StatusCode::CONFLICT)
        .has("is not waiting for another attempt");
    south.disable_encryption_key(&world.caller, &key).await.unwrap();
    world.run_until_idle().await;
    let page = visitor.get(&page_of(&accepted)).await;
    page.has("Failed attempts").has("Next attempt").has("between attempts");
    page.has(&format!("action=\"{retry}\""));
    south.enable_encryption_key(&world.caller, &key).await.unwrap();
    visitor.post(&retry, &[]).await.is(StatusCode::SEE_OTHER);
    world.run_until_idle().await;
    let page = visitor.get(&page_of(&accepted)).await;
    page.has("The next attempt begins now.").has("Failed attempts");
    assert_eq!(percent(&page), 100);
}

#[tokio::test]
async fn long_lists_go_on_behind_the_last_row_and_other_accounts_see_nothing() {
    let site = Site::open([NORTH, SOUTH]).await;
    let mut copies = Vec::new();
    for number in 0..21 {
        let image = site.world.import(NORTH, &format!("image {number}"), &[small(1)]).await;
        site.world.clock.advance_ms(1_000);
        copies.push(site.world.copy(NORTH, &image.id, SOUTH).await.unwrap().copy);
    }
    let mut visitor = site.visitor().await;
    let all = visitor.get("/copies").await;
    all.has(copies[20].as_str()).has(copies[1].as_str()).lacks(copies[0].as_str());
    let (_, rest) = all.text.split_once("href=\"/copies?region=cn-shanghai").unwrap();
    let more = rest.split('"').next().unwrap().replace("&#38;", "&");
    let next = visitor.get(&format!("/copies?region=cn-shanghai{more}")).await;
    let row = |copy: &model::CopyId| format!("<tr id=\"{copy}\"");
    next.is(StatusCode::OK).has(&row(&copies[0])).lacks(&row(&copies[1])).has("First page");
    visitor.get("/copies?region=cn-shanghai&after=nonsense").await.is(StatusCode::OK);
    let stranger = site.world.stranger();
    let created = site.world.deployment.accounts.create_key(&stranger).await.unwrap();
    let mut other = site.visitor_with(created.id.as_str(), &created.secret).await;
    other.get("/copies").await.is(StatusCode::OK).lacks("copy-").has("No such copies into");
    let foreign = format!("/regions/{SOUTH}/copies/{}", copies[0]);
    other.get(&foreign).await.is(StatusCode::NOT_FOUND);
    other.get(&format!("{foreign}/cancel")).await.is(StatusCode::NOT_FOUND);
}

/// A page of a copy is watched: its parts come by themselves.
#[tokio::test]
async fn a_copys_page_and_the_list_are_live() {
    let site = Site::open([NORTH, SOUTH]).await;
    let (_, accepted) = begun(&site).await;
    let mut visitor = site.visitor().await;
    let mut watched = visitor.watch(&page_of(&accepted)).await;
    let (kind, data) = watched.next().await.unwrap();
    assert_eq!(kind, "part");
    assert!(data.contains("\"id\":\"copy\"") && data.contains("Queued"), "{data}");
    let mut list = visitor.watch("/copies").await;
    let (_, data) = list.next().await.unwrap();
    assert!(data.contains("\"id\":\"copies\"") && data.contains("golden"), "{data}");
}

/// Another region's copies are its own console's; nobody's are nowhere.
#[tokio::test]
async fn what_is_no_copy_is_nowhere() {
    let world = World::with_regions([NORTH, SOUTH]).await;
    let site = Site::of(world, Default::default()).await;
    let mut visitor = site.visitor().await;
    for path in ["copies/copy-aaaaaaaaaaaaaaaaaaaa", "copies/none", "copies/none/cancel"] {
        visitor.get(&format!("/regions/{SOUTH}/{path}")).await.is(StatusCode::NOT_FOUND);
    }
    visitor.get("/copies?region=nowhere").await.is(StatusCode::NOT_FOUND);
}
