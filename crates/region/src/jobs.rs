//! What a region does by itself for its users: imports of files (a conversion is one), and exports. Each has a row; whoever
//! finds that row undone does it, from the beginning.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use catalog::{ImportRow, Moment, TaskRow};
use model::{ImageId, Phase, Progress, TaskFailure, TaskId, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::refused::{Refused, RegionFault};
use crate::region::Region;

/// Jobs of one region that run at once: each reads or writes files with more than one core. The others wait.
const AT_ONCE: usize = 2;
/// Between two looks for jobs whose last attempt failed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// One of them.
pub(crate) enum Job {
    /// Makes an image of files.
    Import(ImportRow),
    /// Writes an image into files.
    Export(TaskRow),
}

/// What names a job: the image that it makes, or else its task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum JobKey {
    /// An import's image.
    Image(ImageId),
    /// An export's task.
    Task(TaskId),
}

impl Job {
    fn key(&self) -> JobKey {
        match self {
            Job::Import(import) => JobKey::Image(import.image.clone()),
            Job::Export(task) => JobKey::Task(task.id.clone()),
        }
    }

    fn created(&self) -> Timestamp {
        match self {
            Job::Import(import) => import.created,
            Job::Export(task) => task.created,
        }
    }
}

/// The jobs that run in this process.
#[derive(Default)]
pub(crate) struct Jobs {
    running: Mutex<HashMap<JobKey, Handle>>,
    wake: Notify,
}

/// A running job, as others see it.
#[derive(Clone, Default)]
pub(crate) struct Handle {
    /// Stops it.
    pub(crate) stop: CancellationToken,
    /// How far it is.
    pub(crate) track: Arc<Track>,
}

/// Chunks that are done of those needed.
#[derive(Default)]
pub(crate) struct Track {
    done: AtomicU64,
    needed: AtomicU64,
}

impl Track {
    /// States how many chunks are needed.
    pub(crate) fn expect(&self, chunks: u64) {
        self.needed.store(chunks, Ordering::Relaxed);
    }

    /// Notes that so many more are done.
    pub(crate) fn advance(&self, chunks: u64) {
        self.done.fetch_add(chunks, Ordering::Relaxed);
    }

    fn percent(&self) -> u8 {
        let (done, needed) =
            (self.done.load(Ordering::Relaxed), self.needed.load(Ordering::Relaxed));
        Progress { done, needed }.percent()
    }
}

/// One of them, until it is dropped.
pub(crate) struct Running {
    region: Region,
    key: JobKey,
    handle: Handle,
}

impl Drop for Running {
    fn drop(&mut self) {
        let running = &self.region.inner.jobs.running;
        running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        match &self.key {
            JobKey::Image(image) => self.region.drop_import_session(image),
            JobKey::Task(_) => {}
        }
    }
}

/// Why a job was not done.
pub(crate) enum Undone {
    /// It cannot be, ever.
    Failed(TaskFailure),
    /// Anything else; it is tried again, unless it has ended meanwhile.
    Other(Refused),
}

impl<T: Into<Refused>> From<T> for Undone {
    fn from(refused: T) -> Self {
        Undone::Other(refused.into())
    }
}

/// Whether a job will be tried again.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is over.
    Yes,
    /// It will be.
    NotYet,
}

impl Region {
    /// Tells the region that there is a new job.
    pub(crate) fn wake_jobs(&self) {
        self.inner.jobs.wake.notify_one();
    }

    /// What an import of files does just now.
    pub(crate) fn file_import_phase(&self, image: &ImageId, moment: &Moment) -> Phase {
        if !moment.importing.contains(image) {
            return Phase::Waiting;
        }
        match self.import_percent(image) {
            99.. => Phase::Registering,
            _ => Phase::CopyingSnapshots,
        }
    }

    /// The images that this process makes of files just now.
    pub(crate) fn images_being_imported(&self) -> Vec<ImageId> {
        let running = self.inner.jobs.running.lock().unwrap_or_else(PoisonError::into_inner);
        let image = |key: &JobKey| match key {
            JobKey::Image(image) => Some(image.clone()),
            JobKey::Task(_) => None,
        };
        running.keys().filter_map(image).collect()
    }

    /// How far an export is.
    pub(crate) fn export_percent(&self, task: &TaskId) -> u8 {
        let running = self.running_job(&JobKey::Task(task.clone()));
        running.map_or(0, |handle| handle.track.percent())
    }

