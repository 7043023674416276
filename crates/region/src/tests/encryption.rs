//! R004-8: encrypting on copy, keys that come and go, and nothing of it in the clear.

use std::path::Path;

use model::rules::{LoseImages, WaitingDays};
use model::{
    Cause, EncryptionKeyId, EncryptionKeyRejection, ImageId, ImageStatus, KeyState, Phase, Profile,
    Rejection, Sealing,
};

use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::{CopyImage, SnapshotsOfImage};
use crate::peer::Accepted;
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};

const MARKER: &[u8] = b"THIS-IS-PLAINTEXT-AND-MUST-NOT-LEAK";

/// A disk of three chunks with markers in them; the second is zero.
fn marked() -> Vec<u8> {
    let mut bytes = disk(3, 4, |chunk| (chunk != 1).then_some(chunk));
    for start in [100, 200_000, 262_144 - MARKER.len()] {
        bytes[start..start + MARKER.len()].copy_from_slice(MARKER);
    }
    bytes
}

async fn seal(
    world: &World,
    (source, image): (&str, &ImageId),
    target: &str,
    sealing: Sealing,
) -> Result<Accepted, Refused> {
    let command = CopyImage {
        particulars: model::Particulars::default(),
        image: image.clone(),
        targets: vec![region_id(target)],
        name: None,
        description: None,
        tags: None,
        sealing,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let mut answers = world.region(source).copy_image(&world.caller, command).await?;
    answers.remove(0).answer
}

async fn new_key(world: &World, region: &str) -> EncryptionKeyId {
    world.region(region).create_encryption_key(&world.caller).await.unwrap().id
}

fn files_with(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|part| part == needle) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// R004-8, I13: what is stored in the target is ciphertext under the key, and reads back as the source.
#[tokio::test]
async fn r004_8_a_copy_that_encrypts_reads_the_same_and_leaves_no_plaintext() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[marked()]).await;
    let key = new_key(&world, "south").await;
    let copy =
        seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await.unwrap();
    world.run_until_idle().await;

    let view = world.region("south").image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((view.status, view.encryption_key.as_ref()), (ImageStatus::Available, Some(&key)));
    assert_ne!(view.disks[0].digest, image.disks[0].digest, "sealed chunks have keyed names");
    assert_eq!(world.read_disk("south", &copy.image, 0).await, marked());
    let verified = world.region("south").verify_image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((verified.damaged, verified.chunks), (0, 3));

    world.region("south").sweep().await.unwrap();
    assert_eq!(files_with(&world.folder("south"), MARKER), Vec::<String>::new());
    // I13: nor does any key lie there, or with the accounts.
    let inner = &world.region("south").inner;
    let account = &world.caller.account;
    let domain = model::DomainName::sealed(account, &key);
    let wrapped = inner.catalog.read().await.unwrap().wrapped_data_key(&domain).await.unwrap();
    let data_key = inner.key_ring.unwrap(account, &key, &wrapped.unwrap()).await.unwrap();
    let id_key = inner.accounts.id_key(account).await.unwrap();
    for secret in [&data_key.bytes()[..], &id_key.bytes()[..], &inner.accounts.master.0[..]] {
        assert_eq!(files_with(&world.folder(""), secret), Vec::<String>::new());
    }
    // The search finds what is there: the source is plain.
    assert!(!files_with(&world.folder("north"), MARKER).is_empty());
    world.check_world().await;
}

/// R004-8: an encrypted image goes on to another key, in another region or its own, and never becomes plain (api-15).
#[tokio::test]
async fn r004_8_an_encrypted_image_is_copied_to_another_key_and_never_made_plain() {
    let world = World::with_regions(["north", "south", "east"]).await;
    let image = world.import("north", "web", &[marked()]).await;
    let (one, two) = (new_key(&world, "south").await, new_key(&world, "south").await);
    let first = seal(&world, ("north", &image.id), "south", Sealing::Key(one)).await.unwrap();
    world.run_until_idle().await;

    let within =
        seal(&world, ("south", &first.image), "south", Sealing::Key(two.clone())).await.unwrap();
    let onwards = seal(&world, ("south", &first.image), "east", Sealing::AsSource).await.unwrap();
    world.run_until_idle().await;
    for (region, image) in [("south", &within.image), ("east", &onwards.image)] {
        let view = world.region(region).image(&world.caller, image).await.unwrap();
        assert_eq!(view.status, ImageStatus::Available, "{region}");
        assert!(view.encryption_key.is_some());
        assert_eq!(world.read_disk(region, image, 0).await, marked());
        assert_eq!(files_with(&world.folder(region), MARKER), Vec::<String>::new());
    }
    // The account's default key was made in `east` when it was needed.
    let keys = world.region("east").encryption_keys(&world.caller).await.unwrap();
    assert!(keys.len() == 1 && keys[0].is_default && keys[0].images == 1);

    let plain = seal(&world, ("south", &first.image), "north", Sealing::Plain).await;
    assert!(
        matches!(plain, Err(Refused::Rejected(Rejection::NotToPlain { .. }))),
        "api-15: {plain:?}"
    );
    let same = seal(&world, ("south", &within.image), "south", Sealing::Key(two)).await;
    assert!(matches!(same, Err(Refused::Rejected(Rejection::SameRegion { .. }))), "{same:?}");
    world.check_world().await;
}

