//! A limit on the bytes per second that all copies of a link receive together, and how they share it.
//!
//! Everyone who receives has a *lane*. The rate is shared evenly between the accounts that have lanes, and each account's part
//! between its lanes by their weights. What somebody does not use goes to the others. Lanes that are due at an instant get at
//! least the share of the rate that is promised to them, the earliest first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long the limiter may save up what was not used: 100 ms, so that bursts stay short.
const SAVED: Duration = Duration::from_millis(100);
/// What passes at once, so that lanes alternate: the bytes of 10 ms, within these bounds.
const SLICE: (u64, u64) = (4 << 10, 256 << 10);

/// Limits received bytes per second over everyone who shares it. Rate, promise and lanes may be changed at any time; whoever
/// waits feels it at once.
pub struct RateLimiter {
    state: Mutex<State>,
}

/// Whose lane it is, and how it shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who shares evenly with others: an account.
    pub of: String,
    /// Its weight among the lanes of the same account, at least 1.
    pub weight: u32,
    /// When it is due, in milliseconds since 1970; none where it has no deadline.
    pub due: Option<i64>,
}

/// What is promised to lanes that are due.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Promised {
    /// The share of the rate that they get at least, from 0 to 1, the earliest first. With 1, nobody else gets anything while one
    /// of them waits.
    pub share: f64,
    /// Lanes that were due then or before are as any other: they are late already. In milliseconds since 1970.
    pub over: i64,
    /// What the link is known to carry, in bytes a second. Without a limit, what others receive together is held to what this
    /// leaves beside the share, so that the earliest gets its part.
    pub carries: Option<u64>,
}

/// A part of a limited rate. Dropping it gives its part to the others.
pub struct Lane {
    limiter: Arc<RateLimiter>,
    id: u64,
}

struct State {
    rate: Option<u64>,
    promised: Promised,
    /// Bytes that may pass now.
    tokens: f64,
    filled_at: Instant,
    /// Bytes that lanes which are due must still get of what has passed, so that they have their share.
    owed: f64,
    lanes: BTreeMap<u64, LaneState>,
    accounts: HashMap<String, Account>,
    waiters: HashMap<u64, Waiter>,
    /// Who sleeps until the next slice may pass; everybody else waits to be woken.
    leader: Option<u64>,
    next_id: u64,
    /// Where the account stood that was served last: one that comes anew begins there, not at nothing.
    served: f64,
    /// Whether anybody waited since it was last asked.
    held: bool,
}

struct LaneState {
    share: Share,
    /// How much it got, in bytes by its weight.
    got: f64,
    queue: VecDeque<u64>,
}

struct Account {
    /// How much its lanes got, in bytes.
    got: f64,
    /// Where the one of its lanes stood that was served last.
    served: f64,
    lanes: usize,
}

struct Waiter {
    left: u64,
    woken: Arc<Notify>,
}

