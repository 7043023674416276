//! `ferry image share`, `unshare`, `shares`, `publish` and `unpublish`.

use api::native::wire::{Image, Items, PublishRequest, PublishedKind, Share, ShareRequest};
use reqwest::Method;

use super::Session;
use crate::cli::{OfferedAs, OneImage, PublishArgs, ShareArgs};
use crate::client::{Body, Call};
use crate::failure::Failure;

/// What is to become of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They begin.
    Share,
    /// They end.
    Unshare,
}

/// Changes whom an image is shared with, and says whom it is shared with then.
pub async fn change(session: &Session, args: ShareArgs, change: Change) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let (doing, word) = match change {
        Change::Share => ("share the image", "share"),
        Change::Unshare => ("take the image back", "unshare"),
    };
    let path = format!("/v1/regions/{region}/images/{image}/{word}");
    let body = ShareRequest { accounts: args.with.iter().map(ToString::to_string).collect() };
    let call = Call::new(doing, Method::POST, path).with(Body::json(&body));
    let shares: Items<Share> = session.client.ask(call).await?;
    session.output.list(&shares.items);
    Ok(())
}

/// Says whom an image is shared with.
pub async fn list(session: &Session, args: OneImage) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let path = format!("/v1/regions/{region}/images/{image}/shares");
    let shares: Items<Share> = session.client.get("list the shares", path).await?;
    session.output.list(&shares.items);
    Ok(())
}

/// Offers an image to every account.
pub async fn publish(session: &Session, args: PublishArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let kind = match args.kind {
        OfferedAs::Public => PublishedKind::Public,
        OfferedAs::Marketplace => PublishedKind::Marketplace,
    };
    let path = format!("/v1/regions/{region}/images/{image}/publish");
    let call = Call::new("publish the image", Method::POST, path);
    let image: Image = session.client.ask(call.with(Body::json(&PublishRequest { kind }))).await?;
    session.output.one(&image);
    Ok(())
}

/// Takes a published image back.
pub async fn unpublish(session: &Session, args: OneImage) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let path = format!("/v1/regions/{region}/images/{image}/unpublish");
    let call = Call::new("take the image back", Method::POST, path);
    session.output.one(&session.client.ask::<Image>(call).await?);
    Ok(())
}
