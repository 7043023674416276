//! An approval lets one copy run once, however many ask at once and however late messages are.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::rules::Force;
use model::{
    AccountId, Again, Cause, CopyId, ImageStatus, NameRule, Profile, RegionId, Rejection, TicketId,
};
use store::{ChunkId, IdKey};
use transfer::{Opened, ParcelOrder, WindowAsk};

use super::tickets::{approve, ask, command, open, sized};
use super::unreliable::{Call, Fate, Unreliable};
use crate::commands::{CopyImage, SnapshotsOfImage};
use crate::peer::{
    Accepted, CopyOffer, FetchScope, Held, HoldRequest, PeerFault, PeerFrames, PeerParcel,
    PeerRefused, PeerRegion, Standing, TargetRoom, Withdrawal,
};
use crate::refused::Refused;
use crate::region::Region;
use crate::request::Estimate;
use crate::testing::{Medium, World, WorldOptions, disk, region_id};

/// Rounds in all, and in one world: the trail of a world is walked each time that it is looked at.
const ROUNDS: u64 = 2_000;
const ROUNDS_OF_A_WORLD: u64 = 50;

async fn approved(world: &World, image: &model::ImageId) -> TicketId {
    let ticket = open(world, image, &["south"]).await.unwrap();
    approve(world, &ticket).await;
    ticket
}

/// R000-7, api-18: several requests at once on one approval, in 2,000 rounds: exactly one is accepted, the others are told
/// which copy used it. In between the copy is cancelled, runs to its end, or races with its own cancelling.
#[tokio::test(flavor = "multi_thread")]
async fn r000_7_of_several_requests_on_one_approval_one_is_accepted() {
    for world_number in 0..ROUNDS / ROUNDS_OF_A_WORLD {
        let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
        let world = World::with_options(&["north", "south"], options).await;
        let image = world.import("north", "web", &[disk(world_number, 2, Some)]).await.id;
        for round in 0..ROUNDS_OF_A_WORLD {
            // Tickets of one instant would have no newest one.
            world.clock.advance_ms(1);
            let ticket = approved(&world, &image).await;
            let wishes = [(); 3].map(|()| command(&image, &["south"], &sized()));
            let (taken, refused) = sorted(ask_at_once(&world, wishes).await);
            let [winner] = &taken[..] else { panic!("round {round}: {taken:?} {refused:?}") };
            let spent = Rejection::TicketSpent { ticket, by: winner.copy.clone() };
            assert_eq!(refused, [spent.clone(), spent], "round {round}");
            end(&world, winner, round).await;
            world.check_world_in(round).await;
        }
        world.assert_clean_slate("north").await;
    }
}

/// Asks for copies into one target each from tasks of their own.
async fn ask_at_once<const N: usize>(
    world: &World,
    wishes: [CopyImage; N],
) -> Vec<Result<Accepted, Refused>> {
    let tasks = wishes.map(|wish| {
        let (north, caller) = (world.region("north"), world.caller.clone());
        tokio::spawn(async move { north.copy_image(&caller, wish).await.unwrap().remove(0).answer })
    });
    let mut answers = Vec::with_capacity(N);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn sorted(answers: Vec<Result<Accepted, Refused>>) -> (Vec<Accepted>, Vec<Rejection>) {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(accepted) => taken.push(accepted),
            Err(Refused::Rejected(rejection)) => refused.push(rejection),
            Err(other) => panic!("{other}"),
        }
    }
    (taken, refused)
}

/// Cancels the copy, lets it end, or does both at once; then removes what it made, so that the next round finds room.
async fn end(world: &World, copy: &Accepted, round: u64) {
    let south = world.region("south");
    let cancel = || south.cancel_image(&world.caller, &copy.image);
    match round % 3 {
        0 => cancel().await.unwrap(),
        1 => {}
        _ => match tokio::join!(cancel(), world.run_until_idle()).0 {
            Ok(()) | Err(Refused::Rejected(Rejection::CopyFinished { .. })) => {}
            Err(other) => panic!("round {round}: {other}"),
        },
    }
    world.run_until_idle().await;
    if let Ok(view) = south.image(&world.caller, &copy.image).await {
        assert_eq!(view.status, ImageStatus::Available, "round {round}");
        let (force, snapshots) = (Force::No, SnapshotsOfImage::Delete);
        south.delete_image(&world.caller, &copy.image, force, snapshots).await.unwrap();
    }
}

/// R002-8: an image is asked for in two regions at once under a profile that copies it to one at a time: one is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn r002_8_of_copies_to_two_targets_at_once_one_is_accepted_where_the_profile_says_so() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south", "west"], options).await;
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let any = Profile { again: Again::AnyTarget, ..Profile::native() };
    for round in 0..300 {
        let wishes = ["south", "west"].map(|target| command(&image, &[target], &any));
        let (taken, refused) = sorted(ask_at_once(&world, wishes).await);
        assert_eq!(taken.len(), 1, "round {round}: {refused:?}");
        assert!(
            matches!(&refused[..], [Rejection::AlreadyCopying { by, .. }] if *by == taken[0].copy),
            "round {round}: {refused:?}"
        );
        world.run_until_idle().await;
    }
    world.assert_clean_slate("north").await;
}

