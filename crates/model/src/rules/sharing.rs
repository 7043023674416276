//! Who sees an image as what, and whether it may be shared, published or converted (R001-2, R001-8, R002-4).

use super::judge_current;
use crate::ids::{AccountId, CopyId, ImageId, RegionId};
use crate::image::{Deprecation, ImageStatus};
use crate::kind::{ImageKind, Storage};
use crate::rejection::{AccountRejection, Rejection};

/// As what an account sees an image that it does see, and that is stored as `stored`.
pub fn seen_as(owner: &AccountId, stored: ImageKind, viewer: &AccountId) -> ImageKind {
    match stored {
        ImageKind::Custom | ImageKind::Shared if owner != viewer => ImageKind::Shared,
        ImageKind::Custom | ImageKind::Shared => ImageKind::Custom,
        ImageKind::Public => ImageKind::Public,
        ImageKind::Marketplace => ImageKind::Marketplace,
    }
}

/// Whether only the owner holds an image's key.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// It is plain.
    No,
    /// It is encrypted with a key of its account.
    Yes,
}

/// What is known of an image that its owner shows to others.
#[derive(Clone, Debug)]
pub struct ShowingFacts {
    /// The image.
    pub image: ImageId,
    /// As what it is stored.
    pub kind: ImageKind,
    /// How it stands.
    pub status: ImageStatus,
    /// Whether its owner advises against it.
    pub deprecation: Deprecation,
    /// Whether it is encrypted.
    pub sealed: Sealed,
}

/// Whether an image may be shown to others at all: custom, available, not deprecated, plain.
pub fn judge_showing(facts: &ShowingFacts) -> Result<(), Rejection> {
    let image = || facts.image.clone();
    match facts.kind {
        ImageKind::Custom | ImageKind::Shared => {}
        kind @ (ImageKind::Public | ImageKind::Marketplace) => {
            return Err(Rejection::ImagePublished { image: image(), kind });
        }
    }
    if facts.status != ImageStatus::Available {
        return Err(Rejection::ImageNotAvailable { image: image(), status: facts.status });
    }
    judge_current(&facts.image, facts.deprecation)?;
    match facts.sealed {
        Sealed::No => Ok(()),
        Sealed::Yes => Err(Rejection::EncryptedNotShared { image: image() }),
    }
}

/// What is known when an image is to be shared with more accounts.
#[derive(Clone, Debug)]
pub struct SharingFacts {
    /// The image.
    pub showing: ShowingFacts,
    /// Who owns it.
    pub owner: AccountId,
    /// Whom it is to be shared with.
    pub wanted: Vec<AccountId>,
    /// Those of them that the deployment does not have.
    pub unknown: Vec<AccountId>,
    /// Whom it is shared with already.
    pub already: Vec<AccountId>,
    /// The most accounts that an image is shared with.
    pub limit: usize,
}

/// Whom an image is to be shared with anew (R001-8): nobody twice, nobody who is not there, not too many.
pub fn judge_sharing(facts: &SharingFacts) -> Result<Vec<AccountId>, Rejection> {
    judge_showing(&facts.showing)?;
    if facts.wanted.contains(&facts.owner) {
        return Err(Rejection::SharedWithSelf { image: facts.showing.image.clone() });
    }
    if let Some(account) = facts.unknown.first() {
        return Err(Rejection::Account(AccountRejection::AccountNotFound {
            account: account.clone(),
        }));
    }
    let mut new: Vec<AccountId> = Vec::new();
    for account in &facts.wanted {
        if !facts.already.contains(account) && !new.contains(account) {
            new.push(account.clone());
        }
    }
    if facts.already.len() + new.len() > facts.limit {
        return Err(Rejection::TooManyShares { limit: facts.limit });
    }
    Ok(new)
}

/// As what an image is offered to every account.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// As a public image.
    Public,
    /// As a marketplace image.
    Marketplace,
}

impl Offer {
    /// The kind that the image is stored as.
    pub fn kind(self) -> ImageKind {
        match self {
            Offer::Public => ImageKind::Public,
            Offer::Marketplace => ImageKind::Marketplace,
        }
    }
}

/// What is known when an image is to be published.
#[derive(Clone, Debug)]
pub struct PublishingFacts {
    /// The image.
    pub showing: ShowingFacts,
    /// With how many accounts it is shared.
    pub shared_with: u64,
    /// A running copy that reads it, and where it goes.
    pub held_by: Option<(CopyId, RegionId)>,
}

/// Whether an image may be published. Published images are not copied (R001-2), so no copy of it may be under way.
pub fn judge_publishing(facts: &PublishingFacts) -> Result<(), Rejection> {
    judge_showing(&facts.showing)?;
    let image = || facts.showing.image.clone();
    if facts.shared_with > 0 {
        return Err(Rejection::ImageIsShared { image: image(), accounts: facts.shared_with });
    }
    match &facts.held_by {
        None => Ok(()),
        Some((by, target)) => {
            Err(Rejection::ImageHeld { image: image(), by: by.clone(), target: target.clone() })
        }
    }
}

