//! Why a command did not do what was asked, how it ends, and what the user can do.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use api::native::wire::Problem;
use model::{Name, RegionId, Rejection};

use crate::cli::OutputFormat;
use crate::client::local_problem;
use crate::exit::Exit;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Failure {
    #[error("failed to {doing}: {}", problem.detail)]
    Answered { doing: String, problem: Box<Problem> },
    #[error("failed to {doing}: no answer from `{endpoint}`")]
    Unreachable { doing: String, endpoint: String, source: reqwest::Error },
    #[error("failed to {doing}: the answer of `{endpoint}` broke off")]
    BrokeOff { doing: String, endpoint: String, source: reqwest::Error },
    #[error("failed to {doing}: the answer of `{endpoint}` is not of this API")]
    Unintelligible { doing: String, endpoint: String, source: serde_json::Error },
    #[error("no endpoint is known")]
    NoEndpoint,
    #[error("no access key is known for `{endpoint}`")]
    NoKey { endpoint: String },
    #[error("endpoint `{endpoint}` is not a URL of the form `http://HOST:PORT`")]
    InvalidEndpoint { endpoint: String },
    #[error("value refused: {0}")]
    Value(#[from] Rejection),
    #[error("no image has the name `{name}` in region `{region}`")]
    NoImageOfName { name: Name, region: RegionId },
    #[error("`{count}` images have the name `{name}` in region `{region}`: {ids}")]
    AmbiguousName { name: Name, region: RegionId, count: usize, ids: String },
    #[error("no {what} has the name `{name}`")]
    NoneOfName { what: &'static str, name: Name },
    #[error("the audit trail of `{trail}` does not follow from entry `{entry}` on")]
    TrailBroken { trail: String, entry: u64 },
    #[error("copy `{copy}` is in none of the regions that answer")]
    CopyNowhere { copy: String },
    #[error("no region is served at `{endpoint}`")]
    NoRegion { endpoint: String },
    #[error("failed to {doing} `{}`", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` already exists", path.display())]
    FileExists { path: PathBuf },
    #[error("`{}` is refused ({})", path.display(), source.code())]
    OpenImage { path: PathBuf, source: disk::OpenError },
    #[error("failed to read image `{}` ({})", path.display(), source.code())]
    ReadImage { path: PathBuf, source: disk::ReadError },
    #[error("failed to write image `{}`", path.display())]
    WriteImage { path: PathBuf, source: disk::WriteError },
    #[error("image `{image}` has no disk `{disk}`, its last is `{last}`")]
    NoSuchDisk { image: String, disk: u8, last: usize },
    #[error("image `{image}` lies in a local file of its region; it has no chunks to export")]
    InLocalFile { image: String },
    #[error("region `{region}` still lacks `{missing}` after the image was sent `{rounds}` times")]
    NeverComplete { region: RegionId, missing: String, rounds: u32 },
    #[error("what region `{region}` sent is not the disk it named: {reason}")]
    WrongDisk { region: RegionId, reason: String },
    #[error("image `{image}` in region `{region}` has `{damaged}` damaged chunks")]
    Damaged { image: String, region: RegionId, damaged: u64 },
    #[error("{0}")]
    Ended(EndedCopies),
    #[error("interrupted: {left}")]
    Interrupted { left: String },
    #[error("cannot {doing}: {reason}")]
    Setting { doing: String, reason: String },
    #[error("failed to {doing}")]
    Service { doing: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{0}` checks failed")]
    Unwell(usize),
}

/// Copies that were waited for and did not all make their image.
#[derive(Debug)]
pub struct EndedCopies {
    /// How the whole ends.
    pub exit: Exit,
    /// One line a copy that did not make its image.
    pub lines: Vec<String>,
}

impl std::fmt::Display for EndedCopies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.lines.join("; "))
    }
}

impl Failure {
    /// How a command ends that failed so.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Answered { problem, .. } => Exit::of_problem(problem.status, &problem.code),
            Failure::NoKey { .. } => Exit::NotAuthorised,
            Failure::InvalidEndpoint { .. }
            | Failure::Value(_)
            | Failure::NoEndpoint
            | Failure::Setting { .. } => Exit::Usage,
            Failure::NoImageOfName { .. }
            | Failure::NoneOfName { .. }
            | Failure::CopyNowhere { .. }
            | Failure::NoSuchDisk { .. } => Exit::NotFound,
            Failure::AmbiguousName { .. }
            | Failure::OpenImage { .. }
            | Failure::InLocalFile { .. }
            | Failure::FileExists { .. } => Exit::Refused,
            Failure::ReadImage { source, .. } => match source {
                disk::ReadError::Io { .. } => Exit::Failed,
                disk::ReadError::Malformed(_) | disk::ReadError::Changed => Exit::Refused,
            },
            Failure::Ended(ended) => ended.exit,
            Failure::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            Failure::File { .. }
            | Failure::Unreachable { .. }
            | Failure::BrokeOff { .. }
            | Failure::Unintelligible { .. }
            | Failure::NoRegion { .. }
            | Failure::WriteImage { .. }
            | Failure::NeverComplete { .. }
            | Failure::WrongDisk { .. }
            | Failure::Damaged { .. }
            | Failure::TrailBroken { .. }
            | Failure::Interrupted { .. }
            | Failure::Service { .. }
            | Failure::Unwell(_) => Exit::Failed,
        }
    }

    /// What the user can do, where it is not in the text already.
    pub fn advice(&self) -> Option<String> {
        match self {
            Failure::Answered { problem, .. } => of_problem(problem),
            Failure::Unreachable { .. } => Some(
                "start the service there with `ferry serve`, or name another endpoint with `--endpoint` or FERRY_ENDPOINT"
                    .to_owned(),
            ),
            Failure::NoEndpoint => Some(
                "start the service with `ferry serve`, which writes a profile, or name an endpoint with `--endpoint` or FERRY_ENDPOINT"
                    .to_owned(),
            ),
            Failure::NoKey { .. } => Some(
                "give FERRY_ACCESS_KEY_ID and FERRY_ACCESS_KEY_SECRET, or a profile; `ferry serve` printed the key when it first started"
                    .to_owned(),
            ),
            Failure::AmbiguousName { .. } => Some("name the image by its id".to_owned()),
            Failure::NoImageOfName { region, .. } => {
                Some(format!("`ferry image list --region {region}` shows those that are there"))
            }
            Failure::InLocalFile { image } => Some(format!(
                "convert it with `ferry image convert {image}`, and export the image that makes"
            )),
            Failure::FileExists { .. } => Some("name another file, or replace it with `--force`".to_owned()),
            Failure::ReadImage { source: disk::ReadError::Changed, .. } => {
                Some("stop whatever writes to the file, or import a snapshot of it".to_owned())
            }
            Failure::NeverComplete { .. } => Some("the source file may be changing; look at the service's log".to_owned()),
            Failure::NoneOfName { what, .. } => {
                Some(format!("`ferry {what} list` shows those that are there"))
            }
            Failure::TrailBroken { .. } => {
                Some("somebody has altered the file; compare it with a backup".to_owned())
            }
            Failure::Damaged { .. } => Some("copy it back from a region that has it whole".to_owned()),
            Failure::BrokeOff { .. } | Failure::WrongDisk { .. } => {
                Some("do it again; if it stays so, look at the service's log".to_owned())
            }
            Failure::InvalidEndpoint { .. }
            | Failure::Unintelligible { .. }
            | Failure::Value(_)
            | Failure::CopyNowhere { .. }
            | Failure::NoRegion { .. }
            | Failure::File { .. }
            | Failure::OpenImage { .. }
            | Failure::ReadImage { .. }
            | Failure::WriteImage { .. }
            | Failure::NoSuchDisk { .. }
            | Failure::Ended(_)
            | Failure::Interrupted { .. }
            | Failure::Setting { .. }
            | Failure::Service { .. }
            | Failure::Unwell(_) => None,
        }
    }

    /// Its kind as one word for programs, for failures that no server answered.
    fn code(&self) -> &'static str {
        match self {
            Failure::Answered { .. } => "answered",
            Failure::Unreachable { .. } => "endpoint_unreachable",
            Failure::BrokeOff { .. } => "answer_broke_off",
            Failure::Unintelligible { .. } => "answer_unintelligible",
            Failure::NoEndpoint => "endpoint_unknown",
            Failure::NoKey { .. } => "key_unknown",
            Failure::InvalidEndpoint { .. } => "endpoint_invalid",
            Failure::Value(_) => "invalid_field",
            Failure::NoImageOfName { .. } => "image_not_found",
            Failure::AmbiguousName { .. } => "name_ambiguous",
            Failure::NoneOfName { .. } => "name_not_found",
            Failure::TrailBroken { .. } => "trail_broken",
            Failure::CopyNowhere { .. } => "copy_not_found",
            Failure::NoRegion { .. } => "region_unknown",
            Failure::File { .. } => "file_failed",
            Failure::FileExists { .. } => "file_exists",
            Failure::InLocalFile { .. } => "image_in_local_file",
            Failure::OpenImage { source, .. } => source.code(),
            Failure::ReadImage { source, .. } => source.code(),
            Failure::WriteImage { .. } => "file_failed",
            Failure::NoSuchDisk { .. } => "disk_not_found",
            Failure::NeverComplete { .. } => "import_incomplete",
            Failure::WrongDisk { .. } => "wrong_disk",
            Failure::Damaged { .. } => "image_damaged",
            Failure::Ended(ended) => match ended.exit {
                Exit::TimedOut => "wait_timed_out",
                Exit::Partly => "partly_done",
                Exit::Done
                | Exit::Failed
                | Exit::Usage
                | Exit::NotFound
                | Exit::Refused
                | Exit::NotAuthorised => "copies_failed",
            },
            Failure::Interrupted { .. } => "interrupted",
            Failure::Setting { .. } => "setting_invalid",
            Failure::Service { .. } => "service_failed",
            Failure::Unwell(_) => "checks_failed",
        }
    }

    /// The failure as a problem, for `-o json`.
    pub fn problem(&self) -> Problem {
        if let Failure::Answered { problem, .. } = self {
            return (**problem).clone();
        }
        let mut problem = local_problem(self.code(), self.text());
        problem.retryable = matches!(self, Failure::Unreachable { .. } | Failure::BrokeOff { .. });
        problem
    }

    /// The failure and its causes, each once.
    pub fn text(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.contains(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }

    /// Writes it on standard error, in the way asked for.
    pub fn print(&self, output: OutputFormat) {
        match output {
            OutputFormat::Json => {
                let problem = serde_json::to_string(&self.problem())
                    .expect("a problem has only texts and numbers");
                eprintln!("{problem}");
            }
            OutputFormat::Table | OutputFormat::Id => {
                eprintln!("ferry: {}", self.text());
                if let Some(advice) = self.advice() {
                    eprintln!("  {advice}");
                }
            }
        }
    }
}

fn of_problem(problem: &Problem) -> Option<String> {
    let request = Some(problem.request_id.as_str()).filter(|id| !id.is_empty());
    match (problem.status, problem.endpoint.as_deref()) {
        (401, _) => Some("check the access key's id and secret; `ferry serve` printed them when it first started".to_owned()),
        (421, Some(endpoint)) => Some(format!("ask there with `--endpoint {endpoint}`")),
        (500..=599, _) => request.map(|id| format!("look for request `{id}` in the service's log, then do it again")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Failure {
        let problem = Problem { status, ..local_problem("x", "no".to_owned()) };
        Failure::Answered { doing: "list".to_owned(), problem: Box::new(problem) }
    }

    #[test]
    fn a_failure_says_what_and_what_to_do() {
        let failure = Failure::NoEndpoint;
        assert!(failure.advice().unwrap().contains("ferry serve"));
        assert_eq!(answered(401).exit(), Exit::NotAuthorised);
        assert!(answered(401).advice().is_some());
        assert_eq!(answered(404).text(), "failed to list: no");
    }

    #[test]
    fn a_cause_is_told_once() {
        let source = io::Error::other("disk `x` is on fire");
        let failure = Failure::File { doing: "write", path: "a".into(), source };
        assert_eq!(failure.text(), "failed to write `a`: disk `x` is on fire");
    }

    #[test]
    fn a_file_that_does_not_exist_is_not_found() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(
            Failure::File { doing: "open", path: "a".into(), source }.exit(),
            Exit::NotFound
        );
    }
}
