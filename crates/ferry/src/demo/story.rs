//! What is shown, step by step.

use std::path::PathBuf;
use std::time::Instant;

use api::native::wire::{Copy, CopyRequest, Verified};
use model::{Architecture, BootMode, Name, OsType, RegionId};
use reqwest::Method;

use super::disk_image::DiskImage;
use crate::cli::{ImportArgs, MachineArgs};
use crate::client::Call;
use crate::commands::{Request, Session, ask_for_copies, import, wait_for};
use crate::failure::Failure;
use crate::output::{bytes, count, print, table};
use crate::serve::RegionConfig;

/// The demonstration.
pub struct Story<'a> {
    /// The service, as any client sees it.
    pub session: &'a Session,
    /// A folder for files.
    pub work: PathBuf,
    /// The user's image.
    pub image: Option<PathBuf>,
    /// The regions; the first is where images are brought in.
    pub regions: Vec<RegionConfig>,
}

/// One line of the table at the end.
struct Moved {
    what: String,
    sent: u64,
    reused: u64,
    seconds: f64,
}

impl Story<'_> {
    /// Shows it.
    pub async fn tell(&self) -> Result<(), Failure> {
        let (given, work) = (self.image.clone(), self.work.clone());
        let disk = tokio::task::spawn_blocking(move || DiskImage::make(given.as_deref(), &work));
        let disk = joined(disk.await)?;
        print(&format!("Made {}.", disk.made));
        let mut moved = Vec::new();
        self.bring_and_copy("v1", &disk, &mut moved).await?;
        let changed = tokio::task::spawn_blocking(move || disk.change().map(|how| (disk, how)));
        let (disk, how) = joined(changed.await)?;
        print(&format!("\nA new version of the disk: {how}."));
        self.bring_and_copy("v2", &disk, &mut moved).await?;
        print("\nWhat crossed, and what did not have to:");
        print(&table(&["", "SENT", "NOT SENT", "SECONDS"], moved.iter().map(row)));
        Ok(())
    }

    async fn bring_and_copy(
        &self,
        version: &str,
        disk: &DiskImage,
        moved: &mut Vec<Moved>,
    ) -> Result<(), Failure> {
        let home = &self.regions[0].name;
        print(&format!("Importing demo-{version} into {home} ..."));
        let began = Instant::now();
        let imported = import(self.session, &self.arguments(version, disk)?).await?;
        moved.push(Moved {
            what: format!("import {version} -> {home}"),
            sent: imported.sent,
            reused: imported.reused,
            seconds: began.elapsed().as_secs_f64(),
        });
        let targets: Vec<String> =
            self.regions[1..].iter().map(|region| region.name.clone()).collect();
        print(&format!("Copying it to {} ...", targets.join(" and ")));
        let began = Instant::now();
        let request = Request {
            from: region_id(home)?,
            image: imported.image.id.clone(),
            name: imported.image.name.clone(),
            body: CopyRequest { targets, ..CopyRequest::default() },
            token: None,
        };
        let outcomes = ask_for_copies(self.session, &request).await?;
        let copies = outcomes
            .into_iter()
            .filter_map(|outcome| Some((outcome.copy?, outcome.region)))
            .collect();
        let (_, copies) = wait_for(self.session, copies, None).await?;
        let seconds = began.elapsed().as_secs_f64();
        for copy in &copies {
            if copy.phase != "done" {
                let why =
                    copy.failure.as_ref().map_or(copy.phase.clone(), |cause| cause.text.clone());
                return Err(Failure::Setting {
                    doing: format!("copy to `{}`", copy.region),
                    reason: why,
                });
            }
            moved.push(Moved {
                what: format!("copy {version} -> {}", copy.region),
                sent: copy.bytes_sent,
                reused: copy.bytes_reused,
                seconds,
            });
        }
        self.verify(&copies).await
    }

    async fn verify(&self, copies: &[Copy]) -> Result<(), Failure> {
        for copy in copies {
            let path = format!("/v1/regions/{}/images/{}/verify", copy.region, copy.image);
            let call = Call::new("verify the copy", Method::POST, path);
            let verified: Verified = self.session.client.ask(call).await?;
            if verified.damaged > 0 {
                let (image, region) = (copy.image.clone(), region_id(&copy.region)?);
                return Err(Failure::Damaged { image, region, damaged: verified.damaged });
            }
            let (chunks, size) = (count(verified.chunks), bytes(verified.bytes));
            print(&format!(
                "Verified in {}: {chunks} chunks, {size}, each read back and hashed.",
                copy.region
            ));
        }
        Ok(())
    }

    fn arguments(&self, version: &str, disk: &DiskImage) -> Result<ImportArgs, Failure> {
        Ok(ImportArgs {
            file: disk.path.clone(),
            data_disk: Vec::new(),
            name: Name::new(&format!("demo-{version}"))?,
            description: None,
            region: Some(region_id(&self.regions[0].name)?),
            format: disk::Declared::As(disk::Format::Raw),
            machine: MachineArgs {
                arch: Architecture::X86_64,
                os_type: OsType::Linux,
                platform: None,
                boot_mode: BootMode::Bios,
            },
            tags: Vec::new(),
        })
    }
}

fn region_id(name: &str) -> Result<RegionId, Failure> {
    name.parse().map_err(|error: model::InvalidId| Failure::Setting {
        doing: "use a region".to_owned(),
        reason: error.to_string(),
    })
}

fn row(moved: &Moved) -> Vec<String> {
    vec![
        moved.what.clone(),
        bytes(moved.sent),
        bytes(moved.reused),
        format!("{:.1}", moved.seconds),
    ]
}

fn joined<T>(done: Result<Result<T, Failure>, tokio::task::JoinError>) -> Result<T, Failure> {
    done.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()))
}
