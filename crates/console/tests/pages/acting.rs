//! What is done with one image: each form as it is shown, sent, refused and sent again.

use axum::http::StatusCode;
use model::rules::{Force, Offer};
use model::{
    BootMode, Deprecation, FileName, ImageStatus, Name, Role, Storage, TaskAction, TaskState,
};
use region::testing::disk;
use region::{EditImage, ImageView, InstanceSearch, NewUser, RegisterImage, TaskSearch};

use crate::kit::{Site, Visitor};

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";
const ACTIONS: [&str; 8] =
    ["cancel", "edit", "delete", "share", "publish", "export", "instance", "convert"];

fn small(seed: u64) -> Vec<u8> {
    disk(seed, 2, |chunk| (chunk == 0).then_some(seed))
}

async fn golden(site: &Site) -> ImageView {
    site.world.import(HERE, "golden", &[small(1), small(2)]).await
}

fn path(image: &ImageView, action: &str) -> String {
    format!("/regions/{}/images/{}/{action}", image.region, image.id)
}

async fn image_now(site: &Site, image: &ImageView) -> ImageView {
    site.world.region(HERE).image(&site.world.caller, &image.id).await.unwrap()
}

/// The value of a hidden input.
fn hidden(page: &str, name: &str) -> String {
    let before = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&before).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Somebody of an account who has this role.
pub async fn with_role(site: &Site, role: Role) -> Visitor {
    let accounts = &site.world.deployment.accounts;
    let name = Name::new(role.as_str()).unwrap();
    let user = NewUser { account: None, name, role };
    let user = accounts.create_user(&site.world.caller, user).await.unwrap();
    let caller = region::Caller { user: Some(user.id), role, ..site.world.caller.clone() };
    let link = accounts.create_sign_in_link(&caller).await.unwrap();
    let mut visitor = site.guest();
    visitor.get(&format!("/sign-in/once/{}", link.token)).await;
    visitor.get("/").await.is(StatusCode::OK);
    visitor
}

/// Somebody of another account.
pub async fn foreigner(site: &Site) -> Visitor {
    let stranger = site.world.stranger();
    let key = site.world.deployment.accounts.create_key(&stranger).await.unwrap();
    let mut visitor = site.visitor_with(key.id.as_str(), &key.secret).await;
    visitor.get("/").await.is(StatusCode::OK);
    visitor
}

/// Values that each form is sent with, good ones.
fn values(action: &str) -> Vec<(&'static str, &'static str)> {
    match action {
        "edit" => vec![("name", "other"), ("boot_mode", "bios")],
        "share" => vec![("do", "add"), ("account", "stranger")],
        "publish" => vec![("offer", "public")],
        "export" => vec![("bucket", "images"), ("format", "raw")],
        "instance" => vec![("name", "web"), ("count", "1"), ("token", "a-token")],
        _other => vec![],
    }
}

/// I12: whoever may only read is refused by each form, asked for and sent, and nothing changes.
#[tokio::test]
async fn i12_who_may_only_read_is_refused_everywhere() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut reader = with_role(&site, Role::Reader).await;
    for action in ACTIONS {
        let path = path(&image, action);
        let shown = reader.get(&path).await;
        shown.is(StatusCode::FORBIDDEN).has("does not allow").lacks(&format!("action=\"{path}\""));
        reader.get("/").await;
        reader.post(&path, &values(action)).await.is(StatusCode::FORBIDDEN).has("does not allow");
    }
    let mut owner = with_role(&site, Role::Owner).await;
    owner.get(&path(&image, "publish")).await.is(StatusCode::FORBIDDEN);
    owner.get("/").await;
    owner.post(&path(&image, "publish"), &values("publish")).await.is(StatusCode::FORBIDDEN);
    let now = image_now(&site, &image).await;
    assert_eq!((now.name.as_str(), now.shared_with, now.instances), ("golden", 0, 0));
    assert_eq!(now.kind, model::ImageKind::Custom);
}

