//! `tencentcloud_cvm_sync_image`.

use serde_json::{Value, json};

use crate::provider::tencent::{FAR, HERE, NEAR, Scenario};
use crate::provider::workspace::Workspace;
use crate::workspace::open;

const SYNC: &str = "tencentcloud_cvm_sync_image";

/// A sync of an image to regions, with more settings.
fn sync(image: &str, regions: &[&str], more: &str) -> String {
    format!(
        r#"resource "{SYNC}" "web" {{
  image_id            = "{image}"
  destination_regions = {}
  {more}
}}
"#,
        json!(regions)
    )
}

/// The id of the one image of this name in a region, which is as it should be.
fn made(work: &Workspace<Scenario>, region: &str, name: &str) -> String {
    let images = work.scene.cvm().images(region, name);
    assert_eq!(images.len(), 1, "{name} in {region}: {images:?}");
    assert_eq!(images[0]["ImageName"], name);
    assert_eq!(images[0]["ImageState"], "NORMAL", "{images:?}");
    images[0]["ImageId"].as_str().unwrap().to_owned()
}

/// The state that the provider saw the source in, look after look.
fn seen_states(work: &Workspace<Scenario>) -> Vec<Value> {
    let seen = work.recorder.exchanges.lock().unwrap();
    let answers = seen.iter().map(|(_, answer)| answer.json());
    answers
        .map(|answer| answer["Response"]["ImageSet"][0]["ImageState"].clone())
        .filter(|state| !state.is_null())
        .collect()
}

/// R002-1, R002-11: an image goes to two regions at once and the ids of the copies are told; the source is SYNCING until both
/// are there; a second plan finds nothing to do; another name is another copy, and what was made stays.
#[test]
fn r002_1_an_image_is_synchronised_to_two_regions_and_the_new_ids_are_told() {
    let Some(work) = open(Scenario::Sync) else { return };
    let source = work.scene.id("source").to_owned();
    let named = |name: &str| format!("image_name = \"{name}\"\n  image_set_required = true");
    work.write("main.tf", &sync(&source, &[NEAR, FAR], &named("web-copy")));
    work.apply();
    let states = seen_states(&work);
    assert!(states.len() > 1 && states[0] == "SYNCING", "{states:?}");
    assert_eq!(states.last(), Some(&json!("NORMAL")), "{states:?}");
    let state = work.state(SYNC, "web");
    let mut told: Vec<(&str, &str)> = state["image_set"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| (image["region"].as_str().unwrap(), image["image_id"].as_str().unwrap()))
        .collect();
    told.sort_unstable();
    let (far, near) = (made(&work, FAR, "web-copy"), made(&work, NEAR, "web-copy"));
    assert_eq!(told, [(FAR, far.as_str()), (NEAR, near.as_str())]);
    assert_eq!(work.scene.cvm().images(HERE, "").len(), 1, "none is made where the source is");
    work.scene.home.good(&format!("image verify web-copy --region {FAR}"));
    work.plan_is_empty();

    work.write("main.tf", &sync(&source, &[NEAR], &named("web-2")));
    let changes = work.planned();
    assert_eq!(changes[0]["change"]["actions"], json!(["delete", "create"]), "{changes:?}");
    work.apply();
    let image_set = &work.state(SYNC, "web")["image_set"];
    let second = made(&work, NEAR, "web-2");
    assert_eq!(image_set, &json!([{"image_id": second, "region": NEAR}]));
    work.destroy();
    assert_eq!(work.scene.cvm().images(NEAR, "").len(), 2, "the provider deletes no copies");
    assert_eq!(made(&work, HERE, "web"), source, "the source is as it was");
    work.close();
}

/// A dry run makes nothing; without `image_set_required` no ids are told, and the copy has the source's name (R002-7).
#[test]
fn r002_7_a_check_makes_nothing_and_a_copy_has_its_sources_name() {
    let Some(work) = open(Scenario::Checks) else { return };
    let source = work.scene.id("source").to_owned();
    work.write("main.tf", &sync(&source, &[NEAR, FAR], "dry_run = true"));
    work.apply();
    work.plan_is_empty();
    assert_eq!(work.state(SYNC, "web")["image_set"], json!([]));
    for region in [NEAR, FAR] {
        assert!(work.scene.cvm().images(region, "").is_empty(), "a dry run made one in {region}");
    }

    work.write("main.tf", &sync(&source, &[NEAR], ""));
    work.apply();
    work.plan_is_empty();
    assert_eq!(work.state(SYNC, "web")["image_set"], json!([]), "ids were not asked for");
    made(&work, NEAR, "web");
    work.close();
}

/// R002-6: what is refused is refused with the cloud's codes and before anything is made; the user reads the code and what
/// is wrong.
#[test]
fn r002_6_a_refusal_reaches_the_user_with_its_code() {
    let Some(work) = open(Scenario::Refusals) else { return };
    let (source, absent) = (work.scene.id("source"), work.scene.id("absent"));
    let taken = "image_name = \"taken\"";
    let rehearsed = format!("dry_run = true\n  {taken}");
    for (image, regions, more, code, said) in [
        (absent, &[NEAR][..], "", "InvalidImageId.NotFound", "The image does not exist"),
        ("img-1", &[NEAR], "", "InvalidImageId.Malformed", "`img-1`"),
        (source, &[HERE], "", "InvalidParameterValue.InvalidRegion", "the region that it is in"),
        (source, &[NEAR, "ap-nowhere"], "", "InvalidRegion.NotFound", "`ap-nowhere`"),
        (source, &[NEAR, FAR], taken, "InvalidImageName.Duplicate", "`taken`"),
        (source, &[NEAR], &rehearsed, "InvalidImageName.Duplicate", "`taken`"),
    ] {
        work.write("main.tf", &sync(image, regions, more));
        let told = work.apply_fails(&[code]);
        let (_, error) = told.split_once("[TencentCloudSDKError]").expect("the SDK's words");
        let (error, _) = error.split_once("RequestId=").expect("and the request's id");
        assert!(error.contains(&format!("Code={code},")) && error.contains(said), "{error}");
        assert_eq!(work.scene.cvm().images(NEAR, "").len(), 1, "{code}: only `taken`");
        assert!(work.scene.cvm().images(FAR, "").is_empty(), "{code}");
    }
    work.close();
}

/// R004-8: in the source's own region a copy may be made under an encryption key, and only so.
#[test]
fn r004_8_a_copy_in_its_own_region_is_encrypted_under_the_key_that_was_named() {
    let Some(work) = open(Scenario::Encrypted) else { return };
    let (source, key) = (work.scene.id("source"), work.scene.id("encryption key"));
    let more = format!(
        "encrypt = true\n  kms_key_id = \"{key}\"\n  image_name = \"sealed\"\n  image_set_required = true"
    );
    work.write("main.tf", &sync(source, &[HERE], &more));
    work.apply();
    work.plan_is_empty();
    let sealed = made(&work, HERE, "sealed");
    let image_set = &work.state(SYNC, "web")["image_set"];
    assert_eq!(image_set, &json!([{"image_id": sealed, "region": HERE}]));
    let shown = work.scene.home.json(&format!("image show sealed --region {HERE}"));
    assert_eq!(shown["encryption_key"], key);
    work.scene.home.good(&format!("image verify sealed --region {HERE}"));
    work.close();
}