    /// Stops a job that was cancelled.
    pub(crate) fn stop_job(&self, key: &JobKey) {
        if let Some(handle) = self.running_job(key) {
            handle.stop.cancel();
        }
    }

    fn running_job(&self, key: &JobKey) -> Option<Handle> {
        let running = self.inner.jobs.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(key).cloned()
    }

    /// Jobs that nobody does yet, the oldest first.
    async fn due_jobs(&self) -> Result<Vec<Job>, RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        let imports = tx.list_imports().await?;
        let of_files = imports.into_iter().filter(|import| import.source.is_of_files());
        let mut jobs: Vec<Job> = of_files.map(Job::Import).collect();
        jobs.extend(tx.live_exports().await?.into_iter().map(Job::Export));
        jobs.extend(tx.ended_exports_with_traces().await?.into_iter().map(Job::Export));
        let running = self.inner.jobs.running.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.retain(|job| !running.contains_key(&job.key()));
        jobs.sort_by_key(Job::created);
        Ok(jobs)
    }

    /// Does every job that is due, one after another. How many ended, well or not.
    #[cfg(any(test, feature = "test-support"))]
    pub async fn run_jobs(&self) -> Result<u64, RegionFault> {
        let mut ended = 0;
        for job in self.due_jobs().await? {
            if let Some(begun) = self.begin_job(&job) {
                ended += u64::from(begun.run(job).await == Ended::Yes);
            }
        }
        Ok(ended)
    }

    /// Claims a job, unless it runs here already.
    pub(crate) fn begin_job(&self, job: &Job) -> Option<Running> {
        let (key, handle) = (job.key(), Handle::default());
        let mut running = self.inner.jobs.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.entry(key.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => {
                place.insert(handle.clone());
                drop(running);
                Some(Running { region: self.clone(), key, handle })
            }
        }
    }
}

impl Running {
    /// Does it, until it is done, refused for good, cancelled, or the world fails.
    pub(crate) async fn run(self, job: Job) -> Ended {
        let (region, handle) = (&self.region, &self.handle);
        let ended = match &job {
            Job::Import(import) => region.run_file_import(import, handle).await,
            Job::Export(task) => region.run_export(task, handle).await,
        };
        let (at, refused) = match ended {
            Ok(()) => return Ended::Yes,
            Err(Undone::Failed(failure)) => {
                tracing::warn!(region = %region.id(), job = ?self.key, %failure, "a job failed");
                let recorded = match &job {
                    Job::Import(import) => region.fail_file_import(import, failure).await,
                    Job::Export(task) => region.fail_export(task, failure).await,
                };
                match recorded {
                    Ok(()) => return Ended::Yes,
                    Err(refused) => ("failed to end a job", refused),
                }
            }
            Err(Undone::Other(refused)) => ("a job's attempt failed", refused),
        };
        tracing::warn!(region = %region.id(), job = ?self.key, fault = &refused as &dyn std::error::Error, "{at}; it will be tried again");
        Ended::NotYet
    }
}

/// Does jobs until the region shuts down; those that a process left undone too.
pub(crate) async fn run_jobs(region: &Region) {
    let mut running = JoinSet::new();
    let mut keys: HashMap<tokio::task::Id, JobKey> = HashMap::new();
    // Those that failed a moment ago.
    let mut resting: HashMap<JobKey, Instant> = HashMap::new();
    loop {
        match region.due_jobs().await {
            Ok(due) => {
                let free = AT_ONCE.saturating_sub(running.len());
                let due = due.into_iter().filter(|job| !resting.contains_key(&job.key()));
                for job in due.take(free) {
                    let Some(begun) = region.begin_job(&job) else { continue };
                    let key = job.key();
                    let task = running.spawn(async move { begun.run(job).await });
                    keys.insert(task.id(), key);
                }
            }
            Err(fault) => {
                tracing::warn!(region = %region.id(), fault = &fault as &dyn std::error::Error, "failed to look for jobs");
            }
        }
        tokio::select! {
            () = region.inner.jobs.wake.notified() => {}
            Some(ended) = running.join_next_with_id() => {
                let (id, ended) = match ended {
                    Ok((id, ended)) => (id, ended),
                    Err(error) => {
                        tracing::error!(region = %region.id(), %error, "a job panicked");
                        (error.id(), Ended::NotYet)
                    }
                };
                if let (Some(key), Ended::NotYet) = (keys.remove(&id), ended) {
                    resting.insert(key, Instant::now());
                }
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        resting.retain(|_, since| since.elapsed() < LOOK_EVERY);
    }
}
