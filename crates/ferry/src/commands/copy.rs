//! `ferry image copy`.

use std::time::Duration;

use api::native::wire::{CopyAnswer, CopyRequest, EstimateAnswer, EstimateResult};
use model::{ClientToken, Priority, RegionId};
use reqwest::Method;

use super::copies::{Watched, wait_for};
use super::image::tag_map;
use super::{Session, batch};
use crate::cli::{CopyArgs, OutputFormat, UrgencyArgs};
use crate::client::{Body, Call};
use crate::exit::Exit;
use crate::failure::{EndedCopies, Failure};
use crate::output::Outcome;

/// Does it.
pub async fn run(session: &Session, args: CopyArgs) -> Result<(), Failure> {
    let from = session.client.region(args.from.as_ref()).await?;
    let image = match &args.images[..] {
        [image] if !args.together => image,
        _several_or_together => return batch::run(session, from, args).await,
    };
    let image = session.client.image(&from, image).await?;
    let body = request_body(&args)?;
    let name = body.name.clone().unwrap_or(image.name);
    let request = Request { from, image: image.id, name, body, token: args.token };
    if args.dry_run {
        return estimate(session, &request).await;
    }
    let mut outcomes = ask_for_copies(session, &request).await?;
    let mut timed_out = false;
    if args.wait {
        let patience = args.timeout.map(|patience| patience.0);
        timed_out = wait(session, &mut outcomes, patience).await? == Watched::TimedOut;
    } else if session.output.format == OutputFormat::Json {
        learn(session, &mut outcomes).await;
    }
    say(session, &outcomes);
    ended(&outcomes, timed_out)
}

/// What is asked of each image.
pub(super) fn request_body(args: &CopyArgs) -> Result<CopyRequest, Failure> {
    let tags = if args.tags.is_empty() { None } else { Some(tag_map(&args.tags)?) };
    Ok(CopyRequest {
        targets: args.to.iter().map(ToString::to_string).collect(),
        name: args.name.as_ref().map(ToString::to_string),
        description: args.description.as_ref().map(ToString::to_string),
        tags,
        encrypted: args.encrypt.then_some(true),
        encryption_key: args.encryption_key.as_ref().map(ToString::to_string),
        priority: priority(&args.urgency),
        deadline_secs: args.urgency.deadline.map(|deadline| deadline.0.as_secs()),
        dry_run: args.dry_run,
    })
}

/// A priority that is not what all have.
pub(super) fn priority(urgency: &UrgencyArgs) -> Option<String> {
    (urgency.priority != Priority::default()).then(|| urgency.priority.to_string())
}

/// A copy to be asked for.
pub struct Request {
    /// The source region.
    pub from: RegionId,
    /// The source image.
    pub image: String,
    /// The name in the targets.
    pub name: String,
    /// The rest.
    pub body: CopyRequest,
    /// Makes it safe to repeat.
    pub token: Option<ClientToken>,
}

