//! For operators: figures, and whether this process lives and is ready. No key is asked: nothing here names an account,
//! an image or a region's contents.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::ApiState;
use crate::refusal::{Answer, Refusal};

/// The longest that a part of this process may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

type Durations = Family<Route, Histogram, fn() -> Histogram>;

/// What is counted at the doors. Others may add to the same page through [`Metrics::new`].
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    answered: Family<Answered, Counter>,
    durations: Durations,
    connections: Gauge,
}

impl Metrics {
    /// Adds the doors' figures to a registry that may hold others'.
    pub fn new(mut registry: Registry) -> Self {
        let answered = Family::<Answered, Counter>::default();
        // 1 ms to 4 min: a look-up, and the verification of a large image.
        let durations =
            Durations::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 4.0, 10)));
        let connections = Gauge::default();
        registry.register("ferry_http_answers", "Requests answered", answered.clone());
        registry.register_with_unit(
            "ferry_http_duration",
            "Time until an answer's status was known",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("ferry_http_connections", "Connections open now", connections.clone());
        Metrics { registry: Arc::new(registry), answered, durations, connections }
    }

    pub(crate) fn answered(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        // Methods of a client's own making would be labels without end.
        let standard =
            [Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE, Method::HEAD];
        let method = if standard.contains(method) { method.as_str() } else { "other" };
        let route = route.unwrap_or("none").to_owned();
        let labels =
            Answered { method: method.to_owned(), route: route.clone(), status: status.as_u16() };
        self.answered.get_or_create(&labels).inc();
        self.durations.get_or_create(&Route { route }).observe(took.as_secs_f64());
    }

    pub(crate) fn connections(&self) -> &Gauge {
        &self.connections
    }
}

/// The routes that operators and their machines use.
pub(crate) fn router() -> Router<ApiState> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
}

async fn metrics(State(state): State<ApiState>) -> Response {
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry).expect("a string takes whatever is written to it");
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
        .into_response()
}

/// Ready is: the accounts' catalog answers. Regions open theirs before they serve.
async fn ready(State(state): State<ApiState>) -> Answer<&'static str> {
    let not_ready = || Refusal::NotReady { part: "the accounts' catalog".to_owned() };
    let accounts = tokio::time::timeout(READY_WITHIN, state.deployment.accounts.list());
    accounts.await.map_err(|_elapsed| not_ready())?.map_err(|fault| {
        tracing::error!(%fault, "not ready");
        not_ready()
    })?;
    Ok("ok\n")
}
