//! Promise 10, api-11: through every operation that takes an id, another account's id answers exactly as one that never was.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::door::{Answer, Door, HERE, THERE, spelled};

/// An id of each kind that never was.
const ABSENT: [(&str, &str); 5] = [
    ("image", "m-zzzzzzzzzzzzzzzzzzzz"),
    ("snapshot", "s-zzzzzzzzzzzzzzzzzzzz"),
    ("task", "t-zzzzzzzzzzzzzzzzzzzz"),
    ("instance", "i-zzzzzzzzzzzzzzzzzzzz"),
    ("key", "key-zzzzzzzzzzzzzzzzzzzz"),
];

/// Each operation that takes an id, with parameters that are good but for the ids in `{}`. Tells nothing where it looks, and
/// refuses where it changes.
const TABLE: &[(&str, &[(&str, &str)])] = &[
    ("CancelCopyImage", &[("RegionId", HERE), ("ImageId", "{image}")]),
    ("CopyImage", &[("RegionId", HERE), ("ImageId", "{image}"), ("DestinationRegionId", THERE)]),
    ("CreateImage", &[("RegionId", HERE), ("SnapshotId", "{snapshot}"), ("ImageName", "mine")]),
    (
        "CreateImage",
        &[
            ("RegionId", HERE),
            ("DiskDeviceMapping.1.SnapshotId", "{snapshot}"),
            ("ImageName", "mine"),
        ],
    ),
    ("DeleteImage", &[("RegionId", HERE), ("ImageId", "{image}"), ("Force", "true")]),
    ("DescribeImageSharePermission", &[("RegionId", HERE), ("ImageId", "{image}")]),
    ("DescribeImages", &[("RegionId", HERE), ("ImageId", "{image}"), ("Status", "ALL")]),
    ("DescribeImages", &[("RegionId", HERE), ("SnapshotId", "{snapshot}"), ("Status", "ALL")]),
    ("ModifyImageAttribute", &[("RegionId", HERE), ("ImageId", "{image}"), ("ImageName", "mine")]),
    (
        "ModifyImageSharePermission",
        &[("RegionId", HERE), ("ImageId", "{image}"), ("AddAccount.1", "1234567890123456")],
    ),
    ("DescribeSnapshots", &[("RegionId", HERE), ("SnapshotIds", "[\"{snapshot}\"]")]),
    ("DescribeSnapshots", &[("RegionId", HERE), ("KMSKeyId", "{key}")]),
    ("DeleteSnapshot", &[("SnapshotId", "{snapshot}"), ("Force", "true")]),
    ("DeleteSnapshot", &[("RegionId", HERE), ("SnapshotId", "{snapshot}")]),
    (
        "CopySnapshot",
        &[("RegionId", HERE), ("SnapshotId", "{snapshot}"), ("DestinationRegionId", THERE)],
    ),
    (
        "TagResources",
        &[
            ("RegionId", HERE),
            ("ResourceType", "image"),
            ("ResourceId.1", "{image}"),
            ("Tag.1.Key", "k"),
        ],
    ),
    (
        "TagResources",
        &[
            ("RegionId", HERE),
            ("ResourceType", "snapshot"),
            ("ResourceId.1", "{snapshot}"),
            ("Tag.1.Key", "k"),
        ],
    ),
    (
        "TagResources",
        &[
            ("RegionId", HERE),
            ("ResourceType", "instance"),
            ("ResourceId.1", "{instance}"),
            ("Tag.1.Key", "k"),
        ],
    ),
    (
        "UntagResources",
        &[
            ("RegionId", HERE),
            ("ResourceType", "image"),
            ("ResourceId.1", "{image}"),
            ("All", "true"),
        ],
    ),
    (
        "UntagResources",
        &[
            ("RegionId", HERE),
            ("ResourceType", "snapshot"),
            ("ResourceId.1", "{snapshot}"),
            ("All", "true"),
        ],
    ),
    (
        "UntagResources",
        &[
            ("RegionId", HERE),
            ("ResourceType", "instance"),
            ("ResourceId.1", "{instance}"),
            ("All", "true"),
        ],
    ),
    (
        "AddTags",
        &[
            ("RegionId", HERE),
            ("ResourceType", "image"),
            ("ResourceId", "{image}"),
            ("Tag.1.Key", "k"),
        ],
    ),
    (
        "RemoveTags",
        &[
            ("RegionId", HERE),
            ("ResourceType", "image"),
            ("ResourceId", "{image}"),
            ("Tag.1.Key", "team"),
        ],
    ),
    (
        "ListTagResources",
        &[("RegionId", HERE), ("ResourceType", "image"), ("ResourceId.1", "{image}")],
    ),
    (
        "ListTagResources",
        &[("RegionId", HERE), ("ResourceType", "snapshot"), ("ResourceId.1", "{snapshot}")],
    ),
    (
        "ListTagResources",
        &[("RegionId", HERE), ("ResourceType", "instance"), ("ResourceId.1", "{instance}")],
    ),
    ("DescribeTags", &[("RegionId", HERE), ("ResourceType", "image"), ("ResourceId", "{image}")]),
    ("DescribeTags", &[("RegionId", HERE), ("ResourceId", "{snapshot}")]),
    ("ExportImage", &[("RegionId", HERE), ("ImageId", "{image}"), ("OSSBucket", "images")]),
    ("DescribeTasks", &[("RegionId", HERE), ("TaskIds", "{task}")]),
    ("DescribeTasks", &[("RegionId", HERE), ("ResourceIds.1", "{image}")]),
    ("DescribeTaskAttribute", &[("RegionId", HERE), ("TaskId", "{task}")]),
    ("CancelTask", &[("RegionId", HERE), ("TaskId", "{task}")]),
    ("RunInstances", &[("RegionId", HERE), ("ImageId", "{image}")]),
    ("DescribeInstances", &[("RegionId", HERE), ("InstanceIds", "[\"{instance}\"]")]),
    ("DescribeInstances", &[("RegionId", HERE), ("ImageId", "{image}")]),
    ("DeleteInstance", &[("InstanceId", "{instance}"), ("Force", "true")]),
    ("DeleteInstances", &[("RegionId", HERE), ("InstanceId.1", "{instance}")]),
    ("ReplaceSystemDisk", &[("InstanceId", "{instance}"), ("ImageId", "{image}")]),
];

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}

