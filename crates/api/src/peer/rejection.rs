//! Rejections on their way between regions: every variant, typed, both ways.

use model::{
    AccountRejection, DeadlineRejection, EncryptionKeyRejection, Family, FieldRefusal, Name,
    Rejection, TicketNeed, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::wire::{Malformed, read};

/// Makes the wire's rejections, and both ways between them and the model's, from one table: the fields of each variant and how
/// each is carried. A variant that is missing here does not compile.
macro_rules! carried {
    ($(@ $outer:ident($inner:ident) {$($nested:ident { $($part:ident: $way:ident),* }),+ $(,)?})+
        $($variant:ident { $($field:ident: $how:ident),* }),+ $(,)?) => {
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(tag = "code", rename_all = "snake_case")]
        pub(super) enum WireRejection {
            $($($nested { $($part: <$way as Carries>::Wire),* },)+)+
            $($variant { $($field: <$how as Carries>::Wire),* }),+
        }

        impl From<&Rejection> for WireRejection {
            fn from(rejection: &Rejection) -> Self {
                match rejection {
                    $($(Rejection::$outer($inner::$nested { $($part),* }) => WireRejection::$nested {
                        $($part: $way::render($part)),*
                    },)+)+
                    $(Rejection::$variant { $($field),* } => WireRejection::$variant {
                        $($field: $how::render($field)),*
                    }),+
                }
            }
        }

        impl WireRejection {
            pub(super) fn parse(self) -> Result<Rejection, Malformed> {
                Ok(match self {
                    $($(WireRejection::$nested { $($part),* } => Rejection::$outer($inner::$nested {
                        $($part: $way::parse(stringify!($part), $part)?),*
                    }),)+)+
                    $(WireRejection::$variant { $($field),* } => Rejection::$variant {
                        $($field: $how::parse(stringify!($field), $field)?),*
                    }),+
                })
            }
        }
    };
}

carried! {
    @ Account(AccountRejection) {
        AccountNotFound { account: Text },
        UserNotFound { user: Text },
        KeyNotFound { key: Text },
        TooManyKeys { limit: Size },
        LastKey { key: Text },
        NameInUse { name: NameText },
        LastAdmin { user: Text },
    }
    @ Deadline(DeadlineRejection) {
        DeadlineTooSoon { region: Text, bytes: Number, room_bytes: Number, earliest: Instant },
        DeadlineNotPromised { region: Text, why: Text },
    }
    @ EncryptionKey(EncryptionKeyRejection) {
        KeyInUse { key: Text, images: Number, snapshots: Number },
        KeyIsDefault { key: Text },
        KeysElsewhere { region: Text, ring: Text },
    }
    InvalidField { field: Text, refusal: Refusal },
    ImageNotFound { image: Text, region: Text },
    SnapshotNotFound { snapshot: Text, region: Text },
    CopyNotFound { copy: Text, region: Text },
    InstanceNotFound { instance: Text, region: Text },
    RegionUnknown { region: Text },
    SameRegion { region: Text },
    TooManyTargets { limit: Size },
    TooManyDisks { limit: Size },
    TooManyTags { limit: Size },
    ImageNotAvailable { image: Text, status: Text },
    ImageDegraded { image: Text, chunks: Number },
    ImageBeingMade { image: Text },
    ImageHeld { image: Text, by: Text, target: Text },
    ImageInUse { image: Text, instances: Number },
    SnapshotInUse { snapshot: Text, image: Text },
    AlreadyCopying { image: Text, target: Text, by: Text },
    QuotaExceeded { kind: Text, region: Text, limit: Number, used: Number, reserved: Number, wanted: Number },
    TokenReused {},
    NotBeingCopied { image: Text },
    CopyFinished { image: Text },
    NothingToRetry { copy: Text },
    ImportEnded { image: Text },
    TicketNotFound { ticket: Text, region: Text },
    EncryptionKeyNotFound { key: Text, region: Text },
    NotAllowed { role: Text, act: Text },
    PublicNotCopied { image: Text },
    MarketplaceNotCopied { image: Text },
    SharedNotCopied { image: Text },
    LocalNotCopied { image: Text },
    NothingToConvert { image: Text },
    ImageBeingConverted { image: Text, into: Text },
    ImageNotYours { image: Text, kind: Text },
    ImagePublished { image: Text, kind: Text },
    ImageIsShared { image: Text, accounts: Number },
    EncryptedNotShared { image: Text },
    SharedWithSelf { image: Text },
    TooManyShares { limit: Size },
    NameTaken { name: NameText, region: Text },
    ImageTooLarge { image: Text, size_bytes: Number, limit_bytes: Number },
    TooManyImages { limit: Size },
    TicketNeeded { image: Text, target: Text, need: Need },
    TicketUndecided { ticket: Text },
    TicketRefused { ticket: Text },
    TicketExpired { ticket: Text, until: Instant },
    TicketSpent { ticket: Text, by: Text },
    TicketDecided { ticket: Text, state: Text },
    NotToPlain { image: Text },
    KeyUnusable { key: Text, state: Text },
    LinkNotPrivate { region: Text },
    BucketNotFound { bucket: Text, region: Text },
    ObjectNotFound { bucket: Text, object: Text, region: Text },
    ObjectRefused { bucket: Text, object: Text, problem: Text },
    DiskTooSmall { object: Text, declared_bytes: Number, needed_bytes: Number },
    FormatNotWritten { format: Text },
    TaskNotFound { task: Text, region: Text },
    TaskEnded { task: Text, state: Text },
    ImageBeingExported { image: Text, by: Text },
    SnapshotNotWhole { snapshot: Text, standing: Text },
    SnapshotDegraded { snapshot: Text, chunks: Number },
    SnapshotHeld { snapshot: Text, by: Text, target: Text },
    SnapshotNotResized { snapshot: Text, size_bytes: Number, wanted_bytes: Number },
    SnapshotsSealedApart { first: Text, second: Text },
    SnapshotTooLarge { snapshot: Text, size_bytes: Number, limit_bytes: Number },
    SnapshotNeedsTicket { snapshot: Text, target: Text, need: Need },
    SnapshotNotToPlain { snapshot: Text },
    ImageDeprecated { image: Text },
    FamilyEmpty { family: FamilyText, region: Text },
}

