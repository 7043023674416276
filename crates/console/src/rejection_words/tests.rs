use std::collections::BTreeSet;

use fluent_bundle::FluentValue;
use model::{
    AccessKeyId, AccountId, AccountRejection, Act, BucketName, CopyId, DeadlineRejection,
    DiskFormat, EncryptionKeyId, EncryptionKeyRejection, Family, Field, FieldRefusal, FileProblem,
    ImageId, ImageKind, ImageStatus, InstanceId, KeyRingKind, KeyState, Name, NoPromise,
    ObjectName, QuotaKind, RegionId, Rejection, Role, SnapshotId, SnapshotStanding, TaskId,
    TaskState, TicketId, TicketNeed, TicketState, Timestamp, UserId,
};

use super::{Said, told};
use crate::words::{Language, Words};

/// The ids of all texts of a type of refusals.
pub(super) trait Listed {
    const IDS: &[&str];
}

const ENGLISH: Words = Words(Language::English);
const CHINESE: Words = Words(Language::Chinese);

fn image() -> ImageId {
    ImageId::from_random(|| 1)
}

fn snapshot() -> SnapshotId {
    SnapshotId::from_random(|| 2)
}

fn copy() -> CopyId {
    CopyId::from_random(|| 3)
}

fn region() -> RegionId {
    "cn-shanghai".parse().unwrap()
}

fn object() -> ObjectName {
    ObjectName::new("disks/web.raw").unwrap()
}

fn size() -> TicketNeed {
    TicketNeed::Size { size_bytes: 61 << 30, limit_bytes: 60 << 30 }
}

fn refusals() -> Vec<FieldRefusal> {
    vec![
        FieldRefusal::Length { length: 129, min: 2, max: 128 },
        FieldRefusal::Length { length: 0, min: 2, max: 128 },
        FieldRefusal::Length { length: 1, min: 2, max: 128 },
        FieldRefusal::Character { character: '\u{202e}' },
        FieldRefusal::Character { character: '<' },
        FieldRefusal::FirstNotLetter,
        FieldRefusal::StartsWithUrl,
        FieldRefusal::Twice,
        FieldRefusal::Empty,
        FieldRefusal::NotSectors { bytes: 511 },
        FieldRefusal::TooLarge { value: u64::MAX, limit: 1 << 40 },
        FieldRefusal::OutOfRange { value: 6, min: 7, max: 30 },
        FieldRefusal::TooSoon { earliest: Timestamp(86_400_000) },
        FieldRefusal::Incomplete { missing: 1 },
        FieldRefusal::Incomplete { missing: 4_711 },
        FieldRefusal::NoFolder,
        FieldRefusal::NoSuchFile,
        FieldRefusal::NotAnImage { problem: FileProblem::BackingFile },
        FieldRefusal::NotATree,
    ]
}

/// One of each variant at least, and each count as one and as many.
fn rejections() -> Vec<Rejection> {
    use Rejection as R;
    let mut all = of_images();
    all.extend(of_copies());
    all.extend(of_snapshots());
    all.extend(of_accounts());
    all.extend(of_keys_and_tickets());
    all.extend(of_objects_and_tasks());
    for field in Field::ALL {
        all.push(R::field(*field, FieldRefusal::Empty));
    }
    all.extend(refusals().into_iter().map(|refusal| R::field(Field::Name, refusal)));
    all
}

fn of_images() -> Vec<Rejection> {
    use Rejection as R;
    let mut all = vec![
        R::ImageNotFound { image: image(), region: region() },
        R::InstanceNotFound { instance: InstanceId::from_random(|| 4), region: region() },
        R::TooManyDisks { limit: 17 },
        R::TooManyTags { limit: 20 },
        R::ImageBeingMade { image: image() },
        R::ImageHeld { image: image(), by: copy(), target: region() },
        R::NothingToConvert { image: image() },
        R::ImageBeingConverted { image: image(), into: ImageId::from_random(|| 2) },
        R::EncryptedNotShared { image: image() },
        R::SharedWithSelf { image: image() },
        R::NameTaken { name: Name::new("web").unwrap(), region: region() },
        R::ImageDeprecated { image: image() },
        R::FamilyEmpty { family: Family::new("web").unwrap(), region: region() },
        R::ImportEnded { image: image() },
    ];
    for count in [1, 4_711] {
        all.push(R::ImageDegraded { image: image(), chunks: count });
        all.push(R::ImageInUse { image: image(), instances: count });
        all.push(R::ImageIsShared { image: image(), accounts: count });
        all.push(R::TooManyShares { limit: count as usize });
    }
    let statuses = ImageStatus::ALL.iter();
    all.extend(statuses.map(|status| R::ImageNotAvailable { image: image(), status: *status }));
    for kind in ImageKind::ALL {
        all.push(R::ImageNotYours { image: image(), kind: *kind });
        all.push(R::ImagePublished { image: image(), kind: *kind });
    }
    all
}

