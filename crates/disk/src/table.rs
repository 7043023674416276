//! Lazily read pieces of an image's tables, a few of them kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::ReadError;
use crate::host::HostFile;

/// Longest piece of a table read at once, in bytes: one L2 table of the usual 64 KiB cluster.
pub(crate) const SLICE_BYTES: u64 = 64 << 10;

/// Pieces kept: 64 of at most 64 KiB are 4 MiB per open image.
const KEPT_SLICES: usize = 64;

/// One piece of a table.
#[derive(Clone)]
pub(crate) struct Slice {
    offset: u64,
    pub(crate) bytes: Arc<[u8]>,
}

/// The piece a reader used last: most reads need the same one again and take no lock.
pub(crate) type LastSlice = Option<Slice>;

/// The pieces used last by all readers of one image.
#[derive(Default)]
pub(crate) struct TableCache {
    kept: Mutex<VecDeque<Slice>>,
}

impl TableCache {
    /// The `length` bytes at `offset` of the file, which the caller knows to lie inside it.
    pub(crate) fn slice(
        &self,
        host: &HostFile,
        (offset, length): (u64, u64),
        last: &mut LastSlice,
    ) -> Result<Arc<[u8]>, ReadError> {
        debug_assert!(length <= SLICE_BYTES);
        let wanted = |slice: &Slice| slice.offset == offset && slice.bytes.len() as u64 == length;
        if let Some(slice) = last.as_ref().filter(|slice| wanted(slice)) {
            return Ok(slice.bytes.clone());
        }
        let slice = match self.find(wanted) {
            Some(slice) => slice,
            None => self.load(host, offset, length)?,
        };
        Ok(last.insert(slice).bytes.clone())
    }

    fn find(&self, wanted: impl Fn(&Slice) -> bool) -> Option<Slice> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|slice| wanted(slice)).cloned()
    }

    fn load(&self, host: &HostFile, offset: u64, length: u64) -> Result<Slice, ReadError> {
        let mut bytes = vec![0; length as usize];
        host.read_at(offset, &mut bytes)?;
        let slice = Slice { offset, bytes: bytes.into() };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_SLICES {
            kept.pop_back();
        }
        kept.push_front(slice.clone());
        Ok(slice)
    }
}
