//! Copies under an encryption key (R004-8), and copies whose key is not usable (api-15, api-16).

use model::EncryptionKeyId;
use model::rules::{LoseImages, WaitingDays};
use serde_json::json;

use crate::door::{Answer, Door, HERE, THERE};

const DAY_MS: i64 = 86_400_000;

async fn new_key(door: &Door) -> EncryptionKeyId {
    let there = door.world.region(THERE);
    there.create_encryption_key(&door.world.caller).await.unwrap().id
}

async fn ask(door: &Door, image: &str, to: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("RegionId", HERE), ("ImageId", image), ("DestinationRegionId", to)];
    parameters.extend(more);
    door.ask("CopyImage", &parameters).await
}

fn id_of(answer: Answer) -> String {
    answer.ok()["ImageId"].as_str().unwrap().to_owned()
}

/// A copy that failed for good: its key was deleted before it began.
pub async fn failed_copy(door: &Door) -> String {
    let key = new_key(door).await;
    let source = door.image(HERE, "failing").await;
    let sealed = [("Encrypted", "true"), ("KMSKeyId", key.as_str())];
    let target = id_of(ask(door, &source, THERE, &sealed).await);
    let (there, caller) = (door.world.region(THERE), &door.world.caller);
    let days = WaitingDays::new(7).unwrap();
    there.schedule_key_deletion(caller, &key, days, LoseImages::Yes).await.unwrap();
    door.world.clock.advance_ms(7 * DAY_MS);
    there.delete_doomed_keys().await.unwrap();
    door.world.run_until_idle().await;
    target
}

/// R004-8: encrypted under the key that was named, under the account's own where none was, and shown as such.
#[tokio::test]
async fn r004_8_copies_are_encrypted_under_the_key_that_was_named() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let key = new_key(&door).await;
    let sealed = [("Encrypted", "True"), ("KMSKeyId", key.as_str())];
    let named = id_of(ask(&door, &source, THERE, &sealed).await);
    door.world.run_until_idle().await;
    let usual = id_of(ask(&door, &source, THERE, &[("Encrypted", "true")]).await);
    door.world.run_until_idle().await;
    let there = door.world.region(THERE);
    for (image, under) in [(&named, Some(&key)), (&usual, None)] {
        let shown = &door.images(THERE, &[("ImageId", image)]).await[0];
        assert_eq!(shown["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Encrypted"], true);
        let view = there.image(&door.world.caller, &crate::door::ours(image)).await.unwrap();
        let sealed_with = view.encryption_key.unwrap();
        assert!(under.is_none_or(|key| *key == sealed_with));
        let bytes = door.world.read_disk(THERE, &view.id, 0).await;
        assert!(bytes == door.world.read_disk(HERE, &crate::door::ours(&source), 0).await);
    }
    let plain = &door.images(HERE, &[]).await[0];
    assert_eq!(plain["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Encrypted"], false);
}

/// R004-8, api-16: a disabled key, an absent one, one without `Encrypted`: each refused by name, nothing made.
#[tokio::test]
async fn r004_8_a_key_that_is_not_usable_is_refused_by_name() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let key = new_key(&door).await;
    let there = door.world.region(THERE);
    there.disable_encryption_key(&door.world.caller, &key).await.unwrap();
    let sealed = [("Encrypted", "true"), ("KMSKeyId", key.as_str())];
    let answer = ask(&door, &source, THERE, &sealed).await;
    answer.refused(403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
    for absent in ["key-zzzzzzzzzzzzzzzzzzzz", "no key at all"] {
        let sealed = [("Encrypted", "true"), ("KMSKeyId", absent)];
        let answer = ask(&door, &source, THERE, &sealed).await;
        answer.refused(404, "InvalidParameter.KMSKeyId.NotFound");
    }
    for encrypted in ["false", ""] {
        let odd = [("Encrypted", encrypted), ("KMSKeyId", key.as_str())];
        let answer = ask(&door, &source, THERE, &odd).await;
        answer.refused(400, "InvalidEncrypted.NotMatchKmsKeyId");
    }
    door.world.assert_clean_slate(THERE).await;
    there.enable_encryption_key(&door.world.caller, &key).await.unwrap();
    ask(&door, &source, THERE, &sealed).await.ok();
}

/// api-15: what is encrypted stays so; where nothing is said, its copy is encrypted too. Terraform says `false` always.
#[tokio::test]
async fn api_15_an_encrypted_image_is_not_made_plain() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    // Within one region: for a key, and for nothing else.
    let words = ask(&door, &source, HERE, &[]).await.refused(403, "IncorrectDestinationRegion");
    assert_eq!(words, "The destination region is not equal the target region.");
    let here = [("RegionId", HERE), ("ImageId", &source), ("Encrypted", "true")];
    let sealed = id_of(door.ask("CopyImage", &here).await);
    door.world.run_until_idle().await;
    assert_eq!(
        door.images(HERE, &[("ImageId", &sealed)]).await.len(),
        1,
        "no target is this region"
    );

    let answer = ask(&door, &sealed, THERE, &[("Encrypted", "false")]).await;
    answer.refused(403, "OperationDeined.EncryptedSnapshot");
    assert!(door.images(THERE, &[("Status", "ALL")]).await.is_empty());
    let copy = id_of(ask(&door, &sealed, THERE, &[]).await);
    door.world.run_until_idle().await;
    let shown = &door.images(THERE, &[("ImageId", &copy)]).await[0];
    assert_eq!(shown["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Encrypted"], json!(true));

    let stranger = door.number(&door.world.stranger()).await;
    let share = [("RegionId", THERE), ("ImageId", &copy), ("AddAccount.1", &stranger)];
    let answer = door.ask("ModifyImageSharePermission", &share).await;
    answer.refused(403, "OperationDeined.EncryptedSnapshot");
}
