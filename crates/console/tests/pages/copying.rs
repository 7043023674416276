//! The dialog that asks for copies, and the form of a ticket (R000-5, R000-7, R000-8, R002-9, R002-10, R003-7).

use axum::http::StatusCode;
use model::{Border, ImageId, Profile, QuotaKind, Role};
use region::testing::{World, WorldOptions, disk};
use region::{Caller, CopyQuery, DecideTicket, ImageQuery, ImageView, Profiles, TicketQuery};

use crate::kit::{Answer, Site, Visitor};

const NORTH: &str = "cn-hangzhou";
const SOUTH: &str = "cn-shanghai";
const EAST: &str = "ap-southeast-1";

/// A disk of four chunks whose contents are those of `seed`.
fn small(seed: u64) -> Vec<u8> {
    disk(seed, 4, Some)
}

fn dialog(images: &[&ImageId], rest: &str) -> String {
    let images: String = images.iter().map(|id| format!("image={id}&")).collect();
    format!("/regions/{NORTH}/copy?{images}{rest}")
}

/// The row of a target in the dialog.
#[track_caller]
fn row<'a>(page: &'a Answer, target: &str) -> &'a str {
    let (_, rest) = page.text.split_once(&format!("<tr id=\"target-{target}\"")).unwrap();
    rest.split("</tr>").next().unwrap()
}

/// The value that the dialog makes sending it twice harmless with.
fn token(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn opened(visitor: &mut Visitor, image: &ImageId) -> String {
    token(visitor.get(&dialog(&[image], "")).await.is(StatusCode::OK))
}

async fn images_in(site: &Site, region: &str) -> Vec<ImageView> {
    let query = ImageQuery { limit: 100, ..ImageQuery::default() };
    site.world.region(region).images(&site.world.caller, query).await.unwrap().items
}

async fn copies_into(site: &Site, region: &str) -> usize {
    let query = CopyQuery { limit: 100, ..CopyQuery::default() };
    site.world.region(region).copies(&site.world.caller, query).await.unwrap().items.len()
}

async fn limit(world: &World, region: &str, kind: QuotaKind, limit: u64) {
    let operator = Caller { role: Role::Operator, ..world.caller.clone() };
    world.region(region).set_quota(&operator, kind, limit).await.unwrap();
}

async fn under(native: Profile, options: WorldOptions) -> Site {
    let profiles = Profiles::new([(region::NATIVE.to_owned(), native)]).unwrap();
    let mut world = World::with_options(&[NORTH, SOUTH, EAST], options).await;
    world.deployment = world.deployment.clone().with_profiles(profiles);
    Site::of(world, Default::default()).await
}

/// R000-5, R000-8, R002-10: the id, the snapshots, every other region with both quotas, what stays behind; then what it costs.
#[tokio::test]
async fn r002_10_the_dialog_shows_snapshots_and_quotas_of_every_other_region() {
    let site = Site::open([NORTH, SOUTH, EAST]).await;
    let image = site.world.import(NORTH, "golden", &[small(1), small(2)]).await;
    site.world.import(SOUTH, "other", &[small(3)]).await;
    limit(&site.world, SOUTH, QuotaKind::Image, 10).await;
    limit(&site.world, SOUTH, QuotaKind::Snapshot, 50).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&image.id], "")).await;
    page.is(StatusCode::OK).has("Copy golden").has(image.id.as_str()).has("2 snapshots · 512 KiB");
    page.has("class=\"page-dialog\"")
        .has("Roles, service authorisation, user data and the share list");
    page.lacks(&format!("id=\"target-{NORTH}\""))
        .has(&format!("[copied from {NORTH}/{}]", image.id));
    let south = row(&page, SOUTH);
    for text in ["1 of 10", "1 of 50", "Idle", "type=\"checkbox\" name=\"target\""] {
        assert!(south.contains(text), "{text}: {south}");
    }
    assert!(!south.contains("disabled") && !south.contains("checked"), "{south}");
    assert!(row(&page, EAST).contains("0 of 1000"), "{}", row(&page, EAST));
    page.has("team=ferry").has("placeholder=\"golden\"").lacks("class=\"est\"");
    let both = format!("tags=&target={SOUTH}&target={EAST}");
    let priced = visitor.get(&dialog(&[&image.id], &both)).await;
    priced.is(StatusCode::OK).has("Copy to 2 regions").has("+2, +4").has("0.00 USD");
    priced.has("of 1 MiB to send").has("unknown").has("storage, 30 days");
    assert!(row(&priced, SOUTH).contains("checked"));
}

