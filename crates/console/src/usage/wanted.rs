//! Which usage a visitor wants to see.

use model::{Act, Day, Month};
use region::{Region, Whose};

use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};

/// What `?whose=` says where everybody's is wanted.
const EVERYONE: &str = "all";

/// What is wanted.
pub(super) struct Wanted {
    /// Of these regions.
    pub(super) regions: Vec<Region>,
    /// In this month.
    pub(super) month: Month,
    /// The last there is.
    pub(super) newest: Month,
    /// Of all accounts, not only the own: for operators.
    pub(super) is_everyone: bool,
}

impl Wanted {
    /// As the address has it. A month that is none, or has not begun, is this one.
    pub(super) fn of(visit: &Visit) -> Result<Wanted, Shown> {
        let regions = match visit.chosen() {
            Chosen::All => visit.regions(),
            Chosen::One(id) => vec![visit.deployment().region(id)?],
        };
        let newest = regions.first().map(Region::this_month);
        let newest = newest.unwrap_or_else(|| Month::of(Day::of(visit.now())));
        let asked = visit.query("month").parse().ok().filter(|month| *month <= newest);
        Ok(Wanted {
            regions,
            month: asked.unwrap_or(newest),
            newest,
            is_everyone: visit.query("whose") == EVERYONE && visit.may(Act::Operate),
        })
    }

    /// As a region is asked.
    pub(super) fn whose(&self) -> Whose {
        if self.is_everyone { Whose::Everyone } else { Whose::Own }
    }

    /// As it stands in an address; empty where it is the visitor's own.
    pub(super) fn whose_word(&self) -> &'static str {
        if self.is_everyone { EVERYONE } else { "" }
    }

    /// The month after; none where that has not begun.
    pub(super) fn next(&self) -> Option<Month> {
        (self.month < self.newest).then(|| Month::of(self.month.end()))
    }
}

/// The month before; none where there is no text for it.
pub(super) fn previous(month: Month) -> Option<Month> {
    Day::from_number(month.first().number() - 1).map(Month::of)
}

/// So many months until this one, the oldest first.
pub(super) fn last_months(newest: Month, count: usize) -> Vec<Month> {
    let before = std::iter::successors(Some(newest), |month| previous(*month));
    let mut months: Vec<Month> = before.take(count).collect();
    months.reverse();
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_over_years_and_no_further_than_they_have_a_text() {
        let told = |newest: &str, count| {
            let months = last_months(newest.parse().unwrap(), count);
            months.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told("2026-02", 4), ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(told("1970-02", 12), ["1970-01", "1970-02"]);
    }
}
