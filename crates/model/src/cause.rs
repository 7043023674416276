//! Why a copy ended without an image.

use std::fmt;

/// Why a copy was unwound. Stored by the word in backticks; words never change meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `cancelled`: somebody asked for it.
    Cancelled,
    /// `source_gone`: the source image no longer exists, or never did.
    SourceGone,
    /// `source_damaged`: the source lacks or lost chunks of the image and no region can serve them.
    SourceDamaged {
        /// How many chunks are known to be missing.
        chunks: u64,
    },
    /// `source_malformed`: what the source sent is not the tree it named.
    SourceMalformed,
    /// `gave_up`: attempts without any progress reached their limit.
    GaveUp {
        /// How many attempts in a row made no progress.
        attempts: u32,
    },
    /// `key_gone`: the encryption key it was to be sealed with, or that its source is sealed with, was deleted for good.
    KeyGone,
    /// `not_approved`: its approval was given back while it was not known to run, and another copy used it or it ran out.
    NotApproved,
    /// `file_refused`: the local file is no disk image that can be converted.
    FileRefused,
}

impl Cause {
    /// The stored word.
    pub fn word(&self) -> &'static str {
        match self {
            Cause::Cancelled => "cancelled",
            Cause::SourceGone => "source_gone",
            Cause::SourceDamaged { .. } => "source_damaged",
            Cause::SourceMalformed => "source_malformed",
            Cause::GaveUp { .. } => "gave_up",
            Cause::KeyGone => "key_gone",
            Cause::NotApproved => "not_approved",
            Cause::FileRefused => "file_refused",
        }
    }

    /// The stored number beside the word.
    pub fn number(&self) -> u64 {
        match self {
            Cause::Cancelled
            | Cause::SourceGone
            | Cause::SourceMalformed
            | Cause::KeyGone
            | Cause::NotApproved
            | Cause::FileRefused => 0,
            Cause::SourceDamaged { chunks } => *chunks,
            Cause::GaveUp { attempts } => u64::from(*attempts),
        }
    }

    /// The cause of a stored word and number; none for a word this version does not know.
    pub fn from_stored(word: &str, number: u64) -> Option<Self> {
        match word {
            "cancelled" => Some(Cause::Cancelled),
            "source_gone" => Some(Cause::SourceGone),
            "source_damaged" => Some(Cause::SourceDamaged { chunks: number }),
            "source_malformed" => Some(Cause::SourceMalformed),
            "key_gone" => Some(Cause::KeyGone),
            "not_approved" => Some(Cause::NotApproved),
            "file_refused" => Some(Cause::FileRefused),
            "gave_up" => {
                Some(Cause::GaveUp { attempts: u32::try_from(number).unwrap_or(u32::MAX) })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Cancelled => f.write_str("cancelled"),
            Cause::SourceGone => f.write_str("the source image no longer exists"),
            Cause::SourceDamaged { chunks } => {
                write!(
                    f,
                    "{chunks} chunks of the source image are missing or damaged in the source region; scrub it, or copy from another region"
                )
            }
            Cause::SourceMalformed => {
                f.write_str("the source sent chunks that do not form the disk it named")
            }
            Cause::KeyGone => f.write_str("its encryption key has been deleted for good"),
            Cause::NotApproved => {
                f.write_str("its approval was used by another copy or ran out before it began")
            }
            Cause::FileRefused => f.write_str(
                "the local file is no disk image that can be converted; the region's log says why",
            ),
            Cause::GaveUp { attempts } => {
                write!(f, "{attempts} attempts in a row made no progress")
            }
        }
    }
}
