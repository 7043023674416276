//! Searching images: what is found is what is shown, to whom it may be shown.

use std::collections::BTreeSet;

use catalog::{ClaimLimits, CopyRow, Updated};
use model::{
    Copying, ImageId, ImageKind, ImageSearch, Name, NamePattern, NameRule, PageOf, Progress,
    Sharing, Standing, TagWanted, Tags, Usage,
};

use super::admission::rejection;
use super::local_images::{put_qcow2, register};
use crate::commands::{Caller, ConvertImage, EditImage};
use crate::testing::{World, disk};

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 1, Some)
}

async fn found(world: &World, caller: &Caller, search: ImageSearch) -> BTreeSet<ImageId> {
    let north = world.region("north");
    let found = north.search_images(caller, search).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items.into_iter().map(|view| view.id).collect()
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a ImageId>) -> BTreeSet<ImageId> {
    ids.into_iter().cloned().collect()
}

fn standing(standing: Standing) -> ImageSearch {
    ImageSearch { standings: vec![standing], ..ImageSearch::default() }
}

/// R002-3: whatever makes an image, the search for a standing finds just those that are shown with it.
#[tokio::test]
async fn r002_3_a_search_for_a_standing_finds_what_is_shown_so() {
    let world = World::with_regions(["north", "south"]).await;
    let north = world.region("north");
    let source = world.import("south", "web", &[small(1)]).await;
    let other = world.import("south", "db", &[small(2)]).await;
    let sent = world.begin_import("north", "sent", &[small(3)]).await.unwrap();
    let folder = world.local_folder(&world.caller);
    put_qcow2(&folder.join("disk.qcow2"), &small(4));
    let local = register(&world, &world.caller, "disk.qcow2").await.unwrap();
    let command = ConvertImage {
        image: local.id.clone(),
        name: None,
        description: None,
        names: NameRule::Free,
    };
    let converted = north.convert_image(&world.caller, command).await.unwrap().id;
    let copy = world.copy("south", &source.id, "north").await.unwrap();
    let running = copy.image;
    let now = north.inner.clock.now();
    let mut tx = north.inner.catalog.begin().await.unwrap();
    let limits = ClaimLimits { per_account: 1, per_region: 1 };
    let mut claimed = tx.claim_due("w", now, 1_000, limits).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let claimed = claimed.remove(0);
    tx.commit().await.unwrap();
    let queued = world.copy("south", &other.id, "north").await.unwrap().image;

    let told = |one| found(&world, &world.caller, standing(one));
    assert_eq!(told(Standing::Waiting).await, ids([&queued, &converted]));
    assert_eq!(told(Standing::Creating).await, ids([&running, &sent.id]));
    assert_eq!(told(Standing::Available).await, ids([&local.id]));
    for image in [&queued, &converted, &running, &sent.id, &local.id] {
        let shown = north.image(&world.caller, image).await.unwrap().standing;
        assert!(found(&world, &world.caller, standing(shown)).await.contains(image), "{shown}");
    }
    // How long it takes still is told of the image as it is of the copy, and only while the copy runs.
    let came = CopyRow { progress: Progress { done: 10, needed: 50 }, ..claimed };
    let mut tx = north.inner.catalog.begin().await.unwrap();
    assert_eq!(tx.record_progress(&came, now.plus_ms(1_000)).await.unwrap(), Updated::Yes);
    tx.commit().await.unwrap();
    north.inner.rates.put(&copy.copy, 4.0);
    let left = async || {
        let image = north.image(&world.caller, &running).await.unwrap().seconds_left;
        let of_copy = north.copy(&world.caller, &copy.copy).await.unwrap().seconds_left;
        assert_eq!(image, of_copy);
        image
    };
    assert_eq!(left().await, Some(10));
    assert_eq!(north.image(&world.caller, &queued).await.unwrap().seconds_left, None);
    // The lease runs out: what was claimed waits again, for the search and in the view.
    world.clock.advance_ms(1_000);
    assert_eq!(told(Standing::Waiting).await, ids([&queued, &converted, &running]));
    assert_eq!(north.image(&world.caller, &running).await.unwrap().standing, Standing::Waiting);
    assert_eq!(left().await, None);
    world.run_until_idle().await;
    let available = told(Standing::Available).await;
    assert!(available.is_superset(&ids([&queued, &running])), "{available:?}");
    world.check_world().await;
}

