//! Disk image files out: raw, qcow2 and vhd, under their name only when whole and durable.

mod qcow2;
mod runs;
mod vhd;

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::error::WriteError;
use crate::limits::{MAX_DISK_BYTES, SECTOR_BYTES};
use crate::write::qcow2::Qcow2Tables;
use crate::write::runs::data_runs;
use crate::write::vhd::footer;

/// The formats that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteFormat {
    /// `raw`, sparse.
    Raw,
    /// `qcow2`, version 3, 64 KiB clusters, not compressed.
    Qcow2,
    /// `vhd`, fixed: the disk's bytes, sparse, and a footer.
    Vhd,
}

/// Writes one disk into an open file, whatever its name is.
///
/// [`DiskFile::write_at`] may be called from several threads at once and in any order. What is never written reads as zeros
/// and takes no room.
pub struct DiskFile {
    file: File,
    size_bytes: u64,
    body: Body,
}

enum Body {
    Raw,
    Qcow2(Qcow2Tables),
    Vhd,
}

fn failed(operation: &'static str) -> impl Fn(io::Error) -> WriteError {
    move |source| WriteError::Io { operation, source }
}

impl DiskFile {
    /// Begins an image with a disk of `size_bytes` in a file that is empty and open for reading and writing.
    ///
    /// # Errors
    /// [`WriteError::Size`], or the system's.
    pub fn new(file: File, format: WriteFormat, size_bytes: u64) -> Result<DiskFile, WriteError> {
        judge_size(size_bytes)?;
        let body = match format {
            WriteFormat::Raw => {
                file.set_len(size_bytes).map_err(failed("create"))?;
                Body::Raw
            }
            WriteFormat::Qcow2 => Body::Qcow2(Qcow2Tables::new(size_bytes)),
            WriteFormat::Vhd => {
                file.set_len(size_bytes).map_err(failed("create"))?;
                Body::Vhd
            }
        };
        Ok(DiskFile { file, size_bytes, body })
    }

    /// Puts `bytes` at `offset` of the disk. Blocks of 4 KiB that are all zeros are left as holes, so zeros do not
    /// overwrite: write each byte of the disk once.
    ///
    /// # Errors
    /// [`WriteError::OutOfRange`], or the system's. After an error only dropping it makes sense.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let length = bytes.len() as u64;
        if offset.checked_add(length).is_none_or(|end| end > self.size_bytes) {
            return Err(WriteError::OutOfRange { offset, length, size_bytes: self.size_bytes });
        }
        for run in data_runs(offset, bytes) {
            let at = offset + run.start as u64;
            match &self.body {
                Body::Raw | Body::Vhd => self.file.write_all_at(&bytes[run], at),
                Body::Qcow2(tables) => tables.write_at(&self.file, at, &bytes[run]),
            }
            .map_err(failed("write"))?;
        }
        Ok(())
    }

    /// Completes the file and makes its contents durable. Its name and its folder are the caller's business.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self) -> Result<(), WriteError> {
        match self.body {
            Body::Raw => Ok(()),
            Body::Qcow2(tables) => tables.finish(&self.file),
            Body::Vhd => self.file.write_all_at(&footer(self.size_bytes), self.size_bytes),
        }
        .map_err(failed("write"))?;
        self.file.sync_all().map_err(failed("sync"))
    }
}

fn judge_size(size_bytes: u64) -> Result<(), WriteError> {
    if size_bytes == 0 || size_bytes > MAX_DISK_BYTES || !size_bytes.is_multiple_of(SECTOR_BYTES) {
        return Err(WriteError::Size { size_bytes, limit_bytes: MAX_DISK_BYTES });
    }
    Ok(())
}

/// Writes one disk into a new image file.
///
/// The file lies under a temporary name in the target's folder until [`DiskWriter::finish`]; dropped before that, it is
/// removed.
pub struct DiskWriter {
    disk: DiskFile,
    temporary: TempPath,
    folder: PathBuf,
    target: PathBuf,
}

impl DiskWriter {
    /// Begins the image that will be at `path`, with a disk of `size_bytes`. A file already there stays until
    /// [`DiskWriter::finish`] replaces it.
    ///
    /// # Errors
    /// [`WriteError::Size`], [`WriteError::Path`], or the system's.
    pub fn create(
        path: &Path,
        format: WriteFormat,
        size_bytes: u64,
    ) -> Result<DiskWriter, WriteError> {
        judge_size(size_bytes)?;
        let no_file = || WriteError::Path { path: path.to_owned() };
        let name = path.file_name().ok_or_else(no_file)?;
        let folder = match path.parent().ok_or_else(no_file)? {
            parent if parent.as_os_str().is_empty() => PathBuf::from("."),
            parent => parent.to_owned(),
        };
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        let temporary = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".part")
            .permissions(Permissions::from_mode(0o666)) // less the umask, as for any new file
            .tempfile_in(&folder)
            .map_err(failed("create"))?;
        let (file, temporary) = NamedTempFile::into_parts(temporary);
        let disk = DiskFile::new(file, format, size_bytes)?;
        Ok(DiskWriter { disk, temporary, folder, target: path.to_owned() })
    }

    /// As [`DiskFile::write_at`].
    ///
    /// # Errors
    /// As there.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
        self.disk.write_at(offset, bytes)
    }

    /// Completes the file, makes it durable and gives it its name, replacing what was there.
    ///
    /// # Errors
    /// The system's. The temporary file is removed, unless only the last sync of the folder failed.
    pub fn finish(self) -> Result<(), WriteError> {
        self.disk.finish()?;
        self.temporary
            .persist(&self.target)
            .map_err(|error| WriteError::Io { operation: "rename", source: error.error })?;
        let folder = File::open(&self.folder).map_err(failed("sync"))?;
        folder.sync_all().map_err(failed("sync"))
    }
}
