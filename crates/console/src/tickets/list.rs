//! The list of tickets: the account's own, or for operators everyone's, newest first, of one region or of all.

use askama::Template;
use model::{Act, TicketState};
use region::{Region, TicketQuery, TicketSelection, TicketView};

use super::people::People;
use super::stand::{Stand, state_word};
use crate::look::When;
use crate::names::names;
use crate::newest::{self, ASKED};
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "tickets/head.html")]
struct Head {
    words: Words,
    /// Whose: for operators alone.
    tabs: Vec<Tab>,
    states: Vec<(TicketState, Saying, bool)>,
    region: String,
    whose: &'static str,
}

struct Tab {
    label: Saying,
    path: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "tickets/list.html")]
struct List {
    words: Words,
    has_regions: bool,
    has_accounts: bool,
    is_narrowed: bool,
    unfiltered: String,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

/// A ticket in its row.
struct Row {
    ticket: TicketView,
    link: String,
    /// The image's name, where the visitor sees it.
    name: Option<String>,
    image_link: Option<String>,
    targets: String,
    account: String,
    asked_by: String,
    stand: Stand,
    until: Option<When>,
    created: When,
}

/// Whose tickets, as an address says it.
struct Whose {
    word: &'static str,
    selection: TicketSelection,
}

const WHOSE: [Whose; 2] = [
    Whose { word: "own", selection: TicketSelection::Own },
    Whose { word: "everyone", selection: TicketSelection::Everyone },
];

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let words = visit.words;
    let asked = visit.query("whose");
    let is_operator = visit.may(Act::Operate);
    let whose = WHOSE.iter().find(|one| one.word == asked && is_operator).unwrap_or(&WHOSE[0]);
    let state: Option<TicketState> = visit.query("state").parse().ok();
    let list = list(&visit, (whose.selection, state)).await?;
    let tab = |one: &Whose| Tab {
        label: label(one.selection, words),
        path: visit.with_query(&[("whose", one.word), ("after", "")]),
        is_current: one.selection == whose.selection,
    };
    let states = TicketState::ALL.iter();
    let head = Head {
        words,
        tabs: if is_operator { WHOSE.iter().map(tab).collect() } else { Vec::new() },
        states: states.map(|one| (*one, state_word(*one, words), state == Some(*one))).collect(),
        region: match visit.chosen() {
            Chosen::All => String::new(),
            Chosen::One(region) => region.to_string(),
        },
        whose: whose.word,
    };
    let page = visit.page(Section::Tickets, words.say("tickets-title"));
    Ok(page.part("tickets-head", &head).live("tickets", &list))
}

fn label(selection: TicketSelection, words: Words) -> Saying {
    words.say(match selection {
        TicketSelection::Own => "tickets-own",
        TicketSelection::Everyone => "tickets-everyone",
    })
}

async fn list(
    visit: &Visit,
    (selection, state): (TicketSelection, Option<TicketState>),
) -> Result<List, Shown> {
    let regions = match visit.chosen() {
        Chosen::All => visit.regions(),
        // Tells whether another process serves it, or nobody.
        Chosen::One(id) => vec![visit.deployment().region(id)?],
    };
    let mut found = Vec::new();
    for region in &regions {
        let after = newest::place(visit.query("after"));
        let query = TicketQuery { selection, state, after, limit: ASKED };
        found.extend(region.tickets(&visit.caller, query).await?.items);
    }
    let place = |one: &TicketView| (one.created, one.id.to_string());
    let (found, next) = newest::first_page(found, place);
    Ok(List {
        words: visit.words,
        has_regions: *visit.chosen() == Chosen::All,
        has_accounts: selection == TicketSelection::Everyone,
        is_narrowed: state.is_some(),
        unfiltered: visit.with_query(&[("state", ""), ("after", "")]),
        rows: rows(visit, &regions, found).await?,
        first: (!visit.query("after").is_empty()).then(|| visit.with_query(&[("after", "")])),
        next: next.map(|next| visit.with_query(&[("after", &newest::word(&next))])),
    })
}

async fn rows(
    visit: &Visit,
    regions: &[Region],
    tickets: Vec<TicketView>,
) -> Result<Vec<Row>, Shown> {
    let mut known = Vec::new();
    for region in regions {
        let own = tickets.iter().filter(|one| one.region == *region.id());
        let own = own.filter(|one| one.account == visit.caller.account);
        let named = names(visit, region, own.map(|one| one.image.clone()).collect()).await?;
        known.push((region.id().clone(), named));
    }
    let mut people = People::new(visit);
    let mut rows = Vec::new();
    for ticket in tickets {
        let named = known.iter().find(|(region, _)| *region == ticket.region);
        let name = named.and_then(|(_, names)| names.get(&ticket.image)).cloned();
        let asked_by = match &ticket.asked_by {
            Some(user) => people.user(user).await?,
            None => String::new(),
        };
        let targets: Vec<_> = ticket.targets.iter().map(|one| one.target.to_string()).collect();
        rows.push(Row {
            link: link_of(&ticket),
            image_link: name.is_some().then(|| image_of(&ticket)),
            name,
            targets: targets.join(", "),
            account: people.account(&ticket.account).await?,
            asked_by,
            stand: Stand::of(&ticket, visit.now(), visit.words),
            until: ticket.until.map(When),
            created: When(ticket.created),
            ticket,
        });
    }
    Ok(rows)
}

/// The page of a ticket.
pub(super) fn link_of(ticket: &TicketView) -> String {
    format!("/regions/{}/tickets/{}", ticket.region, ticket.id)
}

/// The page of the image that it is about.
pub(super) fn image_of(ticket: &TicketView) -> String {
    format!("/regions/{}/images/{}", ticket.region, ticket.image)
}
