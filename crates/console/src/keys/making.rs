//! A new access key: its secret is in the answer to the form, and nowhere after it.

use askama::Template;
use axum::http::StatusCode;
use region::KeyCreated;

use super::Holder;
use super::table::have;
use crate::form::Form;
use crate::page::Page;
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// What came of asking for a key.
pub(crate) enum Made {
    /// The page with its secret.
    Secret(Box<Page>),
    /// No key.
    Refused(Problem),
}

#[derive(Template)]
#[template(path = "keys/secret.html")]
struct Secret<'a> {
    words: Words,
    created: &'a KeyCreated,
    profile: String,
    back: &'a str,
}

/// Makes a key. A form that was made before the holder's keys became what they are makes none: whoever loads the page with
/// the secret again sends it again.
pub(crate) async fn make(visit: &Visit, holder: &Holder, form: &Form) -> Result<Made, Shown> {
    let accounts = &visit.deployment().accounts;
    let keys = accounts.list_keys_of(&visit.caller, &holder.user).await?;
    if form.text("have") != have(&keys) {
        let problem = Problem::said(&visit.words.say("keys-changed-since"));
        return Ok(Made::Refused(Problem { status: StatusCode::CONFLICT, ..problem }));
    }
    match accounts.create_key_of(&visit.caller, &holder.user).await {
        Ok(created) => Ok(Made::Secret(Box::new(secret(visit, holder, &created)))),
        Err(refused) => Ok(Made::Refused(visit.problem(refused)?)),
    }
}

fn secret(visit: &Visit, holder: &Holder, created: &KeyCreated) -> Page {
    let profile = profile(visit, created.id.as_str(), &created.secret);
    let html = Secret { words: visit.words, created, profile, back: &holder.back };
    let page = visit.page(holder.section, visit.words.say("keys-created-title"));
    page.part("secret", &html).dialog()
}

/// What the command line's profile says for a key.
pub(super) fn profile(visit: &Visit, key: &str, secret: &str) -> String {
    let lines = [
        ("endpoint", endpoint(visit)),
        ("access_key_id", key.to_owned()),
        ("access_key_secret", secret.to_owned()),
    ];
    lines.iter().map(|(name, value)| format!("{name} = {value:?}\n")).collect()
}

/// Where this deployment is reached: as it is set, else as the browser reached it.
fn endpoint(visit: &Visit) -> String {
    let set = visit.console().settings.address.clone();
    set.unwrap_or_else(|| format!("http://{}", visit.host()))
}
