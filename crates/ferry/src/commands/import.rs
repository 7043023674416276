//! `ferry image import`.

use std::sync::Arc;
use std::time::Instant;

use api::native::wire::{Image, ImportDisk, ImportRequest};

use super::Session;
use super::image::tag_map;
use crate::cli::ImportArgs;
use crate::failure::Failure;
use crate::importing::{Counters, Import, Opened};
use crate::output::{bytes, duration, rate};

/// Does it.
pub async fn run(session: &Session, args: ImportArgs) -> Result<(), Failure> {
    let imported = import(session, &args).await?;
    session.output.one(&imported.image);
    Ok(())
}

/// An image that was brought in.
pub struct Imported {
    /// The image.
    pub image: Image,
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that the region held already.
    pub reused: u64,
}

/// Brings image files in. All are opened and checked before anything is asked of the service.
pub async fn import(session: &Session, args: &ImportArgs) -> Result<Imported, Failure> {
    let paths = std::iter::once(&args.file).chain(&args.data_disk);
    let files: Vec<Opened> =
        paths.map(|path| Opened::open(path, args.format)).collect::<Result<_, _>>()?;
    let request = ImportRequest {
        name: args.name.to_string(),
        description: args.description.as_ref().map(ToString::to_string).unwrap_or_default(),
        architecture: args.machine.arch.to_string(),
        os_type: args.machine.os_type.to_string(),
        platform: args.machine.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
        boot_mode: args.machine.boot_mode.to_string(),
        family: None,
        tags: tag_map(&args.tags)?,
        disks: files.iter().map(|file| ImportDisk { size_bytes: file.size_bytes() }).collect(),
    };
    let region = session.client.region(args.region.as_ref()).await?;
    let size_bytes = files.iter().map(Opened::size_bytes).sum();
    let expected = files.iter().map(Opened::expected_bytes).sum();
    let track = session.showing.track(format!("import {}", args.name), expected);
    let counters = Arc::new(Counters::default());
    let began = Instant::now();
    let import = Import { client: session.client.clone(), region, request, files };
    let image = match import.run(&track, Arc::clone(&counters)).await {
        Ok(image) => image,
        Err(failure) => {
            track.clear();
            return Err(failure);
        }
    };
    let (sent, reused, took) = (counters.sent(), counters.reused(), began.elapsed());
    let pace = rate((expected as f64 / took.as_secs_f64().max(0.001)) as u64);
    let took = duration(took.as_secs());
    track.end(&format!(
        "{} in {took} ({pace}), {} sent, {} there already",
        bytes(size_bytes),
        bytes(sent),
        bytes(reused)
    ));
    Ok(Imported { image, sent, reused })
}
