//! The client of the native API: one request, one answer, each failure with its words.

mod events;
mod frames;
mod listing;
mod people;
mod problem;
mod resolve;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use model::{ClientToken, RegionId};
use reqwest::{Method, Response, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use frames::FrameRequest;
pub use problem::{local_problem, read_problem};

use crate::failure::Failure;
use crate::settings::{AccessKey, Settings};

/// How long an answer may take to begin: verifying a large image reads all of it before it answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3_600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are dropped before the service does it (10 s), so that no request meets a closing one.
const IDLE: Duration = Duration::from_secs(5);
/// Pauses before a request that failed for a while is done again; 15 s altogether.
const RETRY_PAUSES_MS: [u64; 6] = [100, 400, 1_000, 2_500, 5_000, 6_000];

/// A client of one endpoint.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Arc<str>,
    key: AccessKey,
    region: Option<RegionId>,
}

/// A request to be made.
pub struct Call<'a> {
    /// What is being done, as it follows "failed to".
    pub doing: &'a str,
    /// The method.
    pub method: Method,
    /// The path, from `/v1`.
    pub path: String,
    /// What is sent.
    pub body: Body,
    /// Makes it safe to repeat.
    pub token: Option<ClientToken>,
}

/// What is sent.
#[derive(Clone)]
pub enum Body {
    /// Nothing.
    Nothing,
    /// A JSON document.
    Json(Bytes),
    /// Bytes of docs/formats.md.
    Octets(Bytes),
}

impl Body {
    /// A JSON document of a value.
    pub fn json(value: &impl Serialize) -> Body {
        Body::Json(
            serde_json::to_vec(value).expect("a request has only texts, numbers and lists").into(),
        )
    }
}

impl<'a> Call<'a> {
    /// A request without a body.
    pub fn new(doing: &'a str, method: Method, path: String) -> Self {
        Call { doing, method, path, body: Body::Nothing, token: None }
    }

    /// The same with a body.
    pub fn with(self, body: Body) -> Self {
        Call { body, ..self }
    }

    /// The same with a caller's token.
    pub fn under(self, token: Option<ClientToken>) -> Self {
        Call { token, ..self }
    }
}

impl Client {
    /// A client with these settings.
    pub fn new(settings: Settings) -> Result<Client, Failure> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("ferry/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| Failure::Service {
                doing: "make an HTTP client".to_owned(),
                source: error.into(),
            })?;
        Ok(Client {
            http,
            endpoint: settings.endpoint.into(),
            key: settings.key,
            region: settings.region,
        })
    }

    /// Where it asks.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Asks and reads a JSON answer.
    pub async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Failure> {
        let doing = call.doing.to_owned();
        let body = self.ask_bytes(call).await?;
        serde_json::from_slice(&body).map_err(|source| Failure::Unintelligible {
            doing,
            endpoint: self.endpoint.to_string(),
            source,
        })
    }

    /// Asks and reads a JSON answer by GET.
    pub async fn get<T: DeserializeOwned>(&self, doing: &str, path: String) -> Result<T, Failure> {
        self.ask(Call::new(doing, Method::GET, path)).await
    }

    /// Asks and reads the answer's bytes.
    pub async fn ask_bytes(&self, call: Call<'_>) -> Result<Bytes, Failure> {
        let response = self.ask_stream(&call).await?;
        response.bytes().await.map_err(|source| Failure::BrokeOff {
            doing: call.doing.to_owned(),
            endpoint: self.endpoint.to_string(),
            source,
        })
    }

    /// Asks; the answer's body is left to be read. An answer of `421` with an endpoint is followed once.
    pub async fn ask_stream(&self, call: &Call<'_>) -> Result<Response, Failure> {
        match self.ask_at(&self.endpoint, call).await {
            Err(Failure::Answered { problem, .. })
                if problem.status == 421 && problem.endpoint.is_some() =>
            {
                let endpoint = problem.endpoint.unwrap_or_default();
                self.ask_at(endpoint.trim_end_matches('/'), call).await
            }
            answer => answer,
        }
    }

    /// Asks again, with growing pauses, while the service is away or says that it may pass. Only for requests that may be
    /// repeated.
    pub async fn ask_patiently(&self, make: impl Fn() -> Call<'static>) -> Result<Bytes, Failure> {
        for pause in RETRY_PAUSES_MS {
            match self.ask_bytes(make()).await {
                Err(failure) if may_pass(&failure) => {
                    tokio::time::sleep(Duration::from_millis(pause)).await
                }
                answer => return answer,
            }
        }
        self.ask_bytes(make()).await
    }

    /// What time the service has, by the header of an answer that needs no key.
    pub async fn date(&self) -> Result<Option<SystemTime>, Failure> {
        let call = Call::new("ask whether the service lives", Method::GET, "/livez".to_owned());
        let response = self.ask_stream(&call).await?;
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
    }

    async fn ask_at(&self, endpoint: &str, call: &Call<'_>) -> Result<Response, Failure> {
        let url = format!("{endpoint}{}", call.path);
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .basic_auth(&self.key.id, Some(&self.key.secret));
        if call.path.ends_with("/events") {
            request = request.header(header::ACCEPT, "text/event-stream");
        } else {
            request = request.timeout(ANSWER_TIMEOUT);
        }
        if let Some(token) = &call.token {
            request = request.header("Idempotency-Key", token.as_str());
        }
        request = match &call.body {
            Body::Nothing => request,
            Body::Json(bytes) => {
                request.header(header::CONTENT_TYPE, "application/json").body(bytes.clone())
            }
            Body::Octets(bytes) => {
                request.header(header::CONTENT_TYPE, "application/octet-stream").body(bytes.clone())
            }
        };
        let unreachable = |source| Failure::Unreachable {
            doing: call.doing.to_owned(),
            endpoint: endpoint.to_owned(),
            source,
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        let problem = Box::new(read_problem(status.as_u16(), &body));
        Err(Failure::Answered { doing: call.doing.to_owned(), problem })
    }
}

/// Whether the same request may succeed later.
pub fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable { .. } | Failure::BrokeOff { .. } => true,
        Failure::Answered { problem, .. } => {
            problem.retryable || problem.status == 503 || problem.status == 429
        }
        _ => false,
    }
}
