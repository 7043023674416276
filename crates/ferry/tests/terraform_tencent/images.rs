//! `tencentcloud_image`: an image made of a snapshot.

use serde_json::json;

use crate::provider::tencent::{HERE, Scenario};
use crate::workspace::open;

const IMAGE: &str = "tencentcloud_image";

fn image(snapshot: &str, name: &str, description: &str, tags: &str) -> String {
    format!(
        r#"resource "{IMAGE}" "made" {{
  image_name        = "{name}"
  snapshot_ids      = ["{snapshot}"]
  image_description = "{description}"
  image_family      = "web"
  tags = {{
    {tags}
  }}
}}
"#
    )
}

/// R002-12: an image is made of a snapshot, changes in place, is imported and goes, while the image that the snapshot came with stays.
#[test]
fn r002_12_an_image_of_a_snapshot_is_made_changed_imported_and_destroyed() {
    let Some(work) = open(Scenario::Image) else { return };
    let snapshot = work.scene.id("source's snapshot").to_owned();
    let write = |name: &str, description: &str, tags: &str| {
        work.write("main.tf", &image(&snapshot, name, description, tags));
    };
    write("made", "of a snapshot", "Stage = \"test\"");
    work.apply();
    work.plan_is_empty();
    let made = work.state(IMAGE, "made");
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made["snapshot_ids"], json!([snapshot]));
    assert_eq!(made["tags"], json!({"Stage": "test"}));
    let images = work.scene.cvm().images(HERE, "made");
    assert_eq!((images.len(), &images[0]["ImageId"]), (1, &json!(id)));
    assert_eq!(images[0]["ImageState"], "NORMAL");
    assert_eq!(images[0]["ImageFamily"], "web");

    // More tags than a page of the tag service has.
    let many: String = (0..19).map(|tag| format!("t{tag} = \"{tag}\"\n    ")).collect();
    for (name, description, tags) in [
        ("renamed", "of a snapshot", "Stage = \"test\"".to_owned()),
        ("renamed", "another text", "Stage = \"live\"\n    For = \"a test\"".to_owned()),
        ("renamed", "another text", many + "Stage = \"many\""),
        ("renamed", "another text", "Stage = \"test\"".to_owned()),
    ] {
        write(name, description, &tags);
        let told = work.apply();
        assert!(told.contains("0 added, 1 changed, 0 destroyed"), "{told}");
        work.plan_is_empty();
        let now = work.state(IMAGE, "made");
        assert_eq!((&now["id"], &now["image_name"]), (&json!(id), &json!(name)));
        assert_eq!(now["image_description"], description);
        assert_eq!(now["tags"].as_object().unwrap().len(), tags.lines().count());
    }

    work.must(&format!("state rm -no-color {IMAGE}.made"));
    work.must(&format!("import -input=false -no-color {IMAGE}.made {id}"));
    let imported = work.state(IMAGE, "made");
    assert_eq!(imported["image_name"], "renamed");
    assert_eq!(imported["tags"], json!({"Stage": "test"}));

    work.destroy();
    assert!(work.scene.cvm().images(HERE, "renamed").is_empty());
    assert_eq!(work.scene.cvm().images(HERE, "web").len(), 1, "whose snapshot it was");
    work.close();
}
