//! What can be typed: commands, flags and their values. Values are parsed here, once.

mod account;
mod audit;
mod copy;
mod encryption_key;
mod image;
mod instance;
mod key;
mod link;
mod local;
mod local_image;
mod machine;
mod quota;
mod share;
mod snapshot;
mod task;
mod ticket;
mod usage;
mod user;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use account::{AccountCommand, AccountRef};
pub use audit::{AuditCommand, AuditListArgs, WhichTrail};
pub use copy::{CopyCommand, UrgencyArgs};
pub use encryption_key::{DeleteKeyArgs, EncryptionKeyCommand, OneKey};
pub use image::{
    CopyArgs, DeleteArgs, EditArgs, ExportArgs, ImageCommand, ImportArgs, ListArgs, OneImage,
};
pub use instance::InstanceCommand;
pub use key::{KeyCommand, WhoseKeys};
pub use link::{LinkCommand, OneLink};
pub use local::{DemoArgs, DigestArgs, DoctorArgs, LogFormat, ServeArgs};
pub use local_image::{ConvertArgs, RegisterArgs};
pub use machine::MachineArgs;
pub use quota::QuotaCommand;
pub use share::{OfferedAs, PublishArgs, ShareArgs};
pub use snapshot::{CreateArgs, SnapshotCommand, SnapshotCopyArgs, SnapshotListArgs};
pub use task::{
    ExportObjectArgs, ImportObjectArgs, ListTasksArgs, ObjectRef, OneTask, TaskCommand,
};
pub use ticket::{ListTicketsArgs, OneTicket, OpenArgs, TicketCommand};
pub use usage::{RateCommand, RegionCommand, UsageArgs, WhoseArgs};
pub use user::{OneUser, UserCommand, UserRef};
pub use values::{ExportFormat, ImageRef, Patience, TagArg};

/// Ferry carries machine images between regions.
#[derive(Debug, Parser)]
#[command(
    name = "ferry",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 not found, 5 refused, \
