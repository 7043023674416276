//! One copy in the words of every dialect: whoever started it, all show it, each state spelled its own way, and all can cancel it
//! (REQUIREMENTS section 6: one life cycle inside).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::ServeLimits;
use async_trait::async_trait;
use catalog::{Catalog, CopyRow, Updated};
use futures::StreamExt;
use model::{AccountId, CopyId, CopyState, Digest, ImageId, Phase, RegionId, Rejection};
use region::testing::{World, disk};
use region::{
    Accepted, CopyOffer, CopyQuery, CopyView, Estimate, FetchScope, Held, HoldRequest, PeerFault,
    PeerFrames, PeerParcel, PeerRefused, PeerRegion, Region, Standing, TargetRoom, Withdrawal,
};
use store::{ChunkId, IdKey};
use tokio::sync::watch;
use transfer::{Opened, ParcelOrder, WindowAsk};

use crate::clouds::{Dialect, HERE, Shown, THERE, cancel, copy, list, show};
use crate::world::Door;

/// Bytes of frames that a copy gets before it stands still.
const TRICKLE: u64 = 2 << 20;

/// How far the source goes with a copy.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Mood {
    /// To its end.
    Open,
    /// A part of its chunks comes, and then nothing more.
    Stuck,
    /// The image is gone.
    NoImage,
    /// It cannot be told that the copy has ended.
    Deaf,
}

/// The source as the target sees it.
struct Source {
    region: Region,
    mood: watch::Sender<Mood>,
    served: Arc<AtomicU64>,
}

#[async_trait]
impl PeerRegion for Source {
    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused> {
        self.region.accept(offer).await
    }

    async fn accept_all(&self, offers: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        self.region.accept_all(offers).await
    }

    async fn judge_all(&self, offers: Vec<CopyOffer>) -> Result<(), PeerRefused> {
        self.region.judge_all(offers).await
    }

    async fn withdraw(&self, withdrawal: Withdrawal) -> Result<(), PeerRefused> {
        self.region.withdraw(withdrawal).await
    }

    async fn estimate(&self, offer: CopyOffer) -> Result<Estimate, PeerRefused> {
        self.region.estimate(offer).await
    }

    async fn room(&self, account: &AccountId, source: &RegionId) -> Result<TargetRoom, PeerFault> {
        self.region.room(account, source).await
    }

    async fn standing(&self, copy: &CopyId) -> Result<Standing, PeerFault> {
        self.region.standing(copy).await
    }

    async fn hold(&self, request: HoldRequest) -> Result<Held, PeerRefused> {
        if *self.mood.borrow() == Mood::NoImage {
            let (image, region) = (request.image, self.region.id().clone());
            return Err(Rejection::ImageNotFound { image, region }.into());
        }
        self.region.hold(request).await
    }

    async fn release(&self, copy: &CopyId) -> Result<(), PeerFault> {
        if *self.mood.borrow() == Mood::Deaf {
            let (region, reason) = (self.region.id().clone(), "the line is cut".to_owned());
            return Err(PeerFault::Unreachable { region, reason });
        }
        self.region.release(copy).await
    }

    async fn fetch(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        let frames = self.region.fetch(scope, ids).await?;
        let (mood, served) = (self.mood.subscribe(), Arc::clone(&self.served));
        let gated = frames.then(move |piece| {
            let (mut mood, served) = (mood.clone(), Arc::clone(&served));
            async move {
                let bytes = piece.as_ref().map_or(0, |piece| piece.len() as u64);
                if served.fetch_add(bytes, Ordering::SeqCst) >= TRICKLE {
                    let _open = mood.wait_for(|mood| *mood != Mood::Stuck).await;
                }
                piece
            }
        });
        Ok(gated.boxed())
    }

