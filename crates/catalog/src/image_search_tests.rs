//! Searches against the same question asked of a list in memory: each condition alone, and every two together.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Direction, ImageId, ImageKind, ImageOrder, ImageSearch, ImageSort, PageOf, Standing, Timestamp,
};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

use crate::image_search_conditions::{both, conditions};
use crate::image_search_world::{Known, NOW, OWN, moment, world};
use crate::sample::account;
use crate::{ImageRow, Moment, Tx};

/// What is found, and that the pages hold it all, each once and in order. How many there are.
async fn check(tx: &mut Tx, all: &[Known], (viewer, search): (u64, &ImageSearch)) -> usize {
    let (viewer, moment) = (account(viewer), moment(all));
    let mut wanted: Vec<&Known> = all.iter().filter(|one| one.fits(&viewer, search)).collect();
    wanted.sort_by(|one, other| one.compare(other, search.order));
    let wanted: Vec<&ImageRow> = wanted.into_iter().map(|one| &one.row).collect();
    let limit = search.page.limit;
    let (mut found, mut offset) = (Vec::new(), 0);
    loop {
        let search = ImageSearch { page: PageOf { offset, limit }, ..search.clone() };
        let (page, total) = tx.search_images(&viewer, &search, &moment).await.unwrap();
        assert_eq!(total, wanted.len() as u64, "{viewer} {search:?}");
        assert!(page.len() <= limit as usize);
        offset += u64::from(limit);
        let is_last = page.len() < limit as usize;
        found.extend(page);
        if is_last {
            break;
        }
    }
    assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{viewer} {search:?}");
    wanted.len()
}

#[tokio::test]
async fn each_condition_finds_what_fits_page_by_page() {
    let (_folder, catalog, all) = world().await;
    let mut tx = catalog.read().await.unwrap();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for (about, search) in conditions(&all) {
        for viewer in 1..=4 {
            let mut least = usize::MAX;
            for limit in [3, 1_000] {
                let page = PageOf { offset: 0, limit };
                let search = ImageSearch { page, ..search.clone() };
                least = least.min(check(&mut tx, &all, (viewer, &search)).await);
            }
            *found.entry(about).or_default() += least;
        }
    }
    assert_eq!(found.len(), 20, "every condition is tried: {found:?}");
    assert!(found.values().all(|found| *found > 0), "each finds something: {found:?}");
    let everything = check(&mut tx, &all, (1, &ImageSearch::default())).await;
    assert!(everything > OWN as usize, "{everything}");
}

/// Every order, from both ends, alone and with a condition of each kind: pages neither overlap nor skip.
#[tokio::test]
async fn every_order_holds_each_image_once_page_by_page() {
    let (_folder, catalog, all) = world().await;
    let mut tx = catalog.read().await.unwrap();
    let mut searches: BTreeMap<&str, ImageSearch> = conditions(&all).into_iter().collect();
    searches.insert("none", ImageSearch::default());
    for (search, order) in searches.values().flat_map(|search| orders().map(move |o| (search, o))) {
        for (viewer, limit) in [(1, 7), (1, 1_000), (2, 5), (3, 4)] {
            let page = PageOf { offset: 0, limit };
            let search = ImageSearch { order, page, ..search.clone() };
            check(&mut tx, &all, (viewer, &search)).await;
        }
    }
    // The world differs in everything that images are sorted by, or the above would show little.
    let first = |order| {
        let own = |one: &&Known| one.row.account == account(1);
        let first = all.iter().filter(own).min_by(|one, other| one.compare(other, order));
        first.map(|one| one.row.id.to_string()).unwrap()
    };
    let firsts: BTreeSet<String> = orders().map(first).collect();
    assert!(firsts.len() >= 8, "{firsts:?}");
}

fn orders() -> impl Iterator<Item = ImageOrder> {
    let ways = [Direction::Descending, Direction::Ascending];
    ImageSort::ALL
        .iter()
        .flat_map(move |by| ways.map(|direction| ImageOrder { by: *by, direction }))
}

