//! What a browser is told to remember: the language, light or dark.

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};

use crate::Console;
use crate::cookies::Cookie;
use crate::form::{Form, is_from_here};
use crate::page::Theme;
use crate::refusal::Shown;
use crate::sign_in::own_path;
use crate::visit::{request_id, theme, words};
use crate::words::Language;

/// Keeps a choice, signed in or not: it changes nothing but this browser.
pub(crate) async fn keep(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (words, theme) = (words(&console, &parts.headers), theme(&console, &parts.headers));
    let form = match Form::read(&parts.headers, body).await {
        Ok(form) => form,
        Err(shown) => return shown.outside(words, theme, &request_id(&parts)),
    };
    if !is_from_here(&console, &parts.headers) {
        return Shown::Forged.outside(words, theme, &request_id(&parts));
    }
    let next = match form.text("next") {
        "/sign-in" => "/sign-in".to_owned(),
        next => own_path(next),
    };
    let mut response = Redirect::to(&next).into_response();
    let headers = response.headers_mut();
    if let Some(language) = Language::of_tag(form.text("language")) {
        headers.append(SET_COOKIE, Cookie::Language.set(&console, language.tag()));
    }
    if let Some(theme) = Theme::of_tag(form.text("theme")) {
        headers.append(SET_COOKIE, Cookie::Theme.set(&console, theme.tag()));
    }
    response
}
