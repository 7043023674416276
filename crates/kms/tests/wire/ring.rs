//! The key ring that a region sees: the walls between accounts and regions, and what faults of the service mean.

use kms::{AwsKeyRing, AwsKeys};
use model::{EncryptionKeyId, KeyState, Rejection, Retry};
use region::{KeyRefused, KeyRing, KeyRingFault};

use super::double::{Act, Double, json, refusal};
use super::python::{self, Moto};
use super::{account, client, key, options};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn ring(endpoint: &str, region: &str, keys: &[(u8, &EncryptionKeyId)]) -> AwsKeyRing {
    let keys = keys.iter().map(|(number, key)| (account(*number), (*key).clone())).collect();
    AwsKeyRing {
        kms: client(&options(endpoint)),
        keys: AwsKeys::new(keys),
        region: region.parse().unwrap(),
    }
}

fn rejection(refused: KeyRefused) -> Rejection {
    match refused {
        KeyRefused::Rejected(rejection) => rejection,
        other => panic!("{other:?}"),
    }
}

/// R004-8, promise 10: one key of the service, listed for two accounts and used in two regions, opens nothing across.
#[tokio::test]
async fn a_data_key_opens_for_its_account_in_its_region_alone() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let shared = key(&moto.new_key("us-east-1", "{}").await);
    let north = ring(&moto.endpoint, "north", &[(1, &shared), (2, &shared)]);
    let south = ring(&moto.endpoint, "south", &[(1, &shared)]);

    let made = north.generate(&account(1), &shared).await.unwrap();
    assert!(!made.wrapped.windows(8).any(|part| made.plain.bytes().windows(8).any(|p| p == part)));
    let opened = north.unwrap(&account(1), &shared, &made.wrapped).await.unwrap();
    assert_eq!(opened, made.plain);
    for (ring, number) in [(&north, 2), (&south, 1)] {
        let refused = ring.unwrap(&account(number), &shared, &made.wrapped).await.unwrap_err();
        let fault = |refused| match refused {
            KeyRefused::Fault(fault) => fault,
            other => panic!("{other:?}"),
        };
        assert!(matches!(fault(refused), KeyRingFault::Unopened { .. }));
    }
    for wrapped in [&[][..], &[1; 7000]] {
        let refused = north.unwrap(&account(1), &shared, wrapped).await.unwrap_err();
        assert!(matches!(refused, KeyRefused::Fault(KeyRingFault::Unopened { .. })));
    }
}

/// Promise 10: a key of another account answers exactly as an absent one, and the service is not even asked.
#[tokio::test]
async fn a_key_that_is_not_listed_for_the_account_is_absent() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let (ours, theirs) =
        (key(&moto.new_key("us-east-1", "{}").await), key(&moto.new_key("us-east-1", "{}").await));
    let gone = key(ID); // listed, but the service has it no more
    let ring = ring(&moto.endpoint, "north", &[(1, &ours), (2, &theirs), (1, &gone)]);
    let north = || "north".parse().unwrap();

    assert_eq!(ring.state(&account(1), &ours).await.unwrap(), KeyState::Enabled);
    let made = ring.generate(&account(2), &theirs).await.unwrap();
    for wanted in [&theirs, &gone] {
        let absent = || Rejection::EncryptionKeyNotFound { key: wanted.clone(), region: north() };
        let state = ring.state(&account(1), wanted).await.unwrap_err();
        assert_eq!(rejection(state), absent());
        let new = ring.generate(&account(1), wanted).await.map(|_| ()).unwrap_err();
        assert_eq!(rejection(new), absent());
    }
    let opened = ring.unwrap(&account(1), &theirs, &made.wrapped).await.unwrap_err();
    assert!(matches!(rejection(opened), Rejection::EncryptionKeyNotFound { .. }));

    assert_eq!(ring.default_key(&account(1)).await.unwrap(), ours);
    assert_eq!(ring.default_key(&account(2)).await.unwrap(), theirs);
    let none = rejection(ring.default_key(&account(3)).await.unwrap_err());
    assert_eq!(none.to_string(), "encryption key `default` does not exist in region `north`");
}

/// api-16: the state is what the service says, whoever changes it there.
#[tokio::test]
async fn a_key_that_is_disabled_and_enabled_again_is_seen() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let id = key(&moto.new_key("us-east-1", "{}").await);
    let ring = ring(&moto.endpoint, "north", &[(1, &id)]);
    let body = format!(r#"{{"KeyId":"{id}"}}"#);
    for (action, state) in [
        ("DisableKey", KeyState::Disabled),
        ("EnableKey", KeyState::Enabled),
        ("ScheduleKeyDeletion", KeyState::PendingDeletion),
        ("CancelKeyDeletion", KeyState::Disabled),
    ] {
        moto.administer("us-east-1", &format!("TrentService.{action}"), &body).await;
        assert_eq!(ring.state(&account(1), &id).await.unwrap(), state, "{action}");
    }
}

async fn answered(act: Act) -> KeyRefused {
    let double = Double::answering([act]).await;
    let ring = ring(&double.endpoint, "north", &[(1, &key(ID))]);
    ring.unwrap(&account(1), &key(ID), &[7; 100]).await.unwrap_err()
}

#[tokio::test]
async fn each_refusal_of_the_service_has_its_meaning_for_a_region() {
    let disabled = rejection(answered(refusal("DisabledException")).await);
    assert_eq!(disabled, Rejection::KeyUnusable { key: key(ID), state: KeyState::Disabled });
    for (act, retry, part) in [
        (refusal("ThrottlingException"), Retry::Later, "asked too often"),
        (refusal("AccessDeniedException"), Retry::Later, "`AccessDeniedException`"),
        (refusal("KMSInternalException"), Retry::Later, "`KMSInternalException`"),
        (json(200, "{}"), Retry::Later, "not the JSON"),
        (refusal("InvalidCiphertextException"), Retry::Never, "does not open"),
    ] {
        match answered(act).await {
            KeyRefused::Fault(fault) => {
                assert_eq!(fault.retry(), retry, "{fault}");
                assert!(fault.to_string().contains(part), "{fault}");
            }
            other => panic!("{other:?}"),
        }
    }
}
