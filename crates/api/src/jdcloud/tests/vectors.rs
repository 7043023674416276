//! What real clients sent verifies.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cloud::raw::parsed;
use crate::jdcloud::operation::{Found, Service, find};
use crate::jdcloud::params::Params;
use crate::jdcloud::signing::{Algorithm, Claim};
use crate::jdcloud::wire::Wire;

/// The secret of all of them.
pub(super) const SECRET: &[u8] = b"madeupSecretKeyJdcloud0001EXAMPLE";

/// What was recorded of one request beside its bytes.
#[derive(Deserialize)]
struct Recorded {
    algorithm: String,
    now: String,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
}

/// The files' names.
pub(super) fn all() -> Vec<String> {
    recorded().into_keys().collect()
}

fn recorded() -> BTreeMap<String, Recorded> {
    let vectors: BTreeMap<String, Recorded> =
        serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    assert_eq!(vectors.len(), 25);
    vectors
}

/// The bytes of a file.
pub(super) fn bytes(file: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/jdcloud/vectors/");
    std::fs::read(format!("{folder}{file}")).unwrap()
}

pub(super) fn read(bytes: &[u8]) -> Option<Wire> {
    let (parts, body) = parsed(bytes)?;
    Wire::of(parts, body).ok()
}

/// What a request asks for, of whichever service it is signed for.
pub(super) fn asked(wire: &Wire, claim: &Claim) -> Option<Found> {
    find(&wire.method, &wire.path, Service::read(&claim.service)?)
}

#[test]
fn recorded_requests_of_every_client_verify_and_are_signed_as_they_say() {
    for (file, recorded) in recorded() {
        let wire = read(&bytes(&file)).expect(&file);
        let claim = Claim::of(&wire).expect(&file);
        assert_eq!(claim.canonical, [recorded.canonical_request], "{file}");
        assert_eq!(claim.to_sign, [recorded.string_to_sign], "{file}");
        assert_eq!((&claim.at, &claim.signature), (&recorded.now, &recorded.signature), "{file}");
        assert_eq!(claim.algorithm.name(), recorded.algorithm, "{file}");
        assert_eq!(claim.algorithm == Algorithm::Three, file.contains("jd3"), "{file}");
        assert!(claim.is_right(SECRET), "{file}");
        assert!(!claim.is_right(b"madeupSecretKeyJdcloud0002EXAMPLE"), "{file}");
        assert_eq!(
            (claim.key.as_str(), claim.region.as_str()),
            ("JDMADEUPACCESSKEY0001", "cn-north-1")
        );
        assert_eq!(claim.is_temporary, file.contains("token"), "{file}");
    }
}

/// Every one is found, that with a path in its endpoint too; the file's name has the operation's.
#[test]
fn what_they_ask_for_is_found() {
    for file in all() {
        let wire = read(&bytes(&file)).unwrap();
        let claim = Claim::of(&wire).unwrap();
        let found = asked(&wire, &claim).expect(&file);
        assert!(file.contains(found.operation.name), "{file}: {}", found.operation.name);
        let service = if file.contains("disk-") { Service::Disk } else { Service::Vm };
        assert_eq!((found.operation.service, found.region.as_str()), (service, "cn-north-1"));
    }
}

fn params(file: &str) -> Params {
    let wire = read(&bytes(file)).unwrap();
    let found = asked(&wire, &Claim::of(&wire).unwrap()).unwrap();
    Params::read(found.path(), &wire.query, wire.body_object().unwrap()).unwrap()
}

#[test]
fn what_they_ask_is_read_whole() {
    for file in all() {
        assert_eq!(params(&file).needed("regionId").unwrap(), "cn-north-1", "{file}");
    }
    let three = ["img-aaaa000001", "img-aaaa000002", "img-aaaa000003"];
    for client in ["go-jd2", "py-jd3"] {
        let copies = params(&format!("{client}-copyImages-name-zh.http"));
        assert_eq!(copies.texts("sourceImageIds").unwrap(), three);
        assert_eq!(copies.needed("destinationRegion").unwrap(), "cn-east-2");
        assert_eq!(copies.needed("name").unwrap(), "测试镜像.副本_1");
        assert_eq!(copies.needed("description").unwrap(), "跨地域 copy & test");
        let unnamed = params(&format!("{client}-copyImages-3.http"));
        assert_eq!((unnamed.text("name").unwrap(), unnamed.has("description")), (None, false));
        let changed = params(&format!("{client}-modifyImageAttribute.http"));
        assert_eq!(changed.needed("imageId").unwrap(), "img-aaaa000001");
        assert_eq!(changed.needed("name").unwrap(), "新名字");
        let quotas = params(&format!("{client}-describeQuotas.http"));
        let filters = quotas.structs("filters").unwrap();
        assert_eq!(filters[0].texts("values").unwrap(), ["image", "instance"]);
    }
    let found = params("go-jd2-describeImages.http");
    assert_eq!(found.needed("imageName").unwrap(), "测试 镜像+1&x=y~");
    assert_eq!(found.texts("ids").unwrap(), three[..2]);
    assert_eq!(params("go-jd2-deleteImage.http").flag("deleteSnapshot").unwrap(), Some(true));
    assert_eq!(params("py-jd3-deleteImage.http").flag("deleteSnapshot").unwrap(), Some(true));
    let named = params("py-jd3-describeImages-name-zh.http");
    assert_eq!(named.flag("offline").unwrap(), Some(false));
    assert_eq!(named.needed("imageName").unwrap(), "测试 镜像+1~*");
}

/// api-05: neither signature is taken for the other, however the rest of its header is bent to it.
#[test]
fn api_05_a_signature_of_one_version_is_none_of_the_other() {
    for file in all() {
        let text = String::from_utf8(bytes(&file)).unwrap();
        let (from, to) = if file.contains("jd3") { ("3", "2") } else { ("2", "3") };
        let algorithm = |version: &str| format!("Authorization: JDCLOUD{version}-HMAC-SHA256");
        let term = |version: &str| format!("jdcloud{version}_request");
        let half = text.replace(&algorithm(from), &algorithm(to));
        assert_ne!(half, text, "{file}");
        assert!(Claim::of(&read(half.as_bytes()).unwrap()).is_err(), "{file}");
        let whole = half.replace(&term(from), &term(to));
        let claim = Claim::of(&read(whole.as_bytes()).unwrap()).unwrap();
        assert!(!claim.is_right(SECRET), "{file}");
    }
}
