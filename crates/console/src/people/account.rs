//! One account and its users.

use askama::Template;
use axum::http::StatusCode;
use model::{AccountId, Admittance, Name, Role};
use region::{AccountView, NewUser, Refused, UserView};

use super::paging::{self, Pager};
use super::{RoleChoice, for_admins, found, role_choices};
use crate::confirm::{self, Question};
use crate::form::Form;
use crate::keys::standing;
use crate::look::When;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::rejection_words;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// A user in its row.
struct Row {
    user: UserView,
    path: String,
    role: Saying,
    kind: &'static str,
    state: Saying,
    created: When,
    is_visitor: bool,
}

/// What stands in the form of a new user.
struct Typed {
    name: String,
    role: Role,
}

#[derive(Template)]
#[template(path = "people/account.html")]
struct Account<'a> {
    visit: &'a Visit,
    words: Words,
    problem: Option<Problem>,
    account: &'a AccountView,
    path: String,
    kind: &'static str,
    state: Saying,
    created: When,
    rows: Vec<Row>,
    pager: Pager,
    name: String,
    roles: Vec<RoleChoice>,
}

/// The account that the path names.
async fn account(visit: &Visit) -> Result<AccountView, Shown> {
    for_admins(visit)?;
    let id: AccountId = visit.id("account")?;
    found(visit.deployment().accounts.account(&visit.caller, &id).await)
}

fn path(account: &AccountView) -> String {
    format!("/people/accounts/{}", account.id)
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let account = account(&visit).await?;
    page(&visit, &account, (None, Typed { name: String::new(), role: Role::Owner })).await
}

async fn page(
    visit: &Visit,
    account: &AccountView,
    (problem, typed): (Option<Problem>, Typed),
) -> Result<Page, Shown> {
    let (accounts, words) = (&visit.deployment().accounts, visit.words);
    let users = accounts.users(&visit.caller, Some(&account.id), paging::query(visit)).await;
    let listed = found(users)?;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let (kind, state) = standing(account.state, words);
    let html = Account {
        visit,
        words,
        problem,
        account,
        path: path(account),
        kind,
        state,
        created: When(account.created),
        pager: Pager::of(visit, listed.next.as_ref()),
        rows: listed.items.into_iter().map(|user| row(visit, user)).collect(),
        name: typed.name,
        roles: role_choices(typed.role, words),
    };
    let page = visit.page(Section::People, &account.name).part("account", &html);
    Ok(page.status(status))
}

fn row(visit: &Visit, user: UserView) -> Row {
    let (kind, state) = standing(user.state, visit.words);
    Row {
        path: format!("/people/users/{}", user.id),
        role: rejection_words::role(user.role, visit.words),
        kind,
        state,
        created: When(user.created),
        is_visitor: visit.caller.user.as_ref() == Some(&user.id),
        user,
    }
}

/// Makes a user of it.
pub(crate) async fn create_user(visit: Visit, form: Form) -> Result<Done, Shown> {
    let account = account(&visit).await?;
    let name = form.text("name").to_owned();
    let role: Role = form.text("role").parse().map_err(|_no_role| Shown::BadForm)?;
    let made = match Name::new(&name) {
        Ok(name) => {
            let user = NewUser { account: Some(account.id.clone()), name, role };
            visit.deployment().accounts.create_user(&visit.caller, user).await
        }
        Err(rejection) => Err(rejection.into()),
    };
    match made {
        Ok(user) => {
            let notice = visit.words.say("people-user-made").showing("name", &user.name);
            Ok(visit.done(format!("/people/users/{}", user.id), &notice))
        }
        Err(refused) => {
            let problem = Some(visit.problem(refused)?);
            Ok(page(&visit, &account, (problem, Typed { name, role })).await?.into())
        }
    }
}

fn question(visit: &Visit, account: &AccountView) -> Question {
    let words = visit.words;
    let mut says = vec![words.say("people-account-disable-will")];
    if account.id == visit.caller.account {
        says.push(words.say("people-disable-own-account"));
    }
    Question {
        section: Section::People,
        title: words.say("people-account-disable-title").showing("name", &account.name),
        id: account.id.to_string(),
        says,
        path: format!("{}/disable", path(account)),
        back: path(account),
        button: words.say("people-disable"),
    }
}

/// Says what disabling it will do.
pub(crate) async fn ask_disable(visit: Visit) -> Result<Page, Shown> {
    let account = account(&visit).await?;
    Ok(confirm::page(&visit, &question(&visit, &account), None))
}

/// Lets its users sign in no longer.
pub(crate) async fn disable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let account = account(&visit).await?;
    let accounts = &visit.deployment().accounts;
    let state = Admittance::Disabled;
    match accounts.set_account_state(&visit.caller, &account.id, state).await {
        Ok(account) => {
            let notice = visit.words.say("people-account-disabled").showing("name", &account.name);
            Ok(visit.done(path(&account), &notice))
        }
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, visit.words);
            Ok(confirm::page(&visit, &question(&visit, &account), Some(&problem)).into())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Lets its users sign in again.
pub(crate) async fn enable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let account = account(&visit).await?;
    let accounts = &visit.deployment().accounts;
    let enabled =
        accounts.set_account_state(&visit.caller, &account.id, Admittance::Active).await?;
    let notice = visit.words.say("people-account-enabled").showing("name", &enabled.name);
    Ok(visit.done(path(&enabled), &notice))
}
