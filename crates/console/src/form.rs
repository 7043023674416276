//! A form that was sent: its values, within bounds, from the person who was given it.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

use crate::Console;
use crate::refusal::Shown;

/// Most bytes of a form: a description of each of a hundred images fits many times.
const LONGEST: usize = 256 << 10;
/// Most values in a form.
const MOST: usize = 4_096;
/// How long a form may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name of the value that says that the form is ours.
pub(crate) const TOKEN: &str = "form_token";

/// The values of a form.
pub(crate) struct Form {
    values: Vec<(String, String)>,
}

impl Form {
    /// Reads a form.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Form, Shown> {
        let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.and_then(|media| media.split(';').next()).map(str::trim);
        if media
            .is_none_or(|media| !media.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        {
            return Err(Shown::BadForm);
        }
        let read = tokio::time::timeout(PATIENCE, to_bytes(body, LONGEST)).await;
        let bytes = read.map_err(|_elapsed| Shown::BadForm)?.map_err(|_too_long| Shown::BadForm)?;
        let values: Vec<_> = form_urlencoded::parse(&bytes).into_owned().take(MOST + 1).collect();
        if values.len() > MOST {
            return Err(Shown::BadForm);
        }
        Ok(Form { values })
    }

    /// A value without the spaces around it; empty where it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A value as it was typed; empty where it is not there.
    pub(crate) fn raw(&self, name: &str) -> &str {
        let found = self.values.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// All values of a name, without the spaces around them.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.values.iter().filter(|(given, _)| given == name);
        values.map(|(_, value)| value.trim()).collect()
    }

    /// Every name with its value.
    pub(crate) fn values(&self) -> &[(String, String)] {
        &self.values
    }

    /// Whether a box was ticked.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        self.given(name)
    }

    /// Whether there is a value that is not empty.
    pub(crate) fn given(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }
}

/// Whether a form comes from a page of ours, as far as the browser says: it does where it says nothing.
pub(crate) fn is_from_here(console: &Console, headers: &HeaderMap) -> bool {
    const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let said = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if said(&SITE).is_some_and(|site| !["same-origin", "none"].contains(&site)) {
        return false;
    }
    let Some(origin) = said(&ORIGIN) else { return true };
    if console.settings.address.as_deref() == Some(origin) {
        return true;
    }
    let host = said(&HOST).unwrap_or_default();
    origin.split_once("://").is_some_and(|(_scheme, authority)| authority == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    async fn read(body: &str) -> Result<Form, Shown> {
        let mut headers = HeaderMap::new();
        let media = "application/x-www-form-urlencoded; charset=UTF-8";
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        Form::read(&headers, Body::from(body.to_owned())).await
    }

    #[tokio::test]
    async fn values_are_read_in_order_and_without_the_spaces_around_them() {
        let form = read("name=+golden+&target=a&target=b&empty=&x=%E4%B8%AD").await.unwrap();
        assert_eq!((form.text("name"), form.raw("name")), ("golden", " golden "));
        assert_eq!(form.all("target"), ["a", "b"]);
        assert_eq!((form.text("x"), form.text("none")), ("中", ""));
        assert!(form.given("x") && !form.given("empty") && !form.is_ticked("none"));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        assert!(matches!(read(&"a".repeat(LONGEST + 1)).await, Err(Shown::BadForm)));
        assert!(matches!(read(&"a=&".repeat(MOST + 1)).await, Err(Shown::BadForm)));
        let read = Form::read(&HeaderMap::new(), Body::from("a=b")).await;
        assert!(matches!(read, Err(Shown::BadForm)), "it says not what it is");
    }
}
