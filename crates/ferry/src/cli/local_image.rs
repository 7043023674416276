//! Commands on images that lie in files of a region.

use clap::Args;
use model::{
    Architecture, BootMode, ClientToken, Description, FileName, Name, OsType, Platform, RegionId,
    Rejection,
};

use super::values::{ImageRef, Patience, TagArg, name, parse_description, platform, token};

/// Parses the name of a file.
fn file(text: &str) -> Result<FileName, Rejection> {
    FileName::new(text)
}

/// `image register`.
#[derive(Args, Debug)]
pub struct RegisterArgs {
    /// The file's name in the account's folder of the region's local images; nothing is sent.
    #[arg(value_parser = file)]
    pub file: FileName,
    /// The image's name.
    #[arg(long, value_parser = name)]
    pub name: Name,
    /// What the image is.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// The region whose file it is; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// The processor: `x86_64`, `arm64`, `i386` or `riscv64`.
    #[arg(long, default_value_t = Architecture::X86_64)]
    pub arch: Architecture,
    /// The operating system's family: `linux`, `windows` or `other`.
    #[arg(long, default_value_t = OsType::Linux)]
    pub os_type: OsType,
    /// The operating system's name, as `Debian 12`.
    #[arg(long, value_parser = platform)]
    pub platform: Option<Platform>,
    /// How a machine starts from it: `bios` or `uefi`.
    #[arg(long, default_value_t = BootMode::Bios)]
    pub boot_mode: BootMode,
    /// A tag; may be given up to 20 times.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
    /// A token of your own: the same request with the same token is done once.
    #[arg(long, value_parser = token)]
    pub token: Option<ClientToken>,
}

/// `image convert`.
#[derive(Args, Debug)]
pub struct ConvertArgs {
    /// The image in a local file: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// The new image's name; else the same.
    #[arg(long, value_parser = name)]
    pub name: Option<Name>,
    /// What the new image is; else the same.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// Wait until the new image is available.
    #[arg(long)]
    pub wait: bool,
    /// Wait no longer than this, as `90s`, `10m` or `2h`.
    #[arg(long, requires = "wait", value_name = "TIME")]
    pub timeout: Option<Patience>,
}
