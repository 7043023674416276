//! Changes that a repeated request does not make twice (api-03). Signatures without a nonce cannot say whether a request is the
//! first of its kind, so an identical one gets the first one's answer back.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use axum::http::StatusCode;
use region::{Accounts, RegionFault, StoredAnswer};
use ring::digest;

/// An answer, before its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its body.
    pub(crate) body: String,
    /// Whether it stays so. A fault's does not: the request is tried anew when it is repeated.
    pub(crate) is_settled: bool,
}

/// What was sent: the same for an identical request, and for no other.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Sent {
    /// The digest of all that makes the request what it is ([`digest_of`]).
    pub(crate) digest: [u8; 32],
    /// How long the answer is kept, in milliseconds: as long as the request's signature is good.
    pub(crate) kept_ms: i64,
}

/// The digest of parts that cannot run into each other.
pub(crate) fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("a digest of SHA-256 has 32 bytes")
}

/// Performs a request that changes something, or gives back what the first like it was answered. Where the first still runs in
/// this process, the second waits for it.
pub(crate) async fn once<F: Future<Output = Answer>>(
    accounts: &Accounts,
    sent: Sent,
    act: F,
) -> Result<Answer, RegionFault> {
    let turn = turn_of(sent.digest);
    let _held = turn.lock().await;
    if let Some(first) = accounts.answer_of(&sent.digest).await? {
        let status = StatusCode::from_u16(first.status).unwrap_or(StatusCode::OK);
        return Ok(Answer { status, body: first.body, is_settled: true });
    }
    let answer = act.await;
    if answer.is_settled {
        let stored = StoredAnswer { status: answer.status.as_u16(), body: answer.body.clone() };
        if let Err(fault) = accounts.keep_answer(&sent.digest, stored, sent.kept_ms).await {
            // What was asked for is done, and the caller is told so; only a replay would not be recognised.
            tracing::error!(%fault, "an answer was not kept");
        }
    }
    Ok(answer)
}

type Turn = tokio::sync::Mutex<()>;

/// The requests that run just now, by their digests.
static TURNS: LazyLock<Mutex<HashMap<[u8; 32], Weak<Turn>>>> = LazyLock::new(Mutex::default);

fn turn_of(digest: [u8; 32]) -> Arc<Turn> {
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    turns.retain(|_, turn| turn.strong_count() > 0);
    if let Some(turn) = turns.get(&digest).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::new(Turn::default());
    turns.insert(digest, Arc::downgrade(&turn));
    turn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&str]| digest_of(parts.iter().map(|part| part.as_bytes()));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab"]), of(&["ab", ""]));
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
    }

    #[test]
    fn turns_are_let_go_of() {
        let (one, two) = (turn_of([1; 32]), turn_of([1; 32]));
        assert!(Arc::ptr_eq(&one, &two));
        drop((one, two));
        let _other = turn_of([2; 32]);
        let turns = TURNS.lock().unwrap();
        assert!(!turns.contains_key(&[1; 32]));
    }
}
