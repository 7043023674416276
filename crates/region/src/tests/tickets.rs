//! Tickets, borders, sizes and names, as the source's door judges them and the target keeps them.

use std::collections::BTreeMap;

use model::{
    Again, Border, ClientToken, Clock, ImageId, Name, NameRule, Profile, Rejection, Remark, Role,
    Sealing, TicketId, TicketNeed, TicketState, Timestamp,
};

use super::admission::rejection;
use crate::commands::{BeginImport, Caller, CopyImage, EditImage};
use crate::peer::{Accepted, Seen};
use crate::refused::Refused;
use crate::testing::{World, WorldOptions, disk, region_id};
use crate::tickets::{DecideTicket, OpenTicket, TicketQuery, TicketSelection};
use crate::views::ImageView;

const DAY_MS: i64 = 86_400_000;

/// A profile under which every image in these tests needs a ticket: they have two chunks.
pub(super) fn sized() -> Profile {
    Profile { ticket_above_bytes: Some(65_536), ..Profile::native() }
}

pub(super) fn command(image: &ImageId, targets: &[&str], profile: &Profile) -> CopyImage {
    CopyImage {
        particulars: model::Particulars::default(),
        image: image.clone(),
        targets: targets.iter().map(|target| region_id(target)).collect(),
        name: None,
        description: None,
        tags: None,
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: profile.clone(),
        token: None,
    }
}

/// One answer for one target.
pub(super) async fn ask(world: &World, command: CopyImage) -> Result<Accepted, Refused> {
    let mut answers = world.region("north").copy_image(&world.caller, command).await?;
    answers.remove(0).answer
}

fn remark(text: &str) -> Remark {
    Remark::new(text).unwrap()
}

pub(super) async fn open(
    world: &World,
    image: &ImageId,
    targets: &[&str],
) -> Result<TicketId, Refused> {
    let targets = targets.iter().map(|target| region_id(target)).collect();
    let command = OpenTicket { image: image.clone(), targets, why: remark("we move") };
    world.region("north").open_ticket(&world.caller, command).await.map(|view| view.id)
}

pub(super) async fn approve(world: &World, ticket: &TicketId) {
    let until = world.clock.now().plus_ms(DAY_MS);
    let decision = DecideTicket::Approve { until, answer: None };
    world.region("north").decide_ticket(&world.caller, ticket, decision).await.unwrap();
}

async fn approved(world: &World, image: &ImageId, targets: &[&str]) -> TicketId {
    let ticket = open(world, image, targets).await.unwrap();
    approve(world, &ticket).await;
    ticket
}

async fn two_chunks(world: &World, name: &str) -> ImageView {
    world.import("north", name, &[disk(1, 2, Some)]).await
}

/// R000-7, R001-9: without a ticket the answer names the one to open; open, refused, expired and spent ones say so; an
/// approval lets one copy run, and its failure is no reason for another.
#[tokio::test]
async fn r000_7_an_approval_lets_exactly_one_copy_run() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, image) = (world.region("north"), two_chunks(&world, "web").await.id);
    let wish = || ask(&world, command(&image, &["south"], &sized()));
    let need = TicketNeed::Size { size_bytes: 2 * 65_536, limit_bytes: 65_536 };
    let target = region_id("south");
    let needed = Rejection::TicketNeeded { image: image.clone(), target, need };
    assert_eq!(rejection(wish().await), needed);

    let first = open(&world, &image, &["south"]).await.unwrap();
    assert_eq!(rejection(wish().await), Rejection::TicketUndecided { ticket: first.clone() });
    let again = open(&world, &image, &["south"]).await;
    assert_eq!(rejection(again), Rejection::TicketUndecided { ticket: first.clone() });
    let no = DecideTicket::Refuse { answer: remark("too large") };
    north.decide_ticket(&world.caller, &first, no).await.unwrap();
    assert_eq!(rejection(wish().await), Rejection::TicketRefused { ticket: first.clone() });
    let until = world.clock.now().plus_ms(1);
    let late = DecideTicket::Approve { until, answer: None };
    let decided = north.decide_ticket(&world.caller, &first, late).await;
    let state = TicketState::Refused;
    assert_eq!(rejection(decided), Rejection::TicketDecided { ticket: first, state });

    let second = approved(&world, &image, &["south"]).await;
    let until = north.ticket(&world.caller, &second).await.unwrap().until.unwrap();
    world.clock.advance_ms(DAY_MS);
    let expired = Rejection::TicketExpired { ticket: second, until };
    assert_eq!(rejection(wish().await), expired);

    let third = approved(&world, &image, &["south"]).await;
    let copy = wish().await.unwrap();
    let shown = north.ticket(&world.caller, &third).await.unwrap();
    assert_eq!(shown.targets[0].copy, Some(copy.copy.clone()));
    let spent = Rejection::TicketSpent { ticket: third, by: copy.copy };
    assert_eq!(rejection(wish().await), spent);
    world.region("south").cancel_image(&world.caller, &copy.image).await.unwrap();
    world.run_until_idle().await;
    assert_eq!(rejection(wish().await), spent, "a cancelled copy has used its approval");
    world.assert_clean_slate("south").await;
    world.assert_clean_slate("north").await;
}

