//! `copyImages`: what is copied, what is refused and in which words, and what stays as it was (R002).

use model::rules::Offer;
use model::{Border, Profile, QuotaKind, Role};
use region::Caller;
use region::testing::{World, WorldOptions, disk, region_id};
use serde_json::json;

use crate::door::{Door, HERE, THERE, spelled, text};
use crate::story::{copied, copy, copy_as, encrypted_there, image, images};

const PRECONDITION: &str = "FAILED_PRECONDITION";

/// R002-1, R002-11: one to five images at once, all ids in the answer; `pending` with a progress, then `ready` and identical.
#[tokio::test]
async fn r002_1_five_images_are_copied_at_once() {
    let door = Door::open().await;
    let mut sources = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        sources.push(door.image(HERE, name).await);
    }
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let made = copied(&door, &sources, json!({})).await;
    assert_eq!(made.len(), 5);
    for id in &made {
        let waiting = image(&door, THERE, id).await;
        assert_eq!((&waiting["status"], &waiting["progress"]), (&json!("pending"), &json!("0")));
    }
    assert_eq!(images(&door, THERE, &[("status", "pending")]).await.len(), 5);
    door.world.run_until_idle().await;
    for (source, id) in sources.iter().zip(&made) {
        let there = image(&door, THERE, id).await;
        assert_eq!((&there["status"], &there["progress"]), (&json!("ready"), &json!("100")));
        let (from, to) = (door.ours(HERE, source).await, door.ours(THERE, id).await);
        let bytes = door.world.read_disk(HERE, &from, 0).await;
        assert!(bytes == door.world.read_disk(THERE, &to, 0).await);
    }
    door.world.check_world().await;
}

/// R002-1, api-13: six are refused whole, the same twice too, and none; nothing is started.
#[tokio::test]
async fn r002_1_six_images_are_refused_whole() {
    let door = Door::open().await;
    let mut sources = Vec::new();
    for name in ["one", "two", "three", "four", "five", "six"] {
        sources.push(door.image(HERE, name).await);
    }
    let all: Vec<&str> = sources.iter().map(String::as_str).collect();
    let words = copy(&door, &all, json!({})).await.refused(400, "OUT_OF_RANGE");
    assert_eq!(words, "SourceImageIds out of range");
    let twice = copy(&door, &[all[0], all[0]], json!({})).await.refused(400, "INVALID_ARGUMENT");
    assert!(twice.starts_with("Invalid parameter 'sourceImageIds'"), "{twice}");
    let none = copy(&door, &[], json!({})).await.refused(400, "INVALID_ARGUMENT");
    assert_eq!(none, "Parameter SourceImageIds missing");
    door.world.assert_clean_slate(THERE).await;
}

/// R002-1: all or none, wherever in the list the one stands that cannot be copied.
#[tokio::test]
async fn r002_1_one_image_that_cannot_be_copied_stops_all() {
    let door = Door::open().await;
    let (web, db) = (door.image(HERE, "web").await, door.image(HERE, "db").await);
    for list in [[web.as_str(), "img-zzzzzzzzzz", &db], ["img-zzzzzzzzzz", &web, &db]] {
        let words = copy(&door, &list, json!({})).await.refused(404, "NOT_FOUND");
        assert_eq!(words, "Image 'img-zzzzzzzzzz' not found");
    }
    copied(&door, &[&db], json!({})).await;
    door.world.run_until_idle().await;
    let before = images(&door, THERE, &[]).await;
    // One of them is busy: not the other either.
    copied(&door, &[&db], json!({"name": "again"})).await;
    let words = copy(&door, &[&web, &db], json!({})).await.refused(400, PRECONDITION);
    assert_eq!(words, format!("The image '{db}' is busy"));
    door.world.run_until_idle().await;
    assert_eq!(images(&door, THERE, &[]).await.len(), before.len() + 1);
    assert!(images(&door, THERE, &[("imageName", "web")]).await.is_empty());
    door.world.check_world().await;
}

