//! `ferry audit`.

use api::native::wire::{AuditEntry, TrailCheck};
use reqwest::Method;

use super::Session;
use crate::cli::{AuditCommand, AuditListArgs, WhichTrail};
use crate::client::Call;
use crate::failure::Failure;
use crate::output::Row;

/// The name of the accounts' trail among those of regions, in what is shown.
const ACCOUNTS: &str = "(accounts)";

/// Does it.
pub async fn run(session: &Session, command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::List(args) => list(session, args).await,
        AuditCommand::Verify(which) => verify(session, which).await,
    }
}

async fn list(session: &Session, args: AuditListArgs) -> Result<(), Failure> {
    let client = &session.client;
    let path = if args.trail.accounts {
        "/v1/audit".to_owned()
    } else {
        let region = client.region(args.trail.region.as_ref()).await?;
        format!("/v1/regions/{region}/audit")
    };
    let mut query = Vec::new();
    let account = client.some_account_id(args.account.as_ref()).await?;
    query.extend(account.map(|id| ("account".to_owned(), id)));
    query.extend(args.subject.map(|id| ("subject".to_owned(), id)));
    let entries: Vec<AuditEntry> =
        client.list("list the audit trail", &path, &query, Some(args.limit)).await?;
    session.output.list(&entries);
    Ok(())
}

/// One trail, and what was found.
#[derive(serde::Serialize)]
struct Checked {
    trail: String,
    #[serde(flatten)]
    check: TrailCheck,
}

impl Row for Checked {
    const HEADINGS: &'static [&'static str] = &["TRAIL", "ENTRIES", "FOUND"];

    fn cells(&self) -> Vec<String> {
        let found = match self.check.broken_at {
            None => "whole".to_owned(),
            Some(entry) => format!("broken at entry {entry}"),
        };
        vec![self.trail.clone(), self.check.entries.to_string(), found]
    }

    fn id(&self) -> &str {
        &self.trail
    }
}

async fn verify(session: &Session, which: WhichTrail) -> Result<(), Failure> {
    let client = &session.client;
    let trails = match (which.region, which.accounts) {
        (Some(region), _) => vec![region.to_string()],
        (None, true) => vec![ACCOUNTS.to_owned()],
        (None, false) => {
            let regions = client.regions().await?.into_iter().map(|region| region.id);
            std::iter::once(ACCOUNTS.to_owned()).chain(regions).collect()
        }
    };
    let mut checked = Vec::with_capacity(trails.len());
    for trail in trails {
        let path = match trail.as_str() {
            ACCOUNTS => "/v1/audit/verify".to_owned(),
            region => format!("/v1/regions/{region}/audit/verify"),
        };
        let check: TrailCheck =
            client.ask(Call::new("check the audit trail", Method::POST, path)).await?;
        checked.push(Checked { trail, check });
    }
    session.output.list(&checked);
    match checked.iter().find_map(|trail| Some((trail, trail.check.broken_at?))) {
        None => Ok(()),
        Some((trail, entry)) => Err(Failure::TrailBroken { trail: trail.trail.clone(), entry }),
    }
}
