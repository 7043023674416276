//! `ferry ticket`.

use api::native::wire::{Ticket, TicketApproval, TicketRefusal, TicketRequest, rfc3339};
use model::{Clock, RegionId, TicketId};
use region::SystemClock;
use reqwest::Method;

use super::Session;
use crate::cli::{ListTicketsArgs, OneTicket, OpenArgs, TicketCommand};
use crate::client::{Body, Call};
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: TicketCommand) -> Result<(), Failure> {
    match command {
        TicketCommand::Open(args) => open(session, args).await,
        TicketCommand::List(args) => list(session, args).await,
        TicketCommand::Show(one) => {
            let ticket = find(session, &one).await?;
            session.output.one(&ticket);
            Ok(())
        }
        TicketCommand::Approve(args) => {
            let until = rfc3339(args.until.from(SystemClock.now()));
            let answer = args.answer.map(|answer| answer.to_string());
            let body = Body::json(&TicketApproval { until, answer });
            decide(session, &args.ticket, ("approve", body)).await
        }
        TicketCommand::Refuse(args) => {
            let body = Body::json(&TicketRefusal { answer: args.answer.to_string() });
            decide(session, &args.ticket, ("refuse", body)).await
        }
    }
}

async fn open(session: &Session, args: OpenArgs) -> Result<(), Failure> {
    let client = &session.client;
    let region = client.region(args.from.as_ref()).await?;
    let body = TicketRequest {
        image: client.image_id(&region, &args.image).await?,
        targets: args.to.iter().map(ToString::to_string).collect(),
        why: args.why.to_string(),
    };
    let path = format!("/v1/regions/{region}/tickets");
    let call = Call::new("open the ticket", Method::POST, path).with(Body::json(&body));
    session.output.one(&client.ask::<Ticket>(call).await?);
    Ok(())
}

async fn list(session: &Session, args: ListTicketsArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let mut query = Vec::new();
    if args.all {
        query.push(("all".to_owned(), "true".to_owned()));
    }
    query.extend(args.state.map(|state| ("state".to_owned(), state.word().to_owned())));
    let path = format!("/v1/regions/{region}/tickets");
    let tickets: Vec<Ticket> =
        session.client.list("list the tickets", &path, &query, args.limit).await?;
    session.output.list(&tickets);
    Ok(())
}

async fn decide(
    session: &Session,
    one: &OneTicket,
    (action, body): (&str, Body),
) -> Result<(), Failure> {
    let region = find(session, one).await?.region;
    let path = format!("/v1/regions/{region}/tickets/{}/{action}", one.ticket);
    let call = Call::new("decide the ticket", Method::POST, path).with(body);
    session.output.one(&session.client.ask::<Ticket>(call).await?);
    Ok(())
}

/// The ticket, in the region named or else wherever it is.
async fn find(session: &Session, one: &OneTicket) -> Result<Ticket, Failure> {
    if let Some(region) = &one.region {
        return show(session, region, &one.ticket).await;
    }
    let mut failed = None;
    for region in session.client.regions().await? {
        let Ok(region) = region.id.parse() else { continue };
        match show(session, &region, &one.ticket).await {
            Ok(ticket) => return Ok(ticket),
            Err(failure) => failed = failed.filter(|known| !is_absent(known)).or(Some(failure)),
        }
    }
    let endpoint = session.client.endpoint().to_owned();
    Err(failed.unwrap_or(Failure::NoRegion { endpoint }))
}

/// A region that cannot be asked says more than those that have no such ticket.
fn is_absent(failure: &Failure) -> bool {
    matches!(failure, Failure::Answered { problem, .. } if problem.status == 404)
}

async fn show(session: &Session, region: &RegionId, ticket: &TicketId) -> Result<Ticket, Failure> {
    session.client.get("show the ticket", format!("/v1/regions/{region}/tickets/{ticket}")).await
}
