//! A copy's progress as it happens: server-sent events, and asking again and again where they fail.

use std::time::Duration;

use api::native::wire::Copy;
use futures::{Stream, StreamExt};
use reqwest::Method;

use super::{Call, Client, may_pass};
use crate::failure::Failure;

/// Between two questions where events do not come through.
const POLL: Duration = Duration::from_millis(500);
/// The service sends a comment every 15 s at the latest; silence for longer means that the line is dead.
const SILENCE: Duration = Duration::from_secs(40);
/// How often a watched copy may be unreachable in a row before watching fails: about a minute.
const MISSES: u32 = 120;
/// Longest event that is read; a copy's JSON has about 1 KiB.
const EVENT_MAX: usize = 64 << 10;

impl Client {
    /// Calls `seen` with the copy as it stands at each change, and returns it once it has ended.
    pub async fn watch(&self, copy: &Copy, mut seen: impl FnMut(&Copy)) -> Result<Copy, Failure> {
        let path = format!("/v1/regions/{}/copies/{}", copy.region, copy.id);
        let mut misses = 0;
        loop {
            if let Some(last) = self.watch_events(&format!("{path}/events"), &mut seen).await? {
                return Ok(last);
            }
            match self.get::<Copy>("watch the copy", path.clone()).await {
                Ok(copy) => {
                    misses = 0;
                    seen(&copy);
                    if copy.is_settled() {
                        return Ok(copy);
                    }
                }
                Err(failure) if may_pass(&failure) && misses < MISSES => misses += 1,
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Follows events until the copy has ended; none where the stream ended or broke before.
    async fn watch_events(
        &self,
        path: &str,
        seen: &mut impl FnMut(&Copy),
    ) -> Result<Option<Copy>, Failure> {
        let call = Call::new("watch the copy", Method::GET, path.to_owned());
        let response = match self.ask_stream(&call).await {
            Ok(response) => response,
            Err(failure) if may_pass(&failure) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let mut body = Box::pin(response.bytes_stream());
        let mut events = EventText::default();
        while let Some(part) = next_in_time(&mut body).await {
            for data in events.take(&part) {
                let Ok(copy) = serde_json::from_slice::<Copy>(&data) else { continue };
                seen(&copy);
                if copy.is_settled() {
                    return Ok(Some(copy));
                }
            }
        }
        Ok(None)
    }
}

async fn next_in_time<B, E>(body: &mut (impl Stream<Item = Result<B, E>> + Unpin)) -> Option<B> {
    tokio::time::timeout(SILENCE, body.next()).await.ok().flatten().and_then(Result::ok)
}

/// Cuts a stream of server-sent events into the data of each event.
#[derive(Default)]
struct EventText {
    line: Vec<u8>,
    data: Vec<u8>,
}

impl EventText {
    fn take(&mut self, part: &[u8]) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        for byte in part {
            if *byte != b'\n' {
                if self.line.len() < EVENT_MAX {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                if !self.data.is_empty() {
                    events.push(std::mem::take(&mut self.data));
                }
            } else if let Some(data) = line.strip_prefix(b"data:") {
                self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_wherever_the_stream_is() {
        let text =
            b": heartbeat\n\nevent: copy\ndata: {\"a\":1}\n\nevent: copy\r\ndata: {}\r\n\r\n";
        for cut in 0..text.len() {
            let mut events = EventText::default();
            let mut all = events.take(&text[..cut]);
            all.extend(events.take(&text[cut..]));
            assert_eq!(all, [b"{\"a\":1}".to_vec(), b"{}".to_vec()], "cut at {cut}");
        }
    }
}