/// R000-8: what is typed is what the target image has, with its origin noted (R002-7).
#[tokio::test]
async fn r000_8_name_description_and_tags_appear_on_the_target_image() {
    let site = Site::open([NORTH, SOUTH]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    let token = opened(&mut visitor, &image.id).await;
    let values = [
        ("image", image.id.as_str()),
        ("target", SOUTH),
        ("token", &token),
        ("name", "golden 2"),
        ("description", "for the shop"),
        ("tags", "team=shop\r\nstage=test"),
    ];
    let done = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    done.is(StatusCode::SEE_OTHER);
    let path = done.location().to_owned();
    assert!(path.starts_with(&format!("/regions/{SOUTH}/copies/copy-")), "{path}");
    visitor.get(&path).await.is(StatusCode::OK).has("The copy to cn-shanghai has begun.");
    // A double click makes one copy, and leads to the same.
    let again = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    assert_eq!(again.is(StatusCode::SEE_OTHER).location(), path);
    site.world.run_until_idle().await;
    let made = images_in(&site, SOUTH).await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].name.as_str(), "golden 2");
    let description = format!("for the shop [copied from {NORTH}/{}]", image.id);
    assert_eq!(made[0].description.as_str(), description);
    let tags: Vec<_> = made[0].tags.iter().collect();
    assert_eq!(tags, [("stage", "test"), ("team", "shop")]);
    site.world.check_world().await;
}

/// R002-7: what is left as it is, is the source's.
#[tokio::test]
async fn r002_7_what_is_not_changed_is_as_the_source_has_it() {
    let site = Site::open([NORTH, SOUTH]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    let token = opened(&mut visitor, &image.id).await;
    let values = [
        ("image", image.id.as_str()),
        ("target", SOUTH),
        ("token", &token),
        ("name", ""),
        ("description", ""),
        ("tags", "team=ferry"),
    ];
    visitor.post(&format!("/regions/{NORTH}/copy"), &values).await.is(StatusCode::SEE_OTHER);
    let made = images_in(&site, SOUTH).await;
    assert_eq!(made[0].name.as_str(), "golden");
    assert!(made[0].description.as_str().starts_with("made by a test [copied from"));
    assert_eq!(made[0].tags.iter().collect::<Vec<_>>(), [("team", "ferry")]);
}

/// R002-10: a target without room is not choosable, says why, and takes nothing if it is asked nevertheless.
#[tokio::test]
async fn r002_10_a_region_that_cannot_hold_it_says_why_and_keeps_what_was_typed() {
    let site = Site::open([NORTH, SOUTH, EAST]).await;
    let image = site.world.import(NORTH, "golden", &[small(1), small(2)]).await;
    limit(&site.world, SOUTH, QuotaKind::Image, 0).await;
    limit(&site.world, EAST, QuotaKind::Snapshot, 1).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&image.id], "")).await;
    let (south, east) = (row(&page, SOUTH), row(&page, EAST));
    assert!(south.contains("no image quota left") && south.contains(" disabled"), "{south}");
    assert!(
        east.contains("room for 1 more snapshot, 2 wanted") && east.contains(" disabled"),
        "{east}"
    );
    page.lacks("Copy to").lacks("data-needs-ticks");
    let token = token(&page);
    let values = [
        ("image", image.id.as_str()),
        ("target", SOUTH),
        ("token", &token),
        ("name", "\"><b>mine"),
        ("description", "words"),
        ("tags", "a=b"),
    ];
    let refused = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    refused.is(StatusCode::CONFLICT).has("role=\"alert\"").has("No copy was begun");
    refused.has("no image quota left").has("value=\"words\"").has(">a=b</textarea>");
    refused.has("value=\"&#34;&#62;&#60;b&#62;mine\"").lacks("<b>mine");
    assert_eq!((copies_into(&site, SOUTH).await, images_in(&site, SOUTH).await.len()), (0, 0));
    site.world.assert_clean_slate(SOUTH).await;
}

