//! The limits of an account in a region: an operator's business.

use askama::Template;
use model::{Act, Quota, QuotaKind};
use region::{AccountView, PageQuery, Refused, Region};

use super::list::Bar;
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// Accounts that are offered to choose from.
const ACCOUNTS: u32 = 500;

#[derive(Template)]
#[template(path = "regions/quotas.html")]
struct QuotaForm<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    path: String,
    account: &'a AccountView,
    accounts: Vec<AccountView>,
    rows: Vec<Row>,
    problem: Option<Problem>,
}

/// One limit, and what was typed for it.
struct Row {
    bar: Bar,
    typed: String,
}

/// Shows the limits of the account in the address, else of the visitor's own.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    visit.caller.must(Act::Operate)?;
    let account = account(&visit, visit.query("account")).await?;
    let quotas = region.quotas_of(&visit.caller, &account.id).await?;
    let typed = quotas.iter().map(|quota| quota.limit.to_string()).collect();
    page(&visit, &region, (&account, quotas, typed), None).await
}

/// An account by its id; the visitor's own where none is named.
async fn account(visit: &Visit, id: &str) -> Result<AccountView, Shown> {
    let id = match id {
        "" => visit.caller.account.clone(),
        id => id.parse().map_err(|_| Shown::Absent)?,
    };
    match visit.deployment().accounts.account(&visit.caller, &id).await {
        Ok(account) => Ok(account),
        Err(Refused::Rejected(_)) => Err(Shown::Absent),
        Err(refused) => Err(refused.into()),
    }
}

async fn page(
    visit: &Visit,
    region: &Region,
    (account, quotas, typed): (&AccountView, Vec<Quota>, Vec<String>),
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let query = PageQuery { after: None, limit: ACCOUNTS };
    let mut accounts = visit.deployment().accounts.accounts(&visit.caller, query).await?.items;
    if !accounts.iter().any(|one| one.id == account.id) {
        accounts.push(account.clone());
    }
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    let title = words.say("regions-quotas-title").showing("region", region.id()).to_string();
    let status = problem.as_ref().map(|problem| problem.status);
    let rows = quotas.iter().zip(typed);
    let form = QuotaForm {
        visit,
        words,
        title: title.clone(),
        path: format!("/regions/{}/quotas", region.id()),
        account,
        accounts,
        rows: rows.map(|(quota, typed)| Row { bar: Bar::of(quota), typed }).collect(),
        problem,
    };
    let page = visit.page(Section::Regions, title).part("quotas", &form).dialog();
    Ok(match status {
        Some(status) => page.status(status),
        None => page,
    })
}

/// Sets the limits that were changed.
pub(crate) async fn act(visit: Visit, sent: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let words = visit.words;
    visit.caller.must(Act::Operate)?;
    let account = account(&visit, sent.text("account")).await?;
    let quotas = region.quotas_of(&visit.caller, &account.id).await?;
    let typed: Vec<String> =
        quotas.iter().map(|quota| sent.text(quota.kind.as_str()).to_owned()).collect();
    // What a catalog can hold.
    let number = |text: &String| text.parse::<u64>().ok().filter(|n| i64::try_from(*n).is_ok());
    let limits: Option<Vec<u64>> = typed.iter().map(number).collect();
    let Some(limits) = limits else {
        let problem = Problem::said(&words.say("regions-no-quota-number"));
        return Ok(page(&visit, &region, (&account, quotas, typed), Some(problem)).await?.into());
    };
    for (quota, limit) in quotas.iter().zip(limits) {
        if quota.limit == limit {
            continue;
        }
        let set = region.set_quota_of(&visit.caller, &account.id, quota.kind, limit).await;
        if let Err(refused) = set {
            let problem = visit.problem(refused)?;
            let given = (&account, quotas.clone(), typed);
            return Ok(page(&visit, &region, given, Some(problem)).await?.into());
        }
    }
    let notice = words.say("regions-quotas-set").showing("name", &account.name);
    Ok(visit.done("/regions", &notice.showing("region", region.id())))
}

impl Row {
    fn label(&self) -> &'static str {
        label(self.bar.kind)
    }
}

/// The text that says what a quota counts.
fn label(kind: QuotaKind) -> &'static str {
    match kind {
        QuotaKind::Image => "regions-images",
        QuotaKind::Snapshot => "regions-snapshots",
    }
}
