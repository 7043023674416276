//! Which of the copies that wait are claimed, and which of those that run give way: pure, over what the claim has read.

use std::cmp::Reverse;
use std::collections::HashMap;

use model::Timestamp;

use crate::copy_claim::ClaimLimits;

/// What a copy takes up while it runs.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) account: String,
    /// By which link it comes; none where it takes nothing over one any more.
    pub(crate) link: Option<String>,
}

/// A copy that runs, or that could.
pub(crate) struct Candidate {
    pub(crate) id: String,
    pub(crate) place: Place,
    /// Its deadline; none where it has none or it is over.
    pub(crate) due: Option<Timestamp>,
    /// Its priority, with what waiting made of it.
    pub(crate) urgency: u8,
    pub(crate) created: Timestamp,
}

/// How many more copies may run. Below 0 where a limit was lowered while they ran.
pub(crate) struct Room {
    of_region: i64,
    of_each_account: i64,
    /// Of accounts that have any.
    of_accounts: HashMap<String, i64>,
    /// Of links that have a limit.
    of_links: HashMap<String, i64>,
}

impl Room {
    pub(crate) fn under(limits: ClaimLimits) -> Room {
        Room {
            of_region: limits.per_region.into(),
            of_each_account: limits.per_account.into(),
            of_accounts: HashMap::new(),
            of_links: HashMap::new(),
        }
    }

    pub(crate) fn limit_link(&mut self, source: String, copies_at_once: u32) {
        self.of_links.insert(source, copies_at_once.into());
    }

    pub(crate) fn has_any(&self) -> bool {
        self.of_region > 0
    }

    fn of_account(&self, account: &str) -> i64 {
        self.of_accounts.get(account).copied().unwrap_or(self.of_each_account)
    }

    /// What has no room for the place: the region, its account, its link.
    fn lacking(&self, place: &Place) -> [bool; 3] {
        let of_link = place.link.as_ref().and_then(|link| self.of_links.get(link));
        [
            self.of_region <= 0,
            self.of_account(&place.account) <= 0,
            of_link.is_some_and(|room| *room <= 0),
        ]
    }

    fn has(&self, place: &Place) -> bool {
        self.lacking(place) == [false; 3]
    }

    /// Takes a place up, also one that a limit which was lowered later has no room for.
    pub(crate) fn take(&mut self, place: &Place) {
        self.change(place, -1);
    }

    fn change(&mut self, place: &Place, by: i64) {
        let each = self.of_each_account;
        *self.of_accounts.entry(place.account.clone()).or_insert(each) += by;
        self.of_region += by;
        if let Some(of_link) = place.link.as_ref().and_then(|link| self.of_links.get_mut(link)) {
            *of_link += by;
        }
    }
}

/// The copies that are claimed, by their ids: those with a deadline first, the earliest before all; then the most urgent, then
/// those of the account that has the most room left, then the oldest.
pub(crate) fn choose(mut due: Vec<Candidate>, mut room: Room) -> Vec<String> {
    let mut chosen = Vec::new();
    loop {
        let order = |copy: &Candidate| {
            let taken = Reverse(room.of_account(&copy.place.account));
            (copy.due.is_none(), copy.due, Reverse(copy.urgency), taken, copy.created)
        };
        let open = due.iter().enumerate().filter(|(_, copy)| room.has(&copy.place));
        let next = open.min_by(|(_, a), (_, b)| order(a).cmp(&order(b)).then(a.id.cmp(&b.id)));
        let Some(at) = next.map(|(at, _)| at) else { return chosen };
        let copy = due.swap_remove(at);
        room.take(&copy.place);
        chosen.push(copy.id);
    }
}

/// Those of the running copies that give way to copies with a deadline which find no room, the earliest first. A copy without a
/// deadline gives way before one that has a later one; the least urgent and newest first.
pub(crate) fn displaced(
    mut pressed: Vec<Candidate>,
    mut running: Vec<Candidate>,
    mut room: Room,
) -> Vec<String> {
    pressed.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
    let mut away = Vec::new();
    for copy in pressed {
        let mut for_it: Vec<Candidate> = Vec::new();
        while !room.has(&copy.place) {
            let lacking = room.lacking(&copy.place);
            let helps = |other: &Candidate| {
                let same = [
                    true,
                    other.place.account == copy.place.account,
                    other.place.link == copy.place.link,
                ];
                lacking.iter().zip(same).filter(|(lacks, same)| **lacks && *same).count()
            };
            // What is stored already takes nothing and is through in a moment.
            let may_wait = |other: &Candidate| {
                other.place.link.is_some() && other.due.is_none_or(|due| Some(due) > copy.due)
            };
            let others = running.iter().enumerate();
            let others = others.filter(|(_, other)| may_wait(other) && helps(other) > 0);
            let best = others.max_by_key(|(_, other)| {
                let waits = (other.due.is_none(), other.due, Reverse(other.urgency), other.created);
                (helps(other), waits)
            });
            let Some(at) = best.map(|(at, _)| at) else { break };
            let other = running.swap_remove(at);
            room.change(&other.place, 1);
            for_it.push(other);
        }
        if room.has(&copy.place) {
            room.take(&copy.place);
            away.extend(for_it.into_iter().map(|other| other.id));
        } else {
            // Not even that makes room: nobody gives way for nothing.
            for_it.iter().for_each(|other| room.take(&other.place));
            running.extend(for_it);
        }
    }
    away
}
