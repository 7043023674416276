//! One request that was understood and admitted, and what its handler may use.

use futures::future::BoxFuture;
use model::{ClientToken, ImageId, Profile};
use region::{Caller, Deployment, Region};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::ids;
use super::params::Params;
use super::rejection::{Context, no_image, of_refused};

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

    /// The image of this region whose id the cloud spells so, whoever owns it: whether the caller sees it is for the region to
    /// say. What is no id is the id of nothing (api-11).
    pub(super) async fn image(&self, text: &str) -> Result<ImageId, ApiError> {
        self.find_image(text).await?.ok_or_else(|| no_image(text))
    }

    /// The same; none where there is none. Only ids as long as this door shows them, or whole ones, are looked for: a shorter
    /// one would be answered with characters that the caller did not know.
    pub(super) async fn find_image(&self, text: &str) -> Result<Option<ImageId>, ApiError> {
        if !ids::may_be_image(text) {
            return Ok(None);
        }
        let found = self.region.image_led_by(&self.caller, text).await;
        found.map_err(|refused| of_refused(refused, Context::Describe))
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