/// I12: another account's image is as absent as one that never was; one that is shared says whose it is.
#[tokio::test]
async fn i12_a_foreign_image_is_absent() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut other = foreigner(&site).await;
    for action in ACTIONS {
        let path = path(&image, action);
        other.get(&path).await.is(StatusCode::NOT_FOUND).lacks("golden");
        other.get("/").await;
        other.post(&path, &values(action)).await.is(StatusCode::NOT_FOUND).lacks("golden");
        let never = format!("/regions/{HERE}/images/img-00000000000000000000/{action}");
        other.get(&never).await.is(StatusCode::NOT_FOUND);
        other
            .get(&format!("/regions/{HERE}/images/nonsense/{action}"))
            .await
            .is(StatusCode::NOT_FOUND);
    }
    let with = vec![site.world.stranger().account];
    site.world.region(HERE).share_image(&site.world.caller, &image.id, with).await.unwrap();
    for action in ["edit", "delete", "share", "publish", "export", "convert"] {
        let page = other.get(&path(&image, action)).await;
        page.is(StatusCode::CONFLICT)
            .has("You can use it, not change it")
            .lacks("<button class=\"btn primary");
    }
    other.get(&path(&image, "instance")).await.is(StatusCode::OK).has("name=\"count\"");
}

/// R002-12: what an image says of itself is changed; a refusal keeps what was typed and marks the field.
#[tokio::test]
async fn r002_12_an_image_is_edited() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut visitor = site.visitor().await;
    let edit = path(&image, "edit");
    let form = visitor.get(&edit).await;
    form.is(StatusCode::OK)
        .has("page-dialog")
        .has("value=\"golden\"")
        .has("value=\"made by a test\"");
    form.has("\nteam=ferry</textarea>").has("<option value=\"uefi\" selected>");
    let typed = [
        ("name", "x"),
        ("description", "new words"),
        ("family", "web"),
        ("boot_mode", "bios"),
        ("tags", "a=1\nb"),
        ("deprecated", "yes"),
    ];
    let refused = visitor.post(&edit, &typed).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("role=\"alert\" id=\"form-problem\"");
    refused
        .has("name=\"name\" value=\"x\"")
        .has("aria-invalid=\"true\" aria-describedby=\"form-problem\"");
    refused.has("value=\"new words\"").has("value=\"web\"").has("\na=1\nb</textarea>");
    refused.has("<option value=\"bios\" selected>").has("value=\"yes\" checked");
    assert_eq!(refused.text.matches("aria-invalid").count(), 1);
    assert_eq!(image_now(&site, &image).await.name.as_str(), "golden");
    let mut typed = typed;
    typed[0].1 = "silver";
    let done = visitor.post(&edit, &typed).await;
    assert_eq!(
        done.is(StatusCode::SEE_OTHER).location(),
        format!("/regions/{HERE}/images/{}", image.id)
    );
    let now = image_now(&site, &image).await;
    assert_eq!((now.name.as_str(), now.description.as_str()), ("silver", "new words"));
    assert_eq!(now.family.as_ref().unwrap().to_string(), "web");
    assert_eq!(now.attributes.boot_mode, BootMode::Bios);
    assert!(now.deprecated.is_some());
    assert_eq!(now.tags.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "")]);
    let typed = [("name", "silver"), ("boot_mode", "bios"), ("tags", "a=1\na=2")];
    let twice = visitor.post(&edit, &typed).await;
    twice
        .is(StatusCode::UNPROCESSABLE_ENTITY)
        .has("<textarea name=\"tags\" rows=\"4\" spellcheck=\"false\" dir=\"auto\" aria-invalid");
    let typed = [("name", "silver"), ("boot_mode", "bios"), ("tags", "a=1\nb=")];
    visitor.post(&edit, &typed).await.is(StatusCode::SEE_OTHER);
    let now = image_now(&site, &image).await;
    assert!(
        now.deprecated.is_none() && now.family.is_none() && now.description.as_str().is_empty()
    );
    visitor
        .post(&edit, &[("name", "silver"), ("boot_mode", "grub")])
        .await
        .is(StatusCode::BAD_REQUEST);
}

