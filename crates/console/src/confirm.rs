//! Asking once more before something that is not easily taken back.

use askama::Template;
use axum::http::StatusCode;

use crate::page::{Page, Section};
use crate::refusal::Problem;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// What is about to be done.
pub(crate) struct Question {
    /// Which part of the console asks.
    pub(crate) section: Section,
    /// What it is, with the thing's name.
    pub(crate) title: Saying,
    /// What it is done to.
    pub(crate) id: String,
    /// What comes of it, the gravest first.
    pub(crate) says: Vec<Saying>,
    /// Where it is done.
    pub(crate) path: String,
    /// Where who would rather not goes on.
    pub(crate) back: String,
    /// What the button says that does it.
    pub(crate) button: Saying,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    visit: &'a Visit,
    words: Words,
    question: &'a Question,
    problem: Option<&'a Problem>,
}

/// The question, with why it was not done if that was tried.
pub(crate) fn page(visit: &Visit, question: &Question, problem: Option<&Problem>) -> Page {
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    let html = Confirm { visit, words: visit.words, question, problem };
    visit.page(question.section, &question.title).part("confirm", &html).dialog().status(status)
}
