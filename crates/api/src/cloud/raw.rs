//! Requests as bytes, for tests and fuzz targets: what the server's own reader makes of them before a door sees them.

use axum::http::Request;
use axum::http::request::Parts;

/// Parses one request; everything behind its empty line is the body.
pub(crate) fn parsed(bytes: &[u8]) -> Option<(Parts, Vec<u8>)> {
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
