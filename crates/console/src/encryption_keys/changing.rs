//! Rotating, disabling and enabling an encryption key.

use region::{EncryptionKeyView, Refused, Region};

use super::{list_path, one, path};
use crate::confirm::{self, Question};
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;

/// What is asked about first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It neither seals nor opens, until it is enabled again.
    Disable,
    /// What comes is sealed with a new version of it.
    Rotate,
}

fn question(
    visit: &Visit,
    region: &Region,
    (key, change): (&EncryptionKeyView, Change),
) -> Question {
    let words = visit.words;
    let (title, says, button, act) = match change {
        Change::Disable => {
            let locks = words.say("encryption-keys-disable-locks");
            let says = vec![
                locks.with("images", key.images).with("snapshots", key.snapshots),
                words.say("encryption-keys-disable-stops"),
            ];
            let title = words.say("encryption-keys-disable-title");
            (title, says, words.say("encryption-keys-disable"), "disable")
        }
        Change::Rotate => {
            let will = words.say("encryption-keys-rotate-will").with("version", key.versions + 1);
            let title = words.say("encryption-keys-rotate-title");
            (title, vec![will], words.say("encryption-keys-rotate"), "rotate")
        }
    };
    Question {
        section: Section::EncryptionKeys,
        title: title.showing("region", region.id()),
        id: key.id.to_string(),
        says,
        path: format!("{}/{act}", path(region, key)),
        back: list_path(region),
        button,
    }
}

/// Says what a change will do.
pub(super) async fn ask(visit: Visit, change: Change) -> Result<Page, Shown> {
    let (region, key) = one(&visit).await?;
    Ok(confirm::page(&visit, &question(&visit, &region, (&key, change)), None))
}

/// Does it.
pub(super) async fn change(visit: Visit, change: Change) -> Result<Done, Shown> {
    let (region, key) = one(&visit).await?;
    let (caller, words) = (&visit.caller, visit.words);
    let (done, notice) = match change {
        Change::Disable => {
            let done = region.disable_encryption_key(caller, &key.id).await;
            (done, words.say("encryption-keys-disabled-now"))
        }
        Change::Rotate => {
            let done = region.rotate_encryption_key(caller, &key.id).await;
            (done, words.say("encryption-keys-rotated-now"))
        }
    };
    match done {
        Ok(key) => Ok(visit.done(list_path(&region), &notice.showing("key", &key.id))),
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, words);
            let question = question(&visit, &region, (&key, change));
            Ok(confirm::page(&visit, &question, Some(&problem)).into())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Lets it seal and open again; takes back a deletion that is pending.
pub(super) async fn enable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let (region, key) = one(&visit).await?;
    let key = region.enable_encryption_key(&visit.caller, &key.id).await?;
    let notice = visit.words.say("encryption-keys-enabled-now").showing("key", &key.id);
    Ok(visit.done(list_path(&region), &notice))
}
