//! Pages by `Offset` and `Limit`.

use region::PageOf;

use super::call::Call;
use super::error::ApiError;

/// Rows of a page where nothing is said, and the most (contract 2).
const LIMITS: (u64, u64) = (20, 100);
/// The code of a limit that is none.
const WRONG_LIMIT: &str = "InvalidParameterValue.InvalidParameterValueLimit";

/// The page that a request asks for. An offset or a limit that is none is refused (api-12).
pub(super) fn read(call: &Call) -> Result<PageOf, ApiError> {
    let offset = call.params.number("Offset", 0..=u64::from(u32::MAX))?.unwrap_or(0);
    let limit = call.params.number("Limit", 1..=LIMITS.1).map_err(|error| match &*error.code {
        "InvalidParameterValue" => ApiError { code: WRONG_LIMIT.into(), ..error },
        _ => error,
    })?;
    let limit = u32::try_from(limit.unwrap_or(LIMITS.0)).expect("it is at most 100");
    Ok(PageOf { offset, limit })
}
