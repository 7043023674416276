//! Tags of images, snapshots and instances: all of a request or none of it, whose they are, how they are found.

use model::rules::Force;
use model::{
    FieldRefusal, ImageId, ImageKind, Name, Rejection, SnapshotId, TagKeys, Tagged, TaggedKind,
    Tags,
};

use crate::audit::AuditQuery;
use crate::commands::{Caller, Intent, PageOf, SnapshotsOfImage};
use crate::refused::Refused;
use crate::tags::{TagCount, TagCountSearch, TagSearch};
use crate::testing::{Medium, World, WorldOptions, disk};

#[track_caller]
fn rejection<T: std::fmt::Debug>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        other => panic!("it was not refused: {other:?}"),
    }
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags::new(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()))).unwrap()
}

fn numbered(count: usize) -> Tags {
    Tags::new((0..count).map(|n| (format!("k{n:02}"), "v".to_owned()))).unwrap()
}

/// An image of the world's account in `north` with its snapshot and an instance of it.
async fn things(world: &World, name: &str) -> [Tagged; 3] {
    let image = world.import("north", name, &[disk(1, 1, Some)]).await;
    let north = world.region("north");
    let vm = Name::new("vm").unwrap();
    let instance = north.create_instance(&world.caller, vm, &image.id).await.unwrap();
    let snapshot: SnapshotId = image.disks[0].snapshot.clone().unwrap();
    [Tagged::Image(image.id), Tagged::Snapshot(snapshot), Tagged::Instance(instance.id)]
}

fn image_of(things: &[Tagged; 3]) -> &ImageId {
    match &things[0] {
        Tagged::Image(image) => image,
        other => panic!("the first is an image, not {other:?}"),
    }
}

/// The tags on a thing of a caller's, as `key=value`.
async fn on(world: &World, caller: &Caller, thing: &Tagged) -> Vec<String> {
    let (kind, resources) = (thing.kind(), vec![thing.clone()]);
    let search = TagSearch { kind, resources, tags: Vec::new(), page: PageOf::default() };
    let found = world.region("north").search_tags(caller, search).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    let line = |line: crate::tags::TagLine| {
        assert_eq!(line.resource, *thing);
        format!("{}={}", line.key, line.value)
    };
    found.items.into_iter().map(line).collect()
}

async fn audited(world: &World, thing: &Tagged) -> Vec<(String, String, String)> {
    let (subject, limit) = (Some(thing.id().to_owned()), 10);
    let query = AuditQuery { subject, limit, ..AuditQuery::default() };
    let trail = world.region("north").audit(&world.caller, query).await.unwrap();
    trail.items.into_iter().map(|row| (row.action, row.before, row.after)).collect()
}

/// R004-9: several things at once, each change with its row in the trail; what each shows of itself has the tags.
#[tokio::test]
async fn r004_9_things_of_every_kind_are_tagged_and_untagged_together() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let things = things(&world, "web").await;
    let twice: Vec<_> = things.iter().chain(&things).cloned().collect();
    north.tag(caller, &twice, &tags(&[("env", "test"), ("team", "web")])).await.unwrap();
    for thing in &things {
        assert_eq!(on(&world, caller, thing).await, ["env=test", "team=web"], "{thing:?}");
    }
    assert_eq!(north.image(caller, image_of(&things)).await.unwrap().tags.iter().count(), 2);
    let shown = north.instances(caller).await.unwrap();
    assert_eq!(shown[0].tags, tags(&[("env", "test"), ("team", "web")]));
    let keys = TagKeys::Named(vec!["env".to_owned(), "absent".to_owned()]);
    north.untag(caller, &things, keys).await.unwrap();
    for thing in &things {
        assert_eq!(on(&world, caller, thing).await, ["team=web"], "{thing:?}");
        let before = if thing.kind() == TaggedKind::Image { "tags=team:ferry" } else { "tags=" };
        let both = "tags=env:test,team:web";
        let wanted = [("untag", both, "tags=team:web"), ("tag", before, both)];
        let wanted = wanted.map(|(action, before, after)| {
            (format!("{}.{action}", thing.kind()), before.to_owned(), after.to_owned())
        });
        assert_eq!(audited(&world, thing).await[..2], wanted);
    }
    north.untag(caller, &things, TagKeys::All).await.unwrap();
    for thing in &things {
        assert!(on(&world, caller, thing).await.is_empty(), "{thing:?}");
    }
    world.check_world().await;
}

