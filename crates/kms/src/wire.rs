//! Requests and answers as JSON.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::EncryptionKeyId;
use serde::{Deserialize, Serialize};
use store::DataKey;
use zeroize::Zeroizing;

use crate::context::KeyContext;
use crate::fault::{Action, Breach, KmsFault};
use crate::secret::{MAX_WRAPPED_BYTES, WrappedKey};

/// Room for the longest request: a wrapped key of 6144 bytes in base64, the context and the names.
const REQUEST_BYTES: usize = 16 * 1024;
/// Characters of a data key in base64.
const KEY_CHARACTERS: usize = 44;

/// A request body. What an action does not take is left out.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Body {
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_spec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_context: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext_blob: Option<String>,
}

impl Body {
    /// About this key.
    pub(crate) fn about(key: &EncryptionKeyId) -> Self {
        Body { key_id: key.as_str().to_owned(), ..Body::default() }
    }

    /// In this place.
    pub(crate) fn within(mut self, context: &KeyContext) -> Self {
        self.encryption_context = Some(BTreeMap::from(context.pairs()));
        self
    }

    /// A data key of 32 bytes.
    pub(crate) fn for_new_key(mut self) -> Self {
        self.key_spec = Some("AES_256");
        self
    }

    /// With this key to wrap.
    pub(crate) fn wrapping(mut self, plain: &DataKey) -> Self {
        self.plaintext = Some(Zeroizing::new(STANDARD.encode(plain.bytes())));
        self
    }

    /// With this wrapped key to open.
    pub(crate) fn opening(mut self, wrapped: &WrappedKey) -> Self {
        self.ciphertext_blob = Some(STANDARD.encode(wrapped.bytes()));
        self
    }

    /// As bytes, in a buffer that does not grow and is wiped.
    pub(crate) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES));
        serde_json::to_writer(&mut *bytes, self).expect("texts always make JSON");
        bytes
    }
}

/// The answer to Encrypt, Decrypt and GenerateDataKey; each has two or three of these.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Keys {
    key_id: String,
    #[serde(default)]
    plaintext: Option<Zeroizing<String>>,
    #[serde(default)]
    ciphertext_blob: Option<String>,
}

/// The answer to DescribeKey.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Described {
    /// All that is known of the key.
    pub(crate) key_metadata: Metadata,
}

/// What is known of a key, as far as it concerns us.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Metadata {
    pub(crate) arn: String,
    pub(crate) key_state: String,
    #[serde(default)]
    pub(crate) key_usage: Option<String>,
    #[serde(default)]
    pub(crate) key_spec: Option<String>,
    /// Seconds since 1970.
    #[serde(default)]
    pub(crate) deletion_date: Option<f64>,
}

/// Reads the answer to `action`. The parser's own complaint is dropped: it may quote the answer.
pub(crate) fn parse<T: for<'a> Deserialize<'a>>(
    action: Action,
    body: &[u8],
) -> Result<T, KmsFault> {
    serde_json::from_slice(body).map_err(|_| KmsFault::Protocol { action, breach: Breach::Json })
}

impl Keys {
    /// Refuses an answer about another key. An alias has another name than its key, so that there is nothing to compare.
    pub(crate) fn check(self, action: Action, key: &EncryptionKeyId) -> Result<Self, KmsFault> {
        if is_same(key.as_str(), &self.key_id) {
            return Ok(self);
        }
        Err(KmsFault::Protocol { action, breach: Breach::OtherKey })
    }

    /// The data key in the clear: exactly 32 bytes.
    pub(crate) fn plain(&self, action: Action) -> Result<DataKey, KmsFault> {
        const FIELD: &str = "Plaintext";
        let fault = |breach| KmsFault::Protocol { action, breach };
        let text = self.plaintext.as_ref().ok_or_else(|| fault(Breach::Json))?;
        if text.len() != KEY_CHARACTERS {
            return Err(fault(Breach::Length { field: FIELD }));
        }
        let mut bytes = Zeroizing::new([0; KEY_CHARACTERS]); // the decoder wants more room than it fills
        let length = STANDARD
            .decode_slice(text.as_bytes(), &mut *bytes)
            .map_err(|_| fault(Breach::Base64 { field: FIELD }))?;
        let key: Option<[u8; 32]> = bytes[..length].try_into().ok();
        key.map(DataKey::new).ok_or_else(|| fault(Breach::Length { field: FIELD }))
    }

    /// The wrapped key.
    pub(crate) fn wrapped(&self, action: Action) -> Result<WrappedKey, KmsFault> {
        const FIELD: &str = "CiphertextBlob";
        let fault = |breach| KmsFault::Protocol { action, breach };
        let text = self.ciphertext_blob.as_ref().ok_or_else(|| fault(Breach::Json))?;
        if text.len() > MAX_WRAPPED_BYTES.div_ceil(3) * 4 {
            return Err(fault(Breach::Length { field: FIELD }));
        }
        let bytes = STANDARD.decode(text).map_err(|_| fault(Breach::Base64 { field: FIELD }))?;
        WrappedKey::new(bytes).ok_or_else(|| fault(Breach::Length { field: FIELD }))
    }
}

/// Whether the answer's ARN names the key that was asked for, by its id or its ARN.
pub(crate) fn is_same(asked: &str, answered: &str) -> bool {
    let is_alias = asked.starts_with("alias/") || asked.contains(":alias/");
    let id = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    is_alias || id(asked) == id(answered)
}
