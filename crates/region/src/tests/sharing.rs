//! Kinds of image, sharing and publishing: who sees an image as what, and what can be done with it.

use std::sync::Arc;

use catalog::AccountRow;
use model::rules::{Force, Offer};
use model::{
    AccountId, AccountRejection, Act, Admittance, ImageId, ImageKind, Name, Profile, Rejection,
    Role, Sealing, Timestamp,
};

use crate::commands::{Caller, CopyImage, EditImage, ImageQuery, SnapshotsOfImage};
use crate::refused::Refused;
use crate::testing::{Medium, World, WorldOptions, disk, region_id};
use crate::views::ImageView;

#[track_caller]
fn refused<T>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

async fn listed(world: &World, caller: &Caller, kind: Option<ImageKind>) -> Vec<ImageId> {
    let query = ImageQuery { kind, limit: 100, ..ImageQuery::default() };
    let found = world.region("north").images(caller, query).await.unwrap();
    found.items.into_iter().map(|view| view.id).collect()
}

async fn share(world: &World, image: &ImageId) {
    let stranger = vec![world.stranger().account];
    world.region("north").share_image(&world.caller, image, stranger).await.unwrap();
}

fn copy_of(image: &ImageId) -> CopyImage {
    CopyImage {
        particulars: model::Particulars::default(),
        image: image.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    }
}

/// An image of one disk in `north`, with an instance of its owner's.
async fn image(world: &World) -> ImageView {
    world.import("north", "web", &[disk(1, 6, Some)]).await
}

/// Also I12: before and after it is shared, the receiver is told what it would be told of an image that never was.
#[tokio::test]
async fn r001_8_a_shared_image_is_seen_and_used_by_its_receiver_until_it_is_taken_back() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let image = image(&world).await;
    let absent = Rejection::ImageNotFound { image: image.id.clone(), region: region_id("north") };
    assert_eq!(refused(north.image(&stranger, &image.id).await), absent);
    share(&world, &image.id).await;
    share(&world, &image.id).await;
    let shares = north.shares(&world.caller, &image.id).await.unwrap();
    assert_eq!(shares.len(), 1, "sharing again changes nothing");
    assert_eq!(shares[0].account, stranger.account);

    north.create_instance(&world.caller, Name::new("own").unwrap(), &image.id).await.unwrap();
    let seen = north.image(&stranger, &image.id).await.unwrap();
    assert_eq!((seen.kind, seen.owner.clone()), (ImageKind::Shared, world.caller.account.clone()));
    assert_eq!(seen.disks, image.disks);
    let shown = (seen.tags.iter().count(), seen.instances, seen.shared_with);
    assert_eq!(shown, (0, 0, 0), "these are its owner's");
    assert_eq!(
        listed(&world, &stranger, Some(ImageKind::Shared)).await,
        std::slice::from_ref(&image.id)
    );
    assert!(listed(&world, &stranger, None).await.is_empty());
    assert!(listed(&world, &world.caller, Some(ImageKind::Shared)).await.is_empty());
    let own = north.image(&world.caller, &image.id).await.unwrap();
    assert_eq!((own.kind, own.instances, own.shared_with), (ImageKind::Custom, 1, 1));

    let name = Name::new("theirs").unwrap();
    let instance = north.create_instance(&stranger, name, &image.id).await.unwrap();
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    let root = image.disks[0].digest.unwrap();
    let root = store::ChunkId::from_bytes(root.0);
    assert!(north.disk_frames(&stranger, &snapshot, vec![root]).await.is_ok(), "R001-7: export");
    let gone = refused(north.snapshot(&stranger, &snapshot).await);
    assert!(matches!(gone, Rejection::SnapshotNotFound { .. }), "the snapshot stays its owner's");

    let with = vec![stranger.account.clone()];
    let left = north.unshare_image(&world.caller, &image.id, with.clone()).await.unwrap();
    assert!(left.is_empty());
    assert!(north.unshare_image(&world.caller, &image.id, with).await.unwrap().is_empty());
    assert_eq!(refused(north.image(&stranger, &image.id).await), absent);
    assert!(listed(&world, &stranger, Some(ImageKind::Shared)).await.is_empty());
    let read = refused(north.disk_frames(&stranger, &snapshot, vec![root]).await.map(|_| ()));
    assert!(matches!(read, Rejection::SnapshotNotFound { .. }));
    // What uses it already stays, and counts against its deletion, whoever it is.
    assert_eq!(north.instance(&stranger, &instance.id).await.unwrap().image, image.id);
    let delete = north.delete_image(&world.caller, &image.id, Force::No, SnapshotsOfImage::Keep);
    let in_use = Rejection::ImageInUse { image: image.id.clone(), instances: 2 };
    assert_eq!(refused(delete.await), in_use);
    world.check_world().await;
}

