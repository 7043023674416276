//! Imports: from nothing to an available image, and back out again as bytes.

use api::native::wire::{Image, ReceivedChunks};
use region::testing::{cut, disk};
use serde_json::json;
use store::{ChunkId, Decoder, Encoder, Frames};

use crate::world::Door;

fn request(disks: &[Vec<u8>]) -> serde_json::Value {
    let disks: Vec<_> = disks.iter().map(|disk| json!({ "size_bytes": disk.len() })).collect();
    json!({
        "name": "web", "description": "as sent", "architecture": "x86_64", "os_type": "linux", "platform": "Ubuntu",
        "boot_mode": "bios", "tags": { "team": "ferry" }, "disks": disks,
    })
}

fn list<'a>(ids: impl IntoIterator<Item = &'a ChunkId>) -> Vec<u8> {
    ids.into_iter().flat_map(|id| *id.as_bytes()).collect()
}

/// Promises an image and sends its disks; returns it unfinished, with the body that finishes it.
async fn sent(door: &Door, disks: &[Vec<u8>]) -> (Image, serde_json::Value) {
    let image: Image = door.post("/v1/regions/north/imports", request(disks)).await.ok(201);
    let mut digests = Vec::new();
    for disk in disks {
        let (digest, chunks) = cut(disk);
        digests.push(json!({ "digest": digest.to_string() }));
        let path = format!("/v1/regions/north/imports/{}", image.id);
        let missing = door.post_bytes(&format!("{path}/missing"), list(chunks.keys())).await;
        assert_eq!(missing.status.as_u16(), 200, "{}", missing.text());
        assert_eq!(missing.body.len(), chunks.len());
        let (mut frames, mut encoder) = (Vec::new(), Encoder::new(1).unwrap());
        let wanted = chunks.iter().zip(&missing.body).filter(|(_, missing)| **missing == 1);
        let wanted: Vec<_> = wanted.map(|(chunk, _)| chunk).collect();
        for (id, plain) in &wanted {
            encoder.encode(id, plain, &mut frames);
        }
        let received: ReceivedChunks =
            door.post_bytes(&format!("{path}/frames"), frames).await.ok(200);
        assert_eq!(received.chunks, wanted.len() as u64);
    }
    (image, json!({ "disks": digests }))
}

#[tokio::test]
async fn an_image_is_imported_shown_verified_and_read_back() {
    let door = Door::open(["north"]).await;
    let disks = [disk(1, 40, |n| (n % 3 != 0).then_some(n)), disk(2, 9, Some)];
    let (begun, finish) = sent(&door, &disks).await;
    assert_eq!((begun.status.as_str(), begun.disks.len()), ("creating", 2));
    assert!(begun.progress < 100, "R000-9");

    let path = format!("/v1/regions/north/imports/{}", begun.id);
    let done: Image = door.post(&format!("{path}/finish"), finish).await.ok(200);
    assert_eq!((done.status.as_str(), done.progress), ("available", 100));
    let shown: Image = door.get(&format!("/v1/regions/north/images/{}", begun.id)).await.ok(200);
    assert_eq!(shown, done);
    let verified: serde_json::Value =
        door.act(&format!("/v1/regions/north/images/{}/verify", begun.id)).await.ok(200);
    assert_eq!((&verified["disks"], &verified["damaged"]), (&json!(2), &json!(0)));

    for (disk, shown) in disks.iter().zip(&shown.disks) {
        let (digest, chunks) = cut(disk);
        assert_eq!(shown.digest.as_deref(), Some(digest.to_string().as_str()));
        let path =
            format!("/v1/regions/north/snapshots/{}/frames", shown.snapshot.as_ref().unwrap());
        let frames = door.post_bytes(&path, list(chunks.keys())).await;
        assert_eq!(frames.headers["content-type"], "application/octet-stream");
        let (mut decoder, mut read) = (Decoder::new().unwrap(), 0);
        for frame in Frames::new(frames.body.into()) {
            let (header, frame) = frame.unwrap();
            assert_eq!(decoder.open(&frame).unwrap(), Some(&chunks[&header.id][..]));
            read += 1;
        }
        assert_eq!(read, chunks.len());
    }
    door.world.check_world().await;
}

