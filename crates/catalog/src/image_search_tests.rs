//! Searches against the same question asked of a list in memory: each condition alone, and every two together.

use std::collections::BTreeMap;

use model::rules::{seen_as, standing};
use model::{
    AccountId, Architecture, BootMode, BucketName, Cause, CopyId, CopyState, Copying, Deprecation,
    DiskFormat, DiskRole, Family, ImageId, ImageKind, ImageSearch, ImageStatus, InstanceId, Name,
    NamePattern, ObjectName, OsType, PageOf, Particulars, Phase, Platform, Purpose, Sharing,
    SizeBytes, SnapshotId, Standing, Storage, TagWanted, Tags, TaskAction, TaskId, TaskState,
    Timestamp, Usage,
};

use crate::sample::{self, account, bytes, catalog, digest, put_image};
use crate::{
    Catalog, CopyRow, Ensured, HoldRow, HoldStanding, ImageDiskRow, ImageRow, ImportRow,
    ImportSource, Inserted, InstanceRow, Moment, ShareRow, TaskObjectRow, TaskRow, Tx,
};

/// When every search is asked.
const NOW: Timestamp = Timestamp(500_000);
/// Images of account 1, of which every tenth is being made.
const OWN: u64 = 60;

/// What makes an image that is being made, and what it does at [`NOW`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Making {
    Queued,
    Claimed,
    BetweenAttempts,
    Held,
    Stored,
    Unwinding,
    ByClient,
    WaitingFile,
    RunningFile,
    WaitingObjects,
}

impl Making {
    const ALL: [Making; 10] = [
        Making::Queued,
        Making::Claimed,
        Making::BetweenAttempts,
        Making::Held,
        Making::Stored,
        Making::Unwinding,
        Making::ByClient,
        Making::WaitingFile,
        Making::RunningFile,
        Making::WaitingObjects,
    ];

    fn phase(self) -> Option<Phase> {
        match self {
            Making::Queued
            | Making::BetweenAttempts
            | Making::WaitingFile
            | Making::WaitingObjects => Some(Phase::Waiting),
            Making::Claimed | Making::Held | Making::RunningFile => Some(Phase::CopyingSnapshots),
            Making::Stored => Some(Phase::Registering),
            Making::Unwinding => Some(Phase::Cancelling),
            Making::ByClient => None,
        }
    }
}

/// An image and all that is known of it.
#[derive(Clone, Debug)]
struct Known {
    row: ImageRow,
    tags: Tags,
    snapshot: Option<SnapshotId>,
    is_used: bool,
    /// Copies that leave just now.
    leaving: u64,
    making: Option<Making>,
    shared_with: Vec<AccountId>,
}

