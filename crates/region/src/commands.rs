//! What callers ask for.

use std::collections::BTreeMap;

use catalog::Tx;
use model::{
    AccountId, Act, Attributes, BootMode, ClientToken, Deprecation, Description, Family, FileName,
    ImageId, ImageKind, ImageStatus, Name, NameRule, Particulars, Profile, RegionId, Rejection,
    Role, Sealing, SizeBytes, Tags, Timestamp, Urgency, UserId,
};
pub use model::{Direction, ImageOrder, ImageSearch, ImageSort, PageOf};

use crate::refused::Refused;

/// Who asks, and under which request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account whose images these are.
    pub account: AccountId,
    /// Who of that account; none where the region itself acts for it.
    pub user: Option<UserId>,
    /// What that user may do.
    pub role: Role,
    /// Names the request in logs and in the audit trail.
    pub request_id: String,
    /// Whether what is asked for is to be done.
    pub intent: Intent,
}

/// Whether what is asked for is to be done.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// It is.
    #[default]
    Act,
    /// It is judged like any other request, and then nothing is done: the answer is [`Refused::Rehearsed`].
    Rehearse,
}

impl Caller {
    /// The region itself, acting for an account.
    pub(crate) fn of_region(account: &AccountId, request_id: String) -> Self {
        Caller {
            account: account.clone(),
            user: None,
            role: Role::Owner,
            request_id,
            intent: Intent::Act,
        }
    }

    /// Whether the caller may look at an account's users, keys and limits: the own account's, or as an operator anybody's.
    pub(crate) fn sees(&self, account: &AccountId) -> bool {
        self.account == *account || self.role.may(Act::Operate)
    }

    /// Refuses what the caller's role does not allow.
    pub fn must(&self, act: Act) -> Result<(), Rejection> {
        if self.role.may(act) {
            Ok(())
        } else {
            Err(Rejection::NotAllowed { role: self.role, act })
        }
    }

    /// Makes a command's writes durable, or takes them back where it is only rehearsed.
    pub(crate) async fn commit(&self, tx: Tx) -> Result<(), Refused> {
        match self.intent {
            Intent::Act => Ok(tx.commit().await?),
            Intent::Rehearse => Err(Refused::Rehearsed),
        }
    }
}

/// What a search found: a page of it, and how much there is.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The rows of the page.
    pub items: Vec<T>,
    /// All rows that fit.
    pub total: u64,
}

/// Promise an image whose disks the caller will send.
#[derive(Clone, Debug)]
pub struct BeginImport {
    /// The image's name.
    pub name: Name,
    /// What it is.
    pub description: Description,
    /// The machine it is for.
    pub attributes: Attributes,
    /// The family it is of.
    pub family: Option<Family>,
    /// What its door keeps of it.
    pub particulars: Particulars,
    /// Its tags.
    pub tags: Tags,
    /// The sizes of its disks, the system disk first.
    pub disks: Vec<SizeBytes>,
    /// Whether its name must be new in the region.
    pub names: NameRule,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// Register a disk image file in place (R002-4).
#[derive(Clone, Debug)]
pub struct RegisterImage {
    /// The file, in the account's folder of local images.
    pub file: FileName,
    /// The image's name.
    pub name: Name,
    /// What it is.
    pub description: Description,
    /// The machine it is for.
    pub attributes: Attributes,
    /// The family it is of.
    pub family: Option<Family>,
    /// What its door keeps of it.
    pub particulars: Particulars,
    /// Its tags.
    pub tags: Tags,
    /// Whether its name must be new in the region.
    pub names: NameRule,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// Convert an image in a local file into one on snapshots (R002-4).
#[derive(Clone, Debug)]
pub struct ConvertImage {
    /// The image in the local file.
    pub image: ImageId,
    /// The new image's name; else the same.
    pub name: Option<Name>,
    /// What the new image is; else the same.
    pub description: Option<Description>,
    /// Whether the new name must be new in the region.
    pub names: NameRule,
}

/// Copy an image of this region to others.
#[derive(Clone, Debug)]
pub struct CopyImage {
    /// The source image.
    pub image: ImageId,
    /// Where it is to go; each is answered for itself (R003-7).
    pub targets: Vec<RegionId>,
    /// The name in the targets; else the source's (R002-7).
    pub name: Option<Name>,
    /// The description in the targets; else the source's. The origin is noted behind it (R002-7).
    pub description: Option<Description>,
    /// The tags in the targets; else the source's.
    pub tags: Option<Tags>,
    /// What the door keeps of the copies, laid over what there is of the source.
    pub particulars: Particulars,
    /// What the copies are sealed with.
    pub sealing: Sealing,
    /// How soon they are wanted.
    pub urgency: Urgency,
    /// The limits of the door that was asked.
    pub profile: Profile,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// Change what an image says of itself. What is none stays.
#[derive(Clone, Debug, Default)]
pub struct EditImage {
    /// A new name.
    pub name: Option<Name>,
    /// A new description.
    pub description: Option<Description>,
    /// New tags in place of all old ones.
    pub tags: Option<Tags>,
    /// A new family, or none.
    pub family: Option<Option<Family>>,
    /// How a machine starts from it.
    pub boot_mode: Option<BootMode>,
    /// Whether its owner advises against it.
    pub deprecation: Option<Deprecation>,
    /// What its door keeps of it: each pair is set or, where its value is empty, removed.
    pub particulars: BTreeMap<String, String>,
    /// Whether a new name must be new in the region.
    pub names: NameRule,
}

/// Where a listing goes on: behind the row of this time and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the last row shown was made.
    pub created: Timestamp,
    /// Its id.
    pub id: String,
}

/// Which images to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct ImageQuery {
    /// Only images that the caller sees as this kind; none, and custom: its own, those that it published included.
    pub kind: Option<ImageKind>,
    /// Only these states; all where empty.
    pub status: Vec<ImageStatus>,
    /// Only images of exactly this name.
    pub name: Option<String>,
    /// Only these ids; all where empty.
    pub ids: Vec<ImageId>,
    /// Behind this row.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// Which copies to list.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum CopySelection {
    /// Running and ended.
    #[default]
    All,
    /// Those that still run.
    Live,
    /// Those that have ended.
    Ended,
}

/// Which copies into this region to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct CopyQuery {
    /// By standing.
    pub selection: CopySelection,
    /// Behind this row.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// Which snapshots to list by origin (R000-13).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum SnapshotSelection {
    /// Imported and copied.
    #[default]
    All,
    /// Those a copy made.
    Copied,
    /// Those an import made.
    Imported,
}

/// Which snapshots to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct SnapshotQuery {
    /// By origin.
    pub selection: SnapshotSelection,
    /// Only those of this image.
    pub image: Option<ImageId>,
    /// Behind this row.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// What becomes of an image's snapshots when it is deleted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SnapshotsOfImage {
    /// They stay, used by no image.
    Keep,
    /// They go with it.
    Delete,
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<Cursor>,
}
