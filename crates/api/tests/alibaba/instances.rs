//! Instances say that an image is used (R000-12, R001-7, R004-10).

use serde_json::Value;

use crate::door::{Door, HERE, THERE};

async fn run(door: &Door, more: &[(&str, &str)]) -> crate::door::Answer {
    let mut parameters = vec![("RegionId", HERE)];
    parameters.extend(more);
    door.ask("RunInstances", &parameters).await
}

fn ids(answer: &Value) -> Vec<String> {
    let ids = answer["InstanceIdSets"]["InstanceIdSet"].as_array().expect("always a list");
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

async fn instances(door: &Door, more: &[(&str, &str)]) -> Vec<Value> {
    let mut parameters = vec![("RegionId", HERE), ("PageSize", "100")];
    parameters.extend(more);
    let answer = door.ask("DescribeInstances", &parameters).await.ok();
    answer["Instances"]["Instance"].as_array().expect("always a list").clone()
}

/// R004-10: an image in use is not deleted but with `Force`; what ran of it runs on.
#[tokio::test]
async fn r004_10_an_image_in_use_is_deleted_by_force_alone() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let id = ids(&run(&door, &[("ImageId", &web)]).await.ok()).remove(0);
    let used = door.images(HERE, &[("Usage", "instance")]).await;
    assert_eq!((used.len(), &used[0]["Usage"]), (1, &Value::from("instance")));
    let delete = [("RegionId", HERE), ("ImageId", web.as_str())];
    for force in [("Force", "false"), ("Force", "")] {
        let refused = door.ask("DeleteImage", &[&delete[..], &[force]].concat()).await;
        let message = refused.refused(403, "ImageUsingByInstance");
        assert!(message.contains("use the force parameter"), "{message}");
    }
    door.ask("DeleteImage", &[&delete[..], &[("Force", "True")]].concat()).await.ok();
    assert!(door.images(HERE, &[("Status", "ALL")]).await.is_empty());
    let left = instances(&door, &[]).await;
    assert_eq!(
        (&left[0]["InstanceId"], &left[0]["ImageId"]),
        (&Value::from(id.as_str()), &Value::from(web.as_str()))
    );
    assert_eq!(
        (&left[0]["OSType"], &left[0]["OSName"]),
        (&Value::from(""), &Value::from("")),
        "nobody knows any more"
    );
    door.ask("DeleteInstance", &[("InstanceId", &id)]).await.ok();
    assert!(instances(&door, &[]).await.is_empty());
    door.world.check_world().await;
}

/// R001-7: what is not available yet, and what was cancelled, neither runs nor replaces a system disk.
#[tokio::test]
async fn r001_7_a_cancelled_copy_cannot_be_used() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let there = door.copy(&web, "there").await;
    let other = door.image(THERE, "other").await;
    let made = door.ask("RunInstances", &[("RegionId", THERE), ("ImageId", &other)]).await.ok();
    let instance = ids(&made).remove(0);
    let use_it = async |status: u16, code: &str| {
        let run = door.ask("RunInstances", &[("RegionId", THERE), ("ImageId", &there)]).await;
        run.refused(status, code);
        let replace = [("InstanceId", instance.as_str()), ("ImageId", &there)];
        door.ask("ReplaceSystemDisk", &replace).await.refused(status, code);
    };
    use_it(400, "IncorrectImageStatus").await;
    door.ask("CancelCopyImage", &[("RegionId", THERE), ("ImageId", &there)]).await.ok();
    use_it(404, "InvalidImageId.NotFound").await;
    door.world.run_until_idle().await;
    use_it(404, "InvalidImageId.NotFound").await;
    // R001-1: an image of another region is none of this one's.
    let elsewhere = door.ask("RunInstances", &[("RegionId", THERE), ("ImageId", &web)]).await;
    elsewhere.refused(404, "InvalidImageId.NotFound");
    door.world.check_world().await;
}

