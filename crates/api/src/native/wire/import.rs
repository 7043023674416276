//! Imports: images whose disks the client cuts, hashes and sends (`docs/formats.md` 3 and 6).

use model::{
    Attributes, ClientToken, Description, Digest, Family, Name, NameRule, Particulars, Platform,
    SizeBytes,
};
use region::BeginImport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TagMap;
use crate::refusal::{BadRequest, Refusal};

/// An image to be made from disks that will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// `x86_64`, `arm64`, `i386` or `riscv64`.
    pub architecture: String,
    /// `linux`, `windows` or `other`.
    pub os_type: String,
    /// The operating system's name; empty for unknown.
    #[serde(default)]
    pub platform: String,
    /// `bios` or `uefi`.
    pub boot_mode: String,
    /// The family it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: TagMap,
    /// Its disks, the system disk first.
    pub disks: Vec<ImportDisk>,
}

/// A disk that will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportDisk {
    /// Its virtual size in bytes, a positive multiple of 512.
    pub size_bytes: u64,
}

/// Says that all disks have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishRequest {
    /// One per disk, in order.
    pub disks: Vec<FinishedDisk>,
}

/// A disk that has been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishedDisk {
    /// Its disk root in 64 lowercase hex digits.
    pub digest: String,
}

/// What became of the frames that were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceivedChunks {
    /// Chunks received.
    pub chunks: u64,
}

impl ImportRequest {
    pub(crate) fn into_command(self, token: Option<ClientToken>) -> Result<BeginImport, Refusal> {
        Ok(BeginImport {
            name: Name::new(&self.name)?,
            description: Description::new(&self.description)?,
            attributes: Attributes {
                architecture: word("architecture", &self.architecture)?,
                os_type: word("os_type", &self.os_type)?,
                platform: Platform::new(&self.platform)?,
                boot_mode: word("boot_mode", &self.boot_mode)?,
            },
            family: self.family.as_deref().map(Family::new).transpose()?,
            particulars: Particulars::default(),
            tags: self.tags.into_tags()?,
            disks: self
                .disks
                .iter()
                .map(|disk| SizeBytes::new(disk.size_bytes))
                .collect::<Result<_, _>>()?,
            names: NameRule::Free,
            token,
        })
    }
}

impl FinishRequest {
    pub(crate) fn into_digests(self) -> Result<Vec<Digest>, Refusal> {
        self.disks.iter().map(|disk| word("digest", &disk.digest)).collect()
    }
}

/// A word of one of the model's lists.
pub(super) fn word<T: std::str::FromStr<Err: ToString>>(
    name: &'static str,
    text: &str,
) -> Result<T, Refusal> {
    text.parse().map_err(|error: T::Err| BadRequest::value(name, error.to_string()).into())
}
