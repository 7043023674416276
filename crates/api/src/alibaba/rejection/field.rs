//! Refusals of values that break a rule of their kind.

use std::fmt::Display;

use model::{Field, FieldRefusal, Rejection};

use super::{Context, beyond};
use crate::alibaba::error::ApiError;
use crate::cloud::sentence;

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    match rejection {
        Rejection::InvalidField { field: Field::TagKey, refusal: FieldRefusal::Twice } => {
            ApiError::bad("Duplicate.TagKey", "The Tag.N.Key contain duplicate key.")
        }
        Rejection::InvalidField { field, refusal } => malformed(*field, refusal, context),
        other => beyond(other),
    }
}

/// The answer to a value that has not the form it must have, with what is wrong with it.
pub(in crate::alibaba) fn malformed(
    field: Field,
    wrong: impl Display,
    context: Context,
) -> ApiError {
    let said = |code: &'static str, words: &str| {
        ApiError::bad(code, format!("{words} {}", sentence(&wrong)))
    };
    match field {
        Field::Name => of_name(context, said),
        Field::Description => {
            said("InvalidDescription.Malformed", "The specified description is wrongly formed.")
        }
        Field::Family => said(
            "InvalidImageFamily.Malformed",
            "The specified parameter \"ImageFamily\" is malformed.",
        ),
        Field::TagKey => said("InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."),
        Field::TagValue => {
            said("InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.")
        }
        Field::Token => said(
            "InvalidParameter.ClientToken",
            "The specified parameter ClientToken is not valid.",
        ),
        Field::Bucket => {
            said("InvalidOSSBucket.Malformed", "The specified OSSBucket is wrongly formed.")
        }
        Field::Object => {
            said("InvalidOSSObject.Malformed", "The specified OSSObject is wrongly formed.")
        }
        Field::Prefix => {
            said("InvalidOSSPrefix.Malformed", "The specified OSSPrefix format is wrongly formed.")
        }
        Field::Format => {
            said("InvalidImageFormat.Malformed", "The specified Image Format is wrongly formed.")
        }
        Field::Size => {
            said("InvalidDiskSize.NotSupported", "The specified size of a disk is not supported.")
        }
        Field::Disks => {
            said("InvalidDiskDeviceMapping", "The specified DiskDeviceMapping is not valid.")
        }
        Field::Account => ApiError::gone(
            "InvalidAccount.NotFound",
            format!("The specified account is not valid. {}", sentence(&wrong)),
        ),
        other @ (Field::Platform
        | Field::Targets
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
        | Field::Deadline) => {
            said("InvalidParameter", &format!("The specified parameter ({other}) is not valid."))
        }
    }
}

fn of_name(context: Context, said: impl Fn(&'static str, &str) -> ApiError) -> ApiError {
    match context {
        Context::Copy => said(
            "InvalidImageName.Malformed",
            "The specified destination image name is wrongly formed.",
        ),
        Context::Snapshot => {
            said("InvalidSnapshotName.Malformed", "The specified snapshot name is wrongly formed.")
        }
        Context::Instance => {
            said("InvalidInstanceName.Malformed", "The specified instance name is wrongly formed.")
        }
        Context::Describe
        | Context::Cancel
        | Context::Delete
        | Context::Modify
        | Context::Share
        | Context::Tag
        | Context::Import
        | Context::Export => {
            said("InvalidImageName.Malformed", "The specified Image name is wrongly formed.")
        }
    }
}