#[tokio::test]
async fn r001_8_a_shared_image_can_be_used_and_not_changed() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let image = image(&world).await;
    share(&world, &image.id).await;
    let id = &image.id;
    let not_yours = Rejection::ImageNotYours { image: id.clone(), kind: ImageKind::Shared };
    let edit = EditImage { name: Some(Name::new("mine").unwrap()), ..EditImage::default() };
    let somebody = vec![AccountId::from_random(|| 5)];
    let answers = [
        refused(north.edit_image(&stranger, id, edit).await),
        refused(north.delete_image(&stranger, id, Force::Yes, SnapshotsOfImage::Delete).await),
        refused(north.cancel_image(&stranger, id).await),
        refused(north.share_image(&stranger, id, vec![world.caller.account.clone()]).await),
        refused(north.unshare_image(&stranger, id, somebody).await),
        refused(north.shares(&stranger, id).await),
        refused(north.publish_image(&stranger, id, Offer::Public).await),
        refused(north.unpublish_image(&stranger, id).await),
        refused(north.verify_image(&stranger, id).await),
    ];
    for (place, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, not_yours, "command {place}");
    }
    let still = north.image(&world.caller, id).await.unwrap();
    assert_eq!((still.name, still.kind), (image.name, ImageKind::Custom));
    assert_eq!(north.shares(&world.caller, id).await.unwrap().len(), 1);
    world.check_world().await;
}

/// R001-2, R003-1, R004-2: each kind has its own rejection, for its owner too where it has one, and nothing is made.
#[tokio::test]
async fn r001_2_r003_1_r004_2_only_custom_images_are_copied() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let [shared, public, market] =
        [image(&world).await, image(&world).await, image(&world).await].map(|image| image.id);
    share(&world, &shared).await;
    north.publish_image(&world.caller, &public, Offer::Public).await.unwrap();
    north.publish_image(&world.caller, &market, Offer::Marketplace).await.unwrap();
    let cases = [
        (&stranger, Rejection::SharedNotCopied { image: shared.clone() }, &shared),
        (&stranger, Rejection::PublicNotCopied { image: public.clone() }, &public),
        (&world.caller, Rejection::PublicNotCopied { image: public.clone() }, &public),
        (&stranger, Rejection::MarketplaceNotCopied { image: market.clone() }, &market),
        (&world.caller, Rejection::MarketplaceNotCopied { image: market.clone() }, &market),
    ];
    for (caller, wanted, image) in cases {
        assert_eq!(refused(north.copy_image(caller, copy_of(image)).await), wanted);
        assert_eq!(refused(north.estimate_copy(caller, copy_of(image)).await), wanted);
    }
    for caller in [&world.caller, &stranger] {
        let all = ImageQuery { limit: 10, ..ImageQuery::default() };
        assert!(world.region("south").images(caller, all).await.unwrap().items.is_empty());
    }
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
    // Its owner copies the shared one, and the share list stays behind.
    let copy = world.copy("north", &shared, "south").await.unwrap();
    world.run_until_idle().await;
    let south = world.region("south");
    assert!(south.shares(&world.caller, &copy.image).await.unwrap().is_empty());
    let unseen = refused(south.image(&stranger, &copy.image).await);
    assert!(matches!(unseen, Rejection::ImageNotFound { .. }));
    world.check_world().await;
}

