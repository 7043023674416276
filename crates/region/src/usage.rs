//! Usage: what an account's copies brought here and what its snapshots took, by month, priced by the rates of the days.

use model::{
    AccountId, Act, Meter, Metered, Month, RegionId, StorageSpan, storage_lines, stretches,
    traffic_lines,
};

use crate::commands::Caller;
use crate::rates::of_meter;
use crate::refused::Refused;
use crate::region::Region;

/// Whose usage or copies are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// The caller's account's.
    #[default]
    Own,
    /// This account's: for operators, where it is another's.
    Account(AccountId),
    /// Everybody's: for operators.
    Everyone,
}

impl Whose {
    /// The account meant; none where all are. Refused to who may not see it.
    pub(crate) fn admit(self, caller: &Caller) -> Result<Option<AccountId>, Refused> {
        match self {
            Whose::Own => {
                caller.must(Act::Read)?;
                Ok(Some(caller.account.clone()))
            }
            Whose::Account(account) => {
                let is_own = account == caller.account;
                caller.must(if is_own { Act::Read } else { Act::Operate })?;
                Ok(Some(account))
            }
            Whose::Everyone => {
                caller.must(Act::Operate)?;
                Ok(None)
            }
        }
    }
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageLine {
    /// Who used it.
    pub account: AccountId,
    /// The region that metered it: the target of traffic, the place of storage.
    pub region: RegionId,
    /// What, how much, and at which rate.
    pub metered: Metered,
}

impl Region {
    /// What was used here in a month, until now: one line for each account, meter, link and rate with any use (R000-4,
    /// R001-5). Use whose copy, image or snapshot is gone stays.
    pub async fn usage(
        &self,
        caller: &Caller,
        month: Month,
        whose: Whose,
    ) -> Result<Vec<UsageLine>, Refused> {
        let only = whose.admit(caller)?;
        let mut tx = self.inner.catalog.read().await?;
        let accounts = match only {
            Some(account) => vec![account],
            None => tx.metered_accounts().await?,
        };
        let rates = tx.rates().await?;
        let currency = self.inner.options.currency;
        let cut = |meter| stretches(month, &of_meter(&rates, meter), currency);
        let (of_traffic, of_storage) = (cut(Meter::Traffic), cut(Meter::Storage));
        let now = self.inner.clock.now();
        let mut lines = Vec::new();
        for account in accounts {
            let mut traffic = tx.traffic_by_link(&account, month.first(), month.end()).await?;
            // A copy within the region crosses no link.
            traffic.retain(|day| day.source != *self.id());
            let (from, until) = (month.first().start(), month.end().start());
            let spans: Vec<StorageSpan> = tx.storage_spans(&account, from, until).await?;
            let metered = traffic_lines(&traffic, &of_traffic).into_iter().chain(storage_lines(
                &spans,
                &of_storage,
                now,
            ));
            let line = |metered| UsageLine {
                account: account.clone(),
                region: self.id().clone(),
                metered,
            };
            lines.extend(metered.map(line));
        }
        Ok(lines)
    }

    /// The month of the region's clock.
    pub fn this_month(&self) -> Month {
        Month::of(model::Day::of(self.inner.clock.now()))
    }
}
