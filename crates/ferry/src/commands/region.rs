//! `ferry region`.

use super::Session;
use crate::cli::RegionCommand;
use crate::failure::Failure;

/// Does it.
pub async fn run(session: &Session, command: RegionCommand) -> Result<(), Failure> {
    match command {
        RegionCommand::List => session.output.list(&session.client.regions().await?),
    }
    Ok(())
}
