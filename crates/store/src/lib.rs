//! Chunks and disk trees at rest: put, get, missing, sweep, scrub. It must not know images, accounts' names,
//! regions or HTTP.
//!
//! Bytes lie in packs behind [`StoreBackend`]; what is held is said by the [`ChunkIndex`] alone. A frame is durable
//! before its index row exists, and the row answers "have it?". The chunks of a sealed domain are named and sealed with
//! [`DomainKeys`], which are in memory alone: without them the domain is locked.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backend;
mod builder;
mod cache_folder;
mod check;
mod chunk;
mod engine;
mod fault;
mod files;
mod frame;
mod index;
mod keys;
mod measure;
mod pace;
mod pack;
mod read;
mod scrub;
mod sealing;
mod store;
mod sweep;
mod touched;
mod tree;
mod walk;

pub use backend::{PackFile, PackStat, StoreBackend};
pub use builder::{TreeBuilder, TreeNode, WrongCount};
pub use cache_folder::{CacheFault, CacheFolder};
pub use check::Untrue;
pub use chunk::{CHUNK_BYTES, Chunk, ChunkId, Domain, InvalidChunkId, is_zero};
pub use engine::ingest::{
    Accepted, Durable, Ingest, IngestError, Recorded, Refused, Renaming, Wanted,
};
pub use fault::{IndexFault, Retry, StoreFault};
pub use files::FilesBackend;
pub use frame::{
    Carried, Codec, Decoder, Encoder, FRAME_HEADER_BYTES, FRAME_MAX, FrameError, FrameHeader,
    Frames, STORED_MAX, Seal, encode_absent,
};
pub use index::{
    ChunkIndex, ChunkRow, DomainRow, Move, NewChunk, PackUse, Quarantined, RowKey, SweepStage,
    Totals,
};
pub use keys::{DataKey, DomainKeys, IdKey, Naming};
pub use pace::Pace;
pub use pack::{PACK_BYTES, PACK_HEADER_BYTES, PackHeader, PackNumber, Place};
pub use scrub::Scrubbed;
pub use store::{ChunkStore, StoreOptions};
pub use sweep::{Live, LiveRoots, Phase, Sweep, Swept};
pub use touched::TreePart;
pub use tree::{DiskRoot, FormatError, NODE_IDS, ROOT_BYTES, RootRecord, Shape, decode_node};
pub use walk::{Leaves, Look, TreeCheck, TreeReader};
