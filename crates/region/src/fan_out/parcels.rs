//! Parcels beside fan-out: they are coded for one target alone, so they come while there is no other, and give way to frames.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep_until;
use transfer::{Opened, Parcel, ParcelOrder, ParcelSource, SourceFault, WindowAsk};

use super::{Asking, FanOut};

/// How long after its beginning a transfer orders no parcels yet: targets that were asked for together find each other.
const SETTLED_AFTER: Duration = Duration::from_millis(600);

#[async_trait]
impl ParcelSource for FanOut {
    async fn open(&self, order: ParcelOrder) -> Result<Opened, SourceFault> {
        sleep_until(self.asking.begun + SETTLED_AFTER).await;
        if self.asking.has_company() {
            return Err(SourceFault::NoParcels { reason: "other targets serve frames".to_owned() });
        }
        self.asking.source.open(order).await
    }

    /// Once there is company a session is over: what is left of it is ordered anew, and then there are no parcels.
    async fn window(&self, ask: WindowAsk) -> Result<Parcel, SourceFault> {
        if self.asking.has_company() {
            return Ok(Parcel::Gone);
        }
        Ok(match self.asking.source.window(ask).await? {
            Parcel::Window(body) => Parcel::Window(Asking::limited(&self.asking, body)),
            Parcel::End => Parcel::End,
            Parcel::Gone => Parcel::Gone,
        })
    }
}
