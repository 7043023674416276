//! Why a target does not take the copies just now, and what can be done about it.

use std::slice::from_ref;

use model::{ImageId, Quota, QuotaKind, RegionId, Rejection};
use region::{Refused, Region, TargetTotal};

use super::sources::Sources;
use crate::refusal::told;
use crate::rejection_words;
use crate::visit::{Visit, encoded};
use crate::words::Words;

/// The most reasons that a row tells.
const MOST: usize = 3;

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// What.
    pub(super) text: String,
    /// Where something can be done about it, and what that is called.
    pub(super) link: Option<(String, String)>,
}

/// What an approval does for a copy that was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// It would let it run, and can be asked for.
    CanBeAsked,
    /// Nothing.
    IsNotIt,
}

/// Whether asking for an approval is what helps.
pub(super) fn approval(rejection: &Rejection) -> Approval {
    match rejection {
        Rejection::TicketNeeded { .. }
        | Rejection::TicketRefused { .. }
        | Rejection::TicketExpired { .. }
        | Rejection::TicketSpent { .. } => Approval::CanBeAsked,
        _other => Approval::IsNotIt,
    }
}

/// Where approvals are asked for copies of these images to these targets.
pub(super) fn ticket_path(region: &RegionId, images: &[ImageId], targets: &[RegionId]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for image in images {
        query.append_pair("image", image.as_str());
    }
    for target in targets {
        query.append_pair("target", target.as_str());
    }
    format!("/regions/{region}/ticket?{}", query.finish())
}

/// All that stands in the way of a target's copies, each thing once.
pub(super) fn reasons(
    visit: &Visit,
    region: &Region,
    (sources, total): (&Sources, &TargetTotal),
) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut add = |reason: Reason| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    };
    if let Err(refused) = &total.fits {
        add(refusal(visit, region, (refused, &total.target)));
    }
    for (image, rejection) in &total.needs {
        let mut reason = need(visit, region, (image, &total.target, rejection));
        if sources.ready.len() > 1 {
            reason.text = format!("{}: {}", sources.name_of(image), reason.text);
        }
        add(reason);
    }
    let more = reasons.len().saturating_sub(MOST);
    if more > 0 {
        reasons.truncate(MOST);
        let text = visit.words.say("copying-more-reasons").with("count", more as u64).to_string();
        reasons.push(Reason { text, link: None });
    }
    reasons
}

/// Why a target refuses, in the visitor's words.
pub(super) fn refusal(
    visit: &Visit,
    region: &Region,
    (refused, target): (&Refused, &RegionId),
) -> Reason {
    let words = visit.words;
    match refused {
        Refused::Rejected(Rejection::QuotaExceeded {
            kind,
            limit,
            used,
            reserved,
            wanted,
            region: _,
        }) => {
            let quota = Quota { kind: *kind, limit: *limit, used: *used, reserved: *reserved };
            Reason { text: no_room(words, &quota, *wanted), link: None }
        }
        Refused::Rejected(rejection) => of_rejection(visit, region, (rejection, target)),
        Refused::Elsewhere { .. }
        | Refused::Unauthorised
        | Refused::Rehearsed
        | Refused::BadFrames { .. }
        | Refused::Fault(_) => {
            tracing::warn!(target_region = %target, ?refused, "a target of copies did not answer");
            Reason { text: words.say("copying-unreachable").to_string(), link: None }
        }
    }
}

fn no_room(words: Words, quota: &Quota, wanted: u64) -> String {
    let left = quota.limit.saturating_sub(quota.used.saturating_add(quota.reserved));
    let saying = match quota.kind {
        QuotaKind::Image => words.say("copying-no-room-images"),
        QuotaKind::Snapshot => words.say("copying-no-room-snapshots"),
    };
    saying.with("left", left).with("wanted", wanted).to_string()
}

/// What one image needs before it may leave for a target.
fn need(
    visit: &Visit,
    region: &Region,
    (image, target, rejection): (&ImageId, &RegionId, &Rejection),
) -> Reason {
    match approval(rejection) {
        Approval::CanBeAsked => {
            let path = ticket_path(region.id(), from_ref(image), from_ref(target));
            let label = visit.words.say("copying-ask-approval").to_string();
            Reason { text: needed(visit.words, rejection), link: Some((path, label)) }
        }
        Approval::IsNotIt => of_rejection(visit, region, (rejection, target)),
    }
}

/// What stands in the way, without what its row says already.
fn needed(words: Words, rejection: &Rejection) -> String {
    match rejection {
        Rejection::TicketNeeded { need, .. } => rejection_words::need(need, words).to_string(),
        other => told(other, words),
    }
}

/// A rejection with a link to what it names.
fn of_rejection(
    visit: &Visit,
    region: &Region,
    (rejection, target): (&Rejection, &RegionId),
) -> Reason {
    let words = visit.words;
    let link = match rejection {
        Rejection::TicketUndecided { ticket } => {
            let path = format!("/regions/{}/tickets/{ticket}", region.id());
            Some((path, words.say("copying-to-ticket").to_string()))
        }
        Rejection::AlreadyCopying { target: into, by, .. }
            if visit.deployment().region(into).is_ok() =>
        {
            Some((format!("/regions/{into}/copies/{by}"), words.say("copying-to-copy").to_string()))
        }
        Rejection::TicketNeeded { image, .. } => {
            let path = ticket_path(region.id(), from_ref(image), from_ref(target));
            Some((path, words.say("copying-ask-approval").to_string()))
        }
        Rejection::KeyUnusable { .. } | Rejection::EncryptionKeyNotFound { .. } => {
            let path = format!("/encryption-keys?region={}", encoded(target.as_str()));
            Some((path, words.say("copying-to-keys").to_string()))
        }
        _other => None,
    };
    Reason { text: needed(words, rejection), link }
}