fn of_copies() -> Vec<Rejection> {
    use Rejection as R;
    let (size_bytes, limit_bytes) = ((60 << 30) + 512, 60 << 30);
    let border =
        TicketNeed::Border { from: "inside".parse().unwrap(), to: "outside".parse().unwrap() };
    let full = |kind| R::QuotaExceeded {
        kind,
        region: region(),
        limit: 10,
        used: 8,
        reserved: 2,
        wanted: 4_711,
    };
    vec![
        R::CopyNotFound { copy: copy(), region: region() },
        R::RegionUnknown { region: region() },
        R::SameRegion { region: region() },
        R::TooManyTargets { limit: 100 },
        R::TooManyImages { limit: 1 },
        R::TooManyImages { limit: 5 },
        R::AlreadyCopying { image: image(), target: region(), by: copy() },
        full(QuotaKind::Image),
        full(QuotaKind::Snapshot),
        R::TokenReused,
        R::NotBeingCopied { image: image() },
        R::CopyFinished { image: image() },
        R::NothingToRetry { copy: copy() },
        R::PublicNotCopied { image: image() },
        R::MarketplaceNotCopied { image: image() },
        R::SharedNotCopied { image: image() },
        R::LocalNotCopied { image: image() },
        R::ImageTooLarge { image: image(), size_bytes, limit_bytes },
        R::Deadline(DeadlineRejection::DeadlineTooSoon {
            region: region(),
            bytes: size_bytes,
            room_bytes: limit_bytes,
            earliest: Timestamp(86_400_000),
        }),
        R::Deadline(DeadlineRejection::DeadlineNotPromised {
            region: region(),
            why: NoPromise::Paused,
        }),
        R::Deadline(DeadlineRejection::DeadlineNotPromised {
            region: region(),
            why: NoPromise::SpeedUnknown,
        }),
        R::TicketNeeded { image: image(), target: region(), need: size() },
        R::TicketNeeded { image: image(), target: region(), need: border },
        R::NotToPlain { image: image() },
        R::LinkNotPrivate { region: region() },
    ]
}

fn of_snapshots() -> Vec<Rejection> {
    use Rejection as R;
    let (size_bytes, limit_bytes) = ((60 << 30) + 512, 60 << 30);
    let mut all = vec![
        R::SnapshotNotFound { snapshot: snapshot(), region: region() },
        R::SnapshotInUse { snapshot: snapshot(), image: image() },
        R::SnapshotDegraded { snapshot: snapshot(), chunks: 1 },
        R::SnapshotDegraded { snapshot: snapshot(), chunks: 4_711 },
        R::SnapshotHeld { snapshot: snapshot(), by: copy(), target: region() },
        R::SnapshotNotResized { snapshot: snapshot(), size_bytes, wanted_bytes: limit_bytes },
        R::SnapshotsSealedApart { first: snapshot(), second: SnapshotId::from_random(|| 4) },
        R::SnapshotTooLarge { snapshot: snapshot(), size_bytes, limit_bytes },
        R::SnapshotNeedsTicket { snapshot: snapshot(), target: region(), need: size() },
        R::SnapshotNotToPlain { snapshot: snapshot() },
    ];
    let standings = SnapshotStanding::ALL.iter();
    all.extend(
        standings.map(|standing| R::SnapshotNotWhole { snapshot: snapshot(), standing: *standing }),
    );
    all
}

