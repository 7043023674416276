//! What may be done with what a caller is shown, told from the view alone, with the refusal that the command would answer.

use model::rules::{
    DeletionFacts, DeprecationFacts, Force, Maker, PublishingFacts, Sealed, ShowingFacts,
    SnapshotDeletionFacts, SnapshotFacts, SourceFacts, judge_cancelling, judge_conversion,
    judge_creation, judge_deletion, judge_deprecation, judge_export, judge_own, judge_publishing,
    judge_showing, judge_snapshot, judge_snapshot_deletion, judge_source, judge_use,
};
use model::{
    Act, Deprecation, ImageAction, ImageKind, ImageStatus, Rejection, SnapshotAction,
    SnapshotStanding,
};

use crate::commands::Caller;
use crate::views::{ImageView, SnapshotView};

/// Every action on an image, each once and in this order, and why it would be refused just now.
///
/// What depends on more than the image, its command alone can tell. For a copy: chunks that a scrub set aside, whether a key
/// can be used, the limits of a door, and all that depends on the target. For an export: the same of chunks and key, its bucket,
/// and files there that a cancelled one has still to take back. For sharing: with whom, and with how many. Publishing is told as
/// of a custom image; one that is published is taken back first. Deleting is told without force. Converting takes of the quotas.
/// An image that failed, and whose copy has not let go of its source yet, is told as one that nothing makes.
pub fn offered(caller: &Caller, image: &ImageView) -> Vec<(ImageAction, Result<(), Rejection>)> {
    let judged = |action: &ImageAction| (*action, judge(caller, image, *action));
    ImageAction::ALL.iter().map(judged).collect()
}

/// Whether the caller may advise against an image that it is shown, or no longer: a part of editing it.
pub fn offered_deprecation(
    caller: &Caller,
    image: &ImageView,
    to: Deprecation,
) -> Result<(), Rejection> {
    judge(caller, image, ImageAction::Edit)?;
    let facts = DeprecationFacts {
        image: image.id.clone(),
        status: image.status,
        kind: image.kind,
        shared_with: image.shared_with,
    };
    judge_deprecation(&facts, to)
}

/// Every action on a snapshot, each once and in this order, and why it would be refused just now. Chunks that a scrub set aside,
/// whether a key can be used, and what depends on a copy's target, the commands alone can tell.
pub fn offered_for_snapshot(
    caller: &Caller,
    snapshot: &SnapshotView,
) -> Vec<(SnapshotAction, Result<(), Rejection>)> {
    let judged = |action: &SnapshotAction| (*action, judge_snapshots(caller, snapshot, *action));
    SnapshotAction::ALL.iter().map(judged).collect()
}

fn judge(caller: &Caller, image: &ImageView, action: ImageAction) -> Result<(), Rejection> {
    caller.must(match action {
        ImageAction::Publish => Act::Operate,
        ImageAction::Copy
        | ImageAction::CreateInstance
        | ImageAction::Export
        | ImageAction::Share
        | ImageAction::Edit
        | ImageAction::Delete
        | ImageAction::Cancel
        | ImageAction::Convert => Act::Change,
    })?;
    let own = || judge_own(&image.id, &image.owner, &caller.account, image.kind);
    match action {
        ImageAction::Copy => judge_source(&source(image)),
        ImageAction::CreateInstance => judge_use(&image.id, image.status),
        ImageAction::Export => {
            own()?;
            // What is published is exported by its owner like any other.
            let facts = SourceFacts { kind: ImageKind::Custom, ..source(image) };
            judge_export(&facts, image.exported_by.clone())
        }
        ImageAction::Share => {
            own()?;
            judge_showing(&showing(image))
        }
        ImageAction::Publish => {
            own()?;
            judge_publishing(&PublishingFacts {
                showing: showing(image),
                shared_with: image.shared_with,
                held_by: image.held_by.clone(),
            })
        }
        ImageAction::Edit => own(),
        ImageAction::Delete => {
            own()?;
            judge_deletion(&deletion(image), Force::No)
        }
        ImageAction::Cancel => {
            own()?;
            judge_cancelling(&image.id, maker(image))
        }
        ImageAction::Convert => {
            own()?;
            judge_conversion(&image.id, image.storage)
        }
    }
}

fn deprecation(image: &ImageView) -> Deprecation {
    match image.deprecated {
        None => Deprecation::Current,
        Some(_) => Deprecation::Deprecated,
    }
}

fn source(image: &ImageView) -> SourceFacts {
    SourceFacts {
        image: image.id.clone(),
        kind: image.kind,
        storage: image.storage,
        status: image.status,
        deprecation: deprecation(image),
        damaged_chunks: 0,
    }
}

fn showing(image: &ImageView) -> ShowingFacts {
    ShowingFacts {
        image: image.id.clone(),
        kind: image.kind,
        status: image.status,
        deprecation: deprecation(image),
        sealed: if image.encryption_key.is_some() { Sealed::Yes } else { Sealed::No },
    }
}

fn deletion(image: &ImageView) -> DeletionFacts {
    DeletionFacts {
        image: image.id.clone(),
        status: image.status,
        held_by: image.held_by.clone(),
        instances: image.instances,
        kind: image.kind,
        shared_with: image.shared_with,
        converted_into: image.converted_into.clone(),
        exported_by: image.exported_by.clone(),
    }
}

/// Only a copy leaves an image with an origin.
fn maker(image: &ImageView) -> Maker {
    match (image.status, &image.origin) {
        (ImageStatus::Creating, _) => Maker::Running,
        (ImageStatus::Available, Some(_)) => Maker::Finished,
        (ImageStatus::Available, None) | (ImageStatus::CreateFailed, _) => Maker::Nothing,
    }
}

fn judge_snapshots(
    caller: &Caller,
    snapshot: &SnapshotView,
    action: SnapshotAction,
) -> Result<(), Rejection> {
    caller.must(Act::Change)?;
    let facts = SnapshotFacts {
        snapshot: snapshot.id.clone(),
        standing: snapshot.standing,
        size: snapshot.size,
        key: snapshot.encryption_key.clone(),
        damaged_chunks: 0,
    };
    match action {
        SnapshotAction::Copy => judge_snapshot(&facts),
        SnapshotAction::CreateImage => judge_creation(&[(facts, None)]).map(drop),
        SnapshotAction::Delete => match snapshot.standing {
            SnapshotStanding::Whole => judge_snapshot_deletion(&SnapshotDeletionFacts {
                snapshot: snapshot.id.clone(),
                image: snapshot.images.first().cloned(),
                held_by: snapshot.held_by.clone(),
            }),
            // Its copy is cancelled, or what is left of it is forgotten.
            SnapshotStanding::Copying | SnapshotStanding::Failed => Ok(()),
        },
    }
}
