//! api-01: one bit of what is signed is changed, anywhere, and nothing verifies any more.

use std::ops::Range;

use crate::alibaba::admission::Claim;
use crate::alibaba::tests::vectors::{all, read};
use crate::alibaba::wire::{Scheme, Wire};

/// Where something stands in a request.
fn place(request: &[u8], wanted: &[u8]) -> Range<usize> {
    let at = request.windows(wanted.len()).position(|window| window == wanted).unwrap();
    at..at + wanted.len()
}

/// The parts of a request that its signature covers, or that are the signature: the method, the target, the body; of the newer
/// one also the signed headers, their list and the signature.
fn signed_parts(request: &[u8], wire: &Wire) -> Vec<Range<usize>> {
    let line_end = place(request, b"\r\n").start;
    let target = place(request, b" ").end..place(request, b" HTTP/1.1\r\n").start;
    let head_end = place(request, b"\r\n\r\n").start;
    let scheme = if request[target.start..].starts_with(b"http://") { b"http://".len() } else { 0 };
    let mut parts =
        vec![0..target.start - 1, target.start + scheme..target.end, head_end + 4..request.len()];
    assert!(target.end < line_end);
    if wire.scheme == Scheme::V1 {
        return parts;
    }
    let authorization = wire.header("authorization").unwrap();
    let (_, list) = authorization.split_once("SignedHeaders=").unwrap();
    parts.push(place(request, list.as_bytes()));
    let signed: Vec<&str> = list.split_once(',').unwrap().0.split(';').collect();
    let mut at = line_end + 2;
    for line in request[at..head_end].split(|byte| *byte == b'\n') {
        let name = std::str::from_utf8(line).unwrap().split_once(':').unwrap().0;
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        if signed.contains(&name.to_ascii_lowercase().as_str()) {
            parts.push(at..at + length);
        }
        at += line.len() + 1;
    }
    assert_eq!(parts.len(), 4 + signed.len());
    parts
}

/// What a request comes to, if it is let in.
fn admitted(request: &[u8], secret: &str) -> Option<(Wire, Claim)> {
    let wire = read(request)?;
    let claim = Claim::of(&wire).ok()?;
    claim.is_right(wire.scheme, secret.as_bytes()).then_some((wire, claim))
}

fn same_reading(one: &Wire, two: &Wire) -> bool {
    let parts = |wire: &Wire| {
        let (action, version, host) =
            (wire.action.clone(), wire.version.clone(), wire.host.clone());
        (
            action,
            version,
            host,
            wire.method.clone(),
            wire.parameters.clone(),
            wire.headers.clone(),
            wire.body.clone(),
        )
    };
    let bodies = [one, two]
        .map(|wire| if wire.scheme == Scheme::V1 { Vec::new() } else { wire.body.clone() });
    let (mut one, mut two) = (parts(one), parts(two));
    (one.6, two.6) = bodies.into();
    one == two
}

#[test]
fn api_01_no_signed_byte_can_be_changed() {
    let (mut changed, mut refused, mut same) = (0, 0, 0);
    for vector in all() {
        let request = vector.bytes();
        let (wire, claim) = admitted(&request, &vector.secret).expect(&vector.file);
        for at in signed_parts(&request, &wire).into_iter().flatten() {
            let mut here = 0;
            for bit in 0..8 {
                let mut bent = request.clone();
                bent[at] ^= 1 << bit;
                changed += 1;
                let Some((read, proof)) = admitted(&bent, &vector.secret) else {
                    here += 1;
                    continue;
                };
                // `%2f` is `%2F`, and `Host` is `host`: another spelling of the same, which the signature is not of.
                let is_spelling = bit == 5 && request[at].is_ascii_alphabetic();
                let shown = String::from_utf8_lossy(&bent).into_owned();
                assert!(
                    is_spelling && same_reading(&wire, &read),
                    "{} byte {at} bit {bit}: {shown}",
                    vector.file
                );
                assert_eq!(claim, proof, "{} byte {at} bit {bit}: {shown}", vector.file);
                same += 1;
            }
            assert!(here >= 7, "{} byte {at}: {here} of 8 changes were refused", vector.file);
            refused += here;
        }
    }
    assert_eq!(changed, refused + same);
    println!("{changed} changes of one bit: {refused} refused, {same} only spelled otherwise");
    assert!(changed > 100_000 && same * 20 < changed, "{changed} changes, {same} the same");
}
