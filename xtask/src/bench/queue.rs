//! A thousand copies waiting at once: none fails, none is lost, memory stays flat.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::memory::mib;
use super::report::{Report, Row};
use super::service::{SOURCE, Service, TARGET, items};
use super::{Bench, disks};
use crate::failure::Failure;
use crate::run;

const COPIES: usize = 1_000;
const QUOTA: &str = "5000";
const WAIT_SECS: u64 = 1_800;
/// What memory may have grown by from the first tenth done to the end.
const FLAT: f64 = 1.15;

/// Each copy is of an image of its own: one image has one running copy to a region.
pub fn measure(bench: &Bench) -> Result<Report, Failure> {
    let service = Service::start(bench)?;
    for region in [SOURCE, TARGET] {
        for kind in ["image", "snapshot"] {
            service.json(&["quota", "set", kind, QUOTA, "--region", region])?;
        }
    }
    let images = import_all(bench, &service)?;
    let begun = Instant::now();
    ask_for_all(&service, &images)?;
    let queued = begun.elapsed();
    let (early, late) = wait_for_all(&service)?;
    let took = begun.elapsed();
    let mut report = Report { name: "queue", ..Report::default() };
    report.rows.push(Row {
        what: format!("memory when {COPIES} copies are done"),
        ours: late,
        against: "a tenth done".into(),
        theirs: early,
        unit: "MiB",
        at_most: FLAT,
    });
    report.notes.push(format!(
        "{COPIES} of {COPIES} copies available, none failed: asked for in {:.1} s, done after {:.1} s; peak {:.0} MiB.",
        queued.as_secs_f64(),
        took.as_secs_f64(),
        mib(service.memory_kib("VmHWM")?),
    ));
    Ok(report)
}

fn import_all(bench: &Bench, service: &Service) -> Result<Vec<String>, Failure> {
    let folder = bench.folder()?;
    let file = folder.path().join("small.raw");
    (0..COPIES)
        .map(|number| {
            disks::small(&file, number)?;
            service.import(&file, &format!("small-{number}"))
        })
        .collect()
}

/// One request each, many at once, by a client that is not ours: commands one by one are slower than the queue drains.
fn ask_for_all(service: &Service, images: &[String]) -> Result<(), Failure> {
    let profile = service.profile()?;
    let value = |name: &str| profile.get(name).and_then(toml::Value::as_str).unwrap_or_default();
    let (id, secret) = (value("access_key_id"), value("access_key_secret"));
    let body = format!("{{\"targets\":[\"{TARGET}\"]}}").replace('"', "\\\"");
    let mut asked = format!(
        "parallel\nparallel-max = 16\nsilent\nshow-error\nuser = \"{id}:{secret}\"\ndata = \"{body}\"\n\
         header = \"Content-Type: application/json\"\nwrite-out = \"%{{http_code}}\\n\"\n"
    );
    for image in images {
        let path = format!("/v1/regions/{SOURCE}/images/{image}/copies");
        asked.push_str(&format!("url = \"{}{path}\"\noutput = \"/dev/null\"\n", value("endpoint")));
    }
    let folder = service.folder();
    let file = folder.join("requests.curl");
    std::fs::write(&file, asked).map_err(Failure::file("write", &file))?;
    let answers = run::read(Command::new("curl").arg("--config").arg(&file))?;
    let refused: Vec<&str> = answers.lines().filter(|code| *code != "202").collect();
    if refused.is_empty() && answers.lines().count() == images.len() {
        return Ok(());
    }
    let what = format!("{} of {} requests were answered {refused:?}", refused.len(), images.len());
    Err(Failure::Measured { what })
}

/// Memory in MiB with a tenth done and with all done.
fn wait_for_all(service: &Service) -> Result<(f64, f64), Failure> {
    let begun = Instant::now();
    let mut early = None;
    while begun.elapsed().as_secs() < WAIT_SECS {
        let images = items(&service.json(&["image", "list", "--region", TARGET])?);
        let count = |status: &str| images.iter().filter(|image| image["status"] == status).count();
        let failed = count("create_failed");
        if images.len() < COPIES || failed > 0 {
            let what = format!("{} of {COPIES} images are listed, {failed} failed", images.len());
            return Err(Failure::Measured { what });
        }
        let done = count("available");
        let held = mib(service.memory_kib("VmRSS")?);
        println!("{done} of {COPIES} done, {held:.0} MiB");
        if done >= COPIES / 10 && early.is_none() {
            early = Some(held);
        }
        if let (Some(early), COPIES) = (early, done) {
            return Ok((early, held));
        }
        thread::sleep(Duration::from_millis(250));
    }
    Err(Failure::NotReady { what: format!("{COPIES} copies"), secs: WAIT_SECS })
}
