//! Everybody who carries an image from the source's host to the target's, Ferry first.

use std::path::{Path, PathBuf};

use super::apart::Apart;
use super::peers::backups::{Borg, Casync, Restic};
use super::peers::files::{self, Old, Rclone, Rsync};
use super::peers::nbd::NbdServer;
use super::peers::{empty, must_be_equal, with_flush};
use super::race::Contender;
use super::service::Service;
use super::wire::Wire;
use super::{Bench, disks};
use crate::failure::Failure;
use crate::run;

/// What is to be done.
#[derive(Clone)]
pub struct Work<'a> {
    /// For folders and the binary.
    pub bench: &'a Bench,
    /// Source's host and target's host.
    pub wire: &'a Wire,
    /// What is to come to the target.
    pub new: PathBuf,
    /// What the target has already.
    pub old: Option<PathBuf>,
    /// What Ferry's configurations begin with.
    pub settings: &'static str,
}

/// Two processes of `ferry serve`, one at each end. Splits: `durable`, and `again` for the same image once more.
pub fn ferry<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    Contender::new("ferry", "ferry image copy --wait, two processes", move |trial| {
        let service = Apart::start(work.bench, &work.wire.sides, work.settings)?;
        if let Some(old) = &work.old {
            // Imported at both ends: the same disk has the same root wherever it was brought in.
            service.import(0, old, "old")?;
            service.import(1, old, "old")?;
        }
        let image = service.import(0, &work.new, "new")?;
        let mut copied = String::new();
        trial.lap("durable", || {
            copied = service.copy(&image, "copy")?;
            Ok(())
        })?;
        service.must_hold(&copied, &work.new)?;
        trial.lap("again", || service.copy(&image, "again").map(drop))
    })
}

/// The same with both regions in one process and nothing between them.
pub fn ferry_one<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    Contender::new("ferry-one", "the same, regions in one process", move |trial| {
        trial.stays_here();
        let service = Service::start(work.bench)?;
        if let Some(old) = &work.old {
            let image = service.import(old, "old")?;
            service.copy(&image, "old")?;
        }
        let image = service.import(&work.new, "new")?;
        trial.lap("durable", || service.copy(&image, "copy").map(drop))
    })
}

/// The fastest peers; neither verifies. Splits: `done`, and `flushed` with what it then takes until the file is on the disk.
pub fn over_nbd<'a>(work: &Work<'a>) -> Vec<Contender<'a>> {
    let (one, two, three) = (work.clone(), work.clone(), work.clone());
    vec![
        Contender::new("nbdcopy", "nbdcopy --destination-is-zero from qemu-nbd", move |trial| {
            let server = NbdServer::qemu_nbd(one.wire, &one.new)?;
            one.fill_empty(|out| with_flush(trial, out, || server.nbdcopy(out)))
        }),
        Contender::new(
            "nbdcopy-nbdkit",
            "nbdcopy --destination-is-zero from nbdkit",
            move |trial| {
                let server = NbdServer::nbdkit(two.wire, &two.new)?;
                two.fill_empty(|out| with_flush(trial, out, || server.nbdcopy(out)))
            },
        ),
        Contender::new("qemu-img", "qemu-img convert -n -m 16 -W from qemu-nbd", move |trial| {
            let server = NbdServer::qemu_nbd(three.wire, &three.new)?;
            three.fill_empty(|out| with_flush(trial, out, || server.qemu_img(out)))
        }),
    ]
}

/// One nbdcopy, where time does not matter but to show that there is nothing to win.
pub fn nbdcopy<'a>(work: &Work<'a>) -> Contender<'a> {
    over_nbd(work).swap_remove(0)
}

