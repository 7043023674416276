//! Images that Terraform did not make: `import`, and the data source.

use serde_json::json;

use crate::provider::alibaba::{HERE, SOURCE, Scenario};
use crate::workspace::Workspace;

fn imported(source: &str, more: &str) -> String {
    format!(
        r#"resource "alicloud_image_copy" "default" {{
  source_image_id  = "{source}"
  source_region_id = "{SOURCE}"
  image_name       = "grown"
  description      = "by-hand"
  tags             = {{
    FinanceDept = "FinanceDeptJoshua"
  }}
  {more}
}}
"#
    )
}

/// Asks the plan to overlook these attributes.
fn ignore(work: &Workspace, attributes: &str) {
    let more = format!("lifecycle {{\n    ignore_changes = [{attributes}]\n  }}");
    work.write("main.tf", &imported(work.scene.id("source"), &more));
}

/// The attributes that a plan would change.
fn differing(work: &Workspace) -> Vec<String> {
    let changes = work.planned();
    let (before, after) = (&changes[0]["change"]["before"], &changes[0]["change"]["after"]);
    let fields = after.as_object().expect("a change tells what will be").iter();
    let differ = fields.filter(|(name, value)| before[name.as_str()] != **value);
    differ.map(|(name, _)| name.clone()).collect()
}

/// R004-13: an imported image has its name, description and tags; a plan finds nothing to do about them.
#[test]
fn r004_13_an_imported_image_has_its_name_description_and_tags() {
    let Some(work) = Workspace::open(Scenario::Import) else { return };
    let (source, grown) = (work.scene.id("source"), work.scene.id("grown"));
    work.write("main.tf", &imported(source, ""));
    work.must(&format!("import -input=false -no-color alicloud_image_copy.default {grown}"));
    let state = work.copy("default");
    assert_eq!((&state["id"], &state["image_name"]), (&json!(grown), &json!("grown")));
    assert_eq!(state["description"], "by-hand");
    assert_eq!(state["tags"], json!({"FinanceDept": "FinanceDeptJoshua"}));

    // The provider cannot know where an image came from, nor what only its own settings say: no more differs.
    assert_eq!(differing(&work), ["force", "source_image_id", "source_region_id", "timeouts"]);
    ignore(&work, "source_image_id, source_region_id, force, timeouts");
    work.plan_is_empty();

    // Without the source in the comparison the rest is taken over, and the image stays as it is.
    ignore(&work, "source_image_id, source_region_id");
    assert_eq!(differing(&work), ["force", "timeouts"]);
    let told = work.apply();
    assert!(told.contains("0 added, 1 changed, 0 destroyed"), "{told}");
    work.plan_is_empty();
    assert!(!work.calls().contains("ModifyImageAttribute"), "{}", work.calls());
    assert_eq!(work.copy("default")["id"], grown);
    work.destroy();
    assert!(work.scene.ecs().images(HERE, "").is_empty());
    work.close();
}

/// One after the other, so that the trace always has the same order.
const QUESTIONS: &str = r#"
data "alicloud_images" "regex" {
  owners     = "self"
  name_regex = "^data-"
}
data "alicloud_images" "tags" {
  owners = "self"
  tags = {
    Stage = "test"
  }
  depends_on = [data.alicloud_images.regex]
}
data "alicloud_images" "status" {
  owners = "self"
  status = "Available"
  depends_on = [data.alicloud_images.tags]
}
data "alicloud_images" "failed" {
  owners = "self"
  status = "CreateFailed"
  depends_on = [data.alicloud_images.status]
}
data "alicloud_images" "latest" {
  owners      = "self"
  name_regex  = "^data-"
  most_recent = true
  depends_on = [data.alicloud_images.failed]
}
data "alicloud_images" "system" {
  owners = "system"
  depends_on = [data.alicloud_images.latest]
}
"#;

/// The data source finds images by name, owner, tags and status. Without `account_type` the provider asks the billing
/// service first, and starts.
#[test]
fn the_data_source_finds_images_by_name_owner_tags_and_status() {
    let Some(work) = Workspace::open(Scenario::DataSources) else { return };
    work.write("provider.tf", &work.provider(""));
    work.write("main.tf", QUESTIONS);
    work.apply();
    let found = |name: &str| {
        let state = work.state("alicloud_images", name);
        let mut ids: Vec<String> = serde_json::from_value(state["ids"].clone()).unwrap();
        ids.sort_unstable();
        ids
    };
    let these = |names: &[&str]| {
        let mut ids: Vec<String> =
            names.iter().map(|name| work.scene.id(name).to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(found("regex"), these(&["first", "second"]));
    assert_eq!(found("tags"), these(&["first"]));
    assert_eq!(found("status"), these(&["first", "second", "third"]));
    assert_eq!(found("failed"), these(&[]));
    assert_eq!(found("latest"), these(&["second"]));
    assert_eq!(found("system"), these(&[]), "no images but those that users brought");
    let first = &work.state("alicloud_images", "tags")["images"][0];
    assert_eq!(first["tags"], json!({"For": "data", "Stage": "test"}), "{first}");
    assert_eq!(first["name"], "data-first");
    assert_eq!(
        (&first["status"], &first["image_owner_alias"]),
        (&"Available".into(), &"self".into())
    );
    assert_eq!((&first["usage"], &first["progress"]), (&"none".into(), &"100%".into()));
    assert_eq!(first["disk_device_mappings"].as_array().unwrap().len(), 1, "{first}");
    assert!(work.calls().contains("QueryAvailableInstances 200"), "{}", work.calls());
    work.close();
}
