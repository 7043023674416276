//! `DescribeImages`: every condition, pages, and what of an image others see.

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE, spelled};

fn names(images: &[Value]) -> Vec<&str> {
    images.iter().map(|image| image["ImageName"].as_str().unwrap()).collect()
}

/// Newest first, a page at a time; sizes and numbers of pages have bounds (api-12).
#[tokio::test]
async fn images_come_in_pages_newest_first() {
    let door = Door::open().await;
    for name in ["first", "second", "third"] {
        door.image(HERE, name).await;
        door.world.clock.advance_ms(1_000);
    }
    let page = async |more: &[(&str, &str)]| {
        let mut parameters = vec![("RegionId", HERE)];
        parameters.extend(more);
        door.ask("DescribeImages", &parameters).await
    };
    let all = page(&[]).await.ok();
    assert_eq!(
        (&all["PageNumber"], &all["PageSize"], &all["TotalCount"]),
        (&json!(1), &json!(10), &json!(3))
    );
    assert_eq!(names(all["Images"]["Image"].as_array().unwrap()), ["third", "second", "first"]);
    let second = page(&[("PageNumber", "2"), ("PageSize", "2")]).await.ok();
    assert_eq!(names(second["Images"]["Image"].as_array().unwrap()), ["first"]);
    assert_eq!(second["TotalCount"], 3);
    let behind = page(&[("PageNumber", "9")]).await.ok();
    assert_eq!((&behind["Images"], &behind["TotalCount"]), (&json!({"Image": []}), &json!(3)));
    for (name, value) in [
        ("PageSize", "0"),
        ("PageSize", "101"),
        ("PageSize", "-1"),
        ("PageSize", "2147483648"),
        ("PageNumber", "0"),
        ("PageNumber", "x"),
        ("PageNumber", "18446744073709551616"),
    ] {
        page(&[(name, value)]).await.refused(400, "InvalidParameter");
    }
}

/// Each condition finds what fits and nothing else; two at once, what fits both.
#[tokio::test]
async fn every_condition_finds_what_fits() {
    let door = Door::open().await;
    let web = door.image(HERE, "web-1").await;
    door.world.clock.advance_ms(120_000);
    let db = door.image(HERE, "database").await;
    let modify =
        [("RegionId", HERE), ("ImageId", &db), ("ImageFamily", "dbs"), ("BootMode", "BIOS")];
    door.ask("ModifyImageAttribute", &modify).await.ok();
    let first = &door.images(HERE, &[("ImageId", &web)]).await[0];
    let snapshot = first["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"]
        .as_str()
        .unwrap()
        .to_owned();
    let both = format!("{db},{web}, m-zzzzzzzzzzzzzzzzzzzz,not an id");
    let own = door.number(&door.world.caller).await;
    let table: &[(&[(&str, &str)], &[&str])] = &[
        (&[], &["database", "web-1"]),
        (&[("ImageId", &both)], &["database", "web-1"]),
        (&[("ImageId", &web)], &["web-1"]),
        (&[("ImageId", "m-zzzzzzzzzzzzzzzzzzzz")], &[]),
        (&[("ImageId", "not an id")], &[]),
        (&[("ImageName", "ata")], &["database"]),
        (&[("ImageName", "web*")], &["web-1"]),
        (&[("ImageName", "*-1")], &["web-1"]),
        (&[("ImageName", "WEB")], &[]),
        (&[("ImageName", "?")], &[]),
        (&[("ImageFamily", "dbs")], &["database"]),
        (&[("ImageFamily", "dbz")], &[]),
        (&[("SnapshotId", &snapshot)], &["web-1"]),
        (&[("SnapshotId", "s-zzzzzzzzzzzzzzzzzzzz")], &[]),
        (&[("SnapshotId", "nonsense")], &[]),
        (&[("Architecture", "arm64")], &["database", "web-1"]),
        (&[("Architecture", "x86_64")], &[]),
        (&[("OSType", "linux")], &["database", "web-1"]),
        (&[("OSType", "windows")], &[]),
        (&[("Usage", "none")], &["database", "web-1"]),
        (&[("Usage", "instance")], &[]),
        (&[("Status", "Available")], &["database", "web-1"]),
        (&[("Status", "UnAvailable")], &[]),
        (&[("Status", "Creating,Waiting,CreateFailed,Deprecated")], &[]),
        (&[("Status", "ALL"), ("Usable", "true")], &["database", "web-1"]),
        (&[("Status", "ALL"), ("Usable", "false")], &[]),
        (&[("ImageOwnerAlias", "self")], &["database", "web-1"]),
        (&[("ImageOwnerAlias", "system")], &[]),
        (&[("ImageOwnerAlias", "others")], &[]),
        (&[("ImageOwnerAlias", "marketplace")], &[]),
        (&[("ImageOwnerId", &own)], &["database", "web-1"]),
        (&[("ImageOwnerId", "1000000000000000")], &[]),
        (&[("ImageOwnerId", "7")], &[]),
        (&[("Tag.1.Key", "team")], &["database", "web-1"]),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "ferry")], &["database", "web-1"]),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "other")], &[]),
        (&[("Tag.1.Key", "absent")], &[]),
        (&[("ResourceGroupId", "rg-x")], &[]),
        (
            &[("IsSupportCloudinit", "True"), ("IsSupportIoOptimized", "true")],
            &["database", "web-1"],
        ),
        (&[("IsSupportCloudinit", "false")], &[]),
        (&[("ActionType", "ChangeOS"), ("InstanceType", "ecs.g6.large")], &["database", "web-1"]),
        (
            &[("Filter.1.Key", "CreationStartTime"), ("Filter.1.Value", "2023-11-14T22:14Z")],
            &["database"],
        ),
        (
            &[("Filter.1.Key", "CreationEndTime"), ("Filter.1.Value", "2023-11-14T22:14Z")],
            &["web-1"],
        ),
        (&[("Filter.1.Key", "NetworkType"), ("Filter.1.Value", "vpc")], &["database", "web-1"]),
        (&[("Filter.1.Key", "CpuOnlineUpgrade"), ("Filter.1.Value", "supported")], &[]),
        (&[("ImageName", "web"), ("ImageId", &db)], &[]),
    ];
    for (conditions, wanted) in table {
        let found = door.images(HERE, conditions).await;
        assert_eq!(names(&found), *wanted, "{conditions:?}");
    }
    assert!(door.images(THERE, &[]).await.is_empty(), "R001-1");
}

