//! The dialog's OK: what was typed becomes commands, and each target answers for itself (R003-7).

use model::rules::judge_targets;
use model::{ClientToken, ImageId, Particulars, RegionId, Sealing};
use region::{Accepted, CopyImage, Refused, Region, RegionFault};

use super::sources::Sources;
use super::typed::Typed;
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;

/// What one target answered for one image.
pub(super) struct Answer {
    pub(super) image: ImageId,
    pub(super) target: RegionId,
    pub(super) answer: Result<Accepted, Refused>,
}

/// What came of asking.
pub(super) enum Asked {
    /// Nothing was asked for: something that was typed is wrong.
    Not(Problem),
    /// Each image and target has its answer, and there is one at least.
    Answered(Vec<Answer>),
}

/// Asks for the copies. The token makes that safe to repeat: a form that is sent twice makes them once.
pub(super) async fn ask(
    visit: &Visit,
    region: &Region,
    (typed, token): (&Typed, &str),
) -> Result<Asked, Shown> {
    let words = visit.words;
    let profile = visit.deployment().profiles.native();
    let sources = Sources::of(visit, region, typed, profile).await?;
    if let Some(problem) = sources.problem {
        return Ok(Asked::Not(problem));
    }
    if !sources.are_ready() {
        return Ok(Asked::Not(Problem::said(&words.say("copying-blocked"))));
    }
    if typed.targets.is_empty() {
        return Ok(Asked::Not(Problem::said(&words.say("copying-no-targets"))));
    }
    // Those sealed otherwise are asked for apart, and all of them are one request to its maker.
    if let Err(rejection) = judge_targets(&typed.targets, profile) {
        return Ok(Asked::Not(Problem::of_rejection(&rejection, words)));
    }
    let draft = || -> Result<CopyImage, model::Rejection> {
        Ok(CopyImage {
            image: sources.ready[0].id.clone(),
            targets: Vec::new(),
            name: typed.new_name()?,
            description: typed.new_description()?,
            tags: typed.new_tags(sources.only().map(|view| &view.tags))?,
            particulars: Particulars::default(),
            sealing: Sealing::AsSource,
            urgency: model::Urgency::default(),
            profile: profile.clone(),
            token: None,
        })
    };
    let draft = match draft() {
        Ok(draft) => draft,
        Err(rejection) => return Ok(Asked::Not(Problem::of_rejection(&rejection, words))),
    };
    let mut answers = Vec::new();
    for (sealing, targets) in typed.by_sealing(&typed.targets) {
        let token = token_of(token, &sealing);
        let draft = CopyImage { targets, sealing, token, ..draft.clone() };
        match ask_group(visit, region, (&sources, draft.clone())).await {
            Ok(some) => answers.extend(some),
            // What others have answered stands.
            Err(Refused::Rejected(rejection)) if answers.is_empty() => {
                return Ok(Asked::Not(Problem::of_rejection(&rejection, words)));
            }
            Err(Refused::Rejected(rejection)) => {
                for image in sources.ids() {
                    answers.extend(draft.targets.iter().map(|target| Answer {
                        image: image.clone(),
                        target: target.clone(),
                        answer: Err(rejection.clone().into()),
                    }));
                }
            }
            Err(refused) if answers.is_empty() => return Err(refused.into()),
            Err(refused) => {
                // What failed is in the log; whether it was done is on the list of copies.
                tracing::error!(%refused, "some of the copies that were asked for were not answered");
                answers.extend(unanswered(&sources, &draft));
            }
        }
    }
    Ok(Asked::Answered(answers))
}

/// What is said of targets that were asked and whose answer is not known: the list of copies has it.
fn unanswered(sources: &Sources, draft: &CopyImage) -> Vec<Answer> {
    let batch = || draft.token.as_ref().map(ClientToken::to_string).unwrap_or_default();
    let pairs = sources
        .ids()
        .into_iter()
        .flat_map(|image| draft.targets.iter().map(move |target| (image.clone(), target.clone())));
    let answer = |(image, target)| Answer {
        image,
        target,
        answer: Err(Refused::Fault(RegionFault::Unsettled { batch: batch() })),
    };
    pairs.map(answer).collect()
}

/// Asks for copies that are sealed alike.
async fn ask_group(
    visit: &Visit,
    region: &Region,
    (sources, draft): (&Sources, CopyImage),
) -> Result<Vec<Answer>, Refused> {
    let of_image = |image: &ImageId, answers: Vec<region::TargetAnswer>| {
        let image = image.clone();
        let answer = move |one: region::TargetAnswer| Answer {
            image: image.clone(),
            target: one.target,
            answer: one.answer,
        };
        answers.into_iter().map(answer).collect::<Vec<_>>()
    };
    if sources.ready.len() == 1 {
        let image = draft.image.clone();
        return Ok(of_image(&image, region.copy_image(&visit.caller, draft).await?));
    }
    let command = |image| CopyImage { image, ..draft.clone() };
    let commands = sources.ids().into_iter().map(command).collect();
    let answers = region.copy_images(&visit.caller, commands).await?;
    Ok(answers.into_iter().flat_map(|one| of_image(&one.image, one.answers)).collect())
}

/// The form's token with what the copies are sealed with: requests that are sealed otherwise are other requests.
fn token_of(token: &str, sealing: &Sealing) -> Option<ClientToken> {
    if token.is_empty() {
        return None;
    }
    let digest =
        blake3::hash(format!("{token}\0{}", super::typed::sealing_word(sealing)).as_bytes());
    Some(ClientToken::new(&digest.to_hex()).expect("a digest has 64 hexadecimal digits"))
}
