//! Pages: parts inside the shell, answered whole, or watched.

use std::future::Future;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{self, MethodRouter};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fluent_bundle::FluentValue;
use tracing::Instrument;

use crate::Console;
use crate::cookies::Cookie;
use crate::form::{Form, TOKEN, is_from_here};
use crate::live;
use crate::refusal::Shown;
use crate::visit::{NoVisit, Visit};
use crate::words::{Language, Saying, Words};
use axum::extract::FromRequestParts;

/// What the bar calls a page's part of the console.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The whole at a look.
    Overview,
    /// Images.
    Images,
    /// Copies.
    Copies,
    /// Snapshots.
    Snapshots,
    /// Instances.
    Instances,
    /// Imports of objects and exports to them.
    Tasks,
    /// Regions and links.
    Regions,
    /// Tickets.
    Tickets,
    /// Usage and rates.
    Usage,
    /// Encryption keys.
    EncryptionKeys,
    /// The visitor's access keys.
    Keys,
    /// Accounts and users.
    People,
    /// The audit trail.
    Audit,
}

/// Light or dark.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// As it stands in `data-theme` and in the cookie.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Theme::ALL.into_iter().find(|theme| theme.tag() == tag)
    }

    fn name(self, words: Words) -> Saying {
        words.say(match self {
            Theme::Auto => "shell-theme-auto",
            Theme::Light => "shell-theme-light",
            Theme::Dark => "shell-theme-dark",
        })
    }
}

/// One section of a page.
pub(crate) struct Part {
    pub(crate) id: &'static str,
    pub(crate) html: String,
    pub(crate) is_live: bool,
}

/// A page: parts in order, inside the shell.
pub(crate) struct Page {
    visit: Visit,
    section: Section,
    title: String,
    parts: Vec<Part>,
    is_dialog: bool,
    /// Whether the bar marks its section.
    is_listed: bool,
    status: StatusCode,
}

impl Page {
    pub(crate) fn new(visit: Visit, section: Section, title: String) -> Self {
        Page {
            visit,
            section,
            title,
            parts: Vec::new(),
            is_dialog: false,
            is_listed: true,
            status: StatusCode::OK,
        }
    }

    /// A section that stands still.
    #[must_use]
    pub(crate) fn part(self, id: &'static str, html: &impl Template) -> Self {
        self.add(id, html, false)
    }

    /// A section that is sent again whenever it looks different.
    #[must_use]
    pub(crate) fn live(self, id: &'static str, html: &impl Template) -> Self {
        self.add(id, html, true)
    }

    fn add(mut self, id: &'static str, html: &impl Template, is_live: bool) -> Self {
        let html = rendered(html);
        self.parts.push(Part { id, html, is_live });
        self
    }

    /// A narrow page that the script may show as a dialog.
    #[must_use]
    pub(crate) fn dialog(self) -> Self {
        Page { is_dialog: true, ..self }
    }

    /// A page that belongs to no place of the bar.
    #[must_use]
    pub(crate) fn standing_alone(self) -> Self {
        Page { is_listed: false, ..self }
    }

    /// Answered with this status.
    #[must_use]
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Page { status, ..self }
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// A template's HTML. Templates write into memory: it fails only where a value's own `Display` does.
pub(crate) fn rendered(html: &impl Template) -> String {
    html.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a template failed");
        String::new()
    })
}

/// One link of the bar.
struct Place {
    section: Section,
    path: String,
    label: Saying,
}

#[derive(Template)]
#[template(path = "shell.html")]
struct Shell<'a> {
    page: &'a Page,
    visit: &'a Visit,
    words: Words,
    places: Vec<Place>,
    regions: Vec<String>,
    chosen: String,
    notice: Option<String>,
    is_live: bool,
    style: String,
    script: String,
    mark: String,
}

