//! Ferry: the one binary. Configuration, wiring and the command line; what it does is done elsewhere. It must not
//! be depended on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod client;
mod commands;
mod demo;
mod exit;
mod exporting;
mod failure;
mod importing;
mod output;
mod profile;
mod progress;
mod serve;
mod settings;
mod signals;
mod workers;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = cli.globals.output;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(commands::run(cli));
            // A job that still reads a file on a blocking thread is nothing to wait for.
            runtime.shutdown_background();
            done
        }
        Err(source) => {
            Err(Failure::Service { doing: "start threads".to_owned(), source: source.into() })
        }
    };
    match done {
        Ok(()) if !output::all_was_said() => Exit::Failed.into(),
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            failure.print(output);
            failure.exit().into()
        }
    }
}
