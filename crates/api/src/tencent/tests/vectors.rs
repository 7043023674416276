//! What real clients sent verifies.

use std::collections::BTreeMap;

use model::Timestamp;
use serde::Deserialize;

use crate::cloud::raw::parsed;
use crate::tencent::admission::{Algorithm, Claim};
use crate::tencent::sign_tc3::{Scope, shown};
use crate::tencent::wire::{Flavour, Scheme, Wire};

/// The key and the secret of all recorded requests.
pub(super) const KEY: &str = "AKIDmadeup0000EXAMPLE0000tencent0001";
pub(super) const SECRET: &[u8] = b"madeupSecretKeyTencent0001EXAMPLE";

/// One recorded request.
#[derive(Deserialize)]
pub(super) struct Vector {
    #[serde(skip)]
    pub(super) file: String,
    algorithm: String,
    now: i64,
    string_to_sign: String,
    canonical_request: Option<String>,
    signature: String,
}

impl Vector {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tencent/vectors/");
        std::fs::read(format!("{folder}{}", self.file)).unwrap()
    }
}

pub(super) fn all() -> Vec<Vector> {
    let vectors: BTreeMap<String, Vector> =
        serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    assert_eq!(vectors.len(), 34);
    vectors.into_iter().map(|(file, vector)| Vector { file, ..vector }).collect()
}

pub(super) fn read(bytes: &[u8]) -> Option<Wire> {
    let (parts, body) = parsed(bytes)?;
    Wire::of(parts, body).ok()
}

pub(super) fn wire(file: &str) -> Wire {
    let vectors = all();
    read(&vectors.iter().find(|vector| vector.file == file).expect(file).bytes()).expect(file)
}

#[test]
fn recorded_requests_of_every_client_verify_and_are_signed_as_they_say() {
    for vector in all() {
        let file = &vector.file;
        let wire = read(&vector.bytes()).expect(file);
        let claim = Claim::of(&wire).expect(file);
        assert!(claim.texts.contains(&vector.string_to_sign), "{file}: {:?}", claim.texts);
        assert_eq!(claim.at, Timestamp(vector.now * 1_000), "{file}");
        assert_eq!(claim.key, KEY, "{file}");
        assert!(claim.is_right(SECRET), "{file}");
        assert!(!claim.is_right(b"madeupSecretKeyTencent0002EXAMPLE"), "{file}");
        assert_eq!(claim.is_temporary, file.contains("token"), "{file}");
        let algorithm = match &claim.algorithm {
            Algorithm::HmacSha1 => "HmacSHA1",
            Algorithm::HmacSha256 => "HmacSHA256",
            Algorithm::Tc3(Scope { service, .. }) => {
                assert_eq!(service, "cvm");
                let canonical = vector.canonical_request.as_ref().expect(file);
                assert_eq!(&shown(&wire).expect(file), canonical, "{file}");
                assert_eq!(vector.signature, hex::encode(&claim.signature), "{file}");
                "TC3-HMAC-SHA256"
            }
        };
        assert_eq!(algorithm, vector.algorithm, "{file}");
    }
}

/// Flavours A, B and C of the contract, and both signatures, are told apart.
#[test]
fn r003_10_both_apis_are_told_apart() {
    for vector in all() {
        let file = &vector.file;
        let wire = read(&vector.bytes()).expect(file);
        let is_legacy = file.starts_with("v2-");
        assert_eq!(wire.flavour == Flavour::Legacy, is_legacy, "{file}");
        assert_eq!(wire.scheme == Scheme::Tc3, vector.algorithm.starts_with("TC3"), "{file}");
        assert_eq!(wire.version, if is_legacy { "" } else { "2017-03-12" }, "{file}");
        let action = file.trim_end_matches("-20170312.http").trim_end_matches(".http");
        assert_eq!(Some(wire.action.as_str()), action.rsplit('-').next(), "{file}");
        let region = match file.split('-').next() {
            Some("v2" | "v2url") => "gz",
            _ if file.contains("noregion") => "",
            _ => "ap-guangzhou",
        };
        assert_eq!(wire.region, region, "{file}");
    }
}

/// Contract 5: the odd hosts of some clients are kept as they are.
#[test]
fn hosts_are_kept_literally() {
    for (file, host) in [
        ("tccli-SyncImages.http", "http://127.0.0.1:49671"),
        ("tc3-post-httpscheme-in-endpoint-DescribeImages.http", "http://127.0.0.1:39455"),
        ("hmacsha256-post-httpscheme-in-endpoint-DescribeImages.http", "http://127.0.0.1:39455"),
        ("tc3-post-path-in-endpoint-DescribeImages.http", "127.0.0.1:39455/tencent"),
        ("go-tc3-post-SyncImages.http", "127.0.0.1:48689"),
    ] {
        assert_eq!(wire(file).host, host, "{file}");
    }
}

/// The same question has one reading, whatever it is written in and signed with.
#[test]
fn what_they_ask_is_read_whole_and_alike() {
    for file in [
        "tc3-post-SyncImages.http",
        "tc3-get-SyncImages.http",
        "tc3-post-unsigned-SyncImages.http",
        "hmacsha1-get-SyncImages.http",
        "hmacsha256-post-SyncImages.http",
        "go-tc3-post-SyncImages.http",
        "go-tc3-get-SyncImages.http",
        "go-hmacsha1-post-SyncImages.http",
        "go-hmacsha256-get-SyncImages.http",
    ] {
        let params = wire(file).params;
        assert_eq!(params.texts("ImageIds").unwrap(), ["img-evhmf3fy", "img-o3ycss2p"], "{file}");
        let targets = params.texts("DestinationRegions").unwrap();
        assert_eq!(targets, ["ap-shanghai", "ap-beijing"], "{file}");
        assert_eq!(params.flag("DryRun").unwrap(), Some(false), "{file}");
        assert_eq!(params.flag("ImageSetRequired").unwrap(), Some(true), "{file}");
        assert_eq!(params.text("ImageName").unwrap(), Some("测试镜像 副本+1&a=b~*_x"), "{file}");
        let known = ["ImageIds", "DestinationRegions", "DryRun", "ImageName", "ImageSetRequired"];
        params.only(&known).expect("what is common to all requests is no parameter");
    }
    let legacy = wire("v2-qcloudapi-post-hmacsha1-SyncCvmImage.http").params;
    assert_eq!(legacy.texts("imgIdList").unwrap(), ["img-evhmf3fy", "img-o3ycss2p"]);
    assert_eq!(legacy.texts("dstRegion").unwrap(), ["sh", "bj"]);
    assert_eq!(legacy.needed("srcRegion").unwrap(), "gz");
}
