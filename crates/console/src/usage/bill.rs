//! The lines of a month with what each costs, and their sums.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::future::try_join_all;
use model::{AccountId, Amount, Currency, Meter, Month, Name};
use region::{Region, UsageLine, Whose};

use super::wanted::Wanted;
use crate::look;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// What was used in a month.
pub(super) struct Bill {
    pub(super) lines: Vec<UsageLine>,
    /// What the accounts are called.
    pub(super) names: HashMap<AccountId, Name>,
}

/// Sums of lines.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) traffic: u64,
    pub(super) storage: u64,
    /// By currency.
    pub(super) amounts: BTreeMap<Currency, Amount>,
}

impl Bill {
    /// The wanted one.
    pub(super) async fn of(visit: &Visit, wanted: &Wanted) -> Result<Bill, Shown> {
        let lines = lines(visit, &wanted.regions, (wanted.month, wanted.whose())).await?;
        let accounts: BTreeSet<&AccountId> = lines.iter().map(|line| &line.account).collect();
        let names = visit.deployment().accounts.names_of(accounts).await?;
        Ok(Bill { lines, names })
    }

    /// An account's name; its id where only another process knows it.
    pub(super) fn name(&self, account: &AccountId) -> String {
        self.names.get(account).map_or_else(|| account.to_string(), Name::to_string)
    }

    pub(super) fn totals(&self) -> Totals {
        totals(&self.lines)
    }
}

/// What was used in these regions.
pub(super) async fn lines(
    visit: &Visit,
    regions: &[Region],
    (month, whose): (Month, Whose),
) -> Result<Vec<UsageLine>, Shown> {
    let of = |region: &Region| {
        let (region, whose) = (region.clone(), whose.clone());
        async move { region.usage(&visit.caller, month, whose).await }
    };
    Ok(try_join_all(regions.iter().map(of)).await?.into_iter().flatten().collect())
}

/// The sums of lines.
pub(super) fn totals(lines: &[UsageLine]) -> Totals {
    let mut totals = Totals::default();
    for line in lines {
        let metered = &line.metered;
        let sum = match metered.meter {
            Meter::Traffic => &mut totals.traffic,
            Meter::Storage => &mut totals.storage,
        };
        *sum = sum.saturating_add(metered.quantity);
        let amount = totals.amounts.entry(metered.rate.currency).or_default();
        amount.0 = amount.0.saturating_add(metered.amount().0);
    }
    totals
}

/// A quantity of a meter: bytes, or bytes for hours.
pub(super) fn quantity(meter: Meter, quantity: u64) -> String {
    match meter {
        Meter::Traffic => look::bytes(quantity),
        Meter::Storage => format!("{}·h", look::bytes(quantity)),
    }
}

/// What a meter's rate is for.
pub(super) fn unit(meter: Meter) -> &'static str {
    match meter {
        Meter::Traffic => "GiB",
        Meter::Storage => "GiB·h",
    }
}

/// What a meter is called.
pub(super) fn meter_name(meter: Meter, words: Words) -> Saying {
    match meter {
        Meter::Traffic => words.say("usage-traffic"),
        Meter::Storage => words.say("usage-storage"),
    }
}
