//! Refusals as RFC 9457 problems: one place where each gets its status and its code.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{Rejection, Retry};
use region::{Refused, RegionFault};

use crate::native::wire::Problem;
use crate::refusal::{BadRequest, Refusal};

/// What a client waits before it tries again after a passing fault, in seconds: about the driver's third attempt.
const RETRY_AFTER_SECS: &str = "5";

/// The stable word of a rejection, and its status.
pub(crate) fn of_rejection(rejection: &Rejection) -> (&'static str, StatusCode) {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const ABSENT: StatusCode = StatusCode::NOT_FOUND;
    const STATE: StatusCode = StatusCode::CONFLICT;
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    match rejection {
        Rejection::InvalidField { .. } => ("invalid_field", BAD),
        Rejection::ImageNotFound { .. } => ("image_not_found", ABSENT),
        Rejection::SnapshotNotFound { .. } => ("snapshot_not_found", ABSENT),
        Rejection::CopyNotFound { .. } => ("copy_not_found", ABSENT),
        Rejection::InstanceNotFound { .. } => ("instance_not_found", ABSENT),
        Rejection::KeyNotFound { .. } => ("key_not_found", ABSENT),
        Rejection::TooManyKeys { .. } => ("too_many_keys", STATE),
        Rejection::LastKey { .. } => ("last_key", STATE),
        Rejection::RegionUnknown { .. } => ("region_unknown", ABSENT),
        Rejection::SameRegion { .. } => ("same_region", BAD),
        Rejection::TooManyTargets { .. } => ("too_many_targets", BAD),
        Rejection::TooManyDisks { .. } => ("too_many_disks", BAD),
        Rejection::TooManyTags { .. } => ("too_many_tags", BAD),
        Rejection::ImageNotAvailable { .. } => ("image_not_available", STATE),
        Rejection::ImageDegraded { .. } => ("image_degraded", STATE),
        Rejection::ImageBeingMade { .. } => ("image_being_made", STATE),
        Rejection::ImageHeld { .. } => ("image_held", STATE),
        Rejection::ImageInUse { .. } => ("image_in_use", STATE),
        Rejection::SnapshotInUse { .. } => ("snapshot_in_use", STATE),
        Rejection::AlreadyCopying { .. } => ("already_copying", STATE),
        Rejection::QuotaExceeded { .. } => ("quota_exceeded", STATE),
        Rejection::TokenReused => ("token_reused", STATE),
        Rejection::NotBeingCopied { .. } => ("not_being_copied", STATE),
        Rejection::CopyFinished { .. } => ("copy_finished", STATE),
        Rejection::NothingToRetry { .. } => ("nothing_to_retry", STATE),
        Rejection::ImportEnded { .. } => ("import_ended", STATE),
        Rejection::AccountNotFound { .. } => ("account_not_found", ABSENT),
        Rejection::UserNotFound { .. } => ("user_not_found", ABSENT),
        Rejection::TicketNotFound { .. } => ("ticket_not_found", ABSENT),
        Rejection::EncryptionKeyNotFound { .. } => ("encryption_key_not_found", ABSENT),
        Rejection::NotAllowed { .. } => ("not_allowed", FORBIDDEN),
        Rejection::NameInUse { .. } => ("name_in_use", STATE),
        Rejection::LastAdmin { .. } => ("last_admin", STATE),
        Rejection::PublicNotCopied { .. } => ("public_not_copied", FORBIDDEN),
        Rejection::MarketplaceNotCopied { .. } => ("marketplace_not_copied", FORBIDDEN),
        Rejection::SharedNotCopied { .. } => ("shared_not_copied", FORBIDDEN),
        Rejection::LocalNotCopied { .. } => ("local_not_copied", STATE),
        Rejection::NothingToConvert { .. } => ("nothing_to_convert", STATE),
        Rejection::ImageBeingConverted { .. } => ("image_being_converted", STATE),
        Rejection::ImageNotYours { .. } => ("image_not_yours", FORBIDDEN),
        Rejection::ImagePublished { .. } => ("image_published", STATE),
        Rejection::ImageIsShared { .. } => ("image_is_shared", STATE),
        Rejection::EncryptedNotShared { .. } => ("encrypted_not_shared", STATE),
        Rejection::SharedWithSelf { .. } => ("shared_with_self", BAD),
        Rejection::TooManyShares { .. } => ("too_many_shares", STATE),
        Rejection::NameTaken { .. } => ("name_taken", STATE),
        Rejection::ImageTooLarge { .. } => ("image_too_large", STATE),
        Rejection::TooManyImages { .. } => ("too_many_images", BAD),
        Rejection::TicketNeeded { .. } => ("ticket_needed", STATE),
        Rejection::TicketUndecided { .. } => ("ticket_undecided", STATE),
        Rejection::TicketRefused { .. } => ("ticket_refused", STATE),
        Rejection::TicketExpired { .. } => ("ticket_expired", STATE),
        Rejection::TicketSpent { .. } => ("ticket_spent", STATE),
        Rejection::TicketDecided { .. } => ("ticket_decided", STATE),
        Rejection::NotToPlain { .. } => ("not_to_plain", STATE),
        Rejection::KeyUnusable { .. } => ("key_unusable", STATE),
        Rejection::KeyInUse { .. } => ("key_in_use", STATE),
        Rejection::KeyIsDefault { .. } => ("key_is_default", STATE),
        Rejection::KeysElsewhere { .. } => ("keys_elsewhere", STATE),
        Rejection::LinkNotPrivate { .. } => ("link_not_private", STATE),
        Rejection::BucketNotFound { .. } => ("bucket_not_found", ABSENT),
        Rejection::ObjectNotFound { .. } => ("object_not_found", ABSENT),
        Rejection::ObjectRefused { .. } => ("object_refused", BAD),
        Rejection::DiskTooSmall { .. } => ("disk_too_small", BAD),
        Rejection::FormatNotWritten { .. } => ("format_not_written", BAD),
        Rejection::TaskNotFound { .. } => ("task_not_found", ABSENT),
        Rejection::TaskEnded { .. } => ("task_ended", STATE),
        Rejection::ImageBeingExported { .. } => ("image_being_exported", STATE),
        Rejection::SnapshotNotWhole { .. } => ("snapshot_not_whole", STATE),
        Rejection::SnapshotDegraded { .. } => ("snapshot_degraded", STATE),
        Rejection::SnapshotHeld { .. } => ("snapshot_held", STATE),
        Rejection::SnapshotNotResized { .. } => ("snapshot_not_resized", BAD),
        Rejection::SnapshotsSealedApart { .. } => ("snapshots_sealed_apart", STATE),
        Rejection::SnapshotTooLarge { .. } => ("snapshot_too_large", STATE),
        Rejection::SnapshotNeedsTicket { .. } => ("snapshot_needs_ticket", STATE),
        Rejection::ImageDeprecated { .. } => ("image_deprecated", STATE),
        Rejection::FamilyEmpty { .. } => ("family_empty", ABSENT),
        Rejection::SnapshotNotToPlain { .. } => ("snapshot_not_to_plain", STATE),
    }
}

