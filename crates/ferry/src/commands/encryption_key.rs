//! `ferry encryption-key`.

use api::native::wire::{EncryptionKey, Items};
use model::RegionId;
use reqwest::Method;

use super::Session;
use crate::cli::{DeleteKeyArgs, EncryptionKeyCommand, OneKey};
use crate::client::Call;
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: EncryptionKeyCommand) -> Result<(), Failure> {
    match command {
        EncryptionKeyCommand::Create { region } => {
            let path = keys_of(&session.client.region(region.as_ref()).await?);
            let call = Call::new("create an encryption key", Method::POST, path);
            let key: EncryptionKey = session.client.ask(call).await?;
            session.output.one(&key);
            Ok(())
        }
        EncryptionKeyCommand::List { region } => {
            let path = keys_of(&session.client.region(region.as_ref()).await?);
            let keys: Items<EncryptionKey> =
                session.client.get("list the encryption keys", path).await?;
            session.output.list(&keys.items);
            Ok(())
        }
        EncryptionKeyCommand::Show(one) => act(session, &one, Act::Show).await,
        EncryptionKeyCommand::Disable(one) => act(session, &one, Act::Post("disable")).await,
        EncryptionKeyCommand::Enable(one) => act(session, &one, Act::Post("enable")).await,
        EncryptionKeyCommand::Rotate(one) => act(session, &one, Act::Post("rotate")).await,
        EncryptionKeyCommand::Delete(args) => delete(session, &args).await,
    }
}

/// What is done with one key.
enum Act {
    Show,
    Post(&'static str),
}

fn keys_of(region: &RegionId) -> String {
    format!("/v1/regions/{region}/encryption-keys")
}

async fn path_of(session: &Session, one: &OneKey) -> Result<String, Failure> {
    let region = session.client.region(one.region.as_ref()).await?;
    Ok(format!("{}/{}", keys_of(&region), one.key))
}

async fn act(session: &Session, one: &OneKey, act: Act) -> Result<(), Failure> {
    let path = path_of(session, one).await?;
    let call = match act {
        Act::Show => Call::new("show the encryption key", Method::GET, path),
        Act::Post(verb) => {
            Call::new("change the encryption key", Method::POST, format!("{path}/{verb}"))
        }
    };
    let key: EncryptionKey = session.client.ask(call).await?;
    session.output.one(&key);
    Ok(())
}

async fn delete(session: &Session, args: &DeleteKeyArgs) -> Result<(), Failure> {
    let path = path_of(session, &args.one).await?;
    let path = format!("{path}?days={}&lose_images={}", args.days, args.lose_images);
    let call = Call::new("delete the encryption key", Method::DELETE, path);
    let key: EncryptionKey = session.client.ask(call).await?;
    session.output.one(&key);
    Ok(())
}
