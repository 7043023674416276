//! Rates: what a meter's unit costs, dated, set by operators.

use catalog::{AuditEntry, RateRow};
use model::{Act, Day, Meter, Price, Rate, judge_rate};

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;

/// A rate of a meter, as everyone sees it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RateView {
    /// Of which meter.
    pub meter: Meter,
    /// From when on, in which currency, and how much.
    pub rate: Rate,
}

impl Region {
    /// Sets what a meter's unit costs from a day on that has not begun, until the next rate's day (R000-4): what was used
    /// before stays as it was told. A rate that was to count from the same day is replaced.
    pub async fn set_rate(
        &self,
        caller: &Caller,
        meter: Meter,
        from: Day,
        price: Price,
    ) -> Result<RateView, Refused> {
        caller.must(Act::Operate)?;
        let now = self.inner.clock.now();
        judge_rate(from, now)?;
        let rate = Rate { from, currency: self.inner.options.currency, price };
        let mut tx = self.inner.catalog.begin().await?;
        let before = tx.rate_from(meter, from).await?;
        tx.put_rate(&RateRow { meter, rate, set_at: now }).await?;
        let entry = AuditEntry {
            before: before.map(|row| facts(&row.rate)).unwrap_or_default(),
            after: facts(&rate),
            ..self.audit_entry(caller, "rate.set", &format!("{meter} from {from}"))
        };
        tx.record_audit(&entry).await?;
        caller.commit(tx).await?;
        Ok(RateView { meter, rate })
    }

    /// The rates of this region that were ever set, by meter and day. Everyone may know what they will pay.
    pub async fn rates(&self, caller: &Caller) -> Result<Vec<RateView>, Refused> {
        caller.must(Act::Read)?;
        let rows = self.inner.catalog.read().await?.rates().await?;
        Ok(rows.into_iter().map(|RateRow { meter, rate, .. }| RateView { meter, rate }).collect())
    }
}

fn facts(rate: &Rate) -> String {
    format!("price={}\ncurrency={}", rate.price, rate.currency)
}

/// The rates of one meter.
pub(crate) fn of_meter(rows: &[RateRow], meter: Meter) -> Vec<Rate> {
    rows.iter().filter(|row| row.meter == meter).map(|row| row.rate).collect()
}
