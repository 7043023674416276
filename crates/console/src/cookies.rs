//! Cookies: read from a request, and made with everything that keeps them from others.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::Console;

/// Which cookie.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's token.
    Session,
    /// Before there is a session: what the sign-in form's token is made of.
    Guest,
    /// The language that was chosen.
    Language,
    /// Light or dark, if one was chosen.
    Theme,
    /// What the next page says once.
    Notice,
}

/// How long a choice of language or theme is kept: a year.
const CHOICE_SECS: u32 = 31_536_000;
/// How long a notice waits for its page.
const NOTICE_SECS: u32 = 60;

impl Cookie {
    fn name(self, console: &Console) -> String {
        let name = match self {
            Cookie::Session => "ferry-session",
            Cookie::Guest => "ferry-guest",
            Cookie::Language => "ferry-language",
            Cookie::Theme => "ferry-theme",
            Cookie::Notice => "ferry-notice",
        };
        // The prefix makes browsers refuse it from a neighbouring host or without TLS.
        if console.is_secure() { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// Its value in a request; none where it is not there, or there twice.
    pub(crate) fn of<'h>(self, console: &Console, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = self.name(console);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs =
            lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(given, _)| *given == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            (None | Some(_), _) => None,
        }
    }

    /// What sets it to a value: letters, digits, `-` and `_`.
    pub(crate) fn set(self, console: &Console, value: &str) -> HeaderValue {
        let age = match self {
            Cookie::Session | Cookie::Guest => String::new(),
            Cookie::Language | Cookie::Theme => format!("; Max-Age={CHOICE_SECS}"),
            Cookie::Notice => format!("; Max-Age={NOTICE_SECS}"),
        };
        self.written(console, value, &age)
    }

    /// What makes the browser forget it.
    pub(crate) fn clear(self, console: &Console) -> HeaderValue {
        self.written(console, "", "; Max-Age=0")
    }

    fn written(self, console: &Console, value: &str, age: &str) -> HeaderValue {
        let secure = if console.is_secure() { "; Secure" } else { "" };
        let name = self.name(console);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
        HeaderValue::from_str(&text).expect("values are letters, digits, `-` and `_`")
    }
}
