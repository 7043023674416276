//! Several instances at once: all of them or none, once per token, found again.

use model::rules::Force;
use model::{
    ClientToken, Deprecation, Family, Field, FieldRefusal, ImageId, InstanceId, Name, NamePattern,
    Rejection, Tags,
};

use crate::commands::{Caller, EditImage, Intent, PageOf, SnapshotsOfImage};
use crate::instances::{InstanceSearch, RunInstances};
use crate::refused::Refused;
use crate::testing::{World, disk};
use crate::views::InstanceView;

#[track_caller]
fn rejection<T: std::fmt::Debug>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        other => panic!("it was not refused: {other:?}"),
    }
}

fn run_of(image: &ImageId, count: u32) -> RunInstances {
    let tags = Tags::new([("env".to_owned(), "test".to_owned())]).unwrap();
    let name = Name::new("web").unwrap();
    RunInstances { image: image.clone(), name, count, tags, token: None }
}

fn ids(instances: &[InstanceView]) -> Vec<InstanceId> {
    instances.iter().map(|instance| instance.id.clone()).collect()
}

async fn all(world: &World, caller: &Caller) -> Vec<InstanceId> {
    ids(&world.region("north").instances(caller).await.unwrap())
}

#[tokio::test]
async fn r000_12_as_many_instances_are_made_as_asked_for() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    for count in [0, 101, u32::MAX] {
        let refusal = FieldRefusal::OutOfRange { value: u64::from(count), min: 1, max: 100 };
        let refused = rejection(north.run_instances(caller, run_of(&image, count)).await);
        assert_eq!(refused, Rejection::field(Field::Count, refusal));
    }
    assert_eq!(north.run_instances(caller, run_of(&image, 1)).await.unwrap().len(), 1);
    let made = north.run_instances(caller, run_of(&image, 100)).await.unwrap();
    assert!(made.iter().all(|instance| instance.tags == run_of(&image, 1).tags));
    let mut distinct = ids(&made);
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 100);
    assert_eq!(all(&world, caller).await.len(), 101);
    assert_eq!(north.image(caller, &image).await.unwrap().instances, 101);
    world.check_world().await;
}

/// R000-12, R001-7, R003-9: of an own image, deprecated or not, one that is shared, and of nothing else.
#[tokio::test]
async fn r001_7_instances_are_made_of_what_the_caller_may_use() {
    let world = World::with_regions(["north"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let refused = rejection(north.run_instances(&stranger, run_of(&image, 2)).await);
    let not_found = Rejection::ImageNotFound { image: image.clone(), region: north.id().clone() };
    assert_eq!(refused, not_found);
    north.share_image(caller, &image, vec![stranger.account.clone()]).await.unwrap();
    let theirs = ids(&north.run_instances(&stranger, run_of(&image, 2)).await.unwrap());
    assert!(all(&world, caller).await.is_empty(), "i12");
    let found = north
        .search_instances(caller, InstanceSearch { ids: theirs, ..InstanceSearch::default() })
        .await;
    assert_eq!(found.unwrap().total, 0, "i12");
    let old = world.import("north", "old", &[disk(2, 1, Some)]).await.id;
    let deprecation = Some(Deprecation::Deprecated);
    let edit = EditImage { deprecation, ..EditImage::default() };
    north.edit_image(caller, &old, edit).await.unwrap();
    north.run_instances(caller, run_of(&old, 2)).await.unwrap();
    let coming = world.begin_import("north", "coming", &[disk(3, 1, Some)]).await.unwrap().id;
    let refused = rejection(north.run_instances(caller, run_of(&coming, 2)).await);
    assert!(matches!(refused, Rejection::ImageNotAvailable { .. }), "{refused}");
    assert_eq!(all(&world, caller).await.len(), 2);
    world.check_world().await;
}

/// Promise 4, fault 18: a token gives the first answer, even when the instances and the image are gone since.
#[tokio::test]
async fn promise_4_a_token_makes_its_instances_once() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let token = Some(ClientToken::new("t1").unwrap());
    let command = RunInstances { token, ..run_of(&image, 3) };
    let first = north.run_instances(caller, command.clone()).await.unwrap();
    world.clock.advance_ms(5_000);
    let again = north.run_instances(caller, command.clone()).await.unwrap();
    assert_eq!(format!("{again:?}"), format!("{first:?}"));
    assert_eq!(all(&world, caller).await.len(), 3);
    for other in [
        RunInstances { count: 2, ..command.clone() },
        RunInstances { name: Name::new("other").unwrap(), ..command.clone() },
        RunInstances { tags: Tags::default(), ..command.clone() },
        RunInstances { image: ImageId::from_random(|| 200), ..command.clone() },
    ] {
        let refused = rejection(north.run_instances(caller, other).await);
        assert_eq!(refused, Rejection::TokenReused);
    }
    let rehearsing = Caller { intent: Intent::Rehearse, ..caller.clone() };
    let rehearsed = north.run_instances(&rehearsing, command.clone()).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    north.delete_instances(caller, &ids(&first)).await.unwrap();
    north.delete_image(caller, &image, Force::No, SnapshotsOfImage::Delete).await.unwrap();
    let again = north.run_instances(caller, command).await.unwrap();
    assert_eq!(ids(&again), ids(&first));
    assert!(all(&world, caller).await.is_empty(), "a repeated request makes nothing");
    world.check_world().await;
}

/// Fault 17: of several with one token at once, one makes instances, and all are told of those.
#[tokio::test(flavor = "multi_thread")]
async fn fault_17_requests_with_one_token_at_once_make_instances_once() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    for round in 0..20 {
        let token = Some(ClientToken::new(&format!("t{round}")).unwrap());
        let command = RunInstances { token, ..run_of(&image, 2) };
        let ask = || {
            let (north, caller, command) = (north.clone(), caller.clone(), command.clone());
            tokio::spawn(async move { north.run_instances(&caller, command).await })
        };
        let (a, b) = tokio::join!(ask(), ask());
        assert_eq!(ids(&a.unwrap().unwrap()), ids(&b.unwrap().unwrap()), "round {round}");
        assert_eq!(all(&world, caller).await.len(), 2 * (round + 1), "round {round}");
    }
    world.check_world().await;
}

