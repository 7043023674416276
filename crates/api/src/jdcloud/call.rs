//! One request that was understood and admitted, and what its handler may use.

use futures::future::BoxFuture;
use model::{ClientToken, Profile};
use region::{Caller, Deployment, Region};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::params::Params;

/// The name of this door's profile.
const PROFILE: &str = "jdcloud";

/// What an operation answers: the fields of `result`.
pub(super) type Reply = Result<Map<String, Value>, ApiError>;

/// What one operation does: translate, call, translate.
pub(super) type Handler = for<'a> fn(&'a Call) -> BoxFuture<'a, Reply>;

/// One request that was understood and admitted.
pub(super) struct Call {
    /// The regions and the accounts.
    pub(super) deployment: Deployment,
    /// Who asks.
    pub(super) caller: Caller,
    /// What is asked, the parameters of the path included.
    pub(super) params: Params,
    /// The region that the path names.
    pub(super) region: Region,
    /// What makes the request safe to repeat: the client's own token, else one that comes of the signature, which is the same
    /// for the same request. None for what only looks.
    pub(super) token: Option<ClientToken>,
}

impl Call {
    /// The limits of this door; none but the engine's where a deployment says nothing of it.
    pub(super) fn profile(&self) -> Profile {
        self.deployment.profiles.get(PROFILE).cloned().unwrap_or_default()
    }

    /// An id that the path has.
    pub(super) fn id(&self, name: &str) -> Result<&str, ApiError> {
        self.params.needed(name)
    }
}

/// The result of an operation that has nothing to tell.
pub(super) fn nothing() -> Map<String, Value> {
    Map::new()
}

/// The fields of an object.
pub(super) fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
