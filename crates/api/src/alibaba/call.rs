//! One request that was understood and admitted, and what its handler may use.

use axum::http::StatusCode;
use futures::future::BoxFuture;
use model::{Profile, RegionId, Rejection};
use region::{Caller, Deployment, Intent, Refused, Region};

use super::error::ApiError;
use super::params::Params;
use super::rejection::{Context, of_refused};
use super::reply::Node;
use crate::cursor::{CursorKey, Listing};

/// The name of this door's profile.
const PROFILE: &str = "alibaba";

/// What one operation does: translate, call, translate.
pub(super) type Handler = for<'a> fn(&'a Call) -> BoxFuture<'a, Result<Node, ApiError>>;

/// One request that was understood and admitted.
pub(super) struct Call {
    /// The regions and the accounts.
    pub(super) deployment: Deployment,
    /// Who asks.
    pub(super) caller: Caller,
    /// What is asked.
    pub(super) params: Params,
    /// Seals the tokens of pages (api-12).
    pub(super) cursors: CursorKey,
    /// The host that the client means, with its port where it names one.
    pub(super) host: String,
    /// The region that the host names, where it names one: counts where no parameter does (contract 7.1).
    pub(super) host_region: Option<String>,
}

impl Call {
    /// The limits of this door; none but the engine's where a deployment says nothing of it.
    pub(super) fn profile(&self) -> Profile {
        self.deployment.profiles.get(PROFILE).cloned().unwrap_or_default()
    }

    /// The name of the region that the request goes to.
    pub(super) fn region_name(&self) -> Result<&str, ApiError> {
        let named = self.params.text("RegionId").or(self.host_region.as_deref());
        named.ok_or_else(|| ApiError::missing("RegionId"))
    }

    /// The region that the request goes to.
    pub(super) fn region(&self) -> Result<Region, ApiError> {
        let name = self.region_name()?;
        let absent =
            || ApiError::bad("InvalidRegionId.NotFound", "The specified RegionId does not exist.");
        let id: RegionId = name.parse().map_err(|_| absent())?;
        self.deployment.region(&id).map_err(|refused| match refused {
            Refused::Rejected(Rejection::RegionUnknown { .. }) => absent(),
            other => of_refused(other, Context::Describe),
        })
    }

    /// A listing of this account in this region: the pages of one have tokens that open for no other.
    pub(super) fn listing(
        &self,
        noun: &'static str,
        filter: impl std::fmt::Debug,
    ) -> Result<Listing<'_>, ApiError> {
        let place = self.region_name()?;
        Ok(Listing { account: &self.caller.account, place, noun, filter: format!("{filter:?}") })
    }

    /// The caller, who only rehearses where `DryRun` is asked for.
    pub(super) fn dry(&self) -> Result<Caller, ApiError> {
        let intent = match self.params.flag("DryRun")? {
            Some(true) => Intent::Rehearse,
            Some(false) | None => Intent::Act,
        };
        Ok(Caller { intent, ..self.caller.clone() })
    }

    /// Ends a request that only looks, where `DryRun` is asked for: it was found good (contract 3).
    pub(super) fn look_only(&self) -> Result<(), ApiError> {
        match self.dry()?.intent {
            Intent::Act => Ok(()),
            Intent::Rehearse => Err(rehearsed()),
        }
    }
}

/// What a dry run answers that would have been done (contract 3).
pub(super) fn rehearsed() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "DryRunOperation",
        "Request validation has been passed with DryRun flag set.",
    )
}
