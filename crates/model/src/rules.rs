//! Decisions: pure functions from facts to an admission or a rejection. Every refusal of a command is in here.

mod access;
mod deprecation;
mod keys;
mod sharing;
mod snapshots;
mod tickets;

pub use access::{Maker, judge_cancelling, judge_export, judge_own, judge_use};
pub use deprecation::{DeprecationFacts, judge_deprecation, standing};
pub use keys::{KeyChange, KeyFacts, LoseImages, WaitingDays, judge_key_change};
pub use sharing::{
    Offer, PublishingFacts, Sealed, SharingFacts, ShowingFacts, judge_conversion, judge_publishing,
    judge_sharing, judge_showing, seen_as,
};
pub use snapshots::{
    SnapshotDeletionFacts, SnapshotFacts, judge_creation, judge_snapshot, judge_snapshot_copy,
    judge_snapshot_deletion,
};
pub use tickets::{
    Departure, DepartureFacts, MAX_APPROVAL_DAYS, judge_decision, judge_departure, judge_images,
    judge_opening, judge_size, judge_until, ticket_need,
};

use crate::encryption::EncryptionKeyId;
use crate::field::{Field, FieldRefusal};
use crate::ids::{CopyId, ImageId, RegionId, TaskId};
use crate::image::{Deprecation, ImageStatus};
use crate::kind::{ImageKind, Storage};
use crate::profile::{NameRule, Profile};
use crate::quota::Quota;
use crate::rejection::Rejection;
use crate::snapshot::Purpose;
use crate::text::Name;

/// The most target regions in one native request (REQUIREMENTS section 6).
pub const MAX_TARGETS: usize = 100;

/// What is known of a source image when somebody asks for a copy.
#[derive(Clone, Debug)]
pub struct SourceFacts {
    /// The image.
    pub image: ImageId,
    /// As what the caller sees it.
    pub kind: ImageKind,
    /// Where its disks lie.
    pub storage: Storage,
    /// How it stands.
    pub status: ImageStatus,
    /// Whether its owner advises against it.
    pub deprecation: Deprecation,
    /// Chunks of it that a scrub set aside.
    pub damaged_chunks: u64,
}

/// Whether an image may leave its region (R001-2, R002-4, R003-1, R004-1, R004-2, fault 7).
pub fn judge_source(facts: &SourceFacts) -> Result<(), Rejection> {
    let image = || facts.image.clone();
    match facts.kind {
        ImageKind::Custom => {}
        ImageKind::Shared => return Err(Rejection::SharedNotCopied { image: image() }),
        ImageKind::Public => return Err(Rejection::PublicNotCopied { image: image() }),
        ImageKind::Marketplace => return Err(Rejection::MarketplaceNotCopied { image: image() }),
    }
    match facts.storage {
        Storage::Snapshots => {}
        Storage::LocalFile => return Err(Rejection::LocalNotCopied { image: image() }),
    }
    if facts.status != ImageStatus::Available {
        return Err(Rejection::ImageNotAvailable {
            image: facts.image.clone(),
            status: facts.status,
        });
    }
    judge_current(&facts.image, facts.deprecation)?;
    if facts.damaged_chunks > 0 {
        let chunks = facts.damaged_chunks;
        return Err(Rejection::ImageDegraded { image: facts.image.clone(), chunks });
    }
    Ok(())
}

/// Whether an image is still to be spread: copied, shared, published.
fn judge_current(image: &ImageId, deprecation: Deprecation) -> Result<(), Rejection> {
    match deprecation {
        Deprecation::Current => Ok(()),
        Deprecation::Deprecated => Err(Rejection::ImageDeprecated { image: image.clone() }),
    }
}

/// Whether a list of target regions may be asked for: at least one, none twice, not too many.
/// Whether each can be reached is told per target.
pub fn judge_targets(targets: &[RegionId], profile: &Profile) -> Result<(), Rejection> {
    if targets.is_empty() {
        return Err(Rejection::field(Field::Targets, FieldRefusal::Empty));
    }
    if targets.len() > profile.targets_at_once {
        return Err(Rejection::TooManyTargets { limit: profile.targets_at_once });
    }
    let mut sorted: Vec<_> = targets.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Rejection::field(Field::Targets, FieldRefusal::Twice));
    }
    Ok(())
}

