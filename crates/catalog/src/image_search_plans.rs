//! How searches of images are answered: along an index, in order, looking at no row but those of the page; and how fast.

use std::time::{Duration, Instant};

use model::{
    Architecture, BootMode, Copying, Direction, Family, ImageId, ImageKind, ImageOrder,
    ImageSearch, ImageSort, NamePattern, OsType, PageOf, Sharing, SnapshotId, Standing, Storage,
    TagWanted, Timestamp, Usage,
};

use crate::statement::query;

use crate::image_search::{FOUND, Moment, Question};
use crate::image_tally::is_counted;
use crate::plans::plan;
use crate::sample::{account, catalog};

fn own() -> ImageSearch {
    ImageSearch { owner: Some(account(1)), ..ImageSearch::default() }
}

const OLDEST: ImageOrder = ImageOrder { by: ImageSort::Created, direction: Direction::Ascending };

/// What a total is found in: tallies, where there are some of what is asked for.
fn counted_by(search: &ImageSearch, index: &'static str) -> &'static str {
    if is_counted(search) { "image_tally USING PRIMARY KEY" } else { index }
}

/// Searches that many ask, by what the own images are found with.
fn searches() -> Vec<(&'static str, ImageSearch)> {
    let names = |names| ImageSearch { names, ..own() };
    let name = |pattern| names(vec![pattern]);
    let exactly = |name: &str| NamePattern::Exactly(name.to_owned());
    let platform = |pattern| ImageSearch { platforms: vec![pattern], ..own() };
    let standings = |standings: &[Standing]| ImageSearch { standings: standings.to_vec(), ..own() };
    let tagged = |key: Option<&str>, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let tags = vec![TagWanted { keys: key.map(str::to_owned).into_iter().collect(), values }];
        ImageSearch { tags, ..own() }
    };
    let available = standings(&[Standing::Available]);
    vec![
        ("image_searched", ImageSearch::default()),
        ("image_searched", own()),
        ("image_searched", ImageSearch { seen_as: vec![ImageKind::Custom], ..available.clone() }),
        ("image_searched", available.clone()),
        ("image_searched", standings(&[Standing::Deprecated])),
        ("image_searched", name(NamePattern::Holding("web-99".into()))),
        ("image_searched", name(NamePattern::Holding("none".into()))),
        ("image_searched", name(NamePattern::Like("web-*9".into()))),
        (
            "image_searched",
            ImageSearch { names: vec![NamePattern::Holding("9".into())], ..available },
        ),
        ("image_searched", ImageSearch { os_type: Some(OsType::Windows), ..own() }),
        ("image_searched", ImageSearch { architecture: Some(Architecture::X86_64), ..own() }),
        ("image_searched", ImageSearch { created_from: Some(Timestamp(50_000)), ..own() }),
        ("image_searched", ImageSearch { usage: Some(Usage::Unused), ..own() }),
        ("image_searched", platform(NamePattern::Holding("ian".into()))),
        ("image_searched", platform(NamePattern::Like("Windows*".into()))),
        ("image_searched", ImageSearch { boot_mode: Some(BootMode::Bios), ..own() }),
        ("image_searched", ImageSearch { storage: Some(Storage::LocalFile), ..own() }),
        ("image_searched", ImageSearch { sharing: Some(Sharing::Nobody), ..own() }),
        ("image_searched", ImageSearch { sharing: Some(Sharing::Some), ..own() }),
        ("image_searched", ImageSearch { copying: Some(Copying::Still), ..own() }),
        ("image_searched", ImageSearch { text: Some("web-99".into()), ..own() }),
        ("image_searched", ImageSearch { order: OLDEST, ..own() }),
        ("hold_by_image", ImageSearch { copying: Some(Copying::Leaving), ..own() }),
        ("image_searched", names(vec![exactly("web-9"), NamePattern::Holding("none".into())])),
        ("image_listed_by_status", standings(&[Standing::Waiting])),
        ("image_listed_by_status", standings(&[Standing::Creating, Standing::Waiting])),
        ("image_listed_by_status", standings(&[Standing::CreateFailed])),
        ("image_listed_by_name", name(NamePattern::Exactly("web-99".into()))),
        ("image_of_family", ImageSearch { family: Some(Family::new("f7").unwrap()), ..own() }),
        ("image_listed_by_name", names(vec![exactly("web-99"), exactly("web-7")])),
        ("image_tag_found", tagged(Some("team"), &["7"])),
        ("image_tag_found", tagged(Some("team"), &["7", "8"])),
        ("image_tag_valued", tagged(None, &["7"])),
        ("image_tag_valued", tagged(None, &["7", "8"])),
        ("PRIMARY KEY", ImageSearch { ids: vec![ImageId::from_random(|| 3)], ..own() }),
        (
            "image_disk_by_snapshot",
            ImageSearch { snapshot: Some(SnapshotId::from_random(|| 3)), ..own() },
        ),
    ]
}

