//! A world of regions in one process, with a clock and a randomness that tests set. `check_world` looks at every promise
//! that can be seen from inside.

mod head_start;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use catalog::{AccountRow, Catalog, IndexOptions, Inserted, SqliteIndex, UserRow};
use model::{
    AccountId, Admittance, Architecture, Attributes, BootMode, Clock, Description, Digest, ImageId,
    Name, NameRule, OsType, Platform, Profile, RegionId, Role, Sealing, SizeBytes, Tags, Timestamp,
    UserId, Zone,
};
use store::{
    CHUNK_BYTES, ChunkId, ChunkStore, Encoder, FilesBackend, StoreFault, StoreOptions, TreeBuilder,
};
use tempfile::TempDir;

use crate::audit::TrailStanding;
use crate::commands::{BeginImport, Caller, CopyImage, Intent};
use crate::deployment::{Accounts, Deployment, MasterKey};
use crate::entropy::{Entropy, SystemEntropy};
use crate::keyring::KeyRing;
use crate::peer::Accepted;
use crate::refused::{Refused, RegionFault};
use crate::region::{DriverMode, Foundations, Region, RegionOptions};
use crate::views::ImageView;

pub use head_start::{HeadStart, Winner};

/// Of so many rounds of a race the world is looked at in one: odd, so that it is not always the one after a sweep.
const ROUNDS_OF_A_LOOK: u64 = 7;

/// A clock that stands still until a test moves it.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock at some instant.
    pub fn at(milliseconds: i64) -> Self {
        ManualClock(AtomicI64::new(milliseconds))
    }

    /// Moves the clock on.
    pub fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run of a seed.
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// From a seed, which a test prints.
    pub fn new(seed: u64) -> Self {
        SeededEntropy(AtomicU64::new(seed))
    }
}

