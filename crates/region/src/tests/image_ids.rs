//! Ids of images: however one is made, no two of a region show the same 8 characters, and those lead back to it.

use catalog::{Deleted, ImageRow, Inserted};
use model::{
    Attributes, BootMode, Cause, ClientToken, Description, ImageId, ImageKind, ImageStatus, Name,
    NameRule, OsType, Particulars, Platform, Purpose, Storage,
};

use super::local_images::{put_qcow2, register};
use super::snapshot_copies::copy_of;
use super::snapshots::{image_of, snapshots_of};
use super::tasks;
use crate::commands::ConvertImage;
use crate::testing::{World, disk};

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 1, Some)
}

/// An image that shows the same characters as another, and is another.
fn namesake(world: &World, of: &ImageId) -> ImageRow {
    let mut text = of.leading().to_owned();
    text.push_str(&"z".repeat(of.as_str().len() - text.len()));
    ImageRow {
        id: text.parse().unwrap(),
        account: world.caller.account.clone(),
        name: Name::new("taken").unwrap(),
        description: Description::new("").unwrap(),
        status: ImageStatus::CreateFailed,
        attributes: Attributes {
            architecture: model::Architecture::X86_64,
            os_type: OsType::Linux,
            platform: Platform::new("").unwrap(),
            boot_mode: BootMode::Bios,
        },
        family: None,
        deprecated: None,
        particulars: Particulars::default(),
        origin: None,
        failure: Some(Cause::Cancelled),
        kind: ImageKind::Custom,
        storage: Storage::Snapshots,
        encryption_key: None,
        purpose: Purpose::Image,
        created: model::Clock::now(&*world.clock),
        generation: 0,
    }
}

/// In two worlds with the same randomness an image gets the same id, unless its leading characters are taken in one of them.
async fn check(how: &str, region: &str, make: impl AsyncFn(&World) -> ImageId) {
    let world = async || World::with_regions(["north", "south"]).await;
    let (free, again) = (make(&world().await).await, make(&world().await).await);
    assert_eq!(free, again, "{how}: the worlds are twins");
    let world = world().await;
    let taken = namesake(&world, &free);
    let catalog = world.region(region).inner.catalog.clone();
    let mut tx = catalog.begin().await.unwrap();
    assert_eq!(tx.insert_image(&taken).await.unwrap(), Inserted::Yes);
    tx.commit().await.unwrap();
    let made = make(&world).await;
    assert_ne!(made.leading(), free.leading(), "{how}");
    let mut tx = catalog.begin().await.unwrap();
    let account = &world.caller.account;
    assert!(tx.image(account, &made).await.unwrap().is_some(), "{how}: it is there");
    assert_eq!(tx.image_led_by(free.leading()).await.unwrap(), Some(taken.id.clone()), "{how}");
    assert_eq!(tx.delete_image(&taken.id).await.unwrap(), Deleted::Yes);
    tx.commit().await.unwrap();
    world.run_until_idle().await;
    world.check_world().await;
}

async fn convert(world: &World) -> ImageId {
    put_qcow2(&world.local_folder(&world.caller).join("disk.qcow2"), &small(4));
    let local = register(world, &world.caller, "disk.qcow2").await.unwrap();
    let command =
        ConvertImage { image: local.id, name: None, description: None, names: NameRule::Free };
    world.region("north").convert_image(&world.caller, command).await.unwrap().id
}