#[tokio::test]
async fn any_two_conditions_hold_at_once() {
    let (_folder, catalog, all) = world().await;
    let mut tx = catalog.read().await.unwrap();
    let conditions = conditions(&all);
    let (mut tried, mut found) = (0, 0);
    for (place, (about, one)) in conditions.iter().enumerate() {
        for (other_about, other) in &conditions[place + 1..] {
            if about == other_about {
                continue;
            }
            let search = both(one, other);
            for viewer in [1, 3] {
                found += usize::from(check(&mut tx, &all, (viewer, &search)).await > 0);
                tried += 1;
            }
        }
    }
    assert!(tried > 1_000 && found > tried / 4, "{found} of {tried} find something");
}

/// I12, R001-8: what others keep for themselves is found by nobody else, whatever is asked.
#[tokio::test]
async fn i12_a_search_finds_no_image_that_the_account_does_not_see() {
    let (_folder, catalog, all) = world().await;
    let mut tx = catalog.read().await.unwrap();
    let hidden = |one: &&Known| one.row.account != account(4) && one.row.kind == ImageKind::Custom;
    let ids: Vec<ImageId> = all.iter().filter(hidden).map(|one| one.row.id.clone()).collect();
    for (_, search) in conditions(&all) {
        for search in [search.clone(), ImageSearch { ids: ids.clone(), ..search.clone() }] {
            let (found, _) = tx.search_images(&account(4), &search, &moment(&all)).await.unwrap();
            assert!(found.iter().all(|image| !ids.contains(&image.id)), "{search:?}");
        }
    }
    let own = ImageSearch { owner: Some(account(2)), ..ImageSearch::default() };
    let seen = check(&mut tx, &all, (3, &own)).await;
    assert!(seen > 0 && seen < 30, "{seen}");
}

/// Of each image that is being made exactly one of both standings finds it; a moment later its standing may be another.
#[tokio::test]
async fn r002_3_every_image_stands_in_one_way_at_each_moment() {
    let (_folder, catalog, all) = world().await;
    let mut tx = catalog.read().await.unwrap();
    let page = PageOf { offset: 0, limit: 1_000 };
    for moment in [
        moment(&all),
        Moment { now: Timestamp(NOW.0 - 1), importing: Vec::new() },
        Moment { now: Timestamp(NOW.0 + 1), importing: Vec::new() },
    ] {
        let mut ids = Vec::new();
        for standing in Standing::ALL {
            let standings = vec![*standing];
            let search = ImageSearch { standings, page, ..ImageSearch::default() };
            let (found, _) = tx.search_images(&account(1), &search, &moment).await.unwrap();
            ids.extend(found.into_iter().map(|image| image.id));
        }
        let search = ImageSearch { page, ..ImageSearch::default() };
        let (every, total) = tx.search_images(&account(1), &search, &moment).await.unwrap();
        assert_eq!(total, every.len() as u64);
        let mut every: Vec<ImageId> = every.into_iter().map(|image| image.id).collect();
        every.sort_by_key(ToString::to_string);
        ids.sort_by_key(ToString::to_string);
        assert_eq!(ids, every, "{moment:?}");
    }
}

/// Pieces of what is in the world, in any spelling, joined: more often near something than random characters are.
fn typed() -> impl Strategy<Value = String> {
    let pieces =
        ["web", "Web-1.0", "db:", "-", "1", "same", "a_b", "env", "=", "prod", "it's", "字"];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["%", "_", "\"", "'", "img-", "*", "\u{202e}"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let joined = prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat());
    (joined, any::<bool>()).prop_map(|(text, raise)| if raise { text.to_uppercase() } else { text })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is typed, and in whatever order it is asked for.
    #[test]
    fn what_is_typed_finds_what_a_list_in_memory_does(
        asked in prop::collection::vec((typed(), 0..10_usize, 1..4_u64, 1..9_u32), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, catalog, all) = world().await;
            let mut tx = catalog.read().await.unwrap();
            for (text, order, viewer, limit) in asked {
                let (order, page) = (orders().nth(order).unwrap(), PageOf { offset: 0, limit });
                let text = Some(text);
                let search = ImageSearch { text, order, page, ..ImageSearch::default() };
                check(&mut tx, &all, (viewer, &search)).await;
            }
        });
    }
}
