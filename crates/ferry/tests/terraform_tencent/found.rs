//! Images that Terraform did not make: the data sources.

use serde_json::{Value, json};

use crate::provider::tencent::Scenario;
use crate::workspace::open;

/// One after the other, so that the trace always has the same order.
const QUESTIONS: &str = r#"
data "tencentcloud_images" "own" {
  image_type = ["PRIVATE_IMAGE"]
}
data "tencentcloud_images" "regex" {
  image_type       = ["PRIVATE_IMAGE"]
  image_name_regex = "^data-"
  depends_on       = [data.tencentcloud_images.own]
}
data "tencentcloud_images" "public" {
  image_type = ["PUBLIC_IMAGE"]
  depends_on = [data.tencentcloud_images.regex]
}
data "tencentcloud_images" "one" {
  image_id   = "FIRST"
  depends_on = [data.tencentcloud_images.public]
}
data "tencentcloud_image" "newest" {
  image_name_regex = "^data-"
  filter {
    name   = "image-type"
    values = ["PRIVATE_IMAGE"]
  }
  depends_on = [data.tencentcloud_images.one]
}
data "tencentcloud_image" "tagged" {
  filter {
    name   = "tag:Stage"
    values = ["test", "other"]
  }
  depends_on = [data.tencentcloud_image.newest]
}
data "tencentcloud_image_from_family" "nightly" {
  image_family = "nightly"
  depends_on   = [data.tencentcloud_image.tagged]
}
data "tencentcloud_cvm_image_quota" "here" {
  depends_on = [data.tencentcloud_image_from_family.nightly]
}
data "tencentcloud_cvm_import_image_os" "here" {
  depends_on = [data.tencentcloud_cvm_image_quota.here]
}
data "tencentcloud_cbs_snapshots" "here" {
  storage_usage = "SYSTEM_DISK"
  depends_on    = [data.tencentcloud_cvm_import_image_os.here]
}
"#;

/// Images are found by type, name, id, tag and family; the quota, the systems that can be imported and the snapshots are told.
#[test]
fn the_data_sources_find_images_by_type_name_id_tag_and_family() {
    let Some(work) = open(Scenario::DataSources) else { return };
    let id = |name: &str| json!(work.scene.id(name));
    work.write("main.tf", &QUESTIONS.replace("FIRST", work.scene.id("first")));
    work.apply();
    let state = |kind: &str, name: &str| work.state_of("data", kind, name);
    let found = |name: &str| -> Vec<Value> {
        let state = state("tencentcloud_images", name);
        let images = state["images"].as_array().unwrap();
        images.iter().map(|image| image["image_id"].clone()).collect()
    };
    let own = found("own");
    assert_eq!(own.len(), 3);
    assert!(["first", "second", "third"].into_iter().all(|name| own.contains(&id(name))));
    assert_eq!(found("regex"), [id("second"), id("first")], "the newest first");
    assert_eq!(found("public"), Vec::<Value>::new(), "no images but those that users brought");
    assert_eq!(found("one"), [id("first")]);
    let first = &state("tencentcloud_images", "one")["images"][0];
    assert_eq!(
        (&first["image_name"], &first["image_state"]),
        (&json!("data-first"), &json!("NORMAL"))
    );
    assert_eq!(
        (&first["image_type"], &first["architecture"]),
        (&json!("PRIVATE_IMAGE"), &json!("x86_64"))
    );
    let snapshots = first["snapshots"].as_array().unwrap();
    assert_eq!((snapshots.len(), &snapshots[0]["disk_usage"]), (1, &json!("SYSTEM_DISK")));
    assert_eq!(state("tencentcloud_image", "newest")["image_id"], id("second"));
    assert_eq!(state("tencentcloud_image", "tagged")["image_id"], id("first"));
    let family = &state("tencentcloud_image_from_family", "nightly")["image"][0];
    assert_eq!((&family["image_id"], &family["image_family"]), (&id("third"), &json!("nightly")));
    let quota = &state("tencentcloud_cvm_image_quota", "here")["image_num_quota"];
    assert!(quota.as_u64().is_some_and(|quota| quota > 0), "{quota}");
    let systems = state("tencentcloud_cvm_import_image_os", "here");
    assert!(!systems["import_image_os_list_supported"][0]["linux"].as_array().unwrap().is_empty());
    let snapshots = state("tencentcloud_cbs_snapshots", "here");
    assert_eq!(snapshots["snapshot_list"].as_array().unwrap().len(), 3);
    assert_eq!(snapshots["snapshot_list"][0]["percent"], 100);
    work.close();
}

/// A family that no image has is told as that, and so is a name that none has.
#[test]
fn what_is_not_found_is_told() {
    let Some(work) = open(Scenario::DataSources) else { return };
    work.write(
        "main.tf",
        "data \"tencentcloud_image\" \"none\" {\n  image_name_regex = \"^nothing\"\n}\n",
    );
    work.apply_fails(&["No image found"]);
}
