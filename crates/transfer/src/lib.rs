//! Moves what a tree still lacks from a source into a store. It must not know images, tasks or SQL, nor delete
//! anything.
//!
//! [`fetch_disk`] brings a disk: the walk (`walk`) lists what is missing, requests (`request`) fetch it, the store's ingest
//! checks and puts it, and the books (`ledger`) say what is durable; the mover (`mover`) drives all that. [`rekey_disk`] does
//! the same where the store names chunks otherwise than the source. [`missing_bytes`] and [`rekey_missing_bytes`] walk
//! without moving.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ahead;
mod cutter;
mod estimate;
mod fault;
mod fetch;
mod ledger;
mod limiter;
mod mover;
mod parcels;
mod rekey;
mod request;
mod source;
mod stall;
#[cfg(feature = "test-support")]
pub mod testing;
mod walk;
mod watch;
mod window;

pub use ahead::{AHEAD_NODES, Ahead, tree_ahead};
pub use cutter::{Cutter, Run};
pub use delta::{Matching, WANTS_MAX, WINDOW_BYTES_MAX as PARCEL_BYTES_MAX};
pub use estimate::{Measure, Missing, Noticed, Ways, missing_bytes, rekey_missing_bytes};
pub use fault::{Breach, SourceFault, TransferFault, TreeError};
pub use fetch::{FetchDisk, fetch_disk};
pub use limiter::{Lane, Promised, RateLimiter, Share};
pub use mover::Moved;
pub use parcels::{
    BASES_MAX, BadOrder, OPENED_BYTES, ORDER_BYTES_MAX, OfficeSource, Opened, Parcel, ParcelFault,
    ParcelOffice, ParcelOrder, ParcelSource, ParcelTerms, Part, SESSIONS_MAX, SessionId, WindowAsk,
    Wire,
};
pub use rekey::{RekeyDisk, Rekeyed, rekey_disk};
pub use source::{ChunkSource, FrameStream, RenamingSource, RenamingStoreSource, StoreSource};
pub use stall::LeastProgress;
pub use watch::{Progress, Watch};
pub use window::WINDOW_BYTES;
