//! The cloud's errors: a number, a name, a message (contract 4). All of them end here.

use axum::http::StatusCode;
use model::Retry;
use region::RegionFault;
use serde_json::{Value, json};

/// The longest message, in characters: whatever was sent and is quoted in it, it stays an answer that can be kept for a replay.
const LONGEST: usize = 1_000;

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    /// The HTTP status, which the body tells too.
    pub(super) code: StatusCode,
    /// The stable word that clients match: `INVALID_ARGUMENT`.
    pub(super) status: &'static str,
    /// What people read.
    pub(super) message: String,
}

impl ApiError {
    /// Any error.
    pub(super) fn new(
        code: StatusCode,
        status: &'static str,
        message: impl Into<String>,
    ) -> ApiError {
        let message = message.into().chars().take(LONGEST).collect();
        ApiError { code, status, message }
    }

    /// 400: something that was sent is wrong by itself.
    pub(super) fn argument(message: impl Into<String>) -> ApiError {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    /// 400: what was sent is right, and things do not stand so that it can be done.
    pub(super) fn precondition(message: impl Into<String>) -> ApiError {
        Self::new(StatusCode::BAD_REQUEST, "FAILED_PRECONDITION", message)
    }

    /// 400: a number or a size beyond its bounds.
    pub(super) fn out_of_range(name: &str) -> ApiError {
        let message = format!("{} out of range", shown(name));
        Self::new(StatusCode::BAD_REQUEST, "OUT_OF_RANGE", message)
    }

    /// 404: what was named is not there, or not for this caller to see.
    pub(super) fn not_found(message: impl Into<String>) -> ApiError {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// 429: no room is left.
    pub(super) fn quota(message: impl Into<String>) -> ApiError {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "QUOTA_EXCEEDED", message)
    }

    /// 401: nobody known sent it.
    pub(super) fn access(message: impl Into<String>) -> ApiError {
        Self::new(StatusCode::UNAUTHORIZED, "ACCESS_ERROR", message)
    }

    /// 403: whoever sent it may not.
    pub(super) fn forbidden(message: impl Into<String>) -> ApiError {
        Self::new(StatusCode::FORBIDDEN, "HTTP_FORBIDDEN", message)
    }

    /// 500. Why is for the log alone.
    pub(super) fn internal() -> ApiError {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal server error")
    }

    /// 503: it may work later.
    pub(super) fn unavailable() -> ApiError {
        let message = "The service is unavailable for the moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "HTTP_SERVICE_UNAVAILABLE", message)
    }

    /// The answer to a fault: it passes, or it does not. What failed is logged here, once.
    pub(super) fn of_fault(fault: &RegionFault) -> ApiError {
        crate::problem::log_fault(fault);
        match fault.retry() {
            Retry::Later => Self::unavailable(),
            Retry::Never => Self::internal(),
        }
    }

    /// A region that is not there, in the words of `copyImages`.
    pub(super) fn no_region(name: &str) -> ApiError {
        Self::argument(format!("Invalid region '{name}'"))
    }

    /// A parameter that must be there and is not.
    pub(super) fn missing(name: &str) -> ApiError {
        Self::argument(format!("Parameter {} missing", shown(name)))
    }

    /// A parameter whose value cannot be read.
    pub(super) fn invalid(name: &str, reason: impl std::fmt::Display) -> ApiError {
        Self::argument(format!("Invalid parameter '{name}': {reason}"))
    }

    /// An operation that the cloud has and this service does not.
    pub(super) fn unsupported(operation: &str) -> ApiError {
        let message = format!("The operation '{operation}' is not supported by this service");
        Self::new(StatusCode::BAD_REQUEST, "UNSUPPORTED_OPERATION", message)
    }

    /// A path that leads nowhere (contract 4).
    pub(super) fn no_route() -> ApiError {
        Self::not_found("no route and no API found with those values")
    }

    /// What stands in the answer's `error`.
    pub(super) fn body(&self) -> Value {
        json!({"code": self.code.as_u16(), "status": self.status, "message": self.message})
    }
}

/// A parameter's name as the cloud's messages have it: `imageId` is `ImageId`.
fn shown(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_spelled_as_the_cloud_does() {
        let missing = ApiError::missing("imageId");
        let wanted = json!({"code": 400, "status": "INVALID_ARGUMENT", "message": "Parameter ImageId missing"});
        assert_eq!(missing.body(), wanted);
        assert_eq!(ApiError::out_of_range("pageSize").message, "PageSize out of range");
        let wanted = json!({"code": 404, "status": "NOT_FOUND",
            "message": "no route and no API found with those values"});
        assert_eq!(ApiError::no_route().body(), wanted);
    }
}
