//! Usage and rates.

use model::{Amount, Meter, Rate as ModelRate};
use region::RateView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a meter's unit costs, and from when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rate {
    /// `traffic`: a GiB from another region. `storage`: a GiB of snapshots for an hour.
    #[schema(example = "traffic")]
    pub meter: String,
    /// The first day in UTC on which it counts; it does until the next one's day.
    #[schema(example = "2026-12-01")]
    pub from: String,
    /// What the unit costs: an exact decimal.
    #[schema(example = "0.05")]
    pub price: String,
    /// In which currency.
    #[schema(example = "USD")]
    pub currency: String,
}

/// A new rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRequest {
    /// `traffic` or `storage`.
    pub meter: String,
    /// The first day on which it counts: after today, in UTC.
    #[schema(example = "2026-12-01")]
    pub from: String,
    /// What a GiB or a GiB-hour costs: a decimal with at most six digits behind the point.
    #[schema(example = "0.05")]
    pub price: String,
}

/// A line of an account's bill for a month: one meter, one link or region, one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageLine {
    /// The month, in UTC.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Who used it.
    pub account: String,
    /// The region that metered it: the target of traffic, the place of storage.
    pub region: String,
    /// From which region, for traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How much, in `unit`s, rounded down; at most 2^64-1.
    pub quantity: u64,
    /// `bytes` or `byte_hours`.
    pub unit: String,
    /// What counts for it.
    pub rate: Rate,
    /// What it costs, in the rate's currency: an exact decimal.
    #[schema(example = "0.00")]
    pub amount: String,
    /// The same in millionths.
    pub amount_micros: u64,
}

/// What something would cost by today's rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cost {
    /// The rate of today.
    pub rate: Rate,
    /// What it comes to, in the rate's currency: an exact decimal.
    #[schema(example = "0.00")]
    pub amount: String,
    /// The same in millionths.
    pub amount_micros: u64,
}

impl Rate {
    fn new(meter: Meter, rate: ModelRate) -> Self {
        Rate {
            meter: meter.to_string(),
            from: rate.from.to_string(),
            price: rate.price.to_string(),
            currency: rate.currency.to_string(),
        }
    }
}

impl From<RateView> for Rate {
    fn from(RateView { meter, rate }: RateView) -> Self {
        Rate::new(meter, rate)
    }
}

impl Cost {
    pub(crate) fn new(meter: Meter, rate: ModelRate, amount: Amount) -> Self {
        Cost { rate: Rate::new(meter, rate), amount: amount.to_string(), amount_micros: amount.0 }
    }
}

impl UsageLine {
    pub(crate) fn new(month: model::Month, line: region::UsageLine) -> Self {
        let region::UsageLine { account, region, metered } = line;
        let unit = match metered.meter {
            Meter::Traffic => "bytes",
            Meter::Storage => "byte_hours",
        };
        let amount = metered.amount();
        UsageLine {
            month: month.to_string(),
            account: account.to_string(),
            region: region.to_string(),
            source: metered.source.map(|source| source.to_string()),
            quantity: metered.quantity,
            unit: unit.to_owned(),
            rate: Rate::new(metered.meter, metered.rate),
            amount: amount.to_string(),
            amount_micros: amount.0,
        }
    }
}