/// What is not typed anew stays as it is, whoever changes it meanwhile.
#[tokio::test]
async fn an_edit_changes_only_what_was_changed() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let region = site.world.region(HERE);
    let tags = model::Tags::new([("a=b".to_owned(), "c".to_owned())]).unwrap();
    let edit = EditImage {
        tags: Some(tags),
        deprecation: Some(Deprecation::Deprecated),
        ..EditImage::default()
    };
    let before = region.edit_image(&site.world.caller, &image.id, edit).await.unwrap();
    let mut visitor = site.visitor().await;
    let typed = [
        ("name", "golden"),
        ("description", "other"),
        ("boot_mode", "uefi"),
        ("tags", "a=b=c"),
        ("deprecated", "yes"),
    ];
    site.world.clock.advance_ms(1_000);
    visitor.get(&path(&image, "edit")).await.has("a=b=c");
    visitor.post(&path(&image, "edit"), &typed).await.is(StatusCode::SEE_OTHER);
    let now = image_now(&site, &image).await;
    assert_eq!((now.tags, now.deprecated), (before.tags, before.deprecated));
    assert_eq!(now.description.as_str(), "other");
}

/// What somebody else changed since the form was shown is not taken back by it.
#[tokio::test]
async fn an_edit_takes_back_nothing_that_was_changed_meanwhile() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut visitor = site.visitor().await;
    let form = visitor.get(&path(&image, "edit")).await.text;
    let names = ["was_name", "was_description", "was_family", "was_boot_mode", "was_tags"];
    let shown: Vec<_> = names.iter().map(|name| (*name, hidden(&form, name))).collect();
    let meanwhile = EditImage {
        name: Some(Name::new("silver").unwrap()),
        deprecation: Some(Deprecation::Deprecated),
        ..EditImage::default()
    };
    let region = site.world.region(HERE);
    region.edit_image(&site.world.caller, &image.id, meanwhile).await.unwrap();
    let mut typed: Vec<(&str, &str)> =
        shown.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let tags = hidden(&form, "was_tags");
    typed.extend([("name", "golden"), ("description", "other"), ("boot_mode", "uefi")]);
    typed.push(("tags", &tags));
    visitor.post(&path(&image, "edit"), &typed).await.is(StatusCode::SEE_OTHER);
    let now = image_now(&site, &image).await;
    assert_eq!((now.name.as_str(), now.description.as_str()), ("silver", "other"));
    assert!(now.deprecated.is_some());
}

/// R004-10: an image that is used goes only once that is ticked, with its snapshots where that is.
#[tokio::test]
async fn r004_10_an_image_is_deleted_with_what_is_ticked() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let (region, caller) = (site.world.region(HERE), &site.world.caller);
    let name = Name::new("web").unwrap();
    region.create_instance(caller, name, &image.id).await.unwrap();
    let mut visitor = site.visitor().await;
    let delete = path(&image, "delete");
    let form = visitor.get(&delete).await;
    form.is(StatusCode::OK).has("One instance uses it").has("Delete its 2 snapshots too");
    form.has("Delete it although an instance uses it").has("btn danger primary");
    form.has(&format!("/instances?region={HERE}&#38;q={}", image.id));
    let refused = visitor.post(&delete, &[("snapshots", "delete")]).await;
    refused.is(StatusCode::CONFLICT).has("1 instance uses image").has("value=\"delete\" checked");
    refused.lacks("value=\"use\" checked");
    image_now(&site, &image).await;
    let done = visitor.post(&delete, &[("snapshots", "delete"), ("force", "use")]).await;
    assert_eq!(done.location(), format!("/images?region={HERE}"));
    visitor.get("/images").await.has("golden was deleted").lacks(image.id.as_str());
    let left = region.snapshots(caller, region::SnapshotQuery { limit: 10, ..Default::default() });
    assert_eq!(left.await.unwrap().items.len(), 0);
    visitor.get(&delete).await.is(StatusCode::NOT_FOUND);
}

