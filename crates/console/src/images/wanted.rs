//! What the list of images is asked for, as its address says it. What is no legal value asks for nothing.

use model::{Direction, ImageKind, ImageOrder, ImageSearch, ImageSort, PageOf, Standing};
use region::Caller;

use crate::visit::Visit;
use crate::words::{Saying, Words};

/// Rows of one page.
pub(crate) const ROWS: u64 = 50;

/// Whose images a tab shows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// The account's own, those that it published included.
    Custom,
    /// Those that other accounts share with it.
    Shared,
    /// Those that are published for everybody.
    Public,
}

impl Tab {
    pub(crate) const ALL: [Tab; 3] = [Tab::Custom, Tab::Shared, Tab::Public];

    /// As it stands in an address; the first is left out.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Tab::Custom => "",
            Tab::Shared => "shared",
            Tab::Public => "public",
        }
    }

    fn of_tag(tag: &str) -> Self {
        Tab::ALL.into_iter().find(|tab| tab.tag() == tag).unwrap_or(Tab::Custom)
    }

    /// What it is called.
    pub(crate) fn label(self, words: Words) -> Saying {
        words.say(match self {
            Tab::Custom => "images-tab-custom",
            Tab::Shared => "images-tab-shared",
            Tab::Public => "images-tab-public",
        })
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Whose images.
    pub(crate) tab: Tab,
    /// What was typed to find them.
    pub(crate) text: String,
    /// Only those that stand so.
    pub(crate) standing: Option<Standing>,
    /// In which order.
    pub(crate) order: ImageOrder,
    /// Which page, from 1.
    pub(crate) page: u64,
}

impl Wanted {
    /// What a visit's address asks for.
    pub(crate) fn of(visit: &Visit) -> Self {
        Wanted {
            tab: Tab::of_tag(visit.query("tab")),
            text: visit.query("q").to_owned(),
            standing: visit.query("status").parse().ok(),
            order: order_of(visit.query("sort")),
            page: visit.query("page").parse().unwrap_or(1).max(1),
        }
    }

    /// Whether it leaves any out that the tab has.
    pub(crate) fn is_narrowed(&self) -> bool {
        !self.text.is_empty() || self.standing.is_some()
    }

    /// The same for a region.
    pub(crate) fn search(&self, caller: &Caller, page: PageOf) -> ImageSearch {
        let (owner, seen_as) = match self.tab {
            Tab::Custom => (Some(caller.account.clone()), Vec::new()),
            Tab::Shared => (None, vec![ImageKind::Shared]),
            Tab::Public => (None, vec![ImageKind::Public, ImageKind::Marketplace]),
        };
        ImageSearch {
            owner,
            seen_as,
            standings: self.standing.into_iter().collect(),
            text: (!self.text.is_empty()).then(|| self.text.clone()),
            order: self.order,
            page,
            ..ImageSearch::default()
        }
    }
}

fn word(sort: ImageSort) -> &'static str {
    match sort {
        ImageSort::Created => "created",
        ImageSort::Name => "name",
        ImageSort::Status => "status",
        ImageSort::Size => "size",
        ImageSort::Held => "held",
    }
}

/// An order as it stands in an address: `name`, or `-name` from the other end.
pub(crate) fn order_tag(order: ImageOrder) -> String {
    match order.direction {
        Direction::Ascending => word(order.by).to_owned(),
        Direction::Descending => format!("-{}", word(order.by)),
    }
}

fn order_of(tag: &str) -> ImageOrder {
    let (name, direction) = match tag.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (tag, Direction::Ascending),
    };
    let by = ImageSort::ALL.iter().find(|sort| word(**sort) == name);
    by.map_or_else(ImageOrder::default, |by| ImageOrder { by: *by, direction })
}

/// The order that a press on a column's heading asks for: from its usual end, or from the other where it is that already.
pub(crate) fn order_after(now: ImageOrder, by: ImageSort) -> ImageOrder {
    let usual = match by {
        ImageSort::Name | ImageSort::Status => Direction::Ascending,
        ImageSort::Created | ImageSort::Size | ImageSort::Held => Direction::Descending,
    };
    let other = match usual {
        Direction::Ascending => Direction::Descending,
        Direction::Descending => Direction::Ascending,
    };
    let is_so = now == ImageOrder { by, direction: usual };
    ImageOrder { by, direction: if is_so { other } else { usual } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_back_as_written() {
        for by in ImageSort::ALL {
            for direction in [Direction::Ascending, Direction::Descending] {
                let order = ImageOrder { by: *by, direction };
                assert_eq!(order_of(&order_tag(order)), order);
            }
        }
        for nothing in ["", "-", "size;", "--name", "rowid"] {
            assert_eq!(order_of(nothing), ImageOrder::default(), "{nothing}");
        }
    }

    #[test]
    fn a_second_press_turns_an_order_round() {
        for by in ImageSort::ALL {
            let first = order_after(ImageOrder { by: *by, direction: Direction::Ascending }, *by);
            let second = order_after(first, *by);
            assert_eq!(second.by, first.by);
            assert_ne!(second.direction, first.direction);
            assert_eq!(order_after(second, *by), first);
        }
        assert_eq!(
            order_after(ImageOrder::default(), ImageSort::Name).direction,
            Direction::Ascending
        );
    }
}