/// R003-7: one request, several targets; each answers for itself.
#[tokio::test]
async fn r003_7_each_target_may_fail_alone() {
    let site = Site::open([NORTH, SOUTH, EAST]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    let token = opened(&mut visitor, &image.id).await;
    limit(&site.world, EAST, QuotaKind::Image, 0).await;
    let values = [
        ("image", image.id.as_str()),
        ("target", SOUTH),
        ("target", EAST),
        ("token", &token),
        ("tags", "team=ferry"),
    ];
    let some = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    some.is(StatusCode::MULTI_STATUS).has("1 of 2 copies have begun");
    some.has("no image quota left").has(&format!("/regions/{SOUTH}/copies/copy-"));
    some.has(&format!("/regions/{NORTH}/copy?image={}&#38;target={EAST}", image.id));
    assert_eq!((copies_into(&site, SOUTH).await, copies_into(&site, EAST).await), (1, 0));
}

/// R002-9, R003-6, R003-7: several images to several regions at once.
#[tokio::test]
async fn r003_7_several_images_go_to_several_regions_in_one_submit() {
    let site = Site::open([NORTH, SOUTH, EAST]).await;
    let one = site.world.import(NORTH, "one", &[small(1)]).await;
    let two = site.world.import(NORTH, "two", &[small(2), small(3)]).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&one.id, &two.id, &one.id], "")).await;
    page.is(StatusCode::OK).has("Copy 2 images").has("3 snapshots").has("one").has("two");
    page.lacks("name=\"name\"");
    let token = token(&page);
    let values = [
        ("image", one.id.as_str()),
        ("image", two.id.as_str()),
        ("target", SOUTH),
        ("target", EAST),
        ("token", &token),
        ("tags", ""),
    ];
    let done = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), "/copies");
    visitor.get("/copies").await.has("4 copies have begun.").has("one").has("two");
    site.world.run_until_idle().await;
    for region in [SOUTH, EAST] {
        let mut names: Vec<_> =
            images_in(&site, region).await.iter().map(|view| view.name.to_string()).collect();
        names.sort();
        assert_eq!(names, ["one", "two"]);
    }
}

#[tokio::test]
async fn images_that_cannot_be_copied_are_told_one_by_one_and_nothing_is_choosable() {
    let site = Site::open([NORTH, SOUTH]).await;
    let good = site.world.import(NORTH, "good", &[small(1)]).await;
    let half = site.world.begin_import(NORTH, "half", &[small(2)]).await.unwrap();
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&good.id, &half.id], "image=img-none")).await;
    page.is(StatusCode::UNPROCESSABLE_ENTITY).has("role=\"alert\"").has("There is no such image.");
    page.has("Only an available image can be copied")
        .lacks("type=\"checkbox\"")
        .lacks("data-needs-ticks");
    let nothing = visitor.get(&format!("/regions/{NORTH}/copy")).await;
    nothing.is(StatusCode::UNPROCESSABLE_ENTITY).has("Choose at least one image");
    let values =
        [("image", good.id.as_str()), ("image", half.id.as_str()), ("target", SOUTH), ("tags", "")];
    let sent = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    sent.is(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(copies_into(&site, SOUTH).await, 0);
}

/// R002-1: the profile says how many images go in one request.
#[tokio::test]
async fn r002_1_more_images_than_the_profile_allows_are_told() {
    let native = Profile { images_at_once: 1, targets_at_once: 1, ..Profile::native() };
    let site = under(native, WorldOptions::default()).await;
    let one = site.world.import(NORTH, "one", &[small(1)]).await;
    let two = site.world.import(NORTH, "two", &[small(2)]).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&one.id, &two.id], "")).await;
    page.is(StatusCode::CONFLICT).has("These are too many images").lacks("data-needs-ticks");
    // Every region is told of, though a request names only one.
    let page = visitor.get(&dialog(&[&one.id], "")).await;
    page.is(StatusCode::OK).has("data-most=\"1\"");
    assert!(row(&page, SOUTH).contains("of 1000") && row(&page, EAST).contains("of 1000"));
    let sealed = format!("sealing-{SOUTH}");
    let values = [
        ("image", one.id.as_str()),
        ("target", SOUTH),
        ("target", EAST),
        ("tags", "team=ferry"),
        (sealed.as_str(), "default"),
    ];
    let sent = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    sent.is(StatusCode::CONFLICT).has("These are too many target regions");
}

