use super::*;
use crate::sample::{self, account, bytes, catalog, digest};
use model::Cause;

/// A copy in each state, with every column filled that may be.
fn in_each_state() -> Vec<CopyRow> {
    let digests = vec![digest(1), digest(2)];
    let snapshots = vec![SnapshotId::from_random(|| 1), SnapshotId::from_random(|| 2)];
    let states = [
        CopyState::Queued,
        CopyState::Held { digests: digests.clone() },
        CopyState::Stored { digests },
        CopyState::Published { snapshots: snapshots.clone() },
        CopyState::Done { snapshots },
        CopyState::Unwinding { cause: Cause::GaveUp { attempts: u32::MAX } },
        CopyState::Ended { cause: Cause::SourceDamaged { chunks: 3 } },
        CopyState::Held { digests: vec![] },
        CopyState::Done { snapshots: vec![] },
    ];
    let row = |(n, state): (usize, CopyState)| CopyRow {
        finished: (!state.is_live()).then_some(Timestamp(99)),
        state,
        progress: Progress { done: 1 << 33, needed: 1 << 34 },
        disks_done: 1,
        bytes_sent: 1 << 50,
        bytes_reused: 1 << 51,
        attempts: 2,
        total_attempts: 3,
        reason: Some("no route to `north`".into()),
        started: Some(Timestamp(5)),
        generation: 4,
        fence: 5,
        lease_until: Timestamp(77),
        worker: Some("worker-1".into()),
        priority: Priority::ALL[n % 3],
        promise: (n % 2 == 0).then_some(Promise { due: Timestamp(9_000), bytes: 1 << 50 }),
        ..sample::copy(n as u64, 1)
    };
    states.into_iter().enumerate().map(row).collect()
}

#[tokio::test]
async fn a_copy_reads_back_as_written_in_every_state() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for row in in_each_state() {
        tx.insert_copy(&row).await.unwrap();
        assert_eq!(tx.copy(&account(1), &row.id).await.unwrap(), Some(row.clone()));
        assert_eq!(tx.copy_unscoped(&row.id).await.unwrap(), Some(row.clone()));
        assert_eq!(tx.copy(&account(2), &row.id).await.unwrap(), None, "i12");
    }
    let counts = tx.count_copies_by_state().await.unwrap();
    assert_eq!(counts.values().sum::<u64>(), 9);
    assert_eq!((counts["held"], counts["done"], counts["queued"]), (2, 2, 1));
    assert_eq!(tx.count_live_copies(&account(1)).await.unwrap(), 6);
    let roots = tx.live_copies_with_roots().await.unwrap();
    assert_eq!(roots.len(), 3);
    let digests = vec![digest(1), digest(2)];
    let domain = DomainName { account: account(1), key: None };
    let wanted =
        |is_held| CopyContents { domain: domain.clone(), is_held, digests: digests.clone() };
    assert!(roots.contains(&wanted(true)) && roots.contains(&wanted(false)));
}

#[tokio::test]
async fn every_cause_reads_back_as_written() {
    let (_folder, catalog) = catalog().await;
    let causes = [
        Cause::Cancelled,
        Cause::SourceGone,
        Cause::SourceDamaged { chunks: 7 },
        Cause::SourceMalformed,
        Cause::GaveUp { attempts: 9 },
        Cause::KeyGone,
        Cause::FileRefused,
        Cause::NotApproved,
    ];
    let mut tx = catalog.begin().await.unwrap();
    for (n, cause) in causes.into_iter().enumerate() {
        let row = CopyRow { state: CopyState::Unwinding { cause }, ..sample::copy(n as u64, 1) };
        tx.insert_copy(&row).await.unwrap();
        assert_eq!(tx.copy_unscoped(&row.id).await.unwrap(), Some(row));
    }
}

