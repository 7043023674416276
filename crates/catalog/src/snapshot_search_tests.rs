//! What a search finds, against the same asked of every row in turn.

use model::rules::Sealed;
use model::{
    Cause, Description, DiskKind, DiskRole, EncryptionKeyId, NamePattern, SnapshotName,
    SnapshotStanding, Tagged, Tags, Timestamp, Usage,
};

use super::{Copied, FoundSnapshot, SnapshotFilter};
use crate::promised_snapshot::PromisedSnapshotRow;
use crate::sample::{self, account, catalog, image, origin, promised, put_rested};
use crate::{Catalog, Page, SnapshotRow, Tx};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags::new(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()))).unwrap()
}

fn key(n: u8) -> EncryptionKeyId {
    EncryptionKeyId::from_random(|| n)
}

/// Snapshots 0 to 5 of account 1, the odd ones promised, made in this order, two at a time in one millisecond; as many of
/// account 2. Images 1 and 2 rest on snapshot 0, image 1 on snapshot 2 as well.
async fn world() -> (tempfile::TempDir, Catalog) {
    let (folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for n in 0..6 {
        for of in [1, 2] {
            let (number, created) = (n + 100 * of, Timestamp(n as i64 / 2));
            let name =
                SnapshotName::new(["web-0", "[x]", "Web-2", "", "db*4", "web-5"][n as usize]);
            let (name, role) = (name.unwrap(), DiskRole::at(n as usize % 3).unwrap());
            let sealed_by = (n > 3).then(|| key(n as u8));
            let on = tags(&[("n", &n.to_string()), ("all", "")]);
            if n % 2 == 1 {
                let failure = (n == 5).then_some(Cause::SourceGone);
                let (encryption_key, tags) = (sealed_by, on);
                let row = PromisedSnapshotRow {
                    name,
                    role,
                    created,
                    failure,
                    encryption_key,
                    tags,
                    ..promised(number, of)
                };
                tx.insert_promised_snapshot(&row).await.unwrap();
                continue;
            }
            let copied = (n == 2).then(|| origin(n));
            let row = SnapshotRow {
                name,
                role,
                created,
                origin: copied,
                encryption_key: sealed_by,
                description: Description::new("").unwrap(),
                ..sample::snapshot(number, of)
            };
            tx.insert_snapshot(&row).await.unwrap();
            tx.set_tags_on(&Tagged::Snapshot(row.id), &on).await.unwrap();
        }
    }
    let rows = [0, 2].map(|n| sample::snapshot(n + 100, 1));
    let [zero, two] = [&rows[0], &rows[1]];
    put_rested(&mut tx, &image(1, 1), &[zero, two]).await;
    put_rested(&mut tx, &image(2, 1), &[zero]).await;
    tx.commit().await.unwrap();
    (folder, catalog)
}

fn number_of(found: &FoundSnapshot) -> u64 {
    let all = (100..106).find(|n| *found.id() == sample::snapshot(*n, 1).id);
    all.expect("it is one of account 1") - 100
}

/// Each filter, and the snapshots that it finds in account 1.
fn table() -> Vec<(SnapshotFilter, Vec<u64>)> {
    let all = SnapshotFilter::default;
    let named = |name| SnapshotFilter { name: Some(name), ..all() };
    let standing =
        |standings: &[SnapshotStanding]| SnapshotFilter { standings: standings.to_vec(), ..all() };
    let tagged = |key: &str, value: Option<&str>| SnapshotFilter {
        tags: vec![("all".into(), None), (key.into(), value.map(str::to_owned))],
        ..all()
    };
    let ids = [1, 4, 300].map(|n| sample::snapshot(n + 100, 1).id).to_vec();
    use SnapshotStanding as S;
    vec![
        (all(), vec![0, 1, 2, 3, 4, 5]),
        (SnapshotFilter { ids, ..all() }, vec![1, 4]),
        (named(NamePattern::Exactly("web-0".into())), vec![0]),
        (named(NamePattern::Exactly("[x]".into())), vec![1]),
        (named(NamePattern::Exactly("".into())), vec![3]),
        (named(NamePattern::Holding("eb-".into())), vec![0, 2, 5]),
        (named(NamePattern::Like("web*".into())), vec![0, 5]),
        (named(NamePattern::Like("db?4".into())), vec![]),
        (standing(&[S::Copying]), vec![1, 3]),
        (standing(&[S::Failed]), vec![5]),
        (standing(&[S::Whole, S::Failed]), vec![0, 2, 4, 5]),
        (SnapshotFilter { role: Some(DiskKind::System), ..all() }, vec![0, 3]),
        (SnapshotFilter { role: Some(DiskKind::Data), ..all() }, vec![1, 2, 4, 5]),
        (SnapshotFilter { usage: Some(Usage::Used), ..all() }, vec![0, 2]),
        (SnapshotFilter { usage: Some(Usage::Unused), ..all() }, vec![1, 3, 4, 5]),
        (tagged("all", Some("")), vec![0, 1, 2, 3, 4, 5]),
        (tagged("n", Some("4")), vec![4]),
        (tagged("n", Some("5")), vec![5]),
        (tagged("n", None), vec![0, 1, 2, 3, 4, 5]),
        (tagged("no", None), vec![]),
        (SnapshotFilter { sealed: Some(Sealed::Yes), ..all() }, vec![4, 5]),
        (SnapshotFilter { sealed: Some(Sealed::No), ..all() }, vec![0, 1, 2, 3]),
        (SnapshotFilter { key: Some(key(5)), ..all() }, vec![5]),
        (SnapshotFilter { copied: Some(Copied::Only), ..all() }, vec![1, 2, 3, 5]),
        (SnapshotFilter { copied: Some(Copied::Not), ..all() }, vec![0, 4]),
        (SnapshotFilter { image: Some(image(1, 1).id), ..all() }, vec![0, 2]),
        (SnapshotFilter { created_from: Some(Timestamp(1)), ..all() }, vec![2, 3, 4, 5]),
        (SnapshotFilter { created_until: Some(Timestamp(1)), ..all() }, vec![0, 1, 2, 3]),
        (
            SnapshotFilter {
                created_from: Some(Timestamp(1)),
                created_until: Some(Timestamp(1)),
                ..all()
            },
            vec![2, 3],
        ),
        (
            SnapshotFilter { image: Some(image(2, 1).id), copied: Some(Copied::Only), ..all() },
            vec![],
        ),
    ]
}

/// The same by places and by cursors, two at a time.
async fn by_two(tx: &mut Tx, filter: &SnapshotFilter) -> [Vec<FoundSnapshot>; 2] {
    let (mut by_place, mut by_cursor, mut page) = (Vec::new(), Vec::new(), Page::first(2));
    for offset in [0, 2, 4, 6] {
        let first = Page::first(2);
        by_place.extend(tx.search_snapshots(&account(1), filter, &first, offset).await.unwrap());
    }
    loop {
        let rows = tx.search_snapshots(&account(1), filter, &page, 0).await.unwrap();
        let Some(last) = rows.last() else { return [by_place, by_cursor] };
        page.after = Some((last.created(), last.id().to_string()));
        by_cursor.extend(rows);
    }
}

#[tokio::test]
async fn a_search_finds_what_fits_newest_first_and_counts_all_of_it() {
    let (_folder, catalog) = world().await;
    let mut tx = catalog.read().await.unwrap();
    for (filter, wanted) in table() {
        let all = tx.search_snapshots(&account(1), &filter, &Page::first(100), 0).await.unwrap();
        let mut sorted = all.clone();
        sorted.sort_by(|a, b| (b.created(), b.id()).cmp(&(a.created(), a.id())));
        assert_eq!(all, sorted, "{filter:?}");
        let mut numbers: Vec<u64> = all.iter().map(number_of).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, wanted, "{filter:?}");
        let total = tx.count_snapshots(&account(1), &filter).await.unwrap();
        assert_eq!(total, wanted.len() as u64, "{filter:?}");
        assert_eq!(by_two(&mut tx, &filter).await, [all.clone(), all], "{filter:?}");
    }
}

#[tokio::test]
async fn i12_another_accounts_snapshots_are_not_found() {
    let (_folder, catalog) = world().await;
    let mut tx = catalog.read().await.unwrap();
    let foreign = SnapshotFilter { image: Some(image(1, 1).id), ..SnapshotFilter::default() };
    let of_ids = SnapshotFilter {
        ids: (100..106).map(|n| sample::snapshot(n, 1).id).collect(),
        ..SnapshotFilter::default()
    };
    for filter in [foreign, of_ids] {
        let found = tx.search_snapshots(&account(2), &filter, &Page::first(100), 0).await.unwrap();
        assert_eq!(found, []);
        assert_eq!(tx.count_snapshots(&account(2), &filter).await.unwrap(), 0);
    }
}