impl Known {
    /// Whether a viewer sees it, and it fits.
    fn fits(&self, viewer: &AccountId, search: &ImageSearch) -> bool {
        let row = &self.row;
        let is_own = row.account == *viewer;
        let is_seen = is_own
            || row.kind != ImageKind::Custom
            || self.shared_with.iter().any(|account| account == viewer);
        let deprecation =
            if row.deprecated.is_some() { Deprecation::Deprecated } else { Deprecation::Current };
        let stands = standing(row.status, deprecation, self.making.and_then(Making::phase));
        let kind = seen_as(&row.account, row.kind, viewer);
        let has_tag = |wanted: &TagWanted| {
            let key_fits = |key: &str| wanted.key.as_ref().is_none_or(|one| one == key);
            let value_fits =
                |value: &str| wanted.values.is_empty() || wanted.values.iter().any(|v| v == value);
            is_own && self.tags.iter().any(|(key, value)| key_fits(key) && value_fits(value))
        };
        let keeps = |(key, value): &(String, String)| {
            is_own && row.particulars.get(key) == Some(value.as_str())
        };
        let leaves = is_own && self.leaving > 0;
        let copying = if leaves { Copying::Leaving } else { Copying::Still };
        let is_shared = !self.shared_with.is_empty();
        let sharing = if is_shared { Sharing::Some } else { Sharing::Nobody };
        let attributes = &row.attributes;
        let usage = if is_own && self.is_used { Usage::Used } else { Usage::Unused };
        is_seen
            && row.purpose == Purpose::Image
            && (search.seen_as.is_empty() || search.seen_as.contains(&kind))
            && (search.ids.is_empty() || search.ids.contains(&row.id))
            && (search.names.is_empty()
                || search.names.iter().any(|name| is_like(name, row.name.as_str())))
            && search.family.as_ref().is_none_or(|family| row.family.as_ref() == Some(family))
            && (search.standings.is_empty() || search.standings.contains(&stands))
            && search.tags.iter().all(has_tag)
            && search.snapshot.as_ref().is_none_or(|id| self.snapshot.as_ref() == Some(id))
            && search.architecture.is_none_or(|one| attributes.architecture == one)
            && search.os_type.is_none_or(|one| attributes.os_type == one)
            && search.platform.as_ref().is_none_or(|one| is_like(one, attributes.platform.as_str()))
            && search.boot_mode.is_none_or(|one| attributes.boot_mode == one)
            && search.storage.is_none_or(|one| row.storage == one)
            && search.sharing.is_none_or(|one| is_own && sharing == one)
            && search.copying.is_none_or(|one| copying == one)
            && search.usage.is_none_or(|one| usage == one)
            && search.owner.as_ref().is_none_or(|owner| row.account == *owner)
            && search.created_from.is_none_or(|from| row.created >= from)
            && search.created_until.is_none_or(|until| row.created <= until)
            && search.particulars.iter().all(keeps)
    }
}

fn is_like(pattern: &NamePattern, name: &str) -> bool {
    match pattern {
        NamePattern::Exactly(one) => name == one,
        NamePattern::Holding(part) => name.contains(part.as_str()),
        NamePattern::Like(form) => matches(form, name),
    }
}

fn matches(form: &str, name: &str) -> bool {
    match form.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            name.char_indices().any(|(at, _)| matches(&form[1..], &name[at..]))
                || matches(&form[1..], "")
        }
        Some(first) => {
            name.strip_prefix(first).is_some_and(|rest| matches(&form[first.len_utf8()..], rest))
        }
    }
}

fn family(text: &str) -> Family {
    Family::new(text).unwrap()
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))).unwrap()
}

/// Image `n` of an account, as different from its neighbours as can be.
fn known(n: u64, of: u64) -> Known {
    let mut row = ImageRow { created: Timestamp(1_000 + n as i64 / 3), ..sample::image(n, of) };
    let names = ["web", "Web-1.0", "db:web-1", "字-web", "a_b"];
    row.name = Name::new(&format!("{}-{n}", names[n as usize % names.len()])).unwrap();
    if n.is_multiple_of(7) {
        row.name = Name::new("same").unwrap();
    }
    let making = n.is_multiple_of(6).then(|| Making::ALL[(n / 6) as usize % 10]);
    row.status = match making {
        Some(_) => ImageStatus::Creating,
        None if n % 11 == 3 => ImageStatus::CreateFailed,
        None => ImageStatus::Available,
    };
    let is_available = row.status == ImageStatus::Available;
    row.deprecated = (is_available && n % 5 == 1).then_some(Timestamp(9));
    row.family = n.is_multiple_of(2).then(|| family(["web", "db"][n as usize / 2 % 2]));
    row.attributes.architecture = Architecture::ALL[n as usize % 2];
    row.attributes.os_type = OsType::ALL[n as usize / 3 % 2];
    let platforms = ["", "Debian 12", "Windows Server 2022", "字 12"];
    row.attributes.platform = Platform::new(platforms[n as usize / 2 % 4]).unwrap();
    row.attributes.boot_mode = BootMode::ALL[n as usize / 5 % 2];
    if n % 9 == 4 {
        row.storage = Storage::LocalFile;
    }
    let pair = |value: &str| [("a.b-c".to_owned(), value.to_owned())];
    if n % 4 == 1 {
        row.particulars = Particulars::new(pair(["x", "'y\""][n as usize / 4 % 2])).unwrap();
    }
    let tags = match n % 3 {
        0 => tags(&[("env", "prod"), ("team", "")]),
        1 => tags(&[("env", "it's"), ("owner", "字")]),
        _ => Tags::default(),
    };
    let snapshot = is_available.then(|| SnapshotId::from_random(bytes(n / 10)));
    let (is_used, shared_with) = (n % 8 == 5, Vec::new());
    let leaving = if is_available { n % 7 % 3 } else { 0 };
    Known { row, tags, snapshot, is_used, leaving, making, shared_with }
}

