//! Settings of links at run time: a limit, copies at once, and a pause; R000-2, promise 3 and I12.

use std::time::{Duration, Instant};

use catalog::{Catalog, LinkSettingRow};
use model::{
    CopyId, Field, FieldRefusal, LinkChange, LinkLimit, LinkSetting, MAX_LINK_LIMIT,
    MIN_LINK_LIMIT, Pause, Phase, Rejection, Role, Timestamp,
};

use crate::audit::AuditQuery;
use crate::commands::{Caller, CopyQuery, Intent};
use crate::links::LinkView;
use crate::refused::Refused;
use crate::region::{DriverMode, Region};
use crate::testing::{World, WorldOptions, disk, region_id};
use crate::usage::Whose;
use crate::views::CopyView;

const PAUSE: LinkChange = LinkChange {
    limit_bytes_per_sec: None,
    copies_at_once: None,
    pause: Some(Pause::Paused),
    schedule: None,
};
const RESUME: LinkChange = LinkChange {
    limit_bytes_per_sec: None,
    copies_at_once: None,
    pause: Some(Pause::Running),
    schedule: None,
};
/// Slow enough that a copy of a dozen MB is met half way, in bytes a second: its chunks become durable about 4 MB at a time.
const SLOW: u64 = 3_000_000;

fn limit(bytes_per_sec: Option<u64>) -> LinkChange {
    LinkChange { limit_bytes_per_sec: Some(bytes_per_sec), ..LinkChange::default() }
}

fn at_once(copies: Option<u32>) -> LinkChange {
    LinkChange { copies_at_once: Some(copies), ..LinkChange::default() }
}

/// Changes the link from `north` to `south`.
async fn set(world: &World, change: LinkChange) -> LinkView {
    world.region("south").set_link(&world.caller, &region_id("north"), change).await.unwrap()
}

async fn link(world: &World) -> LinkView {
    world.region("south").links(&world.caller, Whose::Everyone).await.unwrap().remove(0)
}

async fn seen(world: &World, copy: &CopyId) -> CopyView {
    world.region("south").copy(&world.caller, copy).await.unwrap()
}