impl Request {
    fn call(&self, doing: &'static str) -> Call<'static> {
        let path = format!("/v1/regions/{}/images/{}/copies", self.from, self.image);
        Call::new(doing, Method::POST, path).with(Body::json(&self.body)).under(self.token.clone())
    }
}

/// Asks for copies. Where every target refused, that is the failure.
pub async fn ask_for_copies(session: &Session, request: &Request) -> Result<Vec<Outcome>, Failure> {
    let answer = session.client.ask::<CopyAnswer>(request.call("copy the image")).await;
    match answer {
        Ok(answer) => {
            let named = |result| Outcome::of(result, Some(request.name.clone()));
            Ok(answer.results.into_iter().map(named).collect())
        }
        Err(Failure::Answered { doing, mut problem }) => {
            // Several targets refused, each for its own reason: all of them are told.
            if let Some(results) = problem.results.as_deref().filter(|results| results.len() > 1) {
                let reason = |one: &api::native::wire::TargetRefused| {
                    format!("{}: {}", one.target, one.problem.detail)
                };
                problem.detail = results.iter().map(reason).collect::<Vec<_>>().join("; ");
            }
            Err(Failure::Answered { doing, problem })
        }
        Err(failure) => Err(failure),
    }
}

async fn estimate(session: &Session, request: &Request) -> Result<(), Failure> {
    let answer: EstimateAnswer = session.client.ask(request.call("estimate the copy")).await?;
    match (session.output.format, answer.results.as_slice()) {
        (OutputFormat::Table, [one]) => session.output.one(one),
        (OutputFormat::Table, several) => {
            session.output.list(several);
            // What keeps a copy from leaving has no room in a table.
            several.iter().filter_map(needed).for_each(|line| crate::output::print(&line));
        }
        (OutputFormat::Json | OutputFormat::Id, all) => session.output.list(all),
    }
    let refused = |result: &EstimateResult| match result {
        EstimateResult::Estimated(_) => None,
        EstimateResult::Refused(refused) => Some(refused.clone()),
    };
    let lines: Vec<String> = answer
        .results
        .iter()
        .filter_map(refused)
        .map(|one| format!("region `{}` would refuse it: {}", one.target, one.problem.detail))
        .collect();
    let exits: Vec<Exit> = answer
        .results
        .iter()
        .map(|result| {
            refused(result)
                .map_or(Exit::Done, |one| Exit::of_problem(one.problem.status, &one.problem.code))
        })
        .collect();
    match Exit::of_parts(&exits) {
        Exit::Done => Ok(()),
        exit => Err(Failure::Ended(EndedCopies { exit, lines })),
    }
}

/// What a copy to one target needs before it may leave, in a line.
fn needed(result: &EstimateResult) -> Option<String> {
    match result {
        EstimateResult::Estimated(estimate) => {
            let needs = estimate.needs.as_ref()?;
            Some(format!("{}: {}", estimate.target, needs.detail))
        }
        EstimateResult::Refused(_) => None,
    }
}

pub(super) async fn learn(session: &Session, outcomes: &mut [Outcome]) {
    for outcome in outcomes {
        let (Some(copy), Ok(region)) = (&outcome.copy, outcome.region.parse::<RegionId>()) else {
            continue;
        };
        // What was promised is said in any case; how it stands just now is an extra.
        if let Ok(copy) = copy.parse()
            && let Ok(copy) = session.client.copy(&copy, Some(&region)).await
        {
            outcome.learn(&copy);
        }
    }
}

pub(super) async fn wait(
    session: &Session,
    outcomes: &mut [Outcome],
    patience: Option<Duration>,
) -> Result<Watched, Failure> {
    let copies =
        outcomes.iter().filter_map(|outcome| Some((outcome.copy.clone()?, outcome.region.clone())));
    let copies: Vec<_> = copies.collect();
    let (watched, ended) = wait_for(session, copies, patience).await?;
    for outcome in outcomes.iter_mut() {
        let Some(copy) = ended.iter().find(|copy| Some(&copy.id) == outcome.copy.as_ref()) else {
            continue;
        };
        outcome.learn(copy);
        if let Some(cause) = &copy.failure {
            outcome.exit = Exit::Failed;
            outcome.problem = Some(crate::client::local_problem(&cause.code, cause.text.clone()));
        } else if copy.is_settled() && copy.phase != "done" {
            outcome.exit = Exit::Failed;
        }
    }
    Ok(watched)
}

/// In the way asked for: what was promised. What was refused is said by the failure that follows, but in JSON, where
/// each target has its object.
fn say(session: &Session, outcomes: &[Outcome]) {
    let promised: Vec<Outcome> =
        outcomes.iter().filter(|outcome| outcome.id.is_some()).cloned().collect();
    match session.output.format {
        OutputFormat::Json | OutputFormat::Table => session.output.list(outcomes),
        OutputFormat::Id => session.output.list(&promised),
    }
}

pub(super) fn ended(outcomes: &[Outcome], timed_out: bool) -> Result<(), Failure> {
    let exits: Vec<Exit> = outcomes.iter().map(|outcome| outcome.exit).collect();
    let mut lines: Vec<String> =
        outcomes.iter().filter(|outcome| outcome.exit != Exit::Done).map(line).collect();
    let exit = match (Exit::of_parts(&exits), timed_out) {
        (Exit::Done, false) => return Ok(()),
        (exit, false) => exit,
        (_, true) => Exit::TimedOut,
    };
    if timed_out {
        lines.push(
            "the time to wait is over; the copies go on, watch them with `ferry copy watch`"
                .to_owned(),
        );
    }
    Err(Failure::Ended(EndedCopies { exit, lines }))
}

fn line(outcome: &Outcome) -> String {
    let reason =
        outcome.problem.as_ref().map_or(outcome.status.as_str(), |problem| problem.detail.as_str());
    match outcome.copy {
        Some(_) => format!("the copy to region `{}` made no image: {reason}", outcome.region),
        None => format!("region `{}` refused the copy: {reason}", outcome.region),
    }
}
