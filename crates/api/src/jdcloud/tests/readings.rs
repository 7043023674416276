//! Requests that could be read in two ways, or lack something, are refused in the cloud's words (api-02, api-05, api-06, api-07).

use crate::cloud::raw::parsed;
use crate::jdcloud::error::ApiError;
use crate::jdcloud::signing::Claim;
use crate::jdcloud::wire::Wire;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A request with these changes of its headers: a name and its lines instead.
fn request(changes: &[(&str, &str)]) -> String {
    let mut request = String::from("GET /v1/regions/r/images?imageSource=private HTTP/1.1\r\n");
    let scope = "k/20261122/r/vm/jdcloud3_request";
    let lines = [
        ("host", "Host: vm.x".to_owned()),
        ("type", "Content-Type: application/json".to_owned()),
        ("date", "x-jdcloud-date: 20261122T000000Z".to_owned()),
        (
            "authorization",
            format!(
                "Authorization: JDCLOUD3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature=00ff"
            ),
        ),
        ("more", String::new()),
    ];
    for (name, line) in lines {
        let change = changes.iter().find(|(changed, _)| *changed == name);
        let line = change.map_or(line, |(_, instead)| (*instead).replace("{scope}", scope));
        if !line.is_empty() {
            request.push_str(&line);
            request.push_str("\r\n");
        }
    }
    request + "\r\n"
}

fn signed(rest: &str) -> String {
    format!("Authorization: JDCLOUD3-HMAC-SHA256 {rest}")
}

/// What a request is refused for, or none.
fn verdict(request: &str) -> Option<ApiError> {
    let (parts, body) = parsed(request.as_bytes()).expect(request);
    Wire::of(parts, body).and_then(|wire| Claim::of(&wire)).err()
}

#[track_caller]
fn assert_refused(request: &str, code: u16, text: &str) {
    let refused = verdict(request).unwrap_or_else(|| panic!("it is taken: {request}"));
    let status = if code == 401 { "ACCESS_ERROR" } else { "INVALID_ARGUMENT" };
    assert_eq!((refused.code.as_u16(), refused.status), (code, status), "{}", refused.message);
    assert!(refused.message.contains(text), "{}\n{request}", refused.message);
}

#[test]
fn the_request_that_the_others_differ_from_gets_to_its_signature() {
    assert_eq!(verdict(&request(&[])), None);
    let digest = format!("x-jdcloud-content-sha256: {EMPTY}");
    assert_eq!(verdict(&request(&[("more", &digest)])), None);
}

/// The gateway's texts (contract 4).
#[test]
fn what_is_lacking_is_named_as_the_gateway_does() {
    for (change, text) in [
        (("authorization", ""), "lack of header authorization[gw]"),
        (("authorization", "Authorization: "), "lack of header authorization[gw]"),
        (("date", ""), "lack of header x-jdcloud-date"),
        (("date", "x-jdcloud-date: "), "lack of header x-jdcloud-date"),
    ] {
        let refused = verdict(&request(&[change])).unwrap();
        assert_eq!((refused.code.as_u16(), refused.message.as_str()), (401, text));
    }
    for (line, text) in [
        ("SignedHeaders=host, Signature=00", "lack of credential in the header authorization"),
        (
            "Credential=, SignedHeaders=host, Signature=00",
            "lack of credential in the header authorization",
        ),
        ("Credential={scope}, Signature=00", "lack of header signedHeaders"),
        ("Credential={scope}, SignedHeaders=, Signature=00", "lack of header signedHeaders"),
        (
            "Credential={scope}, SignedHeaders=host",
            "Invalid authentication credentials: they have no signature",
        ),
        ("Credential={scope}, SignedHeaders=host;x-a, Signature=00", "lack of header x-a"),
    ] {
        let refused = verdict(&request(&[("authorization", &signed(line))])).unwrap();
        assert_eq!((refused.code.as_u16(), refused.message.as_str()), (401, text), "{line}");
    }
    let wrong = format!("x-jdcloud-content-sha256: {}", EMPTY.replace('e', "f"));
    let refused = verdict(&request(&[("more", &wrong)])).unwrap();
    assert_eq!(
        (refused.code.as_u16(), refused.message.as_str()),
        (401, "sign result is not same [gw]")
    );
}

