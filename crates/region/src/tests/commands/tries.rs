//! How each command of the table is tried.

use bytes::Bytes;
use model::rules::{Force, LoseImages, Offer, WaitingDays};
use model::{
    AccessKeyId, AccountId, Admittance, BucketName, CopyId, Day, DiskFormat, EncryptionKeyId,
    FileName, ImageId, InstanceId, LinkChange, Meter, Month, Name, NameRule, Price, Profile,
    QuotaKind, Remark, Role, Sealing, SizeBytes, SnapshotId, Tags, TaskId, TicketId, UserId,
};
use store::ChunkId;

use crate::accounts::PageQuery;
use crate::alike::AlikeTo;
use crate::audit::AuditQuery;
use crate::commands::{
    BeginImport, Caller, ConvertImage, CopyImage, CopyQuery, EditImage, ImageQuery, ImageSearch,
    RegisterImage, SnapshotQuery, SnapshotsOfImage,
};
use crate::exports::{ExportImage, ExportedDisks};
use crate::object_imports::ImportObjects;
use crate::refused::Refused;
use crate::tasks::TaskSearch;
use crate::testing::{World, region_id};
use crate::tickets::{DecideTicket, OpenTicket, TicketQuery, TicketSelection};
use crate::usage::Whose;
use crate::users::{NewUser, UserChange};

/// What commands name.
#[derive(Clone)]
pub(super) struct Ids {
    pub(super) account: AccountId,
    pub(super) user: UserId,
    pub(super) key: AccessKeyId,
    pub(super) image: ImageId,
    pub(super) running: ImageId,
    pub(super) snapshot: SnapshotId,
    pub(super) copy: CopyId,
    pub(super) instance: InstanceId,
    pub(super) encryption_key: EncryptionKeyId,
    pub(super) ticket: TicketId,
    pub(super) task: TaskId,
}

impl Ids {
    /// Of things that never were.
    pub(super) fn absent() -> Ids {
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
            task: TaskId::from_random(random),
        }
    }

    pub(super) fn texts(&self) -> [&str; 11] {
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
            self.task.as_str(),
        ]
    }
}

/// An import of an object that the world's account has.
pub(super) fn import_of_object() -> ImportObjects {
    crate::tests::tasks::import_of(vec![crate::tests::tasks::object("web.raw")])
}

/// One try of a command: who, and on what.
pub(super) struct Try<'a> {
    pub(super) world: &'a World,
    pub(super) caller: Caller,
    pub(super) ids: &'a Ids,
}

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn shown(answer: Result<impl std::fmt::Debug, Refused>) -> Result<String, Refused> {
    answer.map(|value| format!("{value:?}"))
}

fn page() -> PageQuery {
    PageQuery { after: None, limit: 10 }
}