#[tokio::test]
async fn r001_2_an_operator_publishes_an_image_for_every_account_and_takes_it_back() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let image = image(&world).await;
    let owner = Caller { role: Role::Owner, ..world.caller.clone() };
    let not_allowed = Rejection::NotAllowed { role: Role::Owner, act: Act::Operate };
    assert_eq!(refused(north.publish_image(&owner, &image.id, Offer::Public).await), not_allowed);
    let public = north.publish_image(&world.caller, &image.id, Offer::Public).await.unwrap();
    assert_eq!(public.kind, ImageKind::Public);
    north.publish_image(&world.caller, &image.id, Offer::Public).await.unwrap();
    let is_public = Rejection::ImagePublished { image: image.id.clone(), kind: ImageKind::Public };
    let other = north.publish_image(&world.caller, &image.id, Offer::Marketplace).await;
    assert_eq!(refused(other), is_public);
    let with = vec![stranger.account.clone()];
    assert_eq!(refused(north.share_image(&world.caller, &image.id, with).await), is_public);
    assert_eq!(north.image(&stranger, &image.id).await.unwrap().kind, ImageKind::Public);
    assert_eq!(
        listed(&world, &stranger, Some(ImageKind::Public)).await,
        std::slice::from_ref(&image.id)
    );
    assert!(listed(&world, &stranger, Some(ImageKind::Marketplace)).await.is_empty());
    assert_eq!(
        listed(&world, &owner, None).await,
        std::slice::from_ref(&image.id),
        "its owner's still"
    );
    let name = Name::new("theirs").unwrap();
    let instance = north.create_instance(&stranger, name, &image.id).await.unwrap();
    let delete = north.delete_image(&world.caller, &image.id, Force::No, SnapshotsOfImage::Delete);
    assert_eq!(refused(delete.await), is_public);

    let back = north.unpublish_image(&world.caller, &image.id).await.unwrap();
    assert_eq!(back.kind, ImageKind::Custom);
    north.unpublish_image(&world.caller, &image.id).await.unwrap();
    let gone = refused(north.image(&stranger, &image.id).await);
    assert!(matches!(gone, Rejection::ImageNotFound { .. }));
    north.delete_instance(&stranger, &instance.id).await.unwrap();
    world.check_world().await;
}

#[tokio::test]
async fn r001_8_a_shared_image_is_deleted_by_force_and_its_shares_go_with_it() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let image = image(&world).await;
    share(&world, &image.id).await;
    let is_shared = Rejection::ImageIsShared { image: image.id.clone(), accounts: 1 };
    let publish = north.publish_image(&world.caller, &image.id, Offer::Public).await;
    assert_eq!(refused(publish), is_shared);
    let delete =
        |force| north.delete_image(&world.caller, &image.id, force, SnapshotsOfImage::Delete);
    assert_eq!(refused(delete(Force::No).await), is_shared);
    delete(Force::Yes).await.unwrap();
    assert!(listed(&world, &stranger, Some(ImageKind::Shared)).await.is_empty());
    world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn r001_8_an_image_is_shared_with_accounts_that_are_there_and_not_with_too_many() {
    let world = World::with_regions(["north", "south"]).await;
    let north = world.region("north");
    let image = image(&world).await;
    let accounts: Vec<AccountId> = (0..51_u8)
        .map(|n| {
            let mut first = Some(n % 36);
            AccountId::from_random(move || first.take().unwrap_or(n / 36 + 20))
        })
        .collect();
    let share =
        |accounts: &[AccountId]| north.share_image(&world.caller, &image.id, accounts.to_vec());
    let unknown =
        Rejection::Account(AccountRejection::AccountNotFound { account: accounts[0].clone() });
    assert_eq!(refused(share(&accounts[..1]).await), unknown);
    let mut tx = world.deployment.accounts.catalog.begin().await.unwrap();
    for (n, id) in accounts.iter().enumerate() {
        let (id, name) = (id.clone(), Name::new(&format!("a{n}")).unwrap());
        let (number, state) = (tx.free_account_number(&id).await.unwrap(), Admittance::Active);
        let row = AccountRow { id, name, number, state, created: Timestamp(1) };
        assert_eq!(tx.insert_account(&row).await.unwrap(), catalog::Inserted::Yes);
    }
    tx.commit().await.unwrap();
    assert_eq!(refused(share(&accounts).await), Rejection::TooManyShares { limit: 50 });
    assert!(north.shares(&world.caller, &image.id).await.unwrap().is_empty(), "all or none");
    assert_eq!(share(&accounts[..50]).await.unwrap().len(), 50);
    assert_eq!(refused(share(&accounts[50..]).await), Rejection::TooManyShares { limit: 50 });
    let myself = [world.caller.account.clone()];
    let with_self = Rejection::SharedWithSelf { image: image.id.clone() };
    assert_eq!(refused(share(&myself).await), with_self);
    assert!(matches!(refused(share(&[]).await), Rejection::InvalidField { .. }));
    world.check_world().await;
}

