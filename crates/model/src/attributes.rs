//! What an image says of the machine it is for.

use std::fmt;
use std::str::FromStr;

use crate::text::Platform;

/// A word that is none of those allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of {allowed}")]
pub struct UnknownWord {
    /// What was given, shortened to 64 characters.
    pub word: String,
    /// The words allowed.
    pub allowed: &'static str,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $allowed:literal, $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them, in the order they are documented.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word, as stored and shown. Words never change meaning.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                $name::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| UnknownWord {
                    word: word.chars().take(64).collect(),
                    allowed: $allowed,
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words!(
    /// The processor an image is for.
    Architecture, "`x86_64`, `arm64`, `i386`, `riscv64`",
    /// 64-bit x86.
    X86_64 = "x86_64",
    /// 64-bit Arm.
    Arm64 = "arm64",
    /// 32-bit x86.
    I386 = "i386",
    /// 64-bit RISC-V.
    Riscv64 = "riscv64",
);
words!(
    /// The family of the operating system.
    OsType, "`linux`, `windows`, `other`",
    /// Linux.
    Linux = "linux",
    /// Windows.
    Windows = "windows",
    /// Neither.
    Other = "other",
);
words!(
    /// How a machine starts from the image.
    BootMode, "`bios`, `uefi`",
    /// By BIOS.
    Bios = "bios",
    /// By UEFI.
    Uefi = "uefi",
);

/// What travels with an image besides its disks, name, description and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The processor.
    pub architecture: Architecture,
    /// The operating system's family.
    pub os_type: OsType,
    /// The operating system's name.
    pub platform: Platform,
    /// How it starts.
    pub boot_mode: BootMode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        for architecture in Architecture::ALL {
            assert_eq!(architecture.as_str().parse(), Ok(*architecture));
        }
        assert!("X86_64".parse::<Architecture>().is_err());
        assert_eq!(
            "grub".parse::<BootMode>().unwrap_err().to_string(),
            "`grub` is not one of `bios`, `uefi`"
        );
    }
}