    async fn measure(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<u64, PeerFault> {
        self.region.measure(scope, ids).await
    }

    async fn rename(
        &self,
        scope: FetchScope,
        id_key: IdKey,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<Option<ChunkId>>, PeerFault> {
        self.region.rename(scope, id_key, ids).await
    }

    async fn open_parcels(
        &self,
        scope: FetchScope,
        order: ParcelOrder,
    ) -> Result<Opened, PeerFault> {
        self.region.open_parcels(scope, order).await
    }

    async fn parcel(&self, scope: FetchScope, ask: WindowAsk) -> Result<PeerParcel, PeerFault> {
        self.region.parcel(scope, ask).await
    }

    fn is_private(&self) -> bool {
        true
    }

    fn is_here(&self) -> bool {
        true
    }
}

/// Two regions behind one port, and what holds their copies.
struct Scene {
    door: Door,
    source: Arc<Source>,
    images: AtomicU64,
}

/// A copy that one dialect started.
struct Started {
    starter: Dialect,
    source: String,
    target: String,
}

impl Scene {
    async fn open() -> Scene {
        let world = World::with_regions([HERE, THERE]).await;
        let region = world.region(HERE);
        let (mood, served) = (watch::Sender::new(Mood::Open), Arc::default());
        let source = Arc::new(Source { region, mood, served });
        let peer = Arc::clone(&source) as Arc<dyn PeerRegion>;
        world.region(THERE).replace_peer(source.region.id(), peer);
        let door = Door::before(world, ServeLimits::default()).await;
        Scene { door, source, images: AtomicU64::new(0) }
    }

    /// A copy of an image of its own, which nobody has moved yet.
    async fn start(&self, starter: Dialect, mood: Mood) -> Started {
        let number = self.images.fetch_add(1, Ordering::SeqCst);
        self.source.mood.send_replace(mood);
        self.source.served.store(0, Ordering::SeqCst);
        let contents = disk(number, 160, Some);
        let image = self.door.world.import(HERE, &format!("web-{number}"), &[contents]).await;
        let source = image.id.to_string();
        let target = copy(&self.door, starter, &source).await;
        Started { starter, source, target }
    }

    /// Lets everything end that can.
    async fn settle(&self) {
        self.source.mood.send_replace(Mood::Open);
        self.door.world.clock.advance_ms(120_000);
        self.door.world.run_until_idle().await;
    }

    /// A copy that moves in the background.
    fn run(&self) -> tokio::task::JoinHandle<()> {
        let there = self.door.world.region(THERE);
        tokio::spawn(async move {
            there.run_due().await.unwrap();
        })
    }

    /// The newest copy there.
    async fn newest(&self) -> CopyView {
        let query = CopyQuery { limit: 1, ..CopyQuery::default() };
        let there = self.door.world.region(THERE);
        there.copies(&self.door.world.caller, query).await.unwrap().items.remove(0)
    }

    /// Waits until the newest copy has brought a part of its chunks, and stands still; its percent.
    async fn some_way(&self) -> u8 {
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(600)).await;
            let now = self.newest().await;
            assert_eq!(now.phase, Phase::CopyingSnapshots);
            if now.percent > 0 && now.percent == before {
                return now.percent;
            }
            before = now.percent;
        }
    }

    /// Takes a copy that is on its way to where its chunks are stored and only its image is to be made, and keeps it there.
    async fn store(&self, started: &Started) {
        let world = &self.door.world;
        let id: ImageId = started.source.parse().unwrap();
        let image = world.region(HERE).image(&world.caller, &id).await.unwrap();
        let digests: Vec<Digest> = image.disks.iter().filter_map(|disk| disk.digest).collect();
        let catalog = Catalog::open(&world.folder(THERE).join("catalog.db")).await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        let row = tx.copy_unscoped(&self.newest().await.id).await.unwrap().unwrap();
        let stored = CopyRow { state: CopyState::Stored { digests }, ..row };
        assert_eq!(tx.take_copy(&stored).await.unwrap(), Updated::Yes);
        tx.commit().await.unwrap();
    }

    /// Checks how each dialect shows both ends of a copy. `%` is the percent.
    async fn shown(&self, started: &Started, percent: u8, (target, source): (Words, Words)) {
        for (region, image, words) in
            [(THERE, &started.target, target), (HERE, &started.source, source)]
        {
            for (dialect, wanted) in Dialect::ALL.into_iter().zip(words) {
                let shown = show(&self.door, dialect, (region, image)).await;
                let wanted: Shown = wanted.map(|(state, progress)| {
                    let progress = progress.map(|text| text.replace('N', &percent.to_string()));
                    (state.to_owned(), progress)
                });
                let starter = started.starter;
                assert_eq!(shown, wanted, "in {region}, {dialect:?}, started by {starter:?}");
            }
        }
    }
}

/// What each dialect shows of an image, in the order of [`Dialect::ALL`]: a state and a progress. `N` stands for a percent.
type Words = [Option<(&'static str, Option<&'static str>)>; 4];

const GONE: Words = [None; 4];
/// A source that nobody copies.
const FREE: Words = [
    Some(("available", Some("100"))),
    Some(("Available", Some("100%"))),
    Some(("NORMAL", None)),
    Some(("ready", Some("100"))),
];
/// A source of a copy that runs: one dialect says so, the others say that it can be used as ever (R002-8).
const LEFT: Words = [
    Some(("available", Some("100"))),
    Some(("Available", Some("100%"))),
    Some(("SYNCING", None)),
    Some(("ready", Some("100"))),
];
const WAITING: Words = [
    Some(("waiting", Some("0"))),
    Some(("Waiting", Some("0%"))),
    Some(("SYNCING", Some("0"))),
    Some(("pending", Some("0"))),
];
const CREATING: Words = [
    Some(("creating", Some("N"))),
    Some(("Creating", Some("N%"))),
    Some(("SYNCING", Some("N"))),
    Some(("pending", Some("N"))),
];
const FAILED: Words = [
    Some(("create_failed", Some("0"))),
    Some(("CreateFailed", Some("0%"))),
    Some(("CREATEFAILED", Some("0"))),
    Some(("error", Some("0"))),
];
const MADE: Words = [
    Some(("available", Some("100"))),
    Some(("Available", Some("100%"))),
    Some(("NORMAL", Some("100"))),
    Some(("ready", Some("100"))),
];

