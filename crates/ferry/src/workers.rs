//! Threads for work that computes: reading, hashing, compressing, checking. As many at once as there are cores.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Runs jobs on threads beside the ones that wait for the network.
#[derive(Clone)]
pub struct Workers {
    places: Arc<Semaphore>,
    cores: usize,
}

impl Workers {
    /// As many workers as this machine has cores.
    pub fn as_many_as_cores() -> Workers {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Workers { places: Arc::new(Semaphore::new(cores)), cores }
    }

    /// How many jobs run at once.
    pub fn count(&self) -> usize {
        self.cores
    }

    /// Runs a job once a worker is free.
    ///
    /// # Panics
    /// When the job does.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let place = self.places.acquire().await.expect("the semaphore is never closed");
        let done = tokio::task::spawn_blocking(job).await;
        drop(place);
        match done {
            Ok(value) => value,
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }
}