/// Looks until it is so; what runs is real, so it takes its time.
async fn until(
    what: &str,
    world: &World,
    copy: &CopyId,
    is_so: impl Fn(&CopyView) -> bool,
) -> CopyView {
    let begun = Instant::now();
    loop {
        let view = seen(world, copy).await;
        if is_so(&view) {
            return view;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "not {what}: {view:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Begins a copy over a slow link and pauses the link when some of it has come.
async fn paused_half_way(world: &World) -> (CopyId, CopyView) {
    let image = world.import("north", "web", &[disk(1, 400, Some)]).await;
    set(world, limit(Some(SLOW))).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    let south = world.region("south");
    let running = tokio::spawn(async move { south.run_due().await });
    until("half way", world, &copy, |view| view.progress.done > 0).await;
    let link = set(world, PAUSE).await;
    assert_eq!(link.pause, Pause::Paused);
    running.await.unwrap().unwrap();
    let view = seen(world, &copy).await;
    (copy, view)
}

fn assert_waits_for_its_link(view: &CopyView) {
    assert_eq!((view.phase, view.is_paused), (Phase::Waiting, true), "{view:?}");
    assert_eq!((view.attempts, view.next_attempt, &view.reason), (0, None, &None), "{view:?}");
    assert_eq!((view.bytes_per_sec, view.seconds_left), (None, None), "{view:?}");
}

async fn assert_arrived(world: &World, copy: &CopyId) -> CopyView {
    let done = seen(world, copy).await;
    assert_eq!((done.phase, done.is_paused, done.attempts), (Phase::Done, false, 0), "{done:?}");
    let (north, south) = (world.region("north"), world.region("south"));
    let source = north.image(&world.caller, &done.source_image).await.unwrap();
    let target = south.image(&world.caller, &done.image).await.unwrap();
    assert_eq!(source.disks[0].digest, target.disks[0].digest);
    assert_eq!(south.verify_image(&world.caller, &done.image).await.unwrap().damaged, 0);
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
    done
}

/// A copy whose link is paused is promised and waits, and goes on by itself.
#[tokio::test]
async fn a_copy_asked_for_over_a_paused_link_waits_until_it_runs_again() {
    let world = World::with_regions(["north", "south"]).await;
    let image = world.import("north", "web", &[disk(1, 10, Some)]).await;
    let link = set(&world, PAUSE).await;
    assert_eq!((link.pause, link.running, link.waiting), (Pause::Paused, 0, 0));
    assert!(link.changed.is_some());
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    world.run_until_idle().await;
    let waits = seen(&world, &copy).await;
    assert_waits_for_its_link(&waits);
    assert_eq!((waits.state, waits.bytes_sent, waits.queue_place), ("queued", 0, None));
    let query = CopyQuery { limit: 10, ..CopyQuery::default() };
    let listed = world.region("south").copies(&world.caller, query).await.unwrap();
    assert_eq!(listed.items, [waits]);
    // The way back is another link.
    let other = world.import("south", "db", &[disk(2, 10, Some)]).await;
    world.copy("south", &other.id, "north").await.unwrap();
    assert_eq!(world.region("north").run_due().await.unwrap(), 1);
    world.check_world().await;
    assert_eq!(set(&world, RESUME).await.pause, Pause::Running);
    world.run_until_idle().await;
    assert_arrived(&world, &copy).await;
}

/// Promise 3: what had come stays and is not sent again; no attempt is counted.
#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_pause_half_way_keeps_what_came() {
    let world = World::with_regions(["north", "south"]).await;
    let (copy, waits) = paused_half_way(&world).await;
    assert_waits_for_its_link(&waits);
    assert_eq!(waits.state, "held");
    assert!(waits.progress.done > 0 && waits.progress.done < waits.progress.needed, "{waits:?}");
    let reserved = world.region("south").quotas(&world.caller).await.unwrap();
    assert!(reserved.iter().all(|quota| quota.reserved == 1 && quota.used == 0), "{reserved:?}");
    // Whoever looks for work finds none, and nothing more comes.
    world.run_until_idle().await;
    assert_eq!(seen(&world, &copy).await, waits);
    world.check_world().await;
    let held = world.region("south").store().usage().await.unwrap().frame_bytes;
    set(&world, LinkChange { limit_bytes_per_sec: Some(None), ..RESUME }).await;
    world.run_until_idle().await;
    let done = assert_arrived(&world, &copy).await;
    let frames = world.region("north").store().usage().await.unwrap().frame_bytes;
    // What was here when the link was paused is not sent again.
    let sent_again = done.bytes_sent - waits.bytes_sent;
    assert!(held > 0 && sent_again <= frames - held, "{sent_again}, {held} of {frames}");
}

/// R000-10, promise 5: a copy that waits for its link is cancelled like any other, at once and wholly.
#[tokio::test(flavor = "multi_thread")]
async fn r000_10_a_copy_is_cancelled_while_its_link_is_paused() {
    let world = World::with_regions(["north", "south"]).await;
    let (copy, waits) = paused_half_way(&world).await;
    let south = world.region("south");
    south.cancel_image(&world.caller, &waits.image).await.unwrap();
    assert!(south.image(&world.caller, &waits.image).await.is_err());
    world.run_until_idle().await;
    let cancelled = seen(&world, &copy).await;
    assert_eq!((cancelled.phase, cancelled.is_paused), (Phase::Cancelled, false));
    assert_eq!(link(&world).await.pause, Pause::Paused);
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;
    south.sweep().await.unwrap();
    assert_eq!(south.store().usage().await.unwrap().chunks, 0);
}

/// What was set survives a restart, and so does the copy that waits.
#[tokio::test(flavor = "multi_thread")]
async fn promise_3_what_was_set_of_a_link_survives_a_restart() {
    let mut world = World::with_regions(["north", "south"]).await;
    let (copy, waits) = paused_half_way(&world).await;
    set(&world, at_once(Some(7))).await;
    let before = link(&world).await;
    world.restart().await;
    // A limit that was set at run time counts, not the configuration's.
    world.region("south").set_link_rate(&region_id("north"), Some(5));
    world.run_until_idle().await;
    let after = link(&world).await;
    assert_eq!(after, LinkView { measured_bytes_per_sec: None, ..before });
    assert_eq!((after.limit_bytes_per_sec, after.copies_at_once), (Some(SLOW), Some(7)));
    assert_eq!(seen(&world, &copy).await, waits);
    assert_eq!(limiter_rate(&world.region("south")), Some(SLOW));
    // No limit that was set is one too.
    set(&world, LinkChange { limit_bytes_per_sec: Some(None), ..RESUME }).await;
    world.restart().await;
    world.region("south").set_link_rate(&region_id("north"), Some(5));
    world.run_until_idle().await;
    assert_arrived(&world, &copy).await;
    assert_eq!(link(&world).await.limit_bytes_per_sec, None);
}

fn limiter_rate(region: &Region) -> Option<u64> {
    region.inner.links.limiter(&region_id("north")).rate()
}

/// What was not changed at run time follows the configuration, whatever else of the link was.
#[tokio::test]
async fn a_limit_that_nobody_changed_follows_the_configuration() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    for configured in [Some(4_000), None, Some(9_000)] {
        south.set_link_rate(&region_id("north"), configured);
        let seen = link(&world).await;
        assert_eq!((seen.limit_bytes_per_sec, seen.changed), (configured, None));
    }
    let paused = set(&world, PAUSE).await;
    assert_eq!(paused.limit_bytes_per_sec, Some(9_000));
    south.set_link_rate(&region_id("north"), Some(8_000));
    assert_eq!(link(&world).await.limit_bytes_per_sec, Some(8_000));
    assert_eq!(limiter_rate(&south), Some(8_000));
    assert_eq!(set(&world, limit(None)).await.limit_bytes_per_sec, None);
    south.set_link_rate(&region_id("north"), Some(7_000));
    assert_eq!((link(&world).await.limit_bytes_per_sec, limiter_rate(&south)), (None, None));
}

/// Fault 32: so many at once over a link, whoever's they are; a link without a limit is not held up by it.
#[tokio::test]
async fn fault_32_copies_at_once_over_a_link_count_over_all_accounts() {
    let options = WorldOptions { copies_per_account: 3, ..WorldOptions::default() };
    let mut world = World::with_options(&["north", "south", "west"], options).await;
    let south = world.region("south");
    set(&world, at_once(Some(2))).await;
    let mut copies = Vec::new();
    for (number, from) in ["north", "north", "north", "west", "west"].into_iter().enumerate() {
        let name = format!("web{number}");
        let image = world.import(from, &name, &[disk(number as u64, 2, Some)]).await;
        copies.push(world.copy(from, &image.id, "south").await.unwrap().copy);
        world.clock.advance_ms(1);
    }
    let stranger = world.stranger();
    let own = std::mem::replace(&mut world.caller, stranger);
    let image = world.import("north", "other", &[disk(9, 2, Some)]).await;
    let others = world.copy("north", &image.id, "south").await.unwrap().copy;
    let stranger = std::mem::replace(&mut world.caller, own);
    world.clock.advance_ms(1);
    let claimed: Vec<CopyId> = claim(&world, "one").await;
    // Each account has one before any has two; the first one's others come over the link that has room.
    let first = [copies[0].clone(), copies[3].clone(), copies[4].clone()];
    assert_eq!(claimed, [&first[..], std::slice::from_ref(&others)].concat());
    assert_eq!(seen(&world, &copies[2]).await.phase, Phase::Waiting);
    assert!(!seen(&world, &copies[2]).await.is_paused, "it waits for its turn");
    set(&world, at_once(Some(3))).await;
    // The link has a third place, and the first account three copies already.
    assert_eq!(claim(&world, "two").await, []);
    set(&world, at_once(None)).await;
    world.clock.advance_ms(20_000);
    world.run_until_idle().await;
    for copy in &copies {
        assert_eq!(seen(&world, copy).await.phase, Phase::Done);
    }
    assert_eq!(south.copy(&stranger, &others).await.unwrap().phase, Phase::Done);
    assert_eq!(south.links(&world.caller, Whose::Everyone).await.unwrap()[0].copies_at_once, None);
    world.assert_clean_slate("south").await;
}

async fn claim(world: &World, worker: &str) -> Vec<CopyId> {
    let south = world.region("south");
    let limits = catalog::ClaimLimits { per_account: 3, per_region: 20 };
    let mut tx = south.inner.catalog.begin().await.unwrap();
    let now = model::Clock::now(&*world.clock);
    let claimed = tx.claim_due(worker, now, 15_000, limits).await.unwrap();
    tx.commit().await.unwrap();
    claimed.into_iter().map(|row| row.id).collect()
}

/// R000-2: another process that has the catalog open follows what is set there, for what runs too.
#[tokio::test(flavor = "multi_thread")]
async fn r000_2_another_process_on_the_catalog_follows_within_a_second_or_so() {
    let options = WorldOptions { driver: DriverMode::Background, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let image = world.import("north", "web", &[disk(1, 400, Some)]).await;
    set(&world, limit(Some(SLOW))).await;
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    until("half way", &world, &copy, |view| view.progress.done > 0).await;
    let other = Catalog::open(&world.folder("south").join("catalog.db")).await.unwrap();
    let write = async |setting| {
        let source = region_id("north");
        let mut tx = other.begin().await.unwrap();
        tx.put_link_setting(&LinkSettingRow { source, setting, changed: Timestamp(1) })
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    let slow = LinkLimit::Set(Some(SLOW));
    write(LinkSetting { limit: slow, pause: Pause::Paused, ..LinkSetting::default() }).await;
    let begun = Instant::now();
    let waits = until("waiting", &world, &copy, |view| view.is_paused).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_waits_for_its_link(&waits);
    write(LinkSetting { limit: LinkLimit::Set(None), ..LinkSetting::default() }).await;
    until("there", &world, &copy, CopyView::is_settled).await;
    for name in ["north", "south"] {
        world.region(name).shut_down().await;
    }
    assert_arrived(&world, &copy).await;
}

/// Changes are in the audit trail; one that changes nothing, or is only rehearsed, is not.
#[tokio::test]
async fn a_change_of_a_link_is_audited_and_a_rehearsed_one_is_not_done() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let rehearsing = Caller { intent: Intent::Rehearse, ..world.caller.clone() };
    let rehearsed = south.set_link(&rehearsing, &region_id("north"), PAUSE).await;
    assert!(matches!(rehearsed, Err(Refused::Rehearsed)), "{rehearsed:?}");
    assert_eq!(link(&world).await.pause, Pause::Running);
    let first = set(&world, LinkChange { limit_bytes_per_sec: Some(Some(2_048)), ..PAUSE }).await;
    world.clock.advance_ms(1_000);
    assert_eq!(set(&world, LinkChange::default()).await, first);
    assert_eq!(set(&world, PAUSE).await, first);
    set(&world, at_once(Some(4))).await;
    let query = AuditQuery { subject: Some("north".into()), limit: 10, ..AuditQuery::default() };
    let trail = south.audit(&world.caller, query).await.unwrap().items;
    let told: Vec<_> =
        trail.iter().map(|entry| (entry.action.as_str(), entry.before.as_str())).collect();
    let was = |limit: &str, copies: &str, pause: &str| {
        format!("limit_bytes_per_sec={limit}\ncopies_at_once={copies}\npause={pause}\nschedule=")
    };
    let (paused, fresh) = (was("2048", "none", "paused"), was("none", "none", "running"));
    assert_eq!(told, [("link.set", paused.as_str()), ("link.set", fresh.as_str())]);
    assert_eq!(trail[0].after, was("2048", "4", "paused"));
}

#[tokio::test]
async fn what_is_no_link_or_no_setting_is_refused() {
    let world = World::with_regions(["north", "south"]).await;
    let south = world.region("south");
    let ask = async |source: &str, change| match south
        .set_link(&world.caller, &region_id(source), change)
        .await
    {
        Err(Refused::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    };
    let region = region_id("nowhere");
    assert_eq!(ask("nowhere", PAUSE).await, Rejection::RegionUnknown { region });
    let region = region_id("south");
    assert_eq!(ask("south", PAUSE).await, Rejection::SameRegion { region });
    for value in [0, MIN_LINK_LIMIT - 1, u64::MAX] {
        let refusal = FieldRefusal::OutOfRange { value, min: MIN_LINK_LIMIT, max: MAX_LINK_LIMIT };
        let refused = Rejection::field(Field::LimitBytesPerSec, refusal);
        assert_eq!(ask("north", limit(Some(value))).await, refused);
    }
    let refusal = FieldRefusal::OutOfRange { value: 0, min: 1, max: u32::MAX.into() };
    let refused = Rejection::field(Field::CopiesAtOnce, refusal);
    assert_eq!(ask("north", at_once(Some(0))).await, refused);
    // Who does not run the deployment sees links, and changes none.
    let owner = Caller { role: Role::Owner, ..world.stranger() };
    let refused = south.set_link(&owner, &region_id("north"), PAUSE).await;
    assert!(matches!(refused, Err(Refused::Rejected(Rejection::NotAllowed { .. }))));
    let seen = south.links(&owner, Whose::Own).await.unwrap();
    assert_eq!((seen.len(), seen[0].pause, seen[0].changed), (1, Pause::Running, None));
}