/// Promise 3: chunks that the sealed domain holds do not cross again, whichever region they come from.
#[tokio::test]
async fn r004_8_a_second_encrypted_copy_sends_only_what_is_new() {
    let world = World::with_regions(["north", "south", "east"]).await;
    let image = world.import("north", "web", &[disk(3, 40, Some)]).await;
    let key = new_key(&world, "south").await;
    let sealed = || Sealing::Key(key.clone());
    let first = seal(&world, ("north", &image.id), "south", sealed()).await.unwrap();
    world.run_until_idle().await;
    let changed = disk(3, 40, |chunk| Some(if chunk == 7 { 1_000 } else { chunk }));
    let newer = world.import("north", "web-2", std::slice::from_ref(&changed)).await;
    let second = seal(&world, ("north", &newer.id), "south", sealed()).await.unwrap();
    world.run_until_idle().await;
    let sent = |copy: Accepted| {
        let south = world.region("south");
        let caller = world.caller.clone();
        async move { south.copy(&caller, &copy.copy).await.unwrap().bytes_sent }
    };
    let image = second.image.clone();
    let (whole, one) = (sent(first).await, sent(second).await);
    assert!(one * 10 < whole, "{one} bytes for one chunk of 40, after {whole}");
    assert_eq!(world.read_disk("south", &image, 0).await, changed);
    world.check_world().await;
}

/// api-16: a key that is absent, another account's, or disabled is refused by name; mid-copy the copy waits and goes on.
#[tokio::test]
async fn r004_8_a_disabled_key_makes_the_copy_wait_and_go_on_when_it_is_back() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let image = world.import("north", "web", &[marked()]).await;
    let absent = EncryptionKeyId::from_random(|| 9);
    let foreign = south.create_encryption_key(&world.stranger()).await.unwrap().id;
    for key in [absent, foreign] {
        let refused = seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await;
        let region = region_id("south");
        let wanted = Rejection::EncryptionKeyNotFound { key, region };
        assert!(matches!(refused, Err(Refused::Rejected(rejection)) if rejection == wanted));
    }
    let key = new_key(&world, "south").await;
    let copy =
        seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await.unwrap();
    south.disable_encryption_key(&world.caller, &key).await.unwrap();
    let again = seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await;
    assert!(matches!(
        again,
        Err(Refused::Rejected(Rejection::KeyUnusable { state: KeyState::Disabled, .. }))
    ));
    world.run_until_idle().await;
    let waiting = south.copy(&world.caller, &copy.copy).await.unwrap();
    assert_eq!(waiting.phase, Phase::Waiting);
    let reason = waiting.reason.unwrap();
    assert!(reason.contains("disabled") && reason.contains(key.as_str()), "{reason}");
    world.check_world().await;

    south.enable_encryption_key(&world.caller, &key).await.unwrap();
    world.run_until_idle().await;
    assert_eq!(world.read_disk("south", &copy.image, 0).await, marked());

    // A disabled key also closes what it sealed: nothing reads it, nothing copies it, nothing is lost.
    south.disable_encryption_key(&world.caller, &key).await.unwrap();
    let verify = south.verify_image(&world.caller, &copy.image).await;
    assert!(matches!(verify, Err(Refused::Rejected(Rejection::KeyUnusable { .. }))));
    let onwards = seal(&world, ("south", &copy.image), "north", Sealing::AsSource).await;
    assert!(matches!(onwards, Err(Refused::Rejected(Rejection::KeyUnusable { .. }))));
    south.sweep().await.unwrap();
    south.enable_encryption_key(&world.caller, &key).await.unwrap();
    assert_eq!(world.read_disk("south", &copy.image, 0).await, marked());
    world.check_world().await;
}