/// One of everything, all of the door's own account, by kind.
async fn things(door: &Door) -> BTreeMap<&'static str, String> {
    let key = door.world.region(HERE).create_encryption_key(&door.world.caller).await.unwrap();
    let image = door.image(HERE, "web").await;
    for caller in [&door.world.caller, &door.world.stranger()] {
        door.world.bucket(HERE, caller, "images");
    }
    let region = ("RegionId", HERE);
    let run = door.ask("RunInstances", &[region, ("ImageId", &image)]).await.ok();
    let instance = run["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned();
    let export = [region, ("ImageId", image.as_str()), ("OSSBucket", "images")];
    let task = text(&door.ask("ExportImage", &export).await.ok(), "TaskId");
    let tags = [region, ("ResourceType", "image"), ("ResourceId.1", &image), ("Tag.1.Key", "team")];
    door.ask("TagResources", &tags).await.ok();
    let snapshots = door.ask("DescribeSnapshots", &[region]).await.ok();
    let snapshot = text(&snapshots["Snapshots"]["Snapshot"][0], "SnapshotId");
    BTreeMap::from([
        ("image", image),
        ("snapshot", snapshot),
        ("task", task),
        ("instance", instance),
        ("key", spelled(key.id.as_str())),
    ])
}

/// What an operation answers to the stranger who asks with these ids, with absent ones put into their place.
async fn asked(
    door: &Door,
    (action, parameters): (&str, &[(&str, &str)]),
    ids: &BTreeMap<&str, String>,
) -> (u16, String) {
    let filled = parameters.iter().map(|(name, value)| {
        let fill =
            |value: String, (kind, id): (&&str, &String)| value.replace(&format!("{{{kind}}}"), id);
        ((*name).to_owned(), ids.iter().fold((*value).to_owned(), fill))
    });
    let Answer { status, mut body } = door.send(&door.stranger, action, filled.collect()).await;
    for own in ["RequestId", "Recommend"] {
        body.as_object_mut().expect("answers are objects").remove(own);
    }
    let hide = |text: String, (kind, absent): &(&str, &str)| text.replace(&ids[kind], absent);
    (status.as_u16(), ABSENT.iter().fold(body.to_string(), hide))
}

