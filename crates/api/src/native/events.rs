//! Progress as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use model::CopyId;
use region::{CopyView, Refused};

use super::auth::On;
use super::wire::Copy;
use crate::refusal::{Answer, of_target};

/// How often a comment says that the connection is alive while nothing changes.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Watch a copy: an event `copy` with the copy as it stands, now and after each change; the stream ends once it is
/// settled. Where the region fails meanwhile, an event `problem` says so and the stream ends.
#[utoipa::path(get, path = "/v1/regions/{region}/copies/{copy}/events", operation_id = "watch_copy", tag = "copies",
    responses((status = 200, description = "Server-sent events whose data is a Copy", body = Copy, content_type = "text/event-stream")))]
pub(crate) async fn watch(
    on: On<CopyId>,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let views = on.region.watch_copy(&on.caller, &on.id).await?;
    let request_id = on.caller.request_id;
    let events = views.scan(Going::On, move |going, view| {
        let event = (*going == Going::On).then(|| event(view, going, &request_id));
        std::future::ready(event.map(Ok))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")))
}

#[derive(PartialEq)]
enum Going {
    On,
    Over,
}

fn event(view: Result<CopyView, Refused>, going: &mut Going, request_id: &str) -> Event {
    let made = match view {
        Ok(view) => Event::default().event("copy").json_data(Copy::from(view)),
        Err(refused) => {
            *going = Going::Over;
            Event::default().event("problem").json_data(of_target(refused, request_id))
        }
    };
    made.expect("our own types have string keys and no failing parts")
}
