//! What a service does for itself from time to time: unused chunks are deleted.

use std::time::Duration;

use region::{Deployment, Tidied};
use tokio_util::sync::CancellationToken;

/// Sweeps every region, again and again, until the service stops.
pub async fn run(deployment: Deployment, every_secs: u64, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(every_secs.max(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once; a service that has just started has better to do.
    ticks.tick().await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for region in deployment.regions_here() {
            tokio::select! {
                () = stop.cancelled() => return,
                swept = region.sweep() => match swept {
                    Ok(Tidied::Swept(swept)) => tracing::info!(
                        region = %region.id(),
                        condemned = swept.condemned,
                        packs_deleted = swept.packs_deleted,
                        packs_rewritten = swept.packs_rewritten,
                        "swept"
                    ),
                    Ok(Tidied::Postponed) => tracing::info!(region = %region.id(), "sweep put off: an import is under way"),
                    Err(fault) => tracing::warn!(region = %region.id(), error = &fault as &dyn std::error::Error, "sweep failed"),
                },
            }
        }
    }
}
