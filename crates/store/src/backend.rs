//! Where the bytes of packs lie. Blocking: called on the store's own threads or the runtime's blocking ones.

use std::fs::File;
use std::sync::Arc;

use crate::fault::StoreFault;
use crate::pack::{PackHeader, PackNumber};

/// A pack as a listing shows it. A listing proves nothing about contents; only the index does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackStat {
    /// Number of the pack.
    pub number: PackNumber,
    /// Space that it takes.
    pub bytes_on_disk: u64,
}

/// The bytes of packs: files, or an object store.
pub trait StoreBackend: Send + Sync + 'static {
    /// Begins a pack and writes its header. Nothing is durable before [`PackFile::sync`].
    ///
    /// # Errors
    /// [`StoreFault::Full`] or [`StoreFault::Io`].
    fn create(&self, header: PackHeader) -> Result<Arc<dyn PackFile>, StoreFault>;

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`StoreFault::PackGone`] when there is no such pack, or it is too short; else [`StoreFault::Io`].
    fn read(&self, pack: PackNumber, offset: u64, into: &mut [u8]) -> Result<(), StoreFault>;

    /// Deletes a pack. One that is gone is no error.
    ///
    /// # Errors
    /// [`StoreFault::Io`].
    fn ensure_deleted(&self, pack: PackNumber) -> Result<(), StoreFault>;

    /// All packs there are, in no order.
    ///
    /// # Errors
    /// [`StoreFault::Io`].
    fn list(&self) -> Result<Vec<PackStat>, StoreFault>;

    /// Gives back the space behind `used` of a pack that nobody writes to. One that is gone is no error.
    ///
    /// # Errors
    /// [`StoreFault::Io`].
    fn ensure_trimmed(&self, pack: PackNumber, used: u64) -> Result<(), StoreFault>;

    /// A file without a name for the sweep's marks. Its contents vanish with it.
    ///
    /// # Errors
    /// [`StoreFault::Full`] or [`StoreFault::Io`].
    fn scratch(&self) -> Result<File, StoreFault>;
}

/// A pack that takes frames. Its writer knows the offsets; a sync may run while more is written.
pub trait PackFile: Send + Sync {
    /// Writes all bytes at `offset`, which is where the last write ended.
    ///
    /// # Errors
    /// [`StoreFault::Full`] or [`StoreFault::Io`]. The pack must then take no further frame.
    fn append(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreFault>;

    /// Makes everything written so far durable, the pack's name included.
    ///
    /// # Errors
    /// [`StoreFault::Io`]. The pack must then be given up: a second sync would prove nothing.
    fn sync(&self) -> Result<(), StoreFault>;

    /// Gives back the space behind `used`, once no more will be written.
    ///
    /// # Errors
    /// [`StoreFault::Io`]. Nothing is lost but the space.
    fn trim(&self, used: u64) -> Result<(), StoreFault>;
}
