//! The list of images and the page of one (R000-6, R000-9, R002-9, R003-6).

use axum::http::StatusCode;
use model::Profile;
use region::testing::{World, WorldOptions, disk};
use region::{Caller, EditImage, Profiles};

use crate::kit::{Site, Visitor};

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";

/// A disk of one chunk whose contents are those of `seed`.
fn small(seed: u64) -> Vec<u8> {
    disk(seed, 2, |chunk| (chunk == 0).then_some(seed))
}

/// A new user of an account, signed in.
async fn somebody(site: &Site, account: &model::AccountId, role: model::Role) -> Visitor {
    let accounts = &site.world.deployment.accounts;
    let name = model::Name::new("somebody").unwrap();
    let user = region::NewUser { account: Some(account.clone()), name, role };
    let user = accounts.create_user(&site.world.caller, user).await.unwrap();
    let account = account.clone();
    let caller = Caller { account, user: Some(user.id), role, ..site.world.caller.clone() };
    let link = accounts.create_sign_in_link(&caller).await.unwrap();
    let mut visitor = site.guest();
    visitor.get(&format!("/sign-in/once/{}", link.token)).await.is(StatusCode::OK);
    visitor
}

/// The names in a list, from above.
fn names(page: &str) -> Vec<String> {
    let cells = page.split("<td><a class=\"name\"").skip(1);
    cells.map(|cell| between(cell, ">", "<").to_owned()).collect()
}

fn between<'t>(text: &'t str, before: &str, behind: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split(behind).next().unwrap()
}

/// R000-6: the heading, the tabs, and a row with all that there is to say.
#[tokio::test]
async fn r000_6_a_custom_image_is_listed_with_its_facts_and_copied_from_its_row() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1), small(2), small(3)]).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get("/images?region=cn-hangzhou").await;
    page.is(StatusCode::OK).has("One custom image holds 192 KiB in cn-hangzhou.");
    page.has("Custom <span class=\"num faint\">1</span>").has("Shared with me").has("Public");
    page.has(image.id.as_str()).has("Custom image").has("Available").has("1 + 2").has("384 KiB");
    page.has("team=ferry");
    let copy =
        format!("href=\"/regions/cn-hangzhou/copy?image={}\" data-dialog>Copy Image", image.id);
    page.has(&copy);
    for action in ["instance", "export", "share", "publish", "edit", "delete"] {
        page.has(&format!("/regions/cn-hangzhou/images/{}/{action}\"", image.id));
    }
    page.lacks("<th scope=\"col\">Region</th>").lacks("Cancel Copy");
    visitor
        .get("/images")
        .await
        .has("<th scope=\"col\">Region</th>")
        .has("holds 192 KiB in 2 regions");
    visitor
        .get("/images?region=cn-shanghai")
        .await
        .has("There are no custom images in cn-shanghai");
}

/// R000-6, R001-8: what is another's, or published, says why it is not copied.
#[tokio::test]
async fn r000_6_what_is_no_custom_image_is_not_copied_and_says_why() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let (region, stranger) = (site.world.region(HERE), site.world.stranger());
    let key = site.world.deployment.accounts.create_key(&stranger).await.unwrap();
    let mut other = site.visitor_with(key.id.as_str(), &key.secret).await;
    let page = other.get("/images?tab=shared").await;
    page.has("Nobody shares an image with you here").has(stranger.account.as_str());
    let with = vec![stranger.account.clone()];
    region.share_image(&site.world.caller, &image.id, with).await.unwrap();
    let page = other.get("/images?tab=shared").await;
    page.has("golden")
        .has("aria-disabled=\"true\" title=\"")
        .has("Shared with me")
        .has("Copy Image");
    page.lacks("/copy?image=").lacks("id=\"ticked\"").lacks("team=ferry");
    page.has("/instance\"");
    other.get("/images").await.has("No images here yet").has("ferry image import").lacks("golden");
    other.get("/images?tab=public").await.has("No image is published here").lacks("golden");
}