/// R002-3: an image of several disks goes as a whole, each disk on a snapshot of its own.
#[tokio::test]
async fn r002_3_each_disk_rests_on_a_snapshot_of_its_own() {
    let door = Door::open().await;
    let disks = [disk(1, 2, Some), disk(2, 1, Some), disk(3, 3, |_| None)];
    let source = door.world.import(HERE, "web", &disks).await;
    let made = copied(&door, &[&spelled(source.id.as_str())], json!({})).await;
    door.world.run_until_idle().await;
    let there = image(&door, THERE, &made[0]).await;
    let mut attachments = vec![there["systemDisk"].clone()];
    attachments.extend(there["dataDisks"].as_array().unwrap().iter().cloned());
    let devices: Vec<String> = attachments.iter().map(|disk| text(disk, "deviceName")).collect();
    assert_eq!(devices, ["vda", "vdb", "vdc"]);
    let snapshots = door.get(THERE, "/snapshots", &[]).await.ok();
    assert_eq!(snapshots["totalCount"], 3);
    let snapshots = snapshots["snapshots"].as_array().unwrap().clone();
    for attachment in &attachments {
        let id = &attachment["cloudDisk"]["snapshotId"];
        let found = snapshots.iter().find(|snapshot| snapshot["snapshotId"] == *id).unwrap();
        assert_eq!(found["images"], json!([made[0]]));
    }
    let id = door.ours(THERE, &made[0]).await;
    for (number, bytes) in disks.iter().enumerate() {
        assert!(&door.world.read_disk(THERE, &id, number).await == bytes);
    }
}

/// R002-5, api-18: without room for all of them in either quota none is copied; what is promised is taken; freed when cancelled.
#[tokio::test]
async fn r002_5_quotas_hold_for_all_images_together() {
    for (image_limit, snapshot_limit, says) in [
        (1, 9, "Image quota limit exceeded"),
        (9, 1, "Snapshot quota limit exceeded"),
        (0, 0, "Image quota limit exceeded"),
    ] {
        let door = Door::open().await;
        let (web, db) = (door.image(HERE, "web").await, door.image(HERE, "db").await);
        let operator = Caller { role: Role::Operator, ..door.world.caller.clone() };
        let there = door.world.region(THERE);
        for (kind, limit) in
            [(QuotaKind::Image, image_limit), (QuotaKind::Snapshot, snapshot_limit)]
        {
            there.set_quota(&operator, kind, limit).await.unwrap();
        }
        let answer = copy(&door, &[&web, &db], json!({})).await;
        assert_eq!(answer.refused(429, "QUOTA_EXCEEDED"), says);
        door.world.assert_clean_slate(THERE).await;
        if image_limit == 0 {
            continue;
        }
        let made = copied(&door, &[&web], json!({})).await;
        let again = copy(&door, &[&db], json!({})).await;
        assert_eq!(again.refused(429, "QUOTA_EXCEEDED"), says, "it is promised");
        door.delete(THERE, &format!("/images/{}", made[0])).await.ok();
        door.world.run_until_idle().await;
        copied(&door, &[&db], json!({})).await;
        door.world.run_until_idle().await;
        door.world.check_world().await;
    }
}

/// R002-6, api-13: one other region; a list of regions, the same region and one that is not there are refused.
#[tokio::test]
async fn r002_6_there_is_one_other_region() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    for (region, words) in [
        (json!([THERE]), "Invalid parameter 'destinationRegion': it is not a text"),
        (json!(HERE), "Invalid region 'cn-north-1'"),
        (json!("cn-south-9"), "Invalid region 'cn-south-9'"),
        (json!("No where!"), "Invalid region 'No where!'"),
        (json!(""), "Parameter DestinationRegion missing"),
        (json!(null), "Parameter DestinationRegion missing"),
    ] {
        let answer = copy(&door, &[&web], json!({"destinationRegion": region})).await;
        assert_eq!(answer.refused(400, "INVALID_ARGUMENT"), words);
    }
    assert_eq!(images(&door, HERE, &[]).await, [web]);
    door.world.assert_clean_slate(THERE).await;
}

