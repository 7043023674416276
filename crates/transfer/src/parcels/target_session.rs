//! A session as its target sees it: what was asked of it, what came, and what was taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use delta::{Decoder, Matching};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::ledger::Want;
use crate::parcels::session::AHEAD;
use crate::parcels::target_assembly::Assembly;
use crate::parcels::{SessionId, WindowAsk};
use crate::window::Early;

/// So many stops, and parcels of this kind are given up.
const STOPS_MAX: u32 = 8;
/// The same for what had to be sent once more as frames: above a twentieth of what came in windows, and above a window's literals.
const REPAIRED_MAX: u64 = 4 << 20;
/// Sessions in a row that brought nothing.
const FRUITLESS_MAX: u32 = 3;

/// What is asked of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Parcels with everything that makes them small.
    Matching,
    /// Parcels of literals.
    Literals,
    /// No parcels.
    Frames,
}

impl Level {
    pub fn matching(self) -> Option<Matching> {
        match self {
            Level::Matching => Some(Matching::On),
            Level::Literals => Some(Matching::Off),
            Level::Frames => None,
        }
    }

    pub fn lower(self) -> Level {
        match self {
            Level::Matching => Level::Literals,
            Level::Literals | Level::Frames => Level::Frames,
        }
    }
}

/// How the parcels of a level went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Bytes of windows.
    pub bytes: u64,
    /// Windows that were not what they should be.
    pub stops: u32,
    /// Bytes sent once more as frames.
    pub repaired: u64,
    /// Sessions in a row that brought nothing.
    pub fruitless: u32,
}

impl Tally {
    pub fn is_too_much(&self) -> bool {
        self.stops >= STOPS_MAX || self.repaired > REPAIRED_MAX.max(self.bytes / 20)
    }

    pub fn is_fruitless(&self) -> bool {
        self.fruitless >= FRUITLESS_MAX
    }
}

/// A window that came and waits for its turn.
pub(super) struct Arrived<'p> {
    pub bytes: Vec<u8>,
    pub early: Early<'p>,
    /// Chunks that it says it has.
    says: u64,
}

impl<'p> Arrived<'p> {
    pub fn new(bytes: Vec<u8>, early: Early<'p>) -> Self {
        let says = Decoder::count_of(&bytes).map_or(0, u64::from);
        Arrived { bytes, early, says }
    }
}

pub(super) struct Session<'p> {
    /// Ticket of its first window; those of the others follow.
    first_ticket: u64,
    id: SessionId,
    pub wants: Arc<[Want]>,
    /// Away while a window is taken.
    assembly: Option<Box<Assembly>>,
    /// Windows asked for, and windows taken.
    pub asked: u32,
    windows: u32,
    /// Chunks of the windows that were taken.
    taken: usize,
    /// The first window that there is not, as far as was told.
    end: Option<u32>,
    arrived: BTreeMap<u32, Arrived<'p>>,
    /// Ends its requests with it.
    pub over: CancellationToken,
    _over: DropGuard,
}

impl<'p> Session<'p> {
    pub fn new(nth: u64, id: SessionId, wants: Arc<[Want]>, assembly: Box<Assembly>) -> Self {
        let over = CancellationToken::new();
        Session {
            first_ticket: (nth + 1) << 32,
            id,
            wants,
            assembly: Some(assembly),
            asked: 0,
            windows: 0,
            taken: 0,
            end: None,
            arrived: BTreeMap::new(),
            _over: over.clone().drop_guard(),
            over,
        }
    }

    pub fn has(&self, ticket: u64) -> bool {
        ticket >> 32 == self.first_ticket >> 32
    }

    fn ticket(&self, number: u32) -> u64 {
        self.first_ticket | u64::from(number)
    }

    /// The ticket of the window that is to be taken next, or is being taken.
    pub fn turn(&self) -> u64 {
        self.ticket(self.windows)
    }

    /// Whether no more windows need be asked for, as it looks: the source has told its end, or those that came have all.
    pub fn is_told_whole(&self) -> bool {
        let says: u64 = self.arrived.values().map(|window| window.says).sum();
        let taken = self.taken as u64 + says;
        // One that is being taken may be the last.
        self.end.is_some() || self.assembly.is_some() && taken >= self.wants.len() as u64
    }

    /// The next window to be asked for, and the ticket that tells when it is its turn.
    pub fn next_ask(&self) -> Option<(u64, WindowAsk)> {
        let (number, stored) = (self.asked, self.windows);
        // What windows say of themselves before they are taken may be wrong: the one that is due is asked for all the same.
        let is_due = number <= stored && self.end.is_none() && !self.is_whole();
        // The source makes no windows beyond these, and learns what is stored from requests alone.
        let is_made = number < stored.saturating_add(AHEAD);
        let (session, ticket) = (self.id, self.ticket(number));
        let is_wanted = is_made && !self.is_told_whole() || is_due;
        is_wanted.then_some((ticket, WindowAsk::whole(session, number, stored)))
    }

    /// The request by which the source learns that everything is stored: for the window behind the last.
    pub fn goodbye(&self) -> (SessionId, u32) {
        (self.id, self.windows)
    }

    pub fn arrive(&mut self, ticket: u64, window: Arrived<'p>) {
        self.arrived.insert((ticket - self.first_ticket) as u32, window);
    }

    /// There is no such window.
    pub fn end_at(&mut self, ticket: u64) {
        let number = (ticket - self.first_ticket) as u32;
        self.end = Some(self.end.map_or(number, |end| end.min(number)));
    }

    pub fn is_ended(&self) -> bool {
        self.end.is_some_and(|end| self.windows >= end)
    }

    pub fn is_whole(&self) -> bool {
        self.taken == self.wants.len()
    }

    /// The window whose turn it is, if it is here, with what it is put together by.
    pub fn next_window(&mut self) -> Option<(Arrived<'p>, Box<Assembly>)> {
        let window = self.arrived.remove(&self.windows)?;
        let assembly = self.assembly.take().expect("one window is taken at a time");
        Some((window, assembly))
    }

    /// The window had so many chunks, and all are handed over.
    pub fn took(&mut self, count: u32, assembly: Box<Assembly>) {
        self.windows += 1;
        self.taken += count as usize;
        self.assembly = Some(assembly);
    }

    /// What it did not bring.
    pub fn left(&self) -> &[Want] {
        &self.wants[self.taken..]
    }
}
