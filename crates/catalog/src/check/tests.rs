use super::*;
use crate::sample::{self, account, catalog, intruder, put_image};
use crate::{
    AuditEntry, CopyRow, HoldRow, HoldStanding, ImageRow, ImportRow, ImportSource, Reserved,
    SnapshotRow, SpentTicket, TaskObjectRow, TaskRow, TicketRow, Updated,
};
use model::{
    BucketName, CopyId, DiskFormat, DiskRole, ImageStatus, ObjectName, Purpose, QuotaKind, Remark,
    SizeBytes, TaskAction, TaskId, TaskState, TicketId, TicketState, Timestamp,
};

/// An available image that is held, a copy that runs, and an import; all as they should be.
async fn sound() -> (tempfile::TempDir, Catalog) {
    let (folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    let owner = account(1);
    for (kind, reserved) in [(QuotaKind::Image, 3), (QuotaKind::Snapshot, 5)] {
        tx.ensure_quota(&owner, kind, 10).await.unwrap();
        assert_eq!(tx.reserve(&owner, kind, reserved).await.unwrap(), Reserved::Yes);
        tx.reserved_to_used(&owner, kind, 1).await.unwrap();
    }
    let mut image = sample::image(1, 1);
    image.status = ImageStatus::Available;
    put_image(&mut tx, &image).await;
    let snapshot = sample::snapshot(1, 1);
    let mut disk = sample::disk(&image, 0);
    (disk.digest, disk.snapshot) = (Some(snapshot.digest), Some(snapshot.id.clone()));
    tx.insert_snapshot(&snapshot).await.unwrap();
    tx.insert_image_disks(&[disk]).await.unwrap();
    let hold = HoldRow {
        copy: CopyId::from_random(|| 30),
        account: owner.clone(),
        image: image.id.clone(),
        target: "south".parse().unwrap(),
        standing: HoldStanding::Offered,
        created: Timestamp(1),
    };
    tx.ensure_hold(&hold).await.unwrap();
    put_spent_ticket(&mut tx, &hold).await;
    put_carriers(&mut tx, &snapshot).await;
    put_image(&mut tx, &sample::image(2, 1)).await;
    tx.insert_copy(&sample::copy(2, 1)).await.unwrap();
    let sent = CopyRow { bytes_sent: 500, ..sample::copy(2, 1) };
    assert_eq!(tx.record_progress(&sent, Timestamp(2_000)).await.unwrap(), Updated::Yes);
    let coming = sample::image(3, 1);
    put_image(&mut tx, &coming).await;
    tx.insert_image_disks(&[sample::disk(&coming, 0)]).await.unwrap();
    let task = put_task(&mut tx, &coming, TaskAction::ImportImage).await;
    put_task(&mut tx, &image, TaskAction::ExportImage).await;
    let import = ImportRow {
        image: coming.id,
        source: ImportSource::Objects(task),
        account: owner,
        created: Timestamp(1),
    };
    tx.insert_import(&import).await.unwrap();
    let entry = AuditEntry {
        at: Timestamp(1),
        account: None,
        action: "a".into(),
        subject: "s".into(),
        request_id: "r".into(),
        detail: String::new(),
        actor: String::new(),
        before: String::new(),
        after: String::new(),
    };
    tx.record_audit(&entry).await.unwrap();
    tx.commit().await.unwrap();
    (folder, catalog)
}

/// A task that runs, on one object.
async fn put_task(tx: &mut Tx, image: &ImageRow, action: TaskAction) -> TaskId {
    let id = TaskId::from_random(sample::bytes(action as u64));
    let row = TaskRow {
        id: id.clone(),
        account: image.account.clone(),
        action,
        state: TaskState::Running,
        image: image.id.clone(),
        failure: None,
        created: Timestamp(1),
        finished: None,
    };
    let object = TaskObjectRow {
        task: id.clone(),
        role: DiskRole::SYSTEM,
        bucket: BucketName::new("images").unwrap(),
        object: ObjectName::new("web.raw").unwrap(),
        format: DiskFormat::Raw,
        size: SizeBytes::new(512).unwrap(),
    };
    tx.insert_task(&row, &[object]).await.unwrap();
    id
}

/// A carrier that takes a snapshot elsewhere, and one that a snapshot from elsewhere comes on.
async fn put_carriers(tx: &mut Tx, snapshot: &SnapshotRow) {
    let carrier = |n| ImageRow { purpose: Purpose::Carrier, ..sample::image(n, 1) };
    sample::put_rested(tx, &carrier(20), &[snapshot]).await;
    let hold = HoldRow {
        copy: CopyId::from_random(|| 31),
        account: account(1),
        image: carrier(20).id,
        target: "south".parse().unwrap(),
        standing: HoldStanding::Confirmed,
        created: Timestamp(1),
    };
    tx.ensure_hold(&hold).await.unwrap();
    put_image(tx, &carrier(21)).await;
    tx.insert_image_disks(&[sample::disk(&carrier(21), 0)]).await.unwrap();
    let promised = sample::promised(21, 1);
    let snapshot = Some(promised.id.clone());
    let copy = CopyRow { snapshot, disks: 1, ..sample::copy(21, 1) };
    tx.insert_copy(&copy).await.unwrap();
    tx.insert_promised_snapshot(&promised).await.unwrap();
}

/// An approval for the held image, spent on the copy that holds it.
async fn put_spent_ticket(tx: &mut Tx, hold: &HoldRow) {
    let open = TicketRow {
        id: TicketId::from_random(|| 1),
        account: hold.account.clone(),
        asked_by: None,
        image: hold.image.clone(),
        why: Remark::new("moving").unwrap(),
        state: TicketState::Open,
        decided: None,
        answer: None,
        until: None,
        created: Timestamp(1),
        generation: 0,
    };
    tx.insert_ticket(&open, std::slice::from_ref(&hold.target)).await.unwrap();
    let spent = SpentTicket {
        ticket: open.id.clone(),
        target: hold.target.clone(),
        copy: hold.copy.clone(),
    };
    let approved = TicketRow {
        state: TicketState::Approved,
        decided: Some((None, Timestamp(1))),
        until: Some(Timestamp(2)),
        ..open
    };
    assert_eq!(tx.decide_ticket(&approved).await.unwrap(), Updated::Yes);
    assert_eq!(tx.spend_ticket(&spent, Timestamp(1)).await.unwrap(), Updated::Yes);
}

#[tokio::test]
async fn a_sound_catalog_breaks_no_rule() {
    let (_folder, catalog) = sound().await;
    assert_eq!(catalog.invariants().await.unwrap(), [] as [String; 0]);
}

/// What an intruder changes, and the rule that finds it.
const BROKEN: &[(&str, &str)] = &[
    ("DELETE FROM image_disk WHERE snapshot IS NOT NULL", "has no system disk"),
    ("UPDATE image_disk SET snapshot = NULL", "does not rest on a snapshot"),
    ("UPDATE snapshot SET digest = zeroblob(32)", "does not rest on a snapshot"),
    ("UPDATE snapshot SET size_bytes = 512", "does not rest on a snapshot"),
    (
        "UPDATE snapshot SET image = (SELECT image FROM image_disk WHERE snapshot = snapshot.id)",
        "i1: a snapshot names an image by itself",
    ),
    ("UPDATE image SET encryption_key = 'k'", "does not rest on a snapshot"),
    (
        "UPDATE image SET storage = 'local_file' WHERE purpose = 'carrier'",
        "i1: a carrier has not one disk",
    ),
    (
        "UPDATE hold SET image = (SELECT id FROM image WHERE purpose = 'image' AND status = 'available')",
        "i8: a carrier that no copy holds",
    ),
    (
        "UPDATE promised_snapshot SET cause = 'cancelled', cause_number = 0",
        "i6: a copy of a snapshot runs",
    ),
    ("UPDATE image SET purpose = 'image'", "i6: a copy of a snapshot runs"),
    ("UPDATE copy SET snapshot = NULL", "i6: a snapshot is promised by no copy"),
    (
        "INSERT INTO promised_snapshot SELECT id, account, '', '', '{}', 0, 512, 'r', 'i', 's', 'c', NULL, 'x', 0, 1 \
        FROM snapshot",
        "i1: a snapshot is promised that is there",
    ),
    ("UPDATE image SET status = 'creating' WHERE status = 'available'", "has a disk on a snapshot"),
    ("DELETE FROM copy", "being made by no copy and no import"),
    ("UPDATE copy SET target_image = (SELECT image FROM import)", "or by both"),
    (
        "UPDATE image SET status = 'available' WHERE id IN (SELECT image FROM import)",
        "i6: an import makes an image",
    ),
    (
        "UPDATE image SET status = 'available' WHERE id IN (SELECT target_image FROM copy)",
        "i6: a copy runs towards",
    ),
    ("DELETE FROM image WHERE id IN (SELECT target_image FROM copy)", "i6: a copy runs towards"),
    (
        "UPDATE copy SET state = 'ended', cause = 'cancelled', cause_number = 0, finished = 1",
        "i6: a copy that ended",
    ),
    ("UPDATE quota SET most = 1", "more is used and reserved"),
    ("UPDATE quota SET used = 2 WHERE kind = 'image'", "the images used"),
    ("UPDATE quota SET used = 0 WHERE kind = 'snapshot'", "the snapshots used"),
    ("UPDATE quota SET reserved = 3 WHERE kind = 'image'", "the images reserved"),
    ("UPDATE quota SET reserved = 2 WHERE kind = 'snapshot'", "the snapshots reserved"),
    ("DELETE FROM quota WHERE kind = 'image'", "without a quota"),
    ("UPDATE hold SET account = 'acct-zzzzzzzzzzzzzzzzzzzz'", "i8: an image is held"),
    (
        "UPDATE copy SET id = (SELECT copy FROM hold), state = 'done', snapshots = '', finished = 1 WHERE snapshot IS NULL",
        "i8: a hold outlives",
    ),
    ("UPDATE ticket SET state = 'open'", "spent that nobody gave"),
    ("DELETE FROM ticket_target", "covers no target"),
    ("UPDATE ticket_target SET target = 'west'", "goes elsewhere"),
    ("UPDATE hold SET image = 'img-zzzzzzzzzzzzzzzzzzzz'", "refers to one that is not there"),
    ("UPDATE image SET boot_mode = 'grub'", "the database's file is damaged"),
    ("UPDATE image SET storage = 'local_file' WHERE status = 'available'", "no file or not just"),
    (
        "INSERT INTO local_file (image, file, format) SELECT id, 'f', 'raw' FROM image",
        "on snapshots has a local file",
    ),
    (
        "UPDATE image SET kind = 'public' WHERE status = 'creating'",
        "i12: an image is seen by others",
    ),
    (
        "INSERT INTO image_share (image, account, created) SELECT id, account, 1 FROM image",
        "shared with its owner",
    ),
    (
        "UPDATE image SET kind = 'public', deprecated = 1 WHERE status = 'available'",
        "i12: an image is seen by others that its owner advises against",
    ),
    ("UPDATE image SET kind = 'public'", "that is published is held"),
    ("UPDATE import SET source_image = image", "what is being converted is no"),
    ("UPDATE copy SET bytes_sent = bytes_sent + 1", "r000-4: the traffic of a copy is not"),
    ("UPDATE traffic SET source = 'elsewhere'", "r000-4: traffic is another account's"),
    ("UPDATE storage_span SET ended = began", "r001-5: the storage of a snapshot is not"),
    ("UPDATE storage_span SET bytes = bytes - 1", "r001-5: the storage of a snapshot is not"),
    ("DELETE FROM storage_span", "r001-5: the storage of a snapshot is not"),
    (
        "UPDATE storage_span SET snapshot = 'snap-zzzzzzzzzzzzzzzzzzzz'",
        "r001-5: storage is metered of a snapshot that is gone",
    ),
    ("UPDATE import SET task = NULL", "i6: a task that runs makes no image"),
    (
        "UPDATE task SET state = 'done', finished = 1 WHERE action = 'import_image'",
        "i6: an import is of a task that has ended",
    ),
    (
        "UPDATE task SET account = 'acct-zzzzzzzzzzzzzzzzzzzz' WHERE action = 'export_image'",
        "i8: an image is exported",
    ),
    ("DELETE FROM task_object", "a task reads or writes no object"),
    (
        "INSERT INTO snapshot_tag (snapshot, key, value) SELECT snapshot.id, n.value || '', '' FROM snapshot, \
        json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]') AS n",
        "more than 20 tags",
    ),
    ("UPDATE image_tally SET images = images + 1", "the tally of images is not theirs"),
    ("UPDATE audit SET subject = 'x'", "audit trail is broken at row 1"),
];

#[tokio::test]
async fn every_rule_finds_what_breaks_it() {
    for (change, wanted) in BROKEN {
        let (folder, catalog) = sound().await;
        let intruder = intruder(&folder).await;
        sqlx::query(*change).execute(&intruder).await.unwrap();
        let broken = catalog.invariants().await.unwrap();
        assert!(broken.iter().any(|line| line.contains(wanted)), "{change}: {broken:#?}");
    }
    let found = |rule: &&Rule| BROKEN.iter().any(|(_, wanted)| rule.broken.contains(wanted));
    let untested: Vec<_> =
        RULES.iter().filter(|rule| !found(rule)).map(|rule| rule.broken).collect();
    assert_eq!(untested, [] as [&str; 0]);
}

#[tokio::test]
async fn a_lowered_limit_and_an_unwinding_copy_are_sound() {
    let (folder, catalog) = sound().await;
    let mut tx = catalog.begin().await.unwrap();
    tx.set_limit(&account(1), QuotaKind::Image, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(catalog.invariants().await.unwrap(), [] as [String; 0]);
    let intruder = intruder(&folder).await;
    let unwind = "UPDATE copy SET state = 'unwinding', cause = 'cancelled', cause_number = 0";
    sqlx::query(unwind).execute(&intruder).await.unwrap();
    assert_eq!(catalog.invariants().await.unwrap(), [] as [String; 0]);
    let mut tx = catalog.begin().await.unwrap();
    tx.give_back_reserved(&account(1), QuotaKind::Image, 1).await.unwrap();
    tx.give_back_reserved(&account(1), QuotaKind::Snapshot, 2).await.unwrap();
    tx.delete_image(&sample::image(2, 1).id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(catalog.invariants().await.unwrap(), [] as [String; 0]);
    assert_eq!(DiskRole::SYSTEM.number(), 0, "the number that the first rule looks for");
}