#[tokio::test]
async fn what_is_typed_wrong_is_marked_and_kept() {
    let site = Site::open([NORTH, SOUTH]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    opened(&mut visitor, &image.id).await;
    let path = format!("/regions/{NORTH}/copy");
    let fixed = [("image", image.id.as_str()), ("target", SOUTH)];
    let name = [&fixed[..], &[("name", "http://x"), ("tags", "team=ferry")]].concat();
    let page = visitor.post(&path, &name).await;
    page.is(StatusCode::UNPROCESSABLE_ENTITY).has("role=\"alert\"").has("value=\"http://x\"");
    page.has("aria-invalid=\"true\"");
    assert!(row(&page, SOUTH).contains("checked"));
    let tags = [&fixed[..], &[("tags", "a=1\r\na=2")]].concat();
    visitor.post(&path, &tags).await.is(StatusCode::UNPROCESSABLE_ENTITY).has("a=2</textarea>");
    let nowhere = [("image", image.id.as_str()), ("tags", "team=ferry")];
    visitor
        .post(&path, &nowhere)
        .await
        .is(StatusCode::UNPROCESSABLE_ENTITY)
        .has("Tick at least one");
    // Without script, a button shows what it would cost.
    let estimate = [&fixed[..], &[("tags", "team=ferry"), ("do", "estimate")]].concat();
    visitor.post(&path, &estimate).await.is(StatusCode::OK).has("class=\"est\"").has("+1, +1");
    assert_eq!(copies_into(&site, SOUTH).await, 0);
}

/// RELIABILITY, console: what people named stays text.
#[tokio::test]
async fn hostile_names_stay_text() {
    let site = Site::open([NORTH, SOUTH]).await;
    let hostile = "<img src=x onerror=alert(1)>";
    let image = site.world.import(NORTH, hostile, &[small(1)]).await;
    site.world.import(SOUTH, hostile, &[small(2)]).await;
    let mut visitor = site.visitor().await;
    let page =
        visitor.get(&dialog(&[&image.id], "name=%22onfocus%3D1&tags=%3C%2Ftextarea%3E")).await;
    page.is(StatusCode::OK).has("older version there").lacks("<img src=x").lacks("\"\"onfocus");
    page.lacks("</textarea></textarea>");
}

/// Where it already exists: the same, or something older of that name.
#[tokio::test]
async fn a_target_says_where_the_image_already_is() {
    let site = Site::open([NORTH, SOUTH, EAST]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    site.world.copy(NORTH, &image.id, SOUTH).await.unwrap();
    site.world.run_until_idle().await;
    site.world.import(EAST, "golden", &[small(9)]).await;
    let page = site.visitor().await.get(&dialog(&[&image.id], "")).await;
    assert!(row(&page, SOUTH).contains("the same there as golden"), "{}", row(&page, SOUTH));
    assert!(row(&page, SOUTH).contains(&format!("/regions/{SOUTH}/images/img-")));
    assert!(row(&page, EAST).contains("older version there: golden"), "{}", row(&page, EAST));
    // Everything is there already, so nothing is to be sent.
    assert!(row(&page, SOUTH).contains("0 B"), "{}", row(&page, SOUTH));
}

/// R004-8: per target, as the source or with a key of the target.
#[tokio::test]
async fn r004_8_each_target_may_seal_with_a_key_of_its_own() {
    let site = Site::open([NORTH, SOUTH, EAST]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let key = site.world.region(SOUTH).create_encryption_key(&site.world.caller).await.unwrap().id;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&image.id], "")).await;
    let offered = |region: &str| {
        let (_, rest) = page.text.split_once(&format!("name=\"sealing-{region}\"")).unwrap();
        rest.split("</select>").next().unwrap().contains(&format!("value=\"key:{key}\""))
    };
    assert!(offered(SOUTH) && !offered(EAST));
    let (field, chosen, token) = (format!("sealing-{SOUTH}"), format!("key:{key}"), token(&page));
    let values = [
        ("image", image.id.as_str()),
        ("target", SOUTH),
        ("target", EAST),
        ("token", &token),
        ("tags", "team=ferry"),
        (field.as_str(), chosen.as_str()),
    ];
    visitor.post(&format!("/regions/{NORTH}/copy"), &values).await.is(StatusCode::SEE_OTHER);
    site.world.run_until_idle().await;
    let (south, east) = (images_in(&site, SOUTH).await, images_in(&site, EAST).await);
    assert_eq!((&south[0].encryption_key, &east[0].encryption_key), (&Some(key), &None));
}

