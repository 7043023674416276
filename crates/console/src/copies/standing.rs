//! How a copy stands, as its row and its page show it.

use model::Phase;
use region::CopyView;

use crate::look::{self, When};
use crate::words::Words;

/// Bytes of one place: a chunk (`docs/formats.md` 1).
const PLACE_BYTES: u64 = 65_536;

/// How far a copy is and how fast.
pub(super) struct Standing {
    /// The kind of its pill.
    pub(super) kind: &'static str,
    /// What it says.
    pub(super) text: String,
    /// Percent that are here.
    pub(super) percent: u64,
    /// Percent that were here before, of the same whole.
    pub(super) reused: u64,
    /// Whether there is something to see in a bar: not of what ended without an image.
    pub(super) has_bar: bool,
    /// Bytes a second.
    pub(super) rate: Option<String>,
    /// How long it still takes.
    pub(super) left: Option<String>,
    /// Bytes that crossed the link.
    pub(super) sent: String,
    /// Bytes that the target held already.
    pub(super) from_here: String,
    /// Bytes still to go, at most.
    pub(super) to_go: Option<String>,
}

impl Standing {
    pub(super) fn of(copy: &CopyView, words: Words) -> Standing {
        let percent = u64::from(copy.percent);
        let left = copy.seconds_left.map(|seconds| {
            words.say("copies-left").showing("span", look::span(seconds)).to_string()
        });
        Standing {
            kind: kind(copy),
            text: phase(copy, words),
            percent,
            reused: reused_percent(copy),
            has_bar: has_bar(copy.phase),
            rate: copy.bytes_per_sec.map(look::rate),
            left,
            sent: look::bytes(copy.bytes_sent),
            from_here: look::bytes(copy.bytes_reused),
            to_go: copy.bytes_to_go().map(look::bytes),
        }
    }
}

fn has_bar(phase: Phase) -> bool {
    match phase {
        Phase::Waiting | Phase::CopyingSnapshots | Phase::Registering | Phase::Done => true,
        Phase::Cancelling | Phase::Cancelled | Phase::Failed => false,
    }
}

fn kind(copy: &CopyView) -> &'static str {
    match copy.phase {
        Phase::Waiting | Phase::Cancelling | Phase::Cancelled => "wait",
        Phase::CopyingSnapshots | Phase::Registering => "way",
        Phase::Done => "ok",
        Phase::Failed => "bad",
    }
}

/// What a copy does just now, with its place where it waits in the queue.
fn phase(copy: &CopyView, words: Words) -> String {
    let saying = match copy.phase {
        Phase::Waiting if copy.is_paused => match copy.paused_until {
            Some(until) => {
                words.say("copies-phase-paused-until").with("until", When(until).human())
            }
            None => words.say("copies-phase-paused"),
        },
        Phase::Waiting => match copy.queue_place {
            Some(place) => words.say("copies-phase-queued").with("place", place),
            None if copy.next_attempt.is_some() => words.say("copies-phase-trying-again"),
            None => words.say("copies-phase-waiting"),
        },
        Phase::CopyingSnapshots => words.say("copies-phase-copying"),
        Phase::Registering => words.say("copies-phase-registering"),
        Phase::Done => words.say("copies-phase-done"),
        Phase::Cancelling => words.say("copies-phase-cancelling"),
        Phase::Cancelled => words.say("copies-phase-cancelled"),
        Phase::Failed => words.say("copies-phase-failed"),
    };
    saying.to_string()
}

/// The share that the target held already, never more than all that is here.
fn reused_percent(copy: &CopyView) -> u64 {
    let places = copy.bytes_reused / PLACE_BYTES;
    look::percent(places, copy.progress.needed).min(u64::from(copy.percent))
}
