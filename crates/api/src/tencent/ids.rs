//! Ids in the cloud's spelling: an image's is `img-` and the first 8 of its 20 characters, which no other image of its region has;
//! all 20 are understood too. A snapshot's is spelled as everywhere.

use model::{ImageId, SnapshotId, TaskId};
use region::Region;

use super::call::Call;
use super::error::ApiError;
use super::rejection::{Context, no_image, of_refused};

/// Characters of an image's id that are shown.
const SHOWN: usize = 8;
/// Characters of a task's id that make its number: 36^8 of them are far from 2^53, which is what JSON's readers can hold.
const OF_TASK: usize = 8;

/// An image's id as the cloud spells it.
pub(super) fn spelled(image: &ImageId) -> &str {
    image.shown(SHOWN)
}

/// The image of a region that a text names; none where there is none. A text of another form is refused.
pub(super) async fn find_image(
    call: &Call,
    region: &Region,
    text: &str,
) -> Result<Option<ImageId>, ApiError> {
    if ImageId::leading_in(text).is_none() {
        let message = format!("The image id `{}` is malformed.", shortened(text));
        return Err(ApiError::new("InvalidImageId.Malformed", message));
    }
    let found = region.image_led_by(&call.caller, text).await;
    found.map_err(|refused| of_refused(refused, Context::Describe))
}

/// The image that must be named by a parameter.
pub(super) async fn needed_image(call: &Call, region: &Region) -> Result<ImageId, ApiError> {
    let text = call.params.needed("ImageId")?;
    find_image(call, region, text).await?.ok_or_else(no_image)
}

/// The images that must be named by a parameter, each once.
pub(super) async fn needed_images(
    call: &Call,
    region: &Region,
    most: usize,
) -> Result<Vec<ImageId>, ApiError> {
    let texts = call.params.texts("ImageIds")?;
    if texts.is_empty() {
        return Err(ApiError::missing("ImageIds"));
    }
    at_most(("ImageIds", texts.len()), most)?;
    let mut images = Vec::with_capacity(texts.len());
    for text in texts {
        let image = find_image(call, region, text).await?.ok_or_else(no_image)?;
        if !images.contains(&image) {
            images.push(image);
        }
    }
    Ok(images)
}

/// Refuses a list of more elements than it may have.
pub(super) fn at_most((name, count): (&str, usize), most: usize) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    let message = format!("The parameter `{name}` has {count} values; at most {most} are allowed.");
    Err(ApiError::new("InvalidParameterValue.LimitExceeded", message))
}

/// A snapshot's id. A text of another form is refused.
pub(super) fn snapshot(text: &str) -> Result<SnapshotId, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("The snapshot id `{}` is malformed.", shortened(text));
        ApiError::new("InvalidParameterValue.SnapshotIdMalformed", message)
    })
}

/// The number of a task: the cloud has numbers where we have texts. It is what the first characters of its id are in base 36, so
/// that whoever knows the one can tell the other.
pub(super) fn task_number(task: &TaskId) -> u64 {
    let digits = task.as_str().strip_prefix(TaskId::PREFIX).and_then(|rest| rest.get(..OF_TASK));
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 36).ok());
    number.expect("an id has 20 characters of a-z0-9")
}

/// As much of a text as a message repeats.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_shown_by_its_first_eight_characters() {
        let id: ImageId = "img-abcdefgh012345678901".parse().unwrap();
        assert_eq!(spelled(&id), "img-abcdefgh");
    }

    #[test]
    fn a_task_is_numbered_by_its_first_eight_characters() {
        let number = |text: &str| task_number(&text.parse().unwrap());
        assert_eq!(number("task-00000010aaaaaaaaaaaa"), 36);
        assert_eq!(number("task-zzzzzzzzaaaaaaaaaaaa"), 36_u64.pow(8) - 1);
        assert!(36_u64.pow(8) < 1 << 53);
    }

    #[test]
    fn api_11_snapshots_have_one_spelling() {
        assert!(snapshot("snap-abcdefghij0123456789").is_ok());
        for wrong in
            ["", "snap-", "snap-abcdefgh", "s-abcdefghij0123456789", "snap-../../etc/passwd!!"]
        {
            let error = snapshot(wrong).unwrap_err();
            assert_eq!(error.code, "InvalidParameterValue.SnapshotIdMalformed", "{wrong}");
        }
    }
}
