//! `ferry quota`.

use api::native::wire::{Items, Quota, QuotaLimit};
use reqwest::Method;

use super::Session;
use crate::cli::QuotaCommand;
use crate::client::{Body, Call};
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: QuotaCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        QuotaCommand::Show { region, account } => {
            let region = client.region(region.as_ref()).await?;
            let path = match client.some_account_id(account.as_ref()).await? {
                Some(account) => format!("/v1/regions/{region}/quotas?account={account}"),
                None => format!("/v1/regions/{region}/quotas"),
            };
            let quotas: Items<Quota> = client.get("show the quotas", path).await?;
            session.output.list(&quotas.items);
        }
        QuotaCommand::Set { kind, limit, region, account } => {
            let region = client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/quotas/{kind}");
            let account = client.some_account_id(account.as_ref()).await?;
            let body = Body::json(&QuotaLimit { limit, account });
            client.ask_bytes(Call::new("set the quota", Method::PUT, path).with(body)).await?;
            session.output.done(&format!("{kind} quota in {region} is {limit}"), kind.as_str());
        }
    }
    Ok(())
}
