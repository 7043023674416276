//! Usage, rates, queues of links, estimates; and the figures that operators read of them.

use api::native::wire::{Copy, EstimateAnswer, EstimateResult, Items, Link, Rate, UsageLine};
use region::testing::disk;
use serde_json::json;

use crate::world::{Door, answer};

/// R000-4, R001-5, R003-3: quantity with amount 0.00; a rate for a day after today is taken, and charged from then on.
#[tokio::test]
async fn r000_4_r001_5_r003_3_a_bill_tells_quantity_rate_and_amount() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 10, Some)]).await;
    let copy = door.world.copy("north", &image.id, "south").await.unwrap().copy;
    door.world.run_until_idle().await;
    let copy: Copy = door.get(&format!("/v1/regions/south/copies/{copy}")).await.ok(200);
    assert!(!copy.late && copy.bytes_sent > 0);
    let rates = "/v1/regions/south/rates";
    let body = json!({ "meter": "storage", "from": "2023-11-15", "price": "0.5" });
    let rate: Rate = door.post(rates, body).await.ok(200);
    assert_eq!((rate.price.as_str(), rate.currency.as_str()), ("0.50", "USD"));
    let listed: Items<Rate> = door.get(rates).await.ok(200);
    assert_eq!(listed.items, [rate]);

    // The world began at 22:13:20; the rate counts from midnight.
    door.world.clock.advance_ms(1_000 * (6_400 + 3_600));
    let usage: Items<UsageLine> = door.get("/v1/regions/south/usage?month=2023-11").await.ok(200);
    let told: Vec<_> = usage
        .items
        .iter()
        .map(|line| {
            (line.rate.meter.as_str(), line.unit.as_str(), line.quantity, line.amount.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("traffic", "bytes", copy.bytes_sent, "0.00"),
            ("storage", "byte_hours", 655_360 * 6_400 / 3_600, "0.00"),
            ("storage", "byte_hours", 655_360, "0.000305"),
        ]
    );
    assert_eq!(usage.items[0].source.as_deref(), Some("north"));
    assert_eq!(usage.items[2].amount_micros, 305);
    let now: Items<UsageLine> = door.get("/v1/regions/south/usage").await.ok(200);
    assert_eq!(now.items, usage.items, "this month, where none is named");
    let all: Items<UsageLine> = door.get("/v1/regions/south/usage?all=true").await.ok(200);
    assert_eq!(all.items, usage.items, "there is one account");
    let before: Items<UsageLine> = door.get("/v1/regions/south/usage?month=2023-10").await.ok(200);
    assert!(before.items.is_empty());
}

/// R000-4: neither past nor present days, no price that is none.
#[tokio::test]
async fn r000_4_rates_and_questions_that_are_none_are_refused() {
    let door = Door::open(["north"]).await;
    let rates = "/v1/regions/north/rates";
    for (meter, from, price) in [
        ("traffic", "2023-11-14", "1"),
        ("traffic", "2023-11-13", "1"),
        ("traffic", "tomorrow", "1"),
        ("traffic", "2023-11-31", "1"),
        ("traffic", "2023-12-01", "-1"),
        ("traffic", "2023-12-01", "1e3"),
        ("traffic", "2023-12-01", "1000001"),
        ("bytes", "2023-12-01", "1"),
    ] {
        let body = json!({ "meter": meter, "from": from, "price": price });
        door.post(rates, body).await.refused(400, "invalid_field");
    }
    for query in ["month=2023-13", "account=me", "all=true&account=acct-aaaaaaaaaaaaaaaaaaaa"] {
        let path = format!("/v1/regions/north/usage?{query}");
        door.get(&path).await.refused(400, "invalid_field");
    }
    let listed: Items<Rate> = door.get(rates).await.ok(200);
    assert!(listed.items.is_empty());
}

/// R001-10, R002-2, R003-5: queues, the three factors of an estimate, and the figures of both.
#[tokio::test]
async fn r001_10_r002_2_r003_5_queues_estimates_and_figures() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 10, Some)]).await;
    let other = door.world.import("north", "other", &[disk(2, 10, Some)]).await;
    door.world.copy("north", &image.id, "south").await.unwrap();
    let links: Items<Link> = door.get("/v1/regions/south/links").await.ok(200);
    assert_eq!(links.items.len(), 1);
    let link = &links.items[0];
    assert_eq!((link.source.as_str(), link.running, link.waiting), ("north", 0, 1));
    door.world.region("south").set_link_rate(&region::testing::region_id("north"), Some(1_000));
    let path = format!("/v1/regions/north/images/{}/copies", other.id);
    let body = json!({ "targets": ["south"], "dry_run": true });
    let estimates: EstimateAnswer = door.post(&path, body).await.ok(200);
    let EstimateResult::Estimated(told) = &estimates.results[0] else {
        panic!("{estimates:?}");
    };
    assert_eq!((told.speed_known.as_str(), told.bytes_per_sec), ("limit", Some(1_000)));
    assert_eq!(told.seconds, Some(told.bytes_to_send.div_ceil(1_000)));
    assert_eq!((told.copies_ahead, told.bytes_ahead), (1, None));
    assert_eq!(told.bytes_stored, 655_360);
    let quotas: Vec<_> = told.quotas.iter().map(|quota| (quota.reserved, quota.after)).collect();
    assert_eq!(quotas, [(1, 2), (1, 2)]);
    assert_eq!(told.costs.traffic.amount, "0.00");

    let figures = async || answer(door.http.get(door.url("/metrics"))).await.text();
    door.world.clock.advance_ms(1_800_001);
    let waiting = figures().await;
    for line in [
        "ferry_link_queue{source=\"north\",region=\"south\"} 1",
        "ferry_copies_late{region=\"south\"} 1",
        "ferry_copy_available_seconds_count{region=\"south\"} 0",
    ] {
        assert!(waiting.contains(line), "{line}\nnot in\n{waiting}");
    }
    door.world.region("south").set_link_rate(&region::testing::region_id("north"), None);
    door.world.run_until_idle().await;
    let done = figures().await;
    for line in [
        "ferry_copies_late{region=\"south\"} 0",
        "ferry_copy_available_seconds_count{region=\"south\"} 1",
        "ferry_copy_available_seconds_bucket{le=\"1800.0\",region=\"south\"} 0",
        "ferry_copy_available_seconds_bucket{le=\"3600.0\",region=\"south\"} 1",
    ] {
        assert!(done.contains(line), "{line}\nnot in\n{done}");
    }
    assert!(!done.contains("ferry_link_queue{"), "nothing waits any more");
}
