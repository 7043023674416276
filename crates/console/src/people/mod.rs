//! Accounts, their users, and the users' access keys: for admins.

mod account;
mod accounts;
mod paging;
mod user;
mod user_keys;

use axum::Router;
use model::{AccountRejection, Act, Rejection, Role};
use region::Refused;

use crate::keys::Change;
use crate::refusal::Shown;
use crate::rejection_words;
use crate::visit::Visit;
use crate::words::{Saying, Words};
use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/people", page::get(accounts::show).merge(page::post(accounts::create)))
        .merge(of_accounts())
        .merge(of_users())
        .merge(of_keys())
}

fn of_accounts() -> Router<Console> {
    const ONE: &str = "/people/accounts/{account}";
    Router::new()
        .route(ONE, page::get(account::show).merge(page::post(account::create_user)))
        .route(
            &format!("{ONE}/disable"),
            page::get(account::ask_disable).merge(page::post(account::disable)),
        )
        .route(
            &format!("{ONE}/enable"),
            page::get(account::show).merge(page::post(account::enable)),
        )
}

fn of_users() -> Router<Console> {
    const ONE: &str = "/people/users/{user}";
    Router::new()
        .route(ONE, page::get(user::show))
        .route(&format!("{ONE}/role"), page::get(user::show).merge(page::post(user::change_role)))
        .route(&format!("{ONE}/enable"), page::get(user::show).merge(page::post(user::enable)))
        .route(
            &format!("{ONE}/disable"),
            page::get(user::ask_disable).merge(page::post(user::disable)),
        )
        .route(
            &format!("{ONE}/delete"),
            page::get(user::ask_delete).merge(page::post(user::delete)),
        )
}

fn of_keys() -> Router<Console> {
    const ALL: &str = "/people/users/{user}/keys";
    const ONE: &str = "/people/users/{user}/keys/{key}";
    Router::new()
        .route(ALL, page::get(user::show).merge(page::post(user_keys::create)))
        .route(&format!("{ONE}/enable"), page::get(user::show).merge(page::post(user_keys::enable)))
        .route(
            &format!("{ONE}/disable"),
            page::get(|visit| user_keys::ask(visit, Change::Disable))
                .merge(page::post(|visit, _form| user_keys::change(visit, Change::Disable))),
        )
        .route(
            &format!("{ONE}/delete"),
            page::get(|visit| user_keys::ask(visit, Change::Delete))
                .merge(page::post(|visit, _form| user_keys::change(visit, Change::Delete))),
        )
}

/// These pages are for admins, also where the region would let others look.
fn for_admins(visit: &Visit) -> Result<(), Shown> {
    Ok(visit.caller.must(Act::Administer)?)
}

/// What the path names, or nothing is here.
fn found<T>(answer: Result<T, Refused>) -> Result<T, Shown> {
    answer.map_err(|refused| match refused {
        Refused::Rejected(Rejection::Account(
            AccountRejection::AccountNotFound { .. } | AccountRejection::UserNotFound { .. },
        )) => Shown::Absent,
        other => other.into(),
    })
}

/// What a role may do, beside what the one before it may.
fn role_may(role: Role, words: Words) -> Saying {
    words.say(match role {
        Role::Reader => "people-role-reader-may",
        Role::Owner => "people-role-owner-may",
        Role::Operator => "people-role-operator-may",
        Role::Admin => "people-role-admin-may",
    })
}

/// A role to choose.
struct RoleChoice {
    word: &'static str,
    name: Saying,
    may: Saying,
    is_chosen: bool,
}

/// All roles, one of them chosen.
fn role_choices(chosen: Role, words: Words) -> Vec<RoleChoice> {
    let choice = |role: &Role| {
        let (name, may) = (rejection_words::role(*role, words), role_may(*role, words));
        RoleChoice { word: role.as_str(), name, may, is_chosen: *role == chosen }
    };
    Role::ALL.iter().map(choice).collect()
}
