//! Whom an image is shared with in its region, and letting others in or out (R001-8).

use std::collections::HashMap;

use askama::Template;
use axum::http::StatusCode;
use model::{AccountId, AccountRejection, Field, ImageAction, Name, Rejection};
use region::{Refused, ShareView};

use super::subject::{Subject, form_page};
use crate::form::Form;
use crate::look::When;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown, told};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// An account that it is shared with.
struct Row {
    account: AccountId,
    /// None where only another process knows it.
    name: Option<Name>,
    since: When,
}

#[derive(Template)]
#[template(path = "acting/share.html")]
struct Share<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    rows: Vec<Row>,
    most: u64,
    typed: &'a str,
    /// Why it is shared with nobody more just now.
    closed: Option<String>,
    way_on: Option<(String, Saying)>,
}

/// The form, with whom it is shared already.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    page(&visit, &subject, "", None).await
}

async fn page(
    visit: &Visit,
    subject: &Subject,
    typed: &str,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let title = subject.title(words.say("acting-share-title"));
    let why = subject.refusal(visit, ImageAction::Share);
    if let Some(why @ (Rejection::NotAllowed { .. } | Rejection::ImageNotYours { .. })) = &why {
        return Ok(subject.refused(visit, (&title, why)));
    }
    let shares = subject.region.shares(&visit.caller, &subject.image.id).await?;
    let names = visit.deployment().accounts.names_of(shares.iter().map(|one| &one.account));
    let names = names.await?;
    let most = subject.region.most_shares();
    let full = Rejection::TooManyShares { limit: usize::try_from(most).unwrap_or(usize::MAX) };
    let why = why.or_else(|| (shares.len() as u64 >= most).then_some(full));
    let problem = problem.as_ref();
    let html = Share {
        visit,
        words,
        subject,
        title: &title,
        problem,
        rows: rows(shares, names),
        most,
        typed,
        closed: why.as_ref().map(|why| told(why, words)),
        way_on: why.as_ref().and_then(|why| subject.way_on(why, words)),
    };
    Ok(form_page(visit, &title, problem, &html))
}

fn rows(shares: Vec<ShareView>, mut names: HashMap<AccountId, Name>) -> Vec<Row> {
    let row = |share: ShareView| Row {
        name: names.remove(&share.account),
        account: share.account,
        since: When(share.created),
    };
    shares.into_iter().map(row).collect()
}

/// Shares it with one account more, or takes it back from one.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = form.text("account");
    let done = match form.text("do") {
        "add" => add(&visit, &subject, typed).await?,
        "remove" => remove(&visit, &subject, typed).await?,
        _other => return Err(Shown::BadForm),
    };
    match done {
        Ok(notice) => Ok(visit.done(subject.path_to("share"), &notice)),
        Err(problem) => Ok(page(&visit, &subject, typed, Some(problem)).await?.into()),
    }
}

async fn add(
    visit: &Visit,
    subject: &Subject,
    typed: &str,
) -> Result<Result<Saying, Problem>, Shown> {
    let account = match account(visit, typed).await? {
        Ok(account) => account,
        Err(problem) => return Ok(Err(problem)),
    };
    let shared = subject.region.share_image(&visit.caller, &subject.image.id, vec![account]).await;
    match shared {
        Ok(_) => Ok(Ok(visit.words.say("acting-share-added").showing("account", typed))),
        Err(refused) => Ok(Err(about_account(visit, refused)?)),
    }
}

async fn remove(
    visit: &Visit,
    subject: &Subject,
    typed: &str,
) -> Result<Result<Saying, Problem>, Shown> {
    let account: AccountId = typed.parse().map_err(|_| Shown::BadForm)?;
    let (region, image) = (&subject.region, &subject.image.id);
    let shares = region.shares(&visit.caller, image).await?;
    let shared = shares.iter().map(|one| &one.account).filter(|one| **one == account);
    let names = visit.deployment().accounts.names_of(shared).await?;
    match region.unshare_image(&visit.caller, image, vec![account.clone()]).await {
        Ok(_) => {
            let name = names.get(&account).map_or_else(|| account.to_string(), Name::to_string);
            Ok(Ok(visit.words.say("acting-share-removed").showing("account", name)))
        }
        Err(refused) => Ok(Err(visit.problem(refused)?)),
    }
}

/// The account that is meant by an id or a name.
async fn account(visit: &Visit, typed: &str) -> Result<Result<AccountId, Problem>, Shown> {
    if let Ok(id) = typed.parse() {
        return Ok(Ok(id));
    }
    let unknown = || Problem {
        text: visit.words.say("acting-share-unknown").showing("account", typed).to_string(),
        status: StatusCode::UNPROCESSABLE_ENTITY,
        field: Some(Field::Account),
    };
    let Ok(name) = Name::new(typed) else { return Ok(Err(unknown())) };
    let found = visit.deployment().accounts.account_named(&name).await?;
    Ok(found.ok_or_else(unknown))
}

/// A refusal that is about the account that was typed.
fn about_account(visit: &Visit, refused: Refused) -> Result<Problem, Shown> {
    let is_about = matches!(
        &refused,
        Refused::Rejected(
            Rejection::SharedWithSelf { .. }
                | Rejection::Account(AccountRejection::AccountNotFound { .. })
        )
    );
    let problem = visit.problem(refused)?;
    Ok(if is_about { Problem { field: Some(Field::Account), ..problem } } else { problem })
}
