//! Rows for tests.

use model::{
    AccountId, Architecture, Attributes, BootMode, CopyId, CopyState, Description, Digest,
    DiskRole, ImageId, ImageKind, ImageStatus, Name, Origin, OsType, Particulars, Platform,
    Priority, Progress, Purpose, SizeBytes, SnapshotId, SnapshotName, Storage, Tags, Timestamp,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::{
    Catalog, CopyRow, ImageDiskRow, ImageFilter, ImageRow, Inserted, Page, PromisedSnapshotRow,
    SnapshotRow, Tx,
};

/// A new catalog in a folder that goes with it.
pub(crate) async fn catalog() -> (tempfile::TempDir, Catalog) {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&folder.path().join("catalog.db")).await.unwrap();
    (folder, catalog)
}

/// A connection that minds no rule: what a broken disk, a bug or an intruder might do.
pub(crate) async fn intruder(folder: &tempfile::TempDir) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("catalog.db"))
        .foreign_keys(false)
        .pragma("ignore_check_constraints", "ON");
    SqlitePool::connect_with(options).await.unwrap()
}

/// Bytes that spell a number, so that ids differ from their first character on.
pub(crate) fn bytes(n: u64) -> impl FnMut() -> u8 {
    let mut rest = n;
    move || {
        let digit = (rest % 36) as u8;
        rest /= 36;
        digit
    }
}

pub(crate) fn account(n: u64) -> AccountId {
    AccountId::from_random(bytes(n))
}

pub(crate) fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

pub(crate) fn image(n: u64, of: u64) -> ImageRow {
    ImageRow {
        id: ImageId::from_random(bytes(n)),
        account: account(of),
        name: Name::new(&format!("web-{n}")).unwrap(),
        description: Description::new("字, and 'quotes'").unwrap(),
        status: ImageStatus::Creating,
        attributes: Attributes {
            architecture: Architecture::Arm64,
            os_type: OsType::Linux,
            platform: Platform::new("Debian 12").unwrap(),
            boot_mode: BootMode::Uefi,
        },
        origin: None,
        failure: None,
        kind: ImageKind::Custom,
        storage: Storage::Snapshots,
        encryption_key: None,
        purpose: Purpose::Image,
        family: None,
        deprecated: None,
        particulars: Particulars::default(),
        created: Timestamp(1_000 + n as i64),
        generation: 0,
    }
}

pub(crate) fn origin(n: u64) -> Origin {
    Origin {
        region: "north".parse().unwrap(),
        image: ImageId::from_random(bytes(n)),
        snapshot: None,
        copy: CopyId::from_random(bytes(n)),
    }
}

pub(crate) fn disk(image: &ImageRow, index: usize) -> ImageDiskRow {
    ImageDiskRow {
        image: image.id.clone(),
        role: DiskRole::at(index).unwrap(),
        size: SizeBytes::new(8 << 40).unwrap(),
        digest: None,
        snapshot: None,
    }
}

pub(crate) fn snapshot(n: u64, of: u64) -> SnapshotRow {
    SnapshotRow {
        id: SnapshotId::from_random(bytes(n)),
        account: account(of),
        name: SnapshotName::new("").unwrap(),
        description: Description::new("").unwrap(),
        role: DiskRole::SYSTEM,
        size: SizeBytes::new(8 << 40).unwrap(),
        digest: digest(n as u8),
        places: 1 << 34,
        origin: None,
        encryption_key: None,
        created: Timestamp(1_000 + n as i64),
    }
}

pub(crate) fn copy(n: u64, of: u64) -> CopyRow {
    CopyRow {
        id: CopyId::from_random(bytes(n)),
        account: account(of),
        target_image: ImageId::from_random(bytes(n)),
        snapshot: None,
        source_region: "north".parse().unwrap(),
        source_image: ImageId::from_random(bytes(1_000_000 + n)),
        source_sealed: false,
        encryption_key: None,
        state: CopyState::Queued,
        progress: Progress::default(),
        disks: 2,
        disks_done: 0,
        bytes_sent: 0,
        bytes_reused: 0,
        attempts: 0,
        total_attempts: 0,
        next_attempt: Timestamp(0),
        reason: None,
        created: Timestamp(1_000 + n as i64),
        started: None,
        finished: None,
        generation: 0,
        fence: 0,
        lease_until: Timestamp(0),
        worker: None,
        priority: Priority::Normal,
        promise: None,
    }
}

/// The promise of a snapshot that copy `n` makes.
pub(crate) fn promised(n: u64, of: u64) -> PromisedSnapshotRow {
    PromisedSnapshotRow {
        id: SnapshotId::from_random(bytes(n)),
        account: account(of),
        name: SnapshotName::new("daily").unwrap(),
        description: Description::new("").unwrap(),
        tags: Tags::default(),
        role: DiskRole::SYSTEM,
        size: SizeBytes::new(8 << 40).unwrap(),
        origin: Origin { snapshot: Some(SnapshotId::from_random(bytes(n))), ..origin(n) },
        encryption_key: None,
        failure: None,
        created: Timestamp(1_000 + n as i64),
    }
}

/// Records an available image whose disks rest on these snapshots.
pub(crate) async fn put_rested(tx: &mut Tx, image: &ImageRow, on: &[&SnapshotRow]) {
    put_image(tx, &ImageRow { status: ImageStatus::Available, ..image.clone() }).await;
    let disk = |(index, snapshot): (usize, &&SnapshotRow)| ImageDiskRow {
        size: snapshot.size,
        digest: Some(snapshot.digest),
        snapshot: Some(snapshot.id.clone()),
        ..disk(image, index)
    };
    let disks: Vec<_> = on.iter().enumerate().map(disk).collect();
    tx.insert_image_disks(&disks).await.unwrap();
}

/// Records an image whose id is known to be free.
pub(crate) async fn put_image(tx: &mut Tx, image: &ImageRow) {
    assert_eq!(tx.insert_image(image).await.unwrap(), Inserted::Yes);
}

/// Walks a listing page by page to its end.
pub(crate) async fn walk_images(
    tx: &mut Tx,
    account: &AccountId,
    filter: &ImageFilter,
    limit: u32,
) -> Vec<ImageRow> {
    let mut all: Vec<ImageRow> = Vec::new();
    loop {
        let after = all.last().map(|last| (last.created, last.id.to_string()));
        let page = tx.list_images(account, filter, &Page { after, limit }).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
