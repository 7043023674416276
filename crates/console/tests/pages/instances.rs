//! Instances: listed, sought, forgotten, given another system disk.

use axum::http::StatusCode;
use model::rules::Force;
use model::{Name, Role, Tags};
use region::testing::disk;
use region::{ImageView, InstanceView, RunInstances, SnapshotsOfImage};

use crate::acting::{foreigner, with_role};
use crate::kit::Site;

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 2, |chunk| (chunk == 0).then_some(seed))
}

async fn run(site: &Site, image: &ImageView, (name, count): (&str, u32)) -> Vec<InstanceView> {
    let command = RunInstances {
        image: image.id.clone(),
        name: Name::new(name).unwrap(),
        count,
        tags: Tags::new([("of".to_owned(), name.to_owned())]).unwrap(),
        token: None,
    };
    let region = site.world.region(image.region.as_str());
    region.run_instances(&site.world.caller, command).await.unwrap()
}

#[tokio::test]
async fn instances_are_listed_with_their_image_and_sought() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let other = site.world.import(HERE, "silver", &[small(2)]).await;
    let mut visitor = site.visitor().await;
    visitor.get("/instances").await.has("There are no instances in cn-hangzhou yet");
    let web = run(&site, &image, ("web", 2)).await;
    run(&site, &other, ("database", 1)).await;
    let page = visitor.get("/instances").await;
    page.is(StatusCode::OK).has("Instances in cn-hangzhou").has("Instances in cn-shanghai");
    page.has(&format!("href=\"/regions/{HERE}/images/{}\">golden", image.id)).has("of=web");
    page.has(&format!("/regions/{HERE}/instances/{}/disk\" data-dialog", web[0].id));
    let one = visitor.get(&format!("/instances?region={HERE}")).await;
    one.has("1–3 of 3").lacks("<h2>").has("database");
    let finds = [
        ("we", 2),
        (image.id.as_str(), 2),
        (web[0].id.as_str(), 1),
        ("of=database", 1),
        ("of=", 3),
        ("*", 0),
        ("=", 0),
    ];
    for (text, count) in finds {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let found = visitor.get(&format!("/instances?region={HERE}&q={text}")).await;
        assert_eq!(found.text.matches("<tr id=\"i-").count(), count, "{text}");
    }
    let none = visitor.get("/instances?q=%3Cb%3Ex").await;
    none.has("fits what you look for").has("value=\"&#60;b&#62;x\"").lacks("<b>x");
    visitor.get("/instances?region=eu-nowhere").await.is(StatusCode::NOT_FOUND);
    foreigner(&site).await.get("/instances").await.is(StatusCode::OK).lacks("web").lacks("golden");
}