fn moment() -> Moment {
    Moment { now: Timestamp(1), importing: Vec::new() }
}

#[tokio::test]
async fn a_search_walks_an_index_in_order_and_sorts_only_what_is_few() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for (index, search) in searches() {
        let (viewer, moment) = (account(1), moment());
        let question = Question { viewer: &viewer, search: &search, moment: &moment };
        for (sql, index) in
            [(question.count(), counted_by(&search, index)), (question.page(), index)]
        {
            let text = sql.text().to_owned();
            let steps = plan(&mut tx, &text).await;
            let told = || format!("{search:?}\n{text}\n{steps:#?}");
            let scans = |step: &String| {
                step.starts_with("SCAN")
                    && !step.contains("json_each")
                    && step != "SCAN CONSTANT ROW"
                    // A few rows that stand in the question itself.
                    && !step.ends_with("-ROW VALUES CLAUSE")
                    // As few as copies that run from here.
                    && !step.starts_with("SCAN hold USING COVERING INDEX")
            };
            assert!(!steps.iter().any(scans), "{}", told());
            assert!(steps.iter().any(|step| step.contains(index)), "{}", told());
            if index == "image_searched" {
                let of_own = steps.iter().find(|step| step.contains(index)).unwrap();
                assert!(of_own.contains("COVERING INDEX"), "{}", told());
                // Those that are shared with the account are sorted, its own are not.
                let sorts = steps.iter().filter(|step| step.contains("TEMP B-TREE")).count();
                assert!(sorts <= usize::from(search.owner.is_none()), "{}", told());
            }
        }
    }
    let steps = plan(&mut tx, FOUND).await;
    assert!(steps.iter().any(|step| step.contains("PRIMARY KEY")), "{steps:#?}");
}

/// An order by anything but the creation looks at what fits in the index, at their disks by the images' ids, and sorts once.
#[tokio::test]
async fn another_order_sorts_what_fits_and_nothing_else() {
    let (_folder, catalog) = catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for search in ordered() {
        let (viewer, moment) = (account(1), moment());
        let question = Question { viewer: &viewer, search: &search, moment: &moment };
        let text = question.page().text().to_owned();
        let steps = plan(&mut tx, &text).await;
        let told = || format!("{search:?}\n{text}\n{steps:#?}");
        let scans = |step: &String| step.starts_with("SCAN") && !step.contains("json_each");
        assert!(!steps.iter().any(scans), "{}", told());
        let of_own = "SEARCH image USING COVERING INDEX image_searched";
        assert!(steps.iter().any(|step| step.starts_with(of_own)), "{}", told());
        let sorts = steps.iter().filter(|step| step.contains("TEMP B-TREE")).count();
        assert!(sorts <= 1, "{}", told());
        for table in ["sized", "rest", "told"] {
            let of_table = steps.iter().filter(|step| step.contains(&format!(" {table} ")));
            let of_table: Vec<_> = of_table.collect();
            assert!(of_table.iter().all(|step| step.contains("PRIMARY KEY")), "{}", told());
        }
    }
}

/// The account's own images in every order, with a text and without.
fn ordered() -> Vec<ImageSearch> {
    let mut searches = Vec::new();
    for by in ImageSort::ALL {
        for direction in [Direction::Descending, Direction::Ascending] {
            for text in [None, Some("web-99"), Some("Team=7"), Some("nothing")] {
                let (text, order) = (text.map(str::to_owned), ImageOrder { by: *by, direction });
                searches.push(ImageSearch { text, order, ..own() });
            }
        }
    }
    searches
}

