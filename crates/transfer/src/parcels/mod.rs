//! Parcels: what a disk still lacks, coded against what both sides hold (`docs/formats.md` 20), for links that are slower
//! than the coding.
//!
//! The target orders a *session* for the chunks of a disk that it lacks, and takes its *windows* by number. The source side is
//! the [`ParcelOffice`].

mod base;
mod base_index;
mod chunks;
mod climb;
mod office;
#[cfg(test)]
mod office_tests;
mod order;
mod part;
mod session;
pub(crate) mod target;
mod target_assembly;
mod target_session;

use std::fmt;

use async_trait::async_trait;
use delta::Matching;
use store::DiskRoot;

use crate::fault::SourceFault;
use crate::source::{ChunkSource, FrameStream};

pub use office::{OfficeSource, ParcelFault, ParcelOffice, SESSIONS_MAX};
pub use order::{BadOrder, OPENED_BYTES, ORDER_BYTES_MAX};
pub use part::{Part, WindowAsk};
pub use target::{ParcelTerms, Wire};

/// Names a session at its source: 16 random bytes, so that nobody guesses another's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// Most bases in an order.
pub const BASES_MAX: usize = 64;

/// What a target lacks of a disk, and what else it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelOrder {
    /// The disk, as the source names it.
    pub root: DiskRoot,
    /// Disks that the target holds completely, as the source names them, best first as the target sees it; at most
    /// [`BASES_MAX`].
    pub bases: Vec<DiskRoot>,
    /// Whether pages may be taken from the base and from earlier windows.
    pub matching: Matching,
    /// Numbers of the chunks that are wanted, ascending, 1 to [`delta::WANTS_MAX`] of them.
    pub wants: Vec<u64>,
}

/// A session that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its name.
    pub session: SessionId,
    /// The base that the source has chosen among those of the order, if any.
    pub base: Option<DiskRoot>,
}

/// The answer to a request for a window.
pub enum Parcel {
    /// The bytes of one window, or of the part that was asked for, cut anywhere.
    Window(FrameStream),
    /// There is no such window: the one before was the last.
    End,
    /// There is no such session, or not any longer: what is still missing is ordered anew.
    Gone,
}

/// A source that can send parcels.
#[async_trait]
pub trait ParcelSource: ChunkSource {
    /// Opens a session. It may take up to a minute, because the source may have to index the base first. A session lives until
    /// its last window was stored, or for 60 s without a request.
    ///
    /// # Errors
    /// [`SourceFault::NoParcels`] when the source serves none for this order now: frames serve it. Else when the source
    /// cannot be reached.
    async fn open(&self, order: ParcelOrder) -> Result<Opened, SourceFault>;

    /// A window of a session or a part of it, made when it is not there yet. Windows are made up to 8 ahead of those that are stored.
    /// One may be asked for again until it is, and has the same bytes.
    ///
    /// # Errors
    /// [`SourceFault::NoParcels`] when a chunk that is wanted cannot be read at the source: frames tell which. Else when the
    /// source cannot be reached.
    async fn window(&self, ask: WindowAsk) -> Result<Parcel, SourceFault>;
}
