//! The visitor's own access keys and sessions.

use askama::Template;
use axum::http::StatusCode;
use model::Admittance;
use region::KeyView;

use super::changing::{self, Change};
use super::making::{self, Made, profile};
use super::{Holder, KeyTable};
use crate::form::Form;
use crate::look::When;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "keys/head.html")]
struct Head {
    words: Words,
    problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "keys/sessions.html")]
struct Sessions<'a> {
    visit: &'a Visit,
    words: Words,
    count: Saying,
    since: When,
    until: When,
    with: Option<String>,
    /// What the command line's profile says; none where there is no key to name.
    profile: Option<String>,
}

/// The visitor. The region itself visits no page.
fn holder(visit: &Visit) -> Result<Holder, Shown> {
    let user = visit.caller.user.clone().ok_or(Shown::SignedOut)?;
    let keys = || "/keys".to_owned();
    Ok(Holder { user, base: keys(), back: keys(), section: Section::Keys })
}

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    page(&visit, None).await
}

async fn page(visit: &Visit, problem: Option<Problem>) -> Result<Page, Shown> {
    let holder = holder(visit)?;
    let keys = visit.deployment().accounts.list_keys(&visit.caller).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let head = Head { words: visit.words, problem };
    let page = visit.page(Section::Keys, visit.words.say("keys-title")).part("keys-head", &head);
    let page = page.part("keys", &KeyTable::of(visit, &holder, &keys));
    Ok(page.part("sessions", &sessions(visit, &keys).await?).status(status))
}

async fn sessions<'v>(visit: &'v Visit, keys: &[KeyView]) -> Result<Sessions<'v>, Shown> {
    let open = visit.deployment().accounts.count_sessions(&visit.caller).await?;
    let own = visit.who.key.as_ref();
    let active = keys.iter().find(|key| key.state == Admittance::Active).map(|key| &key.id);
    let key = own.or(active);
    Ok(Sessions {
        visit,
        words: visit.words,
        count: visit.words.say("keys-sessions-open").with("count", open),
        since: When(visit.who.created),
        until: When(visit.who.expires),
        with: own.map(ToString::to_string),
        profile: key.map(|key| profile(visit, key.as_str(), "…")),
    })
}

/// Makes one.
pub(crate) async fn create(visit: Visit, form: Form) -> Result<Done, Shown> {
    match making::make(&visit, &holder(&visit)?, &form).await? {
        Made::Secret(page) => Ok(Done::Page(page)),
        Made::Refused(problem) => Ok(page(&visit, Some(problem)).await?.into()),
    }
}

/// Says what a change will do.
pub(crate) async fn ask(visit: Visit, change: Change) -> Result<Page, Shown> {
    changing::ask(&visit, &holder(&visit)?, change).await
}

/// Does it.
pub(crate) async fn change(visit: Visit, change: Change) -> Result<Done, Shown> {
    changing::change(&visit, &holder(&visit)?, change).await
}

/// Lets it sign in again.
pub(crate) async fn enable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    changing::enable(&visit, &holder(&visit)?).await
}
