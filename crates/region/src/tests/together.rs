//! Copies asked for together: all are promised or none, whatever is asked and whoever races.

use model::{ClientToken, ImageId, NameRule, Profile, QuotaKind, Rejection};

use super::admission::rejection;
use super::tickets::{approve, command, open, sized};
use crate::audit::AuditQuery;
use crate::commands::{Caller, CopyImage, CopyQuery, Intent};
use crate::peer::{Accepted, Seen};
use crate::refused::Refused;
use crate::request::ImageAnswer;
use crate::testing::{Medium, World, WorldOptions, disk, region_id};

/// A world of three regions with so many images in the first.
pub(super) async fn world_of(images: u64) -> (World, Vec<ImageId>) {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north", "east", "south"], options).await;
    let mut ids = Vec::new();
    for number in 0..images {
        ids.push(world.import("north", "web", &[disk(number, 1, Some)]).await.id);
    }
    (world, ids)
}

/// Five images at most.
fn five() -> Profile {
    Profile { images_at_once: 5, ..Profile::native() }
}

pub(super) fn wishes(images: &[ImageId], targets: &[&str]) -> Vec<CopyImage> {
    images.iter().map(|image| command(image, targets, &five())).collect()
}

pub(super) fn with_token(commands: Vec<CopyImage>, token: &str) -> Vec<CopyImage> {
    let token = Some(ClientToken::new(token).unwrap());
    commands.into_iter().map(|one| CopyImage { token: token.clone(), ..one }).collect()
}

pub(super) async fn together(
    world: &World,
    commands: Vec<CopyImage>,
) -> Result<Vec<ImageAnswer>, Refused> {
    world.region("north").copy_images_together(&world.caller, commands).await
}

/// The promises of answers that hold nothing else.
pub(super) fn promises(answers: Vec<ImageAnswer>) -> Vec<Accepted> {
    let all = answers.into_iter().flat_map(|image| image.answers);
    all.map(|answer| answer.answer.unwrap()).collect()
}

/// Everything that says of a change: audit rows, copies and promises, in all regions.
pub(super) async fn changes(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for name in ["north", "east", "south"] {
        let region = world.region(name);
        let query = AuditQuery { limit: 1_000, ..AuditQuery::default() };
        let rows = region.audit(&world.caller, query).await.unwrap().items;
        all.extend(rows.into_iter().map(|row| format!("{name} {row:?}")));
        all.extend(copies_in(world, name).await);
    }
    all
}

pub(super) async fn copies_in(world: &World, name: &str) -> Vec<String> {
    let query = CopyQuery { limit: 1_000, ..CopyQuery::default() };
    let copies = world.region(name).copies(&world.caller, query).await.unwrap().items;
    copies.into_iter().map(|copy| format!("{name} {copy:?}")).collect()
}

async fn set_quota(world: &World, region: &str, (kind, limit): (QuotaKind, u64)) {
    world.region(region).set_quota(&world.caller, kind, limit).await.unwrap();
}

#[tokio::test]
async fn r002_1_all_are_promised_and_made() {
    let (world, images) = world_of(3).await;
    let answers = together(&world, wishes(&images, &["south", "east"])).await.unwrap();
    let asked: Vec<_> = answers.iter().map(|answer| answer.image.clone()).collect();
    assert_eq!(asked, images);
    for answer in &answers {
        let targets: Vec<_> = answer.answers.iter().map(|one| one.target.as_str()).collect();
        assert_eq!(targets, ["south", "east"]);
    }
    let accepted = promises(answers);
    assert!(accepted.iter().all(|one| one.seen == Seen::First && one.snapshot.is_none()));
    world.run_until_idle().await;
    for (number, one) in accepted.iter().enumerate() {
        let region = ["south", "east"][number % 2];
        let made = world.region(region).image(&world.caller, &one.image).await.unwrap();
        assert_eq!(made.origin.unwrap().image, images[number / 2]);
        assert!(world.read_disk(region, &one.image, 0).await == disk(number as u64 / 2, 1, Some));
    }
    for name in ["north", "east", "south"] {
        world.assert_clean_slate(name).await;
    }
}

