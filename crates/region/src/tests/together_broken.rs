//! Copies asked for together where something breaks in between: nothing stays that nobody was told of.

use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use model::{AccountId, CopyId, Phase, QuotaKind, RegionId, Rejection};
use store::{ChunkId, IdKey};
use tokio::sync::Notify;
use transfer::{Opened, ParcelOrder, WindowAsk};

use super::admission::rejection;
use super::tickets::{approve, command, open, sized};
use super::together::{changes, copies_in, promises, together, wishes, with_token, world_of};
use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::SnapshotsOfImage;
use crate::peer::{
    Accepted, CopyOffer, FetchScope, Held, HoldRequest, PeerFault, PeerFrames, PeerParcel,
    PeerRefused, PeerRegion, Seen, Standing, TargetRoom, Withdrawal,
};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::request::Estimate;
use crate::testing::{World, disk, region_id};

/// What happens to the offers that reach a region.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Turn {
    /// Somebody takes the last room between the judging and the promise.
    RoomGone,
    /// They are promised, and then the source waits until it dies.
    Silence,
    /// The network keeps them and says that they are lost.
    Kept,
}

/// A region that takes such a turn.
struct Turned {
    region: Region,
    turn: Turn,
    caller: crate::commands::Caller,
    kept: Mutex<Vec<CopyOffer>>,
    /// Ends the silence.
    dies: Notify,
}

/// Lets a region, as the north sees it, take a turn.
fn turned(world: &World, name: &str, turn: Turn) -> Arc<Turned> {
    let (region, caller) = (world.region(name), world.caller.clone());
    let turned =
        Arc::new(Turned { region, turn, caller, kept: Mutex::default(), dies: Notify::new() });
    world
        .region("north")
        .replace_peer(&region_id(name), Arc::clone(&turned) as Arc<dyn PeerRegion>);
    turned
}

#[async_trait]
impl PeerRegion for Turned {
    async fn accept_all(&self, offers: Vec<CopyOffer>) -> Result<Vec<Accepted>, PeerRefused> {
        match self.turn {
            Turn::RoomGone => {
                let gone = self.region.set_quota(&self.caller, QuotaKind::Image, 0).await;
                gone.unwrap();
                self.region.accept_all(offers).await
            }
            Turn::Silence => {
                self.region.accept_all(offers).await?;
                self.dies.notified().await;
                panic!("the source dies here, as the test wants it")
            }
            Turn::Kept => {
                *self.kept.lock().unwrap() = offers;
                let (region, reason) = (self.region.id().clone(), "it is slow".to_owned());
                Err(PeerFault::Unreachable { region, reason }.into())
            }
        }
    }

    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused> {
        self.region.accept(offer).await
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
        self.region.hold(request).await
    }

    async fn release(&self, copy: &CopyId) -> Result<(), PeerFault> {
        self.region.release(copy).await
    }

