//! Every command of accounts and regions: which role it asks for, and that what is another account's looks absent (promise 10).

mod of_snapshots;
mod rehearsal;
mod tagged;
mod tries;

use model::{Act, Rejection, Remark, Role, Timestamp};

use self::tries::{Ids, Try, name};
use crate::commands::{Caller, ImageQuery};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};
use crate::tickets::OpenTicket;
use crate::users::NewUser;

/// Whether a command names something that is somebody's.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Names {
    /// Nothing: it is about the caller's account, or about all.
    Nothing,
    /// What another account's operator does not see either.
    Owned,
    /// What operators see of every account.
    Watched,
}

use Names::{Nothing, Owned, Watched};

/// Each command, what a caller must be allowed for it, and whether it names something.
const COMMANDS: &[(&str, Act, Names)] = &[
    ("create_account", Act::Administer, Nothing),
    ("accounts", Act::Read, Nothing),
    ("account", Act::Read, Watched),
    ("set_account_state", Act::Administer, Watched),
    ("create_user", Act::Administer, Watched),
    ("users", Act::Read, Watched),
    ("user", Act::Read, Watched),
    ("change_user", Act::Administer, Watched),
    ("delete_user", Act::Administer, Watched),
    ("create_key", Act::Read, Nothing),
    ("create_key_of", Act::Administer, Watched),
    ("list_keys", Act::Read, Nothing),
    ("list_keys_of", Act::Administer, Watched),
    ("set_key_state", Act::Read, Watched),
    ("delete_key", Act::Read, Watched),
    ("close_sessions", Act::Read, Nothing),
    ("count_sessions", Act::Read, Nothing),
    ("create_sign_in_link", Act::Read, Nothing),
    ("audit", Act::Read, Watched),
    ("verify_audit", Act::Operate, Nothing),
    ("images", Act::Read, Owned),
    ("search_images", Act::Read, Owned),
    // Whose it is, is told by the command that takes the id.
    ("image_led_by", Act::Read, Nothing),
    ("image_counts", Act::Read, Nothing),
    ("alike", Act::Read, Owned),
    ("image", Act::Read, Owned),
    ("edit_image", Act::Change, Owned),
    ("delete_image", Act::Change, Owned),
    ("verify_image", Act::Read, Owned),
    ("cancel_image", Act::Change, Owned),
    ("copy_image", Act::Change, Owned),
    ("copy_images", Act::Change, Owned),
    ("copy_images_together", Act::Change, Owned),
    ("estimate_copy", Act::Read, Owned),
    ("estimate_copies", Act::Read, Owned),
    ("copies", Act::Read, Nothing),
    ("copy", Act::Read, Owned),
    ("copy_rates", Act::Read, Owned),
    ("copy_attempts", Act::Read, Owned),
    ("retry_copy", Act::Change, Owned),
    ("watch_copy", Act::Read, Owned),
    ("begin_import", Act::Change, Nothing),
    ("import_missing", Act::Change, Owned),
    ("import_frames", Act::Change, Owned),
    ("finish_import", Act::Change, Owned),
    ("create_instance", Act::Change, Owned),
    ("instances", Act::Read, Nothing),
    ("instance", Act::Read, Owned),
    ("change_instance_disk", Act::Change, Owned),
    ("delete_instance", Act::Change, Owned),
    ("delete_instances", Act::Change, Owned),
    ("run_instances", Act::Change, Owned),
    ("search_instances", Act::Read, Owned),
    ("newest_of_family", Act::Read, Nothing),
    ("tag", Act::Change, Owned),
    ("untag", Act::Change, Owned),
    ("retag", Act::Change, Owned),
    ("search_tags", Act::Read, Owned),
    ("tag_counts", Act::Read, Owned),
    ("snapshots", Act::Read, Owned),
    ("snapshot", Act::Read, Owned),
    ("delete_snapshot", Act::Change, Owned),
    ("search_snapshots", Act::Read, Owned),
    ("create_image", Act::Change, Owned),
    ("copy_snapshot", Act::Change, Owned),
    ("disk_naming", Act::Read, Owned),
    ("disk_frames", Act::Read, Owned),
    ("quotas", Act::Read, Nothing),
    ("quotas_of", Act::Read, Watched),
    ("set_quota", Act::Operate, Nothing),
    ("set_quota_of", Act::Operate, Watched),
    ("register_local_image", Act::Change, Nothing),
    ("convert_image", Act::Change, Owned),
    ("share_image", Act::Change, Owned),
    ("unshare_image", Act::Change, Owned),
    ("shares", Act::Read, Owned),
    ("publish_image", Act::Operate, Owned),
    ("unpublish_image", Act::Operate, Owned),
    ("create_encryption_key", Act::Change, Nothing),
    ("encryption_keys", Act::Read, Nothing),
    ("encryption_key", Act::Read, Owned),
    ("disable_encryption_key", Act::Change, Owned),
    ("enable_encryption_key", Act::Change, Owned),
    ("schedule_key_deletion", Act::Change, Owned),
    ("rotate_encryption_key", Act::Change, Owned),
    ("open_ticket", Act::Change, Owned),
    ("decide_ticket", Act::Operate, Watched),
    ("tickets", Act::Read, Nothing),
    ("ticket", Act::Read, Watched),
    ("usage", Act::Operate, Watched),
    ("links", Act::Operate, Watched),
    ("set_link", Act::Operate, Nothing),
    ("set_rate", Act::Operate, Nothing),
    ("rates", Act::Read, Nothing),
    ("import_objects", Act::Change, Nothing),
    ("export_image", Act::Change, Owned),
    ("search_tasks", Act::Read, Owned),
    ("task", Act::Read, Owned),
    ("cancel_task", Act::Change, Owned),
];

