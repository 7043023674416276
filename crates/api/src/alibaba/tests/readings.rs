//! Requests that could be read in two ways, or lack something, are refused; and how the answer is written (api-02, api-05,
//! api-06, api-07).

use crate::alibaba::admission::Claim;
use crate::alibaba::error::ApiError;
use crate::alibaba::wire::{Format, Unread, Wire};
use crate::cloud::raw::parsed;

const V1: &str = "Action=DescribeImages&Version=2014-05-26&AccessKeyId=k&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0\
    &SignatureNonce=n&Timestamp=2026-11-22T00:00:00Z&Signature=AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn read(request: &str) -> Result<Wire, Unread> {
    let (parts, body) = parsed(request.as_bytes()).expect(request);
    Wire::of(parts, body)
}

/// What a request of these parts is refused for, or none.
fn verdict(request: &str) -> Option<ApiError> {
    match read(request) {
        Ok(wire) => Claim::of(&wire).err(),
        Err(unread) => Some(unread.error),
    }
}

#[track_caller]
fn assert_refused(request: &str, code: &str, text: &str) {
    let refused = verdict(request).unwrap_or_else(|| panic!("it is taken: {request}"));
    assert_eq!(refused.code, code, "{}\n{request}", refused.message);
    assert!(refused.message.contains(text), "{}\n{request}", refused.message);
    assert_ne!(refused.status, 404);
}

fn v1(query: &str) -> String {
    format!("GET /?{query} HTTP/1.1\r\nHost: ecs.x\r\n\r\n")
}

/// A request of the newer signature with these changes of its headers: a name and its lines instead.
fn v3(changes: &[(&str, &str)]) -> String {
    let mut request = String::from("POST /?RegionId=north HTTP/1.1\r\n");
    let signed =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let lines = [
        ("host", "host: ecs.x".to_owned()),
        ("action", "x-acs-action: DescribeImages".to_owned()),
        ("version", "x-acs-version: 2014-05-26".to_owned()),
        ("date", "x-acs-date: 2026-11-22T00:00:00Z".to_owned()),
        ("nonce", "x-acs-signature-nonce: n".to_owned()),
        ("digest", format!("x-acs-content-sha256: {EMPTY}")),
        (
            "authorization",
            format!(
                "Authorization: ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed},Signature=00ff"
            ),
        ),
        ("more", String::new()),
    ];
    for (name, line) in lines {
        let change = changes.iter().find(|(changed, _)| *changed == name);
        let line = change.map_or(line, |(_, instead)| (*instead).replace("{signed}", signed));
        if !line.is_empty() {
            request.push_str(&line);
            request.push_str("\r\n");
        }
    }
    request + "\r\n"
}

#[test]
fn the_requests_that_the_others_differ_from_get_to_their_signature() {
    assert_eq!(verdict(&v1(V1)), None);
    assert_eq!(verdict(&v3(&[])), None);
    assert_eq!(verdict(&format!("POST / HTTP/1.1\r\nHost: x\r\n{FORM}\r\n{V1}")), None);
}

#[test]
fn what_is_mandatory_is_missed_by_its_name() {
    for pair in V1.split('&') {
        let name = pair.split_once('=').unwrap().0;
        let shown = if name == "Timestamp" { "TimeStamp" } else { name };
        for rest in [V1.replace(pair, ""), V1.replace(pair, &format!("{name}="))] {
            let text = format!("The input parameter \"{shown}\" that is mandatory");
            assert_refused(&v1(&rest), "MissingParameter", &text);
        }
    }
    for (name, header) in [
        ("action", "x-acs-action"),
        ("version", "x-acs-version"),
        ("date", "x-acs-date"),
        ("nonce", "x-acs-signature-nonce"),
        ("digest", "x-acs-content-sha256"),
    ] {
        assert_refused(&v3(&[(name, "")]), "MissingParameter", header);
        assert_refused(&v3(&[(name, &format!("{header}: "))]), "MissingParameter", header);
    }
    assert_refused("GET /?Action=A HTTP/1.1\r\nX-A: x\r\n\r\n", "MissingParameter", "\"Host\"");
}

