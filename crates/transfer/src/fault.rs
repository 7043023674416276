//! What can go wrong with a transfer, and whether trying again may help.

use std::error::Error;
use std::time::Duration;

use store::{ChunkId, FormatError, FrameError, Retry, StoreFault};

/// The source failed. Every such fault may pass, or another source may do better.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// It is silent, or so slow that it would keep a place that others need (faults 11 and 12).
    #[error("source sent `{got_bytes}` bytes in `{waited:?}`")]
    Stalled {
        /// Bytes that came.
        got_bytes: u64,
        /// Time spent waiting for the source, not for ourselves.
        waited: Duration,
    },
    /// What it sent is no answer to what was asked. Nothing of it is kept but frames that were found true.
    #[error("source broke the protocol")]
    Protocol(#[from] Breach),
    /// It cannot be reached, or the connection broke.
    #[error("failed to {action}")]
    Transport {
        /// What was tried.
        action: &'static str,
        /// The transport's own error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It serves no parcels for what was ordered, or not now: frames serve it.
    #[error("source serves no parcels: {reason}")]
    NoParcels {
        /// In its words.
        reason: String,
    },
    /// Its store failed. Told by a source in the same process only.
    #[error("store of the source failed")]
    Store(#[source] StoreFault),
}

/// How an answer broke the protocol (docs/formats.md, sections 3 and 6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// A header that no frame has. Nothing behind it can be read.
    #[error("body holds what is no frame")]
    Frame(#[from] FrameError),
    /// The body ended inside a frame.
    #[error("body ends `{got}` bytes into a frame")]
    Cut {
        /// Bytes of the frame that came.
        got: usize,
    },
    /// A frame of a chunk that was not asked for.
    #[error("chunk `{id}` was sent unasked")]
    Unasked {
        /// The chunk.
        id: ChunkId,
    },
    /// A second frame of a chunk.
    #[error("chunk `{id}` was sent twice")]
    Repeated {
        /// The chunk.
        id: ChunkId,
    },
    /// The body ended and some ids had no answer.
    #[error("body ends without an answer for `{count}` chunks")]
    Unanswered {
        /// How many.
        count: usize,
    },
    /// Another number of names came than was asked for.
    #[error("`{wanted}` names were asked for, `{got}` came")]
    Names {
        /// Chunks asked about.
        wanted: usize,
        /// Names that came.
        got: usize,
    },
    /// The body goes on without ever carrying a byte.
    #[error("body goes on without a byte")]
    Empty,
}

/// Why the bytes of a tree are no disk tree of the disk that was promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The root record does not read as one.
    #[error("root record is malformed")]
    Root(#[source] FormatError),
    /// A node does not have the ids that the disk's size asks for.
    #[error("node `{id}` is malformed")]
    Node {
        /// The node.
        id: ChunkId,
        /// What is wrong.
        source: FormatError,
    },
    /// The root states another size than was promised.
    #[error("disk has `{got}` bytes, `{wanted}` were promised")]
    Size {
        /// Bytes promised.
        wanted: u64,
        /// Bytes that the root states.
        got: u64,
    },
    /// The root states another number of places than there are.
    #[error("root states `{stated}` places that are not zero, the tree has `{counted}`")]
    Places {
        /// What the root states.
        stated: u64,
        /// What the nodes list.
        counted: u64,
    },
    /// A node stands for more places than fit, or for none.
    #[error("node `{id}` has `{places}` places, which do not fit its level")]
    NodePlaces {
        /// The node.
        id: ChunkId,
        /// Places under it.
        places: u64,
    },
    /// One id is used at two levels, which no honest tree can do: a node lists chunks or nodes, not both.
    #[error("node `{id}` is used at two levels")]
    TwoLevels {
        /// The node.
        id: ChunkId,
    },
    /// A chunk of the disk is not of 65,536 bytes.
    #[error("chunk `{id}` of the disk has `{got}` bytes, not 65,536")]
    ChunkLength {
        /// The chunk.
        id: ChunkId,
        /// Its length.
        got: u32,
    },
    /// The source said that a chunk has a name which it has not.
    #[error("chunk `{id}` was said to be named `{told}`, which is not its name")]
    WrongName {
        /// The chunk, as the source names it.
        id: ChunkId,
        /// What it was said to be named here.
        told: ChunkId,
    },
}

/// Why a transfer did not bring everything. What is durable stays, and the next call begins with it.
#[derive(Debug, thiserror::Error)]
pub enum TransferFault {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] SourceFault),
    /// The source no longer has all of the disk. Everything else has been stored (fault 10).
    #[error("source lacks `{count}` chunks")]
    SourceLacks {
        /// How many ids it does not have, at least: what hangs below a lost node is not known.
        count: u64,
        /// Some of them, at most 16.
        sample: Vec<ChunkId>,
    },
    /// It sent too many chunks that are not what their ids say, or the same one twice (faults 8 and 9).
    #[error("source sent `{count}` wrong chunks")]
    PeerSendsWrongChunks {
        /// How many.
        count: u64,
        /// What was wrong with the last one.
        source: FrameError,
    },
    /// The tree does not describe the disk that was promised.
    #[error("disk tree is malformed")]
    Malformed(#[from] TreeError),
    /// Our own store failed.
    #[error("failed to store what was fetched")]
    Store(#[from] StoreFault),
    /// Damage was found in the domain again and again while the tree was walked: what was believed held is not.
    #[error("stored chunks were found damaged meanwhile")]
    Disturbed,
    /// The caller cancelled.
    #[error("transfer was stopped")]
    Stopped,
}

impl SourceFault {
    /// Whether trying again may help: it may, the source may heal or another may serve.
    pub fn retry(&self) -> Retry {
        match self {
            SourceFault::Stalled { .. }
            | SourceFault::Protocol(_)
            | SourceFault::Transport { .. }
            | SourceFault::NoParcels { .. }
            | SourceFault::Store(_) => Retry::Later,
        }
    }
}

impl TransferFault {
    /// Whether trying again may help.
    pub fn retry(&self) -> Retry {
        match self {
            TransferFault::Source(fault) => fault.retry(),
            TransferFault::Store(fault) => fault.retry(),
            TransferFault::PeerSendsWrongChunks { .. }
            | TransferFault::Disturbed
            | TransferFault::Stopped => Retry::Later,
            TransferFault::SourceLacks { .. } | TransferFault::Malformed(_) => Retry::Never,
        }
    }
}
