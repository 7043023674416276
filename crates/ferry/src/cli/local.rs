//! Commands that run here and not at an endpoint: the service, the demonstration, the digest, the check-up.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use disk::Declared;

/// `serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// The data folder; else the configuration's, else `ferry` in the user's data folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address and port; port 0 takes a free one. Else the configuration's, else 127.0.0.1:7070.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How the log is written, on standard error.
    #[arg(long, value_enum, default_value_t)]
    pub log: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// A disk image file to use; else one is made from files of this machine.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// End when it has been shown, and leave nothing; else the service stays up.
    #[arg(long)]
    pub once: bool,
    /// The data folder; else a temporary one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address and port of the service; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// `digest`.
#[derive(Args, Debug)]
pub struct DigestArgs {
    /// The disk image file: raw, qcow2, vmdk or vhd.
    pub file: PathBuf,
    /// Its format; a check on what its content shows.
    #[arg(long, default_value_t = Declared::Auto)]
    pub format: Declared,
}

/// `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The data folder to check; else the user's, where there is one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Also read every chunk in the data folder and check every invariant. The service must be stopped.
    #[arg(long)]
    pub deep: bool,
    /// The configuration file that names the folder's regions, for `--deep`.
    #[arg(long, value_name = "FILE", requires = "deep")]
    pub config: Option<PathBuf>,
}