/// Deleting a key says first what is lost, waits, and then makes its images unreadable for good.
#[tokio::test]
async fn r004_8_a_deleted_key_takes_its_images_with_it_after_its_waiting_time() {
    let mut world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let image = world.import("north", "web", &[marked()]).await;
    let key = new_key(&world, "south").await;
    let copy =
        seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await.unwrap();
    world.run_until_idle().await;

    let days = WaitingDays::new(7).unwrap();
    let told = south.schedule_key_deletion(&world.caller, &key, days, LoseImages::No).await;
    assert!(matches!(
        told,
        Err(Refused::Rejected(Rejection::EncryptionKey(EncryptionKeyRejection::KeyInUse {
            images: 1,
            snapshots: 1,
            ..
        })))
    ));
    let doomed =
        south.schedule_key_deletion(&world.caller, &key, days, LoseImages::Yes).await.unwrap();
    assert_eq!(doomed.state, KeyState::PendingDeletion);
    world.clock.advance_ms(7 * 86_400_000 - 1);
    assert_eq!(south.delete_doomed_keys().await.unwrap(), 0);
    // Taken back in time, it opens again.
    south.enable_encryption_key(&world.caller, &key).await.unwrap();
    assert_eq!(world.read_disk("south", &copy.image, 0).await, marked());
    south.schedule_key_deletion(&world.caller, &key, days, LoseImages::Yes).await.unwrap();
    world.clock.advance_ms(7 * 86_400_000);
    assert_eq!(south.delete_doomed_keys().await.unwrap(), 1);

    drop(south);
    world.restart().await;
    let south = world.region("south");
    let gone = south.encryption_key(&world.caller, &key).await.unwrap();
    assert_eq!((gone.state, gone.versions), (KeyState::Deleted, 0));
    for answer in [
        south.verify_image(&world.caller, &copy.image).await.map(drop),
        south.enable_encryption_key(&world.caller, &key).await.map(drop),
    ] {
        assert!(
            matches!(
                answer,
                Err(Refused::Rejected(Rejection::KeyUnusable { state: KeyState::Deleted, .. }))
            ),
            "{answer:?}"
        );
    }
    // The image can still be deleted, and its chunks go although nobody can read what they are.
    south.sweep().await.unwrap();
    let before = south.store().usage().await.unwrap().chunks;
    assert!(before > 0);
    let force = model::rules::Force::No;
    let delete = south.delete_image(&world.caller, &copy.image, force, SnapshotsOfImage::Delete);
    delete.await.unwrap();
    south.sweep().await.unwrap();
    assert_eq!(south.store().usage().await.unwrap().chunks, 0);
    world.check_world().await;
}

/// A copy whose key goes for good fails with that cause, and gives everything back.
#[tokio::test]
async fn r004_8_a_copy_whose_key_is_deleted_fails_by_name() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let image = world.import("north", "web", &[marked()]).await;
    let key = new_key(&world, "south").await;
    let copy =
        seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await.unwrap();
    let days = WaitingDays::new(7).unwrap();
    south.schedule_key_deletion(&world.caller, &key, days, LoseImages::Yes).await.unwrap();
    world.clock.advance_ms(7 * 86_400_000);
    south.delete_doomed_keys().await.unwrap();
    world.run_until_idle().await;
    let view = south.image(&world.caller, &copy.image).await.unwrap();
    assert_eq!((view.status, view.failure), (ImageStatus::CreateFailed, Some(Cause::KeyGone)));
    world.assert_clean_slate("south").await;
    world.assert_clean_slate("north").await;
}

/// Rotating changes what new data keys are wrapped with; what was sealed before stays readable, also after a restart.
#[tokio::test]
async fn r004_8_a_rotated_key_still_opens_what_it_sealed() {
    let mut world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[marked()]).await;
    let key = new_key(&world, "south").await;
    let copy =
        seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await.unwrap();
    world.run_until_idle().await;
    let rotated = world.region("south").rotate_encryption_key(&world.caller, &key).await.unwrap();
    assert_eq!(rotated.versions, 2);
    world.restart().await;
    assert_eq!(world.read_disk("south", &copy.image, 0).await, marked());
    world.check_world().await;
}

