//! Image files that are registered in place (R002-4): their names, and why one is refused.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::field::{Field, FieldRefusal};
use crate::rejection::Rejection;

words!(
    /// Why a file is no disk image that can be read. The words are the published codes of the disk image reader.
    FileProblem, "the codes of refused image files",
    /// It cannot be read.
    Unreadable = "ImageUnreadable",
    /// It contradicts its format's rules.
    Malformed = "MalformedImage",
    /// Its format, or something in it, is not supported.
    Unsupported = "UnsupportedImage",
    /// Two formats claim it.
    Ambiguous = "AmbiguousFormat",
    /// It is not of the format that was declared.
    Mismatch = "FormatMismatch",
    /// Its size is no positive multiple of 512.
    Size = "InvalidImageSize",
    /// Its disk is larger than is allowed.
    TooLarge = "ImageTooLarge",
    /// It changed while it was read.
    Changed = "ImageChanged",
    /// It names a backing file, which is never opened.
    BackingFile = "UnsafeImage.BackingFile",
    /// It names a file with its data, which is never opened.
    ExternalData = "UnsafeImage.ExternalData",
    /// It names files with its extents, which are never opened.
    ExtentPath = "UnsafeImage.ExtentPath",
    /// It names a parent disk, which is never opened.
    Parent = "UnsafeImage.Parent",
);

/// The name of a file in an account's folder of local images: 1 to 255 bytes, no `/`, no control characters, not `.` or `..`.
/// It names nothing outside of that folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// The longest name, in bytes: what file systems allow.
    pub const MAX: usize = 255;

    /// Checks a name.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let refuse = |refusal| Err(Rejection::field(Field::File, refusal));
        if !(1..=Self::MAX).contains(&text.len()) {
            return refuse(FieldRefusal::Length { length: text.len(), min: 1, max: Self::MAX });
        }
        if let Some(character) = text.chars().find(|c| *c == '/' || c.is_control()) {
            return refuse(FieldRefusal::Character { character });
        }
        if text == "." || text == ".." {
            return refuse(FieldRefusal::Character { character: '.' });
        }
        Ok(FileName(text.to_owned()))
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r002_4_the_name_of_a_local_file_leads_nowhere_else() {
        for good in ["web.qcow2", "..web", "a b", "镜像.raw", &"n".repeat(255)] {
            assert_eq!(FileName::new(good).unwrap().as_str(), good);
        }
        for wrong in ["", ".", "..", "/etc/passwd", "../x", "a/b", "a\0b", "a\nb", &"n".repeat(256)]
        {
            assert!(
                matches!(
                    FileName::new(wrong),
                    Err(Rejection::InvalidField { field: Field::File, .. })
                ),
                "{wrong:?}"
            );
        }
    }
}
