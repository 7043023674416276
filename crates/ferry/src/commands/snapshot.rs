//! `ferry snapshot`.

use api::native::wire::{
    Image, Snapshot, SnapshotCopyRequest, SnapshotImageRequest, SnapshotPromised,
};
use reqwest::Method;

use super::Session;
use super::copies::{Watched, wait_for, why};
use super::copy::priority;
use super::image::tag_map;
use crate::cli::{CreateArgs, SnapshotCommand, SnapshotCopyArgs, SnapshotListArgs};
use crate::client::{Body, Call};
use crate::exit::Exit;
use crate::failure::{EndedCopies, Failure};

/// Does it.
pub async fn run(session: &Session, command: SnapshotCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        SnapshotCommand::List(args) => return list(session, args).await,
        SnapshotCommand::Show { snapshot, region } => {
            let region = client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/snapshots/{snapshot}");
            session.output.one(&client.get::<Snapshot>("show the snapshot", path).await?);
        }
        SnapshotCommand::Copy(args) => return copy(session, args).await,
        SnapshotCommand::Delete { snapshot, region } => {
            let region = client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/snapshots/{snapshot}");
            client.ask_bytes(Call::new("delete the snapshot", Method::DELETE, path)).await?;
            session.output.done(&format!("deleted {snapshot}"), snapshot.as_str());
        }
    }
    Ok(())
}

/// `ferry image create`.
pub async fn create_image(session: &Session, args: CreateArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let request = SnapshotImageRequest {
        name: args.name.to_string(),
        description: args.description.as_ref().map(ToString::to_string),
        architecture: args.machine.arch.to_string(),
        os_type: args.machine.os_type.to_string(),
        platform: args.machine.platform.as_ref().map(ToString::to_string),
        boot_mode: args.machine.boot_mode.to_string(),
        tags: if args.tags.is_empty() { None } else { Some(tag_map(&args.tags)?) },
        snapshots: args.snapshots.iter().map(ToString::to_string).collect(),
    };
    let path = format!("/v1/regions/{region}/snapshot-images");
    let call = Call::new("create the image", Method::POST, path).with(Body::json(&request));
    session.output.one(&session.client.ask::<Image>(call.under(args.token)).await?);
    Ok(())
}

async fn copy(session: &Session, args: SnapshotCopyArgs) -> Result<(), Failure> {
    let from = session.client.region(args.from.as_ref()).await?;
    let request = SnapshotCopyRequest {
        target: args.to.to_string(),
        name: args.name,
        description: args.description.as_ref().map(ToString::to_string),
        tags: if args.tags.is_empty() { None } else { Some(tag_map(&args.tags)?) },
        encrypted: args.encrypt.then_some(true),
        encryption_key: args.encryption_key.as_ref().map(ToString::to_string),
        priority: priority(&args.urgency),
        deadline_secs: args.urgency.deadline.map(|deadline| deadline.0.as_secs()),
    };
    let path = format!("/v1/regions/{from}/snapshots/{}/copies", args.snapshot);
    let call = Call::new("copy the snapshot", Method::POST, path).with(Body::json(&request));
    let promised: SnapshotPromised = session.client.ask(call.under(args.token)).await?;
    let mut lines = Vec::new();
    let mut exit = Exit::Done;
    if args.wait {
        let copies = vec![(promised.copy, promised.target.clone())];
        let patience = args.timeout.map(|patience| patience.0);
        let (watched, ended) = wait_for(session, copies, patience).await?;
        (exit, lines) = match (watched, ended.iter().find(|copy| copy.phase != "done")) {
            (Watched::TimedOut, _) => {
                (Exit::TimedOut, vec!["the time to wait is over; the copy goes on".to_owned()])
            }
            (Watched::Ended, None) => (Exit::Done, Vec::new()),
            (Watched::Ended, Some(copy)) => {
                (Exit::Failed, vec![format!("copy `{}` made no snapshot: {}", copy.id, why(copy))])
            }
        };
    }
    let path = format!("/v1/regions/{}/snapshots/{}", promised.target, promised.snapshot);
    session.output.one(&session.client.get::<Snapshot>("show the snapshot", path).await?);
    if exit == Exit::Done { Ok(()) } else { Err(Failure::Ended(EndedCopies { exit, lines })) }
}

async fn list(session: &Session, args: SnapshotListArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let mut query = Vec::new();
    query.extend(args.origin.map(|origin| ("origin".to_owned(), origin.word().to_owned())));
    query.extend(args.image.map(|image| ("image".to_owned(), image.to_string())));
    let path = format!("/v1/regions/{region}/snapshots");
    let snapshots: Vec<Snapshot> =
        session.client.list("list the snapshots", &path, &query, args.limit).await?;
    session.output.list(&snapshots);
    Ok(())
}
