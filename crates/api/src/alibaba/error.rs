//! The cloud's errors: a status, a code, a message. All of them end here.

use std::borrow::Cow;

use axum::http::StatusCode;

use crate::cloud::form::BadForm;

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    /// The HTTP status. 404 means *gone* to Terraform, so it is never used for a bad key, region or action (contract 3).
    pub(super) status: StatusCode,
    /// The stable word that clients match.
    pub(super) code: Cow<'static, str>,
    /// What people read.
    pub(super) message: Cow<'static, str>,
}

impl ApiError {
    /// An error of this status.
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        ApiError { status, code: code.into(), message: message.into() }
    }

    /// 400.
    pub(super) fn bad(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 403.
    pub(super) fn forbidden(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404: what was named is not there. For resources alone.
    pub(super) fn gone(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// A parameter that must be there and is not (contract 3).
    pub(super) fn missing(name: &str) -> Self {
        let message = format!(
            "The input parameter \"{name}\" that is mandatory for processing this request is not supplied."
        );
        Self::bad("MissingParameter", message)
    }

    /// A parameter whose value cannot be read.
    pub(super) fn invalid(name: &str, reason: impl std::fmt::Display) -> Self {
        let message = format!("The specified parameter \"{name}\" is not valid: {reason}.");
        Self::bad("InvalidParameter", message)
    }

    /// The service failed.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "The request processing has failed due to some unknown error, exception or failure.",
        )
    }

    /// The cloud's words for an operation that it has and this service does not.
    pub(super) fn unsupported(operation: &str) -> Self {
        let message =
            format!("The specified operation {operation} is not supported by this service.");
        Self::bad("UnsupportedOperation", message)
    }
}

impl From<BadForm> for ApiError {
    fn from(bad: BadForm) -> Self {
        ApiError::invalid(&bad.name, bad.reason)
    }
}
