//! The operating systems that an image may be said to have: `DescribeImportImageOs` (contract 2). Ferry starts none of them, so
//! this says what an image may be called, in the cloud's names.

use model::OsType;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::{Fields, fields};

/// One operating system.
pub(super) struct System {
    /// The name that the cloud has for it.
    pub(super) name: &'static str,
    /// Its family.
    pub(super) os_type: OsType,
    /// Its versions. Others are taken where an import is forced.
    pub(super) versions: &'static [&'static str],
    /// The processors that there are of it.
    architectures: &'static [&'static str],
}

const ALL: &[&str] = &["x86_64", "i386", "arm_64"];
const WIDE: &[&str] = &["x86_64", "arm_64"];

const fn linux(
    name: &'static str,
    versions: &'static [&'static str],
    architectures: &'static [&'static str],
) -> System {
    System { name, os_type: OsType::Linux, versions, architectures }
}

/// All of them.
pub(super) static SYSTEMS: &[System] = &[
    linux("CentOS", &["6", "7", "8", "9", "-"], ALL),
    linux("Ubuntu", &["14", "16", "18", "20", "22", "24", "-"], ALL),
    linux("Debian", &["8", "9", "10", "11", "12", "13", "-"], ALL),
    linux("OpenSUSE", &["12", "13", "15", "42", "-"], WIDE),
    linux("SUSE", &["10", "11", "12", "15", "-"], WIDE),
    linux("CoreOS", &["7", "8", "-"], WIDE),
    linux("FreeBSD", &["10", "11", "12", "13", "14", "-"], ALL),
    linux("Fedora", &["36", "37", "38", "39", "40", "41", "-"], WIDE),
    linux("TencentOS", &["2", "3", "4", "-"], WIDE),
    linux("Other Linux", &["-"], ALL),
    System {
        name: "Windows",
        os_type: OsType::Windows,
        versions: &["2008", "2012", "2016", "2019", "2022", "2025", "7", "8", "10", "11", "-"],
        architectures: ALL,
    },
];

/// `DescribeImportImageOs`.
pub(super) async fn describe_import_image_os(_call: &Call) -> Result<Fields, ApiError> {
    let of = |os_type: OsType| -> Vec<&str> {
        let systems = SYSTEMS.iter().filter(|system| system.os_type == os_type);
        systems.map(|system| system.name).collect()
    };
    let versions = SYSTEMS.iter().map(|system| {
        json!({
            "OsName": system.name,
            "OsVersions": system.versions,
            "Architecture": system.architectures,
        })
    });
    let supported = json!({ "Windows": of(OsType::Windows), "Linux": of(OsType::Linux) });
    Ok(fields([
        ("ImportImageOsListSupported", supported),
        ("ImportImageOsVersionSet", Value::Array(versions.collect())),
    ]))
}
