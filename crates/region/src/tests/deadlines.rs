//! Deadlines and priorities: promised or refused with the reason, kept under load, and told when they are at risk.

use std::time::{Duration, Instant};

use model::{
    CopyId, Deadline, DeadlineRejection, DeadlineStanding, ImageId, LinkChange, NoPromise, Pause,
    Phase, Priority, Rejection, Urgency,
};

use crate::commands::{Caller, CopyImage};
use crate::refused::Refused;
use crate::region::{DriverMode, Region};
use crate::testing::{World, WorldOptions, disk, region_id};
use crate::views::CopyView;

fn within(secs: u64) -> Urgency {
    Urgency { deadline: Some(Deadline::new(secs).unwrap()), ..Urgency::default() }
}

fn of_priority(priority: Priority) -> Urgency {
    Urgency { priority, deadline: None }
}

fn command(image: &ImageId, urgency: Urgency) -> CopyImage {
    CopyImage {
        image: image.clone(),
        targets: vec![region_id("south")],
        name: None,
        description: None,
        tags: None,
        particulars: model::Particulars::default(),
        sealing: model::Sealing::AsSource,
        urgency,
        profile: model::Profile::native(),
        token: None,
    }
}

async fn ask(world: &World, image: &ImageId, urgency: Urgency) -> Result<CopyId, Rejection> {
    ask_as(world, &world.caller, (image, urgency)).await
}

async fn ask_as(
    world: &World,
    caller: &Caller,
    (image, urgency): (&ImageId, Urgency),
) -> Result<CopyId, Rejection> {
    let north = world.region("north");
    let answers = north.copy_image(caller, command(image, urgency)).await.unwrap();
    match answers.into_iter().next().unwrap().answer {
        Ok(accepted) => Ok(accepted.copy),
        Err(Refused::Rejected(rejection)) => Err(rejection),
        Err(other) => panic!("{other:?}"),
    }
}

async fn limit(world: &World, bytes_per_sec: Option<u64>) {
    let change = LinkChange { limit_bytes_per_sec: Some(bytes_per_sec), ..LinkChange::default() };
    set(world, change).await;
}

async fn set(world: &World, change: LinkChange) {
    let south = world.region("south");
    south.set_link(&world.caller, &region_id("north"), change).await.unwrap();
}

async fn seen(world: &World, copy: &CopyId) -> CopyView {
    world.region("south").copy(&world.caller, copy).await.unwrap()
}

async fn standing(world: &World, copy: &CopyId) -> DeadlineStanding {
    seen(world, copy).await.deadline.unwrap().standing
}

/// What would be sent of an image.
async fn bytes_of(world: &World, image: &ImageId) -> u64 {
    let north = world.region("north");
    let estimates = north.estimate_copy(&world.caller, command(image, Urgency::default())).await;
    estimates.unwrap().remove(0).answer.unwrap().bytes_to_send
}

/// Admitted where the link has room, beside what is promised; refused with what it lacks and when it could be; the dry run says
/// the same. Nothing is left of a refusal.
#[tokio::test]
async fn a_deadline_is_promised_or_refused_with_the_reason() {
    let world = World::with_regions(["north", "south"]).await;
    let one = world.import("north", "one", &[disk(1, 20, Some)]).await.id;
    let two = world.import("north", "two", &[disk(2, 20, Some)]).await.id;
    let bytes = bytes_of(&world, &one).await;
    let no_promise = |why| {
        Rejection::Deadline(DeadlineRejection::DeadlineNotPromised {
            region: region_id("north"),
            why,
        })
    };
    let refused = ask(&world, &one, within(60)).await.unwrap_err();
    assert_eq!(refused, no_promise(NoPromise::SpeedUnknown));
    // In 100 s the link carries, of 95 s, nine tenths.
    limit(&world, Some(bytes * 10 / 855 + 1)).await;
    set(&world, LinkChange { pause: Some(Pause::Paused), ..LinkChange::default() }).await;
    let refused = ask(&world, &one, within(100)).await.unwrap_err();
    assert_eq!(refused, no_promise(NoPromise::Paused));
    set(&world, LinkChange { pause: Some(Pause::Running), ..LinkChange::default() }).await;
    let too_soon = ask(&world, &one, within(80)).await.unwrap_err();
    let Rejection::Deadline(DeadlineRejection::DeadlineTooSoon {
        bytes: needs,
        room_bytes,
        earliest,
        ..
    }) = &too_soon
    else {
        panic!("{too_soon}");
    };
    assert_eq!(*needs, bytes);
    assert!(*room_bytes < bytes && *room_bytes > bytes * 7 / 10, "{room_bytes} of {bytes}");
    let now = model::Clock::now(&*world.clock);
    let later = u64::try_from(earliest.ms_since(now)).unwrap() / 1_000;
    assert!((97..=104).contains(&later), "{later}");
    let north = world.region("north");
    let dry = north.estimate_copy(&world.caller, command(&one, within(80))).await.unwrap();
    assert!(
        matches!(&dry[0].answer, Err(Refused::Rejected(rejection)) if *rejection == too_soon),
        "{dry:?}"
    );
    world.assert_clean_slate("south").await;
    let copy = ask(&world, &one, within(104)).await.unwrap();
    let view = seen(&world, &copy).await;
    let deadline = view.deadline.unwrap();
    assert_eq!(deadline.at, now.plus_ms(104_000));
    assert_eq!((deadline.standing, view.priority), (DeadlineStanding::Promised, Priority::Normal));
    // What is promised is promised: the next one comes behind it.
    let refused = ask(&world, &two, within(104)).await.unwrap_err();
    assert!(
        matches!(refused, Rejection::Deadline(DeadlineRejection::DeadlineTooSoon { .. })),
        "{refused}"
    );
    let second = ask(&world, &two, within(240)).await.unwrap();
    limit(&world, None).await;
    world.run_until_idle().await;
    for copy in [copy, second] {
        assert_eq!(standing(&world, &copy).await, DeadlineStanding::Met);
    }
    let figures = world.region("south").figures().await.unwrap();
    assert_eq!(figures.deadlines["met"], 2);
    world.check_world().await;
}

