//! The encryption keys of each region.

use askama::Template;
use axum::http::StatusCode;
use model::{Act, EncryptionKeyRejection, KeyState, Rejection};
use region::{EncryptionKeyView, Refused, Region};

use super::{list_path, path};
use crate::form::Form;
use crate::look::When;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown, told};
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

/// A key in its row.
struct Row {
    key: EncryptionKeyView,
    path: String,
    kind: &'static str,
    state: Saying,
    seals: Saying,
    created: When,
    delete_at: Option<When>,
    can_rotate: bool,
    can_disable: bool,
    can_enable: bool,
    can_delete: bool,
}

/// The keys of one region.
struct Table {
    region: String,
    rows: Vec<Row>,
    /// Why there are none to manage here.
    elsewhere: Option<String>,
}

#[derive(Template)]
#[template(path = "encryption_keys/head.html")]
struct Head {
    words: Words,
    problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "encryption_keys/list.html")]
struct List<'a> {
    visit: &'a Visit,
    words: Words,
    tables: Vec<Table>,
    may_change: bool,
}

/// Shows them.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    page(&visit, None).await
}

async fn page(visit: &Visit, problem: Option<Problem>) -> Result<Page, Shown> {
    let regions = match visit.chosen() {
        Chosen::All => visit.regions(),
        Chosen::One(id) => vec![visit.deployment().region(id)?],
    };
    let mut tables = Vec::new();
    for region in &regions {
        tables.push(table(visit, region).await?);
    }
    let words = visit.words;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let list = List { visit, words, tables, may_change: visit.may(Act::Change) };
    let page = visit.page(Section::EncryptionKeys, words.say("encryption-keys-title"));
    let page = page.part("encryption-keys-head", &Head { words, problem });
    Ok(page.live("encryption-keys", &list).status(status))
}

async fn table(visit: &Visit, region: &Region) -> Result<Table, Shown> {
    let name = region.id().to_string();
    match region.encryption_keys(&visit.caller).await {
        Ok(keys) => {
            let rows = keys.into_iter().map(|key| row(visit, region, key)).collect();
            Ok(Table { region: name, rows, elsewhere: None })
        }
        Err(Refused::Rejected(
            rejection @ Rejection::EncryptionKey(EncryptionKeyRejection::KeysElsewhere { .. }),
        )) => {
            let elsewhere = Some(told(&rejection, visit.words));
            Ok(Table { region: name, rows: Vec::new(), elsewhere })
        }
        Err(refused) => Err(refused.into()),
    }
}

fn row(visit: &Visit, region: &Region, key: EncryptionKeyView) -> Row {
    let (kind, state) = standing(key.state, visit.words);
    let is_there = key.state != KeyState::Deleted;
    let is_pending = key.state == KeyState::PendingDeletion;
    let seals = visit.words.say("encryption-keys-seals-what");
    Row {
        path: path(region, &key),
        kind,
        state,
        seals: seals.with("images", key.images).with("snapshots", key.snapshots),
        created: When(key.created),
        delete_at: key.delete_at.map(When),
        can_rotate: key.state == KeyState::Enabled,
        can_disable: key.state == KeyState::Enabled,
        can_enable: is_there && key.state != KeyState::Enabled,
        can_delete: is_there && !is_pending && !key.is_default,
        key,
    }
}

/// How a key stands, as a pill: its kind and its word.
fn standing(state: KeyState, words: Words) -> (&'static str, Saying) {
    match state {
        KeyState::Enabled => ("ok", words.say("encryption-keys-enabled")),
        KeyState::Disabled => ("wait", words.say("encryption-keys-disabled")),
        KeyState::PendingDeletion => ("way", words.say("encryption-keys-pending")),
        KeyState::Deleted => ("bad", words.say("encryption-keys-deleted")),
    }
}

/// Makes one.
pub(crate) async fn create(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    match region.create_encryption_key(&visit.caller).await {
        Ok(key) => {
            let notice = visit.words.say("encryption-keys-made").showing("key", &key.id);
            Ok(visit.done(list_path(&region), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, Some(problem)).await?.into())
        }
    }
}
