//! Which rejections are of one kind: each cloud's door answers each kind in a file of its own.

use model::{AccountRejection, Rejection};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $($variant:ident),+;)+) => {
        /// The kinds of rejections.
        #[derive(Copy, Clone, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $($(#[$doc])* $kind,)+
        }

        /// Which kind a rejection is of. All of them are listed, so that a new one is not forgotten.
        pub(crate) fn kind_of(rejection: &Rejection) -> Kind {
            match rejection {
                Rejection::Account(AccountRejection::AccountNotFound { .. }) => Kind::Absent,
                // No cloud's door manages users nor keys of any kind.
                Rejection::Account(
                    AccountRejection::UserNotFound { .. }
                    | AccountRejection::KeyNotFound { .. }
                    | AccountRejection::TooManyKeys { .. }
                    | AccountRejection::LastKey { .. }
                    | AccountRejection::NameInUse { .. }
                    | AccountRejection::LastAdmin { .. },
                )
                | Rejection::EncryptionKey(_)
                | Rejection::Deadline(_) => Kind::Beyond,
                $($(Rejection::$variant { .. })|+ => Kind::$kind,)+
            }
        }
    };
}

kinds! {
    /// A value that breaks a rule of its kind.
    Field: InvalidField;
    /// What was named is not there.
    Absent: ImageNotFound, CopyNotFound, InstanceNotFound, EncryptionKeyNotFound, FamilyEmpty, RegionUnknown;
    /// An image does not stand as the operation needs it.
    State: ImageNotAvailable, ImageDegraded, ImageDeprecated, ImageBeingMade, ImageHeld, AlreadyCopying, ImageInUse,
        ImageBeingConverted, ImageBeingExported, NotBeingCopied, CopyFinished;
    /// An image is other accounts' business too.
    Sharing: PublicNotCopied, MarketplaceNotCopied, SharedNotCopied, ImageNotYours, ImagePublished, ImageIsShared,
        EncryptedNotShared, SharedWithSelf, TooManyShares;
    /// Snapshots, and images that would rest on them.
    Snapshot: SnapshotNotFound, SnapshotInUse, SnapshotNotWhole, SnapshotDegraded, SnapshotHeld, SnapshotNotResized,
        SnapshotsSealedApart, SnapshotNotToPlain;
    /// Tasks, buckets and objects.
    Task: BucketNotFound, ObjectNotFound, ObjectRefused, DiskTooSmall, FormatNotWritten, TaskNotFound, TaskEnded;
    /// Not allowed, or not so.
    Denied: NotAllowed, SameRegion, LocalNotCopied, NotToPlain, KeyUnusable, LinkNotPrivate, TokenReused, NameTaken;
    /// Too large, too many, or not approved.
    Limit: TicketNeeded, TicketUndecided, TicketRefused, TicketExpired, TicketSpent, ImageTooLarge, SnapshotNeedsTicket,
        SnapshotTooLarge, QuotaExceeded, TooManyTags, TooManyDisks, TooManyTargets, TooManyImages;
    /// Of operations that this door does not have.
    Beyond: NothingToRetry, ImportEnded, TicketNotFound,
        NothingToConvert, TicketDecided;
}