/// R000-7: an approval is for its image and its targets alone, for each of them once.
#[tokio::test]
async fn r000_7_an_approval_is_for_its_image_and_its_targets() {
    let world = World::with_regions(["north", "south", "west", "east"]).await;
    let (one, other) = (two_chunks(&world, "one").await.id, two_chunks(&world, "two").await.id);
    approved(&world, &one, &["south", "west"]).await;
    let refused = rejection(ask(&world, command(&other, &["south"], &sized())).await);
    assert!(matches!(refused, Rejection::TicketNeeded { .. }), "{refused}");
    let to_three = command(&one, &["south", "west", "east"], &sized());
    let answers = world.region("north").copy_image(&world.caller, to_three).await.unwrap();
    let taken: Vec<bool> = answers.iter().map(|answer| answer.answer.is_ok()).collect();
    assert_eq!(taken, [true, true, false], "R003-7: each target answers for itself");
    world.run_until_idle().await;
    world.check_world().await;
}

/// R003-2: inside a zone free, across zones with an approval under the profile that says so; natively free everywhere.
#[tokio::test]
async fn r003_2_a_copy_across_the_border_needs_an_approval() {
    let abroad = BTreeMap::from([(region_id("west"), "abroad".parse().unwrap())]);
    let options = WorldOptions { zones: abroad, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south", "west"], options).await;
    let bordered = Profile { border: Border::NeedsApproval, ..Profile::native() };
    let image = two_chunks(&world, "web").await.id;
    ask(&world, command(&image, &["south"], &bordered)).await.unwrap();
    let refused = rejection(ask(&world, command(&image, &["west"], &bordered)).await);
    let text = refused.to_string();
    let Rejection::TicketNeeded { need: TicketNeed::Border { from, to }, .. } = refused else {
        panic!("{text}");
    };
    assert_eq!((from.as_str(), to.as_str()), ("default", "abroad"));
    assert!(text.contains("ferry ticket open"), "{text}");
    approved(&world, &image, &["west"]).await;
    ask(&world, command(&image, &["west"], &bordered)).await.unwrap();
    world.run_until_idle().await;
    let back = two_chunks(&world, "back").await.id;
    ask(&world, command(&back, &["west"], &Profile::native())).await.unwrap();
    world.run_until_idle().await;
    world.check_world().await;
}

/// R003-4: an image above the profile's largest size is refused whatever tickets there are; nothing is started.
#[tokio::test]
async fn r003_4_an_image_that_is_too_large_is_refused_for_good() {
    let world = World::with_regions(["north", "south"]).await;
    let image = two_chunks(&world, "web").await.id;
    let of = |bytes: u64| Profile { largest_bytes: Some(bytes), ..Profile::native() };
    approved(&world, &image, &["south"]).await;
    let refused = rejection(ask(&world, command(&image, &["south"], &of(131_071))).await);
    let (size_bytes, limit_bytes) = (131_072, 131_071);
    assert_eq!(refused, Rejection::ImageTooLarge { image: image.clone(), size_bytes, limit_bytes });
    ask(&world, command(&image, &["south"], &of(131_072))).await.unwrap();
    world.run_until_idle().await;
    world.check_world().await;
}

/// R000-7, fault 18: a request that is tried again with its token gets its first answer, its approval being spent on it.
#[tokio::test]
async fn fault_18_a_request_tried_again_gets_its_first_answer() {
    let world = World::with_regions(["north", "south"]).await;
    let image = two_chunks(&world, "web").await.id;
    approved(&world, &image, &["south"]).await;
    let token = Some(ClientToken::new("once").unwrap());
    let wish = || CopyImage { token: token.clone(), ..command(&image, &["south"], &sized()) };
    let first = ask(&world, wish()).await.unwrap();
    let again = ask(&world, wish()).await.unwrap();
    assert_eq!((&again.copy, &again.image, again.seen), (&first.copy, &first.image, Seen::Again));
    world.run_until_idle().await;
    assert_eq!(ask(&world, wish()).await.unwrap().copy, first.copy);
    // A fresh approval is not used up by an old request.
    let other = approved(&world, &image, &["south"]).await;
    assert_eq!(ask(&world, wish()).await.unwrap().copy, first.copy);
    let shown = world.region("north").ticket(&world.caller, &other).await.unwrap();
    assert_eq!(shown.targets[0].copy, None);
    world.assert_clean_slate("north").await;
}

/// R000-7, R002-5: where the target refuses, the approval is given back and can be used when there is room.
#[tokio::test]
async fn r000_7_a_refused_copy_gives_its_approval_back() {
    let options = WorldOptions { image_quota: 1, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    let image = two_chunks(&world, "web").await.id;
    let ticket = approved(&world, &image, &["south"]).await;
    let south = world.region("south");
    south.set_quota(&world.caller, model::QuotaKind::Image, 0).await.unwrap();
    let refused = rejection(ask(&world, command(&image, &["south"], &sized())).await);
    assert!(matches!(refused, Rejection::QuotaExceeded { .. }), "{refused}");
    let shown = world.region("north").ticket(&world.caller, &ticket).await.unwrap();
    assert_eq!(shown.targets[0].copy, None);
    south.set_quota(&world.caller, model::QuotaKind::Image, 1).await.unwrap();
    ask(&world, command(&image, &["south"], &sized())).await.unwrap();
    world.run_until_idle().await;
    world.check_world().await;
}

/// Who may: readers look, owners ask, operators decide; and what is another account's is absent (I12, R004-2).
#[tokio::test]
async fn i12_tickets_are_opened_by_owners_and_decided_by_operators() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, image) = (world.region("north"), two_chunks(&world, "web").await.id);
    let wish =
        || OpenTicket { image: image.clone(), targets: vec![region_id("south")], why: remark("x") };
    let with = |role: Role| Caller { role, ..world.caller.clone() };
    let refused = rejection(north.open_ticket(&with(Role::Reader), wish()).await);
    assert!(matches!(refused, Rejection::NotAllowed { .. }), "{refused}");
    let foreign = rejection(north.open_ticket(&world.stranger(), wish()).await);
    assert!(matches!(foreign, Rejection::ImageNotFound { .. }), "{foreign}");
    let id = north.open_ticket(&with(Role::Owner), wish()).await.unwrap().id;
    let yes = || DecideTicket::Refuse { answer: remark("no") };
    let refused = rejection(north.decide_ticket(&with(Role::Owner), &id, yes()).await);
    assert!(matches!(refused, Rejection::NotAllowed { .. }), "{refused}");
    let strange_owner = Caller { role: Role::Owner, ..world.stranger() };
    let foreign = rejection(north.ticket(&strange_owner, &id).await);
    let region = region_id("north");
    assert_eq!(foreign, Rejection::TicketNotFound { ticket: id.clone(), region });
    let query = |selection| TicketQuery { selection, limit: 10, ..TicketQuery::default() };
    let own = north.tickets(&strange_owner, query(TicketSelection::Own)).await.unwrap();
    assert!(own.items.is_empty());
    let all = rejection(north.tickets(&strange_owner, query(TicketSelection::Everyone)).await);
    assert!(matches!(all, Rejection::NotAllowed { .. }), "{all}");
    let operator = Caller { role: Role::Operator, ..world.stranger() };
    let all = north.tickets(&operator, query(TicketSelection::Everyone)).await.unwrap();
    assert_eq!(all.items.len(), 1);
    let shown = north.decide_ticket(&operator, &id, yes()).await.unwrap();
    assert_eq!((shown.state, &shown.decided_by), (TicketState::Refused, &operator.user));
    assert_eq!(shown.answer.unwrap().as_str(), "no");
    world.check_world().await;
}

