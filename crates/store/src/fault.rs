//! What can go wrong with the store, and whether trying again may help.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::chunk::{ChunkId, Domain};
use crate::frame::FrameError;
use crate::pack::PackNumber;
use crate::tree::FormatError;

/// Whether the same request may succeed later without anybody changing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The fault may pass: a full disk is emptied, a broken pack is replaced by a new one.
    Later,
    /// It will not pass by itself.
    Never,
}

/// The chunk index failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("failed to {action} in the chunk index")]
pub struct IndexFault {
    action: &'static str,
    retry: Retry,
    source: Arc<dyn Error + Send + Sync>,
}

impl IndexFault {
    /// A fault of this action, with its cause.
    pub fn new(
        action: &'static str,
        retry: Retry,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        IndexFault { action, retry, source: Arc::from(source.into()) }
    }

    /// Whether trying again may help.
    pub fn retry(&self) -> Retry {
        self.retry
    }
}

/// The store failed, or does not hold what was asked of it. Can be cloned: one failed commit is told to many.
#[derive(Clone, Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StoreFault {
    /// Not held. This is not damage: a caller may fetch it.
    #[error("chunk `{id}` is not in the store")]
    Missing { id: ChunkId },
    /// Held, but its bytes are no longer those of its id. It has been set aside.
    #[error("stored chunk `{id}` is damaged")]
    Damaged { id: ChunkId, source: FrameError },
    /// A chunk that should be a node or a root does not read as one.
    #[error("chunk `{id}` is no part of a disk tree")]
    Tree { id: ChunkId, source: FormatError },
    /// No space is left for packs.
    #[error("no space left to {action}")]
    Full { action: &'static str, source: Arc<io::Error> },
    /// The disk or the object store failed.
    #[error("failed to {action}")]
    Io { action: &'static str, source: Arc<io::Error> },
    /// The pack is not there, or too short. Rows may have moved to another one meanwhile: look up again, once.
    #[error("pack `{pack}` does not have these bytes")]
    PackGone { pack: PackNumber },
    /// Another process has the store open.
    #[error("store `{path}` is in use by another process")]
    InUse { path: PathBuf },
    /// The keys of a sealed domain are not here.
    #[error("domain `{domain}` is locked")]
    Locked { domain: Domain },
    /// Keys that are not those which the domain's chunks were named and sealed with.
    #[error("domain `{domain}` has other keys")]
    WrongKeys { domain: Domain },
    /// A plain domain was taken for a sealed one.
    #[error("domain `{domain}` is not sealed")]
    NotSealed { domain: Domain },
    /// A sealed domain was taken for a plain one.
    #[error("domain `{domain}` is sealed")]
    NotPlain { domain: Domain },
    /// A chunk was handed over that is not named as its domain names chunks.
    #[error("chunk `{id}` is not named as its domain names chunks")]
    Misnamed { id: ChunkId },
    /// The chunk index failed.
    #[error(transparent)]
    Index(#[from] IndexFault),
    /// The store is being closed.
    #[error("the store is being closed")]
    Closed,
}

impl StoreFault {
    /// Whether trying again may help.
    pub fn retry(&self) -> Retry {
        match self {
            StoreFault::Full { .. }
            | StoreFault::Io { .. }
            | StoreFault::PackGone { .. }
            | StoreFault::Locked { .. }
            | StoreFault::Closed => Retry::Later,
            StoreFault::Missing { .. }
            | StoreFault::Damaged { .. }
            | StoreFault::Tree { .. }
            | StoreFault::InUse { .. }
            | StoreFault::WrongKeys { .. }
            | StoreFault::NotSealed { .. }
            | StoreFault::NotPlain { .. }
            | StoreFault::Misnamed { .. } => Retry::Never,
            StoreFault::Index(fault) => fault.retry(),
        }
    }

    /// The fault of an I/O error: a full disk has a name of its own.
    pub fn io(action: &'static str, error: io::Error) -> Self {
        let full =
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let source = Arc::new(error);
        if full { StoreFault::Full { action, source } } else { StoreFault::Io { action, source } }
    }
}
