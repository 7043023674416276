//! What a listing of images tells beside them: what they hold, how many there are, what was typed, where else they are.

use model::rules::Offer;
use model::{
    Direction, ImageId, ImageKind, ImageOrder, ImageSearch, ImageSort, Name, NameRule, Particulars,
    Profile, Rejection, Sealing, Standing, Tags,
};

use super::admission::rejection;
use crate::alike::{AlikeTo, AlikeView, Likeness, MAX_ALIKE};
use crate::commands::{Caller, CopyImage, EditImage};
use crate::image_counts::ImageCounts;
use crate::testing::{World, disk, region_id};
use crate::views::ImageView;

const CHUNK: u64 = 65_536;

/// Every second chunk is zero.
fn half(seed: u64, chunks: u64) -> Vec<u8> {
    disk(seed, chunks, |n| (n % 2 == 0).then_some(n))
}

async fn found(world: &World, caller: &Caller, search: ImageSearch) -> Vec<ImageView> {
    let found = world.region("north").search_images(caller, search).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items
}

async fn typed(world: &World, caller: &Caller, text: &str) -> Vec<ImageId> {
    let search = ImageSearch { text: Some(text.to_owned()), ..ImageSearch::default() };
    found(world, caller, search).await.into_iter().map(|image| image.id).collect()
}

/// R000-9: what an image holds is not known before it is there, and is the same wherever it is then.
#[tokio::test]
async fn r000_9_an_image_says_what_it_holds_once_it_is_there() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, south, caller) = (world.region("north"), world.region("south"), &world.caller);
    let coming = world.begin_import("north", "coming", &[half(1, 4)]).await.unwrap();
    assert_eq!(coming.held_bytes, 0);
    let two = world.import("north", "two", &[half(2, 4), half(3, 6)]).await;
    assert_eq!(two.held_bytes, 5 * CHUNK);
    let empty = world.import("north", "empty", &[disk(4, 3, |_| None)]).await;
    assert_eq!((empty.held_bytes, empty.standing), (0, Standing::Available));
    let copy = world.copy("north", &two.id, "south").await.unwrap().image;
    assert_eq!(south.image(caller, &copy).await.unwrap().held_bytes, 0);
    world.run_until_idle().await;
    assert_eq!(south.image(caller, &copy).await.unwrap().held_bytes, 5 * CHUNK);
    let order = ImageOrder { by: ImageSort::Held, direction: Direction::Descending };
    let sorted = found(&world, caller, ImageSearch { order, ..ImageSearch::default() }).await;
    let held: Vec<_> = sorted.iter().map(|image| image.held_bytes).collect();
    assert_eq!(held, [5 * CHUNK, 0, 0]);
    let counts = north.image_counts(caller).await.unwrap();
    assert_eq!(counts, ImageCounts { custom: 3, held_bytes: 5 * CHUNK, ..ImageCounts::default() });
    world.check_world().await;
}

