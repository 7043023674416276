//! What a caller may do with an image that it sees: whether it is its own to change, to be used, exported, cancelled.

use super::{SourceFacts, judge_source};
use crate::ids::{AccountId, ImageId, TaskId};
use crate::image::ImageStatus;
use crate::kind::ImageKind;
use crate::rejection::Rejection;

/// Whether an image is the caller's to change; one that it only sees as `kind` is not (R001-8).
pub fn judge_own(
    image: &ImageId,
    owner: &AccountId,
    caller: &AccountId,
    kind: ImageKind,
) -> Result<(), Rejection> {
    if owner == caller {
        return Ok(());
    }
    Err(Rejection::ImageNotYours { image: image.clone(), kind })
}

/// Whether an image that the caller sees may be used: deprecated or not, it is available (R000-12, R001-7, R003-9).
pub fn judge_use(image: &ImageId, status: ImageStatus) -> Result<(), Rejection> {
    match status {
        ImageStatus::Available => Ok(()),
        ImageStatus::Creating | ImageStatus::CreateFailed => {
            Err(Rejection::ImageNotAvailable { image: image.clone(), status })
        }
    }
}

/// Whether an image may be written into a bucket: as one that may leave its region, and by one task at a time.
pub fn judge_export(facts: &SourceFacts, exported_by: Option<TaskId>) -> Result<(), Rejection> {
    judge_source(facts)?;
    match exported_by {
        None => Ok(()),
        Some(by) => Err(Rejection::ImageBeingExported { image: facts.image.clone(), by }),
    }
}

/// What makes an image, or made it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// An import or a copy that runs, or that is being given back already: cancelling twice is no error.
    Running,
    /// A copy that has made it.
    Finished,
    /// Nothing that could be cancelled: it came otherwise, or what was to make it has ended.
    Nothing,
}

/// Whether what makes an image may be cancelled (R000-10, R000-11).
pub fn judge_cancelling(image: &ImageId, maker: Maker) -> Result<(), Rejection> {
    match maker {
        Maker::Running => Ok(()),
        Maker::Finished => Err(Rejection::CopyFinished { image: image.clone() }),
        Maker::Nothing => Err(Rejection::NotBeingCopied { image: image.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Deprecation;
    use crate::kind::Storage;

    fn image() -> ImageId {
        ImageId::from_random(|| 1)
    }

    #[test]
    fn r001_8_an_image_of_another_account_is_used_and_not_changed() {
        let (one, two) = (AccountId::from_random(|| 1), AccountId::from_random(|| 2));
        assert_eq!(judge_own(&image(), &one, &one, ImageKind::Custom), Ok(()));
        let kind = ImageKind::Shared;
        let refused = Rejection::ImageNotYours { image: image(), kind };
        assert_eq!(judge_own(&image(), &one, &two, kind), Err(refused));
        assert_eq!(judge_use(&image(), ImageStatus::Available), Ok(()));
        for status in [ImageStatus::Creating, ImageStatus::CreateFailed] {
            let refused = Rejection::ImageNotAvailable { image: image(), status };
            assert_eq!(judge_use(&image(), status), Err(refused));
        }
    }

    #[test]
    fn one_task_exports_an_image_at_a_time() {
        let facts = SourceFacts {
            image: image(),
            kind: ImageKind::Custom,
            storage: Storage::Snapshots,
            status: ImageStatus::Available,
            deprecation: Deprecation::Current,
            damaged_chunks: 0,
        };
        assert_eq!(judge_export(&facts, None), Ok(()));
        let by = TaskId::from_random(|| 1);
        let refused = Rejection::ImageBeingExported { image: image(), by: by.clone() };
        assert_eq!(judge_export(&facts, Some(by.clone())), Err(refused));
        let local = SourceFacts { storage: Storage::LocalFile, ..facts };
        let refused = Rejection::LocalNotCopied { image: image() };
        assert_eq!(judge_export(&local, Some(by)), Err(refused));
    }

    #[test]
    fn r000_10_only_what_runs_is_cancelled() {
        assert_eq!(judge_cancelling(&image(), Maker::Running), Ok(()));
        let finished = Rejection::CopyFinished { image: image() };
        assert_eq!(judge_cancelling(&image(), Maker::Finished), Err(finished));
        let not_copied = Rejection::NotBeingCopied { image: image() };
        assert_eq!(judge_cancelling(&image(), Maker::Nothing), Err(not_copied));
    }
}
