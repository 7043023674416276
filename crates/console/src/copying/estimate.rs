//! What the copies would cost: every target asked at once, and the sum over those that are ticked.

use std::collections::BTreeMap;

use futures::future::join_all;
use model::{Amount, Particulars, Profile, RegionId, Rejection, Sealing};
use region::{CopyImage, Estimate, Refused, Region, TargetTotal};

use super::sources::Sources;
use super::typed::Typed;
use crate::look;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::Words;

/// What the targets said.
pub(super) struct Asked {
    totals: Vec<TargetTotal>,
    /// Why none was asked: one of the images may not be copied at all.
    pub(super) refused: Option<Rejection>,
}

impl Asked {
    /// Asks each of these targets what copies of the images would cost, sealed as was chosen.
    pub(super) async fn of(
        visit: &Visit,
        region: &Region,
        (sources, typed): (&Sources, &Typed),
        targets: &[RegionId],
    ) -> Result<Asked, Shown> {
        let mut asked = Asked { totals: Vec::new(), refused: None };
        if !sources.are_ready() {
            return Ok(asked);
        }
        let profile = visit.deployment().profiles.native();
        let groups = typed.by_sealing(targets);
        let mut asking = Vec::new();
        for (sealing, members) in &groups {
            // A request names only so many; the dialog shows all that there are.
            for some in members.chunks(profile.targets_at_once.max(1)) {
                let commands = commands(sources, some, (sealing, profile));
                asking.push(region.estimate_copies(&visit.caller, commands));
            }
        }
        for answer in join_all(asking).await {
            match answer {
                Ok(totals) => asked.totals.extend(totals),
                Err(Refused::Rejected(rejection)) => asked.refused = Some(rejection),
                Err(refused) => return Err(refused.into()),
            }
        }
        Ok(asked)
    }

    /// What one of them said.
    pub(super) fn total(&self, target: &RegionId) -> Option<&TargetTotal> {
        self.totals.iter().find(|total| total.target == *target)
    }
}

fn commands(
    sources: &Sources,
    targets: &[RegionId],
    (sealing, profile): (&Sealing, &Profile),
) -> Vec<CopyImage> {
    let command = |image| CopyImage {
        image,
        targets: targets.to_vec(),
        name: None,
        description: None,
        tags: None,
        particulars: Particulars::default(),
        sealing: sealing.clone(),
        urgency: model::Urgency::default(),
        profile: profile.clone(),
        token: None,
    };
    sources.ids().into_iter().map(command).collect()
}

/// The sum over the targets that are ticked, in words.
pub(super) struct Sum {
    /// Bytes to send.
    pub(super) to_send: String,
    /// Of how many.
    pub(super) of: String,
    /// How long they take, by links that work side by side.
    pub(super) time: String,
    /// What is ahead of them.
    pub(super) time_note: String,
    /// What their traffic costs.
    pub(super) traffic: String,
    /// What their snapshots cost in 30 days.
    pub(super) storage: String,
    /// Images that they make.
    pub(super) images: u64,
    /// Snapshots that they make.
    pub(super) snapshots: u64,
}

impl Sum {
    /// Of what these targets said; none where no target that is ticked told what it would cost.
    pub(super) fn of(totals: &[&TargetTotal], words: Words) -> Option<Sum> {
        let estimates: Vec<&Estimate> =
            totals.iter().filter_map(|total| total.estimate.as_ref()).collect();
        if estimates.is_empty() {
            return None;
        }
        let sum = |of: fn(&Estimate) -> u64| {
            estimates.iter().map(|one| of(one)).fold(0, u64::saturating_add)
        };
        let seconds: Option<Vec<u64>> = estimates.iter().map(|one| one.seconds).collect();
        let seconds = seconds.and_then(|all| all.into_iter().max());
        let ahead = estimates.iter().map(|one| one.copies_ahead).max().unwrap_or(0);
        let time = match seconds {
            Some(seconds) => look::span(seconds),
            None => words.say("copying-time-unknown").to_string(),
        };
        let time_note = match (seconds, ahead) {
            (None, _) => words.say("copying-time-unknown-why").to_string(),
            (Some(_), ahead) => words.say("copying-time-ahead").with("count", ahead).to_string(),
        };
        let traffic = estimates.iter().map(|one| (one.traffic_rate.currency, one.traffic_amount()));
        let storage = estimates.iter().map(|one| (one.storage_rate.currency, one.storage_amount()));
        Some(Sum {
            to_send: look::bytes(sum(|one| one.bytes_to_send)),
            of: look::bytes(sum(|one| one.stored_bytes)),
            time,
            time_note,
            traffic: money(traffic.map(|(currency, amount)| (currency.to_string(), amount))),
            storage: money(storage.map(|(currency, amount)| (currency.to_string(), amount))),
            images: totals.iter().map(|total| total.images).sum(),
            snapshots: totals.iter().map(|total| total.snapshots).sum(),
        })
    }
}

/// Amounts by their currency: `0.20 USD`, or `0.20 USD + 1.00 CNY` where the regions charge in several.
fn money(amounts: impl Iterator<Item = (String, Amount)>) -> String {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for (currency, amount) in amounts {
        let sum = sums.entry(currency).or_default();
        *sum = sum.saturating_add(amount.0);
    }
    let told: Vec<String> =
        sums.iter().map(|(currency, sum)| format!("{} {currency}", Amount(*sum))).collect();
    told.join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_of_several_currencies_is_not_added_up() {
        let usd = |micros| ("USD".to_owned(), Amount(micros));
        assert_eq!(money([usd(100_000), usd(150_000)].into_iter()), "0.25 USD");
        let both = [usd(1), ("CNY".to_owned(), Amount(2_000_000))];
        assert_eq!(money(both.into_iter()), "2.00 CNY + 0.000001 USD");
    }
}
