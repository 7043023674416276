//! How a ticket stands: as it was decided, and whether its approval still counts.

use model::{TicketState, Timestamp};
use region::TicketView;

use crate::words::{Saying, Words};

/// How a ticket stands, as a pill.
pub(super) struct Stand {
    /// The pill's kind.
    pub(super) kind: &'static str,
    /// The pill's word.
    pub(super) word: Saying,
}

/// What an approval is still good for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// For at least one more copy.
    Counts,
    /// For none: each target has had its copy.
    Used,
    /// For none: its time is over.
    Over,
}

/// What the approval of a ticket is still good for, if it has one.
pub(super) fn approval(ticket: &TicketView, now: Timestamp) -> Option<Approval> {
    match ticket.state {
        TicketState::Open | TicketState::Refused => None,
        TicketState::Approved if ticket.targets.iter().all(|one| one.copy.is_some()) => {
            Some(Approval::Used)
        }
        TicketState::Approved if ticket.until.is_some_and(|until| now >= until) => {
            Some(Approval::Over)
        }
        TicketState::Approved => Some(Approval::Counts),
    }
}

impl Stand {
    pub(super) fn of(ticket: &TicketView, now: Timestamp, words: Words) -> Self {
        let (kind, word) = match (ticket.state, approval(ticket, now)) {
            (TicketState::Open, _) => ("wait", words.say("tickets-open")),
            (TicketState::Refused, _) => ("bad", words.say("tickets-refused")),
            (TicketState::Approved, Some(Approval::Used)) => ("old", words.say("tickets-used")),
            (TicketState::Approved, Some(Approval::Over)) => ("old", words.say("tickets-over")),
            (TicketState::Approved, Some(Approval::Counts) | None) => {
                ("ok", words.say("tickets-approved"))
            }
        };
        Stand { kind, word }
    }
}

/// A state of tickets as a filter names it.
pub(super) fn state_word(state: TicketState, words: Words) -> Saying {
    words.say(match state {
        TicketState::Open => "tickets-open",
        TicketState::Approved => "tickets-approved",
        TicketState::Refused => "tickets-refused",
    })
}