#[tokio::test]
async fn r004_8_an_encrypted_image_is_neither_shared_nor_published() {
    let world = World::with_regions(["north", "south"]).await;
    let image = image(&world).await;
    let command = CopyImage { sealing: Sealing::DefaultKey, ..copy_of(&image.id) };
    let mut answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
    let copy = answers.remove(0).answer.unwrap().image;
    world.run_until_idle().await;
    let (south, with) = (world.region("south"), vec![world.stranger().account]);
    let sealed = Rejection::EncryptedNotShared { image: copy.clone() };
    assert_eq!(refused(south.share_image(&world.caller, &copy, with).await), sealed);
    let publish = south.publish_image(&world.caller, &copy, Offer::Public).await;
    assert_eq!(refused(publish), sealed);
    world.check_world().await;
}

/// R000-12, R001-7, R003-9: used by instances and exported, in no other state.
#[tokio::test]
async fn r000_12_r001_7_r003_9_only_available_images_that_one_sees_are_used() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, stranger) = (world.region("north"), world.stranger());
    let name = || Name::new("vm").unwrap();
    let coming = world.begin_import("north", "coming", &[vec![0; 512]]).await.unwrap().id;
    let wanted = Rejection::ImageNotAvailable {
        image: coming.clone(),
        status: model::ImageStatus::Creating,
    };
    let with = vec![stranger.account.clone()];
    assert_eq!(refused(north.create_instance(&world.caller, name(), &coming).await), wanted);
    assert_eq!(refused(north.share_image(&world.caller, &coming, with).await), wanted);
    let publish = north.publish_image(&world.caller, &coming, Offer::Marketplace).await;
    assert_eq!(refused(publish), wanted);

    let (own, foreign) = (image(&world).await.id, image(&world).await.id);
    share(&world, &own).await;
    let instance = north.create_instance(&stranger, name(), &own).await.unwrap().id;
    let absent = Rejection::ImageNotFound { image: foreign.clone(), region: region_id("north") };
    assert_eq!(refused(north.create_instance(&stranger, name(), &foreign).await), absent);
    let change = north.change_instance_disk(&stranger, &instance, &foreign).await;
    assert_eq!(refused(change), absent);
    north.publish_image(&world.caller, &foreign, Offer::Marketplace).await.unwrap();
    let changed = north.change_instance_disk(&stranger, &instance, &foreign).await.unwrap();
    assert_eq!(changed.image, foreign);
    north.cancel_image(&world.caller, &coming).await.unwrap();
    world.check_world().await;
}

