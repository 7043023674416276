//! Snapshots: listed by origin, searched, shown, copied, made into images, deleted (R000-13).

use axum::http::StatusCode;
use model::{Profile, Role, Sealing, SnapshotId};
use region::testing::{World, disk, region_id};
use region::{CopySnapshot, ImageView, SnapshotQuery, SnapshotSelection, SnapshotView};

use crate::acting::{foreigner, with_role};
use crate::kit::{Answer, Site, Visitor};

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";
const HOSTILE: &str = "<img src=x onerror=alert(1)>{{7*7}}";

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 2, |chunk| (chunk == 0).then_some(seed))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The snapshot under an image's first disk.
fn under(image: &ImageView) -> SnapshotId {
    image.disks[0].snapshot.clone().unwrap()
}

fn path(region: &str, snapshot: &SnapshotId) -> String {
    format!("/regions/{region}/snapshots/{snapshot}")
}

async fn all(world: &World, region: &str, selection: SnapshotSelection) -> Vec<SnapshotView> {
    let query = SnapshotQuery { selection, image: None, after: None, limit: 100 };
    world.region(region).snapshots(&world.caller, query).await.unwrap().items
}

/// Deletes an image and leaves its snapshots.
async fn keep_snapshots(world: &World, image: &ImageView) {
    let (region, keep) = (world.region(image.region.as_str()), region::SnapshotsOfImage::Keep);
    region.delete_image(&world.caller, &image.id, model::rules::Force::No, keep).await.unwrap();
}

/// The hidden token that the form of a page carries.
fn token(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// R000-13: copied snapshots are viewed in the target region, with the source region, the source snapshot and the copy.
#[tokio::test]
async fn r000_13_copied_snapshots_are_listed_with_where_they_come_from() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1), small(2)]).await;
    let copy = site.world.copy(HERE, &image.id, THERE).await.unwrap();
    site.world.run_until_idle().await;
    let mut visitor = site.visitor().await;
    let page = visitor.get("/snapshots?region=cn-shanghai&origin=copied").await;
    page.is(StatusCode::OK).has("2 snapshots").has("copied from cn-hangzhou");
    page.has(&format!("href=\"{}\"", path(HERE, &under(&image))));
    page.has(&format!("href=\"/regions/cn-shanghai/copies/{}\"", copy.copy));
    page.has("System disk").has("Data disk 1").has("128 KiB").has("Available").has("not encrypted");
    page.has(&format!("href=\"/regions/cn-shanghai/images/{}\">golden</a>", copy.image));
    page.lacks("<td class=\"wrap\"><span class=\"muted\">imported");
    let page = visitor.get("/snapshots?region=cn-shanghai&origin=imported").await;
    page.has("No snapshot fits").has("0 snapshots").has("Show all");
    let page = visitor.get("/snapshots?region=cn-hangzhou&origin=imported").await;
    page.has("2 snapshots").has("<span class=\"muted\">imported</span>").lacks("copied from");
    let page = visitor.get("/snapshots").await;
    page.has("4 snapshots").has("<th scope=\"col\">Region</th>");
    assert_eq!(page.text.matches("<tr id=\"").count(), 4);
    visitor.get("/snapshots?region=nowhere").await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn snapshots_are_found_by_id_and_by_name() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let named = copied(&site.world, &under(&image), "db-weekly").await;
    let mut visitor = site.visitor().await;
    let rows = |page: &Answer| page.text.matches("<tr id=\"").count();
    let page = visitor.get("/snapshots?q=week").await;
    page.has("db-weekly").has("value=\"week\"");
    assert_eq!(rows(&page), 1);
    let page = visitor.get(&format!("/snapshots?q={named}")).await;
    assert_eq!(rows(page.has(named.as_str())), 1);
    visitor.get("/snapshots?q=none-such").await.has("No snapshot fits");
    visitor
        .get(&format!("/snapshots?q={}", encoded(HOSTILE)))
        .await
        .lacks("<img src=x")
        .has("&#60;img src=x");
}

