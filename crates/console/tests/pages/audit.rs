//! The audit trails: read by page, searched, checked.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use model::{Description, Name, Role};
use region::testing::disk;
use region::{AuditQuery, EditImage};

use crate::kit::{Answer, Site};
use crate::someone::{Someone, between};

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";
const HOSTILE: &str = "</dd><img src=x onerror=alert(1)>";

fn small() -> Vec<u8> {
    disk(1, 2, |chunk| (chunk == 0).then_some(1))
}

/// The entries on a page, by trail and number.
fn entries(page: &Answer) -> Vec<String> {
    let rows = page.text.split("<tr id=\"").skip(1);
    rows.map(|row| row.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_change_says_who_when_what_and_how_it_was_before() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small()]).await;
    let edit = EditImage { name: Some(Name::new(HOSTILE).unwrap()), ..EditImage::default() };
    site.world.region(HERE).edit_image(&site.world.caller, &image.id, edit).await.unwrap();
    let mut visitor = site.visitor().await;
    let page = visitor.get(&format!("/audit?subject={}", image.id)).await;
    page.is(StatusCode::OK).has("<code>image.edit</code>").has("<details><summary>name");
    page.has("<del><bdi>golden</bdi></del>").has("Region cn-hangzhou").lacks("<img src=x");
    page.has("<ins><bdi>&#60;/dd&#62;&#60;img src=x onerror=alert(1)&#62;</bdi></ins>");
    // Who, by name, and the request.
    page.has(">admin</span>").has("@default").has("title=\"test\">test</td>");
    page.lacks("session.open").lacks("key.create");
    let all = visitor.get("/audit").await;
    all.has("session.open").has("Accounts and users").has("image.edit");
    visitor.get("/audit?trail=accounts").await.has("session.open").lacks("image.edit");
    visitor.get("/audit?region=cn-hangzhou").await.has("image.edit").lacks("session.open");
    visitor.get("/audit?region=cn-shanghai").await.has("Nothing was changed that fits");
    visitor.get("/audit?region=nowhere").await.is(StatusCode::NOT_FOUND);
}

/// Every entry of every trail is on exactly one page; a broken place in the list is its beginning.
#[tokio::test]
async fn pages_follow_one_another_over_all_trails() {
    let site = Site::open([HERE, THERE]).await;
    let (here, there) = (site.world.region(HERE), site.world.region(THERE));
    let golden = site.world.import(HERE, "golden", &[small()]).await;
    let silver = site.world.import(THERE, "silver", &[small()]).await;
    for number in 0..70 {
        let description = Some(Description::new(&format!("number {number}")).unwrap());
        let edit = EditImage { description, ..EditImage::default() };
        let (region, image) = if number % 3 == 0 { (&there, &silver) } else { (&here, &golden) };
        region.edit_image(&site.world.caller, &image.id, edit).await.unwrap();
        site.world.clock.advance_ms(1_000);
    }
    let mut visitor = site.visitor().await;
    let query = || AuditQuery { limit: 1_000, ..AuditQuery::default() };
    let caller = &site.world.caller;
    let mut wanted =
        site.world.deployment.accounts.audit(caller, query()).await.unwrap().items.len();
    for region in [&here, &there] {
        wanted += region.audit(caller, query()).await.unwrap().items.len();
    }
    let mut page = visitor.get("/audit").await;
    let first = entries(&page);
    let (mut seen, mut pages) = (first.clone(), 1);
    while page.text.contains("rel=\"next\"") {
        let link = page.text.split("<a href=\"").find(|part| part.contains("rel=\"next\""));
        let link = link.unwrap().split('"').next().unwrap().replace("&#38;", "&");
        page = visitor.get(&link).await;
        seen.extend(entries(&page));
        pages += 1;
    }
    page.has("First page");
    assert_eq!(seen.len(), wanted);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), wanted);
    assert_eq!(pages, wanted.div_ceil(50));
    for broken in ["x", "%3Cb%3E", "bm9uc2Vuc2U", "%00", "OmFjY291bnRzPS0xIA"] {
        let page = visitor.get(&format!("/audit?after={broken}")).await;
        assert_eq!(entries(page.is(StatusCode::OK)), first, "{broken}");
    }
}

/// I12: who is no operator sees the own account's doings alone; operators choose an account by id or name.
#[tokio::test]
async fn a_reader_sees_the_own_accounts_doings_alone() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small()]).await;
    let other = Someone::elsewhere(&site, "other", Role::Reader).await;
    let mut visitor = other.visitor(&site).await;
    let page = visitor.get("/audit").await;
    page.has("session.open").lacks(image.id.as_str()).lacks("Verify the chain").lacks("@default");
    let own = &site.world.caller.account;
    for query in [format!("account={own}"), format!("subject={}", image.id)] {
        visitor.get(&format!("/audit?{query}")).await.has("Nothing was changed that fits");
    }
    visitor.post("/audit/verify", &[]).await.is(StatusCode::FORBIDDEN);
    let mut operator = Someone::new(&site, Role::Operator).await.visitor(&site).await;
    operator.get("/audit").await.has(image.id.as_str()).has("@other");
    for account in ["other", other.caller.account.as_str()] {
        let page = operator.get(&format!("/audit?account={account}")).await;
        page.has("session.open").has("@other").lacks("name\" dir=\"auto\">@default");
        page.lacks(image.id.as_str());
    }
    let page = operator.get("/audit?account=%3Cb%3Enobody").await;
    page.has("Nothing was changed that fits").lacks("<b>nobody");
}

#[tokio::test]
async fn an_operator_verifies_the_chains() {
    let site = Site::open([HERE, THERE]).await;
    site.world.import(HERE, "golden", &[small()]).await;
    let mut operator = Someone::new(&site, Role::Operator).await.visitor(&site).await;
    let page = operator.get("/audit").await;
    let form = between(&page.text, "<form method=\"post\" action=\"/audit", "\"");
    assert_eq!(form, "/verify");
    let found = operator.post("/audit/verify", &[]).await;
    found.is(StatusCode::OK).has("Accounts and users").has("Region cn-hangzhou").has("Whole");
    found.has("Region cn-shanghai").has("It has no entries yet").lacks("Broken");
    let found = operator.post("/audit/verify?region=cn-hangzhou", &[]).await;
    found.has("Region cn-hangzhou").lacks("Region cn-shanghai").lacks("It has no entries yet");
}
