//! Links into a region: their queues, and what operators set of them.

use std::str::FromStr;

use axum::Json;
use model::{InvalidId, RegionId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{At, Named, On};
use super::read::{ReadJson, ReadQuery};
use super::usage::whose;
use super::wire::{Items, Link, LinkEdit};
use crate::refusal::Answer;

/// The region that a link comes from.
pub(crate) struct LinkSource(RegionId);

impl FromStr for LinkSource {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(LinkSource)
    }
}

impl Named for LinkSource {
    const PART: &'static str = "source";
}

/// Whose copies.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinksQuery {
    /// Another account's; for operators.
    account: Option<String>,
    /// All accounts'; for operators.
    #[serde(default)]
    all: bool,
}

/// List the links into a region, with what is set of each and the depth of its queue: of the account's own copies, or of others'.
#[utoipa::path(get, path = "/v1/regions/{region}/links", operation_id = "list_links", tag = "regions",
    params(LinksQuery), responses((status = 200, description = "All links, by their source", body = Items<Link>)))]
pub(crate) async fn list(
    at: At,
    ReadQuery(query): ReadQuery<LinksQuery>,
) -> Answer<Json<Items<Link>>> {
    let links = at.region.links(&at.caller, whose(query.account, query.all)?).await?;
    Ok(Json(links.into_iter().map(Link::from).collect()))
}

/// Change a link at run time: its limit, its copies at once, its weekly windows, or whether it is paused; for operators. It counts at once, and stays
/// over a restart. A copy whose link is paused waits, keeps what it has, and goes on by itself.
#[utoipa::path(patch, path = "/v1/regions/{region}/links/{source}", operation_id = "set_link", tag = "regions",
    request_body = LinkEdit, responses((status = 200, description = "The link as it is now, with all accounts' copies", body = Link)))]
pub(crate) async fn set(
    on: On<LinkSource>,
    ReadJson(request): ReadJson<LinkEdit>,
) -> Answer<Json<Link>> {
    let link = on.region.set_link(&on.caller, &on.id.0, request.into_change()?).await?;
    Ok(Json(link.into()))
}
