//! Where an image is already: the images of this region that are the same as others, or go by their names.

use std::cmp::Reverse;

use catalog::AlikeWanted;
use model::{
    Act, Digest, ImageId, ImageStatus, Name, RegionId, Rejection, SizeBytes, Standing, Timestamp,
};

use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;
use crate::views::ImageView;

/// Images asked about at once, at most.
pub const MAX_ALIKE: usize = 100;
/// Images looked at for each name, each image that may have been copied, and each contents: the newest.
const EACH: u32 = 50;

/// An image, here or in another region, to which others may be alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlikeTo {
    /// Its name.
    pub name: Name,
    /// The contents of its disks, the system disk first; empty while they are not known.
    pub disks: Vec<Digest>,
    /// Itself, and what it was copied from.
    pub lineage: Vec<(RegionId, ImageId)>,
}

/// Whether two images hold the same.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// They do: their disks have the same contents, or the one is an available copy of the other, or of what that was copied
    /// from. Contents never change and a copy has all of them, also where another key names them otherwise.
    Same,
    /// They are of one name or of one lineage, and hold other things, or that is not known yet.
    Other,
}

/// An image of this region that is alike to one asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlikeView {
    /// Its id.
    pub image: ImageId,
    /// Its name.
    pub name: Name,
    /// How it stands.
    pub standing: Standing,
    /// 100 if and only if available.
    pub percent: u8,
    /// Whether it holds the same.
    pub likeness: Likeness,
    /// The virtual size in bytes, all disks together.
    pub size: u64,
    /// The name of the contents of its system disk, once known.
    pub digest: Option<Digest>,
    /// When it was promised.
    pub created: Timestamp,
}

impl Region {
    /// For each image asked about, the caller's own images of this region that have the same contents, are of its lineage or
    /// have its name: the same before others, available ones before those under way, and those before failed ones, the newest
    /// first. Of each name, lineage and contents the newest 50 are looked at. At most [`MAX_ALIKE`] are asked about.
    pub async fn alike(
        &self,
        caller: &Caller,
        of: Vec<AlikeTo>,
    ) -> Result<Vec<Vec<AlikeView>>, Refused> {
        caller.must(Act::Read)?;
        if of.len() > MAX_ALIKE {
            return Err(Rejection::TooManyImages { limit: MAX_ALIKE }.into());
        }
        let mut tx = self.inner.catalog.read().await?;
        let wanted = wanted(self.id(), &of);
        let rows = tx.images_alike(&caller.account, &wanted, EACH).await?;
        let views = self.image_views(&mut tx, rows, &self.moment()).await?;
        let with_facts = |view: ImageView| (ImageFacts::of(&view), view);
        let images: Vec<_> = views.into_iter().map(with_facts).collect();
        Ok(of.iter().map(|of| alike_among(of, &images)).collect())
    }
}

fn wanted(here: &RegionId, of: &[AlikeTo]) -> AlikeWanted {
    let mut wanted = AlikeWanted::default();
    for AlikeTo { name, disks, lineage } in of {
        wanted.names.push(name.clone());
        wanted.digests.extend(disks.first());
        wanted.origins.extend(lineage.iter().cloned());
        let of_here = lineage.iter().filter(|(region, _)| region == here);
        wanted.images.extend(of_here.map(|(_, image)| image.clone()));
    }
    wanted
}

fn alike_among(of: &AlikeTo, images: &[(ImageFacts, ImageView)]) -> Vec<AlikeView> {
    let view = |(facts, image): &(ImageFacts, ImageView)| {
        Some(AlikeView {
            image: image.id.clone(),
            name: image.name.clone(),
            standing: image.standing,
            percent: image.percent,
            likeness: likeness(of, facts)?,
            size: image.disks.iter().map(|disk| SizeBytes::bytes(disk.size)).sum(),
            digest: image.disks.first().and_then(|disk| disk.digest),
            created: image.created,
        })
    };
    let mut alike: Vec<AlikeView> = images.iter().filter_map(view).collect();
    alike.sort_by_cached_key(|view| {
        (view.likeness, readiness(view.standing), Reverse((view.created, view.image.clone())))
    });
    alike
}

/// What is known of an image that may be alike.
#[derive(Clone)]
struct ImageFacts {
    name: Name,
    status: ImageStatus,
    itself: (RegionId, ImageId),
    origin: Option<(RegionId, ImageId)>,
    /// None while the contents of any disk are not known.
    disks: Option<Vec<Digest>>,
}