#[test]
fn api_05_only_the_two_algorithms_are_taken_each_with_its_own_scope() {
    let rest = "Credential={scope}, SignedHeaders=host, Signature=00";
    for algorithm in [
        "JDCLOUD1-HMAC-SHA256",
        "JDCLOUD3-HMAC-SHA1",
        "JDCLOUD3",
        "jdcloud3-hmac-sha256",
        "JDCLOUD3-none",
        "TC3-HMAC-SHA256",
        "AWS4-HMAC-SHA256",
        "Basic",
        "none",
    ] {
        let line = format!("Authorization: {algorithm} {rest}");
        assert_refused(&request(&[("authorization", &line)]), 401, "their algorithm is not");
    }
    for scope in [
        "k/20261122/r/vm/jdcloud2_request",
        "k/20261122/r/vm/JDCLOUD3_REQUEST",
        "k/20261122/r/vm",
        "k/20261122/r/vm/x/jdcloud3_request",
        "/20261122/r/vm/jdcloud3_request",
        "k/20261122//vm/jdcloud3_request",
        "k/20261122/r//jdcloud3_request",
        "k",
    ] {
        let line = signed(&rest.replace("{scope}", scope));
        assert_refused(&request(&[("authorization", &line)]), 401, "Credential is not KEY/DATE");
    }
    for day in ["20261123", "2026112", "202611220", "20261122T", "x"] {
        let scope = format!("k/{day}/r/vm/jdcloud3_request");
        let line = signed(&rest.replace("{scope}", &scope));
        assert_refused(&request(&[("authorization", &line)]), 401, "their date is not that");
    }
}

#[test]
fn api_06_a_list_of_headers_has_one_reading() {
    for (list, text) in [
        ("host;host", "host twice"),
        ("Host", "Host twice, or not in lower case"),
        ("host;", "lack of header "),
        (";", "lack of header "),
        ("host;x-b", "lack of header x-b"),
        ("host;a", "a is there more than once"),
    ] {
        let line = signed(&format!("Credential={{scope}}, SignedHeaders={list}, Signature=00"));
        let changes = [("authorization", line.as_str()), ("more", "a: 1\r\na: 2")];
        let refused = verdict(&request(&changes)).expect(list);
        assert!(
            refused.code == 401 && refused.message.contains(text),
            "{list}: {}",
            refused.message
        );
    }
    for more in [", Signature=01", ", X=1", ","] {
        let line = format!("Credential={{scope}}, SignedHeaders=host, Signature=00{more}");
        assert!(verdict(&request(&[("authorization", &signed(&line))])).is_some(), "{more}");
    }
    // A list as short as the Rust client's, and one as long as the Go client's.
    for list in ["content-type", "content-type;host;x-jdcloud-date;x-jdcloud-nonce"] {
        let line = signed(&format!("Credential={{scope}}, SignedHeaders={list}, Signature=00"));
        let changes = [("authorization", line.as_str()), ("more", "x-jdcloud-nonce: n")];
        assert_eq!(verdict(&request(&changes)), None, "{list}");
    }
}

#[test]
fn api_02_api_07_what_has_two_readings_is_refused() {
    let plain = request(&[]);
    for (more, text) in [
        ("Host: vm.y", "'host': it is given more than once"),
        ("Content-Type: text/plain", "'content-type': it is given more than once"),
        ("x-jdcloud-date: 20261122T000000Z", "'x-jdcloud-date': it is given more than once"),
        (
            "x-jdcloud-other: a\r\nx-jdcloud-other: b",
            "'x-jdcloud-other': it is given more than once",
        ),
        ("Authorization: Basic x", "'authorization': it is given more than once"),
        ("x-jdcloud-other: \u{e9}", "'x-jdcloud-other': it is not plain text"),
    ] {
        assert_refused(&request(&[("more", more)]), 400, text);
    }
    for (target, text) in [
        ("/v1/regions/r/images?a=1&a=1", "'a': it is given more than once"),
        ("/v1/regions/r/images?a=1&%61=2", "'a': it is given more than once"),
        ("/v1/regions/r/images?a=%zz", "'a': a `%`"),
        ("/v1/regions/r/images?a=%ff", "'a': it is not UTF-8"),
        ("/v1/regions/r/images/%zz", "'path': a `%`"),
        ("/v1/regions/r/images/%ff", "'path': it is not UTF-8"),
        ("http://vm.y/v1/regions/r/images", "'host': it is not the host"),
    ] {
        let bent = plain.replace("/v1/regions/r/images?imageSource=private", target);
        assert_ne!(bent, plain);
        assert_refused(&bent, 400, text);
    }
    assert_refused(&request(&[("host", "")]), 400, "Parameter Host missing");
}

/// One client signs the host without the ports 80 and 443 and may send it with them: either is right (contract 5).
#[test]
fn a_usual_port_may_be_left_out_of_the_signed_host() {
    for (host, wanted) in [
        ("vm.x:80", &["vm.x:80", "vm.x"][..]),
        ("vm.x:443", &["vm.x:443", "vm.x"]),
        ("vm.x:8080", &["vm.x:8080"]),
        ("vm.x", &["vm.x"]),
    ] {
        let line = format!("Host: {host}");
        let text = request(&[("host", &line)]);
        let (parts, body) = parsed(text.as_bytes()).unwrap();
        let claim = Claim::of(&Wire::of(parts, body).unwrap()).unwrap();
        let signed: Vec<_> =
            claim.canonical.iter().map(|text| text.lines().nth(4).unwrap()).collect();
        let wanted: Vec<_> = wanted.iter().map(|host| format!("host:{host}")).collect();
        assert_eq!(signed, wanted);
    }
}
