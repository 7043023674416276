//! The values of refusals: ids as they are, amounts in their units, and how things stand in words that fit into a sentence.

use fluent_bundle::FluentValue;
use model::{
    AccessKeyId, AccountId, Act, BucketName, CopyId, DiskFormat, EncryptionKeyId, Family, Field,
    FieldRefusal, FileProblem, ImageId, ImageKind, ImageStatus, InstanceId, KeyRingKind, KeyState,
    Name, NoPromise, ObjectName, QuotaKind, RegionId, Role, SnapshotId, SnapshotStanding, TaskId,
    TaskState, TicketId, TicketNeed, TicketState, Timestamp, UserId,
};

use super::{Said, fields};
use crate::look::When;
use crate::words::{Saying, Words};

/// Above it a number of a text would be rounded (IEEE 754 double): 2⁵³.
const EXACT: u64 = 1 << 53;

/// A value of a refusal, for a text.
pub(super) trait Told {
    fn told(&self, words: Words) -> FluentValue<'static>;
}

/// What is told as it is written.
macro_rules! as_written {
    ($($type:ty),+ $(,)?) => {
        $(impl Told for $type {
            fn told(&self, _words: Words) -> FluentValue<'static> {
                self.to_string().into()
            }
        })+
    };
}
as_written!(
    AccessKeyId,
    AccountId,
    BucketName,
    CopyId,
    DiskFormat,
    EncryptionKeyId,
    Family,
    ImageId,
    InstanceId,
    Name,
    ObjectName,
    RegionId,
    SnapshotId,
    TaskId,
    TicketId,
    UserId,
);

/// How something stands, in words.
macro_rules! in_words {
    ($($(#[$doc:meta])* $visible:vis $name:ident($type:ty) { $($variant:ident: $id:literal;)+ })+) => {
        $(
            $(#[$doc])*
            $visible fn $name(value: $type, words: Words) -> Saying {
                words.say(match value { $(<$type>::$variant => $id),+ })
            }

            impl Told for $type {
                fn told(&self, words: Words) -> FluentValue<'static> {
                    $name(*self, words).to_string().into()
                }
            }
        )+
    };
}
in_words!(
    /// What a role is called.
    pub(crate) role(Role) {
        Reader: "rejection-role-reader";
        Owner: "rejection-role-owner";
        Operator: "rejection-role-operator";
        Admin: "rejection-role-admin";
    }
    /// What somebody is not allowed to do.
    act(Act) {
        Read: "rejection-act-read";
        Change: "rejection-act-change";
        Operate: "rejection-act-operate";
        Administer: "rejection-act-administer";
    }
    image_status(ImageStatus) {
        Creating: "rejection-status-image-creating";
        Available: "rejection-status-image-available";
        CreateFailed: "rejection-status-image-failed";
    }
    image_kind(ImageKind) {
        Custom: "rejection-kind-custom";
        Shared: "rejection-kind-shared";
        Public: "rejection-kind-public";
        Marketplace: "rejection-kind-marketplace";
    }
    snapshot_standing(SnapshotStanding) {
        Copying: "rejection-status-snapshot-copying";
        Whole: "rejection-status-snapshot-whole";
        Failed: "rejection-status-snapshot-failed";
    }
    task_state(TaskState) {
        Waiting: "rejection-status-task-waiting";
        Running: "rejection-status-task-running";
        Done: "rejection-status-task-done";
        Failed: "rejection-status-task-failed";
        Cancelled: "rejection-status-task-cancelled";
    }
    ticket_state(TicketState) {
        Open: "rejection-status-ticket-open";
        Approved: "rejection-status-ticket-approved";
        Refused: "rejection-status-ticket-refused";
    }
    key_state(KeyState) {
        Enabled: "rejection-status-key-enabled";
        Disabled: "rejection-status-key-disabled";
        PendingDeletion: "rejection-status-key-pending-deletion";
        Deleted: "rejection-status-key-deleted";
    }
    no_promise(NoPromise) {
        Paused: "rejection-no-promise-paused";
        SpeedUnknown: "rejection-no-promise-speed-unknown";
    }
    key_ring(KeyRingKind) {
        Embedded: "rejection-key-ring-embedded";
        AwsKms: "rejection-key-ring-aws-kms";
    }
    quota_kind(QuotaKind) {
        Image: "rejection-quota-image";
        Snapshot: "rejection-quota-snapshot";
    }
    /// Why a file or an object cannot be used.
    pub(crate) file_problem(FileProblem) {
        Unreadable: "rejection-file-unreadable";
        Malformed: "rejection-file-malformed";
        Unsupported: "rejection-file-unsupported";
        Ambiguous: "rejection-file-ambiguous";
        Mismatch: "rejection-file-mismatch";
        Size: "rejection-file-size";
        TooLarge: "rejection-file-too-large";
        Changed: "rejection-file-changed";
        BackingFile: "rejection-file-backing-file";
        ExternalData: "rejection-file-external-data";
        ExtentPath: "rejection-file-extent-path";
        Parent: "rejection-file-parent";
    }
);

impl Told for u64 {
    fn told(&self, _words: Words) -> FluentValue<'static> {
        if *self <= EXACT { (*self).into() } else { self.to_string().into() }
    }
}

impl Told for usize {
    fn told(&self, words: Words) -> FluentValue<'static> {
        (*self as u64).told(words)
    }
}

