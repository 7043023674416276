//! `ferry doctor`: says what is well, what is doubtful and what is wrong, each with what to do.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Clock;
use region::SystemClock;
use serde::Serialize;

use crate::cli::{DoctorArgs, Globals, OutputFormat};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, Row, bytes};
use crate::serve::{Config, default_data};
use crate::settings::Settings;

/// Free space below which a data folder is doubtful, and below which it is as good as full.
const SPACE_DOUBTFUL: u64 = 10 << 30;
const SPACE_WRONG: u64 = 1 << 30;
/// A sync that takes longer makes every commit slow; one that takes no time at all may not be one.
const SYNC_DOUBTFUL: Duration = Duration::from_millis(100);
/// Signatures of the cloud dialects are refused beyond 15 minutes; peers' logs are unreadable long before.
const SKEW_DOUBTFUL_SECS: u64 = 5;
const SKEW_WRONG_SECS: u64 = 300;
/// Files a service may have open: packs, databases, and 4,096 connections.
const FILES_DOUBTFUL: u64 = 8_192;

/// The nonces of signed requests: of the databases it alone is not written through to the disk (`docs/formats.md` 13).
const NONCES: &str = "nonces.db";

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    id: &'static str,
    status: Verdict,
    detail: String,
}

impl Row for Finding {
    const HEADINGS: &'static [&'static str] = &["", "CHECK", "FOUND"];

    fn cells(&self) -> Vec<String> {
        let verdict = match self.status {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        vec![verdict.to_owned(), self.id.to_owned(), self.detail.clone()]
    }

    fn id(&self) -> &str {
        self.id
    }
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, id: &'static str, status: Verdict, detail: impl Into<String>) {
        self.0.push(Finding { id, status, detail: detail.into() });
    }
}

/// Looks at everything. Fails where something is wrong.
pub async fn run(output: Output, globals: &Globals, args: DoctorArgs) -> Result<(), Failure> {
    let mut findings = Findings::default();
    findings.add("version", Verdict::Ok, format!("ferry {}", env!("CARGO_PKG_VERSION")));
    service(&mut findings, globals).await;
    open_files(&mut findings);
    let data = args.data.clone().or_else(|| default_data().filter(|folder| folder.exists()));
    match &data {
        Some(folder) => data_folder(&mut findings, folder),
        None => findings.add("data folder", Verdict::Ok, "none on this machine"),
    }
    if args.deep {
        match &data {
            Some(folder) => deep(&mut findings, folder, args.config.as_deref()).await,
            None => findings.add(
                "contents",
                Verdict::Fail,
                "no data folder to look into; name it with `--data`",
            ),
        }
    }
    if output.format == OutputFormat::Table {
        for finding in &findings.0 {
            crate::output::print(&format!(
                "{:5} {:12} {}",
                finding.cells()[0],
                finding.id,
                finding.detail
            ));
        }
    } else {
        output.list(&findings.0);
    }
    match findings.0.iter().filter(|finding| finding.status == Verdict::Fail).count() {
        0 => Ok(()),
        failed => Err(Failure::Unwell(failed)),
    }
}

async fn service(findings: &mut Findings, globals: &Globals) {
    let client = match Settings::gather(globals).and_then(Client::new) {
        Ok(client) => client,
        Err(failure) => {
            let advice = failure.advice().unwrap_or_default();
            return findings.add(
                "endpoint",
                Verdict::Fail,
                format!("{}; {advice}", failure.text()),
            );
        }
    };
    let asked =
        UNIX_EPOCH + Duration::from_millis(u64::try_from(SystemClock.now().0).unwrap_or_default());
    match client.date().await {
        Ok(date) => {
            findings.add("endpoint", Verdict::Ok, format!("{} answers", client.endpoint()));
            clock(findings, asked, date);
        }
        Err(failure) => {
            return findings.add(
                "endpoint",
                Verdict::Fail,
                format!("{}; {}", failure.text(), failure.advice().unwrap_or_default()),
            );
        }
    }
    match client.regions().await {
        Ok(regions) => {
            let names: Vec<String> = regions.into_iter().map(|region| region.id).collect();
            findings.add("access key", Verdict::Ok, "accepted");
            findings.add("regions", Verdict::Ok, names.join(", "));
        }
        Err(failure) => findings.add("access key", Verdict::Fail, failure.text()),
    }
}

fn clock(findings: &mut Findings, asked: SystemTime, date: Option<SystemTime>) {
    let Some(date) = date else {
        return findings.add("clock", Verdict::Warn, "the service does not say what time it has");
    };
    let skew = date.duration_since(asked).unwrap_or_else(|behind| behind.duration()).as_secs();
    let verdict = match skew {
        0..SKEW_DOUBTFUL_SECS => Verdict::Ok,
        SKEW_DOUBTFUL_SECS..SKEW_WRONG_SECS => Verdict::Warn,
        _ => Verdict::Fail,
    };
    findings.add("clock", verdict, format!("{skew} s apart from the service"));
}

fn open_files(findings: &mut Findings) {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    match limit.current {
        Some(files) if files < FILES_DOUBTFUL => findings.add(
            "open files",
            Verdict::Warn,
            format!("at most {files}; a busy service wants {FILES_DOUBTFUL}: `ulimit -n {FILES_DOUBTFUL}`, or LimitNOFILE="),
        ),
        Some(files) => findings.add("open files", Verdict::Ok, format!("at most {files}")),
        None => findings.add("open files", Verdict::Ok, "no limit"),
    }
}