/// RELIABILITY, console: names are other people's text.
#[tokio::test]
async fn hostile_names_stay_text() {
    let site = Site::open([HERE]).await;
    let rtl = "\u{5d0}".repeat(128);
    let hostile =
        ["<img src=x onerror=alert(1)>", "{{7*7}}", "=cmd|' /C calc'!A0", "a\"b'c&d", &rtl];
    for (seed, name) in hostile.iter().enumerate() {
        site.world.import(HERE, name, &[small(seed as u64)]).await;
    }
    let mut visitor = site.visitor().await;
    for path in ["/images", "/images?region=cn-hangzhou&sort=name"] {
        let page = visitor.get(path).await;
        page.is(StatusCode::OK).lacks("<img src=x").has("{{7*7}}").has("=cmd|").has(&rtl);
        page.has("&#60;img src=x onerror=alert(1)&#62;").lacks("a\"b'c").lacks(">49<");
    }
    let text: String = form_urlencoded::byte_serialize(hostile[0].as_bytes()).collect();
    let page =
        visitor.get(&format!("/images?q={text}&status={text}&sort={text}&page={text}")).await;
    page.is(StatusCode::OK).lacks("<img src=x").has("&#60;img src=x");
    assert_eq!(names(&page.text).len(), 1);
}

#[tokio::test]
async fn images_are_searched_by_text_and_status() {
    let site = Site::open([HERE]).await;
    let golden = site.world.import(HERE, "golden", &[small(1)]).await;
    site.world.import(HERE, "silver", &[small(2)]).await;
    site.world.begin_import(HERE, "bronze", &[small(3)]).await.unwrap();
    let mut visitor = site.visitor().await;
    let listed = async |visitor: &mut Visitor, query: &str| {
        let page = visitor.get(&format!("/images?{query}")).await;
        names(&page.is(StatusCode::OK).text)
    };
    assert_eq!(listed(&mut visitor, "q=GOLD").await, ["golden"]);
    assert_eq!(listed(&mut visitor, &format!("q={}", golden.id)).await, ["golden"]);
    assert_eq!(
        listed(&mut visitor, "q=team%3Dferry&sort=name").await,
        ["bronze", "golden", "silver"]
    );
    assert_eq!(listed(&mut visitor, "status=creating").await, ["bronze"]);
    assert_eq!(listed(&mut visitor, "status=available&sort=-name").await, ["silver", "golden"]);
    assert_eq!(listed(&mut visitor, "status=nonsense&sort=name").await.len(), 3);
    let none = visitor.get("/images?q=tin").await;
    none.has("No image fits").has("value=\"tin\"");
}

/// Every order, of one region and of two as if they were one.
#[tokio::test]
async fn a_columns_heading_sorts_and_says_so() {
    let site = Site::open([HERE, THERE]).await;
    for (place, name, chunks) in
        [(HERE, "beta", 3), (THERE, "Alpha", 5), (HERE, "gamma", 1), (THERE, "delta", 4)]
    {
        site.world.import(place, name, &[disk(chunks, chunks, Some)]).await;
        site.world.clock.advance_ms(1_000);
    }
    let mut visitor = site.visitor().await;
    let table = [
        ("", ["delta", "gamma", "Alpha", "beta"]),
        ("?sort=created", ["beta", "Alpha", "gamma", "delta"]),
        ("?sort=name", ["Alpha", "beta", "delta", "gamma"]),
        ("?sort=-name", ["gamma", "delta", "beta", "Alpha"]),
        ("?sort=-size", ["Alpha", "delta", "beta", "gamma"]),
        ("?sort=held", ["gamma", "beta", "delta", "Alpha"]),
        ("?sort=status", ["delta", "gamma", "Alpha", "beta"]),
    ];
    for (query, expected) in table {
        assert_eq!(names(&visitor.get(&format!("/images{query}")).await.text), expected, "{query}");
    }
    let page = visitor.get("/images?sort=name&region=cn-hangzhou").await;
    page.has("aria-sort=\"ascending\"><a href=\"/images?region=cn-hangzhou&#38;sort=-name\">Name");
    page.has("aria-sort=\"none\"");
}