/// What becomes late for reasons outside is told as at risk and as missed; and a copy that ends otherwise has no deadline left.
#[tokio::test]
async fn a_deadline_that_will_not_be_kept_is_at_risk_and_then_missed() {
    let world = World::with_regions(["north", "south"]).await;
    let one = world.import("north", "one", &[disk(1, 20, Some)]).await.id;
    let bytes = bytes_of(&world, &one).await;
    limit(&world, Some(bytes)).await;
    let copy = ask(&world, &one, within(100)).await.unwrap();
    assert_eq!(standing(&world, &copy).await, DeadlineStanding::Promised);
    // Slower by an operator's hand, and fast again.
    limit(&world, Some((bytes / 200).max(1_024))).await;
    assert_eq!(standing(&world, &copy).await, DeadlineStanding::AtRisk);
    limit(&world, Some(bytes)).await;
    assert_eq!(standing(&world, &copy).await, DeadlineStanding::Promised);
    set(&world, LinkChange { pause: Some(Pause::Paused), ..LinkChange::default() }).await;
    assert_eq!(standing(&world, &copy).await, DeadlineStanding::AtRisk);
    let figures = async || world.region("south").figures().await.unwrap().deadlines;
    assert_eq!(figures().await["at_risk"], 1);
    world.clock.advance_ms(100_001);
    assert_eq!(standing(&world, &copy).await, DeadlineStanding::Missed);
    assert_eq!(figures().await["missed"], 1);
    set(&world, LinkChange { pause: Some(Pause::Running), ..LinkChange::default() }).await;
    limit(&world, None).await;
    world.run_until_idle().await;
    let done = seen(&world, &copy).await;
    assert_eq!(
        (done.phase, done.deadline.unwrap().standing),
        (Phase::Done, DeadlineStanding::Missed)
    );
    assert_eq!(figures().await["missed"], 1);
    limit(&world, Some(bytes)).await;
    let two = world.import("north", "two", &[disk(2, 20, Some)]).await.id;
    let cancelled = ask(&world, &two, within(100)).await.unwrap();
    let image = seen(&world, &cancelled).await.image;
    world.region("south").cancel_image(&world.caller, &image).await.unwrap();
    world.run_until_idle().await;
    assert_eq!(standing(&world, &cancelled).await, DeadlineStanding::Void);
}

/// A token stands for the deadline and the priority too.
#[tokio::test]
async fn a_token_used_for_another_deadline_or_priority_is_refused() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "one", &[disk(1, 5, Some)]).await.id;
    limit(&world, Some(1_000_000)).await;
    let north = world.region("north");
    let wish = |urgency| CopyImage {
        token: Some(model::ClientToken::new("token-1").unwrap()),
        ..command(&image, urgency)
    };
    let high = Urgency { priority: Priority::High, ..within(60) };
    let first = north.copy_image(&world.caller, wish(high)).await.unwrap().remove(0);
    let again = north.copy_image(&world.caller, wish(high)).await.unwrap().remove(0);
    assert_eq!(first.answer.unwrap().copy, again.answer.unwrap().copy);
    for other in
        [within(60), Urgency { priority: Priority::High, ..within(61) }, Urgency::default()]
    {
        let refused = north.copy_image(&world.caller, wish(other)).await.unwrap_err();
        assert!(matches!(refused, Refused::Rejected(Rejection::TokenReused)), "{refused:?}");
    }
}

