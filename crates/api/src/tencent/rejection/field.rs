//! Refusals of values that break a rule of their kind.

use std::fmt::Display;

use model::{Field, FieldRefusal, Rejection};

use super::{Context, beyond};
use crate::cloud::sentence;
use crate::tencent::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection::InvalidField as Invalid;
    match rejection {
        Invalid { field: Field::TagKey, refusal: refusal @ FieldRefusal::Twice } => {
            answer("InvalidParameterValue.DuplicateTags", Field::TagKey, refusal)
        }
        Invalid {
            field: field @ (Field::Name | Field::Description),
            refusal: refusal @ FieldRefusal::Length { length, max, .. },
        } if length > max => too_long(*field, refusal, context),
        Invalid { field, refusal } => malformed(*field, refusal, context),
        other => beyond(other),
    }
}

/// The answer to a text that is longer than it may be.
pub(in crate::tencent) fn too_long(
    field: Field,
    wrong: impl Display,
    context: Context,
) -> ApiError {
    let code = match context {
        Context::Create => "InvalidParameter.ValueTooLarge",
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Import
        | Context::Export => "InvalidParameterValue.TooLarge",
    };
    answer(code, field, wrong)
}

/// The answer to a value that has not the form it must have, with what is wrong with it.
pub(in crate::tencent) fn malformed(
    field: Field,
    wrong: impl Display,
    context: Context,
) -> ApiError {
    let code = match field {
        Field::Family => "InvalidParameterValue.InvalidImageFamily",
        Field::TagKey => "FailedOperation.IllegalTagKey",
        Field::TagValue => "FailedOperation.IllegalTagValue",
        Field::Account => "InvalidAccountId.NotFound",
        Field::Prefix => "InvalidParameterValue.InvalidFileNamePrefixList",
        Field::Bucket | Field::Object => of_bucket(context),
        Field::Targets => "InvalidParameterValue.InvalidRegion",
        Field::Name
        | Field::Description
        | Field::Token
        | Field::Format
        | Field::Size
        | Field::Disks
        | Field::Platform
        | Field::Digest
        | Field::Why
        | Field::Until
        | Field::From
        | Field::Price
        | Field::Days
        | Field::File
        | Field::Images
        | Field::User
        | Field::Snapshots
        | Field::Particulars
        | Field::Count
        | Field::LimitBytesPerSec
        | Field::CopiesAtOnce
        | Field::Schedule
        | Field::Deadline => "InvalidParameterValue",
    };
    answer(code, field, wrong)
}

fn answer(code: &'static str, field: Field, wrong: impl Display) -> ApiError {
    ApiError::new(code, format!("The {field} is not valid. {}", sentence(wrong)))
}

/// Of a name of a bucket or an object that cannot be one.
fn of_bucket(context: Context) -> &'static str {
    match context {
        Context::Import => "InvalidParameter.InvalidParameterUrlError",
        Context::Describe
        | Context::Sync
        | Context::Cancel
        | Context::Delete
        | Context::Create
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Snapshot
        | Context::Export => "InvalidParameterValue.BucketNotFound",
    }
}
