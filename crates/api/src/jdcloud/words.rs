//! The cloud's spellings of what Ferry knows by other words (contract 2).

use model::{
    Architecture, Attributes, BootMode, DiskRole, ImageKind, OsType, SizeBytes, Standing, Storage,
};

use super::error::ApiError;

/// What a Linux is called whose name nobody gave.
pub(super) const OTHER_LINUX: &str = "Other Linux";
/// What a Windows is called whose name nobody gave.
pub(super) const OTHER_WINDOWS: &str = "Other Windows";
/// The particular that the version of an operating system is kept as.
pub(super) const OS_VERSION: &str = "osVersion";
/// Disks have no kinds here; this is what the cloud takes where nobody says.
pub(super) const DISK_TYPE: &str = "ssd.gp1";

/// How an image stands. One that is being copied is `ready` as ever: its status does not change (R002-8). No image is
/// `deleting`: one that is deleted is gone at once.
pub(super) fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting | Standing::Creating => "pending",
        Standing::Available | Standing::Deprecated => "ready",
        Standing::CreateFailed => "error",
    }
}

/// What a filter by status wants.
pub(super) fn read_status(word: &str) -> Result<Vec<Standing>, ApiError> {
    if word == "deleting" {
        return Ok(Vec::new());
    }
    let of_word = Standing::ALL.iter().copied().filter(|standing| status(*standing) == word);
    let wanted: Vec<Standing> = of_word.collect();
    if wanted.is_empty() { Err(unknown("status", word)) } else { Ok(wanted) }
}

/// A word that is none of those that a parameter may have.
pub(super) fn unknown(parameter: &str, word: &str) -> ApiError {
    let word: String = word.chars().take(64).collect();
    ApiError::invalid(parameter, format!("`{word}` is not one of its values"))
}

/// Where an image is from, for somebody who does not own it.
pub(super) fn source(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Custom => "private",
        ImageKind::Shared => "shared",
        ImageKind::Public => "public",
        ImageKind::Marketplace => "thirdparty",
    }
}

/// Where an image's disks lie.
pub(super) fn root_device_type(storage: Storage) -> &'static str {
    match storage {
        Storage::Snapshots => "cloudDisk",
        Storage::LocalFile => "localDisk",
    }
}

/// The same, read.
pub(super) fn read_root_device_type(word: &str) -> Result<Storage, ApiError> {
    let known = Storage::ALL.iter().copied().find(|known| root_device_type(*known) == word);
    known.ok_or_else(|| unknown("rootDeviceType", word))
}

/// The processor; the cloud writes those that it has as Ferry does.
pub(super) fn read_architecture(word: &str) -> Result<Architecture, ApiError> {
    word.parse().map_err(|_| unknown("architecture", word))
}

/// How a machine starts; written as Ferry does.
pub(super) fn read_boot_mode(word: &str) -> Result<BootMode, ApiError> {
    word.parse().map_err(|_| unknown("bootMode", word))
}

/// The operating system and its version. Other doors keep both as one text; the version is what follows from the first word
/// that begins with a digit.
pub(super) fn platform(attributes: &Attributes) -> (&str, &str) {
    let whole = match (attributes.platform.as_str(), attributes.os_type) {
        ("", OsType::Linux | OsType::Other) => OTHER_LINUX,
        ("", OsType::Windows) => OTHER_WINDOWS,
        (given, _) => given,
    };
    let is_version = |(place, _): &(usize, &str)| {
        whole[place + 1..].starts_with(|character: char| character.is_ascii_digit())
    };
    match whole.match_indices(' ').find(is_version) {
        Some((place, _)) => (&whole[..place], &whole[place + 1..]),
        None => (whole, ""),
    }
}

/// The family of an operating system. The cloud has two words; what is neither is a Linux without a name to it, as in
/// [`platform`].
pub(super) fn os_type(os_type: OsType) -> &'static str {
    match os_type {
        OsType::Windows => "windows",
        OsType::Linux | OsType::Other => "linux",
    }
}

/// What is kept of a platform's name, and the family that it is of. The names for a system that has none are kept as none.
pub(super) fn read_platform(name: &str) -> (&str, OsType) {
    match name {
        OTHER_LINUX | "Others Linux" => ("", OsType::Linux),
        OTHER_WINDOWS | "Others Windows" => ("", OsType::Windows),
        name if name.contains("Windows") => (name, OsType::Windows),
        name => (name, OsType::Linux),
    }
}

