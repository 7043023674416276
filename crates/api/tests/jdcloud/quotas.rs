//! Quotas (R002-5): what is promised is taken.

use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE};

const IMAGES: [(&str, &str); 2] =
    [("filters.1.name", "resourceTypes"), ("filters.1.values.1", "image")];
const SHARES: [(&str, &str); 2] =
    [("filters.1.name", "resourceTypes"), ("filters.1.values.1", "imageShare")];

async fn quotas(door: &Door, region: &str, query: &[(&str, &str)]) -> Value {
    door.get(region, "/quotas", query).await.ok()["quotas"].clone()
}

fn row(kind: &str, limit: u64, used: u64) -> Value {
    json!({"resourceType": kind, "limit": limit, "used": used})
}

#[tokio::test]
async fn r002_5_quotas_tell_what_is_there_and_what_is_promised() {
    let door = Door::open().await;
    let (here, there) = (door.world.region(HERE), door.world.region(THERE));
    for region in [&here, &there] {
        let caller = region::Caller { role: model::Role::Operator, ..door.world.caller.clone() };
        region.set_quota(&caller, model::QuotaKind::Image, 20).await.unwrap();
    }
    assert_eq!(quotas(&door, HERE, &IMAGES).await, json!([row("image", 20, 0)]));
    door.image(HERE, "web").await;
    assert_eq!(quotas(&door, HERE, &IMAGES).await, json!([row("image", 20, 1)]));
    let found = door.world.region(HERE).images(&door.world.caller, Default::default()).await;
    assert_eq!(found.unwrap().items.len(), 1);
    door.world.copy(HERE, &image(&door).await, THERE).await.unwrap();
    assert_eq!(quotas(&door, THERE, &IMAGES).await, json!([row("image", 20, 1)]));
    door.world.run_until_idle().await;
    assert_eq!(quotas(&door, THERE, &IMAGES).await, json!([row("image", 20, 1)]));
    // As recorded: machines are asked for too, and there are none.
    let mut both = IMAGES.to_vec();
    both.push(("filters.1.values.2", "instance"));
    assert_eq!(quotas(&door, THERE, &both).await, json!([row("image", 20, 1)]));
    assert_eq!(quotas(&door, THERE, &[]).await, json!([row("image", 20, 1)]));
    let other = door.get_as(&door.stranger, HERE, "/quotas", &IMAGES).await.ok();
    assert_eq!(other["quotas"][0]["used"], 0);
}

async fn image(door: &Door) -> model::ImageId {
    let found = door.world.region(HERE).images(&door.world.caller, Default::default()).await;
    found.unwrap().items[0].id.clone()
}

#[tokio::test]
async fn shares_are_counted_for_one_image() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let of = |image: &'static str| [SHARES[0], SHARES[1], ("imageId", image)];
    let web: &'static str = web.leak();
    assert_eq!(quotas(&door, HERE, &of(web)).await, json!([row("imageShare", 50, 0)]));
    let stranger = door.world.stranger().account;
    let id = door.ours(HERE, web).await;
    door.world.region(HERE).share_image(&door.world.caller, &id, vec![stranger]).await.unwrap();
    assert_eq!(quotas(&door, HERE, &of(web)).await, json!([row("imageShare", 50, 1)]));
    let both = quotas(&door, HERE, &[("imageId", web)]).await;
    assert_eq!(both.as_array().unwrap().len(), 2);
    let message = door.get(HERE, "/quotas", &SHARES).await.refused(400, "INVALID_ARGUMENT");
    assert_eq!(message, "Parameter ImageId missing");
    // api-11: what is another's, and what nobody has.
    let other = door.get_as(&door.stranger, HERE, "/quotas", &of("img-zzzzzzzzzz")).await;
    assert_eq!(other.refused(404, "NOT_FOUND"), "Image 'img-zzzzzzzzzz' not found");
    door.get(HERE, "/quotas", &of("img-short")).await.refused(404, "NOT_FOUND");
    let unknown = [("filters.1.name", "resourceTypes"), ("filters.1.values.1", "disk")];
    door.get(HERE, "/quotas", &unknown).await.refused(400, "INVALID_ARGUMENT");
    let unknown = [("filters.1.name", "kinds"), ("filters.1.values.1", "image")];
    door.get(HERE, "/quotas", &unknown).await.refused(400, "INVALID_ARGUMENT");
}
