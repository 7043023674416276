//! Decisions on snapshots: which may become an image's disks, and which may be copied alone.

use crate::encryption::EncryptionKeyId;
use crate::field::{Field, FieldRefusal};
use crate::ids::{CopyId, ImageId, RegionId, SnapshotId};
use crate::image::DiskRole;
use crate::profile::Profile;
use crate::rejection::Rejection;
use crate::size::SizeBytes;
use crate::snapshot::SnapshotStanding;

/// What is known of a snapshot that is to be used.
#[derive(Clone, Debug)]
pub struct SnapshotFacts {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// How it stands.
    pub standing: SnapshotStanding,
    /// Its virtual size.
    pub size: SizeBytes,
    /// The key that seals it.
    pub key: Option<EncryptionKeyId>,
    /// Chunks of it that a scrub set aside.
    pub damaged_chunks: u64,
}

/// Whether a snapshot may be used: it is whole, and nothing of it is damaged (fault 7).
pub fn judge_snapshot(facts: &SnapshotFacts) -> Result<(), Rejection> {
    let snapshot = || facts.snapshot.clone();
    match facts.standing {
        SnapshotStanding::Whole => {}
        standing @ (SnapshotStanding::Copying | SnapshotStanding::Failed) => {
            return Err(Rejection::SnapshotNotWhole { snapshot: snapshot(), standing });
        }
    }
    match facts.damaged_chunks {
        0 => Ok(()),
        chunks => Err(Rejection::SnapshotDegraded { snapshot: snapshot(), chunks }),
    }
}

/// Whether an image may rest on these snapshots, each with the size that its disk is to have; the answer is the key that seals
/// it. They are 1 to 17, all sealed by one key or plain, and no disk is resized.
pub fn judge_creation(
    disks: &[(SnapshotFacts, Option<SizeBytes>)],
) -> Result<Option<EncryptionKeyId>, Rejection> {
    let Some((first, _)) = disks.first() else {
        return Err(Rejection::field(Field::Snapshots, FieldRefusal::Empty));
    };
    DiskRole::at(disks.len() - 1)?;
    for (facts, wanted) in disks {
        judge_snapshot(facts)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != facts.size) {
            return Err(Rejection::SnapshotNotResized {
                snapshot: facts.snapshot.clone(),
                size_bytes: facts.size.bytes(),
                wanted_bytes: wanted.bytes(),
            });
        }
        if facts.key != first.key {
            let (first, second) = (first.snapshot.clone(), facts.snapshot.clone());
            return Err(Rejection::SnapshotsSealedApart { first, second });
        }
    }
    Ok(first.key.clone())
}

/// Whether a snapshot may be copied alone through a door.
pub fn judge_snapshot_copy(facts: &SnapshotFacts, profile: &Profile) -> Result<(), Rejection> {
    judge_snapshot(facts)?;
    let size_bytes = facts.size.bytes();
    match profile.largest_bytes {
        Some(limit_bytes) if size_bytes > limit_bytes => {
            let snapshot = facts.snapshot.clone();
            Err(Rejection::SnapshotTooLarge { snapshot, size_bytes, limit_bytes })
        }
        Some(_) | None => Ok(()),
    }
}

/// What is known of a snapshot when somebody asks to delete it.
#[derive(Clone, Debug)]
pub struct SnapshotDeletionFacts {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The oldest image that rests on it.
    pub image: Option<ImageId>,
    /// A running copy that reads it alone, and where it goes.
    pub held_by: Option<(CopyId, RegionId)>,
}

