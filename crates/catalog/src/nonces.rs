//! Nonces of signed requests: what was seen is not taken again (api-03). In a file of their own beside the accounts', shared by
//! all processes that share those.
//!
//! A commit here survives the end of every process, and not always a loss of power: it costs no write-through to the disk,
//! which every request would wait for. What is lost with the power is what the system had not written yet, half a minute of
//! nonces at most on Linux as it is set by default; somebody who recorded a request in that half minute could send it once
//! more while its signature's window is still open. Nothing that was answered is lost by it.

use std::path::Path;
use std::sync::Arc;

use model::{AccessKeyId, Timestamp};

use crate::database::{Database, Survives, WAIT};
use crate::fault::CatalogFault;
use crate::migration::{self, migrate};
use crate::nonce_recorder::{Ask, Recorder};

/// The longest nonce.
const MAX_CHARACTERS: usize = 128;
/// Expired rows that one new row takes along: more than one, so that the table shrinks while it is used.
pub(crate) const SWEPT: i64 = 4;

pub(crate) const INSERT: &str = "INSERT INTO nonce (access_key, nonce, expires) VALUES (?1, ?2, ?3) \
    ON CONFLICT (access_key, nonce) DO UPDATE SET expires = excluded.expires WHERE nonce.expires <= ?4";
pub(crate) const SWEEP: &str = "DELETE FROM nonce WHERE (access_key, nonce) IN \
    (SELECT access_key, nonce FROM nonce WHERE expires <= ? ORDER BY expires LIMIT ?)";

/// The nonces of a deployment, and what its requests were answered. Cloning gives another handle to the same file.
#[derive(Clone, Debug)]
pub struct Nonces {
    pub(crate) database: Database,
    recorder: Arc<Recorder>,
}

/// Whether a nonce was seen before.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum NonceSeen {
    /// It was not; it is now.
    First,
    /// It was, and the time for which it is kept is not over.
    Again,
}

impl Nonces {
    /// Opens or creates the file.
    pub async fn open(path: &Path) -> Result<Nonces, CatalogFault> {
        let database = Database::open_as(path, Survives::EndOfProcess).await?;
        migrate(&database, migration::NONCES).await?;
        let recorder = Arc::new(Recorder::start(path, WAIT)?);
        Ok(Nonces { database, recorder })
    }

    /// Records a nonce of an access key, kept until `expires`. Of several at once, in whatever processes, one is the first.
    pub async fn record(
        &self,
        key: &AccessKeyId,
        nonce: &str,
        (now, expires): (Timestamp, Timestamp),
    ) -> Result<NonceSeen, CatalogFault> {
        // The table takes no other, and would refuse those too that are recorded together with it.
        if !(1..=MAX_CHARACTERS).contains(&nonce.chars().count()) {
            let value = nonce.chars().count() as u64;
            return Err(CatalogFault::OutOfRange { column: "nonce", value });
        }
        let (key, nonce) = (key.to_string(), nonce.to_owned());
        self.recorder.record(Ask { key, nonce, now, expires }).await
    }

