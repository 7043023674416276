//! What another target of a disk has of it, and its chunks from there (`docs/formats.md` 23).

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::Response;
use model::{Digest, RegionId};
use region::{RelayRequest, Serving, ServingQuestion};
use serde::{Deserialize, Serialize};

use super::server::{Asked, Scope, refused};
use super::wire::{Malformed, read};
use crate::chunk_list::ChunkList;
use crate::native::{ReadQuery, octets};
use crate::refusal::Refusal;

/// The longest that a relay is asked to wait, in milliseconds.
const WAIT_MS_MAX: u64 = 10_000;

/// Which disk is asked about, and who asks.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServingQuery {
    root: String,
    asker: String,
}

impl ServingQuery {
    pub(super) fn new(root: &Digest, asker: &RegionId) -> Self {
        ServingQuery { root: root.to_string(), asker: asker.to_string() }
    }
}

/// What a region has of a disk.
#[derive(Serialize, Deserialize)]
#[serde(tag = "serving", rename_all = "snake_case")]
pub(super) enum ServingWire {
    Nothing,
    Receiving { come: u64 },
    Complete,
}

impl From<Serving> for ServingWire {
    fn from(serving: Serving) -> Self {
        match serving {
            Serving::Nothing => ServingWire::Nothing,
            Serving::Receiving { come } => ServingWire::Receiving { come },
            Serving::Complete => ServingWire::Complete,
        }
    }
}

impl From<ServingWire> for Serving {
    fn from(serving: ServingWire) -> Self {
        match serving {
            ServingWire::Nothing => Serving::Nothing,
            ServingWire::Receiving { come } => Serving::Receiving { come },
            ServingWire::Complete => Serving::Complete,
        }
    }
}

/// Which disk the chunks are of, and how long may be waited for them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelayQuery {
    root: String,
    wait_ms: u64,
}

impl RelayQuery {
    pub(super) fn new(root: &Digest, wait: Duration) -> Self {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).min(WAIT_MS_MAX);
        RelayQuery { root: root.to_string(), wait_ms }
    }

    fn wait(&self) -> Result<Duration, Malformed> {
        if self.wait_ms > WAIT_MS_MAX {
            let reason = format!("`{}` is more than `{WAIT_MS_MAX}`", self.wait_ms);
            return Err(Malformed::new("wait_ms", reason));
        }
        Ok(Duration::from_millis(self.wait_ms))
    }
}

pub(super) async fn serving(
    asked: Asked,
    Scope(scope): Scope,
    ReadQuery(query): ReadQuery<ServingQuery>,
) -> Result<Result<Json<ServingWire>, Response>, Refusal> {
    let (root, asker) = (read("root", &query.root)?, read("asker", &query.asker)?);
    let serving = asked.region.serving(ServingQuestion { scope, root, asker }).await;
    Ok(serving.map(|serving| Json(serving.into())).map_err(refused))
}

pub(super) async fn relay(
    asked: Asked,
    Scope(scope): Scope,
    ReadQuery(query): ReadQuery<RelayQuery>,
    ChunkList(ids): ChunkList,
) -> Result<Result<Response, Response>, Refusal> {
    let (root, wait) = (read("root", &query.root)?, query.wait()?);
    let request = RelayRequest { scope, root, ids, wait };
    Ok(match asked.region.relay(request).await {
        // A fault midway breaks the connection off, and the peer asks others.
        Ok(frames) => Ok(octets(Body::from_stream(frames))),
        Err(fault) => Err(refused(fault)),
    })
}
