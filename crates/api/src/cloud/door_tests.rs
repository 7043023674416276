//! The table of doors: every recorded request of every cloud, every operation of the native API, and what lies between.

use std::path::Path;

use super::Door::{Alibaba, JdCloud, Native, Tencent};
use super::{Door, door_of, needs_form};
use crate::cloud::raw::parsed;

/// The door of a request as bytes.
fn door(request: &[u8]) -> Door {
    let (parts, body) = parsed(request).expect("it is HTTP");
    let form = match needs_form(&parts.method, &parts.uri, &parts.headers) {
        true => body.as_slice(),
        false => &[],
    };
    door_of(&parts.method, &parts.uri, &parts.headers, form)
}

fn recorded(cloud: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(cloud).join("vectors");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let requests = files.filter(|path| path.extension().is_some_and(|kind| kind == "http"));
    requests.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn recorded_requests_of_every_client_come_to_their_cloud() {
    for (cloud, own, least) in [
        ("alibaba", Door::Alibaba, 25),
        ("tencent", Door::Tencent, 34),
        ("jdcloud", Door::JdCloud, 25),
    ] {
        let requests = recorded(cloud);
        assert!(requests.len() >= least, "{cloud}: {}", requests.len());
        for (file, bytes) in requests {
            assert_eq!(door(&bytes), own, "{file}");
        }
    }
}

/// Whatever a native client adds, its own scheme of authorization and the native paths stay the native API's.
#[test]
fn every_native_operation_comes_to_the_native_api() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let page: serde_json::Value =
        serde_json::from_slice(&std::fs::read(page).unwrap()).expect("the page is JSON");
    let paths = page["paths"].as_object().unwrap();
    assert!(paths.len() > 40, "{}", paths.len());
    for (path, operations) in paths {
        let path = path.replace(['{', '}'], "");
        for method in operations.as_object().unwrap().keys() {
            let line = format!("{} {path}", method.to_ascii_uppercase());
            for rest in [
                "",
                "Authorization: Basic a2V5OnNlY3JldA==\r\n",
                "Authorization: Basic a2V5OnNlY3JldA==\r\nx-tc-action: SyncImages\r\n",
                "Content-Type: application/x-www-form-urlencoded\r\n",
            ] {
                let request = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:7070\r\n{rest}\r\n");
                assert_eq!(door(request.as_bytes()), Door::Native, "{request}");
            }
        }
    }
    for path in ["/metrics", "/livez", "/readyz", "/peer/v1/holds", "/v1", "/images", "/v2/index"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: ferry\r\n\r\n");
        assert_eq!(door(request.as_bytes()), Door::Native, "{path}");
    }
}

const TC3: &str = "Authorization: TC3-HMAC-SHA256 Credential=k/2026-11-22/cvm/tc3_request\r\n";
const ACS3: &str = "Authorization: ACS3-HMAC-SHA256 Credential=k\r\n";
const JD3: &str = "authorization: jdcloud3-hmac-sha256 Credential=k\r\n";
const BASIC: &str = "Authorization: Basic eA==\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

