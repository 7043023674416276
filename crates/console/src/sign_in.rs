//! Signing in with an access key or a link that is good once, and signing out.

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use region::{Refused, SessionOpened};

use crate::Console;
use crate::cookies::Cookie;
use crate::form::{Form, TOKEN, is_from_here};
use crate::page::{Done, Theme, rendered};
use crate::refusal::Shown;
use crate::token::new_token;
use crate::visit::{Visit, form_token, is_form_token, request_id, theme, words};
use crate::words::{Language, Saying, Words};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    words: Words,
    theme: Theme,
    problem: Option<Saying>,
    key: String,
    next: String,
    form_token: String,
    style: String,
    script: String,
    mark: String,
}

impl SignIn {
    fn languages(&self) -> Vec<(&'static str, &'static str)> {
        let others = Language::ALL.into_iter().filter(|one| *one != self.words.language());
        others.map(|language| (language.tag(), language.name())).collect()
    }
}

/// What stands between another site's link and signing in.
#[derive(Template)]
#[template(path = "sign_in_ask.html")]
struct Ask {
    words: Words,
    theme: Theme,
    path: String,
    style: String,
}

/// A page that leads on by itself: a redirect that began on another site would carry no cookie of ours.
#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedIn {
    words: Words,
    theme: Theme,
    style: String,
}

/// The form.
pub(crate) async fn show(State(console): State<Console>, request: Request) -> Response {
    let (parts, _body) = request.into_parts();
    let (words, theme) = (words(&console, &parts.headers), theme(&console, &parts.headers));
    let query = parts.uri.query().unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    let next = own_path(next.as_ref().map_or("/", |(_, next)| next));
    let guest = Cookie::Guest.of(&console, &parts.headers).filter(|guest| guest.len() == 32);
    match guest {
        Some(guest) => form(words, theme, Filled { next, ..Filled::of(guest) }).into_response(),
        None => {
            let guest = match new_token() {
                Ok(guest) => guest,
                Err(shown) => return shown.outside(words, theme, &request_id(&parts)),
            };
            let page = form(words, theme, Filled { next, ..Filled::of(&guest) });
            with_cookie(page.into_response(), Cookie::Guest.set(&console, &guest))
        }
    }
}

/// What stands in the form.
struct Filled {
    form_token: String,
    key: String,
    next: String,
    problem: Option<Saying>,
}

impl Filled {
    fn of(guest: &str) -> Self {
        Filled {
            form_token: form_token(guest),
            key: String::new(),
            next: "/".to_owned(),
            problem: None,
        }
    }
}

fn form(words: Words, theme: Theme, filled: Filled) -> Html<String> {
    Html(rendered(&SignIn {
        words,
        theme,
        problem: filled.problem,
        key: filled.key,
        next: filled.next,
        form_token: filled.form_token,
        style: crate::assets::style(),
        script: crate::assets::script(),
        mark: crate::assets::mark(),
    }))
}

/// Signs in with the key of the form.
pub(crate) async fn sign_in(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (words, theme) = (words(&console, &parts.headers), theme(&console, &parts.headers));
    let request_id = request_id(&parts);
    let form = match Form::read(&parts.headers, body).await {
        Ok(form) => form,
        Err(shown) => return shown.outside(words, theme, &request_id),
    };
    let guest = Cookie::Guest.of(&console, &parts.headers).unwrap_or_default();
    let is_ours = !guest.is_empty() && is_form_token(form.raw(TOKEN), guest);
    if !is_ours || !is_from_here(&console, &parts.headers) {
        return Shown::Forged.outside(words, theme, &request_id);
    }
    let (key, next) = (form.text("key"), own_path(form.text("next")));
    let accounts = &console.deployment.accounts;
    match accounts.open_session(key, form.text("secret"), request_id.clone()).await {
        Ok(opened) => {
            end_replaced(&console, &parts.headers, request_id).await;
            begun(&console, Redirect::to(&next).into_response(), &opened)
        }
        Err(Refused::Unauthorised) => {
            let problem = Some(words.say("sign-in-refused"));
            let filled = Filled { key: key.to_owned(), next, problem, ..Filled::of(guest) };
            (StatusCode::UNAUTHORIZED, self::form(words, theme, filled)).into_response()
        }
        Err(refused) => Shown::from(refused).outside(words, theme, &request_id),
    }
}

