//! How one snapshot looks, in its row and on its page.

use std::collections::HashMap;

use model::{DiskRole, ImageId, Origin, SnapshotStanding};
use region::{Region, SnapshotView};

use super::offers::{Offer, link_of, offers};
use crate::look::{self, When};
use crate::names::names;
use crate::refusal::Shown;
use crate::rejection_words::cause;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// Images on a snapshot that its row names; how many more there are it says.
const USES: usize = 2;

/// A snapshot.
pub(super) struct Row {
    pub(super) snapshot: SnapshotView,
    pub(super) link: String,
    pub(super) role: Saying,
    pub(super) size: String,
    pub(super) held: String,
    pub(super) stands: Stands,
    /// What it was copied from; none where it was imported.
    pub(super) origin: Option<From>,
    pub(super) uses: Vec<Use>,
    pub(super) more_uses: usize,
    /// The copy that reads it, and where that goes.
    pub(super) reader: Option<(String, Option<String>)>,
    pub(super) key_link: String,
    pub(super) created: When,
    pub(super) offers: Vec<Offer>,
}

/// How it stands.
pub(super) struct Stands {
    /// The pill's kind.
    pub(super) kind: &'static str,
    /// The pill's word.
    pub(super) word: Saying,
    /// How much of it is here, in percent, while it comes.
    pub(super) percent: Option<u8>,
    /// Why it never came.
    pub(super) note: Option<String>,
}

/// What a copied snapshot was made from.
pub(super) struct From {
    pub(super) region: String,
    pub(super) snapshot: String,
    /// The snapshot there, where this process serves its region.
    pub(super) path: Option<String>,
    pub(super) copy: String,
    pub(super) copy_path: String,
}

/// An image that rests on it.
pub(super) struct Use {
    pub(super) path: String,
    pub(super) name: String,
}

/// How many of the images on a snapshot are named.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// The first ones.
    Some,
    /// All of them.
    All,
}

impl Naming {
    fn most(self) -> usize {
        match self {
            Naming::Some => USES,
            Naming::All => usize::MAX,
        }
    }
}

/// The rows of a region's snapshots.
pub(super) async fn rows(
    visit: &Visit,
    region: &Region,
    (snapshots, naming): (Vec<SnapshotView>, Naming),
) -> Result<Vec<Row>, Shown> {
    let used = snapshots.iter().flat_map(|one| one.images.iter().take(naming.most()));
    let names = names(visit, region, used.cloned().collect()).await?;
    let row = |snapshot| Row::of(visit, snapshot, (&names, naming));
    Ok(snapshots.into_iter().map(row).collect())
}

impl Row {
    fn of(
        visit: &Visit,
        snapshot: SnapshotView,
        (names, naming): (&HashMap<ImageId, String>, Naming),
    ) -> Self {
        let region = &snapshot.region;
        let shown = snapshot.images.iter().take(naming.most());
        let uses = shown.map(|image| Use {
            path: format!("/regions/{region}/images/{image}"),
            name: names.get(image).cloned().unwrap_or_else(|| image.to_string()),
        });
        Row {
            link: link_of(&snapshot),
            role: role(snapshot.role, visit.words),
            size: look::bytes(snapshot.size.bytes()),
            held: held(&snapshot),
            stands: Stands::of(&snapshot, visit.words),
            origin: snapshot.origin.as_ref().map(|origin| From::of(visit, &snapshot, origin)),
            uses: uses.collect(),
            more_uses: snapshot.images.len().saturating_sub(naming.most()),
            reader: snapshot.held_by.as_ref().map(|(copy, target)| {
                let is_here = visit.deployment().region(target).is_ok();
                (target.to_string(), is_here.then(|| format!("/regions/{target}/copies/{copy}")))
            }),
            key_link: format!("/encryption-keys?region={region}"),
            created: When(snapshot.created),
            offers: offers(visit, &snapshot),
            snapshot,
        }
    }

    /// What it is called where something must be said: its id, where it has no name.
    pub(super) fn title(&self) -> String {
        title(&self.snapshot)
    }
}

/// What a snapshot is called: its id, where it has no name.
pub(super) fn title(snapshot: &SnapshotView) -> String {
    match snapshot.name.as_str() {
        "" => snapshot.id.to_string(),
        name => name.to_owned(),
    }
}

fn role(role: DiskRole, words: Words) -> Saying {
    match role.number() {
        0 => words.say("snapshots-role-system"),
        number => words.say("snapshots-role-data").with("number", u64::from(number)),
    }
}

fn held(snapshot: &SnapshotView) -> String {
    match snapshot.standing {
        SnapshotStanding::Whole => look::bytes(snapshot.held_bytes),
        SnapshotStanding::Copying | SnapshotStanding::Failed => "-".to_owned(),
    }
}

impl Stands {
    fn of(snapshot: &SnapshotView, words: Words) -> Self {
        let (kind, word, percent) = match snapshot.standing {
            SnapshotStanding::Whole => ("ok", words.say("snapshots-whole"), None),
            SnapshotStanding::Copying => {
                ("way", words.say("snapshots-copying"), Some(snapshot.percent))
            }
            SnapshotStanding::Failed => ("bad", words.say("snapshots-failed"), None),
        };
        let note = snapshot.failure.as_ref().map(|failure| cause(failure, words));
        Stands { kind, word, percent, note }
    }
}

impl From {
    fn of(visit: &Visit, snapshot: &SnapshotView, origin: &Origin) -> Self {
        let (source, copy) = (&origin.region, &origin.copy);
        let is_here = visit.deployment().region(source).is_ok();
        let there = origin.snapshot.as_ref();
        let path = there.map(|there| format!("/regions/{source}/snapshots/{there}"));
        From {
            region: source.to_string(),
            snapshot: there.map_or_else(String::new, ToString::to_string),
            path: path.filter(|_| is_here),
            copy: copy.to_string(),
            copy_path: format!("/regions/{}/copies/{copy}", snapshot.region),
        }
    }
}
