//! What must be true of one region's rows at every commit: one part of `check_world()`.

use crate::audit::AuditChain;
use crate::fault::CatalogFault;
use crate::statement::query;
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
            (SELECT coalesce(sum(bytes), 0) FROM traffic WHERE traffic.copy = copy.id \
            OR (traffic.copy > copy.id || '/' AND traffic.copy < copy.id || '0'))",
    },
    Rule {
        broken: "r000-4: traffic is another account's or another link's than its copy",
        places: "SELECT copy.id FROM traffic JOIN copy ON copy.id = substr(traffic.copy, 1, length(copy.id)) \
            WHERE traffic.account <> copy.account \
            OR traffic.source <> iif(traffic.copy = copy.id, copy.source_region, substr(traffic.copy, length(copy.id) + 2))",
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
        broken: "the tally of images is not theirs",
        places: "SELECT account || ' ' || bits || ' ' || place FROM ( \
            SELECT account, bits, place, kind, status, is_deprecated, images FROM image_tally UNION ALL \
            SELECT account, width.value, created >> width.value, kind, status, deprecated IS NOT NULL, -count(*) \
            FROM image CROSS JOIN json_each('[34, 28, 22, 16]') AS width WHERE purpose = 'image' GROUP BY 1, 2, 3, 4, 5, 6) \
            GROUP BY account, bits, place, kind, status, is_deprecated HAVING sum(images) <> 0",
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
            for place in tx.places(query(rule.places)).await? {
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
        let read = |row: &crate::statement::Row| {
            row.at(0).map_err(|source| CatalogFault::of_column(operation, source))
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests;
