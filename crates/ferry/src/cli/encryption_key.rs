//! Commands on encryption keys.

use clap::{Args, Subcommand};
use model::{EncryptionKeyId, RegionId};

/// Commands on encryption keys: what encrypted images of a region are sealed with.
#[derive(Debug, Subcommand)]
pub enum EncryptionKeyCommand {
    /// Make an encryption key.
    Create {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// List the account's encryption keys.
    List {
        /// The region; else the profile's, else the first.
        #[arg(long)]
        region: Option<RegionId>,
    },
    /// Show an encryption key.
    Show(OneKey),
    /// Switch a key off: what it seals cannot be read or written until it is enabled again.
    Disable(OneKey),
    /// Switch a key on, or take its deletion back while it waits.
    Enable(OneKey),
    /// Wrap new data keys with a new version from now on; what was sealed before stays readable.
    Rotate(OneKey),
    /// Delete a key after a waiting time. What it seals cannot be read by anybody afterwards.
    Delete(DeleteKeyArgs),
}

/// One encryption key.
#[derive(Args, Debug)]
pub struct OneKey {
    /// The key.
    pub key: EncryptionKeyId,
    /// The region it is in; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
}

/// `encryption-key delete`.
#[derive(Args, Debug)]
pub struct DeleteKeyArgs {
    /// Which.
    #[command(flatten)]
    pub one: OneKey,
    /// Days before it goes for good: 7 to 30.
    #[arg(long, default_value_t = 30)]
    pub days: u32,
    /// Also when images are sealed with it: they are lost for good.
    #[arg(long)]
    pub lose_images: bool,
}
