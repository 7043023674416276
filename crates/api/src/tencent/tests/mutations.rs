//! API-01: one bit of what is signed is changed, anywhere, and nothing verifies any more. API-05: no signature passes as another
//! kind of one.

use std::ops::Range;

use crate::body::media_type;
use crate::tencent::admission::{Algorithm, Claim};
use crate::tencent::sign_tc3::Scope;
use crate::tencent::tests::vectors::{KEY, SECRET, all, read};
use crate::tencent::wire::{Scheme, Wire};

/// Where something stands in a request.
fn place(request: &[u8], wanted: &[u8]) -> Range<usize> {
    let at = request.windows(wanted.len()).position(|window| window == wanted).unwrap();
    at..at + wanted.len()
}

/// The lines of the headers with these names.
fn lines(request: &[u8], names: &[&str]) -> Vec<Range<usize>> {
    let (mut at, end) = (place(request, b"\r\n").end, place(request, b"\r\n\r\n").start);
    let mut found = Vec::new();
    for line in request[at..end].split(|byte| *byte == b'\n') {
        let name = std::str::from_utf8(line).unwrap().split_once(':').unwrap().0;
        if names.contains(&name.to_ascii_lowercase().as_str()) {
            found.push(at..at + line.strip_suffix(b"\r").unwrap_or(line).len());
        }
        at += line.len() + 1;
    }
    assert!(found.len() >= names.len().min(2), "{names:?}");
    found
}

/// The parts of a request that its signature covers, or that are the signature. Under the newer one the path is not among them,
/// nor a body that its client chose not to sign, nor the action and the region.
fn signed_parts(request: &[u8], wire: &Wire) -> Vec<Range<usize>> {
    let target = place(request, b" ").end..place(request, b" HTTP/1.1\r\n").start;
    let body = place(request, b"\r\n\r\n").end..request.len();
    let method = 0..target.start - 1;
    let mut parts = Vec::from([method]);
    match wire.scheme {
        Scheme::V1 => {
            parts.extend([target, body]);
            parts.extend(lines(request, &["host"]));
        }
        Scheme::Tc3 => {
            let query = request[target.clone()].iter().position(|byte| *byte == b'?');
            parts.extend(query.map(|at| target.start + at..target.end));
            let is_signed = wire.header("x-tc-content-sha256").is_none();
            parts.extend(is_signed.then_some(body));
            let names = ["host", "content-type", "authorization", "x-tc-timestamp"];
            parts.extend(lines(request, &names));
            if !is_signed {
                parts.extend(lines(request, &["x-tc-content-sha256", "host"]));
            }
        }
    }
    parts
}

/// What a request comes to, if it is let in: the secret is that of one key.
fn admitted(request: &[u8]) -> Option<(Wire, Claim)> {
    let wire = read(request)?;
    let claim = Claim::of(&wire).ok()?;
    (claim.key == KEY && claim.is_right(SECRET)).then_some((wire, claim))
}

fn same_reading(one: &Wire, two: &Wire) -> bool {
    let parts = |wire: &Wire| {
        let media_type = media_type(&wire.headers).unwrap_or_default().to_ascii_lowercase();
        let named = [&wire.action, &wire.version, &wire.region].map(|text| text.to_owned());
        let host = wire.host.to_ascii_lowercase();
        (named, host, media_type, wire.method.clone(), wire.params.clone(), wire.pairs.clone())
    };
    parts(one) == parts(two) && one.flavour == two.flavour && one.scheme == two.scheme
}

#[test]
fn api_01_no_signed_byte_can_be_changed() {
    let (mut changed, mut refused, mut same) = (0, 0, 0);
    for vector in all() {
        let request = vector.bytes();
        let (wire, claim) = admitted(&request).expect(&vector.file);
        for at in signed_parts(&request, &wire).into_iter().flatten() {
            for bit in 0..8 {
                let mut bent = request.clone();
                bent[at] ^= 1 << bit;
                changed += 1;
                let Some((read, proof)) = admitted(&bent) else {
                    refused += 1;
                    continue;
                };
                // `%2f` is `%2F`, `Host` is `host`, and the type of a body has no case: another spelling of the same.
                let is_spelling = bit == 5 && request[at].is_ascii_alphabetic();
                let shown = String::from_utf8_lossy(&bent).into_owned();
                assert!(
                    is_spelling && same_reading(&wire, &read),
                    "{} byte {at} bit {bit}: {shown}",
                    vector.file
                );
                assert_eq!(claim.signature, proof.signature, "{} byte {at}", vector.file);
                same += 1;
            }
        }
    }
    println!("{changed} changes of one bit: {refused} refused, {same} only spelled otherwise");
    assert_eq!(changed, refused + same);
    assert!(changed > 90_000 && same * 20 < changed, "{changed} changes, {same} the same");
}

/// API-05: whatever a claim says of its algorithm, the signature is of one.
#[test]
fn api_05_a_signature_of_one_algorithm_is_none_of_another() {
    for vector in all() {
        let claim = Claim::of(&read(&vector.bytes()).unwrap()).unwrap();
        let scope = match &claim.algorithm {
            Algorithm::Tc3(scope) => scope.clone(),
            Algorithm::HmacSha1 | Algorithm::HmacSha256 => {
                Scope { date: "2026-11-22".to_owned(), service: "cvm".to_owned() }
            }
        };
        for other in [Algorithm::HmacSha1, Algorithm::HmacSha256, Algorithm::Tc3(scope)] {
            let is_same = other == claim.algorithm;
            let bent = Claim { algorithm: other, ..claim.clone() };
            assert_eq!(bent.is_right(SECRET), is_same, "{}", vector.file);
        }
    }
}

/// API-05: a key of another day or service signs otherwise.
#[test]
fn api_05_a_derived_key_is_good_for_its_scope_alone() {
    for vector in all() {
        let claim = Claim::of(&read(&vector.bytes()).unwrap()).unwrap();
        let Algorithm::Tc3(scope) = &claim.algorithm else { continue };
        for (date, service) in [("2026-11-23", "cvm"), ("2026-11-22", "cbs"), ("", "")] {
            let mut other = scope.clone();
            (other.date, other.service) = (date.to_owned(), service.to_owned());
            let bent = Claim { algorithm: Algorithm::Tc3(other), ..claim.clone() };
            assert!(!bent.is_right(SECRET), "{} {date} {service}", vector.file);
        }
    }
}
