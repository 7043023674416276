//! The cloud's spellings of what Ferry knows by other words (contract 4).

use model::{Architecture, Attributes, BootMode, DiskRole, ImageKind, OsType, SizeBytes, Standing};

use super::error::ApiError;

/// What an operating system is called whose name nobody gave.
pub(super) const OTHER_LINUX: &str = "Others Linux";
/// The status of an image that is there and cannot be used. No image of Ferry has it; as a filter it finds nothing.
const UNAVAILABLE: &str = "UnAvailable";
/// All of them at once, as a filter.
const ALL: &str = "ALL";

/// How an image stands.
pub(super) fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "Waiting",
        Standing::Creating => "Creating",
        Standing::Available => "Available",
        Standing::Deprecated => "Deprecated",
        Standing::CreateFailed => "CreateFailed",
    }
}

/// What a filter by status wants, where it wants less than all. Those that are available where nothing is said (R004-11).
pub(super) fn standings(given: Option<&str>) -> Result<Option<Vec<Standing>>, ApiError> {
    match given {
        None => return Ok(Some(vec![Standing::Available])),
        Some(ALL) => return Ok(None),
        Some(_) => {}
    }
    let mut wanted = Vec::new();
    for word in given.into_iter().flat_map(|words| words.split(',')).map(str::trim) {
        if word == UNAVAILABLE {
            continue;
        }
        let known = Standing::ALL.iter().copied().find(|known| status(*known) == word);
        let known = known.ok_or_else(|| {
            // Misspelled as the cloud has it.
            ApiError::bad("InvalidParamter", format!("The specified Status {word:?} is not valid."))
        })?;
        if !wanted.contains(&known) {
            wanted.push(known);
        }
    }
    Ok(Some(wanted))
}

/// The image is not there, or not for this caller to see (R001-1, api-11).
pub(super) fn no_image() -> ApiError {
    ApiError::gone("InvalidImageId.NotFound", "The specified ImageId does not exist.")
}

/// Whose an image is, as the caller sees it.
pub(super) fn owner_alias(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Custom => "self",
        ImageKind::Shared => "others",
        ImageKind::Public => "system",
        ImageKind::Marketplace => "marketplace",
    }
}

/// The processor.
pub(super) fn architecture(architecture: Architecture) -> &'static str {
    architecture.as_str()
}

/// The processor of this name; the cloud writes them as Ferry does.
pub(super) fn read_architecture(word: &str) -> Option<Architecture> {
    word.parse().ok()
}

/// The family of the operating system.
pub(super) fn os_type(os_type: OsType) -> &'static str {
    os_type.as_str()
}

/// The family of this name; the cloud knows two.
pub(super) fn read_os_type(word: &str) -> Option<OsType> {
    match word {
        "linux" => Some(OsType::Linux),
        "windows" => Some(OsType::Windows),
        _ => None,
    }
}

/// The operating system, by a name the cloud has where nobody gave one.
pub(super) fn platform(attributes: &Attributes) -> &str {
    match (attributes.platform.as_str(), attributes.os_type) {
        ("", OsType::Linux) => OTHER_LINUX,
        ("", OsType::Windows) => "Windows Server",
        ("", OsType::Other) => "Others",
        (given, _) => given,
    }
}

/// The operating system with the width of its processor: `Debian 12 64 bit`.
pub(super) fn os_name(attributes: &Attributes) -> String {
    let width = match attributes.architecture {
        Architecture::I386 => 32,
        Architecture::X86_64 | Architecture::Arm64 | Architecture::Riscv64 => 64,
    };
    format!("{} {width} bit", platform(attributes))
}

/// How a machine starts that can do either.
pub(super) const UEFI_PREFERRED: &str = "UEFI-Preferred";

/// How a machine starts.
pub(super) fn boot_mode(boot_mode: BootMode) -> &'static str {
    match boot_mode {
        BootMode::Bios => "BIOS",
        BootMode::Uefi => "UEFI",
    }
}

/// How a machine starts, by this name. One that can do either starts by UEFI.
pub(super) fn read_boot_mode(word: &str) -> Option<BootMode> {
    match word {
        "BIOS" => Some(BootMode::Bios),
        "UEFI" | UEFI_PREFERRED => Some(BootMode::Uefi),
        _ => None,
    }
}

