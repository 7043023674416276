//! Refusals as RFC 9457 problems: one place where each gets its status and its code.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{AccountRejection, DeadlineRejection, EncryptionKeyRejection, Rejection, Retry};
use region::{Refused, RegionFault};

use crate::native::wire::Problem;
use crate::refusal::{BadRequest, Refusal};

/// What a client waits before it tries again after a passing fault, in seconds: about the driver's third attempt.
const RETRY_AFTER_SECS: &str = "5";

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const ABSENT: StatusCode = StatusCode::NOT_FOUND;
const STATE: StatusCode = StatusCode::CONFLICT;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

/// Makes `of_rejection` from one table: each variant, its stable word and its status. A variant that is missing here does not
/// compile.
macro_rules! rejections {
    ($(@ $outer:ident($inner:ident) {$($nested:ident: $nested_code:literal, $nested_status:ident;)+})+
        $($variant:ident: $code:literal, $status:ident;)+) => {
        /// The stable word of a rejection, and its status.
        pub(crate) fn of_rejection(rejection: &Rejection) -> (&'static str, StatusCode) {
            match rejection {
                $($(Rejection::$outer($inner::$nested { .. }) => ($nested_code, $nested_status),)+)+
                $(Rejection::$variant { .. } => ($code, $status)),+
            }
        }
    };
}

rejections! {
    @ Account(AccountRejection) {
        AccountNotFound: "account_not_found", ABSENT;
        UserNotFound: "user_not_found", ABSENT;
        KeyNotFound: "key_not_found", ABSENT;
        TooManyKeys: "too_many_keys", STATE;
        LastKey: "last_key", STATE;
        NameInUse: "name_in_use", STATE;
        LastAdmin: "last_admin", STATE;
    }
    @ Deadline(DeadlineRejection) {
        DeadlineTooSoon: "deadline_too_soon", STATE;
        DeadlineNotPromised: "deadline_not_promised", STATE;
    }
    @ EncryptionKey(EncryptionKeyRejection) {
        KeyInUse: "key_in_use", STATE;
        KeyIsDefault: "key_is_default", STATE;
        KeysElsewhere: "keys_elsewhere", STATE;
    }
    InvalidField: "invalid_field", BAD;
    ImageNotFound: "image_not_found", ABSENT;
    SnapshotNotFound: "snapshot_not_found", ABSENT;
    CopyNotFound: "copy_not_found", ABSENT;
    InstanceNotFound: "instance_not_found", ABSENT;
    RegionUnknown: "region_unknown", ABSENT;
    SameRegion: "same_region", BAD;
    TooManyTargets: "too_many_targets", BAD;
    TooManyDisks: "too_many_disks", BAD;
    TooManyTags: "too_many_tags", BAD;
    ImageNotAvailable: "image_not_available", STATE;
    ImageDegraded: "image_degraded", STATE;
    ImageBeingMade: "image_being_made", STATE;
    ImageHeld: "image_held", STATE;
    ImageInUse: "image_in_use", STATE;
    SnapshotInUse: "snapshot_in_use", STATE;
    AlreadyCopying: "already_copying", STATE;
    QuotaExceeded: "quota_exceeded", STATE;
    TokenReused: "token_reused", STATE;
    NotBeingCopied: "not_being_copied", STATE;
    CopyFinished: "copy_finished", STATE;
    NothingToRetry: "nothing_to_retry", STATE;
    ImportEnded: "import_ended", STATE;
    TicketNotFound: "ticket_not_found", ABSENT;
    EncryptionKeyNotFound: "encryption_key_not_found", ABSENT;
    NotAllowed: "not_allowed", FORBIDDEN;
    PublicNotCopied: "public_not_copied", FORBIDDEN;
    MarketplaceNotCopied: "marketplace_not_copied", FORBIDDEN;
    SharedNotCopied: "shared_not_copied", FORBIDDEN;
    LocalNotCopied: "local_not_copied", STATE;
    NothingToConvert: "nothing_to_convert", STATE;
    ImageBeingConverted: "image_being_converted", STATE;
    ImageNotYours: "image_not_yours", FORBIDDEN;
    ImagePublished: "image_published", STATE;
    ImageIsShared: "image_is_shared", STATE;
    EncryptedNotShared: "encrypted_not_shared", STATE;
    SharedWithSelf: "shared_with_self", BAD;
    TooManyShares: "too_many_shares", STATE;
    NameTaken: "name_taken", STATE;
    ImageTooLarge: "image_too_large", STATE;
    TooManyImages: "too_many_images", BAD;
    TicketNeeded: "ticket_needed", STATE;
    TicketUndecided: "ticket_undecided", STATE;
    TicketRefused: "ticket_refused", STATE;
    TicketExpired: "ticket_expired", STATE;
    TicketSpent: "ticket_spent", STATE;
    TicketDecided: "ticket_decided", STATE;
    NotToPlain: "not_to_plain", STATE;
    KeyUnusable: "key_unusable", STATE;
    LinkNotPrivate: "link_not_private", STATE;
    BucketNotFound: "bucket_not_found", ABSENT;
    ObjectNotFound: "object_not_found", ABSENT;
    ObjectRefused: "object_refused", BAD;
    DiskTooSmall: "disk_too_small", BAD;
    FormatNotWritten: "format_not_written", BAD;
    TaskNotFound: "task_not_found", ABSENT;
    TaskEnded: "task_ended", STATE;
    ImageBeingExported: "image_being_exported", STATE;
    SnapshotNotWhole: "snapshot_not_whole", STATE;
    SnapshotDegraded: "snapshot_degraded", STATE;
    SnapshotHeld: "snapshot_held", STATE;
    SnapshotNotResized: "snapshot_not_resized", BAD;
    SnapshotsSealedApart: "snapshots_sealed_apart", STATE;
    SnapshotTooLarge: "snapshot_too_large", STATE;
    SnapshotNeedsTicket: "snapshot_needs_ticket", STATE;
    ImageDeprecated: "image_deprecated", STATE;
    FamilyEmpty: "family_empty", ABSENT;
    SnapshotNotToPlain: "snapshot_not_to_plain", STATE;
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
        Refusal::Region(
            Refused::Unauthorised
            | Refused::Rehearsed
            | Refused::BadFrames { .. }
            | Refused::Fault(_),
        )
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
