//! The way of a copy as steps: which are behind it, where it is, and where it ended.

use model::Phase;
use region::CopyView;

use crate::words::Words;

/// One step.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) label: String,
    /// `done`, `now`, `failed`, or nothing of a step to come.
    pub(super) class: &'static str,
}

/// The steps of a copy, by the stored name of its state (`CopyState`).
pub(super) fn steps(copy: &CopyView, words: Words) -> Vec<Step> {
    let labels = [
        words.say("copies-step-queued").to_string(),
        words.say("copies-step-held").to_string(),
        words.say("copies-step-storing").to_string(),
        words.say("copies-step-publishing").to_string(),
        words.say("copies-step-done").to_string(),
    ];
    let (at, ending) = place(copy, words);
    let is_behind = |index: usize| index < at || copy.phase == Phase::Done;
    let class = |index: usize| match (&ending, index == at) {
        (Some(_), true) => "failed",
        (None, true) if copy.phase != Phase::Done => "now",
        _otherwise if is_behind(index) => "done",
        _to_come => "",
    };
    let step = |(index, label): (usize, String)| Step { label, class: class(index) };
    let mut steps: Vec<Step> = labels.into_iter().enumerate().map(step).collect();
    if let Some(ending) = ending {
        steps.truncate(at + 1);
        steps.push(Step { label: ending, class: "now" });
    }
    steps
}

/// Which step a copy is at, and what it turned to where it goes no further.
fn place(copy: &CopyView, words: Words) -> (usize, Option<String>) {
    match copy.phase {
        Phase::Done => (4, None),
        Phase::Registering => (3, None),
        Phase::Waiting | Phase::CopyingSnapshots => (moving(copy), None),
        Phase::Cancelling => {
            (reached(copy), Some(words.say("copies-phase-cancelling").to_string()))
        }
        Phase::Cancelled => (reached(copy), Some(words.say("copies-phase-cancelled").to_string())),
        Phase::Failed => (reached(copy), Some(words.say("copies-phase-failed").to_string())),
    }
}

fn moving(copy: &CopyView) -> usize {
    match (copy.state, copy.phase) {
        ("held", _) => 2,
        (_queued, Phase::CopyingSnapshots) => 1,
        (_queued, _) => 0,
    }
}

/// How far a copy came that goes no further: what it needs is known once its source is held.
fn reached(copy: &CopyView) -> usize {
    match copy.progress {
        progress if progress.needed == 0 => 0,
        progress if progress.done < progress.needed => 2,
        _all_here => 3,
    }
}
