//! Commands that show an image to others.

use clap::{Args, ValueEnum};
use model::{AccountId, RegionId};

use super::values::ImageRef;

/// `image share` and `image unshare`.
#[derive(Args, Debug)]
pub struct ShareArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The accounts, by id.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', required = true)]
    pub with: Vec<AccountId>,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
}

/// `image publish`.
#[derive(Args, Debug)]
pub struct PublishArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// As what it is offered.
    #[arg(long = "as", value_enum, default_value_t)]
    pub kind: OfferedAs,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
}

/// As what an image is offered to every account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OfferedAs {
    /// As a public image.
    #[default]
    Public,
    /// As a marketplace image.
    Marketplace,
}