/// A size in whole GiB, rounded up.
pub(super) fn gib(size: SizeBytes) -> u64 {
    size.bytes().div_ceil(1 << 30)
}

/// `32%`.
pub(super) fn percent(percent: u8) -> String {
    format!("{percent}%")
}

/// The name of a disk's device: `/dev/xvda` for the system disk, then by letter.
pub(super) fn device(role: DiskRole) -> String {
    format!("/dev/xvd{}", char::from(b'a' + role.number()))
}

/// What a disk is for, by the name of its device: `/dev/xvda` is the system disk.
pub(super) fn read_device(device: &str) -> Option<DiskRole> {
    let letter = device.strip_prefix("/dev/xvd")?;
    match letter.as_bytes() {
        [letter @ b'a'..=b'z'] => DiskRole::at(usize::from(letter - b'a')).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Platform;

    /// R004-11: these states and no others; without a word, those that are available.
    #[test]
    fn r004_11_states_are_the_clouds() {
        let all = Standing::ALL.iter().map(|standing| status(*standing));
        let all: Vec<_> = all.collect();
        assert_eq!(all, ["Waiting", "Creating", "Available", "Deprecated", "CreateFailed"]);
        let available = Some(vec![Standing::Available]);
        assert_eq!(standings(None), Ok(available.clone()));
        assert_eq!(standings(Some("ALL")), Ok(None));
        assert_eq!(standings(Some("UnAvailable")), Ok(Some(vec![])));
        // As the Terraform provider polls.
        let polled = "Creating,Waiting,Available,UnAvailable,CreateFailed";
        use Standing::{Available, CreateFailed, Creating, Waiting};
        let wanted = Some(vec![Creating, Waiting, Available, CreateFailed]);
        assert_eq!(standings(Some(polled)), Ok(wanted));
        assert_eq!(standings(Some("Available, Available")), Ok(available));
        for wrong in ["available", "ALL,Available", "Available,", "Gone"] {
            assert_eq!(standings(Some(wrong)).unwrap_err().code, "InvalidParamter", "{wrong}");
        }
    }

    #[test]
    fn sizes_are_rounded_up_to_whole_gib() {
        let gib = |bytes| gib(SizeBytes::new(bytes).unwrap());
        assert_eq!((gib(512), gib(1 << 30), gib((1 << 30) + 512)), (1, 1, 2));
    }

    #[test]
    fn devices_are_named_by_letter() {
        let last = DiskRole::at(16).unwrap();
        assert_eq!(
            (device(DiskRole::SYSTEM), device(last)),
            ("/dev/xvda".into(), "/dev/xvdq".into())
        );
        assert_eq!(read_device("/dev/xvda"), Some(DiskRole::SYSTEM));
        assert_eq!(read_device("/dev/xvdq"), Some(last));
        for wrong in ["/dev/xvd", "/dev/xvdr", "/dev/xvdaa", "/dev/sda", "", "xvda"] {
            assert_eq!(read_device(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_operating_system_without_a_name_has_one_that_the_cloud_knows() {
        let of = |platform, architecture, os_type| Attributes {
            architecture,
            os_type,
            platform: Platform::new(platform).unwrap(),
            boot_mode: BootMode::Bios,
        };
        let none = of("", Architecture::X86_64, OsType::Linux);
        assert_eq!(os_name(&none), "Others Linux 64 bit");
        assert_eq!(os_name(&of("Debian 8", Architecture::I386, OsType::Linux)), "Debian 8 32 bit");
        assert_eq!(platform(&of("", Architecture::X86_64, OsType::Windows)), "Windows Server");
    }

    #[test]
    fn boot_modes_are_read_in_the_clouds_spelling_alone() {
        for mode in [BootMode::Bios, BootMode::Uefi] {
            assert_eq!(read_boot_mode(boot_mode(mode)), Some(mode));
        }
        assert_eq!(read_boot_mode(UEFI_PREFERRED), Some(BootMode::Uefi));
        assert_eq!(read_boot_mode("uefi"), None);
    }
}
