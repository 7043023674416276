//! Who is let in (API-01, API-03 to API-06, contract 4).

use model::{Admittance, Clock};
use serde_json::json;

use crate::door::{Answer, Door, HERE};
use crate::sending::HOST;
use crate::signer::Key;
use crate::ways::{Asked, Sent, Signed};

const QUOTA: &str = "DescribeImageQuota";

fn v1(door: &Door, key: &Key, more: &[(&str, &str)]) -> Signed {
    let sent = Sent { method: "GET", host: HOST, path: "/", signed_path: "/" };
    key.v1(&sent, door.common(QUOTA, HERE, more))
}

fn tc3(door: &Door, key: &Key, seconds: i64) -> Signed {
    let asked = door.asked(HERE, QUOTA);
    key.tc3(&Asked { at: asked.at + seconds, ..asked }, b"{}")
}

/// API-04: five minutes with the newer signature, two hours with the older, either way, the last second included.
#[tokio::test]
async fn api_04_each_signature_has_its_window() {
    let door = Door::open().await;
    let at = |seconds: i64| (door.seconds() + seconds).to_string();
    for (seconds, is_good) in
        [(0, true), (300, true), (-300, true), (301, false), (-301, false), (1 << 33, false)]
    {
        let answer = door.sent(&tc3(&door, &door.key, seconds)).await;
        assert_window(answer, is_good, "5 minutes");
    }
    for (seconds, is_good) in
        [(0, true), (7_200, true), (-7_200, true), (7_201, false), (-7_201, false)]
    {
        let request = v1(&door, &door.key, &[("Timestamp", &at(seconds))]);
        assert_window(door.sent(&request).await, is_good, "120 minutes");
    }
    let broken = v1(&door, &door.key, &[("Timestamp", "now")]);
    door.sent(&broken).await.refused("InvalidParameter");
}

#[track_caller]
fn assert_window(answer: Answer, is_good: bool, words: &str) {
    if is_good {
        answer.ok();
    } else {
        let message = answer.refused("AuthFailure.SignatureExpire");
        assert!(message.contains(words), "{message}");
    }
}

/// API-01: an unknown key, a wrong secret, something else than what was signed.
#[tokio::test]
async fn api_01_what_was_not_signed_so_is_refused() {
    let door = Door::open().await;
    let unknown = Key { id: "AKIDnobody".to_owned(), ..door.key.clone() };
    let wrong = Key { secret: door.stranger.secret.clone(), ..door.key.clone() };
    for (key, code) in
        [(&unknown, "AuthFailure.SecretIdNotFound"), (&wrong, "AuthFailure.SignatureFailure")]
    {
        door.sent(&tc3(&door, key, 0)).await.refused(code);
        door.sent(&v1(&door, key, &[])).await.refused(code);
        door.sent(&v1(&door, key, &[("SignatureMethod", "HmacSHA1")])).await.refused(code);
    }
    let failure = "AuthFailure.SignatureFailure";
    let signed = tc3(&door, &door.key, 0);
    let other = Signed { body: b"{ }".to_vec(), ..signed.clone() };
    door.sent(&other).await.refused(failure);
    let later = signed.clone().with("x-tc-timestamp", &(door.seconds() + 1).to_string());
    door.sent(&later).await.refused(failure);
    let signed = v1(&door, &door.key, &[]);
    for (from, to) in [
        ("HmacSHA256", "HmacSHA1"),
        (QUOTA, "DescribeRegions"),
        (HERE, "ap-shanghai"),
        ("Nonce=5577006791947779410", "Nonce=5577006791947779411"),
    ] {
        let target = signed.target.replace(from, to);
        assert_ne!(target, signed.target);
        door.sent(&signed.clone().at(&target)).await.refused(failure);
    }
    let more = format!("{}&Limit=1", signed.target);
    door.sent(&signed.at(&more)).await.refused(failure);
}