/// R001-2, R001-8, I12: a search shows another's image as every other door does, and finds it by nothing else.
#[tokio::test]
async fn i12_what_its_owner_keeps_for_itself_finds_no_image_of_anothers() {
    let world = World::with_regions(["north"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let image = world.import("north", "web", &[small(1)]).await.id;
    let hidden = world.import("north", "db", &[small(2)]).await.id;
    let pair = ("a".to_owned(), "b".to_owned());
    let edit = EditImage {
        family: Some(Some(model::Family::new("linux").unwrap())),
        particulars: [pair.clone()].into(),
        ..EditImage::default()
    };
    north.edit_image(caller, &image, edit).await.unwrap();
    north.create_instance(caller, Name::new("vm").unwrap(), &image).await.unwrap();
    north.share_image(caller, &image, vec![stranger.account.clone()]).await.unwrap();

    let all = ImageSearch::default;
    assert_eq!(found(&world, caller, all()).await, ids([&image, &hidden]));
    assert_eq!(found(&world, &stranger, all()).await, ids([&image]));
    let owner = Some(caller.account.clone());
    let shared = [
        ImageSearch { seen_as: vec![ImageKind::Shared], ..all() },
        ImageSearch { owner, ..all() },
        ImageSearch { ids: vec![image.clone(), hidden.clone()], ..all() },
        ImageSearch { names: vec![NamePattern::Holding("e".into())], ..all() },
        ImageSearch { family: model::Family::new("linux").ok(), ..all() },
        ImageSearch { usage: Some(Usage::Unused), ..all() },
    ];
    for search in shared {
        assert_eq!(found(&world, &stranger, search.clone()).await, ids([&image]), "{search:?}");
    }
    let kept = [
        ImageSearch { tags: vec![TagWanted::pair("team", None)], ..all() },
        ImageSearch { particulars: vec![pair], ..all() },
        ImageSearch { usage: Some(Usage::Used), ..all() },
    ];
    for search in kept {
        assert_eq!(found(&world, &stranger, search.clone()).await, ids([]), "{search:?}");
        assert!(found(&world, caller, search.clone()).await.contains(&image), "{search:?}");
    }
    let shown = north.search_images(&stranger, all()).await.unwrap().items.remove(0);
    assert_eq!(shown.kind, ImageKind::Shared);
    assert_eq!((shown.tags, shown.instances), (Tags::default(), 0));
    assert!(shown.particulars.is_empty() && shown.family.is_some());
}

/// R002-8: an image reads as being copied for as long as copies of it are made, wherever, and not longer; and a search
/// finds it so.
#[tokio::test]
async fn r002_8_a_source_tells_of_the_copies_that_leave_it_until_they_end() {
    let world = World::with_regions(["north", "south", "west"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let source = world.import("north", "web", &[disk(1, 3, Some)]).await.id;
    let still = world.import("north", "db", &[small(2)]).await.id;
    north.share_image(caller, &source, vec![stranger.account.clone()]).await.unwrap();
    let check = async |leaving: u64| {
        assert_eq!(north.image(caller, &source).await.unwrap().copies_leaving, leaving);
        let all = north.search_images(caller, ImageSearch::default()).await.unwrap().items;
        let told: Vec<u64> = all.iter().map(|view| view.copies_leaving).collect();
        assert_eq!(told.iter().sum::<u64>(), leaving);
        let copying = |one| ImageSearch { copying: Some(one), ..ImageSearch::default() };
        let leaves = found(&world, caller, copying(Copying::Leaving)).await;
        assert_eq!(leaves.contains(&source), leaving > 0);
        let stays = found(&world, caller, copying(Copying::Still)).await;
        assert_eq!((stays.contains(&source), stays.contains(&still)), (leaving == 0, true));
        // Copies of another's image are its owner's business.
        assert_eq!(north.image(&stranger, &source).await.unwrap().copies_leaving, 0);
        assert_eq!(found(&world, &stranger, copying(Copying::Leaving)).await, ids([]));
        assert_eq!(found(&world, &stranger, copying(Copying::Still)).await, ids([&source]));
    };
    check(0).await;
    let first = world.copy("north", &source, "south").await.unwrap();
    check(1).await;
    world.copy("north", &source, "west").await.unwrap();
    check(2).await;
    let south = world.region("south");
    assert_eq!(south.image(caller, &first.image).await.unwrap().copies_leaving, 0);
    south.cancel_image(caller, &first.image).await.unwrap();
    while south.run_due().await.unwrap() > 0 {}
    check(1).await;
    world.run_until_idle().await;
    check(0).await;
    // A copy of one of its snapshots alone is none of the image.
    let snapshot = super::snapshots::snapshots_of(&north.image(caller, &source).await.unwrap());
    let copy = super::snapshot_copies::copy_of(&snapshot[0], "south");
    north.copy_snapshot(caller, copy).await.unwrap();
    check(0).await;
    world.run_until_idle().await;
    world.check_world().await;
}

/// R001-8: own images shared with accounts or not; whom another's is shared with finds nothing.
#[tokio::test]
async fn r001_8_own_images_are_found_by_whether_they_are_shared() {
    let world = World::with_regions(["north"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let shared = world.import("north", "web", &[small(1)]).await.id;
    let kept = world.import("north", "db", &[small(2)]).await.id;
    north.share_image(caller, &shared, vec![stranger.account.clone()]).await.unwrap();
    let sharing = |one| ImageSearch { sharing: Some(one), ..ImageSearch::default() };
    assert_eq!(found(&world, caller, sharing(Sharing::Some)).await, ids([&shared]));
    assert_eq!(found(&world, caller, sharing(Sharing::Nobody)).await, ids([&kept]));
    for one in [Sharing::Some, Sharing::Nobody] {
        assert_eq!(found(&world, &stranger, sharing(one)).await, ids([]));
    }
    let platform = |pattern| ImageSearch { platforms: vec![pattern], ..ImageSearch::default() };
    let debian = platform(NamePattern::Holding("ebian".into()));
    assert_eq!(found(&world, caller, debian.clone()).await, ids([&shared, &kept]));
    assert_eq!(found(&world, &stranger, debian).await, ids([&shared]));
    let names = ["web", "none", "db"].map(|name| NamePattern::Exactly(name.into())).into();
    let several = ImageSearch { names, ..ImageSearch::default() };
    assert_eq!(found(&world, caller, several).await, ids([&shared, &kept]));
}

#[tokio::test]
async fn a_page_is_by_its_place_and_the_total_is_of_all() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    for n in 0..5 {
        world.begin_import("north", &format!("web-{n}"), &[small(n)]).await.unwrap();
        world.clock.advance_ms(1);
    }
    let mut names = Vec::new();
    for (offset, wanted) in [(0, 2), (2, 2), (4, 1), (6, 0)] {
        let page = PageOf { offset, limit: 2 };
        let search = ImageSearch { page, ..ImageSearch::default() };
        let found = north.search_images(&world.caller, search).await.unwrap();
        assert_eq!((found.total, found.items.len()), (5, wanted));
        names.extend(found.items.into_iter().map(|view| view.name.to_string()));
    }
    assert_eq!(names, ["web-4", "web-3", "web-2", "web-1", "web-0"]);
    let page = PageOf { offset: 0, limit: 0 };
    let none = ImageSearch { page, ..ImageSearch::default() };
    let none = north.search_images(&world.caller, none).await.unwrap();
    assert_eq!((none.total, none.items.len()), (5, 0));
    let tags = vec![TagWanted::pair("k".repeat(129), None)];
    let bad = ImageSearch { tags, ..ImageSearch::default() };
    let refused = rejection(north.search_images(&world.caller, bad).await);
    assert!(matches!(refused, model::Rejection::InvalidField { .. }), "{refused:?}");
}