/// A size in whole GiB, rounded up.
pub(super) fn gib(size: SizeBytes) -> u64 {
    size.bytes().div_ceil(1 << 30)
}

/// The name of a disk's device: `vda` for the system disk, then by letter.
pub(super) fn device(role: DiskRole) -> String {
    format!("vd{}", char::from(b'a' + role.number()))
}

/// What a disk is for, by the name of its device.
pub(super) fn read_device(device: &str) -> Option<DiskRole> {
    match device.strip_prefix("vd")?.as_bytes() {
        [letter @ b'a'..=b'z'] => DiskRole::at(usize::from(letter - b'a')).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Platform;

    /// R002-11: an image that is being made is `pending`, whatever it waits for.
    #[test]
    fn r002_11_states_are_the_clouds() {
        let all: Vec<_> = Standing::ALL.iter().map(|standing| status(*standing)).collect();
        assert_eq!(all, ["pending", "pending", "ready", "ready", "error"]);
        use Standing::{Available, CreateFailed, Creating, Deprecated, Waiting};
        assert_eq!(read_status("pending").unwrap(), [Waiting, Creating]);
        assert_eq!(read_status("ready").unwrap(), [Available, Deprecated]);
        assert_eq!(read_status("error").unwrap(), [CreateFailed]);
        assert_eq!(read_status("deleting").unwrap(), []);
        for wrong in ["", "Ready", "available", "ready,error"] {
            assert_eq!(read_status(wrong).unwrap_err().status, "INVALID_ARGUMENT", "{wrong}");
        }
    }

    #[test]
    fn an_operating_system_is_told_with_its_version() {
        let of = |platform, os_type| Attributes {
            architecture: Architecture::X86_64,
            os_type,
            platform: Platform::new(platform).unwrap(),
            boot_mode: BootMode::Bios,
        };
        for (given, os_type, wanted) in [
            ("Debian 12", OsType::Linux, ("Debian", "12")),
            ("CentOS 7.9 64 bit", OsType::Linux, ("CentOS", "7.9 64 bit")),
            ("Windows Server 2019", OsType::Windows, ("Windows Server", "2019")),
            ("Rocky Linux", OsType::Linux, ("Rocky Linux", "")),
            ("镜像 系统", OsType::Linux, ("镜像 系统", "")),
            ("", OsType::Linux, (OTHER_LINUX, "")),
            ("", OsType::Other, (OTHER_LINUX, "")),
            ("", OsType::Windows, (OTHER_WINDOWS, "")),
        ] {
            let attributes = of(given, os_type);
            assert_eq!(platform(&attributes), wanted, "{given}");
        }
        let families: Vec<_> = OsType::ALL.iter().map(|family| super::os_type(*family)).collect();
        assert_eq!(families, ["linux", "windows", "linux"], "contract 2 has no third word");
        assert_eq!(read_platform("Windows Server"), ("Windows Server", OsType::Windows));
        assert_eq!(read_platform("openEuler"), ("openEuler", OsType::Linux));
        assert_eq!(read_platform("Others Linux"), ("", OsType::Linux));
        assert_eq!(read_platform(OTHER_WINDOWS), ("", OsType::Windows));
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for storage in Storage::ALL {
            assert_eq!(read_root_device_type(root_device_type(*storage)), Ok(*storage));
        }
        assert!(read_root_device_type("snapshots").is_err());
        assert_eq!(read_boot_mode("uefi"), Ok(BootMode::Uefi));
        assert!(read_boot_mode("UEFI").is_err());
        assert_eq!(read_architecture("arm64"), Ok(Architecture::Arm64));
        assert!(read_architecture("amd64").is_err());
    }

    #[test]
    fn devices_are_named_by_letter() {
        let last = DiskRole::at(16).unwrap();
        assert_eq!((device(DiskRole::SYSTEM), device(last)), ("vda".into(), "vdq".into()));
        assert_eq!(read_device("vda"), Some(DiskRole::SYSTEM));
        assert_eq!(read_device("vdq"), Some(last));
        for wrong in ["vd", "vdr", "vdaa", "/dev/vda", "", "sda"] {
            assert_eq!(read_device(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_rounded_up_to_whole_gib() {
        let gib = |bytes| gib(SizeBytes::new(bytes).unwrap());
        assert_eq!((gib(512), gib(1 << 30), gib((1 << 30) + 512)), (1, 1, 2));
    }
}