/// Fifty a page; those of all regions are merged in order, and what no page reaches is said.
#[tokio::test]
async fn a_page_has_fifty_rows_and_leads_to_the_next() {
    let options = WorldOptions { image_quota: 5_000, ..WorldOptions::default() };
    let site =
        Site::of(World::with_options(&[HERE, THERE], options).await, Default::default()).await;
    for number in 0..70 {
        let place = if number % 2 == 0 { HERE } else { THERE };
        site.world.begin_import(place, &format!("image-{number:03}"), &[small(1)]).await.unwrap();
        site.world.clock.advance_ms(1_000);
    }
    let mut visitor = site.visitor().await;
    let first = visitor.get("/images?sort=name").await;
    let expected: Vec<_> = (0..50).map(|number| format!("image-{number:03}")).collect();
    assert_eq!(names(&first.text), expected);
    first
        .has("1–50 of 70")
        .has("href=\"/images?sort=name&#38;page=2\" rel=\"next\"")
        .lacks("rel=\"prev\"");
    let second = visitor.get("/images?sort=name&page=2").await;
    let expected: Vec<_> = (50..70).map(|number| format!("image-{number:03}")).collect();
    assert_eq!(names(&second.text), expected);
    second.has("51–70 of 70").has("href=\"/images?sort=name\" rel=\"prev\"").lacks("rel=\"next\"");
    // A page that is not there any more is the last.
    let late = visitor.get("/images?sort=name&page=99999999999").await;
    assert_eq!(names(&late.text), expected);
    assert_eq!(names(&visitor.get("/images?region=cn-hangzhou&page=7").await.text).len(), 35);
}

/// R002-9, R003-6: ticked images go to the copy dialog; none and too many are refused with words, without any script.
#[tokio::test]
async fn r002_9_several_images_are_ticked_and_copied_at_once() {
    let native = Profile { images_at_once: 2, ..Profile::native() };
    let profiles = Profiles::new([(region::NATIVE.to_owned(), native)]).unwrap();
    let mut world = World::with_regions([HERE, THERE]).await;
    world.deployment = world.deployment.clone().with_profiles(profiles);
    let a = world.import(HERE, "aa", &[small(1)]).await.id;
    let b = world.import(HERE, "bb", &[small(2)]).await.id;
    let c = world.import(THERE, "cc", &[small(3)]).await.id;
    let half = world.begin_import(THERE, "half", &[small(3)]).await.unwrap().id;
    let site = Site::of(world, Default::default()).await;
    let mut visitor = site.visitor().await;
    let one = visitor.get("/images?region=cn-hangzhou").await;
    one.has("action=\"/regions/cn-hangzhou/copy\" data-ticks data-most=\"2\"")
        .has("up to 2 at once");
    one.has(&format!("form=\"ticked\" name=\"image\" value=\"{a}\""));
    let all = visitor.get("/images").await;
    all.has("action=\"/copy\"").has(&format!("name=\"image\" value=\"cn-hangzhou/{a}\""));
    let tick = between(&all.text, &format!("value=\"cn-shanghai/{half}\""), "></label>");
    assert!(tick.contains(" disabled title=\""), "{tick}");
    let sent = visitor
        .get(&format!("/copy?image=cn-hangzhou/{a}&image=cn-hangzhou%2F{b}&image=cn-hangzhou/{a}"))
        .await;
    assert_eq!(sent.location(), format!("/regions/cn-hangzhou/copy?image={a}&image={b}"));
    let none = visitor.get("/copy").await;
    none.is(StatusCode::UNPROCESSABLE_ENTITY).has("Tick at least one image");
    let many = format!("/copy?image=cn-hangzhou/{a}&image=cn-hangzhou/{b}&image=cn-shanghai/{c}");
    visitor.get(&many).await.is(StatusCode::UNPROCESSABLE_ENTITY).has("Up to 2 are copied at once");
    let mixed = visitor.get(&format!("/copy?image=cn-hangzhou/{a}&image=cn-shanghai/{c}")).await;
    mixed.is(StatusCode::UNPROCESSABLE_ENTITY).has("of several regions");
    mixed.has(&format!("/regions/cn-shanghai/copy?image={c}\""));
    for nothing in ["x", "cn-hangzhou/", "cn-hangzhou/img-1", "/img-1"] {
        visitor.get(&format!("/copy?image={nothing}")).await.is(StatusCode::NOT_FOUND);
    }
}

