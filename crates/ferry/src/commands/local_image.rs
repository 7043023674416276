//! `ferry image register` and `ferry image convert`.

use std::time::{Duration, Instant};

use api::native::wire::{ConvertRequest, Image, LocalImageRequest};
use model::RegionId;
use reqwest::Method;

use super::Session;
use super::image::tag_map;
use crate::cli::{ConvertArgs, RegisterArgs};
use crate::client::{Body, Call};
use crate::exit::Exit;
use crate::failure::{EndedCopies, Failure};

/// Between two looks at an image that is being made.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Registers a file of the region.
pub async fn register(session: &Session, args: RegisterArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let request = LocalImageRequest {
        file: args.file.to_string(),
        name: args.name.to_string(),
        description: args.description.as_ref().map(ToString::to_string).unwrap_or_default(),
        architecture: args.machine.arch.to_string(),
        os_type: args.machine.os_type.to_string(),
        platform: args.machine.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
        boot_mode: args.machine.boot_mode.to_string(),
        family: None,
        tags: tag_map(&args.tags)?,
    };
    let path = format!("/v1/regions/{region}/local-images");
    let call = Call::new("register the file", Method::POST, path).with(Body::json(&request));
    session.output.one(&session.client.ask::<Image>(call.under(args.token)).await?);
    Ok(())
}

/// Converts an image in a local file, and waits for it where that is asked for.
pub async fn convert(session: &Session, args: ConvertArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let request = ConvertRequest {
        name: args.name.map(|name| name.to_string()),
        description: args.description.map(|description| description.to_string()),
    };
    let path = format!("/v1/regions/{region}/images/{image}/convert");
    let call = Call::new("convert the image", Method::POST, path).with(Body::json(&request));
    let mut made: Image = session.client.ask(call).await?;
    if args.wait {
        let patience = args.timeout.map(|patience| patience.0);
        made = wait_until_made(session, (&region, made), patience).await?;
    }
    session.output.one(&made);
    Ok(())
}

fn is_coming(image: &Image) -> bool {
    matches!(image.status.as_str(), "waiting" | "creating")
}

async fn wait_until_made(
    session: &Session,
    (region, mut image): (&RegionId, Image),
    patience: Option<Duration>,
) -> Result<Image, Failure> {
    let track = session.showing.track(format!("convert {}", image.name), 100);
    let began = Instant::now();
    while is_coming(&image) {
        if patience.is_some_and(|patience| began.elapsed() >= patience) {
            track.clear();
            let line = format!("image `{}` is still being made; the region goes on", image.id);
            let lines = vec![line];
            return Err(Failure::Ended(EndedCopies { exit: Exit::TimedOut, lines }));
        }
        track.stand(image.progress, &image.status);
        tokio::time::sleep(LOOK_EVERY).await;
        let path = format!("/v1/regions/{region}/images/{}", image.id);
        image = session.client.get("show the image", path).await?;
    }
    match &image.failure {
        None => {
            track.end("done");
            Ok(image)
        }
        Some(failure) => {
            track.clear();
            let lines = vec![format!("image `{}` could not be made: {}", image.id, failure.text)];
            Err(Failure::Ended(EndedCopies { exit: Exit::Failed, lines }))
        }
    }
}
