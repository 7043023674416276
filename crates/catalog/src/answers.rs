//! What changing requests were answered, kept beside their nonces for as long as the requests are good: the same request gets
//! its answer back and does nothing (api-03). What is said of a loss of power in [`Nonces`] is true of answers too.

use crate::statement::query;
use model::Timestamp;

use crate::fault::CatalogFault;
use crate::nonces::Nonces;
use crate::stored::Stored;

/// The longest body that is kept, in bytes.
pub const MAX_ANSWER_BYTES: usize = 256 << 10;
/// Expired rows that one new row takes along: more than one, so that the table shrinks while it is used.
const SWEPT: i64 = 4;

const INSERT: &str = "INSERT INTO answer (digest, status, body, expires) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (digest) DO UPDATE SET status = excluded.status, body = excluded.body, \
    expires = excluded.expires WHERE answer.expires <= ?5";
const FIND: &str = "SELECT status, body FROM answer WHERE digest = ? AND expires > ?";
const SWEEP: &str = "DELETE FROM answer WHERE digest IN \
    (SELECT digest FROM answer WHERE expires <= ? ORDER BY expires LIMIT ?)";

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The status of HTTP, 100 to 599.
    pub status: u16,
    /// What was said, at most [`MAX_ANSWER_BYTES`].
    pub body: String,
}

