//! Chunk lists: ids end to end, 32 bytes each (`docs/formats.md` 6).

use axum::extract::{FromRequest, Request};
use store::ChunkId;

use crate::body::{PacedBody, media_type};
use crate::refusal::{BadRequest, Refusal};
use crate::{CHUNK_LIST_IDS, CONTROL_BODY_BYTES};

/// The ids a request asks about.
pub(crate) struct ChunkList(pub(crate) Vec<ChunkId>);

pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<ChunkId>, BadRequest> {
    let refused = |reason: String| BadRequest::value("ids", reason);
    let (ids, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(refused(format!("`{}` bytes are not whole ids of 32 bytes", bytes.len())));
    }
    if ids.len() > CHUNK_LIST_IDS {
        return Err(refused(format!("`{}` ids are more than `{CHUNK_LIST_IDS}`", ids.len())));
    }
    let ids: Vec<_> = ids.iter().copied().map(ChunkId::from_bytes).collect();
    if ids.iter().any(ChunkId::is_zero) {
        return Err(refused("the zero id is never stored or sent".to_owned()));
    }
    Ok(ids)
}

/// What chunks are called elsewhere: none for one that is not there, which is written as the zero id.
pub(crate) fn parse_renamed(bytes: &[u8]) -> Vec<Option<ChunkId>> {
    let (ids, _) = bytes.as_chunks::<32>();
    let ids = ids.iter().copied().map(ChunkId::from_bytes);
    ids.map(|id| (!id.is_zero()).then_some(id)).collect()
}

/// The bytes that [`parse`] reads.
pub(crate) fn render(ids: &[ChunkId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.as_bytes()).copied().collect()
}

/// Refuses a body that says it is something other than bytes; one that says nothing is bytes.
pub(crate) fn check_octets(request: &Request) -> Result<(), BadRequest> {
    match media_type(request.headers()) {
        None | Some("application/octet-stream") => Ok(()),
        Some(_) => Err(BadRequest::MediaType { wanted: "application/octet-stream" }),
    }
}

impl<S: Send + Sync> FromRequest<S> for ChunkList {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        check_octets(&request)?;
        let bytes = PacedBody::of(request, CONTROL_BODY_BYTES)?.whole().await?;
        Ok(ChunkList(parse(&bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunk lists and peer bodies, version 1 (`docs/formats.md` 6).
    #[test]
    fn a_list_reads_back_as_written() {
        let ids: Vec<_> = (1..=4_096u32).map(|number| ChunkId::of(&number.to_le_bytes())).collect();
        assert_eq!(parse(&render(&ids)).unwrap(), ids);
        assert!(parse(&[]).unwrap().is_empty());
    }

    #[test]
    fn lists_that_are_cut_too_long_or_name_the_zero_chunk_are_refused() {
        for wrong in [vec![1; 31], vec![1; 33], vec![1; 32 * 4_097], vec![0; 32]] {
            assert!(
                matches!(parse(&wrong), Err(BadRequest::Value { name: "ids", .. })),
                "{} bytes",
                wrong.len()
            );
        }
    }
}
