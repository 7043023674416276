//! The accounts of the deployment.

use askama::Template;
use axum::http::StatusCode;
use model::Name;
use region::AccountView;

use super::for_admins;
use super::paging::{self, Pager};
use crate::form::Form;
use crate::keys::standing;
use crate::look::When;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// An account in its row.
struct Row {
    account: AccountView,
    path: String,
    kind: &'static str,
    state: Saying,
    created: When,
    is_own: bool,
}

#[derive(Template)]
#[template(path = "people/accounts.html")]
struct Accounts<'a> {
    visit: &'a Visit,
    words: Words,
    problem: Option<Problem>,
    name: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    page(&visit, None, "").await
}

async fn page(visit: &Visit, problem: Option<Problem>, name: &str) -> Result<Page, Shown> {
    for_admins(visit)?;
    let accounts = &visit.deployment().accounts;
    let listed = accounts.accounts(&visit.caller, paging::query(visit)).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let html = Accounts {
        visit,
        words: visit.words,
        problem,
        name: name.to_owned(),
        pager: Pager::of(visit, listed.next.as_ref()),
        rows: listed.items.into_iter().map(|account| row(visit, account)).collect(),
    };
    let page = visit.page(Section::People, visit.words.say("people-title"));
    Ok(page.part("people", &html).status(status))
}

fn row(visit: &Visit, account: AccountView) -> Row {
    let (kind, state) = standing(account.state, visit.words);
    Row {
        path: format!("/people/accounts/{}", account.id),
        kind,
        state,
        created: When(account.created),
        is_own: account.id == visit.caller.account,
        account,
    }
}

/// Makes one.
pub(crate) async fn create(visit: Visit, form: Form) -> Result<Done, Shown> {
    for_admins(&visit)?;
    let typed = form.text("name");
    let made = match Name::new(typed) {
        Ok(name) => visit.deployment().accounts.create_account(&visit.caller, name).await,
        Err(rejection) => Err(rejection.into()),
    };
    match made {
        Ok(account) => {
            let notice = visit.words.say("people-account-made").showing("name", &account.name);
            Ok(visit.done(format!("/people/accounts/{}", account.id), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, Some(problem), typed).await?.into())
        }
    }
}