/// What is known in the target region when a copy asks to be accepted.
#[derive(Clone, Debug)]
pub struct AdmissionFacts {
    /// The source image.
    pub image: ImageId,
    /// Whether it is one, or carries a snapshot.
    pub purpose: Purpose,
    /// Where it is.
    pub source: RegionId,
    /// Where it is to go.
    pub target: RegionId,
    /// The key that seals the source, in its region.
    pub source_key: Option<EncryptionKeyId>,
    /// The key that is to seal the copy, in its region.
    pub target_key: Option<EncryptionKeyId>,
    /// A copy of the same image into this region that still runs.
    pub running: Option<CopyId>,
    /// The name that the copy is to have.
    pub name: Name,
    /// Whether that must be new here.
    pub names: NameRule,
    /// An image of the account here that has this name.
    pub namesake: Option<ImageId>,
    /// The account's image quota here.
    pub images: Quota,
    /// The account's snapshot quota here.
    pub snapshots: Quota,
    /// Disks of the image, each of which becomes a snapshot.
    pub disks: u64,
}

/// Whether a copy may be promised. The quotas are asked again by the conditional update that reserves them (I7).
pub fn admit_copy(facts: &AdmissionFacts) -> Result<(), Rejection> {
    admit_copies(std::slice::from_ref(facts))
}

/// Whether all of several copies of one account may be promised in one target: each by itself, then their sum by the quotas
/// (R002-5).
pub fn admit_copies(all: &[AdmissionFacts]) -> Result<(), Rejection> {
    all.iter().try_for_each(judge_one)?;
    let images = all.iter().filter(|facts| facts.purpose == Purpose::Image).count() as u64;
    let snapshots = all.iter().map(|facts| facts.disks).fold(0, u64::saturating_add);
    for facts in all {
        // A copy of a snapshot alone makes no image.
        if facts.purpose == Purpose::Image {
            room(&facts.images, images, &facts.target)?;
        }
        room(&facts.snapshots, snapshots, &facts.target)?;
    }
    Ok(())
}

/// Whether a copy may be promised, but for the quotas.
fn judge_one(facts: &AdmissionFacts) -> Result<(), Rejection> {
    // Within a region a copy is for another key, or for nothing (REQUIREMENTS section 6).
    let is_for_a_key = facts.target_key.is_some() && facts.target_key != facts.source_key;
    if facts.source == facts.target && !is_for_a_key {
        return Err(Rejection::SameRegion { region: facts.target.clone() });
    }
    if let Some(by) = &facts.running {
        return Err(Rejection::AlreadyCopying {
            image: facts.image.clone(),
            target: facts.target.clone(),
            by: by.clone(),
        });
    }
    match facts.purpose {
        Purpose::Image => {
            judge_name(&facts.name, facts.names, facts.namesake.as_ref(), &facts.target)
        }
        Purpose::Carrier => Ok(()),
    }
}

/// Whether an image may have this name: where names are to be unique, no other image of the account in the region has it.
pub fn judge_name(
    name: &Name,
    rule: NameRule,
    namesake: Option<&ImageId>,
    region: &RegionId,
) -> Result<(), Rejection> {
    match (rule, namesake) {
        (NameRule::Unique, Some(_)) => {
            Err(Rejection::NameTaken { name: name.clone(), region: region.clone() })
        }
        (NameRule::Unique, None) | (NameRule::Free, _) => Ok(()),
    }
}

/// Whether a quota has room for `wanted` more.
pub fn room(quota: &Quota, wanted: u64, region: &RegionId) -> Result<(), Rejection> {
    let taken = quota.used.saturating_add(quota.reserved).saturating_add(wanted);
    if taken <= quota.limit {
        return Ok(());
    }
    Err(Rejection::QuotaExceeded {
        kind: quota.kind,
        region: region.clone(),
        limit: quota.limit,
        used: quota.used,
        reserved: quota.reserved,
        wanted,
    })
}

