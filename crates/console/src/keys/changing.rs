//! Disabling, enabling and deleting an access key.

use model::{AccessKeyId, Admittance};
use region::{KeyView, Refused};

use super::Holder;
use crate::confirm::{self, Question};
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;

/// What is asked about first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nobody signs in with it, until it is enabled again.
    Disable,
    /// It is gone.
    Delete,
}

/// The holder's key that the path names. Another's is nowhere.
async fn key(visit: &Visit, holder: &Holder) -> Result<KeyView, Shown> {
    let id: AccessKeyId = visit.id("key")?;
    let keys = visit.deployment().accounts.list_keys_of(&visit.caller, &holder.user).await?;
    keys.into_iter().find(|key| key.id == id).ok_or(Shown::Absent)
}

fn question(visit: &Visit, holder: &Holder, (key, change): (&KeyView, Change)) -> Question {
    let words = visit.words;
    let (title, says, button, act) = match change {
        Change::Disable => (
            words.say("keys-disable-title"),
            words.say("keys-disable-will"),
            words.say("keys-disable"),
            "disable",
        ),
        Change::Delete => (
            words.say("keys-delete-title"),
            words.say("keys-delete-will"),
            words.say("keys-delete"),
            "delete",
        ),
    };
    let mut says = vec![says];
    if visit.who.key.as_ref() == Some(&key.id) {
        says.push(words.say("keys-ends-this"));
    }
    Question {
        section: holder.section,
        title,
        id: key.id.to_string(),
        says,
        path: format!("{}/{}/{act}", holder.base, key.id),
        back: holder.back.clone(),
        button,
    }
}

/// Says what a change will do.
pub(crate) async fn ask(visit: &Visit, holder: &Holder, change: Change) -> Result<Page, Shown> {
    let key = key(visit, holder).await?;
    Ok(confirm::page(visit, &question(visit, holder, (&key, change)), None))
}

/// Does it.
pub(crate) async fn change(visit: &Visit, holder: &Holder, change: Change) -> Result<Done, Shown> {
    let key = key(visit, holder).await?;
    let (accounts, words) = (&visit.deployment().accounts, visit.words);
    let (done, notice) = match change {
        Change::Disable => {
            let done = accounts.set_key_state(&visit.caller, &key.id, Admittance::Disabled).await;
            (done.map(|_view| ()), words.say("keys-disabled-now"))
        }
        Change::Delete => {
            let done = accounts.delete_key(&visit.caller, &key.id).await;
            (done, words.say("keys-deleted-now"))
        }
    };
    match done {
        Ok(()) => Ok(visit.done(&holder.back, &notice.showing("key", &key.id))),
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, words);
            let question = question(visit, holder, (&key, change));
            Ok(confirm::page(visit, &question, Some(&problem)).into())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Lets somebody sign in with it again.
pub(crate) async fn enable(visit: &Visit, holder: &Holder) -> Result<Done, Shown> {
    let key = key(visit, holder).await?;
    let accounts = &visit.deployment().accounts;
    let key = accounts.set_key_state(&visit.caller, &key.id, Admittance::Active).await?;
    let notice = visit.words.say("keys-enabled-now").showing("key", &key.id);
    Ok(visit.done(&holder.back, &notice))
}