impl Try<'_> {
    fn copy_command(&self) -> CopyImage {
        CopyImage {
            particulars: model::Particulars::default(),
            image: self.ids.image.clone(),
            targets: vec![region_id("south")],
            name: None,
            description: None,
            tags: None,
            sealing: Sealing::AsSource,
            urgency: model::Urgency::default(),
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
            "create_account" => {
                shown(Box::pin(accounts.create_account(caller, name("stranger"))).await)
            }
            "accounts" => shown(Box::pin(accounts.accounts(caller, page())).await),
            "account" => shown(Box::pin(accounts.account(caller, &ids.account)).await),
            "set_account_state" => {
                shown(Box::pin(accounts.set_account_state(caller, &ids.account, on)).await)
            }
            "create_user" => {
                shown(accounts.create_user(caller, new(Some(ids.account.clone()))).await)
            }
            "users" => shown(Box::pin(accounts.users(caller, Some(&ids.account), page())).await),
            "user" => shown(Box::pin(accounts.user(caller, &ids.user)).await),
            "change_user" => shown(
                Box::pin(accounts.change_user(caller, &ids.user, UserChange::State(off))).await,
            ),
            "delete_user" => shown(Box::pin(accounts.delete_user(caller, &ids.user)).await),
            "create_key" => shown(
                Box::pin(accounts.create_key(caller)).await.map(|key| key.id.to_string().len()),
            ),
            "create_key_of" => {
                shown(Box::pin(accounts.create_key_of(caller, &ids.user)).await.map(|key| key.id))
            }
            "list_keys" => shown(Box::pin(accounts.list_keys(caller)).await),
            "list_keys_of" => shown(Box::pin(accounts.list_keys_of(caller, &ids.user)).await),
            "set_key_state" => shown(Box::pin(accounts.set_key_state(caller, &ids.key, off)).await),
            "delete_key" => shown(Box::pin(accounts.delete_key(caller, &ids.key)).await),
            "close_sessions" => shown(Box::pin(accounts.close_sessions(caller)).await),
            "count_sessions" => shown(Box::pin(accounts.count_sessions(caller)).await),
            "create_sign_in_link" => shown(Box::pin(accounts.create_sign_in_link(caller)).await),
            "audit" => {
                let north = self.world.region("north").audit(caller, audited.clone()).await;
                match north {
                    Ok(_) => shown(Box::pin(accounts.audit(caller, audited)).await),
                    Err(refused) => Err(refused),
                }
            }
            "verify_audit" => match self.world.region("north").verify_audit(caller).await {
                Ok(_) => shown(Box::pin(accounts.verify_audit(caller)).await),
                Err(refused) => Err(refused),
            },
            _ => return None,
        })
    }

    async fn on_images(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        let (image, running) = (&ids.image, &ids.running);
        Some(match command {
            "images" => {
                let query = ImageQuery { ids: vec![image.clone()], ..ImageQuery::default() };
                shown(Box::pin(north.images(caller, query)).await)
            }
            "search_images" => {
                let search = ImageSearch { ids: vec![image.clone()], ..ImageSearch::default() };
                shown(Box::pin(north.search_images(caller, search)).await)
            }
            "image_led_by" => shown(Box::pin(north.image_led_by(caller, image.leading())).await),
            "image_counts" => shown(Box::pin(north.image_counts(caller)).await),
            "alike" => {
                let lineage = vec![(region_id("north"), image.clone())];
                let of = AlikeTo { name: name("other"), disks: Vec::new(), lineage };
                shown(Box::pin(north.alike(caller, vec![of])).await)
            }
            "image" => shown(Box::pin(north.image(caller, image)).await),
            "edit_image" => {
                shown(Box::pin(north.edit_image(caller, image, EditImage::default())).await)
            }
            "delete_image" => {
                let (force, snapshots) = (Force::Yes, SnapshotsOfImage::Delete);
                shown(Box::pin(north.delete_image(caller, image, force, snapshots)).await)
            }
            "verify_image" => shown(Box::pin(north.verify_image(caller, image)).await),
            "cancel_image" => shown(Box::pin(north.cancel_image(caller, running)).await),
            "copy_image" => shown(Box::pin(north.copy_image(caller, self.copy_command())).await),
            "copy_images" => {
                shown(Box::pin(north.copy_images(caller, vec![self.copy_command()])).await)
            }
            "copy_images_together" => {
                let commands = vec![self.copy_command()];
                shown(Box::pin(north.copy_images_together(caller, commands)).await)
            }
            "estimate_copy" => {
                shown(Box::pin(north.estimate_copy(caller, self.copy_command())).await)
            }
            "estimate_copies" => {
                shown(Box::pin(north.estimate_copies(caller, vec![self.copy_command()])).await)
            }
            "begin_import" => {
                let command = BeginImport {
                    family: None,
                    particulars: model::Particulars::default(),
                    name: name("web"),
                    description: model::Description::new("").unwrap(),
                    attributes: self.attributes(),
                    tags: Tags::default(),
                    disks: vec![SizeBytes::new(512).unwrap()],
                    names: NameRule::Free,
                    token: None,
                };
                shown(Box::pin(north.begin_import(caller, command)).await.map(|image| image.status))
            }
            "import_missing" => shown(
                Box::pin(north.import_missing(caller, running, vec![ChunkId::of(b"a")])).await,
            ),
            "import_frames" => {
                shown(Box::pin(north.import_frames(caller, running, Bytes::new())).await)
            }
            "finish_import" => {
                shown(Box::pin(north.finish_import(caller, running, Vec::new())).await)
            }
            _ => return None,
        })
    }

    async fn on_local_and_shared(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, image) = (self.world.region("north"), &self.caller, &self.ids.image);
        let other = vec![AccountId::from_random(|| 9)];
        Some(match command {
            "register_local_image" => {
                let command = RegisterImage {
                    family: None,
                    particulars: model::Particulars::default(),
                    file: FileName::new("web.raw").unwrap(),
                    name: name("web"),
                    description: model::Description::new("").unwrap(),
                    attributes: self.attributes(),
                    tags: Tags::default(),
                    names: NameRule::Free,
                    token: None,
                };
                shown(Box::pin(north.register_local_image(caller, command)).await)
            }
            "convert_image" => {
                let (image, names) = (image.clone(), NameRule::Free);
                let command = ConvertImage { image, name: None, description: None, names };
                shown(Box::pin(north.convert_image(caller, command)).await)
            }
            "share_image" => shown(Box::pin(north.share_image(caller, image, other)).await),
            "unshare_image" => shown(Box::pin(north.unshare_image(caller, image, other)).await),
            "shares" => shown(Box::pin(north.shares(caller, image)).await),
            "publish_image" => {
                shown(Box::pin(north.publish_image(caller, image, Offer::Public)).await)
            }
            "unpublish_image" => shown(Box::pin(north.unpublish_image(caller, image)).await),
            _ => return None,
        })
    }

    pub(super) fn attributes(&self) -> model::Attributes {
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
            "copies" => shown(Box::pin(south.copies(caller, CopyQuery::default())).await),
            "copy" => shown(Box::pin(south.copy(caller, &ids.copy)).await),
            "copy_rates" => shown(Box::pin(south.copy_rates(caller, &ids.copy)).await),
            "copy_attempts" => shown(Box::pin(south.copy_attempts(caller, &ids.copy)).await),
            "retry_copy" => shown(Box::pin(south.retry_copy(caller, &ids.copy)).await),
            "watch_copy" => shown(Box::pin(south.watch_copy(caller, &ids.copy)).await.map(|_| ())),
            "create_instance" => {
                shown(Box::pin(north.create_instance(caller, name("vm"), &ids.image)).await)
            }
            "instances" => shown(Box::pin(north.instances(caller)).await),
            "instance" => shown(Box::pin(north.instance(caller, &ids.instance)).await),
            "change_instance_disk" => {
                shown(Box::pin(north.change_instance_disk(caller, &ids.instance, &ids.image)).await)
            }
            "delete_instance" => {
                shown(Box::pin(north.delete_instance(caller, &ids.instance)).await)
            }
            "snapshots" => {
                let query =
                    SnapshotQuery { image: Some(ids.image.clone()), ..SnapshotQuery::default() };
                shown(Box::pin(north.snapshots(caller, query)).await)
            }
            "snapshot" => shown(Box::pin(north.snapshot(caller, &ids.snapshot)).await),
            "delete_snapshot" => {
                shown(Box::pin(north.delete_snapshot(caller, &ids.snapshot)).await)
            }
            "disk_naming" => {
                shown(Box::pin(north.disk_naming(caller, &ids.snapshot)).await.map(|_| ()))
            }
            "disk_frames" => shown(
                Box::pin(north.disk_frames(caller, &ids.snapshot, Vec::new())).await.map(|_| ()),
            ),
            "quotas" => shown(Box::pin(north.quotas(caller)).await),
            "quotas_of" => shown(Box::pin(north.quotas_of(caller, &ids.account)).await),
            "set_quota" => shown(Box::pin(north.set_quota(caller, quota, 1_000)).await),
            "set_quota_of" => {
                shown(Box::pin(north.set_quota_of(caller, &ids.account, quota, 1_000)).await)
            }
            _ => return None,
        })
    }

    async fn on_keys_and_bills(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        let key = &ids.encryption_key;
        Some(match command {
            "create_encryption_key" => {
                shown(Box::pin(north.create_encryption_key(caller)).await.map(|key| key.state))
            }
            "encryption_keys" => shown(Box::pin(north.encryption_keys(caller)).await),
            "encryption_key" => shown(Box::pin(north.encryption_key(caller, key)).await),
            "disable_encryption_key" => {
                shown(Box::pin(north.disable_encryption_key(caller, key)).await)
            }
            "enable_encryption_key" => {
                shown(Box::pin(north.enable_encryption_key(caller, key)).await)
            }
            "rotate_encryption_key" => {
                shown(Box::pin(north.rotate_encryption_key(caller, key)).await)
            }
            "schedule_key_deletion" => {
                let (days, lose) = (WaitingDays::default(), LoseImages::No);
                shown(Box::pin(north.schedule_key_deletion(caller, key, days, lose)).await)
            }
            "open_ticket" => {
                let (image, targets) = (ids.image.clone(), vec![region_id("south")]);
                let command = OpenTicket { image, targets, why: Remark::new("needed").unwrap() };
                shown(Box::pin(north.open_ticket(caller, command)).await)
            }
            "decide_ticket" => {
                let decision = DecideTicket::Refuse { answer: Remark::new("no").unwrap() };
                shown(Box::pin(north.decide_ticket(caller, &ids.ticket, decision)).await)
            }
            "tickets" => {
                let query =
                    TicketQuery { selection: TicketSelection::Own, ..TicketQuery::default() };
                shown(Box::pin(north.tickets(caller, query)).await)
            }
            "ticket" => shown(Box::pin(north.ticket(caller, &ids.ticket)).await),
            "usage" => {
                let month: Month = "2023-11".parse().unwrap();
                shown(
                    Box::pin(north.usage(caller, month, Whose::Account(ids.account.clone()))).await,
                )
            }
            "links" => {
                shown(Box::pin(north.links(caller, Whose::Account(ids.account.clone()))).await)
            }
            "set_link" => {
                let change = LinkChange { copies_at_once: Some(Some(9)), ..LinkChange::default() };
                shown(Box::pin(north.set_link(caller, &region_id("south"), change)).await)
            }
            "set_rate" => {
                let (day, price): (Day, Price) =
                    ("2999-01-01".parse().unwrap(), "1".parse().unwrap());
                shown(Box::pin(north.set_rate(caller, Meter::Traffic, day, price)).await)
            }
            "rates" => shown(Box::pin(north.rates(caller)).await),
            _ => return None,
        })
    }

    async fn on_tasks(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        Some(match command {
            "import_objects" => {
                let imported = Box::pin(north.import_objects(caller, import_of_object())).await;
                shown(imported.map(|task| task.state))
            }
            "export_image" => {
                let (image, format) = (ids.image.clone(), DiskFormat::Raw);
                let bucket = BucketName::new("images").unwrap();
                let disks = ExportedDisks::All;
                let command = ExportImage { image, bucket, prefix: None, format, disks };
                shown(Box::pin(north.export_image(caller, command)).await)
            }
            "search_tasks" => {
                let search = TaskSearch { ids: vec![ids.task.clone()], ..TaskSearch::default() };
                shown(Box::pin(north.search_tasks(caller, search)).await)
            }
            "task" => shown(Box::pin(north.task(caller, &ids.task)).await),
            "cancel_task" => shown(Box::pin(north.cancel_task(caller, &ids.task)).await),
            _ => return None,
        })
    }

    /// Tries a command of the table.
    pub(super) async fn run(&self, command: &str) -> Result<String, Refused> {
        if let Some(answer) = self.of_accounts(command).await {
            return answer;
        }
        if let Some(answer) = self.on_images(command).await {
            return answer;
        }
        if let Some(answer) = self.on_the_rest(command).await {
            return answer;
        }
        if let Some(answer) = self.on_tags_and_instances(command).await {
            return answer;
        }
        if let Some(answer) = self.on_snapshots(command).await {
            return answer;
        }
        if let Some(answer) = self.on_local_and_shared(command).await {
            return answer;
        }
        if let Some(answer) = self.on_tasks(command).await {
            return answer;
        }
        let answer = self.on_keys_and_bills(command).await;
        answer.unwrap_or_else(|| panic!("`{command}` is in the table and is not tried"))
    }
}
