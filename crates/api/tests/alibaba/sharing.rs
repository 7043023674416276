//! `ModifyImageSharePermission`, `DescribeImageSharePermission`: two accounts at one door.

use model::Role;
use region::{Caller, NewUser};
use serde_json::json;

use crate::door::{Answer, Door, HERE, THERE};
use crate::signer::Key;

async fn modify(door: &Door, region: &str, image: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("RegionId", region), ("ImageId", image)];
    parameters.extend(more);
    door.ask("ModifyImageSharePermission", &parameters).await
}

async fn shared_with(door: &Door, image: &str) -> Vec<String> {
    let parameters = [("RegionId", HERE), ("ImageId", image), ("PageSize", "100")];
    let answer = door.ask("DescribeImageSharePermission", &parameters).await.ok();
    let accounts = answer["Accounts"]["Account"].as_array().expect("always a list");
    assert_eq!(answer["TotalCount"], accounts.len());
    accounts.iter().map(|account| account["AliyunId"].as_str().unwrap().to_owned()).collect()
}

/// R001-8: the copy there is shared there; the other account sees it there and not here; taken back, it is gone.
#[tokio::test]
async fn r001_8_a_copy_is_shared_where_it_is() {
    let door = Door::open().await;
    let source = door.image(HERE, "web").await;
    let copy = door.copy(&source, "copy").await;
    let number = door.number(&door.world.stranger()).await;
    let words = modify(&door, THERE, &copy, &[("AddAccount.1", &number)]).await;
    words.refused(400, "IncorrectImageStatus");
    door.world.run_until_idle().await;
    modify(&door, THERE, &copy, &[("AddAccount.1", &number)]).await.ok();
    let others = [("ImageOwnerAlias", "others")];
    let theirs = door.images_as(&door.stranger, THERE, &others).await;
    assert_eq!(theirs.len(), 1);
    assert_eq!(
        (&theirs[0]["ImageId"], &theirs[0]["ImageOwnerAlias"]),
        (&json!(copy), &json!("others"))
    );
    let owner: u64 = door.number(&door.world.caller).await.parse().unwrap();
    assert_eq!(theirs[0]["ImageOwnerId"], owner);
    assert_eq!((&theirs[0]["IsSelfShared"], &theirs[0]["IsCopied"]), (&json!(""), &json!(false)));
    assert!(door.images_as(&door.stranger, HERE, &others).await.is_empty(), "not here");
    assert_eq!(door.images(THERE, &[]).await[0]["IsSelfShared"], "true");
    let run = [("RegionId", THERE), ("ImageId", &copy), ("InstanceType", "ecs.g6.large")];
    door.ask_as(&door.stranger, "RunInstances", &run).await.ok();

    modify(&door, THERE, &copy, &[("RemoveAccount.1", &number)]).await.ok();
    assert!(door.images_as(&door.stranger, THERE, &others).await.is_empty());
    assert_eq!(door.images(THERE, &[]).await[0]["IsSelfShared"], "false");
    door.world.check_world().await;
}

/// Contract 5: by number or by Ferry's own id; several at once, all of them or none; another's image is absent.
#[tokio::test]
async fn accounts_are_shared_with_all_at_once_or_not_at_all() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let stranger = door.world.stranger();
    let number = door.number(&stranger).await;
    let own = door.number(&door.world.caller).await;
    for (wrong, code) in [
        ("1000000000000001", "InvalidAccount.NotFound"),
        ("acct-zzzzzzzzzzzzzzzzzzzz", "InvalidAccount.NotFound"),
        ("somebody", "InvalidAccount.NotFound"),
        (own.as_str(), "InvalidAccount.Forbbiden"),
    ] {
        let more = [("AddAccount.1", number.as_str()), ("AddAccount.2", wrong)];
        modify(&door, HERE, &image, &more).await.refused(404, code);
        assert!(shared_with(&door, &image).await.is_empty(), "{wrong}");
    }
    let by_id = [("AddAccount.1", stranger.account.as_str()), ("DryRun", "true")];
    modify(&door, HERE, &image, &by_id).await.refused(400, "DryRunOperation");
    assert!(shared_with(&door, &image).await.is_empty(), "only rehearsed");
    modify(&door, HERE, &image, &by_id[..1]).await.ok();
    modify(&door, HERE, &image, &by_id[..1]).await.ok();
    assert_eq!(shared_with(&door, &image).await, std::slice::from_ref(&number));
    // Ten are read, the rest ignored.
    let rest: Vec<String> = (1..=11).map(|n| format!("RemoveAccount.{n}")).collect();
    let mut more: Vec<(&str, &str)> =
        rest.iter().map(|name| (name.as_str(), stranger.account.as_str())).collect();
    more[10].1 = "nobody";
    modify(&door, HERE, &image, &more).await.ok();
    assert!(shared_with(&door, &image).await.is_empty());

    let theirs = [("RegionId", HERE), ("ImageId", image.as_str()), ("AddAccount.1", own.as_str())];
    for action in ["ModifyImageSharePermission", "DescribeImageSharePermission"] {
        let answer = door.ask_as(&door.stranger, action, &theirs).await;
        answer.refused(404, "InvalidImageId.NotFound");
    }
    let launch = [("LaunchPermission", "x")];
    modify(&door, HERE, &image, &launch).await.refused(400, "ForbiddenParameter.LaunchPermission");
    modify(&door, HERE, &image, &[]).await.ok();
}

