//! The one thread of a process that records nonces: all that wait are recorded in one transaction, so that a commit is paid for
//! once however many requests come at the same time.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use model::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::oneshot;

use crate::fault::CatalogFault;
use crate::nonces::{INSERT, NonceSeen, SWEEP, SWEPT};
use crate::readers::keep_plans;

/// Nonces in one transaction, at most.
const AT_ONCE: usize = 256;
const OPERATION: &str = "record a nonce";

/// A nonce to be recorded.
pub(crate) struct Ask {
    pub(crate) key: String,
    pub(crate) nonce: String,
    pub(crate) now: Timestamp,
    pub(crate) expires: Timestamp,
}

type Reply = oneshot::Sender<Result<NonceSeen, CatalogFault>>;

#[derive(Debug)]
struct Running {
    asks: Sender<(Ask, Reply)>,
    thread: JoinHandle<()>,
}

/// Records nonces until it is closed. The file is there and has its tables.
#[derive(Debug)]
pub(crate) struct Recorder {
    running: Mutex<Option<Running>>,
}

impl Recorder {
    /// Of this file. A transaction of another process is waited for so long.
    pub(crate) fn start(path: &Path, wait: Duration) -> Result<Recorder, CatalogFault> {
        let connection = open(path, wait);
        let connection = connection.map_err(|source| CatalogFault::Open {
            path: path.to_owned(),
            source: source.into(),
        })?;
        let (asks, waiting) = channel();
        let thread = Builder::new().name("nonces".to_owned());
        let thread = thread.spawn(move || record_all(connection, &waiting)).map_err(|source| {
            CatalogFault::Open { path: PathBuf::from(path), source: source.into() }
        })?;
        Ok(Recorder { running: Mutex::new(Some(Running { asks, thread })) })
    }

    /// Records one, with others that wait. It is recorded also where nobody waits for the answer any more.
    pub(crate) async fn record(&self, ask: Ask) -> Result<NonceSeen, CatalogFault> {
        let (reply, told) = oneshot::channel();
        {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let sent = running.as_ref().map(|running| running.asks.send((ask, reply)));
            // Without the thread nobody answers, and that is what is heard below.
            drop(sent);
        }
        told.await.unwrap_or_else(|source| {
            Err(CatalogFault::Unreachable { operation: OPERATION, source: source.into() })
        })
    }

    /// Lets go of the file when what was asked for is recorded.
    pub(crate) async fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { asks, thread }) = running else { return };
        drop(asks);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the thread that records nonces panicked");
        }
    }
}

fn open(path: &Path, wait: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(wait)?;
    keep_plans(&connection)?;
    // As the file was opened before: written to the system at each commit, not through to the disk.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

fn record_all(mut connection: Connection, waiting: &Receiver<(Ask, Reply)>) {
    while let Ok(first) = waiting.recv() {
        let together = std::iter::once(first).chain(waiting.try_iter().take(AT_ONCE - 1));
        let (asks, replies): (Vec<Ask>, Vec<Reply>) = together.unzip();
        let seen = record(&mut connection, &asks);
        for (place, reply) in replies.into_iter().enumerate() {
            let told = match &seen {
                Ok(seen) => Ok(seen[place]),
                Err(source) => Err(CatalogFault::of_shared(OPERATION, source)),
            };
            // Whoever asked may have gone.
            drop(reply.send(told));
        }
    }
}

/// All of them, or none where the transaction fails; one that the table refuses fails alone.
fn record(connection: &mut Connection, asks: &[Ask]) -> rusqlite::Result<Vec<NonceSeen>> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut seen = Vec::with_capacity(asks.len());
    {
        let (mut insert, mut sweep) = (tx.prepare_cached(INSERT)?, tx.prepare_cached(SWEEP)?);
        for ask in asks {
            let Ask { key, nonce, now, expires } = ask;
            match insert.execute(params![key, nonce, expires.0, now.0])? {
                0 => seen.push(NonceSeen::Again),
                _ => {
                    sweep.execute(params![now.0, SWEPT])?;
                    seen.push(NonceSeen::First);
                }
            }
        }
    }
    tx.commit()?;
    Ok(seen)
}