/// R002-1, R002-5, api-13: each of these is refused before anything is recorded anywhere.
#[tokio::test]
async fn r002_1_api_13_one_that_may_not_be_copied_refuses_all() {
    let (world, images) = world_of(6).await;
    let begun = world.begin_import("north", "new", &[disk(9, 1, Some)]).await.unwrap().id;
    let absent = ImageId::from_random(|| 200);
    let twice = [images[0].clone(), images[1].clone(), images[0].clone()];
    let with = |one: &ImageId| vec![images[0].clone(), images[1].clone(), one.clone()];
    let (both, nowhere) = (["south", "east"], ["south", "west"]);
    let cases: [(&str, &[ImageId], &[&str]); 8] = [
        ("too many", &images, &both),
        ("twice", &twice, &both),
        ("none", &[], &both),
        ("not available", &with(&begun), &both),
        ("absent", &with(&absent), &both),
        ("no such target", &images[..2], &nowhere),
        ("its own region", &images[..2], &["south", "north"]),
        ("a target twice", &images[..2], &["south", "south"]),
    ];
    let before = changes(&world).await;
    for (what, images, targets) in cases {
        let answer = rejection(together(&world, wishes(images, targets)).await);
        match (what, &answer) {
            ("too many", Rejection::TooManyImages { limit: 5 })
            | ("not available", Rejection::ImageNotAvailable { .. })
            | ("absent", Rejection::ImageNotFound { .. })
            | ("no such target", Rejection::RegionUnknown { .. })
            | ("its own region", Rejection::SameRegion { .. })
            | ("twice" | "none" | "a target twice", Rejection::InvalidField { .. }) => {}
            (_, _) => panic!("{what}: {answer}"),
        }
        assert_eq!(changes(&world).await, before, "{what}");
    }
    world.assert_clean_slate("south").await;
}

/// R002-1, R002-5: the quotas are judged for the sum, in each target, of images and of snapshots; a rehearsal is told the same.
#[tokio::test]
async fn r002_5_room_for_two_of_three_is_no_room() {
    let (world, images) = world_of(3).await;
    let dry = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
    for target in ["east", "south"] {
        for kind in [QuotaKind::Image, QuotaKind::Snapshot] {
            set_quota(&world, target, (kind, 2)).await;
            let before = changes(&world).await;
            let commands = wishes(&images, &["south", "east"]);
            let north = world.region("north");
            let rehearsed = north.copy_images_together(&dry, commands.clone()).await;
            let refused = [rehearsed, together(&world, commands).await].map(rejection);
            for refused in refused {
                let wanted = match &refused {
                    Rejection::QuotaExceeded {
                        kind: of,
                        region,
                        limit: 2,
                        used: 0,
                        reserved: 0,
                        wanted,
                    } if *of == kind && *region == region_id(target) => *wanted,
                    other => panic!("{target}, {kind}: {other}"),
                };
                assert_eq!(wanted, 3);
            }
            assert_eq!(changes(&world).await, before);
            world.assert_clean_slate("east").await;
            world.assert_clean_slate("south").await;
            set_quota(&world, target, (kind, 3)).await;
        }
    }
    let commands = wishes(&images, &["south", "east"]);
    let rehearsed = world.region("north").copy_images_together(&dry, commands.clone()).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    assert_eq!(copies_in(&world, "south").await.len(), 0);
    assert_eq!(promises(together(&world, commands).await.unwrap()).len(), 6);
    world.run_until_idle().await;
    world.check_world().await;
}

/// R002-1: what two of them want of each other's is judged too.
#[tokio::test]
async fn two_of_one_name_are_refused_where_names_are_to_be_new() {
    let (world, images) = world_of(2).await;
    let before = changes(&world).await;
    let unique = Profile { names: NameRule::Unique, ..five() };
    let commands = images.iter().map(|image| command(image, &["east", "south"], &unique)).collect();
    let refused = rejection(together(&world, commands).await);
    assert!(matches!(refused, Rejection::NameTaken { .. }), "{refused}");
    assert_eq!(changes(&world).await, before);
}

/// I4, fault 18: the same token gives the same answers, in any order of targets and after the sources are gone; another request
/// with it is refused.
#[tokio::test]
async fn i4_a_token_gives_the_first_answers_again() {
    let (world, images) = world_of(2).await;
    let asked = with_token(wishes(&images, &["south", "east"]), "once");
    let first = promises(together(&world, asked.clone()).await.unwrap());
    let copies = [copies_in(&world, "south").await, copies_in(&world, "east").await];
    let ids = |accepted: &[Accepted]| {
        accepted.iter().map(|one| (one.copy.clone(), one.image.clone())).collect::<Vec<_>>()
    };
    let again = promises(together(&world, asked.clone()).await.unwrap());
    assert_eq!(ids(&again), ids(&first));
    assert!(again.iter().all(|one| one.seen == Seen::Again));
    assert_eq!([copies_in(&world, "south").await, copies_in(&world, "east").await], copies);
    let others = [
        with_token(wishes(&images[..1], &["south", "east"]), "once"),
        with_token(wishes(&images, &["south"]), "once"),
        with_token(wishes(&[images[1].clone(), images[0].clone()], &["south", "east"]), "once"),
    ];
    for other in others.into_iter().filter(|other| other.len() == 2) {
        let refused = rejection(together(&world, other).await);
        assert!(matches!(refused, Rejection::TokenReused), "{refused}");
    }
    let apart = world.region("north").copy_images(&world.caller, asked.clone()).await;
    assert!(matches!(rejection(apart), Rejection::TokenReused));
    world.run_until_idle().await;
    for image in &images {
        let force = model::rules::Force::No;
        let kept = crate::commands::SnapshotsOfImage::Delete;
        world.region("north").delete_image(&world.caller, image, force, kept).await.unwrap();
    }
    let turned = with_token(wishes(&images, &["east", "south"]), "once");
    let mut turned = ids(&promises(together(&world, turned).await.unwrap()));
    turned.sort_by_key(|(copy, _)| ids(&first).iter().position(|(one, _)| one == copy));
    assert_eq!(turned, ids(&first));
    world.check_world().await;
}

