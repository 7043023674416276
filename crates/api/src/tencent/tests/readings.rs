//! Requests that could be read in two ways, or lack something, are refused (api-02, api-05, api-06, api-09).

use crate::cloud::raw::parsed;
use crate::tencent::admission::Claim;
use crate::tencent::error::ApiError;
use crate::tencent::wire::{Flavour, Wire};

const V1: &str = "Action=DescribeImages&Version=2017-03-12&Region=ap-guangzhou&SecretId=k&Nonce=7&Timestamp=1795309127\
    &SignatureMethod=HmacSHA1&Signature=AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const SIGNATURE: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff";

fn read(request: &str) -> Result<Wire, ApiError> {
    let (parts, body) = parsed(request.as_bytes()).expect(request);
    Wire::of(parts, body)
}

/// What a request of these parts is refused for, or none.
fn verdict(request: &str) -> Option<ApiError> {
    read(request).and_then(|wire| Claim::of(&wire)).err()
}

#[track_caller]
fn assert_refused(request: &str, code: &str, text: &str) {
    let refused = verdict(request).unwrap_or_else(|| panic!("it is taken: {request}"));
    assert_eq!(refused.code, code, "{}\n{request}", refused.message);
    assert!(refused.message.contains(text), "{}\n{request}", refused.message);
}

fn v1(query: &str) -> String {
    format!("GET /?{query} HTTP/1.1\r\nHost: cvm.x\r\n\r\n")
}

fn authorization(credential: &str, signed: &str) -> String {
    format!(
        "Authorization: TC3-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={SIGNATURE}"
    )
}

/// A request of the newer signature with these changes of its headers: a name and its lines instead.
fn tc3(changes: &[(&str, &str)], body: &str) -> String {
    let lines = [
        ("first", "POST / HTTP/1.1".to_owned()),
        ("host", "Host: cvm.x".to_owned()),
        ("type", "Content-Type: application/json".to_owned()),
        ("action", "X-TC-Action: DescribeImages".to_owned()),
        ("version", "X-TC-Version: 2017-03-12".to_owned()),
        ("region", "X-TC-Region: ap-guangzhou".to_owned()),
        ("time", "X-TC-Timestamp: 1795309127".to_owned()),
        ("authorization", authorization("k/2026-11-22/cvm/tc3_request", "content-type;host")),
        ("more", String::new()),
    ];
    let mut request = String::new();
    for (name, line) in lines {
        let change = changes.iter().find(|(changed, _)| *changed == name);
        let line = change.map_or(line, |(_, instead)| (*instead).to_owned());
        if !line.is_empty() {
            request.push_str(&line);
            request.push_str("\r\n");
        }
    }
    request + "\r\n" + body
}

#[test]
fn the_requests_that_the_others_differ_from_get_to_their_signature() {
    assert_eq!(verdict(&v1(V1)), None);
    assert_eq!(verdict(&v1(&V1.replace("SignatureMethod=HmacSHA1&", ""))), None);
    assert_eq!(verdict(&format!("POST / HTTP/1.1\r\nHost: x\r\n{FORM}\r\n{V1}")), None);
    assert_eq!(verdict(&format!("POST /any/path HTTP/1.1\r\nHost: x\r\n{FORM}\r\n{V1}")), None);
    assert_eq!(verdict(&tc3(&[], "{}")), None);
    assert_eq!(verdict(&tc3(&[], "")), None);
    assert_eq!(verdict(&tc3(&[("first", "POST /any/path HTTP/1.1")], "{}")), None);
    let charset = [("type", "Content-Type: application/json; charset=utf-8")];
    assert_eq!(verdict(&tc3(&charset, "{}")), None);
    assert_eq!(verdict(&tc3(&[("first", "GET /?Limit=1 HTTP/1.1")], "")), None);
}

#[test]
fn what_is_mandatory_is_missed_by_its_name() {
    for name in ["Action", "SecretId", "Timestamp", "Nonce", "Signature"] {
        let pair = V1.split('&').find(|pair| pair.starts_with(&format!("{name}="))).unwrap();
        for rest in [V1.replace(pair, ""), V1.replace(pair, &format!("{name}="))] {
            assert_refused(&v1(&rest), "MissingParameter", &format!("`{name}`"));
        }
    }
    assert_refused(&tc3(&[("time", "")], "{}"), "MissingParameter", "`X-TC-Timestamp`");
    assert_refused(&tc3(&[("time", "X-TC-Timestamp: ")], "{}"), "MissingParameter", "Timestamp");
    assert_refused(&tc3(&[("host", "")], "{}"), "MissingParameter", "`Host`");
    // Meant for the newer signature, and not signed at all.
    let code = "AuthFailure.InvalidAuthorization";
    assert_refused(&tc3(&[("authorization", "")], "{}"), code, "Authorization is missing");
}

