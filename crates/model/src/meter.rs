//! Meters and what they cost: exact whole numbers, rounded once where a line of a bill is made.
//!
//! Traffic is counted in bytes, storage in byte-hours. A price is in millionths of a currency per GiB or per GiB-hour. A
//! line's quantity is rounded down to a whole unit, its amount to the nearest millionth, half of one upwards; the amount
//! is made from the quantity that is shown, so that anybody can reckon a bill again.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::field::{Field, FieldRefusal};
use crate::ids::RegionId;
use crate::month::{Day, Month};
use crate::rejection::Rejection;
use crate::time::Timestamp;

words!(
    /// What is metered.
    Meter, "`traffic`, `storage`",
    /// Bytes on the wire from another region.
    Traffic = "traffic",
    /// Bytes of snapshots at rest, by the hour.
    Storage = "storage",
);

const GIB: u128 = 1 << 30;
const HOUR_MS: u128 = 3_600_000;
/// Hours of the month of 30 days that an estimate of storage speaks of.
pub const ESTIMATED_HOURS: u64 = 720;

/// A text that is not an amount of money or a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct InvalidMoney {
    /// What was given, shortened to 64 characters.
    pub text: String,
    /// What was wanted, with its form.
    pub wanted: &'static str,
}

fn invalid(text: &str, wanted: &'static str) -> InvalidMoney {
    InvalidMoney { text: text.chars().take(64).collect(), wanted }
}

/// A currency: three capital letters, as `USD`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars: where nothing else is configured.
    pub const USD: Currency = Currency(*b"USD");

    /// The letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is capital letters")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = InvalidMoney;
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Currency(letters)),
            Ok(_) | Err(_) => Err(invalid(text, "a currency (three capital letters, as `USD`)")),
        }
    }
}

/// Money, in millionths of a currency.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(pub u64);

impl fmt::Display for Amount {
    /// Exact, with two to six decimals: `0.00`, `1.50`, `0.000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, millionths) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let decimals = format!("{millionths:06}");
        let shown = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{whole}.{}", &decimals[..shown])
    }
}

/// What a GiB or a GiB-hour costs, in millionths of a currency.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Price(u64);

impl Price {
    /// The highest: a million of the currency.
    pub const MAX_MICROS: u64 = 1_000_000_000_000;

    /// Checks a price given in millionths.
    pub fn from_micros(micros: u64) -> Result<Self, Rejection> {
        if micros > Self::MAX_MICROS {
            let refusal = FieldRefusal::TooLarge { value: micros, limit: Self::MAX_MICROS };
            return Err(Rejection::field(Field::Price, refusal));
        }
        Ok(Price(micros))
    }

    /// Millionths of the currency.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// What so many bytes or byte-hours cost, to the nearest millionth, half of one upwards. What is more than `u64`
    /// holds is its largest value.
    pub fn of(self, quantity: u64) -> Amount {
        let exact = u128::from(quantity) * u128::from(self.0);
        Amount(u64::try_from((exact + GIB / 2) / GIB).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Amount(self.0).fmt(f)
    }
}

impl FromStr for Price {
    type Err = InvalidMoney;
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let wrong =
            || invalid(text, "a price up to a million with at most six decimals, as `0.05`");
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > 6 || whole.len() > 7 {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let millionths: u64 = format!("{decimals:0<6}").parse().map_err(|_| wrong())?;
        Price::from_micros(whole * 1_000_000 + millionths).map_err(|_| wrong())
    }
}

/// What a meter's unit costs from a day on, until the next rate's day.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The first day.
    pub from: Day,
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub price: Price,
}

impl Rate {
    /// What counts before anybody has set a rate: nothing is charged (R000-4, R003-3).
    pub fn free(currency: Currency) -> Self {
        Rate { from: Day::EPOCH, currency, price: Price::default() }
    }
}

/// The rate of a day, of those of one meter.
pub fn rate_on(rates: &[Rate], day: Day, currency: Currency) -> Rate {
    let counting = rates.iter().filter(|rate| rate.from <= day);
    counting.max_by_key(|rate| rate.from).copied().unwrap_or(Rate::free(currency))
}

