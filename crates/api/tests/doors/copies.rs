//! Copies: asked for, estimated, watched, cancelled; partial success told per target.

use api::native::wire::{
    Copy, CopyAnswer, CopyResult, EstimateAnswer, EstimateResult, Image, Page, Problem,
};
use futures::StreamExt;
use region::testing::disk;
use reqwest::Method;
use serde_json::json;

use crate::world::{Door, answer};

async fn door_with_image() -> (Door, String) {
    let door = Door::open(["north", "south", "west"]).await;
    let image = door.world.import("north", "web", &[disk(1, 20, Some)]).await;
    let path = format!("/v1/regions/north/images/{}/copies", image.id);
    (door, path)
}

fn promised(answer: &CopyAnswer, target: &str) -> (String, String) {
    let found = answer.results.iter().find_map(|result| match result {
        CopyResult::Promised(promised) if promised.target == target => Some(promised),
        CopyResult::Promised(_) | CopyResult::Refused(_) => None,
    });
    let promised = found.expect("this target promised the copy");
    (promised.copy.clone(), promised.image.clone())
}

#[tokio::test]
async fn a_copy_is_promised_seen_and_ends_in_an_identical_image() {
    let (door, path) = door_with_image().await;
    let answer: CopyAnswer =
        door.post(&path, json!({ "targets": ["south"], "name": "web-south" })).await.ok(202);
    let (copy, image) = promised(&answer, "south");
    let shown: Copy = door.get(&format!("/v1/regions/south/copies/{copy}")).await.ok(200);
    assert_eq!(
        (shown.image.as_str(), shown.phase.as_str(), shown.progress),
        (image.as_str(), "waiting", 0)
    );
    let waiting: Image = door.get(&format!("/v1/regions/south/images/{image}")).await.ok(200);
    assert_eq!(
        (waiting.status.as_str(), waiting.copy.as_deref()),
        ("waiting", Some(copy.as_str()))
    );
    let live: Page<Copy> = door.get("/v1/regions/south/copies?state=live").await.ok(200);
    assert_eq!(live.items.len(), 1);

    door.world.run_until_idle().await;
    let done: Copy = door.get(&format!("/v1/regions/south/copies/{copy}")).await.ok(200);
    assert!(done.is_settled());
    assert_eq!((done.phase.as_str(), done.progress, done.disks_done), ("done", 100, 1));
    let image: Image = door.get(&format!("/v1/regions/south/images/{image}")).await.ok(200);
    assert_eq!(
        (image.name.as_str(), image.status.as_str(), image.source_region.as_deref()),
        ("web-south", "available", Some("north"))
    );
    assert!(
        image.description.ends_with(']') && image.description.contains("[copied from north/"),
        "R002-7"
    );
    let ended: Page<Copy> = door.get("/v1/regions/south/copies?state=ended").await.ok(200);
    assert_eq!(ended.items, [done]);
    door.act(&format!("/v1/regions/south/copies/{copy}/retry"))
        .await
        .refused(409, "nothing_to_retry");
    door.world.check_world().await;
}

#[tokio::test]
async fn r003_7_several_targets_answer_each_for_itself() {
    let (door, path) = door_with_image().await;
    let answer: CopyAnswer =
        door.post(&path, json!({ "targets": ["south", "north", "east"] })).await.ok(207);
    promised(&answer, "south");
    let codes = answer.results.iter().filter_map(|result| match result {
        CopyResult::Refused(refused) => {
            Some((refused.target.as_str(), refused.problem.code.as_str()))
        }
        CopyResult::Promised(_) => None,
    });
    let codes: Vec<_> = codes.collect();
    assert_eq!(codes, [("north", "same_region"), ("east", "region_unknown")]);
}

#[tokio::test]
async fn where_all_targets_refuse_the_answer_is_a_problem() {
    let (door, path) = door_with_image().await;
    let one = door.post(&path, json!({ "targets": ["north"] })).await.refused(400, "same_region");
    assert_eq!(one.field.as_deref(), Some("targets"));
    let two = door
        .post(&path, json!({ "targets": ["north", "east"] }))
        .await
        .refused(400, "every_target_refused");
    assert_eq!(two.results.unwrap().len(), 2);
}