/// The field of the request that a rejection is about, where it is about one.
fn field(rejection: &Rejection) -> Option<&'static str> {
    use Rejection as R;
    let of = |is: bool, field: &'static str| is.then_some(field);
    if let R::InvalidField { field, .. } = rejection {
        return Some(field.as_str());
    }
    of(matches!(rejection, R::SameRegion { .. } | R::TooManyTargets { .. }), "targets")
        .or(of(matches!(rejection, R::TooManyImages { .. }), "images"))
        .or(of(matches!(rejection, R::TooManyDisks { .. }), "disks"))
        .or(of(matches!(rejection, R::TooManyTags { .. }), "tags"))
}

fn of_bad_request(bad: &BadRequest) -> (&'static str, StatusCode) {
    match bad {
        BadRequest::UnknownPath => ("unknown_path", StatusCode::NOT_FOUND),
        BadRequest::UnknownMethod => ("unknown_method", StatusCode::METHOD_NOT_ALLOWED),
        BadRequest::UriTooLong { .. } => ("uri_too_long", StatusCode::URI_TOO_LONG),
        BadRequest::BodyTooLong { .. } => ("body_too_long", StatusCode::PAYLOAD_TOO_LARGE),
        BadRequest::BodyTooSlow => ("body_too_slow", StatusCode::REQUEST_TIMEOUT),
        BadRequest::BodyBroken => ("body_broken", StatusCode::BAD_REQUEST),
        BadRequest::MediaType { .. } => ("media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        BadRequest::Json { .. } => ("invalid_json", StatusCode::BAD_REQUEST),
        BadRequest::Query { .. } => ("invalid_query", StatusCode::BAD_REQUEST),
        BadRequest::Value { .. } => ("invalid_field", StatusCode::BAD_REQUEST),
        BadRequest::Cursor => ("invalid_cursor", StatusCode::BAD_REQUEST),
    }
}

fn of_fault(fault: &RegionFault) -> (&'static str, StatusCode) {
    match fault.retry() {
        Retry::Later => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
        Retry::Never => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn code_and_status(refusal: &Refusal) -> (&'static str, StatusCode) {
    match refusal {
        Refusal::Region(Refused::Rejected(rejection)) => of_rejection(rejection),
        Refusal::Region(Refused::Elsewhere { .. }) => {
            ("region_elsewhere", StatusCode::MISDIRECTED_REQUEST)
        }
        Refusal::Region(Refused::Unauthorised) => ("unauthorised", StatusCode::UNAUTHORIZED),
        Refusal::Region(Refused::Rehearsed) => ("rehearsed", StatusCode::OK),
        Refusal::Region(Refused::BadFrames { .. }) => ("bad_frames", StatusCode::BAD_REQUEST),
        Refusal::Region(Refused::Fault(fault)) => of_fault(fault),
        Refusal::Request(bad) => of_bad_request(bad),
        Refusal::EveryTarget { refused } => {
            let status =
                refused.first().and_then(|first| StatusCode::from_u16(first.problem.status).ok());
            ("every_target_refused", status.unwrap_or(StatusCode::CONFLICT))
        }
        Refusal::Panicked => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        Refusal::NotReady { .. } => ("not_ready", StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// The status of a refusal.
pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    code_and_status(refusal).1
}

/// What a client may be told. The text of a fault is not.
fn detail(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Region(Refused::Fault(fault)) => match fault.retry() {
            Retry::Later => "the region cannot do this just now; try again".to_owned(),
            Retry::Never => "the region failed; its log says why under this request id".to_owned(),
        },
        Refusal::Panicked => "the region failed; its log says why under this request id".to_owned(),
        Refusal::Region(
            Refused::Rejected(_)
            | Refused::Elsewhere { .. }
            | Refused::Unauthorised
            | Refused::Rehearsed
            | Refused::BadFrames { .. },
        )
        | Refusal::Request(_)
        | Refusal::EveryTarget { .. }
        | Refusal::NotReady { .. } => refusal.to_string(),
    }
}

/// The problem that a client reads.
pub(crate) fn describe(refusal: &Refusal, request_id: &str) -> Problem {
    let (code, status) = code_and_status(refusal);
    let mut problem = Problem {
        kind: format!("urn:ferry:problem:{code}"),
        title: status.canonical_reason().unwrap_or("Refused").to_owned(),
        status: status.as_u16(),
        detail: detail(refusal),
        code: code.to_owned(),
        request_id: request_id.to_owned(),
        retryable: matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT),
        field: None,
        endpoint: None,
        results: None,
    };
    match refusal {
        Refusal::Region(Refused::Rejected(rejection)) => {
            problem.field = field(rejection).map(str::to_owned)
        }
        Refusal::Region(Refused::Elsewhere { endpoint, .. }) => {
            problem.endpoint = Some(endpoint.clone())
        }
        Refusal::Request(BadRequest::Value { name, .. }) => {
            problem.field = Some((*name).to_owned())
        }
        Refusal::EveryTarget { refused } => problem = of_every_target(refused, problem),
        Refusal::Region(Refused::Unauthorised | Refused::Rehearsed | Refused::BadFrames { .. } | Refused::Fault(_))
        | Refusal::Request(_)
        | Refusal::Panicked
        | Refusal::NotReady { .. } => {}
    }
    problem
}

/// With one target its problem is the answer's; with several the first one's status is.
fn of_every_target(refused: &[crate::native::wire::TargetRefused], general: Problem) -> Problem {
    match refused {
        [only] => only.problem.clone(),
        several => {
            let retryable = several.iter().all(|target| target.problem.retryable);
            Problem { results: Some(several.to_vec()), retryable, ..general }
        }
    }
}

/// Writes a fault's whole chain to the log, once; rejections are the client's business alone.
pub(crate) fn log(refusal: &Refusal) {
    if let Refusal::Region(Refused::Fault(fault)) = refusal {
        log_fault(fault);
    }
}

/// The same for a fault that a dialect answers.
pub(crate) fn log_fault(fault: &RegionFault) {
    let mut chain = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(inner) = cause {
        chain = format!("{chain}: {inner}");
        cause = inner.source();
    }
    tracing::error!(fault = %chain, "request failed");
}

/// The answer that carries a problem.
pub(crate) fn answer(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"ferry\", charset=\"UTF-8\""),
        );
    }
    if problem.retryable {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECS));
    }
    response
}