impl RateLimiter {
    /// A limiter of this many bytes per second; `None` lets everything pass, 0 lets nothing pass.
    pub fn new(bytes_per_sec: Option<u64>) -> Self {
        RateLimiter {
            state: Mutex::new(State {
                rate: bytes_per_sec,
                promised: Promised::default(),
                tokens: 0.0,
                filled_at: Instant::now(),
                owed: 0.0,
                lanes: BTreeMap::new(),
                accounts: HashMap::new(),
                waiters: HashMap::new(),
                leader: None,
                next_id: 0,
                served: 0.0,
                held: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the rate, in bytes per second.
    pub fn set_rate(&self, bytes_per_sec: Option<u64>) {
        self.change(|state| state.rate = bytes_per_sec);
    }

    /// Changes what is promised.
    pub fn promise(&self, promised: Promised) {
        self.change(|state| state.promised = promised);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        // What has passed until now passed at the old rate.
        state.fill();
        change(&mut state);
        state.pass();
        state.wake_leader();
    }

    /// The rate in bytes per second.
    pub fn rate(&self) -> Option<u64> {
        self.state().rate
    }

    /// Whether anybody had to wait for the limit since this was asked last: then more would have come without it.
    pub fn has_held(&self) -> bool {
        let mut state = self.state();
        let is_waiting = !state.waiters.is_empty();
        std::mem::replace(&mut state.held, is_waiting) || is_waiting
    }

    /// A part of the rate.
    pub fn lane(self: &Arc<Self>, share: Share) -> Lane {
        let mut state = self.state();
        let id = state.new_id();
        let served = state.served;
        let account = Account { got: served, served: 0.0, lanes: 0 };
        let account = state.accounts.entry(share.of.clone()).or_insert(account);
        account.lanes += 1;
        let lane = LaneState { share, got: account.served, queue: VecDeque::new() };
        state.lanes.insert(id, lane);
        Lane { limiter: Arc::clone(self), id }
    }
}

impl Lane {
    /// Waits until this many bytes may pass. A future that is dropped has taken only the slices it waited for.
    pub async fn take(&self, bytes: u64) {
        let woken = Arc::new(Notify::new());
        let Some(waiting) = self.wait(bytes, &woken) else { return };
        while let Some(lead) = waiting.look() {
            match lead {
                Lead::Follow => woken.notified().await,
                Lead::Until(None) => woken.notified().await,
                Lead::Until(Some(due)) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = woken.notified() => {}
                },
            }
        }
    }

    /// Gets in line, unless everything passes.
    fn wait(&self, bytes: u64, woken: &Arc<Notify>) -> Option<Waiting<'_>> {
        let mut state = self.limiter.state();
        if bytes == 0 || state.is_free(self.id) {
            return None;
        }
        let id = state.new_id();
        state.waiters.insert(id, Waiter { left: bytes, woken: Arc::clone(woken) });
        state.join_line(self.id, id);
        Some(Waiting { lane: self, id })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        let Some(lane) = state.lanes.remove(&self.id) else { return };
        if let Some(account) = state.accounts.get_mut(&lane.share.of) {
            account.lanes -= 1;
            if account.lanes == 0 {
                state.accounts.remove(&lane.share.of);
            }
        }
        // Who was behind it may be the earliest now.
        state.pass();
        state.wake_leader();
    }
}

/// Somebody in line.
struct Waiting<'a> {
    lane: &'a Lane,
    id: u64,
}

/// What one in line has to do.
enum Lead {
    /// To wait until somebody wakes it.
    Follow,
    /// To look again then, for all; never by itself where there is no such time.
    Until(Option<Instant>),
}

impl Waiting<'_> {
    /// None once everything has passed that it waits for.
    fn look(&self) -> Option<Lead> {
        let mut state = self.lane.limiter.state();
        if state.leader.is_none() {
            state.leader = Some(self.id);
        }
        if state.leader != Some(self.id) {
            return state.waiters.contains_key(&self.id).then_some(Lead::Follow);
        }
        let next = state.pass();
        if state.waiters.contains_key(&self.id) {
            state.held = true;
            return Some(Lead::Until(next));
        }
        None
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.limiter.state();
        state.waiters.remove(&self.id);
        if let Some(lane) = state.lanes.get_mut(&self.lane.id) {
            lane.queue.retain(|waiter| *waiter != self.id);
        }
        if state.leader.is_none_or(|leader| leader == self.id) {
            state.leader = None;
            // Somebody else sleeps for all from now on.
            if let Some(next) = state.waiters.values().next() {
                next.woken.notify_one();
            }
        }
    }
}

impl State {
    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn wake_leader(&self) {
        let leader = self.leader.and_then(|leader| self.waiters.get(&leader));
        if let Some(waiter) = leader {
            waiter.woken.notify_one();
        }
    }

    /// The lane that is due first and not late yet.
    fn earliest(&self, is_meant: impl Fn(&LaneState) -> bool) -> Option<u64> {
        let due = |lane: &LaneState| lane.share.due.filter(|due| *due > self.promised.over);
        let lanes = self.lanes.iter().filter(|(_, lane)| is_meant(lane));
        let lanes = lanes.filter_map(|(id, lane)| Some((due(lane)?, *id)));
        lanes.min().map(|(_, id)| id)
    }

    /// Whether what this lane receives needs no leave: nothing is limited, or only the others are, for its sake.
    fn is_free(&self, lane: u64) -> bool {
        self.rate.is_none()
            && (self.promised.share <= 0.0 || self.earliest(|_| true).is_none_or(|id| id == lane))
    }

    /// The rate of those who need leave; none where nobody does.
    fn held_to(&self) -> Option<f64> {
        match self.rate {
            Some(rate) => Some(rate as f64),
            None if self.promised.share <= 0.0 => None,
            None => {
                self.earliest(|_| true)?;
                let rest = (1.0 - self.promised.share).max(0.0);
                Some(self.promised.carries.unwrap_or(0) as f64 * rest)
            }
        }
    }

    fn slice(rate: f64) -> f64 {
        (rate / 100.0).clamp(SLICE.0 as f64, SLICE.1 as f64).floor()
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        let Some(rate) = self.held_to() else { return };
        let depth = (rate * SAVED.as_secs_f64()).max(State::slice(rate));
        self.tokens = (self.tokens + passed * rate).min(depth);
    }

