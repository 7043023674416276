//! R002-4: images on local disks are converted before they are copied.

use model::{Description, FileName, Name, NameRule, Particulars, Tags};
use region::RegisterImage;
use region::testing::disk;
use serde_json::json;

use crate::door::{Door, HERE, spelled, text};

#[tokio::test]
async fn r002_4_a_local_image_is_converted_and_no_other() {
    let door = Door::open().await;
    let bytes = disk(1, 4, Some);
    std::fs::write(door.world.local_folder(&door.world.caller).join("web.raw"), &bytes).unwrap();
    let like = door.image(HERE, "like").await;
    let like_id = door.ours(HERE, &like).await;
    let here = door.world.region(HERE);
    let attributes = here.image(&door.world.caller, &like_id).await.unwrap().attributes;
    let command = RegisterImage {
        file: FileName::new("web.raw").unwrap(),
        name: Name::new("local").unwrap(),
        description: Description::new("in place").unwrap(),
        attributes,
        family: None,
        particulars: Particulars::default(),
        tags: Tags::default(),
        names: NameRule::Free,
        token: None,
    };
    let local = here.register_local_image(&door.world.caller, command).await.unwrap();
    let local = spelled(local.id.as_str());
    let convert = format!("/images/{local}:convertImage");
    let body = json!({"imageId": local});
    let made = text(&door.post(HERE, &convert, body.clone()).await.ok(), "imageId");
    assert_ne!(made, local);
    // Asked again while it runs, the answer is the same image.
    let again = text(&door.post(HERE, &convert, body.clone()).await.ok(), "imageId");
    assert_eq!(again, made);
    door.world.run_until_idle().await;
    let id = door.ours(HERE, &made).await;
    assert_eq!(door.world.read_disk(HERE, &id, 0).await, bytes);

    let other = door.post(HERE, &format!("/images/{like}:convertImage"), json!({})).await;
    let message = other.refused(400, "FAILED_PRECONDITION");
    assert_eq!(message, "Only support localDisk image");
    // api-11: what is another's is nobody's.
    let foreign = door.post_as(&door.stranger, HERE, &convert, body).await;
    assert_eq!(foreign.refused(404, "NOT_FOUND"), format!("Image '{local}' not found"));
    door.world.check_world().await;
}