/// A key of a user of the account who owns images, and operates nothing.
async fn owner(door: &Door) -> Key {
    let accounts = &door.world.deployment.accounts;
    let name = model::Name::new("owner").unwrap();
    let user = NewUser { account: None, name, role: Role::Owner };
    let user = accounts.create_user(&door.world.caller, user).await.unwrap();
    let owner = Caller { user: Some(user.id), role: user.role, ..door.world.caller.clone() };
    let made = accounts.create_key(&owner).await.unwrap();
    Key { id: made.id.to_string(), secret: made.secret }
}

/// R001-2: publishing is an operator's; a public image is everyone's to see and its owner's still.
#[tokio::test]
async fn r001_2_an_image_is_published_by_who_may_and_taken_back() {
    let door = Door::open().await;
    let owner = owner(&door).await;
    let image = door.image(HERE, "web").await;
    let at = [("RegionId", HERE), ("ImageId", image.as_str())];
    let public = |flag: &'static str| [at[0], at[1], ("IsPublic", flag)];
    let answer = door.ask_as(&owner, "ModifyImageSharePermission", &public("true")).await;
    answer.refused(403, "Forbidden.RAM");
    let ask = async |flag| door.ask("ModifyImageSharePermission", &public(flag)).await;
    ask("true").await.ok();
    let seen = door.images_as(&door.stranger, HERE, &[("ImageOwnerAlias", "system")]).await;
    assert_eq!(
        (&seen[0]["IsPublic"], &seen[0]["ImageOwnerAlias"]),
        (&json!(true), &json!("system"))
    );
    let community = [("ImageOwnerAlias", "others"), ("IsPublic", "true")];
    assert_eq!(door.images_as(&door.stranger, HERE, &community).await.len(), 1);
    let own = door.images(HERE, &[("ImageOwnerAlias", "self")]).await;
    assert_eq!((&own[0]["IsPublic"], &own[0]["ImageOwnerAlias"]), (&json!(true), &json!("self")));
    let groups = door.ask("DescribeImageSharePermission", &at).await.ok();
    assert_eq!(groups["ShareGroups"], json!({"ShareGroup": [{"Group": "all"}]}));
    let share = [("AddAccount.1", door.number(&door.world.stranger()).await)];
    let share = [(share[0].0, share[0].1.as_str())];
    modify(&door, HERE, &image, &share).await.refused(403, "Image.Public");
    ask("false").await.ok();
    ask("false").await.ok();
    assert!(door.images_as(&door.stranger, HERE, &[]).await.is_empty());

    // Shared or public: one of them.
    modify(&door, HERE, &image, &share).await.ok();
    ask("true").await.refused(403, "InvalidParameter.IsPublic");
    let both = [at[0], at[1], share[0], ("IsPublic", "true")];
    let answer = door.ask("ModifyImageSharePermission", &both).await;
    answer.refused(403, "InvalidParameter.IsPublic");
    let instead = [at[0], at[1], ("RemoveAccount.1", share[0].1), ("IsPublic", "true")];
    door.ask("ModifyImageSharePermission", &instead).await.ok();
    assert!(shared_with(&door, &image).await.is_empty());
    assert_eq!(door.images(HERE, &[]).await[0]["IsPublic"], true);
    door.world.check_world().await;
}
