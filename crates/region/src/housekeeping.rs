//! What a region does by itself, now and then: asks about old holds, gives back abandoned imports, sweeps, scrubs.

use std::time::Duration;

use store::Pace;

use crate::jobs::run_jobs;
use crate::refused::RegionFault;
use crate::region::Region;

/// Between two looks at holds and imports.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// Between two scrubs.
const SCRUB_PAUSE: Duration = Duration::from_secs(86_400);
/// A scrub reads everything in about half of the 30 days that DESIGN section 5 allows, so that a restart may cost the rest.
const SCRUB_WITHIN_SECS: u64 = 15 * 86_400;
/// A small store is read no slower than this, in bytes a second.
const SCRUB_AT_LEAST: u64 = 4 << 20;

/// Runs until the region shuts down.
pub(crate) async fn keep_house(region: Region) {
    let shutdown = region.inner.shutdown.clone();
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tidy(&region) => {}
        () = sweep(&region) => {}
        () = run_jobs(&region) => {}
        () = scrub(&region) => {}
    }
}

async fn tidy(region: &Region) {
    // Offers that the last process had under way are over: nobody waits for their answers any more.
    let started = region.inner.clock.now();
    look_after_batches(region.settle_batches_before(started).await, region);
    look_after_holds(region.reconcile_holds_before(started).await, region);
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        look_after_batches(region.settle_batches().await, region);
        look_after_holds(region.reconcile_holds().await, region);
        if let Err(fault) = region.tell_late_copies().await {
            log(region, "failed to look for late copies", &fault);
        }
        match region.delete_doomed_keys().await {
            Ok(0) => {}
            Ok(deleted) => {
                tracing::warn!(region = %region.id(), deleted, "deleted encryption keys whose waiting time was over")
            }
            Err(fault) => log(region, "failed to look after encryption keys", &fault),
        }
        match region.delete_old_tasks().await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(region = %region.id(), deleted, "deleted old tasks"),
            Err(fault) => log(region, "failed to look after tasks", &fault),
        }
        match region.expire_imports().await {
            Ok(0) => {}
            Ok(expired) => {
                tracing::info!(region = %region.id(), expired, "gave back abandoned imports")
            }
            Err(refused) => {
                tracing::warn!(region = %region.id(), %refused, "failed to look after imports")
            }
        }
    }
}

fn look_after_batches(withdrawn: Result<u64, RegionFault>, region: &Region) {
    match withdrawn {
        Ok(0) => {}
        Ok(withdrawn) => {
            tracing::info!(region = %region.id(), withdrawn, "took back copies of which others were refused")
        }
        Err(fault) => log(region, "failed to look after copies asked for together", &fault),
    }
}

fn look_after_holds(released: Result<u64, RegionFault>, region: &Region) {
    match released {
        Ok(0) => {}
        Ok(released) => {
            tracing::info!(region = %region.id(), released, "let go of holds whose copies are over")
        }
        Err(fault) => log(region, "failed to look after holds", &fault),
    }
}

async fn sweep(region: &Region) {
    loop {
        tokio::time::sleep(region.inner.options.sweep_every).await;
        match region.sweep_at(Pace::Share { bytes_per_sec: None }).await {
            Ok(swept) => tracing::info!(region = %region.id(), ?swept, "swept"),
            Err(fault) => log(region, "failed to sweep; it will be tried again", &fault),
        }
    }
}

async fn scrub(region: &Region) {
    loop {
        tokio::time::sleep(SCRUB_PAUSE).await;
        match scrub_once(region).await {
            Ok(scrub) if scrub.damaged + scrub.left == 0 => {
                tracing::info!(region = %region.id(), chunks = scrub.chunks, "scrubbed; all is well");
            }
            Ok(scrub) => tracing::error!(region = %region.id(), ?scrub, "the scrub found damage"),
            Err(fault) => log(region, "failed to scrub; it will be tried again", &fault),
        }
    }
}

async fn scrub_once(region: &Region) -> Result<crate::maintenance::Scrub, RegionFault> {
    let bytes = region.store().usage().await?.pack_bytes;
    let rate = (bytes / SCRUB_WITHIN_SECS).max(SCRUB_AT_LEAST);
    region.scrub(Pace::Share { bytes_per_sec: Some(rate) }).await
}

fn log(region: &Region, what: &str, fault: &RegionFault) {
    tracing::warn!(region = %region.id(), fault = fault as &dyn std::error::Error, "{what}");
}