#[tokio::test]
async fn all_instances_of_a_request_are_made_or_none() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    for (name, value) in [("Amount", "0"), ("Amount", "101"), ("Amount", "x"), ("MinAmount", "2")] {
        run(&door, &[("ImageId", &web), (name, value)]).await.refused(400, "InvalidParameter");
    }
    run(&door, &[("ImageId", &web), ("DryRun", "true")]).await.refused(400, "DryRunOperation");
    run(&door, &[("ImageId", &web), ("InstanceName", "1")])
        .await
        .refused(400, "InvalidInstanceName.Malformed");
    run(&door, &[]).await.refused(400, "MissingParameter");
    assert!(instances(&door, &[]).await.is_empty());
    let hundred = [("ImageId", web.as_str()), ("Amount", "100"), ("ClientToken", "once")];
    let first = ids(&run(&door, &hundred).await.ok());
    assert_eq!(first.len(), 100);
    assert_eq!(ids(&run(&door, &hundred).await.ok()), first, "one request, made once");
    let other = run(&door, &[("ImageId", &web), ("Amount", "99"), ("ClientToken", "once")]).await;
    other.refused(400, "IdempotentParameterMismatch");
    assert_eq!(instances(&door, &[]).await.len(), 100);

    let places: Vec<_> = (1..=100).map(|n| format!("InstanceId.{n}")).collect();
    let mut all = vec![("RegionId", HERE)];
    all.extend(places.iter().map(String::as_str).zip(first.iter().map(String::as_str)));
    let mut one_absent = all.clone();
    one_absent[100].1 = "i-zzzzzzzzzzzzzzzzzzzz";
    door.ask("DeleteInstances", &one_absent).await.refused(404, "InvalidInstanceId.NotFound");
    assert_eq!(instances(&door, &[]).await.len(), 100, "all or none");
    let dry = [&all[..], &[("DryRun", "true")]].concat();
    door.ask("DeleteInstances", &dry).await.refused(400, "DryRunOperation");
    let one_more = [&all[..], &[("InstanceId.101", first[0].as_str())]].concat();
    door.ask("DeleteInstances", &one_more).await.refused(400, "InvalidParameter");
    door.ask("DeleteInstances", &all).await.ok();
    assert!(instances(&door, &[]).await.is_empty());
}

/// The newest available image of the family; a deprecated one still runs by its id.
#[tokio::test]
async fn the_newest_image_of_a_family_runs() {
    let door = Door::open().await;
    let mut family = Vec::new();
    for name in ["web1", "web2", "web3"] {
        let image = door.image(HERE, name).await;
        let join = [("RegionId", HERE), ("ImageId", image.as_str()), ("ImageFamily", "webs")];
        door.ask("ModifyImageAttribute", &join).await.ok();
        door.world.clock.advance_ms(1_000);
        family.push(image);
    }
    let newest = async || {
        let id = ids(&run(&door, &[("ImageFamily", "webs")]).await.ok()).remove(0);
        let asked = format!("[\"{id}\"]");
        instances(&door, &[("InstanceIds", &asked)]).await[0]["ImageId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(newest().await, family[2]);
    let retire = [("RegionId", HERE), ("ImageId", family[2].as_str()), ("Status", "Deprecated")];
    door.ask("ModifyImageAttribute", &retire).await.ok();
    assert_eq!(newest().await, family[1]);
    run(&door, &[("ImageId", &family[2])]).await.ok();
    run(&door, &[("ImageFamily", "none")]).await.refused(404, "InvalidImageFamily.NotFound");
    let both = run(&door, &[("ImageFamily", "webs"), ("ImageId", &family[0])]).await;
    both.refused(400, "InvalidParameter");
}

/// No region has to be named to change one instance; the one that has it is found, and a wrong one has it not.
#[tokio::test]
async fn an_instance_is_found_where_it_is() {
    let door = Door::open().await;
    let (web, db) = (door.image(HERE, "web").await, door.image(HERE, "db").await);
    let id = ids(&run(&door, &[("ImageId", &web)]).await.ok()).remove(0);
    let replace = [("InstanceId", id.as_str()), ("ImageId", db.as_str())];
    let dry = [&replace[..], &[("DryRun", "true")]].concat();
    door.ask("ReplaceSystemDisk", &dry).await.refused(400, "DryRunOperation");
    assert_eq!(instances(&door, &[("ImageId", &web)]).await.len(), 1);
    let replaced = door.ask("ReplaceSystemDisk", &replace).await.ok();
    assert_eq!(replaced["DiskId"].as_str().unwrap(), id.replacen("i-", "d-", 1));
    assert_eq!(instances(&door, &[("ImageId", &db)]).await.len(), 1);
    assert_eq!(instances(&door, &[("ImageId", &web)]).await.len(), 0);
    let elsewhere = [("RegionId", THERE), ("InstanceId", id.as_str())];
    door.ask("DeleteInstance", &elsewhere).await.refused(404, "InvalidInstanceId.NotFound");
    let nowhere = [("RegionId", "nowhere"), ("InstanceId", id.as_str())];
    door.ask("DeleteInstance", &nowhere).await.refused(400, "InvalidRegionId.NotFound");
    let absent = door.ask("DeleteInstance", &[("InstanceId", "i-zzzzzzzzzzzzzzzzzzzz")]).await;
    absent.refused(404, "InvalidInstanceId.NotFound");
    door.ask("DeleteInstance", &[("InstanceId", &id), ("DryRun", "True")])
        .await
        .refused(400, "DryRunOperation");
    door.ask("DeleteInstance", &[("InstanceId", &id)]).await.ok();
}
