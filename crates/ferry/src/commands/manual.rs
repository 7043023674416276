//! What Ferry says of itself: completions, manual pages, the API's description.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::print;

/// Prints completions for a shell.
pub fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ferry", &mut script);
    print(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}

/// Writes a manual page for each command.
pub fn pages(folder: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::File {
        doing: "write manual pages into",
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)
}

/// Prints the OpenAPI description of the native API.
pub fn openapi() -> Result<(), Failure> {
    let text = api::openapi_json();
    let mut out = std::io::stdout().lock();
    out.write_all(text.trim_end().as_bytes()).and_then(|()| out.write_all(b"\n")).map_err(
        |source| Failure::File { doing: "write to", path: "standard output".into(), source },
    )
}