/// R001-8, as its seed tells it: the image is copied, and the copy is shared where it is.
#[tokio::test]
async fn r001_8_a_copy_is_shared_in_its_own_region() {
    let world = World::with_regions(["north", "south"]).await;
    let (south, stranger) = (world.region("south"), world.stranger());
    let source = image(&world).await.id;
    let copy = world.copy("north", &source, "south").await.unwrap().image;
    world.run_until_idle().await;
    let with = vec![stranger.account.clone()];
    south.share_image(&world.caller, &copy, with.clone()).await.unwrap();
    let shared = || ImageQuery { kind: Some(ImageKind::Shared), limit: 9, ..ImageQuery::default() };
    let theirs = south.images(&stranger, shared()).await.unwrap().items;
    assert_eq!(theirs.len(), 1);
    assert_eq!((&theirs[0].id, theirs[0].kind), (&copy, ImageKind::Shared));
    assert!(theirs[0].origin.is_none(), "where it was copied from is its owner's to know");
    assert!(
        listed(&world, &stranger, Some(ImageKind::Shared)).await.is_empty(),
        "not in the source"
    );
    south.unshare_image(&world.caller, &copy, with).await.unwrap();
    assert!(south.images(&stranger, shared()).await.unwrap().items.is_empty());
    world.check_world().await;
}

#[tokio::test]
async fn r001_7_the_image_of_a_cancelled_copy_is_not_used() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let name = || Name::new("vm").unwrap();
    let (source, other) = (image(&world).await.id, image(&world).await.id);
    let used = world.copy("north", &other, "south").await.unwrap().image;
    world.run_until_idle().await;
    let instance = south.create_instance(&world.caller, name(), &used).await.unwrap().id;
    let copy = world.copy("north", &source, "south").await.unwrap().image;
    let status = model::ImageStatus::Creating;
    let coming = Rejection::ImageNotAvailable { image: copy.clone(), status };
    assert_eq!(refused(south.create_instance(&world.caller, name(), &copy).await), coming);
    south.cancel_image(&world.caller, &copy).await.unwrap();
    world.run_until_idle().await;
    let gone = Rejection::ImageNotFound { image: copy.clone(), region: region_id("south") };
    assert_eq!(refused(south.create_instance(&world.caller, name(), &copy).await), gone);
    let change = south.change_instance_disk(&world.caller, &instance, &copy).await;
    assert_eq!(refused(change), gone);
    assert_eq!(south.instance(&world.caller, &instance).await.unwrap().image, used);
    world.check_world().await;
}

/// R001-2: an image that is being published while copies of it are asked for is copied or published, never both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r001_2_publishing_and_copying_race_and_one_wins() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = Arc::new(World::with_options(&["north", "south"], options).await);
    let image = image(&world).await.id;
    let (mut published, mut copied) = (0, 0);
    for round in 0..300_u32 {
        let tasks = [0, 1, 2].map(|task| {
            let (world, image) = (Arc::clone(&world), image.clone());
            tokio::spawn(async move {
                if (task + round) % 3 == 0 {
                    tokio::task::yield_now().await;
                }
                let north = world.region("north");
                match task {
                    0 => {
                        north.publish_image(&world.caller, &image, Offer::Public).await.map(|_| ())
                    }
                    1 => {
                        let with = vec![world.stranger().account];
                        north.share_image(&world.caller, &image, with).await.map(|_| ())
                    }
                    _ => world.copy("north", &image, "south").await.map(|_| ()),
                }
            })
        });
        let [publish, share, copy] = futures::future::join_all(tasks)
            .await
            .into_iter()
            .map(|ended| ended.unwrap())
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        match (&publish, &share, &copy) {
            (Ok(()), Err(_), Err(_)) => published += 1,
            (Err(_), _, Ok(())) => copied += 1,
            (Err(_), Ok(()), Err(_)) => panic!("nothing keeps the owner from copying"),
            other => panic!("round {round}: {other:?}"),
        }
        world.check_world().await;
        let north = world.region("north");
        if copy.is_ok() {
            let all = ImageQuery { limit: 10, ..ImageQuery::default() };
            for image in world.region("south").images(&world.caller, all).await.unwrap().items {
                world.region("south").cancel_image(&world.caller, &image.id).await.unwrap();
            }
            world.run_until_idle().await;
        }
        north.unpublish_image(&world.caller, &image).await.unwrap();
        let with = vec![world.stranger().account];
        north.unshare_image(&world.caller, &image, with).await.unwrap();
    }
    assert!(published > 0 && copied > 0, "no race: {published} published, {copied} copied");
}
