//! `ferry account`.

use api::native::wire::{Account, AccountRequest};
use reqwest::Method;

use super::Session;
use crate::cli::{AccountCommand, AccountRef};
use crate::client::{Body, Call};
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: AccountCommand) -> Result<(), Failure> {
    let client = &session.client;
    let account: Account = match command {
        AccountCommand::Create { name } => {
            let body = Body::json(&AccountRequest { name: name.to_string() });
            let call = Call::new("create the account", Method::POST, "/v1/accounts".to_owned());
            client.ask(call.with(body)).await?
        }
        AccountCommand::List => {
            let accounts: Vec<Account> =
                client.list("list the accounts", "/v1/accounts", &[], None).await?;
            session.output.list(&accounts);
            return Ok(());
        }
        AccountCommand::Show { account } => {
            let path = path_of(session, &account).await?;
            client.get("show the account", path).await?
        }
        AccountCommand::Disable { account } => {
            let path = format!("{}/disable", path_of(session, &account).await?);
            client.ask(Call::new("disable the account", Method::POST, path)).await?
        }
        AccountCommand::Enable { account } => {
            let path = format!("{}/enable", path_of(session, &account).await?);
            client.ask(Call::new("enable the account", Method::POST, path)).await?
        }
    };
    session.output.one(&account);
    Ok(())
}

async fn path_of(session: &Session, account: &AccountRef) -> Result<String, Failure> {
    Ok(format!("/v1/accounts/{}", session.client.account_id(account).await?))
}
