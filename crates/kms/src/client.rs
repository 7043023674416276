//! The four actions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use model::{Clock, EncryptionKeyId, KeyState, Timestamp};
use store::DataKey;

use crate::context::KeyContext;
use crate::fault::{Action, Breach, KmsFault};
use crate::link::{Answer, Link};
use crate::options::{self, AwsKmsOptions, OptionsFault};
use crate::secret::WrappedKey;
use crate::sign::Signer;
use crate::verdict::{self, Verdict};
use crate::wire::{self, Body, Described, Keys, Metadata};

/// A client of one KMS endpoint in one region. Holds connections, and no key of anybody.
pub struct AwsKms {
    link: Link,
    signer: Signer,
    endpoint: Uri,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// A new data key: in the clear for use, wrapped for the store.
#[derive(Debug)]
pub struct Generated {
    /// In the clear.
    pub plain: DataKey,
    /// As the service sealed it.
    pub wrapped: WrappedKey,
}

/// How a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// Its full name.
    pub arn: String,
    /// Whether it can be used. Never `Deleted`: a deleted key is not found.
    pub state: KeyState,
    /// When it goes for good, if it is to.
    pub deletes: Option<Timestamp>,
}

impl fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKms").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl AwsKms {
    /// A client. It connects when it is first asked. The clock is for signatures: the service refuses those that are more
    /// than 5 minutes off.
    pub fn new(options: &AwsKmsOptions, clock: Arc<dyn Clock>) -> Result<Self, OptionsFault> {
        let (endpoint, way) = options::check(options)?;
        let link = Link::new(options, way)?;
        let signer = Signer::new(options);
        Ok(AwsKms { link, signer, endpoint, timeout: options.timeout, clock })
    }

    /// Makes a data key of 32 bytes and wraps it under `key` for its place.
    pub async fn generate_data_key(
        &self,
        key: &EncryptionKeyId,
        context: &KeyContext,
    ) -> Result<Generated, KmsFault> {
        let body = Body::about(key).within(context).for_new_key();
        let keys = self.keys(Action::GenerateDataKey, key, &body).await?;
        let plain = keys.plain(Action::GenerateDataKey)?;
        Ok(Generated { plain, wrapped: keys.wrapped(Action::GenerateDataKey)? })
    }

    /// Wraps a data key that exists under `key` for its place.
    pub async fn encrypt(
        &self,
        key: &EncryptionKeyId,
        context: &KeyContext,
        plain: &DataKey,
    ) -> Result<WrappedKey, KmsFault> {
        let body = Body::about(key).within(context).wrapping(plain);
        self.keys(Action::Encrypt, key, &body).await?.wrapped(Action::Encrypt)
    }

    /// Opens a wrapped key. It opens under the key and in the place that it was wrapped for, and nowhere else.
    pub async fn decrypt(
        &self,
        key: &EncryptionKeyId,
        context: &KeyContext,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, KmsFault> {
        let body = Body::about(key).within(context).opening(wrapped);
        self.keys(Action::Decrypt, key, &body).await?.plain(Action::Decrypt)
    }

    /// How a key stands. A key that is not a symmetric key for encryption, or not ready for use, is a fault.
    pub async fn describe_key(&self, key: &EncryptionKeyId) -> Result<KeyDescription, KmsFault> {
        let action = Action::DescribeKey;
        let answer = self.ask(action, &Body::about(key)).await?;
        if answer.status != 200 {
            return Err(match refusal(action, key, &answer) {
                Verdict::Fault(fault) => fault,
                // It answers for keys in every state; one that does not is not ready.
                Verdict::AskState => KmsFault::NotReady { key: key.clone() },
            });
        }
        let metadata = wire::parse::<Described>(action, &answer.body)?.key_metadata;
        if !wire::is_same(key.as_str(), &metadata.arn) {
            return Err(KmsFault::Protocol { action, breach: Breach::OtherKey });
        }
        describe(key, metadata)
    }

    /// The answer to an action that uses `key`.
    async fn keys(
        &self,
        action: Action,
        key: &EncryptionKeyId,
        body: &Body,
    ) -> Result<Keys, KmsFault> {
        let answer = self.ask(action, body).await?;
        if answer.status == 200 {
            return wire::parse::<Keys>(action, &answer.body)?.check(action, key);
        }
        match refusal(action, key, &answer) {
            Verdict::Fault(fault) => Err(fault),
            Verdict::AskState => Err(self.state_in_the_way(key).await),
        }
    }

    /// Names the state that keeps `key` from being used.
    async fn state_in_the_way(&self, key: &EncryptionKeyId) -> KmsFault {
        let key = key.clone();
        match self.describe_key(&key).await {
            Ok(description) => match description.state {
                KeyState::Disabled => KmsFault::Disabled { key },
                KeyState::PendingDeletion => KmsFault::PendingDeletion { key },
                KeyState::Deleted => KmsFault::NotFound { key },
                // It was in the way a moment ago.
                KeyState::Enabled => KmsFault::NotReady { key },
            },
            // Not every access key that may use a key may describe it.
            Err(KmsFault::Denied { .. }) => KmsFault::NotReady { key },
            Err(fault) => fault,
        }
    }

    async fn ask(&self, action: Action, body: &Body) -> Result<Answer, KmsFault> {
        let body = body.bytes();
        let request = || self.signer.request(&self.endpoint, action, &body, self.clock.now());
        tokio::time::timeout(self.timeout, self.link.ask(action, request))
            .await
            .map_err(|_| KmsFault::TimedOut { action, after: self.timeout })?
    }
}

fn refusal(action: Action, key: &EncryptionKeyId, answer: &Answer) -> Verdict {
    let code = verdict::code(answer.error_type.as_deref(), &answer.body);
    verdict::judge(action, key, answer.status, code)
}

fn describe(key: &EncryptionKeyId, metadata: Metadata) -> Result<KeyDescription, KmsFault> {
    let differs = |field: &Option<String>, right| field.as_deref().is_some_and(|it| it != right);
    if differs(&metadata.key_spec, "SYMMETRIC_DEFAULT")
        || differs(&metadata.key_usage, "ENCRYPT_DECRYPT")
    {
        return Err(KmsFault::WrongKind { key: key.clone() });
    }
    let state = match metadata.key_state.as_str() {
        "Enabled" | "Updating" => KeyState::Enabled,
        "Disabled" => KeyState::Disabled,
        "PendingDeletion" | "PendingReplicaDeletion" => KeyState::PendingDeletion,
        // Creating, PendingImport, Unavailable, and what the service may invent.
        _ => return Err(KmsFault::NotReady { key: key.clone() }),
    };
    // A float with seconds since 1970; the cast saturates.
    let deletes = metadata.deletion_date.map(|secs| Timestamp((secs * 1000.0) as i64));
    Ok(KeyDescription { arn: metadata.arn, state, deletes })
}