#[test]
fn api_02_api_09_what_is_there_twice_is_refused() {
    let twice = "it is given more than once";
    for (request, named) in [
        (v1(&format!("{V1}&Action=DeleteImages")), "Action"),
        (v1(&format!("{V1}&%41ction=DeleteImages")), "Action"),
        (v1(&format!("{V1}&Signature=AAAA")), "Signature"),
        (v1(&format!("{V1}&ImageIds.1=a&ImageIds.01=b")), "ImageIds.1"),
        (format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\n{FORM}\r\nAction=DeleteImages"), "Action"),
        (format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), "host"),
        (format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\n{FORM}{FORM}\r\n"), "content-type"),
        (tc3(&[("more", "X-TC-Action: DeleteImages")], "{}"), "x-tc-action"),
        (tc3(&[("more", "X-TC-Region: ap-beijing")], "{}"), "x-tc-region"),
        (tc3(&[("more", &authorization("a/b/c/tc3_request", "host"))], "{}"), "authorization"),
    ] {
        let refused = verdict(&request).expect(&request);
        assert_eq!(refused.code, "InvalidParameter", "{request}");
        assert_eq!(refused.message, format!("The parameter `{named}` is not valid: {twice}."));
    }
    let json = tc3(&[], r#"{"ImageIds":["a"],"ImageIds":["b"]}"#);
    assert_refused(&json, "InvalidParameter", "`body`");
    let nested = tc3(&[], r#"{"Filters":[{"Name":"a","Name":"b"}]}"#);
    assert_refused(&nested, "InvalidParameter", "`body`");
    assert_refused(&tc3(&[], "{} {}"), "InvalidParameter", "`body`");
    assert_refused(&tc3(&[], "[]"), "InvalidParameter", "`body`");
    let deep = "[".repeat(10_000);
    assert_refused(&tc3(&[], &format!("{{\"a\":{deep}")), "InvalidParameter", "`body`");
}

#[test]
fn api_02_what_a_signature_would_not_cover_is_refused() {
    let query = tc3(&[("first", "POST /?DryRun=false HTTP/1.1")], "{}");
    assert_refused(&query, "InvalidParameter", "`query`");
    let body = tc3(&[("first", "GET /?Limit=1 HTTP/1.1")], "{}");
    assert_refused(&body, "InvalidParameter", "`body`");
    let get = format!("GET /?{V1} HTTP/1.1\r\nHost: x\r\n{FORM}\r\nLimit=1");
    assert_refused(&get, "InvalidParameter", "`body`");
    let form = [("type", "Content-Type: application/x-www-form-urlencoded")];
    assert_refused(&tc3(&form, "Limit=1"), "InvalidParameter", "`Content-Type`");
    let json =
        format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n{{}}");
    assert_refused(&json, "InvalidParameter", "`Content-Type`");
    for name in ["X-TC-Action: DeleteImages", "X-TC-Region: ap-beijing", "X-TC-Token: t"] {
        let beside = format!("GET /?{V1} HTTP/1.1\r\nHost: x\r\n{name}\r\n\r\n");
        let code = "AuthFailure.InvalidAuthorization";
        assert_refused(&beside, code, "Authorization is missing");
    }
    let trace = format!("GET /?{V1} HTTP/1.1\r\nHost: x\r\nX-TC-TraceId: 1\r\n\r\n");
    assert_eq!(verdict(&trace), None);
}

#[test]
fn targets_that_name_another_host_or_protocol_are_refused() {
    let proxied =
        |target: &str, host: &str| format!("GET {target}?{V1} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(verdict(&proxied("http://cvm.x:80/", "cvm.x:80")), None);
    assert_eq!(verdict(&proxied("http://cvm.x:80/", "http://cvm.x:80")), None);
    assert_eq!(verdict(&proxied("http://cvm.x:80/a", "cvm.x:80/a")), None);
    assert_refused(&proxied("http://cvm.y:80/", "cvm.x:80"), "InvalidParameter", "`Host`");
    assert_refused(&proxied("ftp://cvm.x/", "cvm.x"), "UnsupportedProtocol", "`ftp`");
    assert_refused(&v1(V1).replace("GET", "PUT"), "UnsupportedProtocol", "PUT");
}

#[test]
fn api_05_only_the_three_signatures_are_taken_and_never_two() {
    for other in ["HmacMD5", "none", "hmacsha1", "TC3-HMAC-SHA256", ""] {
        let request = v1(&V1.replace("HmacSHA1", other));
        assert_refused(&request, "InvalidParameterValue", "`SignatureMethod`");
    }
    let code = "AuthFailure.InvalidAuthorization";
    let credential = "Credential=k/2026-11-22/cvm/tc3_request, SignedHeaders=content-type;host";
    for algorithm in
        ["TC3-HMAC-SM3", "tc3-hmac-sha256", "TC3-HMAC-SHA1", "ACS3-HMAC-SHA256", "none"]
    {
        let line = format!("Authorization: {algorithm} {credential}, Signature={SIGNATURE}");
        let request = tc3(&[("authorization", &line)], "{}");
        assert_refused(&request, code, "only TC3-HMAC-SHA256 is taken");
    }
    // A request of the older signature with any `Authorization` is none of it any more.
    let both = format!("GET /?{V1} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic azpz\r\n\r\n");
    assert_refused(&both, code, "only TC3-HMAC-SHA256 is taken");
    let both = tc3(&[("first", &format!("GET /?{V1} HTTP/1.1"))], "");
    let known = ["Limit"];
    let wire = read(&both).unwrap();
    assert_eq!(wire.params.only(&known).unwrap_err().code, "UnknownParameter");
    assert_eq!(wire.action, "DescribeImages");
}

#[test]
fn api_05_scopes_have_one_form_and_the_day_of_their_time() {
    let code = "AuthFailure.InvalidAuthorization";
    let with = |credential: &str| {
        let line = authorization(credential, "content-type;host");
        tc3(&[("authorization", &line)], "{}")
    };
    for wrong in [
        "k",
        "k/2026-11-22",
        "k/2026-11-22/cvm",
        "k/2026-11-22/cvm/aws4_request",
        "k/2026-11-22/cvm/tc3_request/more",
        "/2026-11-22/cvm/tc3_request",
        "k/2026-11-22//tc3_request",
    ] {
        assert_refused(&with(wrong), code, "Credential is not");
    }
    for date in ["2026-11-21", "2026-11-23", "20261122", "2026-11-22 ", ""] {
        let wrong = with(&format!("k/{date}/cvm/tc3_request"));
        assert_refused(&wrong, code, "the date in Credential");
    }
    // One second before and at midnight, UTC.
    for (second, date) in
        [(1_795_305_599_i64 + 86_400, "2026-11-22"), (1_795_392_000, "2026-11-23")]
    {
        let line = authorization(&format!("k/{date}/cvm/tc3_request"), "content-type;host");
        let time = format!("X-TC-Timestamp: {second}");
        assert_eq!(verdict(&tc3(&[("authorization", &line), ("time", &time)], "{}")), None);
    }
}

#[test]
fn api_06_what_all_clients_sign_is_signed_and_what_is_listed_is_there() {
    let code = "AuthFailure.InvalidAuthorization";
    let with = |signed: &str, more: &str| {
        let line = authorization("k/2026-11-22/cvm/tc3_request", signed);
        tc3(&[("authorization", &line), ("more", more)], "{}")
    };
    for good in
        ["host;content-type", "content-type;host;x-tc-action", "content-type;host;x-tc-region"]
    {
        assert_eq!(verdict(&with(good, "")), None, "{good}");
    }
    for (signed, text) in [
        ("host", "`content-type` is not signed"),
        ("content-type", "`host` is not signed"),
        ("x-tc-action", "`content-type` is not signed"),
        ("content-type;host;x-tc-token", "`x-tc-token` is not there once"),
        ("content-type;host;user-agent", "`user-agent` is not there once"),
        ("content-type;host;", "`` is not there once"),
        ("content-type;host;host", "`host` twice"),
        ("content-type;Host", "`Host` twice, or not in lower case"),
    ] {
        assert_refused(&with(signed, ""), code, text);
    }
    let twice = with("content-type;host;a", "A: 1\r\nA: 2");
    assert_refused(&twice, code, "`a` is not there once");
    let untyped = tc3(&[("type", ""), ("first", "GET / HTTP/1.1")], "");
    assert_refused(&untyped, code, "`content-type` is not there once");
}

#[test]
fn a_broken_authorization_is_named() {
    let code = "AuthFailure.InvalidAuthorization";
    let scope = "Credential=k/2026-11-22/cvm/tc3_request";
    let all = format!("{scope}, SignedHeaders=content-type;host, Signature={SIGNATURE}");
    for (line, text) in [
        (String::new(), "no Credential"),
        (scope.to_owned(), "no SignedHeaders"),
        (format!("{scope}, SignedHeaders=content-type;host"), "no Signature"),
        (format!("{all}, Signature={SIGNATURE}"), "more than"),
        (format!("{all}, x"), "more than"),
        (all.to_uppercase().replace("CREDENTIAL", "credential"), "no Credential"),
        (all.replace("00ff00ff", "00FF00FF"), "lower-case hexadecimal"),
        (all.replace("00ff00ff", "xyxyxyxy"), "lower-case hexadecimal"),
        (all.replace(SIGNATURE, "00ff"), "lower-case hexadecimal"),
    ] {
        let line = format!("Authorization: TC3-HMAC-SHA256 {line}");
        assert_refused(&tc3(&[("authorization", &line)], "{}"), code, text);
    }
    let unspaced = format!("Authorization: TC3-HMAC-SHA256 {}", all.replace(", ", ","));
    assert_eq!(verdict(&tc3(&[("authorization", &unspaced)], "{}")), None);
    let bad = v1(&V1.replace("AAA=", "AAB="));
    assert_refused(&bad, "AuthFailure.SignatureFailure", "base64");
}

#[test]
fn the_digest_that_a_client_states_is_that_of_the_body_or_says_that_there_is_none() {
    let stated =
        |digest: &str| verdict(&tc3(&[("more", &format!("X-TC-Content-SHA256: {digest}"))], "{}"));
    let digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(stated(digest), None);
    assert_eq!(stated("UNSIGNED-PAYLOAD"), None);
    for wrong in ["unsigned-payload", "", &digest[1..], &digest.to_uppercase()] {
        assert_eq!(stated(wrong).unwrap().code, "InvalidParameter", "{wrong}");
    }
}

/// Names are signed with `.` for `_` by one client; which of two names that become the same is meant then, nobody can say.
#[test]
fn api_02_underscores_in_names_are_signed_in_both_ways() {
    let texts = |query: &str| Claim::of(&read(&v1(query)).unwrap()).unwrap().texts;
    let one = texts(&format!("{V1}&a_b=x_y"));
    assert_eq!(one.len(), 2);
    assert!(one[0].contains("&a_b=x_y") && one[1].contains("&a.b=x_y"), "{one:?}");
    assert_eq!(texts(&format!("{V1}&a_b=1&a.b=2")).len(), 1);
    assert_eq!(texts(V1).len(), 1);
}

/// Some clients sign `/` whatever the path is; under the path of the older API it is that path alone.
#[test]
fn the_path_is_signed_as_it_is_or_as_the_root() {
    let texts = |path: &str, query: &str| {
        let request = format!("GET {path}?{query} HTTP/1.1\r\nHost: cvm.x\r\n\r\n");
        let wire = read(&request).unwrap();
        let texts = Claim::of(&wire).unwrap().texts;
        let paths = texts.iter().map(|text| text.split('?').next().unwrap().to_owned());
        (wire.flavour, paths.collect::<Vec<_>>())
    };
    let root = "GETcvm.x/".to_owned();
    assert_eq!(texts("/", V1), (Flavour::Current, vec![root.clone()]));
    assert_eq!(texts("/a", V1), (Flavour::Current, vec!["GETcvm.x/a".to_owned(), root.clone()]));
    let index = "GETcvm.x/v2/index.php".to_owned();
    let both = vec![index.clone(), root];
    assert_eq!(texts("/v2/index.php", V1), (Flavour::Current, both));
    let older = V1.replace("&Version=2017-03-12", "");
    assert_eq!(texts("/v2/index.php", &older), (Flavour::Legacy, vec![index.clone()]));
    let empty = V1.replace("&Version=2017-03-12", "&Version=");
    assert_eq!(texts("/v2/index.php", &empty), (Flavour::Legacy, vec![index]));
}

#[test]
fn a_nonce_is_a_number_and_may_be_any() {
    for good in ["0", "5577006791947779410", "18446744073709551615"] {
        assert_eq!(verdict(&v1(&V1.replace("Nonce=7", &format!("Nonce={good}")))), None);
    }
    for wrong in ["a", "-1", "1.0", "%2B1", "999999999999999999999"] {
        let request = v1(&V1.replace("Nonce=7", &format!("Nonce={wrong}")));
        assert_refused(&request, "InvalidParameter", "`Nonce`");
    }
}