impl Shell<'_> {
    fn of(page: &Page) -> Shell<'_> {
        let visit = &page.visit;
        let chosen = match visit.chosen() {
            crate::visit::Chosen::All => String::new(),
            crate::visit::Chosen::One(region) => region.to_string(),
        };
        Shell {
            page,
            visit,
            words: visit.words,
            places: places(visit),
            regions: visit.deployment().regions_here().map(|one| one.id().to_string()).collect(),
            chosen,
            notice: visit.notice(),
            is_live: page.parts.iter().any(|part| part.is_live),
            style: crate::assets::style(),
            script: crate::assets::script(),
            mark: crate::assets::mark(),
        }
    }

    fn is_current(&self, section: &Section) -> bool {
        self.page.is_listed && self.page.section == *section
    }

    /// A page about one thing stays about it: its region is changed on the list it is from.
    fn switch_path(&self) -> String {
        let own = self.visit.path();
        if own.starts_with("/regions/") {
            let place = self.places.iter().find(|place| place.section == self.page.section);
            let path = place.map_or("/", |place| place.path.as_str());
            path.split('?').next().unwrap_or("/").to_owned()
        } else {
            own.to_owned()
        }
    }

    /// What the list was narrowed by stays when its region is changed; where in it one was does not.
    fn kept(&self) -> Vec<&(String, String)> {
        if self.switch_path() != self.visit.path() {
            return Vec::new();
        }
        let gone = ["region", "page", "after"];
        self.visit.values().iter().filter(|(name, _)| !gone.contains(&name.as_str())).collect()
    }

    fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        let current = self.words.language();
        let all = Language::ALL.into_iter();
        all.map(|language| (language.tag(), language.name(), language == current)).collect()
    }

    fn themes(&self) -> Vec<(&'static str, Saying, bool)> {
        let current = self.visit.theme;
        let all = Theme::ALL.into_iter();
        all.map(|theme| (theme.tag(), theme.name(self.words), theme == current)).collect()
    }
}

/// What the bar offers the visitor.
fn places(visit: &Visit) -> Vec<Place> {
    use model::Act;
    let words = visit.words;
    let all = [
        (Section::Overview, "/", words.say("shell-overview"), Act::Read),
        (Section::Images, "/images", words.say("shell-images"), Act::Read),
        (Section::Copies, "/copies", words.say("shell-copies"), Act::Read),
        (Section::Snapshots, "/snapshots", words.say("shell-snapshots"), Act::Read),
        (Section::Instances, "/instances", words.say("shell-instances"), Act::Read),
        (Section::Tasks, "/tasks", words.say("shell-tasks"), Act::Read),
        (Section::Regions, "/regions", words.say("shell-regions"), Act::Read),
        (Section::Tickets, "/tickets", words.say("shell-tickets"), Act::Read),
        (Section::Usage, "/usage", words.say("shell-usage"), Act::Read),
        (
            Section::EncryptionKeys,
            "/encryption-keys",
            words.say("shell-encryption-keys"),
            Act::Read,
        ),
        (Section::Keys, "/keys", words.say("shell-keys"), Act::Read),
        (Section::People, "/people", words.say("shell-people"), Act::Administer),
        (Section::Audit, "/audit", words.say("shell-audit"), Act::Read),
    ];
    let allowed = all.into_iter().filter(|(.., act)| visit.may(*act));
    allowed
        .map(|(section, path, label, _)| Place { section, path: visit.link(path), label })
        .collect()
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let shell = Shell::of(&self);
        let has_notice = shell.notice.is_some();
        let mut response = (self.status, Html(rendered(&shell))).into_response();
        if has_notice {
            let cleared = Cookie::Notice.clear(self.visit.console());
            response.headers_mut().append(SET_COOKIE, cleared);
        }
        response
    }
}

/// What a page says once: a text and what is put into it.
pub(crate) struct Notice {
    id: String,
    /// A number has [`NUMBER`] before its name: texts say *one* and *two* differently.
    args: Vec<(String, String)>,
}

/// Before the name of a number in a notice; no name begins so.
const NUMBER: char = '#';

impl Notice {
    /// What a saying says, without its language.
    pub(crate) fn of(saying: &Saying) -> Self {
        let kept = |(name, value): (&str, &FluentValue<'_>)| match value {
            FluentValue::String(text) => (name.to_owned(), text.to_string()),
            FluentValue::Number(number) => {
                (format!("{NUMBER}{name}"), number.as_string().into_owned())
            }
            FluentValue::Custom(_) | FluentValue::None | FluentValue::Error => {
                (name.to_owned(), String::new())
            }
        };
        let args = saying.args().iter().map(kept);
        Notice { id: saying.id().to_owned(), args: args.collect() }
    }

    /// As it is kept in a cookie.
    pub(crate) fn kept(&self) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("", &self.id);
        for (name, value) in &self.args {
            pairs.append_pair(name, value);
        }
        URL_SAFE_NO_PAD.encode(pairs.finish())
    }

    pub(crate) fn kept_as(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut pairs = form_urlencoded::parse(&bytes).into_owned();
        let (_, id) = pairs.next()?;
        Some(Notice { id, args: pairs.take(16).collect() })
    }

    /// In the visitor's language; none where it is no text of ours.
    pub(crate) fn said(self, words: Words) -> Option<String> {
        let mut saying = words.kept(&self.id)?;
        for (name, value) in self.args {
            match name.strip_prefix(NUMBER) {
                Some(name) => {
                    saying.put(name.to_owned(), FluentValue::try_number(&value).into_owned())
                }
                None => saying.put(name, value.into()),
            }
        }
        Some(saying.to_string())
    }
}

