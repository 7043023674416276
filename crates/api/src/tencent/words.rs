//! The cloud's spellings of what Ferry knows by other words (contract 2).

use model::{Architecture, Attributes, BootMode, DiskRole, ImageKind, OsType, SizeBytes};

/// How a machine starts.
pub(super) const BOOT_MODES: [(&str, BootMode); 2] =
    [("Legacy BIOS", BootMode::Bios), ("UEFI", BootMode::Uefi)];
/// The processors of images that are imported.
pub(super) const IMPORTED: [(&str, Architecture); 3] = [
    ("x86_64", Architecture::X86_64),
    ("i386", Architecture::I386),
    ("arm_64", Architecture::Arm64),
];
/// Whose an image is, as the caller sees it.
pub(super) const KINDS: [(&str, ImageKind); 3] = [
    ("PRIVATE_IMAGE", ImageKind::Custom),
    ("PUBLIC_IMAGE", ImageKind::Public),
    ("SHARED_IMAGE", ImageKind::Shared),
];

/// Whose an image is. The cloud's images of the marketplace are public ones too.
pub(super) fn kind(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Custom => "PRIVATE_IMAGE",
        ImageKind::Public | ImageKind::Marketplace => "PUBLIC_IMAGE",
        ImageKind::Shared => "SHARED_IMAGE",
    }
}

/// The processor of an image; of the last the cloud has no word.
pub(super) fn architecture(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm",
        Architecture::I386 => "i386",
        Architecture::Riscv64 => "riscv64",
    }
}

/// What an operating system is called whose name nobody gave.
fn unnamed(os_type: OsType) -> &'static str {
    match os_type {
        OsType::Linux => "Other Linux",
        OsType::Windows => "Windows",
        OsType::Other => "Others",
    }
}

/// The operating system without its version: `Debian` of `Debian 12`.
pub(super) fn platform(attributes: &Attributes) -> String {
    let words = attributes.platform.as_str().split_whitespace();
    let before = words.take_while(|word| !word.starts_with(|first: char| first.is_ascii_digit()));
    let name = before.collect::<Vec<_>>().join(" ");
    if name.is_empty() { unnamed(attributes.os_type).to_owned() } else { name }
}

/// The operating system with its version and the width of its processor: `Debian 12 64bit`.
pub(super) fn os_name(attributes: &Attributes) -> String {
    let width = match attributes.architecture {
        Architecture::I386 => 32,
        Architecture::X86_64 | Architecture::Arm64 | Architecture::Riscv64 => 64,
    };
    let name = match attributes.platform.as_str() {
        "" => unnamed(attributes.os_type),
        given => given,
    };
    format!("{name} {width}bit")
}

/// What a disk is for.
pub(super) fn disk_usage(role: DiskRole) -> &'static str {
    if role == DiskRole::SYSTEM { "SYSTEM_DISK" } else { "DATA_DISK" }
}

/// A size in whole GiB, rounded up.
pub(super) fn gib(size: SizeBytes) -> u64 {
    size.bytes().div_ceil(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Platform;

    #[test]
    fn an_operating_system_is_told_with_and_without_its_version() {
        let told = |text, architecture, os_type| {
            let platform = Platform::new(text).unwrap();
            let attributes =
                Attributes { architecture, os_type, platform, boot_mode: BootMode::Bios };
            (super::platform(&attributes), os_name(&attributes))
        };
        for (text, architecture, os_type, name, long) in [
            ("Debian 12", Architecture::Arm64, OsType::Linux, "Debian", "Debian 12 64bit"),
            ("CentOS", Architecture::I386, OsType::Linux, "CentOS", "CentOS 32bit"),
            (
                "Windows Server 2019",
                Architecture::X86_64,
                OsType::Windows,
                "Windows Server",
                "Windows Server 2019 64bit",
            ),
            ("", Architecture::X86_64, OsType::Linux, "Other Linux", "Other Linux 64bit"),
            ("", Architecture::X86_64, OsType::Windows, "Windows", "Windows 64bit"),
            ("12", Architecture::X86_64, OsType::Other, "Others", "12 64bit"),
        ] {
            let wanted = (name.to_owned(), long.to_owned());
            assert_eq!(told(text, architecture, os_type), wanted, "{text}");
        }
    }

    #[test]
    fn sizes_are_rounded_up_to_whole_gib() {
        let gib = |bytes| gib(SizeBytes::new(bytes).unwrap());
        assert_eq!((gib(512), gib(1 << 30), gib((1 << 30) + 512)), (1, 1, 2));
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        assert!(KINDS.iter().all(|(word, meant)| kind(*meant) == *word));
    }
}