/// How a field is carried.
pub(super) trait Carries {
    /// Its form on the wire.
    type Wire;
}

/// By its text, which its own type parses.
pub(super) struct Text;

impl Carries for Text {
    type Wire = String;
}

impl Text {
    fn render(value: &impl ToString) -> String {
        value.to_string()
    }

    fn parse<T: std::str::FromStr<Err: ToString>>(
        name: &'static str,
        text: String,
    ) -> Result<T, Malformed> {
        read(name, &text)
    }
}

/// A name, checked as one.
pub(super) struct NameText;

impl Carries for NameText {
    type Wire = String;
}

impl NameText {
    fn render(name: &Name) -> String {
        name.to_string()
    }

    fn parse(field: &'static str, text: String) -> Result<Name, Malformed> {
        Name::new(&text).map_err(|rejection| Malformed::new(field, rejection))
    }
}

/// A family, checked as one.
pub(super) struct FamilyText;

impl Carries for FamilyText {
    type Wire = String;
}

impl FamilyText {
    fn render(family: &Family) -> String {
        family.to_string()
    }

    fn parse(field: &'static str, text: String) -> Result<Family, Malformed> {
        Family::new(&text).map_err(|rejection| Malformed::new(field, rejection))
    }
}

/// A number as it is.
pub(super) struct Number;

impl Carries for Number {
    type Wire = u64;
}

impl Number {
    fn render(number: &u64) -> u64 {
        *number
    }

    fn parse(_: &'static str, number: u64) -> Result<u64, Malformed> {
        Ok(number)
    }
}

/// A count of things in memory.
pub(super) struct Size;

impl Carries for Size {
    type Wire = u64;
}

impl Size {
    fn render(number: &usize) -> u64 {
        *number as u64
    }

    fn parse(name: &'static str, number: u64) -> Result<usize, Malformed> {
        size(name, number)
    }
}

/// Milliseconds since 1970.
pub(super) struct Instant;

impl Carries for Instant {
    type Wire = i64;
}

impl Instant {
    fn render(instant: &Timestamp) -> i64 {
        instant.0
    }

    fn parse(_: &'static str, milliseconds: i64) -> Result<Timestamp, Malformed> {
        Ok(Timestamp(milliseconds))
    }
}

/// What is wrong with a field.
pub(super) struct Refusal;

impl Carries for Refusal {
    type Wire = WireRefusal;
}

impl Refusal {
    fn render(refusal: &FieldRefusal) -> WireRefusal {
        refusal.into()
    }

