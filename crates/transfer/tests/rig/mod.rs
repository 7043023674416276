//! Stores for tests: packs in a temporary folder, the real index.

use std::sync::Arc;

use catalog::index::{IndexOptions, SqliteIndex};

use store::{ChunkStore, DataKey, Domain, DomainKeys, FilesBackend, IdKey, StoreOptions};

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

/// The keys of the sealed domains of these tests.
#[allow(dead_code)]
pub fn keys() -> DomainKeys {
    DomainKeys { id_key: IdKey::new([0x51; 32]), data_key: DataKey::new([0x52; 32]) }
}

/// A new store with a sealed domain whose keys are here.
#[allow(dead_code)]
pub async fn new_sealed() -> (ChunkStore, Domain) {
    let (store, _) = new_store().await;
    let domain = store.sealed_domain("acct-test/key").await.unwrap();
    store.unlock(domain, keys()).unwrap();
    (store, domain)
}