/// R004-9: one thing that would have 21 tags, or that is not there, and none is changed.
#[tokio::test]
async fn r004_9_a_request_that_one_thing_refuses_changes_none() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let [image, snapshot, instance] = things(&world, "web").await;
    let full = [snapshot.clone()];
    north.tag(caller, &full, &numbered(20)).await.unwrap();
    north.tag(caller, &full, &numbered(20)).await.unwrap();
    let one_more = tags(&[("one", "more")]);
    let all = [image.clone(), instance.clone(), snapshot.clone()];
    let before = format!("{:?}", audited(&world, &image).await);
    let too_many = rejection(north.tag(caller, &all, &one_more).await);
    assert_eq!(too_many, Rejection::TooManyTags { limit: 20 });
    let absent = ImageId::from_random(|| 200);
    let gone = [image.clone(), Tagged::Image(absent.clone())];
    let (region, wrong) = (north.id().clone(), TagKeys::Named(vec![String::new()]));
    let not_found = Rejection::ImageNotFound { image: absent, region };
    assert_eq!(rejection(north.tag(caller, &gone, &one_more).await), not_found);
    assert_eq!(rejection(north.untag(caller, &gone, TagKeys::All).await), not_found);
    let refused = rejection(north.untag(caller, &all, wrong).await);
    assert!(matches!(
        refused,
        Rejection::InvalidField { refusal: FieldRefusal::Length { .. }, .. }
    ));
    assert_eq!(on(&world, caller, &image).await, ["team=ferry"]);
    assert!(on(&world, caller, &instance).await.is_empty());
    assert_eq!(on(&world, caller, &snapshot).await.len(), 20);
    assert_eq!(format!("{:?}", audited(&world, &image).await), before);
    world.check_world().await;
}

/// I12, R001-8: what another account owns looks absent; an image that is seen is refused by name, and its tags are not shown.
#[tokio::test]
async fn i12_only_the_own_things_are_tagged_found_and_counted() {
    let world = World::with_regions(["north"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let things = things(&world, "web").await;
    let secret = tags(&[("secret", "mine")]);
    north.tag(&world.caller, &things, &secret).await.unwrap();
    for thing in &things {
        let one = std::slice::from_ref(thing);
        let refused = rejection(north.tag(&stranger, one, &secret).await);
        let text = refused.to_string();
        assert!(text.ends_with("does not exist in region `north`"), "{text}");
        assert_eq!(rejection(north.untag(&stranger, one, TagKeys::All).await), refused);
        assert!(on(&world, &stranger, thing).await.is_empty());
    }
    let image = image_of(&things).clone();
    let with = vec![stranger.account.clone()];
    north.share_image(&world.caller, &image, with).await.unwrap();
    let not_yours = Rejection::ImageNotYours { image, kind: ImageKind::Shared };
    assert_eq!(rejection(north.tag(&stranger, &things[..1], &secret).await), not_yours);
    assert_eq!(rejection(north.untag(&stranger, &things[..1], TagKeys::All).await), not_yours);
    assert!(on(&world, &stranger, &things[0]).await.is_empty());
    let counts = north.tag_counts(&stranger, TagCountSearch::default()).await.unwrap();
    assert_eq!((counts.items.len(), counts.total), (0, 0));
    for thing in &things {
        assert!(on(&world, &world.caller, thing).await.contains(&"secret=mine".to_owned()));
    }
    world.check_world().await;
}

#[tokio::test]
async fn tags_are_searched_by_pairs_and_counted_by_kind() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let (first, second) = (things(&world, "one").await, things(&world, "two").await);
    north.tag(caller, &first, &tags(&[("env", "test"), ("café", "1")])).await.unwrap();
    north.tag(caller, &second[..2], &tags(&[("env", "live")])).await.unwrap();
    // api-13: asked for in the other spelling.
    let wanted = vec![("env".to_owned(), None), ("cafe\u{301}".to_owned(), Some("1".to_owned()))];
    let search = TagSearch {
        kind: TaggedKind::Snapshot,
        resources: Vec::new(),
        tags: wanted.clone(),
        page: PageOf { offset: 1, limit: 1 },
    };
    let found = north.search_tags(caller, search).await.unwrap();
    assert_eq!(found.total, 2, "the two pairs of the one snapshot that has both");
    assert_eq!(found.items.len(), 1);
    assert_eq!((&found.items[0].resource, found.items[0].key.as_str()), (&first[1], "env"));
    let count = |key: &str, value: &str, [images, snapshots, instances]: [u64; 3]| {
        let (key, value) = (key.to_owned(), value.to_owned());
        TagCount { key, value, images, snapshots, instances }
    };
    let either = TagCountSearch { tags: wanted, ..TagCountSearch::default() };
    let counts = north.tag_counts(caller, either).await.unwrap();
    let wanted = [
        count("café", "1", [1, 1, 1]),
        count("env", "live", [1, 1, 0]),
        count("env", "test", [1, 1, 1]),
    ];
    assert_eq!((counts.items, counts.total), (wanted.to_vec(), 3));
    let kind = Some(TaggedKind::Image);
    let images = TagCountSearch { kind, ..TagCountSearch::default() };
    let counts = north.tag_counts(caller, images).await.unwrap();
    assert_eq!(counts.items.last().unwrap(), &count("team", "ferry", [2, 0, 0]));
    assert_eq!(counts.total, 4);
}

/// A snapshot's and an instance's tags go with it, and its id takes none any more.
#[tokio::test]
async fn tags_go_with_what_they_are_on() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let things = things(&world, "web").await;
    north.tag(caller, &things, &tags(&[("env", "test")])).await.unwrap();
    let Tagged::Instance(instance) = &things[2] else { panic!("the third is an instance") };
    north.delete_instance(caller, instance).await.unwrap();
    let image = image_of(&things);
    north.delete_image(caller, image, Force::No, SnapshotsOfImage::Delete).await.unwrap();
    let counts = north.tag_counts(caller, TagCountSearch::default()).await.unwrap();
    assert_eq!(counts.total, 0, "{counts:?}");
    for thing in &things {
        let one = std::slice::from_ref(thing);
        rejection(north.tag(caller, one, &numbered(1)).await);
    }
    world.check_world().await;
}

