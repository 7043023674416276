//! Images of three accounts for tests of searches, as different from each other as can be, and the same in memory.

use std::cmp::Ordering;

use model::rules::{seen_as, standing};
use model::{
    AccountId, Architecture, BootMode, BucketName, Cause, CopyId, CopyState, Copying, Deprecation,
    Direction, DiskFormat, DiskRole, Family, ImageId, ImageKind, ImageOrder, ImageSearch,
    ImageSort, ImageStatus, InstanceId, Name, NamePattern, ObjectName, OsType, Particulars, Phase,
    Platform, Purpose, Sharing, SizeBytes, SnapshotId, Standing, Storage, TagWanted, Tags,
    TaskAction, TaskId, TaskState, Timestamp, Usage,
};

use crate::sample::{self, account, bytes, catalog, digest, put_image};
use crate::{
    Catalog, CopyRow, Ensured, HoldRow, HoldStanding, ImageDiskRow, ImageRow, ImportRow,
    ImportSource, Inserted, InstanceRow, Moment, ShareRow, SnapshotRow, TaskObjectRow, TaskRow, Tx,
};

/// When every search is asked.
pub(crate) const NOW: Timestamp = Timestamp(500_000);
/// Images of account 1, of which every tenth is being made.
pub(crate) const OWN: u64 = 60;

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
pub(crate) struct Known {
    pub(crate) row: ImageRow,
    tags: Tags,
    pub(crate) snapshot: Option<SnapshotId>,
    /// The sizes of its disks, which all rest on that snapshot where there is one.
    sizes: Vec<SizeBytes>,
    /// Chunks of that snapshot that are not zero.
    places: u64,
    /// Instances that use it.
    instances: u64,
    /// Copies that leave just now.
    leaving: u64,
    making: Option<Making>,
    shared_with: Vec<AccountId>,
}

impl Known {
    fn standing(&self) -> Standing {
        let row = &self.row;
        let deprecation =
            if row.deprecated.is_some() { Deprecation::Deprecated } else { Deprecation::Current };
        standing(row.status, deprecation, self.making.and_then(Making::phase))
    }

    /// Which of two comes first.
    pub(crate) fn compare(&self, other: &Known, order: ImageOrder) -> Ordering {
        let name = |one: &Known| one.row.name.as_str().to_ascii_lowercase();
        let size = |one: &Known| one.sizes.iter().map(|size| size.bytes()).sum::<u64>();
        let held = |one: &Known| one.sizes.len() as u64 * one.places;
        let newest =
            |one: &Known| std::cmp::Reverse((one.row.created, one.row.id.as_str().to_owned()));
        let sorted = match order.by {
            ImageSort::Created => newest(other).cmp(&newest(self)),
            ImageSort::Name => name(self).cmp(&name(other)),
            ImageSort::Status => {
                let place = |one: &Known| Standing::ALL.iter().position(|s| *s == one.standing());
                place(self).cmp(&place(other))
            }
            ImageSort::Size => size(self).cmp(&size(other)),
            ImageSort::Held => held(self).cmp(&held(other)),
        };
        let sorted = match order.direction {
            Direction::Ascending => sorted,
            Direction::Descending => sorted.reverse(),
        };
        sorted.then_with(|| newest(self).cmp(&newest(other)))
    }

    /// Whether what somebody typed finds it.
    fn is_meant(&self, typed: &str, is_own: bool) -> bool {
        let small = |text: &str| text.to_ascii_lowercase();
        let (id, bare) = (self.row.id.as_str(), &self.row.id.as_str()[4..]);
        let begins = typed.len() > 4 && id.starts_with(typed) || bare.starts_with(typed);
        let is_of_family = |family: &Family| small(family.as_str()) == typed;
        let has = |(key, value): (&str, &str)| {
            small(key).contains(typed)
                || small(value).contains(typed)
                || small(&format!("{key}={value}")) == typed
        };
        typed.chars().count() <= ImageSearch::LONGEST_TEXT
            && (small(self.row.name.as_str()).contains(typed)
                || begins
                || self.row.family.as_ref().is_some_and(is_of_family)
                || is_own && self.tags.iter().any(has))
    }

