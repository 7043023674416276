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
  os_type      = "Other Linux"
  os_version   = "-"
  image_url    = "https://disks-1250000000.cos.ap-guangzhou.myqcloud.com/brought.raw"
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

/// An image goes into a bucket, and one is made of what lies there.
#[test]
fn an_image_is_exported_into_a_bucket_and_one_is_imported_from_it() {
    let Some(work) = open(Scenario::Objects) else { return };
    let bucket = work.scene.bucket();
    work.write("main.tf", &EXPORT.replace("SOURCE", work.scene.id("source")));
    work.apply();
    work.plan_is_empty();
    let written = || {
        let files = std::fs::read_dir(&bucket).unwrap().map(|file| file.unwrap().path());
        files.into_iter().find(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("out_") && name.ends_with(".raw")
        })
    };
    let object = until("the object is written", written);
    let (disk, source) = (std::fs::read(object).unwrap(), work.scene.home.path("web.raw"));
    assert!(disk == std::fs::read(source).unwrap(), "the disk is as it was brought in");

    work.write("main.tf", IMPORT);
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