/// Whether a rate may count from a day on: only from one that has not begun, so that what was used stays as it was told
/// (R000-4: a new rate touches only later use).
pub fn judge_rate(from: Day, now: Timestamp) -> Result<(), Rejection> {
    let tomorrow = Day::of(now).next();
    if from < tomorrow {
        let refusal = FieldRefusal::TooSoon { earliest: tomorrow.start() };
        return Err(Rejection::field(Field::From, refusal));
    }
    Ok(())
}

/// Days of a month with one rate.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub first: Day,
    /// The first that is no longer in it.
    pub end: Day,
    /// What counts in it.
    pub rate: Rate,
}

/// A month cut where the rate of a meter changes.
pub fn stretches(month: Month, rates: &[Rate], currency: Currency) -> Vec<Stretch> {
    let mut cuts: Vec<Day> = rates.iter().map(|rate| rate.from).collect();
    cuts.retain(|cut| month.first() < *cut && *cut < month.end());
    cuts.extend([month.first(), month.end()]);
    cuts.sort_unstable();
    cuts.dedup();
    let stretch = |pair: &[Day]| Stretch {
        first: pair[0],
        end: pair[1],
        rate: rate_on(rates, pair[0], currency),
    };
    cuts.windows(2).map(stretch).collect()
}

/// Bytes that a link brought on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTraffic {
    /// From where.
    pub source: RegionId,
    /// When.
    pub day: Day,
    /// How many.
    pub bytes: u64,
}

/// How long a snapshot took its bytes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct StorageSpan {
    /// Its chunks that are not zero, as if it were alone in the store.
    pub bytes: u64,
    /// When it was made.
    pub began: Timestamp,
    /// When it was deleted; none while it is there.
    pub ended: Option<Timestamp>,
}

impl StorageSpan {
    /// Byte-milliseconds of it between two instants: exact, so that any cut of a time sums to the same.
    pub fn byte_ms(&self, from: Timestamp, until: Timestamp) -> u128 {
        let began = self.began.max(from);
        let ended = self.ended.map_or(until, |ended| ended.min(until));
        u128::from(self.bytes) * u128::from(ended.ms_since(began).unsigned_abs())
    }
}

/// A quantity of one meter at one rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Of what.
    pub meter: Meter,
    /// From where, for traffic.
    pub source: Option<RegionId>,
    /// The rate that counts for it.
    pub rate: Rate,
    /// Bytes or byte-hours.
    pub quantity: u64,
}

impl Metered {
    /// What it costs.
    pub fn amount(&self) -> Amount {
        self.rate.price.of(self.quantity)
    }
}

/// The traffic of a month: a line for each link and rate with any use, in the order of both.
pub fn traffic_lines(traffic: &[DayTraffic], stretches: &[Stretch]) -> Vec<Metered> {
    let mut sources: Vec<&RegionId> = traffic.iter().map(|day| &day.source).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut lines = Vec::new();
    for source in sources {
        for stretch in stretches {
            let within = |day: &&DayTraffic| {
                day.source == *source && stretch.first <= day.day && day.day < stretch.end
            };
            let bytes: u128 = traffic.iter().filter(within).map(|day| u128::from(day.bytes)).sum();
            lines.extend(line(Meter::Traffic, Some(source.clone()), stretch.rate, bytes));
        }
    }
    lines
}

/// The storage of a month until `now`: a line for each rate with any use.
pub fn storage_lines(spans: &[StorageSpan], stretches: &[Stretch], now: Timestamp) -> Vec<Metered> {
    let line_of = |stretch: &Stretch| {
        let (from, until) = (stretch.first.start(), stretch.end.start().min(now));
        let byte_ms: u128 = spans.iter().map(|span| span.byte_ms(from, until)).sum();
        line(Meter::Storage, None, stretch.rate, byte_ms / HOUR_MS)
    };
    stretches.iter().filter_map(line_of).collect()
}

/// A line, unless nothing was used.
fn line(meter: Meter, source: Option<RegionId>, rate: Rate, quantity: u128) -> Option<Metered> {
    let quantity = u64::try_from(quantity).unwrap_or(u64::MAX);
    (quantity > 0).then_some(Metered { meter, source, rate, quantity })
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
