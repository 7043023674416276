//! `ferry link`.

use api::native::wire::{Items, Link, LinkEdit};
use model::{Pause, Window};
use reqwest::Method;

use super::Session;
use super::usage::query;
use crate::cli::{LinkCommand, OneLink};
use crate::client::{Body, Call};
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: LinkCommand) -> Result<(), Failure> {
    match command {
        LinkCommand::List { region, whose } => {
            let regions = match region {
                Some(region) => vec![region.to_string()],
                None => {
                    let all = session.client.regions().await?;
                    all.into_iter().map(|region| region.id).collect()
                }
            };
            let mut links: Vec<Link> = Vec::new();
            for region in regions {
                let path = format!("/v1/regions/{region}/links{}", query(&whose, None));
                links
                    .extend(session.client.get::<Items<Link>>("list the links", path).await?.items);
            }
            session.output.list(&links);
            Ok(())
        }
        LinkCommand::Set { link, limits } => {
            let edit = LinkEdit {
                limit_bytes_per_sec: limits.limit.map(|limit| limit.0),
                copies_at_once: limits.copies.map(|copies| copies.0),
                ..LinkEdit::default()
            };
            change(session, ("set the link", link), edit).await
        }
        LinkCommand::Schedule { link, windows } => {
            let schedule = Some(windows.windows.iter().map(Window::to_string).collect());
            let edit = LinkEdit { schedule, ..LinkEdit::default() };
            change(session, ("set the link's windows", link), edit).await
        }
        LinkCommand::Pause { link } => {
            change(session, ("pause the link", link), pause(Pause::Paused)).await
        }
        LinkCommand::Resume { link } => {
            change(session, ("resume the link", link), pause(Pause::Running)).await
        }
    }
}

fn pause(pause: Pause) -> LinkEdit {
    LinkEdit { pause: Some(pause.to_string()), ..LinkEdit::default() }
}

async fn change(
    session: &Session,
    (doing, link): (&'static str, OneLink),
    edit: LinkEdit,
) -> Result<(), Failure> {
    let path = format!("/v1/regions/{}/links/{}", link.to, link.from);
    let call = Call::new(doing, Method::PATCH, path).with(Body::json(&edit));
    let link: Link = session.client.ask(call).await?;
    session.output.one(&link);
    Ok(())
}
