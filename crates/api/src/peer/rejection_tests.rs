//! Every rejection crosses unchanged, and keeps its word.

use std::collections::BTreeSet;

use model::{
    AccessKeyId, AccountId, AccountRejection, Act, BucketName, CopyId, DeadlineRejection,
    DiskFormat, EncryptionKeyId, EncryptionKeyRejection, Family, Field, FieldRefusal, FileProblem,
    ImageId, ImageKind, ImageStatus, InstanceId, KeyRingKind, KeyState, Name, NoPromise,
    ObjectName, QuotaKind, RegionId, Rejection, Role, SnapshotId, SnapshotStanding, TaskId,
    TaskState, TicketId, TicketNeed, TicketState, Timestamp, UserId,
};

use super::WireRejection;

fn refusals() -> Vec<FieldRefusal> {
    vec![
        FieldRefusal::Length { length: 129, min: 2, max: 128 },
        FieldRefusal::Character { character: '\u{202e}' },
        FieldRefusal::FirstNotLetter,
        FieldRefusal::StartsWithUrl,
        FieldRefusal::Twice,
        FieldRefusal::Empty,
        FieldRefusal::NotSectors { bytes: 511 },
        FieldRefusal::TooLarge { value: u64::MAX, limit: 1 },
        FieldRefusal::OutOfRange { value: 6, min: 7, max: 30 },
        FieldRefusal::TooSoon { earliest: Timestamp(86_400_000) },
        FieldRefusal::Incomplete { missing: 3 },
        FieldRefusal::NotATree,
        FieldRefusal::NoFolder,
        FieldRefusal::NoSuchFile,
        FieldRefusal::NotAnImage { problem: FileProblem::BackingFile },
    ]
}

fn bucket() -> BucketName {
    BucketName::new("images").unwrap()
}

fn object() -> ObjectName {
    ObjectName::new("a/web.raw").unwrap()
}

fn task() -> TaskId {
    TaskId::from_random(|| 6)
}

/// One of each variant at least.
pub(crate) fn rejections() -> Vec<Rejection> {
    use Rejection as R;
    let image = || ImageId::from_random(|| 1);
    let snapshot = SnapshotId::from_random(|| 2);
    let copy = || CopyId::from_random(|| 3);
    let key = || AccessKeyId::from_random(|| 5);
    let region = || "north".parse::<RegionId>().unwrap();
    let mut all = vec![
        R::ImageNotFound { image: image(), region: region() },
        R::SnapshotNotFound { snapshot: snapshot.clone(), region: region() },
        R::CopyNotFound { copy: copy(), region: region() },
        R::InstanceNotFound { instance: InstanceId::from_random(|| 4), region: region() },
        R::Account(AccountRejection::KeyNotFound { key: key() }),
        R::Account(AccountRejection::TooManyKeys { limit: 2 }),
        R::Account(AccountRejection::LastKey { key: key() }),
        R::RegionUnknown { region: region() },
        R::SameRegion { region: region() },
        R::TooManyTargets { limit: 100 },
        R::TooManyDisks { limit: 17 },
        R::TooManyTags { limit: 20 },
        R::ImageNotAvailable { image: image(), status: ImageStatus::CreateFailed },
        R::ImageDegraded { image: image(), chunks: 7 },
        R::ImageBeingMade { image: image() },
        R::ImageHeld { image: image(), by: copy(), target: region() },
        R::ImageInUse { image: image(), instances: 4 },
        R::SnapshotInUse { snapshot, image: image() },
        R::AlreadyCopying { image: image(), target: region(), by: copy() },
        R::QuotaExceeded {
            kind: QuotaKind::Snapshot,
            region: region(),
            limit: 1,
            used: 2,
            reserved: 3,
            wanted: 4,
        },
        R::TokenReused,
        R::NotBeingCopied { image: image() },
        R::CopyFinished { image: image() },
        R::NothingToRetry { copy: copy() },
        R::ImportEnded { image: image() },
    ];
    all.extend(of_the_rules());
    all.extend(of_deadlines());
    all.extend(of_snapshots());
    for field in Field::ALL {
        all.extend(
            refusals().into_iter().map(|refusal| R::InvalidField { field: *field, refusal }),
        );
    }
    all
}

