//! One user: what it may do, whether it may sign in, and its access keys.

use askama::Template;
use axum::http::StatusCode;
use model::{Admittance, Role, UserId};
use region::{Refused, UserChange, UserView};

use super::{RoleChoice, for_admins, found, role_choices};
use crate::confirm::{self, Question};
use crate::form::Form;
use crate::keys::{Holder, KeyTable, standing};
use crate::look::When;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::rejection_words;
use crate::visit::Visit;
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "people/user.html")]
struct User<'a> {
    visit: &'a Visit,
    words: Words,
    problem: Option<Problem>,
    user: &'a UserView,
    account: String,
    account_path: String,
    path: String,
    kind: &'static str,
    state: Saying,
    role: Saying,
    created: When,
    roles: Vec<RoleChoice>,
}

/// What is asked about first.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Ending {
    /// It signs in no longer.
    Disable,
    /// It is gone.
    Delete,
}

/// The user that the path names.
pub(super) async fn user(visit: &Visit) -> Result<UserView, Shown> {
    for_admins(visit)?;
    let id: UserId = visit.id("user")?;
    found(visit.deployment().accounts.user(&visit.caller, &id).await)
}

pub(super) fn path(user: &UserView) -> String {
    format!("/people/users/{}", user.id)
}

/// Whose keys its page shows.
pub(super) fn holder(user: &UserView) -> Holder {
    Holder {
        user: user.id.clone(),
        base: format!("{}/keys", path(user)),
        back: path(user),
        section: Section::People,
    }
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let user = user(&visit).await?;
    page(&visit, &user, None).await
}

pub(super) async fn page(
    visit: &Visit,
    user: &UserView,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let (accounts, words) = (&visit.deployment().accounts, visit.words);
    let account = found(accounts.account(&visit.caller, &user.account).await)?;
    let keys = found(accounts.list_keys_of(&visit.caller, &user.id).await)?;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let (kind, state) = standing(user.state, words);
    let html = User {
        visit,
        words,
        problem,
        user,
        account_path: format!("/people/accounts/{}", account.id),
        account: account.name.to_string(),
        path: path(user),
        kind,
        state,
        role: rejection_words::role(user.role, words),
        created: When(user.created),
        roles: role_choices(user.role, words),
    };
    let page = visit.page(Section::People, &user.name).part("user", &html);
    Ok(page.part("keys", &KeyTable::of(visit, &holder(user), &keys)).status(status))
}

/// Says on its page what came of a change.
async fn changed(
    visit: &Visit,
    user: &UserView,
    (change, notice): (UserChange, Saying),
) -> Result<Done, Shown> {
    match visit.deployment().accounts.change_user(&visit.caller, &user.id, change).await {
        Ok(_view) => Ok(visit.done(path(user), &notice.showing("name", &user.name))),
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, visit.words);
            Ok(page(visit, user, Some(problem)).await?.into())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Gives it another role.
pub(crate) async fn change_role(visit: Visit, form: Form) -> Result<Done, Shown> {
    let user = user(&visit).await?;
    let role: Role = form.text("role").parse().map_err(|_no_role| Shown::BadForm)?;
    let notice = visit.words.say("people-role-changed");
    changed(&visit, &user, (UserChange::Role(role), notice)).await
}

/// Lets it sign in again.
pub(crate) async fn enable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let user = user(&visit).await?;
    let notice = visit.words.say("people-user-enabled");
    changed(&visit, &user, (UserChange::State(Admittance::Active), notice)).await
}

fn question(visit: &Visit, user: &UserView, ending: Ending) -> Question {
    let words = visit.words;
    let (title, will, button, act) = match ending {
        Ending::Disable => (
            words.say("people-user-disable-title"),
            words.say("people-user-disable-will"),
            words.say("people-disable"),
            "disable",
        ),
        Ending::Delete => (
            words.say("people-user-delete-title"),
            words.say("people-user-delete-will"),
            words.say("people-delete"),
            "delete",
        ),
    };
    let mut says = vec![will];
    if visit.caller.user.as_ref() == Some(&user.id) {
        says.push(words.say("people-this-is-you"));
    }
    Question {
        section: Section::People,
        title: title.showing("name", &user.name),
        id: user.id.to_string(),
        says,
        path: format!("{}/{act}", path(user)),
        back: path(user),
        button,
    }
}

async fn ask(visit: Visit, ending: Ending) -> Result<Page, Shown> {
    let user = user(&visit).await?;
    Ok(confirm::page(&visit, &question(&visit, &user, ending), None))
}

/// Says what disabling it will do.
pub(crate) async fn ask_disable(visit: Visit) -> Result<Page, Shown> {
    ask(visit, Ending::Disable).await
}

/// Says what deleting it will do.
pub(crate) async fn ask_delete(visit: Visit) -> Result<Page, Shown> {
    ask(visit, Ending::Delete).await
}

async fn end(visit: Visit, ending: Ending) -> Result<Done, Shown> {
    let user = user(&visit).await?;
    let (accounts, words) = (&visit.deployment().accounts, visit.words);
    let (ended, notice, next) = match ending {
        Ending::Disable => {
            let change = UserChange::State(Admittance::Disabled);
            let ended = accounts.change_user(&visit.caller, &user.id, change).await;
            (ended.map(|_view| ()), words.say("people-user-disabled"), path(&user))
        }
        Ending::Delete => {
            let ended = accounts.delete_user(&visit.caller, &user.id).await;
            let next = format!("/people/accounts/{}", user.account);
            (ended, words.say("people-user-deleted"), next)
        }
    };
    match ended {
        Ok(()) => Ok(visit.done(next, &notice.showing("name", &user.name))),
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, words);
            let question = question(&visit, &user, ending);
            Ok(confirm::page(&visit, &question, Some(&problem)).into())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Lets it sign in no longer.
pub(crate) async fn disable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    end(visit, Ending::Disable).await
}

/// Deletes it with its keys.
pub(crate) async fn delete(visit: Visit, _form: Form) -> Result<Done, Shown> {
    end(visit, Ending::Delete).await
}
