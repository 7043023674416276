//! What real clients sent verifies.

use serde::Deserialize;

use crate::alibaba::admission::Claim;
use crate::alibaba::wire::{Format, Scheme, Wire};
use crate::cloud::raw::parsed;

/// One recorded request.
#[derive(Deserialize)]
pub(super) struct Vector {
    pub(super) file: String,
    pub(super) secret: String,
    action: String,
    string_to_sign: String,
    canonical_request: Option<String>,
}

impl Vector {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/alibaba/vectors/");
        std::fs::read(format!("{folder}{}", self.file)).unwrap()
    }
}

pub(super) fn all() -> Vec<Vector> {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    assert_eq!(vectors.len(), 25);
    vectors
}

pub(super) fn read(bytes: &[u8]) -> Option<Wire> {
    let (parts, body) = parsed(bytes)?;
    Wire::of(parts, body).ok()
}

#[test]
fn recorded_requests_of_every_client_verify_and_are_signed_as_they_say() {
    for vector in all() {
        let wire = read(&vector.bytes()).expect(&vector.file);
        let claim = Claim::of(&wire).expect(&vector.file);
        assert_eq!(claim.to_sign, vector.string_to_sign, "{}", vector.file);
        assert_eq!(claim.canonical, vector.canonical_request, "{}", vector.file);
        assert!(claim.is_right(wire.scheme, vector.secret.as_bytes()), "{}", vector.file);
        assert!(!claim.is_right(wire.scheme, b"FakeSecretForGoldenVectors0002"), "{}", vector.file);
        assert_eq!(
            (wire.action.as_str(), wire.version.as_str()),
            (vector.action.as_str(), "2014-05-26")
        );
        assert_eq!(wire.format, Format::Json, "{}", vector.file);
        assert_eq!(wire.scheme == Scheme::V3, vector.file.starts_with("v3"), "{}", vector.file);
        assert_eq!(claim.is_temporary, vector.file.contains("sts"), "{}", vector.file);
    }
}

/// api-05: neither signature is taken for the other.
#[test]
fn api_05_a_signature_of_one_scheme_is_none_of_the_other() {
    for vector in all() {
        let wire = read(&vector.bytes()).unwrap();
        let claim = Claim::of(&wire).unwrap();
        let other = match wire.scheme {
            Scheme::V1 => Scheme::V3,
            Scheme::V3 => Scheme::V1,
        };
        assert!(!claim.is_right(other, vector.secret.as_bytes()), "{}", vector.file);
    }
}

#[test]
fn what_they_ask_is_read_whole() {
    let vectors = all();
    let read = |file: &str| {
        let vector = vectors.iter().find(|vector| vector.file == file).unwrap();
        read(&vector.bytes()).unwrap()
    };
    let split = read("v1-tearpc-createimage.http").params().unwrap();
    assert_eq!(split.text("ImageName"), Some("镜像 a*b~c"));
    assert_eq!(split.text("Action"), Some("CreateImage"));
    assert_eq!(split.structs("DiskDeviceMapping").unwrap()[0].text("Device"), Some("/dev/xvda"));
    let proxied = read("v1-go-copyimage-viaproxy.http");
    assert_eq!(proxied.host_region(), Some("cn-hangzhou"));
    assert_eq!(
        proxied.params().unwrap().text("DestinationDescription"),
        Some("复制自 cn-hangzhou：~*'()+/ &=%")
    );
    let newer = read("v3-py-copyimage.http");
    assert_eq!(newer.params().unwrap().flag("Encrypted").unwrap(), Some(true));
    assert_eq!(newer.host, "127.0.0.1:46061");
    assert_eq!(newer.host_region(), None);
}
