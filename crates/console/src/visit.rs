//! One visit to a page by somebody who is signed in: who it is, what is asked for, in which language.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use model::{Act, Clock, RegionId, Timestamp};
use region::{Caller, Deployment, Refused, Region, SessionView, SystemClock};
use tower_http::request_id::RequestId;

use crate::Console;
use crate::cookies::Cookie;
use crate::page::{self, Done, Notice, Page, Section, Theme};
use crate::refusal::{Problem, Shown};
use crate::words::{Language, Saying, Words};

/// What the tokens of forms are derived for.
const FORMS: &str = "ferry 2026-11 console forms";

/// Which regions a page is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Every region of this process.
    All,
    /// This one.
    One(RegionId),
}

/// A visit. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Visit {
    /// Who asks, and under which request.
    pub(crate) caller: Caller,
    /// Who that is, in words.
    pub(crate) who: SessionView,
    /// The texts in the visitor's language.
    pub(crate) words: Words,
    /// Light or dark, if the visitor chose.
    pub(crate) theme: Theme,
    console: Console,
    asked: Arc<Asked>,
    chosen: Chosen,
    is_watched: bool,
}

/// What is asked for, as it came.
struct Asked {
    token: String,
    path: String,
    query: String,
    values: Vec<(String, String)>,
    places: Vec<(String, String)>,
    notice: Option<String>,
    host: String,
}

/// The token of the forms of somebody who holds `secret`: whoever does not know that cannot make it.
pub(crate) fn form_token(secret: &str) -> String {
    hex::encode(blake3::derive_key(FORMS, secret.as_bytes()))
}

/// Whether a form carries the token of who sends it. In constant time.
pub(crate) fn is_form_token(given: &str, secret: &str) -> bool {
    let digest = |text: &str| blake3::hash(text.as_bytes());
    digest(given) == digest(&form_token(secret))
}

/// The request's name in logs and in the audit trail.
pub(crate) fn request_id(parts: &Parts) -> String {
    let named = parts.extensions.get::<RequestId>();
    let text = named.and_then(|id| id.header_value().to_str().ok());
    text.unwrap_or("req-unnamed").to_owned()
}

/// The language that was chosen, else the one that the browser asks for.
pub(crate) fn words(console: &Console, headers: &HeaderMap) -> Words {
    let kept = Cookie::Language.of(console, headers).and_then(Language::of_tag);
    Words(kept.unwrap_or_else(|| Language::asked_for(headers)))
}

/// Light or dark, if one was chosen.
pub(crate) fn theme(console: &Console, headers: &HeaderMap) -> Theme {
    Cookie::Theme.of(console, headers).and_then(Theme::of_tag).unwrap_or(Theme::Auto)
}

/// Why there is no visit.
pub(crate) enum NoVisit {
    /// Nobody is signed in.
    NotSignedIn {
        /// Where to go on once somebody is: a path of ours.
        next: String,
    },
    /// The world failed.
    Failed(Box<Response>),
}

impl IntoResponse for NoVisit {
    fn into_response(self) -> Response {
        match self {
            NoVisit::NotSignedIn { next } => {
                Redirect::to(&format!("/sign-in?next={}", encoded(&next))).into_response()
            }
            NoVisit::Failed(response) => *response,
        }
    }
}

/// A text as a value of a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl FromRequestParts<Console> for Visit {
    type Rejection = NoVisit;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, NoVisit> {
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let not_signed_in = || NoVisit::NotSignedIn {
            next: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        };
        let headers = &parts.headers;
        let (words, theme) = (words(console, headers), theme(console, headers));
        let Some(token) = Cookie::Session.of(console, headers).map(str::to_owned) else {
            return Err(not_signed_in());
        };
        let request_id = request_id(parts);
        let accounts = &console.deployment.accounts;
        let opened = if page::wants_events(headers) {
            accounts.watched_session(&token, request_id.clone()).await
        } else {
            accounts.session(&token, request_id.clone()).await
        };
        let who = match opened {
            Ok(who) => who,
            Err(Refused::Unauthorised) => return Err(not_signed_in()),
            Err(refused) => {
                let shown = Shown::from(refused).outside(words, theme, &request_id);
                return Err(NoVisit::Failed(Box::new(shown)));
            }
        };
        let values = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let params = RawPathParams::from_request_parts(parts, console).await;
        let places = params.map(|params| {
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        });
        let headers = &parts.headers;
        let host = headers.get(axum::http::header::HOST).and_then(|host| host.to_str().ok());
        // What a dialog shows is not the page that a notice waits for: the script goes there by itself.
        let is_dialog = headers.contains_key("ferry-dialog");
        let notice = Cookie::Notice.of(console, headers).filter(|_| !is_dialog);
        let asked = Asked {
            token,
            path,
            query,
            values,
            places: places.unwrap_or_default(),
            notice: notice.map(str::to_owned),
            host: host.unwrap_or_default().to_owned(),
        };
        let console = console.clone();
        let caller = who.caller.clone();
        let mut visit = Visit {
            caller,
            who,
            words,
            theme,
            console,
            asked: Arc::new(asked),
            chosen: Chosen::All,
            is_watched: false,
        };
        let named = visit.place("region").unwrap_or_else(|| visit.query("region"));
        visit.chosen = named.parse().map_or(Chosen::All, Chosen::One);
        Ok(visit)
    }
}

