//! The first page: where images are, how regions are linked, what moves.

use axum::http::StatusCode;
use region::testing::disk;

use crate::kit::Site;

#[tokio::test]
async fn an_empty_deployment_says_how_to_begin() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let answer = site.visitor().await.get("/").await;
    answer
        .is(StatusCode::OK)
        .has("ferry image import disk.qcow2")
        .has("0 custom images hold 0 B in 2 regions");
}

/// Issue 6: a matrix of images by regions (present, copying, absent, size, digest).
#[tokio::test]
async fn the_matrix_shows_where_each_image_is() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai", "ap-southeast-1"]).await;
    let disks = [disk(3, 8, Some)];
    let image = site.world.import("cn-hangzhou", "golden", &disks).await;
    let mut visitor = site.visitor().await;
    let copy = format!("/regions/cn-hangzhou/copy?image={}&#38;target=cn-shanghai", image.id);
    visitor.get("/").await.has("In cn-hangzhou, the same").has("Not in cn-shanghai").has(&copy);
    let copy = site.world.copy("cn-hangzhou", &image.id, "cn-shanghai").await.unwrap();
    visitor
        .get("/")
        .await
        .has("On its way to cn-shanghai")
        .has("Under way")
        .has(copy.copy.as_str());
    site.world.run_until_idle().await;
    let done = visitor.get("/").await;
    done.has("In cn-shanghai, the same").has("Not in ap-southeast-1").lacks("Under way");
    // Both of them are one row.
    assert_eq!(done.text.matches("class=\"name\" dir").count(), 1);
    site.world.clock.advance_ms(60_000);
    site.world.import("ap-southeast-1", "golden", &[disk(4, 8, |n| Some(n + 100))]).await;
    let newer = visitor.get("/").await;
    newer.has("In cn-hangzhou, another version").has("In ap-southeast-1, the same");
}

/// Images of one contents and several names are several images.
#[tokio::test]
async fn the_matrix_has_a_row_for_each_name() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    for name in ["first", "second", "third"] {
        site.world.import("cn-hangzhou", name, &[disk(3, 8, Some)]).await;
    }
    let answer = site.visitor().await.get("/").await;
    assert_eq!(answer.text.matches("class=\"name\" dir").count(), 3);
    answer.has(">first<").has(">second<").has(">third<");
}

#[tokio::test]
async fn the_links_are_drawn_and_told() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let target = site.world.region("cn-shanghai");
    let change = model::LinkChange { pause: Some(model::Pause::Paused), ..Default::default() };
    let source = region::testing::region_id("cn-hangzhou");
    target.set_link(&site.world.caller, &source, change).await.unwrap();
    let answer = site.visitor().await.get("/").await;
    answer.has("cn-hangzhou → cn-shanghai: paused.").has("class=\"link paused\"");
}

#[tokio::test]
async fn one_region_is_looked_at_alone() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    site.world.import("cn-hangzhou", "golden", &[disk(3, 8, Some)]).await;
    let mut visitor = site.visitor().await;
    visitor.get("/?region=cn-hangzhou").await.has("One custom image holds").has("in one region");
    visitor.get("/?region=cn-shanghai").await.has("0 custom images hold 0 B in one region");
    visitor.get("/?region=eu-central-1").await.is(StatusCode::NOT_FOUND);
    // What is no region at all is no choice.
    visitor.get("/?region=%3Cb%3E").await.is(StatusCode::OK).has("in 2 regions").lacks("<b>");
}

/// What a list was narrowed by stays when its region is changed; where in it one was does not.
#[tokio::test]
async fn the_region_is_switched_on_the_same_list() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let mut visitor = site.visitor().await;
    let list = visitor.get("/snapshots?origin=copied&region=cn-hangzhou&after=x").await;
    let form = list.text.split("class=\"region-switch\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    assert!(form.contains("name=\"origin\" value=\"copied\""), "{form}");
    assert!(!form.contains("name=\"after\"") && form.contains("action=\"/snapshots\""), "{form}");
}