#[tokio::test]
async fn an_approval_ends_in_the_future_and_names_known_regions() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, image) = (world.region("north"), two_chunks(&world, "web").await.id);
    let unknown = rejection(open(&world, &image, &["nowhere"]).await);
    assert!(matches!(unknown, Rejection::RegionUnknown { .. }), "{unknown}");
    let id = open(&world, &image, &["south"]).await.unwrap();
    for until in [Timestamp(0), world.clock.now().plus_ms(91 * DAY_MS)] {
        let wrong = DecideTicket::Approve { until, answer: None };
        let refused = rejection(north.decide_ticket(&world.caller, &id, wrong).await);
        assert!(refused.to_string().contains("within 1 to 90"), "{refused}");
    }
    approve(&world, &id).await;
}

/// R002-8: under a profile that says so, an image that is being copied anywhere is not copied again; natively, elsewhere it is.
#[tokio::test]
async fn r002_8_an_image_being_copied_is_not_copied_to_any_target_where_the_profile_says_so() {
    let world = World::with_regions(["north", "south", "west"]).await;
    let any = Profile { again: Again::AnyTarget, targets_at_once: 1, ..Profile::native() };
    let image = two_chunks(&world, "web").await.id;
    let first = ask(&world, command(&image, &["south"], &any)).await.unwrap();
    let refused = rejection(ask(&world, command(&image, &["west"], &any)).await);
    let target = region_id("south");
    assert_eq!(refused, Rejection::AlreadyCopying { image: image.clone(), target, by: first.copy });
    ask(&world, command(&image, &["west"], &Profile::native())).await.unwrap();
    world.run_until_idle().await;
    let two = rejection(ask(&world, command(&image, &["south", "west"], &any)).await);
    assert_eq!(two, Rejection::TooManyTargets { limit: 1 }, "R002-6");
    ask(&world, command(&image, &["west"], &any)).await.unwrap();
    world.run_until_idle().await;
    world.assert_clean_slate("north").await;
}