/// R000-9, R000-10: a copy's image is in the list of its target at once, goes on, and has 100 % only once it is available.
#[tokio::test]
async fn r000_9_what_is_being_made_shows_how_it_goes_on() {
    let site = Site::open([HERE, THERE]).await;
    let source = site.world.import(HERE, "golden", &[small(1)]).await;
    let mut visitor = site.visitor().await;
    let mut watched = visitor.watch("/images?region=cn-shanghai").await;
    for _part in 0..2 {
        let (kind, data) = watched.next().await.unwrap();
        assert!(kind == "part" && !data.contains("golden"), "{data}");
    }
    let accepted = site.world.copy(HERE, &source.id, THERE).await.unwrap();
    let mut seen = String::new();
    while !seen.contains("golden") {
        seen = watched.next().await.unwrap().1;
    }
    let page = visitor.get("/images?region=cn-shanghai").await;
    page.has("golden").has("Waiting · place 1 in the queue").has("Cancel Copy").lacks("100 %");
    page.has(&format!(
        "/regions/cn-shanghai/images/{}/cancel\" data-dialog>Cancel Copy",
        accepted.image
    ));
    page.has(" disabled title=\"");
    site.world.run_until_idle().await;
    let page = visitor.get("/images?region=cn-shanghai").await;
    page.has("Available").has("Copy Image").lacks("Waiting ·").lacks("Cancel Copy");
}

#[tokio::test]
async fn a_deprecated_image_says_so_and_is_not_copied() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let edit =
        EditImage { deprecation: Some(model::Deprecation::Deprecated), ..EditImage::default() };
    site.world.region(HERE).edit_image(&site.world.caller, &image.id, edit).await.unwrap();
    let mut visitor = site.visitor().await;
    visitor.get("/images").await.has("class=\"pill old\"").has("Deprecated").lacks("/copy?image=");
    assert_eq!(names(&visitor.get("/images?status=deprecated").await.text), ["golden"]);
}

#[tokio::test]
async fn the_list_speaks_chinese() {
    let site = Site::open([HERE, THERE]).await;
    let source = site.world.import(HERE, "golden", &[small(1)]).await;
    site.world.copy(HERE, &source.id, THERE).await.unwrap();
    let mut visitor = site.visitor().await;
    visitor.post("/settings", &[("language", "zh"), ("next", "/images")]).await;
    let page = visitor.get("/images").await;
    page.has("可用")
        .has("等待中 · 队列第 1 位")
        .has("复制镜像")
        .has("取消复制")
        .has("2 个地域共有 2 个自定义镜像");
}

/// I12: whoever may only read is told so, and is offered nothing else.
#[tokio::test]
async fn who_may_only_read_is_offered_no_action() {
    let site = Site::open([HERE]).await;
    site.world.import(HERE, "golden", &[small(1)]).await;
    let account = &site.world.caller.account;
    let mut visitor = somebody(&site, account, model::Role::Reader).await;
    let page = visitor.get("/images").await;
    page.has("golden").lacks("/copy?image=").lacks("/delete\"").lacks("/edit\"");
}

#[tokio::test]
async fn a_region_that_is_not_here_is_told_of() {
    let site = Site::open([HERE]).await;
    let mut visitor = site.visitor().await;
    visitor.get("/images?region=eu-nowhere").await.is(StatusCode::NOT_FOUND);
}