/// Regions whose drivers run, and whose clock goes with the real one.
async fn in_real_time(copies_per_account: u32) -> (World, tokio::task::JoinHandle<()>) {
    let driver = DriverMode::Background;
    let options = WorldOptions { driver, copies_per_account, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let clock = std::sync::Arc::clone(&world.clock);
    let ticking = tokio::spawn(async move {
        let (begun, mut told) = (Instant::now(), 0);
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = begun.elapsed().as_millis() as i64;
            clock.advance_ms(now - told);
            told = now;
        }
    });
    (world, ticking)
}

async fn sent(region: &Region, caller: &Caller, copies: &[CopyId]) -> Vec<u64> {
    let mut sent = Vec::new();
    for copy in copies {
        sent.push(region.copy(caller, copy).await.unwrap().bytes_sent);
    }
    sent
}

/// Two accounts, one with a copy and one with ten, have the same of the link; and within an account priorities weigh.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_share_a_link_evenly_and_their_copies_by_priority() {
    let (mut world, ticking) = in_real_time(10).await;
    limit(&world, Some(2_000_000)).await;
    let stranger = world.stranger();
    let (north, south) = (world.region("north"), world.region("south"));
    let mut many = Vec::new();
    for n in 0..10 {
        let image = world.import("north", &format!("image-{n}"), &[disk(n, 300, Some)]).await.id;
        let priority = if n < 5 { Priority::High } else { Priority::Low };
        many.push(ask(&world, &image, of_priority(priority)).await.unwrap());
    }
    let owner = std::mem::replace(&mut world.caller, stranger.clone());
    let own = world.import("north", "alone", &[disk(99, 300, Some)]).await.id;
    world.caller = owner;
    let alone = ask_as(&world, &stranger, (&own, Urgency::default())).await.unwrap();
    // Once all of them move, what comes in four seconds tells how they share.
    let begun = Instant::now();
    let all_move = async || {
        let mut before = sent(&south, &world.caller, &many).await;
        before.extend(sent(&south, &stranger, std::slice::from_ref(&alone)).await);
        before.iter().all(|bytes| *bytes > 0).then_some(before)
    };
    let before = loop {
        if let Some(before) = all_move().await {
            break before;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "not all of them move");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut after = sent(&south, &world.caller, &many).await;
    after.extend(sent(&south, &stranger, std::slice::from_ref(&alone)).await);
    let came: Vec<f64> =
        after.iter().zip(&before).map(|(after, before)| (after - before) as f64).collect();
    let (of_many, of_alone) = (came[..10].iter().sum::<f64>(), came[10]);
    let (high, low) = (came[..5].iter().sum::<f64>(), came[5..10].iter().sum::<f64>());
    // Pieces are 64 KiB and more, and progress is recorded twice a second.
    assert!((0.7..1.4).contains(&(of_many / of_alone)), "{came:?}");
    assert!(high > low * 2.0, "{came:?}");
    ticking.abort();
    limit(&world, None).await;
    north.shut_down().await;
    south.shut_down().await;
}

/// A copy that was promised a deadline meets it while others want all of the link and have all of the places; what it does not
/// need they have.
#[tokio::test(flavor = "multi_thread")]
async fn a_promised_deadline_is_met_under_load() {
    let (world, ticking) = in_real_time(3).await;
    let south = world.region("south");
    let mut others = Vec::new();
    let wish = world.import("north", "urgent", &[disk(77, 40, Some)]).await.id;
    let bytes = bytes_of(&world, &wish).await;
    // Alone it would take three seconds, and in its fair part nearly half a minute.
    limit(&world, Some(bytes / 3)).await;
    for n in 0..3 {
        let image = world.import("north", &format!("image-{n}"), &[disk(n, 400, Some)]).await.id;
        others.push(ask(&world, &image, of_priority(Priority::High)).await.unwrap());
    }
    let begun = Instant::now();
    while sent(&south, &world.caller, &others).await.contains(&0) {
        assert!(begun.elapsed() < Duration::from_secs(30), "the load does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let urgent = Urgency { priority: Priority::Low, ..within(9) };
    let copy = ask(&world, &wish, urgent).await.unwrap();
    let begun = Instant::now();
    let done = loop {
        let view = seen(&world, &copy).await;
        if view.is_settled() {
            break view;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{view:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((done.phase, done.deadline.unwrap().standing), (Phase::Done, DeadlineStanding::Met));
    // The place that it took was given back.
    let begun = Instant::now();
    loop {
        let mut phases = Vec::new();
        for copy in &others {
            phases.push(seen(&world, copy).await.phase);
        }
        if phases.iter().all(|phase| *phase == Phase::CopyingSnapshots) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{phases:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ticking.abort();
    world.region("north").shut_down().await;
    south.shut_down().await;
}