impl ImageFacts {
    fn of(image: &ImageView) -> Self {
        let origin = image.origin.as_ref();
        ImageFacts {
            name: image.name.clone(),
            status: image.status,
            itself: (image.region.clone(), image.id.clone()),
            origin: origin.map(|origin| (origin.region.clone(), origin.image.clone())),
            disks: image.disks.iter().map(|disk| disk.digest).collect(),
        }
    }
}

/// None where the images have nothing to do with each other.
fn likeness(of: &AlikeTo, image: &ImageFacts) -> Option<Likeness> {
    let is_kin = of.lineage.contains(&image.itself)
        || image.origin.as_ref().is_some_and(|origin| of.lineage.contains(origin));
    let has_the_same = !of.disks.is_empty() && image.disks.as_ref() == Some(&of.disks);
    match image.status {
        ImageStatus::Available if has_the_same || is_kin => Some(Likeness::Same),
        ImageStatus::Creating if has_the_same => Some(Likeness::Same),
        ImageStatus::Available | ImageStatus::Creating | ImageStatus::CreateFailed => {
            (has_the_same || is_kin || image.name == of.name).then_some(Likeness::Other)
        }
    }
}

/// What may be used comes before what will be, and that before what never is.
fn readiness(standing: Standing) -> u8 {
    match standing {
        Standing::Available | Standing::Deprecated => 0,
        Standing::Creating | Standing::Waiting => 1,
        Standing::CreateFailed => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(region: &str, n: u8) -> (RegionId, ImageId) {
        (region.parse().unwrap(), ImageId::from_random(|| n))
    }

    fn digests(numbers: &[u8]) -> Vec<Digest> {
        numbers.iter().map(|n| Digest([*n; 32])).collect()
    }

    /// What makes images the same, and what only related.
    #[test]
    fn images_are_alike_by_contents_lineage_or_name() {
        use ImageStatus::{Available, CreateFailed, Creating};
        use Likeness::{Other, Same};
        let name = |text| Name::new(text).unwrap();
        let lineage = vec![at("north", 1), at("east", 2)];
        let of = AlikeTo { name: name("web"), disks: digests(&[1, 2]), lineage };
        let unknown = AlikeTo { disks: Vec::new(), ..of.clone() };
        let stranger = ImageFacts {
            name: name("db"),
            status: Available,
            itself: at("south", 9),
            origin: None,
            disks: Some(digests(&[7])),
        };
        let with = |disks: &[u8]| ImageFacts { disks: Some(digests(disks)), ..stranger.clone() };
        let from = |origin| ImageFacts { origin: Some(origin), ..stranger.clone() };
        let named = ImageFacts { name: name("web"), ..stranger.clone() };
        let itself = ImageFacts { itself: at("north", 1), ..stranger.clone() };
        let under_way = |facts: ImageFacts| ImageFacts { status: Creating, ..facts };
        let failed = |facts: ImageFacts| ImageFacts { status: CreateFailed, ..facts };
        let nothing_known = |facts: ImageFacts| ImageFacts { disks: None, ..facts };
        for (about, of, image, wanted) in [
            ("nothing in common", &of, stranger.clone(), None),
            ("contents", &of, with(&[1, 2]), Some(Same)),
            ("contents in another order", &of, with(&[2, 1]), None),
            ("a disk more", &of, with(&[1, 2, 3]), None),
            ("a disk less", &of, with(&[1]), None),
            ("contents that come", &of, under_way(with(&[1, 2])), Some(Same)),
            ("contents that never came", &of, failed(with(&[1, 2])), Some(Other)),
            ("both unknown", &unknown, nothing_known(stranger.clone()), None),
            ("no disks at all", &unknown, with(&[]), None),
            ("a copy, named otherwise by its key", &of, from(at("north", 1)), Some(Same)),
            ("a copy of the origin", &of, from(at("east", 2)), Some(Same)),
            ("of that id elsewhere", &of, from(at("south", 1)), None),
            ("itself", &of, itself.clone(), Some(Same)),
            ("itself, unknown here", &unknown, itself, Some(Same)),
            ("a copy under way", &of, nothing_known(under_way(from(at("north", 1)))), Some(Other)),
            ("a copy that failed", &of, failed(from(at("north", 1))), Some(Other)),
            ("the name", &of, named.clone(), Some(Other)),
            ("the name, under way", &of, nothing_known(under_way(named)), Some(Other)),
        ] {
            assert_eq!(likeness(of, &image), wanted, "{about}");
        }
    }
}