    fn parse(_: &'static str, refusal: WireRefusal) -> Result<FieldRefusal, Malformed> {
        refusal.parse()
    }
}

/// Why a copy needs an approval.
pub(super) struct Need;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum WireNeed {
    Size { size_bytes: u64, limit_bytes: u64 },
    Border { from: String, to: String },
}

impl Carries for Need {
    type Wire = WireNeed;
}

impl Need {
    fn render(need: &TicketNeed) -> WireNeed {
        match need {
            TicketNeed::Size { size_bytes, limit_bytes } => {
                WireNeed::Size { size_bytes: *size_bytes, limit_bytes: *limit_bytes }
            }
            TicketNeed::Border { from, to } => {
                WireNeed::Border { from: from.to_string(), to: to.to_string() }
            }
        }
    }

    fn parse(_: &'static str, need: WireNeed) -> Result<TicketNeed, Malformed> {
        Ok(match need {
            WireNeed::Size { size_bytes, limit_bytes } => {
                TicketNeed::Size { size_bytes, limit_bytes }
            }
            WireNeed::Border { from, to } => {
                TicketNeed::Border { from: read("from", &from)?, to: read("to", &to)? }
            }
        })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum WireRefusal {
    Length { length: u64, min: u64, max: u64 },
    Character { character: char },
    FirstNotLetter,
    StartsWithUrl,
    Twice,
    Empty,
    NotSectors { bytes: u64 },
    TooLarge { value: u64, limit: u64 },
    OutOfRange { value: u64, min: u64, max: u64 },
    TooSoon { earliest: i64 },
    Incomplete { missing: u64 },
    NotATree,
    NoFolder,
    NoSuchFile,
    NotAnImage { problem: String },
}

impl From<&FieldRefusal> for WireRefusal {
    fn from(refusal: &FieldRefusal) -> Self {
        use {FieldRefusal as F, WireRefusal as W};
        match *refusal {
            F::Length { length, min, max } => {
                W::Length { length: length as u64, min: min as u64, max: max as u64 }
            }
            F::Character { character } => W::Character { character },
            F::FirstNotLetter => W::FirstNotLetter,
            F::StartsWithUrl => W::StartsWithUrl,
            F::Twice => W::Twice,
            F::Empty => W::Empty,
            F::NotSectors { bytes } => W::NotSectors { bytes },
            F::TooLarge { value, limit } => W::TooLarge { value, limit },
            F::OutOfRange { value, min, max } => W::OutOfRange { value, min, max },
            F::TooSoon { earliest } => W::TooSoon { earliest: earliest.0 },
            F::Incomplete { missing } => W::Incomplete { missing },
            F::NotATree => W::NotATree,
            F::NoFolder => W::NoFolder,
            F::NoSuchFile => W::NoSuchFile,
            F::NotAnImage { problem } => W::NotAnImage { problem: problem.to_string() },
        }
    }
}

fn size(name: &'static str, number: u64) -> Result<usize, Malformed> {
    usize::try_from(number).map_err(|error| Malformed::new(name, error))
}

impl WireRefusal {
    fn parse(self) -> Result<FieldRefusal, Malformed> {
        use {FieldRefusal as F, WireRefusal as W};
        Ok(match self {
            W::Length { length, min, max } => F::Length {
                length: size("length", length)?,
                min: size("min", min)?,
                max: size("max", max)?,
            },
            W::Character { character } => F::Character { character },
            W::FirstNotLetter => F::FirstNotLetter,
            W::StartsWithUrl => F::StartsWithUrl,
            W::Twice => F::Twice,
            W::Empty => F::Empty,
            W::NotSectors { bytes } => F::NotSectors { bytes },
            W::TooLarge { value, limit } => F::TooLarge { value, limit },
            W::OutOfRange { value, min, max } => F::OutOfRange { value, min, max },
            W::TooSoon { earliest } => F::TooSoon { earliest: Timestamp(earliest) },
            W::Incomplete { missing } => F::Incomplete { missing },
            W::NotATree => F::NotATree,
            W::NoFolder => F::NoFolder,
            W::NoSuchFile => F::NoSuchFile,
            W::NotAnImage { problem } => F::NotAnImage { problem: read("problem", &problem)? },
        })
    }
}

#[cfg(test)]
#[path = "rejection_tests.rs"]
pub(crate) mod tests;
