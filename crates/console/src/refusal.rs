//! What people read when something was not done.

use std::any::Any;

use askama::Template;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use model::{Field, Rejection};
use region::Refused;

use crate::page::{Page, Section, Theme, rendered};
pub(crate) use crate::rejection_words::told;
use crate::visit::Visit;
use crate::words::{Language, Saying, Words};

/// Why a page is not what was asked for.
#[derive(Debug)]
pub(crate) enum Shown {
    /// Understood and refused.
    Rejected(Box<Rejection>),
    /// There is nothing here, or nothing of the visitor's.
    Absent,
    /// The region is served by another process.
    Elsewhere {
        /// Which region.
        region: String,
        /// Where its own console is.
        endpoint: String,
    },
    /// The session ended between two looks.
    SignedOut,
    /// The form is not one that this page gave to this person.
    Forged,
    /// The form is none, or too long.
    BadForm,
    /// The link was used, or is too old, or never was.
    LinkOver,
    /// A handler failed in a way that it should not.
    Broken,
    /// The world failed. What it said is in the log.
    Fault,
}

/// A refusal that a form says above itself.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// In the visitor's language, with the values.
    pub(crate) text: String,
    /// What the answer has.
    pub(crate) status: StatusCode,
    /// The value that it is about.
    pub(crate) field: Option<Field>,
}

impl Problem {
    /// What the person is told who sent a form; what is no answer to a form is a page of its own.
    pub(crate) fn of(refused: Refused, words: Words) -> Result<Problem, Shown> {
        match Shown::from(refused) {
            Shown::Rejected(rejection) => Ok(Problem::of_rejection(&rejection, words)),
            other => Err(other),
        }
    }

    /// The same of a rejection that was found without a command.
    pub(crate) fn of_rejection(rejection: &Rejection, words: Words) -> Problem {
        let field =
            if let Rejection::InvalidField { field, .. } = rejection { Some(*field) } else { None };
        Problem { text: told(rejection, words), status: status_of(rejection), field }
    }

    /// One that the form itself has.
    pub(crate) fn said(saying: &Saying) -> Problem {
        Problem { text: saying.to_string(), status: StatusCode::UNPROCESSABLE_ENTITY, field: None }
    }
}

impl From<Refused> for Shown {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(rejection) if is_absence(&rejection) => Shown::Absent,
            Refused::Rejected(rejection) => Shown::Rejected(Box::new(rejection)),
            Refused::Elsewhere { region, endpoint } => {
                Shown::Elsewhere { region: region.to_string(), endpoint }
            }
            Refused::Unauthorised => Shown::SignedOut,
            Refused::Rehearsed | Refused::BadFrames { .. } => {
                tracing::error!(%refused, "the console does not ask for this");
                Shown::Broken
            }
            Refused::Fault(fault) => {
                let mut chain = fault.to_string();
                let mut source = std::error::Error::source(&fault);
                while let Some(cause) = source {
                    chain = format!("{chain}: {cause}");
                    source = cause.source();
                }
                tracing::error!(fault = chain, "a page failed");
                Shown::Fault
            }
        }
    }
}

impl From<Rejection> for Shown {
    fn from(rejection: Rejection) -> Self {
        Refused::Rejected(rejection).into()
    }
}

/// What the path named is not there.
fn is_absence(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::ImageNotFound { .. }
            | Rejection::SnapshotNotFound { .. }
            | Rejection::CopyNotFound { .. }
            | Rejection::InstanceNotFound { .. }
            | Rejection::TicketNotFound { .. }
            | Rejection::TaskNotFound { .. }
            | Rejection::RegionUnknown { .. }
    )
}

