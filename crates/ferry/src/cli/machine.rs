//! The machine that a new image is for, as every command that makes one takes it.

use clap::Args;
use model::{Architecture, BootMode, OsType, Platform};

use super::values::platform;

/// The machine that a new image is for.
#[derive(Args, Clone, Debug)]
pub struct MachineArgs {
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
}
