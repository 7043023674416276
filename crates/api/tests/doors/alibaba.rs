//! The wire of the Alibaba door over real connections: every way to send a request, and what is refused before anything is
//! asked (api-01 to api-09).

use std::collections::BTreeMap;

use model::Clock;
use region::testing::World;
use ring::{digest, hmac};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use api::ServeLimits;

use crate::signer::{Key, encode, nonce, query};
use crate::world::Door;

/// An answer as it came over the connection.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    /// A success in JSON.
    #[track_caller]
    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.head.contains("content-type: application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// An error in JSON; its message.
    #[track_caller]
    fn refused(&self, status: u16, code: &str) -> String {
        let error: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!((self.status, error["Code"].as_str()), (status, Some(code)), "{self:?}");
        for field in ["RequestId", "HostId", "Code", "Message", "Recommend"] {
            assert!(error[field].is_string(), "{field}: {self:?}");
        }
        error["Message"].as_str().unwrap().to_owned()
    }
}

/// Sends bytes on a connection of their own.
async fn send(door: &Door, request: &str) -> Reply {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

fn request(method: &str, target: &str, (head, body): (&str, &str)) -> String {
    let host = if head.to_ascii_lowercase().contains("host:") { "" } else { "Host: 127.0.0.1\r\n" };
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
    )
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn key(door: &Door) -> Key {
    Key { id: door.key.clone(), secret: door.secret.clone() }
}

fn time(door: &Door, more_seconds: i64) -> String {
    let now = door.world.clock.now().0 + more_seconds * 1_000;
    let now = jiff::Timestamp::from_millisecond(now).unwrap();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The parameters of a signed call now, with some of them changed before it is signed: an empty value leaves one out.
fn signed(
    door: &Door,
    method: &str,
    action: &str,
    changes: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let key = key(door);
    let mut all = key.signed(method, (action, &time(door, 0)), []);
    all.remove("Signature");
    for (name, value) in changes {
        match value.is_empty() {
            true => drop(all.remove(*name)),
            false => drop(all.insert((*name).to_owned(), (*value).to_owned())),
        }
    }
    all.insert("Signature".to_owned(), key.signature(method, &all));
    all
}

/// A signed call, all of it in the target of a POST.
async fn ask(door: &Door, action: &str, changes: &[(&str, &str)]) -> Reply {
    let target = format!("/?{}", query(&signed(door, "POST", action, changes)));
    send(door, &request("POST", &target, ("", ""))).await
}

fn regions(answer: &Value) -> Vec<&str> {
    let list = answer["Regions"]["Region"].as_array().unwrap();
    list.iter().map(|region| region["RegionId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn r000_11_a_call_is_understood_wherever_its_parameters_stand() {
    let door = Door::open(["north", "south"]).await;
    let (get, post) = (
        || signed(&door, "GET", "DescribeRegions", &[]),
        || signed(&door, "POST", "DescribeRegions", &[]),
    );
    let in_query = |all| format!("/?{}", query(&all));
    let split = |all: BTreeMap<String, String>| {
        let (one, two): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.into_iter().partition(|(name, _)| name.starts_with('S'));
        (format!("/?{}", query(&one)), query(&two))
    };
    let (target, body) = split(post());
    let spaced = query(&signed(&door, "POST", "DescribeRegions", &[("AcceptLanguage", "zh CN*~")]));
    for sent in [
        request("GET", &in_query(get()), ("", "")),
        request("POST", &in_query(post()), ("", "")),
        request("POST", "/", (FORM, &query(&post()))),
        request("POST", &target, (FORM, &body)),
        request("POST", &format!("/?{}", spaced.replace("%20", "+")), ("", "")),
        // As proxies get them.
        request("POST", &format!("http://127.0.0.1{}", in_query(post())), ("", "")),
        request("POST", &format!("http://127.0.0.1?{}", query(&post())), ("", "")),
        request(
            "GET",
            &format!("http://ecs-north.x:80/?{}", query(&get())),
            ("Host: ecs-north.x:80\r\n", ""),
        ),
    ] {
        let answer = send(&door, &sent).await;
        let read = answer.ok();
        assert_eq!(regions(&read), ["north", "south"], "{sent}");
        let id = read["RequestId"].as_str().unwrap();
        let has_form = id.len() == 36
            && id.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        assert!(has_form && id.as_bytes()[14] == b'4', "{id}");
        assert!(answer.head.contains("x-request-id: "), "{answer:?}");
        for field in ["Code", "Message", "Success"] {
            assert!(read.get(field).is_none(), "contract 3: {read}");
        }
    }
}

/// Contract 7.1: without a parameter the host names the region. Of a host that is not the cloud's, only one that there is.
#[tokio::test]
async fn the_host_names_the_region_where_no_parameter_does() {
    let door = Door::open(["north"]).await;
    for (host, outcome) in [
        ("ecs-north.x", Ok("north")),
        ("ecs.north.aliyuncs.com:80", Ok("north")),
        ("ecs.nowhere.aliyuncs.com", Err("InvalidRegionId.NotFound")),
        ("ecs.corp.internal", Err("MissingParameter")),
        ("127.0.0.1", Err("MissingParameter")),
    ] {
        let target = format!("/?{}", query(&signed(&door, "GET", "DescribeImages", &[])));
        let head = format!("Host: {host}\r\n");
        let answer = send(&door, &request("GET", &target, (&head, ""))).await;
        match outcome {
            Ok(region) => assert_eq!(answer.ok()["RegionId"], region, "{host}"),
            Err(code) => drop(answer.refused(400, code)),
        }
    }
}

/// A call under the newer signature.
fn newer(door: &Door, action: &str, head: &str) -> String {
    let (key, body) = (key(door), "");
    let hash = |text: &str| hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let headers = [
        ("host", "127.0.0.1".to_owned()),
        ("x-acs-action", action.to_owned()),
        ("x-acs-content-sha256", hash(body)),
        ("x-acs-date", time(door, 0)),
        ("x-acs-signature-nonce", nonce()),
        ("x-acs-version", "2014-05-26".to_owned()),
    ];
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let text = format!("a={}", encode("b c*"));
    let text = format!("POST\n/\n{text}\n{lines}\n{names}\n{}", hash(body));
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", hash(&text));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, key.secret.as_bytes());
    let signature = hex::encode(hmac::sign(&secret, to_sign.as_bytes()));
    let lines = lines.replace(':', ": ").replace('\n', "\r\n");
    // The date has colons of its own.
    let lines = lines.replace(&time(door, 0).replace(':', ": "), &time(door, 0));
    let authorization = format!(
        "Authorization: ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}\r\n",
        key.id
    );
    request("POST", "/?a=b+c*", (&format!("{lines}{authorization}{head}"), body))
}

#[tokio::test]
async fn r000_11_a_call_under_the_newer_signature_is_understood() {
    let door = Door::open(["north"]).await;
    let sent = newer(&door, "DescribeRegions", "");
    assert_eq!(regions(&send(&door, &sent).await.ok()), ["north"]);
    send(&door, &sent).await.refused(400, "SignatureNonceUsed");
    let bent = newer(&door, "DescribeRegions", "").replace("b+c*", "b+c-");
    let message = send(&door, &bent).await.refused(400, "SignatureDoesNotMatch");
    assert!(message.contains("server string to sign is:ACS3-HMAC-SHA256\n"), "{message}");
    let xml = send(&door, &newer(&door, "NoSuch", "Accept: text/xml\r\n")).await;
    assert!(xml.body.contains("<Code>InvalidAction.NotFound</Code>"), "{xml:?}");
    let unsigned =
        newer(&door, "DescribeRegions", "").replace("Authorization: ACS3", "X-Other: ACS3");
    send(&door, &unsigned).await.refused(400, "MissingParameter");
}

#[tokio::test]
async fn answers_are_xml_where_nothing_else_is_asked() {
    let door = Door::open(["north"]).await;
    for format in ["", "XML", "xml"] {
        let answer = ask(&door, "DescribeRegions", &[("Format", format)]).await;
        assert!(answer.head.contains("content-type: text/xml"), "{answer:?}");
        let start = "<?xml version='1.0' encoding='UTF-8'?><DescribeRegionsResponse><Regions><Region><RegionId>north</RegionId>";
        assert!(
            answer.body.starts_with(start)
                && answer.body.ends_with("</RequestId></DescribeRegionsResponse>"),
            "{answer:?}"
        );
        let error = ask(&door, "<b>&", &[("Format", format)]).await;
        assert_eq!(error.status, 400);
        let start = "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>";
        assert!(error.body.starts_with(start), "{error:?}");
        assert!(
            error.body.contains("<HostId>127.0.0.1</HostId><Code>InvalidAction.NotFound</Code>"),
            "{error:?}"
        );
        assert!(!error.body.contains("<b>"), "api-09: {error:?}");
    }
}

#[tokio::test]
async fn what_is_not_offered_is_said_so_and_never_as_gone() {
    let door = Door::open(["north"]).await;
    ask(&door, "NoSuchAction", &[]).await.refused(400, "InvalidAction.NotFound");
    ask(&door, "describeregions", &[]).await.refused(400, "InvalidAction.NotFound");
    ask(&door, "CreateImagePipeline", &[]).await.refused(400, "UnsupportedOperation");
    ask(&door, "DescribeRegions", &[("Version", "2015-04-01")])
        .await
        .refused(400, "InvalidVersion");
    let billing = ask(&door, "QueryAvailableInstances", &[("Version", "2017-12-14")]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&billing.body).unwrap()["Success"],
        true,
        "{billing:?}"
    );
    ask(&door, "QueryAvailableInstances", &[]).await.refused(400, "InvalidAction.NotFound");
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let target = format!("/?{}", query(&signed(&door, method, "DescribeRegions", &[])));
        send(&door, &request(method, &target, ("", "")))
            .await
            .refused(403, "UnsupportedHTTPMethod");
    }
    let target = format!("/?{}", query(&signed(&door, "HEAD", "DescribeRegions", &[])));
    let head = send(&door, &request("HEAD", &target, ("", ""))).await;
    assert_eq!((head.status, head.body.as_str()), (403, ""), "{head:?}");
    let unreadable = send(&door, &request("GET", "/?Format=JSON&Action=%zz", ("", ""))).await;
    unreadable.refused(400, "InvalidParameter");
    let nothing = send(&door, &request("GET", "/", ("", ""))).await;
    assert_eq!(nothing.status, 404);
    assert!(
        nothing.body.contains("unknown_path"),
        "the root is not this door's alone: {nothing:?}"
    );
    let elsewhere = send(&door, &request("GET", "/other?Action=DescribeRegions", ("", ""))).await;
    assert_eq!(elsewhere.status, 404, "{elsewhere:?}");
    let missing = send(&door, &request("POST", "/?Format=JSON", ("", ""))).await;
    assert!(missing.refused(400, "MissingParameter").contains("\"Action\""));
}

#[tokio::test]
async fn api_01_a_wrong_signature_is_told_in_the_words_that_clients_cut_apart() {
    let door = Door::open(["north"]).await;
    let mut all = signed(&door, "POST", "DescribeRegions", &[]);
    all.insert("Extra".to_owned(), "a: b".to_owned());
    let answer = send(&door, &request("POST", &format!("/?{}", query(&all)), ("", ""))).await;
    let message = answer.refused(400, "SignatureDoesNotMatch");
    all.remove("Signature");
    let to_sign = format!("POST&%2F&{}", encode(&query(&all)));
    let wanted =
        "Specified signature is not matched with our calculation. server string to sign is:";
    assert_eq!(message, format!("{wanted}{to_sign}"));
    assert_eq!(
        message.split(':').nth(1),
        Some(to_sign.as_str()),
        "as the older client of Python reads it"
    );

    let unknown = Key { id: "FERRYAAAAAAAAAAAAAAAAAAAA".to_owned(), secret: door.secret.clone() };
    for id in [unknown.id.as_str(), "LTAI5tFakeAccessKeyId01"] {
        let unknown = Key { id: id.to_owned(), ..unknown.clone() };
        let all = unknown.signed("POST", ("DescribeRegions", &time(&door, 0)), []);
        let answer = send(&door, &request("POST", &format!("/?{}", query(&all)), ("", ""))).await;
        answer.refused(400, "InvalidAccessKeyId.NotFound");
    }
    ask(&door, "DescribeRegions", &[("SecurityToken", "CAIS")])
        .await
        .refused(400, "InvalidSecurityToken.Malformed");
}

#[tokio::test]
async fn api_03_a_request_is_taken_once_also_after_a_restart() {
    let door = Door::open(["north"]).await;
    let sent = request(
        "POST",
        &format!("/?{}", query(&signed(&door, "POST", "DescribeRegions", &[]))),
        ("", ""),
    );
    send(&door, &sent).await.ok();
    for _ in 0..3 {
        let message = send(&door, &sent).await.refused(400, "SignatureNonceUsed");
        assert_eq!(message, "Specified signature nonce was used already.");
    }
    let (id, secret) = (door.key.clone(), door.secret.clone());
    let (_, mut world) = door.close().await;
    world.restart().await;
    // The next door makes a key of its own, and a user has two at most.
    let accounts = &world.deployment.accounts;
    let keys = accounts.list_keys(&world.caller).await.unwrap();
    let first = keys.iter().find(|key| key.id.as_str() != id).unwrap();
    accounts.delete_key(&world.caller, &first.id).await.unwrap();
    let door = Door::before(world, ServeLimits::default()).await;
    assert_ne!((&id, &secret), (&door.key, &door.secret));
    send(&door, &sent).await.refused(400, "SignatureNonceUsed");
    for (nonce, code) in [
        ("n".repeat(128), None),
        ("n".repeat(129), Some("InvalidParameter")),
        ("\0".to_owned(), Some("InvalidParameter")),
        ("n\0".to_owned(), Some("InvalidParameter")),
    ] {
        let answer = ask(&door, "DescribeRegions", &[("SignatureNonce", &nonce)]).await;
        match code {
            None => drop(answer.ok()),
            Some(code) => drop(answer.refused(400, code)),
        }
    }
}

#[tokio::test]
async fn api_04_a_request_is_of_now() {
    let door = Door::open(["north"]).await;
    for seconds in [-900, -899, 0, 899, 900] {
        ask(&door, "DescribeRegions", &[("Timestamp", &time(&door, seconds))]).await.ok();
    }
    for seconds in [-901, 901, -86_400 * 365, 86_400 * 365] {
        let answer = ask(&door, "DescribeRegions", &[("Timestamp", &time(&door, seconds))]).await;
        let message = answer.refused(400, "InvalidTimeStamp.Expired");
        assert_eq!(message, "Specified time stamp or date value is expired.");
    }
    for wrong in ["now", "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20.000Z", "1700000000"] {
        let answer = ask(&door, "DescribeRegions", &[("Timestamp", wrong)]).await;
        let message = answer.refused(400, "InvalidTimeStamp.Format");
        assert_eq!(message, "Specified time stamp or date value is not well formatted.");
    }
}

#[tokio::test]
async fn a_disabled_key_is_told_so_to_who_has_its_secret() {
    let door = Door::open(["north"]).await;
    ask(&door, "DescribeRegions", &[]).await.ok();
    let accounts = &door.world.deployment.accounts;
    let off = model::Admittance::Disabled;
    accounts.set_key_state(&door.world.caller, &door.key.parse().unwrap(), off).await.unwrap();
    ask(&door, "DescribeRegions", &[]).await.refused(403, "Forbidden.AccessKeyDisabled");
    let wrong = Key { id: door.key.clone(), secret: "wrong".to_owned() };
    let all = wrong.signed("POST", ("DescribeRegions", &time(&door, 0)), []);
    let answer = send(&door, &request("POST", &format!("/?{}", query(&all)), ("", ""))).await;
    answer.refused(400, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn api_08_a_body_has_bounds() {
    let door = Door::before(World::with_regions(["north"]).await, ServeLimits::default()).await;
    let head = format!("POST /?Format=JSON HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{FORM}");
    let stated = send(&door, &format!("{head}Content-Length: 1048577\r\n\r\n")).await;
    stated.refused(413, "RequestBodyTooLarge");
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "a".repeat(1 << 16)).repeat(17);
    let chunked =
        send(&door, &format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n")).await;
    chunked.refused(413, "RequestBodyTooLarge");
}

/// What is signed is not sent back to whoever has no key where that is several times what was sent.
#[tokio::test]
async fn api_08_a_refusal_is_not_longer_than_what_is_refused() {
    let door = Door::open(["north"]).await;
    let mut all = signed(&door, "POST", "DescribeRegions", &[]);
    all.insert("Extra".to_owned(), "\u{e9}".repeat(20_000));
    let sent = request("POST", "/", (FORM, &query(&all)));
    let answer = send(&door, &sent).await;
    let message = answer.refused(400, "SignatureDoesNotMatch");
    assert!(message.contains("server string to sign is:too long to repeat, "), "{message}");
    assert!(answer.body.len() < 1_000, "{}", answer.body.len());
}

/// Sends bytes on one connection; the statuses of all answers, and what they say.
async fn statuses(door: &Door, requests: &str) -> (Vec<u16>, String) {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let answers = text.split("HTTP/1.1 ").skip(1);
    (answers.map(|answer| answer[..3].parse().unwrap()).collect(), text)
}

/// Requests behind one another on a connection are read one by one, and no body is read as a request (api-07).
#[tokio::test]
async fn api_07_requests_on_one_connection_are_kept_apart() {
    let door = Door::open(["north"]).await;
    let form = query(&signed(&door, "POST", "DescribeRegions", &[]));
    let (one, two) = form.split_at(form.len() / 2);
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: x\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    );
    let target = format!("/?{}", query(&signed(&door, "GET", "DescribeRegions", &[])));
    let plain = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let replayed = request("POST", "/", (FORM, &form));
    let (answers, text) = statuses(&door, &format!("{chunked}{plain}{replayed}")).await;
    assert_eq!(answers, [200, 200, 400], "{text}");

    // The body of a refused request is nobody's request: it is dropped, or the connection is closed behind the refusal.
    let hidden =
        request("POST", "/", (FORM, &query(&signed(&door, "POST", "DescribeRegions", &[]))));
    let around = format!(
        "PUT /?Action=DescribeRegions HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{hidden}",
        hidden.len()
    );
    let last = request("POST", "/?Format=JSON", ("", ""));
    let (answers, text) = statuses(&door, &format!("{around}{last}")).await;
    assert!(answers == [403] || answers == [403, 400], "{text}");
    send(&door, &hidden).await.ok();
}