/// Account 1 has images of its own, a carrier among them; account 2 shares some with 1 or 3, and publishes some; account 3
/// has its own, one of them published.
fn all_known() -> Vec<Known> {
    let mut all: Vec<Known> = (0..OWN).map(|n| known(n, 1)).collect();
    all[6].row.purpose = Purpose::Carrier;
    for n in [10, 40] {
        all[n].row.kind = ImageKind::Public;
    }
    for n in (20..60).step_by(4) {
        if all[n].row.status == ImageStatus::Available && all[n].row.kind == ImageKind::Custom {
            all[n].shared_with = vec![account(2), account(3)];
        }
    }
    for n in 100..130 {
        let mut one = known(n, 2);
        let (kind, with) = match (one.row.status, n % 5) {
            (ImageStatus::Creating | ImageStatus::CreateFailed, _) => (ImageKind::Custom, vec![]),
            (ImageStatus::Available, 0) => (ImageKind::Custom, vec![account(1), account(3)]),
            (ImageStatus::Available, 2) => (ImageKind::Custom, vec![account(3)]),
            (ImageStatus::Available, 3) => (ImageKind::Public, vec![]),
            (ImageStatus::Available, 4) => (ImageKind::Marketplace, vec![]),
            (ImageStatus::Available, _) => (ImageKind::Custom, vec![]),
        };
        one.row.kind = kind;
        one.shared_with = with;
        all.push(one);
    }
    for n in 200..206 {
        let mut one = known(n, 3);
        if n == 205 {
            one.row.kind = ImageKind::Public;
        }
        all.push(one);
    }
    all
}

async fn put(tx: &mut Tx, n: usize, one: &Known) {
    put_image(tx, &one.row).await;
    tx.set_tags(&one.row.id, &one.tags).await.unwrap();
    let image = || one.row.id.clone();
    for account in &one.shared_with {
        let share = ShareRow { image: image(), account: account.clone(), created: Timestamp(5) };
        assert_eq!(tx.insert_share(&share).await.unwrap(), Inserted::Yes);
    }
    if let Some(snapshot) = &one.snapshot {
        let (digest, snapshot) = (Some(digest(1)), Some(snapshot.clone()));
        let disk = ImageDiskRow { digest, snapshot, ..sample::disk(&one.row, 0) };
        tx.insert_image_disks(&[disk]).await.unwrap();
    }
    if one.is_used {
        let row = InstanceRow {
            id: InstanceId::from_random(bytes(n as u64)),
            account: one.row.account.clone(),
            name: Name::new("vm").unwrap(),
            image: image(),
            created: Timestamp(1),
        };
        tx.insert_instance(&row, &Tags::default()).await.unwrap();
    }
    for copy in 0..one.leaving {
        let hold = HoldRow {
            copy: CopyId::from_random(bytes(n as u64 + 1_000 * (copy + 1))),
            account: one.row.account.clone(),
            image: image(),
            target: "south".parse().unwrap(),
            standing: HoldStanding::Confirmed,
            created: Timestamp(1),
        };
        assert_eq!(tx.ensure_hold(&hold).await.unwrap(), Ensured::Yes);
    }
    if let Some(making) = one.making {
        put_making(tx, n as u64, (&one.row, making)).await;
    }
}

