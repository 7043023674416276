//! Profiles: the limits of one dialect, as data (REQUIREMENTS section 6). The values of each cloud are configuration.

use std::fmt;
use std::str::FromStr;

use crate::attributes::{UnknownWord, words};

words!(
    /// Whether copies between border zones need an approval (R003-2).
    Border, "`open`, `needs_approval`",
    /// They do not.
    Open = "open",
    /// They do.
    NeedsApproval = "needs_approval",
);
words!(
    /// When a second copy of an image that is being copied is refused (R002-8).
    Again, "`same_target`, `any_target`",
    /// Into the same target region.
    SameTarget = "same_target",
    /// Into any region.
    AnyTarget = "any_target",
);
words!(
    /// Whether two images of an account in a region may have the same name. An image whose copy failed does not count.
    #[derive(Default)]
    NameRule, "`free`, `unique`",
    /// They may.
    #[default]
    Free = "free",
    /// They may not.
    Unique = "unique",
);
words!(
    /// Whether the description of a copy ends in a note of where it is from (R002-7).
    OriginNote, "`added`, `left_out`",
    /// It does.
    Added = "added",
    /// It says what was given and no more, for clients that compare it with that.
    LeftOut = "left_out",
);

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
    /// Where copies say that they are from.
    pub origin_note: OriginNote,
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
            origin_note: OriginNote::Added,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Profile::native()
    }
}

/// A profile that no request could keep, or that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProfile {
    /// A count that must be at least one, or that passes what the engine does in one request.
    #[error("`{setting}` is `{value}`, not 1 to {max}")]
    Count {
        /// Which setting.
        setting: &'static str,
        /// What was given.
        value: usize,
        /// The most.
        max: usize,
    },
    /// A size of no bytes, under which nothing could be copied.
    #[error("`{setting}` is `0` bytes; leave it out for no limit")]
    NoBytes {
        /// Which setting.
        setting: &'static str,
    },
    /// Tickets would be asked for what is refused anyway.
    #[error(
        "`ticket_above_bytes` is `{ticket_above_bytes}`, above `largest_bytes`, `{largest_bytes}`"
    )]
    TicketAboveLargest {
        /// Above this size a copy needs an approval.
        ticket_above_bytes: u64,
        /// Above this size there is none.
        largest_bytes: u64,
    },
}

/// The most images in one request of any profile: each is judged before any is started.
pub const MAX_IMAGES: usize = 100;

impl Profile {
    /// Whether requests can keep it.
    pub fn check(&self) -> Result<(), InvalidProfile> {
        let counts = [
            ("images_at_once", self.images_at_once, MAX_IMAGES),
            ("targets_at_once", self.targets_at_once, crate::rules::MAX_TARGETS),
        ];
        for (setting, value, max) in counts {
            if !(1..=max).contains(&value) {
                return Err(InvalidProfile::Count { setting, value, max });
            }
        }
        let sizes = [
            ("ticket_above_bytes", self.ticket_above_bytes),
            ("largest_bytes", self.largest_bytes),
        ];
        if let Some((setting, _)) = sizes.into_iter().find(|(_, bytes)| *bytes == Some(0)) {
            return Err(InvalidProfile::NoBytes { setting });
        }
        match (self.ticket_above_bytes, self.largest_bytes) {
            (Some(ticket_above_bytes), Some(largest_bytes))
                if ticket_above_bytes > largest_bytes =>
            {
                Err(InvalidProfile::TicketAboveLargest { ticket_above_bytes, largest_bytes })
            }
            (Some(_) | None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_no_request_could_keep_is_named() {
        assert_eq!(Profile::native().check(), Ok(()));
        let native = Profile::native;
        let table = [
            (Profile { images_at_once: 0, ..native() }, "`images_at_once` is `0`"),
            (Profile { targets_at_once: 101, ..native() }, "`targets_at_once` is `101`"),
            (Profile { largest_bytes: Some(0), ..native() }, "`largest_bytes` is `0` bytes"),
            (
                Profile { ticket_above_bytes: Some(2), largest_bytes: Some(1), ..native() },
                "above `largest_bytes`",
            ),
        ];
        for (profile, words) in table {
            let text = profile.check().unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
