//! `ferry image`, but for what moves bytes.

use std::collections::BTreeMap;

use api::native::wire::{Image, ImageEdit, TagMap, Verified};
use model::Tags;
use reqwest::Method;

use super::{Session, local_image, share};
use crate::cli::{DeleteArgs, EditArgs, ImageCommand, ListArgs, OneImage, TagArg};
use crate::client::{Body, Call};
use crate::failure::Failure;
use crate::output::{bytes, count};

/// Does it.
pub async fn run(session: &Session, command: ImageCommand) -> Result<(), Failure> {
    match command {
        ImageCommand::Import(args) => super::import::run(session, args).await,
        ImageCommand::Create(args) => super::snapshot::create_image(session, args).await,
        ImageCommand::Copy(args) => super::copy::run(session, args).await,
        ImageCommand::Export(args) => super::export::run(session, args).await,
        ImageCommand::Cancel(args) => cancel(session, args).await,
        ImageCommand::List(args) => list(session, args).await,
        ImageCommand::Show(args) => show(session, args).await,
        ImageCommand::Edit(args) => edit(session, args).await,
        ImageCommand::Delete(args) => delete(session, args).await,
        ImageCommand::Verify(args) => verify(session, args).await,
        ImageCommand::Share(args) => share::change(session, args, share::Change::Share).await,
        ImageCommand::Unshare(args) => share::change(session, args, share::Change::Unshare).await,
        ImageCommand::Shares(args) => share::list(session, args).await,
        ImageCommand::Publish(args) => share::publish(session, args).await,
        ImageCommand::Unpublish(args) => share::unpublish(session, args).await,
        ImageCommand::Register(args) => local_image::register(session, args).await,
        ImageCommand::Convert(args) => local_image::convert(session, args).await,
        ImageCommand::ImportObject(args) => super::task::import(session, args).await,
        ImageCommand::ExportObject(args) => super::task::export(session, args).await,
    }
}

/// Tags as the API takes them, checked here first.
pub fn tag_map(tags: &[TagArg]) -> Result<TagMap, Failure> {
    let pairs = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
    Ok(TagMap::from(&Tags::new(pairs)?))
}

async fn list(session: &Session, args: ListArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let mut query = Vec::new();
    if !args.status.is_empty() {
        let words: Vec<&str> = args.status.iter().map(|status| status.as_str()).collect();
        query.push(("status".to_owned(), words.join(",")));
    }
    query.extend(args.kind.map(|kind| ("kind".to_owned(), kind.to_string())));
    query.extend(args.name.map(|name| ("name".to_owned(), name.to_string())));
    let path = format!("/v1/regions/{region}/images");
    let images: Vec<Image> =
        session.client.list("list the images", &path, &query, args.limit).await?;
    session.output.list(&images);
    Ok(())
}

async fn show(session: &Session, args: OneImage) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    session.output.one(&session.client.image(&region, &args.image).await?);
    Ok(())
}

async fn edit(session: &Session, args: EditArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let tags = match (args.tags.is_empty(), args.no_tags) {
        (false, _) => Some(tag_map(&args.tags)?),
        (true, true) => Some(TagMap(BTreeMap::new())),
        (true, false) => None,
    };
    let change = ImageEdit {
        name: args.name.map(|name| name.to_string()),
        description: args.description.map(|description| description.to_string()),
        tags,
        family: match args.no_family {
            true => Some(String::new()),
            false => args.family.map(|family| family.to_string()),
        },
        deprecated: (args.deprecate || args.undeprecate).then_some(args.deprecate),
    };
    let path = format!("/v1/regions/{region}/images/{image}");
    let call = Call::new("change the image", Method::PATCH, path).with(Body::json(&change));
    session.output.one(&session.client.ask::<Image>(call).await?);
    Ok(())
}

async fn delete(session: &Session, args: DeleteArgs) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let path = format!(
        "/v1/regions/{region}/images/{image}?force={}&keep_snapshots={}",
        args.force, args.keep_snapshots
    );
    session.client.ask_bytes(Call::new("delete the image", Method::DELETE, path)).await?;
    session.output.done(&format!("deleted {image} in {region}"), &image);
    Ok(())
}

async fn cancel(session: &Session, args: OneImage) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let path = format!("/v1/regions/{region}/images/{image}/cancel");
    session.client.ask_bytes(Call::new("cancel the image", Method::POST, path)).await?;
    session.output.done(&format!("cancelled {image} in {region}"), &image);
    Ok(())
}

#[derive(serde::Serialize)]
struct Checked<'a> {
    id: &'a str,
    region: &'a str,
    #[serde(flatten)]
    verified: &'a Verified,
}

async fn verify(session: &Session, args: OneImage) -> Result<(), Failure> {
    let region = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image_id(&region, &args.image).await?;
    let path = format!("/v1/regions/{region}/images/{image}/verify");
    let verified: Verified =
        session.client.ask(Call::new("verify the image", Method::POST, path)).await?;
    let (chunks, size) = (count(verified.chunks), bytes(verified.bytes));
    let words = format!(
        "{image} in {region}: {chunks} chunks ({size}) read and hashed, {} damaged",
        verified.damaged
    );
    session.output.said(
        &words,
        &image,
        &Checked { id: &image, region: region.as_str(), verified: &verified },
    );
    match verified.damaged {
        0 => Ok(()),
        damaged => Err(Failure::Damaged { image, region, damaged }),
    }
}
