//! The copy driver: claims copies that are due, and moves each on step by step. It learns of work from the catalog.

use std::sync::PoisonError;
use std::time::Duration;

use catalog::{ClaimLimits, CopyRow, Updated};
use model::rules::{MAX_ATTEMPTS_WITHOUT_PROGRESS, retry_delay_ms};
use model::{Cause, CopyEvent, CopyId, RegionId, Retry, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transfer::{SourceFault, TransferFault};

use crate::housekeeping::keep_house;
use crate::refused::{RegionFault, failpoint};
use crate::region::Region;
use crate::steps::Stepped;

/// How often the driver looks for attempts that have become due and for copies that a dead worker left behind.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts the driver of a region.
pub(crate) fn start(region: Region) {
    tokio::spawn(keep_house(region.clone()));
    let handle = tokio::spawn(drive(region.clone()));
    *region.inner.driver.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
}

/// Waits until the driver has given back what it had claimed.
pub(crate) async fn finished(region: &Region) {
    let handle = region.inner.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(handle) = handle
        && let Err(error) = handle.await
    {
        tracing::error!(region = %region.id(), %error, "the driver panicked");
    }
}

async fn drive(region: Region) {
    let mut running = JoinSet::new();
    loop {
        match region.claim_due().await {
            Ok(claimed) => claimed.into_iter().for_each(|copy| {
                running.spawn(region.clone().run_copy(copy));
            }),
            Err(fault) => log_fault(&region, "failed to claim copies", &fault),
        }
        tokio::select! {
            () = region.inner.shutdown.cancelled() => break,
            () = region.inner.wake.notified() => {}
            Some(ended) = running.join_next() => log_panic(&region, ended),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    while let Some(ended) = running.join_next().await {
        log_panic(&region, ended);
    }
}

fn log_panic(region: &Region, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(region = %region.id(), %error, "a copy's step panicked; its lease will run out and it will be tried again");
    }
}

fn log_fault(region: &Region, what: &str, fault: &RegionFault) {
    tracing::warn!(region = %region.id(), fault = fault as &dyn std::error::Error, "{what}");
}

/// Stops a copy that runs in this process.
pub(crate) struct Stop {
    /// From where the copy comes.
    source: RegionId,
    /// Ends its transfer; what is durable stays.
    token: CancellationToken,
}

/// What became of a claimed copy.
enum Outcome {
    /// It ended, or somebody else moved it: nothing more to do under this claim.
    Over,
    /// The step failed; the next attempt is set.
    Failed,
}

impl Region {
    /// Tells the driver to look for work.
    pub(crate) fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// Claims what is due and moves it as far as it goes, again and again until nothing is due. For tests and for
    /// regions whose driver is set to [`crate::DriverMode::ByHand`].
    pub async fn run_due(&self) -> Result<u64, RegionFault> {
        let mut ran = 0;
        loop {
            let claimed = self.claim_due().await?;
            if claimed.is_empty() {
                return Ok(ran);
            }
            for copy in claimed {
                self.clone().run_copy(copy).await;
                ran += 1;
            }
        }
    }

    async fn claim_due(&self) -> Result<Vec<CopyRow>, RegionFault> {
        failpoint!("wrk.claim");
        let options = &self.inner.options;
        let limits = ClaimLimits {
            per_account: options.copies_per_account,
            per_region: options.copies_at_once,
        };
        let _following = self.inner.links.following.lock().await;
        let mut tx = self.inner.catalog.begin().await?;
        let outlook = self.outlook(&mut tx).await?;
        let claimed = tx.claim_due(&options.worker, outlook.now, options.lease_ms, limits).await?;
        let displaced = tx.displaced_by_deadlines(outlook.now, limits).await?;
        tx.commit().await?;
        // Another process may have changed them.
        self.follow_links(&outlook.settings);
        self.follow_promises(&outlook);
        for copy in &displaced {
            tracing::info!(region = %self.id(), %copy, "a copy gives its place to one that has a deadline");
        }
        self.stop_transfers(|copy, _| displaced.contains(copy));
        Ok(claimed)
    }

    /// Moves one claimed copy as far as it goes, while a task keeps its lease.
    async fn run_copy(self, copy: CopyRow) {
        let stop = self.inner.shutdown.child_token();
        self.inner.links.begin(&copy);
        let kept = Stop { source: copy.source_region.clone(), token: stop.clone() };
        self.inner
            .stops
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((copy.id.clone(), copy.fence), kept);
        // Whoever pauses the link from here on finds it.
        if self.inner.links.is_paused(&copy.source_region) {
            stop.cancel();
        }
        let renewal = tokio::spawn(keep_lease(self.clone(), copy.clone(), stop.clone()));
        let (id, fence) = (copy.id.clone(), copy.fence);
        let outcome = self.run_steps(copy, &stop).await;
        renewal.abort();
        self.inner
            .stops
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&(id.clone(), fence));
        self.inner.rates.forget(&id);
        self.inner.links.end(&id);
        self.inner.relays.forget(&id);
        let given_back = match outcome {
            Ok(Outcome::Over) => self.give_back_lease(&id, fence).await,
            Ok(Outcome::Failed) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = given_back {
            log_fault(&self, "failed to record how a copy stands; its lease will run out", &fault);
        }
        self.changed();
        self.wake();
    }

    /// Stops, at once, those transfers of this process that are meant, by their copy and its source.
    pub(crate) fn stop_transfers(&self, is_meant: impl Fn(&CopyId, &RegionId) -> bool) {
        let stops = self.inner.stops.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = stops.iter().filter(|((id, _), stop)| is_meant(id, &stop.source));
        meant.for_each(|(_, stop)| stop.token.cancel());
    }

    /// Copies from a region that run in this process.
    pub(crate) fn running_from(&self, source: &RegionId) -> u32 {
        let stops = self.inner.stops.lock().unwrap_or_else(PoisonError::into_inner);
        stops.values().filter(|stop| stop.source == *source).count() as u32
    }

    async fn give_back_lease(&self, copy: &model::CopyId, fence: u64) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        // No row changed means that somebody else has it already.
        let _updated = tx.release_lease(copy, fence, Timestamp(0)).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn run_steps(
        &self,
        mut copy: CopyRow,
        stop: &CancellationToken,
    ) -> Result<Outcome, RegionFault> {
        loop {
            match self.step(&copy, stop).await {
                Ok(Stepped::Moved(next)) if next.state.is_live() => copy = *next,
                Ok(Stepped::Moved(_) | Stepped::Lost | Stepped::Stopped) => {
                    return Ok(Outcome::Over);
                }
                Ok(Stepped::GiveUp(cause)) => {
                    match self.record_event(&copy, CopyEvent::GiveUp(cause)).await? {
                        Stepped::Moved(next) => copy = *next,
                        Stepped::Lost | Stepped::Stopped | Stepped::GiveUp(_) => {
                            return Ok(Outcome::Over);
                        }
                    }
                }
                Err(fault) => return self.record_failure(&copy, &fault).await,
            }
        }
    }

    /// Sets the next attempt, or gives the copy up after too many without any progress (faults 31 and 33).
    async fn record_failure(
        &self,
        copy: &CopyRow,
        fault: &RegionFault,
    ) -> Result<Outcome, RegionFault> {
        log_fault(self, "a copy's attempt failed", fault);
        let mut tx = self.inner.catalog.begin().await?;
        let now = tx.copy_unscoped(&copy.id).await?;
        let moved_on = now.is_some_and(|now| {
            now.progress.done > copy.progress.done || now.bytes_sent > copy.bytes_sent
        });
        let attempts = if moved_on { 1 } else { copy.attempts + 1 };
        let lasting = fault.retry() == Retry::Never || attempts >= MAX_ATTEMPTS_WITHOUT_PROGRESS;
        let (now, reason) = (self.inner.clock.now(), reason_for_user(fault));
        tx.record_attempt(copy, now, &reason).await?;
        if lasting && copy.state.is_cancellable() {
            tx.commit().await?;
            let cause = match (fault, fault.retry()) {
                (RegionFault::Key { .. }, Retry::Never) => Cause::KeyGone,
                (_, _) => Cause::GaveUp { attempts },
            };
            self.record_event(copy, CopyEvent::GiveUp(cause)).await?;
            return Ok(Outcome::Over);
        }
        let next_attempt = now.plus_ms(retry_delay_ms(attempts));
        // No row changed means that somebody else moved the copy: it is theirs now.
        let _updated =
            tx.record_failure(&copy.id, copy.fence, attempts, next_attempt, &reason).await?;
        tx.commit().await?;
        Ok(Outcome::Failed)
    }
}

/// What the user is told of a failed attempt: which part of the world failed, never its inner texts.
fn reason_for_user(fault: &RegionFault) -> String {
    match fault {
        RegionFault::Catalog(_) => "the target region's catalog is not available".to_owned(),
        RegionFault::Store(fault) => store_reason(fault),
        RegionFault::Transfer(fault) => transfer_reason(fault),
        RegionFault::Peer(fault) => fault.to_string(),
        RegionFault::Key { rejection } => rejection.to_string(),
        RegionFault::KeyRing(fault) => fault.to_string(),
        RegionFault::Unsettled { .. } => fault.to_string(),
        RegionFault::Entropy { .. }
        | RegionFault::Bucket(_)
        | RegionFault::SealedSecret { .. }
        | RegionFault::IllegalMove { .. }
        | RegionFault::Contradiction { .. } => {
            "the target region is not well; its log says why".to_owned()
        }
        RegionFault::Failpoint { name } => format!("stopped at failpoint `{name}`"),
    }
}

fn transfer_reason(fault: &TransferFault) -> String {
    match fault {
        TransferFault::Store(fault) => store_reason(fault),
        TransferFault::Source(SourceFault::Transport { source, .. }) => source.to_string(),
        TransferFault::Source(
            SourceFault::Stalled { .. }
            | SourceFault::Protocol(_)
            | SourceFault::NoParcels { .. }
            | SourceFault::Store(_),
        )
        | TransferFault::SourceLacks { .. }
        | TransferFault::PeerSendsWrongChunks { .. }
        | TransferFault::Malformed(_)
        | TransferFault::Disturbed
        | TransferFault::Stopped => fault.to_string(),
    }
}

fn store_reason(fault: &store::StoreFault) -> String {
    match fault {
        store::StoreFault::Full { .. } => "the target region's disk is full".to_owned(),
        store::StoreFault::Locked { .. } => {
            "the encryption key was switched off while the copy ran".to_owned()
        }
        other => other.to_string(),
    }
}

/// Renews a copy's lease until told to stop; stops the copy's transfer when the lease is lost (I10).
async fn keep_lease(region: Region, copy: CopyRow, stop: CancellationToken) {
    let lease_ms = region.inner.options.lease_ms;
    let pause = Duration::from_millis(u64::try_from(lease_ms / 3).unwrap_or(1_000));
    loop {
        tokio::time::sleep(pause).await;
        match renew(&region, &copy, lease_ms).await {
            Ok(Updated::Yes) => {}
            Ok(Updated::No) => return stop.cancel(),
            Err(fault) => log_fault(&region, "failed to renew a lease", &fault),
        }
    }
}

async fn renew(region: &Region, copy: &CopyRow, lease_ms: i64) -> Result<Updated, RegionFault> {
    failpoint!("wrk.renew");
    let mut tx = region.inner.catalog.begin().await?;
    let until = region.inner.clock.now().plus_ms(lease_ms);
    let updated = tx.renew_lease(&copy.id, copy.fence, until).await?;
    tx.commit().await?;
    Ok(updated)
}