    /// Lets go of the file once the calls that run have ended.
    pub async fn close(&self) {
        self.recorder.close().await;
        self.database.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::query;

    async fn nonces() -> (tempfile::TempDir, Nonces) {
        let folder = tempfile::tempdir().unwrap();
        let nonces = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        (folder, nonces)
    }

    fn key(n: u8) -> AccessKeyId {
        AccessKeyId::from_random(|| n)
    }

    const fn times(now: i64) -> (Timestamp, Timestamp) {
        (Timestamp(now), Timestamp(now + 100))
    }

    async fn rows(nonces: &Nonces) -> usize {
        let mut tx = nonces.database.read().await.unwrap();
        tx.all("look", query("SELECT nonce FROM nonce")).await.unwrap().len()
    }

    /// `nonces/0001_init`.
    #[tokio::test]
    async fn api_03_a_nonce_is_taken_once_per_key_until_it_expires_also_after_opening_again() {
        let (folder, nonces) = nonces().await;
        let record = async |nonces: &Nonces, n, nonce: &str, now| {
            nonces.record(&key(n), nonce, times(now)).await.unwrap()
        };
        assert_eq!(record(&nonces, 1, "a", 0).await, NonceSeen::First);
        assert_eq!(record(&nonces, 1, "a", 0).await, NonceSeen::Again);
        assert_eq!(record(&nonces, 2, "a", 0).await, NonceSeen::First);
        assert_eq!(record(&nonces, 1, "A", 0).await, NonceSeen::First);
        nonces.close().await;
        let nonces = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        assert_eq!(record(&nonces, 1, "a", 99).await, NonceSeen::Again);
        assert_eq!(record(&nonces, 1, "a", 100).await, NonceSeen::First);
        assert_eq!(record(&nonces, 1, "a", 199).await, NonceSeen::Again);
    }

    #[tokio::test]
    async fn api_03_a_nonce_has_bounds() {
        let (_folder, nonces) = nonces().await;
        for wrong in [String::new(), "n".repeat(129)] {
            nonces.record(&key(1), &wrong, times(0)).await.unwrap_err();
        }
        nonces.record(&key(1), &"n".repeat(128), times(0)).await.unwrap();
    }

    #[tokio::test]
    async fn expired_nonces_do_not_stay() {
        let (_folder, nonces) = nonces().await;
        for n in 0..50 {
            nonces.record(&key(1), &format!("old-{n}"), times(0)).await.unwrap();
        }
        for n in 0..20 {
            nonces.record(&key(1), &format!("new-{n}"), times(1_000)).await.unwrap();
        }
        assert_eq!(rows(&nonces).await, 20);
    }

    #[tokio::test]
    async fn expired_nonces_are_found_by_index() {
        let (_folder, nonces) = nonces().await;
        let mut tx = nonces.database.begin().await.unwrap();
        let plan = crate::plans::plan(&mut tx, SWEEP).await;
        assert!(plan.iter().any(|step| step.contains("nonce_expiring")), "{plan:?}");
        assert!(
            !plan.iter().any(|step| step.starts_with("SCAN") || step.contains("TEMP")),
            "{plan:?}"
        );
    }

    /// Many at the same time share transactions; of each nonce one is the first, and all are there after opening again.
    #[tokio::test]
    async fn api_03_nonces_that_come_at_once_are_recorded_each_once_and_stay() {
        let (folder, nonces) = nonces().await;
        let record = |n: usize| {
            let nonces = nonces.clone();
            async move { nonces.record(&key(1), &format!("n-{}", n % 300), times(0)).await.unwrap() }
        };
        let seen = futures::future::join_all((0..1_200).map(record)).await;
        assert_eq!(seen.iter().filter(|seen| **seen == NonceSeen::First).count(), 300);
        nonces.close().await;
        let nonces = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        assert_eq!(rows(&nonces).await, 300);
        let again = nonces.record(&key(1), "n-299", times(0)).await.unwrap();
        assert_eq!(again, NonceSeen::Again);
    }

    /// One that the table would refuse does not spoil those that come with it.
    #[tokio::test]
    async fn api_03_a_wrong_nonce_is_refused_alone() {
        let (_folder, nonces) = nonces().await;
        let wrong = "n".repeat(129);
        let (key, times) = (key(1), times(0));
        let right = nonces.record(&key, "right", times);
        let (wrong, right) = tokio::join!(nonces.record(&key, &wrong, times), right);
        assert!(wrong.is_err());
        assert_eq!(right.unwrap(), NonceSeen::First);
    }

    /// Two handles of the file, as two processes have them.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn api_03_of_two_processes_exactly_one_takes_a_nonce() {
        let (folder, one) = nonces().await;
        let two = Nonces::open(&folder.path().join("nonces.db")).await.unwrap();
        let mut firsts_of_one = 0;
        for round in 0..1_000 {
            let nonce = format!("round-{round}");
            let race = |nonces: Nonces, nonce: String| {
                tokio::spawn(async move { nonces.record(&key(1), &nonce, times(0)).await.unwrap() })
            };
            let (a, b) = (race(one.clone(), nonce.clone()), race(two.clone(), nonce));
            let (a, b) = (a.await.unwrap(), b.await.unwrap());
            assert_ne!(a, b, "round {round}: one is the first, the other is not");
            firsts_of_one += usize::from(a == NonceSeen::First);
        }
        assert!((1..1_000).contains(&firsts_of_one), "{firsts_of_one} of 1,000: it was no race");
    }
}
