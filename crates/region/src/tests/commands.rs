//! Every command of accounts and regions: which role it asks for, and that what is another account's looks absent (promise 10).

use bytes::Bytes;
use model::rules::{Force, LoseImages, Offer, WaitingDays};
use model::{
    AccessKeyId, AccountId, Act, Admittance, CopyId, Day, EncryptionKeyId, ImageId, InstanceId,
    Meter, Month, Name, NameRule, Price, Profile, QuotaKind, Rejection, Remark, Role, Sealing,
    SizeBytes, SnapshotId, Tags, TicketId, Timestamp, UserId,
};
use store::ChunkId;

use crate::accounts::PageQuery;
use crate::audit::AuditQuery;
use crate::commands::{
    BeginImport, Caller, CopyImage, CopyQuery, EditImage, ImageQuery, SnapshotQuery,
    SnapshotsOfImage,
};
use crate::refused::Refused;
use crate::testing::{World, disk, region_id};
use crate::tickets::{DecideTicket, OpenTicket, TicketQuery, TicketSelection};
use crate::usage::Whose;
use crate::users::{NewUser, UserChange};

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
    ("audit", Act::Read, Watched),
    ("verify_audit", Act::Operate, Nothing),
    ("images", Act::Read, Owned),
    ("image", Act::Read, Owned),
    ("edit_image", Act::Change, Owned),
    ("delete_image", Act::Change, Owned),
    ("verify_image", Act::Read, Owned),
    ("cancel_image", Act::Change, Owned),
    ("copy_image", Act::Change, Owned),
    ("copy_images", Act::Change, Owned),
    ("estimate_copy", Act::Read, Owned),
    ("copies", Act::Read, Nothing),
    ("copy", Act::Read, Owned),
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
    ("snapshots", Act::Read, Owned),
    ("snapshot", Act::Read, Owned),
    ("delete_snapshot", Act::Change, Owned),
    ("disk_naming", Act::Read, Owned),
    ("disk_frames", Act::Read, Owned),
    ("quotas", Act::Read, Nothing),
    ("quotas_of", Act::Read, Watched),
    ("set_quota", Act::Operate, Nothing),
    ("set_quota_of", Act::Operate, Watched),
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
    ("set_rate", Act::Operate, Nothing),
    ("rates", Act::Read, Nothing),
];

/// What commands name.
#[derive(Clone)]
struct Ids {
    account: AccountId,
    user: UserId,
    key: AccessKeyId,
    image: ImageId,
    running: ImageId,
    snapshot: SnapshotId,
    copy: CopyId,
    instance: InstanceId,
    encryption_key: EncryptionKeyId,
    ticket: TicketId,
}

impl Ids {
    /// Of things that never were.
    fn absent() -> Ids {
        let random = || 200;
        Ids {
            account: AccountId::from_random(random),
            user: UserId::from_random(random),
            key: AccessKeyId::from_random(random),
            image: ImageId::from_random(random),
            running: ImageId::from_random(|| 201),
            snapshot: SnapshotId::from_random(random),
            copy: CopyId::from_random(random),
            instance: InstanceId::from_random(random),
            encryption_key: EncryptionKeyId::from_random(random),
            ticket: TicketId::from_random(random),
        }
    }

    fn texts(&self) -> [&str; 10] {
        [
            self.account.as_str(),
            self.user.as_str(),
            self.key.as_str(),
            self.image.as_str(),
            self.running.as_str(),
            self.snapshot.as_str(),
            self.copy.as_str(),
            self.instance.as_str(),
            self.encryption_key.as_str(),
            self.ticket.as_str(),
        ]
    }
}

/// One try of a command: who, and on what.
struct Try<'a> {
    world: &'a World,
    caller: Caller,
    ids: &'a Ids,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn shown(answer: Result<impl std::fmt::Debug, Refused>) -> Result<String, Refused> {
    answer.map(|value| format!("{value:?}"))
}

fn page() -> PageQuery {
    PageQuery { after: None, limit: 10 }
}

