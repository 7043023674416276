//! `alicloud_image_copy`, from `apply` to `destroy`.

use serde_json::json;

use crate::provider::alibaba::{HERE, SLOW, SOURCE, Scenario};
use crate::workspace::Workspace;

/// The example of the provider's page, with an image that is here and other values where they are given.
fn example(source: &str, name: &str, description: &str, tags: &str) -> String {
    format!(
        r#"resource "alicloud_image_copy" "default" {{
  source_image_id  = "{source}"
  source_region_id = "{SOURCE}"
  image_name       = "{name}"
  description      = "{description}"
  tags             = {{
    {tags}
  }}
}}
"#
    )
}

const DEPARTMENT: &str = "FinanceDept = \"FinanceDeptJoshua\"";

/// R004-4, R004-5, R004-9, R004-12: the page's example is made, is what was asked for, changes in place, is replaced where
/// it must be, and goes; the snapshots stay, as the cloud keeps them.
#[test]
fn r004_4_r004_5_r004_9_r004_12_the_example_is_made_changed_and_destroyed() {
    let Some(work) = Workspace::open(Scenario::Example) else { return };
    let source = work.scene.id("source").to_owned();
    let write = |name: &str, description: &str, tags: &str| {
        work.write("main.tf", &example(&source, name, description, tags));
    };
    write("test-image", "test-image", DEPARTMENT);
    work.apply();
    work.plan_is_empty();
    let made = work.copy("default");
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["image_name"], "test-image");
    assert_eq!(made["tags"], json!({"FinanceDept": "FinanceDeptJoshua"}), "none of the source's");
    let images = work.scene.ecs().images(HERE, "");
    assert_eq!((images.len(), &images[0]["ImageId"]), (1, &json!(id)));
    assert_eq!((&images[0]["Status"], &images[0]["Usable"]), (&json!("Available"), &json!(true)));

    // R004-9: up to twenty tags.
    let tags = |count: usize| -> String {
        (1..count).map(|tag| format!("t{tag} = \"{tag}\"\n    ")).collect()
    };
    write("test-image", "test-image", &(tags(20) + DEPARTMENT));
    work.apply();
    assert_eq!(work.copy("default")["tags"].as_object().unwrap().len(), 20);
    write("test-image", "test-image", &(tags(21) + DEPARTMENT));
    work.apply_fails(&["OperationDenied.QuotaExceed"]);

    // One at a time, as the provider's own test does it, then all back.
    let twice = "FinanceDept = \"other\"\n    For = \"a test\"";
    for (name, description, tags) in [
        ("test-image", "another text", DEPARTMENT),
        ("test-image-2", "another text", DEPARTMENT),
        ("test-image-2", "another text", twice),
        ("test-image", "test-image", DEPARTMENT),
    ] {
        write(name, description, tags);
        let told = work.apply();
        assert!(told.contains("0 added, 1 changed, 0 destroyed"), "{told}");
        let now = work.copy("default");
        assert_eq!((&now["id"], &now["image_name"]), (&json!(id), &json!(name)));
        assert_eq!(now["description"], description);
        assert_eq!(now["tags"]["For"].as_str(), (tags == twice).then_some("a test"));
    }
    work.plan_is_empty();

    // R004-5: another source is another copy.
    let other = work.scene.id("other source");
    work.write("main.tf", &example(other, "test-image", "test-image", DEPARTMENT));
    let changes = work.planned();
    assert_eq!(changes[0]["change"]["actions"], json!(["delete", "create"]), "{changes:?}");
    assert_eq!(changes[0]["change"]["replace_paths"], json!([["source_image_id"]]), "{changes:?}");

    write("test-image", "test-image", DEPARTMENT);
    work.destroy();
    assert!(work.scene.ecs().images(HERE, "").is_empty());
    assert_eq!(work.scene.ecs().snapshots(HERE).len(), 1, "kept until someone deletes it");
    assert_eq!(work.scene.ecs().images(SOURCE, "web").len(), 1, "the source is as it was");
    work.close();
}

fn in_use(source: &str, force: &str) -> String {
    format!(
        r#"resource "alicloud_image_copy" "used" {{
  source_image_id      = "{source}"
  source_region_id     = "{SOURCE}"
  image_name           = "used"
  delete_auto_snapshot = true
  {force}
}}
"#
    )
}