/// Every public command that takes a caller is in the table.
#[test]
fn the_table_has_every_command() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "rs") || path.ends_with("testing.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for part in text.split("pub async fn ").skip(1) {
            let (head, _) = part.split_once(" {\n").unwrap();
            if head.contains("caller: &Caller") {
                found.push(head.split('(').next().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found.dedup();
    let mut tried: Vec<_> = COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    tried.sort();
    assert_eq!(found, tried);
}

/// Each command asks the role before anything else: who may not learns nothing but that.
#[tokio::test]
async fn each_command_asks_for_its_role() {
    let world = World::with_regions(["north", "south"]).await;
    let ids = Ids::absent();
    for (command, act, _) in COMMANDS {
        for role in Role::ALL.iter().copied() {
            let caller = Caller { role, ..world.caller.clone() };
            let answer = Try { world: &world, caller, ids: &ids }.run(command).await;
            let refused = match &answer {
                Err(Refused::Rejected(Rejection::NotAllowed { role: as_role, act: needed })) => {
                    assert_eq!((*as_role, needed), (role, act), "{command}");
                    true
                }
                Ok(_) | Err(_) => false,
            };
            assert_eq!(refused, !role.may(*act), "{command} as {role}: {answer:?}");
        }
    }
    world.check_world().await;
}

/// One of everything, all of the world's account.
async fn things(world: &World) -> Ids {
    let (accounts, caller) = (&world.deployment.accounts, &world.caller);
    let (north, south) = (world.region("north"), world.region("south"));
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await;
    let running = world.begin_import("north", "running", &[disk(2, 1, Some)]).await.unwrap().id;
    let new = NewUser { account: None, name: name("otto"), role: Role::Owner };
    let user = accounts.create_user(caller, new).await.unwrap().id;
    let key = accounts.create_key_of(caller, &user).await.unwrap().id;
    let why = Remark::new("because").unwrap();
    let targets = vec![region_id("south")];
    let ticket = OpenTicket { image: image.id.clone(), targets, why };
    let instance = north.create_instance(caller, name("vm"), &image.id).await.unwrap().id;
    let copy = world.copy("north", &image.id, "south").await.unwrap().copy;
    std::fs::write(world.bucket("north", caller, "images").join("web.raw"), [0; 512]).unwrap();
    let import = tries::import_of_object();
    assert_eq!(south.copy(caller, &copy).await.unwrap().id, copy);
    Ids {
        account: caller.account.clone(),
        user,
        key,
        snapshot: image.disks[0].snapshot.clone().unwrap(),
        image: image.id,
        running,
        copy,
        instance,
        encryption_key: north.create_encryption_key(caller).await.unwrap().id,
        ticket: north.open_ticket(caller, ticket).await.unwrap().id,
        task: north.import_objects(caller, import).await.unwrap().id,
    }
}

/// The answer, with the ids that were asked for put into the place of absent ones.
fn told(answer: Result<String, Refused>, asked: &Ids) -> String {
    let mut text = match answer {
        Ok(shown) => format!("ok {shown}"),
        Err(refused) => format!("{refused:?}"),
    };
    for (id, absent) in asked.texts().into_iter().zip(Ids::absent().texts()) {
        text = text.replace(id, absent);
    }
    text
}

/// Promise 10, I12, R004-2: a foreign id answers exactly as an absent one, in every command and for every role that does not
/// run the deployment; and for those who do, in every command on what an account owns.
#[tokio::test]
async fn promise_10_a_foreign_id_answers_as_an_absent_one() {
    let world = World::with_regions(["north", "south"]).await;
    let (foreign, absent) = (things(&world).await, Ids::absent());
    let all = || async {
        let images = ImageQuery { limit: 100, ..ImageQuery::default() };
        let north = world.region("north");
        let images = north.images(&world.caller, images).await.unwrap().items;
        let instances = north.instances(&world.caller).await.unwrap();
        format!("{images:?} {instances:?}")
    };
    let before = all().await;
    let mut compared = 0;
    for (command, act, names) in COMMANDS {
        for role in Role::ALL.iter().copied().filter(|role| role.may(*act)) {
            let runs_the_deployment = role.may(Act::Operate);
            let is_compared = match names {
                Nothing => false,
                Owned => true,
                Watched => !runs_the_deployment,
            };
            if !is_compared {
                continue;
            }
            let caller = Caller { role, ..world.stranger() };
            let ask = |ids| Try { world: &world, caller: caller.clone(), ids };
            let of_foreign = told(ask(&foreign).run(command).await, &foreign);
            let of_absent = told(ask(&absent).run(command).await, &absent);
            assert_eq!(of_foreign, of_absent, "{command} as {role}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
    assert_eq!(all().await, before, "nothing of the other account has changed");
    world.check_world().await;
}

/// What the ids of the test name is really there, so that the comparison above could fail.
#[tokio::test]
async fn the_things_compared_are_there_for_their_owner() {
    let world = World::with_regions(["north", "south"]).await;
    let ids = things(&world).await;
    let named = ["image", "snapshot", "copy", "instance", "encryption_key", "ticket", "task"];
    for command in named.into_iter().chain(["user", "account"]) {
        let caller = Caller { role: Role::Owner, ..world.caller.clone() };
        let answer = Try { world: &world, caller, ids: &ids }.run(command).await;
        assert!(answer.is_ok(), "{command}: {answer:?}");
    }
    let _at: Timestamp =
        world.deployment.accounts.user(&world.caller, &ids.user).await.unwrap().created;
}