#[tokio::test]
async fn every_way_to_make_an_image_takes_another_id_where_its_characters_are_taken() {
    check("begin_import", "north", async |world: &World| {
        world.begin_import("north", "web", &[small(1)]).await.unwrap().id
    })
    .await;
    check("import_objects", "north", async |world: &World| {
        tasks::put_qcow2(&tasks::folder(world).join("web.qcow2"), &small(1));
        let command = tasks::import_of(vec![tasks::object("web.qcow2")]);
        world.region("north").import_objects(&world.caller, command).await.unwrap().image
    })
    .await;
    check("register_local_image", "north", async |world: &World| {
        put_qcow2(&world.local_folder(&world.caller).join("disk.qcow2"), &small(1));
        register(world, &world.caller, "disk.qcow2").await.unwrap().id
    })
    .await;
    check("convert_image", "north", convert).await;
    // A token names the image that was made, not the id that was taken.
    check("create_image", "north", async |world: &World| {
        let source = world.import("north", "web", &[small(1)]).await;
        let mut command = image_of(&[&snapshots_of(&source)[0]]);
        command.token = Some(ClientToken::new("once").unwrap());
        let north = world.region("north");
        let made = north.create_image(&world.caller, command.clone()).await.unwrap().id;
        assert_eq!(north.create_image(&world.caller, command).await.unwrap().id, made);
        made
    })
    .await;
    check("copy_image", "south", async |world: &World| {
        let source = world.import("north", "web", &[small(1)]).await.id;
        world.copy("north", &source, "south").await.unwrap().image
    })
    .await;
}

/// Carriers of snapshots are images to the catalog, at both ends.
#[tokio::test]
async fn carriers_take_another_id_where_their_characters_are_taken() {
    let ask = async |world: &World| {
        let source = world.import("north", "web", &[small(1)]).await;
        let copy = copy_of(&snapshots_of(&source)[0], "south");
        world.region("north").copy_snapshot(&world.caller, copy).await.unwrap()
    };
    check("carrier at the source", "north", async |world: &World| {
        ask(world).await;
        let mut tx = world.region("north").inner.catalog.read().await.unwrap();
        tx.list_holds().await.unwrap().remove(0).image
    })
    .await;
    check("carrier at the target", "south", async |world: &World| {
        let copy = ask(world).await.copy;
        world.region("south").copy(&world.caller, &copy).await.unwrap().image
    })
    .await;
}

/// As clouds spell ids: 8 characters or 10, or all 20.
#[tokio::test]
async fn a_short_id_leads_to_its_image_and_any_other_text_to_none() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, caller, stranger) = (world.region("north"), &world.caller, world.stranger());
    let image = world.import("north", "web", &[small(1)]).await.id;
    for shown in 8..=20 {
        let text = image.shown(shown);
        assert_eq!(
            north.image_led_by(caller, text).await.unwrap().as_ref(),
            Some(&image),
            "{text}"
        );
        // Who does not see it learns nothing of it; what a whole id names is told by the command that is given it.
        let found = north.image_led_by(&stranger, text).await.unwrap();
        assert_eq!(found.as_ref(), (shown == 20).then_some(&image), "api-11: {text}");
    }
    assert!(north.image(&stranger, &image).await.is_err(), "i12");
    north.share_image(caller, &image, vec![stranger.account.clone()]).await.unwrap();
    let shared = north.image_led_by(&stranger, image.leading()).await.unwrap();
    assert_eq!(shared.as_ref(), Some(&image));
    let south = world.region("south");
    assert_eq!(south.image_led_by(caller, image.shown(8)).await.unwrap(), None);
    let whole = south.image_led_by(caller, image.as_str()).await.unwrap();
    assert_eq!(whole.as_ref(), Some(&image), "a whole id is taken at its word");
    let ninth = if image.shown(9).ends_with('a') { 'b' } else { 'a' };
    let mut wrong: Vec<String> =
        ["", "img-", "img-%", "img-________", "img-ABCDEFGH", "m-abcdefgh"]
            .map(str::to_owned)
            .into();
    wrong.extend([image.shown(7).to_owned(), format!("{image}a"), format!("{} ", image.shown(9))]);
    wrong.push(image.shown(8).replace("img-", "snap-"));
    wrong.push(format!("{}{ninth}", image.leading()));
    for text in wrong {
        assert_eq!(north.image_led_by(caller, &text).await.unwrap(), None, "{text}");
    }
}
