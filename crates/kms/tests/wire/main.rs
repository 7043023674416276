//! The client against a service that is not ours (moto), a signer that is not ours (botocore), and an enemy.
#![allow(clippy::unwrap_used, missing_docs)]

mod double;
mod hostile;
mod live;
mod python;
mod refusals;
mod region_world;
mod ring;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use kms::{AwsKms, AwsKmsOptions, KeyContext};
use model::{AccountId, Clock, DomainName, EncryptionKeyId, Timestamp};

pub const ACCESS_KEY: &str = "AKIDEXAMPLE";
pub const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A clock that stands.
pub struct At(pub i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp(self.0)
    }
}

pub fn options(endpoint: &str) -> AwsKmsOptions {
    AwsKmsOptions {
        endpoint: endpoint.to_owned(),
        region: "us-east-1".to_owned(),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned().into(),
        session_token: None,
        timeout: Duration::from_secs(30),
        authorities: None,
    }
}

pub fn client(options: &AwsKmsOptions) -> AwsKms {
    AwsKms::new(options, Arc::new(At(1_795_300_000_000))).unwrap()
}

pub fn key(text: &str) -> EncryptionKeyId {
    text.parse().unwrap()
}

pub fn account(number: u8) -> AccountId {
    AccountId::from_random(|| number)
}

pub fn context(number: u8, region: &str, domain_key: &str) -> KeyContext {
    let domain = DomainName { account: account(number), key: Some(key(domain_key)) };
    KeyContext { region: region.parse().unwrap(), domain }
}

pub fn here() -> KeyContext {
    context(1, "north", "main")
}
