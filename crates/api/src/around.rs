//! What happens around every request: its name, its span, its limits, its numbers, and the writing of refusals.

use std::any::Any;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::cloud::Arrived;
use crate::cloud::door::{Door, door_of, needs_form};
use crate::operators::Metrics;
use crate::refusal::{BadRequest, Refusal, Unwritten};
use crate::request_id::{HEADER, RequestId};
use crate::{ApiState, Pages, URI_BYTES, alibaba, jdcloud, problem, tencent};

/// Puts everything that is common to all doors around their routes.
pub(crate) fn wrap(routes: Router<ApiState>, pages: Pages, state: &ApiState) -> Router<ApiState> {
    let absent = pages.absent;
    routes
        .merge(pages.routes.with_state(()))
        .fallback(async move |request: Request| {
            let (parts, _body) = request.into_parts();
            absent(&parts).unwrap_or_else(|| Refusal::from(BadRequest::UnknownPath).into_response())
        })
        .method_not_allowed_fallback(async || Refusal::from(BadRequest::UnknownMethod))
        .layer(from_fn(limited))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), dispatched))
        .layer(from_fn_with_state(state.metrics.clone(), named))
}

/// Gives a request to the cloud's door that it is for, before any path is looked at: these doors have no paths of their own.
async fn dispatched(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if !needs_form(method, uri, headers) {
        return match door_of(method, uri, headers, &[]) {
            Door::Native => next.run(request).await,
            cloud => answered_by(cloud, &state, Arrived::of(request).await).await,
        };
    }
    let arrived = Arrived::of(request).await;
    let Parts { method, uri, headers, .. } = &arrived.parts;
    let form = arrived.body.as_deref().unwrap_or_default();
    match door_of(method, uri, headers, form) {
        Door::Native => Refusal::from(BadRequest::UnknownPath).into_response(),
        cloud => answered_by(cloud, &state, arrived).await,
    }
}

/// The answer of one cloud's door, in its own words even where it fails. What is asked for goes on to its end whether the client
/// still listens or not, so that the answer to a change is there when it is asked for again.
async fn answered_by(door: Door, state: &ApiState, arrived: Arrived) -> Response {
    let state = state.clone();
    let answer = async move {
        match door {
            Door::Native => Refusal::from(BadRequest::UnknownPath).into_response(),
            Door::Alibaba => alibaba::answer(&state, arrived).await,
            Door::Tencent => tencent::answer(&state, arrived).await,
            Door::JdCloud => jdcloud::answer(&state, arrived).await,
        }
    };
    let mut response = match tokio::spawn(answer.in_current_span()).await {
        Ok(response) => response,
        Err(error) => {
            if let Ok(panic) = error.try_into_panic() {
                log_panic(&*panic);
            }
            match door {
                Door::Native => Refusal::Panicked.into_response(),
                Door::Alibaba => alibaba::broken(),
                Door::Tencent => tencent::broken(),
                Door::JdCloud => jdcloud::broken(),
            }
        }
    };
    response.extensions_mut().insert(AnsweredBy(door));
    response
}

/// The cloud's door that answered: figures have it in the place of a route.
#[derive(Copy, Clone)]
struct AnsweredBy(Door);

async fn limited(request: Request, next: Next) -> Result<Response, Refusal> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > URI_BYTES {
        return Err(BadRequest::UriTooLong { limit: URI_BYTES }.into());
    }
    Ok(next.run(request).await)
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    log_panic(&*panic);
    Refusal::Panicked.into_response()
}

fn log_panic(panic: &(dyn Any + Send)) {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("of an unknown kind"), "a handler panicked");
}

async fn named(State(metrics): State<Metrics>, mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(RequestId::given);
    let id = given.unwrap_or_else(RequestId::random);
    request.extensions_mut().insert(id.clone());
    // What is no door of ours knows it by the name that everybody uses.
    request.extensions_mut().insert(tower_http::request_id::RequestId::new(id.header_value()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id = id.as_str(), %method, route = route.as_deref().unwrap_or("none"));
    let began = Instant::now();
    let response = async {
        let mut response = written(next.run(request).await, &id);
        response.headers_mut().insert(HEADER, id.header_value());
        tracing::info!(
            status = response.status().as_u16(),
            ms = began.elapsed().as_millis(),
            "answered"
        );
        response
    }
    .instrument(span)
    .await;
    let door = response.extensions().get::<AnsweredBy>().map(|by| by.0.name());
    metrics.answered(&method, door.or(route.as_deref()), response.status(), began.elapsed());
    response
}

/// Writes a refusal that a handler left unwritten, under the request's id.
pub(crate) fn written(mut response: Response, id: &RequestId) -> Response {
    let Some(Unwritten(refusal)) = response.extensions_mut().remove::<Unwritten>() else {
        return response;
    };
    problem::log(&refusal);
    let mut answer = problem::answer(&problem::describe(&refusal, id.as_str()));
    if let Some(allowed) = response.headers_mut().remove(ALLOW) {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}
