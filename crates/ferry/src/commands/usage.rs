//! `ferry usage`, `ferry rate` and `ferry region`.

use api::native::wire::{Items, Link, Rate, RateRequest, UsageLine};
use futures::future;
use model::RegionId;
use reqwest::Method;

use super::Session;
use crate::cli::{OutputFormat, RateCommand, RegionCommand, UsageArgs, WhoseArgs};
use crate::client::{Body, Call};
use crate::exit::Exit;
use crate::failure::{EndedCopies, Failure};
use crate::output::totals;

/// `ferry usage`: each region is asked, and tells what it metered.
pub async fn usage(session: &Session, args: UsageArgs) -> Result<(), Failure> {
    let regions: Vec<String> = match args.region.as_slice() {
        [] => session.client.regions().await?.into_iter().map(|region| region.id).collect(),
        named => named.iter().map(ToString::to_string).collect(),
    };
    let query = query(&args.whose, args.month.map(|month| format!("month={month}")));
    let ask = async |region: &String| {
        let path = format!("/v1/regions/{region}/usage{query}");
        session.client.get::<Items<UsageLine>>("show the usage", path).await
    };
    let answers = future::join_all(regions.iter().map(ask)).await;
    let (mut lines, mut failures) = (Vec::new(), Vec::new());
    for (region, answer) in regions.iter().zip(answers) {
        match answer {
            Ok(told) => lines.extend(told.items),
            Err(failure) => failures.push((region, failure)),
        }
    }
    if failures.len() == regions.len()
        && let Some((_, failure)) = failures.pop()
    {
        return Err(failure);
    }
    session.output.list(&lines);
    if session.output.format == OutputFormat::Table {
        totals(&lines).iter().for_each(|total| crate::output::print(total));
    }
    if failures.is_empty() {
        return Ok(());
    }
    // A bill that leaves out a region says so.
    let line = |(region, failure)| format!("region `{region}` is left out: {failure}");
    let lines = failures.into_iter().map(line).collect();
    Err(Failure::Ended(EndedCopies { exit: Exit::Partly, lines }))
}

pub(super) fn query(whose: &WhoseArgs, first: Option<String>) -> String {
    let account = whose.account.as_ref().map(|account| format!("account={account}"));
    let all = whose.all.then(|| "all=true".to_owned());
    let parts: Vec<String> = [first, account, all].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// `ferry rate`.
pub async fn rate(session: &Session, command: RateCommand) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        RateCommand::List { region } => {
            let path = rates_of(&client.region(region.as_ref()).await?);
            let rates: Items<Rate> = client.get("list the rates", path).await?;
            session.output.list(&rates.items);
        }
        RateCommand::Set { meter, price, from, region } => {
            let path = rates_of(&client.region(region.as_ref()).await?);
            let request = RateRequest {
                meter: meter.to_string(),
                from: from.to_string(),
                price: price.to_string(),
            };
            let call = Call::new("set the rate", Method::POST, path).with(Body::json(&request));
            let rate: Rate = client.ask(call).await?;
            session.output.one(&rate);
        }
    }
    Ok(())
}

fn rates_of(region: &RegionId) -> String {
    format!("/v1/regions/{region}/rates")
}

/// `ferry region`.
pub async fn region(session: &Session, command: RegionCommand) -> Result<(), Failure> {
    match command {
        RegionCommand::List => session.output.list(&session.client.regions().await?),
        RegionCommand::Links { region, whose } => {
            let region = session.client.region(region.as_ref()).await?;
            let path = format!("/v1/regions/{region}/links{}", query(&whose, None));
            let links: Items<Link> = session.client.get("list the links", path).await?;
            session.output.list(&links.items);
        }
    }
    Ok(())
}
