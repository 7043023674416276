//! How a task stands, as its row and its page show it.

use model::{TaskAction, TaskFailure, TaskState};
use region::TaskView;

use crate::rejection_words::file_problem;
use crate::words::{Saying, Words};

/// How one task stands.
pub(super) struct Standing {
    /// The kind of its pill.
    pub(super) kind: &'static str,
    /// What it says.
    pub(super) text: String,
    /// Percent, while it runs.
    pub(super) bar: Option<u8>,
    /// Why it failed, where it did.
    pub(super) failure: Option<String>,
}

impl Standing {
    pub(super) fn of(task: &TaskView, words: Words) -> Standing {
        let bar = match task.state {
            TaskState::Running => Some(task.percent),
            TaskState::Waiting | TaskState::Done | TaskState::Failed | TaskState::Cancelled => None,
        };
        Standing {
            kind: pill(task.state),
            text: state(task.state, words).to_string(),
            bar,
            failure: task.failure.map(|failure| told(failure, words).to_string()),
        }
    }
}

/// What a state is called.
pub(super) fn state(state: TaskState, words: Words) -> Saying {
    words.say(match state {
        TaskState::Waiting => "tasks-waiting",
        TaskState::Running => "tasks-running",
        TaskState::Done => "tasks-done",
        TaskState::Failed => "tasks-failed",
        TaskState::Cancelled => "tasks-cancelled",
    })
}

fn pill(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting | TaskState::Cancelled => "wait",
        TaskState::Running => "way",
        TaskState::Done => "ok",
        TaskState::Failed => "bad",
    }
}

/// What a task does.
pub(super) fn action(action: TaskAction, words: Words) -> Saying {
    words.say(match action {
        TaskAction::ImportImage => "tasks-import",
        TaskAction::ExportImage => "tasks-export",
    })
}

fn told(failure: TaskFailure, words: Words) -> Saying {
    match failure {
        TaskFailure::File(problem) => {
            words.say("tasks-failure-file").showing("problem", file_problem(problem, words))
        }
        TaskFailure::ObjectGone => words.say("tasks-failure-object-gone"),
        TaskFailure::BucketGone => words.say("tasks-failure-bucket-gone"),
        TaskFailure::NotWritten => words.say("tasks-failure-not-written"),
        TaskFailure::ImageDamaged => words.say("tasks-failure-image-damaged"),
        TaskFailure::KeyUnusable => words.say("tasks-failure-key-unusable"),
    }
}