fn of_accounts() -> Vec<Rejection> {
    use AccountRejection as A;
    let key = || AccessKeyId::from_random(|| 5);
    let user = || UserId::from_random(|| 6);
    let mut all: Vec<Rejection> = [
        A::AccountNotFound { account: AccountId::from_random(|| 9) },
        A::UserNotFound { user: user() },
        A::KeyNotFound { key: key() },
        A::TooManyKeys { limit: 2 },
        A::LastKey { key: key() },
        A::NameInUse { name: Name::new("web").unwrap() },
        A::LastAdmin { user: user() },
    ]
    .map(Rejection::from)
    .into();
    for role in Role::ALL {
        all.extend(Act::ALL.iter().map(|act| Rejection::NotAllowed { role: *role, act: *act }));
    }
    all
}

fn of_keys_and_tickets() -> Vec<Rejection> {
    use EncryptionKeyRejection as K;
    use Rejection as R;
    let key = || EncryptionKeyId::from_random(|| 8);
    let ticket = || TicketId::from_random(|| 7);
    let mut all: Vec<Rejection> = vec![
        K::KeyInUse { key: key(), images: 1, snapshots: 4_711 }.into(),
        K::KeyInUse { key: key(), images: 4_711, snapshots: 1 }.into(),
        K::KeyIsDefault { key: key() }.into(),
        R::EncryptionKeyNotFound { key: key(), region: region() },
        R::TicketNotFound { ticket: ticket(), region: region() },
        R::TicketUndecided { ticket: ticket() },
        R::TicketRefused { ticket: ticket() },
        R::TicketExpired { ticket: ticket(), until: Timestamp(-5) },
        R::TicketSpent { ticket: ticket(), by: copy() },
    ];
    let rings = KeyRingKind::ALL.iter();
    all.extend(rings.map(|ring| K::KeysElsewhere { region: region(), ring: *ring }.into()));
    let states = KeyState::ALL.iter();
    all.extend(states.map(|state| R::KeyUnusable { key: key(), state: *state }));
    let states = TicketState::ALL.iter();
    all.extend(states.map(|state| R::TicketDecided { ticket: ticket(), state: *state }));
    all
}

fn of_objects_and_tasks() -> Vec<Rejection> {
    use Rejection as R;
    let bucket = || BucketName::new("images").unwrap();
    let task = || TaskId::from_random(|| 6);
    let mut all = vec![
        R::BucketNotFound { bucket: bucket(), region: region() },
        R::ObjectNotFound { bucket: bucket(), object: object(), region: region() },
        R::DiskTooSmall { object: object(), declared_bytes: 512, needed_bytes: 1_024 },
        R::FormatNotWritten { format: DiskFormat::Vmdk },
        R::TaskNotFound { task: task(), region: region() },
        R::ImageBeingExported { image: image(), by: task() },
    ];
    for problem in FileProblem::ALL {
        all.push(R::ObjectRefused { bucket: bucket(), object: object(), problem: *problem });
    }
    let states = TaskState::ALL.iter();
    all.extend(states.map(|state| R::TaskEnded { task: task(), state: *state }));
    all
}

/// What a refusal puts into its text.
fn values(said: &impl Said, words: Words) -> Vec<String> {
    let saying = said.said(words);
    let values = saying.args().iter().map(|(name, value)| match value {
        FluentValue::String(text) => text.to_string(),
        FluentValue::Number(number) => number.as_string().into_owned(),
        other => panic!("`{name}` is {other:?}"),
    });
    values.collect()
}

fn assert_said(said: &impl Said) {
    let [english, chinese] = [ENGLISH, CHINESE].map(|words| {
        let (id, text) = (said.said(words).id().to_owned(), said.said(words).to_string());
        for value in values(said, words) {
            assert!(text.contains(&value), "`{value}` is not in `{text}` ({id})");
        }
        let is_id = |part: &str| part.starts_with("rejection-");
        assert!(!text.split([' ', '“', '（', '：']).any(is_id), "`{text}` shows an id");
        assert!(!text.contains(['{', '}', '`']) && !text.contains("ferry "), "{text}");
        text
    });
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert_ne!(english, chinese);
    assert!(is_chinese(&chinese) && !is_chinese(&english), "{english} {chinese}");
}

