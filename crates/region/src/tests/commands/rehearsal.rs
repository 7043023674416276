//! A rehearsed command is judged like any other, and nothing is done.

use super::tries::Try;
use super::{COMMANDS, things};
use crate::audit::AuditQuery;
use crate::commands::{Caller, CopyImage, Intent};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};
use model::{ClientToken, NameRule, Particulars, Profile, Rejection, Sealing};

/// How many changes there have been, anywhere: each leaves an audit row in its own transaction.
async fn changes(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for region in ["north", "south"] {
        let query = AuditQuery { limit: 1_000, ..AuditQuery::default() };
        let rows = world.region(region).audit(&world.caller, query).await.unwrap().items;
        all.extend(rows.into_iter().map(|row| format!("{region} {row:?}")));
    }
    all
}

#[tokio::test]
async fn what_is_rehearsed_is_not_done() {
    let world = World::with_regions(["north", "south"]).await;
    let ids = things(&world).await;
    let before = changes(&world).await;
    let mut rehearsed = Vec::new();
    for (command, ..) in COMMANDS {
        let caller = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
        let answer = Try { world: &world, caller, ids: &ids }.run(command).await;
        if matches!(answer, Err(Refused::Rehearsed)) {
            rehearsed.push(*command);
        }
        assert_eq!(changes(&world).await, before, "{command}: {answer:?}");
    }
    let done = ["edit_image", "create_instance", "change_instance_disk", "run_instances", "tag"];
    for command in done.into_iter().chain(["create_image", "copy_snapshot", "export_image"]) {
        assert!(rehearsed.contains(&command), "{command} is not among {rehearsed:?}");
    }
    world.check_world().await;
}

/// A copy is judged at both ends: nothing is held at the source, nothing promised at the target.
#[tokio::test]
async fn a_rehearsed_copy_is_judged_at_both_ends() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let before = changes(&world).await;
    let command = |name: &str| CopyImage {
        image: image.clone(),
        targets: vec![region_id("south")],
        name: Some(super::tries::name(name)),
        description: None,
        tags: None,
        particulars: Particulars::default(),
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: Profile { names: NameRule::Unique, ..Profile::native() },
        token: Some(ClientToken::new("once").unwrap()),
    };
    let dry = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
    let north = world.region("north");
    let answer = north.copy_image(&dry, command("first")).await;
    assert!(matches!(answer, Err(Refused::Rehearsed)), "{answer:?}");
    assert_eq!(changes(&world).await, before);
    // The token was not used up, and what the target would refuse is told.
    let accepted = north.copy_image(&world.caller, command("first")).await.unwrap().remove(0);
    assert!(accepted.answer.is_ok());
    world.run_until_idle().await;
    let answer = north.copy_image(&dry, command("first")).await;
    let taken = matches!(answer, Err(Refused::Rejected(Rejection::NameTaken { .. })));
    assert!(taken, "{answer:?}");
    world.check_world().await;
}

/// What a rehearsal would hide is told: a request that is no good is refused as it would be.
#[tokio::test]
async fn a_rehearsal_is_refused_as_the_act_would_be() {
    let world = World::with_regions(["north", "south"]).await;
    let ids = super::Ids::absent();
    for command in ["copy_image", "edit_image", "delete_image", "create_instance", "share_image"] {
        let act = Try { world: &world, caller: world.caller.clone(), ids: &ids };
        let intent = Intent::Rehearse;
        let dry =
            Try { world: &world, caller: Caller { intent, ..world.caller.clone() }, ids: &ids };
        let (act, dry) = (act.run(command).await, dry.run(command).await);
        assert_eq!(format!("{act:?}"), format!("{dry:?}"), "{command}");
        assert!(act.is_err(), "{command}");
    }
}