/// API-05: the day, the service and the end of a scope are signed, and are what they must be.
#[tokio::test]
async fn api_05_wrong_scopes_are_refused() {
    let door = Door::open().await;
    let signed = tc3(&door, &door.key, 0);
    let stated = signed.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
    let date =
        jiff::Timestamp::from_second(door.seconds()).unwrap().strftime("%Y-%m-%d").to_string();
    for (from, to, code) in [
        ("/cvm/", "/cbs/", "AuthFailure.SignatureFailure"),
        ("/tc3_request", "/aws4_request", "AuthFailure.InvalidAuthorization"),
        (date.as_str(), "2023-11-13", "AuthFailure.InvalidAuthorization"),
        ("TC3-HMAC-SHA256", "TC3-HMAC-SHA1", "AuthFailure.InvalidAuthorization"),
        ("content-type;host", "host", "AuthFailure.InvalidAuthorization"),
        ("content-type;host", "content-type;host;x-tc-region", "AuthFailure.SignatureFailure"),
        (door.key.id.as_str(), door.stranger.id.as_str(), "AuthFailure.SignatureFailure"),
    ] {
        let bent = stated.replace(from, to);
        assert_ne!(bent, stated, "{from}");
        door.sent(&signed.clone().with("authorization", &bent)).await.refused(code);
    }
    // Another service's key signs nothing that this one does.
    let asked = Asked { service: "tag", ..door.asked(HERE, QUOTA) };
    door.sent(&door.key.tc3(&asked, b"{}")).await.refused("InvalidAction");
}

/// Nobody gives temporary keys out here.
#[tokio::test]
async fn a_token_is_refused_once_the_signature_is_right() {
    let door = Door::open().await;
    let code = "AuthFailure.TokenFailure";
    door.sent(&tc3(&door, &door.key, 0).with("x-tc-token", "t/abc+==")).await.refused(code);
    door.sent(&v1(&door, &door.key, &[("Token", "t/abc+==")])).await.refused(code);
    let wrong = Key { secret: "other".to_owned(), ..door.key.clone() };
    let wrong = tc3(&door, &wrong, 0).with("x-tc-token", "t");
    door.sent(&wrong).await.refused("AuthFailure.SignatureFailure");
    door.sent(&v1(&door, &door.key, &[("Token", "")])).await.ok();
}

/// A key of a disabled account, told only to who has its secret.
#[tokio::test]
async fn a_disabled_account_is_told_so() {
    let door = Door::open().await;
    let (accounts, operator) = (&door.world.deployment.accounts, &door.world.caller);
    let account = door.world.stranger().account;
    accounts.set_account_state(operator, &account, Admittance::Disabled).await.unwrap();
    let disabled = tc3(&door, &door.stranger, 0);
    door.sent(&disabled).await.refused("AuthFailure.UnauthorizedOperation");
    let wrong = Key { secret: "other".to_owned(), ..door.stranger.clone() };
    door.sent(&tc3(&door, &wrong, 0)).await.refused("AuthFailure.SignatureFailure");
}

/// API-03: looking is repeated as often as it is asked, with one nonce or none: one client sends the same always.
#[tokio::test]
async fn api_03_no_nonce_alone_refuses_a_request() {
    let door = Door::open().await;
    let (first, second) = (v1(&door, &door.key, &[]), tc3(&door, &door.key, 0));
    for _ in 0..3 {
        door.sent(&first).await.ok();
        door.sent(&second).await.ok();
    }
    door.world.clock.advance_ms(1_000);
    door.sent(&v1(&door, &door.key, &[])).await.ok();
    // What is looked at is looked at anew.
    let asked = door.asked(HERE, "DescribeImages");
    let request = door.key.tc3(&asked, b"{}");
    assert_eq!(door.sent(&request).await.ok()["TotalCount"], json!(0));
    door.image(HERE, "web").await;
    assert_eq!(door.sent(&request).await.ok()["TotalCount"], json!(1));
    assert!(door.world.clock.now().0 > 0);
}
