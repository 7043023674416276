//! The page of one ticket, with what was made of its approval, and the forms that answer it.

use askama::Template;
use model::{Act, TicketId, TicketState};
use region::{Region, TicketView};

use super::decide::{self, Typed};
use super::list::image_of;
use super::people::People;
use super::stand::{Approval, Stand, approval};
use crate::look::When;
use crate::names::names;
use crate::page::{Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "tickets/one.html")]
struct One {
    words: Words,
    title: String,
    ticket: TicketView,
    list: String,
    name: Option<String>,
    image_link: Option<String>,
    stand: Stand,
    targets: Vec<Target>,
    account: String,
    asked_by: Option<String>,
    decided_by: Option<String>,
    decided: Option<When>,
    until: Option<When>,
    created: When,
}

/// A region that it covers.
struct Target {
    region: String,
    /// The copy that used the approval, and its page where the visitor sees it.
    copy: Option<(String, Option<String>)>,
    /// Where the image is copied there on the approval.
    copy_now: Option<String>,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let ticket = region.ticket(&visit.caller, &visit.id::<TicketId>("ticket")?).await?;
    page(&visit, &region, ticket, (&Typed::default(), None)).await
}

/// The page with what an operator typed, and what is wrong with it.
pub(super) async fn page(
    visit: &Visit,
    region: &Region,
    ticket: TicketView,
    (typed, problem): (&Typed, Option<Problem>),
) -> Result<Page, Shown> {
    let words = visit.words;
    let is_own = ticket.account == visit.caller.account;
    let own = if is_own { vec![ticket.image.clone()] } else { Vec::new() };
    let name = names(visit, region, own).await?.remove(&ticket.image);
    let mut people = People::new(visit);
    let asked_by = match &ticket.asked_by {
        Some(user) => Some(people.user(user).await?),
        None => None,
    };
    let decided_by = match &ticket.decided_by {
        Some(user) => Some(people.user(user).await?),
        None => None,
    };
    let title = words.say("tickets-title-one").with(
        "name",
        match &name {
            Some(name) => name.clone(),
            None => ticket.image.to_string(),
        },
    );
    let title = title.to_string();
    let is_open = ticket.state == TicketState::Open;
    let decision = (is_open && visit.may(Act::Operate))
        .then(|| decide::forms(visit, &ticket, (typed, problem.clone())));
    let status = problem.as_ref().map(|problem| problem.status);
    let one = One {
        words,
        title: title.clone(),
        list: visit.link("/tickets"),
        image_link: name.is_some().then(|| image_of(&ticket)),
        name,
        stand: Stand::of(&ticket, visit.now(), words),
        targets: targets(visit, &ticket),
        account: people.account(&ticket.account).await?,
        asked_by,
        decided_by,
        decided: ticket.decided.map(When),
        until: ticket.until.map(When),
        created: When(ticket.created),
        ticket,
    };
    let page = visit.page(Section::Tickets, title).live("ticket", &one);
    let page = match (&decision, problem) {
        (Some(decision), _) => page.part("ticket-decide", decision),
        // Somebody else was faster: what was typed is of no use any more.
        (None, Some(problem)) => page.part("ticket-decide", &decide::Refused { problem }),
        (None, None) => page,
    };
    Ok(match status {
        Some(status) => page.status(status),
        None => page,
    })
}

fn targets(visit: &Visit, ticket: &TicketView) -> Vec<Target> {
    let is_own = ticket.account == visit.caller.account;
    let may_copy = is_own && visit.may(Act::Change);
    let counts = approval(ticket, visit.now()) == Some(Approval::Counts);
    let source = &ticket.region;
    let target = |one: &region::TicketTarget| {
        let here = visit.deployment().region(&one.target).is_ok();
        let copy = one.copy.as_ref().map(|copy| {
            let path = format!("/regions/{}/copies/{copy}", one.target);
            (copy.to_string(), (here && is_own).then_some(path))
        });
        let path = format!("/regions/{source}/copy?image={}&target={}", ticket.image, one.target);
        Target {
            region: one.target.to_string(),
            copy_now: (may_copy && counts && copy.is_none()).then_some(path),
            copy,
        }
    };
    ticket.targets.iter().map(target).collect()
}