impl Nonces {
    /// What the request of this digest was answered, if that is kept still.
    pub async fn answer_of(
        &self,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, CatalogFault> {
        let mut tx = self.database.read().await?;
        let find = query(FIND).bind(digest.as_slice()).bind(now.0);
        let Some(row) = tx.one("find an answer", find).await? else { return Ok(None) };
        let stored = Stored { table: "answer", row: &row };
        let status = stored.number("status")?;
        let status = u16::try_from(status)
            .map_err(|_| CatalogFault::OutOfRange { column: "status", value: status })?;
        let body = row.get("body");
        let body = body.map_err(|source| CatalogFault::of_column("read an answer", source))?;
        Ok(Some(StoredAnswer { status, body }))
    }

    /// Keeps what a request was answered, until `expires`. Where an answer is kept already, that one stays. A body that is too
    /// long is [`CatalogFault::OutOfRange`], and not kept.
    pub async fn keep_answer(
        &self,
        digest: &[u8; 32],
        answer: &StoredAnswer,
        (now, expires): (Timestamp, Timestamp),
    ) -> Result<(), CatalogFault> {
        if answer.body.len() > MAX_ANSWER_BYTES {
            let value = answer.body.len() as u64;
            return Err(CatalogFault::OutOfRange { column: "body", value });
        }
        let mut tx = self.database.begin().await?;
        let insert = query(INSERT)
            .bind(digest.as_slice())
            .bind(i64::from(answer.status))
            .bind(answer.body.as_str())
            .bind(expires.0)
            .bind(now.0);
        tx.run("keep an answer", insert).await?;
        tx.run("forget expired answers", query(SWEEP).bind(now.0).bind(SWEPT)).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::{NONCES, migrate};

    async fn nonces() -> (tempfile::TempDir, Nonces) {
        let folder = tempfile::tempdir().unwrap();
        let nonces = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        (folder, nonces)
    }

    const fn times(now: i64) -> (Timestamp, Timestamp) {
        (Timestamp(now), Timestamp(now + 100))
    }

    fn answer(status: u16, body: &str) -> StoredAnswer {
        StoredAnswer { status, body: body.to_owned() }
    }

    /// `nonces/0002_answers`: a file with nonces alone gets the table, and keeps what it has.
    #[tokio::test]
    async fn api_03_an_answer_is_kept_until_it_expires_also_after_opening_again() {
        let (folder, nonces) = nonces().await;
        let (one, two) = ([1; 32], [2; 32]);
        let first = answer(200, "{\"ids\": [\"字\"]}");
        assert_eq!(nonces.answer_of(&one, Timestamp(0)).await.unwrap(), None);
        nonces.keep_answer(&one, &first, times(0)).await.unwrap();
        nonces.keep_answer(&one, &answer(500, "the first one stays"), times(50)).await.unwrap();
        nonces.close().await;
        let nonces = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        let other = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        for handle in [&nonces, &other] {
            let found = handle.answer_of(&one, Timestamp(99)).await.unwrap();
            assert_eq!(found, Some(first.clone()));
            assert_eq!(handle.answer_of(&two, Timestamp(0)).await.unwrap(), None);
            assert_eq!(handle.answer_of(&one, Timestamp(100)).await.unwrap(), None);
        }
        let later = answer(599, "");
        other.keep_answer(&one, &later, times(100)).await.unwrap();
        let found = nonces.answer_of(&one, Timestamp(199)).await.unwrap();
        assert_eq!(found, Some(later), "another process sees it");
    }

    #[tokio::test]
    async fn a_file_of_nonces_from_before_learns_to_keep_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces.db");
        let database =
            crate::database::Database::open_as(&path, crate::database::Survives::EndOfProcess);
        let database = database.await.unwrap();
        migrate(&database, &NONCES[..1]).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let old = "INSERT INTO nonce (access_key, nonce, expires) VALUES ('FERRYA', 'old', 500)";
        tx.run("write as version 1 did", query(old)).await.unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        let nonces = Nonces::open(&path).await.unwrap();
        nonces.keep_answer(&[1; 32], &answer(200, "x"), times(0)).await.unwrap();
        let mut tx = nonces.database.read().await.unwrap();
        assert_eq!(tx.count("look", query("SELECT count(*) FROM nonce")).await.unwrap(), 1);
    }

    /// Of two answers to the same request, in whatever processes, one stays, and both processes give that.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn api_03_of_two_processes_one_keeps_its_answer() {
        let (folder, one) = nonces().await;
        let two = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        for round in 0..100_u8 {
            let keep = |nonces: Nonces, body: &'static str| {
                tokio::spawn(async move {
                    nonces.keep_answer(&[round; 32], &answer(200, body), times(0)).await.unwrap()
                })
            };
            let (a, b) = (keep(one.clone(), "one"), keep(two.clone(), "two"));
            a.await.unwrap();
            b.await.unwrap();
            let stays = one.answer_of(&[round; 32], Timestamp(0)).await.unwrap().unwrap();
            assert!(["one", "two"].contains(&stays.body.as_str()), "round {round}: {stays:?}");
            two.keep_answer(&[round; 32], &answer(200, "three"), times(0)).await.unwrap();
            let found = two.answer_of(&[round; 32], Timestamp(0)).await.unwrap();
            assert_eq!(found, Some(stays), "round {round}");
        }
    }

    #[tokio::test]
    async fn an_answer_has_bounds() {
        let (_folder, nonces) = nonces().await;
        let longest = answer(200, &"é".repeat(MAX_ANSWER_BYTES / 2));
        nonces.keep_answer(&[1; 32], &longest, times(0)).await.unwrap();
        assert_eq!(nonces.answer_of(&[1; 32], Timestamp(0)).await.unwrap(), Some(longest.clone()));
        let longer = answer(200, &(longest.body + "x"));
        let fault = nonces.keep_answer(&[2; 32], &longer, times(0)).await.unwrap_err();
        let told = matches!(fault, CatalogFault::OutOfRange { column: "body", value: 262_145 });
        assert!(told, "{fault}");
        for status in [0, 99, 600] {
            nonces.keep_answer(&[2; 32], &answer(status, ""), times(0)).await.unwrap_err();
        }
        assert_eq!(nonces.answer_of(&[2; 32], Timestamp(0)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn expired_answers_do_not_stay() {
        let (_folder, nonces) = nonces().await;
        for n in 0..50 {
            nonces.keep_answer(&[n; 32], &answer(200, "old"), times(0)).await.unwrap();
        }
        for n in 100..120 {
            nonces.keep_answer(&[n; 32], &answer(200, "new"), times(1_000)).await.unwrap();
        }
        let mut tx = nonces.database.begin().await.unwrap();
        let count = tx.count("look", query("SELECT count(*) FROM answer")).await.unwrap();
        assert_eq!(count, 20);
        for (sql, index) in [(SWEEP, "answer_expiring"), (FIND, "sqlite_autoindex_answer_1")] {
            let plan = crate::plans::plan(&mut tx, sql).await;
            assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
            let reads_all = |step: &String| step.starts_with("SCAN") || step.contains("TEMP");
            assert!(!plan.iter().any(reads_all), "{plan:?}");
        }
    }
}
