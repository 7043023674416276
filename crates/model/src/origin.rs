//! Where a copied image comes from, and how its description says so.

use crate::ids::{CopyId, ImageId, RegionId, SnapshotId};
use crate::text::Description;

/// What a copied image or snapshot was made from (R000-13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The source region.
    pub region: RegionId,
    /// The image there.
    pub image: ImageId,
    /// For a snapshot, the snapshot there.
    pub snapshot: Option<SnapshotId>,
    /// The copy that made it.
    pub copy: CopyId,
}

/// The description of a copy: what the user said, shortened first, then the source's region and id in a form that can be
/// read back: `[copied from REGION/IMAGE]` (R002-7).
pub fn copied_description(user: &str, region: &RegionId, image: &ImageId) -> Description {
    let note = format!("[copied from {region}/{image}]");
    let room = Description::MAX - note.chars().count() - 1;
    let kept: String = user.chars().take(room).collect();
    let text = if kept.trim().is_empty() { note } else { format!("{} {note}", kept.trim_end()) };
    Description::new(&text)
        .expect("a checked description, shortened, and an ASCII note within the limit")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (RegionId, ImageId) {
        ("cn-hangzhou".parse().unwrap(), ImageId::from_random(|| 7))
    }

    #[test]
    fn r002_7_the_users_part_is_shortened_first() {
        let (region, image) = ids();
        let text = copied_description(&"字".repeat(256), &region, &image);
        assert_eq!(text.as_str().chars().count(), 256);
        assert!(text.as_str().ends_with(&format!(" [copied from cn-hangzhou/{image}]")));
    }

    #[test]
    fn r002_7_without_words_of_the_user_the_note_stands_alone() {
        let (region, image) = ids();
        assert_eq!(
            copied_description("", &region, &image).as_str(),
            format!("[copied from cn-hangzhou/{image}]")
        );
        assert_eq!(
            copied_description("web", &region, &image).as_str(),
            format!("web [copied from cn-hangzhou/{image}]")
        );
    }
}
