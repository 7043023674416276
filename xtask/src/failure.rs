//! What stops a command of this crate.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why a command could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the arguments are not understood")]
    Usage,
    #[error("failed to start `{command}`")]
    Start { command: String, source: io::Error },
    #[error("`{command}` ended with {status}")]
    Ended { command: String, status: ExitStatus },
    #[error("`{command}` printed nothing for {secs} s and was ended with all that it had started")]
    Silent { command: String, secs: u64 },
    #[error("failed to {operation} `{path}`")]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("`{path}` is not valid TOML")]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("`{command}` did not print JSON")]
    Json { command: String, source: serde_json::Error },
    #[error("`{command}` printed no field `{field}`")]
    NoField { command: String, field: String },
    #[error("{} of {checks} tidy checks failed: {}", failed.len(), failed.join(", "))]
    Untidy { checks: usize, failed: Vec<&'static str> },
    #[error("{} failed", stages.join(", "))]
    Stages { stages: Vec<String> },
    #[error("{failed} of {} tests failed", passed + failed)]
    Tests { passed: u64, failed: u64 },
    #[error("{} README commands do not exist", commands.len())]
    Readme { commands: Vec<String> },
    #[error("`{what}` was not ready after {secs} s")]
    NotReady { what: String, secs: u64 },
    #[error("{program} cannot be built: {why}")]
    NoBuild { program: &'static str, why: String },
    #[error("the time was over before `{command}` ended")]
    Late { command: String },
    #[error("the measured work went wrong: {what}")]
    Measured { what: String },
    #[error(transparent)]
    Wan(Box<wan::WanError>),
}

impl Failure {
    /// For `map_err`: the operation that failed and the file it failed on.
    pub fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
        let path = path.to_owned();
        move |source| Failure::File { operation, path, source }
    }

    /// The text with its causes, on one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text
    }
}
