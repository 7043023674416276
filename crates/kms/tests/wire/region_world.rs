//! A region whose keys a real key service keeps: copies into it are sealed, wait when the key is off, and go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use kms::{AwsKeyRing, AwsKeys};
use model::{
    EncryptionKeyId, EncryptionKeyRejection, ImageStatus, KeyState, Phase, Profile, Rejection,
    Sealing,
};
use region::testing::{World, WorldOptions, disk, region_id};
use region::{Accepted, CopyImage, KeyRing, Refused};

use super::python::{self, Moto};
use super::{account, client, key, options};

async fn world(moto: &Moto, id: &EncryptionKeyId) -> World {
    let ring = AwsKeyRing {
        kms: client(&options(&moto.endpoint)),
        keys: AwsKeys::new(vec![(account(9), id.clone())]),
        region: region_id("south"),
    };
    let ring: Arc<dyn KeyRing> = Arc::new(ring);
    let key_rings = BTreeMap::from([(region_id("south"), ring)]);
    let options = WorldOptions { key_rings, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    assert_eq!(world.caller.account, account(9));
    world
}

async fn copy(
    world: &World,
    image: &model::ImageId,
    sealing: Sealing,
) -> Result<Accepted, Refused> {
    let command = CopyImage {
        image: image.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        particulars: model::Particulars::default(),
        sealing,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let mut answers = world.region("north").copy_image(&world.caller, command).await.unwrap();
    answers.remove(0).answer
}

/// R004-8, api-16: the service's key seals, its absence is told by name, its disabling stops, its return lets go on.
#[tokio::test]
async fn r004_8_copies_are_sealed_with_a_key_that_a_key_service_keeps() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let id = key(&moto.new_key("us-east-1", "{}").await);
    let other = key(&moto.new_key("us-east-1", "{}").await);
    let mut world = world(&moto, &id).await;
    let contents = disk(4, 6, Some);
    let image = world.import("north", "web", std::slice::from_ref(&contents)).await;

    let absent = copy(&world, &image.id, Sealing::Key(other.clone())).await;
    assert!(matches!(absent, Err(Refused::Rejected(Rejection::EncryptionKeyNotFound { .. }))));
    let first = copy(&world, &image.id, Sealing::DefaultKey).await.unwrap();
    world.run_until_idle().await;
    let there = world.region("south").image(&world.caller, &first.image).await.unwrap();
    assert_eq!((there.status, there.encryption_key.as_ref()), (ImageStatus::Available, Some(&id)));
    assert!(world.read_disk("south", &first.image, 0).await == contents);

    // Ferry manages no key of the service.
    let made = world.region("south").create_encryption_key(&world.caller).await;
    assert!(matches!(
        made,
        Err(Refused::Rejected(Rejection::EncryptionKey(
            EncryptionKeyRejection::KeysElsewhere { .. }
        )))
    ));

    let second = copy(&world, &image.id, Sealing::Key(id.clone())).await.unwrap();
    let body = format!(r#"{{"KeyId":"{id}"}}"#);
    moto.administer("us-east-1", "TrentService.DisableKey", &body).await;
    // An answer of the service holds for a minute; a restart asks anew.
    world.restart().await;
    world.run_until_idle().await;
    let waiting = world.region("south").copy(&world.caller, &second.copy).await.unwrap();
    assert_eq!(waiting.phase, Phase::Waiting);
    assert!(waiting.reason.unwrap().contains("disabled"));
    let closed = world.region("south").verify_image(&world.caller, &first.image).await;
    assert!(matches!(
        closed,
        Err(Refused::Rejected(Rejection::KeyUnusable { state: KeyState::Disabled, .. }))
    ));

    moto.administer("us-east-1", "TrentService.EnableKey", &body).await;
    world.clock.advance_ms(120_000);
    world.run_until_idle().await;
    assert!(world.read_disk("south", &second.image, 0).await == contents);
    world.check_world().await;
}
