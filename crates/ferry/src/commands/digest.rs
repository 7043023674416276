//! `ferry digest`: names the disk of an image file.

use serde::Serialize;

use crate::cli::DigestArgs;
use crate::failure::Failure;
use crate::importing::Opened;
use crate::output::Output;
use crate::progress::Showing;
use crate::workers::Workers;

#[derive(Serialize)]
struct Named {
    id: String,
    digest: String,
    format: String,
    size_bytes: u64,
}

/// Prints the disk root.
pub async fn run(output: Output, showing: &Showing, args: DigestArgs) -> Result<(), Failure> {
    let file = Opened::open(&args.file, args.format)?;
    let track = showing.track(args.file.display().to_string(), file.expected_bytes());
    let digest = file.digest(&Workers::as_many_as_cores(), &track).await;
    track.clear();
    let digest = digest?.to_string();
    let named = Named {
        id: digest.clone(),
        digest,
        format: file.format().to_string(),
        size_bytes: file.size_bytes(),
    };
    output.said(&named.digest, &named.digest, &named);
    Ok(())
}