impl Visit {
    /// The regions and the accounts.
    pub(crate) fn deployment(&self) -> &Deployment {
        &self.console.deployment
    }

    pub(crate) fn console(&self) -> &Console {
        &self.console
    }

    /// The region in the path.
    pub(crate) fn region(&self) -> Result<Region, Shown> {
        let id = self.id("region")?;
        Ok(self.deployment().region(&id)?)
    }

    /// A value in the path. What is none of its kind is nowhere.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T, Shown> {
        self.place(name).and_then(|text| text.parse().ok()).ok_or(Shown::Absent)
    }

    fn place(&self, name: &str) -> Option<&str> {
        let found = self.asked.places.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A value of the query, without the spaces around it; empty where it is not there.
    pub(crate) fn query(&self, name: &str) -> &str {
        self.queries(name).first().copied().unwrap_or_default()
    }

    /// All values of a name in the query, without the spaces around them.
    pub(crate) fn queries(&self, name: &str) -> Vec<&str> {
        let values = self.asked.values.iter().filter(|(given, _)| given == name);
        values.map(|(_, value)| value.trim()).collect()
    }

    /// Every name and value of the query.
    pub(crate) fn values(&self) -> &[(String, String)] {
        &self.asked.values
    }

    /// The path, without a query.
    pub(crate) fn path(&self) -> &str {
        &self.asked.path
    }

    /// The path with its query.
    pub(crate) fn target(&self) -> String {
        if self.asked.query.is_empty() {
            self.asked.path.clone()
        } else {
            format!("{}?{}", self.asked.path, self.asked.query)
        }
    }

    /// What the browser calls this host.
    pub(crate) fn host(&self) -> &str {
        &self.asked.host
    }

    /// Which regions the page is about.
    pub(crate) fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    /// The chosen regions that this process serves.
    pub(crate) fn regions(&self) -> Vec<Region> {
        let here = self.deployment().regions_here();
        match &self.chosen {
            Chosen::All => here.cloned().collect(),
            Chosen::One(id) => here.filter(|region| region.id() == id).cloned().collect(),
        }
    }

    /// Whether the visitor's role allows an act.
    pub(crate) fn may(&self, act: Act) -> bool {
        self.caller.role.may(act)
    }

    /// A path of ours with the chosen region kept.
    pub(crate) fn link(&self, path: &str) -> String {
        match &self.chosen {
            Chosen::All => path.to_owned(),
            Chosen::One(region) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{path}{joint}region={region}")
            }
        }
    }

    /// The same page with some values of its query set (or, where empty, left out).
    pub(crate) fn with_query(&self, changes: &[(&str, &str)]) -> String {
        let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = self.asked.values.iter().filter(|(name, _)| !is_changed(name));
        for (name, value) in kept {
            query.append_pair(name, value);
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        match query.finish() {
            query if query.is_empty() => self.asked.path.clone(),
            query => format!("{}?{query}", self.asked.path),
        }
    }

    /// An empty page in the shell.
    pub(crate) fn page(&self, section: Section, title: impl Display) -> Page {
        Page::new(self.clone(), section, title.to_string())
    }

    /// What a form says above itself after a refusal. What is absent, or a fault, is a page of its own.
    pub(crate) fn problem(&self, refused: Refused) -> Result<Problem, Shown> {
        Problem::of(refused, self.words)
    }

    /// On to a page of ours, which says the notice once.
    pub(crate) fn done(&self, path: impl Into<String>, notice: &Saying) -> Done {
        Done::Go { path: path.into(), notice: Some(Notice::of(notice).kept()) }
    }

    /// Whether only the live parts are looked at again: what stands still need not be gathered.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// The same visit as it goes on.
    pub(crate) fn watched(self) -> Visit {
        Visit { is_watched: true, ..self }
    }

    /// The moment.
    pub(crate) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// What forms carry.
    pub(crate) fn form_token(&self) -> String {
        form_token(&self.asked.token)
    }

    pub(crate) fn is_form_token(&self, given: &str) -> bool {
        is_form_token(given, &self.asked.token)
    }

    pub(crate) fn session_token(&self) -> &str {
        &self.asked.token
    }

    pub(crate) fn notice(&self) -> Option<String> {
        let kept = self.asked.notice.as_deref()?;
        Notice::kept_as(kept)?.said(self.words)
    }

    /// The same visit a moment later: the session may be over by now, or the role another one.
    pub(crate) async fn again(&self) -> Result<Visit, Refused> {
        let accounts = &self.deployment().accounts;
        let request_id = self.caller.request_id.clone();
        let who = accounts.watched_session(&self.asked.token, request_id).await?;
        Ok(Visit { caller: who.caller.clone(), who, ..self.clone() })
    }
}
