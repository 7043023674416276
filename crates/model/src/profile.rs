//! Profiles: the limits of one dialect, as data (REQUIREMENTS section 6). The values of each cloud are configuration.

/// Whether copies between border zones need an approval (R003-2).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Border {
    /// They do not.
    Open,
    /// They do.
    NeedsApproval,
}

/// When a second copy of an image that is being copied is refused (R002-8).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Into the same target region.
    SameTarget,
    /// Into any region.
    AnyTarget,
}

/// Whether two images of an account in a region may have the same name.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum NameRule {
    /// They may.
    #[default]
    Free,
    /// They may not.
    Unique,
}

/// The limits of one dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Above this virtual size, all disks together, a copy needs an approval (R000-7, R001-9); none never does.
    pub ticket_above_bytes: Option<u64>,
    /// Above this virtual size an image is not copied at all (R003-4); none has no such limit.
    pub largest_bytes: Option<u64>,
    /// Images in one request (R002-1).
    pub images_at_once: usize,
    /// Target regions in one request (R002-6).
    pub targets_at_once: usize,
    /// Copies across a border.
    pub border: Border,
    /// Copies of an image that is being copied.
    pub again: Again,
    /// Images of the same name.
    pub names: NameRule,
}

impl Profile {
    /// The native API's: 100 images and 100 targets in one request, nothing else.
    pub fn native() -> Self {
        Profile {
            ticket_above_bytes: None,
            largest_bytes: None,
            images_at_once: 100,
            targets_at_once: crate::rules::MAX_TARGETS,
            border: Border::Open,
            again: Again::SameTarget,
            names: NameRule::Free,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Profile::native()
    }
}