#[tokio::test]
async fn instances_are_deleted_all_or_none() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let made = ids(&north.run_instances(caller, run_of(&image, 3)).await.unwrap());
    let absent = InstanceId::from_random(|| 200);
    let with_absent = [made[0].clone(), absent.clone(), made[1].clone()];
    let refused = rejection(north.delete_instances(caller, &with_absent).await);
    let region = north.id().clone();
    assert_eq!(refused, Rejection::InstanceNotFound { instance: absent, region });
    let refused = rejection(north.delete_instances(&world.stranger(), &made).await);
    assert!(matches!(refused, Rejection::InstanceNotFound { .. }), "{refused}");
    let rehearsing = Caller { intent: Intent::Rehearse, ..caller.clone() };
    let rehearsed = north.delete_instances(&rehearsing, &made).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    let rehearsed = north.run_instances(&rehearsing, run_of(&image, 3)).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    assert_eq!(all(&world, caller).await.len(), 3);
    let twice = [made[0].clone(), made[1].clone(), made[0].clone()];
    north.delete_instances(caller, &twice).await.unwrap();
    assert_eq!(all(&world, caller).await, made[2..]);
    world.check_world().await;
}

#[tokio::test]
async fn instances_are_searched() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let other = world.import("north", "other", &[disk(2, 1, Some)]).await.id;
    let web = north.run_instances(caller, run_of(&image, 3)).await.unwrap();
    world.clock.advance_ms(1);
    let name = Name::new("café").unwrap();
    let command = RunInstances { name, tags: Tags::default(), ..run_of(&other, 1) };
    let last = north.run_instances(caller, command).await.unwrap();
    let search = |search: InstanceSearch| async {
        let found = north.search_instances(caller, search).await.unwrap();
        (ids(&found.items), found.total)
    };
    let every = InstanceSearch::default;
    let (found, total) = search(every()).await;
    assert_eq!((found[0].clone(), total), (last[0].id.clone(), 4));
    let (found, total) =
        search(InstanceSearch { page: PageOf { offset: 3, limit: 9 }, ..every() }).await;
    assert_eq!((found.len(), total), (1, 4));
    let (found, _) = search(InstanceSearch { ids: ids(&web[..1]), ..every() }).await;
    assert_eq!(found, ids(&web[..1]));
    let (_, total) = search(InstanceSearch { image: Some(image), ..every() }).await;
    assert_eq!(total, 3);
    let tags = vec![("env".to_owned(), Some("test".to_owned()))];
    let (_, total) = search(InstanceSearch { tags, ..every() }).await;
    assert_eq!(total, 3);
    // api-13: asked for in the other spelling.
    let name = Some(NamePattern::Exactly("cafe\u{301}".to_owned()));
    let (found, _) = search(InstanceSearch { name, ..every() }).await;
    assert_eq!(found, ids(&last));
    let found = north.search_instances(caller, every()).await.unwrap().items;
    assert!(found[1..].iter().all(|instance| instance.tags == web[0].tags));
    assert!(found[0].tags.is_empty());
}

/// A family means the newest image of the caller's own: never one that somebody shared, however new.
#[tokio::test]
async fn a_family_means_the_newest_of_the_own_images() {
    let world = World::with_regions(["north"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let web = Family::new("web").unwrap();
    let empty = Rejection::FamilyEmpty { family: web.clone(), region: north.id().clone() };
    assert_eq!(rejection(north.newest_of_family(caller, &web).await), empty);
    let mut images = Vec::new();
    for n in 1..=2_u8 {
        let image = world.import("north", &format!("web-{n}"), &[disk(n.into(), 1, Some)]).await.id;
        let edit = EditImage { family: Some(Some(web.clone())), ..EditImage::default() };
        north.edit_image(caller, &image, edit).await.unwrap();
        world.clock.advance_ms(1);
        images.push(image);
    }
    assert_eq!(north.newest_of_family(caller, &web).await.unwrap(), images[1]);
    north.share_image(caller, &images[1], vec![stranger.account.clone()]).await.unwrap();
    assert_eq!(rejection(north.newest_of_family(&stranger, &web).await), empty);
    north.unshare_image(caller, &images[1], vec![stranger.account]).await.unwrap();
    let deprecation = Some(Deprecation::Deprecated);
    let edit = EditImage { deprecation, ..EditImage::default() };
    north.edit_image(caller, &images[1], edit).await.unwrap();
    assert_eq!(north.newest_of_family(caller, &web).await.unwrap(), images[0]);
}
