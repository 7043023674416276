//! `ferry snapshot`.

use api::native::wire::Snapshot;
use reqwest::Method;

use super::Session;
use crate::cli::{SnapshotCommand, SnapshotListArgs};
use crate::client::Call;
use crate::failure::Failure;

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
        SnapshotCommand::Delete { snapshot, region } => {
            let region = client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/snapshots/{snapshot}");
            client.ask_bytes(Call::new("delete the snapshot", Method::DELETE, path)).await?;
            session.output.done(&format!("deleted {snapshot}"), snapshot.as_str());
        }
    }
    Ok(())
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