/// What is known of an image when somebody asks to delete it.
#[derive(Clone, Debug)]
pub struct DeletionFacts {
    /// The image.
    pub image: ImageId,
    /// How it stands.
    pub status: ImageStatus,
    /// A running copy that reads it, and where it goes.
    pub held_by: Option<(CopyId, RegionId)>,
    /// Instances that use it, of any account.
    pub instances: u64,
    /// As what it is stored.
    pub kind: ImageKind,
    /// With how many accounts it is shared.
    pub shared_with: u64,
    /// What is being made of it, where it lies in a local file that is being converted.
    pub converted_into: Option<ImageId>,
    /// A task that writes it into a bucket.
    pub exported_by: Option<TaskId>,
}

/// Whether a deletion may override use by instances and by other accounts. It never overrides a running copy (api-14).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Force {
    /// Refuse while instances use the image, or other accounts see it.
    No,
    /// Delete although instances use it; refuse while other accounts see it.
    OverUse,
    /// Delete although they do.
    Yes,
}

/// Whether an image may be deleted.
pub fn judge_deletion(facts: &DeletionFacts, force: Force) -> Result<(), Rejection> {
    if facts.status == ImageStatus::Creating {
        return Err(Rejection::ImageBeingMade { image: facts.image.clone() });
    }
    if let Some((by, target)) = &facts.held_by {
        let (by, target) = (by.clone(), target.clone());
        return Err(Rejection::ImageHeld { image: facts.image.clone(), by, target });
    }
    if let Some(into) = &facts.converted_into {
        let (image, into) = (facts.image.clone(), into.clone());
        return Err(Rejection::ImageBeingConverted { image, into });
    }
    if let Some(by) = &facts.exported_by {
        return Err(Rejection::ImageBeingExported { image: facts.image.clone(), by: by.clone() });
    }
    if force == Force::Yes {
        return Ok(());
    }
    match facts.kind {
        ImageKind::Custom | ImageKind::Shared => {}
        kind @ (ImageKind::Public | ImageKind::Marketplace) => {
            return Err(Rejection::ImagePublished { image: facts.image.clone(), kind });
        }
    }
    if facts.shared_with > 0 {
        let (image, accounts) = (facts.image.clone(), facts.shared_with);
        return Err(Rejection::ImageIsShared { image, accounts });
    }
    if facts.instances > 0 && force == Force::No {
        return Err(Rejection::ImageInUse {
            image: facts.image.clone(),
            instances: facts.instances,
        });
    }
    Ok(())
}

/// When a failed attempt is tried again: 1 s, doubled each time, at most 60 s, in milliseconds.
/// Attempts that made progress start again at 1 s, so a long copy over a bad link never slows down.
pub fn retry_delay_ms(attempts_without_progress: u32) -> i64 {
    let doublings = attempts_without_progress.saturating_sub(1).min(6);
    (1_000_i64 << doublings).min(60_000)
}

