//! Ids in the cloud's spelling. Images are `img-` and 10 characters, looked up by the region; of everything else all characters
//! are kept, so that no table is needed.

use model::{ID_CHARACTERS, ImageId, SnapshotId, TaskId};

/// Characters of an image's id behind its prefix (contract 2).
const IMAGE: usize = 10;
/// What the cloud's ids of snapshots begin with.
const SNAPSHOT: &str = "snapshot-";

/// An image's id as the cloud spells it.
pub(super) fn image(id: &ImageId) -> String {
    id.shown(IMAGE).to_owned()
}

/// Whether a text is as long as an image's id, as the cloud spells it or whole.
pub(super) fn may_be_image(text: &str) -> bool {
    let length = text.len().saturating_sub(ImageId::PREFIX.len());
    [IMAGE, ID_CHARACTERS].contains(&length)
}

/// A snapshot's id as the cloud spells it.
pub(super) fn snapshot(id: &SnapshotId) -> String {
    let ours = id.as_str();
    format!("{SNAPSHOT}{}", ours.strip_prefix(SnapshotId::PREFIX).unwrap_or(ours))
}

/// Reads a snapshot's id; none where it is no such id. Nothing has such an id then, so it is absent (api-11).
pub(super) fn read_snapshot(text: &str) -> Option<SnapshotId> {
    format!("{}{}", SnapshotId::PREFIX, text.strip_prefix(SNAPSHOT)?).parse().ok()
}

/// A task's id, which is spelled as ours is.
pub(super) fn task(id: &TaskId) -> String {
    id.to_string()
}

/// Reads a task's id; none where it is no such id.
pub(super) fn read_task(text: &str) -> Option<TaskId> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spelled_both_ways_without_a_table() {
        let id: ImageId = "img-abcdefghijklmnopqrst".parse().unwrap();
        assert_eq!(image(&id), "img-abcdefghij");
        assert!(may_be_image("img-abcdefghij") && may_be_image(id.as_str()));
        for wrong in ["img-abcdefgh", "img-abcdefghijk", "", "img-"] {
            assert!(!may_be_image(wrong), "{wrong}");
        }
        let id = read_snapshot("snapshot-abcdefghijklmnopqrst").unwrap();
        assert_eq!(id.as_str(), "snap-abcdefghijklmnopqrst");
        assert_eq!(snapshot(&id), "snapshot-abcdefghijklmnopqrst");
        let id = read_task("task-abcdefghijklmnopqrst").unwrap();
        assert_eq!(task(&id), "task-abcdefghijklmnopqrst");
        for wrong in
            ["snap-abcdefghijklmnopqrst", "snapshot-short", "", "snapshot-../../etc/passwd"]
        {
            assert_eq!(read_snapshot(wrong), None, "{wrong}");
            assert_eq!(read_task(wrong), None, "{wrong}");
        }
    }
}
