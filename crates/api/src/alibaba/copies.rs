//! Copies: `CopyImage` at the source's region, `CancelCopyImage` at the target's (contract 5).

use model::{
    EncryptionKeyId, ImageId, ImageStatus, Name, NameRule, OriginNote, Phase, Profile, Sealing,
};
use region::CopyImage;

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::Spelled;
use super::rejection::{Context, no_key, not_from_copy, of_refused};
use super::reply::Node;
use super::words::no_image;

/// `CopyImage`: the new image's id exists when this answers, and the copy runs. Without a target region the copy stays in its
/// region, which is for another key alone. The tags are those given; none is the source's.
pub(super) async fn copy_image(call: &Call) -> Result<Node, ApiError> {
    let region = call.region().map_err(of_source)?;
    let caller = call.dry()?;
    let params = &call.params;
    let given = Given { params, context: Context::Copy };
    let image = params.needed("ImageId")?;
    let target = match params.text("DestinationRegionId") {
        Some(name) => name.parse().map_err(|_| no_target())?,
        None => region.id().clone(),
    };
    let name = given.name("DestinationImageName")?;
    let command = CopyImage {
        image: ImageId::read(image).ok_or_else(no_image)?,
        targets: vec![target],
        profile: profile(call, name.as_ref()),
        name,
        // The cloud's default is none, not the source's.
        description: Some(given.description("DestinationDescription")?.unwrap_or_default()),
        tags: Some(given.tags()?),
        particulars: given.particulars()?,
        sealing: sealing(call)?,
        urgency: model::Urgency::default(),
        token: given.token()?,
    };
    let answers = region.copy_image(&caller, command).await;
    let mut answers = answers.map_err(|refused| of_refused(refused, Context::Copy))?;
    let accepted = answers.pop().expect("one target was asked, and answers").answer;
    let accepted = accepted.map_err(|refused| of_refused(refused, Context::Copy))?;
    Ok(Node::Fields(vec![("ImageId", Node::text(accepted.image.spelled()))]))
}

/// The limits of this door. The description says what was given and no more: clients compare it. A name that nobody chose is the
/// source's, and need not be new: the second plain copy of an image into a region goes as the first does.
fn profile(call: &Call, name: Option<&Name>) -> Profile {
    let profile = call.profile();
    let names = match name {
        Some(_) => profile.names,
        None => NameRule::Free,
    };
    Profile { names, origin_note: OriginNote::LeftOut, ..profile }
}

/// `Encrypted`, `KMSKeyId`, `EncryptAlgorithm`. What is not said is as the source; `false` is refused of an encrypted source.
pub(super) fn sealing(call: &Call) -> Result<Sealing, ApiError> {
    if call.params.text("EncryptAlgorithm").is_some() {
        return Err(ApiError::bad(
            "InvalidEncryptAlgorithm",
            "The specified parameter EncryptAlgorithm is not available.",
        ));
    }
    match (call.params.flag("Encrypted")?, call.params.text("KMSKeyId")) {
        (None, None) => Ok(Sealing::AsSource),
        (Some(false), None) => Ok(Sealing::Plain),
        (Some(true), None) => Ok(Sealing::DefaultKey),
        (Some(true), Some(key)) => {
            key.parse::<EncryptionKeyId>().map(Sealing::Key).map_err(|_| no_key())
        }
        // The table has two codes for this; this one is in every version of it, and names both parameters as requests do.
        (Some(false) | None, Some(_)) => Err(ApiError::bad(
            "InvalidEncrypted.NotMatchKmsKeyId",
            "The specified parameter Encrypted must be true when KmsKeyId is not empty.",
        )),
    }
}

fn no_target() -> ApiError {
    ApiError::bad("DestinationRegion.NotFound", "The destination region not found.")
}

/// Of this operation an absent region is the source's.
fn of_source(error: ApiError) -> ApiError {
    match &*error.code {
        "InvalidRegionId.NotFound" => {
            ApiError::bad("SourceRegion.NotFound", "The source region not found.")
        }
        _ => error,
    }
}

/// `CancelCopyImage`: `RegionId` is the target's. The image is gone when this answers; the source is as it was (R000-11).
pub(super) async fn cancel_copy_image(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let image = ImageId::read(call.params.needed("ImageId")?).ok_or_else(no_image)?;
    let refused = |refused| of_refused(refused, Context::Cancel);
    let view = region.image(&call.caller, &image).await.map_err(refused)?;
    if view.origin.is_none() {
        // Imported, or made of snapshots: no copy makes it.
        return Err(not_from_copy());
    }
    if let Some(words) = why_not_cancelled(view.status, view.phase) {
        return Err(ApiError::bad("IncorrectImageStatus", words));
    }
    region.cancel_image(&call.caller, &image).await.map_err(refused)?;
    Ok(Node::empty())
}

/// Why the copy of an image that stands so is not cancelled, in the cloud's words; none where it still can be. Where it ends
/// between the look and the cancelling, the region says so ([`of_refused`]).
fn why_not_cancelled(status: ImageStatus, phase: Option<Phase>) -> Option<&'static str> {
    match (status, phase) {
        (ImageStatus::Available, _) => Some("The image copy has completed."),
        (ImageStatus::CreateFailed, _) => Some("The Image copy has been failed."),
        // Given up, and not yet unwound.
        (ImageStatus::Creating, Some(Phase::Cancelling)) => {
            Some("The specified snapshot is not coping.")
        }
        (ImageStatus::Creating, Some(Phase::Cancelled | Phase::Failed)) => {
            Some("The specified image is not coping.")
        }
        (
            ImageStatus::Creating,
            Some(Phase::Waiting | Phase::CopyingSnapshots | Phase::Registering | Phase::Done)
            | None,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use model::Rejection;

    use super::*;
    use crate::alibaba::rejection::of_rejection;

    /// R000-11: all five messages of the table, each where it is meant.
    #[test]
    fn r000_11_a_copy_that_is_not_cancelled_says_why_in_the_clouds_words() {
        let words = |status, phase| why_not_cancelled(status, phase).unwrap_or("cancelled");
        let making = |phase| words(ImageStatus::Creating, Some(phase));
        assert_eq!(words(ImageStatus::Available, None), "The image copy has completed.");
        assert_eq!(words(ImageStatus::CreateFailed, None), "The Image copy has been failed.");
        assert_eq!(making(Phase::Cancelling), "The specified snapshot is not coping.");
        assert_eq!(making(Phase::Failed), "The specified image is not coping.");
        assert_eq!(making(Phase::Cancelled), "The specified image is not coping.");
        for phase in [Phase::Waiting, Phase::CopyingSnapshots, Phase::Registering] {
            assert_eq!(making(phase), "cancelled");
        }
        let finished = Rejection::CopyFinished { image: ImageId::from_random(|| 1) };
        let lost = of_rejection(&finished, Context::Cancel);
        assert_eq!(
            (&*lost.code, &*lost.message),
            ("IncorrectImageStatus", "The image is copied finished.")
        );
    }
}