#[tokio::test]
async fn a_state_that_contradicts_its_columns_is_refused() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    tx.insert_copy(&sample::copy(1, 1)).await.unwrap();
    for change in [
        "state = 'held'",
        "state = 'done', snapshots = ''",
        "state = 'unwinding'",
        "state = 'frozen'",
        "finished = 1",
        "worker = 'w'",
        "disks_done = 3",
        "cause = 'cancelled', cause_number = 0",
        "digests = zeroblob(32)",
    ] {
        let sql = format!("UPDATE copy SET {change}");
        let update = query(sql);
        assert!(tx.run("break a rule", update).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn only_a_copy_that_never_began_is_deleted() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for row in in_each_state() {
        tx.insert_copy(&row).await.unwrap();
        let deleted = tx.delete_copy(&row.id).await.unwrap();
        assert_eq!(deleted == Deleted::Yes, row.state == CopyState::Queued, "{row:?}");
        assert_eq!(tx.copy_unscoped(&row.id).await.unwrap().is_none(), deleted == Deleted::Yes);
    }
}

#[tokio::test]
async fn one_copy_of_an_image_runs_at_a_time() {
    let (_folder, catalog) = catalog().await;
    let first = sample::copy(1, 1);
    let second = CopyRow { source_image: first.source_image.clone(), ..sample::copy(2, 1) };
    let mut tx = catalog.begin().await.unwrap();
    tx.insert_copy(&first).await.unwrap();
    let find = (&first.source_region, &first.source_image);
    assert_eq!(tx.running_copy(&account(1), find.0, find.1).await.unwrap(), Some(first.id.clone()));
    assert_eq!(tx.running_copy(&account(2), find.0, find.1).await.unwrap(), None);
    assert!(tx.insert_copy(&second).await.is_err());
    let ended = CopyRow {
        state: CopyState::Ended { cause: Cause::Cancelled },
        finished: Some(Timestamp(9)),
        ..first.clone()
    };
    assert_eq!(tx.take_copy(&ended).await.unwrap(), crate::Updated::Yes);
    assert_eq!(tx.running_copy(&account(1), find.0, find.1).await.unwrap(), None);
    tx.insert_copy(&second).await.unwrap();
}

#[tokio::test]
async fn lists_keep_to_account_and_liveness_the_newest_first() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for row in in_each_state() {
        tx.insert_copy(&row).await.unwrap();
    }
    tx.insert_copy(&sample::copy(20, 2)).await.unwrap();
    let cases = [
        (None, vec![8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (Some(Live::Only), vec![7, 5, 3, 2, 1, 0]),
        (Some(Live::Ended), vec![8, 6, 4]),
    ];
    for (live, wanted) in cases {
        let mut found = Vec::new();
        let mut page = Page::first(2);
        loop {
            let rows = tx.list_copies(&account(1), &CopyFilter { live }, &page).await.unwrap();
            let Some(last) = rows.last() else { break };
            page.after = Some((last.created, last.id.to_string()));
            found.extend(rows.iter().map(|row| row.created.0 - 1_000));
        }
        assert_eq!(found, wanted, "{live:?}");
    }
}

#[tokio::test]
async fn the_newest_copy_of_an_image_is_found_with_its_disks() {
    let (_folder, catalog) = catalog().await;
    let old = sample::copy(1, 1);
    let new = CopyRow { target_image: old.target_image.clone(), ..sample::copy(2, 1) };
    let mut tx = catalog.begin().await.unwrap();
    tx.insert_copy(&new).await.unwrap();
    tx.insert_copy(&old).await.unwrap();
    assert_eq!(tx.copy_of_image(&old.target_image).await.unwrap(), Some(new.clone()));
    let other = sample::copy(3, 1);
    tx.insert_copy(&other).await.unwrap();
    let of = [&old, &other, &sample::copy(4, 1)].map(|copy| copy.target_image.clone());
    assert_eq!(tx.copies_of_images(&of).await.unwrap(), [new.clone(), other]);
    let snapshots: Vec<_> = (0..17).map(|n| SnapshotId::from_random(bytes(n))).collect();
    tx.record_source_snapshots(&new.id, &snapshots).await.unwrap();
    assert_eq!(tx.source_snapshots(&new.id).await.unwrap(), snapshots);
    assert!(tx.source_snapshots(&old.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_state_is_named_with_its_place() {
    let (folder, catalog) = catalog().await;
    let row = sample::copy(1, 1);
    let mut tx = catalog.begin().await.unwrap();
    tx.insert_copy(&row).await.unwrap();
    tx.commit().await.unwrap();
    let intruder = sample::intruder(&folder).await;
    for (change, broken) in [
        ("state = 'approving'", "state"),
        ("state = 'unwinding', cause = 'bored', cause_number = 0", "cause"),
        ("state = 'done', snapshots = 'snap-1'", "snapshots"),
        ("state = 'held', digests = x'00'", "digests"),
        ("state = 'queued', source_region = '../etc'", "source_region"),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("UPDATE copy SET {change}"));
        sqlx::query(sql).execute(&intruder).await.unwrap();
        let found = catalog.read().await.unwrap().copy_unscoped(&row.id).await;
        match found.unwrap_err() {
            CatalogFault::Corrupt { table: "copy", column, .. } => assert_eq!(column, broken),
            other => panic!("{change}: {other}"),
        }
    }
}