/// 100,000 images of one account; one in a thousand is being made, one in a hundred is deprecated.
const MANY: &[&str] = &[
    "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 99999) \
    INSERT INTO image (id, account, name, description, status, architecture, os_type, platform, boot_mode, created, \
    generation, family, deprecated) SELECT 'img-' || substr(printf('%x', n * 7919 % 100003) || 'zzzzzzzzzzzzzzzzzzzz', 1, 20), \
    ?, 'web-' || n, 'what it is, in some words', iif(n % 1000 = 0, 'creating', 'available'), 'x86_64', 'linux', \
    'Debian 12', 'uefi', n, 0, 'f' || (n % 100), iif(n % 100 = 7, 1, NULL) FROM number",
    "INSERT INTO image_tag (image, key, value) SELECT id, 'team', substr(family, 2) FROM image WHERE account = ?",
];

/// The 99th of a hundred times, of each search that many ask. With a release's optimisation all were below 50 ms at 100,000
/// images; it is no check of every day because machines differ.
#[tokio::test]
#[ignore = "measures: cargo test -p catalog how_long -- --ignored --nocapture"]
async fn how_long_searches_take_at_a_hundred_thousand_images() {
    let (_folder, catalog) = catalog().await;
    let viewer = account(1);
    let mut tx = catalog.begin().await.unwrap();
    for sql in MANY {
        tx.run("put many", query(*sql).bind(viewer.as_str())).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut slow = Vec::new();
    for (index, search) in searches() {
        let search = ImageSearch { page: PageOf { offset: 0, limit: 100 }, ..search };
        let mut times = Vec::new();
        let mut total = 0;
        for _ in 0..100 {
            let mut tx = catalog.read().await.unwrap();
            let began = Instant::now();
            total = tx.search_images(&viewer, &search, &moment()).await.unwrap().1;
            times.push(began.elapsed());
        }
        times.sort();
        println!("{:>9.1?} {:>9.1?} {total:>6} by {index}", times[49], times[98]);
        if times[98] > Duration::from_millis(50) {
            slow.push(format!("{search:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// A disk of two sizes under each of those images, on a snapshot of its own where it is available.
const DISKS: &[&str] = &[
    "INSERT INTO snapshot (id, account, role, size_bytes, digest, places, created) \
    SELECT 'snap-' || substr(id, 5), account, 0, 1073741824, zeroblob(32), created % 977, created \
    FROM image WHERE account = ? AND status = 'available'",
    "INSERT INTO image_disk (image, role, size_bytes, digest, snapshot) \
    SELECT id, 0, 512 * (1 + created % 7), zeroblob(32), iif(status = 'available', 'snap-' || substr(id, 5), NULL) \
    FROM image WHERE account = ?",
];

/// The middle one of 41 times, of a page of 50 with how many there are, and the slowest: other work on the machine is in that.
#[tokio::test]
#[ignore = "measures: cargo test -p catalog how_long -- --ignored --nocapture"]
async fn how_long_texts_and_orders_take_at_ten_thousand_images() {
    let (_folder, catalog) = catalog().await;
    let viewer = account(1);
    let mut tx = catalog.begin().await.unwrap();
    for sql in MANY.iter().chain(DISKS) {
        let sql = sql.replace("n < 99999", "n < 9999");
        tx.run("put many", query(sql).bind(viewer.as_str())).await.unwrap();
    }
    tx.commit().await.unwrap();
    let (mut slow, allowed) = (Vec::new(), Duration::from_millis(50));
    for search in ordered() {
        let search = ImageSearch { page: PageOf { offset: 0, limit: 50 }, ..search };
        let mut times = Vec::new();
        let mut total = 0;
        for _ in 0..41 {
            let mut tx = catalog.read().await.unwrap();
            let began = Instant::now();
            total = tx.search_images(&viewer, &search, &moment()).await.unwrap().1;
            times.push(began.elapsed());
        }
        times.sort();
        let (text, order) = (&search.text, search.order);
        let told = format!("{:>9.1?} {:>9.1?} {total:>6} {text:?} {order:?}", times[20], times[40]);
        println!("{told}");
        slow.extend((times[20] > allowed).then_some(told));
    }
    let mut times = Vec::new();
    for _ in 0..41 {
        let mut tx = catalog.read().await.unwrap();
        let began = Instant::now();
        assert!(tx.places_of_account(&viewer).await.unwrap() > 0);
        times.push(began.elapsed());
    }
    times.sort();
    println!("{:>9.1?} {:>9.1?} what they hold", times[20], times[40]);
    assert!(times[20] < allowed);
    assert!(slow.is_empty(), "{slow:#?}");
}
