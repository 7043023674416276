//! Tickets: listed, shown, approved and refused (R000-7, R003-2).

use axum::http::StatusCode;
use model::{Clock, ImageId, Profile, Remark, Role, TicketId, Timestamp};
use region::testing::{World, disk, region_id};
use region::{Caller, NewUser, OpenTicket, Profiles, SystemClock};

use crate::acting::{foreigner, with_role};
use crate::kit::{Site, Visitor};

const HERE: &str = "cn-hangzhou";
const THERE: &str = "ap-southeast-1";
const FAR: &str = "eu-central-1";
const DAY_MS: i64 = 86_400_000;

/// A site in which every copy needs an approval, and whose clock shows the present: pages tell by it what is over.
async fn site() -> (Site, ImageId) {
    let mut world = World::with_regions([HERE, THERE, FAR]).await;
    let native = Profile { ticket_above_bytes: Some(65_536), ..Profile::native() };
    let profiles = Profiles::new([(region::NATIVE.to_owned(), native)]).unwrap();
    world.deployment = world.deployment.clone().with_profiles(profiles);
    world.clock.advance_ms(SystemClock.now().ms_since(world.clock.now()));
    let image = world.import(HERE, "golden", &[disk(1, 2, Some)]).await.id;
    (Site::of(world, Default::default()).await, image)
}

async fn open(site: &Site, image: &ImageId, targets: &[&str], why: &str) -> TicketId {
    let targets = targets.iter().map(|target| region_id(target)).collect();
    let command = OpenTicket { image: image.clone(), targets, why: Remark::new(why).unwrap() };
    site.world.region(HERE).open_ticket(&site.world.caller, command).await.unwrap().id
}

fn path(ticket: &TicketId) -> String {
    format!("/regions/{HERE}/tickets/{ticket}")
}

/// A day so many days from now, as the form writes it.
fn day(days: i64) -> String {
    let moment = SystemClock.now().plus_ms(days * DAY_MS);
    Timestamp(moment.0).to_string()[..10].to_owned()
}

/// An owner of the stranger's account.
async fn neighbour(site: &Site) -> Visitor {
    let accounts = &site.world.deployment.accounts;
    let account = site.world.stranger().account;
    let name = model::Name::new("neighbour").unwrap();
    let user = NewUser { account: Some(account.clone()), name, role: Role::Owner };
    let user = accounts.create_user(&site.world.caller, user).await.unwrap().id;
    let caller =
        Caller { account, user: Some(user), role: Role::Owner, ..site.world.caller.clone() };
    let link = accounts.create_sign_in_link(&caller).await.unwrap();
    let mut visitor = site.guest();
    visitor.get(&format!("/sign-in/once/{}", link.token)).await.is(StatusCode::OK);
    visitor
}

/// R000-7, R003-2: an operator approves; then exactly that copy runs, from a link on the ticket.
#[tokio::test]
async fn r000_7_an_approved_ticket_lets_its_copies_run_once() {
    let (site, image) = site().await;
    let ticket = open(&site, &image, &[THERE, FAR], "<b>we move</b>").await;
    let mut owner = with_role(&site, Role::Owner).await;
    let list = owner.get("/tickets").await;
    list.is(StatusCode::OK).has(ticket.as_str()).has("golden").has("Open").lacks("Everyone");
    list.has("&#60;b&#62;we move&#60;/b&#62;").lacks("<b>we").has("ap-southeast-1, eu-central-1");
    let page = owner.get(&path(&ticket)).await;
    page.is(StatusCode::OK).has("none yet").lacks("Copy now</a>").lacks("name=\"until\"");
    owner
        .post(&path(&ticket), &[("do", "approve"), ("until", &day(7))])
        .await
        .is(StatusCode::FORBIDDEN);

    let mut operator = with_role(&site, Role::Operator).await;
    let form = operator.get(&path(&ticket)).await;
    form.has("type=\"date\" name=\"until\"").has(&format!("max=\"{}\"", day(89)));
    let values = [("do", "approve"), ("until", &*day(7)), ("answer", "<i>go</i>")];
    let done = operator.post(&path(&ticket), &values).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), path(&ticket));
    operator.get(&path(&ticket)).await.has("The ticket was approved.").lacks("name=\"until\"");

    let page = owner.get(&path(&ticket)).await;
    let copy = format!("/regions/{HERE}/copy?image={image}&#38;target={THERE}");
    page.has("Approved").has("&#60;i&#62;go").has(&format!("href=\"{copy}\" data-dialog>Copy now"));
    let dialog = owner.get(&copy.replace("&#38;", "&")).await;
    dialog.is(StatusCode::OK).has(&format!("value=\"{THERE}\" aria-label=\"{THERE}\" checked"));
    let (_, token) = dialog.text.split_once("name=\"token\" value=\"").unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    let values = [("image", image.as_str()), ("target", THERE), ("token", &token)];
    let copied = owner.post(&format!("/regions/{HERE}/copy"), &values).await;
    copied.is(StatusCode::SEE_OTHER);
    let page = owner.get(&path(&ticket)).await;
    page.has("/regions/ap-southeast-1/copies/copy-").lacks(&format!("href=\"{copy}\""));
    page.has(&format!("target={FAR}\" data-dialog>Copy now"));
    site.world.run_until_idle().await;
    site.world.check_world().await;
}

