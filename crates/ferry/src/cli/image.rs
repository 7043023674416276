//! Commands on images.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use disk::Declared;
use model::{
    ClientToken, Description, EncryptionKeyId, Family, ImageKind, ImageStatus, Name, RegionId,
};

use super::copy::UrgencyArgs;
use super::local_image::{ConvertArgs, RegisterArgs};
use super::machine::MachineArgs;
use super::share::{PublishArgs, ShareArgs};
use super::snapshot::CreateArgs;
use super::task::{ExportObjectArgs, ImportObjectArgs};
use super::values::{ExportFormat, ImageRef, Patience, TagArg, name, parse_description, token};

/// Commands on images.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Bring a disk image file into a region.
    Import(ImportArgs),
    /// Make an image of snapshots of its region; nothing is copied.
    Create(CreateArgs),
    /// Copy an image to other regions, sending only what they lack.
    Copy(CopyArgs),
    /// Write a disk of an image into a file, every chunk checked.
    Export(ExportArgs),
    /// Cancel the copy or import that makes an image.
    Cancel(OneImage),
    /// List the images of a region, newest first.
    List(ListArgs),
    /// Show one image.
    Show(OneImage),
    /// Change an image's name, description, tags or family, or advise against it.
    Edit(EditArgs),
    /// Delete an image.
    Delete(DeleteArgs),
    /// Read every chunk of an image in its region and check it.
    Verify(OneImage),
    /// Let other accounts see and use an image in its region.
    Share(ShareArgs),
    /// Take an image back from accounts.
    Unshare(ShareArgs),
    /// List the accounts that an image is shared with.
    Shares(OneImage),
    /// Offer an image to every account; for operators.
    Publish(PublishArgs),
    /// Take a published image back; for operators.
    Unpublish(OneImage),
    /// Register an image file that lies in the region already; nothing is sent.
    Register(RegisterArgs),
    /// Convert an image in such a file into one that can be copied.
    Convert(ConvertArgs),
    /// Make an image of objects that lie in a bucket of the region; nothing is sent.
    ImportObject(ImportObjectArgs),
    /// Write the disks of an image into a bucket of its region.
    ExportObject(ExportObjectArgs),
}

/// An image in a region.
#[derive(Args, Debug)]
pub struct OneImage {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
}

/// `image import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The system disk's image file: raw, qcow2, vmdk or vhd.
    pub file: PathBuf,
    /// A data disk's image file; may be given up to 16 times.
    #[arg(long, value_name = "FILE")]
    pub data_disk: Vec<PathBuf>,
    /// The image's name.
    #[arg(long, value_parser = name)]
    pub name: Name,
    /// What the image is.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// The region to bring it into; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// The files' format; a check on what their content shows.
    #[arg(long, default_value_t = Declared::Auto)]
    pub format: Declared,
    /// The machine that it is for.
    #[command(flatten)]
    pub machine: MachineArgs,
    /// A tag; may be given up to 20 times.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
}

/// `image copy`.
#[derive(Args, Debug)]
pub struct CopyArgs {
    /// The images: each by its id, or its name where only one has it. Several are copied all or, where one of them may not be,
    /// none.
    #[arg(required = true)]
    pub images: Vec<ImageRef>,
    /// The region it is in; else the profile's, else the first.
    #[arg(long, value_name = "REGION")]
    pub from: Option<RegionId>,
    /// The regions to copy it to.
    #[arg(long, value_name = "REGION", value_delimiter = ',', required = true)]
    pub to: Vec<RegionId>,
    /// The name in the targets; else the source's.
    #[arg(long, value_parser = name)]
    pub name: Option<Name>,
    /// The description in the targets; else the source's.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// A tag in the targets; else the source's.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
    /// Encrypt the copies, with the account's default key in each target.
    #[arg(long)]
    pub encrypt: bool,
    /// Encrypt the copy with this key of the target.
    #[arg(long, value_name = "KEY", conflicts_with = "encrypt")]
    pub encryption_key: Option<EncryptionKeyId>,
    /// How soon it is wanted.
    #[command(flatten)]
    pub urgency: UrgencyArgs,
    /// Have all copies promised, or none: one that a target refuses refuses all.
    #[arg(long, conflicts_with = "dry_run")]
    pub together: bool,
    /// A token of your own: the same request with the same token is done once.
    #[arg(long, value_parser = token)]
    pub token: Option<ClientToken>,
    /// Wait until the copies end.
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,
    /// Wait no longer than this, as `90s`, `10m` or `2h`.
    #[arg(long, requires = "wait", value_name = "TIME")]
    pub timeout: Option<Patience>,
    /// Only say what would be sent and how long it would take.
    #[arg(long)]
    pub dry_run: bool,
}

/// `image export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// Which disk: 0 is the system disk.
    #[arg(long, default_value_t = 0)]
    pub disk: u8,
    /// The format to write.
    #[arg(long, value_enum, default_value_t)]
    pub format: ExportFormat,
    /// Replace the file if it exists.
    #[arg(long)]
    pub force: bool,
    /// The file to write; it appears only once it is whole.
    pub file: PathBuf,
}

/// `image list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The region; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// As what you see them: `custom` (your own; the default), `shared`, `public` or `marketplace`.
    #[arg(long)]
    pub kind: Option<ImageKind>,
    /// Only images in these states: `creating`, `available`, `create_failed`.
    #[arg(long, value_delimiter = ',')]
    pub status: Vec<ImageStatus>,
    /// Only images of exactly this name.
    #[arg(long, value_parser = name)]
    pub name: Option<Name>,
    /// At most so many; else all.
    #[arg(long)]
    pub limit: Option<u64>,
}

/// `image edit`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["name", "description", "tags", "no_tags", "family", "no_family", "deprecate", "undeprecate"]))]
pub struct EditArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// A new name.
    #[arg(long, value_parser = name)]
    pub name: Option<Name>,
    /// A new description.
    #[arg(long, value_parser = parse_description)]
    pub description: Option<Description>,
    /// A tag; those given take the place of all old ones.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<TagArg>,
    /// Take all tags away.
    #[arg(long, conflicts_with = "tags")]
    pub no_tags: bool,
    /// A new family.
    #[arg(long, value_parser = Family::new)]
    pub family: Option<Family>,
    /// Take it out of its family.
    #[arg(long, conflicts_with = "family")]
    pub no_family: bool,
    /// Advise against it: it can be used still, but neither copied, shared nor published.
    #[arg(long)]
    pub deprecate: bool,
    /// Take that back.
    #[arg(long, conflicts_with = "deprecate")]
    pub undeprecate: bool,
}

/// `image delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// Also when instances use it, or other accounts see it.
    #[arg(long)]
    pub force: bool,
    /// Leave its snapshots.
    #[arg(long)]
    pub keep_snapshots: bool,
}
