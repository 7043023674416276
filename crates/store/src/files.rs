//! Packs as files in a folder that one process owns.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fail::fail_point;
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};

use crate::backend::{PackFile, PackStat, StoreBackend};
use crate::fault::StoreFault;
use crate::pack::{PACK_BYTES, PACK_HEADER_BYTES, PackHeader, PackNumber};

/// Least and most space reserved ahead of the writer. Reserving halves the cost of writes (studies/lan.md), but a small
/// copy must not take 64 MiB: what is reserved doubles with what is written.
const RESERVE_BYTES: std::ops::RangeInclusive<u64> = (1 << 20)..=PACK_BYTES;

/// Packs under `packs/HH/`, and a lock file.
pub struct FilesBackend {
    folder: PathBuf,
    _lock: File,
}

impl FilesBackend {
    /// Opens or makes the folder and locks it.
    ///
    /// # Errors
    /// [`StoreFault::InUse`] when another process has it; [`StoreFault::Io`] or [`StoreFault::Full`].
    pub fn open(folder: &Path) -> Result<Self, StoreFault> {
        let io = |error| StoreFault::io("open the store's folder", error);
        let packs = folder.join("packs");
        DirBuilder::new().recursive(true).mode(0o700).create(&packs).map_err(io)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(folder.join("lock"))
            .map_err(io)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| StoreFault::InUse { path: folder.to_owned() })?;
        for last in 0..=0xff_u8 {
            match DirBuilder::new().mode(0o700).create(packs.join(format!("{last:02x}"))) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(io(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        // Before any pack is written, so that a new pack needs no more than the sync of its own folder.
        for folder in [&packs, folder] {
            sync_folder(folder).map_err(io)?;
        }
        Ok(FilesBackend { folder: folder.to_owned(), _lock: lock })
    }

    fn path(&self, pack: PackNumber) -> PathBuf {
        let name = format!("{pack}.pack");
        self.folder.join("packs").join(&name[14..16]).join(name)
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl StoreBackend for FilesBackend {
    fn create(&self, header: PackHeader) -> Result<Arc<dyn PackFile>, StoreFault> {
        let path = self.path(header.number);
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreFault::io("create a pack", error))?;
        let folder = path.parent().expect("a pack lies in a folder").to_owned();
        let pack =
            FilePack { file, folder, named: AtomicBool::new(false), reserved: AtomicU64::new(0) };
        pack.append(0, &header.encode())?;
        Ok(Arc::new(pack))
    }

    fn read(&self, pack: PackNumber, offset: u64, into: &mut [u8]) -> Result<(), StoreFault> {
        let file = match File::open(self.path(pack)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreFault::PackGone { pack });
            }
            Err(error) => return Err(StoreFault::io("open a pack", error)),
        };
        file.read_exact_at(into, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => StoreFault::PackGone { pack },
            _ => StoreFault::io("read a pack", error),
        })
    }

    fn ensure_deleted(&self, pack: PackNumber) -> Result<(), StoreFault> {
        match std::fs::remove_file(self.path(pack)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreFault::io("delete a pack", error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn list(&self) -> Result<Vec<PackStat>, StoreFault> {
        let io = |error| StoreFault::io("list the packs", error);
        let mut packs = Vec::new();
        for folder in std::fs::read_dir(self.folder.join("packs")).map_err(io)? {
            for entry in std::fs::read_dir(folder.map_err(io)?.path()).map_err(io)? {
                let entry = entry.map_err(io)?;
                // A stranger's file is left alone.
                let Some(number) = pack_number(&entry.path()) else { continue };
                match entry.metadata() {
                    Ok(meta) => packs.push(PackStat { number, bytes_on_disk: meta.blocks() * 512 }),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(io(error)),
                }
            }
        }
        Ok(packs)
    }

    fn ensure_trimmed(&self, pack: PackNumber, used: u64) -> Result<(), StoreFault> {
        let trimmed = OpenOptions::new().write(true).open(self.path(pack)).and_then(|file| {
            if file.metadata()?.len() >= used { file.set_len(used) } else { Ok(()) }
        });
        match trimmed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreFault::io("trim a pack", error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn scratch(&self) -> Result<File, StoreFault> {
        let io = |error| StoreFault::io("make a scratch file", error);
        let bits = getrandom::u64().map_err(|error| io(io::Error::other(error)))?;
        let path = self.folder.join(format!("scratch-{bits:016x}"));
        let file = OpenOptions::new()
            .create_new(true)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        std::fs::remove_file(&path).map_err(io)?;
        Ok(file)
    }
}

fn pack_number(path: &Path) -> Option<PackNumber> {
    let digits = path.file_name()?.to_str()?.strip_suffix(".pack")?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    (PackNumber::new(number).to_string() == digits).then(|| PackNumber::new(number))
}

struct FilePack {
    file: File,
    folder: PathBuf,
    named: AtomicBool,
    reserved: AtomicU64,
}

impl FilePack {
    fn reserve(&self, end: u64) {
        let reserved = self.reserved.load(Ordering::Relaxed);
        if end <= reserved {
            return;
        }
        let ahead = end.clamp(*RESERVE_BYTES.start(), *RESERVE_BYTES.end());
        let length = (end + ahead).min(PACK_BYTES.max(end)) - reserved;
        // A file system that cannot reserve, or is full, says so when it is written to.
        let _ = fallocate(&self.file, FallocateFlags::KEEP_SIZE, reserved, length);
        self.reserved.store(reserved + length, Ordering::Relaxed);
    }
}

impl PackFile for FilePack {
    fn append(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreFault> {
        fail_point!("wrk.tmp_write", |_| Err(injected("write a pack")));
        if offset > 0 {
            self.reserve(offset + bytes.len() as u64);
        }
        self.file.write_all_at(bytes, offset).map_err(|error| StoreFault::io("write a pack", error))
    }

    fn sync(&self) -> Result<(), StoreFault> {
        fail_point!("wrk.fsync_file", |_| Err(injected("sync a pack")));
        self.file.sync_data().map_err(|error| StoreFault::io("sync a pack", error))?;
        if !self.named.load(Ordering::Relaxed) {
            fail_point!("wrk.fsync_dir", |_| Err(injected("sync a folder of packs")));
            sync_folder(&self.folder)
                .map_err(|error| StoreFault::io("sync a folder of packs", error))?;
            self.named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn trim(&self, used: u64) -> Result<(), StoreFault> {
        debug_assert!(used >= PACK_HEADER_BYTES as u64);
        self.file.set_len(used).map_err(|error| StoreFault::io("trim a pack", error))
    }
}

#[cfg_attr(not(feature = "failpoints"), expect(dead_code, reason = "only failpoints make it"))]
fn injected(action: &'static str) -> StoreFault {
    StoreFault::io(action, io::Error::other("injected by a failpoint"))
}
