//! Against moto. It keeps keys, contexts, regions, signatures and permissions as AWS does, with one difference: it lets a
//! disabled key be used. What AWS answers then is in `refusals.rs`.

use std::path::Path;

use kms::{AwsKmsOptions, KmsFault, WrappedKey};
use model::{KeyState, Retry};
use store::DataKey;

use super::python::{self, Moto};
use super::{client, context, here, key, options};

/// R004-8: a wrapped key is bound to its account, region and domain.
#[tokio::test]
async fn a_wrapped_key_opens_under_its_own_key_and_in_its_own_place_only() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let (ours, other) =
        (moto.new_key("us-east-1", "{}").await, moto.new_key("us-east-1", "{}").await);
    let kms = client(&options(&moto.endpoint));

    let made = kms.generate_data_key(&key(&ours), &here()).await.unwrap();
    let again = kms.generate_data_key(&key(&ours), &here()).await.unwrap();
    assert_ne!(made.plain.bytes(), again.plain.bytes());
    let opened = kms.decrypt(&key(&ours), &here(), &made.wrapped).await.unwrap();
    assert_eq!(opened.bytes(), made.plain.bytes());

    let plain = DataKey::new([0xfb; 32]); // `+` and `/` in base64
    let wrapped = kms.encrypt(&key(&ours), &here(), &plain).await.unwrap();
    assert!(!wrapped.bytes().windows(4).any(|part| part == [0xfb; 4]));
    let opened = kms.decrypt(&key(&ours), &here(), &wrapped).await.unwrap();
    assert_eq!(opened.bytes(), plain.bytes());

    for place in
        [context(2, "north", "main"), context(1, "south", "main"), context(1, "north", "b")]
    {
        let fault = kms.decrypt(&key(&ours), &place, &wrapped).await.unwrap_err();
        assert!(matches!(fault, KmsFault::InvalidCiphertext { .. }), "{place:?}: {fault}");
    }
    assert!(kms.decrypt(&key(&other), &here(), &wrapped).await.is_err());
    for place in (36..wrapped.bytes().len()).step_by(7) {
        let mut bent = wrapped.bytes().to_vec();
        bent[place] ^= 1;
        let bent = WrappedKey::new(bent).unwrap();
        let fault = kms.decrypt(&key(&ours), &here(), &bent).await.unwrap_err();
        assert!(matches!(fault, KmsFault::InvalidCiphertext { .. }), "byte {place}: {fault}");
    }
}

/// api-16: missing, disabled, deleted, of another region, of another kind.
#[tokio::test]
async fn a_key_says_how_it_stands() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let id = moto.new_key("us-east-1", "{}").await;
    let kms = client(&options(&moto.endpoint));
    let body = format!(r#"{{"KeyId":"{id}"}}"#);
    let state = async || kms.describe_key(&key(&id)).await.unwrap();

    let standing = state().await;
    assert_eq!((standing.state, standing.deletes), (KeyState::Enabled, None));
    assert!(kms.describe_key(&key(&standing.arn)).await.is_ok(), "by its full name");
    moto.administer("us-east-1", "TrentService.DisableKey", &body).await;
    assert_eq!(state().await.state, KeyState::Disabled);
    moto.administer("us-east-1", "TrentService.EnableKey", &body).await;
    assert_eq!(state().await.state, KeyState::Enabled);
    moto.administer("us-east-1", "TrentService.ScheduleKeyDeletion", &body).await;
    let standing = state().await;
    assert_eq!(standing.state, KeyState::PendingDeletion);
    assert!(standing.deletes.unwrap().0 > 1_700_000_000_000, "in milliseconds");

    let missing = key("1234abcd-12ab-34cd-56ef-1234567890ab");
    let elsewhere = key(&moto.new_key("eu-west-1", "{}").await);
    for absent in [missing, elsewhere, key("alias/none"), key("no-key-at-all")] {
        let described = kms.describe_key(&absent).await.unwrap_err();
        let made = kms.generate_data_key(&absent, &here()).await.unwrap_err();
        for fault in [described, made] {
            assert_eq!(fault.to_string(), format!("key `{absent}` does not exist"));
            assert_eq!(fault.retry(), Retry::Never);
        }
    }
    let spec = r#"{"KeyUsage":"SIGN_VERIFY","KeySpec":"ECC_NIST_P256"}"#;
    let signing = moto.new_key("us-east-1", spec).await;
    let fault = kms.describe_key(&key(&signing)).await.unwrap_err();
    assert!(matches!(fault, KmsFault::WrongKind { .. }), "{fault}");
}

