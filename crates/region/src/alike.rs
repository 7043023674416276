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
        Ok(of.iter().map(|of| alike_among(of, &views)).collect())
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

fn alike_among(of: &AlikeTo, images: &[ImageView]) -> Vec<AlikeView> {
    let view = |image: &ImageView| {
        Some(AlikeView {
            image: image.id.clone(),
            name: image.name.clone(),
            standing: image.standing,
            percent: image.percent,
            likeness: likeness(of, image)?,
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

/// None where the images have nothing to do with each other.
fn likeness(of: &AlikeTo, image: &ImageView) -> Option<Likeness> {
    let is_of_lineage = |region: &RegionId, id: &ImageId| {
        of.lineage.iter().any(|(at, known)| at == region && known == id)
    };
    let origin = image.origin.as_ref();
    let is_kin = is_of_lineage(&image.region, &image.id)
        || origin.is_some_and(|origin| is_of_lineage(&origin.region, &origin.image));
    let digests: Option<Vec<Digest>> = image.disks.iter().map(|disk| disk.digest).collect();
    let has_the_same = !of.disks.is_empty() && digests.is_some_and(|digests| digests == of.disks);
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