#[tokio::test]
async fn what_an_operator_typed_is_kept_when_it_is_refused() {
    let (site, image) = site().await;
    let ticket = open(&site, &image, &[THERE], "we move").await;
    let mut operator = site.visitor().await;
    operator.get(&path(&ticket)).await;
    for (until, kept) in [("", "value=\""), ("tomorrow", "value=\"tomorrow\"")] {
        let values = [("do", "approve"), ("until", until), ("answer", "kept")];
        let refused = operator.post(&path(&ticket), &values).await;
        refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("Choose the last day").has("aria-invalid");
        refused.has(kept).has("\nkept</textarea>");
    }
    // Beyond 90 days, and in the past.
    for until in [day(91), day(-2)] {
        let values = [("do", "approve"), ("until", &*until), ("answer", "kept")];
        let refused = operator.post(&path(&ticket), &values).await;
        refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("class=\"problem\"").has(&until);
    }
    let refused = operator.post(&path(&ticket), &[("do", "refuse"), ("reason", " ")]).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("Say why it is refused");
    let long = "r".repeat(1_001);
    let refused = operator.post(&path(&ticket), &[("do", "refuse"), ("reason", &long)]).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY).has(&long);
    operator.get(&path(&ticket)).await.has("Open").has("name=\"until\"");
    // The longest that is offered is taken.
    let values = [("do", "approve"), ("until", &*day(89)), ("answer", "")];
    operator.post(&path(&ticket), &values).await.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_ticket_is_refused_with_a_reason_and_only_once() {
    let (site, image) = site().await;
    let ticket = open(&site, &image, &[THERE], "we move").await;
    let (mut operator, mut other) = (site.visitor().await, foreigner(&site).await);
    operator.get(&path(&ticket)).await;
    other.get(&path(&ticket)).await.is(StatusCode::OK);
    let values = [("do", "refuse"), ("reason", "not <now>")];
    operator.post(&path(&ticket), &values).await.is(StatusCode::SEE_OTHER);
    let page = operator.get(&path(&ticket)).await;
    page.has("The ticket was refused.").has("not &#60;now&#62;").lacks("Copy now</a>");
    // The second operator was slower.
    let late = other.post(&path(&ticket), &[("do", "approve"), ("until", &day(7))]).await;
    late.is(StatusCode::CONFLICT).has("class=\"problem\"").has("Refused");
}

/// I12: another account's tickets are as absent as those that never were; operators see everyone's.
#[tokio::test]
async fn i12_only_operators_see_the_tickets_of_others() {
    let (site, image) = site().await;
    let ticket = open(&site, &image, &[THERE], "we move").await;
    let mut neighbour = neighbour(&site).await;
    for page in ["/tickets", "/tickets?whose=everyone"] {
        neighbour.get(page).await.is(StatusCode::OK).has("No tickets here").lacks(ticket.as_str());
    }
    neighbour.get(&path(&ticket)).await.is(StatusCode::NOT_FOUND);
    let values = [("do", "approve"), ("until", &*day(7))];
    neighbour.post(&path(&ticket), &values).await.is(StatusCode::NOT_FOUND);
    let mut operator = foreigner(&site).await;
    operator.get("/tickets").await.lacks(ticket.as_str()).has("whose=everyone");
    let everyone = operator.get("/tickets?whose=everyone").await;
    // The image is another's: it is named by its id, and leads nowhere.
    everyone.has(ticket.as_str()).has(image.as_str()).lacks("golden").lacks("/images/img-");
    operator.get(&path(&ticket)).await.has("name=\"until\"").has("we move").lacks("Copy now</a>");
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get(&path(&ticket)).await.is(StatusCode::OK).lacks("name=\"until\"");
}

#[tokio::test]
async fn tickets_are_shown_by_state_and_say_when_they_are_over() {
    let (site, image) = site().await;
    let first = open(&site, &image, &[THERE], "one").await;
    let second = open(&site, &image, &[FAR], "two").await;
    let mut operator = site.visitor().await;
    operator.get(&path(&first)).await;
    operator.post(&path(&first), &[("do", "approve"), ("until", &day(3))]).await;
    let list = operator.get("/tickets?state=open").await;
    list.has(second.as_str()).lacks(first.as_str());
    let list = operator.get("/tickets?state=approved&region=cn-hangzhou").await;
    list.has(first.as_str()).lacks(second.as_str()).lacks("<th scope=\"col\">Region</th>");
    operator.get("/tickets?state=refused").await.has("No ticket is in this state");
    operator.get("/tickets?state=nonsense").await.has(first.as_str()).has(second.as_str());
    let mut watched = operator.watch(&path(&second)).await;
    assert!(watched.next().await.unwrap().1.contains("Open"));
    operator.get(&path(&second)).await;
    operator.post(&path(&second), &[("do", "refuse"), ("reason", "no")]).await;
    let (event, data) = watched.next().await.unwrap();
    assert!(event == "part" && data.contains("Refused"), "{data}");
    operator.post("/settings", &[("language", "zh"), ("next", "/")]).await;
    operator.get("/tickets").await.has("工单").has("已批准").has("已拒绝");
}
