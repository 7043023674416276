//! What the values of forms are called, as their labels have it.

use model::Field;

use crate::words::{Saying, Words};

/// What a field is called.
pub(crate) fn label(field: Field, words: Words) -> Saying {
    words.say(match field {
        Field::Name => "rejection-field-name",
        Field::Description => "rejection-field-description",
        Field::Platform => "rejection-field-platform",
        Field::Token => "rejection-field-token",
        Field::TagKey => "rejection-field-tag-key",
        Field::TagValue => "rejection-field-tag-value",
        Field::Size => "rejection-field-size",
        Field::Targets => "rejection-field-targets",
        Field::Disks => "rejection-field-disks",
        Field::Digest => "rejection-field-digest",
        Field::Why => "rejection-field-why",
        Field::Until => "rejection-field-until",
        Field::From => "rejection-field-from",
        Field::Price => "rejection-field-price",
        Field::Days => "rejection-field-days",
        Field::File => "rejection-field-file",
        Field::Images => "rejection-field-images",
        Field::Account => "rejection-field-account",
        Field::User => "rejection-field-user",
        Field::Snapshots => "rejection-field-snapshots",
        Field::Bucket => "rejection-field-bucket",
        Field::Object => "rejection-field-object",
        Field::Prefix => "rejection-field-prefix",
        Field::Format => "rejection-field-format",
        Field::Family => "rejection-field-family",
        Field::Particulars => "rejection-field-particulars",
        Field::Count => "rejection-field-count",
        Field::LimitBytesPerSec => "rejection-field-limit",
        Field::Schedule => "rejection-field-schedule",
        Field::Deadline => "rejection-field-deadline",
        Field::CopiesAtOnce => "rejection-field-copies-at-once",
    })
}
