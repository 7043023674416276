//! What usage, rates and estimates show of themselves.

use std::collections::BTreeMap;

use api::native::wire::{Cost, EstimateResult, Estimated, QuotaEffect, Rate, UsageLine};
use model::Amount;

use super::{Row, bytes, duration, rate, shorten};

impl Row for UsageLine {
    const HEADINGS: &'static [&'static str] =
        &["ACCOUNT", "METER", "LINK OR REGION", "RATE FROM", "PRICE", "QUANTITY", "AMOUNT"];

    fn cells(&self) -> Vec<String> {
        let place = match &self.source {
            Some(source) => format!("{} to {}", shorten(source, 14), shorten(&self.region, 14)),
            None => self.region.clone(),
        };
        let quantity = match self.unit.as_str() {
            "byte_hours" => format!("{} h", bytes(self.quantity)),
            _ => bytes(self.quantity),
        };
        vec![
            shorten(&self.account, 14),
            self.rate.meter.clone(),
            place,
            self.rate.from.clone(),
            self.rate.price.clone(),
            quantity,
            format!("{} {}", self.amount, self.rate.currency),
        ]
    }

    fn id(&self) -> &str {
        &self.account
    }
}

/// A line for each currency: what the lines of a bill come to.
pub fn totals(lines: &[UsageLine]) -> Vec<String> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(&line.rate.currency).or_default();
        *sum = sum.saturating_add(line.amount_micros);
    }
    sums.into_iter().map(|(currency, sum)| format!("total {} {currency}", Amount(sum))).collect()
}

impl Row for Rate {
    const HEADINGS: &'static [&'static str] = &["METER", "FROM", "PRICE", "A UNIT"];

    fn cells(&self) -> Vec<String> {
        let unit = match self.meter.as_str() {
            "storage" => "GiB-hour",
            _ => "GiB",
        };
        let price = format!("{} {}", self.price, self.currency);
        vec![self.meter.clone(), self.from.clone(), price, unit.to_owned()]
    }

    fn id(&self) -> &str {
        &self.from
    }
}

fn time(estimate: &Estimated) -> String {
    estimate.seconds.map_or_else(|| "unknown".to_owned(), duration)
}

fn speed(estimate: &Estimated) -> String {
    match estimate.bytes_per_sec {
        Some(speed) => format!("{} ({})", rate(speed), estimate.speed_known),
        None => "unknown".to_owned(),
    }
}

fn queue(estimate: &Estimated) -> String {
    match (estimate.copies_ahead, estimate.bytes_ahead) {
        (0, _) => "none ahead".to_owned(),
        (ahead, None) => format!("{ahead} ahead"),
        (ahead, Some(left)) => format!("{ahead} ahead, {} left", bytes(left)),
    }
}

fn effect(quota: &QuotaEffect) -> String {
    format!("{} to {} of {}", quota.used + quota.reserved, quota.after, quota.limit)
}

fn cost(cost: &Cost) -> String {
    format!("{} {}", cost.amount, cost.rate.currency)
}

impl Row for EstimateResult {
    const HEADINGS: &'static [&'static str] =
        &["REGION", "TO SEND", "REUSED", "LINK", "QUEUE", "TIME", "IMAGES", "COST"];

    fn cells(&self) -> Vec<String> {
        match self {
            EstimateResult::Estimated(estimate) => vec![
                shorten(&estimate.target, 16),
                bytes(estimate.bytes_to_send),
                bytes(estimate.bytes_reused),
                speed(estimate),
                queue(estimate),
                time(estimate),
                estimate.quotas.first().map(effect).unwrap_or_default(),
                cost(&estimate.costs.traffic),
            ],
            EstimateResult::Refused(refused) => {
                vec![refused.target.clone(), format!("refused: {}", refused.problem.code)]
            }
        }
    }

    fn id(&self) -> &str {
        match self {
            EstimateResult::Estimated(estimate) => &estimate.target,
            EstimateResult::Refused(refused) => &refused.target,
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let estimate = match self {
            EstimateResult::Estimated(estimate) => estimate,
            EstimateResult::Refused(refused) => {
                let reason = format!("refused: {}", refused.problem.detail);
                return vec![("region", refused.target.clone()), ("status", reason)];
            }
        };
        let quota = |kind: &str| {
            estimate.quotas.iter().find(|quota| quota.kind == kind).map(effect).unwrap_or_default()
        };
        vec![
            ("region", estimate.target.clone()),
            ("size to send", bytes(estimate.bytes_to_send)),
            ("held already", bytes(estimate.bytes_reused)),
            ("link speed", speed(estimate)),
            ("queue", queue(estimate)),
            ("time", time(estimate)),
            ("images", quota("image")),
            ("snapshots", quota("snapshot")),
            ("traffic costs", cost(&estimate.costs.traffic)),
            ("30 days cost", cost(&estimate.costs.storage_30_days)),
            (
                "needs",
                estimate.needs.as_ref().map(|needs| needs.detail.clone()).unwrap_or_default(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(currency: &str, amount_micros: u64) -> UsageLine {
        UsageLine {
            month: "2026-11".to_owned(),
            account: "acct-aaaaaaaaaaaaaaaaaaaa".to_owned(),
            region: "ap-southeast-1".to_owned(),
            source: Some("cn-zhangjiakou".to_owned()),
            quantity: 1 << 50,
            unit: "byte_hours".to_owned(),
            rate: Rate {
                meter: "traffic".to_owned(),
                from: "2026-11-22".to_owned(),
                price: "0.05".to_owned(),
                currency: currency.to_owned(),
            },
            amount: Amount(amount_micros).to_string(),
            amount_micros,
        }
    }

    #[test]
    fn a_bill_fits_120_columns_and_sums_by_currency() {
        let lines = [line("USD", 1_500_000), line("EUR", 10_000), line("USD", 0)];
        let text = super::super::table(UsageLine::HEADINGS, lines.iter().map(Row::cells));
        for line in text.lines() {
            assert!(line.chars().count() <= 120, "{line}");
        }
        assert_eq!(totals(&lines), ["total 0.01 EUR", "total 1.50 USD"]);
        assert!(totals(&[]).is_empty());
    }
}
