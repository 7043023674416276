//! Commands on images that lie in files of a region.

use clap::Args;
use model::{ClientToken, Description, FileName, Name, RegionId, Rejection};

use super::machine::MachineArgs;
use super::values::{ImageRef, Patience, TagArg, name, parse_description, token};

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
    /// The machine that it is for.
    #[command(flatten)]
    pub machine: MachineArgs,
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
