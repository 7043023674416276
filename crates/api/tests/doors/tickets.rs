//! Tickets at the door: asked, shown, answered; what needs one says so; several images at once.

use api::ServeLimits;
use api::native::wire::{
    BatchAnswer, CopyAnswer, CopyResult, EstimateAnswer, EstimateResult, Page, Ticket,
};
use model::{Clock, Profile};
use region::Profiles;
use region::testing::{World, disk};
use reqwest::Method;
use serde_json::json;

use crate::world::{Door, answer};

/// A door whose native profile asks for a ticket above one chunk, and takes two images at once.
async fn door() -> Door {
    let profile =
        Profile { ticket_above_bytes: Some(65_536), images_at_once: 2, ..Profile::native() };
    let mut world = World::with_regions(["north", "south"]).await;
    let profiles = Profiles::new([("native".to_owned(), profile)]).unwrap();
    world.deployment = world.deployment.with_profiles(profiles);
    Door::before(world, ServeLimits::default()).await
}

fn tomorrow(door: &Door) -> String {
    door.world.clock.now().plus_ms(86_400_000).to_string()
}

/// R000-7: the refusal names what is needed; the ticket is opened, listed, approved, shown with the copy that used it.
#[tokio::test]
async fn r000_7_a_ticket_is_opened_approved_and_used() {
    let door = door().await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await.id.to_string();
    let copies = format!("/v1/regions/north/images/{image}/copies");
    let wish = json!({ "targets": ["south"] });
    let problem = door.post(&copies, wish.clone()).await.refused(409, "ticket_needed");
    assert!(problem.detail.contains(&format!("ferry ticket open {image} --to south")));
    let dry = json!({ "targets": ["south"], "dry_run": true });
    let estimate: EstimateAnswer = door.post(&copies, dry).await.ok(200);
    let EstimateResult::Estimated(estimated) = &estimate.results[0] else { panic!("{estimate:?}") };
    assert_eq!(estimated.needs.as_ref().unwrap().code, "ticket_needed");

    let tickets = "/v1/regions/north/tickets";
    let ask = json!({ "image": image, "targets": ["south"], "why": "the move" });
    let ticket: Ticket = door.post(tickets, ask.clone()).await.ok(201);
    assert_eq!((ticket.state.as_str(), ticket.why.as_str()), ("open", "the move"));
    door.post(tickets, ask).await.refused(409, "ticket_undecided");
    door.post(&copies, wish.clone()).await.refused(409, "ticket_undecided");
    let open: Page<Ticket> = door.get(&format!("{tickets}?all=true&state=open")).await.ok(200);
    assert_eq!(open.items, std::slice::from_ref(&ticket));
    let one = format!("{tickets}/{}", ticket.id);
    let until = tomorrow(&door);
    let yes = json!({ "until": until, "answer": "go" });
    let approved: Ticket = door.post(&format!("{one}/approve"), yes.clone()).await.ok(200);
    assert_eq!((approved.state.as_str(), approved.answer.as_deref()), ("approved", Some("go")));
    door.post(&format!("{one}/approve"), yes).await.refused(409, "ticket_decided");
    let answer: CopyAnswer = door.post(&copies, wish.clone()).await.ok(202);
    let CopyResult::Promised(promised) = &answer.results[0] else { panic!("{answer:?}") };
    let shown: Ticket = door.get(&one).await.ok(200);
    assert_eq!(shown.targets[0].copy.as_ref(), Some(&promised.copy));
    door.post(&copies, wish).await.refused(409, "ticket_spent");
    door.world.run_until_idle().await;
    door.world.check_world().await;
}

/// R000-7: a refused ticket says so to who asks; what is no ticket, no date or no reason is named.
#[tokio::test]
async fn r000_7_a_ticket_is_refused_with_an_answer() {
    let door = door().await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some)]).await.id.to_string();
    let tickets = "/v1/regions/north/tickets";
    let ask = json!({ "image": image, "targets": ["south"], "why": "the move" });
    let ticket: Ticket = door.post(tickets, ask).await.ok(201);
    let one = format!("{tickets}/{}", ticket.id);
    let wrong = door.post(&format!("{one}/approve"), json!({ "until": "soon" })).await;
    assert_eq!(wrong.refused(400, "invalid_field").field.as_deref(), Some("until"));
    let past = json!({ "until": "2001-01-01T00:00:00Z" });
    let wrong = door.post(&format!("{one}/approve"), past).await;
    assert_eq!(wrong.refused(400, "invalid_field").field.as_deref(), Some("until"));
    let wrong = door.post(&format!("{one}/refuse"), json!({ "answer": "" })).await;
    assert_eq!(wrong.refused(400, "invalid_field").field.as_deref(), Some("why"));
    let refused: Ticket =
        door.post(&format!("{one}/refuse"), json!({ "answer": "too large" })).await.ok(200);
    assert_eq!((refused.state.as_str(), refused.answer.as_deref()), ("refused", Some("too large")));
    let copies = format!("/v1/regions/north/images/{image}/copies");
    door.post(&copies, json!({ "targets": ["south"] })).await.refused(409, "ticket_refused");
    let absent = format!("{tickets}/ticket-zzzzzzzzzzzzzzzzzzzz");
    door.get(&absent).await.refused(404, "ticket_not_found");
    door.get(&format!("{tickets}?state=lost")).await.refused(400, "invalid_field");
}

