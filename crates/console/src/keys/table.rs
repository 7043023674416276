//! Access keys in a table, with what may be done with each and a way to another one.

use askama::Template;
use model::Admittance;
use region::KeyView;

use super::Holder;
use crate::look::When;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// A key in its row.
struct Row {
    id: String,
    kind: &'static str,
    state: Saying,
    is_active: bool,
    /// Whether this session was opened with it.
    is_in_use: bool,
    created: When,
    path: String,
}

/// The keys of somebody.
#[derive(Template)]
#[template(path = "keys/table.html")]
pub(crate) struct KeyTable<'a> {
    visit: &'a Visit,
    words: Words,
    rows: Vec<Row>,
    base: String,
    have: String,
}

impl<'a> KeyTable<'a> {
    /// Of these keys.
    pub(crate) fn of(visit: &'a Visit, holder: &Holder, keys: &[KeyView]) -> Self {
        let row = |key: &KeyView| {
            let (kind, state) = standing(key.state, visit.words);
            Row {
                id: key.id.to_string(),
                kind,
                state,
                is_active: key.state == Admittance::Active,
                is_in_use: visit.who.key.as_ref() == Some(&key.id),
                created: When(key.created),
                path: format!("{}/{}", holder.base, key.id),
            }
        };
        KeyTable {
            visit,
            words: visit.words,
            rows: keys.iter().map(row).collect(),
            base: holder.base.clone(),
            have: have(keys),
        }
    }
}

/// The keys that a page shows, as its form names them: what it asks for was asked of these.
pub(super) fn have(keys: &[KeyView]) -> String {
    keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether somebody may sign in, as a pill: its kind and its word.
pub(crate) fn standing(state: Admittance, words: Words) -> (&'static str, Saying) {
    match state {
        Admittance::Active => ("ok", words.say("keys-active")),
        Admittance::Disabled => ("wait", words.say("keys-disabled")),
    }
}
