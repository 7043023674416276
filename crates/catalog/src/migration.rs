//! Bringing a database to this version's tables. Each migration is one transaction, so a crash at any statement leaves
//! the one before it whole; what a newer version wrote is refused and left as it is (fault 30).

use crate::database::Database;
use crate::fault::CatalogFault;
use crate::statement::query;
use crate::tx::Tx;

/// One step from an older form of the tables to a newer one. Once released, its text never changes.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Migration {
    /// 1, 2, 3 and so on.
    pub(crate) number: i64,
    /// Statements, set apart by blank lines.
    pub(crate) text: &'static str,
}

impl Migration {
    /// Its statements, without those parts that are only a remark.
    fn statements(self) -> impl Iterator<Item = &'static str> {
        let is_code = |line: &str| !line.trim().is_empty() && !line.starts_with("--");
        self.text.split("\n\n").filter(move |part| part.lines().any(is_code))
    }

    fn digest(self) -> Vec<u8> {
        blake3::hash(self.text.as_bytes()).as_bytes().to_vec()
    }
}

/// The region's catalog.
pub(crate) const REGION: &[Migration] = &[
    Migration { number: 1, text: include_str!("../migrations/sqlite/0001_init.sql") },
    Migration { number: 2, text: include_str!("../migrations/sqlite/0002_rules.sql") },
    Migration { number: 3, text: include_str!("../migrations/sqlite/0003_particulars.sql") },
    Migration { number: 4, text: include_str!("../migrations/sqlite/0004_snapshots.sql") },
    Migration { number: 5, text: include_str!("../migrations/sqlite/0005_tasks.sql") },
    Migration { number: 6, text: include_str!("../migrations/sqlite/0006_tags.sql") },
    Migration { number: 7, text: include_str!("../migrations/sqlite/0007_image_search.sql") },
    Migration { number: 8, text: include_str!("../migrations/sqlite/0008_export_traces.sql") },
    Migration { number: 9, text: include_str!("../migrations/sqlite/0009_wider_search.sql") },
    Migration { number: 10, text: include_str!("../migrations/sqlite/0010_copies_together.sql") },
    Migration { number: 11, text: include_str!("../migrations/sqlite/0011_links.sql") },
    Migration { number: 12, text: include_str!("../migrations/sqlite/0012_copy_samples.sql") },
    Migration { number: 13, text: include_str!("../migrations/sqlite/0013_alike.sql") },
    Migration { number: 14, text: include_str!("../migrations/sqlite/0014_schedules.sql") },
    Migration { number: 15, text: include_str!("../migrations/sqlite/0015_large_regions.sql") },
];

/// The accounts and their keys.
pub(crate) const ACCOUNTS: &[Migration] = &[
    Migration { number: 1, text: include_str!("../migrations/accounts/0001_init.sql") },
    Migration { number: 2, text: include_str!("../migrations/accounts/0002_users.sql") },
    Migration { number: 3, text: include_str!("../migrations/accounts/0003_numbers.sql") },
    Migration { number: 4, text: include_str!("../migrations/accounts/0004_sessions.sql") },
];

/// The nonces of signed requests, and what such requests were answered.
pub(crate) const NONCES: &[Migration] = &[
    Migration { number: 1, text: include_str!("../migrations/nonces/0001_init.sql") },
    Migration { number: 2, text: include_str!("../migrations/nonces/0002_answers.sql") },
];

