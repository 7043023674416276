//! `ferry key`.

use api::native::wire::{Items, Key, NewKey};
use reqwest::Method;

use super::Session;
use crate::cli::{KeyCommand, WhoseKeys};
use crate::client::Call;
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: KeyCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        KeyCommand::Create(whose) => {
            let path = keys_of(session, &whose).await?;
            let call = Call::new("create an access key", Method::POST, path);
            let key: NewKey = client.ask(call).await?;
            let words = format!(
                "id      {}\nsecret  {}\nThe secret is shown this once.",
                key.id, key.secret
            );
            session.output.said(&words, &key.id, &key);
        }
        KeyCommand::List(whose) => {
            let path = keys_of(session, &whose).await?;
            let keys: Items<Key> = client.get("list the access keys", path).await?;
            session.output.list(&keys.items);
        }
        KeyCommand::Disable { key } => {
            let path = format!("/v1/keys/{key}/disable");
            let call = Call::new("disable the access key", Method::POST, path);
            session.output.one(&client.ask::<Key>(call).await?);
        }
        KeyCommand::Enable { key } => {
            let path = format!("/v1/keys/{key}/enable");
            let call = Call::new("enable the access key", Method::POST, path);
            session.output.one(&client.ask::<Key>(call).await?);
        }
        KeyCommand::Delete { key } => {
            let path = format!("/v1/keys/{key}");
            client.ask_bytes(Call::new("delete the access key", Method::DELETE, path)).await?;
            session.output.done(&format!("deleted {key}"), key.as_str());
        }
    }
    Ok(())
}

async fn keys_of(session: &Session, whose: &WhoseKeys) -> Result<String, Failure> {
    match &whose.user {
        None => Ok("/v1/keys".to_owned()),
        Some(user) => {
            let user = session.client.user_id(user, whose.account.as_ref()).await?;
            Ok(format!("/v1/keys?user={user}"))
        }
    }
}