/// Whether an image can be converted: only one in a local file needs it (R002-4).
pub fn judge_conversion(image: &ImageId, storage: Storage) -> Result<(), Rejection> {
    match storage {
        Storage::LocalFile => Ok(()),
        Storage::Snapshots => Err(Rejection::NothingToConvert { image: image.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u8) -> AccountId {
        AccountId::from_random(|| n)
    }

    fn showing() -> ShowingFacts {
        ShowingFacts {
            image: ImageId::from_random(|| 1),
            kind: ImageKind::Custom,
            status: ImageStatus::Available,
            deprecation: Deprecation::Current,
            sealed: Sealed::No,
        }
    }

    fn sharing() -> SharingFacts {
        SharingFacts {
            showing: showing(),
            owner: account(1),
            wanted: vec![account(2), account(3), account(2)],
            unknown: Vec::new(),
            already: vec![account(3)],
            limit: 2,
        }
    }

    #[test]
    fn r001_2_a_custom_image_is_shared_to_others_and_published_ones_are_the_same_to_all() {
        let table = [
            (ImageKind::Custom, 1, ImageKind::Custom),
            (ImageKind::Custom, 2, ImageKind::Shared),
            (ImageKind::Public, 1, ImageKind::Public),
            (ImageKind::Public, 2, ImageKind::Public),
            (ImageKind::Marketplace, 2, ImageKind::Marketplace),
        ];
        for (stored, viewer, seen) in table {
            assert_eq!(seen_as(&account(1), stored, &account(viewer)), seen);
        }
    }

    #[test]
    fn r001_8_an_image_is_shared_once_with_each_and_not_with_too_many() {
        assert_eq!(judge_sharing(&sharing()), Ok(vec![account(2)]));
        let more = SharingFacts { wanted: vec![account(2), account(4)], ..sharing() };
        assert_eq!(judge_sharing(&more), Err(Rejection::TooManyShares { limit: 2 }));
        let again = SharingFacts { wanted: vec![account(3)], limit: 1, ..sharing() };
        assert_eq!(judge_sharing(&again), Ok(Vec::new()));
    }

    #[test]
    fn r001_8_what_is_refused_to_be_shared() {
        let image = || showing().image;
        let with = |change: fn(&mut SharingFacts)| {
            let mut facts = sharing();
            change(&mut facts);
            judge_sharing(&facts).unwrap_err()
        };
        assert_eq!(
            with(|facts| facts.wanted.push(facts.owner.clone())),
            Rejection::SharedWithSelf { image: image() }
        );
        assert_eq!(
            with(|facts| facts.unknown.push(account(2))),
            Rejection::Account(AccountRejection::AccountNotFound { account: account(2) })
        );
        assert_eq!(
            with(|facts| facts.showing.sealed = Sealed::Yes),
            Rejection::EncryptedNotShared { image: image() }
        );
        assert_eq!(
            with(|facts| facts.showing.kind = ImageKind::Public),
            Rejection::ImagePublished { image: image(), kind: ImageKind::Public }
        );
        assert_eq!(
            with(|facts| facts.showing.deprecation = Deprecation::Deprecated),
            Rejection::ImageDeprecated { image: image() }
        );
        let status = ImageStatus::Creating;
        assert_eq!(
            with(|facts| facts.showing.status = ImageStatus::Creating),
            Rejection::ImageNotAvailable { image: image(), status }
        );
    }

    #[test]
    fn r001_2_an_image_is_published_while_it_is_neither_shared_nor_copied() {
        let facts = PublishingFacts { showing: showing(), shared_with: 0, held_by: None };
        assert_eq!(judge_publishing(&facts), Ok(()));
        let deprecated = ShowingFacts { deprecation: Deprecation::Deprecated, ..showing() };
        let deprecated = PublishingFacts { showing: deprecated, ..facts.clone() };
        let is_deprecated = Rejection::ImageDeprecated { image: showing().image };
        assert_eq!(judge_publishing(&deprecated), Err(is_deprecated));
        let shared = PublishingFacts { shared_with: 3, ..facts.clone() };
        let is_shared = Rejection::ImageIsShared { image: showing().image, accounts: 3 };
        assert_eq!(judge_publishing(&shared), Err(is_shared));
        let (by, target) = (CopyId::from_random(|| 5), "south".parse::<RegionId>().unwrap());
        let held = PublishingFacts { held_by: Some((by.clone(), target.clone())), ..facts };
        let is_held = Rejection::ImageHeld { image: showing().image, by, target };
        assert_eq!(judge_publishing(&held), Err(is_held));
    }
}
