//! Tallies against the images themselves, and how they are read.

use model::{
    Direction, ImageId, ImageKind, ImageOrder, ImageSearch, ImageSort, ImageStatus, NamePattern,
    PageOf, Purpose, Standing, Timestamp,
};
use proptest::prelude::{ProptestConfig, any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy;

use crate::image_search::{Question, Seen};
use crate::image_tally::is_counted;
use crate::plans::plan;
use crate::sample::{self, account, catalog, put_image};
use crate::{Deleted, ImageRow, Moment, ShareRow, Tx, Updated};

fn moment() -> Moment {
    Moment { now: Timestamp(1), importing: Vec::new() }
}

/// One change of an image, by its number.
#[derive(Copy, Clone, Debug)]
enum Change {
    /// Made at an instant that is so many bits long.
    Make(u64, u32),
    Status(u64, usize),
    Publish(u64, usize),
    Deprecate(u64, bool),
    Delete(u64),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let number = || 0_u64..40;
    let one = prop_oneof![
        4 => (number(), 0_u32..42).prop_map(|(n, bits)| Change::Make(n, bits)),
        2 => (number(), 0_usize..3).prop_map(|(n, place)| Change::Status(n, place)),
        1 => (number(), 0_usize..3).prop_map(|(n, place)| Change::Publish(n, place)),
        1 => (number(), any::<bool>()).prop_map(|(n, yes)| Change::Deprecate(n, yes)),
        1 => number().prop_map(Change::Delete),
    ];
    prop::collection::vec(one, 1..120)
}

/// Does it in the catalog and in memory.
async fn apply(tx: &mut Tx, all: &mut Vec<ImageRow>, change: Change) {
    let (number, new) = match change {
        Change::Make(n, bits) => {
            // Far apart and close together, and two of the same instant.
            let created = (1_i64 << bits) + (n as i64 % 3) * 7;
            let purpose = if n % 13 == 12 { Purpose::Carrier } else { Purpose::Image };
            let row =
                ImageRow { created: Timestamp(created), purpose, ..sample::image(n, 1 + n % 2) };
            if all.iter().all(|known| known.id != row.id) {
                put_image(tx, &row).await;
                all.push(row);
            }
            return;
        }
        Change::Delete(n) => {
            let id = sample::image(n, 1).id;
            let known = all.iter().position(|row| row.id == id);
            let deleted = tx.delete_image(&id).await.unwrap();
            assert_eq!(deleted == Deleted::Yes, known.is_some());
            known.map(|place| all.remove(place));
            return;
        }
        Change::Status(n, place) => {
            let status = ImageStatus::ALL[place];
            (
                n,
                Box::new(move |row: &ImageRow| ImageRow { status, ..row.clone() })
                    as Box<dyn Fn(&ImageRow) -> ImageRow>,
            )
        }
        Change::Publish(n, place) => {
            let kind = [ImageKind::Custom, ImageKind::Public, ImageKind::Marketplace][place];
            (n, Box::new(move |row: &ImageRow| ImageRow { kind, ..row.clone() }) as _)
        }
        Change::Deprecate(n, yes) => {
            let deprecated = yes.then_some(Timestamp(9));
            (n, Box::new(move |row: &ImageRow| ImageRow { deprecated, ..row.clone() }) as _)
        }
    };
    let id = sample::image(number, 1).id;
    let Some(row) = all.iter_mut().find(|row| row.id == id) else { return };
    let mut changed = new(row);
    if changed.status != ImageStatus::Available {
        changed.deprecated = None;
    }
    assert_eq!(tx.update_image(&changed).await.unwrap(), Updated::Yes);
    *row = ImageRow { generation: row.generation + 1, ..changed };
}

/// What a search of account 1 finds among its own, the newest first.
fn wanted(all: &[ImageRow], search: &ImageSearch) -> Vec<ImageId> {
    let fits = |row: &&ImageRow| {
        let standing = match (row.status, row.deprecated) {
            (ImageStatus::Available, None) => Standing::Available,
            (ImageStatus::Available, Some(_)) => Standing::Deprecated,
            (ImageStatus::Creating, _) => Standing::Creating,
            (ImageStatus::CreateFailed, _) => Standing::CreateFailed,
        };
        row.account == account(1)
            && row.purpose == Purpose::Image
            && (search.seen_as.is_empty() || search.seen_as.contains(&row.kind))
            && (search.standings.is_empty() || search.standings.contains(&standing))
    };
    let mut rows: Vec<&ImageRow> = all.iter().filter(fits).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.created, row.id.as_str().to_owned())));
    rows.into_iter().map(|row| row.id.clone()).collect()
}

