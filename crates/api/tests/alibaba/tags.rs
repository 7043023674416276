//! Tags at their limits (R004-9, api-13).

use serde_json::Value;

use crate::door::{Door, HERE};

/// The tags of a thing, as `key=value`, sorted.
async fn tags_of(door: &Door, kind: &str, id: &str) -> Vec<String> {
    let asked = [("RegionId", HERE), ("ResourceType", kind), ("ResourceId.1", id)];
    let answer = door.ask("ListTagResources", &asked).await.ok();
    let lines = answer["TagResources"]["TagResource"].as_array().unwrap().clone();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let mut tags: Vec<String> = lines
        .iter()
        .inspect(|line| {
            assert_eq!(
                (text(line, "ResourceId"), text(line, "ResourceType")),
                (id.into(), kind.into())
            )
        })
        .map(|line| format!("{}={}", text(line, "TagKey"), text(line, "TagValue")))
        .collect();
    tags.sort();
    tags
}

/// An image that has no tags.
async fn bare_image(door: &Door, name: &str) -> String {
    let image = door.image(HERE, name).await;
    let all = [
        ("RegionId", HERE),
        ("ResourceType", "image"),
        ("ResourceId.1", image.as_str()),
        ("All", "true"),
    ];
    door.ask("UntagResources", &all).await.ok();
    assert!(tags_of(door, "image", &image).await.is_empty());
    image
}

/// `Tag.N.Key` from a number on.
fn numbered(from: usize, count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("Tag.{}.Key", n + 1), format!("k{}", from + n))).collect()
}

async fn give(door: &Door, ids: &[&str], tags: &[(String, String)]) -> crate::door::Answer {
    let places: Vec<_> = (1..=ids.len()).map(|n| format!("ResourceId.{n}")).collect();
    let mut parameters = vec![("RegionId", HERE), ("ResourceType", "image")];
    parameters.extend(places.iter().map(String::as_str).zip(ids.iter().copied()));
    parameters.extend(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    door.ask("TagResources", &parameters).await
}

#[tokio::test]
async fn r004_9_a_thing_has_twenty_tags_and_no_more() {
    let door = Door::open().await;
    let (web, db) = (bare_image(&door, "web").await, bare_image(&door, "db").await);
    give(&door, &[&web], &numbered(0, 21)).await.refused(400, "NumberExceed.Tags");
    assert!(tags_of(&door, "image", &web).await.is_empty());
    give(&door, &[&web], &numbered(0, 20)).await.ok();
    // Another value of a key that is there is not one more.
    let again = [("Tag.1.Key".to_owned(), "k0".to_owned()), ("Tag.1.Value".into(), "new".into())];
    give(&door, &[&web], &again).await.ok();
    // One more for one of two: neither has it.
    let more = numbered(20, 1);
    give(&door, &[&db, &web], &more).await.refused(400, "OperationDenied.QuotaExceed");
    assert!(tags_of(&door, "image", &db).await.is_empty(), "all or none");
    let tags = tags_of(&door, "image", &web).await;
    assert_eq!((tags.len(), tags[0].as_str()), (20, "k0=new"));
    give(&door, &[&db], &more).await.ok();
    door.world.check_world().await;
}

#[tokio::test]
async fn api_13_tags_that_are_not_well_formed_are_refused_by_name() {
    let door = Door::open().await;
    let web = bare_image(&door, "web").await;
    let long = "k".repeat(129);
    let key = "InvalidTagKey.Malformed";
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("Tag.1.Key", ""), ("Tag.1.Value", "v")], key),
        (&[("Tag.1.Key", "aliyun")], key),
        (&[("Tag.1.Key", "aliyunweb")], key),
        (&[("Tag.1.Key", "acs:rm:rgId")], key),
        (&[("Tag.1.Key", "see http://x")], key),
        (&[("Tag.1.Key", "see https://x")], key),
        (&[("Tag.1.Key", &long)], key),
        (&[("Tag.1.Key", "a\u{202e}b")], key),
        (&[("Tag.1.Key", "k"), ("Tag.1.Value", &long)], "InvalidTagValue.Malformed"),
        (&[("Tag.1.Key", "k"), ("Tag.1.Value", "acs:x")], "InvalidTagValue.Malformed"),
        (&[("Tag.1.Key", "k"), ("Tag.2.Key", "k")], "Duplicate.TagKey"),
        (&[("Tag.1.Key", "é"), ("Tag.2.Key", "e\u{301}")], "Duplicate.TagKey"),
    ];
    for (tags, code) in table {
        let tags: Vec<_> = tags.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        give(&door, &[&web], &tags).await.refused(400, code);
    }
    assert!(tags_of(&door, "image", &web).await.is_empty());
    // At the bounds, and an empty value.
    let longest = "k".repeat(128);
    let good = [
        ("Tag.1.Key", longest.as_str()),
        ("Tag.1.Value", longest.as_str()),
        ("Tag.2.Key", "empty"),
    ];
    let good = good.map(|(name, value)| (name.to_owned(), value.to_owned()));
    give(&door, &[&web], &good).await.ok();
    assert_eq!(
        tags_of(&door, "image", &web).await,
        ["empty=".to_owned(), format!("{longest}={longest}")]
    );
}

