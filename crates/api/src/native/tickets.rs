//! Tickets: opened, listed, shown, decided.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{TicketId, TicketState};
use region::{TicketQuery, TicketSelection};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{At, On};
use super::paging::{Cursors, limit};
use super::read::{ReadJson, ReadQuery};
use super::wire::{Page, Ticket, TicketApproval, TicketRefusal, TicketRequest};
use crate::ApiState;
use crate::refusal::{Answer, BadRequest};

/// Which tickets to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TicketsQuery {
    /// Those of every account: for operators.
    #[serde(default)]
    all: bool,
    /// Only `open`, `approved` or `refused` ones.
    state: Option<String>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl TicketsQuery {
    fn selection(&self) -> TicketSelection {
        if self.all { TicketSelection::Everyone } else { TicketSelection::Own }
    }

    fn state(&self) -> Result<Option<TicketState>, BadRequest> {
        let read = |word: &String| word.parse().map_err(|error| BadRequest::value("state", error));
        self.state.as_ref().map(read).transpose()
    }
}

/// Ask for an approval to copy an image to regions where it needs one.
#[utoipa::path(post, path = "/v1/regions/{region}/tickets", operation_id = "open_ticket", tag = "tickets",
    request_body = TicketRequest, responses((status = 201, description = "The ticket", body = Ticket)))]
pub(crate) async fn open(
    at: At,
    ReadJson(request): ReadJson<TicketRequest>,
) -> Answer<(StatusCode, Json<Ticket>)> {
    let ticket = at.region.open_ticket(&at.caller, request.into_command()?).await?;
    Ok((StatusCode::CREATED, Json(ticket.into())))
}

/// List the tickets of a region, newest first.
#[utoipa::path(get, path = "/v1/regions/{region}/tickets", operation_id = "list_tickets", tag = "tickets",
    params(TicketsQuery), responses((status = 200, description = "A page of tickets", body = Page<Ticket>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    at: At,
    ReadQuery(query): ReadQuery<TicketsQuery>,
) -> Answer<Json<Page<Ticket>>> {
    let filter = format!("{:?}", (query.all, &query.state));
    let cursors = Cursors::of(&state.cursor_key, (&at.region, &at.caller), "tickets", filter);
    let query = TicketQuery {
        selection: query.selection(),
        state: query.state()?,
        after: cursors.open(query.cursor.as_deref())?,
        limit: limit(query.limit)?,
    };
    Ok(Json(cursors.page(at.region.tickets(&at.caller, query).await?)))
}

/// Show one ticket.
#[utoipa::path(get, path = "/v1/regions/{region}/tickets/{ticket}", operation_id = "show_ticket", tag = "tickets",
    responses((status = 200, description = "The ticket", body = Ticket)))]
pub(crate) async fn show(on: On<TicketId>) -> Answer<Json<Ticket>> {
    Ok(Json(on.region.ticket(&on.caller, &on.id).await?.into()))
}

/// Approve a ticket of any account: for operators. Each target may then be copied to once.
#[utoipa::path(post, path = "/v1/regions/{region}/tickets/{ticket}/approve", operation_id = "approve_ticket", tag = "tickets",
    request_body = TicketApproval, responses((status = 200, description = "The ticket as it is now", body = Ticket)))]
pub(crate) async fn approve(
    on: On<TicketId>,
    ReadJson(approval): ReadJson<TicketApproval>,
) -> Answer<Json<Ticket>> {
    let decision = approval.into_command()?;
    Ok(Json(on.region.decide_ticket(&on.caller, &on.id, decision).await?.into()))
}

/// Refuse a ticket of any account: for operators.
#[utoipa::path(post, path = "/v1/regions/{region}/tickets/{ticket}/refuse", operation_id = "refuse_ticket", tag = "tickets",
    request_body = TicketRefusal, responses((status = 200, description = "The ticket as it is now", body = Ticket)))]
pub(crate) async fn refuse(
    on: On<TicketId>,
    ReadJson(refusal): ReadJson<TicketRefusal>,
) -> Answer<Json<Ticket>> {
    let decision = refusal.into_command()?;
    Ok(Json(on.region.decide_ticket(&on.caller, &on.id, decision).await?.into()))
}
