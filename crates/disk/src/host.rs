//! The one file an image lies in. Nothing else is ever opened.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{OFlags, SeekFrom};
use rustix::io::Errno;

use crate::error::{OpenError, Problem, ReadError};

/// The file under an image, its length taken once.
pub(crate) struct HostFile {
    file: File,
    stamp: Stamp,
}

/// What changes when a file is written to: length in bytes and time of change.
#[derive(PartialEq, Eq)]
struct Stamp {
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Stamp {
        Stamp {
            length: metadata.len(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        }
    }
}

impl HostFile {
    /// Opens a regular file. Does not wait on a FIFO and refuses devices and folders.
    pub(crate) fn open(path: &Path) -> Result<HostFile, OpenError> {
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(nonblocking)
            .open(path)
            .map_err(OpenError::Open)?;
        HostFile::new(file)
    }

    /// Takes over an open file.
    pub(crate) fn new(file: File) -> Result<HostFile, OpenError> {
        let metadata = file.metadata().map_err(OpenError::Open)?;
        if !metadata.is_file() {
            let kind = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(OpenError::Open(kind));
        }
        Ok(HostFile { stamp: Stamp::from(&metadata), file })
    }

    /// Length when it was opened, in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.stamp.length
    }

    /// Refuses when the file was written to since it was opened.
    pub(crate) fn ensure_unchanged(&self) -> Result<(), ReadError> {
        let now = self.file.metadata();
        let now = now.map_err(|source| ReadError::Io { offset: 0, length: 0, source })?;
        if Stamp::from(&now) == self.stamp { Ok(()) } else { Err(ReadError::Changed) }
    }

    /// Refuses a structure that does not lie inside the file.
    pub(crate) fn ensure_inside(
        &self,
        field: &'static str,
        offset: u64,
        length: u64,
    ) -> Result<(), Problem> {
        let file_bytes = self.length();
        match offset.checked_add(length) {
            Some(end) if end <= file_bytes => Ok(()),
            Some(_) | None => Err(Problem::OutsideFile { field, offset, length, file_bytes }),
        }
    }

    /// Fills `buffer` from `offset`. The range was inside the file, so a short read means the file was cut.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        self.file.read_exact_at(buffer, offset).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                return ReadError::Changed;
            }
            ReadError::Io { offset, length: buffer.len() as u64, source }
        })
    }

    /// Fills as much of `buffer` as the file has from `offset`; the rest is zeroed.
    pub(crate) fn read_padded(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        let there = self.length().saturating_sub(offset).min(buffer.len() as u64) as usize;
        self.read_at(offset, &mut buffer[..there])?;
        buffer[there..].fill(0);
        Ok(())
    }

    /// First stretch in `range` that is not a hole. File systems that know no holes answer with all of it.
    pub(crate) fn next_data(&self, range: Range<u64>) -> Result<Option<Range<u64>>, ReadError> {
        let failed =
            |offset| move |errno: Errno| ReadError::Io { offset, length: 0, source: errno.into() };
        let start = match rustix::fs::seek(&self.file, SeekFrom::Data(range.start)) {
            Ok(start) => start,
            Err(Errno::NXIO) => return Ok(None),
            Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(Some(range)),
            Err(errno) => return Err(failed(range.start)(errno)),
        };
        if start >= range.end {
            return Ok(None);
        }
        let end = rustix::fs::seek(&self.file, SeekFrom::Hole(start)).map_err(failed(start))?;
        Ok(Some(start..end.min(range.end)))
    }
}
