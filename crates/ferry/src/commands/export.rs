//! `ferry image export`.

use std::time::Instant;

use disk::WriteFormat;
use model::{RegionId, Storage};
use serde::Serialize;

use super::Session;
use crate::cli::{ExportArgs, ExportFormat};
use crate::client::FrameRequest;
use crate::exporting::{Source, Target, export};
use crate::failure::Failure;
use crate::output::{bytes, rate};
use crate::signals::Interrupts;

#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    region: &'a str,
    file: String,
    disk: u8,
    digest: &'a str,
    size_bytes: u64,
    held_bytes: u64,
}

/// Does it.
pub async fn run(session: &Session, args: ExportArgs) -> Result<(), Failure> {
    let region: RegionId = session.client.region(args.region.as_ref()).await?;
    let image = session.client.image(&region, &args.image).await?;
    let no_disk = || Failure::NoSuchDisk {
        image: image.id.clone(),
        disk: args.disk,
        last: image.disks.len().saturating_sub(1),
    };
    let disk = image.disks.iter().find(|disk| disk.number == args.disk).ok_or_else(no_disk)?;
    if image.storage == Storage::LocalFile.as_str() {
        return Err(Failure::InLocalFile { image: image.id });
    }
    let Some(snapshot) = disk.snapshot.clone() else {
        let reason = format!("image `{}` is `{}`, not `available`", image.id, image.status);
        return Err(Failure::Setting { doing: "export".to_owned(), reason });
    };
    if args.file.exists() && !args.force {
        return Err(Failure::FileExists { path: args.file });
    }
    let format = match args.format {
        ExportFormat::Raw => WriteFormat::Raw,
        ExportFormat::Qcow2 => WriteFormat::Qcow2,
    };
    let of = FrameRequest { region: region.clone(), snapshot };
    let source = Source::of(session.client.clone(), of).await?;
    let track = session.showing.track(format!("export {}", image.name), disk.size_bytes);
    let began = Instant::now();
    let target = Target { path: args.file.clone(), format };
    let mut interrupts = Interrupts::listen();
    let exported = tokio::select! {
        exported = export(source, disk, target, &track) => exported,
        () = interrupts.next() => Err(Failure::Interrupted { left: "nothing was written".to_owned() }),
    };
    let exported = exported.inspect_err(|_| track.clear())?;
    let held = exported.places * store::CHUNK_BYTES as u64;
    let pace = rate((held as f64 / began.elapsed().as_secs_f64().max(0.001)) as u64);
    track.end(&format!("{} of data, every chunk checked, {pace}", bytes(held)));
    let written = Written {
        id: &image.id,
        region: region.as_str(),
        file: args.file.display().to_string(),
        disk: args.disk,
        digest: disk.digest.as_deref().unwrap_or_default(),
        size_bytes: exported.size_bytes,
        held_bytes: held,
    };
    let words = format!(
        "wrote {} ({}), digest {}",
        written.file,
        bytes(written.size_bytes),
        written.digest
    );
    session.output.said(&words, &image.id, &written);
    Ok(())
}