    /// Whether a viewer sees it, and it fits.
    pub(crate) fn fits(&self, viewer: &AccountId, search: &ImageSearch) -> bool {
        let row = &self.row;
        let is_own = row.account == *viewer;
        let is_seen = is_own
            || row.kind != ImageKind::Custom
            || self.shared_with.iter().any(|account| account == viewer);
        let stands = self.standing();
        let kind = seen_as(&row.account, row.kind, viewer);
        let has_tag = |wanted: &TagWanted| {
            let is_one_of = |text: &str, wanted: &[String]| {
                wanted.is_empty() || wanted.iter().any(|w| w == text)
            };
            let fits = |key: &str, value: &str| {
                is_one_of(key, &wanted.keys) && is_one_of(value, &wanted.values)
            };
            is_own && self.tags.iter().any(|(key, value)| fits(key, value))
        };
        let keeps = |(key, value): &(String, String)| {
            is_own && row.particulars.get(key) == Some(value.as_str())
        };
        let leaves = is_own && self.leaving > 0;
        let copying = if leaves { Copying::Leaving } else { Copying::Still };
        let is_shared = !self.shared_with.is_empty();
        let sharing = if is_shared { Sharing::Some } else { Sharing::Nobody };
        let attributes = &row.attributes;
        let usage = if is_own && self.instances > 0 { Usage::Used } else { Usage::Unused };
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
            && (search.platforms.is_empty()
                || search.platforms.iter().any(|one| is_like(one, attributes.platform.as_str())))
            && search.boot_mode.is_none_or(|one| attributes.boot_mode == one)
            && search.storage.is_none_or(|one| row.storage == one)
            && search.sharing.is_none_or(|one| is_own && sharing == one)
            && search.copying.is_none_or(|one| copying == one)
            && search.usage.is_none_or(|one| usage == one)
            && search.owner.as_ref().is_none_or(|owner| row.account == *owner)
            && search.created_from.is_none_or(|from| row.created >= from)
            && search.created_until.is_none_or(|until| row.created <= until)
            && search.particulars.iter().all(keeps)
            && search.folded_text().is_none_or(|text| self.is_meant(&text, is_own))
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

pub(crate) fn family(text: &str) -> Family {
    Family::new(text).unwrap()
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))).unwrap()
}

/// Chunks of a snapshot that are not zero; two of them have as many.
fn places(snapshot: u64) -> u64 {
    snapshot * 5 % 4
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
    let has_disks = !n.is_multiple_of(3);
    let snapshot = (is_available && has_disks).then(|| SnapshotId::from_random(bytes(n / 10)));
    let instances = if n % 8 == 5 { 1 + n % 3 } else { 0 };
    let leaving = if is_available { n % 7 % 3 } else { 0 };
    let size = |disk: u64| SizeBytes::new(512 * (1 + (n * 7 + disk) % 5)).unwrap();
    let sizes = (0..n % 3).map(size).collect();
    let places = if is_available { places(n / 10) } else { 0 };
    let shared_with = Vec::new();
    Known { row, tags, snapshot, sizes, places, instances, leaving, making, shared_with }
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
    for (place, size) in one.sizes.iter().enumerate() {
        let (digest, snapshot) = (Some(digest(1)), one.snapshot.clone());
        let disk = ImageDiskRow { digest, snapshot, size: *size, ..sample::disk(&one.row, place) };
        tx.insert_image_disks(&[disk]).await.unwrap();
    }
    for vm in 0..one.instances {
        let row = InstanceRow {
            id: InstanceId::from_random(bytes(n as u64 + 1_000 * vm)),
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

pub(crate) async fn world() -> (tempfile::TempDir, Catalog, Vec<Known>) {
    let (folder, catalog) = catalog().await;
    let mut all = all_known();
    let mut tx = catalog.begin().await.unwrap();
    for n in 0..6 {
        let snapshot = SnapshotId::from_random(bytes(n));
        let row = SnapshotRow { id: snapshot, places: places(n), ..sample::snapshot(n, 1) };
        tx.insert_snapshot(&row).await.unwrap();
    }
    // The other accounts' images rest on snapshots that are there.
    for one in all.iter_mut().skip(OWN as usize) {
        one.snapshot = one.snapshot.as_ref().map(|_| SnapshotId::from_random(bytes(1)));
        one.places = if one.snapshot.is_some() { places(1) } else { 0 };
    }
    for (n, one) in all.iter().enumerate() {
        put(&mut tx, n, one).await;
    }
    tx.commit().await.unwrap();
    (folder, catalog, all)
}

pub(crate) fn moment(all: &[Known]) -> Moment {
    let running = all.iter().filter(|one| one.making == Some(Making::RunningFile));
    Moment { now: NOW, importing: running.map(|one| one.row.id.clone()).collect() }
}