#[tokio::test]
async fn r002_8_a_second_copy_to_the_same_region_is_refused_while_the_first_runs() {
    let (door, path) = door_with_image().await;
    let _first: CopyAnswer = door.post(&path, json!({ "targets": ["south"] })).await.ok(202);
    door.post(&path, json!({ "targets": ["south"] })).await.refused(409, "already_copying");
    let image = path.trim_end_matches("/copies");
    door.delete(&format!("{image}?force=true")).await.refused(409, "image_held");
}

#[tokio::test]
async fn promise_4_a_token_makes_one_copy() {
    let (door, path) = door_with_image().await;
    let ask = async |name: &str| {
        let request = door.request(Method::POST, &path).header("Idempotency-Key", "once");
        answer(request.json(&json!({ "targets": ["south"], "name": name }))).await
    };
    let (first, again): (CopyAnswer, CopyAnswer) =
        (ask("web-2").await.ok(202), ask("web-2").await.ok(202));
    assert_eq!(promised(&first, "south"), promised(&again, "south"));
    assert!(matches!(&again.results[0], CopyResult::Promised(promised) if promised.replayed));
    ask("web-3").await.refused(409, "token_reused");
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_cost_and_promises_nothing() {
    let (door, path) = door_with_image().await;
    let answer: EstimateAnswer =
        door.post(&path, json!({ "targets": ["south", "north"], "dry_run": true })).await.ok(207);
    match &answer.results[..] {
        [EstimateResult::Estimated(estimate), EstimateResult::Refused(refused)] => {
            assert!(estimate.bytes_to_send > 0);
            assert_eq!(estimate.quotas.len(), 2);
            assert_eq!(refused.problem.code, "same_region");
        }
        other => panic!("{other:?}"),
    }
    let none: Page<Copy> = door.get("/v1/regions/south/copies").await.ok(200);
    assert!(none.items.is_empty());
    let _well: EstimateAnswer =
        door.post(&path, json!({ "targets": ["south"], "dry_run": true })).await.ok(200);
    door.world.assert_clean_slate("south").await;
}

#[tokio::test]
async fn r000_10_a_cancelled_copy_leaves_nothing_and_a_finished_one_cannot_be_cancelled() {
    let (door, path) = door_with_image().await;
    let answer: CopyAnswer =
        door.post(&path, json!({ "targets": ["south", "west"] })).await.ok(202);
    let ((_, south), (copy, west)) = (promised(&answer, "south"), promised(&answer, "west"));
    door.act(&format!("/v1/regions/west/images/{west}/cancel")).await.empty();
    door.world.run_until_idle().await;
    let copy: Copy = door.get(&format!("/v1/regions/west/copies/{copy}")).await.ok(200);
    assert_eq!(copy.phase, "cancelled");
    door.act(&format!("/v1/regions/south/images/{south}/cancel"))
        .await
        .refused(409, "copy_finished");
    door.world.assert_clean_slate("west").await;
}

#[tokio::test]
async fn progress_comes_as_events_until_the_copy_is_settled() {
    let (door, path) = door_with_image().await;
    let answer: CopyAnswer = door.post(&path, json!({ "targets": ["south"] })).await.ok(202);
    let (copy, _) = promised(&answer, "south");
    let response = door
        .request(Method::GET, &format!("/v1/regions/south/copies/{copy}/events"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut pieces = response.bytes_stream();
    let mut text = String::new();
    while !text.contains("\n\n") {
        text.push_str(std::str::from_utf8(&pieces.next().await.unwrap().unwrap()).unwrap());
    }
    door.world.run_until_idle().await;
    while let Some(piece) = pieces.next().await {
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    let copies: Vec<Copy> = text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("event: copy\ndata: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(copies.first().unwrap().phase, "waiting");
    assert_eq!(
        (copies.last().unwrap().phase.as_str(), copies.last().unwrap().progress),
        ("done", 100)
    );
    assert!(copies.is_sorted_by_key(|copy| copy.progress), "progress never goes back");
}

#[tokio::test]
async fn events_of_an_absent_copy_are_a_problem_and_no_stream() {
    let door = Door::open(["north"]).await;
    let path = "/v1/regions/north/copies/copy-aaaaaaaaaaaaaaaaaaaa/events";
    let problem: Problem = door.get(path).await.refused(404, "copy_not_found");
    assert!(!problem.retryable);
}