/// Attempts in a row without any progress after which a copy fails for good (fault 33). With the delays above this is
/// about a day, which outlives a weekend night's repair and still ends.
pub const MAX_ATTEMPTS_WITHOUT_PROGRESS: u32 = 1_440;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::QuotaKind;

    fn image() -> ImageId {
        ImageId::from_random(|| 1)
    }

    fn facts() -> AdmissionFacts {
        let quota = |kind| Quota { kind, limit: 10, used: 8, reserved: 1 };
        AdmissionFacts {
            image: image(),
            purpose: Purpose::Image,
            source: "north".parse().unwrap(),
            target: "south".parse().unwrap(),
            source_key: None,
            target_key: None,
            running: None,
            name: Name::new("web").unwrap(),
            names: NameRule::Free,
            namesake: None,
            images: quota(QuotaKind::Image),
            snapshots: quota(QuotaKind::Snapshot),
            disks: 1,
        }
    }

    #[test]
    fn r002_5_several_copies_are_admitted_by_their_sum() {
        // One unit of ten is left of each.
        let one = facts();
        assert_eq!(admit_copies(std::slice::from_ref(&one)), Ok(()));
        let refused = admit_copies(&[one.clone(), one.clone(), one.clone()]).unwrap_err();
        let is_told = matches!(
            refused,
            Rejection::QuotaExceeded { kind: QuotaKind::Image, wanted: 3, used: 8, .. }
        );
        assert!(is_told, "{refused}");
        let carrier = AdmissionFacts { purpose: Purpose::Carrier, ..one.clone() };
        let refused = admit_copies(&[carrier, one.clone()]).unwrap_err();
        let is_told = matches!(
            refused,
            Rejection::QuotaExceeded { kind: QuotaKind::Snapshot, wanted: 2, .. }
        );
        assert!(is_told, "{refused}");
        let running = AdmissionFacts { running: Some(CopyId::from_random(|| 1)), ..one.clone() };
        let refused = admit_copies(&[one.clone(), one, running]).unwrap_err();
        assert!(matches!(refused, Rejection::AlreadyCopying { .. }), "{refused}");
    }

    #[test]
    fn r002_5_the_last_unit_of_a_quota_is_given_and_no_more() {
        assert_eq!(admit_copy(&facts()), Ok(()));
        let two_disks = AdmissionFacts { disks: 2, ..facts() };
        assert!(matches!(
            admit_copy(&two_disks),
            Err(Rejection::QuotaExceeded { kind: QuotaKind::Snapshot, wanted: 2, .. })
        ));
    }

    #[test]
    fn a_copy_of_a_snapshot_asks_for_no_image_and_no_name() {
        let full = Quota { limit: 9, ..facts().images };
        let taken = AdmissionFacts {
            images: full,
            names: NameRule::Unique,
            namesake: Some(image()),
            ..facts()
        };
        assert!(matches!(admit_copy(&taken), Err(Rejection::NameTaken { .. })));
        let carrier = AdmissionFacts { purpose: Purpose::Carrier, ..taken };
        assert_eq!(admit_copy(&carrier), Ok(()));
        let refused = admit_copy(&AdmissionFacts { disks: 2, ..carrier });
        assert!(matches!(refused, Err(Rejection::QuotaExceeded { kind: QuotaKind::Snapshot, .. })));
    }

    #[test]
    fn r002_6_the_region_of_the_image_is_no_target() {
        let same = AdmissionFacts { target: "north".parse().unwrap(), ..facts() };
        assert_eq!(
            admit_copy(&same),
            Err(Rejection::SameRegion { region: "north".parse().unwrap() })
        );
    }

    #[test]
    fn a_deprecated_image_does_not_leave_its_region() {
        let source = SourceFacts {
            image: image(),
            kind: ImageKind::Custom,
            storage: Storage::Snapshots,
            status: ImageStatus::Available,
            deprecation: Deprecation::Current,
            damaged_chunks: 0,
        };
        assert_eq!(judge_source(&source), Ok(()));
        let deprecated = SourceFacts { deprecation: Deprecation::Deprecated, ..source };
        let refused = Rejection::ImageDeprecated { image: image() };
        assert_eq!(judge_source(&deprecated), Err(refused));
    }

    fn unused() -> DeletionFacts {
        DeletionFacts {
            image: image(),
            status: ImageStatus::Available,
            held_by: None,
            instances: 0,
            kind: ImageKind::Custom,
            shared_with: 0,
            converted_into: None,
            exported_by: None,
        }
    }

    /// R001-8, R002-4: force overrides the sight of others, never a conversion.
    #[test]
    fn r001_8_an_image_that_others_see_is_deleted_by_force_alone() {
        let shared = DeletionFacts { shared_with: 2, ..unused() };
        let is_shared = Rejection::ImageIsShared { image: image(), accounts: 2 };
        assert_eq!(judge_deletion(&shared, Force::No), Err(is_shared));
        assert_eq!(judge_deletion(&shared, Force::Yes), Ok(()));
        let public = DeletionFacts { kind: ImageKind::Public, ..unused() };
        let is_public = Rejection::ImagePublished { image: image(), kind: ImageKind::Public };
        assert_eq!(judge_deletion(&public, Force::No), Err(is_public));
        assert_eq!(judge_deletion(&public, Force::Yes), Ok(()));
        let into = ImageId::from_random(|| 4);
        let read = DeletionFacts { converted_into: Some(into.clone()), ..unused() };
        let is_read = Rejection::ImageBeingConverted { image: image(), into };
        assert_eq!(judge_deletion(&read, Force::Yes), Err(is_read));
        let by = TaskId::from_random(|| 5);
        let exported = DeletionFacts { exported_by: Some(by.clone()), ..unused() };
        let is_exported = Rejection::ImageBeingExported { image: image(), by };
        assert_eq!(judge_deletion(&exported, Force::Yes), Err(is_exported));
    }

    #[test]
    fn api_14_force_does_not_break_a_hold() {
        let held = (CopyId::from_random(|| 2), "south".parse().unwrap());
        let facts = DeletionFacts {
            image: image(),
            status: ImageStatus::Available,
            held_by: Some(held),
            ..unused()
        };
        assert!(matches!(judge_deletion(&facts, Force::Yes), Err(Rejection::ImageHeld { .. })));
    }

    /// R001-8: use is overridden, and nothing else is, whatever of both is there.
    #[test]
    fn r001_8_an_image_in_use_that_others_see_is_not_deleted_over_its_use() {
        let used = DeletionFacts { instances: 3, ..unused() };
        assert_eq!(judge_deletion(&used, Force::OverUse), Ok(()));
        let shared = DeletionFacts { shared_with: 2, ..used.clone() };
        let is_shared = Rejection::ImageIsShared { image: image(), accounts: 2 };
        assert_eq!(judge_deletion(&shared, Force::OverUse), Err(is_shared));
        let public = DeletionFacts { kind: ImageKind::Public, ..used };
        let is_public = Rejection::ImagePublished { image: image(), kind: ImageKind::Public };
        assert_eq!(judge_deletion(&public, Force::OverUse), Err(is_public));
    }

    #[test]
    fn r004_10_force_deletes_an_image_in_use() {
        let facts = DeletionFacts { instances: 3, ..unused() };
        assert!(matches!(
            judge_deletion(&facts, Force::No),
            Err(Rejection::ImageInUse { instances: 3, .. })
        ));
        assert_eq!(judge_deletion(&facts, Force::Yes), Ok(()));
    }

    #[test]
    fn waiting_between_attempts_is_capped() {
        let delays: Vec<_> = [0, 1, 2, 3, 7, 8, 1000].into_iter().map(retry_delay_ms).collect();
        assert_eq!(delays, [1_000, 1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
    }

    #[test]
    fn targets_are_at_least_one_and_each_once() {
        let region = |name: &str| name.parse::<RegionId>().unwrap();
        let native = Profile::native();
        assert!(judge_targets(&[], &native).is_err());
        assert!(judge_targets(&[region("aa"), region("bb")], &native).is_ok());
        assert!(judge_targets(&[region("aa"), region("aa")], &native).is_err());
        let many: Vec<_> = (0..101).map(|i| region(&format!("r{i}"))).collect();
        let refused = Rejection::TooManyTargets { limit: 100 };
        assert_eq!(judge_targets(&many, &native), Err(refused));
    }

    #[test]
    fn r002_6_a_profile_may_allow_one_target_at_once() {
        let one = Profile { targets_at_once: 1, ..Profile::native() };
        let targets: Vec<RegionId> = vec!["aa".parse().unwrap(), "bb".parse().unwrap()];
        assert_eq!(judge_targets(&targets[..1], &one), Ok(()));
        assert_eq!(judge_targets(&targets, &one), Err(Rejection::TooManyTargets { limit: 1 }));
    }

    #[test]
    fn r003_8_two_images_have_one_name_unless_the_profile_wants_unique_ones() {
        let namesake = AdmissionFacts { namesake: Some(image()), ..facts() };
        assert_eq!(admit_copy(&namesake), Ok(()));
        let unique = AdmissionFacts { names: NameRule::Unique, ..namesake };
        assert!(matches!(admit_copy(&unique), Err(Rejection::NameTaken { .. })));
        assert_eq!(admit_copy(&AdmissionFacts { namesake: None, ..unique }), Ok(()));
    }
}
