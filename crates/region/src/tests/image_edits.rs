//! What an image says of itself: its family, its particulars, how it starts, and whether its owner advises against it.

use model::rules::{Force, Offer};
use model::{
    BootMode, Deprecation, Family, Field, FieldRefusal, ImageId, ImageStatus, Name, Particulars,
    Profile, Rejection, Sealing, Standing,
};

use super::admission::rejection;
use crate::audit::AuditQuery;
use crate::commands::{Caller, CopyImage, EditImage, Intent, SnapshotsOfImage};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};
use crate::views::ImageView;

fn small() -> Vec<u8> {
    disk(1, 2, Some)
}

fn family(text: &str) -> Family {
    Family::new(text).unwrap()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn particulars(pairs: &[(&str, &str)]) -> Particulars {
    Particulars::new(pairs.iter().map(|(key, value)| pair(key, value))).unwrap()
}

fn to(deprecation: Deprecation) -> EditImage {
    EditImage { deprecation: Some(deprecation), ..EditImage::default() }
}

async fn edit(world: &World, image: &ImageId, edit: EditImage) -> Result<ImageView, Refused> {
    world.region("north").edit_image(&world.caller, image, edit).await
}

fn copy_of(image: &ImageId) -> CopyImage {
    CopyImage {
        image: image.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        particulars: Particulars::default(),
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    }
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_leaves_the_rest() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[small()]).await;
    let told = EditImage {
        family: Some(Some(family("linux"))),
        boot_mode: Some(BootMode::Bios),
        particulars: [pair("licence", "own"), pair("nvme", "supported")].into(),
        ..EditImage::default()
    };
    let edited = edit(&world, &image.id, told).await.unwrap();
    assert_eq!(edited.family, Some(family("linux")));
    assert_eq!(edited.attributes.boot_mode, BootMode::Bios);
    assert_eq!(edited.particulars, particulars(&[("licence", "own"), ("nvme", "supported")]));
    assert_eq!((&edited.name, &edited.tags), (&image.name, &image.tags));

    let less = EditImage { particulars: [pair("licence", "")].into(), ..EditImage::default() };
    let edited = edit(&world, &image.id, less).await.unwrap();
    assert_eq!(edited.particulars, particulars(&[("nvme", "supported")]));
    assert_eq!(edited.family, Some(family("linux")));
    let none = EditImage { family: Some(None), ..EditImage::default() };
    assert_eq!(edit(&world, &image.id, none).await.unwrap().family, None);

    let many = (0..32).map(|n| pair(&format!("k{n}"), "v")).collect();
    let many = EditImage { particulars: many, ..EditImage::default() };
    let refusal = FieldRefusal::TooLarge { value: 33, limit: 32 };
    let refused = rejection(edit(&world, &image.id, many).await);
    assert_eq!(refused, Rejection::field(Field::Particulars, refusal));
    let subject = Some(image.id.to_string());
    let query = AuditQuery { subject, limit: 10, ..AuditQuery::default() };
    let trail = north.audit(caller, query).await.unwrap().items;
    assert!(trail[2].before.ends_with("\nboot_mode=uefi"), "{trail:?}");
    let after = "\nfamily=linux\nparticulars=licence:own,nvme:supported\nboot_mode=bios";
    assert!(trail[2].after.ends_with(after), "{trail:?}");
}

#[tokio::test]
async fn a_deprecated_image_is_used_but_neither_copied_shared_nor_published() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[small()]).await.id;
    let deprecated = edit(&world, &image, to(Deprecation::Deprecated)).await.unwrap();
    let stands = (deprecated.status, deprecated.standing, deprecated.percent);
    assert_eq!(stands, (ImageStatus::Available, Standing::Deprecated, 100));
    let since = deprecated.deprecated;
    assert_eq!(since, Some(north.inner.clock.now()));

    let is_deprecated = Rejection::ImageDeprecated { image: image.clone() };
    assert_eq!(rejection(world.copy("north", &image, "south").await), is_deprecated);
    let estimated = north.estimate_copy(caller, copy_of(&image)).await;
    assert_eq!(rejection(estimated.map(|_| ())), is_deprecated);
    let stranger = vec![world.stranger().account];
    let shared = north.share_image(caller, &image, stranger.clone()).await;
    assert_eq!(rejection(shared), is_deprecated);
    assert_eq!(rejection(north.publish_image(caller, &image, Offer::Public).await), is_deprecated);
    north.create_instance(caller, Name::new("vm").unwrap(), &image).await.unwrap();
    let renamed = EditImage { name: Some(Name::new("old").unwrap()), ..EditImage::default() };
    assert_eq!(edit(&world, &image, renamed).await.unwrap().standing, Standing::Deprecated);

    world.clock.advance_ms(5);
    let again = edit(&world, &image, to(Deprecation::Deprecated)).await.unwrap();
    assert_eq!(again.deprecated, since, "it stays deprecated since then");
    let back = edit(&world, &image, to(Deprecation::Current)).await.unwrap();
    assert_eq!((back.standing, back.deprecated), (Standing::Available, None));
    north.share_image(caller, &image, stranger).await.unwrap();
    let shared = Rejection::ImageIsShared { image: image.clone(), accounts: 1 };
    assert_eq!(rejection(edit(&world, &image, to(Deprecation::Deprecated)).await), shared);
    world.check_world().await;
}

