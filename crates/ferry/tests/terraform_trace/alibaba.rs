//! The calls of Alibaba Cloud's provider.

use serde_json::{Value, json};

use crate::ecs;
use crate::provider::alibaba::Scenario;
use crate::provider::alibaba::trace::Ecs;
use crate::provider::replay::{kept, play};
use crate::provider::trace::{self, Dialect as _, Names};
use crate::wire::Message;
use crate::world::Key;

/// R004-4, R004-9, R004-12.
#[test]
fn r004_4_the_calls_of_the_example_are_answered_as_they_were() {
    assert!(play(Scenario::Example) > 20);
}

/// R004-10, R004-12.
#[test]
fn r004_10_the_calls_for_an_image_in_use_are_answered_as_they_were() {
    play(Scenario::InUse);
}

/// R004-8.
#[test]
fn r004_8_the_calls_for_an_encrypted_copy_are_answered_as_they_were() {
    play(Scenario::Encrypted);
}

/// R004-3, R004-11.
#[test]
fn r004_11_the_calls_for_a_slow_copy_are_answered_as_they_were() {
    play(Scenario::Timeout);
}

/// R004-11.
#[test]
fn r004_11_the_calls_for_a_copy_that_fails_are_answered_as_they_were() {
    play(Scenario::Failed);
}

/// R004-13.
#[test]
fn r004_13_the_calls_of_an_import_are_answered_as_they_were() {
    play(Scenario::Import);
}

#[test]
fn the_calls_of_the_data_source_are_answered_as_they_were() {
    play(Scenario::DataSources);
}

/// Every call that the provider makes for images is somewhere in the traces, those through the proxy with their hosts.
#[test]
fn the_traces_hold_every_call_of_the_provider() {
    let calls: Vec<Value> = Scenario::ALL.into_iter().flat_map(kept).collect();
    let actions: Vec<String> = calls.iter().map(|call| Ecs.action(call)).collect();
    for action in [
        "CopyImage",
        "DescribeImages",
        "ModifyImageAttribute",
        "TagResources",
        "UntagResources",
        "ListTagResources",
        "DescribeTags",
        "DeleteImage",
        "DeleteSnapshot",
    ] {
        assert!(actions.iter().any(|known| known == action), "{action}");
    }
    let copy = calls.iter().find(|call| Ecs.action(call) == "CopyImage").unwrap();
    let target = copy["target"].as_str().unwrap();
    assert!(target.starts_with("http://ecs-cn-hangzhou.aliyuncs.com/?"), "{target}");
}

fn answer(head: &str, body: &Value) -> Message {
    let body = body.to_string();
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Message::read(&mut text.as_bytes()).unwrap().unwrap()
}

/// A comparison that finds nothing proves nothing.
#[test]
fn an_answer_that_changed_is_found() {
    let asked = "POST /?Action=DescribeImages&Signature=x HTTP/1.1\r\n\r\n";
    let request = Message::read(&mut asked.as_bytes()).unwrap().unwrap();
    let image = |id: &str, status: &str| json!({"ImageId": id, "Status": status});
    let whole = |image: Value| json!({"RequestId": "0E2B5A2C-1D9F-4C37-8D33-0123456789AB", "Images": {"Image": [image]}});
    let (one, other) = ("m-aaaaaaaaaaaaaaaaaaaa", "m-bbbbbbbbbbbbbbbbbbbb");
    let good = whole(image(one, "Available"));
    let call = trace::keep(&request, &answer("200 OK", &good), &mut Names::of(&Ecs));
    assert_eq!(call["target"], "/?Action=DescribeImages&Signature={{Signature}}");

    let mut names = Names::of(&Ecs);
    let mut check = |head: &str, body: &Value| trace::check(&call, &answer(head, body), &mut names);
    assert!(check("200 OK", &whole(image("img-1", "Available"))).is_err(), "another kind of id");
    assert_eq!(check("200 OK", &whole(image(other, "Available"))), Ok(()), "the id gets its name");
    assert!(check("200 OK", &good).is_err(), "and then is that id");
    assert!(check("404 Not Found", &whole(image(other, "Available"))).is_err());
    assert!(check("200 OK", &whole(image(other, "Creating"))).is_err());
    assert!(check("200 OK", &whole(json!({"ImageId": other}))).is_err());
    let mut more = whole(image(other, "Available"));
    more["Images"]["Image"].as_array_mut().unwrap().push(image(one, "Available"));
    assert!(check("200 OK", &more).is_err(), "one image more");
    let mut refusal = whole(image(other, "Available"));
    refusal["Code"] = "InternalError".into();
    assert!(check("200 OK", &refusal).is_err(), "the provider takes it for a failure");
}

/// The example that the cloud's documentation signs, with its time.
#[test]
fn the_signature_here_is_the_one_of_the_documentation() {
    let key = Key { id: "testid".to_owned(), secret: "testsecret".to_owned() };
    let query = "Timestamp=2016-02-23T12%3A46%3A24Z&Format=XML&AccessKeyId=testid&Action=DescribeRegions\
                 &SignatureMethod=HMAC-SHA1&SignatureNonce=3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf\
                 &Version=2014-05-26&SignatureVersion=1.0";
    let all = ecs::parameters(query).into_iter().collect();
    assert_eq!(key.signature("GET", &all), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
    assert_eq!(ecs::time(1_456_231_584), "2016-02-23T12:46:24Z");
    assert_eq!(ecs::time(1_709_164_800), "2024-02-29T00:00:00Z");
    assert_eq!(ecs::time(1_735_689_599), "2024-12-31T23:59:59Z");
}