/// Applies what is missing, in order.
pub(crate) async fn migrate(
    database: &Database,
    migrations: &[Migration],
) -> Result<(), CatalogFault> {
    for migration in migrations {
        let mut tx = database.begin().await?;
        let applied = applied(&mut tx).await?;
        refuse_others(&applied, migrations)?;
        if applied.len() < migrations.len() && !applied.iter().any(|(n, _)| *n == migration.number)
        {
            apply(&mut tx, *migration).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// The migrations that the file has seen: their numbers and the digests of their texts.
async fn applied(tx: &mut Tx) -> Result<Vec<(i64, Vec<u8>)>, CatalogFault> {
    let create = "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY, digest BLOB NOT NULL) STRICT";
    tx.run("make the table of migrations", query(create).once()).await?;
    let rows = tx
        .all(
            "list migrations",
            query("SELECT number, digest FROM migration ORDER BY number").once(),
        )
        .await?;
    let read = |row: &crate::statement::Row| Ok((row.at(0)?, row.at(1)?));
    rows.iter()
        .map(|row| read(row).map_err(|source| CatalogFault::of_column("list migrations", source)))
        .collect()
}

fn refuse_others(applied: &[(i64, Vec<u8>)], migrations: &[Migration]) -> Result<(), CatalogFault> {
    let known = migrations.last().map_or(0, |last| last.number);
    if let Some((found, _)) = applied.last().filter(|(number, _)| *number > known) {
        return Err(CatalogFault::Newer { found: *found, known });
    }
    for (number, digest) in applied {
        let same = migrations.iter().find(|migration| migration.number == *number);
        if same.is_none_or(|migration| migration.digest() != *digest) {
            return Err(CatalogFault::OtherMigration { number: *number });
        }
    }
    Ok(())
}

async fn apply(tx: &mut Tx, migration: Migration) -> Result<(), CatalogFault> {
    for statement in migration.statements() {
        statement_failpoint()?;
        tx.run("change the tables", query(statement).once()).await?;
    }
    statement_failpoint()?;
    let record = query("INSERT INTO migration (number, digest) VALUES (?, ?)")
        .bind(migration.number)
        .bind(migration.digest());
    tx.run("record a migration", record).await?;
    Ok(())
}

/// The point `mig.statement`, at which a test lets a migration fail, wait or die. Nothing without the feature `failpoints`.
fn statement_failpoint() -> Result<(), CatalogFault> {
    fail::fail_point!("mig.statement", |_| Err(CatalogFault::Busy {
        operation: "change the tables"
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn database() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("catalog.db")).await.unwrap();
        (folder, database)
    }

    /// What a version after this one may do, as it follows on the migrations of this one.
    fn and_more(text: &'static str) -> Vec<Migration> {
        let mut all = REGION.to_vec();
        all.push(Migration { number: REGION.last().unwrap().number + 1, text });
        all
    }

    const MORE: &str = "-- More.\n\nCREATE TABLE more (n INTEGER) STRICT;\n";

    /// `0001_init` and all that follow on it, of both catalogs; `0006_tags` only adds, `0011_links` adds and makes indexes anew.
    #[tokio::test]
    async fn fault_30_an_empty_file_is_migrated_and_again_is_nothing() {
        let (_folder, database) = database().await;
        migrate(&database, REGION).await.unwrap();
        migrate(&database, REGION).await.unwrap();
        migrate(&database, &and_more(MORE)).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        assert_eq!(applied(&mut tx).await.unwrap().len(), REGION.len() + 1);
        tx.run("look", query("SELECT n FROM more")).await.unwrap();
        let accounts = tempfile::tempdir().unwrap();
        let accounts = Database::open(&accounts.path().join("accounts.db")).await.unwrap();
        migrate(&accounts, ACCOUNTS).await.unwrap();
        migrate(&accounts, ACCOUNTS).await.unwrap();
    }

    #[tokio::test]
    async fn fault_30_a_newer_file_is_refused_and_left_alone() {
        let (_folder, database) = database().await;
        migrate(&database, &and_more(MORE)).await.unwrap();
        let last = REGION.last().unwrap().number;
        let fault = migrate(&database, REGION).await.unwrap_err();
        let is_newer = matches!(fault, CatalogFault::Newer { found, known } if (found, known) == (last + 1, last));
        assert!(is_newer, "{fault}");
        migrate(&database, &and_more(MORE)).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_of_other_migrations_is_refused() {
        let (_folder, database) = database().await;
        migrate(&database, ACCOUNTS).await.unwrap();
        let fault = migrate(&database, REGION).await.unwrap_err();
        assert!(matches!(fault, CatalogFault::OtherMigration { number: 1 }), "{fault}");
    }

    #[tokio::test]
    async fn fault_30_a_migration_that_fails_half_way_leaves_nothing() {
        let (_folder, database) = database().await;
        migrate(&database, REGION).await.unwrap();
        let broken = "CREATE TABLE half (n INTEGER) STRICT;\n\nCREATE TABLE image (n INTEGER);\n";
        migrate(&database, &and_more(broken)).await.unwrap_err();
        migrate(&database, REGION).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.run("look", query("SELECT n FROM half")).await.unwrap_err();
    }

    /// `0002_rules` begins to meter what `0001_init` wrote: snapshots from when they were made, copies by what they sent.
    #[tokio::test]
    async fn r000_4_r001_5_what_was_there_before_is_metered() {
        let (_folder, database) = database().await;
        migrate(&database, &[REGION[0]]).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let (account, x) = ("acct-aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa");
        let snapshot = format!(
            "INSERT INTO snapshot (id, account, role, size_bytes, digest, places, created) \
             VALUES ('snap-{x}', '{account}', 0, 131072, zeroblob(32), 2, 90000000)"
        );
        let copy = format!(
            "INSERT INTO copy (id, account, target_image, source_region, source_image, state, digests, done, needed, \
             disks, disks_done, bytes_sent, bytes_reused, attempts, total_attempts, next_attempt, created, started, \
             generation, fence, lease_until) VALUES ('copy-{x}', '{account}', 'img-{x}', 'north', 'img-{x}', 'held', \
             zeroblob(32), 1, 2, 1, 0, 777, 0, 0, 1, 0, 1, 86400000, 1, 1, 0)"
        );
        for sql in [snapshot, copy] {
            let insert = query(sql).once();
            tx.run("write as version 1 did", insert).await.unwrap();
        }
        tx.commit().await.unwrap();
        migrate(&database, REGION).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let account = account.parse().unwrap();
        let all = (model::Timestamp(0), model::Timestamp(i64::MAX));
        let spans = tx.storage_spans(&account, all.0, all.1).await.unwrap();
        let began = model::Timestamp(90_000_000);
        assert_eq!(spans, [model::StorageSpan { bytes: 131_072, began, ended: None }]);
        let copy = format!("copy-{x}").parse().unwrap();
        let day = model::Day::from_number(1).unwrap();
        assert_eq!(tx.traffic_of_copy(&copy).await.unwrap(), [(day, 777)]);
    }

    /// `0003_particulars`, `0007_image_search` and `0009_wider_search`: an image from before is of no family, is found as any other, and keeps nothing
    /// else.
    #[tokio::test]
    async fn an_image_from_before_is_found_and_says_no_more_than_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let database = Database::open(&path).await.unwrap();
        migrate(&database, &REGION[..2]).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let (account, x) = ("acct-aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa");
        let image = format!(
            "INSERT INTO image (id, account, name, description, status, architecture, os_type, platform, boot_mode, \
             created, generation) VALUES ('img-{x}', '{account}', 'web', '', 'available', 'x86_64', 'linux', '', 'bios', \
             1, 0)"
        );
        let insert = query(image).once();
        tx.run("write as version 2 did", insert).await.unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        let catalog = crate::Catalog::open(&path).await.unwrap();
        let mut tx = catalog.read().await.unwrap();
        let search = model::ImageSearch {
            standings: vec![model::Standing::Available],
            platforms: vec![model::NamePattern::Exactly(String::new())],
            ..model::ImageSearch::default()
        };
        let moment = crate::Moment { now: model::Timestamp(1), importing: Vec::new() };
        let account = account.parse().unwrap();
        let (found, total) = tx.search_images(&account, &search, &moment).await.unwrap();
        assert_eq!((found.len(), total), (1, 1));
        assert_eq!((&found[0].family, found[0].deprecated), (&None, None));
        assert!(found[0].particulars.is_empty());
    }

    /// `0004_snapshots` takes the image that a snapshot named by itself away, and leaves the rest as it was; nothing is promised.
    #[tokio::test]
    async fn snapshots_from_before_rest_under_their_disks_alone() {
        let (_folder, database) = database().await;
        migrate(&database, &REGION[..2]).await.unwrap();
        let (account, x) = ("acct-aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa");
        let image = format!(
            "INSERT INTO image (id, account, name, description, status, architecture, os_type, platform, boot_mode, created, \
             generation) VALUES ('img-{x}', '{account}', 'web', '', 'available', 'arm64', 'linux', '', 'uefi', 1, 0)"
        );
        let snapshot = format!(
            "INSERT INTO snapshot (id, account, image, role, size_bytes, digest, places, created) \
             VALUES ('snap-{x}', '{account}', 'img-{x}', 1, 131072, zeroblob(32), 2, 7)"
        );
        let disk = format!(
            "INSERT INTO image_disk (image, role, size_bytes, digest, snapshot) \
             VALUES ('img-{x}', 1, 131072, zeroblob(32), 'snap-{x}')"
        );
        let mut tx = database.begin().await.unwrap();
        for sql in [image, snapshot, disk] {
            let insert = query(sql).once();
            tx.run("write as version 2 did", insert).await.unwrap();
        }
        tx.commit().await.unwrap();
        migrate(&database, REGION).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let left = query("SELECT count(*) FROM snapshot WHERE image IS NOT NULL");
        assert_eq!(tx.count("count what is left", left).await.unwrap(), 0);
        let (image, id) =
            (format!("img-{x}").parse().unwrap(), format!("snap-{x}").parse().unwrap());
        let account = account.parse().unwrap();
        let row = tx.snapshot(&account, &id).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.role.number(), row.places), ("", 1, 2));
        assert_eq!(tx.snapshots_of_image(&image).await.unwrap(), [row]);
        let found = tx.image(&account, &image).await.unwrap().unwrap();
        assert_eq!(found.purpose, model::Purpose::Image);
        assert_eq!(tx.images_on(std::slice::from_ref(&id)).await.unwrap()[&id], [image]);
    }

    async fn write_as_before(database: &Database, statements: &[String]) {
        let mut tx = database.begin().await.unwrap();
        for sql in statements {
            let insert = query(sql.clone()).once();
            tx.run("write as an older version did", insert).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// An image with its disk, and two copies as version 10 wrote them: one that was left half way, and one that waits.
    fn two_copies_of_version_10() -> [String; 5] {
        let (account, x) = ("acct-aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa");
        let image = format!(
            "INSERT INTO image (id, account, name, description, status, architecture, os_type, platform, boot_mode, \
             origin_region, origin_image, origin_copy, created, generation) VALUES ('img-{x}', '{account}', 'web', '', \
             'available', 'x86_64', 'linux', '', 'bios', 'north', 'img-{x}', 'copy-{x}', 1, 0)"
        );
        let snapshot = format!(
            "INSERT INTO snapshot (id, account, role, size_bytes, digest, places, created) \
             VALUES ('snap-{x}', '{account}', 0, 131072, zeroblob(32), 2, 7)"
        );
        let disk = format!(
            "INSERT INTO image_disk (image, role, size_bytes, digest, snapshot) \
             VALUES ('img-{x}', 0, 131072, zeroblob(32), 'snap-{x}')"
        );
        let copy = |n: u32, rest: &str| {
            format!(
                "INSERT INTO copy (id, account, target_image, source_region, source_image, done, needed, disks, disks_done, \
                 bytes_sent, bytes_reused, attempts, total_attempts, next_attempt, created, started, generation, \
                 state, digests, fence, lease_until, worker) VALUES ('copy-{n:a>20}', '{account}', 'img-{n:a>20}', 'north', \
                 'img-{n:b>20}', 1, 2, 1, 0, 777, 0, 0, 1, 0, {n}, 1, 1, {rest})"
            )
        };
        let leased = copy(1, "'held', zeroblob(32), 1, 50, 'w'");
        let queued = copy(2, "'queued', NULL, 0, 0, NULL");
        [image, snapshot, disk, leased, queued]
    }

    /// `0011_links`, `0012_copy_samples` and `0013_alike`: a copy that an older version left half way is claimed and goes on, its
    /// samples and attempts begin, and images from before are found as others' likes.
    #[tokio::test]
    async fn fault_30_copies_from_before_go_on_and_their_images_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let database = Database::open(&path).await.unwrap();
        migrate(&database, &REGION[..10]).await.unwrap();
        write_as_before(&database, &two_copies_of_version_10()).await;
        database.close().await;

        let catalog = crate::Catalog::open(&path).await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.link_settings().await.unwrap(), []);
        let queued = format!("copy-{:a>20}", 2).parse().unwrap();
        let now = model::Timestamp(60);
        let paused = tx.paused_links(now).await.unwrap();
        assert_eq!(tx.queue_place(&queued, now, &paused).await.unwrap(), Some(1));
        let limits = crate::ClaimLimits { per_account: 9, per_region: 9 };
        let claimed = tx.claim_due("v", model::Timestamp(60), 50, limits).await.unwrap();
        let fences: Vec<u64> = claimed.iter().map(|copy| copy.fence).collect();
        assert_eq!(fences, [2, 1]);
        // `0014_schedules`: who was there is of normal priority and has no deadline.
        assert!(claimed.iter().all(|copy| copy.priority == model::Priority::Normal));
        assert!(claimed.iter().all(|copy| copy.promise.is_none()));
        assert_eq!(tx.promised_copies().await.unwrap(), []);
        let copy = crate::CopyRow { bytes_sent: 800, ..claimed[0].clone() };
        assert!(tx.samples_of_copy(&copy.id).await.unwrap().is_empty());
        let recorded = tx.record_progress(&copy, model::Timestamp(70)).await.unwrap();
        assert_eq!(recorded, crate::Updated::Yes);
        tx.record_attempt(&copy, model::Timestamp(80), "a reason").await.unwrap();
        let samples = tx.samples_of_copy(&copy.id).await.unwrap();
        assert_eq!((samples.len(), samples[0].bytes_sent, samples[0].progress.done), (1, 800, 1));
        assert_eq!(tx.attempts_of_copy(&copy.id).await.unwrap()[0].number, 2);

        let (account, x) = ("acct-aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa");
        let account: model::AccountId = account.parse().unwrap();
        let image: model::ImageId = format!("img-{x}").parse().unwrap();
        // `0015_large_regions`: what is there is counted.
        let page = model::PageOf { offset: 0, limit: 0 };
        let counted = model::ImageSearch { page, ..model::ImageSearch::default() };
        let moment = crate::Moment { now, importing: Vec::new() };
        let (_, total) = tx.search_images(&account, &counted, &moment).await.unwrap();
        assert_eq!(total, 1);
        let origins = vec![("north".parse().unwrap(), image.clone())];
        let digests = vec![model::Digest([0; 32])];
        for wanted in [
            crate::AlikeWanted { origins, ..crate::AlikeWanted::default() },
            crate::AlikeWanted { digests, ..crate::AlikeWanted::default() },
        ] {
            let found = tx.images_alike(&account, &wanted, 9).await.unwrap();
            assert_eq!(
                found.into_iter().map(|row| row.id).collect::<Vec<_>>(),
                std::slice::from_ref(&image)
            );
        }
    }

    /// `accounts/0004_sessions`: users and keys from before sign in, and nobody is signed in yet.
    #[tokio::test]
    async fn fault_30_users_from_before_open_sessions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.db");
        let database = Database::open(&path).await.unwrap();
        migrate(&database, &ACCOUNTS[..3]).await.unwrap();
        let x = "aaaaaaaaaaaaaaaaaaaa";
        let key = format!("FERRY{}", "A".repeat(20));
        write_as_before(
            &database,
            &[
                format!("INSERT INTO account (id, name, created) VALUES ('acct-{x}', 'one', 1)"),
                format!(
                    "INSERT INTO user (id, account, name, role, state, created) \
                     VALUES ('user-{x}', 'acct-{x}', 'olga', 'owner', 'active', 2)"
                ),
                format!(
                    "INSERT INTO access_key (id, account, sealed_secret, created, user, state) \
                     VALUES ('{key}', 'acct-{x}', x'01', 3, 'user-{x}', 'disabled')"
                ),
            ],
        )
        .await;
        database.close().await;

        let catalog = crate::AccountsCatalog::open(&path).await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        let user: model::UserId = format!("user-{x}").parse().unwrap();
        let ages = crate::SessionAges { now: model::Timestamp(4), idle_since: model::Timestamp(0) };
        assert_eq!(tx.count_sessions(&user, ages).await.unwrap(), 0);
        let row = crate::SessionRow {
            digest: [1; 32],
            user: user.clone(),
            key: Some(key.parse().unwrap()),
            created: model::Timestamp(4),
            last_seen: model::Timestamp(4),
            expires: model::Timestamp(9),
        };
        tx.insert_session(&row, model::Timestamp(0), 9).await.unwrap();
        let found = tx.session(&row.digest).await.unwrap().unwrap();
        assert_eq!(
            (found.session, found.user_name.as_str(), found.role),
            (row, "olga", model::Role::Owner)
        );
        assert_eq!(found.key_state, Some(model::Admittance::Disabled));
    }
}
