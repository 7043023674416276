//! The trails in one list, the newest first, with what was and what is.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use model::{AccountId, Act, Name};
use region::{AuditQuery, AuditView, Refused};

use super::entry::{Fact, changed, facts};
use super::place::Place;
use super::{ACCOUNTS, Trail, trails};
use crate::look::When;
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

/// Entries of a page.
const ROWS: usize = 50;

/// An entry in its row.
struct Row {
    id: String,
    at: When,
    trail: Saying,
    /// Who, by name where that is known.
    actor: Option<String>,
    /// By id, where the name is shown.
    actor_id: String,
    account: Option<String>,
    action: String,
    subject: String,
    subject_path: String,
    request_id: String,
    changed: String,
    facts: Vec<Fact>,
}

struct Tab {
    label: Saying,
    path: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "audit/head.html")]
struct Head<'a> {
    visit: &'a Visit,
    words: Words,
    tabs: Vec<Tab>,
    subject: String,
    account: String,
    trail: String,
    region: String,
    may_operate: bool,
    verify_path: String,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct List {
    words: Words,
    rows: Vec<Row>,
    first: Option<String>,
    more: Option<String>,
}

/// Entries of one trail, the newest first.
struct Run {
    trail: Trail,
    entries: std::iter::Peekable<std::vec::IntoIter<AuditView>>,
}

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let (page, more) = page(&visit).await?;
    let rows = rows(&visit, page).await?;
    let list = List {
        words: visit.words,
        rows,
        first: (!visit.query("after").is_empty()).then(|| visit.with_query(&[("after", "")])),
        more: more.map(|place| visit.with_query(&[("after", &place.word())])),
    };
    let page = visit.page(Section::Audit, visit.words.say("audit-title"));
    Ok(page.part("audit-head", &head(&visit)).part("audit", &list))
}

fn head(visit: &Visit) -> Head<'_> {
    let words = visit.words;
    let region = match visit.chosen() {
        Chosen::All => String::new(),
        Chosen::One(region) => region.to_string(),
    };
    let trail = if region.is_empty() { visit.query("trail") } else { "" };
    let tab = |label, (wanted, at): (&str, &str)| Tab {
        label,
        path: visit.with_query(&[("trail", wanted), ("region", at), ("after", "")]),
        is_current: (trail, region.as_str()) == (wanted, at),
    };
    let mut tabs = vec![
        tab(words.say("audit-all"), ("", "")),
        tab(words.say("audit-accounts"), (ACCOUNTS, "")),
    ];
    for here in visit.deployment().regions_here() {
        let label = words.say("audit-of-region").showing("region", here.id());
        tabs.push(tab(label, ("", here.id().as_str())));
    }
    Head {
        visit,
        words,
        tabs,
        subject: visit.query("subject").to_owned(),
        account: visit.query("account").to_owned(),
        trail: trail.to_owned(),
        may_operate: visit.may(Act::Operate),
        verify_path: match (region.as_str(), trail) {
            ("", ACCOUNTS) => format!("/audit/verify?trail={ACCOUNTS}"),
            _ => visit.link("/audit/verify"),
        },
        region,
    }
}

/// Whose doings are wanted: nobody's in particular, or those of an account by its id or name. The error is that there is none.
async fn account(visit: &Visit) -> Result<Result<Option<AccountId>, ()>, Shown> {
    let typed = visit.query("account");
    if typed.is_empty() {
        return Ok(Ok(None));
    }
    if let Ok(id) = typed.parse() {
        return Ok(Ok(Some(id)));
    }
    let Ok(name) = Name::new(typed) else { return Ok(Err(())) };
    let named = visit.deployment().accounts.account_named(&name).await?;
    Ok(named.map(Some).ok_or(()))
}

/// The page's entries with their trails, and where the next page begins.
async fn page(visit: &Visit) -> Result<(Vec<(Saying, AuditView, String)>, Option<Place>), Shown> {
    let trails = trails(visit)?;
    let Ok(account) = account(visit).await? else { return Ok((Vec::new(), None)) };
    let mut place = Place::of(visit.query("after"));
    let subject = Some(visit.query("subject").to_owned()).filter(|subject| !subject.is_empty());
    let mut runs = Vec::new();
    for trail in trails {
        let query = AuditQuery {
            account: account.clone(),
            subject: subject.clone(),
            after: place.after(&trail.tag()),
            limit: ROWS as u32 + 1,
        };
        let entries = trail.list(visit, query).await?.items.into_iter().peekable();
        runs.push(Run { trail, entries });
    }
    let mut page = Vec::new();
    while page.len() < ROWS {
        let Some((run, entry)) = newest(&mut runs) else { return Ok((page, None)) };
        let tag = run.trail.tag();
        place.pass(&tag, entry.seq);
        page.push((run.trail.name(visit.words), entry, tag));
    }
    let is_more = runs.iter_mut().any(|run| run.entries.peek().is_some());
    Ok((page, is_more.then_some(place)))
}

/// The newest entry of all that are left. Each trail keeps its own order, whatever its clock did.
fn newest(runs: &mut [Run]) -> Option<(&Run, AuditView)> {
    let at = |run: &mut Run| run.entries.peek().map(|entry| entry.at);
    let run = runs.iter_mut().filter_map(|run| at(run).map(|at| (at, run)));
    let (_, run) = run.max_by_key(|(at, _)| *at)?;
    let entry = run.entries.next()?;
    Some((run, entry))
}

async fn rows(visit: &Visit, page: Vec<(Saying, AuditView, String)>) -> Result<Vec<Row>, Shown> {
    let actors: BTreeSet<String> = page.iter().map(|(_, entry, _)| entry.actor.clone()).collect();
    let users = users(visit, actors).await?;
    let accounts = page.iter().filter_map(|(_, entry, _)| entry.account.as_ref());
    let accounts: BTreeSet<AccountId> = accounts.cloned().collect();
    let accounts = visit.deployment().accounts.names_of(&accounts).await?;
    let row = |(trail, entry, tag): (Saying, AuditView, String)| {
        let facts = facts(&entry);
        let named = |id: &AccountId| accounts.get(id).map_or(id.to_string(), Name::to_string);
        Row {
            id: format!("{}-{}", tag.trim_start_matches(':'), entry.seq),
            at: When(entry.at),
            trail,
            actor: users.get(&entry.actor).cloned(),
            account: entry.account.as_ref().map(named),
            subject_path: visit.with_query(&[("subject", &entry.subject), ("after", "")]),
            changed: changed(&facts),
            facts,
            actor_id: entry.actor,
            action: entry.action,
            subject: entry.subject,
            request_id: entry.request_id,
        }
    };
    Ok(page.into_iter().map(row).collect())
}

/// What users are called, of those that are still there and that the visitor sees.
async fn users(visit: &Visit, ids: BTreeSet<String>) -> Result<HashMap<String, String>, Shown> {
    let mut names = HashMap::new();
    for id in ids {
        let Ok(user) = id.parse() else { continue };
        match visit.deployment().accounts.user(&visit.caller, &user).await {
            Ok(view) => {
                names.insert(id, view.name.to_string());
            }
            // Deleted since.
            Err(Refused::Rejected(_)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(names)
}
