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

    /// Runs a job once a worker is free. It goes on while its future is not polled: a stream that waits for something
    /// else must not keep the place of a job that this something needs.
    ///
    /// # Panics
    /// When the job does.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let places = Arc::clone(&self.places);
        let running = tokio::spawn(async move {
            let place = places.acquire_owned().await.expect("the semaphore is never closed");
            tokio::task::spawn_blocking(move || {
                let done = job();
                drop(place);
                done
            })
            .await
        });
        match running.await {
            Ok(Ok(value)) => value,
            Ok(Err(broken)) | Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_job_that_nobody_polls_any_more_gives_its_place_back() {
        let workers = Workers { places: Arc::new(Semaphore::new(1)), cores: 1 };
        let mut forgotten: Vec<_> = (0..5).map(|at| Box::pin(workers.run(move || at))).collect();
        for job in &mut forgotten {
            assert!(futures::poll!(job.as_mut()).is_pending());
        }
        let asked = tokio::time::timeout(Duration::from_secs(30), workers.run(|| 7));
        assert_eq!(asked.await, Ok(7));
        assert_eq!(futures::future::join_all(forgotten).await, [0, 1, 2, 3, 4]);
    }
}
