//! `ferry user`.

use api::native::wire::{User, UserRequest, UserRole};
use reqwest::Method;

use super::Session;
use crate::cli::{OneUser, UserCommand};
use crate::client::{Body, Call};
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: UserCommand) -> Result<(), Failure> {
    let client = &session.client;
    let user: User = match command {
        UserCommand::Create { name, role, account } => {
            let (name, role) = (name.to_string(), role.to_string());
            let account = client.some_account_id(account.as_ref()).await?;
            let body = Body::json(&UserRequest { name, role, account });
            let call = Call::new("create the user", Method::POST, "/v1/users".to_owned());
            client.ask(call.with(body)).await?
        }
        UserCommand::List { account } => {
            let account = client.some_account_id(account.as_ref()).await?;
            let query: Vec<_> = account.map(|id| ("account".to_owned(), id)).into_iter().collect();
            let users: Vec<User> = client.list("list the users", "/v1/users", &query, None).await?;
            session.output.list(&users);
            return Ok(());
        }
        UserCommand::Show(one) => {
            client.get("show the user", path_of(session, &one).await?).await?
        }
        UserCommand::Role { one, role } => {
            let path = format!("{}/role", path_of(session, &one).await?);
            let body = Body::json(&UserRole { role: role.to_string() });
            client.ask(Call::new("change the user's role", Method::PUT, path).with(body)).await?
        }
        UserCommand::Disable(one) => {
            let path = format!("{}/disable", path_of(session, &one).await?);
            client.ask(Call::new("disable the user", Method::POST, path)).await?
        }
        UserCommand::Enable(one) => {
            let path = format!("{}/enable", path_of(session, &one).await?);
            client.ask(Call::new("enable the user", Method::POST, path)).await?
        }
        UserCommand::Delete(one) => {
            let id = client.user_id(&one.user, one.account.as_ref()).await?;
            let path = format!("/v1/users/{id}");
            client.ask_bytes(Call::new("delete the user", Method::DELETE, path)).await?;
            session.output.done(&format!("deleted {id}"), &id);
            return Ok(());
        }
    };
    session.output.one(&user);
    Ok(())
}

async fn path_of(session: &Session, one: &OneUser) -> Result<String, Failure> {
    Ok(format!("/v1/users/{}", session.client.user_id(&one.user, one.account.as_ref()).await?))
}