/// R003-8: two images of one name are copied to one region at once under a profile of unique names: one is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn r003_8_of_two_copies_of_one_name_at_once_one_is_accepted_where_names_are_unique() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let one = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let other = world.import("north", "web", &[disk(2, 1, Some)]).await.id;
    let unique = Profile { names: NameRule::Unique, ..Profile::native() };
    for round in 0..300 {
        let wishes = [&one, &other].map(|image| command(image, &["south"], &unique));
        let (taken, refused) = sorted(ask_at_once(&world, wishes).await);
        assert_eq!(taken.len(), 1, "round {round}: {refused:?}");
        assert!(
            matches!(&refused[..], [Rejection::NameTaken { .. }]),
            "round {round}: {refused:?}"
        );
        end(&world, &taken[0], round).await;
    }
    world.assert_clean_slate("north").await;
}

/// R000-7, I8: the answer of the target is lost. Where it never heard of the copy, the approval is given back; where it
/// took the copy, that has used it.
#[tokio::test]
async fn r000_7_a_lost_answer_uses_the_approval_exactly_if_the_copy_runs() {
    for fate in [Fate::Lost, Fate::AnswerLost] {
        let world = World::with_regions(["north", "south"]).await;
        let image = world.import("north", "web", &[disk(1, 2, Some)]).await.id;
        let ticket = approved(&world, &image).await;
        let north = world.region("north");
        let bad = Unreliable::new(world.region("south"), move |call, _| match call {
            Call::Accept => fate,
            Call::Standing | Call::Hold | Call::Release | Call::Fetch => Fate::Passes,
        });
        north.replace_peer(&region_id("south"), bad);
        let wish = || ask(&world, command(&image, &["south"], &sized()));
        assert!(matches!(wish().await, Err(Refused::Fault(_))));
        let used = |view: crate::TicketView| view.targets[0].copy.clone();
        let by = used(north.ticket(&world.caller, &ticket).await.unwrap());
        assert!(by.is_some(), "it is in doubt, so nobody else may use it");
        north.replace_peer(&region_id("south"), Arc::new(world.region("south")));
        world.clock.advance_ms(120_000);
        north.reconcile_holds().await.unwrap();
        let then = used(north.ticket(&world.caller, &ticket).await.unwrap());
        assert_eq!(then, if fate == Fate::Lost { None } else { by }, "{fate:?}");
        assert_eq!(wish().await.is_ok(), fate == Fate::Lost, "{fate:?}");
        world.run_until_idle().await;
        assert_eq!(made_in_south(&world).await, 1, "{fate:?}");
        world.assert_clean_slate("north").await;
        world.assert_clean_slate("south").await;
    }
}

/// R000-7: an offer that the network keeps until its approval was given back and used by another copy makes no image; one
/// whose approval is still free uses it again.
#[tokio::test]
async fn r000_7_an_offer_that_arrives_late_runs_only_on_an_approval_that_is_free() {
    for used_meanwhile in [true, false] {
        let world = World::with_regions(["north", "south"]).await;
        let image = world.import("north", "web", &[disk(1, 2, Some)]).await.id;
        let ticket = approved(&world, &image).await;
        let (north, south) = (world.region("north"), world.region("south"));
        let slow = Arc::new(Slow { region: south.clone(), kept: Mutex::default() });
        north.replace_peer(&region_id("south"), Arc::clone(&slow) as Arc<dyn PeerRegion>);
        let wish = || ask(&world, command(&image, &["south"], &sized()));
        assert!(matches!(wish().await, Err(Refused::Fault(_))));
        north.replace_peer(&region_id("south"), Arc::new(south.clone()));
        world.clock.advance_ms(120_000);
        assert_eq!(north.reconcile_holds().await.unwrap(), 1);
        if used_meanwhile {
            wish().await.unwrap();
            world.run_until_idle().await;
        }
        let kept = slow.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let late = south.accept(kept.expect("the offer was kept")).await.unwrap();
        world.run_until_idle().await;
        let ended = south.copy(&world.caller, &late.copy).await.unwrap();
        assert_eq!(ended.failure, used_meanwhile.then_some(Cause::NotApproved));
        assert_eq!(made_in_south(&world).await, 1, "used meanwhile: {used_meanwhile}");
        let refused = wish().await.unwrap_err();
        let Refused::Rejected(Rejection::TicketSpent { ticket: which, by }) = refused else {
            panic!("{refused}");
        };
        assert_eq!((which, by == late.copy), (ticket, !used_meanwhile));
        world.assert_clean_slate("north").await;
    }
}

async fn made_in_south(world: &World) -> usize {
    let query = crate::ImageQuery {
        status: vec![ImageStatus::Available],
        limit: 10,
        ..crate::ImageQuery::default()
    };
    world.region("south").images(&world.caller, query).await.unwrap().items.len()
}

/// A region whose line keeps offers and loses their answers.
struct Slow {
    region: Region,
    kept: Mutex<Option<CopyOffer>>,
}

#[async_trait]
impl PeerRegion for Slow {
    async fn accept(&self, offer: CopyOffer) -> Result<Accepted, PeerRefused> {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(offer);
        let (region, reason) = (self.region.id().clone(), "it is slow".to_owned());
        Err(PeerFault::Unreachable { region, reason }.into())
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