/// A copy of a snapshot from here to there.
async fn copied(world: &World, snapshot: &SnapshotId, name: &str) -> SnapshotId {
    let command = CopySnapshot {
        snapshot: snapshot.clone(),
        target: region_id(THERE),
        name: Some(name.to_owned()),
        description: None,
        tags: None,
        sealing: Sealing::AsSource,
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    world.region(HERE).copy_snapshot(&world.caller, command).await.unwrap().snapshot
}

#[tokio::test]
async fn a_page_has_fifty_rows_of_all_regions_and_leads_to_the_next() {
    let site = Site::open([HERE, THERE]).await;
    for number in 0..26 {
        for place in [HERE, THERE] {
            site.world.import(place, "web", &[small(number), small(number + 100)]).await;
            site.world.clock.advance_ms(1_000);
        }
    }
    let mut visitor = site.visitor().await;
    let ids = |page: &Answer| {
        let rows = page.text.split("<tr id=\"").skip(1);
        rows.map(|row| row.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (mut seen, mut next) = (Vec::new(), "/snapshots".to_owned());
    for expected in [50, 50, 4] {
        let page = visitor.get(&next).await;
        page.has("104 snapshots");
        assert_eq!(ids(&page).len(), expected);
        seen.extend(ids(&page));
        let link = page.text.split("\" rel=\"next\"").next().unwrap();
        next = link.rsplit("href=\"").next().unwrap().replace("&#38;", "&");
        assert_eq!(page.text.contains("rel=\"next\""), expected == 50);
        assert_eq!(page.text.contains("First page"), seen.len() > 50);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 104);
}

#[tokio::test]
async fn the_page_of_one_shows_its_facts_and_what_may_be_done() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let path = path(HERE, &under(&image));
    let mut visitor = site.visitor().await;
    let page = visitor.get(&path).await;
    let digest = image.disks[0].digest.unwrap().to_string();
    page.is(StatusCode::OK).has(&format!("data-copy=\"{digest}\"")).has("golden").has("64 KiB");
    page.has(&format!("href=\"{path}/copy\" data-dialog>Copy Snapshot"));
    page.has(&format!("href=\"{path}/image\" data-dialog>Create Image"));
    // An image rests on it.
    page.lacks(&format!("href=\"{path}/delete\"")).has("aria-disabled=\"true\" title=\"");
    let mut other = foreigner(&site).await;
    for page in ["", "/copy", "/image", "/delete"] {
        other.get(&format!("{path}{page}")).await.is(StatusCode::NOT_FOUND);
    }
    other.get("/snapshots").await.has("No snapshots here yet").lacks(under(&image).as_str());
    let missing = SnapshotId::from_random(|| 1);
    visitor.get(&format!("/regions/{HERE}/snapshots/{missing}")).await.is(StatusCode::NOT_FOUND);
    visitor.get("/regions/cn-hangzhou/snapshots/x").await.is(StatusCode::NOT_FOUND);
}

/// A copy on its way is shown with its percent, and the page of a snapshot that is gone says so.
#[tokio::test]
async fn what_is_being_copied_is_watched_and_deleting_it_cancels_that() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let snapshot = copied(&site.world, &under(&image), HOSTILE).await;
    let mut visitor = site.visitor().await;
    let list = visitor.get("/snapshots?region=cn-shanghai").await;
    list.has("Copying").has("<span class=\"num\">0 %</span>").lacks("<img src=x").lacks(">49<");
    let there = path(THERE, &snapshot);
    visitor.get(&there).await.has("&#60;img src=x").lacks("<img src=x");
    // The source says who reads it.
    visitor.get(&path(HERE, &under(&image))).await.has("being copied to cn-shanghai");
    let mut watched = visitor.watch(&there).await;
    assert!(watched.next().await.unwrap().1.contains("Copying"));
    visitor.get(&format!("{there}/delete")).await.has("Deleting it cancels that");
    let done = visitor.post(&format!("{there}/delete"), &[]).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), "/snapshots?region=cn-shanghai");
    visitor.get("/snapshots").await.has("was deleted").lacks("<img src=x").lacks(snapshot.as_str());
    assert_eq!(watched.next().await.unwrap().0, "gone");
    site.world.run_until_idle().await;
    site.world.assert_clean_slate(THERE).await;
}

#[tokio::test]
async fn a_snapshot_is_deleted_by_its_form_and_one_in_use_says_why_not() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let path = path(HERE, &under(&image));
    let mut visitor = site.visitor().await;
    let form = visitor.get(&format!("{path}/delete")).await;
    form.is(StatusCode::CONFLICT).has("class=\"problem\"").lacks("<button class=\"btn danger");
    let refused = visitor.post(&format!("{path}/delete"), &[]).await;
    refused.is(StatusCode::CONFLICT).has("class=\"problem\"");
    keep_snapshots(&site.world, &image).await;
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get(&path).await.is(StatusCode::OK).lacks(&format!("{path}/delete\""));
    reader.post(&format!("{path}/delete"), &[]).await.is(StatusCode::FORBIDDEN);
    visitor.get("/snapshots").await.has("used by nothing");
    visitor.get(&format!("{path}/delete")).await.is(StatusCode::OK).has("It holds 64 KiB");
    visitor.post(&format!("{path}/delete"), &[]).await.is(StatusCode::SEE_OTHER);
    assert!(all(&site.world, HERE, SnapshotSelection::All).await.is_empty());
    visitor.get(&path).await.is(StatusCode::NOT_FOUND);
    visitor.post(&format!("{path}/delete"), &[]).await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_snapshot_is_copied_by_its_form_once_however_often_that_is_sent() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let form = format!("{}/copy", path(HERE, &under(&image)));
    let mut visitor = site.visitor().await;
    let page = visitor.get(&format!("{form}?target=cn-shanghai")).await;
    page.is(StatusCode::OK).has("<option value=\"cn-shanghai\" selected>");
    let token = token(&page);
    let send = async |visitor: &mut Visitor, token: &str, values: [&str; 3]| {
        let [target, name, description] = values;
        let named = [("target", target), ("name", name), ("description", description)];
        visitor.post(&form, &[&named[..], &[("sealing", ""), ("token", token)]].concat()).await
    };
    // Refusals keep what was typed.
    let none = send(&mut visitor, &token, ["", "kept", "words"]).await;
    none.is(StatusCode::UNPROCESSABLE_ENTITY).has("Choose a target region").has("value=\"kept\"");
    let long = "d".repeat(257);
    let refused = send(&mut visitor, &token, [THERE, "kept", &long]).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("aria-invalid").has("value=\"kept\"");
    refused.has("<option value=\"cn-shanghai\" selected>").has(&long);
    let nowhere = send(&mut visitor, &token, ["eu-nowhere", "kept", ""]).await;
    nowhere.has("class=\"problem\"").has("value=\"kept\"");
    // A refused request may have used its token up: the form that is shown then has another.
    let token = self::token(&nowhere);
    let done = send(&mut visitor, &token, [THERE, "weekly", ""]).await;
    let first = done.is(StatusCode::SEE_OTHER).location().to_owned();
    assert!(first.starts_with("/regions/cn-shanghai/copies/copy-"), "{first}");
    assert_eq!(send(&mut visitor, &token, [THERE, "weekly", ""]).await.location(), first);
    site.world.run_until_idle().await;
    let copies = all(&site.world, THERE, SnapshotSelection::Copied).await;
    assert_eq!(copies.len(), 1);
    assert_eq!((copies[0].name.as_str(), copies[0].percent), ("weekly", 100));
    visitor.get("/snapshots?region=cn-shanghai").await.has("weekly").has("has begun");
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get(&form).await.is(StatusCode::FORBIDDEN).lacks("<select name=\"target\"");
    send(&mut reader, &token, [THERE, "", ""]).await.is(StatusCode::FORBIDDEN);
    site.world.check_world().await;
}

