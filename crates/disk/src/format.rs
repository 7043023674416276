//! The formats this crate reads, and what a caller may declare about a file.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A disk image format that is read. The names in backticks are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// `raw`: the disk's bytes and nothing else.
    Raw,
    /// `qcow2`: QEMU copy-on-write, versions 2 and 3.
    Qcow2,
    /// `vmdk`: VMware in one file, monolithicSparse and streamOptimized.
    Vmdk,
    /// `vhd`: Virtual PC, fixed and dynamic.
    Vhd,
}

impl Format {
    /// Every format, in the order of the declaration.
    pub const ALL: [Format; 4] = [Format::Raw, Format::Qcow2, Format::Vmdk, Format::Vhd];

    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
            Format::Vmdk => "vmdk",
            Format::Vhd => "vhd",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        Format::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat { text: text.to_owned() })
    }
}

/// What the caller says a file is. It is a check on what the content shows, never an override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Declared {
    /// `auto`: whatever the content shows.
    #[default]
    Auto,
    /// One format by name: anything else in the content is refused as `FormatMismatch`.
    As(Format),
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Declared::Auto => f.write_str("auto"),
            Declared::As(format) => format.fmt(f),
        }
    }
}

impl FromStr for Declared {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Declared, UnknownFormat> {
        if text == "auto" { Ok(Declared::Auto) } else { text.parse().map(Declared::As) }
    }
}

/// A text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown image format `{text}`, known are `raw`, `qcow2`, `vmdk` and `vhd`")]
pub struct UnknownFormat {
    /// The text as given.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_name_parses_to_itself() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert_eq!(format.to_string().parse(), Ok(Declared::As(format)));
        }
        assert_eq!("auto".parse(), Ok(Declared::Auto));
        assert!("QCOW2".parse::<Format>().is_err());
    }
}