fn data_folder(findings: &mut Findings, folder: &Path) {
    let metadata = match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return findings.add(
                "data folder",
                Verdict::Fail,
                format!("`{}` is no folder", folder.display()),
            );
        }
        Err(error) => {
            return findings.add(
                "data folder",
                Verdict::Fail,
                format!("`{}`: {error}", folder.display()),
            );
        }
    };
    let open_to_others = metadata.mode() & 0o077 != 0;
    let verdict = if open_to_others { Verdict::Warn } else { Verdict::Ok };
    let note = if open_to_others { ", which others may read: `chmod 700` it" } else { "" };
    findings.add("data folder", verdict, format!("`{}`{note}", folder.display()));
    free_space(findings, folder);
    lock(findings, folder);
    match probe(folder) {
        Ok(probe) => {
            let sync = if probe.sync > SYNC_DOUBTFUL { Verdict::Warn } else { Verdict::Ok };
            findings.add(
                "sync",
                sync,
                format!("a write is durable after {:.1} ms", probe.sync.as_secs_f64() * 1e3),
            );
            let holes = if probe.sparse { Verdict::Ok } else { Verdict::Warn };
            let text = if probe.sparse {
                "holes take no space"
            } else {
                "this file system has no holes: sparse images take their full size"
            };
            findings.add("sparse files", holes, text);
        }
        Err(error) => findings.add("sync", Verdict::Fail, format!("cannot write here: {error}")),
    }
    databases(findings, folder);
}

fn free_space(findings: &mut Findings, folder: &Path) {
    match rustix::fs::statvfs(folder) {
        Ok(system) => {
            let (free, inodes) = (system.f_bavail * system.f_frsize, system.f_favail);
            let verdict = match free {
                0..SPACE_WRONG => Verdict::Fail,
                SPACE_WRONG..SPACE_DOUBTFUL => Verdict::Warn,
                _ if system.f_files > 0 && inodes < 10_000 => Verdict::Warn,
                _ => Verdict::Ok,
            };
            findings.add("free space", verdict, format!("{}, {inodes} inodes", bytes(free)));
        }
        Err(error) => findings.add("free space", Verdict::Fail, error.to_string()),
    }
}

fn lock(findings: &mut Findings, folder: &Path) {
    use rustix::fs::{FlockOperation, flock};
    let Ok(lock) = File::open(folder.join("lock")) else {
        return findings.add("lock", Verdict::Ok, "never used yet");
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => findings.add("lock", Verdict::Ok, "free: no service runs on this folder"),
        Err(_) => {
            let owner = std::fs::read_to_string(folder.join("lock")).unwrap_or_default();
            findings.add("lock", Verdict::Ok, format!("held by process {}", owner.trim()));
        }
    }
}

struct Probe {
    sync: Duration,
    sparse: bool,
}

/// Writes a little, makes it durable, and looks whether a hole takes space. The file has no name that could stay behind.
fn probe(folder: &Path) -> std::io::Result<Probe> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut syncs = Vec::new();
    for _ in 0..5 {
        file.write_all(&[1; 4_096])?;
        let began = Instant::now();
        file.sync_data()?;
        syncs.push(began.elapsed());
    }
    syncs.sort();
    file.seek(SeekFrom::Start(64 << 20))?;
    file.write_all(&[1; 4_096])?;
    file.sync_data()?;
    Ok(Probe { sync: syncs[2], sparse: file.metadata()?.blocks() * 512 < 32 << 20 })
}

/// Each database's header says whether it is SQLite and in WAL mode (file format, offsets 18 and 19).
fn databases(findings: &mut Findings, folder: &Path) {
    let mut files: Vec<PathBuf> = ["accounts.db", NONCES].map(|name| folder.join(name)).into();
    let regions = std::fs::read_dir(folder.join("regions")).into_iter().flatten().flatten();
    for region in regions {
        files.extend(["catalog.db", "index.db"].map(|name| region.path().join(name)));
    }
    let (mut good, mut wrong) = (0, Vec::new());
    for file in files.iter().filter(|file| file.exists()) {
        let mut head = [0; 20];
        let read =
            File::open(file).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
        match read {
            Ok(()) if head.starts_with(b"SQLite format 3\0") && head[18..20] == [2, 2] => good += 1,
            Ok(()) => wrong.push(format!("`{}` is not in WAL mode", file.display())),
            Err(error) => wrong.push(format!("`{}`: {error}", file.display())),
        }
    }
    match wrong.is_empty() {
        true => findings.add(
            "databases",
            Verdict::Ok,
            format!("{good} in WAL mode, opened with synchronous=FULL, `{NONCES}` with NORMAL"),
        ),
        false => findings.add("databases", Verdict::Fail, wrong.join("; ")),
    }
}

/// Opens the folder's regions, which no service may use meanwhile, and reads and checks everything.
async fn deep(findings: &mut Findings, folder: &Path, config: Option<&Path>) {
    let wrong = async {
        let config = config.map_or_else(|| Ok(Config::default()), Config::load)?;
        let opened = crate::serve::open(&config, folder, region::DriverMode::ByHand).await?;
        let checked = opened.deployment.accounts.check().await;
        let mut wrong = checked.map_err(|fault| Failure::Service {
            doing: "check the accounts".to_owned(),
            source: fault.into(),
        })?;
        for region in opened.deployment.regions_here() {
            let checked = region.check().await;
            wrong.extend(checked.map_err(|fault| Failure::Service {
                doing: format!("check region `{}`", region.id()),
                source: fault.into(),
            })?);
            region.shut_down().await;
        }
        opened.deployment.accounts.close().await;
        Ok::<_, Failure>(wrong)
    };
    match wrong.await {
        Ok(wrong) if wrong.is_empty() => {
            findings.add("contents", Verdict::Ok, "every chunk is whole and every invariant holds")
        }
        Ok(wrong) => findings.add("contents", Verdict::Fail, wrong.join("; ")),
        Err(failure) => findings.add("contents", Verdict::Fail, failure.text()),
    }
}
