//! Parcel sessions of a region: the account's own disks, under a key that is on, and nobody else's.

use futures::TryStreamExt;
use model::{Profile, Sealing};
use transfer::{Matching, ParcelOrder, SessionId, WindowAsk};

use crate::commands::CopyImage;
use crate::peer::{FetchScope, IdSpace, PeerFault, PeerParcel, PeerRegion};
use crate::region::{Region, disk_root};
use crate::testing::{World, disk, region_id};

fn scope(world: &World, ids: IdSpace) -> FetchScope {
    FetchScope { account: world.caller.account.clone(), ids }
}

fn order(digest: &model::Digest, chunks: u64) -> ParcelOrder {
    let (root, wants) = (disk_root(digest), (0..chunks).collect());
    ParcelOrder { root, bases: vec![], matching: Matching::On, wants }
}

async fn first_window(region: &Region, scope: FetchScope, session: SessionId) -> Option<usize> {
    match region.parcel(scope, WindowAsk::whole(session, 0, 0)).await.unwrap() {
        PeerParcel::Window(pieces) => {
            Some(pieces.try_collect::<Vec<_>>().await.unwrap().concat().len())
        }
        PeerParcel::End | PeerParcel::Gone => None,
    }
}

/// Promise 10: a session is its account's alone, and so is what can be ordered.
#[tokio::test]
async fn parcels_are_served_to_their_own_account_alone() {
    let world = World::with_regions(["north"]).await;
    let image = world.import("north", "web", &[disk(3, 20, Some)]).await;
    let digest = image.disks[0].digest.unwrap();
    let region = world.region("north");
    let own = scope(&world, IdSpace::Plain);
    let opened = region.open_parcels(own.clone(), order(&digest, 20)).await.unwrap();
    assert!(first_window(&region, own.clone(), opened.session).await.unwrap() > 100_000);

    let foreign = FetchScope { account: world.stranger().account, ids: IdSpace::Plain };
    assert_eq!(first_window(&region, foreign.clone(), opened.session).await, None);
    let fault = region.open_parcels(foreign, order(&digest, 20)).await.unwrap_err();
    assert!(matches!(&fault, PeerFault::Failed { reason, .. } if reason.contains("not here")));
    let beyond = region.open_parcels(own.clone(), order(&digest, 21)).await.unwrap_err();
    assert!(matches!(beyond, PeerFault::Protocol { .. }), "{beyond}");
    // A stopped region serves nothing more.
    region.shut_down().await;
    assert!(region.open_parcels(own, order(&digest, 20)).await.is_err());
}

/// R004-8: what is sealed goes out while its key is on.
#[tokio::test]
async fn r004_8_a_key_that_is_switched_off_ends_its_parcel_sessions() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(3, 20, Some)]).await;
    let south = world.region("south");
    let key = south.create_encryption_key(&world.caller).await.unwrap().id;
    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.id.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        sealing: Sealing::Key(key.clone()),
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let mut answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
    let copy = answers.remove(0).answer.unwrap();
    world.run_until_idle().await;
    let digest = south.image(&world.caller, &copy.image).await.unwrap().disks[0].digest.unwrap();

    let sealed = scope(&world, IdSpace::Sealed);
    let opened = south.open_parcels(sealed.clone(), order(&digest, 20)).await.unwrap();
    assert!(first_window(&south, sealed.clone(), opened.session).await.is_some());
    let plain = scope(&world, IdSpace::Plain);
    assert_eq!(first_window(&south, plain, opened.session).await, None);
    south.disable_encryption_key(&world.caller, &key).await.unwrap();
    assert!(south.parcel(sealed.clone(), WindowAsk::whole(opened.session, 0, 0)).await.is_err());
    assert!(south.open_parcels(sealed, order(&digest, 20)).await.is_err());
}
