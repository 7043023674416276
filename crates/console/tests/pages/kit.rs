//! A world with a console before it, and somebody who visits it: cookies are kept, forms carry their token.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, LOCATION, SET_COOKIE,
};
use axum::http::{Method, Request, StatusCode};
use console::{Console, Settings};
use futures::StreamExt;
use region::testing::World;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A world and its console.
pub struct Site {
    pub world: World,
    pub key: String,
    pub secret: String,
    router: Router,
    /// Lets go of every watched page.
    pub stop: CancellationToken,
}

impl Site {
    pub async fn open<const N: usize>(names: [&str; N]) -> Site {
        Self::of(World::with_regions(names).await, Settings::default()).await
    }

    pub async fn of(world: World, settings: Settings) -> Site {
        let created = world.deployment.accounts.create_key(&world.caller).await.unwrap();
        let stop = CancellationToken::new();
        let console = Console::new(world.deployment.clone(), settings, stop.clone());
        let router = console::router(console);
        Site { world, key: created.id.to_string(), secret: created.secret, router, stop }
    }

    /// Somebody who is not signed in.
    pub fn guest(&self) -> Visitor {
        Visitor { router: self.router.clone(), cookies: BTreeMap::new(), form_token: String::new() }
    }

    /// The world's caller, signed in.
    pub async fn visitor(&self) -> Visitor {
        self.visitor_with(&self.key, &self.secret).await
    }

    /// Whoever has this key, signed in.
    pub async fn visitor_with(&self, key: &str, secret: &str) -> Visitor {
        let mut visitor = self.guest();
        visitor.get("/sign-in").await;
        let answer = visitor.post("/sign-in", &[("key", key), ("secret", secret)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        visitor
    }
}

/// A browser without script.
#[derive(Clone)]
pub struct Visitor {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    /// That of the last page with a form.
    pub form_token: String,
}

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.headers
            .get(LOCATION)
            .unwrap_or_else(|| panic!("{}: {}", self.status, self.text))
            .to_str()
            .unwrap()
    }

    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "`{text}` is not in\n{}", self.text);
        self
    }

    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "`{text}` is in\n{}", self.text);
        self
    }

    #[track_caller]
    pub fn is(&self, status: StatusCode) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

impl Visitor {
    /// A page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// A form with its token.
    pub async fn post(&mut self, path: &str, values: &[(&str, &str)]) -> Answer {
        let token = self.form_token.clone();
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(values);
        self.post_bare(path, &all, &[]).await
    }

    /// A form with just these values and headers.
    pub async fn post_bare(
        &mut self,
        path: &str,
        values: &[(&str, &str)],
        headers: &[(&'static str, &str)],
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send(Method::POST, path, &all, Body::from(body)).await
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Body,
    ) -> Answer {
        let response = self.ask(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        self.keep(&parts.headers);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        if let Some((_, rest)) = text.split_once("name=\"form_token\" value=\"") {
            self.form_token = rest.split('"').next().unwrap().to_owned();
        }
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Body,
    ) -> axum::response::Response {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(HOST, "ferry.test");
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if !headers.iter().any(|(name, _)| *name == ACCEPT.as_str()) {
            request = request.header(ACCEPT, "text/html");
        }
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap()
    }

    /// What a watched page sends first: its live parts, or that it is gone.
    pub async fn watch(&mut self, path: &str) -> Watched {
        let headers = [("accept", "text/event-stream")];
        let response = self.ask(Method::GET, path, &headers, Body::empty()).await;
        let (parts, body) = response.into_parts();
        assert_eq!(parts.status, StatusCode::OK);
        assert_eq!(parts.headers[CONTENT_TYPE], "text/event-stream");
        Watched { stream: Box::pin(body.into_data_stream()), buffer: String::new() }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// A page that is watched.
pub struct Watched {
    stream: std::pin::Pin<
        Box<dyn futures::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Send>,
    >,
    buffer: String,
}

impl Watched {
    /// The next event and its data; none at the end.
    pub async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.buffer.clone().split_once("\n\n") {
                self.buffer = rest.to_owned();
                let line = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|text| text.trim().to_owned())
                };
                if let Some(kind) = line("event:") {
                    return Some((kind, line("data:").unwrap_or_default()));
                }
                continue;
            }
            let bytes = self.stream.next().await?.unwrap();
            self.buffer.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}