#[tokio::test]
async fn fifty_things_are_tagged_at_once_and_no_more() {
    let door = Door::open().await;
    let web = bare_image(&door, "web").await;
    let many = vec![web.as_str(); 51];
    give(&door, &many, &numbered(0, 1)).await.refused(400, "NumberExceed.ResourceIds");
    give(&door, &many[..50], &numbered(0, 1)).await.ok();
    assert_eq!(tags_of(&door, "image", &web).await, ["k0="]);
}

/// What a request needs is asked for by name, in the words that the cloud has for tags alone.
#[tokio::test]
async fn what_is_missing_of_tags_is_named() {
    let door = Door::open().await;
    let web = bare_image(&door, "web").await;
    let (region, kind, id) =
        (("RegionId", HERE), ("ResourceType", "image"), ("ResourceId.1", web.as_str()));
    let tag = ("Tag.1.Key", "k");
    for (action, parameters, code) in [
        ("TagResources", vec![region, kind, id], "MissingParameter.Tags"),
        ("TagResources", vec![region, kind, tag], "MissingParameter.ResourceIds"),
        ("TagResources", vec![region, id, tag], "MissingParameter.ResourceType"),
        (
            "TagResources",
            vec![region, id, tag, ("ResourceType", "disk")],
            "InvalidResourceType.NotFound",
        ),
        (
            "TagResources",
            vec![region, kind, tag, ("ResourceId.1", "s-zzzzzzzzzzzzzzzzzzzz")],
            "InvalidResourceId.NotFound",
        ),
        ("UntagResources", vec![region, kind, id], "MissingParameter.Tags"),
        ("UntagResources", vec![region, kind, id, ("All", "false")], "MissingParameter.Tags"),
        ("ListTagResources", vec![region], "MissingParameter.ResourceType"),
    ] {
        door.ask(action, &parameters).await.refused(404, code);
    }
    // A bad or absent region is never 404, which would mean gone (contract 3).
    door.ask("TagResources", &[kind, id, tag]).await.refused(400, "MissingParameter");
    door.ask("TagResources", &[("RegionId", "nowhere"), kind, id, tag])
        .await
        .refused(400, "InvalidRegionId.NotFound");
}

/// Images, snapshots and instances, each with tags of its own, and counted together.
#[tokio::test]
async fn tags_of_every_kind_are_counted() {
    let door = Door::open().await;
    let web = bare_image(&door, "web").await;
    let snapshots = door.ask("DescribeSnapshots", &[("RegionId", HERE)]).await.ok();
    let snapshot = snapshots["Snapshots"]["Snapshot"][0]["SnapshotId"].as_str().unwrap().to_owned();
    let run = [("RegionId", HERE), ("ImageId", web.as_str()), ("Amount", "2")];
    let run = door.ask("RunInstances", &run).await.ok();
    let instances = run["InstanceIdSets"]["InstanceIdSet"].as_array().unwrap().clone();
    let instances: Vec<_> = instances.iter().map(|id| id.as_str().unwrap()).collect();
    for (kind, ids) in [
        ("image", vec![web.as_str()]),
        ("Snapshot", vec![&snapshot]),
        ("INSTANCE", instances.clone()),
    ] {
        let places: Vec<_> = (1..=ids.len()).map(|n| format!("ResourceId.{n}")).collect();
        let mut parameters = vec![("RegionId", HERE), ("ResourceType", kind)];
        parameters.extend(places.iter().map(String::as_str).zip(ids));
        parameters.extend([("Tag.1.Key", "team"), ("Tag.1.Value", "ferry")]);
        door.ask("TagResources", &parameters).await.ok();
    }
    let counted = async |more: &[(&str, &str)]| {
        let mut parameters = vec![("RegionId", HERE)];
        parameters.extend(more);
        let answer = door.ask("DescribeTags", &parameters).await.ok();
        let count = |kind: &str| answer["Tags"]["Tag"][0]["ResourceTypeCount"][kind].as_u64();
        (count("Image"), count("Snapshot"), count("Instance"), count("Disk"))
    };
    assert_eq!(counted(&[]).await, (Some(1), Some(1), Some(2), Some(0)));
    assert_eq!(counted(&[("ResourceType", "instance")]).await.2, Some(2));
    assert_eq!(counted(&[("ResourceId", instances[0])]).await.2, Some(1));
    assert_eq!(counted(&[("Tag.1.Key", "other")]).await, (None, None, None, None));
    // What goes takes its tags with it.
    door.ask("DeleteInstance", &[("InstanceId", instances[0])]).await.ok();
    assert_eq!(counted(&[]).await.2, Some(1));
    door.world.check_world().await;
}
