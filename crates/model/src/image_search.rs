//! Which images a search wants.

use crate::attributes::{Architecture, BootMode, OsType};
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
    /// Which part of those that fit.
    pub page: PageOf,
}