#[tokio::test]
async fn an_image_is_made_of_several_snapshots() {
    let site = Site::open([HERE]).await;
    let web = site.world.import(HERE, "web", &[small(1)]).await;
    let data = under(&site.world.import(HERE, "data", &[small(2)]).await);
    let form = format!("{}/image", path(HERE, &under(&web)));
    let mut visitor = site.visitor().await;
    let page = visitor.get(&form).await;
    // Filled in as the image is that rests on it.
    page.is(StatusCode::OK).has("<option value=\"arm64\" selected>").has("value=\"Debian 12\"");
    page.has(&format!("<option value=\"{data}\">"));
    let token = token(&page);
    let values = |name: &'static str, disk: String, button| {
        [
            ("name", name.to_owned()),
            ("description", "kept words".to_owned()),
            ("architecture", "riscv64".to_owned()),
            ("os_type", "linux".to_owned()),
            ("platform", "Ferry OS".to_owned()),
            ("boot_mode", "uefi".to_owned()),
            ("disk", disk),
            ("do", button),
            ("token", token.clone()),
        ]
    };
    let mut post = async |name, disk: &str, button: &str| {
        let values = values(name, disk.to_owned(), button.to_owned());
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        visitor.post(&form, &values).await
    };
    let more = post("both", data.as_str(), "more").await;
    more.is(StatusCode::OK).has("Data disk 3").has(&format!("value=\"{data}\"")).has("kept words");
    let refused = post("x", data.as_str(), "make").await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("aria-invalid").has("kept words");
    refused.has("<option value=\"riscv64\" selected>").has(&format!("value=\"{data}\""));
    let wrong = post("both", HOSTILE, "make").await;
    wrong.is(StatusCode::UNPROCESSABLE_ENTITY).lacks("<img src=x").has("is no id of a snapshot");
    let absent = SnapshotId::from_random(|| 3);
    // The form is still there, and so is what was typed into it.
    let wrong = post("both", absent.as_str(), "make").await;
    wrong.is(StatusCode::CONFLICT).has("class=\"problem\"").has(absent.as_str()).has("kept words");
    let done = post("both", data.as_str(), "make").await;
    let image = done.is(StatusCode::SEE_OTHER).location().to_owned();
    // Sent again, it is the same image.
    assert_eq!(post("both", data.as_str(), "make").await.location(), image);
    let id = image.rsplit('/').next().unwrap().parse().unwrap();
    let made = site.world.region(HERE).image(&site.world.caller, &id).await.unwrap();
    let disks: Vec<_> = made.disks.iter().map(|disk| disk.snapshot.clone().unwrap()).collect();
    assert_eq!(disks, [under(&web), data.clone()]);
    assert_eq!(made.attributes.platform.as_str(), "Ferry OS");
    // Two images rest on the first one now.
    visitor.get("/snapshots").await.has(">both</a>").has(">web</a>");
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get(&form).await.is(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn snapshots_are_told_in_chinese() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    site.world.copy(HERE, &image.id, THERE).await.unwrap();
    site.world.run_until_idle().await;
    let mut visitor = site.visitor().await;
    visitor.post("/settings", &[("language", "zh"), ("next", "/")]).await;
    let page = visitor.get("/snapshots").await;
    page.has("快照").has("复制自 cn-hangzhou").has("共 2 个快照").has("系统盘");
    visitor.get(&format!("{}/copy", path(HERE, &under(&image)))).await.has("目标地域");
}
