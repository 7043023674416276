//! api-01: one bit of what is signed is changed, anywhere, and nothing verifies any more that means something else.

use std::ops::Range;

use crate::jdcloud::signing::Claim;
use crate::jdcloud::tests::vectors::{SECRET, all, asked, bytes, read};
use crate::jdcloud::wire::Wire;

/// Where something stands in a request.
fn place(request: &[u8], wanted: &[u8]) -> Range<usize> {
    let at = request.windows(wanted.len()).position(|window| window == wanted).unwrap();
    at..at + wanted.len()
}

/// The parts of a request that its signature covers, or that are the signature: the method, the target, the whole of
/// `Authorization`, the signed headers, the date and the digest of the body, the body.
fn signed_parts(request: &[u8], wire: &Wire) -> Vec<Range<usize>> {
    let line_end = place(request, b"\r\n").start;
    let target = place(request, b" ").end..place(request, b" HTTP/1.1\r\n").start;
    let head_end = place(request, b"\r\n\r\n").start;
    let authorization = wire.header("authorization").unwrap();
    let (_, list) = authorization.split_once("SignedHeaders=").unwrap();
    let mut signed: Vec<&str> = list.split_once(',').unwrap().0.split(';').collect();
    signed.push("authorization");
    let besides = ["x-jdcloud-date", "x-jdcloud-content-sha256"];
    signed.extend(besides.iter().filter(|name| wire.headers.contains_key(**name)));
    signed.sort_unstable();
    signed.dedup();
    let mut parts = vec![0..target.start - 1, target, head_end + 4..request.len()];
    let mut at = line_end + 2;
    for line in request[at..head_end].split(|byte| *byte == b'\n') {
        let name = std::str::from_utf8(line).unwrap().split_once(':').unwrap().0;
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        if signed.contains(&name.to_ascii_lowercase().as_str()) {
            parts.push(at..at + length);
        }
        at += line.len() + 1;
    }
    assert_eq!(parts.len(), 3 + signed.len());
    parts
}

/// What a request comes to, if it is let in.
fn admitted(request: &[u8]) -> Option<(Wire, Claim)> {
    let wire = read(request)?;
    let claim = Claim::of(&wire).ok()?;
    let found = asked(&wire, &claim)?;
    let is_here = [found.region.as_str(), "jdcloud-api"].contains(&claim.region.as_str());
    // Another key has another secret.
    let is_known = claim.key == "JDMADEUPACCESSKEY0001";
    (is_known && is_here && claim.is_right(SECRET)).then_some((wire, claim))
}

/// All that a request means. The headers that no handler reads do not count, but that there is a token.
fn meaning(wire: &Wire, claim: &Claim) -> impl PartialEq {
    let who = (claim.key.clone(), claim.at.clone(), claim.is_temporary, claim.signature.clone());
    (wire.method.clone(), wire.path.clone(), wire.query.clone(), wire.body.clone(), who)
}

#[test]
fn api_01_no_signed_byte_can_be_changed() {
    let (mut changed, mut same) = (0, 0);
    for file in all() {
        let request = bytes(&file);
        let (wire, claim) = admitted(&request).expect(&file);
        for at in signed_parts(&request, &wire).into_iter().flatten() {
            for bit in 0..8 {
                let mut bent = request.clone();
                bent[at] ^= 1 << bit;
                changed += 1;
                let Some((read, proof)) = admitted(&bent) else { continue };
                let shown = String::from_utf8_lossy(&bent).into_owned();
                let is_same = meaning(&wire, &claim) == meaning(&read, &proof);
                assert!(is_same, "{file} byte {at} bit {bit}: {shown}");
                // `%2f` is `%2F`, and `Host` is `host`. A header that the signature does not name may lose its name, where it
                // is not needed: the digest of the body.
                let is_spelling = bit == 5 && request[at].is_ascii_alphabetic();
                let is_digest = !read.headers.contains_key("x-jdcloud-content-sha256")
                    && wire.headers.contains_key("x-jdcloud-content-sha256");
                assert!(is_spelling || is_digest, "{file} byte {at} bit {bit}: {shown}");
                same += 1;
            }
        }
    }
    println!("{changed} changes of one bit, {same} only spelled otherwise");
    assert!(changed > 100_000 && same * 20 < changed, "{changed} changes, {same} the same");
}

/// A header that no signature covers and that would decide something is not there: every one of them may be bent.
#[test]
fn api_01_what_is_not_signed_decides_nothing() {
    for file in all() {
        let request = bytes(&file);
        let (wire, claim) = admitted(&request).unwrap();
        let signed: Vec<_> = signed_parts(&request, &wire).into_iter().flatten().collect();
        let head_end = place(&request, b"\r\n\r\n").start;
        for at in (0..head_end).filter(|at| !signed.contains(at)) {
            let mut bent = request.clone();
            bent[at] ^= 1;
            if let Some((read, proof)) = admitted(&bent) {
                assert!(meaning(&wire, &claim) == meaning(&read, &proof), "{file} byte {at}");
            }
        }
    }
}

/// Whole pieces instead of bits: another method, path, query, body, host or date under the same signature.
#[test]
fn api_01_no_signed_part_can_be_exchanged() {
    let text = |file: &str| String::from_utf8(bytes(file)).unwrap();
    let read = text("py-jd3-describeImage.http");
    let copies = text("py-jd3-copyImages-3.http");
    let delete = text("py-jd3-deleteImage.http");
    for (request, from, to) in [
        (&read, "GET ", "DELETE "),
        (&read, "img-aaaa000001", "img-aaaa000002"),
        (&read, "/v1/", "/jd/v1/"),
        (&read, "img-aaaa000001 ", "img-aaaa000001/members "),
        (&read, "img-aaaa000001 ", "img-aaaa000001?deleteSnapshot=True "),
        (&read, "host,", "host;user-agent,"),
        (&read, "content-type;host,", "host;content-type,"),
        (&read, "127.0.0.1", "127.0.0.2"),
        (&read, "application/json", "text/plain"),
        (&read, "T010154Z", "T010155Z"),
        (&read, "20261122", "20261123"),
        (&read, "/vm/", "/disk/"),
        (
            &read,
            "JDMADEUPACCESSKEY0001/20261122/cn-north-1",
            "JDMADEUPACCESSKEY0001/20261122/jdcloud-api",
        ),
        (&copies, "cn-east-2", "cn-east-1"),
        (&copies, "\"name\": null, ", ""),
        (&copies, "images:copyImages", "images:import"),
        (&delete, "deleteSnapshot=True", "deleteSnapshot=true"),
        (&delete, "?deleteSnapshot=True", ""),
    ] {
        assert!(admitted(request.as_bytes()).is_some());
        let bent = request.replace(from, to);
        assert_ne!(&bent, request);
        assert!(admitted(bent.as_bytes()).is_none(), "{from} for {to}: {bent}");
    }
    // A pair that no signature covers is no pair: the request means the same with it.
    let (wire, claim) = admitted(delete.as_bytes()).unwrap();
    for more in ["&force", "&", "&=x", "&&"] {
        let bent = delete.replace("?deleteSnapshot=True", &format!("?deleteSnapshot=True{more}"));
        let (read, proof) = admitted(bent.as_bytes()).expect(more);
        assert!(meaning(&wire, &claim) == meaning(&read, &proof), "{more}");
    }
}