/// Whether a snapshot may be deleted: no image rests on it, and no copy reads it.
pub fn judge_snapshot_deletion(facts: &SnapshotDeletionFacts) -> Result<(), Rejection> {
    let snapshot = || facts.snapshot.clone();
    if let Some(image) = &facts.image {
        return Err(Rejection::SnapshotInUse { snapshot: snapshot(), image: image.clone() });
    }
    match &facts.held_by {
        None => Ok(()),
        Some((by, target)) => {
            let (by, target) = (by.clone(), target.clone());
            Err(Rejection::SnapshotHeld { snapshot: snapshot(), by, target })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(n: u8) -> SnapshotFacts {
        SnapshotFacts {
            snapshot: SnapshotId::from_random(|| n),
            standing: SnapshotStanding::Whole,
            size: SizeBytes::new(1_024).unwrap(),
            key: None,
            damaged_chunks: 0,
        }
    }

    fn of(disks: Vec<SnapshotFacts>) -> Result<Option<EncryptionKeyId>, Rejection> {
        judge_creation(&disks.into_iter().map(|facts| (facts, None)).collect::<Vec<_>>())
    }

    #[test]
    fn an_image_rests_on_one_to_seventeen_whole_snapshots() {
        assert_eq!(of(vec![facts(1)]), Ok(None));
        assert_eq!(of(vec![facts(1); 17]), Ok(None), "one may be under several disks");
        assert_eq!(of(vec![facts(1); 18]), Err(Rejection::TooManyDisks { limit: 17 }));
        assert_eq!(of(vec![]), Err(Rejection::field(Field::Snapshots, FieldRefusal::Empty)));
        for standing in [SnapshotStanding::Copying, SnapshotStanding::Failed] {
            let snapshot = facts(2).snapshot;
            let refused = Err(Rejection::SnapshotNotWhole { snapshot, standing });
            assert_eq!(of(vec![facts(1), SnapshotFacts { standing, ..facts(2) }]), refused);
        }
        let damaged = SnapshotFacts { damaged_chunks: 3, ..facts(1) };
        let snapshot = facts(1).snapshot;
        let refused = Rejection::SnapshotDegraded { snapshot, chunks: 3 };
        assert_eq!(of(vec![damaged]), Err(refused));
    }

    #[test]
    fn all_disks_of_an_image_are_sealed_by_one_key_or_none_is() {
        let key = |n: u8| Some(EncryptionKeyId::from_random(|| n));
        let sealed = |n, by| SnapshotFacts { key: key(by), ..facts(n) };
        assert_eq!(of(vec![sealed(1, 9), sealed(2, 9)]), Ok(key(9)));
        for (first, second) in
            [(facts(1), sealed(2, 9)), (sealed(1, 9), facts(2)), (sealed(1, 8), sealed(2, 9))]
        {
            let (a, b) = (first.snapshot.clone(), second.snapshot.clone());
            let refused = Rejection::SnapshotsSealedApart { first: a, second: b };
            assert_eq!(of(vec![first, second]), Err(refused));
        }
    }

    #[test]
    fn a_snapshot_is_deleted_while_nothing_rests_on_it() {
        let snapshot = || facts(1).snapshot;
        let (by, target) = (CopyId::from_random(|| 5), "south".parse::<RegionId>().unwrap());
        let unused = SnapshotDeletionFacts { snapshot: snapshot(), image: None, held_by: None };
        assert_eq!(judge_snapshot_deletion(&unused), Ok(()));
        let held = SnapshotDeletionFacts { held_by: Some((by.clone(), target.clone())), ..unused };
        let refused = Rejection::SnapshotHeld { snapshot: snapshot(), by, target };
        assert_eq!(judge_snapshot_deletion(&held), Err(refused));
        let image = ImageId::from_random(|| 1);
        let used = SnapshotDeletionFacts { image: Some(image.clone()), ..held };
        let refused = Rejection::SnapshotInUse { snapshot: snapshot(), image };
        assert_eq!(judge_snapshot_deletion(&used), Err(refused));
    }

    #[test]
    fn nothing_is_resized() {
        for (wanted, is_allowed) in [(512, false), (1_024, true), (1_536, false)] {
            let size = Some(SizeBytes::new(wanted).unwrap());
            let judged = judge_creation(&[(facts(1), size)]);
            let refused = Rejection::SnapshotNotResized {
                snapshot: facts(1).snapshot,
                size_bytes: 1_024,
                wanted_bytes: wanted,
            };
            assert_eq!(judged, if is_allowed { Ok(None) } else { Err(refused) });
        }
    }

    #[test]
    fn r003_4_a_profiles_largest_size_counts_for_snapshots() {
        let profile = |largest| Profile { largest_bytes: largest, ..Profile::native() };
        assert_eq!(judge_snapshot_copy(&facts(1), &profile(None)), Ok(()));
        assert_eq!(judge_snapshot_copy(&facts(1), &profile(Some(1_024))), Ok(()));
        let judged = judge_snapshot_copy(&facts(1), &profile(Some(1_023)));
        let (size_bytes, limit_bytes) = (1_024, 1_023);
        let snapshot = facts(1).snapshot;
        assert_eq!(judged, Err(Rejection::SnapshotTooLarge { snapshot, size_bytes, limit_bytes }));
    }
}