#[tokio::test]
async fn the_same_token_makes_one_image_and_another_request_with_it_is_refused() {
    let door = Door::open(["north"]).await;
    let begin = async |name: &str| {
        let mut body = request(&[vec![0; 65_536]]);
        body["name"] = json!(name);
        let request = door
            .request(reqwest::Method::POST, "/v1/regions/north/imports")
            .header("Idempotency-Key", "t1");
        crate::world::answer(request.json(&body)).await
    };
    let (first, again): (Image, Image) = (begin("web").await.ok(201), begin("web").await.ok(201));
    assert_eq!(first.id, again.id);
    begin("other").await.refused(409, "token_reused");
}

#[tokio::test]
async fn a_finish_before_all_chunks_are_there_is_refused_and_can_be_repeated() {
    let door = Door::open(["north"]).await;
    let disks = [disk(1, 8, Some)];
    let image: Image = door.post("/v1/regions/north/imports", request(&disks)).await.ok(201);
    let (digest, chunks) = cut(&disks[0]);
    let path = format!("/v1/regions/north/imports/{}", image.id);
    let finish = json!({ "disks": [{ "digest": digest.to_string() }] });
    let problem =
        door.post(&format!("{path}/finish"), finish.clone()).await.refused(400, "invalid_field");
    assert_eq!(problem.field.as_deref(), Some("digest"));

    let (mut frames, mut encoder) = (Vec::new(), Encoder::new(1).unwrap());
    chunks.iter().for_each(|(id, plain)| encoder.encode(id, plain, &mut frames));
    let _received: ReceivedChunks =
        door.post_bytes(&format!("{path}/frames"), frames).await.ok(200);
    let done: Image = door.post(&format!("{path}/finish"), finish.clone()).await.ok(200);
    assert_eq!(done.status, "available");
    let late = door.post_bytes(&format!("{path}/frames"), Vec::new()).await;
    assert!(late.status.is_success() || late.status.as_u16() == 409, "{}", late.text());
    door.post_bytes(&format!("{path}/missing"), list(chunks.keys()))
        .await
        .refused(409, "import_ended");
}

#[tokio::test]
async fn an_import_can_be_cancelled() {
    let door = Door::open(["north"]).await;
    let (image, _) = sent(&door, &[disk(1, 8, Some)]).await;
    door.act(&format!("/v1/regions/north/images/{}/cancel", image.id)).await.empty();
    door.world.run_until_idle().await;
    door.world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn frames_that_lie_are_refused_by_name_and_nothing_of_them_is_kept() {
    let door = Door::open(["north"]).await;
    let image: Image =
        door.post("/v1/regions/north/imports", request(&[vec![0; 65_536]])).await.ok(201);
    let path = format!("/v1/regions/north/imports/{}", image.id);
    let (mut honest, mut lying) = (Vec::new(), Vec::new());
    let (right, wrong) = (ChunkId::of(b"right"), ChunkId::of(b"wrong"));
    Encoder::new(1).unwrap().encode(&right, b"right", &mut honest);
    Encoder::new(1).unwrap().encode(&wrong, b"right", &mut lying);
    let mut bent = honest.clone();
    bent[50] ^= 1;
    for (name, body) in [
        ("cut", honest[..honest.len() - 1].to_vec()),
        ("bent", bent),
        ("of another chunk", lying),
        ("no frame at all", vec![0xff; 100]),
    ] {
        let problem =
            door.post_bytes(&format!("{path}/frames"), body).await.refused(400, "bad_frames");
        assert!(!problem.detail.is_empty(), "{name}");
    }
    let missing = door.post_bytes(&format!("{path}/missing"), list([&right, &wrong])).await;
    assert_eq!(missing.body, [1, 1]);
}

#[tokio::test]
async fn more_than_one_run_of_frames_in_a_body_is_taken_whole() {
    let door = Door::open(["north"]).await;
    let disks = [disk(5, 200, Some)];
    let (image, finish) = sent(&door, &disks).await;
    let done: Image =
        door.post(&format!("/v1/regions/north/imports/{}/finish", image.id), finish).await.ok(200);
    let id = done.id.parse().unwrap();
    assert!(door.world.read_disk("north", &id, 0).await == disks[0]);
}