#[tokio::test]
async fn a_key_is_used_by_its_alias() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let id = moto.new_key("us-east-1", "{}").await;
    let body = format!(r#"{{"AliasName":"alias/ferry","TargetKeyId":"{id}"}}"#);
    moto.administer("us-east-1", "TrentService.CreateAlias", &body).await;
    let kms = client(&options(&moto.endpoint));
    let alias = key("alias/ferry");
    assert!(kms.describe_key(&alias).await.unwrap().arn.ends_with(&id));
    let made = kms.generate_data_key(&alias, &here()).await.unwrap();
    let opened = kms.decrypt(&key(&id), &here(), &made.wrapped).await.unwrap();
    assert_eq!(opened.bytes(), made.plain.bytes());
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_access_key_and_a_missing_permission_are_denied() {
    let Some(venv) = python::venv() else { return };
    let moto = Moto::start(&venv, &[]);
    let id = key(&moto.new_key("us-east-1", "{}").await);
    let ferry = user(&moto, "ferry").await;
    let guest = user(&moto, "guest").await;
    let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C\
                  %22Action%22%3A%22kms%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    let put = "Action=PutUserPolicy&UserName=ferry&PolicyName=keys&PolicyDocument";
    moto.iam(&format!("{put}={policy}")).await;
    moto.check_signatures().await;
    let with = |access: &str, secret: &str| AwsKmsOptions {
        access_key: access.to_owned(),
        secret_key: secret.to_owned().into(),
        ..options(&moto.endpoint)
    };

    let kms = client(&with(&ferry.0, &ferry.1));
    kms.describe_key(&id).await.unwrap();
    let made = kms.generate_data_key(&id, &here()).await.unwrap();
    kms.encrypt(&id, &here(), &made.plain).await.unwrap();
    kms.decrypt(&id, &here(), &made.wrapped).await.unwrap();

    let cases = [
        (with(&ferry.0, &guest.1), "a wrong secret"),
        (with("AKIAUNKNOWN", &ferry.1), "an unknown access key"),
        (with(&guest.0, &guest.1), "no permission"),
    ];
    for (options, why) in cases {
        let fault = client(&options).generate_data_key(&id, &here()).await.unwrap_err();
        assert!(matches!(fault, KmsFault::Denied { .. }), "{why}: {fault}");
        assert_eq!(fault.retry(), Retry::Never);
    }
}

/// A user of moto's IAM: the access key and its secret.
async fn user(moto: &Moto, name: &str) -> (String, String) {
    moto.iam(&format!("Action=CreateUser&UserName={name}")).await;
    let made = moto.iam(&format!("Action=CreateAccessKey&UserName={name}")).await;
    let field = |name: &str| {
        let rest = made.split_once(&format!("<{name}>")).unwrap().1;
        rest.split_once('<').unwrap().0.to_owned()
    };
    (field("AccessKeyId"), field("SecretAccessKey"))
}

#[tokio::test]
async fn https_is_spoken_with_whom_a_trusted_authority_vouches_for() {
    let Some(venv) = python::venv() else { return };
    let folder = tempfile::tempdir().unwrap();
    python::script(&venv, "certificate.py", folder.path().to_str().unwrap().as_bytes());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let flags = ["-s", "-c", &file("server.pem"), "-k", &file("server.key")];
    let moto = Moto::start(&venv, &flags);
    assert!(moto.endpoint.starts_with("https://"), "{}", moto.endpoint);
    let with = |authorities: &str| AwsKmsOptions {
        authorities: Some(Path::new(authorities).to_owned()),
        ..options(&moto.endpoint)
    };

    let trusting = client(&with(&file("root.pem")));
    let missing = trusting.describe_key(&key("alias/none")).await.unwrap_err();
    assert!(matches!(missing, KmsFault::NotFound { .. }), "{missing}: an answer came");
    python::script(&venv, "certificate.py", folder.path().to_str().unwrap().as_bytes());
    let other = client(&with(&file("root.pem"))); // of the same name, with another key
    let fault = other.describe_key(&key("alias/none")).await.unwrap_err();
    assert!(matches!(fault, KmsFault::Unreachable { .. }), "{fault}");
}