#[test]
fn api_02_api_09_what_is_there_twice_is_refused() {
    for (request, named) in [
        (v1(&format!("{V1}&Action=DeleteImage")), "Action"),
        (v1(&format!("{V1}&%41ction=DeleteImage")), "Action"),
        (v1(&format!("{V1}&Signature=AAAA")), "Signature"),
        (format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\n{FORM}\r\nAction=DeleteImage"), "Action"),
        (format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), "host"),
        (format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\n{FORM}{FORM}\r\n"), "content-type"),
        (v3(&[("more", "x-acs-action: DeleteImage")]), "x-acs-action"),
        (v3(&[("more", "x-acs-other: a\r\nx-acs-other: b")]), "x-acs-other"),
        (
            v3(&[(
                "more",
                "Authorization: ACS3-HMAC-SHA256 Credential=a,SignedHeaders=b,Signature=00",
            )]),
            "authorization",
        ),
    ] {
        assert_refused(
            &request,
            "InvalidParameter",
            &format!("\"{named}\" is not valid: it is given more than once"),
        );
    }
}

#[test]
fn api_02_what_a_signature_would_not_cover_is_refused() {
    let post =
        |head: &str, body: &str| format!("POST /?{V1} HTTP/1.1\r\nHost: x\r\n{head}\r\n{body}");
    assert_refused(
        &post("Content-Type: application/json\r\n", "{}"),
        "InvalidParameter",
        "`application/json`",
    );
    assert_refused(&post("", "ImageId=m-1"), "InvalidParameter", "`none`");
    assert_refused(&post(FORM, "ImageId=%ff"), "InvalidParameter", "\"ImageId\"");
    assert_eq!(verdict(&post("Content-Type: application/json\r\n", "")), None);
    assert_refused(&v1(V1).replace("/?", "/other?"), "InvalidParameter", "`/other`");
    assert_refused(&v1(V1).replace("/?", "http://ecs.y/?"), "InvalidParameter", "\"Host\"");
    assert_refused(&v1(V1).replace("/?", "ftp://ecs.x/?"), "InvalidParameter", "`ftp`");
    assert_eq!(verdict(&v1(V1).replace("/?", "http://ecs.x/?")), None);
    assert_eq!(verdict(&v1(V1).replace("/?", "http://ecs.x?")), None);
}

#[test]
fn api_05_only_the_two_signatures_are_taken_and_never_both() {
    for (from, to) in [
        ("HMAC-SHA1", "HMAC-SHA256"),
        ("HMAC-SHA1", "none"),
        ("HMAC-SHA1", "hmac-sha1"),
        ("SignatureVersion=1.0", "SignatureVersion=2.0"),
        ("SignatureVersion=1.0", "SignatureVersion=3.0"),
    ] {
        assert_refused(&v1(&V1.replace(from, to)), "InvalidParamater", "is not valid");
    }
    for algorithm in [
        "ACS3-HMAC-SM3",
        "ACS3-RSA-SHA256",
        "ACS3-HMAC-SHA1",
        "ACS3",
        "acs3-hmac-sha256",
        "ACS3-none",
    ] {
        let line = format!(
            "Authorization: {algorithm} Credential=k,SignedHeaders={{signed}},Signature=00"
        );
        assert_refused(
            &v3(&[("authorization", &line)]),
            "InvalidParamater",
            "only ACS3-HMAC-SHA256",
        );
    }
    let both = v3(&[]).replace("RegionId=north", V1);
    assert_refused(&both, "InvalidParameter", "it cannot have two signatures");
    // Another kind of authorization is no signature: the request is one of the older scheme, without one.
    for other in ["Basic azpz", "TC3-HMAC-SHA256 Credential=k", "acs k:c2ln", "none"] {
        let line = format!("Authorization: {other}");
        assert_refused(&v3(&[("authorization", &line)]), "MissingParameter", "\"Action\"");
    }
}

#[test]
fn api_06_what_decides_is_signed() {
    let signed = |names: &str| {
        format!("Authorization: ACS3-HMAC-SHA256 Credential=k,SignedHeaders={names},Signature=00ff")
    };
    let all = [
        "host",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    ];
    for left_out in all {
        let rest: Vec<_> = all.into_iter().filter(|name| *name != left_out).collect();
        let request = v3(&[("authorization", &signed(&rest.join(";")))]);
        assert_refused(
            &request,
            "IncompleteSignature",
            &format!("the header {left_out} is not signed"),
        );
    }
    for extra in ["content-type: text/plain", "x-acs-security-token: t", "X-Acs-Anything: a"] {
        let name = extra.split(':').next().unwrap().to_ascii_lowercase();
        assert_refused(
            &v3(&[("more", extra)]),
            "IncompleteSignature",
            &format!("{name} is not signed"),
        );
    }
    for (names, text) in [
        ("{signed};user-agent", "user-agent is not there once"),
        ("{signed};host", "host twice"),
        ("{signed};Host", "Host twice, or not in lower case"),
        ("{signed};", "not there once"),
    ] {
        let line = signed(names);
        assert_refused(&v3(&[("authorization", &line)]), "IncompleteSignature", text);
    }
    let twice = v3(&[("authorization", &signed("{signed};a")), ("more", "a: 1\r\na: 2")]);
    assert_refused(&twice, "IncompleteSignature", "a is not there once");
}

#[test]
fn a_broken_authorization_is_named() {
    for (line, text) in [
        ("ACS3-HMAC-SHA256", "no Credential"),
        ("ACS3-HMAC-SHA256 Credential=k", "no SignedHeaders"),
        ("ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed}", "no Signature"),
        ("ACS3-HMAC-SHA256 Credential=,SignedHeaders={signed},Signature=00", "no Credential"),
        (
            "ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed},Signature=00,Signature=01",
            "more than",
        ),
        ("ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed},Signature=00,x", "more than"),
        ("ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed},Signature=xyz", "not hexadecimal"),
        ("ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed},Signature=00FF", "not hexadecimal"),
    ] {
        let line = format!("Authorization: {line}");
        assert_refused(&v3(&[("authorization", &line)]), "IncompleteSignature", text);
    }
    let other = v3(&[
        ("more", "x-acs-accesskey-id: other"),
        (
            "authorization",
            "Authorization: ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed};x-acs-accesskey-id,Signature=00",
        ),
    ]);
    assert_refused(&other, "IncompleteSignature", "not the same");
    assert_refused(&v1(&V1.replace("AAA=", "AAB=")), "IncompleteSignature", "base64");
}

#[test]
fn api_06_the_digest_of_the_body_is_checked() {
    let stated = |digest: &str| v3(&[("digest", &format!("x-acs-content-sha256: {digest}"))]);
    for digest in ["UNSIGNED-PAYLOAD", &EMPTY.to_uppercase(), &EMPTY[1..]] {
        assert_refused(
            &stated(digest),
            "SignatureDoesNotMatch",
            &format!("server content digest is:{EMPTY}"),
        );
    }
    let line = "Authorization: ACS3-HMAC-SHA256 Credential=k,SignedHeaders={signed};content-type,Signature=00";
    let with_form = v3(&[("authorization", line), ("more", FORM.trim_end())]) + "ImageId=m-1";
    assert_refused(&with_form, "SignatureDoesNotMatch", "server content digest is:");
}

#[test]
fn answers_are_written_as_asked_also_where_the_request_cannot_be_read() {
    let format = |request: &str| match read(request) {
        Ok(wire) => wire.format,
        Err(unread) => unread.format,
    };
    for (query, wanted) in [
        ("", Format::Xml),
        ("&Format=", Format::Xml),
        ("&Format=XML", Format::Xml),
        ("&Format=xml", Format::Xml),
        ("&Format=JSON", Format::Json),
        ("&Format=json", Format::Json),
        ("&Format=Json&broken=%", Format::Json),
        ("&broken=%ff&Format=JSON", Format::Json),
        ("&Format=YAML", Format::Xml),
    ] {
        assert_eq!(format(&v1(&format!("{V1}{query}"))), wanted, "{query}");
        let body = format!("POST / HTTP/1.1\r\nHost: x\r\n{FORM}\r\n{V1}{query}");
        assert_eq!(format(&body), wanted, "in the body: {query}");
    }
    assert_refused(&v1(&format!("{V1}&Format=YAML")), "InvalidParameter", "\"Format\"");
    for (accept, wanted) in [
        ("", Format::Json),
        ("accept: application/json", Format::Json),
        ("accept: */*", Format::Json),
        ("accept: application/xml", Format::Xml),
        ("accept: text/xml", Format::Xml),
    ] {
        assert_eq!(format(&v3(&[("more", accept)])), wanted, "{accept}");
    }
    let unsigned = v3(&[("authorization", "")]);
    assert_eq!(format(&unsigned), Format::Json);
}