/// R002-1: one to five images in one request; six are refused whole, and so is a request one of whose images cannot be
/// copied. Each image and target has its own answer.
#[tokio::test]
async fn r002_1_several_images_are_copied_at_once_or_refused_whole() {
    let world = World::with_regions(["north", "south"]).await;
    let north = world.region("north");
    let five = Profile { images_at_once: 5, ..Profile::native() };
    let mut images = Vec::new();
    for n in 0..6 {
        let contents = disk(n, 1, Some);
        images.push(world.import("north", &format!("web-{n}"), &[contents]).await.id);
    }
    let wish = |images: &[ImageId], token: Option<&str>| -> Vec<CopyImage> {
        let token = token.map(|token| ClientToken::new(token).unwrap());
        let one = |image| CopyImage { token: token.clone(), ..command(image, &["south"], &five) };
        images.iter().map(one).collect()
    };
    let whole = rejection(north.copy_images(&world.caller, wish(&images, None)).await);
    assert_eq!(whole, Rejection::TooManyImages { limit: 5 });
    let absent = ImageId::from_random(|| 35);
    let with_absent = [images[0].clone(), absent];
    let whole = rejection(north.copy_images(&world.caller, wish(&with_absent, None)).await);
    assert!(matches!(whole, Rejection::ImageNotFound { .. }), "{whole}");
    assert!(south_copies(&world).await.is_empty(), "nothing was started");
    let first = wish(&images[..5], Some("batch"));
    let answers = north.copy_images(&world.caller, first.clone()).await.unwrap();
    let taken = |answers: Vec<crate::ImageAnswer>| -> Vec<Accepted> {
        let each = answers.into_iter().flat_map(|answer| answer.answers);
        each.map(|answer| answer.answer.unwrap()).collect()
    };
    let accepted = taken(answers);
    assert_eq!(accepted.len(), 5);
    let again = taken(north.copy_images(&world.caller, first).await.unwrap());
    for (one, same) in accepted.iter().zip(&again) {
        assert_eq!((&one.copy, same.seen), (&same.copy, Seen::Again), "fault 18");
    }
    let reused =
        rejection(north.copy_images(&world.caller, wish(&images[1..], Some("batch"))).await);
    assert_eq!(reused, Rejection::TokenReused);
    world.run_until_idle().await;
    assert_eq!(south_copies(&world).await.len(), 5);
    world.assert_clean_slate("north").await;
}

async fn south_copies(world: &World) -> Vec<crate::CopyView> {
    let query = crate::CopyQuery { limit: 100, ..crate::CopyQuery::default() };
    world.region("south").copies(&world.caller, query).await.unwrap().items
}