/// R001-6: the source of a running copy is kept, and the page leads to the copy; snapshots stay where they are not ticked.
#[tokio::test]
async fn r001_6_what_is_held_says_by_which_copy() {
    let site = Site::open([HERE, THERE]).await;
    let image = golden(&site).await;
    let copy = site.world.copy(HERE, &image.id, THERE).await.unwrap();
    let mut visitor = site.visitor().await;
    let delete = path(&image, "delete");
    let page = visitor.get(&delete).await;
    page.is(StatusCode::CONFLICT).has(&format!("href=\"/regions/{THERE}/copies/{}\"", copy.copy));
    page.lacks("btn danger").has("is being copied");
    let forced = visitor.post(&delete, &[("force", "others")]).await;
    forced.is(StatusCode::CONFLICT).has("is being copied");
    site.world.run_until_idle().await;
    visitor.get(&delete).await.is(StatusCode::OK);
    visitor.post(&delete, &[]).await.is(StatusCode::SEE_OTHER);
    let (region, caller) = (site.world.region(HERE), &site.world.caller);
    let left = region.snapshots(caller, region::SnapshotQuery { limit: 10, ..Default::default() });
    assert_eq!(left.await.unwrap().items.len(), 2);
}

/// A tick for instances does not delete what others see.
#[tokio::test]
async fn what_others_see_needs_a_tick_of_its_own() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let region = site.world.region(HERE);
    let with = vec![site.world.stranger().account];
    region.share_image(&site.world.caller, &image.id, with).await.unwrap();
    let mut visitor = site.visitor().await;
    let delete = path(&image, "delete");
    let form = visitor.get(&delete).await;
    form.is(StatusCode::OK).has("value=\"others\"").has(&path(&image, "share"));
    visitor
        .post(&delete, &[("force", "use")])
        .await
        .is(StatusCode::CONFLICT)
        .has("is shared with 1");
    visitor.post(&delete, &[("force", "others")]).await.is(StatusCode::SEE_OTHER);
    assert!(region.image(&site.world.caller, &image.id).await.is_err());
}

/// R001-8: shared by id or name, taken back, told with the limit.
#[tokio::test]
async fn r001_8_an_image_is_shared_and_taken_back() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let stranger = site.world.stranger().account;
    let mut visitor = site.visitor().await;
    let share = path(&image, "share");
    visitor
        .get(&share)
        .await
        .has("It is shared with nobody")
        .has("0 of 50 accounts")
        .has("only its owner copies it");
    let unknown = visitor.post(&share, &[("do", "add"), ("account", "<b>nobody")]).await;
    unknown
        .is(StatusCode::UNPROCESSABLE_ENTITY)
        .has("There is no account")
        .has("value=\"&#60;b&#62;nobody\"");
    unknown.has("aria-invalid").lacks("<b>nobody");
    let never = "acct-00000000000000000000";
    let absent = visitor.post(&share, &[("do", "add"), ("account", never)]).await;
    absent.is(StatusCode::CONFLICT).has("does not exist");
    let own = site.world.caller.account.to_string();
    visitor.post(&share, &[("do", "add"), ("account", &own)]).await.is(StatusCode::CONFLICT);
    let done = visitor.post(&share, &[("do", "add"), ("account", "stranger")]).await;
    assert_eq!(done.location(), share);
    let page = visitor.get(&share).await;
    page.has("stranger")
        .has(stranger.as_str())
        .has("1 of 50 accounts")
        .has("Take back")
        .has("is shared with stranger now");
    let mut other = foreigner(&site).await;
    other.get("/images?tab=shared").await.has("golden");
    let id = stranger.to_string();
    visitor.post(&share, &[("do", "remove"), ("account", &id)]).await.is(StatusCode::SEE_OTHER);
    other.get("/images?tab=shared").await.lacks("golden");
    visitor.post(&share, &[("do", "add"), ("account", &id)]).await.is(StatusCode::SEE_OTHER);
    visitor.post(&share, &[("do", "give"), ("account", &id)]).await.is(StatusCode::BAD_REQUEST);
    // A list that is full takes no more, and gives back.
    let (accounts, caller) = (&site.world.deployment.accounts, &site.world.caller);
    let mut more = Vec::new();
    for number in 0..49 {
        let name = Name::new(&format!("account-{number}")).unwrap();
        more.push(accounts.create_account(caller, name).await.unwrap().id);
    }
    site.world.region(HERE).share_image(caller, &image.id, more).await.unwrap();
    let full = visitor.get(&share).await;
    full.is(StatusCode::OK).has("50 of 50 accounts").has("account-48").has("50 accounts at most");
    full.has("value=\"remove\"").lacks("value=\"add\"");
    visitor.post(&share, &[("do", "remove"), ("account", &id)]).await.is(StatusCode::SEE_OTHER);
    visitor.get(&share).await.has("49 of 50 accounts").has("value=\"add\"");
}