#[tokio::test]
async fn a_page_has_fifty_instances_and_all_regions_twenty_each() {
    let site = Site::open([HERE, THERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    run(&site, &image, ("web", 60)).await;
    let rows = |text: &str| text.matches("<tr id=\"i-").count();
    let mut visitor = site.visitor().await;
    let all = visitor.get("/instances").await;
    assert_eq!(rows(&all.text), 20);
    all.has("1–20 of 60").has("href=\"/instances?region=cn-hangzhou&#38;q=\">All of cn-hangzhou");
    let first = visitor.get("/instances?region=cn-hangzhou").await;
    assert_eq!(rows(&first.text), 50);
    first.has("rel=\"next\"").lacks("rel=\"prev\"");
    for late in ["2", "9", "99999999999999999999", "18446744073709551615"] {
        let page = visitor.get(&format!("/instances?region=cn-hangzhou&page={late}")).await;
        let expected = if late == "99999999999999999999" { 50 } else { 10 };
        assert_eq!(rows(&page.is(StatusCode::OK).text), expected, "{late}");
    }
}

#[tokio::test]
async fn an_instance_is_forgotten_after_a_question() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let instance = run(&site, &image, ("<b>web", 1)).await.remove(0);
    let path = format!("/regions/{HERE}/instances/{}/delete", instance.id);
    let mut visitor = site.visitor().await;
    let form = visitor.get(&path).await;
    form.is(StatusCode::OK).has("Delete instance &#60;b&#62;web").lacks("<b>web").has("btn danger");
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get(&path).await.is(StatusCode::FORBIDDEN).lacks("btn danger");
    reader.get("/instances").await.has("&#60;b&#62;web").lacks("/delete\"").lacks("/disk\"");
    reader.post(&path, &[]).await.is(StatusCode::FORBIDDEN);
    let mut other = foreigner(&site).await;
    other.get(&path).await.is(StatusCode::NOT_FOUND);
    other.get("/").await;
    other.post(&path, &[]).await.is(StatusCode::NOT_FOUND);
    let region = site.world.region(HERE);
    region.instance(&site.world.caller, &instance.id).await.unwrap();
    let done = visitor.post(&path, &[]).await;
    assert_eq!(done.location(), "/instances?region=cn-hangzhou");
    visitor.get("/instances").await.has("&#60;b&#62;web was deleted").lacks(instance.id.as_str());
    visitor.get(&path).await.is(StatusCode::NOT_FOUND);
}

/// R000-12: the disk is made anew from an available image, named by its id or its name.
#[tokio::test]
async fn r000_12_an_instance_gets_another_system_disk() {
    let site = Site::open([HERE]).await;
    let image = site.world.import(HERE, "golden", &[small(1)]).await;
    let silver = site.world.import(HERE, "silver", &[small(2)]).await;
    let half = site.world.begin_import(HERE, "half", &[small(3)]).await.unwrap();
    for seed in [4, 5] {
        site.world.import(HERE, "twin", &[small(seed)]).await;
    }
    let instance = run(&site, &image, ("web", 1)).await.remove(0);
    let path = format!("/regions/{HERE}/instances/{}/disk", instance.id);
    let (region, caller) = (site.world.region(HERE), &site.world.caller);
    let mut visitor = site.visitor().await;
    let form = visitor.get(&path).await;
    form.is(StatusCode::OK).has(&format!("<option value=\"{}\">silver", silver.id));
    form.lacks(&format!("<option value=\"{}\"", half.id));
    let never = "img-00000000000000000000";
    let refusals = [
        ("tin", "There is no available image"),
        ("", "There is no available image"),
        ("half", "There is no available image"),
        ("<b>", "&#60;b&#62;"),
        ("twin", "Several images are called"),
        (never, "does not exist"),
        (half.id.as_str(), "Only an available image can be"),
    ];
    for (typed, why) in refusals {
        let refused = visitor.post(&path, &[("image", typed)]).await;
        refused.has(why).has("aria-invalid").lacks("<b>");
        assert!(refused.status.is_client_error(), "{typed}");
        assert_eq!(region.instance(caller, &instance.id).await.unwrap().image, image.id);
    }
    visitor.post(&path, &[("image", "silver")]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(region.instance(caller, &instance.id).await.unwrap().image, silver.id);
    visitor.post(&path, &[("image", image.id.as_str())]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(region.instance(caller, &instance.id).await.unwrap().image, image.id);
    let mut reader = with_role(&site, Role::Reader).await;
    reader.get(&path).await.is(StatusCode::FORBIDDEN).lacks("<datalist");
    reader.post(&path, &[("image", "silver")]).await.is(StatusCode::FORBIDDEN);
    foreigner(&site).await.get(&path).await.is(StatusCode::NOT_FOUND);
    // What it uses may be gone: the rest is there all the same.
    let (force, snapshots) = (Force::Yes, SnapshotsOfImage::Keep);
    region.delete_image(caller, &image.id, force, snapshots).await.unwrap();
    visitor
        .get("/instances")
        .await
        .has(&format!("title=\"The image is not there any more\">{}", image.id));
    visitor.get(&path).await.is(StatusCode::OK);
}