fn searches() -> Vec<ImageSearch> {
    let own = || ImageSearch { owner: Some(account(1)), ..ImageSearch::default() };
    let of = |standings: &[Standing]| ImageSearch { standings: standings.to_vec(), ..own() };
    vec![
        own(),
        of(&[Standing::Available]),
        of(&[Standing::Available, Standing::Deprecated]),
        of(&[Standing::Creating, Standing::Waiting]),
        of(&[Standing::CreateFailed]),
        ImageSearch { seen_as: vec![ImageKind::Custom], ..own() },
        ImageSearch { seen_as: vec![ImageKind::Public, ImageKind::Marketplace], ..own() },
        ImageSearch { seen_as: vec![ImageKind::Custom], ..of(&[Standing::Available]) },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever was done, the tally says what the images say, and each page of each counted list has what it is to have.
    #[test]
    fn a_tally_is_what_the_images_are(changes in changes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, catalog) = catalog().await;
            let (mut tx, mut all) = (catalog.begin().await.unwrap(), Vec::new());
            for change in &changes {
                apply(&mut tx, &mut all, *change).await;
            }
            for search in searches() {
                assert!(is_counted(&search), "{search:?}");
                let wanted = wanted(&all, &search);
                for offset in 0..=wanted.len() as u64 + 1 {
                    let page = PageOf { offset, limit: 3 };
                    let search = ImageSearch { page, ..search.clone() };
                    let found = tx.search_images(&account(1), &search, &moment()).await.unwrap();
                    let ids: Vec<_> = found.0.into_iter().map(|row| row.id).collect();
                    let rest = wanted.iter().skip(offset as usize).take(3).cloned();
                    assert_eq!((ids, found.1), (rest.collect(), wanted.len() as u64), "{search:?}");
                }
            }
            tx.commit().await.unwrap();
            let broken = catalog.invariants().await.unwrap();
            let of_tally = broken.iter().filter(|line| line.contains("tally"));
            assert_eq!(of_tally.count(), 0, "{broken:?}");
        });
    }
}

/// Pages of a list in which others' images stand between the account's own.
#[tokio::test]
async fn deep_pages_count_what_others_share() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    let mut wanted = Vec::new();
    for n in 0..60_u64 {
        let of = if n % 5 == 0 { 2 } else { 1 };
        let created = Timestamp(n as i64 * 40_000);
        let kind = if n % 10 == 0 { ImageKind::Public } else { ImageKind::Custom };
        let row = ImageRow { created, kind, ..sample::image(n, of) };
        put_image(&mut tx, &row).await;
        if n % 10 == 5 {
            let share = ShareRow { image: row.id.clone(), account: account(1), created };
            assert_eq!(tx.insert_share(&share).await.unwrap(), crate::Inserted::Yes);
        }
        wanted.insert(0, row.id);
    }
    for offset in 0..62 {
        let search = ImageSearch { page: PageOf { offset, limit: 7 }, ..ImageSearch::default() };
        let (page, total) = tx.search_images(&account(1), &search, &moment()).await.unwrap();
        let ids: Vec<_> = page.into_iter().map(|row| row.id).collect();
        let rest = wanted.iter().skip(offset as usize).take(7);
        assert_eq!((ids, total), (rest.cloned().collect(), 60), "at {offset}");
    }
}

/// A count reads tallies and no image; what leads to a deep page reads those of 64 stretches of each width and no image; and the
/// page begins at an instant of the index.
#[tokio::test]
async fn totals_and_deep_places_read_no_image() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    let (viewer, moment) = (account(1), moment());
    for search in searches() {
        let question = Question { viewer: &viewer, search: &search, moment: &moment };
        let stretches = [question.stretches(34, None), question.stretches(16, Some(3))];
        for sql in [question.count_of(&[Seen::Own])].into_iter().chain(stretches) {
            let steps = plan(&mut tx, sql.text()).await;
            let reads_image = |step: &String| step.contains(" image ");
            assert!(!steps.iter().any(reads_image), "{}\n{steps:#?}", sql.text());
            let by_key = "SEARCH image_tally USING PRIMARY KEY (account=? AND bits=?";
            assert!(steps.iter().any(|step| step.contains(by_key)), "{steps:#?}");
        }
        let until = ImageSearch { created_until: Some(Timestamp(9)), ..search.clone() };
        let page = Question { search: &until, ..question }.page();
        let steps = plan(&mut tx, page.text()).await;
        let walks = |step: &String| step.contains("created<?") || step.contains("status=?");
        assert!(steps.iter().any(walks), "{}\n{steps:#?}", page.text());
    }
}

/// What asks for more than is counted is counted as always.
#[test]
fn a_list_with_another_condition_is_not_counted() {
    let none = ImageSearch::default;
    assert!(is_counted(&none()));
    let order = ImageOrder { by: ImageSort::Name, direction: Direction::Ascending };
    assert!(is_counted(&ImageSearch { order, ..none() }), "a total has no order");
    for search in [
        ImageSearch { standings: vec![Standing::Waiting], ..none() },
        ImageSearch { standings: vec![Standing::Creating, Standing::Available], ..none() },
        ImageSearch { names: vec![NamePattern::Holding("a".into())], ..none() },
        ImageSearch { text: Some("a".into()), ..none() },
        ImageSearch { created_from: Some(Timestamp(1)), ..none() },
        ImageSearch { ids: vec![sample::image(1, 1).id], ..none() },
    ] {
        assert!(!is_counted(&search), "{search:?}");
    }
}