/// R001-2: an operator publishes an image, and takes it back.
#[tokio::test]
async fn r001_2_an_image_is_published_and_taken_back() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut visitor = site.visitor().await;
    let publish = path(&image, "publish");
    visitor.get(&publish).await.has("value=\"public\" checked").has("value=\"marketplace\"");
    visitor.post(&publish, &[("offer", "everything")]).await.is(StatusCode::BAD_REQUEST);
    visitor.post(&publish, &[("offer", "marketplace")]).await.is(StatusCode::SEE_OTHER);
    let mut other = foreigner(&site).await;
    other.get("/images?tab=public").await.has("golden");
    let page = visitor.get(&publish).await;
    page.is(StatusCode::OK).has("as a marketplace image").has("Take back").lacks("type=\"radio\"");
    visitor.get(&path(&image, "share")).await.has("Take that back first").has(&publish);
    visitor.post(&publish, &[("offer", "none")]).await.is(StatusCode::SEE_OTHER);
    other.get("/images?tab=public").await.lacks("golden");
    let with = vec![site.world.stranger().account];
    site.world.region(HERE).share_image(&site.world.caller, &image.id, with).await.unwrap();
    let page = visitor.get(&publish).await;
    page.is(StatusCode::CONFLICT).has("Take that back first").has(&path(&image, "share"));
    let caller = &site.world.caller;
    let region = site.world.region(HERE);
    assert!(region.publish_image(caller, &image.id, Offer::Public).await.is_err());
    region
        .delete_image(caller, &image.id, Force::Yes, region::SnapshotsOfImage::Keep)
        .await
        .unwrap();
}

/// An export begins and leads to its task; a bucket that is not there is told at its field.
#[tokio::test]
async fn an_image_is_exported_into_a_bucket() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut visitor = site.visitor().await;
    let export = path(&image, "export");
    let form = visitor.get(&export).await;
    form.is(StatusCode::OK).has("All 2 disks").has(&format!("{}_system.qcow2", image.id));
    form.has(&format!("ferry image export {} --region {HERE} --format qcow2 out.qcow2", image.id));
    form.has(&format!("<code>{HERE}/{}/</code>", site.world.caller.account)).lacks("vmdk");
    let typed = [("bucket", "images"), ("prefix", "web"), ("format", "raw"), ("disks", "system")];
    let refused = visitor.post(&export, &typed).await;
    refused
        .is(StatusCode::CONFLICT)
        .has("does not exist")
        .has("value=\"images\"")
        .has("value=\"web\"");
    refused.has("<option value=\"raw\" selected>").has("value=\"system\" checked");
    assert_eq!(refused.text.matches("aria-invalid").count(), 1);
    let wrong = visitor.post(&export, &[("bucket", "../etc"), ("format", "raw")]).await;
    wrong.is(StatusCode::UNPROCESSABLE_ENTITY).has("value=\"../etc\"");
    visitor
        .post(&export, &[("bucket", "images"), ("format", "vmdk")])
        .await
        .is(StatusCode::CONFLICT);
    visitor
        .post(&export, &[("bucket", "images"), ("format", "ova")])
        .await
        .is(StatusCode::BAD_REQUEST);
    let folder = site.world.bucket(HERE, &site.world.caller, "images");
    let done = visitor.post(&export, &typed).await;
    let region = site.world.region(HERE);
    let found = region.search_tasks(&site.world.caller, TaskSearch::default());
    let found = found.await.unwrap();
    let task = &found.items[0];
    assert_eq!((task.action, task.state), (TaskAction::ExportImage, TaskState::Waiting));
    assert_eq!(done.location(), format!("/regions/{HERE}/tasks/{}", task.id));
    let again = visitor.get(&export).await;
    again
        .is(StatusCode::CONFLICT)
        .has("is being exported")
        .has(&format!("/regions/{HERE}/tasks/{}", task.id));
    site.world.run_until_idle().await;
    let written = folder.join(format!("web_{}_system.raw", image.id));
    assert_eq!(std::fs::read(written).unwrap(), small(1));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