/// rsync from a daemon, into the old image where there is one.
pub fn rsync<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    Contender::new("rsync", "rsync -z --inplace", move |trial| {
        let server = Rsync::start(work.wire, &work.bench.images)?;
        let folder = work.bench.folder()?;
        let out = folder.path().join("out.raw");
        let old = match &work.old {
            Some(old) => {
                sparse_copy(old, &out)?;
                Old::InPlace
            }
            None => Old::Absent,
        };
        with_flush(trial, &out, || server.fetch(&work.new, &out, old))?;
        must_be_equal(&work.new, &out)
    })
}

/// The whole image through zstd and a pipe.
pub fn zstd<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    Contender::new("zstd", "zstd -3 -T0 through a pipe over TCP", move |trial| {
        let folder = work.bench.folder()?;
        let out = folder.path().join("out.raw");
        with_flush(trial, &out, || files::zstd_pipe(work.wire, &work.new, &out))?;
        must_be_equal(&work.new, &out)
    })
}

/// restic: a backup at the source, a copy of it into the target's repository.
pub fn restic<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    Contender::new("restic", "restic backup and copy", move |trial| {
        let folder = work.bench.folder()?;
        let restic = Restic::start(work.wire, folder.path())?;
        if let Some(old) = &work.old {
            restic.send(old)?;
        }
        trial.lap("done", || restic.send(&work.new))
    })
}

/// borg: straight into the target's repository.
pub fn borg<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    let once = Contender::new("borg", "borg create to a remote repository", move |trial| {
        let folder = work.bench.folder()?;
        let borg = Borg::start(work.wire, folder.path())?;
        if let Some(old) = &work.old {
            borg.send(old, "old")?;
        }
        trial.lap("done", || borg.send(&work.new, "new"))
    });
    once.seldom()
}

/// casync: cut at the source, put together at the target, the old image being a seed.
pub fn casync<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    let once = Contender::new("casync", "casync make, extract over HTTP", move |trial| {
        let folder = work.bench.folder()?;
        let casync = Casync::start(work.wire, folder.path())?;
        let (out, seed) = (folder.path().join("out.raw"), folder.path().join("seed.raw"));
        if let Some(old) = &work.old {
            sparse_copy(old, &seed)?;
        }
        let seed = work.old.as_ref().map(|_| seed.as_path());
        trial.lap("done", || casync.send(&work.new, &out, seed))?;
        must_be_equal(&work.new, &out)
    });
    once.seldom()
}

/// rclone over HTTP.
pub fn rclone<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    let once = Contender::new("rclone", "rclone copyto --ignore-times over HTTP", move |trial| {
        let server = Rclone::start(work.wire, &work.bench.images)?;
        let folder = work.bench.folder()?;
        let out = folder.path().join("out.raw");
        trial.lap("done", || server.fetch(&work.new, &out))?;
        must_be_equal(&work.new, &out)
    });
    once.seldom()
}

/// A plain copy on this machine: no wire, no service.
pub fn cp<'a>(work: &Work<'a>) -> Contender<'a> {
    let work = work.clone();
    Contender::new("cp", "cp --sparse=auto, no wire at all", move |trial| {
        trial.stays_here();
        let folder = work.bench.folder()?;
        let out = folder.path().join("out.raw");
        with_flush(trial, &out, || {
            let mut command = std::process::Command::new("cp");
            run::quietly(command.arg("--sparse=auto").args([&work.new, &out]))
        })
    })
}

impl Work<'_> {
    /// Does this with a fresh sparse file, and looks whether it then holds the image.
    fn fill_empty(&self, work: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
        let folder = self.bench.folder()?;
        let out = folder.path().join("out.raw");
        empty(&out, &self.new)?;
        work(&out)?;
        must_be_equal(&self.new, &out)
    }

    /// Brings the images into the page cache.
    pub fn warm(&self) -> Result<(), Failure> {
        self.old.iter().chain([&self.new]).try_for_each(|image| disks::warm(image))
    }
}

fn sparse_copy(from: &Path, to: &Path) -> Result<(), Failure> {
    run::quietly(std::process::Command::new("cp").arg("--sparse=always").args([from, to]))?;
    run::quietly(std::process::Command::new("sync").arg(to))
}