/// An encrypting copy that is broken off goes on with what is missing; the sweep in between takes nothing of it.
#[tokio::test]
async fn r004_8_a_sweep_takes_nothing_of_an_encrypting_copy() {
    let mut world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(9, 64, Some)]).await;
    let key = new_key(&world, "south").await;
    let copy =
        seal(&world, ("north", &image.id), "south", Sealing::Key(key.clone())).await.unwrap();
    let south = world.region("south");
    // The copy is held, and a part of it is here.
    let cut = Unreliable::new(world.region("north"), |call, number| match call {
        Call::Fetch if number > 4 => Fate::CutAfter(400_000),
        Call::Fetch | Call::Accept | Call::Hold | Call::Release | Call::Standing => Fate::Passes,
    });
    south.replace_peer(&region_id("north"), cut);
    south.run_due().await.unwrap();
    let held = south.store().usage().await.unwrap().chunks;
    assert!(held > 0, "nothing came before the cut");
    south.sweep().await.unwrap();
    assert_eq!(south.store().usage().await.unwrap().chunks, held);
    drop(south);
    world.restart().await;
    world.clock.advance_ms(120_000);
    world.run_until_idle().await;
    assert_eq!(world.read_disk("south", &copy.image, 0).await, disk(9, 64, Some));
    world.check_world().await;
}

/// Promise 4, fault 18: a token was for one sealing; with another it is refused.
#[tokio::test]
async fn a_token_is_for_one_sealing() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[marked()]).await;
    let key = new_key(&world, "south").await;
    let ask = async |sealing: Sealing| {
        let command = CopyImage {
            particulars: model::Particulars::default(),
            image: image.id.clone(),
            targets: vec![region_id("south")],
            name: None,
            description: None,
            tags: None,
            sealing,
            urgency: model::Urgency::default(),
            profile: Profile::native(),
            token: Some(model::ClientToken::new("one").unwrap()),
        };
        let answers = world.region("north").copy_image(&world.caller, command).await?;
        answers.into_iter().next().unwrap().answer
    };
    let first = ask(Sealing::Key(key.clone())).await.unwrap();
    assert_eq!(ask(Sealing::Key(key.clone())).await.unwrap().image, first.image);
    // It was accepted: that the key is off now changes nothing of the answer.
    world.region("south").disable_encryption_key(&world.caller, &key).await.unwrap();
    assert_eq!(ask(Sealing::Key(key)).await.unwrap().image, first.image);
    for other in [Sealing::AsSource, Sealing::Plain, Sealing::DefaultKey] {
        let refused = ask(other).await;
        assert!(matches!(refused, Err(Refused::Rejected(Rejection::TokenReused))), "{refused:?}");
    }
}

/// Wrapped data keys, version 1 (`docs/formats.md` 10): each opens for its own account, key and region alone, under the version of
/// the key that wrapped it.
#[tokio::test]
async fn a_wrapped_data_key_opens_in_its_own_place_alone() {
    let world = World::with_regions(["north", "south"]).await;
    let (south, account) = (world.region("south"), &world.caller.account);
    let (key, other) = (new_key(&world, "south").await, new_key(&world, "south").await);
    let ring = &south.inner.key_ring;
    let made = ring.generate(account, &key).await.unwrap();
    assert_eq!(made.wrapped[..5], [1, 1, 0, 0, 0], "the version of the format, then the key's");
    assert_eq!(made.wrapped.len(), 5 + 1 + 12 + 32 + 16);
    south.rotate_encryption_key(&world.caller, &key).await.unwrap();
    assert_eq!(ring.generate(account, &key).await.unwrap().wrapped[..5], [1, 2, 0, 0, 0]);
    assert_eq!(ring.unwrap(account, &key, &made.wrapped).await.unwrap(), made.plain);

    assert!(ring.unwrap(account, &other, &made.wrapped).await.is_err());
    assert!(ring.unwrap(&world.stranger().account, &key, &made.wrapped).await.is_err());
    let north = &world.region("north").inner.key_ring;
    assert!(north.unwrap(account, &key, &made.wrapped).await.is_err());
    for place in 0..made.wrapped.len() {
        let mut bent = made.wrapped.clone();
        bent[place] ^= 1;
        assert!(ring.unwrap(account, &key, &bent).await.is_err(), "byte {place}");
    }
    for short in 0..made.wrapped.len() {
        assert!(ring.unwrap(account, &key, &made.wrapped[..short]).await.is_err(), "{short} bytes");
    }
}