fn status_of(rejection: &Rejection) -> StatusCode {
    if matches!(rejection, Rejection::NotAllowed { .. }) {
        StatusCode::FORBIDDEN
    } else if matches!(rejection, Rejection::InvalidField { .. }) {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::CONFLICT
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refusal {
    title: String,
    text: String,
    way_on: Option<(String, String)>,
    note: Option<String>,
}

/// A refusal without the shell: nobody is signed in.
#[derive(Template)]
#[template(path = "outside.html")]
struct Outside {
    words: Words,
    theme: Theme,
    body: String,
    style: String,
}

impl Shown {
    /// Whether the next look may see more.
    pub(crate) fn is_fault(&self) -> bool {
        matches!(self, Shown::Fault)
    }

    fn status(&self) -> StatusCode {
        match self {
            Shown::Rejected(rejection) => status_of(rejection),
            Shown::Absent => StatusCode::NOT_FOUND,
            Shown::Elsewhere { .. } => StatusCode::MISDIRECTED_REQUEST,
            Shown::SignedOut | Shown::LinkOver => StatusCode::UNAUTHORIZED,
            Shown::Forged => StatusCode::FORBIDDEN,
            Shown::BadForm => StatusCode::BAD_REQUEST,
            Shown::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Shown::Fault => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn refusal(&self, words: Words, request_id: &str) -> Refusal {
        let say = |id| words.say(id).to_string();
        let note = Some(words.say("refused-request").showing("id", request_id).to_string());
        let home = Some(("/".to_owned(), say("refused-home")));
        let plain = |title, text| Refusal {
            title: say(title),
            text: say(text),
            way_on: home.clone(),
            note: None,
        };
        match self {
            Shown::Rejected(rejection) => {
                Refusal { text: told(rejection, words), ..plain("refused-title", "refused-title") }
            }
            Shown::Absent => plain("refused-absent-title", "refused-absent"),
            Shown::Elsewhere { region, endpoint } => {
                let text = words.say("refused-elsewhere").showing("region", region);
                let there = words.say("refused-elsewhere-go").showing("endpoint", endpoint);
                let is_address =
                    ["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme));
                Refusal {
                    title: words
                        .say("refused-elsewhere-title")
                        .showing("region", region)
                        .to_string(),
                    text: text.to_string(),
                    way_on: is_address.then(|| (format!("{endpoint}/"), there.to_string())),
                    note: None,
                }
            }
            Shown::SignedOut => Refusal {
                way_on: Some(("/sign-in".to_owned(), say("refused-sign-in"))),
                ..plain("refused-signed-out-title", "refused-signed-out")
            },
            Shown::LinkOver => Refusal {
                way_on: Some(("/sign-in".to_owned(), say("refused-sign-in"))),
                ..plain("refused-link-title", "refused-link")
            },
            Shown::Forged => Refusal { note, ..plain("refused-forged-title", "refused-forged") },
            Shown::BadForm => Refusal { note, ..plain("refused-form-title", "refused-form") },
            Shown::Broken => Refusal { note, ..plain("refused-broken-title", "refused-broken") },
            Shown::Fault => Refusal { note, ..plain("refused-fault-title", "refused-fault") },
        }
    }

    /// The page that says so, in the shell.
    pub(crate) fn page(&self, visit: &Visit) -> Page {
        let refusal = self.refusal(visit.words, &visit.caller.request_id);
        let page = visit.page(Section::Overview, &refusal.title).status(self.status());
        page.part("refused", &refusal).standing_alone()
    }

    /// The same to somebody who is not signed in.
    pub(crate) fn outside(&self, words: Words, theme: Theme, request_id: &str) -> Response {
        let body = rendered(&self.refusal(words, request_id));
        let page = Outside { words, theme, body, style: crate::assets::style() };
        (self.status(), Html(rendered(&page))).into_response()
    }
}

/// Nothing is at this path.
pub(crate) fn absent(request: &Parts) -> Response {
    let words = Words(Language::asked_for(&request.headers));
    Shown::Absent.outside(words, Theme::Auto, &crate::visit::request_id(request))
}

/// The answer of a page that panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("of an unknown kind"), "a page panicked");
    let words = Words(Language::asked_for(&HeaderMap::new()));
    Shown::Broken.outside(words, Theme::Auto, "-")
}