fn splitmix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RegionFault> {
        for part in buffer.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            part.copy_from_slice(&splitmix(state).to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

/// A disk of `chunks` chunks: chunk i holds bytes made from `seed` and `contents(i)`, or zeros where that is none.
pub fn disk(seed: u64, chunks: u64, contents: impl Fn(u64) -> Option<u64>) -> Vec<u8> {
    let mut bytes = vec![0; chunks as usize * CHUNK_BYTES];
    for (index, chunk) in bytes.chunks_mut(CHUNK_BYTES).enumerate() {
        let Some(number) = contents(index as u64) else { continue };
        let mut state = splitmix(seed ^ splitmix(number));
        for (place, word) in chunk.chunks_mut(8).enumerate() {
            // Half of it repeats, so that it compresses about two to one as real disks do.
            if place % 2 == 0 {
                state = splitmix(state);
            }
            word.copy_from_slice(&state.to_le_bytes());
        }
    }
    bytes
}

/// Where a world's files are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Medium {
    /// In a temporary folder, on disk.
    Disk,
    /// In memory, where the system has a folder for that: for races of thousands of rounds, which ask nothing of a disk.
    Memory,
}

impl Medium {
    fn folder(self) -> std::io::Result<TempDir> {
        let memory = std::path::Path::new("/dev/shm");
        match self {
            Medium::Memory if memory.is_dir() => TempDir::new_in(memory),
            Medium::Memory | Medium::Disk => TempDir::new(),
        }
    }
}

/// How a world's regions are set.
#[derive(Clone)]
pub struct WorldOptions {
    /// Where its files are.
    pub medium: Medium,
    /// What keeps the encryption keys of these regions instead of themselves.
    pub key_rings: BTreeMap<RegionId, Arc<dyn KeyRing>>,
    /// Who moves copies on.
    pub driver: DriverMode,
    /// Copies of one account into a region that run at once.
    pub copies_per_account: u32,
    /// Images of one account.
    pub image_quota: u64,
    /// Snapshots of one account.
    pub snapshot_quota: u64,
    /// How long a target is waited for that is asked what a copy would cost.
    pub estimate_within: Duration,
    /// Border zones of regions.
    pub zones: BTreeMap<RegionId, Zone>,
    /// The folder of local images of all its regions, among its files; none where there are none.
    pub local_images: Option<&'static str>,
}

impl Default for WorldOptions {
    fn default() -> Self {
        WorldOptions {
            medium: Medium::Disk,
            key_rings: BTreeMap::new(),
            driver: DriverMode::ByHand,
            copies_per_account: 5,
            image_quota: 1_000,
            snapshot_quota: 2_000,
            estimate_within: Duration::from_secs(30),
            zones: BTreeMap::new(),
            local_images: Some("local"),
        }
    }
}

/// What a world is opened from, again and again.
struct Ground {
    dir: TempDir,
    options: WorldOptions,
    names: Vec<RegionId>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Some regions, one account, a clock.
pub struct World {
    ground: Ground,
    /// What time it is.
    pub clock: Arc<ManualClock>,
    /// The regions, joined.
    pub deployment: Deployment,
    /// The account's caller.
    pub caller: Caller,
}

/// An admin of an account, so that every command is allowed.
pub fn caller(account: AccountId, request_id: &str) -> Caller {
    let user = Some(UserId::first_of(&account));
    Caller {
        account,
        user,
        role: Role::Admin,
        request_id: request_id.to_owned(),
        intent: Intent::Act,
    }
}

fn stranger_account() -> AccountId {
    AccountId::from_random(|| 77)
}

/// Makes the stranger's account and user, unless they are there.
async fn admit_stranger(accounts: &Accounts) {
    let (id, state, created) = (stranger_account(), Admittance::Active, Timestamp(1));
    let name = Name::new("stranger").expect("a legal name");
    let mut tx = accounts.catalog.begin().await.expect("a transaction begins");
    let number = tx.free_account_number(&id).await.expect("a number is free");
    let account = AccountRow { id: id.clone(), name: name.clone(), number, state, created };
    let user = UserId::first_of(&id);
    let user = UserRow { id: user, account: id, name, role: Role::Admin, state, created };
    let inserted = tx.insert_account(&account).await.expect("the account's row is legal");
    if inserted == Inserted::Yes {
        let _new = tx.insert_user(&user).await.expect("the user's row is legal");
        tx.commit().await.expect("the rows are recorded");
    }
}

/// A region's name.
pub fn region_id(name: &str) -> RegionId {
    name.parse().expect("a test's region name is legal")
}

impl World {
    /// Regions of these names, moved by hand.
    pub async fn with_regions<const N: usize>(names: [&str; N]) -> World {
        Self::with_options(&names, WorldOptions::default()).await
    }

    /// Regions of these names, set so.
    pub async fn with_options(names: &[&str], options: WorldOptions) -> World {
        let dir = options.medium.folder().expect("a temporary folder can be made");
        let names: Vec<_> = names.iter().map(|name| region_id(name)).collect();
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let ground = Ground { dir, options, names, clock: clock.clone(), entropy };
        let account = AccountId::from_random(|| 9);
        let deployment = ground.open(&account).await;
        let caller = caller(account, "test");
        World { ground, clock, deployment, caller }
    }

    /// Closes everything and opens it again from its files, as after a stop or a crash.
    pub async fn restart(&mut self) {
        for name in &self.ground.names {
            self.region(name.as_str()).shut_down().await;
        }
        let nothing = Deployment::new([], [], self.deployment.accounts.clone());
        drop(std::mem::replace(&mut self.deployment, nothing));
        self.deployment = self.ground.open(&self.caller.account).await;
    }

    /// One of the regions.
    pub fn region(&self, name: &str) -> Region {
        self.deployment.region(&region_id(name)).expect("the world has this region")
    }

    /// Where a region's files are.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.ground.dir.path().join(name)
    }

    /// A caller's folder of local images, made where it is not there yet.
    pub fn local_folder(&self, caller: &Caller) -> PathBuf {
        let folder = self.ground.options.local_images.unwrap_or("local");
        let folder = self.ground.dir.path().join(folder).join(caller.account.as_str());
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        folder
    }

    /// A bucket of a caller's in a region, made where it is not there yet.
    pub fn bucket(&self, region: &str, caller: &Caller, bucket: &str) -> PathBuf {
        let folder = self.ground.dir.path().join("buckets").join(region);
        let folder = folder.join(caller.account.as_str()).join(bucket);
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        folder
    }

    /// A caller of another account, an admin without access keys.
    pub fn stranger(&self) -> Caller {
        caller(stranger_account(), "stranger")
    }

    /// Imports an image of these disks.
    pub async fn import(&self, region: &str, name: &str, disks: &[Vec<u8>]) -> ImageView {
        let begun = self.begin_import(region, name, disks).await.expect("the import is accepted");
        let mut digests = Vec::new();
        for disk in disks {
            digests.push(self.send_disk(region, &begun.id, disk).await);
        }
        let finished = self.region(region).finish_import(&self.caller, &begun.id, digests).await;
        finished.expect("everything was sent")
    }

    /// Promises an image of these disks.
    pub async fn begin_import(
        &self,
        region: &str,
        name: &str,
        disks: &[Vec<u8>],
    ) -> Result<ImageView, Refused> {
        let sizes =
            disks.iter().map(|disk| SizeBytes::new(disk.len() as u64)).collect::<Result<_, _>>()?;
        let attributes = Attributes {
            architecture: Architecture::Arm64,
            os_type: OsType::Linux,
            platform: Platform::new("Debian 12")?,
            boot_mode: BootMode::Uefi,
        };
        let command = BeginImport {
            family: None,
            particulars: model::Particulars::default(),
            name: Name::new(name)?,
            description: Description::new("made by a test")?,
            attributes,
            tags: Tags::new([("team".to_owned(), "ferry".to_owned())])?,
            disks: sizes,
            names: NameRule::Free,
            token: None,
        };
        self.region(region).begin_import(&self.caller, command).await
    }

    /// Sends what a region lacks of a disk, and returns its digest.
    pub async fn send_disk(&self, region: &str, image: &ImageId, disk: &[u8]) -> Digest {
        let (digest, chunks) = cut(disk);
        let ids: Vec<ChunkId> = chunks.keys().copied().collect();
        let region = self.region(region);
        let missing =
            region.import_missing(&self.caller, image, ids.clone()).await.expect("the import runs");
        let mut encoder = Encoder::new(1).expect("zstd is there");
        let mut frames = Vec::new();
        for (id, _) in ids.iter().zip(missing).filter(|(_, missing)| *missing) {
            encoder.encode(id, &chunks[id], &mut frames);
        }
        if !frames.is_empty() {
            region
                .import_frames(&self.caller, image, Bytes::from(frames))
                .await
                .expect("the frames are good");
        }
        digest
    }

    /// Asks for a copy to one target.
    pub async fn copy(
        &self,
        source: &str,
        image: &ImageId,
        target: &str,
    ) -> Result<Accepted, Refused> {
        let command = CopyImage {
            particulars: model::Particulars::default(),
            image: image.clone(),
            targets: vec![region_id(target)],
            name: None,
            description: None,
            tags: None,
            sealing: Sealing::AsSource,
            urgency: model::Urgency::default(),
            profile: Profile::native(),
            token: None,
        };
        let mut answers = self.region(source).copy_image(&self.caller, command).await?;
        answers.remove(0).answer
    }

    /// Runs every region's driver until no region has anything due.
    pub async fn run_until_idle(&self) {
        loop {
            let mut ran = 0;
            for name in &self.ground.names {
                ran += self.region(name.as_str()).run_due().await.expect("the catalog answers");
                let ended = self.region(name.as_str()).run_jobs().await;
                ran += ended.expect("the catalog answers");
            }
            if ran == 0 {
                return;
            }
        }
    }

    /// Reads a disk of an image back, every chunk checked.
    pub async fn read_disk(&self, region: &str, image: &ImageId, number: usize) -> Vec<u8> {
        let region = self.region(region);
        let view = region.image(&self.caller, image).await.expect("the image is there");
        let digest = view.disks[number].digest.expect("an available image's disks are known");
        let domain = region.domain(&view.domain()).await.expect("the index answers");
        let mut bytes = vec![0; view.disks[number].size.bytes() as usize];
        let mut tree = region
            .store()
            .tree(domain, crate::region::disk_root(&digest))
            .await
            .expect("the root is held");
        while let Some(leaves) = tree.next().await.expect("the nodes are held") {
            for (index, id) in leaves.ids.iter().enumerate().filter(|(_, id)| !id.is_zero()) {
                let plain = region.store().get(domain, *id).await.expect("the chunk is held");
                let start = (leaves.first_chunk as usize + index) * CHUNK_BYTES;
                let end = bytes.len().min(start + CHUNK_BYTES);
                bytes[start..end].copy_from_slice(&plain[..end - start]);
            }
        }
        bytes
    }

    /// Checks every invariant that can be seen, in each region and between them.
    pub async fn check_world(&self) {
        let mut wrong = Vec::new();
        for name in &self.ground.names {
            let region = self.region(name.as_str());
            wrong.extend(region.check().await.expect("the catalog and the store answer"));
            wrong.extend(region.check_holds().await.expect("the catalogs answer"));
            wrong.extend(region.check_tickets().await.expect("the catalogs answer"));
        }
        let operator = Caller { role: Role::Operator, ..self.caller.clone() };
        match self.deployment.accounts.verify_audit(&operator).await.expect("the catalog answers") {
            TrailStanding::Whole { .. } => {}
            TrailStanding::Broken { seq } => {
                wrong.push(format!("the accounts' trail is broken at entry {seq}"));
            }
        }
        assert!(wrong.is_empty(), "the world is wrong:\n{}", wrong.join("\n"));
    }

    /// Checks everything in some of the rounds of a race, the first among them: what is wrong stays wrong, and a look walks all
    /// that ever happened.
    pub async fn check_world_in(&self, round: u64) {
        if round.is_multiple_of(ROUNDS_OF_A_LOOK) {
            self.check_world().await;
        }
    }

    /// Checks that a region holds nothing but what its available images need: no promise, reservation or hold is left.
    pub async fn assert_clean_slate(&self, name: &str) {
        let region = self.region(name);
        for quota in region.quotas(&self.caller).await.expect("the catalog answers") {
            assert_eq!(quota.reserved, 0, "{name}: the {} quota has promises left", quota.kind);
        }
        let holds = region
            .inner
            .catalog
            .read()
            .await
            .expect("it opens")
            .list_holds()
            .await
            .expect("it answers");
        assert!(holds.is_empty(), "{name}: holds are left: {holds:?}");
        let mut tx = region.inner.catalog.read().await.expect("it opens");
        let batches = tx.list_copy_batches().await.expect("it answers");
        assert!(batches.is_empty(), "{name}: copies are not settled: {batches:?}");
        drop(tx);
        self.check_world().await;
    }
}

/// The digest of a disk, and its chunks, nodes and root by id.
pub fn cut(disk: &[u8]) -> (Digest, BTreeMap<ChunkId, Vec<u8>>) {
    let mut all = BTreeMap::new();
    let mut builder = TreeBuilder::new(disk.len() as u64).expect("a test's disk has a legal size");
    for piece in disk.chunks(CHUNK_BYTES) {
        let mut plain = piece.to_vec();
        plain.resize(CHUNK_BYTES, 0);
        let id = if store::is_zero(&plain) { ChunkId::ZERO } else { ChunkId::of(&plain) };
        builder.push(id);
        if !id.is_zero() {
            all.insert(id, plain);
        }
    }
    let (record, nodes) = builder.finish().expect("as many chunks as the size says");
    for node in nodes {
        all.insert(node.chunk.id(), node.chunk.plain().to_vec());
    }
    let root = record.root();
    all.insert(root.id(), record.encode().to_vec());
    (Digest(*root.id().as_bytes()), all)
}

impl Ground {
    async fn open(&self, account: &AccountId) -> Deployment {
        let accounts = self.dir.path().join("accounts.db");
        let master = MasterKey([5; 32]);
        let accounts =
            Accounts::open(&accounts, master, Arc::new(SystemEntropy), self.clock.clone()).await;
        let accounts = accounts.expect("the accounts' catalog opens");
        accounts.ensure_first(Some(account.clone())).await.expect("the first account is made");
        admit_stranger(&accounts).await;
        let mut regions = Vec::new();
        for name in &self.names {
            regions.push(self.open_region(name, &accounts).await);
        }
        Deployment::new(regions, [], accounts)
    }

    async fn open_region(&self, name: &RegionId, accounts: &Accounts) -> Region {
        let folder = self.dir.path().join(name.as_str());
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let catalog = Catalog::open(&folder.join("catalog.db")).await.expect("the catalog opens");
        let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default())
            .expect("the index opens");
        let backend = let_go_of(&folder.join("store")).await;
        let store =
            ChunkStore::open(Arc::new(backend), Arc::new(index), StoreOptions::default()).await;
        let foundations = Foundations {
            catalog,
            store: store.expect("the store opens"),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            accounts: accounts.clone(),
            key_ring: self.options.key_rings.get(name).cloned(),
        };
        let options = RegionOptions {
            driver: self.options.driver,
            copies_per_account: self.options.copies_per_account,
            image_quota: self.options.image_quota,
            snapshot_quota: self.options.snapshot_quota,
            local_images: self.options.local_images.map(|name| self.dir.path().join(name)),
            buckets: Some(self.dir.path().join("buckets")),
            parcels: Some(folder.join("parcels")),
            estimate_within: self.options.estimate_within,
            zones: self.options.zones.clone(),
            ..RegionOptions::new(name.clone(), "test".to_owned())
        };
        Region::open(options, foundations)
    }
}

/// The packs' folder, once what had it before a restart has let go of it: a task that is ending may hold it for a moment more.
async fn let_go_of(folder: &Path) -> FilesBackend {
    for _ in 0..500 {
        match FilesBackend::open(folder) {
            Err(StoreFault::InUse { .. }) => {
                // Who lets go of it is a thread that tells nobody, and the world's clock may stand still.
                #[expect(clippy::disallowed_methods, reason = "another thread lets go")]
                std::thread::sleep(Duration::from_millis(20));
                tokio::task::yield_now().await;
            }
            opened => return opened.expect("the packs' folder opens"),
        }
    }
    panic!("the packs' folder is not let go of within ten seconds")
}
