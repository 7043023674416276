//! Local images: files that are registered in place, and their conversion (R002-4).

use model::{
    Attributes, ClientToken, Description, Family, FileName, ImageId, Name, NameRule, Particulars,
    Platform,
};
use region::{ConvertImage, RegisterImage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TagMap;
use super::import::word;
use crate::refusal::Refusal;

/// An image file to be registered in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalImageRequest {
    /// The file's name in the account's folder of local images.
    pub file: String,
    /// The image's name.
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
}

/// An image in a local file to be converted into one on snapshots. What is not given is as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertRequest {
    /// The new image's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the new image is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl LocalImageRequest {
    pub(crate) fn into_command(self, token: Option<ClientToken>) -> Result<RegisterImage, Refusal> {
        Ok(RegisterImage {
            file: FileName::new(&self.file)?,
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
            names: NameRule::Free,
            token,
        })
    }
}

impl ConvertRequest {
    pub(crate) fn into_command(self, image: ImageId) -> Result<ConvertImage, Refusal> {
        Ok(ConvertImage {
            image,
            name: self.name.as_deref().map(Name::new).transpose()?,
            description: self.description.as_deref().map(Description::new).transpose()?,
            names: NameRule::Free,
        })
    }
}
