//! What may be done with a snapshot, as links, or as texts with the reason why not.

use model::SnapshotAction;
use region::{SnapshotView, offered_for_snapshot};

use crate::refusal::{Problem, told};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// One action.
pub(super) struct Offer {
    /// What it is called.
    pub(super) label: Saying,
    /// Where it is done.
    pub(super) link: String,
    /// Why it is refused just now; none where it is not.
    pub(super) reason: Option<String>,
    /// Whether something is lost by it.
    pub(super) is_dangerous: bool,
}

/// The page of a snapshot.
pub(super) fn link_of(snapshot: &SnapshotView) -> String {
    format!("/regions/{}/snapshots/{}", snapshot.region, snapshot.id)
}

/// Every action on a snapshot.
pub(super) fn offers(visit: &Visit, snapshot: &SnapshotView) -> Vec<Offer> {
    let judged = offered_for_snapshot(&visit.caller, snapshot).into_iter();
    judged
        .map(|(action, judged)| Offer {
            label: label(action, visit.words),
            link: format!("{}/{}", link_of(snapshot), page_of(action)),
            reason: judged.err().map(|rejection| told(&rejection, visit.words)),
            is_dangerous: action == SnapshotAction::Delete,
        })
        .collect()
}

/// What the region would answer to an action just now, where that is a refusal.
pub(super) fn refusal(
    visit: &Visit,
    snapshot: &SnapshotView,
    wanted: SnapshotAction,
) -> Option<Problem> {
    let judged = offered_for_snapshot(&visit.caller, snapshot).into_iter();
    let rejection =
        judged.filter(|(action, _)| *action == wanted).find_map(|(_, one)| one.err())?;
    Some(Problem::of_rejection(&rejection, visit.words))
}

fn page_of(action: SnapshotAction) -> &'static str {
    match action {
        SnapshotAction::Copy => "copy",
        SnapshotAction::CreateImage => "image",
        SnapshotAction::Delete => "delete",
    }
}

fn label(action: SnapshotAction, words: Words) -> Saying {
    words.say(match action {
        SnapshotAction::Copy => "snapshots-copy",
        SnapshotAction::CreateImage => "snapshots-create-image",
        SnapshotAction::Delete => "snapshots-delete",
    })
}