async fn put_making(tx: &mut Tx, n: u64, (image, making): (&ImageRow, Making)) {
    let digests = vec![digest(1), digest(2)];
    let queued = || CopyRow { target_image: image.id.clone(), ..sample::copy(n, 1) };
    let leased = |until: i64, state| CopyRow {
        state,
        lease_until: Timestamp(until),
        worker: Some("w".to_owned()),
        ..queued()
    };
    let (later, earlier) = (NOW.0 + 1, NOW.0);
    let (copy, source) = match making {
        Making::Queued => (Some(queued()), None),
        Making::Claimed => (Some(leased(later, CopyState::Queued)), None),
        Making::BetweenAttempts => (Some(leased(earlier, CopyState::Held { digests })), None),
        Making::Held => (Some(leased(later, CopyState::Held { digests })), None),
        Making::Stored => {
            (Some(CopyRow { state: CopyState::Stored { digests }, ..queued() }), None)
        }
        Making::Unwinding => {
            let state = CopyState::Unwinding { cause: Cause::Cancelled };
            (Some(CopyRow { state, ..queued() }), None)
        }
        Making::ByClient => (None, Some(ImportSource::Client)),
        Making::WaitingFile | Making::RunningFile => {
            let local = ImageId::from_random(bytes(n + 10_000));
            (None, Some(ImportSource::LocalImage(local)))
        }
        Making::WaitingObjects => (None, Some(ImportSource::Objects(put_task(tx, n, image).await))),
    };
    if let Some(copy) = copy {
        tx.insert_copy(&copy).await.unwrap();
    }
    if let Some(source) = source {
        let (account, created) = (image.account.clone(), image.created);
        let row = ImportRow { image: image.id.clone(), account, source, created };
        tx.insert_import(&row).await.unwrap();
    }
}

