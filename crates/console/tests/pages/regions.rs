//! Regions and links: who serves what, quotas, and what is set of links (R000-2, R001-10).

use std::collections::BTreeMap;

use axum::http::StatusCode;
use model::{LinkChange, Pause, Role, Zone};
use region::testing::{World, WorldOptions, disk, region_id};
use region::{LinkView, Whose};

use crate::acting::{foreigner, with_role};
use crate::kit::Site;

const HERE: &str = "cn-hangzhou";
const THERE: &str = "ap-southeast-1";
/// The link from here to there.
const LINK: &str = "/regions/ap-southeast-1/links/cn-hangzhou";

async fn link(world: &World) -> LinkView {
    let links = world.region(THERE).links(&world.caller, Whose::Everyone).await.unwrap();
    links.into_iter().find(|link| link.source == region_id(HERE)).unwrap()
}

#[tokio::test]
async fn regions_are_listed_with_their_zones_quotas_and_every_link_between_them() {
    let zone: Zone = "mainland".parse().unwrap();
    let zones = BTreeMap::from([(region_id(HERE), zone)]);
    let options = WorldOptions { zones, image_quota: 10, ..WorldOptions::default() };
    let names = [HERE, THERE, "eu-central-1"];
    let site = Site::of(World::with_options(&names, options).await, Default::default()).await;
    site.world.import(HERE, "golden", &[disk(1, 2, Some)]).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get("/regions").await;
    page.is(StatusCode::OK).has("mainland").has("default").has("1 of 10").has("128 KiB");
    assert_eq!(page.text.matches("<tr id=\"link-").count(), 6, "every ordered pair");
    for source in names {
        for target in names.iter().filter(|target| **target != source) {
            page.has(&format!("href=\"/regions/{target}/links/{source}\""));
        }
    }
    let one = visitor.get("/regions?region=ap-southeast-1").await;
    assert_eq!(one.text.matches("<tr id=\"link-").count(), 2);
    one.has("id=\"region-ap-southeast-1\"").lacks("id=\"region-cn-hangzhou\"");
    visitor.get("/regions?region=nowhere").await.is(StatusCode::NOT_FOUND);
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get("/regions").await.is(StatusCode::OK).has("mainland").lacks("/quotas\"");
    visitor.post("/settings", &[("language", "zh"), ("next", "/")]).await;
    visitor.get("/regions").await.has("地域与链路").has("限速").has("空闲");
}

/// A region that another process serves is there, with the way to it.
#[tokio::test]
async fn a_region_elsewhere_is_named_with_its_endpoint() {
    let mut world = World::with_regions([HERE, THERE]).await;
    let (here, there) = (world.region(HERE), world.region(THERE));
    let endpoint = "https://there.example".to_owned();
    let remote = region::RemoteRegion { endpoint, peer: std::sync::Arc::new(there) };
    let accounts = world.deployment.accounts.clone();
    world.deployment = region::Deployment::new([here], [(region_id(THERE), remote)], accounts);
    let site = Site::of(world, Default::default()).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get("/regions").await;
    page.is(StatusCode::OK).has("<a href=\"https://there.example\">https://there.example</a>");
    // Links that end elsewhere are that process's business.
    page.has("/regions/cn-hangzhou/links/ap-southeast-1").lacks(LINK);
    visitor.get(LINK).await.is(StatusCode::MISDIRECTED_REQUEST).has("there.example");
}

#[tokio::test]
async fn an_operator_limits_a_link_and_lifts_that_again() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = with_role(&site, Role::Operator).await;
    visitor.get(LINK).await.is(StatusCode::OK).has("name=\"limit\" value=\"\"").has("Idle");
    let set = [("do", "set"), ("limit", "12.5"), ("unit", "MB"), ("at_once", "3")];
    let done = visitor.post(LINK, &set).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), "/regions");
    let view = link(&site.world).await;
    assert_eq!((view.limit_bytes_per_sec, view.copies_at_once), (Some(12_500_000), Some(3)));
    let list = visitor.get("/regions").await;
    list.has("The link cn-hangzhou → ap-southeast-1 is set").has("12.5 MB/s");
    let form = visitor.get(LINK).await;
    form.has("name=\"limit\" value=\"12.5\"").has("name=\"at_once\" value=\"3\"");
    form.has("<option value=\"MB\" selected>MB/s</option>");
    let set = [("do", "set"), ("limit", ""), ("unit", "MB"), ("at_once", "")];
    visitor.post(LINK, &set).await.is(StatusCode::SEE_OTHER);
    let view = link(&site.world).await;
    assert_eq!((view.limit_bytes_per_sec, view.copies_at_once), (None, None));
}