/// R000-12, R003-9: instances are made of an available image, as many as asked for, once.
#[tokio::test]
async fn r003_9_instances_are_made_of_an_available_image() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut visitor = site.visitor().await;
    let make = path(&image, "instance");
    let form = visitor.get(&make).await;
    let token = hidden(&form.text, "token");
    form.has("value=\"golden\"").has("max=\"100\"");
    for count in ["0", "101", "many", "-1", "99999999999"] {
        let typed = [("name", "web"), ("count", count), ("tags", "a=1"), ("token", token.as_str())];
        let refused = visitor.post(&make, &typed).await;
        refused
            .is(StatusCode::UNPROCESSABLE_ENTITY)
            .has(&format!("value=\"{count}\""))
            .has("aria-invalid");
        refused.has("\na=1</textarea>");
    }
    let typed = [("name", "web"), ("count", "3"), ("tags", "a=1"), ("token", token.as_str())];
    for _press in 0..2 {
        let done = visitor.post(&make, &typed).await;
        assert_eq!(done.is(StatusCode::SEE_OTHER).location(), format!("/instances?region={HERE}"));
    }
    let list = visitor.get(&format!("/instances?region={HERE}")).await;
    list.has("3 instances of golden were created").has("1–3 of 3").has("a=1");
    let region = site.world.region(HERE);
    let found = region.search_instances(&site.world.caller, InstanceSearch::default());
    assert_eq!(found.await.unwrap().total, 3);
    visitor.post(&make, &[("name", "web"), ("count", "1")]).await.is(StatusCode::BAD_REQUEST);
}

/// R000-12: what is not available yet says so, and no instance is made.
#[tokio::test]
async fn r000_12_what_is_being_made_makes_no_instance() {
    let site = Site::open([HERE, THERE]).await;
    let source = golden(&site).await;
    let copy = site.world.copy(HERE, &source.id, THERE).await.unwrap();
    let mut visitor = site.visitor().await;
    let make = format!("/regions/{THERE}/images/{}/instance", copy.image);
    visitor
        .get(&make)
        .await
        .is(StatusCode::CONFLICT)
        .has("Only an available image can be")
        .lacks("name=\"count\"");
    let refused = visitor.post(&make, &[("name", "web"), ("count", "1"), ("token", "t")]).await;
    refused.is(StatusCode::CONFLICT).has("Only an available image can be");
    let region = site.world.region(THERE);
    let found = region.search_instances(&site.world.caller, InstanceSearch::default());
    assert_eq!(found.await.unwrap().total, 0);
}

/// R002-4: an image in a local file is converted; one that is not says that there is nothing to convert.
#[tokio::test]
async fn r002_4_a_local_image_is_converted() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let file = site.world.local_folder(&site.world.caller).join("disk.raw");
    std::fs::write(file, small(9)).unwrap();
    let command = RegisterImage {
        file: FileName::new("disk.raw").unwrap(),
        name: Name::new("local").unwrap(),
        description: image.description.clone(),
        attributes: image.attributes.clone(),
        family: None,
        particulars: model::Particulars::default(),
        tags: model::Tags::default(),
        names: model::NameRule::Free,
        token: None,
    };
    let (region, caller) = (site.world.region(HERE), &site.world.caller);
    let local = region.register_local_image(caller, command).await.unwrap();
    assert_eq!(local.storage, Storage::LocalFile);
    let mut visitor = site.visitor().await;
    visitor.get(&path(&image, "convert")).await.is(StatusCode::CONFLICT).has("nothing to convert");
    let convert = path(&local, "convert");
    visitor.get(&convert).await.is(StatusCode::OK).has("placeholder=\"local\"");
    visitor.get(&path(&local, "export")).await.is(StatusCode::CONFLICT).has(&convert);
    let refused = visitor.post(&convert, &[("name", "x"), ("description", "kept")]).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY).has("value=\"x\"").has("value=\"kept\"");
    let done = visitor.post(&convert, &[("name", "made")]).await;
    let made = done.location().rsplit('/').next().unwrap().parse().unwrap();
    visitor.get(&convert).await.is(StatusCode::CONFLICT).has(done.location());
    site.world.run_until_idle().await;
    let made = region.image(caller, &made).await.unwrap();
    assert_eq!((made.name.as_str(), made.status), ("made", ImageStatus::Available));
    assert_eq!((made.description, made.storage), (image.description, Storage::Snapshots));
}