/// Contract 6: what is none of the words that are allowed, each by its code and status.
#[tokio::test]
async fn wrong_conditions_are_refused_by_name() {
    let door = Door::open().await;
    door.image(HERE, "web").await;
    let many = vec!["m-zzzzzzzzzzzzzzzzzzzz"; 1].join(",");
    let too_many: Vec<String> = (0..101).map(|n| format!("m-{n:020}")).collect();
    let too_many = too_many.join(",");
    for (name, value, status, code) in [
        ("ImageOwnerAlias", "mine", 400, "InvalidImageOwnerAlias.ValueNotSupported"),
        ("IsPublic", "true", 400, "InvalidImageOwnerAlias.PublicImageUnsupported"),
        ("Status", "Gone", 400, "InvalidParamter"),
        ("Status", "ALL,Available", 400, "InvalidParamter"),
        ("ActionType", "Fly", 400, "InvalidParamter"),
        ("Usable", "true", 400, "MissingParameter"),
        ("Usage", "disk", 404, "InvalidUsage"),
        ("OSType", "beos", 404, "InvalidOSType"),
        ("Architecture", "vax", 404, "InvalidArchitecture"),
        ("Tag.1.Value", "v", 400, "InvalidTag.Mismatch"),
        ("ImageFamily", "1", 400, "InvalidImageFamily.Malformed"),
        ("ImageId", &too_many, 400, "InvalidParameter"),
        ("DryRun", "true", 400, "DryRunOperation"),
    ] {
        let answer = door.ask("DescribeImages", &[("RegionId", HERE), (name, value)]).await;
        answer.refused(status, code);
    }
    for (key, value, status, code) in [
        ("Color", "red", 404, "InvalidFilterKey.NotFound"),
        ("CreationStartTime", "yesterday", 404, "InvalidFilterValue"),
        ("NetworkType", "token ring", 400, "InvalidFilterValue.NetworkType"),
        ("MemoryOnlineUpgrade", "perhaps", 404, "InvalidFilterValue"),
    ] {
        let filter = [("RegionId", HERE), ("Filter.1.Key", key), ("Filter.1.Value", value)];
        door.ask("DescribeImages", &filter).await.refused(status, code);
    }
    let owner =
        [("RegionId", HERE), ("ImageOwnerAlias", "self"), ("ImageOwnerId", "1000000000000000")];
    let answer = door.ask("DescribeImages", &owner).await;
    answer.refused(400, "InvalidOperation.ImageOwnerIdUnsupported");
    let tags = (1..=21).map(|n| (format!("Tag.{n}.Key"), "k".to_owned()));
    let tags = tags.chain([("RegionId".to_owned(), HERE.to_owned())]).collect();
    door.send(&door.key, "DescribeImages", tags).await.refused(400, "InvalidTagCount");
    door.ask("DescribeImages", &[("RegionId", "cn-beijing")])
        .await
        .refused(400, "InvalidRegionId.NotFound");
    assert!(door.images(HERE, &[("ImageId", &many)]).await.is_empty());
}

/// R004-11, R004-14: how an image stands on its way, with its progress; usable when it is available and not before.
#[tokio::test]
async fn r004_11_r004_14_states_are_exactly_the_clouds() {
    let door = Door::open().await;
    let importing = door.world.begin_import(HERE, "web", &[disk(1, 4, Some)]).await.unwrap();
    let id = spelled(importing.id.as_str());
    let shown = async |region: &str, id: &str| {
        let image = door.images(region, &[("ImageId", id), ("Status", "ALL")]).await.remove(0);
        let text = |name: &str| image[name].as_str().unwrap().to_owned();
        (text("Status"), text("Progress"), image["Usable"].as_bool().unwrap())
    };
    let is =
        |status: &str, progress: &str, usable| (status.to_owned(), progress.to_owned(), usable);
    assert_eq!(shown(HERE, &id).await.0, "Creating");
    let digest = door.world.send_disk(HERE, &importing.id, &disk(1, 4, Some)).await;
    let caller = &door.world.caller;
    door.world.region(HERE).finish_import(caller, &importing.id, vec![digest]).await.unwrap();
    assert_eq!(shown(HERE, &id).await, is("Available", "100%", true));
    let copy = door.copy(&id, "copy").await;
    assert_eq!(shown(THERE, &copy).await, is("Waiting", "0%", false));
    door.world.run_until_idle().await;
    assert_eq!(shown(THERE, &copy).await, is("Available", "100%", true));
    let there = &door.images(THERE, &[]).await[0];
    let disk = &there["DiskDeviceMappings"]["DiskDeviceMapping"][0];
    assert_eq!((&disk["Progress"], &disk["RemainTime"]), (&json!("100%"), &json!(0)));
    assert_eq!((&there["Size"], &disk["Size"]), (&json!(1), &json!("1")), "rounded up to GiB");
}
