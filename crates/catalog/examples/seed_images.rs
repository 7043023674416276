//! Many images of one account, each like an image that is there: rows written as an import writes them, for benchmarks.
//!
//! `seed_images CATALOG ACCOUNT IMAGE COUNT [SEED]` while no service runs. Each new image has snapshots of its own with the
//! contents of the old one's, so its digests are right and it can be exported and verified, and copied unless it is deprecated.
//! Prints the new ids, each with the word `deprecated` behind it where it is.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use catalog::{Catalog, ImageDiskRow, ImageRow, Inserted, Reserved, SnapshotRow, Tx};
use model::{
    AccountId, Architecture, Family, ImageId, Name, OsType, Platform, QuotaKind, SnapshotId, Tags,
    Timestamp,
};

/// Images in one transaction.
const BATCH: u64 = 1_000;
/// Between two images, in milliseconds: a hundred thousand of them were made in the last five weeks.
const APART_MS: i64 = 30_000;
const KINDS: [&str; 5] = ["web", "db", "golden", "build", "edge"];
const PLATFORMS: [(&str, OsType); 4] = [
    ("Debian 12", OsType::Linux),
    ("Ubuntu 24.04", OsType::Linux),
    ("Rocky Linux 9", OsType::Linux),
    ("Windows Server 2022", OsType::Windows),
];

/// What every new image is like.
struct Like {
    image: ImageRow,
    disks: Vec<ImageDiskRow>,
    snapshots: Vec<SnapshotRow>,
}

/// Bytes that look random and are the same for the same seed.
fn random(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) & 0xff) as u8
    }
}

impl Like {
    async fn find(tx: &mut Tx, account: &AccountId, image: &ImageId) -> Like {
        let found = tx.image(account, image).await.unwrap().expect("the account has this image");
        let disks = tx.image_disks(image).await.unwrap();
        Like { image: found, disks, snapshots: tx.snapshots_of_image(image).await.unwrap() }
    }

    /// The `n`th of `count`: the last is the youngest.
    fn nth(&self, (n, count): (u64, u64)) -> ImageRow {
        let place = n as usize;
        let (platform, os_type) = PLATFORMS[place % PLATFORMS.len()];
        let mut image = self.image.clone();
        image.created = Timestamp(self.image.created.0 - (count - n) as i64 * APART_MS);
        image.name = Name::new(&format!("{}-{n:06}", KINDS[place % KINDS.len()])).unwrap();
        image.family = (n % 4 == 0).then(|| Family::new(&format!("family-{}", n % 100)).unwrap());
        image.deprecated = is_deprecated(n).then_some(self.image.created);
        image.attributes.platform = Platform::new(platform).unwrap();
        image.attributes.os_type = os_type;
        image.attributes.architecture =
            if n % 5 == 0 { Architecture::Arm64 } else { Architecture::X86_64 };
        image
    }

    async fn put(
        &self,
        tx: &mut Tx,
        (n, count): (u64, u64),
        mut random: impl FnMut() -> u8,
    ) -> ImageId {
        let mut image = self.nth((n, count));
        loop {
            image.id = ImageId::from_random(&mut random);
            if tx.insert_image(&image).await.unwrap() == Inserted::Yes {
                break;
            }
        }
        for disk in &self.disks {
            let old = self.snapshots.iter().find(|row| Some(&row.id) == disk.snapshot.as_ref());
            let mut snapshot = old.expect("an available image rests on snapshots").clone();
            snapshot.id = SnapshotId::from_random(&mut random);
            snapshot.created = image.created;
            tx.insert_snapshot(&snapshot).await.unwrap();
            let on = Some(snapshot.id);
            let disk = ImageDiskRow { image: image.id.clone(), snapshot: on, ..disk.clone() };
            tx.insert_image_disks(&[disk]).await.unwrap();
        }
        let pair = |key: &str, value: String| (key.to_owned(), value);
        let env = ["prod", "test", "dev"][n as usize % 3].to_owned();
        let tags = [pair("team", format!("team-{}", n % 100)), pair("env", env)];
        tx.set_tags(&image.id, &Tags::new(tags).unwrap()).await.unwrap();
        image.id
    }
}

fn is_deprecated(n: u64) -> bool {
    n % 50 == 7
}

/// They count against the account's quotas as any others do; its limits are raised where they are too low.
async fn take_quota(tx: &mut Tx, account: &AccountId, (kind, n): (QuotaKind, u64)) {
    tx.ensure_quota(account, kind, 0).await.unwrap();
    let quota = tx.quota(account, kind).await.unwrap();
    let needed = quota.used + quota.reserved + n;
    if quota.limit < needed {
        tx.set_limit(account, kind, needed + 100_000).await.unwrap();
    }
    assert_eq!(tx.reserve(account, kind, n).await.unwrap(), Reserved::Yes);
    tx.reserved_to_used(account, kind, n).await.unwrap();
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, account, image, count, rest @ ..] = &words[..] else {
        panic!("usage: seed_images CATALOG ACCOUNT IMAGE COUNT [SEED]");
    };
    let (account, image): (AccountId, ImageId) = (account.parse().unwrap(), image.parse().unwrap());
    let (count, seed): (u64, u64) =
        (count.parse().unwrap(), rest.first().map_or(Ok(1), |seed| seed.parse()).unwrap());
    assert!(Path::new(file).is_file(), "`{file}` is a region's catalog");
    let catalog = Catalog::open(Path::new(file)).await.unwrap();
    let mut tx = catalog.begin().await.unwrap();
    let like = Like::find(&mut tx, &account, &image).await;
    take_quota(&mut tx, &account, (QuotaKind::Image, count)).await;
    let snapshots = count * like.disks.len() as u64;
    take_quota(&mut tx, &account, (QuotaKind::Snapshot, snapshots)).await;
    let mut random = random(seed);
    let mut ids = String::new();
    for n in 0..count {
        let id = like.put(&mut tx, (n, count), &mut random).await;
        ids.push_str(id.as_str());
        ids.push_str(if is_deprecated(n) { " deprecated\n" } else { "\n" });
        if n % BATCH == BATCH - 1 {
            tx.commit().await.unwrap();
            tx = catalog.begin().await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    catalog.close().await;
    std::io::stdout().write_all(ids.as_bytes()).unwrap();
}
