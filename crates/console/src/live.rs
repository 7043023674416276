//! A page that is watched: its live parts, now and whenever they look different.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use tokio::time::MissedTickBehavior;

use crate::page::Page;
use crate::refusal::Shown;
use crate::streams::Place;
use crate::visit::Visit;

/// How often a comment says that the connection is alive while nothing changes.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Watches a page until its visitor is signed out, the page is gone or the service stops.
pub(crate) fn watch<H, F>(visit: Visit, handler: H) -> Response
where
    H: Fn(Visit) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Page, Shown>> + Send + 'static,
{
    let Some(place) = visit.console().place_of(&visit) else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    let stop = visit.console().stop.clone();
    let events = events(visit, handler, place).take_until(stop.cancelled_owned());
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")).into_response()
}

struct Watched<H> {
    visit: Visit,
    handler: H,
    ticks: tokio::time::Interval,
    /// The digest of each part as it was last sent.
    sent: HashMap<&'static str, blake3::Hash>,
    is_over: bool,
    _place: Place,
}

fn events<H, F>(
    visit: Visit,
    handler: H,
    place: Place,
) -> impl Stream<Item = Result<Event, Infallible>> + Send
where
    H: Fn(Visit) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Page, Shown>> + Send + 'static,
{
    let mut ticks = tokio::time::interval(visit.console().settings.live_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watched =
        Watched { visit, handler, ticks, sent: HashMap::new(), is_over: false, _place: place };
    let batches = futures::stream::unfold(watched, |mut watched| async move {
        if watched.is_over {
            return None;
        }
        watched.ticks.tick().await;
        let events = watched.look().await;
        Some((futures::stream::iter(events.into_iter().map(Ok)), watched))
    });
    batches.flatten()
}

impl<H, F> Watched<H>
where
    H: Fn(Visit) -> F,
    F: Future<Output = Result<Page, Shown>>,
{
    async fn look(&mut self) -> Vec<Event> {
        match self.visit.again().await {
            Ok(visit) => self.visit = visit,
            Err(region::Refused::Unauthorised) => return self.end(),
            // The page stands as it was; the next look may see more.
            Err(refused) => {
                tracing::warn!(%refused, "a watched page was not looked at");
                return Vec::new();
            }
        }
        match (self.handler)(self.visit.clone()).await {
            // Nothing of it is ever sent: it is looked at once and no more.
            Ok(page) if !page.parts().iter().any(|part| part.is_live) => {
                self.is_over = true;
                Vec::new()
            }
            Ok(page) => self.changed(&page),
            Err(shown) if shown.is_fault() => Vec::new(),
            Err(_) => self.end(),
        }
    }

    fn changed(&mut self, page: &Page) -> Vec<Event> {
        let mut events = Vec::new();
        for part in page.parts().iter().filter(|part| part.is_live) {
            let digest = blake3::hash(part.html.as_bytes());
            if self.sent.insert(part.id, digest) != Some(digest) {
                let data = serde_json::json!({ "id": part.id, "html": part.html });
                events.push(Event::default().event("part").data(data.to_string()));
            }
        }
        events
    }

    /// The page is not there any more, or not for this visitor: the browser asks for it anew and is told.
    fn end(&mut self) -> Vec<Event> {
        self.is_over = true;
        vec![Event::default().event("gone").data("{}")]
    }
}
