//! How an image stands, and whether its owner may advise against it.

use crate::ids::ImageId;
use crate::image::{Deprecation, ImageStatus, Standing};
use crate::kind::ImageKind;
use crate::progress::Phase;
use crate::rejection::Rejection;

/// How an image stands. The catalog's search finds images by the same rule.
pub fn standing(status: ImageStatus, deprecation: Deprecation, phase: Option<Phase>) -> Standing {
    match (status, deprecation) {
        (ImageStatus::Creating, _) if phase == Some(Phase::Waiting) => Standing::Waiting,
        (ImageStatus::Creating, _) => Standing::Creating,
        (ImageStatus::Available, Deprecation::Current) => Standing::Available,
        (ImageStatus::Available, Deprecation::Deprecated) => Standing::Deprecated,
        (ImageStatus::CreateFailed, _) => Standing::CreateFailed,
    }
}

/// What is known of an image that its owner is to advise against, or no longer.
#[derive(Clone, Debug)]
pub struct DeprecationFacts {
    /// The image.
    pub image: ImageId,
    /// How it stands.
    pub status: ImageStatus,
    /// As what it is stored.
    pub kind: ImageKind,
    /// With how many accounts it is shared.
    pub shared_with: u64,
}

/// Whether an image may become deprecated, or current again: only one that is available, and that nobody else sees. A copy of it
/// that runs goes on.
pub fn judge_deprecation(facts: &DeprecationFacts, to: Deprecation) -> Result<(), Rejection> {
    let image = || facts.image.clone();
    if facts.status != ImageStatus::Available {
        return Err(Rejection::ImageNotAvailable { image: image(), status: facts.status });
    }
    match to {
        Deprecation::Current => return Ok(()),
        Deprecation::Deprecated => {}
    }
    match facts.kind {
        ImageKind::Custom | ImageKind::Shared => {}
        kind @ (ImageKind::Public | ImageKind::Marketplace) => {
            return Err(Rejection::ImagePublished { image: image(), kind });
        }
    }
    match facts.shared_with {
        0 => Ok(()),
        accounts => Err(Rejection::ImageIsShared { image: image(), accounts }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> DeprecationFacts {
        DeprecationFacts {
            image: ImageId::from_random(|| 1),
            status: ImageStatus::Available,
            kind: ImageKind::Custom,
            shared_with: 0,
        }
    }

    #[test]
    fn only_an_available_image_that_nobody_else_sees_is_deprecated() {
        let image = || facts().image;
        let (status, kind) = (ImageStatus::Creating, ImageKind::Public);
        let not_available = Rejection::ImageNotAvailable { image: image(), status };
        let published = Rejection::ImagePublished { image: image(), kind };
        let shared = Rejection::ImageIsShared { image: image(), accounts: 3 };
        let table = [
            (facts(), Ok(()), Ok(())),
            (
                DeprecationFacts { status, ..facts() },
                Err(not_available.clone()),
                Err(not_available),
            ),
            (DeprecationFacts { kind, ..facts() }, Err(published), Ok(())),
            (DeprecationFacts { shared_with: 3, ..facts() }, Err(shared), Ok(())),
        ];
        for (facts, deprecated, current) in table {
            assert_eq!(judge_deprecation(&facts, Deprecation::Deprecated), deprecated, "{facts:?}");
            assert_eq!(judge_deprecation(&facts, Deprecation::Current), current, "{facts:?}");
        }
    }

    /// R002-3: what is in the queue is not being created yet.
    #[test]
    fn r002_3_an_image_stands_by_its_status_its_queue_and_its_deprecation() {
        use Deprecation::{Current, Deprecated};
        use ImageStatus as S;
        let table = [
            (S::Creating, Current, Some(Phase::Waiting), Standing::Waiting),
            (S::Creating, Current, Some(Phase::CopyingSnapshots), Standing::Creating),
            (S::Creating, Current, Some(Phase::Cancelling), Standing::Creating),
            (S::Creating, Current, None, Standing::Creating),
            (S::Available, Current, None, Standing::Available),
            (S::Available, Current, Some(Phase::Waiting), Standing::Available),
            (S::Available, Deprecated, None, Standing::Deprecated),
            (S::CreateFailed, Current, None, Standing::CreateFailed),
        ];
        for (status, deprecation, phase, wanted) in table {
            assert_eq!(standing(status, deprecation, phase), wanted, "{status} {phase:?}");
        }
    }
}
