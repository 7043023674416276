//! How the chunks of a copy cross its link: as frames, or in parcels, and what parcels may be made against.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use catalog::{AlikeWanted, CopyRow, ImageDiskRow, ImageFilter, ImageRow, Page, Tx};
use futures::StreamExt;
use model::{Digest, DiskRole, ImageStatus, Purpose, RegionId};
use store::{DiskRoot, Domain, TreePart};
use transfer::{
    BASES_MAX, Opened, Parcel, ParcelOrder, ParcelSource, ParcelTerms, SourceFault, WindowAsk,
};

use crate::fetching::PeerSource;
use crate::peer::{PeerFault, PeerParcel};
use crate::refused::RegionFault;
use crate::region::{Region, disk_root};

/// Slower links are waited for longer than parcels are made and taken: a core makes 32 MB of them a second (studies of the
/// delta), and they are smaller than frames.
const SLOW_BYTES_PER_SEC: u64 = 40_000_000;
/// Between machines of one building a request takes less.
const NEAR: Duration = Duration::from_millis(1);
/// A request over such a distance is over a link that others share.
const FAR: Duration = Duration::from_millis(5);
/// Questions that a distance is measured by: the first one may have to connect.
const QUESTIONS: usize = 3;
/// Nobody who is near takes so long, so that one question is enough: over a long line each is a round trip before the copy.
const SURELY_FAR: Duration = Duration::from_millis(50);
/// How long a measured distance is believed.
const MEASURED_FOR: Duration = Duration::from_secs(600);
/// Newest images among which bases are looked for, and newest of a name and of a lineage.
const NEWEST: u32 = 256;
const KIN: u32 = 64;

/// How chunks cross a link.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carriage {
    /// Each as a frame of its own.
    Frames,
    /// In parcels.
    Parcels,
}

/// Where the other end of a link is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum OtherEnd {
    /// In this process.
    Here,
    /// In another one; a request there and its answer take so long, as far as that could be measured.
    Away(Option<Duration>),
}

/// What is known of a link before a copy begins.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkFacts {
    /// Where it leads.
    pub(crate) other_end: OtherEnd,
    /// What it is limited to, in bytes a second.
    pub(crate) limit: Option<u64>,
    /// What it carried of late.
    pub(crate) measured: Option<u64>,
}

/// Parcels where the link is what a copy waits for. What was measured counts between the near and the far only: a copy of
/// little, or one in parcels, measures less than a fast link carries, and would keep it from ever being measured right.
pub(crate) fn carriage(link: &LinkFacts) -> Carriage {
    let is_slow = |rate: Option<u64>| rate.is_some_and(|rate| rate < SLOW_BYTES_PER_SEC);
    let waits = is_slow(link.limit)
        || match link.other_end {
            OtherEnd::Here | OtherEnd::Away(None) => false,
            OtherEnd::Away(Some(took)) => took >= FAR || (took >= NEAR && is_slow(link.measured)),
        };
    if waits { Carriage::Parcels } else { Carriage::Frames }
}

/// How long requests to other regions take, as measured last.
#[derive(Default)]
pub(crate) struct Distances(Mutex<HashMap<RegionId, (Instant, Duration)>>);

impl Distances {
    fn of(&self, region: &RegionId) -> Option<Duration> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, took) = known.get(region)?;
        (at.elapsed() < MEASURED_FOR).then_some(*took)
    }

    fn note(&self, region: &RegionId, took: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(region.clone(), (Instant::now(), took));
    }
}

/// What is wanted with bases: the disks of a copy, and where they go.
pub(crate) struct Comparison<'a> {
    /// The copy.
    pub(crate) copy: &'a CopyRow,
    /// Where its chunks go.
    pub(crate) domain: Domain,
    /// Its disks.
    pub(crate) disks: &'a [Digest],
}

impl Region {
    /// The terms on which each disk of a copy is ordered in parcels; none where its chunks come as frames. Only for a copy whose
    /// chunks are called here as they are at their source: what else is held is compared by those names.
    pub(crate) async fn parcel_terms(
        &self,
        comparison: Comparison<'_>,
        source: &PeerSource,
    ) -> Result<Option<HashMap<Digest, ParcelTerms>>, RegionFault> {
        let region = &comparison.copy.source_region;
        let limit = self.inner.links.limiter(region).rate();
        let other_end = if source.peer.is_here() {
            OtherEnd::Here
        } else {
            OtherEnd::Away(self.distance(region, source, comparison.disks).await)
        };
        let measured = self.inner.link_speeds.of(region);
        match carriage(&LinkFacts { other_end, limit, measured }) {
            Carriage::Frames => Ok(None),
            Carriage::Parcels => self.bases(&comparison).await.map(Some),
        }
    }

