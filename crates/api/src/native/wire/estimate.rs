//! What a copy would cost: bytes, time with its three factors, quota, money (R002-2).

use model::{Meter, Quota, RegionId};
use region::Estimate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Cost, Estimated};

/// A quota of the account in the target, before and after the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuotaEffect {
    /// `image` or `snapshot`.
    pub kind: String,
    /// How many there may be.
    pub limit: u64,
    /// How many there are.
    pub used: u64,
    /// How many are promised to copies and imports that run.
    pub reserved: u64,
    /// How many there would be of both with this copy.
    pub after: u64,
}

/// What a copy would cost in money, by today's rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Costs {
    /// Its bytes on the link.
    pub traffic: Cost,
    /// Its snapshots, for 30 days.
    pub storage_30_days: Cost,
}

impl QuotaEffect {
    fn new(quota: Quota, more: u64) -> Self {
        let Quota { kind, limit, used, reserved } = quota;
        let after = used.saturating_add(reserved).saturating_add(more);
        QuotaEffect { kind: kind.to_string(), limit, used, reserved, after }
    }
}

impl Estimated {
    pub(crate) fn new(target: &RegionId, estimate: &Estimate) -> Self {
        Estimated {
            target: target.to_string(),
            bytes_to_send: estimate.bytes_to_send,
            bytes_reused: estimate.bytes_reused,
            bytes_stored: estimate.stored_bytes,
            seconds: estimate.seconds,
            bytes_per_sec: estimate.speed.bytes_per_sec,
            speed_known: estimate.speed.known.to_string(),
            copies_ahead: estimate.copies_ahead,
            bytes_ahead: estimate.bytes_ahead,
            quotas: vec![
                QuotaEffect::new(estimate.images, 1),
                QuotaEffect::new(estimate.snapshots, estimate.disks),
            ],
            needs: None,
            costs: Costs {
                traffic: Cost::new(
                    Meter::Traffic,
                    estimate.traffic_rate,
                    estimate.traffic_amount(),
                ),
                storage_30_days: Cost::new(
                    Meter::Storage,
                    estimate.storage_rate,
                    estimate.storage_amount(),
                ),
            },
        }
    }
}