/// Whether an answer shows nothing: an error of absence, or a list that is empty.
fn is_of_absence(action: &str, (status, body): &(u16, String)) -> bool {
    if *status == 200 {
        return action.starts_with("Describe") && body.contains("\"TotalCount\":0")
            || action == "ListTagResources" && body.contains("{\"TagResource\":[]}");
    }
    body.contains(".NotFound") || body.contains("ImageCreatedNotFromCopy")
}

/// An operation that is new stands in the table, or here because it takes no id.
#[test]
fn api_11_every_operation_that_takes_an_id_is_in_the_table() {
    let without =
        ["DescribeImageFromFamily", "DescribeRegions", "ImportImage", "QueryAvailableInstances"];
    for action in crate::unsupported::told("yes") {
        let tried = TABLE.iter().any(|(known, _)| *known == action);
        assert_ne!(tried, without.contains(&action.as_str()), "{action}");
    }
}

#[tokio::test]
async fn api_11_anothers_ids_answer_as_ids_that_never_were() {
    let door = Door::open().await;
    let theirs = things(&door).await;
    let never: BTreeMap<_, _> = ABSENT.map(|(kind, id)| (kind, id.to_owned())).into();
    let before = door.images(HERE, &[("Status", "ALL")]).await;
    for (action, parameters) in TABLE {
        let foreign = asked(&door, (action, parameters), &theirs).await;
        let absent = asked(&door, (action, parameters), &never).await;
        assert_eq!(foreign, absent, "{action} {parameters:?}");
        assert!(is_of_absence(action, &foreign), "{action} {parameters:?}: {foreign:?}");
    }
    assert_eq!(door.images(HERE, &[("Status", "ALL")]).await, before, "nothing was changed");
    door.world.check_world().await;
}

/// Without any id, listings show another account nothing.
#[tokio::test]
async fn api_11_listings_are_of_the_account_alone() {
    let door = Door::open().await;
    things(&door).await;
    for action in [
        "DescribeImages",
        "DescribeSnapshots",
        "DescribeInstances",
        "DescribeTasks",
        "DescribeTags",
    ] {
        let parameters = [("RegionId", HERE)];
        let shown = door.ask_as(&door.stranger, action, &parameters).await.ok();
        assert_eq!(shown["TotalCount"], 0, "{action}");
        assert_ne!(door.ask(action, &parameters).await.ok()["TotalCount"], 0, "{action}");
    }
}

/// api-11: ids of another kind, of no form, and paths are absent ids.
#[tokio::test]
async fn api_11_what_is_no_id_is_an_absent_one() {
    let door = Door::open().await;
    let never: BTreeMap<_, _> = ABSENT.map(|(kind, id)| (kind, id.to_owned())).into();
    let wrong = [
        "x",
        "img-zzzzzzzzzzzzzzzzzzzz",
        "m-ZZZZZZZZZZZZZZZZZZZZ",
        "../../etc/passwd",
        "m-' OR 1=1 --",
        "*",
        "\0",
    ];
    for (action, parameters) in
        TABLE.iter().filter(|(_, parameters)| !format!("{parameters:?}").contains("[\\\""))
    {
        let absent = asked(&door, (action, parameters), &never).await;
        for text in wrong {
            let ids: BTreeMap<_, _> = ABSENT.map(|(kind, _)| (kind, text.to_owned())).into();
            let answered = asked(&door, (action, parameters), &ids).await;
            assert_eq!(answered.0, absent.0, "{action} {text:?}: {answered:?}");
            assert!(is_of_absence(action, &answered), "{action} {text:?}: {answered:?}");
        }
    }
}