/// What an operator did not change stays the configuration's.
#[tokio::test]
async fn a_limit_that_is_sent_back_as_it_was_stays_the_configurations() {
    let site = Site::open([HERE, THERE]).await;
    let there = site.world.region(THERE);
    there.set_link_rate(&region_id(HERE), Some(12_345_678));
    let mut visitor = site.visitor().await;
    let form = visitor.get(LINK).await;
    form.has("value=\"12345.678\"").has("<option value=\"kB\" selected>");
    let set = [("do", "set"), ("limit", "12345.678"), ("unit", "kB"), ("at_once", "2")];
    visitor.post(LINK, &set).await.is(StatusCode::SEE_OTHER);
    there.set_link_rate(&region_id(HERE), Some(5_000_000));
    let view = link(&site.world).await;
    assert_eq!((view.limit_bytes_per_sec, view.copies_at_once), (Some(5_000_000), Some(2)));
}

#[tokio::test]
async fn a_limit_that_is_refused_is_kept_in_its_form() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    visitor.get(LINK).await;
    let before = link(&site.world).await;
    let table = [
        ("<b>1</b>", "kB", "", "such as 12"),
        ("12", "furlongs", "", "such as 12"),
        ("0.5", "kB", "", "class=\"problem\""),
        ("12", "MB", "many", "whole number"),
        ("12", "MB", "0", "class=\"problem\""),
        ("12", "MB", "4294967296", "whole number"),
    ];
    for (limit, unit, at_once, said) in table {
        let set = [("do", "set"), ("limit", limit), ("unit", unit), ("at_once", at_once)];
        let refused = visitor.post(LINK, &set).await;
        refused.is(StatusCode::UNPROCESSABLE_ENTITY).has(said).has("aria-invalid").lacks("<b>1");
        refused.has(&format!("name=\"at_once\" value=\"{at_once}\""));
        if !limit.contains('<') {
            refused.has(&format!("name=\"limit\" value=\"{limit}\""));
        }
    }
    assert_eq!(link(&site.world).await, before);
}

