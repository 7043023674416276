//! The cloud's errors: a code and a message. The HTTP status is 200 always: with another the Python clients lose the code
//! (contract 1).

use std::borrow::Cow;
use std::fmt::Display;

use model::Retry;
use region::RegionFault;

/// The code of a fault that does not pass by itself.
const INTERNAL: &str = "InternalError";
/// The code of a fault that passes; clients try again on it (contract 6).
const UNAVAILABLE: &str = "ResourceUnavailable";

/// The longest message, in characters: some repeat what was sent, and answers to changes are kept.
const LONGEST_MESSAGE: usize = 1_000;

fn bounded(message: Cow<'static, str>) -> Cow<'static, str> {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => Cow::Owned(format!("{}…", &message[..end])),
        None => message,
    }
}

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    /// The stable word that clients match.
    pub(super) code: Cow<'static, str>,
    /// What people read.
    pub(super) message: Cow<'static, str>,
}

impl ApiError {
    /// An error of this code.
    pub(super) fn new(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        ApiError { code: code.into(), message: bounded(message.into()) }
    }

    /// A parameter that must be there and is not.
    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The request is missing the required parameter `{name}`.");
        Self::new("MissingParameter", message)
    }

    /// A parameter that has the wrong type or cannot be read.
    pub(super) fn invalid(name: &str, reason: impl Display) -> Self {
        let message = format!("The parameter `{name}` is not valid: {reason}.");
        Self::new("InvalidParameter", message)
    }

    /// A parameter of the right type whose value is none of those that it may have.
    pub(super) fn value(name: &str, reason: impl Display) -> Self {
        let message = format!("The value of the parameter `{name}` is not valid: {reason}.");
        Self::new("InvalidParameterValue", message)
    }

    /// A parameter that the operation does not have.
    pub(super) fn unknown(name: &str) -> Self {
        Self::new("UnknownParameter", format!("The parameter `{name}` is not recognized."))
    }

    /// The cloud's words for an operation that it has and this service does not.
    pub(super) fn unsupported(operation: &str) -> Self {
        let message = format!("The operation `{operation}` is not supported by this service.");
        Self::new("UnsupportedOperation", message)
    }

    /// The answer where the service itself failed.
    pub(super) fn internal() -> Self {
        Self::new(INTERNAL, "An internal error occurred.")
    }

    /// The answer to a fault: it passes, or it does not. What failed is logged here, once.
    pub(super) fn of_fault(fault: &RegionFault) -> Self {
        crate::problem::log_fault(fault);
        match fault.retry() {
            Retry::Later => {
                Self::new(UNAVAILABLE, "A resource that is needed is unavailable. Try again later.")
            }
            Retry::Never => Self::internal(),
        }
    }

    /// Whether the world failed, rather than that the request was refused: the same request may do better next time.
    pub(super) fn is_fault(&self) -> bool {
        [INTERNAL, UNAVAILABLE].contains(&&*self.code)
    }
}
