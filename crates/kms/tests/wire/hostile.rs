//! Answers that no honest service gives, and connections that break.

use std::error::Error;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kms::{AwsKmsOptions, Breach, KmsFault, MAX_WRAPPED_BYTES};
use model::Retry;
use tokio::net::TcpListener;

use super::double::{Act, Double, json};
use super::{SECRET_KEY, client, here, key, options};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const HEAD: &str = "HTTP/1.1 200 OK\r\n";

/// The answer to GenerateDataKey with these fields.
fn answer(key_id: &str, plaintext: &str, wrapped: &str) -> Act {
    let body =
        format!(r#"{{"KeyId":"{key_id}","Plaintext":"{plaintext}","CiphertextBlob":"{wrapped}"}}"#);
    json(200, &body)
}

fn secret(bytes: usize) -> String {
    STANDARD.encode(vec![0xee; bytes])
}

fn honest() -> Act {
    answer(ID, &secret(32), &secret(100))
}

/// The fault after these, with a promise: it shows no secret and none of the service's bytes.
async fn fault(acts: Vec<Act>) -> KmsFault {
    let double = Double::answering(acts).await;
    let kms = client(&options(&double.endpoint));
    let fault = kms.generate_data_key(&key(ID), &here()).await.unwrap_err();
    let mut shown = format!("{fault:?} {fault}");
    let mut cause = fault.source();
    while let Some(inner) = cause {
        shown += &format!(" {inner:?} {inner}");
        cause = inner.source();
    }
    for hidden in ["7u7u", "eeee", "238, 238", "aaaa", SECRET_KEY] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    fault
}

async fn breach(act: Act) -> Breach {
    match fault(vec![act]).await {
        KmsFault::Protocol { breach, .. } => breach,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_double_is_believed_when_it_is_honest() {
    let double = Double::answering([honest()]).await;
    let made =
        client(&options(&double.endpoint)).generate_data_key(&key(ID), &here()).await.unwrap();
    assert_eq!(made.plain.bytes(), &[0xee; 32]);
    assert_eq!(made.wrapped.bytes(), [0xee; 100]);
}

#[tokio::test]
async fn a_plaintext_key_has_exactly_32_bytes() {
    for bytes in [0, 16, 30, 31, 33, 34, 64] {
        let found = breach(answer(ID, &secret(bytes), &secret(100))).await;
        assert_eq!(found, Breach::Length { field: "Plaintext" }, "{bytes}");
    }
}

#[tokio::test]
async fn a_wrapped_key_has_a_length_that_can_be_stored() {
    for bytes in [0, MAX_WRAPPED_BYTES + 1, MAX_WRAPPED_BYTES + 100] {
        let found = breach(answer(ID, &secret(32), &secret(bytes))).await;
        assert_eq!(found, Breach::Length { field: "CiphertextBlob" }, "{bytes}");
    }
}

#[tokio::test]
async fn base64_is_strict() {
    let loose = [
        "7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u4*", // no such letter
        "7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u5=", // bits beyond the end
        "7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u4-", // of the other alphabet
        "7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u= ", // a space
    ];
    for text in loose {
        let found = breach(answer(ID, text, &secret(100))).await;
        assert_eq!(found, Breach::Base64 { field: "Plaintext" }, "{text}");
    }
    let found = breach(answer(ID, &secret(32), "7u7u7")).await;
    assert_eq!(found, Breach::Base64 { field: "CiphertextBlob" });
}

#[tokio::test]
async fn an_answer_about_another_key_is_refused() {
    let other = "arn:aws:kms:us-east-1:123456789012:key/99999999-12ab-34cd-56ef-1234567890ab";
    assert_eq!(breach(answer(other, &secret(32), &secret(100))).await, Breach::OtherKey);
}

#[tokio::test]
async fn json_that_is_not_the_answer_is_refused() {
    let whole = format!(r#"{{"KeyId":"{ID}","Plaintext":"{}"}}"#, secret(32));
    let nested = "[".repeat(60_000);
    let typed = format!(r#"{{"KeyId":"{ID}","Plaintext":{{"7u7u":"7u7u"}}}}"#);
    let texts =
        ["", "null", "[]", "{}", r#"{"KeyId":1}"#, &whole[..50], &whole, &nested, &typed, "\u{0}"];
    for text in texts {
        assert_eq!(breach(json(200, text)).await, Breach::Json, "{text:.60}");
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_64_kib() {
    let limit = Breach::TooLong { limit: 64 * 1024 };
    for length in ["content-length: 9999999999", "connection: close"] {
        let head = format!("{HEAD}{length}\r\n\r\n").into_bytes();
        assert_eq!(breach(Act::SendThenFlood(head)).await, limit, "{length}");
    }
    let refusal = b"HTTP/1.1 400 X\r\nconnection: close\r\n\r\n".to_vec();
    assert_eq!(breach(Act::SendThenFlood(refusal)).await, limit);
    // A head without end.
    let endless = fault(vec![Act::SendThenFlood(format!("{HEAD}x: ").into_bytes())]).await;
    let not_http =
        |fault: &KmsFault| matches!(fault, KmsFault::Protocol { breach: Breach::NotHttp, .. });
    assert!(not_http(&endless), "{endless:?}");
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let found = breach(Act::SendThenClose(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    assert_eq!(found, Breach::NotHttp);
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let found = breach(Act::Send(moved.into())).await;
    assert_eq!(found, Breach::Refusal { code: "HTTP 302".into() });
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up() {
    let start = format!("{HEAD}content-length: 500\r\n\r\n{{").into_bytes();
    for sent in [Vec::new(), HEAD.as_bytes().to_vec(), start] {
        let double = Double::answering([Act::SendThenHang(sent)]).await;
        let timeout = Duration::from_millis(200);
        let kms = client(&AwsKmsOptions { timeout, ..options(&double.endpoint) });
        let begun = Instant::now();
        let fault = kms.generate_data_key(&key(ID), &here()).await.unwrap_err();
        assert_eq!(fault.to_string(), "no answer to `GenerateDataKey` within 200 ms");
        assert_eq!(fault.retry(), Retry::Later);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_an_answer_is_repeated_once() {
    let cut = || Act::SendThenClose(Vec::new());
    let double = Double::answering([cut(), honest()]).await;
    let kms = client(&options(&double.endpoint));
    kms.generate_data_key(&key(ID), &here()).await.unwrap();
    let asked = double.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].body, asked[1].body);

    let double = Double::answering([cut(), cut(), honest()]).await;
    let kms = client(&options(&double.endpoint));
    let fault = kms.generate_data_key(&key(ID), &here()).await.unwrap_err();
    assert!(matches!(fault, KmsFault::Unreachable { .. }), "{fault}");
    assert_eq!(fault.retry(), Retry::Later);
    assert_eq!(double.asked().len(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_the_service_closed_is_no_failure() {
    let Act::Send(bytes) = honest() else { unreachable!() };
    let double = Double::answering([Act::SendThenClose(bytes), honest()]).await;
    let kms = client(&options(&double.endpoint));
    kms.generate_data_key(&key(ID), &here()).await.unwrap();
    kms.generate_data_key(&key(ID), &here()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_repeated() {
    let start = format!("{HEAD}content-length: 500\r\n\r\n{{\"KeyId").into_bytes();
    let double = Double::answering([Act::SendThenClose(start), honest()]).await;
    let kms = client(&options(&double.endpoint));
    let fault = kms.generate_data_key(&key(ID), &here()).await.unwrap_err();
    assert!(matches!(fault, KmsFault::BrokenOff { .. }), "{fault}");
    assert_eq!(fault.retry(), Retry::Later);
    assert_eq!(double.asked().len(), 1);
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_a_passing_fault() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let kms = client(&options(&endpoint));
    let fault = kms.describe_key(&key(ID)).await.unwrap_err();
    assert!(matches!(fault, KmsFault::Unreachable { .. }), "{fault}");
    assert_eq!(fault.retry(), Retry::Later);
}