    /// How long a small request takes; none where it fails: then so will what comes next, and tell why.
    async fn distance(
        &self,
        region: &RegionId,
        source: &PeerSource,
        disks: &[Digest],
    ) -> Option<Duration> {
        if let Some(took) = self.inner.distances.of(region) {
            return Some(took);
        }
        let ids = vec![disk_root(disks.first()?).id()];
        let mut least = None;
        for _ in 0..QUESTIONS {
            let start = Instant::now();
            source.peer.measure(source.scope.clone(), ids.clone()).await.ok()?;
            let took = start.elapsed();
            least = Some(least.map_or(took, |least: Duration| least.min(took)));
            if took >= SURELY_FAR {
                break;
            }
        }
        let took = least?;
        self.inner.distances.note(region, took);
        Some(took)
    }

    /// The disks that a copy offers as bases, for each of its own: those of the account's available images under the same key
    /// that are complete here. Images of the same name, family or lineage come first, disks of the same role before others, and
    /// the newest before older ones.
    async fn bases(
        &self,
        comparison: &Comparison<'_>,
    ) -> Result<HashMap<Digest, ParcelTerms>, RegionFault> {
        let Comparison { copy, domain, disks } = *comparison;
        let mut tx = self.inner.catalog.read().await?;
        let candidates = candidates(&mut tx, copy).await?;
        drop(tx);
        let mut distinct: HashSet<Digest> = HashSet::new();
        distinct.extend(candidates.iter().map(|candidate| candidate.digest));
        let digests: Vec<Digest> = distinct.into_iter().collect();
        let roots: Vec<TreePart> =
            digests.iter().map(|digest| TreePart::Root(disk_root(digest).id())).collect();
        let complete = self.inner.store.complete(domain, &roots).await?;
        let complete: HashSet<Digest> =
            digests.into_iter().zip(complete).filter_map(|(of, whole)| whole.map(|_| of)).collect();
        let terms = disks.iter().enumerate().map(|(index, disk)| {
            let bases = best(&candidates, &complete, (role(index), disk));
            (*disk, ParcelTerms { bases })
        });
        Ok(terms.collect())
    }
}

/// A disk that may be a base.
#[derive(Clone, Debug)]
struct Candidate {
    digest: Digest,
    role: DiskRole,
    is_kin: bool,
    image: Reverse<(model::Timestamp, model::ImageId)>,
}

async fn candidates(tx: &mut Tx, copy: &CopyRow) -> Result<Vec<Candidate>, RegionFault> {
    let Some(target) = tx.image(&copy.account, &copy.target_image).await? else {
        return Ok(Vec::new());
    };
    let wanted = AlikeWanted {
        names: vec![target.name.clone()],
        origins: vec![(copy.source_region.clone(), copy.source_image.clone())],
        ..AlikeWanted::default()
    };
    let mut images = tx.images_alike(&copy.account, &wanted, KIN).await?;
    let kin: HashSet<_> = images.iter().map(|image| image.id.clone()).collect();
    let available = ImageFilter { status: vec![ImageStatus::Available], ..ImageFilter::default() };
    images.extend(tx.list_images(&copy.account, &available, &Page::first(NEWEST)).await?);
    images.retain(|image| {
        image.status == ImageStatus::Available
            && image.purpose == Purpose::Image
            && image.encryption_key == copy.encryption_key
    });
    let is_kin = |image: &ImageRow| {
        kin.contains(&image.id) || (image.family.is_some() && image.family == target.family)
    };
    let images: HashMap<_, _> = images.into_iter().map(|image| (image.id.clone(), image)).collect();
    let ids: Vec<_> = images.keys().cloned().collect();
    let mut disks = tx.image_disks_of(&ids).await?;
    let mut candidates = Vec::new();
    for (id, image) in images {
        let (is_kin, created) = (is_kin(&image), image.created);
        for ImageDiskRow { role, digest, .. } in disks.remove(&id).unwrap_or_default() {
            let Some(digest) = digest else { continue };
            let image = Reverse((created, id.clone()));
            candidates.push(Candidate { digest, role, is_kin, image });
        }
    }
    Ok(candidates)
}

/// Which disk of an image the `index`-th is.
fn role(index: usize) -> DiskRole {
    DiskRole::at(index).unwrap_or(DiskRole::SYSTEM)
}

/// The best bases of a disk, each once.
fn best(
    candidates: &[Candidate],
    complete: &HashSet<Digest>,
    (role, disk): (DiskRole, &Digest),
) -> Vec<DiskRoot> {
    let mut fit: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| candidate.digest != *disk && complete.contains(&candidate.digest))
        .collect();
    fit.sort_by_key(|candidate| (!candidate.is_kin, candidate.role != role, &candidate.image));
    let mut seen = HashSet::new();
    fit.retain(|candidate| seen.insert(candidate.digest));
    fit.iter().take(BASES_MAX).map(|candidate| disk_root(&candidate.digest)).collect()
}

