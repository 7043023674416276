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

/// What a trail's standing is called.
fn row(trail: Saying, standing: TrailStanding, words: Words) -> Row {
    match standing {
        TrailStanding::Whole { entries } => Row {
            trail,
            kind: "ok",
            word: words.say("audit-whole"),
            told: words.say("audit-whole-told").with("entries", entries),
        },
        TrailStanding::Broken { seq } => Row {
            trail,
            kind: "bad",
            word: words.say("audit-broken"),
            told: words.say("audit-broken-told").with("seq", seq),
        },
    }
}

/// Reads every entry of the chosen trails, and says what stands. Changes nothing.
pub(crate) async fn verify(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let words = visit.words;
    let mut rows = Vec::new();
    for trail in trails(&visit)? {
        let standing = trail.verify(&visit).await?;
        rows.push(row(trail.name(words), standing, words));
    }
    let html = Verified { words, rows, back: visit.link("/audit") };
    let page = visit.page(Section::Audit, words.say("audit-verified-title"));
    Ok(page.part("audit-verified", &html).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn a_broken_trail_says_where() {
        let words = Words(Language::English);
        let row = |standing| row(words.say("audit-accounts"), standing, words);
        let rows =
            vec![row(TrailStanding::Broken { seq: 7 }), row(TrailStanding::Whole { entries: 1 })];
        let html = Verified { words, rows, back: "/audit".to_owned() }.render().unwrap();
        assert!(html.contains("class=\"pill bad\">Broken<") && html.contains("Entry 7 does not"));
        assert!(html.contains("class=\"pill ok\">Whole<") && html.contains("Its one entry"));
    }
}
