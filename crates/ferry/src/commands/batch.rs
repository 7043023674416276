//! `ferry image copy` of several images.

use api::native::wire::{BatchAnswer, BatchRequest};
use model::RegionId;
use reqwest::Method;

use super::Session;
use super::copies::Watched;
use super::copy::{ended, learn, request_body, wait};
use crate::cli::{CopyArgs, OutputFormat};
use crate::client::{Body, Call};
use crate::failure::Failure;
use crate::output::{ImageOutcome, Outcome};

/// Does it: one request, so that all images are judged before any is started (R002-1).
pub async fn run(session: &Session, from: RegionId, args: CopyArgs) -> Result<(), Failure> {
    if args.dry_run {
        return Err(Failure::Setting {
            doing: "estimate the copies".to_owned(),
            reason: "`--dry-run` is for one image at a time".to_owned(),
        });
    }
    let mut images = Vec::with_capacity(args.images.len());
    for image in &args.images {
        images.push(session.client.image_id(&from, image).await?);
    }
    let body =
        Body::json(&BatchRequest { images, copy: request_body(&args)?, together: args.together });
    let path = format!("/v1/regions/{from}/image-copies");
    let call = Call::new("copy the images", Method::POST, path).with(body).under(args.token);
    let answer: BatchAnswer = session.client.ask(call).await?;
    let (mut sources, mut outcomes) = (Vec::new(), Vec::new());
    for image in answer.images {
        for result in image.results {
            sources.push(image.image.clone());
            outcomes.push(Outcome::of(result, None));
        }
    }
    let mut timed_out = false;
    if args.wait {
        let patience = args.timeout.map(|patience| patience.0);
        timed_out = wait(session, &mut outcomes, patience).await? == Watched::TimedOut;
    } else if session.output.format == OutputFormat::Json {
        learn(session, &mut outcomes).await;
    }
    say(session, sources, &outcomes);
    ended(&outcomes, timed_out)
}

/// As for one image, with the source beside each line.
fn say(session: &Session, sources: Vec<String>, outcomes: &[Outcome]) {
    let all = sources.into_iter().zip(outcomes.iter().cloned());
    let all = all.map(|(source_image, outcome)| ImageOutcome { source_image, outcome });
    let rows: Vec<ImageOutcome> = match session.output.format {
        OutputFormat::Json | OutputFormat::Table => all.collect(),
        OutputFormat::Id => all.filter(|row| row.outcome.id.is_some()).collect(),
    };
    session.output.list(&rows);
}