/// R000-9, R002-3, R002-8, R002-11: every state on the way of a copy that goes well, of copies started in each dialect.
#[tokio::test(flavor = "multi_thread")]
async fn r000_9_r002_11_each_state_is_spelled_by_each_dialect() {
    let scene = Scene::open().await;
    for starter in Dialect::ALL {
        let started = scene.start(starter, Mood::Stuck).await;
        scene.shown(&started, 0, (WAITING, LEFT)).await;
        for dialect in Dialect::ALL {
            let listed = list(&scene.door, dialect).await;
            assert!(listed.contains(&dialect.spelled(&started.target)), "{dialect:?}: {listed:?}");
        }
        let running = scene.run();
        let percent = scene.some_way().await;
        assert!((1..100).contains(&percent), "{percent}");
        scene.shown(&started, percent, (CREATING, LEFT)).await;
        scene.source.mood.send_replace(Mood::Open);
        running.await.unwrap();
        scene.shown(&started, 100, (MADE, FREE)).await;
    }
    scene.door.world.assert_clean_slate(HERE).await;
}

/// R002-3, R000-9: between its last chunk and its image a copy is still being made, and not yet at 100 percent.
#[tokio::test(flavor = "multi_thread")]
async fn r002_3_an_image_that_is_being_registered_is_still_being_made() {
    let scene = Scene::open().await;
    for starter in Dialect::ALL {
        let started = scene.start(starter, Mood::Stuck).await;
        let running = scene.run();
        let percent = scene.some_way().await;
        scene.store(&started).await;
        assert_eq!(scene.newest().await.phase, Phase::Registering);
        scene.shown(&started, percent, (CREATING, LEFT)).await;
        let canceller = Dialect::ALL[(starter as usize + 1) % 4];
        cancel(&scene.door, canceller, &started.target).await;
        scene.source.mood.send_replace(Mood::Open);
        running.await.unwrap();
        scene.settle().await;
        scene.shown(&started, 0, (GONE, FREE)).await;
    }
    scene.door.world.assert_clean_slate(THERE).await;
}

/// R004-11, R002-11: a copy that failed is seen as such everywhere, and its source is free.
#[tokio::test(flavor = "multi_thread")]
async fn r004_11_a_copy_that_failed_is_spelled_by_each_dialect() {
    let scene = Scene::open().await;
    for starter in Dialect::ALL {
        let started = scene.start(starter, Mood::NoImage).await;
        scene.door.world.run_until_idle().await;
        assert_eq!(scene.newest().await.phase, Phase::Failed);
        scene.shown(&started, 0, (FAILED, FREE)).await;
    }
    scene.door.world.assert_clean_slate(HERE).await;
}

/// R000-10, R000-11: a copy that waits, and one that is on its way, started in each dialect and cancelled in each: the target is
/// gone everywhere at once, and its source is free once it has been told.
#[tokio::test(flavor = "multi_thread")]
async fn r000_10_a_copy_started_in_one_dialect_is_cancelled_in_every_other() {
    let scene = Scene::open().await;
    for starter in Dialect::ALL {
        for canceller in Dialect::ALL {
            let waiting = scene.start(starter, Mood::Deaf).await;
            cancel(&scene.door, canceller, &waiting.target).await;
            scene.door.world.run_until_idle().await;
            assert_eq!(scene.newest().await.phase, Phase::Cancelling, "{starter:?} {canceller:?}");
            scene.shown(&waiting, 0, (GONE, LEFT)).await;
            scene.settle().await;
            assert_eq!(scene.newest().await.phase, Phase::Cancelled, "{starter:?} {canceller:?}");
            scene.shown(&waiting, 0, (GONE, FREE)).await;
        }
        let moving = scene.start(starter, Mood::Stuck).await;
        let running = scene.run();
        scene.some_way().await;
        let canceller = Dialect::ALL[(starter as usize + 2) % 4];
        cancel(&scene.door, canceller, &moving.target).await;
        running.await.unwrap();
        scene.settle().await;
        scene.shown(&moving, 0, (GONE, FREE)).await;
    }
    for region in [HERE, THERE] {
        scene.door.world.assert_clean_slate(region).await;
    }
}
