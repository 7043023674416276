//! Whether the trails are as they were written.

use askama::Template;
use region::TrailStanding;

use super::trails;
use crate::form::Form;
use crate::page::{Done, Section};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// What was found of one trail.
struct Row {
    trail: Saying,
    kind: &'static str,
    word: Saying,
    told: Saying,
}

#[derive(Template)]
#[template(path = "audit/verified.html")]
struct Verified {
    words: Words,
    rows: Vec<Row>,
    back: String,
}

/// Reads every entry of the chosen trails, and says what stands. Changes nothing.
pub(crate) async fn verify(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let words = visit.words;
    let mut rows = Vec::new();
    for trail in trails(&visit)? {
        let standing = trail.verify(&visit).await?;
        let (kind, word, told) = match standing {
            TrailStanding::Whole { entries } => {
                let told = words.say("audit-whole-told").with("entries", entries);
                ("ok", words.say("audit-whole"), told)
            }
            TrailStanding::Broken { seq } => {
                let told = words.say("audit-broken-told").with("seq", seq);
                ("bad", words.say("audit-broken"), told)
            }
        };
        rows.push(Row { trail: trail.name(words), kind, word, told });
    }
    let html = Verified { words, rows, back: visit.link("/audit") };
    let page = visit.page(Section::Audit, words.say("audit-verified-title"));
    Ok(page.part("audit-verified", &html).into())
}