/// R003-8 and unique names: natively two images have one name; where the profile wants them unique, a copy, an import and a
/// new name are refused, and a failed image's name is free.
#[tokio::test]
async fn r003_8_names_are_unique_where_the_profile_says_so() {
    let world = World::with_regions(["north", "south"]).await;
    let unique = Profile { names: NameRule::Unique, ..Profile::native() };
    let view = two_chunks(&world, "web").await;
    let image = view.id.clone();
    ask(&world, command(&image, &["south"], &unique)).await.unwrap();
    world.run_until_idle().await;
    let (name, region) = (Name::new("web").unwrap(), region_id("south"));
    let taken = Rejection::NameTaken { name: name.clone(), region };
    let refused = rejection(ask(&world, command(&image, &["south"], &unique)).await);
    assert_eq!(refused, taken);
    let copy = ask(&world, command(&image, &["south"], &Profile::native())).await.unwrap();
    world.run_until_idle().await;
    let (south, rule) = (world.region("south"), NameRule::Unique);
    let edit = |text: &str| {
        let name = Some(Name::new(text).unwrap());
        EditImage { name, names: rule, ..EditImage::default() }
    };
    assert_eq!(rejection(south.edit_image(&world.caller, &copy.image, edit("web")).await), taken);
    south.edit_image(&world.caller, &copy.image, edit("web2")).await.unwrap();
    south.edit_image(&world.caller, &copy.image, edit("web2")).await.unwrap();
    let import = |name: &str| {
        let attributes = view.attributes.clone();
        let size = view.disks[0].size;
        BeginImport {
            family: None,
            particulars: model::Particulars::default(),
            name: Name::new(name).unwrap(),
            description: view.description.clone(),
            attributes,
            tags: view.tags.clone(),
            disks: vec![size],
            names: rule,
            token: None,
        }
    };
    assert_eq!(
        rejection(south.begin_import(&world.caller, import("web2")).await).to_string(),
        Rejection::NameTaken { name: Name::new("web2").unwrap(), region: region_id("south") }
            .to_string()
    );
    south.begin_import(&world.caller, import("web3")).await.unwrap();
    world.check_world().await;
}

/// The name of an image whose copy failed does not keep others from it.
#[tokio::test]
async fn r003_8_the_name_of_a_failed_copy_is_free() {
    let world = World::with_regions(["north", "south"]).await;
    let unique = Profile { names: NameRule::Unique, ..Profile::native() };
    let (doomed, image) = (two_chunks(&world, "web").await.id, two_chunks(&world, "web").await.id);
    let (north, south) = (world.region("north"), world.region("south"));
    let copy = ask(&world, command(&doomed, &["south"], &unique)).await.unwrap();
    // An operator restored an older catalog: the hold is gone, and then the image.
    north.release_hold(&copy.copy).await.unwrap();
    let (force, snapshots) = (model::rules::Force::No, crate::commands::SnapshotsOfImage::Delete);
    north.delete_image(&world.caller, &doomed, force, snapshots).await.unwrap();
    world.run_until_idle().await;
    let failed = south.image(&world.caller, &copy.image).await.unwrap();
    assert_eq!(failed.status, model::ImageStatus::CreateFailed);
    ask(&world, command(&image, &["south"], &unique)).await.unwrap();
    world.run_until_idle().await;
    world.check_world().await;
}

/// `--dry-run` says what a copy needs, and spends nothing.
#[tokio::test]
async fn r000_7_an_estimate_says_that_a_ticket_is_needed() {
    let world = World::with_regions(["north", "south"]).await;
    let north = world.region("north");
    let image = two_chunks(&world, "web").await.id;
    let wish = || command(&image, &["south"], &sized());
    let answers = north.estimate_copy(&world.caller, wish()).await.unwrap();
    assert!(matches!(answers[0].needs, Some(Rejection::TicketNeeded { .. })));
    assert!(answers[0].answer.is_ok());
    let ticket = approved(&world, &image, &["south"]).await;
    let answers = north.estimate_copy(&world.caller, wish()).await.unwrap();
    assert_eq!(answers[0].needs, None);
    let shown = north.ticket(&world.caller, &ticket).await.unwrap();
    assert_eq!(shown.targets[0].copy, None);
    world.check_world().await;
}