/// I4, fault 17: the same request many times at once is one request.
#[tokio::test(flavor = "multi_thread")]
async fn fault_17_the_same_token_at_once_is_one_request() {
    let (world, images) = world_of(2).await;
    for round in 0..20 {
        let asked = with_token(wishes(&images, &["south", "east"]), &format!("round-{round}"));
        let tries = (0..6).map(|_| {
            let (north, caller) = (world.region("north"), world.caller.clone());
            let asked = asked.clone();
            tokio::spawn(async move { north.copy_images_together(&caller, asked).await })
        });
        let mut told = Vec::new();
        for answer in futures::future::join_all(tries).await {
            let accepted = promises(answer.unwrap().unwrap());
            told.push(accepted.into_iter().map(|one| one.copy).collect::<Vec<_>>());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "round {round}: {told:?}");
        world.run_until_idle().await;
        assert_eq!(copies_in(&world, "south").await.len(), 2 * (round + 1));
    }
    world.check_world().await;
}

/// R002-5, R002-1, fault 25: two requests for the last units: one gets all it asks for, the other leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn r002_5_of_two_requests_for_the_last_units_one_wins_whole() {
    // Where there is room for one of them only.
    let scarce: [&[&str]; 3] = [&["east"], &["south"], &["east", "south"]];
    for (number, scarce) in scarce.into_iter().enumerate() {
        let (world, images) = world_of(4).await;
        for target in scarce {
            set_quota(&world, target, (QuotaKind::Image, 2)).await;
        }
        for round in 0..100 {
            let (a, b) = tokio::join!(
                tokio::spawn(ask(&world, &images[..2])),
                tokio::spawn(ask(&world, &images[2..]))
            );
            let (won, refused) = match (a.unwrap(), b.unwrap()) {
                (Ok(won), Err(refused)) | (Err(refused), Ok(won)) => (won, refused),
                other => panic!("{number}, round {round}: {other:?}"),
            };
            let Refused::Rejected(Rejection::QuotaExceeded { region, .. }) = &refused else {
                panic!("{number}, round {round}: {refused}");
            };
            assert!(scarce.contains(&region.as_str()), "{refused}");
            let won = promises(won);
            for (index, target) in ["south", "east"].iter().enumerate() {
                let there = copies_in(&world, target).await;
                let live = there.iter().filter(|copy| copy.contains("phase: Waiting")).count();
                assert_eq!(live, 2, "{number}, round {round}: {there:?}");
                for one in won.iter().skip(index).step_by(2) {
                    world.region(target).cancel_image(&world.caller, &one.image).await.unwrap();
                }
            }
            world.run_until_idle().await;
        }
        for name in ["north", "east", "south"] {
            world.assert_clean_slate(name).await;
        }
    }
}

fn ask(
    world: &World,
    images: &[ImageId],
) -> impl Future<Output = Result<Vec<ImageAnswer>, Refused>> + use<> {
    let (north, caller) = (world.region("north"), world.caller.clone());
    let commands = wishes(images, &["south", "east"]);
    async move { north.copy_images_together(&caller, commands).await }
}

/// R000-7: approvals are spent for all of them or for none.
#[tokio::test]
async fn r000_7_approvals_are_spent_for_all_or_none() {
    let (world, images) = world_of(2).await;
    let mut large = Vec::new();
    for number in 0..2 {
        large.push(world.import("north", "large", &[disk(20 + number, 2, Some)]).await.id);
    }
    let ticket = open(&world, &large[0], &["south"]).await.unwrap();
    approve(&world, &ticket).await;
    let spent = async || {
        let view = world.region("north").ticket(&world.caller, &ticket).await.unwrap();
        view.targets[0].copy.clone()
    };
    let wish = |image: &ImageId| command(image, &["south"], &sized());
    let before = changes(&world).await;
    let refused = together(&world, vec![wish(&large[0]), wish(&large[1])]).await;
    assert!(matches!(rejection(refused), Rejection::TicketNeeded { .. }));
    assert_eq!((spent().await, changes(&world).await), (None, before));
    let accepted = together(&world, vec![wish(&images[0]), wish(&large[0])]).await.unwrap();
    assert_eq!(spent().await, Some(promises(accepted)[1].copy.clone()));
    world.run_until_idle().await;
    world.assert_clean_slate("north").await;
}