    /// Gets a waiter in line. A lane or an account that had nothing to wait for begins where the others are.
    fn join_line(&mut self, lane: u64, waiter: u64) {
        let served = self.served;
        let Some(state) = self.lanes.get(&lane) else { return };
        let (of, is_new) = (state.share.of.clone(), state.queue.is_empty());
        let account_waits =
            self.lanes.values().any(|lane| lane.share.of == of && !lane.queue.is_empty());
        if let Some(account) = self.accounts.get_mut(&of)
            && let Some(state) = self.lanes.get_mut(&lane)
        {
            if !account_waits {
                account.got = account.got.max(served);
            }
            if is_new {
                state.got = state.got.max(account.served);
            }
            state.queue.push_back(waiter);
        }
    }

    /// Whether the earliest that is due comes before all others now.
    fn has_promise_to_keep(&self) -> bool {
        self.owed > 0.0 || self.promised.share >= 1.0
    }

    /// The lane that is served next, and the earliest that is due.
    fn next_lane(&self) -> Option<(u64, Option<u64>)> {
        let waits = |lane: &LaneState| !lane.queue.is_empty();
        let earliest = self.earliest(waits);
        if earliest.is_some() && self.has_promise_to_keep() {
            return Some((earliest?, earliest));
        }
        let got = |of: &str| self.accounts.get(of).map_or(0.0, |account| account.got);
        let waiting = self.lanes.iter().filter(|(_, lane)| waits(lane));
        let next = waiting.min_by(|(_, a), (_, b)| {
            let of = got(&a.share.of).total_cmp(&got(&b.share.of));
            of.then_with(|| a.share.of.cmp(&b.share.of)).then_with(|| a.got.total_cmp(&b.got))
        });
        next.map(|(id, _)| (*id, earliest))
    }

    /// Lets pass what may, and says when more may: none where that does not come by itself.
    fn pass(&mut self) -> Option<Instant> {
        self.fill();
        while let Some((id, earliest)) = self.next_lane() {
            let rate = if self.is_free(id) { None } else { self.held_to() };
            let left = self.left_of_first(id)?;
            let slice = match rate {
                None => left,
                Some(rate) => left.min(State::slice(rate) as u64),
            };
            let is_promised = earliest == Some(id) && self.has_promise_to_keep();
            let ahead = is_promised.then(|| rate.unwrap_or(0.0) * SAVED.as_secs_f64());
            if let Some(rate) = rate {
                let missing = slice as f64 - self.tokens;
                if missing > 0.0 {
                    let due = Duration::try_from_secs_f64(missing / rate).ok();
                    // A timer wakes in whole milliseconds.
                    return due.and_then(|wait| {
                        self.filled_at.checked_add(wait + Duration::from_micros(1))
                    });
                }
                self.tokens -= slice as f64;
                self.owe(slice as f64, (id, earliest), rate);
            }
            self.serve(id, slice, ahead);
        }
        None
    }

    fn left_of_first(&self, lane: u64) -> Option<u64> {
        let first = self.lanes.get(&lane)?.queue.front()?;
        self.waiters.get(first).map(|waiter| waiter.left)
    }

    /// Keeps the account of what lanes that are due must get of what passes. Nothing is owed for longer than a second.
    fn owe(&mut self, slice: f64, (served, earliest): (u64, Option<u64>), rate: f64) {
        self.owed += slice * self.promised.share;
        if earliest == Some(served) {
            self.owed -= slice;
        }
        let most = if self.earliest(|_| true).is_some() { rate.max(slice) } else { 0.0 };
        self.owed = self.owed.clamp(-State::slice(rate), most);
    }

    /// Serves a lane. What it gets because it was promised puts it ahead of the others by so many bytes at most: a copy with a
    /// deadline is not made to wait afterwards for what it was promised.
    fn serve(&mut self, id: u64, slice: u64, ahead: Option<f64>) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let capped = |now: f64, got: f64, served: f64| match ahead {
            None => now + got,
            Some(ahead) => (now + got).min(now.max(served + ahead)),
        };
        if let Some(account) = self.accounts.get_mut(&lane.share.of) {
            if ahead.is_none() {
                self.served = self.served.max(account.got);
                account.served = account.served.max(lane.got);
            }
            account.got = capped(account.got, slice as f64, self.served);
            let weighted = slice as f64 / f64::from(lane.share.weight.max(1));
            lane.got = capped(lane.got, weighted, account.served);
        }
        let Some(first) = lane.queue.front().copied() else { return };
        if let Some(waiter) = self.waiters.get_mut(&first) {
            waiter.left -= slice;
            if waiter.left == 0 {
                waiter.woken.notify_one();
                self.waiters.remove(&first);
                lane.queue.pop_front();
            }
        } else {
            lane.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