/// A request's line, its headers, its body, and the door that it is for.
type Row = (&'static str, &'static str, &'static str, Door);

/// api-05: what could be taken for another cloud's request goes to one door by one rule, and that door judges it.
fn assert_doors(rows: &[Row]) {
    for (line, headers, body, expected) in rows {
        let request = format!("{line} HTTP/1.1\r\n{headers}\r\n{body}");
        assert_eq!(door(request.as_bytes()), *expected, "{request}");
    }
}

/// api-05. Nothing is said: a person looks at the page, or nobody's client calls.
#[test]
fn api_05_nothing_said_is_nobodys() {
    assert_doors(&[
        ("GET /", "", "", Native),
        ("HEAD /", "", "", Native),
        ("GET /?region=north", BASIC, "", Native),
        ("GET /?Version=1", "", "", Native),
        ("POST /", "", "", Alibaba),
        ("POST /", FORM, "a=b", Alibaba),
        ("POST /", JSON, "{}", Tencent),
        ("DELETE /", "", "", Native),
    ]);
}

/// api-05. The scheme of `Authorization` decides, wherever it is sent.
#[test]
fn api_05_the_scheme_of_authorization_is_the_plainest_word() {
    assert_doors(&[
        ("GET /v1/regions/north/images", TC3, "", Tencent),
        ("GET /v1/regions/north/images", ACS3, "", Alibaba),
        ("GET /v1/regions/north/images", JD3, "", JdCloud),
        ("GET /v1/regions/north/images", BASIC, "", Native),
        ("POST /v2/index.php", ACS3, "", Alibaba),
        ("POST /?AccessKeyId=k&Signature=s", TC3, "", Tencent),
        ("POST /?SecretId=k&Signature=s", "X-ACS-Action: CopyImage\r\n", "", Alibaba),
        ("POST /", "X-TC-Action: SyncImages\r\nAuthorization: ACS3-HMAC-SHA256 x\r\n", "", Alibaba),
        ("POST /", "Authorization: TC3\r\n", "", Alibaba),
        ("POST /", "Authorization: tc3-hmac-sha256 x\r\n", "", Tencent),
        ("GET /", "Authorization: Basic eA==\r\nAuthorization: TC3-HMAC-SHA256 x\r\n", "", Tencent),
    ]);
}

/// api-05. Headers of one cloud's clients, without a signature; the cloud's own host, as proxies and one odd client write it.
#[test]
fn api_05_headers_and_hosts_of_one_cloud_tell_it() {
    assert_doors(&[
        ("GET /v1/regions/north/images", "x-jdcloud-date: 20261122T010154Z\r\n", "", JdCloud),
        ("GET /v1/regions/north/images", "x-jdcloudy: 1\r\n", "", Native),
        ("POST /", "x-tc-action: SyncImages\r\n", "", Tencent),
        ("POST /anything", "x-tc-action: SyncImages\r\n", "", Tencent),
        ("POST /", "x-acs-action: CopyImage\r\n", "", Alibaba),
        ("GET http://cvm.tencentcloudapi.com/", "Host: 127.0.0.1\r\n", "", Tencent),
        ("GET /", "Host: http://cvm.ap-guangzhou.tencentcloudapi.com:80\r\n", "", Tencent),
        ("GET /", "Host: image.api.qcloud.com\r\n", "", Tencent),
        ("GET /v1/regions/north/images", "Host: VM.jdcloud-api.com\r\n", "", JdCloud),
        ("GET /", "Host: ecs.cn-hangzhou.aliyuncs.com:443\r\n", "", Alibaba),
        ("GET http://ecs.aliyuncs.com/", "Host: cvm.tencentcloudapi.com\r\n", "", Alibaba),
        ("GET /", "Host: cvm.tencentcloudapi.com.example.org\r\n", "", Native),
        ("GET /", "Host: eviltencentcloudapi.com\r\n", "", Native),
        ("GET /", "Host: \u{fffd}\r\n", "", Native),
    ]);
}

/// api-05. Parameters, in the target or in a form.
#[test]
fn api_05_parameters_tell_the_cloud_whose_clients_send_them_so() {
    assert_doors(&[
        ("POST /", FORM, "Action=SyncImages&SecretId=k&Signature=s", Tencent),
        ("POST /", FORM, "Action=CopyImage&AccessKeyId=k&Signature=s", Alibaba),
        ("POST /", FORM, "Action=SyncImages&Version=2017-03-12", Tencent),
        ("POST /", FORM, "Action=SyncImages&%56ersion=2017-03-12", Tencent),
        ("POST /", FORM, "Action=CopyImage&Version=2014-05-26", Alibaba),
        ("POST /", FORM, "Action=X&Version=2099-01-01", Alibaba),
        ("POST /", FORM, "SecretId=k&AccessKeyId=k", Tencent),
        ("POST /?AccessKeyId=k", FORM, "SecretId=k", Tencent),
        ("POST /", JSON, "Action=CopyImage&AccessKeyId=k", Tencent),
        ("GET /?Action=DescribeRegions", "", "", Alibaba),
        ("GET /?Action=DescribeRegions&Version=2017-03-12", "", "", Tencent),
        ("GET /?SecretId=%zz", "", "", Tencent),
        ("GET /?secretid=k", "", "", Native),
    ]);
}

/// api-05. The older path, and paths of an endpoint.
#[test]
fn api_05_the_older_path_and_paths_of_endpoints() {
    assert_doors(&[
        ("GET /v2/index.php", "", "", Tencent),
        ("POST /v2/index.php", FORM, "Action=CopyImage&AccessKeyId=k", Tencent),
        ("GET /v2/index.php/", "", "", Native),
        ("GET /v2/../v2/index.php", "", "", Native),
        ("GET /tencent?SecretId=k&Signature=s", "", "", Tencent),
        ("GET /tencent?SecretId=k", "", "", Native),
        ("GET /some/path?AccessKeyId=k&Signature=s", "", "", Alibaba),
        ("GET /v1/regions/north/images?SecretId=k&Signature=s", BASIC, "", Native),
        ("POST /tencent", FORM, "SecretId=k&Signature=s", Native),
    ]);
}
