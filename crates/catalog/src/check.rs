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
            WHERE image.status = 'available' AND (snapshot.id IS NULL OR disk.digest IS NOT snapshot.digest \
            OR snapshot.size_bytes <> disk.size_bytes OR snapshot.role <> disk.role \
            OR snapshot.account <> image.account)",
    },
    Rule {
        broken: "i1: an image that is not available uses a snapshot",
        places: "SELECT image.id || ' ' || snapshot.id FROM snapshot JOIN image ON image.id = snapshot.image \
            WHERE image.status <> 'available'",
    },
    Rule {
        broken: "i1: an image that is not available has a disk on a snapshot",
        places: "SELECT image.id || ' disk ' || disk.role FROM image_disk AS disk \
            JOIN image ON image.id = disk.image WHERE image.status <> 'available' AND disk.snapshot IS NOT NULL",
    },
    Rule {
        broken: "i1: a snapshot is used by an image none of whose disks rests on it",
        places: "SELECT id FROM snapshot WHERE image IS NOT NULL AND NOT EXISTS \
            (SELECT 1 FROM image_disk AS disk WHERE disk.image = snapshot.image AND disk.snapshot = snapshot.id)",
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
            AND status = 'available') AS counted FROM quota WHERE kind = 'image') WHERE used <> counted",
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
            (SELECT count(*) FROM copy WHERE copy.account = quota.account AND state IN ('queued', 'held', 'stored')) \
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
        broken: "a row refers to one that is not there",
        places: "SELECT \"table\" || ' to ' || parent FROM pragma_foreign_key_check",
    },
    Rule {
        broken: "the database's file is damaged",
        places: "SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'",
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
