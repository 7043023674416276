//! Reading bodies: within a length, and no slower than a minimum rate (api-08, api-19).

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use futures::StreamExt;
use tokio::time::{Instant, timeout};

use crate::refusal::BadRequest;

/// The least rate of a body, averaged: 1 KiB a second, below any link that carries images.
const LEAST_BYTES_PER_SEC: u64 = 1_024;
/// How long nothing may come before a body counts as too slow, and the most that fast senders save up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A body that is read piece by piece.
pub(crate) struct PacedBody {
    pieces: BodyDataStream,
    left_bytes: usize,
    limit: usize,
    patience: Duration,
}

impl PacedBody {
    /// Begins to read a request's body of at most `limit` bytes. One that says that it is longer is not read at all.
    pub(crate) fn of(request: Request, limit: usize) -> Result<Self, BadRequest> {
        let stated = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if stated
            .and_then(|text| text.parse::<u64>().ok())
            .is_some_and(|bytes| bytes > limit as u64)
        {
            return Err(BadRequest::BodyTooLong { limit });
        }
        Ok(Self::new(request.into_body(), limit))
    }

    fn new(body: Body, limit: usize) -> Self {
        PacedBody { pieces: body.into_data_stream(), left_bytes: limit, limit, patience: PATIENCE }
    }

    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BadRequest> {
        let began = Instant::now();
        let piece = match timeout(self.patience, self.pieces.next()).await {
            Err(_elapsed) => return Err(BadRequest::BodyTooSlow),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_broken))) => return Err(BadRequest::BodyBroken),
            Ok(Some(Ok(piece))) => piece,
        };
        let earned = Duration::from_millis(piece.len() as u64 * 1_000 / LEAST_BYTES_PER_SEC);
        self.patience = (self.patience.saturating_sub(began.elapsed()) + earned).min(PATIENCE);
        self.left_bytes = self
            .left_bytes
            .checked_sub(piece.len())
            .ok_or(BadRequest::BodyTooLong { limit: self.limit })?;
        Ok(Some(piece))
    }

    /// The whole of it.
    pub(crate) async fn whole(mut self) -> Result<Vec<u8>, BadRequest> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// The media type without its parameters; none where none is stated.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let stated = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    stated.split(';').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn drip(piece: usize, every: Duration) -> Body {
        Body::from_stream(stream::unfold((), move |()| async move {
            tokio::time::sleep(every).await;
            Some((Ok::<_, std::io::Error>(Bytes::from(vec![7; piece])), ()))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn api_19_a_body_below_the_least_rate_is_cut_off() {
        let began = Instant::now();
        let slow = PacedBody::new(drip(1, Duration::from_secs(5)), 1 << 20);
        assert_eq!(slow.whole().await.unwrap_err(), BadRequest::BodyTooSlow);
        assert!(began.elapsed() <= Duration::from_secs(26), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_above_the_least_rate_may_take_its_time() {
        let steady = PacedBody::new(drip(8 << 10, Duration::from_secs(5)), 1 << 20);
        assert_eq!(steady.whole().await.unwrap_err(), BadRequest::BodyTooLong { limit: 1 << 20 });
    }

    #[tokio::test]
    async fn api_08_a_body_without_a_stated_length_is_still_bounded() {
        let body = PacedBody::new(Body::from(vec![0; 11]), 10);
        assert_eq!(body.whole().await.unwrap_err(), BadRequest::BodyTooLong { limit: 10 });
        let body = PacedBody::new(Body::from(vec![0; 10]), 10);
        assert_eq!(body.whole().await.unwrap().len(), 10);
    }
}
