//! Where each image is: a row an image, a column a region.

use std::collections::BTreeSet;

use askama::Template;
use model::{Act, ImageId, ImageSearch, PageOf, RegionId, Standing};
use region::{AlikeTo, AlikeView, ImageView, Likeness, Region};

use crate::look::{When, bytes};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// Rows: as many as a look takes in.
const ROWS: usize = 20;
/// Images of each region that rows are found among: the newest.
const NEWEST: u32 = 60;

/// Where the newest images are.
#[derive(Template)]
#[template(path = "overview/matrix.html")]
pub(crate) struct Matrix {
    words: Words,
    regions: Vec<String>,
    rows: Vec<Row>,
    more: Option<String>,
    may_copy: bool,
}

struct Row {
    name: String,
    path: String,
    size: String,
    digest: String,
    cells: Vec<Cell>,
}

/// How an image is in a region.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is there, the same.
    Same,
    /// An image of its name or lineage is there that holds something else.
    Other,
    /// It is under way there.
    UnderWay,
    /// Making it there failed.
    Failed,
    /// It is not there.
    Absent,
}

struct Cell {
    presence: Presence,
    percent: u8,
    label: String,
    /// What is there, or where a copy is asked for.
    path: Option<String>,
    created: Option<When>,
}

impl Presence {
    /// Of the best that a region has.
    pub(crate) fn of(best: Option<&AlikeView>) -> Self {
        match best {
            None => Presence::Absent,
            Some(alike) => match (alike.standing, alike.likeness) {
                (Standing::Waiting | Standing::Creating, _) => Presence::UnderWay,
                (Standing::CreateFailed, _) => Presence::Failed,
                (Standing::Available | Standing::Deprecated, Likeness::Same) => Presence::Same,
                (Standing::Available | Standing::Deprecated, Likeness::Other) => Presence::Other,
            },
        }
    }

    fn said(self, words: Words) -> Saying {
        words.say(match self {
            Presence::Same => "overview-there",
            Presence::Other => "overview-older",
            Presence::UnderWay => "overview-under-way",
            Presence::Failed => "overview-failed",
            Presence::Absent => "overview-absent",
        })
    }
}

/// What a region is asked about an image.
pub(crate) fn asked(image: &ImageView) -> AlikeTo {
    let itself = (image.region.clone(), image.id.clone());
    let origin = image.origin.iter().map(|from| (from.region.clone(), from.image.clone()));
    AlikeTo {
        name: image.name.clone(),
        disks: image.disks.iter().filter_map(|disk| disk.digest).collect(),
        lineage: std::iter::once(itself).chain(origin).collect(),
    }
}

pub(crate) async fn gather(visit: &Visit) -> Result<Matrix, Shown> {
    let regions: Vec<Region> = visit.deployment().regions_here().cloned().collect();
    let mut newest = Vec::new();
    let mut total = 0;
    for region in visit.regions() {
        let search = ImageSearch {
            owner: Some(visit.caller.account.clone()),
            page: PageOf { offset: 0, limit: NEWEST },
            ..ImageSearch::default()
        };
        let found = region.search_images(&visit.caller, search).await?;
        total += found.total;
        newest.extend(found.items);
    }
    newest.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
    newest.truncate(region::MAX_ALIKE);
    let mut columns = Vec::new();
    for region in &regions {
        columns.push(region.alike(&visit.caller, newest.iter().map(asked).collect()).await?);
    }
    let mut shown: BTreeSet<(RegionId, ImageId)> = BTreeSet::new();
    let mut rows = Vec::new();
    let mut is_whole = total <= u64::from(NEWEST);
    for (place, image) in newest.iter().enumerate() {
        if shown.contains(&(image.region.clone(), image.id.clone())) {
            continue;
        }
        if rows.len() == ROWS {
            is_whole = false;
            break;
        }
        let mut cells = Vec::new();
        for (region, column) in regions.iter().zip(&columns) {
            let alike = &column[place];
            let best = best_of(image, alike);
            let namesakes = alike.iter().filter(|one| one.name == image.name);
            let own = namesakes.chain(best).map(|one| (region.id().clone(), one.image.clone()));
            shown.extend(own);
            cells.push(cell(visit, image, region, best));
        }
        rows.push(row(image, cells));
    }
    Ok(Matrix {
        words: visit.words,
        regions: regions.iter().map(|region| region.id().to_string()).collect(),
        more: (!is_whole).then(|| visit.link("/images")),
        rows,
        may_copy: visit.may(Act::Change),
    })
}

/// What stands for an image in a region: of what is equally alike, what goes by its name.
fn best_of<'a>(image: &ImageView, alike: &'a [AlikeView]) -> Option<&'a AlikeView> {
    let first = alike.first()?;
    let is_equal = |one: &&AlikeView| Presence::of(Some(one)) == Presence::of(Some(first));
    let equal = alike.iter().take_while(is_equal);
    Some(equal.into_iter().find(|one| one.name == image.name).unwrap_or(first))
}

fn row(image: &ImageView, cells: Vec<Cell>) -> Row {
    let digest = image.disks.first().and_then(|disk| disk.digest);
    Row {
        name: image.name.to_string(),
        path: format!("/regions/{}/images/{}", image.region, image.id),
        size: bytes(image.disks.iter().map(|disk| disk.size.bytes()).sum()),
        digest: digest
            .map(|digest| digest.to_string().chars().take(8).collect())
            .unwrap_or_default(),
        cells,
    }
}

fn cell(visit: &Visit, image: &ImageView, region: &Region, best: Option<&AlikeView>) -> Cell {
    let presence = Presence::of(best);
    let can_copy = visit.may(Act::Change) && image.standing == Standing::Available;
    let path = match best {
        Some(best) => Some(format!("/regions/{}/images/{}", region.id(), best.image)),
        None => can_copy.then(|| {
            let (from, to) = (&image.region, region.id());
            format!("/regions/{from}/copy?image={}&target={to}", image.id)
        }),
    };
    let label = presence.said(visit.words).showing("region", region.id());
    Cell {
        presence,
        percent: best.map_or(0, |best| best.percent),
        label: label.to_string(),
        path,
        created: best.map(|best| When(best.created)),
    }
}

impl Presence {
    /// The class of its dot.
    fn class(self) -> &'static str {
        match self {
            Presence::Same => "",
            Presence::Other => "old",
            Presence::UnderWay => "go",
            Presence::Failed => "bad",
            Presence::Absent => "no",
        }
    }

    fn is_under_way(self) -> bool {
        self == Presence::UnderWay
    }
}
