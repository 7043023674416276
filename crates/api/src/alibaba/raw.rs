//! Requests as bytes, for tests and fuzz targets: what the server's own reader makes of them before this door sees them.

use axum::http::Request;
use axum::http::request::Parts;

use super::admission::Claim;
use super::wire::Wire;

/// Takes a request apart as the door does: parameters, the region of its host, what it says of its sender. Refusals are fine,
/// panics are not. Whether it got to the signature.
pub(crate) fn take_apart(bytes: &[u8]) -> bool {
    let Some((parts, body)) = parsed(bytes) else { return false };
    let Ok(wire) = Wire::of(parts, body) else { return false };
    let _region = wire.host_region();
    let _params = wire.params();
    Claim::of(&wire).is_ok_and(|claim| !claim.is_right(wire.scheme, b"secret"))
}

/// Parses one request; everything behind its empty line is the body.
pub(super) fn parsed(bytes: &[u8]) -> Option<(Parts, Vec<u8>)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (&bytes[..end], &bytes[end + 4..]);
    let mut lines =
        head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut first = lines.next()?.split(|byte| *byte == b' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if version != b"HTTP/1.1" || first.next().is_some() {
        return None;
    }
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    Some((request.body(()).ok()?.into_parts().0, body.to_vec()))
}
