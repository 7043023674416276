//! The audit trails: who changed what and when, among the accounts and in each region, and whether the trails are whole.

mod entry;
mod list;
mod place;
mod verify;

use axum::Router;
use region::{AuditQuery, AuditView, Listed, Refused, Region, TrailStanding};

use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};
use crate::{Console, page};

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/audit", page::get(list::show))
        .route("/audit/verify", page::get(list::show).merge(page::post(verify::verify)))
}

/// One trail.
enum Trail {
    /// Of accounts, users and access keys.
    Accounts,
    /// Of a region.
    Region(Box<Region>),
}

/// What `?trail=` says where only the accounts' is wanted.
const ACCOUNTS: &str = "accounts";

/// The trails that are wanted.
fn trails(visit: &Visit) -> Result<Vec<Trail>, Shown> {
    let of = |region: Region| Trail::Region(Box::new(region));
    match visit.chosen() {
        Chosen::One(id) => Ok(vec![of(visit.deployment().region(id)?)]),
        Chosen::All if visit.query("trail") == ACCOUNTS => Ok(vec![Trail::Accounts]),
        Chosen::All => {
            let regions = visit.regions().into_iter().map(of);
            Ok([Trail::Accounts].into_iter().chain(regions).collect())
        }
    }
}

impl Trail {
    /// As the place in the list names it: no region's name has a colon.
    fn tag(&self) -> String {
        match self {
            Trail::Accounts => ":accounts".to_owned(),
            Trail::Region(region) => region.id().to_string(),
        }
    }

    fn name(&self, words: Words) -> Saying {
        match self {
            Trail::Accounts => words.say("audit-accounts"),
            Trail::Region(region) => words.say("audit-of-region").showing("region", region.id()),
        }
    }

    async fn list(&self, visit: &Visit, query: AuditQuery) -> Result<Listed<AuditView>, Refused> {
        match self {
            Trail::Accounts => visit.deployment().accounts.audit(&visit.caller, query).await,
            Trail::Region(region) => region.audit(&visit.caller, query).await,
        }
    }

    async fn verify(&self, visit: &Visit) -> Result<TrailStanding, Refused> {
        match self {
            Trail::Accounts => visit.deployment().accounts.verify_audit(&visit.caller).await,
            Trail::Region(region) => region.verify_audit(&visit.caller).await,
        }
    }
}