/// R002-7: the source's name unless one is given, and behind every description where the image is from; the note stays whole.
#[tokio::test]
async fn r002_7_a_copy_says_where_it_is_from() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let whole = door.ours(HERE, &web).await;
    let note = format!("[copied from {HERE}/{whole}]");
    let long = "d".repeat(256);
    for (more, name, words) in [
        (json!({}), "web", "made by a test"),
        (
            json!({"name": "测试镜像.副本_1", "description": "跨地域 copy"}),
            "测试镜像.副本_1",
            "跨地域 copy",
        ),
        (json!({"description": ""}), "web", "made by a test"),
        (json!({"description": long}), "web", "ddd"),
    ] {
        let made = copied(&door, &[&web], more).await;
        door.world.run_until_idle().await;
        let there = image(&door, THERE, &made[0]).await;
        assert_eq!(there["name"], name);
        let desc = text(&there, "desc");
        assert!(desc.starts_with(words) && desc.ends_with(&note), "{desc}");
        assert!(desc.chars().count() <= 256, "{desc}");
        // The id of the note finds the source, as whole as this door's own spelling of it.
        assert_eq!(image(&door, HERE, whole.as_str()).await["imageId"], json!(web));
    }
}

/// api-10: names and descriptions within the cloud's bounds, or nothing happens.
#[tokio::test]
async fn api_10_names_and_descriptions_keep_their_bounds() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let (long, too_long) = ("n".repeat(32), "n".repeat(33));
    for wrong in [
        "-a",
        &too_long,
        "a b",
        "a:b",
        "a/b",
        "http://a",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\0b",
        "🚢🚢",
    ] {
        let words = copy(&door, &[&web], json!({"name": wrong})).await;
        let words = words.refused(400, "INVALID_ARGUMENT");
        assert!(words.starts_with("Invalid parameter 'name'"), "{wrong:?}: {words}");
    }
    for wrong in [json!("d".repeat(257)), json!("a\u{202e}b"), json!(5)] {
        let words = copy(&door, &[&web], json!({"description": wrong})).await;
        let words = words.refused(400, "INVALID_ARGUMENT");
        assert!(words.starts_with("Invalid parameter 'description'"), "{words}");
    }
    door.world.assert_clean_slate(THERE).await;
    for good in ["ab", &long, "a.b_c-d", "镜像一"] {
        copied(&door, &[&web], json!({"name": good})).await;
        door.world.run_until_idle().await;
    }
    // Decomposed and composed are one name.
    copied(&door, &[&web], json!({"name": "cafe\u{301}"})).await;
    door.world.run_until_idle().await;
    assert_eq!(images(&door, THERE, &[("imageName", "caf\u{e9}")]).await.len(), 1);
}

/// R002-8: while an image is copied it keeps its status, and goes neither to any region again nor away; all else works.
#[tokio::test]
async fn r002_8_a_source_is_busy_and_otherwise_as_it_was() {
    let world = World::with_regions([HERE, THERE, "cn-south-1"]).await;
    let door = Door::before(world).await;
    let web = door.image(HERE, "web").await;
    copied(&door, &[&web], json!({})).await;
    let busy = format!("The image '{web}' is busy");
    for region in [THERE, "cn-south-1"] {
        let again = copy(&door, &[&web], json!({"destinationRegion": region})).await;
        assert_eq!(again.refused(400, PRECONDITION), busy, "to any region");
    }
    let path = format!("/images/{web}");
    assert_eq!(door.delete(HERE, &path).await.refused(400, PRECONDITION), busy);
    let shown = image(&door, HERE, &web).await;
    assert_eq!((&shown["status"], &shown["progress"]), (&json!("ready"), &json!("100")));
    assert_eq!(images(&door, HERE, &[("status", "ready")]).await, [web.as_str()]);
    let rename = json!({"imageId": web, "name": "renamed"});
    door.post(HERE, &format!("{path}:modifyImageAttribute"), rename).await.ok();
    let here = door.world.region(HERE);
    let id = door.ours(HERE, &web).await;
    let name = model::Name::new("machine").unwrap();
    here.create_instance(&door.world.caller, name, &id).await.unwrap();
    door.world.run_until_idle().await;
    // The copy carries what there was when it was asked for.
    assert_eq!(images(&door, THERE, &[("imageName", "web")]).await.len(), 1);
    copied(&door, &[&web], json!({"destinationRegion": "cn-south-1"})).await;
    door.world.run_until_idle().await;
    door.delete(HERE, &path).await.ok();
    door.world.check_world().await;
}