/// RELIABILITY, console: names, descriptions and tags are other people's text.
#[tokio::test]
async fn hostile_texts_stay_text() {
    let site = Site::open([HERE]).await;
    let name = "<img src=x onerror=alert(1)>\"'$(id)";
    let image = site.world.import(HERE, name, &[small(1), small(2)]).await;
    let tags = [("</textarea><b>".to_owned(), "{{7*7}}".to_owned())];
    let edit = EditImage {
        description: Some(model::Description::new("\"><script>alert(1)</script>").unwrap()),
        tags: Some(model::Tags::new(tags).unwrap()),
        ..EditImage::default()
    };
    site.world.region(HERE).edit_image(&site.world.caller, &image.id, edit).await.unwrap();
    let mut visitor = site.visitor().await;
    for action in ACTIONS {
        let page = visitor.get(&path(&image, action)).await;
        page.lacks("<img src=x").lacks("<script>alert").lacks("</textarea><b>");
        page.has("&#60;img src=x onerror=alert(1)&#62;");
    }
    let export = visitor.get(&path(&image, "export")).await;
    let (_, command) = export.text.split_once("data-copy=\"").unwrap();
    assert!(!command.split('"').next().unwrap().contains("id)"), "a name is in a command");
    let typed = [("name", "</h1><script>"), ("boot_mode", "uefi"), ("tags", "</textarea><i>")];
    visitor.post(&path(&image, "edit"), &typed).await.is(StatusCode::SEE_OTHER);
    let page = visitor.get(&path(&image, "edit")).await;
    page.lacks("</h1><script>").lacks("</textarea><i>").has("&#60;/textarea&#62;&#60;i&#62;");
    visitor.get("/images").await.lacks("<script>");
}

#[tokio::test]
async fn the_forms_speak_chinese() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let mut visitor = site.visitor().await;
    visitor.post("/settings", &[("language", "zh"), ("next", "/images")]).await;
    let table = [
        ("edit", "编辑 golden"),
        ("delete", "同时删除它的 2 个快照"),
        ("share", "只有所有者可以复制"),
        ("publish", "公共镜像"),
        ("export", "导出 golden"),
        ("instance", "用 golden 创建实例"),
    ];
    for (action, text) in table {
        visitor.get(&path(&image, action)).await.is(StatusCode::OK).has(text);
    }
}

/// R000-10: what makes an image is cancelled from the image's own row; one that is there already is not.
#[tokio::test]
async fn r000_10_what_makes_an_image_is_cancelled() {
    let site = Site::open([HERE]).await;
    let image = golden(&site).await;
    let half = site.world.begin_import(HERE, "half", &[small(3)]).await.unwrap();
    let mut visitor = site.visitor().await;
    visitor.get(&path(&image, "cancel")).await.is(StatusCode::CONFLICT);
    let cancel = path(&half, "cancel");
    visitor.get(&cancel).await.is(StatusCode::OK).has("disappear from cn-hangzhou");
    let done = visitor.post(&cancel, &[]).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), "/images?region=cn-hangzhou");
    visitor.get("/images").await.has("half was cancelled").lacks(half.id.as_str());
    visitor.get(&cancel).await.is(StatusCode::NOT_FOUND);
}