/// Those of what surrounds the copy.
fn of_the_rules() -> Vec<Rejection> {
    use Rejection as R;
    let image = || ImageId::from_random(|| 1);
    let copy = || CopyId::from_random(|| 3);
    let user = || UserId::from_random(|| 6);
    let ticket = || TicketId::from_random(|| 7);
    let key = || EncryptionKeyId::from_random(|| 8);
    let name = || Name::new("web").unwrap();
    let region = || "north".parse::<RegionId>().unwrap();
    let size = TicketNeed::Size { size_bytes: 3, limit_bytes: 2 };
    let border =
        TicketNeed::Border { from: "inside".parse().unwrap(), to: "outside".parse().unwrap() };
    vec![
        R::Account(AccountRejection::AccountNotFound { account: AccountId::from_random(|| 9) }),
        R::Account(AccountRejection::UserNotFound { user: user() }),
        R::TicketNotFound { ticket: ticket(), region: region() },
        R::EncryptionKeyNotFound { key: key(), region: region() },
        R::NotAllowed { role: Role::Reader, act: Act::Operate },
        R::Account(AccountRejection::NameInUse { name: name() }),
        R::Account(AccountRejection::LastAdmin { user: user() }),
        R::PublicNotCopied { image: image() },
        R::MarketplaceNotCopied { image: image() },
        R::SharedNotCopied { image: image() },
        R::LocalNotCopied { image: image() },
        R::NothingToConvert { image: image() },
        R::ImageBeingConverted { image: image(), into: ImageId::from_random(|| 2) },
        R::ImageNotYours { image: image(), kind: ImageKind::Shared },
        R::ImagePublished { image: image(), kind: ImageKind::Marketplace },
        R::ImageIsShared { image: image(), accounts: 3 },
        R::EncryptedNotShared { image: image() },
        R::SharedWithSelf { image: image() },
        R::TooManyShares { limit: 50 },
        R::NameTaken { name: name(), region: region() },
        R::ImageTooLarge { image: image(), size_bytes: 3, limit_bytes: 2 },
        R::TooManyImages { limit: 5 },
        R::TicketNeeded { image: image(), target: region(), need: size },
        R::TicketNeeded { image: image(), target: region(), need: border },
        R::TicketUndecided { ticket: ticket() },
        R::TicketRefused { ticket: ticket() },
        R::TicketExpired { ticket: ticket(), until: Timestamp(-5) },
        R::TicketSpent { ticket: ticket(), by: copy() },
        R::TicketDecided { ticket: ticket(), state: TicketState::Refused },
        R::NotToPlain { image: image() },
        R::KeyUnusable { key: key(), state: KeyState::PendingDeletion },
        R::EncryptionKey(EncryptionKeyRejection::KeyInUse { key: key(), images: 1, snapshots: 2 }),
        R::EncryptionKey(EncryptionKeyRejection::KeyIsDefault { key: key() }),
        R::EncryptionKey(EncryptionKeyRejection::KeysElsewhere {
            region: region(),
            ring: KeyRingKind::AwsKms,
        }),
        R::LinkNotPrivate { region: region() },
        R::ImageDeprecated { image: image() },
        R::BucketNotFound { bucket: bucket(), region: region() },
        R::ObjectNotFound { bucket: bucket(), object: object(), region: region() },
        R::ObjectRefused { bucket: bucket(), object: object(), problem: FileProblem::Mismatch },
        R::DiskTooSmall { object: object(), declared_bytes: 512, needed_bytes: 1_024 },
        R::FormatNotWritten { format: DiskFormat::Vmdk },
        R::TaskNotFound { task: task(), region: region() },
        R::TaskEnded { task: task(), state: TaskState::Done },
        R::ImageBeingExported { image: image(), by: task() },
        R::FamilyEmpty { family: Family::new("web").unwrap(), region: region() },
    ]
}

/// Those of deadlines.
fn of_deadlines() -> Vec<Rejection> {
    use Rejection as R;
    let region = || "north".parse::<RegionId>().unwrap();
    vec![
        R::Deadline(DeadlineRejection::DeadlineTooSoon {
            region: region(),
            bytes: 3,
            room_bytes: 2,
            earliest: Timestamp(1_800_000_000_000),
        }),
        R::Deadline(DeadlineRejection::DeadlineNotPromised {
            region: region(),
            why: NoPromise::Paused,
        }),
        R::Deadline(DeadlineRejection::DeadlineNotPromised {
            region: region(),
            why: NoPromise::SpeedUnknown,
        }),
    ]
}

/// Those of snapshots by themselves.
fn of_snapshots() -> Vec<Rejection> {
    use Rejection as R;
    let snapshot = || SnapshotId::from_random(|| 2);
    let target = || "north".parse::<RegionId>().unwrap();
    let need = TicketNeed::Size { size_bytes: 3, limit_bytes: 2 };
    vec![
        R::SnapshotNotWhole { snapshot: snapshot(), standing: SnapshotStanding::Failed },
        R::SnapshotDegraded { snapshot: snapshot(), chunks: 7 },
        R::SnapshotHeld { snapshot: snapshot(), by: CopyId::from_random(|| 3), target: target() },
        R::SnapshotNotResized { snapshot: snapshot(), size_bytes: 512, wanted_bytes: 1_024 },
        R::SnapshotsSealedApart { first: snapshot(), second: SnapshotId::from_random(|| 4) },
        R::SnapshotTooLarge { snapshot: snapshot(), size_bytes: 3, limit_bytes: 2 },
        R::SnapshotNeedsTicket { snapshot: snapshot(), target: target(), need },
        R::SnapshotNotToPlain { snapshot: snapshot() },
    ]
}

/// Grows when `Rejection` does, because the match in `problem` has no `_`.
const VARIANTS: usize = 80;

#[test]
fn every_rejection_crosses_between_regions_unchanged() {
    let mut codes = BTreeSet::new();
    for rejection in rejections() {
        let json = serde_json::to_string(&WireRejection::from(&rejection)).unwrap();
        let read: WireRejection = serde_json::from_str(&json).unwrap();
        assert_eq!(read.parse().unwrap(), rejection, "{json}");
        let code = crate::problem::of_rejection(&rejection).0;
        assert!(json.starts_with(&format!(r#"{{"code":"{code}""#)), "{json}");
        codes.insert(code);
    }
    assert_eq!(codes.len(), VARIANTS, "{codes:?}");
}

#[test]
fn a_hostile_peers_rejection_is_parsed_like_any_other_input() {
    for wrong in [
        r#"{"code":"image_not_found","image":"../../etc","region":"north"}"#,
        r#"{"code":"invalid_field","field":"colour","refusal":{"kind":"empty"}}"#,
        r#"{"code":"image_not_available","image":"img-bbbbbbbbbbbbbbbbbbbb","status":"<b>"}"#,
    ] {
        let read: WireRejection = serde_json::from_str(wrong).unwrap();
        assert!(read.parse().is_err(), "{wrong}");
    }
    assert!(serde_json::from_str::<WireRejection>(r#"{"code":"no_such_thing"}"#).is_err());
}
