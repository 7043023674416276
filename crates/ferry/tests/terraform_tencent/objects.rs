//! `tencentcloud_cvm_export_images` and `tencentcloud_cvm_import_image`.

use crate::provider::tencent::{HERE, Scenario};
use crate::workspace::open;
use crate::world::until;

const EXPORT: &str = r#"resource "tencentcloud_cvm_export_images" "web" {
  bucket_name      = "disks-1250000000"
  image_id         = "SOURCE"
  file_name_prefix = "out"
  export_format    = "RAW"
}
"#;

const IMPORT: &str = r#"resource "tencentcloud_cvm_import_image" "back" {
  architecture = "x86_64"
  os_type      = "Others Linux"
  os_version   = "-"
  image_url    = "https://disks-1250000000.cos.ap-guangzhou.myqcloud.com/OBJECT"
  image_name   = "back"
  force        = true
  tag_specification {
    resource_type = "image"
    tags {
      key   = "Stage"
      value = "test"
    }
  }
}
"#;

/// An image goes into a bucket and one is made of what was written there.
#[test]
fn an_image_is_exported_into_a_bucket_and_imported_from_it() {
    let Some(work) = open(Scenario::Objects) else { return };
    let bucket = work.scene.home.path(&format!("data/buckets/{HERE}/default/disks-1250000000"));
    work.write("main.tf", &EXPORT.replace("SOURCE", work.scene.id("source")));
    work.apply();
    work.plan_is_empty();
    let written = || {
        let files = std::fs::read_dir(&bucket).unwrap().map(|file| file.unwrap().file_name());
        let mut names = files.map(|name| name.into_string().unwrap());
        names.find(|name| !name.starts_with('.'))
    };
    let object = until("the object is written", written);
    assert!(object.starts_with("out_") && object.ends_with(".raw"), "{object}");

    work.write("main.tf", &IMPORT.replace("OBJECT", &object));
    work.apply();
    work.plan_is_empty();
    let image = until("the image is there", || {
        let images = work.scene.cvm().images(HERE, "back");
        images.into_iter().find(|image| image["ImageState"] == "NORMAL")
    });
    assert_eq!(image["ImageSource"], "EXTERNAL_IMPORT");
    assert_eq!(image["Tags"], serde_json::json!([{"Key": "Stage", "Value": "test"}]));
    work.close();
}