/// A rehearsed request is judged like any other and changes nothing.
#[tokio::test]
async fn a_rehearsed_tagging_is_judged_and_not_done() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let things = things(&world, "web").await;
    let rehearsing = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
    let one = tags(&[("env", "test")]);
    let answers = [
        north.tag(&rehearsing, &things, &one).await,
        north.untag(&rehearsing, &things, TagKeys::All).await,
    ];
    assert!(answers.iter().all(|answer| matches!(answer, Err(Refused::Rehearsed))), "{answers:?}");
    assert_eq!(on(&world, &world.caller, &things[0]).await, ["team=ferry"]);
    assert!(on(&world, &world.caller, &things[1]).await.is_empty());
    let too_many = north.tag(&rehearsing, &things, &numbered(20)).await;
    assert_eq!(rejection(too_many), Rejection::TooManyTags { limit: 20 });
    world.check_world().await;
}

/// R004-9: two who tag at once never give one thing more than twenty.
#[tokio::test(flavor = "multi_thread")]
async fn r004_9_of_two_who_give_the_last_tag_one_wins() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north"], options).await;
    let north = world.region("north");
    let [_, snapshot, _] = things(&world, "web").await;
    let one = [snapshot.clone()];
    north.tag(&world.caller, &one, &numbered(19)).await.unwrap();
    let give = |key: &'static str| {
        let (north, caller, one) = (north.clone(), world.caller.clone(), one.clone());
        tokio::spawn(async move { north.tag(&caller, &one, &tags(&[(key, "")])).await })
    };
    for round in 0..100 {
        let (a, b) = tokio::join!(give("x"), give("y"));
        let answers = [a.unwrap(), b.unwrap()];
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1), "round {round}: {lost:?}");
        let lost = rejection(lost.into_iter().next().unwrap());
        assert_eq!(lost, Rejection::TooManyTags { limit: 20 }, "round {round}");
        assert_eq!(on(&world, &world.caller, &snapshot).await.len(), 20, "round {round}");
        let keys = TagKeys::Named(vec!["x".to_owned(), "y".to_owned()]);
        north.untag(&world.caller, &one, keys).await.unwrap();
    }
    world.check_world().await;
}

/// What is taken away makes room for what is given, and where that is still too much nothing is taken.
#[tokio::test]
async fn r004_9_tags_are_exchanged_together_or_not_at_all() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let [image, snapshot, _] = things(&world, "web").await;
    let both = [snapshot.clone(), image.clone()];
    north.tag(caller, &both[..1], &numbered(20)).await.unwrap();
    let keys = |keys: &[&str]| TagKeys::Named(keys.iter().map(|key| (*key).to_owned()).collect());
    let given = tags(&[("new", "one"), ("t1", "other")]);
    let full = north.retag(caller, &both, (&keys(&["absent"]), &given)).await;
    assert_eq!(rejection(full), Rejection::TooManyTags { limit: 20 });
    assert_eq!(on(&world, caller, &image).await, ["team=ferry"]);
    assert_eq!(on(&world, caller, &snapshot).await.len(), 20);
    let first = on(&world, caller, &snapshot).await[0].clone();
    let first = first.split('=').next().unwrap();
    north.retag(caller, &both, (&keys(&[first, "team"]), &tags(&[("new", "one")]))).await.unwrap();
    assert_eq!(on(&world, caller, &image).await, ["new=one"]);
    let after = on(&world, caller, &snapshot).await;
    assert_eq!(after.len(), 20);
    assert!(
        after.contains(&"new=one".to_owned())
            && !after.iter().any(|tag| tag.starts_with(&format!("{first}=")))
    );
    world.check_world().await;
}
