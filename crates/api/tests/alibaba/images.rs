//! `DescribeImages`: every condition, pages, and what of an image others see.

use region::testing::disk;
use serde_json::{Value, json};

use crate::door::{Door, HERE, More, THERE, spelled};

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

/// Two images, one older than the other: what the conditions of the tests below choose from.
struct Two {
    door: Door,
    /// The older.
    web: String,
    db: String,
}

impl Two {
    async fn open() -> Two {
        let door = Door::open().await;
        let web = door.image(HERE, "web-1").await;
        door.world.clock.advance_ms(120_000);
        let db = door.image(HERE, "database").await;
        let modify =
            [("RegionId", HERE), ("ImageId", &db), ("ImageFamily", "dbs"), ("BootMode", "BIOS")];
        door.ask("ModifyImageAttribute", &modify).await.ok();
        Two { door, web, db }
    }

    /// Checks what conditions find.
    async fn find(&self, conditions: More<'_>, wanted: &[&str]) {
        let found = self.door.images(HERE, conditions).await;
        assert_eq!(names(&found), wanted, "{conditions:?}");
    }
}

const BOTH: &[&str] = &["database", "web-1"];

/// Each condition on what an image says of itself finds what fits and nothing else.
#[tokio::test]
async fn conditions_on_words_find_what_fits() {
    let two = Two::open().await;
    let table: &[(More, &[&str])] = &[
        (&[], BOTH),
        (&[("ImageName", "ata")], &["database"]),
        (&[("ImageName", "web*")], &["web-1"]),
        (&[("ImageName", "*-1")], &["web-1"]),
        (&[("ImageName", "WEB")], &[]),
        (&[("ImageName", "?")], &[]),
        (&[("ImageFamily", "dbs")], &["database"]),
        (&[("ImageFamily", "dbz")], &[]),
        (&[("Architecture", "arm64")], BOTH),
        (&[("Architecture", "x86_64")], &[]),
        (&[("OSType", "linux")], BOTH),
        (&[("OSType", "windows")], &[]),
        (&[("Usage", "none")], BOTH),
        (&[("Usage", "instance")], &[]),
        (&[("Status", "Available")], BOTH),
        (&[("Status", "UnAvailable")], &[]),
        (&[("Status", "Creating,Waiting,CreateFailed,Deprecated")], &[]),
        (&[("Status", "ALL"), ("Usable", "true")], BOTH),
        (&[("Status", "ALL"), ("Usable", "false")], &[]),
        (&[("Tag.1.Key", "team")], BOTH),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "ferry")], BOTH),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "other")], &[]),
        (&[("Tag.1.Key", "absent")], &[]),
        (&[("ResourceGroupId", "rg-x")], &[]),
        (&[("IsSupportCloudinit", "True"), ("IsSupportIoOptimized", "true")], BOTH),
        (&[("IsSupportCloudinit", "false")], &[]),
        (&[("ActionType", "ChangeOS"), ("InstanceType", "ecs.g6.large")], BOTH),
        (&[("Filter.1.Key", "NetworkType"), ("Filter.1.Value", "vpc")], BOTH),
        (&[("Filter.1.Key", "CpuOnlineUpgrade"), ("Filter.1.Value", "supported")], &[]),
    ];
    for (conditions, wanted) in table {
        two.find(conditions, wanted).await;
    }
    for (key, wanted) in [("CreationStartTime", "database"), ("CreationEndTime", "web-1")] {
        let between = [("Filter.1.Key", key), ("Filter.1.Value", "2023-11-14T22:14Z")];
        two.find(&between, &[wanted]).await;
    }
    assert!(two.door.images(THERE, &[]).await.is_empty(), "R001-1");
}

/// Ids of images, snapshots and accounts: what is no id finds nothing; two conditions find what fits both.
#[tokio::test]
async fn conditions_on_ids_find_what_fits() {
    let two = Two::open().await;
    let own = two.door.number(&two.door.world.caller).await;
    let first = &two.door.images(HERE, &[("ImageId", &two.web)]).await[0];
    let snapshot = &first["DiskDeviceMappings"]["DiskDeviceMapping"][0]["SnapshotId"];
    let both = format!("{},{}, m-zzzzzzzzzzzzzzzzzzzz,not an id", two.db, two.web);
    let table: &[(More, &[&str])] = &[
        (&[("ImageId", &both)], BOTH),
        (&[("ImageId", &two.web)], &["web-1"]),
        (&[("ImageId", "m-zzzzzzzzzzzzzzzzzzzz")], &[]),
        (&[("ImageId", "not an id")], &[]),
        (&[("ImageName", "web"), ("ImageId", &two.db)], &[]),
        (&[("SnapshotId", snapshot.as_str().unwrap())], &["web-1"]),
        (&[("SnapshotId", "s-zzzzzzzzzzzzzzzzzzzz")], &[]),
        (&[("SnapshotId", "nonsense")], &[]),
        (&[("ImageOwnerAlias", "self")], BOTH),
        (&[("ImageOwnerAlias", "system")], &[]),
        (&[("ImageOwnerAlias", "others")], &[]),
        (&[("ImageOwnerAlias", "marketplace")], &[]),
        (&[("ImageOwnerId", &own)], BOTH),
        (&[("ImageOwnerId", "1000000000000000")], &[]),
        (&[("ImageOwnerId", "7")], &[]),
    ];
    for (conditions, wanted) in table {
        two.find(conditions, wanted).await;
    }
}

/// Contract 6: what is none of the words that are allowed, each by its code and status.
#[tokio::test]
async fn wrong_conditions_are_refused_by_name() {
    let door = Door::open().await;
    door.image(HERE, "web").await;
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
