//! Refusals of values that break a rule of their kind.

use model::{Field, FieldRefusal, Rejection};

use super::{Context, beyond};
use crate::jdcloud::error::ApiError;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    match rejection {
        Rejection::InvalidField { field: Field::Account, refusal: FieldRefusal::Empty } => {
            ApiError::argument("Parameter pins、loginNames missing")
        }
        Rejection::InvalidField { field, refusal } => {
            ApiError::invalid(parameter(*field, context), refusal)
        }
        other => beyond(other),
    }
}

/// What requests call the field.
fn parameter(field: Field, context: Context) -> &'static str {
    match field {
        Field::Name => name(context),
        Field::Description => "description",
        Field::Platform => "platform",
        Field::Token => "clientToken",
        Field::Size => size(context),
        Field::Disks => disks(context),
        Field::Account => "pins",
        Field::Images => "sourceImageIds",
        Field::Snapshots => "cloudDisks",
        Field::Targets => "destinationRegion",
        Field::Bucket | Field::Object => place(context),
        Field::Prefix => "ossPrefix",
        Field::Format => "diskFormat",
        other @ (Field::Family
        | Field::TagKey
        | Field::TagValue
        | Field::Digest
        | Field::Why
        | Field::Until
        | Field::From
        | Field::Price
        | Field::Days
        | Field::File
        | Field::User
        | Field::Particulars
        | Field::Count
        | Field::LimitBytesPerSec
        | Field::CopiesAtOnce
        | Field::Schedule
        | Field::Deadline) => other.as_str(),
    }
}

fn name(context: Context) -> &'static str {
    match context {
        Context::Import => "imageName",
        Context::Describe
        | Context::Copy
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Create
        | Context::Export
        | Context::Convert
        | Context::Snapshot => "name",
    }
}

fn size(context: Context) -> &'static str {
    match context {
        Context::Import => "systemDiskSizeGB",
        Context::Describe
        | Context::Copy
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Create
        | Context::Export
        | Context::Convert
        | Context::Snapshot => "diskSizeGB",
    }
}

fn disks(context: Context) -> &'static str {
    match context {
        Context::Create => "cloudDisks",
        Context::Describe
        | Context::Copy
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Import
        | Context::Export
        | Context::Convert
        | Context::Snapshot => "dataDisks",
    }
}

/// Where an object is.
fn place(context: Context) -> &'static str {
    match context {
        Context::Export => "ossUrl",
        Context::Describe
        | Context::Copy
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Create
        | Context::Import
        | Context::Convert
        | Context::Snapshot => "imageUrl",
    }
}