impl Told for Timestamp {
    fn told(&self, _words: Words) -> FluentValue<'static> {
        When(*self).human().into()
    }
}

impl Told for char {
    /// One that can be seen, with its number; of others the number alone, because they would turn or hide what is around them.
    fn told(&self, _words: Words) -> FluentValue<'static> {
        let number = format!("U+{:04X}", u32::from(*self));
        let is_seen = !self.is_control() && !self.escape_debug().to_string().starts_with("\\u");
        if is_seen && !self.is_whitespace() {
            format!("{self} ({number})").into()
        } else {
            number.into()
        }
    }
}

/// An amount of bytes, exactly: two amounts that differ never look alike.
pub(super) struct Bytes<'a>(pub(super) &'a u64);

impl Told for Bytes<'_> {
    fn told(&self, _words: Words) -> FluentValue<'static> {
        exactly(*self.0).into()
    }
}

/// In the largest unit of which it is a whole number.
fn exactly(bytes: u64) -> String {
    let units = ["TiB", "GiB", "MiB", "KiB"];
    let sizes = [40, 30, 20, 10].map(|power| 1_u64 << power);
    let whole = units.iter().zip(sizes).find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size));
    match whole {
        Some((unit, size)) => format!("{} {unit}", bytes / size),
        None => format!("{bytes} B"),
    }
}

impl Told for Field {
    fn told(&self, words: Words) -> FluentValue<'static> {
        fields::label(*self, words).to_string().into()
    }
}

impl Told for FieldRefusal {
    fn told(&self, words: Words) -> FluentValue<'static> {
        self.said(words).to_string().into()
    }
}

/// Why a copy needs an approval: a part of a sentence.
pub(crate) fn need(need: &TicketNeed, words: Words) -> Saying {
    match need {
        TicketNeed::Size { size_bytes, limit_bytes } => words
            .say("rejection-need-size")
            .with("size", exactly(*size_bytes))
            .with("limit", exactly(*limit_bytes)),
        TicketNeed::Border { from, to } => {
            words.say("rejection-need-border").showing("from", from).showing("to", to)
        }
    }
}

impl Told for TicketNeed {
    fn told(&self, words: Words) -> FluentValue<'static> {
        need(self, words).to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn text(value: impl Told) -> String {
        match value.told(Words(Language::English)) {
            FluentValue::String(text) => text.into_owned(),
            FluentValue::Number(number) => number.as_string().into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn amounts_that_differ_never_look_alike() {
        let table = [
            (0, "0 B"),
            (511, "511 B"),
            (60 << 30, "60 GiB"),
            ((60 << 30) + 512, "64424509952 B"),
            (1_536 << 30, "1536 GiB"),
            (u64::MAX, "18446744073709551615 B"),
        ];
        for (bytes, told) in table {
            assert_eq!(text(Bytes(&bytes)), told);
        }
        assert_eq!(text(u64::MAX), "18446744073709551615");
        assert_eq!(text(10_u64), "10");
    }

    #[test]
    fn a_character_that_nobody_sees_is_told_by_its_number() {
        let table = [
            ('<', "< (U+003C)"),
            ('镜', "镜 (U+955C)"),
            ('\\', "\\ (U+005C)"),
            ('\u{202e}', "U+202E"),
            ('\u{200b}', "U+200B"),
            ('\n', "U+000A"),
            (' ', "U+0020"),
            ('\u{3000}', "U+3000"),
        ];
        for (character, told) in table {
            assert_eq!(text(character), told);
        }
    }
}