#[async_trait]
impl ParcelSource for PeerSource {
    async fn open(&self, order: ParcelOrder) -> Result<Opened, SourceFault> {
        self.peer.open_parcels(self.scope.clone(), order).await.map_err(no_parcels)
    }

    async fn window(&self, ask: WindowAsk) -> Result<Parcel, SourceFault> {
        let parcel = self.peer.parcel(self.scope.clone(), ask);
        Ok(match parcel.await.map_err(no_parcels)? {
            PeerParcel::Window(body) => {
                Parcel::Window(body.map(|piece| piece.map_err(cut_off)).boxed())
            }
            PeerParcel::End => Parcel::End,
            PeerParcel::Gone => Parcel::Gone,
        })
    }
}

/// A peer that answers, but not with parcels: an older one does not know them.
fn no_parcels(fault: PeerFault) -> SourceFault {
    match fault {
        PeerFault::Failed { .. } | PeerFault::Protocol { .. } => {
            SourceFault::NoParcels { reason: fault.to_string() }
        }
        PeerFault::Unreachable { .. } | PeerFault::Unauthorised { .. } => cut_off(fault),
    }
}

fn cut_off(fault: PeerFault) -> SourceFault {
    SourceFault::Transport { action: "fetch parcels", source: Box::new(fault) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ImageId, Timestamp};

    const MB: u64 = 1_000_000;

    #[test]
    fn parcels_are_for_links_that_copies_wait_for() {
        use Carriage::{Frames, Parcels};
        let away = |micros| OtherEnd::Away(Some(Duration::from_micros(micros)));
        for (about, other_end, limit, measured, wanted) in [
            ("one process", OtherEnd::Here, None, None, Frames),
            ("one process that was slow", OtherEnd::Here, None, Some(MB), Frames),
            ("one process, limited", OtherEnd::Here, Some(12 * MB), None, Parcels),
            ("one process, hardly limited", OtherEnd::Here, Some(400 * MB), None, Frames),
            ("a LAN", away(300), None, None, Frames),
            ("a LAN on which little moved", away(300), None, Some(2 * MB), Frames),
            ("a LAN, limited", away(300), Some(30 * MB), Some(110 * MB), Parcels),
            ("a link that is closed", away(300), Some(0), None, Parcels),
            ("a city", away(2_000), None, Some(110 * MB), Frames),
            ("a city, not measured", away(2_000), None, None, Frames),
            ("a slow city", away(2_000), None, Some(11 * MB), Parcels),
            ("a country", away(30_000), None, None, Parcels),
            ("a country over a fat link", away(30_000), Some(400 * MB), Some(110 * MB), Parcels),
            ("nobody knows", OtherEnd::Away(None), None, Some(2 * MB), Frames),
            ("nobody knows, limited", OtherEnd::Away(None), Some(2 * MB), None, Parcels),
        ] {
            assert_eq!(carriage(&LinkFacts { other_end, limit, measured }), wanted, "{about}");
        }
    }

    #[test]
    fn bases_are_kin_first_then_of_the_role_then_the_newest_and_each_once() {
        let candidate = |n: u8, role: usize, is_kin: bool, created: i64| Candidate {
            digest: Digest([n; 32]),
            role: super::role(role),
            is_kin,
            image: Reverse((Timestamp(created), ImageId::from_random(|| n))),
        };
        let mut candidates = vec![
            candidate(1, 0, false, 50),
            candidate(2, 0, true, 10),
            candidate(3, 0, true, 20),
            candidate(4, 1, true, 30),
            candidate(5, 0, false, 60),
            candidate(6, 0, true, 90),
            candidate(3, 0, false, 99),
            candidate(7, 0, true, 95),
        ];
        // The sixth is not complete here, the seventh is the disk itself.
        let complete: HashSet<Digest> = [1, 2, 3, 4, 5, 7].map(|n| Digest([n; 32])).into();
        let of = |candidates: &[Candidate], role| {
            let found = best(candidates, &complete, (super::role(role), &Digest([7; 32])));
            found.iter().map(|root| root.id().as_bytes()[0]).collect::<Vec<_>>()
        };
        assert_eq!(of(&candidates, 0), [3, 2, 4, 5, 1]);
        assert_eq!(of(&candidates, 1)[..3], [4, 3, 2]);
        candidates.clear();
        candidates
            .extend((0..100).map(|n| Candidate { digest: many(n), ..candidate(1, 0, false, 1) }));
        let complete: HashSet<Digest> = (0..100).map(many).collect();
        assert_eq!(
            best(&candidates, &complete, (DiskRole::SYSTEM, &Digest([7; 32]))).len(),
            BASES_MAX
        );
    }

    fn many(n: u32) -> Digest {
        let mut bytes = [9; 32];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        Digest(bytes)
    }
}
