//! What became of a copy, told for each target.

use api::native::wire::{Copy, CopyResult, Problem};
use serde::Serialize;

use super::{Row, shorten};
use crate::exit::Exit;

/// What became of a copy to one target.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The target image, where it was promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The target.
    pub region: String,
    /// The image's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the copy stands; `refused` where there is none.
    pub status: String,
    /// Percent.
    pub progress: u8,
    /// The copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// Whether an earlier request with the same token did it.
    pub replayed: bool,
    /// Bytes that crossed the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// Bytes that the target held already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_reused: Option<u64>,
    /// Why there is no copy, or why it made no image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// How this target ends.
    #[serde(skip)]
    pub exit: Exit,
}

impl Outcome {
    /// As the source's door answered it.
    pub fn of(result: CopyResult, name: Option<String>) -> Outcome {
        match result {
            CopyResult::Promised(promised) => Outcome {
                id: Some(promised.image),
                region: promised.target,
                name,
                status: "waiting".to_owned(),
                progress: 0,
                copy: Some(promised.copy),
                replayed: promised.replayed,
                bytes_sent: None,
                bytes_reused: None,
                problem: None,
                exit: Exit::Done,
            },
            CopyResult::Refused(refused) => Outcome {
                id: None,
                region: refused.target,
                name,
                status: "refused".to_owned(),
                progress: 0,
                copy: None,
                replayed: false,
                bytes_sent: None,
                bytes_reused: None,
                exit: Exit::of_problem(refused.problem.status, &refused.problem.code),
                problem: Some(refused.problem),
            },
        }
    }

    /// Takes in how the copy stands.
    pub fn learn(&mut self, copy: &Copy) {
        self.status = copy.phase.clone();
        self.progress = copy.progress;
        self.bytes_sent = Some(copy.bytes_sent);
        self.bytes_reused = Some(copy.bytes_reused);
    }
}

/// What became of the copy of one image of several to one target.
#[derive(Clone, Debug, Serialize)]
pub struct ImageOutcome {
    /// The source image.
    pub source_image: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Row for ImageOutcome {
    const HEADINGS: &'static [&'static str] = &["SOURCE", "REGION", "IMAGE", "STATUS"];

    fn cells(&self) -> Vec<String> {
        let [region, image, _copy, status] =
            self.outcome.cells().try_into().expect("an outcome has four cells");
        vec![self.source_image.clone(), region, image, status]
    }

    fn id(&self) -> &str {
        self.outcome.id()
    }
}

impl Row for Outcome {
    const HEADINGS: &'static [&'static str] = &["REGION", "IMAGE", "COPY", "STATUS"];

    fn cells(&self) -> Vec<String> {
        let word = |text: &Option<String>| text.clone().unwrap_or_default();
        let status = match &self.problem {
            Some(problem) if self.copy.is_none() => format!("refused: {}", problem.code),
            Some(_) | None => self.status.clone(),
        };
        vec![shorten(&self.region, 16), word(&self.id), word(&self.copy), status]
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}
