//! Refusals of tasks, buckets and objects.

use model::Rejection;

use super::{Context, beyond, said};
use crate::tencent::error::ApiError;

/// What is wrong with the URL of an import.
const URL: &str = "InvalidParameter.InvalidParameterUrlError";

/// The answer to a rejection of this kind.
pub(super) fn of(rejection: &Rejection, context: Context) -> ApiError {
    use Rejection as R;
    match rejection {
        R::BucketNotFound { .. } => said(no_bucket(context), rejection),
        R::ObjectNotFound { .. } | R::ObjectRefused { .. } | R::DiskTooSmall { .. } => {
            said(URL, rejection)
        }
        R::FormatNotWritten { .. } => said("InvalidParameterValue", rejection),
        R::TaskNotFound { .. } => said("ResourceNotFound", rejection),
        R::TaskEnded { .. } => said("InvalidParameterValue.InvalidTaskState", rejection),
        other => beyond(other),
    }
}

fn no_bucket(context: Context) -> &'static str {
    match context {
        Context::Import => URL,
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
