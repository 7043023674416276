//! `ferry key`.

use api::native::wire::{Items, Key, NewKey};
use reqwest::Method;

use super::Session;
use crate::cli::KeyCommand;
use crate::client::Call;
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: KeyCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        KeyCommand::Create => {
            let call = Call::new("create an access key", Method::POST, "/v1/keys".to_owned());
            let key: NewKey = client.ask(call).await?;
            let words = format!(
                "id      {}\nsecret  {}\nThe secret is shown this once.",
                key.id, key.secret
            );
            session.output.said(&words, &key.id, &key);
        }
        KeyCommand::List => {
            let keys: Items<Key> =
                client.get("list the access keys", "/v1/keys".to_owned()).await?;
            session.output.list(&keys.items);
        }
        KeyCommand::Delete { key } => {
            let path = format!("/v1/keys/{key}");
            client.ask_bytes(Call::new("delete the access key", Method::DELETE, path)).await?;
            session.output.done(&format!("deleted {key}"), key.as_str());
        }
    }
    Ok(())
}
