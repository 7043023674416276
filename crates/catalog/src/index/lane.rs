//! A thread that owns a connection and does one job after another.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use store::{IndexFault, Retry};
use tokio::sync::oneshot;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Why a lane does its chores.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A job has been done; others may be waiting.
    Between,
    /// Nothing else is to be done.
    Idle,
}

/// Work that a lane does by itself.
pub(super) trait Chores {
    /// How long the lane waits for a job before it is idle; `None` when there is no chore.
    fn patience(&self) -> Option<Duration>;

    /// Does a small piece. Tells whether the next should follow as soon as no job waits.
    fn chore(&mut self, why: Why) -> bool;
}

pub(super) struct Lane<S> {
    jobs: Option<Sender<Job<S>>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Chores + Send + 'static> Lane<S> {
    pub(super) fn start(name: &str, state: S) -> Result<Self, IndexFault> {
        let (jobs, waiting) = channel();
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || run(state, waiting))
            .map_err(|error| IndexFault::new("start a thread", Retry::Later, error))?;
        Ok(Lane { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Does a job on the lane's thread.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut S) -> Result<T, IndexFault> + Send + 'static,
    ) -> Result<T, IndexFault> {
        let (reply, done) = oneshot::channel();
        // Whoever asked may have gone meanwhile.
        self.post(move |state| drop(reply.send(job(state))));
        done.await.unwrap_or_else(|gone| Err(IndexFault::new("work", Retry::Later, gone)))
    }

    /// Has a job done that nobody waits for.
    pub(super) fn post(&self, job: impl FnOnce(&mut S) + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // A lane that has died drops the job, and its caller is told.
            let _ = jobs.send(Box::new(job));
        }
    }
}

fn run<S: Chores>(mut state: S, waiting: Receiver<Job<S>>) {
    let mut more = false;
    loop {
        let job = if more {
            waiting.try_recv().map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            })
        } else {
            match state.patience() {
                Some(patience) => waiting.recv_timeout(patience),
                None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
            }
        };
        match job {
            Ok(job) => {
                job(&mut state);
                more |= state.chore(Why::Between);
            }
            Err(RecvTimeoutError::Timeout) => more = state.chore(Why::Idle),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl<S> Drop for Lane<S> {
    fn drop(&mut self) {
        self.jobs = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread of the index panicked");
        }
    }
}