/// R004-10, R004-12: an image that an instance uses goes only by force; with `delete_auto_snapshot` nothing stays.
#[test]
fn r004_10_r004_12_an_image_in_use_goes_by_force_and_its_snapshots_with_it() {
    let Some(work) = Workspace::open(Scenario::InUse) else { return };
    let source = work.scene.id("source").to_owned();
    work.write("main.tf", &in_use(&source, ""));
    work.apply();
    let id = work.copy("used")["id"].as_str().unwrap().to_owned();
    assert_eq!(work.scene.ecs().snapshots(HERE).len(), 1);
    work.recorded().good(
        "RunInstances",
        &[("RegionId", HERE), ("ImageId", &id), ("InstanceType", "ecs.g6.large")],
    );
    work.destroy_fails(&["ImageUsingByInstance"]);
    assert_eq!(work.scene.ecs().images(HERE, "used")[0]["Status"], "Available");
    work.plan_is_empty();

    work.write("main.tf", &in_use(&source, "force = true"));
    let told = work.apply();
    assert!(told.contains("0 added, 1 changed, 0 destroyed"), "{told}");
    work.destroy();
    assert!(work.scene.ecs().images(HERE, "").is_empty());
    assert!(work.scene.ecs().snapshots(HERE).is_empty());
    work.close();
}

fn encrypted(source: &str, name: &str, key: &str) -> String {
    format!(
        r#"resource "alicloud_image_copy" "{name}" {{
  source_image_id  = "{source}"
  source_region_id = "{SOURCE}"
  image_name       = "{name}"
  encrypted        = true
  kms_key_id       = "{key}"
}}
"#
    )
}

/// R004-8: an encrypted copy is sealed under the key that was named; a disabled key is refused by its name.
#[test]
fn r004_8_a_copy_is_encrypted_under_the_key_that_was_named() {
    let Some(work) = Workspace::open(Scenario::Encrypted) else { return };
    let source = work.scene.id("source").to_owned();
    let (key, disabled) = (work.scene.id("encryption key"), work.scene.id("disabled key"));
    work.write("main.tf", &encrypted(&source, "doomed", disabled));
    work.apply_fails(&["InvalidParameter.KMSKeyId.CMKNotEnabled"]);
    assert!(work.scene.ecs().images(HERE, "").is_empty(), "nothing is made");

    work.write("main.tf", &encrypted(&source, "sealed", key));
    work.apply();
    work.plan_is_empty();
    let images = work.scene.ecs().images(HERE, "sealed");
    let disk = &images[0]["DiskDeviceMappings"]["DiskDeviceMapping"][0];
    assert_eq!(disk["Encrypted"], true, "{disk}");
    let shown = work.scene.home.json(&format!("image show sealed --region {HERE}"));
    assert_eq!(shown["encryption_key"], key);
    work.scene.home.good(&format!("image verify sealed --region {HERE}"));
    work.destroy();
    assert!(work.scene.ecs().images(HERE, "").is_empty());
    work.close();
}

/// R004-11: a copy that fails is told as that, stays to be seen, and can be destroyed.
#[test]
fn r004_11_a_copy_that_fails_is_told_and_stays_until_it_is_destroyed() {
    let Some(work) = Workspace::open(Scenario::Failed) else { return };
    let source = work.scene.id("source").to_owned();
    work.write("main.tf", &example(&source, "broken", "", DEPARTMENT));
    work.apply_fails(&["CreateFailed"]);
    let images = work.scene.ecs().images(HERE, "broken");
    assert_eq!((images.len(), &images[0]["Status"]), (1, &json!("CreateFailed")));
    assert_eq!(work.copy("default")["id"], images[0]["ImageId"], "Terraform has it, as tainted");
    work.destroy();
    assert!(work.scene.ecs().images(HERE, "").is_empty());
    work.close();
}

/// R004-3, R004-11: a copy longer than the create timeout ends the apply and goes on; its image cannot be deleted until
/// it is cancelled, and then the next apply goes through.
#[test]
fn r004_3_r004_11_a_copy_longer_than_the_create_timeout_is_told_and_can_be_cancelled() {
    let Some(work) = Workspace::open(Scenario::Timeout) else { return };
    let source = work.scene.id("source").to_owned();
    let text = format!(
        r#"resource "alicloud_image_copy" "slow" {{
  source_image_id  = "{source}"
  source_region_id = "{SLOW}"
  image_name       = "slow-copy"
  timeouts {{
    create = "65s"
  }}
}}
"#
    );
    work.write("main.tf", &text);
    work.apply_fails(&["timeout while waiting for state to become 'Available'", "Creating"]);
    let images = work.scene.ecs().images(HERE, "slow-copy");
    assert_eq!(images[0]["Status"], "Creating", "it goes on");
    let id = images[0]["ImageId"].as_str().unwrap();
    assert_eq!(work.copy("slow")["id"], id, "Terraform has it, as tainted");

    work.destroy_fails(&["OperationDenied.ImageCopying"]);
    work.recorded().good("CancelCopyImage", &[("RegionId", HERE), ("ImageId", id)]);
    work.destroy();
    assert!(work.scene.ecs().images(HERE, "").is_empty());
    assert!(work.scene.ecs().snapshots(HERE).is_empty(), "a copy that was cancelled leaves none");
    work.close();
}
