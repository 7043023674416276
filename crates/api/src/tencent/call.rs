//! One request that was understood and admitted, and what its handler may use.

use futures::future::BoxFuture;
use model::{ClientToken, Profile};
use region::{Caller, Deployment, Intent, Region};

use super::error::ApiError;
use super::params::Params;
use super::place;
use super::reply::Fields;

/// The name of this door's profile.
const PROFILE: &str = "tencent";

/// What one operation does: translate, call, translate.
pub(super) type Handler = for<'a> fn(&'a Call) -> BoxFuture<'a, Result<Fields, ApiError>>;

/// One request that was understood and admitted.
pub(super) struct Call {
    /// The regions and the accounts.
    pub(super) deployment: Deployment,
    /// Who asks.
    pub(super) caller: Caller,
    /// What is asked, without what is common to all requests.
    pub(super) params: Params,
    /// The name of the region that the request goes to; empty where none is given.
    pub(super) region: String,
    /// The host, literally as it was sent.
    pub(super) host: String,
    /// Of a request that changes something: a text that only this very request has, for commands that take one. A request that is
    /// sent again has it too.
    pub(super) token: Option<ClientToken>,
}

impl Call {
    /// The limits of this door; none but the engine's where a deployment says nothing of it.
    pub(super) fn profile(&self) -> Profile {
        self.deployment.profiles.get(PROFILE).cloned().unwrap_or_default()
    }

    /// The region that the request goes to.
    pub(super) fn region(&self) -> Result<Region, ApiError> {
        if self.region.is_empty() {
            return Err(ApiError::missing("Region"));
        }
        place::region_of(&self.deployment, &self.region)
    }

    /// The caller, who only rehearses where `DryRun` is asked for.
    pub(super) fn dry(&self) -> Result<Caller, ApiError> {
        let intent = match self.params.flag("DryRun")? {
            Some(true) => Intent::Rehearse,
            Some(false) | None => Intent::Act,
        };
        Ok(Caller { intent, ..self.caller.clone() })
    }
}