/// R001-2, R001-8, I12: the counts are those of the listings, and another's images hold nothing of the caller's.
#[tokio::test]
async fn r001_8_images_are_counted_as_they_are_seen() {
    let world = World::with_regions(["north"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let mut ids = Vec::new();
    for (seed, name) in [(1, "one"), (2, "two"), (3, "three"), (4, "four")] {
        ids.push(world.import("north", name, &[half(seed, 2)]).await.id);
    }
    north.share_image(caller, &ids[0], vec![stranger.account.clone()]).await.unwrap();
    north.publish_image(caller, &ids[1], Offer::Public).await.unwrap();
    north.publish_image(caller, &ids[2], Offer::Marketplace).await.unwrap();
    let own = ImageCounts { custom: 4, shared: 0, public: 2, held_bytes: 4 * CHUNK };
    assert_eq!(north.image_counts(caller).await.unwrap(), own);
    let others = ImageCounts { custom: 0, shared: 1, public: 2, held_bytes: 0 };
    assert_eq!(north.image_counts(&stranger).await.unwrap(), others);
    for (caller, counts) in [(caller, own), (&stranger, others)] {
        let owner = Some(caller.account.clone());
        let owned = found(&world, caller, ImageSearch { owner, ..ImageSearch::default() }).await;
        let seen_as = vec![ImageKind::Public, ImageKind::Marketplace];
        let public = found(&world, caller, ImageSearch { seen_as, ..ImageSearch::default() }).await;
        assert_eq!((owned.len() as u64, public.len() as u64), (counts.custom, counts.public));
        assert_eq!(owned.iter().map(|image| image.held_bytes).sum::<u64>(), counts.held_bytes);
    }
    world.check_world().await;
}

/// I12, API-13: a text in any spelling; another's tags are its owner's business.
#[tokio::test]
async fn i12_what_is_typed_finds_images_and_never_by_anothers_tags() {
    let world = World::with_regions(["north"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let image = world.import("north", "Café-1", &[half(1, 2)]).await.id;
    let other = world.import("north", "db", &[half(2, 2)]).await.id;
    let tags = Tags::new([("Stage".to_owned(), "Prod_%".to_owned())]).unwrap();
    let edit = EditImage { tags: Some(tags), ..EditImage::default() };
    north.edit_image(caller, &image, edit).await.unwrap();
    north.share_image(caller, &image, vec![stranger.account.clone()]).await.unwrap();
    let one = || vec![image.clone()];
    for text in ["cafe\u{301}", "CAF", image.as_str(), &image.as_str()[4..9]] {
        assert_eq!(typed(&world, caller, text).await, one(), "{text}");
        assert_eq!(typed(&world, &stranger, text).await, one(), "{text}");
    }
    for text in ["stage", "PROD", "stage=prod_%", "_%", "%", "_"] {
        assert_eq!(typed(&world, caller, text).await, one(), "{text}");
        assert_eq!(typed(&world, &stranger, text).await, [], "{text}");
    }
    let (long, edge) = ("%".repeat(10_240), "c".repeat(ImageSearch::LONGEST_TEXT + 1));
    for text in ["stage=prod", "caf%", "img-", "\u{202e}", "\u{5d0}", "\"", "'", &long, &edge] {
        assert_eq!(typed(&world, caller, text).await, [], "{text}");
    }
    assert_eq!(typed(&world, caller, "").await.len(), 2);
    assert_eq!(typed(&world, &stranger, other.as_str()).await, []);
    world.check_world().await;
}

fn alike_to(image: &ImageView) -> AlikeTo {
    let origin = image.origin.as_ref();
    let origin = origin.map(|origin| (origin.region.clone(), origin.image.clone()));
    let itself = (image.region.clone(), image.id.clone());
    AlikeTo {
        name: image.name.clone(),
        disks: image.disks.iter().filter_map(|disk| disk.digest).collect(),
        lineage: [itself].into_iter().chain(origin).collect(),
    }
}

async fn alike(world: &World, region: &str, image: &ImageView) -> Vec<AlikeView> {
    let of = vec![alike_to(image)];
    let mut alike = world.region(region).alike(&world.caller, of).await.unwrap();
    assert_eq!(alike.len(), 1);
    alike.remove(0)
}

fn told(alike: &[AlikeView]) -> Vec<(&ImageId, Likeness, Standing, u8)> {
    alike.iter().map(|one| (&one.image, one.likeness, one.standing, one.percent)).collect()
}

/// R002-9: absent, of an older version, on its way, there; and only to the account whose images they are.
#[tokio::test]
async fn r002_9_where_else_an_image_is() {
    use Likeness::{Other, Same};
    let world = World::with_regions(["north", "south"]).await;
    let (south, caller) = (world.region("south"), &world.caller);
    let image = world.import("north", "web", &[half(1, 4), half(2, 2)]).await;
    assert_eq!(alike(&world, "south", &image).await, []);
    let older = world.import("south", "web", &[half(9, 2)]).await.id;
    let _unlike = world.import("south", "db", &[half(8, 2)]).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap().image;
    let before = alike(&world, "south", &image).await;
    let wanted = [(&older, Other, Standing::Available, 100), (&copy, Other, Standing::Waiting, 0)];
    assert_eq!(told(&before), wanted);
    world.run_until_idle().await;
    let renamed = EditImage { name: Some(Name::new("renamed").unwrap()), ..EditImage::default() };
    south.edit_image(caller, &copy, renamed).await.unwrap();
    let after = alike(&world, "south", &image).await;
    let wanted =
        [(&copy, Same, Standing::Available, 100), (&older, Other, Standing::Available, 100)];
    assert_eq!(told(&after), wanted);
    assert_eq!((after[0].size, after[0].digest), (6 * CHUNK, image.disks[0].digest));
    // From the copy's side the source is the same, and so is what has the same contents by another name.
    let copied = south.image(caller, &copy).await.unwrap();
    let twin = world.import("north", "twin", &[half(1, 4), half(2, 2)]).await.id;
    let back = alike(&world, "north", &copied).await;
    let wanted = [&twin, &image.id].map(|id| (id, Same, Standing::Available, 100));
    assert_eq!(told(&back), wanted);
    let strange = south.alike(&world.stranger(), vec![alike_to(&image)]).await.unwrap();
    assert_eq!(strange, [[]]);
    world.check_world().await;
}

/// R004-8: another key names the contents otherwise, and a copy is one nevertheless.
#[tokio::test]
async fn r004_8_a_sealed_copy_is_the_same() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[half(1, 4)]).await;
    let key = north.create_encryption_key(caller).await.unwrap().id;
    let command = CopyImage {
        image: image.id.clone(),
        targets: vec![region_id("north")],
        name: None,
        description: None,
        tags: None,
        particulars: Particulars::default(),
        sealing: Sealing::Key(key),
        urgency: model::Urgency::default(),
        profile: Profile { names: NameRule::Free, ..Profile::native() },
        token: None,
    };
    let copy = north.copy_image(caller, command).await.unwrap().remove(0).answer.unwrap().image;
    world.run_until_idle().await;
    let found = alike(&world, "north", &image).await;
    let mut ids: Vec<_> = found.iter().map(|one| (one.likeness, one.image.clone())).collect();
    ids.sort();
    let mut wanted = vec![(Likeness::Same, image.id.clone()), (Likeness::Same, copy.clone())];
    wanted.sort();
    assert_eq!(ids, wanted);
    let digest = |id: &ImageId| found.iter().find(|one| one.image == *id).unwrap().digest;
    assert_ne!(digest(&image.id), digest(&copy), "or the above shows nothing");
    world.check_world().await;
}

#[tokio::test]
async fn images_alike_are_asked_about_a_hundred_at_once() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[half(1, 2)]).await;
    let of = |count| vec![alike_to(&image); count];
    let found = north.alike(caller, of(MAX_ALIKE)).await.unwrap();
    assert_eq!(found.len(), MAX_ALIKE);
    assert!(found.iter().all(|one| one.len() == 1 && one[0].image == image.id));
    assert_eq!(north.alike(caller, Vec::new()).await.unwrap(), Vec::<Vec<AlikeView>>::new());
    let refused = rejection(north.alike(caller, of(MAX_ALIKE + 1)).await);
    assert_eq!(refused, Rejection::TooManyImages { limit: MAX_ALIKE });
    world.check_world().await;
}