/// R002-4: only the caller's own images on cloud disks that are ready; every other is told why, in the contract's words.
#[tokio::test]
async fn r002_4_only_own_plain_ready_images_on_cloud_disks_are_copied() {
    let door = Door::open().await;
    let (here, caller, stranger) =
        (door.world.region(HERE), &door.world.caller, door.world.stranger());
    let web = door.image(HERE, "web").await;
    let id = door.ours(HERE, &web).await;
    let foreign = copy_as(&door, &door.stranger, &[&web], json!({})).await;
    let words = foreign.refused(404, "NOT_FOUND");
    assert_eq!(words, format!("Image '{web}' not found"), "api-11");
    here.share_image(caller, &id, vec![stranger.account.clone()]).await.unwrap();
    let cannot = async || {
        let answer = copy_as(&door, &door.stranger, &[&web], json!({})).await;
        assert_eq!(answer.refused(400, PRECONDITION), "Can't use this image");
    };
    cannot().await;
    here.unshare_image(caller, &id, vec![stranger.account]).await.unwrap();
    for offer in [Offer::Public, Offer::Marketplace] {
        here.publish_image(caller, &id, offer).await.unwrap();
        cannot().await;
        here.unpublish_image(caller, &id).await.unwrap();
    }
    door.world.assert_clean_slate(THERE).await;

    let made = copied(&door, &[&web], json!({})).await;
    let body = json!({"sourceImageIds": made, "destinationRegion": HERE});
    let back = door.post(THERE, "/images:copyImages", body).await;
    assert_eq!(back.refused(400, PRECONDITION), "Invalid image status 'pending'");
    door.world.run_until_idle().await;
    let edit = region::EditImage {
        deprecation: Some(model::Deprecation::Deprecated),
        ..region::EditImage::default()
    };
    here.edit_image(caller, &id, edit).await.unwrap();
    let old = copy(&door, &[&web], json!({})).await;
    assert_eq!(old.refused(400, PRECONDITION), "Can't use this image");
}

/// The contract: no encrypted snapshots, whatever they would be sealed with.
#[tokio::test]
async fn encrypted_images_are_not_copied() {
    let door = Door::open().await;
    let sealed = encrypted_there(&door).await;
    let snapshot = text(&image(&door, THERE, &sealed).await, "snapshotId");
    let plain = door.image(THERE, "plain").await;
    let body = json!({"sourceImageIds": [plain, sealed], "destinationRegion": HERE});
    let answer = door.post(THERE, "/images:copyImages", body).await;
    let words = format!("Copy encrypted snapshot '{snapshot}' is not support.");
    assert_eq!(answer.refused(400, PRECONDITION), words);
    assert_eq!(images(&door, HERE, &[]).await.len(), 1, "the source of the encrypted one alone");
    door.world.check_world().await;
}

/// R000-7, R003-2: too large or over a border without an approval says how to ask for one.
#[tokio::test]
async fn a_copy_that_needs_an_approval_says_so() {
    let small = Profile { ticket_above_bytes: Some(1), ..Profile::native() };
    let zones = [(region_id(THERE), "abroad".parse().unwrap())].into();
    let options = WorldOptions { zones, ..WorldOptions::default() };
    let abroad = World::with_options(&[HERE, THERE], options).await;
    let border = Profile { border: Border::NeedsApproval, ..Profile::native() };
    for (world, profile) in [(World::with_regions([HERE, THERE]).await, small), (abroad, border)] {
        let door = Door::under(world, profile).await;
        let web = door.image(HERE, "web").await;
        let words = copy(&door, &[&web], json!({})).await.refused(400, PRECONDITION);
        assert!(words.contains("ferry ticket open"), "{words}");
        let whole = door.ours(HERE, &web).await;
        let is_spelled = words.contains(&format!("'{web}'")) && !words.contains(whole.as_str());
        assert!(is_spelled, "the id as this door spells it: {words}");
        door.world.assert_clean_slate(THERE).await;
    }
}

/// A reader looks and copies nothing.
#[tokio::test]
async fn a_reader_copies_nothing() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let reader = door.reader().await;
    assert_eq!(crate::story::images_as(&door, &reader, HERE, &[]).await, [web.as_str()]);
    for image in [web.as_str(), "img-zzzzzzzzzz"] {
        copy_as(&door, &reader, &[image], json!({})).await.refused(403, "HTTP_FORBIDDEN");
    }
    door.world.assert_clean_slate(THERE).await;
}