async fn put_task(tx: &mut Tx, n: u64, image: &ImageRow) -> TaskId {
    let id = TaskId::from_random(bytes(n));
    let row = TaskRow {
        id: id.clone(),
        account: image.account.clone(),
        action: TaskAction::ImportImage,
        state: TaskState::Waiting,
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

async fn world() -> (tempfile::TempDir, Catalog, Vec<Known>) {
    let (folder, catalog) = catalog().await;
    let mut all = all_known();
    let mut tx = catalog.begin().await.unwrap();
    for n in 0..6 {
        let snapshot = SnapshotId::from_random(bytes(n));
        tx.insert_snapshot(&crate::SnapshotRow { id: snapshot, ..sample::snapshot(n, 1) })
            .await
            .unwrap();
    }
    // The other accounts' images rest on snapshots that are there.
    for one in all.iter_mut().skip(OWN as usize) {
        one.snapshot = one.snapshot.as_ref().map(|_| SnapshotId::from_random(bytes(1)));
    }
    for (n, one) in all.iter().enumerate() {
        put(&mut tx, n, one).await;
    }
    tx.commit().await.unwrap();
    (folder, catalog, all)
}

fn moment(all: &[Known]) -> Moment {
    let running = all.iter().filter(|one| one.making == Some(Making::RunningFile));
    Moment { now: NOW, importing: running.map(|one| one.row.id.clone()).collect() }
}

/// Each condition in a few forms, with what it is about.
fn conditions(all: &[Known]) -> Vec<(&'static str, ImageSearch)> {
    let none = ImageSearch::default;
    let id = |n: usize| all[n].row.id.clone();
    let tag = |key: &str, value: Option<&str>| TagWanted::pair(key, value.map(str::to_owned));
    let values = |key: Option<&str>, values: &[&str]| TagWanted {
        key: key.map(str::to_owned),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let name = |pattern| ImageSearch { names: vec![pattern], ..none() };
    let exactly = |name: &str| NamePattern::Exactly(name.to_owned());
    let platform = |pattern| ImageSearch { platform: Some(pattern), ..none() };
    let kept = |value: &str| vec![("a.b-c".to_owned(), value.to_owned())];
    let mut found = vec![
        ("ids", ImageSearch { ids: vec![id(1), id(7), id(62), id(70), id(90)], ..none() }),
        ("ids", ImageSearch { ids: vec![ImageId::from_random(|| 35)], ..none() }),
        ("name", name(NamePattern::Exactly("same".into()))),
        ("name", name(NamePattern::Exactly("Same".into()))),
        ("name", name(NamePattern::Holding("web-1".into()))),
        ("name", name(NamePattern::Holding("Web".into()))),
        ("name", name(NamePattern::Holding("%' OR 1=1 --".into()))),
        ("name", name(NamePattern::Like("*web*1".into()))),
        ("name", name(NamePattern::Like("字**-web-*".into()))),
        ("name", name(NamePattern::Like("same".into()))),
        ("name", name(NamePattern::Like("*".into()))),
        ("name", name(NamePattern::Like("?am[e]".into()))),
        ("name", name(NamePattern::Like("*e".repeat(1_000)))),
        (
            "name",
            ImageSearch {
                names: vec![exactly("same"), exactly("web-1\""), exactly("a_b-4")],
                ..none()
            },
        ),
        (
            "name",
            ImageSearch {
                names: vec![exactly("same"), NamePattern::Holding("a_b".into())],
                ..none()
            },
        ),
        (
            "name",
            ImageSearch {
                names: vec![
                    NamePattern::Holding("字".into()),
                    NamePattern::Like("*e".repeat(1_000)),
                ],
                ..none()
            },
        ),
        ("platform", platform(exactly("Debian 12"))),
        ("platform", platform(exactly(""))),
        ("platform", platform(NamePattern::Holding("12".into()))),
        ("platform", platform(NamePattern::Like("Windows*2*".into()))),
        ("platform", platform(NamePattern::Holding("e".repeat(65)))),
        ("boot_mode", ImageSearch { boot_mode: Some(BootMode::Uefi), ..none() }),
        ("boot_mode", ImageSearch { boot_mode: Some(BootMode::Bios), ..none() }),
        ("storage", ImageSearch { storage: Some(Storage::LocalFile), ..none() }),
        ("storage", ImageSearch { storage: Some(Storage::Snapshots), ..none() }),
        ("sharing", ImageSearch { sharing: Some(Sharing::Nobody), ..none() }),
        ("sharing", ImageSearch { sharing: Some(Sharing::Some), ..none() }),
        ("copying", ImageSearch { copying: Some(Copying::Leaving), ..none() }),
        ("copying", ImageSearch { copying: Some(Copying::Still), ..none() }),
        ("family", ImageSearch { family: Some(family("web")), ..none() }),
        ("family", ImageSearch { family: Some(family("WEB")), ..none() }),
        ("tags", ImageSearch { tags: vec![tag("env", None)], ..none() }),
        ("tags", ImageSearch { tags: vec![tag("env", Some("it's"))], ..none() }),
        ("tags", ImageSearch { tags: vec![tag("env", None), tag("team", Some(""))], ..none() }),
        ("tags", ImageSearch { tags: vec![tag("env", None), tag("absent", None)], ..none() }),
        (
            "tags",
            ImageSearch { tags: vec![values(Some("env"), &["it's", "prod", "\""])], ..none() },
        ),
        ("tags", ImageSearch { tags: vec![values(None, &["字"])], ..none() }),
        ("tags", ImageSearch { tags: vec![values(None, &["it's", "字", "\"]"])], ..none() }),
        ("tags", ImageSearch { tags: vec![values(None, &[])], ..none() }),
        (
            "tags",
            ImageSearch { tags: vec![values(None, &[""]), values(None, &["prod"])], ..none() },
        ),
        ("tags", ImageSearch { tags: vec![values(None, &["字"]), tag("env", None)], ..none() }),
        ("snapshot", ImageSearch { snapshot: all[11].snapshot.clone(), ..none() }),
        ("snapshot", ImageSearch { snapshot: Some(SnapshotId::from_random(|| 35)), ..none() }),
        ("architecture", ImageSearch { architecture: Some(Architecture::Arm64), ..none() }),
        ("os_type", ImageSearch { os_type: Some(OsType::Windows), ..none() }),
        ("usage", ImageSearch { usage: Some(Usage::Used), ..none() }),
        ("usage", ImageSearch { usage: Some(Usage::Unused), ..none() }),
        ("created_from", ImageSearch { created_from: Some(Timestamp(1_010)), ..none() }),
        ("created_until", ImageSearch { created_until: Some(Timestamp(1_010)), ..none() }),
        ("particulars", ImageSearch { particulars: kept("x"), ..none() }),
        ("particulars", ImageSearch { particulars: kept("'y\""), ..none() }),
    ];
    for n in 1..=4 {
        found.push(("owner", ImageSearch { owner: Some(account(n)), ..none() }));
    }
    let kinds = ImageKind::ALL;
    for kind in kinds {
        found.push(("seen_as", ImageSearch { seen_as: vec![*kind], ..none() }));
    }
    found.push(("seen_as", ImageSearch { seen_as: vec![kinds[0], kinds[1]], ..none() }));
    for one in Standing::ALL {
        found.push(("standings", ImageSearch { standings: vec![*one], ..none() }));
    }
    let making = vec![Standing::Creating, Standing::Waiting];
    found.push(("standings", ImageSearch { standings: making, ..none() }));
    let polled = vec![Standing::Available, Standing::Creating, Standing::CreateFailed];
    found.push(("standings", ImageSearch { standings: polled, ..none() }));
    found
}

/// Both at once; they are about different things.
fn both(one: &ImageSearch, other: &ImageSearch) -> ImageSearch {
    ImageSearch {
        seen_as: [&one.seen_as[..], &other.seen_as[..]].concat(),
        ids: [&one.ids[..], &other.ids[..]].concat(),
        names: [&one.names[..], &other.names[..]].concat(),
        family: one.family.clone().or_else(|| other.family.clone()),
        standings: [&one.standings[..], &other.standings[..]].concat(),
        tags: [&one.tags[..], &other.tags[..]].concat(),
        snapshot: one.snapshot.clone().or_else(|| other.snapshot.clone()),
        architecture: one.architecture.or(other.architecture),
        os_type: one.os_type.or(other.os_type),
        platform: one.platform.clone().or_else(|| other.platform.clone()),
        boot_mode: one.boot_mode.or(other.boot_mode),
        storage: one.storage.or(other.storage),
        sharing: one.sharing.or(other.sharing),
        copying: one.copying.or(other.copying),
        usage: one.usage.or(other.usage),
        owner: one.owner.clone().or_else(|| other.owner.clone()),
        created_from: one.created_from.or(other.created_from),
        created_until: one.created_until.or(other.created_until),
        particulars: [&one.particulars[..], &other.particulars[..]].concat(),
        page: PageOf { offset: 0, limit: 1_000 },
    }
}

/// What is found, and that the pages hold it all, each once and in order. How many there are.
async fn check(tx: &mut Tx, all: &[Known], (viewer, search): (u64, &ImageSearch)) -> usize {
    let (viewer, moment) = (account(viewer), moment(all));
    let mut wanted: Vec<&ImageRow> =
        all.iter().filter(|one| one.fits(&viewer, search)).map(|one| &one.row).collect();
    wanted.sort_by_key(|row| std::cmp::Reverse((row.created, row.id.to_string())));
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
    assert_eq!(found.len(), 19, "every condition is tried: {found:?}");
    assert!(found.values().all(|found| *found > 0), "each finds something: {found:?}");
    let everything = check(&mut tx, &all, (1, &ImageSearch::default())).await;
    assert!(everything > OWN as usize, "{everything}");
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
