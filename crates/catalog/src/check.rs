//! What must be true of one region's rows at every commit: one part of `check_world()`.

use sqlx::Row;

use crate::audit::AuditChain;
use crate::fault::CatalogFault;
use crate::tx::{Catalog, Query, Tx};

/// A rule: what is wrong where it is broken, and a question whose every row names a place where it is.
struct Rule {
    broken: &'static str,
    places: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        broken: "i1: an available image has no system disk",
        places: "SELECT id FROM image WHERE status = 'available' \
            AND NOT EXISTS (SELECT 1 FROM image_disk WHERE image = image.id AND role = 0)",
    },
    Rule {
        broken: "i1: a disk of an available image does not rest on a snapshot with its size and contents",
        places: "SELECT image.id || ' disk ' || disk.role FROM image \
            JOIN image_disk AS disk ON disk.image = image.id \
            LEFT JOIN snapshot ON snapshot.id = disk.snapshot \
            WHERE image.status = 'available' AND image.storage = 'snapshots' AND (snapshot.id IS NULL OR disk.digest IS NOT snapshot.digest \
            OR snapshot.size_bytes <> disk.size_bytes OR snapshot.account <> image.account \
            OR snapshot.encryption_key IS NOT image.encryption_key)",
    },
    Rule {
        broken: "i1: an image that is not available has a disk on a snapshot",
        places: "SELECT image.id || ' disk ' || disk.role FROM image_disk AS disk \
            JOIN image ON image.id = disk.image WHERE image.status <> 'available' AND disk.snapshot IS NOT NULL",
    },
    Rule {
        broken: "i1: a snapshot names an image by itself, which only that image's disks do",
        places: "SELECT id FROM snapshot WHERE image IS NOT NULL",
    },
    Rule {
        broken: "i1: a carrier has not one disk, or is seen, used or kept like an image",
        places: "SELECT id FROM image WHERE purpose = 'carrier' AND (kind <> 'custom' OR storage <> 'snapshots' \
            OR status = 'create_failed' OR (SELECT count(*) FROM image_disk WHERE image = image.id) <> 1 \
            OR EXISTS (SELECT 1 FROM image_share WHERE image = image.id) \
            OR EXISTS (SELECT 1 FROM instance WHERE image = image.id))",
    },
    Rule {
        broken: "i8: a carrier that no copy holds is left",
        places: "SELECT id FROM image WHERE purpose = 'carrier' AND status = 'available' \
            AND NOT EXISTS (SELECT 1 FROM hold WHERE hold.image = image.id)",
    },
    Rule {
        broken: "i6: a copy of a snapshot runs without its promise, or not towards a carrier",
        places: "SELECT copy.id FROM copy LEFT JOIN promised_snapshot AS promised ON promised.id = copy.snapshot \
            LEFT JOIN image ON image.id = copy.target_image WHERE copy.state IN ('queued', 'held', 'stored') \
            AND ((copy.snapshot IS NULL) <> (image.purpose IS NOT 'carrier') OR (copy.snapshot IS NOT NULL \
            AND (promised.id IS NULL OR promised.cause IS NOT NULL OR promised.origin_copy <> copy.id \
            OR promised.account <> copy.account)))",
    },
    Rule {
        broken: "i6: a snapshot is promised by no copy that runs, and has not failed",
        places: "SELECT promised.id FROM promised_snapshot AS promised LEFT JOIN copy ON copy.id = promised.origin_copy \
            WHERE promised.cause IS NULL AND copy.state IS NOT 'unwinding' \
            AND (copy.finished IS NOT NULL OR copy.snapshot IS NOT promised.id)",
    },
    Rule {
        broken: "i1: a snapshot is promised that is there",
        places: "SELECT id FROM promised_snapshot JOIN snapshot USING (id)",
    },
    Rule {
        broken: "i1: an image in a local file has no file or not just its system disk, or a disk on a snapshot",
        places: "SELECT id FROM image WHERE storage = 'local_file' AND \
            (NOT EXISTS (SELECT 1 FROM local_file WHERE image = image.id) \
            OR (SELECT count(*) FROM image_disk WHERE image = image.id) <> 1 \
            OR EXISTS (SELECT 1 FROM image_disk AS disk WHERE disk.image = image.id AND disk.snapshot IS NOT NULL))",
    },
    Rule {
        broken: "i1: an image on snapshots has a local file",
        places: "SELECT image.id FROM image JOIN local_file ON local_file.image = image.id WHERE storage = 'snapshots'",
    },
    Rule {
        broken: "i12: an image is seen by others that is not available or is encrypted",
        places: "SELECT id FROM image WHERE (kind <> 'custom' \
            OR EXISTS (SELECT 1 FROM image_share WHERE image = image.id)) \
            AND (status <> 'available' OR encryption_key IS NOT NULL)",
    },
    Rule {
        broken: "i12: an image is seen by others that its owner advises against",
        places: "SELECT id FROM image WHERE deprecated IS NOT NULL AND (kind <> 'custom' \
            OR EXISTS (SELECT 1 FROM image_share WHERE image = image.id))",
    },
    Rule {
        broken: "i12: an image is shared with its owner, or shared and published",
        places: "SELECT image.id FROM image JOIN image_share AS share ON share.image = image.id \
            WHERE share.account = image.account OR image.kind <> 'custom'",
    },
    Rule {
        broken: "i8: an image that is published is held",
        places: "SELECT hold.copy FROM hold JOIN image ON image.id = hold.image WHERE image.kind <> 'custom'",
    },
    Rule {
        broken: "i8: what is being converted is no image of the account in a local file",
        places: "SELECT import.image FROM import LEFT JOIN image ON image.id = import.source_image \
            WHERE import.source_image IS NOT NULL \
            AND (image.storage IS NOT 'local_file' OR image.account <> import.account)",
    },
    Rule {
        broken: "i6: an image is being made by no copy and no import, or by both",
        places: "SELECT id FROM image WHERE status = 'creating' AND \
            (SELECT count(*) FROM import WHERE image = image.id) + \
            (SELECT count(*) FROM copy WHERE target_image = image.id AND finished IS NULL) <> 1",
    },
    Rule {
        broken: "i6: an import makes an image that is not being made, or another account's",
        places: "SELECT import.image FROM import LEFT JOIN image ON image.id = import.image \
            WHERE image.status IS NOT 'creating' OR image.account <> import.account",
    },
    Rule {
        broken: "i6: a copy runs towards an image that is not being made, or another account's",
        places: "SELECT copy.id FROM copy LEFT JOIN image ON image.id = copy.target_image \
            WHERE copy.state IN ('queued', 'held', 'stored') \
            AND (image.status IS NOT 'creating' OR image.account <> copy.account)",
    },
    Rule {
        broken: "i6: a copy that ended has left an image that is being made or available",
        places: "SELECT copy.id FROM copy JOIN image ON image.id = copy.target_image \
            WHERE copy.state = 'ended' AND image.status <> 'create_failed'",
    },
    Rule {
        broken: "i7: more is used and reserved than the limit allows, and the limit was not lowered",
        places: "SELECT account || ' ' || kind FROM quota WHERE used + reserved > most AND lowered = 0",
    },
    Rule {
        broken: "i7: the images used are not those that are available",
        places: "SELECT account || ' has ' || used || ', counted ' || counted FROM \
            (SELECT account, used, (SELECT count(*) FROM image WHERE image.account = quota.account \
            AND status = 'available' AND purpose = 'image') AS counted FROM quota WHERE kind = 'image') WHERE used <> counted",
    },
    Rule {
        broken: "i7: the snapshots used are not those that are there",
        places: "SELECT account || ' has ' || used || ', counted ' || counted FROM \
            (SELECT account, used, (SELECT count(*) FROM snapshot WHERE snapshot.account = quota.account) \
            AS counted FROM quota WHERE kind = 'snapshot') WHERE used <> counted",
    },
    // An unwinding copy gives its reservation back before it ends: with and without it are both right.
    Rule {
        broken: "i7: the images reserved are not those of copies and imports that run",
        places: "SELECT account || ' has ' || reserved || ', counted ' || counted FROM \
            (SELECT account, reserved, (SELECT count(*) FROM import WHERE import.account = quota.account) + \
            (SELECT count(*) FROM copy WHERE copy.account = quota.account AND state IN ('queued', 'held', 'stored') \
            AND snapshot IS NULL) \
            AS counted, (SELECT count(*) FROM copy WHERE copy.account = quota.account AND state = 'unwinding') \
            AS unwinding FROM quota WHERE kind = 'image') \
            WHERE reserved NOT BETWEEN counted AND counted + unwinding",
    },
    Rule {
        broken: "i7: the snapshots reserved are not the disks of copies and imports that run",
        places: "SELECT account || ' has ' || reserved || ', counted ' || counted FROM \
            (SELECT account, reserved, (SELECT count(*) FROM import JOIN image_disk USING (image) \
            WHERE import.account = quota.account) + (SELECT coalesce(sum(disks), 0) FROM copy \
            WHERE copy.account = quota.account AND state IN ('queued', 'held', 'stored')) AS counted, \
            (SELECT coalesce(sum(disks), 0) FROM copy WHERE copy.account = quota.account AND state = 'unwinding') \
            AS unwinding FROM quota WHERE kind = 'snapshot') \
            WHERE reserved NOT BETWEEN counted AND counted + unwinding",
    },
    Rule {
        broken: "i7: there are images or copies of an account without a quota",
        places: "SELECT account FROM (SELECT account FROM image UNION SELECT account FROM snapshot) AS owner \
            WHERE (SELECT count(*) FROM quota WHERE quota.account = owner.account) <> 2",
    },
    Rule {
        broken: "i8: an image is held that is not available, or another account's",
        places: "SELECT hold.copy FROM hold LEFT JOIN image ON image.id = hold.image \
            WHERE image.status IS NOT 'available' OR image.account <> hold.account",
    },
    Rule {
        broken: "i8: a hold outlives its copy",
        places: "SELECT hold.copy FROM hold JOIN copy ON copy.id = hold.copy WHERE copy.finished IS NOT NULL",
    },
    Rule {
        broken: "r000-4: the traffic of a copy is not the bytes it sent",
        places: "SELECT id FROM copy WHERE bytes_sent <> \
            (SELECT coalesce(sum(bytes), 0) FROM traffic WHERE traffic.copy = copy.id)",
    },
    Rule {
        broken: "r000-4: traffic is another account's or another link's than its copy",
        places: "SELECT copy.id FROM traffic JOIN copy ON copy.id = traffic.copy \
            WHERE traffic.account <> copy.account OR traffic.source <> copy.source_region",
    },
    Rule {
        broken: "r001-5: the storage of a snapshot is not metered as it is",
        places: "SELECT id FROM snapshot LEFT JOIN storage_span AS span ON span.snapshot = snapshot.id \
            WHERE span.ended IS NOT NULL OR span.account IS NOT snapshot.account \
            OR span.bytes IS NOT snapshot.places * 65536 OR span.began IS NOT snapshot.created",
    },
    Rule {
        broken: "r001-5: storage is metered of a snapshot that is gone",
        places: "SELECT span.snapshot FROM storage_span AS span \
            LEFT JOIN snapshot ON snapshot.id = span.snapshot WHERE span.ended IS NULL AND snapshot.id IS NULL",
    },
    Rule {
        broken: "an approval was spent that nobody gave",
        places: "SELECT ticket.id FROM ticket JOIN ticket_target AS covered ON covered.ticket = ticket.id \
            WHERE covered.copy IS NOT NULL AND ticket.state <> 'approved'",
    },
    Rule {
        broken: "a ticket covers no target",
        places: "SELECT id FROM ticket \
            WHERE NOT EXISTS (SELECT 1 FROM ticket_target WHERE ticket_target.ticket = ticket.id)",
    },
    Rule {
        broken: "an approval was spent on a copy that goes elsewhere",
        places: "SELECT covered.ticket FROM ticket_target AS covered JOIN hold ON hold.copy = covered.copy \
            JOIN ticket ON ticket.id = covered.ticket \
            WHERE hold.target <> covered.target OR hold.image <> ticket.image OR hold.account <> ticket.account",
    },
    Rule {
        broken: "i6: a task that runs makes no image, or another account's",
        places: "SELECT task.id FROM task LEFT JOIN import ON import.task = task.id \
            WHERE task.finished IS NULL AND task.action = 'import_image' \
            AND (import.image IS NOT task.image OR import.account <> task.account)",
    },
    Rule {
        broken: "i6: an import is of a task that has ended, or of no such task",
        places: "SELECT import.image FROM import JOIN task ON task.id = import.task \
            WHERE task.finished IS NOT NULL OR task.action <> 'import_image' OR import.source_image IS NOT NULL",
    },
    Rule {
        broken: "i8: an image is exported that is not available, or another account's",
        places: "SELECT task.id FROM task LEFT JOIN image ON image.id = task.image \
            WHERE task.finished IS NULL AND task.action = 'export_image' \
            AND (image.status IS NOT 'available' OR image.account <> task.account)",
    },
    Rule {
        broken: "a task reads or writes no object for the system disk",
        places: "SELECT id FROM task \
            WHERE NOT EXISTS (SELECT 1 FROM task_object WHERE task_object.task = task.id AND role = 0)",
    },
    Rule {
        broken: "a row refers to one that is not there",
        places: "SELECT \"table\" || ' to ' || parent FROM pragma_foreign_key_check",
    },
    Rule {
        broken: "the database's file is damaged",
        places: "SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'",
    },
    Rule {
        broken: "r004-9: an image, a snapshot or an instance has more than 20 tags",
        places: "SELECT thing FROM (SELECT image AS thing FROM image_tag UNION ALL SELECT snapshot FROM snapshot_tag \
            UNION ALL SELECT instance FROM instance_tag UNION ALL \
            SELECT promised_snapshot.id FROM promised_snapshot, json_each(promised_snapshot.tags)) GROUP BY thing HAVING count(*) > 20",
    },
];

