//! An opened image: one shape for every format.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::detect::detect;
use crate::error::{OpenError, ReadError};
use crate::extent::{Content, Extent};
use crate::format::{Declared, Format};
use crate::host::HostFile;
use crate::limits::admit_size;
use crate::qcow2::Qcow2;
use crate::reader::Reader;
use crate::table::{LastSlice, TableCache};
use crate::vhd::Vhd;
use crate::vmdk::Vmdk;

/// Neighbouring extents joined into one answer of [`Image::next_data`] at most; bounds the work of one call.
const MAX_JOINED: usize = 1024;

/// An opened image: what it says about its disk, checked, and the one file it lies in.
///
/// Cheap to clone and shared by readers on several threads. The format was decided by content when it was opened and is
/// never looked at again. Nothing named inside the image is ever opened. Snapshots inside a qcow2 are not read: the disk
/// is the active state.
#[derive(Clone)]
pub struct Image {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    host: HostFile,
    tables: TableCache,
    layout: Layout,
}

/// Where each format keeps the disk's bytes.
enum Layout {
    Raw { size_bytes: u64 },
    Qcow2(Qcow2),
    Vmdk(Vmdk),
    Vhd(Vhd),
}

impl Image {
    /// Opens the file at `path`, and only that one, and checks all of its metadata.
    ///
    /// # Errors
    /// Every refusal of [`OpenError`]; [`OpenError::code`] names it.
    pub fn open(path: &Path, declared: Declared) -> Result<Image, OpenError> {
        Image::of_host(HostFile::open(path)?, declared)
    }

    /// The same for a file that is open for reading. Its position may be moved.
    ///
    /// # Errors
    /// As [`Image::open`].
    pub fn from_file(file: File, declared: Declared) -> Result<Image, OpenError> {
        Image::of_host(HostFile::new(file)?, declared)
    }

    fn of_host(host: HostFile, declared: Declared) -> Result<Image, OpenError> {
        let layout = match detect(&host, declared)? {
            Format::Raw => {
                admit_size(host.length())?;
                Layout::Raw { size_bytes: host.length() }
            }
            Format::Qcow2 => Layout::Qcow2(Qcow2::open(&host)?),
            Format::Vmdk => Layout::Vmdk(Vmdk::open(&host)?),
            Format::Vhd => Layout::Vhd(Vhd::open(&host)?),
        };
        Ok(Image { inner: Arc::new(Inner { host, tables: TableCache::default(), layout }) })
    }

    /// The format, by content.
    pub fn format(&self) -> Format {
        match self.inner.layout {
            Layout::Raw { .. } => Format::Raw,
            Layout::Qcow2(_) => Format::Qcow2,
            Layout::Vmdk(_) => Format::Vmdk,
            Layout::Vhd(_) => Format::Vhd,
        }
    }

    /// Virtual size, in bytes: a positive multiple of 512, at most [`MAX_DISK_BYTES`](crate::MAX_DISK_BYTES).
    pub fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    /// First stretch at or after `offset` that may hold other bytes than zeros. `None`: only zeros to the end.
    ///
    /// Costs metadata only. Stretches that touch may be answered one after another.
    ///
    /// # Errors
    /// When the file cannot be read or changed since it was opened.
    pub fn next_data(&self, offset: u64) -> Result<Option<Range<u64>>, ReadError> {
        let mut last = None;
        let (mut at, size_bytes) = (offset, self.size_bytes());
        while at < size_bytes {
            let extent = self.inner.extent_at(at..size_bytes, &mut last)?;
            if let Some(data) = self.inner.data_of(at, &extent)? {
                let ends_extent = data.end == at + extent.length;
                return match ends_extent {
                    true => self.inner.extend(data, &mut last).map(Some),
                    false => Ok(Some(data)),
                };
            }
            at += extent.length;
        }
        Ok(None)
    }

    /// A reader with its own buffers and decompressors; one per thread.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.inner))
    }

    /// Refuses when the file was written to since it was opened (`bad-22`). Ask once all was read.
    ///
    /// # Errors
    /// [`ReadError::Changed`] when length or time of change differ.
    pub fn ensure_unchanged(&self) -> Result<(), ReadError> {
        self.inner.host.ensure_unchanged()
    }
}

impl Inner {
    pub(crate) fn host(&self) -> &HostFile {
        &self.host
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        match &self.layout {
            Layout::Raw { size_bytes } => *size_bytes,
            Layout::Qcow2(qcow2) => qcow2.size_bytes(),
            Layout::Vmdk(vmdk) => vmdk.size_bytes(),
            Layout::Vhd(vhd) => vhd.size_bytes(),
        }
    }

    /// The extent that begins at the start of `range`, which must be below the size.
    ///
    /// It is joined with its neighbours until it reaches the end of `range`. It never reaches beyond the size.
    pub(crate) fn extent_at(
        &self,
        range: Range<u64>,
        last: &mut LastSlice,
    ) -> Result<Extent, ReadError> {
        let offset = range.start;
        let slices = Slices { host: &self.host, cache: &self.tables, last };
        let mut extent = match &self.layout {
            Layout::Raw { size_bytes } => {
                let content = Content::Plain { host: offset };
                Extent { length: size_bytes - offset, content }
            }
            Layout::Qcow2(qcow2) => qcow2.extent_at(range, slices)?,
            Layout::Vmdk(vmdk) => vmdk.extent_at(range, slices)?,
            Layout::Vhd(vhd) => vhd.extent_at(offset, slices)?,
        };
        extent.length = extent.length.min(self.size_bytes() - offset);
        Ok(extent)
    }

    /// The first part of `extent`, which begins at `at`, that is neither zeros by metadata nor a hole in the file.
    fn data_of(&self, at: u64, extent: &Extent) -> Result<Option<Range<u64>>, ReadError> {
        match extent.content {
            Content::Zeros => Ok(None),
            Content::Packed(_) => Ok(Some(at..at + extent.length)),
            Content::Plain { host } => {
                let found = self.host.next_data(host..host + extent.length)?;
                Ok(found.map(|range| at + (range.start - host)..at + (range.end - host)))
            }
        }
    }

    fn extend(&self, mut data: Range<u64>, last: &mut LastSlice) -> Result<Range<u64>, ReadError> {
        for _ in 0..MAX_JOINED {
            if data.end >= self.size_bytes() {
                break;
            }
            let extent = self.extent_at(data.end..self.size_bytes(), last)?;
            let reaches = data.end + extent.length;
            match self.data_of(data.end, &extent)? {
                Some(next) if next.start == data.end => data.end = next.end,
                Some(_) | None => break,
            }
            if data.end < reaches {
                break;
            }
        }
        Ok(data)
    }
}

/// Access to an image's tables during one lookup.
pub(crate) struct Slices<'a> {
    host: &'a HostFile,
    cache: &'a TableCache,
    last: &'a mut LastSlice,
}

impl Slices<'_> {
    /// `length` bytes of a table at `offset` of the file; checked to lie inside it when the image was opened.
    pub(crate) fn load(&mut self, offset: u64, length: u64) -> Result<Arc<[u8]>, ReadError> {
        self.cache.slice(self.host, (offset, length), self.last)
    }
}
