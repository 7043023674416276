//! Every refusal in the visitor's language, with its values: what was refused, why, and what can be done about it here.

mod cause;
mod fields;
mod values;

pub(crate) use cause::cause;
pub(crate) use values::{file_problem, need, role};

use model::{AccountRejection, DeadlineRejection, EncryptionKeyRejection, FieldRefusal, Rejection};

use self::values::{Bytes, Told};
use crate::words::{Saying, Words};

/// A rejection as a sentence, or some.
pub(crate) fn told(rejection: &Rejection, words: Words) -> String {
    rejection.said(words).to_string()
}

/// What has a text of its own for each of its variants.
trait Said {
    /// The text, with the values put into it.
    fn said(&self, words: Words) -> Saying;
}

/// The text of each variant, which names all fields of it: a new variant or field does not compile until it has words.
/// `@` is a variant that holds refusals which have texts themselves; `as Bytes` is an amount of bytes.
macro_rules! texts {
    ($type:ident { $(@ $outer:ident;)* $(
        $variant:ident $({ $($field:ident $(as $how:ident)?),+ })?: $id:literal;
    )+ }) => {
        impl Said for $type {
            fn said(&self, words: Words) -> Saying {
                match self {
                    $($type::$outer(inner) => inner.said(words),)*
                    $($type::$variant $({ $($field),+ })? => {
                        let saying = words.say($id);
                        $($(let saying = saying.with(stringify!($field), $($how)?($field).told(words));)+)?
                        saying
                    })+
                }
            }
        }

        #[cfg(test)]
        impl tests::Listed for $type {
            const IDS: &[&str] = &[$($id),+];
        }
    };
}

texts!(Rejection {
    @ Account;
    @ EncryptionKey;
    @ Deadline;
    InvalidField { field, refusal }: "rejection-invalid-field";
    ImageNotFound { image, region }: "rejection-image-not-found";
    SnapshotNotFound { snapshot, region }: "rejection-snapshot-not-found";
    CopyNotFound { copy, region }: "rejection-copy-not-found";
    InstanceNotFound { instance, region }: "rejection-instance-not-found";
    RegionUnknown { region }: "rejection-region-unknown";
    SameRegion { region }: "rejection-same-region";
    TooManyTargets { limit }: "rejection-too-many-targets";
    TooManyDisks { limit }: "rejection-too-many-disks";
    TooManyTags { limit }: "rejection-too-many-tags";
    ImageNotAvailable { image, status }: "rejection-image-not-available";
    ImageDegraded { image, chunks }: "rejection-image-degraded";
    ImageBeingMade { image }: "rejection-image-being-made";
    ImageHeld { image, by, target }: "rejection-image-held";
    ImageInUse { image, instances }: "rejection-image-in-use";
    SnapshotInUse { snapshot, image }: "rejection-snapshot-in-use";
    AlreadyCopying { image, target, by }: "rejection-already-copying";
    QuotaExceeded { kind, region, limit, used, reserved, wanted }: "rejection-quota-exceeded";
    TokenReused: "rejection-token-reused";
    NotBeingCopied { image }: "rejection-not-being-copied";
    CopyFinished { image }: "rejection-copy-finished";
    NothingToRetry { copy }: "rejection-nothing-to-retry";
    ImportEnded { image }: "rejection-import-ended";
    TicketNotFound { ticket, region }: "rejection-ticket-not-found";
    EncryptionKeyNotFound { key, region }: "rejection-encryption-key-not-found";
    NotAllowed { role, act }: "rejection-not-allowed";
    PublicNotCopied { image }: "rejection-public-not-copied";
    MarketplaceNotCopied { image }: "rejection-marketplace-not-copied";
    SharedNotCopied { image }: "rejection-shared-not-copied";
    LocalNotCopied { image }: "rejection-local-not-copied";
    NothingToConvert { image }: "rejection-nothing-to-convert";
    ImageBeingConverted { image, into }: "rejection-image-being-converted";
    ImageNotYours { image, kind }: "rejection-image-not-yours";
    ImagePublished { image, kind }: "rejection-image-published";
    ImageIsShared { image, accounts }: "rejection-image-is-shared";
    EncryptedNotShared { image }: "rejection-encrypted-not-shared";
    SharedWithSelf { image }: "rejection-shared-with-self";
    TooManyShares { limit }: "rejection-too-many-shares";
    NameTaken { name, region }: "rejection-name-taken";
    ImageTooLarge { image, size_bytes as Bytes, limit_bytes as Bytes }: "rejection-image-too-large";
    TooManyImages { limit }: "rejection-too-many-images";
    TicketNeeded { image, target, need }: "rejection-ticket-needed";
    TicketUndecided { ticket }: "rejection-ticket-undecided";
    TicketRefused { ticket }: "rejection-ticket-refused";
    TicketExpired { ticket, until }: "rejection-ticket-expired";
    TicketSpent { ticket, by }: "rejection-ticket-spent";
    TicketDecided { ticket, state }: "rejection-ticket-decided";
    NotToPlain { image }: "rejection-not-to-plain";
    KeyUnusable { key, state }: "rejection-key-unusable";
    LinkNotPrivate { region }: "rejection-link-not-private";
    BucketNotFound { bucket, region }: "rejection-bucket-not-found";
    ObjectNotFound { bucket, object, region }: "rejection-object-not-found";
    ObjectRefused { bucket, object, problem }: "rejection-object-refused";
    DiskTooSmall { object, declared_bytes as Bytes, needed_bytes as Bytes }: "rejection-disk-too-small";
    FormatNotWritten { format }: "rejection-format-not-written";
    TaskNotFound { task, region }: "rejection-task-not-found";
    TaskEnded { task, state }: "rejection-task-ended";
    ImageBeingExported { image, by }: "rejection-image-being-exported";
    SnapshotNotWhole { snapshot, standing }: "rejection-snapshot-not-whole";
    SnapshotDegraded { snapshot, chunks }: "rejection-snapshot-degraded";
    SnapshotHeld { snapshot, by, target }: "rejection-snapshot-held";
    SnapshotNotResized { snapshot, size_bytes as Bytes, wanted_bytes as Bytes }: "rejection-snapshot-not-resized";
    SnapshotsSealedApart { first, second }: "rejection-snapshots-sealed-apart";
    SnapshotTooLarge { snapshot, size_bytes as Bytes, limit_bytes as Bytes }: "rejection-snapshot-too-large";
    SnapshotNeedsTicket { snapshot, target, need }: "rejection-snapshot-needs-ticket";
    SnapshotNotToPlain { snapshot }: "rejection-snapshot-not-to-plain";
    ImageDeprecated { image }: "rejection-image-deprecated";
    FamilyEmpty { family, region }: "rejection-family-empty";
});

