//! What this door makes of requests as bytes, for tests and fuzz targets.

use super::operation::{Service, find};
use super::params::Params;
use super::signing::Claim;
use super::wire::Wire;
use crate::cloud::raw::parsed;

/// Takes a request apart as the door does: its operation and parameters, and what it says of its sender. Refusals are fine,
/// panics are not. Whether it got to the signature.
pub(crate) fn take_apart(bytes: &[u8]) -> bool {
    let Some((parts, body)) = parsed(bytes) else { return false };
    let Ok(wire) = Wire::of(parts, body) else { return false };
    for service in [Service::Vm, Service::Disk] {
        let Some(found) = find(&wire.method, &wire.path, service) else { continue };
        let _params =
            wire.body_object().and_then(|body| Params::read(found.path(), &wire.query, body));
    }
    Claim::of(&wire).is_ok_and(|claim| !claim.is_right(b"secret"))
}