/// R000-7: above the profile's size the dialog is the form of a ticket; an approval lets exactly that copy run.
#[tokio::test]
async fn r000_7_an_image_that_is_too_large_leads_to_a_ticket() {
    let largest = small(1).len() as u64;
    let native = Profile { ticket_above_bytes: Some(largest), ..Profile::native() };
    let site = under(native, WorldOptions::default()).await;
    let fits = site.world.import(NORTH, "fits", &[small(1)]).await;
    let large = site.world.import(NORTH, "large", &[small(2), small(3)]).await;
    let mut visitor = site.visitor().await;
    visitor.get(&dialog(&[&fits.id], "")).await.has("Copy fits").lacks("approval");
    let page = visitor.get(&dialog(&[&large.id], "")).await;
    page.is(StatusCode::OK).has("Ask for approval to copy large").has("name=\"why\"");
    page.has("512 KiB is above the 256 KiB that are copied without an approval");
    let form = format!("/regions/{NORTH}/ticket");
    page.has(&format!("action=\"{form}\""));
    // What is sent from the dialog anyway is directed there too.
    let values = [("image", large.id.as_str()), ("target", SOUTH), ("tags", "team=ferry")];
    let sent = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    let directed = format!("{form}?image={}&target={SOUTH}", large.id);
    assert_eq!(sent.is(StatusCode::SEE_OTHER).location(), directed);
    let page = visitor.get(&directed).await;
    assert!(row(page.is(StatusCode::OK), SOUTH).contains("checked"));
    let no_why = visitor.post(&form, &values).await;
    no_why.is(StatusCode::UNPROCESSABLE_ENTITY).has("aria-invalid=\"true\"").has("checked");
    let why = [&values[..], &[("why", "the shop moves")]].concat();
    let opened = visitor.post(&form, &why).await;
    let path = opened.is(StatusCode::SEE_OTHER).location().to_owned();
    assert!(path.starts_with(&format!("/regions/{NORTH}/tickets/ticket-")), "{path}");
    let north = site.world.region(NORTH);
    let query = TicketQuery { limit: 10, ..TicketQuery::default() };
    let tickets = north.tickets(&site.world.caller, query).await.unwrap().items;
    assert_eq!((tickets.len(), tickets[0].why.as_str()), (1, "the shop moves"));
    // Until it is decided the target is not choosable, and says where the ticket is.
    let page = visitor.get(&dialog(&[&large.id], "tags=")).await;
    assert!(row(&page, SOUTH).contains(&path) && row(&page, SOUTH).contains(" disabled"));
    visitor.post(&form, &why).await.is(StatusCode::CONFLICT).has("has not been decided");
    let operator = Caller { role: Role::Operator, ..site.world.caller.clone() };
    let until = model::Clock::now(&*site.world.clock).plus_ms(86_400_000);
    let approve = DecideTicket::Approve { until, answer: None };
    north.decide_ticket(&operator, &tickets[0].id, approve).await.unwrap();
    let page = visitor.get(&dialog(&[&large.id], "tags=")).await;
    assert!(!row(&page, SOUTH).contains(" disabled"), "{}", row(&page, SOUTH));
    let done = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    assert!(done.is(StatusCode::SEE_OTHER).location().contains("/copies/copy-"));
}

/// R003-2: across a border a copy needs an approval; the row says so, and other regions are free.
#[tokio::test]
async fn r003_2_a_target_across_the_border_asks_for_an_approval() {
    let native = Profile { border: Border::NeedsApproval, ..Profile::native() };
    let zones = [(EAST.parse().unwrap(), "abroad".parse().unwrap())].into();
    let site = under(native, WorldOptions { zones, ..WorldOptions::default() }).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&dialog(&[&image.id], "")).await;
    page.is(StatusCode::OK).has("Copy golden");
    let east = row(&page, EAST);
    assert!(east.contains("from zone default to zone abroad a copy needs an approval"), "{east}");
    assert!(east.contains(&format!("/regions/{NORTH}/ticket?image={}", image.id)), "{east}");
    assert!(!row(&page, SOUTH).contains("approval"), "{}", row(&page, SOUTH));
    let east_alone = visitor.get(&dialog(&[&image.id], &format!("tags=&target={EAST}"))).await;
    east_alone.has("need an approval first").has("Ask for approval</button>");
    // One goes, the other is told with its way on.
    let values =
        [("image", image.id.as_str()), ("target", SOUTH), ("target", EAST), ("tags", "team=ferry")];
    let some = visitor.post(&format!("/regions/{NORTH}/copy"), &values).await;
    some.is(StatusCode::MULTI_STATUS).has("1 of 2 copies have begun").has("Ask for approval");
}

#[tokio::test]
async fn a_form_without_its_token_copies_nothing_and_the_dialog_speaks_chinese() {
    let site = Site::open([NORTH, SOUTH]).await;
    let image = site.world.import(NORTH, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    opened(&mut visitor, &image.id).await;
    let values = [("image", image.id.as_str()), ("target", SOUTH), ("tags", "team=ferry")];
    let path = format!("/regions/{NORTH}/copy");
    visitor.post_bare(&path, &values, &[]).await.is(StatusCode::FORBIDDEN);
    assert_eq!(copies_into(&site, SOUTH).await, 0);
    visitor.cookies.insert("ferry-language".to_owned(), "zh".to_owned());
    let page = visitor.get(&dialog(&[&image.id], &format!("tags=&target={SOUTH}"))).await;
    page.is(StatusCode::OK).has("复制 golden").has("复制到 1 个地域").has("目标地域");
}