impl Catalog {
    /// Every broken rule with the places where it is, in words; empty where all is well. Reads every row.
    pub async fn invariants(&self) -> Result<Vec<String>, CatalogFault> {
        let mut tx = self.read().await?;
        let mut broken = Vec::new();
        for rule in RULES {
            for place in tx.places(sqlx::query(rule.places)).await? {
                broken.push(format!("{}: {place}", rule.broken));
            }
        }
        match tx.verify_audit().await? {
            AuditChain::Whole { .. } => {}
            AuditChain::Broken { seq } => {
                broken.push(format!("the audit trail is broken at row {seq}"));
            }
        }
        Ok(broken)
    }
}

impl Tx {
    async fn places(&mut self, question: Query<'_>) -> Result<Vec<String>, CatalogFault> {
        let operation = "check the rows";
        let rows = self.all(operation, question).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            row.try_get(0).map_err(|source| CatalogFault::from_sql(operation, source))
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, account, catalog, intruder, put_image};
    use crate::{
        AuditEntry, CopyRow, HoldRow, HoldStanding, ImageRow, ImportRow, ImportSource, Reserved,
        SnapshotRow, SpentTicket, TaskObjectRow, TaskRow, TicketRow, Updated,
    };
    use model::{
        BucketName, CopyId, DiskFormat, DiskRole, ImageStatus, ObjectName, Purpose, QuotaKind,
        Remark, SizeBytes, TaskAction, TaskId, TaskState, TicketId, TicketState, Timestamp,
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
        (
            "UPDATE image SET status = 'creating' WHERE status = 'available'",
            "has a disk on a snapshot",
        ),
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
        (
            "DELETE FROM image WHERE id IN (SELECT target_image FROM copy)",
            "i6: a copy runs towards",
        ),
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
        (
            "UPDATE image SET storage = 'local_file' WHERE status = 'available'",
            "no file or not just",
        ),
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
}