    async fn fetch(&self, scope: FetchScope, ids: Vec<ChunkId>) -> Result<PeerFrames, PeerFault> {
        self.region.fetch(scope, ids).await
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

/// No copy, promise, hold or unsettled request is anywhere.
async fn nothing_is_left(world: &World) {
    for name in ["north", "east", "south"] {
        assert_eq!(copies_in(world, name).await, [""; 0]);
        world.assert_clean_slate(name).await;
    }
}

/// R002-1, R002-5: a target that refuses late takes back what the others promised, approvals with it, and the token is free.
#[tokio::test]
async fn r002_1_a_late_refusal_takes_all_back() {
    let (world, mut images) = world_of(1).await;
    images.push(world.import("north", "large", &[disk(20, 2, Some)]).await.id);
    let ticket = open(&world, &images[1], &["east", "south"]).await.unwrap();
    approve(&world, &ticket).await;
    let wish = || {
        let wishes = images.iter().map(|image| command(image, &["south", "east"], &sized()));
        with_token(wishes.collect(), "once")
    };
    turned(&world, "south", Turn::RoomGone);
    let refused = rejection(together(&world, wish()).await);
    let Rejection::QuotaExceeded { region, wanted: 2, .. } = refused else { panic!("{refused}") };
    assert_eq!(region, region_id("south"));
    nothing_is_left(&world).await;
    let view = world.region("north").ticket(&world.caller, &ticket).await.unwrap();
    assert!(view.targets.iter().all(|target| target.copy.is_none()), "{view:?}");

    let south = world.region("south");
    world.region("north").replace_peer(&region_id("south"), Arc::new(south.clone()));
    south.set_quota(&world.caller, QuotaKind::Image, 2).await.unwrap();
    let accepted = promises(together(&world, wish()).await.unwrap());
    assert!(accepted.iter().all(|one| one.seen == Seen::First));
    world.run_until_idle().await;
    for one in accepted.iter().step_by(2) {
        assert_eq!(south.copy(&world.caller, &one.copy).await.unwrap().phase, Phase::Done);
    }
    world.assert_clean_slate("north").await;
}

/// R002-1, fault 14: an answer is lost, and perhaps the withdrawal too. No copy begins, and once the line is back nothing is
/// left.
#[tokio::test]
async fn r002_1_lost_messages_leave_nothing() {
    for (promise, withdrawal) in [
        (Fate::Lost, Fate::Passes),
        (Fate::AnswerLost, Fate::Passes),
        (Fate::Lost, Fate::Lost),
        (Fate::AnswerLost, Fate::Lost),
        (Fate::AnswerLost, Fate::AnswerLost),
    ] {
        let (world, images) = world_of(2).await;
        let north = world.region("north");
        let bad = Unreliable::new(world.region("south"), move |call, _| match call {
            Call::Accept => promise,
            Call::Release => withdrawal,
            Call::Standing | Call::Hold | Call::Fetch => Fate::Passes,
        });
        north.replace_peer(&region_id("south"), bad);
        let asked = with_token(wishes(&images, &["south", "east"]), "once");
        let answer = together(&world, asked.clone()).await;
        assert!(matches!(answer, Err(Refused::Fault(_))), "{promise:?}: {answer:?}");
        // It was taken back, or does not begin: the source tells nothing of an image for it.
        world.run_until_idle().await;
        let stays = promise == Fate::AnswerLost && withdrawal == Fate::Lost;
        let there = copies_in(&world, "south").await;
        assert_eq!(there.len(), if stays { 2 } else { 0 }, "{promise:?}, {withdrawal:?}");
        assert!(there.iter().all(|copy| copy.contains("state: \"queued\"")), "{there:?}");
        assert_eq!(copies_in(&world, "east").await.len(), 0);

        north.replace_peer(&region_id("south"), Arc::new(world.region("south")));
        let taken_back = if withdrawal == Fate::Passes { 0 } else { 2 };
        assert_eq!(north.settle_batches().await.unwrap(), taken_back);
        nothing_is_left(&world).await;
        let accepted = promises(together(&world, asked).await.unwrap());
        assert!(accepted.iter().all(|one| one.seen == Seen::First), "its token was free");
        world.clock.advance_ms(120_000);
        world.run_until_idle().await;
        world.assert_clean_slate("north").await;
        assert_eq!(copies_in(&world, "south").await.len(), 2);
    }
}

/// R002-1, fault 1: the source dies while it waits for its second target. What the first promised does not begin, and goes when
/// the source is back; the token is new again. An owner may cancel meanwhile.
#[tokio::test]
async fn r002_1_a_source_that_dies_in_between_takes_all_back() {
    let (mut world, images) = world_of(2).await;
    let silent = turned(&world, "south", Turn::Silence);
    let asked = with_token(wishes(&images, &["south", "east"]), "once");
    let (north, caller) = (world.region("north"), world.caller.clone());
    let waiting = tokio::spawn({
        let asked = asked.clone();
        async move { north.copy_images_together(&caller, asked).await }
    });
    while copies_in(&world, "south").await.len() < 2 {
        tokio::task::yield_now().await;
    }
    world.run_until_idle().await;
    for name in ["east", "south"] {
        let there = copies_in(&world, name).await;
        assert!(there.iter().all(|copy| copy.contains("state: \"queued\"")), "{there:?}");
        assert_eq!(there.len(), 2);
    }
    let force = model::rules::Force::No;
    let kept = SnapshotsOfImage::Delete;
    let deleted = world.region("north").delete_image(&world.caller, &images[0], force, kept).await;
    assert!(deleted.is_err(), "it is held (I8)");
    silent.dies.notify_one();
    drop(silent);
    assert!(waiting.await.unwrap_err().is_panic());
    world.restart().await;

    let north = world.region("north");
    let early = together(&world, asked.clone()).await;
    assert!(matches!(early, Err(Refused::Fault(RegionFault::Unsettled { .. }))), "{early:?}");
    let south = world.region("south");
    let query = crate::CopyQuery { limit: 10, ..crate::CopyQuery::default() };
    let cancelled = south.copies(&world.caller, query).await.unwrap().items.remove(0);
    south.cancel_image(&world.caller, &cancelled.image).await.unwrap();
    assert_eq!(north.settle_batches().await.unwrap(), 0, "it may still be under way");
    let now = world.region("north").inner.clock.now().plus_ms(1);
    assert_eq!(north.settle_batches_before(now).await.unwrap(), 4);
    world.clock.advance_ms(120_000);
    world.run_until_idle().await;
    let left = copies_in(&world, "south").await;
    assert!(left.len() == 1 && left[0].contains(cancelled.id.as_str()), "{left:?}");
    for name in ["north", "east", "south"] {
        world.assert_clean_slate(name).await;
    }
    let accepted = promises(together(&world, asked).await.unwrap());
    assert!(accepted.iter().all(|one| one.seen == Seen::First));
    world.run_until_idle().await;
    world.assert_clean_slate("north").await;
}

/// R002-1: who never settled what it asked for is not waited for without end.
#[tokio::test]
async fn r002_1_what_is_not_settled_for_long_is_taken_back() {
    let (world, images) = world_of(1).await;
    turned(&world, "south", Turn::Silence);
    let (north, caller) = (world.region("north"), world.caller.clone());
    let asked = wishes(&images, &["south", "east"]);
    let waiting = tokio::spawn(async move { north.copy_images_together(&caller, asked).await });
    while copies_in(&world, "south").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.region("north").settle_batches().await.unwrap(), 0);
    world.clock.advance_ms(600_000);
    assert_eq!(world.region("north").settle_batches().await.unwrap(), 2);
    waiting.abort();
    nothing_is_left(&world).await;
}

/// R002-1: an offer that the network keeps until its copy was taken back makes nothing.
#[tokio::test]
async fn r002_1_an_offer_that_arrives_after_its_withdrawal_is_refused() {
    let (world, images) = world_of(2).await;
    let slow = turned(&world, "south", Turn::Kept);
    let answer = together(&world, wishes(&images, &["south"])).await;
    assert!(matches!(answer, Err(Refused::Fault(_))), "{answer:?}");
    let late = std::mem::take(&mut *slow.kept.lock().unwrap());
    assert_eq!(late.len(), 2);
    let before = changes(&world).await;
    let south = world.region("south");
    for offers in [late.clone(), vec![late[1].clone()]] {
        let refused = south.accept_all(offers).await.unwrap_err();
        let absent = matches!(&refused, PeerRefused::Rejected(Rejection::CopyNotFound { .. }));
        assert!(absent, "{refused}");
    }
    assert_eq!(changes(&world).await, before);
    nothing_is_left(&world).await;
    world.clock.advance_ms(25 * 3_600_000);
    south.settle_batches().await.unwrap();
    let mut tx = south.inner.catalog.read().await.unwrap();
    assert!(!tx.is_withdrawn_copy(&late[0].copy).await.unwrap(), "it is forgotten in the end");
}

/// Promise 10: only the source that asked for a copy takes it back, only before it begins, and as often as it likes.
#[tokio::test]
async fn a_withdrawal_is_its_sources_and_comes_before_the_beginning() {
    let (world, images) = world_of(2).await;
    let accepted = promises(together(&world, wishes(&images, &["south"])).await.unwrap());
    let south = world.region("south");
    let withdrawal = |source: &str, copy: &CopyId| Withdrawal {
        source: region_id(source),
        copies: vec![CopyId::from_random(|| 99), copy.clone()],
        request_id: "test".to_owned(),
    };
    let before = copies_in(&world, "south").await;
    let foreign = south.withdraw(withdrawal("east", &accepted[0].copy)).await.unwrap_err();
    let absent =
        Rejection::CopyNotFound { copy: accepted[0].copy.clone(), region: region_id("south") };
    assert!(matches!(&foreign, PeerRefused::Rejected(why) if *why == absent), "{foreign}");
    assert_eq!(copies_in(&world, "south").await, before);
    for _ in 0..2 {
        south.withdraw(withdrawal("north", &accepted[0].copy)).await.unwrap();
        assert_eq!(copies_in(&world, "south").await.len(), 1);
    }
    world.run_until_idle().await;
    let late = south.withdraw(withdrawal("north", &accepted[1].copy)).await;
    assert!(matches!(late, Err(PeerRefused::Fault(_))), "{late:?}");
    let done = south.copy(&world.caller, &accepted[1].copy).await.unwrap();
    assert_eq!(done.phase, Phase::Done);
}
