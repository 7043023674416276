//! Stores for tests: packs in a temporary folder, the real index.

use std::sync::Arc;

use catalog::index::{IndexOptions, SqliteIndex};

use store::{ChunkStore, Domain, FilesBackend, StoreOptions};

/// A new store whose folder is deleted when the test's process ends.
pub async fn new_store() -> (ChunkStore, Domain) {
    let folder = tempfile::tempdir().unwrap().keep();
    open(&folder).await
}

/// Opens or makes a store in a folder.
pub async fn open(folder: &std::path::Path) -> (ChunkStore, Domain) {
    std::fs::create_dir_all(folder).unwrap();
    let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default()).unwrap();
    let backend = FilesBackend::open(folder).unwrap();
    let store = ChunkStore::open(Arc::new(backend), Arc::new(index), StoreOptions::default())
        .await
        .unwrap();
    let domain = store.domain("acct-test").await.unwrap();
    (store, domain)
}