texts!(AccountRejection {
    AccountNotFound { account }: "rejection-account-not-found";
    UserNotFound { user }: "rejection-user-not-found";
    KeyNotFound { key }: "rejection-access-key-not-found";
    TooManyKeys { limit }: "rejection-too-many-keys";
    LastKey { key }: "rejection-last-key";
    NameInUse { name }: "rejection-name-in-use";
    LastAdmin { user }: "rejection-last-admin";
});

texts!(DeadlineRejection {
    DeadlineTooSoon { region, bytes as Bytes, room_bytes as Bytes, earliest }: "rejection-deadline-too-soon";
    DeadlineNotPromised { region, why }: "rejection-deadline-not-promised";
});

texts!(EncryptionKeyRejection {
    KeyInUse { key, images, snapshots }: "rejection-key-in-use";
    KeyIsDefault { key }: "rejection-key-is-default";
    KeysElsewhere { region, ring }: "rejection-keys-elsewhere";
});

texts!(FieldRefusal {
    Length { length, min, max }: "rejection-refusal-length";
    Character { character }: "rejection-refusal-character";
    FirstNotLetter: "rejection-refusal-first-not-letter";
    StartsWithUrl: "rejection-refusal-starts-with-url";
    Twice: "rejection-refusal-twice";
    Empty: "rejection-refusal-empty";
    NotSectors { bytes as Bytes }: "rejection-refusal-not-sectors";
    TooLarge { value, limit }: "rejection-refusal-too-large";
    OutOfRange { value, min, max }: "rejection-refusal-out-of-range";
    TooSoon { earliest }: "rejection-refusal-too-soon";
    Incomplete { missing }: "rejection-refusal-incomplete";
    NoFolder: "rejection-refusal-no-folder";
    NoSuchFile: "rejection-refusal-no-such-file";
    NotAnImage { problem }: "rejection-refusal-not-an-image";
    NotATree: "rejection-refusal-not-a-tree";
});

#[cfg(test)]
mod tests;
