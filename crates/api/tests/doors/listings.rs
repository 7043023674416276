//! Listings: pages that miss nothing and repeat nothing, filters, cursors that nobody makes (api-12).

use std::collections::BTreeSet;

use api::native::wire::{Image, Page, Snapshot};
use region::testing::disk;
use serde_json::json;

use crate::world::Door;

async fn door_with_images(count: usize) -> Door {
    let door = Door::open(["north", "south"]).await;
    for number in 0..count {
        door.world.import("north", &format!("web-{number}"), &[disk(number as u64, 2, Some)]).await;
        door.world.clock.advance_ms(i64::from(number % 2 == 0));
    }
    door
}

#[tokio::test]
async fn pages_show_every_image_once_newest_first() {
    let door = door_with_images(7).await;
    let (mut seen, mut order, mut path) =
        (BTreeSet::new(), Vec::new(), "/v1/regions/north/images?limit=3".to_owned());
    let sizes = loop {
        let page: Page<Image> = door.get(&path).await.ok(200);
        order.push(page.items.len());
        for image in page.items {
            assert!(seen.insert((std::cmp::Reverse(image.created.clone()), image.id.clone())));
        }
        match page.next_cursor {
            Some(cursor) => path = format!("/v1/regions/north/images?limit=3&cursor={cursor}"),
            None => break order,
        }
    };
    assert_eq!((sizes, seen.len()), (vec![3, 3, 1], 7));
}

#[tokio::test]
async fn filters_narrow_a_listing() {
    let door = door_with_images(3).await;
    door.world.begin_import("north", "half", &[vec![0; 512]]).await.unwrap();
    let names = async |query: &str| {
        let page: Page<Image> =
            door.get(&format!("/v1/regions/north/images?{query}")).await.ok(200);
        page.items.into_iter().map(|image| image.name).collect::<Vec<_>>()
    };
    assert_eq!(names("status=creating").await, ["half"]);
    assert_eq!(names("status=available,creating").await.len(), 4);
    assert_eq!(names("name=web-1").await, ["web-1"]);
    assert!(names("name=web").await.is_empty());
    assert_eq!(names("status=create_failed").await.len(), 0);
}

#[tokio::test]
async fn api_12_cursors_that_were_not_made_for_the_listing_are_refused() {
    let door = door_with_images(3).await;
    let page: Page<Image> = door.get("/v1/regions/north/images?limit=1").await.ok(200);
    let cursor = page.next_cursor.unwrap();
    let bent = format!("{}A", &cursor[..cursor.len() - 1]);
    let (bent, cursor) = (if bent == cursor { format!("B{}", &cursor[1..]) } else { bent }, cursor);
    for path in [
        format!("/v1/regions/north/images?cursor={bent}"),
        format!("/v1/regions/south/images?cursor={cursor}"),
        format!("/v1/regions/north/images?cursor={cursor}&name=web-1"),
        format!("/v1/regions/north/snapshots?cursor={cursor}"),
        format!("/v1/regions/north/copies?cursor={cursor}"),
        "/v1/regions/north/images?cursor=".to_owned(),
        "/v1/regions/north/images?cursor=AAAA".to_owned(),
    ] {
        door.get(&path).await.refused(400, "invalid_cursor");
    }
    for limit in ["0", "1001"] {
        let problem = door
            .get(&format!("/v1/regions/north/images?limit={limit}"))
            .await
            .refused(400, "invalid_field");
        assert_eq!(problem.field.as_deref(), Some("limit"));
    }
    for limit in ["-1", "2147483648000", "ten", ""] {
        door.get(&format!("/v1/regions/north/images?limit={limit}"))
            .await
            .refused(400, "invalid_query");
    }
}

#[tokio::test]
async fn r000_13_snapshots_are_listed_by_origin_and_image() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 2, Some), disk(2, 2, Some)]).await;
    door.world.copy("north", &image.id, "south").await.unwrap();
    door.world.run_until_idle().await;
    let listed = async |path: &str| -> Vec<Snapshot> {
        let page: Page<Snapshot> = door.get(&format!("/v1/regions/{path}")).await.ok(200);
        page.items
    };
    assert_eq!(listed("north/snapshots?origin=copied").await.len(), 0);
    assert_eq!(
        listed(&format!("north/snapshots?origin=imported&image={}", image.id)).await.len(),
        2
    );
    let copied = listed("south/snapshots?origin=copied").await;
    assert_eq!(copied.len(), 2);
    for snapshot in &copied {
        assert_eq!(snapshot.source_image.as_deref(), Some(image.id.as_str()));
        assert!(snapshot.source_snapshot.is_some() && snapshot.copy.is_some());
        let shown: Snapshot =
            door.get(&format!("/v1/regions/south/snapshots/{}", snapshot.id)).await.ok(200);
        assert_eq!(shown, *snapshot);
        door.delete(&format!("/v1/regions/south/snapshots/{}", snapshot.id))
            .await
            .refused(409, "snapshot_in_use");
    }
    let target = copied[0].image.clone().unwrap();
    door.delete(&format!("/v1/regions/south/images/{target}?keep_snapshots=true")).await.empty();
    for snapshot in &copied {
        door.delete(&format!("/v1/regions/south/snapshots/{}", snapshot.id)).await.empty();
    }
    assert_eq!(listed("south/snapshots").await.len(), 0);
    let none: serde_json::Value = door.get("/v1/regions/south/images").await.ok(200);
    assert_eq!(none, json!({ "items": [], "next_cursor": null }));
}