/// R002-1: several images in one request, each with its own answer; one too many, and nothing is started.
#[tokio::test]
async fn r002_1_several_images_are_copied_in_one_request() {
    let door = door().await;
    let mut images = Vec::new();
    for n in 0..3 {
        let image = door.world.import("north", &format!("web-{n}"), &[disk(n, 1, Some)]).await;
        images.push(image.id.to_string());
    }
    let path = "/v1/regions/north/image-copies";
    let body = |images: &[String], targets: &[&str]| json!({ "images": images, "copy": { "targets": targets } });
    door.post(path, body(&images, &["south"])).await.refused(400, "too_many_images");
    let dry = json!({ "images": images[..1], "copy": { "targets": ["south"], "dry_run": true } });
    door.post(path, dry).await.refused(400, "invalid_field");
    let ask = async || {
        let request = door.request(Method::POST, path).header("Idempotency-Key", "batch");
        answer(request.json(&body(&images[..2], &["south"]))).await
    };
    let first: BatchAnswer = ask().await.ok(202);
    let again: BatchAnswer = ask().await.ok(202);
    let copy = |answer: &BatchAnswer, n: usize| match &answer.images[n].results[0] {
        CopyResult::Promised(promised) => promised.copy.clone(),
        CopyResult::Refused(refused) => panic!("{refused:?}"),
    };
    for (n, image) in images[..2].iter().enumerate() {
        assert_eq!(&first.images[n].image, image);
        assert_eq!(copy(&first, n), copy(&again, n));
    }
    let some: BatchAnswer = door.post(path, body(&images[1..], &["south"])).await.ok(207);
    assert!(
        matches!(&some.images[0].results[0], CopyResult::Refused(refused) if refused.problem.code == "already_copying")
    );
    copy(&some, 1);
    door.world.run_until_idle().await;
    door.world.check_world().await;
}

/// R002-1, R002-5, api-13: together all copies are promised or none, and the refusal is told as that of one request.
#[tokio::test]
async fn r002_1_several_images_are_promised_together_or_not_at_all() {
    let door = door().await;
    let mut images = Vec::new();
    for n in 0..3 {
        let image = door.world.import("north", &format!("web-{n}"), &[disk(n, 1, Some)]).await;
        images.push(image.id.to_string());
    }
    let path = "/v1/regions/north/image-copies";
    let ask = async |images: &[String], target: &str| {
        let copy = json!({ "targets": [target] });
        let body = json!({ "images": images, "copy": copy, "together": true });
        let request = door.request(Method::POST, path).header("Idempotency-Key", "once");
        answer(request.json(&body)).await
    };
    ask(&images, "south").await.refused(400, "too_many_images");
    let twice = [images[0].clone(), images[0].clone()];
    ask(&twice, "south").await.refused(400, "invalid_field");
    ask(&images[..2], "nowhere").await.refused(404, "region_unknown");
    let south = door.world.region("south");
    south.set_quota(&door.world.caller, model::QuotaKind::Image, 1).await.unwrap();
    ask(&images[..2], "south").await.refused(409, "quota_exceeded");
    let copies: serde_json::Value = door.get("/v1/regions/south/copies").await.ok(200);
    assert_eq!(copies["items"], json!([]));
    south.set_quota(&door.world.caller, model::QuotaKind::Image, 2).await.unwrap();
    let first: BatchAnswer = ask(&images[..2], "south").await.ok(202);
    let again: BatchAnswer = ask(&images[..2], "south").await.ok(202);
    for (n, image) in images[..2].iter().enumerate() {
        let promised = |answer: &BatchAnswer| match &answer.images[n].results[..] {
            [CopyResult::Promised(promised)] => promised.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(&first.images[n].image, image);
        assert_eq!(promised(&first).copy, promised(&again).copy);
        assert_eq!((promised(&first).replayed, promised(&again).replayed), (false, true));
    }
    ask(&images[..1], "south").await.refused(409, "already_copying");
    door.world.run_until_idle().await;
    door.world.check_world().await;
}