#[tokio::test]
async fn what_is_published_or_still_made_cannot_be_deprecated() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let begun = world.begin_import("north", "web", &[small()]).await.unwrap().id;
    let status = ImageStatus::Creating;
    for deprecation in [Deprecation::Deprecated, Deprecation::Current] {
        let refused = rejection(edit(&world, &begun, to(deprecation)).await);
        assert_eq!(refused, Rejection::ImageNotAvailable { image: begun.clone(), status });
    }
    let image = world.import("north", "db", &[small()]).await.id;
    let published = north.publish_image(caller, &image, Offer::Public).await.unwrap().kind;
    let refused = rejection(edit(&world, &image, to(Deprecation::Deprecated)).await);
    assert_eq!(refused, Rejection::ImagePublished { image, kind: published });
    world.check_world().await;
}

/// What was accepted goes on: the copy is of the image as it was when its owner asked.
#[tokio::test]
async fn a_copy_that_runs_ends_well_although_its_source_is_deprecated() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[small()]).await.id;
    let accepted = world.copy("north", &image, "south").await.unwrap();
    edit(&world, &image, to(Deprecation::Deprecated)).await.unwrap();
    world.run_until_idle().await;
    let copied = world.region("south").image(&world.caller, &accepted.image).await.unwrap();
    assert_eq!((copied.standing, copied.deprecated), (Standing::Available, None));
    world.check_world().await;
}

#[tokio::test]
async fn a_copy_carries_its_sources_family_and_particulars_overlaid_by_the_commands() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, south, caller) = (world.region("north"), world.region("south"), &world.caller);
    let image = world.import("north", "web", &[small()]).await.id;
    let told = EditImage {
        family: Some(Some(family("linux"))),
        particulars: [pair("a", "source"), pair("b", "source")].into(),
        ..EditImage::default()
    };
    edit(&world, &image, told).await.unwrap();
    let token = Some(model::ClientToken::new("t").unwrap());
    let with = |pairs: &[(&str, &str)]| CopyImage {
        particulars: particulars(pairs),
        token: token.clone(),
        ..copy_of(&image)
    };
    let asked = with(&[("b", "command"), ("c", "command")]);
    let answer = north.copy_image(caller, asked.clone()).await.unwrap().remove(0).answer.unwrap();
    let promised = south.image(caller, &answer.image).await.unwrap();
    let wanted = particulars(&[("a", "source"), ("b", "command"), ("c", "command")]);
    assert_eq!((&promised.family, &promised.particulars), (&Some(family("linux")), &wanted));
    world.run_until_idle().await;
    let copied = south.image(caller, &answer.image).await.unwrap();
    assert_eq!((copied.family, copied.particulars), (Some(family("linux")), wanted));

    // A token belongs to what was asked for, particulars and all.
    let again = north.copy_image(caller, asked).await.unwrap().remove(0).answer.unwrap();
    assert_eq!(again.image, answer.image);
    let other = north.copy_image(caller, with(&[("b", "other")])).await;
    assert_eq!(rejection(other.map(|_| ())), Rejection::TokenReused);
    let mut full: Vec<(String, String)> = (0..31).map(|n| pair(&format!("k{n}"), "v")).collect();
    let full = Particulars::new(full.drain(..)).unwrap();
    let too_many = CopyImage { particulars: full, ..copy_of(&image) };
    let refused = rejection(north.copy_image(caller, too_many).await.map(|_| ()));
    let refusal = FieldRefusal::TooLarge { value: 33, limit: 32 };
    assert_eq!(refused, Rejection::field(Field::Particulars, refusal));
    world.check_world().await;
}

/// A dry run of an edit or a deletion is judged as the act would be, and does nothing.
#[tokio::test]
async fn a_rehearsed_edit_or_deletion_changes_nothing() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[small()]).await.id;
    let dry = Caller { intent: Intent::Rehearse, ..caller.clone() };
    let before = format!("{:?}", north.image(caller, &image).await.unwrap());
    let all = EditImage {
        name: Some(Name::new("db").unwrap()),
        family: Some(Some(family("linux"))),
        particulars: [pair("a", "b")].into(),
        ..to(Deprecation::Deprecated)
    };
    let edited = north.edit_image(&dry, &image, all).await;
    assert!(matches!(edited, Err(Refused::Rehearsed)), "{edited:?}");
    for snapshots in [SnapshotsOfImage::Keep, SnapshotsOfImage::Delete] {
        let deleted = north.delete_image(&dry, &image, Force::Yes, snapshots).await;
        assert!(matches!(deleted, Err(Refused::Rehearsed)), "{deleted:?}");
    }
    assert_eq!(format!("{:?}", north.image(caller, &image).await.unwrap()), before);

    world.copy("north", &image, "south").await.unwrap();
    let held = north.delete_image(&dry, &image, Force::Yes, SnapshotsOfImage::Keep).await;
    assert!(matches!(rejection(held), Rejection::ImageHeld { .. }));
    north.create_instance(caller, Name::new("vm").unwrap(), &image).await.unwrap();
    let shared = north.share_image(caller, &image, vec![world.stranger().account]).await;
    shared.unwrap();
    let refused = north.edit_image(&dry, &image, to(Deprecation::Deprecated)).await;
    assert!(matches!(rejection(refused), Rejection::ImageIsShared { .. }));
    world.check_world().await;
}
