//! What each command does: gather what was typed, ask the service, say what came of it.

mod account;
mod audit;
mod batch;
mod check_up;
mod console;
mod copies;
mod copy;
mod digest;
mod encryption_key;
mod export;
mod image;
mod import;
mod instance;
mod key;
mod link;
mod local_image;
mod manual;
mod quota;
mod share;
mod snapshot;
mod task;
mod ticket;
mod usage;
mod user;

use crate::cli::{Cli, Command};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Showing;
use crate::settings::Settings;

pub use console::console_address;
pub use copies::wait_for;
pub use copy::{Request, ask_for_copies};
pub use import::import;

/// What every command that asks a service has.
pub struct Session {
    /// The service.
    pub client: Client,
    /// Where results go.
    pub output: Output,
    /// How progress is shown.
    pub showing: Showing,
}

/// Does what was typed.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let output = Output { format: cli.globals.output };
    let showing = Showing::of(&cli.globals);
    let session = || {
        let client = Client::new(Settings::gather(&cli.globals)?)?;
        Ok::<_, Failure>(Session { client, output, showing: showing.clone() })
    };
    match cli.command {
        Command::Serve(args) => crate::serve::serve(&args, &cli.globals).await,
        Command::Demo(args) => crate::demo::demo(&args, &cli.globals).await,
        Command::Image(command) => image::run(&session()?, command).await,
        Command::Copy(command) => copies::run(&session()?, command).await,
        Command::Snapshot(command) => snapshot::run(&session()?, command).await,
        Command::Region(command) => usage::region(&session()?, command).await,
        Command::Link(command) => link::run(&session()?, command).await,
        Command::Usage(args) => usage::usage(&session()?, args).await,
        Command::Rate(command) => usage::rate(&session()?, command).await,
        Command::Quota(command) => quota::run(&session()?, command).await,
        Command::Account(command) => account::run(&session()?, command).await,
        Command::User(command) => user::run(&session()?, command).await,
        Command::Audit(command) => audit::run(&session()?, command).await,
        Command::Key(command) => key::run(&session()?, command).await,
        Command::Console => console::run(&session()?).await,
        Command::EncryptionKey(command) => encryption_key::run(&session()?, command).await,
        Command::Task(command) => task::run(&session()?, command).await,
        Command::Ticket(command) => ticket::run(&session()?, command).await,
        Command::Instance(command) => instance::run(&session()?, command).await,
        Command::Digest(args) => digest::run(output, &showing, args).await,
        Command::Doctor(args) => check_up::run(output, &cli.globals, args).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { dir } => manual::pages(&dir),
        Command::Openapi => manual::openapi(),
    }
}
