//! `ferry console`: a way into the web console for whoever has a key.

use api::native::wire::SignInLink;
use reqwest::Method;
use serde::Serialize;

use super::Session;
use crate::client::{Call, Client};
use crate::failure::Failure;

/// An address that signs in once.
#[derive(Serialize)]
pub struct ConsoleAddress {
    /// The whole address.
    pub address: String,
    /// Until when it is good, where it was not used before.
    pub expires: String,
}

/// Has an address made that signs the user of the client's key in, at the endpoint that it asks.
pub async fn console_address(client: &Client) -> Result<ConsoleAddress, Failure> {
    let path = "/v1/sign-in-links".to_owned();
    let call = Call::new("make a link into the console", Method::POST, path);
    let link: SignInLink = client.ask(call).await?;
    let address = format!("{}{}", client.endpoint().trim_end_matches('/'), link.path);
    Ok(ConsoleAddress { address, expires: link.expires })
}

/// Prints one.
pub async fn run(session: &Session) -> Result<(), Failure> {
    let console = console_address(&session.client).await?;
    let words = format!(
        "{}\nIt signs in once, within 10 minutes. Whoever opens it is you: keep it to yourself.",
        console.address
    );
    session.output.said(&words, &console.address, &console);
    Ok(())
}