impl Try<'_> {
    fn copy_command(&self) -> CopyImage {
        CopyImage {
            image: self.ids.image.clone(),
            targets: vec![region_id("south")],
            name: None,
            description: None,
            tags: None,
            sealing: Sealing::AsSource,
            profile: Profile::native(),
            token: None,
        }
    }

    async fn of_accounts(&self, command: &str) -> Option<Result<String, Refused>> {
        let (accounts, caller, ids) = (&self.world.deployment.accounts, &self.caller, self.ids);
        let off = Admittance::Disabled;
        let on = Admittance::Active;
        let new = |account| NewUser { account, name: name("anna"), role: Role::Reader };
        let audited = AuditQuery { account: Some(ids.account.clone()), ..AuditQuery::default() };
        Some(match command {
            "create_account" => shown(accounts.create_account(caller, name("stranger")).await),
            "accounts" => shown(accounts.accounts(caller, page()).await),
            "account" => shown(accounts.account(caller, &ids.account).await),
            "set_account_state" => {
                shown(accounts.set_account_state(caller, &ids.account, on).await)
            }
            "create_user" => {
                shown(accounts.create_user(caller, new(Some(ids.account.clone()))).await)
            }
            "users" => shown(accounts.users(caller, Some(&ids.account), page()).await),
            "user" => shown(accounts.user(caller, &ids.user).await),
            "change_user" => {
                shown(accounts.change_user(caller, &ids.user, UserChange::State(off)).await)
            }
            "delete_user" => shown(accounts.delete_user(caller, &ids.user).await),
            "create_key" => {
                shown(accounts.create_key(caller).await.map(|key| key.id.to_string().len()))
            }
            "create_key_of" => {
                shown(accounts.create_key_of(caller, &ids.user).await.map(|key| key.id))
            }
            "list_keys" => shown(accounts.list_keys(caller).await),
            "list_keys_of" => shown(accounts.list_keys_of(caller, &ids.user).await),
            "set_key_state" => shown(accounts.set_key_state(caller, &ids.key, off).await),
            "delete_key" => shown(accounts.delete_key(caller, &ids.key).await),
            "audit" => {
                let north = self.world.region("north").audit(caller, audited.clone()).await;
                match north {
                    Ok(_) => shown(accounts.audit(caller, audited).await),
                    Err(refused) => Err(refused),
                }
            }
            "verify_audit" => match self.world.region("north").verify_audit(caller).await {
                Ok(_) => shown(accounts.verify_audit(caller).await),
                Err(refused) => Err(refused),
            },
            _ => return None,
        })
    }

    async fn on_images(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        let (image, running) = (&ids.image, &ids.running);
        let other = vec![AccountId::from_random(|| 9)];
        Some(match command {
            "images" => {
                let query = ImageQuery { ids: vec![image.clone()], ..ImageQuery::default() };
                shown(north.images(caller, query).await)
            }
            "image" => shown(north.image(caller, image).await),
            "edit_image" => shown(north.edit_image(caller, image, EditImage::default()).await),
            "delete_image" => {
                let (force, snapshots) = (Force::Yes, SnapshotsOfImage::Delete);
                shown(north.delete_image(caller, image, force, snapshots).await)
            }
            "verify_image" => shown(north.verify_image(caller, image).await),
            "cancel_image" => shown(north.cancel_image(caller, running).await),
            "copy_image" => shown(north.copy_image(caller, self.copy_command()).await),
            "copy_images" => shown(north.copy_images(caller, vec![self.copy_command()]).await),
            "estimate_copy" => shown(north.estimate_copy(caller, self.copy_command()).await),
            "begin_import" => {
                let command = BeginImport {
                    name: name("web"),
                    description: model::Description::new("").unwrap(),
                    attributes: self.attributes(),
                    tags: Tags::default(),
                    disks: vec![SizeBytes::new(512).unwrap()],
                    names: NameRule::Free,
                    token: None,
                };
                shown(north.begin_import(caller, command).await.map(|image| image.status))
            }
            "import_missing" => {
                shown(north.import_missing(caller, running, vec![ChunkId::of(b"a")]).await)
            }
            "import_frames" => shown(north.import_frames(caller, running, Bytes::new()).await),
            "finish_import" => shown(north.finish_import(caller, running, Vec::new()).await),
            "share_image" => shown(north.share_image(caller, image, other).await),
            "unshare_image" => shown(north.unshare_image(caller, image, other).await),
            "shares" => shown(north.shares(caller, image).await),
            "publish_image" => shown(north.publish_image(caller, image, Offer::Public).await),
            "unpublish_image" => shown(north.unpublish_image(caller, image).await),
            _ => return None,
        })
    }

    fn attributes(&self) -> model::Attributes {
        model::Attributes {
            architecture: model::Architecture::Arm64,
            os_type: model::OsType::Linux,
            platform: model::Platform::new("").unwrap(),
            boot_mode: model::BootMode::Uefi,
        }
    }

    async fn on_the_rest(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, south) = (self.world.region("north"), self.world.region("south"));
        let (caller, ids) = (&self.caller, self.ids);
        let quota = QuotaKind::Image;
        Some(match command {
            "copies" => shown(south.copies(caller, CopyQuery::default()).await),
            "copy" => shown(south.copy(caller, &ids.copy).await),
            "retry_copy" => shown(south.retry_copy(caller, &ids.copy).await),
            "watch_copy" => shown(south.watch_copy(caller, &ids.copy).await.map(|_| ())),
            "create_instance" => shown(north.create_instance(caller, name("vm"), &ids.image).await),
            "instances" => shown(north.instances(caller).await),
            "instance" => shown(north.instance(caller, &ids.instance).await),
            "change_instance_disk" => {
                shown(north.change_instance_disk(caller, &ids.instance, &ids.image).await)
            }
            "delete_instance" => shown(north.delete_instance(caller, &ids.instance).await),
            "snapshots" => {
                let query =
                    SnapshotQuery { image: Some(ids.image.clone()), ..SnapshotQuery::default() };
                shown(north.snapshots(caller, query).await)
            }
            "snapshot" => shown(north.snapshot(caller, &ids.snapshot).await),
            "delete_snapshot" => shown(north.delete_snapshot(caller, &ids.snapshot).await),
            "disk_naming" => shown(north.disk_naming(caller, &ids.snapshot).await.map(|_| ())),
            "disk_frames" => {
                shown(north.disk_frames(caller, &ids.snapshot, Vec::new()).await.map(|_| ()))
            }
            "quotas" => shown(north.quotas(caller).await),
            "quotas_of" => shown(north.quotas_of(caller, &ids.account).await),
            "set_quota" => shown(north.set_quota(caller, quota, 1_000).await),
            "set_quota_of" => shown(north.set_quota_of(caller, &ids.account, quota, 1_000).await),
            _ => return None,
        })
    }

    async fn on_keys_and_bills(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        let key = &ids.encryption_key;
        Some(match command {
            "create_encryption_key" => {
                shown(north.create_encryption_key(caller).await.map(|key| key.state))
            }
            "encryption_keys" => shown(north.encryption_keys(caller).await),
            "encryption_key" => shown(north.encryption_key(caller, key).await),
            "disable_encryption_key" => shown(north.disable_encryption_key(caller, key).await),
            "enable_encryption_key" => shown(north.enable_encryption_key(caller, key).await),
            "rotate_encryption_key" => shown(north.rotate_encryption_key(caller, key).await),
            "schedule_key_deletion" => {
                let (days, lose) = (WaitingDays::default(), LoseImages::No);
                shown(north.schedule_key_deletion(caller, key, days, lose).await)
            }
            "open_ticket" => {
                let (image, targets) = (ids.image.clone(), vec![region_id("south")]);
                let command = OpenTicket { image, targets, why: Remark::new("needed").unwrap() };
                shown(north.open_ticket(caller, command).await)
            }
            "decide_ticket" => {
                let decision = DecideTicket::Refuse { answer: Remark::new("no").unwrap() };
                shown(north.decide_ticket(caller, &ids.ticket, decision).await)
            }
            "tickets" => {
                let query =
                    TicketQuery { selection: TicketSelection::Own, ..TicketQuery::default() };
                shown(north.tickets(caller, query).await)
            }
            "ticket" => shown(north.ticket(caller, &ids.ticket).await),
            "usage" => {
                let month: Month = "2023-11".parse().unwrap();
                shown(north.usage(caller, month, Whose::Account(ids.account.clone())).await)
            }
            "set_rate" => {
                let (day, price): (Day, Price) =
                    ("2999-01-01".parse().unwrap(), "1".parse().unwrap());
                shown(north.set_rate(caller, Meter::Traffic, day, price).await)
            }
            "rates" => shown(north.rates(caller).await),
            _ => return None,
        })
    }

    /// Tries a command of the table.
    async fn run(&self, command: &str) -> Result<String, Refused> {
        if let Some(answer) = self.of_accounts(command).await {
            return answer;
        }
        if let Some(answer) = self.on_images(command).await {
            return answer;
        }
        if let Some(answer) = self.on_the_rest(command).await {
            return answer;
        }
        let answer = self.on_keys_and_bills(command).await;
        answer.unwrap_or_else(|| panic!("`{command}` is in the table and is not tried"))
    }
}

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
    for command in
        ["image", "snapshot", "copy", "instance", "encryption_key", "ticket", "user", "account"]
    {
        let caller = Caller { role: Role::Owner, ..world.caller.clone() };
        let answer = Try { world: &world, caller, ids: &ids }.run(command).await;
        assert!(answer.is_ok(), "{command}: {answer:?}");
    }
    let _at: Timestamp =
        world.deployment.accounts.user(&world.caller, &ids.user).await.unwrap().created;
}
