//! The table of targets: what each has room for, how its link stands, where the images are already, and what stands in the way.

use model::{KeyState, Pause, Quota, RegionId, Sealing, Standing};
use region::{AlikeTo, AlikeView, ImageView, Likeness, LinkView, Refused, Region, TargetTotal};

use super::estimate::Asked;
use super::reasons::{Approval, Reason, approval, reasons};
use super::sources::Sources;
use super::typed::{Typed, sealing_field, sealing_word};
use crate::look;
use crate::visit::Visit;
use crate::words::Words;

/// How much of a quota is taken, what is promised included.
pub(super) struct Taken {
    pub(super) used: u64,
    pub(super) limit: u64,
    pub(super) percent: u64,
}

impl Taken {
    fn of(quota: &Quota) -> Taken {
        let used = quota.used.saturating_add(quota.reserved);
        Taken { used, limit: quota.limit, percent: look::percent(used, quota.limit) }
    }
}

/// Where an image is already.
pub(super) struct Present {
    pub(super) text: String,
    /// The image there, where this process serves its region.
    pub(super) path: Option<String>,
}

/// What copies there may be sealed with.
pub(super) struct Seal {
    pub(super) word: String,
    pub(super) label: String,
    pub(super) is_chosen: bool,
}

/// One target.
pub(super) struct Row {
    pub(super) region: RegionId,
    pub(super) is_ticked: bool,
    pub(super) is_choosable: bool,
    /// Whether copies there wait for an approval that can be asked for.
    pub(super) needs_approval: bool,
    pub(super) images: Option<Taken>,
    pub(super) snapshots: Option<Taken>,
    /// The kind of its pill, and what it says.
    pub(super) link: Option<(&'static str, String)>,
    pub(super) present: Vec<Present>,
    pub(super) to_send: Option<String>,
    pub(super) reasons: Vec<Reason>,
    pub(super) seal_field: String,
    pub(super) seals: Vec<Seal>,
}

/// Every region but the source's own, by name (R002-10).
pub(super) fn targets(visit: &Visit, region: &Region) -> Vec<RegionId> {
    let all = visit.deployment().regions().into_iter();
    all.map(|view| view.id).filter(|id| id != region.id()).collect()
}

/// A row for each target.
pub(super) async fn rows(
    visit: &Visit,
    region: &Region,
    (sources, typed): (&Sources, &Typed),
    asked: &Asked,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for target in targets(visit, region) {
        let total = asked.total(&target);
        let here = visit.deployment().region(&target).ok();
        let (present, keys) = match &here {
            Some(here) => (present(visit, here, sources).await, keys(visit, here).await),
            None => (Vec::new(), Vec::new()),
        };
        let reasons = total.map_or_else(Vec::new, |total| reasons(visit, region, (sources, total)));
        let fits = total.is_some_and(|total| total.fits.is_ok());
        let asks = |total: &TargetTotal| {
            total.needs.iter().all(|(_, need)| approval(need) == Approval::CanBeAsked)
        };
        let needs = total.is_some_and(|total| !total.needs.is_empty());
        let is_choosable = fits && total.is_some_and(asks);
        let quotas = total.and_then(|total| total.quotas.as_ref());
        let estimate = total.and_then(|total| total.estimate.as_ref());
        let chosen = typed.sealing(&target);
        rows.push(Row {
            is_ticked: is_choosable && typed.targets.contains(&target),
            is_choosable,
            needs_approval: is_choosable && needs,
            images: quotas.map(|(images, _)| Taken::of(images)),
            snapshots: quotas.map(|(_, snapshots)| Taken::of(snapshots)),
            link: total.and_then(|total| link(visit.words, total)),
            present,
            to_send: estimate.map(|estimate| look::bytes(estimate.bytes_to_send)),
            reasons,
            seal_field: sealing_field(&target),
            seals: seals(visit.words, sources, (&chosen, keys)),
            region: target,
        });
    }
    rows
}

fn link(words: Words, total: &TargetTotal) -> Option<(&'static str, String)> {
    match (&total.link, &total.fits) {
        (Some(LinkView { pause: Pause::Paused, .. }), _) => {
            Some(("wait", words.say("copying-link-paused").to_string()))
        }
        (Some(LinkView { running: 0, waiting: 0, .. }), _) => {
            Some(("ok", words.say("copying-link-idle").to_string()))
        }
        (Some(LinkView { running, waiting, .. }), _) => {
            let saying = words.say("copying-link-busy");
            Some(("way", saying.with("running", *running).with("waiting", *waiting).to_string()))
        }
        (None, Err(Refused::Fault(_) | Refused::Elsewhere { .. })) => {
            Some(("bad", words.say("copying-link-down").to_string()))
        }
        (None, _) => None,
    }
}

/// The images that a target has of those that are to be copied. What it does not tell is left out.
async fn present(visit: &Visit, target: &Region, sources: &Sources) -> Vec<Present> {
    let of: Vec<AlikeTo> = sources.ready.iter().map(alike_to).collect();
    if of.is_empty() {
        return Vec::new();
    }
    let alike = match target.alike(&visit.caller, of).await {
        Ok(alike) => alike,
        Err(refused) => {
            tracing::warn!(region = %target.id(), ?refused, "what is in a target is not told");
            return Vec::new();
        }
    };
    let words = visit.words;
    if let [views] = alike.as_slice() {
        let first = views.iter().find(|view| view.standing != Standing::CreateFailed);
        return first.into_iter().map(|view| told(words, target, view)).collect();
    }
    let is_same = |view: &AlikeView| {
        view.likeness == Likeness::Same && view.standing != Standing::CreateFailed
    };
    match alike.iter().filter(|views| views.iter().any(is_same)).count() {
        0 => Vec::new(),
        some => {
            let saying = words.say("copying-present-some").with("count", some as u64);
            vec![Present { text: saying.to_string(), path: None }]
        }
    }
}

fn alike_to(view: &ImageView) -> AlikeTo {
    let origin = view.origin.as_ref().map(|origin| (origin.region.clone(), origin.image.clone()));
    let itself = (view.region.clone(), view.id.clone());
    AlikeTo {
        name: view.name.clone(),
        disks: view.disks.iter().map_while(|disk| disk.digest).collect(),
        lineage: std::iter::once(itself).chain(origin).collect(),
    }
}

fn told(words: Words, target: &Region, view: &AlikeView) -> Present {
    let saying = match (view.likeness, view.standing) {
        (_, Standing::Creating | Standing::Waiting) => words.say("copying-present-coming"),
        (Likeness::Same, _) => words.say("copying-present-same"),
        (Likeness::Other, _) => words.say("copying-present-older"),
    };
    Present {
        text: saying.showing("name", &view.name).to_string(),
        path: Some(format!("/regions/{}/images/{}", target.id(), view.image)),
    }
}

/// The keys of a target that seal just now; none where its keys are kept elsewhere.
pub(crate) async fn keys(visit: &Visit, target: &Region) -> Vec<model::EncryptionKeyId> {
    match target.encryption_keys(&visit.caller).await {
        Ok(keys) => {
            let enabled = keys.into_iter().filter(|key| key.state == KeyState::Enabled);
            enabled.map(|key| key.id).collect()
        }
        Err(Refused::Rejected(_)) => Vec::new(),
        Err(refused) => {
            tracing::warn!(region = %target.id(), ?refused, "a target's keys are not told");
            Vec::new()
        }
    }
}

/// What copies may be sealed with: an encrypted image is not made plain (api-15).
fn seals(
    words: Words,
    sources: &Sources,
    (chosen, keys): (&Sealing, Vec<model::EncryptionKeyId>),
) -> Vec<Seal> {
    let sealed = sources.ready.iter().filter(|view| view.encryption_key.is_some()).count();
    let as_source = match sealed {
        0 => words.say("copying-seal-plain"),
        all if all == sources.ready.len() => words.say("copying-seal-default-as-source"),
        _some => words.say("copying-seal-each"),
    };
    let mut all = vec![(Sealing::AsSource, as_source.to_string())];
    if sealed < sources.ready.len() {
        all.push((Sealing::DefaultKey, words.say("copying-seal-default").to_string()));
    }
    let of_key = |key| {
        let label = words.say("copying-seal-key").showing("key", &key).to_string();
        (Sealing::Key(key), label)
    };
    all.extend(keys.into_iter().map(of_key));
    // What was chosen stays to be seen, also where it cannot be had any more.
    if !all.iter().any(|(sealing, _)| sealing == chosen) {
        let label = match chosen {
            Sealing::Plain => words.say("copying-seal-plain").to_string(),
            Sealing::AsSource | Sealing::DefaultKey | Sealing::Key(_) => sealing_word(chosen),
        };
        all.push((chosen.clone(), label));
    }
    let seal = |(sealing, label): (Sealing, String)| Seal {
        word: sealing_word(&sealing),
        label,
        is_chosen: sealing == *chosen,
    };
    all.into_iter().map(seal).collect()
}
