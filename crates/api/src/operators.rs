//! For operators: figures, and whether this process lives and is ready. No key is asked: nothing here names an account,
//! an image or a region's contents.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
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
use region::{Figures, RegionFault};

use crate::ApiState;
use crate::available_times::AvailableTimes;
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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InRegion {
    region: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OnLink {
    source: String,
    region: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    region: String,
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WithDeadline {
    region: String,
    standing: String,
}

/// What the regions of this process say of themselves, read when somebody asks.
#[derive(Clone, Default)]
struct RegionFigures {
    copies: Family<InState, Gauge>,
    chunks: Family<InRegion, Gauge>,
    pack_bytes: Family<InRegion, Gauge>,
    quarantined: Family<InRegion, Gauge>,
    received_bytes: Family<InRegion, Gauge>,
    relayed_bytes: Family<InRegion, Gauge>,
    foretold: Family<InRegion, Gauge>,
    foretold_error: Family<InRegion, Gauge<f64, AtomicU64>>,
    queues: Family<OnLink, Gauge>,
    late: Family<InRegion, Gauge>,
    deadlines: Family<WithDeadline, Gauge>,
    available: AvailableTimes,
}

impl RegionFigures {
    fn register(&self, registry: &mut Registry) {
        registry.register("ferry_copies", "Copies into the region, by state", self.copies.clone());
        registry.register("ferry_store_chunks", "Chunks held", self.chunks.clone());
        registry.register(
            "ferry_store_pack_bytes",
            "Bytes of packs in use",
            self.pack_bytes.clone(),
        );
        let help = "Chunks found damaged and set aside";
        registry.register("ferry_store_quarantined_chunks", help, self.quarantined.clone());
        let help = "Bytes that copies received since the process began";
        registry.register("ferry_copy_received_bytes", help, self.received_bytes.clone());
        let help = "Bytes of these that came from other targets in place of the source";
        registry.register("ferry_relayed_bytes_total", help, self.relayed_bytes.clone());
        let help = "Copies whose time left was foretold since the process began";
        registry.register("ferry_copy_foretold", help, self.foretold.clone());
        let help = "Sum over them of the error, as a share of the time that was left";
        registry.register("ferry_copy_foretold_error", help, self.foretold_error.clone());
        let help = "Copies that run or wait on each link into the region";
        registry.register("ferry_link_queue", help, self.queues.clone());
        let help = "Copies that take longer than promised";
        registry.register("ferry_copies_late", help, self.late.clone());
        let help = "Copies with a deadline: live ones, and those that ended since the start";
        registry.register("ferry_copy_deadlines", help, self.deadlines.clone());
        registry.register_collector(Box::new(self.available.clone()));
    }

    fn set(&self, region: &str, figures: &Figures) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let labels = InRegion { region: region.to_owned() };
        self.chunks.get_or_create(&labels).set(number(figures.store.chunks));
        self.pack_bytes.get_or_create(&labels).set(number(figures.store.pack_bytes));
        self.quarantined.get_or_create(&labels).set(number(figures.store.quarantined));
        self.received_bytes.get_or_create(&labels).set(number(figures.received_bytes));
        self.relayed_bytes.get_or_create(&labels).set(number(figures.relayed_bytes));
        self.foretold.get_or_create(&labels).set(number(figures.foretold.copies));
        self.foretold_error.get_or_create(&labels).set(figures.foretold.error_sum);
        self.late.get_or_create(&labels).set(number(figures.late));
        for (standing, count) in &figures.deadlines {
            let labels =
                WithDeadline { region: region.to_owned(), standing: (*standing).to_owned() };
            self.deadlines.get_or_create(&labels).set(number(*count));
        }
        for (source, depth) in &figures.queues {
            let link = OnLink { source: source.clone(), region: region.to_owned() };
            self.queues.get_or_create(&link).set(number(*depth));
        }
        self.available.set(region, &figures.available);
        for (state, count) in &figures.copies {
            let labels = InState { region: region.to_owned(), state: state.clone() };
            self.copies.get_or_create(&labels).set(number(*count));
        }
    }
}

type Durations = Family<Route, Histogram, fn() -> Histogram>;

/// What is counted at the doors. Others may add to the same page through [`Metrics::new`].
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    answered: Family<Answered, Counter>,
    durations: Durations,
    connections: Gauge,
    regions: RegionFigures,
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
        let regions = RegionFigures::default();
        regions.register(&mut registry);
        Metrics { registry: Arc::new(registry), answered, durations, connections, regions }
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
    let figures = &state.metrics.regions;
    // A state that no copy is in any more would keep its last count.
    figures.copies.clear();
    figures.queues.clear();
    for region in state.deployment.regions_here() {
        match region.figures().await {
            Ok(now) => figures.set(region.id().as_str(), &now),
            Err(fault) => tracing::error!(region = %region.id(), %fault, "a region has no figures"),
        }
    }
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry).expect("a string takes whatever is written to it");
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
        .into_response()
}

/// Ready is: the accounts' catalog answers, and so do the catalog and the index of every region here.
async fn ready(State(state): State<ApiState>) -> Answer<&'static str> {
    answers("the accounts' catalog", state.deployment.accounts.answers()).await?;
    for region in state.deployment.regions_here() {
        answers(&format!("region `{}`", region.id()), region.figures()).await?;
    }
    Ok("ok\n")
}

async fn answers<T>(
    part: &str,
    question: impl Future<Output = Result<T, RegionFault>>,
) -> Result<T, Refusal> {
    let not_ready = || Refusal::NotReady { part: part.to_owned() };
    let answer = tokio::time::timeout(READY_WITHIN, question).await;
    answer.map_err(|_elapsed| not_ready())?.map_err(|fault| {
        tracing::error!(%fault, part, "not ready");
        not_ready()
    })
}