/// Signs in with a link that is good once.
pub(crate) async fn redeem(
    State(console): State<Console>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (parts, _body) = request.into_parts();
    let (words, theme) = (words(&console, &parts.headers), theme(&console, &parts.headers));
    let request_id = request_id(&parts);
    // Whoever asks what is there, as programs do that look at links in mails and chats, does not use it up.
    if parts.method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    // Nobody is signed in as somebody else by another site, or by a browser that looks ahead: the person chooses.
    if !is_chosen(&parts.headers) {
        let page =
            Ask { words, theme, path: parts.uri.path().to_owned(), style: crate::assets::style() };
        return Html(rendered(&page)).into_response();
    }
    match console.deployment.accounts.redeem_link(&token, request_id.clone()).await {
        Ok(opened) => {
            end_replaced(&console, &parts.headers, request_id).await;
            let page = SignedIn { words, theme, style: crate::assets::style() };
            begun(&console, Html(rendered(&page)).into_response(), &opened)
        }
        Err(Refused::Unauthorised) => Shown::LinkOver.outside(words, theme, &request_id),
        Err(refused) => Shown::from(refused).outside(words, theme, &request_id),
    }
}

/// Whether a person opened the address, or a page of ours leads there, as far as the browser says.
fn is_chosen(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_ours = said("sec-fetch-site").is_none_or(|site| ["none", "same-origin"].contains(&site));
    is_ours && said("sec-purpose").is_none()
}

/// Ends the session that the browser had until now: it forgets the token, and nobody could sign it out any more.
async fn end_replaced(console: &Console, headers: &HeaderMap, request_id: String) {
    let Some(token) = Cookie::Session.of(console, headers) else { return };
    if let Err(refused) = console.deployment.accounts.close_session(token, request_id).await {
        tracing::warn!(%refused, "a session that another one replaced was not ended");
    }
}

fn begun(console: &Console, response: Response, opened: &SessionOpened) -> Response {
    let response = with_cookie(response, Cookie::Session.set(console, &opened.token));
    with_cookie(response, Cookie::Guest.clear(console))
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// Signs out here, or everywhere.
pub(crate) async fn sign_out(visit: Visit, form: Form) -> Result<Done, Shown> {
    let accounts = &visit.deployment().accounts;
    if form.is_ticked("everywhere") {
        accounts.close_sessions(&visit.caller).await?;
    } else {
        let request_id = visit.caller.request_id.clone();
        accounts.close_session(visit.session_token(), request_id).await?;
    }
    let response = Redirect::to("/sign-in").into_response();
    Ok(Done::Answer(Box::new(with_cookie(response, Cookie::Session.clear(visit.console())))))
}

/// An empty style sheet of the sign-in page, at which the browser forgets the pages that it kept: else its way back would show
/// what was seen while signed in. The answer that leads here cannot order it: the page that is left is kept only after it.
pub(crate) async fn forget() -> Response {
    let mut response = ().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}

/// A path of ours to go on at: anything else, a scheme or another host however it is written, is the first page.
pub(crate) fn own_path(text: &str) -> String {
    let is_own = text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !text.starts_with("/sign-");
    if is_own { text.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    /// RELIABILITY, console: an open redirect on `next=`.
    #[test]
    fn the_way_on_is_one_of_our_own_paths() {
        for good in ["/", "/images?region=cn-hangzhou&q=a%2Fb", "/regions/a/images/img-1"] {
            assert_eq!(own_path(good), good);
        }
        let bad = [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "\\\\evil",
            "/\t/evil",
            "/ a",
            "evil",
            "/sign-out",
            "/%0d\r\nSet-Cookie:a",
            "///x",
            "/é",
        ];
        for bad in bad {
            assert_eq!(own_path(bad), "/", "{bad:?}");
        }
    }
}
