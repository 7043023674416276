//! Tasks: what a region does by itself between its store and the objects of a bucket, and how it stands.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::local_file::FileProblem;

words!(
    /// What a task does.
    TaskAction, "`import_image`, `export_image`",
    /// Makes an image of objects, one for each disk.
    ImportImage = "import_image",
    /// Writes the disks of an image as objects.
    ExportImage = "export_image",
);
words!(
    /// How a task stands.
    TaskState, "`waiting`, `running`, `done`, `failed`, `cancelled`",
    /// It has not begun: others are before it.
    Waiting = "waiting",
    /// It runs, or goes on as soon as its region does.
    Running = "running",
    /// It did what it was to do.
    Done = "done",
    /// It ended without, for good; its failure says why.
    Failed = "failed",
    /// Somebody cancelled it.
    Cancelled = "cancelled",
);

impl TaskState {
    /// Whether it still is to end.
    pub fn is_live(self) -> bool {
        match self {
            TaskState::Waiting | TaskState::Running => true,
            TaskState::Done | TaskState::Failed | TaskState::Cancelled => false,
        }
    }
}

/// Why a task failed. Stored by the word in backticks, or by the code of the file's refusal; words never change meaning.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TaskFailure {
    /// An object is there and is no disk image that can be read: stored by the code of the refusal.
    File(FileProblem),
    /// `object_gone`: an object that was to be read is not there any more.
    ObjectGone,
    /// `bucket_gone`: the bucket that was to be written is not there any more.
    BucketGone,
    /// `not_written`: the bucket's folder could not be written; it may be full.
    NotWritten,
    /// `image_damaged`: chunks of the image are missing or damaged.
    ImageDamaged,
    /// `key_unusable`: the key that seals the image is disabled or deleted.
    KeyUnusable,
}

impl TaskFailure {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            TaskFailure::File(problem) => problem.as_str(),
            TaskFailure::ObjectGone => "object_gone",
            TaskFailure::BucketGone => "bucket_gone",
            TaskFailure::NotWritten => "not_written",
            TaskFailure::ImageDamaged => "image_damaged",
            TaskFailure::KeyUnusable => "key_unusable",
        }
    }
}

impl FromStr for TaskFailure {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let own = [
            TaskFailure::ObjectGone,
            TaskFailure::BucketGone,
            TaskFailure::NotWritten,
            TaskFailure::ImageDamaged,
            TaskFailure::KeyUnusable,
        ];
        match own.into_iter().find(|failure| failure.word() == word) {
            Some(failure) => Ok(failure),
            None => word.parse().map(TaskFailure::File),
        }
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskFailure::File(problem) => {
                write!(f, "an object is no disk image that can be read ({problem})")
            }
            TaskFailure::ObjectGone => f.write_str("an object is not there any more"),
            TaskFailure::BucketGone => f.write_str("the bucket is not there any more"),
            TaskFailure::NotWritten => f.write_str(
                "the bucket's folder cannot be written or is full; the region's log says why",
            ),
            TaskFailure::ImageDamaged => {
                f.write_str("chunks of the image are missing or damaged; scrub the region")
            }
            TaskFailure::KeyUnusable => f.write_str("the key that seals the image is not usable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_read_back_as_written() {
        let files = FileProblem::ALL.iter().copied().map(TaskFailure::File);
        let own = ["object_gone", "bucket_gone", "not_written", "image_damaged", "key_unusable"];
        let own = own.map(|word| word.parse().unwrap());
        for failure in files.chain(own) {
            assert_eq!(failure.word().parse(), Ok(failure));
            assert!(!failure.to_string().is_empty());
        }
        assert!("lost".parse::<TaskFailure>().is_err());
    }

    #[test]
    fn a_task_ends_once() {
        let live: Vec<_> = TaskState::ALL.iter().filter(|state| state.is_live()).collect();
        assert_eq!(live, [&TaskState::Waiting, &TaskState::Running]);
    }
}
