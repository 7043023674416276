//! Why the service did not do what was asked.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use model::{EncryptionKeyId, Retry};

/// What is asked of the service.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Wraps a key that exists.
    Encrypt,
    /// Opens a wrapped key.
    Decrypt,
    /// Makes a data key and wraps it.
    GenerateDataKey,
    /// Says how a key stands.
    DescribeKey,
}

impl Action {
    /// The header `x-amz-target`.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Action::Encrypt => "TrentService.Encrypt",
            Action::Decrypt => "TrentService.Decrypt",
            Action::GenerateDataKey => "TrentService.GenerateDataKey",
            Action::DescribeKey => "TrentService.DescribeKey",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.target().trim_start_matches("TrentService."))
    }
}

/// Why an action was not done. No text here holds a secret, a plaintext, a wrapped key, or words that the service wrote:
/// its messages about signatures quote the request.
#[derive(Debug, thiserror::Error)]
pub enum KmsFault {
    /// There is no such key here, or it is not for this account.
    #[error("key `{key}` does not exist")]
    NotFound {
        /// Which key.
        key: EncryptionKeyId,
    },
    /// The key is disabled. It can be enabled again.
    #[error("key `{key}` is disabled")]
    Disabled {
        /// Which key.
        key: EncryptionKeyId,
    },
    /// The key is to be deleted. That can be cancelled until its day.
    #[error("key `{key}` is pending deletion")]
    PendingDeletion {
        /// Which key.
        key: EncryptionKeyId,
    },
    /// The key is in a state that may pass: being made, without its material, its key store out of reach.
    #[error("key `{key}` is not ready for use")]
    NotReady {
        /// Which key.
        key: EncryptionKeyId,
    },
    /// The key is not a symmetric key for encryption.
    #[error("key `{key}` is not a symmetric key for encryption")]
    WrongKind {
        /// Which key.
        key: EncryptionKeyId,
    },
    /// The wrapped key is damaged, of another place, or under another key.
    #[error("the wrapped key does not open under key `{key}` in this place")]
    InvalidCiphertext {
        /// The key that was asked to open it.
        key: EncryptionKeyId,
    },
    /// Our access key may not do this, is unknown or has expired, or the signature is refused: a wrong secret or a wrong clock.
    #[error("`{action}` is denied with `{code}`")]
    Denied {
        /// What was asked.
        action: Action,
        /// The service's name for it.
        code: String,
    },
    /// Asked too often.
    #[error("`{action}` is asked too often for now")]
    Throttled {
        /// What was asked.
        action: Action,
    },
    /// The service says that it cannot just now.
    #[error("`{action}` is not available for now: `{code}`")]
    Unavailable {
        /// What was asked.
        action: Action,
        /// The service's name for it.
        code: String,
    },
    /// No connection, or one that broke before an answer, twice.
    #[error("failed to reach the service for `{action}`")]
    Unreachable {
        /// What was asked.
        action: Action,
        /// How.
        source: hyper_util::client::legacy::Error,
    },
    /// The connection broke in the middle of an answer.
    #[error("the answer to `{action}` broke off")]
    BrokenOff {
        /// What was asked.
        action: Action,
        /// How.
        source: hyper::Error,
    },
    /// No whole answer in time.
    #[error("no answer to `{action}` within {} ms", after.as_millis())]
    TimedOut {
        /// What was asked.
        action: Action,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is not what the API promises.
    #[error("the answer to `{action}` is not understood: {breach}")]
    Protocol {
        /// What was asked.
        action: Action,
        /// What is wrong.
        breach: Breach,
    },
}

impl KmsFault {
    /// The text with its causes, on one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text
    }

    /// Whether the same request may succeed later without anybody changing a key, a permission or the configuration.
    pub fn retry(&self) -> Retry {
        match self {
            KmsFault::NotReady { .. }
            | KmsFault::Throttled { .. }
            | KmsFault::Unavailable { .. }
            | KmsFault::Unreachable { .. }
            | KmsFault::BrokenOff { .. }
            | KmsFault::TimedOut { .. } => Retry::Later,
            KmsFault::NotFound { .. }
            | KmsFault::Disabled { .. }
            | KmsFault::PendingDeletion { .. }
            | KmsFault::WrongKind { .. }
            | KmsFault::InvalidCiphertext { .. }
            | KmsFault::Denied { .. }
            | KmsFault::Protocol { .. } => Retry::Never,
        }
    }
}

/// How an answer breaks the API's promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// It is not HTTP.
    #[error("it is not HTTP")]
    NotHttp,
    /// It is longer than any honest one.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// Where reading stopped.
        limit: usize,
    },
    /// It is not the JSON of this action.
    #[error("it is not the JSON of this action")]
    Json,
    /// A field is not base64.
    #[error("`{field}` is not base64")]
    Base64 {
        /// Which.
        field: &'static str,
    },
    /// A field has a length that it cannot have.
    #[error("`{field}` has a wrong length")]
    Length {
        /// Which.
        field: &'static str,
    },
    /// It tells of another key than the one that was named.
    #[error("it is about another key")]
    OtherKey,
    /// It is a refusal that the API does not know.
    #[error("`{code}`")]
    Refusal {
        /// The service's name for it, or the HTTP status.
        code: String,
    },
}