/// Everything that an image is, its disks, and what was done to it.
#[tokio::test]
async fn the_page_of_an_image_tells_what_it_is_and_what_was_done_to_it() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1), small(2)]).await;
    let (caller, region) = (&site.world.caller, site.world.region(HERE));
    let edit =
        EditImage { name: Some(model::Name::new("gilded").unwrap()), ..EditImage::default() };
    region.edit_image(caller, &image.id, edit).await.unwrap();
    let stranger = site.world.stranger().account;
    region.share_image(caller, &image.id, vec![stranger.clone()]).await.unwrap();
    let mut visitor = site.visitor().await;
    let path = format!("/regions/{HERE}/images/{}", image.id);
    let page = visitor.get(&path).await;
    page.is(StatusCode::OK).has("made by a test").has("Debian 12").has("Arm64").has("UEFI");
    page.has("Linux").has(stranger.as_str()).has("none uses it").has("not encrypted");
    page.has("System disk")
        .has("Data disk 1")
        .has("href=\"/images?region=cn-hangzhou&#38;q=team%3Dferry\"");
    for disk in &image.disks {
        page.has(&format!("data-copy=\"{}\"", disk.digest.unwrap()));
        page.has(&format!("/regions/{HERE}/snapshots/{}\"", disk.snapshot.as_ref().unwrap()));
    }
    page.has("image.edit").has(">golden</del>").has(">gilded</ins>");
    page.has("not there")
        .has(&format!("/regions/{HERE}/copy?image={}&#38;target={THERE}\"", image.id));
    let accepted = site.world.copy(HERE, &image.id, THERE).await.unwrap();
    let leaving = visitor.get(&path).await;
    leaving
        .has("one copy is being made")
        .has(&format!("/regions/{THERE}/copies/{}\"", accepted.copy));
    let target = format!("/regions/{THERE}/images/{}", accepted.image);
    let made = visitor.get(&target).await;
    made.has("Waiting · place 1 in the queue").has("How its copy goes").has("Cancel Copy");
    made.has(&format!("href=\"{path}\"")).lacks("Verify every chunk");
    site.world.run_until_idle().await;
    let there = visitor.get(&path).await;
    there
        .has(&format!("href=\"{target}\""))
        .has("the same")
        .lacks("is being made")
        .lacks("Copy there");
}

/// I12: another account's image is nowhere, and one that is shared tells only what it is.
#[tokio::test]
async fn another_accounts_image_is_nowhere_until_it_is_shared() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let (region, stranger) = (site.world.region(HERE), site.world.stranger());
    let mut other = somebody(&site, &stranger.account, model::Role::Owner).await;
    other.get("/images").await;
    let path = format!("/regions/{HERE}/images/{}", image.id);
    other.get(&path).await.is(StatusCode::NOT_FOUND).lacks("golden");
    let verify = format!("{path}/verify");
    other.post(&verify, &[]).await.is(StatusCode::NOT_FOUND).lacks("golden");
    let with = vec![stranger.account.clone()];
    region.share_image(&site.world.caller, &image.id, with).await.unwrap();
    let page = other.get(&path).await;
    page.is(StatusCode::OK).has("golden").has("System disk").lacks("team").lacks("Shared with<");
    page.lacks("/copy?image=")
        .lacks("/snapshots/")
        .lacks("image.begin")
        .lacks("Verify every chunk");
    other.post(&verify, &[]).await.is(StatusCode::CONFLICT).lacks("It is whole");
    for nothing in ["/regions/nowhere/images/x", "/regions/cn-hangzhou/images/img-0"] {
        other.get(nothing).await.is(StatusCode::NOT_FOUND);
    }
}

/// R000-1: every chunk is read, and what was found is told.
#[tokio::test]
async fn an_image_is_verified_from_its_page() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1), small(2)]).await;
    let mut visitor = site.visitor().await;
    let path = format!("/regions/{HERE}/images/{}", image.id);
    visitor.get(&path).await.has("Reads all 128 KiB").has(&format!("action=\"{path}/verify\""));
    let done = visitor.post(&format!("{path}/verify"), &[]).await;
    assert_eq!(done.location(), path);
    visitor.get(&path).await.has("It is whole: 2 chunks were read, 128 KiB.");
    spoil(&site.world.folder(HERE));
    let told = visitor.post(&format!("{path}/verify"), &[]).await;
    told.is(StatusCode::OK).has("class=\"problem\"").has("missing or damaged");
}

/// Flips a bit in the middle of every pack of a store.
fn spoil(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            spoil(&path);
        } else if path.components().any(|part| part.as_os_str() == "packs") {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn hostile_names_stay_text_on_the_page_of_an_image() {
    let site = Site::open([HERE]).await;
    let name = "<img src=x onerror=alert(1)>\"'{{7*7}}";
    let image = site.world.import(HERE, name, &[small(1)]).await;
    let mut visitor = site.visitor().await;
    let page = visitor.get(&format!("/regions/{HERE}/images/{}", image.id)).await;
    page.is(StatusCode::OK).lacks("<img src=x").has("&#60;img src=x").has("{{7*7}}").lacks(">49<");
}