/// Promise 3: a paused link carries nothing, its queue is seen, and it goes on where it was.
#[tokio::test]
async fn a_link_is_paused_and_resumed_by_its_buttons_and_shows_its_queue() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    visitor.get(LINK).await.has("Pause</button>").has("None of your account’s copies");
    visitor.post(LINK, &[("do", "pause")]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(link(&site.world).await.pause, Pause::Paused);
    visitor.get("/regions").await.has("is paused").has("Paused");
    let mut copies = Vec::new();
    for (seed, name) in [(1, "first"), (2, "<b>second</b>")] {
        let image =
            site.world.import(HERE, name, &[disk(seed, 2, move |n| Some(n + 10 * seed))]).await;
        copies.push(site.world.copy(HERE, &image.id, THERE).await.unwrap().copy);
        site.world.clock.advance_ms(1_000);
    }
    // The way back is another link, and its copies are not in this queue.
    let back = site.world.import(THERE, "back", &[disk(9, 2, Some)]).await;
    let back = site.world.copy(THERE, &back.id, HERE).await.unwrap().copy;
    site.world.run_until_idle().await;
    let page = visitor.get(LINK).await;
    page.has("Resume</button>").has("&#60;b&#62;second").lacks("<b>second").lacks(back.as_str());
    let at = |copy: &model::CopyId| page.text.find(copy.as_str()).unwrap();
    assert!(at(&copies[0]) < at(&copies[1]), "the next one comes first");
    // Nobody is next while nothing moves.
    page.lacks(">Next</span>").lacks("Place 2");
    // Somebody else's copies are counted for operators, and not named.
    let other = foreigner(&site).await.get(LINK).await;
    other.has("2 more are other accounts’").lacks(copies[0].as_str());
    let mut reader = with_role(&site, Role::Reader).await;
    let seen = reader.get(LINK).await;
    seen.is(StatusCode::OK).has(copies[0].as_str()).lacks("<button class=\"btn\" name=\"do\"");
    seen.lacks("name=\"limit\"");
    for (act, value) in [("resume", ""), ("set", "1")] {
        let sent = [("do", act), ("limit", value), ("unit", "MB"), ("at_once", "")];
        reader.post(LINK, &sent).await.is(StatusCode::FORBIDDEN);
    }
    let mut watched = visitor.watch(LINK).await;
    let (event, data) = watched.next().await.unwrap();
    assert!(event == "part" && data.contains("Paused"), "{data}");
    visitor.get(LINK).await;
    visitor.post(LINK, &[("do", "resume")]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(link(&site.world).await.pause, Pause::Running);
    let (event, data) = watched.next().await.unwrap();
    assert!(event == "part" && data.contains(">Next<") && data.contains(">Place 2<"), "{data}");
    site.world.run_until_idle().await;
    visitor.get(LINK).await.has("None of your account’s copies");
    site.world.check_world().await;
}

#[tokio::test]
async fn a_link_that_is_none_is_absent() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    let own = "/regions/ap-southeast-1/links/ap-southeast-1";
    for path in [own, "/regions/ap-southeast-1/links/nowhere", "/regions/x/links/cn-hangzhou"] {
        visitor.get("/regions").await;
        visitor.get(path).await.is(StatusCode::NOT_FOUND);
        visitor.get(LINK).await;
        visitor.post(path, &[("do", "pause")]).await.is(StatusCode::NOT_FOUND);
    }
    let before = LinkChange { pause: Some(Pause::Running), ..LinkChange::default() };
    let there = site.world.region(THERE);
    there.set_link(&site.world.caller, &region_id(HERE), before).await.unwrap();
}

#[tokio::test]
async fn an_operator_sets_the_quotas_of_any_account() {
    let site = Site::open([HERE, THERE]).await;
    let path = "/regions/cn-hangzhou/quotas";
    let stranger = site.world.stranger();
    let mut operator = with_role(&site, Role::Operator).await;
    let form = operator.get(path).await;
    form.is(StatusCode::OK).has("name=\"image\" value=\"1000\"").has("stranger");
    let other = operator.get(&format!("{path}?account={}", stranger.account)).await;
    other.is(StatusCode::OK).has(&format!("name=\"account\" value=\"{}\"", stranger.account));
    let values = |image, snapshot| {
        [("account", stranger.account.as_str()), ("image", image), ("snapshot", snapshot)]
    };
    for wrong in ["", "-1", "many", "9223372036854775808", "<b>1</b>"] {
        let refused = operator.post(path, &values(wrong, "77")).await;
        refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("whole number").has("value=\"77\"");
        refused.lacks("<b>1</b>");
    }
    let region = site.world.region(HERE);
    let limits = async || {
        let quotas = region.quotas(&stranger).await.unwrap();
        quotas.iter().map(|quota| quota.limit).collect::<Vec<_>>()
    };
    assert_eq!(limits().await, [1_000, 2_000]);
    let done = operator.post(path, &values("5", "0")).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), "/regions");
    operator.get("/regions").await.has("The quotas of stranger in cn-hangzhou are set.");
    assert_eq!(limits().await, [5, 0]);
    // The own account's, and the other region's, stay.
    operator.get(path).await.has("name=\"image\" value=\"1000\"");
    let absent = model::AccountId::from_random(|| 3);
    operator.get(&format!("{path}?account={absent}")).await.is(StatusCode::NOT_FOUND);
    for role in [Role::Reader, Role::Owner] {
        let mut visitor = with_role(&site, role).await;
        visitor.get("/regions").await.lacks("/quotas\"");
        visitor.get(path).await.is(StatusCode::FORBIDDEN);
        visitor.get("/").await;
        visitor.post(path, &values("9", "9")).await.is(StatusCode::FORBIDDEN);
    }
    assert_eq!(limits().await, [5, 0]);
}
