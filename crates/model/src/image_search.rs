//! Which images a search wants, and in which order.

use crate::attributes::{Architecture, BootMode, OsType};
use unicode_normalization::UnicodeNormalization;

use crate::ids::{AccountId, ImageId, SnapshotId};
use crate::image::Standing;
use crate::kind::{ImageKind, Storage};
use crate::search::{Copying, NamePattern, Sharing, TagWanted, Usage};
use crate::text::Family;
use crate::time::Timestamp;

/// Which rows of a search are wanted, by their place in the whole of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct PageOf {
    /// Rows before the first.
    pub offset: u64,
    /// At most so many.
    pub limit: u32,
}

impl Default for PageOf {
    /// The first hundred.
    fn default() -> Self {
        PageOf { offset: 0, limit: 100 }
    }
}

/// What a listing of images is sorted by. What stands alike comes newest first.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ImageSort {
    /// When they were promised, and then their ids: along an index. Every other order sorts all that fits.
    #[default]
    Created,
    /// Their names, with small letters in the place of the 26 capitals, by the numbers of their characters: `Ä` behind `z`.
    Name,
    /// How they stand, in the order of [`Standing::ALL`].
    Status,
    /// The sizes of all their disks together.
    Size,
    /// The bytes of their disks that are not zero, as far as known.
    Held,
}

impl ImageSort {
    /// Every one.
    pub const ALL: &'static [ImageSort] =
        &[ImageSort::Created, ImageSort::Name, ImageSort::Status, ImageSort::Size, ImageSort::Held];
}

/// Which end of an order comes first.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The newest, the largest, the last of the alphabet.
    #[default]
    Descending,
    /// The oldest, the smallest, the first of the alphabet.
    Ascending,
}

/// In which order images are listed. By default the newest come first.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImageOrder {
    /// By what.
    pub by: ImageSort,
    /// From which end.
    pub direction: Direction,
}

/// Which images are wanted, of those that the caller sees. All conditions hold at once; an empty list and what is none ask
/// for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSearch {
    /// Seen as one of these kinds. Custom: the caller's own, without those that it published; with them, say `owner`.
    pub seen_as: Vec<ImageKind>,
    /// With one of these ids.
    pub ids: Vec<ImageId>,
    /// With one of these names: few of them, a door bounds how many.
    pub names: Vec<NamePattern>,
    /// Of this family.
    pub family: Option<Family>,
    /// That stand in one of these ways.
    pub standings: Vec<Standing>,
    /// With each of these tags: few of them, a door bounds how many. Only the caller's own have tags that it sees.
    pub tags: Vec<TagWanted>,
    /// That rest on this snapshot.
    pub snapshot: Option<SnapshotId>,
    /// For this processor.
    pub architecture: Option<Architecture>,
    /// With an operating system of this family.
    pub os_type: Option<OsType>,
    /// With one of these platforms.
    pub platforms: Vec<NamePattern>,
    /// Whose machines begin in this way.
    pub boot_mode: Option<BootMode>,
    /// Whose disks lie there.
    pub storage: Option<Storage>,
    /// Shared with accounts or not. Whom another's image is shared with is its owner's business: either finds only the
    /// caller's own.
    pub sharing: Option<Sharing>,
    /// With copies of it being made just now or not, as far as the caller sees: another's image looks still.
    pub copying: Option<Copying>,
    /// Used by instances or not, as far as the caller sees: another's image looks unused.
    pub usage: Option<Usage>,
    /// Owned by this account.
    pub owner: Option<AccountId>,
    /// Promised then or later.
    pub created_from: Option<Timestamp>,
    /// Promised then or earlier.
    pub created_until: Option<Timestamp>,
    /// With each of these particulars, which the caller sees of its own images alone.
    pub particulars: Vec<(String, String)>,
    /// What somebody typed to find them: in their name, at the beginning of their id, with or without `img-`, all of their
    /// family, in a key or a value of their tags, or one tag whole as `key=value`. The 26 capitals and small letters are the
    /// same, every character stands for itself. Of a text of more than [`ImageSearch::LONGEST_TEXT`] characters nothing is
    /// found. A text that goes no further than `img-` says nothing of ids: else it would find every image.
    pub text: Option<String>,
    /// In which order they come.
    pub order: ImageOrder,
    /// Which part of those that fit.
    pub page: PageOf,
}

impl ImageSearch {
    /// The longest text that finds something, in characters.
    pub const LONGEST_TEXT: usize = 256;

    /// The text in the form in which names and tags are compared with it: Unicode normal form C, and small letters for the 26
    /// capitals; a longer one than any that finds something is cut where it is longer already.
    pub fn folded_text(&self) -> Option<String> {
        let text = self.text.as_ref()?;
        Some(text.nfc().take(Self::LONGEST_TEXT + 1).collect::<String>().to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let search = ImageSearch { text: Some(text.to_owned()), ..ImageSearch::default() };
        search.folded_text().unwrap()
    }

    /// API-13: what is typed is compared as names are stored, and only the 26 capitals are made small.
    #[test]
    fn api_13_a_text_is_folded_as_names_are_stored() {
        let table = [
            ("Web-1", "web-1"),
            ("Cafe\u{301}", "café"),
            ("CAFÉ", "cafÉ"),
            ("%_'", "%_'"),
            ("\u{202e}B", "\u{202e}b"),
            ("", ""),
        ];
        for (typed, wanted) in table {
            assert_eq!(folded(typed), wanted);
        }
        assert_eq!(ImageSearch::default().folded_text(), None);
    }

    #[test]
    fn a_text_that_is_too_long_stays_too_long_and_no_longer() {
        let most = ImageSearch::LONGEST_TEXT;
        for (typed, characters) in [
            ("字".repeat(most), most),
            ("e\u{301}".repeat(most), most),
            ("a".repeat(10_240), most + 1),
        ] {
            assert_eq!(folded(&typed).chars().count(), characters);
        }
    }

    #[test]
    fn the_newest_come_first_where_nothing_is_said() {
        let order = ImageOrder { by: ImageSort::Created, direction: Direction::Descending };
        assert_eq!(ImageSearch::default().order, order);
    }
}
