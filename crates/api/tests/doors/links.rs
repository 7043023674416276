//! Links at the native door: limited, paused, resumed, and refused.

use api::native::wire::{Copy, Items, Link};
use region::testing::disk;
use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::visitor;
use crate::world::{Answer, Door, answer};

const LINK: &str = "/v1/regions/south/links/north";

async fn set(door: &Door, change: Value) -> Answer {
    door.send(Method::PATCH, LINK, change).await
}

/// R000-2: an operator changes a link while it runs; a copy whose link is paused says so, and goes on by itself.
#[tokio::test]
async fn a_link_is_limited_paused_and_resumed_at_the_door() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 10, Some)]).await;
    let link: Link = set(&door, json!({})).await.ok(200);
    assert_eq!((link.pause.as_str(), link.changed), ("running", None));
    let change =
        json!({ "pause": "paused", "limit_bytes_per_sec": 1_000_000, "copies_at_once": 2 });
    let paused: Link = set(&door, change).await.ok(200);
    assert_eq!((paused.source.as_str(), paused.target.as_str()), ("north", "south"));
    assert_eq!((paused.limit_bytes_per_sec, paused.copies_at_once), (Some(1_000_000), Some(2)));
    assert_eq!(paused.pause, "paused");
    assert_eq!(paused.changed.as_deref(), Some("2023-11-14T22:13:20.000Z"));
    let copy = door.world.copy("north", &image.id, "south").await.unwrap().copy;
    door.world.run_until_idle().await;
    let path = format!("/v1/regions/south/copies/{copy}");
    let waits: Copy = door.get(&path).await.ok(200);
    assert_eq!((waits.phase.as_str(), waits.paused, waits.attempts), ("waiting", true, 0));
    let links: Items<Link> = door.get("/v1/regions/south/links").await.ok(200);
    assert_eq!(links.items, [Link { waiting: 1, ..paused }]);

    let change = json!({ "pause": "running", "limit_bytes_per_sec": null, "copies_at_once": null });
    let running: Link = set(&door, change).await.ok(200);
    assert_eq!((running.limit_bytes_per_sec, running.copies_at_once), (None, None));
    assert_eq!((running.pause.as_str(), running.waiting), ("running", 1));
    door.world.run_until_idle().await;
    let done: Copy = door.get(&path).await.ok(200);
    assert_eq!((done.phase.as_str(), done.paused), ("done", false));
    let trail: Value = door.get("/v1/regions/south/audit?subject=north").await.ok(200);
    assert_eq!(trail["items"].as_array().unwrap().len(), 2, "{trail}");
}

/// R000-2: the weekly windows of a link, what holds now and what comes next; and copies with a priority and a deadline.
#[tokio::test]
async fn windows_priorities_and_deadlines_at_the_door() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 10, Some)]).await;
    // The world's clock stands at a Tuesday evening, 22:13:20.
    let schedule = json!(["mon-fri 08:00-18:00 limit 2MB", "tue 22:00-23:00 pause"]);
    let change = json!({ "schedule": schedule, "limit_bytes_per_sec": 9_000_000 });
    let link: Link = set(&door, change).await.ok(200);
    assert_eq!(link.schedule, ["mon-fri 08:00-18:00 2MB", "tue 22:00-23:00 pause"]);
    assert_eq!((link.pause.as_str(), link.next.as_deref()), ("paused", Some("9MB")));
    assert_eq!(link.until.as_deref(), Some("2023-11-14T23:00:00.000Z"));
    assert_eq!(link.usual_limit_bytes_per_sec, Some(9_000_000));
    let copies = format!("/v1/regions/north/images/{}/copies", image.id);
    let ask = |secs| json!({ "targets": ["south"], "priority": "high", "deadline_secs": secs });
    let refused = door.post(&copies, ask(60)).await.refused(409, "deadline_too_soon");
    assert!(refused.detail.contains("2023-11-14T23:00:"), "{refused:?}");
    set(&door, json!({ "schedule": [], "pause": "paused" })).await.ok::<Link>(200);
    door.post(&copies, ask(60)).await.refused(409, "deadline_not_promised");
    set(&door, json!({ "pause": "running" })).await.ok::<Link>(200);
    for (wrong, code) in [
        (json!({ "targets": ["south"], "deadline_secs": 0 }), "invalid_field"),
        (json!({ "targets": ["south"], "priority": "urgent" }), "invalid_field"),
    ] {
        door.post(&copies, wrong).await.refused(400, code);
    }
    let promised: Value = door.post(&copies, ask(60)).await.ok(202);
    let path =
        format!("/v1/regions/south/copies/{}", promised["results"][0]["copy"].as_str().unwrap());
    let copy: Copy = door.get(&path).await.ok(200);
    assert_eq!(
        (copy.priority.as_str(), copy.deadline_standing.as_deref()),
        ("high", Some("promised"))
    );
    assert_eq!(copy.deadline.as_deref(), Some("2023-11-14T22:14:20.000Z"));
    door.world.run_until_idle().await;
    let done: Copy = door.get(&path).await.ok(200);
    assert_eq!(done.deadline_standing.as_deref(), Some("met"));
}

#[tokio::test]
async fn what_is_no_change_of_a_link_is_refused_at_the_door() {
    let door = Door::open(["north", "south"]).await;
    for (change, word) in [
        (json!({ "limit_bytes_per_sec": 0 }), "limit_bytes_per_sec"),
        (json!({ "limit_bytes_per_sec": 1_023 }), "limit_bytes_per_sec"),
        (json!({ "limit_bytes_per_sec": u64::MAX }), "limit_bytes_per_sec"),
        (json!({ "copies_at_once": 0 }), "copies_at_once"),
        (json!({ "pause": "yes" }), "pause"),
        (json!({ "schedule": ["mon 1023"] }), "schedule"),
        (json!({ "schedule": vec!["mon pause"; 33] }), "schedule"),
        (json!({ "schedule": ["someday pause"] }), "schedule"),
    ] {
        let refused = set(&door, change).await.refused(400, "invalid_field");
        assert!(refused.detail.contains(word), "{refused:?}");
    }
    for change in [json!({ "limit": 1_024 }), json!({ "copies_at_once": -1 }), json!([])] {
        assert_eq!(set(&door, change).await.status, 400);
    }
    let pause = || json!({ "pause": "paused" });
    for (path, status, code) in [
        ("/v1/regions/south/links/nowhere", 404, "region_unknown"),
        ("/v1/regions/south/links/south", 400, "same_region"),
    ] {
        door.send(Method::PATCH, path, pause()).await.refused(status, code);
    }
    let (_, _, olga) = visitor(&door, "tenant", "owner").await;
    let asked = olga.request(Method::PATCH, LINK).json(&pause());
    answer(asked).await.refused(403, "not_allowed");
    let links: Items<Link> = door.get("/v1/regions/south/links").await.ok(200);
    assert_eq!((links.items[0].pause.as_str(), &links.items[0].changed), ("running", &None));
}
