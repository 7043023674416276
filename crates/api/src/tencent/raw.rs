//! Requests as bytes, for tests and fuzz targets.

use super::admission::Claim;
use super::wire::Wire;
use crate::cloud::raw::parsed;

/// Takes a request apart as the door does: parameters, what it says of its sender. Refusals are fine, panics are not. Whether it
/// got to the signature.
pub(crate) fn take_apart(bytes: &[u8]) -> bool {
    let Some((parts, body)) = parsed(bytes) else { return false };
    let Ok(wire) = Wire::of(parts, body) else { return false };
    Claim::of(&wire).is_ok_and(|claim| !claim.is_right(b"secret"))
}