6 not authorised, 7 wait timed out.\n\nThe endpoint and the access key are looked for among the flags, then in the \
environment, then in the profile that `ferry serve` and `ferry demo` write."
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
pub struct Globals {
    /// Where Ferry answers, as `http://127.0.0.1:7070`.
    #[arg(
        long,
        global = true,
        env = "FERRY_ENDPOINT",
        value_name = "URL",
        help_heading = "Connection"
    )]
    pub endpoint: Option<String>,
    /// Id of the access key.
    #[arg(
        long,
        global = true,
        env = "FERRY_ACCESS_KEY_ID",
        value_name = "ID",
        help_heading = "Connection"
    )]
    pub access_key_id: Option<String>,
    /// Secret of the access key; better given by the environment or the profile, since others see a command line.
    #[arg(
        long,
        global = true,
        env = "FERRY_ACCESS_KEY_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        help_heading = "Connection"
    )]
    pub access_key_secret: Option<String>,
    /// The profile, instead of `ferry/profile.toml` in the user's configuration folder.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub profile: Option<PathBuf>,
    /// How results are written: a table for people, JSON for programs, or ids alone.
    #[arg(short, long, global = true, value_enum, default_value_t, help_heading = "Output")]
    pub output: OutputFormat,
    /// No progress bars and no progress lines.
    #[arg(long, global = true, help_heading = "Output")]
    pub no_progress: bool,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// For programs: an object, or a list of them.
    Json,
    /// Ids alone, one a line.
    Id,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run regions: the service itself.
    Serve(ServeArgs),
    /// See it work: start three regions here, import an image, copy it, change it and copy it again.
    Demo(DemoArgs),
    /// Images: bring in, copy, take out, and look after.
    #[command(subcommand)]
    Image(ImageCommand),
    /// Copies between regions: look at them, watch them, hurry them.
    #[command(subcommand)]
    Copy(CopyCommand),
    /// Snapshots: the disks that images rest on.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Regions.
    #[command(subcommand)]
    Region(RegionCommand),
    /// Links between regions: how fast they are and may be, pausing them and letting them run.
    #[command(subcommand)]
    Link(LinkCommand),
    /// Quotas: how many images and snapshots there may be.
    #[command(subcommand)]
    Quota(QuotaCommand),
    /// What was used in a month, and what it costs.
    Usage(UsageArgs),
    /// Rates: what metered use costs.
    #[command(subcommand)]
    Rate(RateCommand),
    /// Accounts: who owns images.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Users of accounts, and their roles.
    #[command(subcommand)]
    User(UserCommand),
    /// Access keys of users.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Print an address of the web console that signs you in, once.
    Console,
    /// The audit trails: who changed what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Encryption keys: what encrypted images are sealed with.
    #[command(subcommand)]
    EncryptionKey(EncryptionKeyCommand),
    /// Tasks: images made of objects in buckets, and images written into them.
    #[command(subcommand)]
    Task(TaskCommand),
    /// Tickets: approvals of copies that need one.
    #[command(subcommand)]
    Ticket(TicketCommand),
    /// Instances: records that say that an image is used.
    #[command(subcommand)]
    Instance(InstanceCommand),
    /// Print the disk root of an image file: two files with the same root are the same disk.
    Digest(DigestArgs),
    /// Check endpoint, key, clock, data folder and limits.
    Doctor(DoctorArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write manual pages.
    Man {
        /// The folder to write them into; made if it does not exist.
        dir: PathBuf,
    },
    /// Print the OpenAPI description of the native API.
    Openapi,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Every command, as the specification writes it.
    const LINES: &[&str] = &[
        "serve --data d --listen 127.0.0.1:7070 --config ferry.toml",
        "demo --image f --once --data d",
        "image import f --data-disk g --data-disk h --name web --region r1 --format qcow2 --arch arm64 \
         --os-type linux --platform Debian --boot-mode uefi --tag a=b --tag c=",
        "image copy web --from r1 --to r2,r3 --name n2 --description d --tag a=b --token t --wait --timeout 10m",
        "image copy img-aaaaaaaaaaaaaaaaaaaa --from r1 --to r2 --dry-run",
        "image export web --region r1 --disk 1 --format qcow2 f",
        "image cancel web --region r1",
        "image list --region r1 --status available --name web --limit 5 -o json",
        "image show web",
        "image edit web --name web2",
        "image edit web --family linux --deprecate",
        "image edit web --no-family --undeprecate",
        "image delete web --force --keep-snapshots",
        "image verify web",
        "image list --kind shared --region r1",
        "image share web --with acct-aaaaaaaaaaaaaaaaaaaa,acct-bbbbbbbbbbbbbbbbbbbb",
        "image unshare web --with acct-aaaaaaaaaaaaaaaaaaaa --region r1",
        "image shares web",
        "image publish web --as marketplace",
        "image unpublish web",
        "image register web.qcow2 --name web --arch arm64 --tag a=b --token t",
        "image convert web --name web2 --wait --timeout 10m",
        "copy list --state live",
        "copy show copy-aaaaaaaaaaaaaaaaaaaa",
        "copy watch copy-aaaaaaaaaaaaaaaaaaaa",
        "copy retry copy-aaaaaaaaaaaaaaaaaaaa",
        "snapshot list --origin copied",
        "snapshot copy snap-aaaaaaaaaaaaaaaaaaaa --from r1 --to r2 --name n --tag a=b --encrypt --token t --wait --timeout 5m",
        "image create --snapshot snap-aaaaaaaaaaaaaaaaaaaa --snapshot snap-bbbbbbbbbbbbbbbbbbbb --name web --region r1 \
         --arch arm64 --os-type linux --platform Debian --boot-mode uefi --tag a=b --token t",
        "snapshot show snap-aaaaaaaaaaaaaaaaaaaa",
        "snapshot delete snap-aaaaaaaaaaaaaaaaaaaa",
        "region list",
        "region links --region r1 --all",
        "link list --region r1 --all",
        "link set --from r1 --to r2 --limit 12MB --copies 3",
        "link set --from r1 --to r2 --limit none",
        "link set --from r1 --to r2 --copies none",
        "link pause --from r1 --to r2",
        "link resume --from r1 --to r2",
        "usage --month 2026-11 --all -o json",
        "usage --account acct-aaaaaaaaaaaaaaaaaaaa --region r1,r2",
        "rate list",
        "rate set traffic 0.05 --from 2026-12-01 --region r1",
        "quota show",
        "quota set image 5 --region r1",
        "quota show --account tenant",
        "quota set snapshot 5 --account acct-aaaaaaaaaaaaaaaaaaaa",
        "account create tenant",
        "account list",
        "account show tenant",
        "account disable acct-aaaaaaaaaaaaaaaaaaaa",
        "account enable tenant",
        "user create olga --role reader --account tenant",
        "user list --account tenant",
        "user show olga --account tenant",
        "user role olga operator",
        "user disable user-aaaaaaaaaaaaaaaaaaaa",
        "user enable olga",
        "user delete olga",
        "key create --user olga --account tenant",
        "key list --user user-aaaaaaaaaaaaaaaaaaaa",
        "key disable FERRYAAAAAAAAAAAAAAAAAAAA",
        "key enable FERRYAAAAAAAAAAAAAAAAAAAA",
        "audit list --region r1 --account tenant --subject img-aaaaaaaaaaaaaaaaaaaa --limit 5",
        "audit list --accounts",
        "audit verify",
        "key create -o json",
        "key list",
        "console -o json",
        "key delete FERRYAAAAAAAAAAAAAAAAAAAA",
        "encryption-key create --region r1",
        "encryption-key list",
        "encryption-key show key-aaaaaaaaaaaaaaaaaaaa",
        "encryption-key disable key-aaaaaaaaaaaaaaaaaaaa",
        "encryption-key enable key-aaaaaaaaaaaaaaaaaaaa",
        "encryption-key rotate key-aaaaaaaaaaaaaaaaaaaa",
        "encryption-key delete key-aaaaaaaaaaaaaaaaaaaa --days 7 --lose-images",
        "image copy web --to r2 --encrypt",
        "image copy web --to r2 --encryption-key key-aaaaaaaaaaaaaaaaaaaa",
        "image copy web web2 img-aaaaaaaaaaaaaaaaaaaa --to r2,r3",
        "task list --region r1 --action import_image --state running --limit 3",
        "task show task-aaaaaaaaaaaaaaaaaaaa --region r1",
        "task cancel task-aaaaaaaaaaaaaaaaaaaa",
        "image copy web db --to r2,r3 --together --token once",
        "image import-object images/a/web.vhd --data-disk images/b.raw --name web --format vhd --size 1048576 --wait",
        "image export-object web --bucket images --prefix p --format vhd --region r1 --wait",
        "ticket open web --to r2,r3 --why moving",
        "ticket list --all --state open --region r1 --limit 3",
        "ticket show ticket-aaaaaaaaaaaaaaaaaaaa",
        "ticket approve ticket-aaaaaaaaaaaaaaaaaaaa --until 7 --answer yes",
        "ticket approve ticket-aaaaaaaaaaaaaaaaaaaa --until 2026-12-31",
        "ticket refuse ticket-aaaaaaaaaaaaaaaaaaaa --answer no",
        "instance create --name vm1 --image web",
        "instance list",
        "instance delete i-aaaaaaaaaaaaaaaaaaaa",
        "instance change-disk i-aaaaaaaaaaaaaaaaaaaa --image web",
        "digest f --format raw",
        "doctor --data d",
        "completions bash",
        "man d",
        "openapi",
    ];

    #[test]
    fn every_command_of_the_specification_parses() {
        for line in LINES {
            let words = std::iter::once("ferry").chain(line.split_whitespace());
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn values_that_break_a_rule_are_usage_errors() {
        for line in [
            "image copy web --from r1",
            "image copy web --to R1",
            "image import f --name http://web",
            "image import f --name web --arch sparc",
            "image import f --name web --tag novalue",
            "image export web f --format vhd",
            "copy show img-aaaaaaaaaaaaaaaaaaaa",
            "quota set images 5",
            "usage --month 2026-13",
            "usage --all --account acct-aaaaaaaaaaaaaaaaaaaa",
            "rate set traffic 0.05",
            "rate set bytes 0.05 --from 2026-12-01",
            "rate set traffic -1 --from 2026-12-01",
            "image copy web --to r2 --timeout soon --wait",
            "image copy web --to r2 --timeout 5m",
            "image copy web --to r2 --wait --dry-run",
            "image edit web",
            "image edit web --deprecate --undeprecate",
            "image edit web --family linux --no-family",
            "image edit web --family 1",
            "ticket approve ticket-aaaaaaaaaaaaaaaaaaaa --until soon",
            "link set --from r1 --to r2",
            "link set --from r1 --limit 12MB",
            "link set --from r1 --to r2 --limit 12Mb",
            "link set --from r1 --to r2 --copies -1",
            "link pause --from r1",
            "ticket open web --to r2",
            "image import-object images/../web.raw --name web",
            "image export-object web --bucket Images",
            "task list --state lost",
        ] {
            let words = std::iter::once("ferry").chain(line.split_whitespace());
            let error = Cli::try_parse_from(words).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