/// What comes of a form.
pub(crate) enum Done {
    /// It was done: on to another page.
    Go {
        /// Where.
        path: String,
        /// What that page says once.
        notice: Option<String>,
    },
    /// It was not: the form again, with what is wrong.
    Page(Box<Page>),
    /// An answer of another kind.
    Answer(Box<Response>),
}

impl From<Page> for Done {
    fn from(page: Page) -> Self {
        Done::Page(Box::new(page))
    }
}

/// Longest notice that a cookie takes.
const NOTICE_BYTES: usize = 2_048;

impl Done {
    fn answer(self, console: &Console) -> Response {
        match self {
            Done::Page(page) => page.into_response(),
            Done::Answer(response) => *response,
            Done::Go { path, notice } => {
                let mut response = Redirect::to(&path).into_response();
                if let Some(notice) = notice.filter(|notice| notice.len() <= NOTICE_BYTES) {
                    let set = Cookie::Notice.set(console, &notice);
                    response.headers_mut().append(SET_COOKIE, set);
                }
                response
            }
        }
    }
}

/// Whether a client would rather have a page than anything else.
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    accepts(headers, "text/html")
}

/// Whether a client asks for a page's live parts as events.
pub(crate) fn wants_events(headers: &HeaderMap) -> bool {
    accepts(headers, "text/event-stream")
}

fn accepts(headers: &HeaderMap, media: &str) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .any(|one| one.split(';').next().is_some_and(|one| one.trim().eq_ignore_ascii_case(media)))
}

/// The route of a page: whole, or as a stream of its live parts.
pub(crate) fn get<H, F>(handler: H) -> MethodRouter<Console>
where
    H: Fn(Visit) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Page, Shown>> + Send + 'static,
{
    routing::get(async move |State(console): State<Console>, request: Request| {
        let (mut parts, _body) = request.into_parts();
        let is_watched = wants_events(&parts.headers);
        let visit = match Visit::from_request_parts(&mut parts, &console).await {
            Ok(visit) => visit,
            Err(NoVisit::NotSignedIn { .. }) if is_watched => {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            Err(no_visit) => return no_visit.into_response(),
        };
        if is_watched {
            return live::watch(visit.watched(), handler);
        }
        match handler(visit.clone()).await {
            Ok(page) => page.into_response(),
            Err(shown) => shown.page(&visit).into_response(),
        }
    })
}

/// The route of a form.
pub(crate) fn post<H, F>(handler: H) -> MethodRouter<Console>
where
    H: Fn(Visit, Form) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Done, Shown>> + Send + 'static,
{
    routing::post(async move |State(console): State<Console>, request: Request| {
        let (mut parts, body) = request.into_parts();
        let is_ours = is_from_here(&console, &parts.headers);
        let visit = match Visit::from_request_parts(&mut parts, &console).await {
            Ok(visit) => visit,
            Err(no_visit) => return no_visit.into_response(),
        };
        let form = match Form::read(&parts.headers, body).await {
            Ok(form) => form,
            Err(shown) => return shown.page(&visit).into_response(),
        };
        if !is_ours || !visit.is_form_token(form.raw(TOKEN)) {
            return Shown::Forged.page(&visit).into_response();
        }
        // What was asked for goes on to its end, whether the browser waits or not.
        let running = tokio::spawn({
            let visit = visit.clone();
            async move { handler(visit, form).await }.in_current_span()
        });
        match running.await {
            Ok(Ok(done)) => done.answer(&console),
            Ok(Err(shown)) => shown.page(&visit).into_response(),
            Err(error) => {
                tracing::error!(%error, "a form's handler panicked");
                Shown::Broken.page(&visit).into_response()
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::Notice;
    use crate::words::{Language, Words};

    /// A notice says after the redirect what it would have said before: numbers as numbers, names as they are.
    #[test]
    fn a_notice_says_the_same_once_it_was_kept() {
        for words in Language::ALL.map(Words) {
            for count in [0_u64, 1, 2, 1_234] {
                let saying = words.say("images-held-here").with("count", count);
                let saying = saying.showing("held", "007").showing("region", "1");
                let kept = Notice::of(&saying).kept();
                let said = Notice::kept_as(&kept).unwrap().said(words);
                assert_eq!(said, Some(saying.to_string()));
            }
        }
    }
}