/// Every refusal is a sentence in both languages, with all that it knows.
#[test]
fn every_rejection_is_told_in_both_languages_with_its_values() {
    for rejection in rejections() {
        assert_said(&rejection);
        let (english, chinese) = (told(&rejection, ENGLISH), told(&rejection, CHINESE));
        assert!(english.ends_with('.') && chinese.ends_with('。'), "{english} {chinese}");
        // A sentence begins with a capital, or with what the text is about.
        assert!(!english.starts_with(|c: char| c.is_lowercase()), "{english}");
    }
    refusals().iter().for_each(assert_said);
}

#[test]
fn no_variant_is_left_out_of_these_tests() {
    let listed: BTreeSet<&str> = [Rejection::IDS, FieldRefusal::IDS].concat().into_iter().collect();
    let nested =
        [AccountRejection::IDS, DeadlineRejection::IDS, EncryptionKeyRejection::IDS].concat();
    let listed: BTreeSet<String> = listed.into_iter().chain(nested).map(str::to_owned).collect();
    let of_rejections = rejections().into_iter().map(|it| it.said(ENGLISH).id().to_owned());
    let of_refusals = refusals().into_iter().map(|it| it.said(ENGLISH).id().to_owned());
    let shown: BTreeSet<String> = of_rejections.chain(of_refusals).collect();
    assert_eq!(shown, listed);
}

/// A value is told as what it is, not as what it could do: templates escape it, and no text is a pattern.
#[test]
fn hostile_values_stay_themselves() {
    let hostile = ["<b>web</b>", "صورة \"x\"", "{ $name }", "a&amp;b", "'; DROP--"];
    for name in hostile {
        let rejection = Rejection::NameTaken { name: Name::new(name).unwrap(), region: region() };
        for words in [ENGLISH, CHINESE] {
            assert!(told(&rejection, words).contains(name), "{name}");
        }
    }
    let object = ObjectName::new("<script>\u{202e}war.raw").unwrap();
    let bucket = BucketName::new("images").unwrap();
    let rejection = Rejection::ObjectNotFound { bucket, object: object.clone(), region: region() };
    assert!(told(&rejection, CHINESE).contains(object.as_str()));
    let key: EncryptionKeyId = "{$key}<i>".parse().unwrap();
    let rejection = Rejection::EncryptionKeyNotFound { key, region: region() };
    assert!(told(&rejection, ENGLISH).contains("{$key}<i>"));
}

/// R002-5: a full quota is told with all of its numbers, and other refusals as people would say them.
#[test]
fn they_read_as_people_would_say_it() {
    let full = Rejection::QuotaExceeded {
        kind: QuotaKind::Image,
        region: region(),
        limit: 10,
        used: 9,
        reserved: 1,
        wanted: 2,
    };
    let table = [
        (
            full,
            "The quota of images in cn-shanghai is full: 9 used and 1 promised of 10; 2 more wanted. Delete some there, or \
             ask an operator for a larger quota.",
            "cn-shanghai 的镜像配额已用完：共 10 个，已用 9 个，预留 1 个，还需 2 个。请在该地域删除一些，或请运维人员提高配额。",
        ),
        (
            Rejection::NotAllowed { role: Role::Reader, act: Act::Change },
            "Your role, Reader, does not allow this: changing what the account has.",
            "您的角色（只读用户）不能更改账号的内容。",
        ),
        (
            Rejection::field(Field::Name, FieldRefusal::Length { length: 1, min: 2, max: 128 }),
            "Name: it has 1 character; 2 to 128 are allowed.",
            "名称：共 1 个字符，须为 2 到 128 个字符。",
        ),
        (
            Rejection::FormatNotWritten { format: DiskFormat::Vmdk },
            "Disk images are not written as vmdk. Choose raw, qcow2 or vhd.",
            "不支持导出为 vmdk 格式。请选择 raw、qcow2 或 vhd。",
        ),
        (
            EncryptionKeyRejection::KeyInUse {
                key: "key-a".parse().unwrap(),
                images: 1,
                snapshots: 2,
            }
            .into(),
            "Encryption key key-a seals 1 image and 2 snapshots, which nobody could read any more. Delete them first, or say \
             that they may be lost.",
            "加密密钥 key-a 正用于 1 个镜像和 2 个快照，删除后将无法再读取它们。请先删除它们，或确认可以丢失。",
        ),
    ];
    for (rejection, english, chinese) in table {
        assert_eq!(told(&rejection, ENGLISH), english);
        assert_eq!(told(&rejection, CHINESE), chinese);
    }
}
