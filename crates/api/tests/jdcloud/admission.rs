//! Who is let in: both signatures, the clock, and the gateway's words for the rest (contract 4 and 5).

use axum::http::Method;
use model::Admittance;

use crate::door::{Door, HERE, THERE};
use crate::signer::{Key, Signed, Unsigned, Version};

const LOOK: &str = "/images";

fn look(door: &Door) -> Unsigned {
    let query = vec![("imageSource".to_owned(), "private".to_owned())];
    Unsigned { query, ..door.unsigned(Method::GET, HERE, LOOK) }
}

fn at(door: &Door, seconds: i64) -> String {
    let millis = model::Clock::now(&*door.world.clock).0 + seconds * 1_000;
    let time = jiff::Timestamp::from_millisecond(millis).unwrap();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

async fn refused(door: &Door, request: &Signed) -> String {
    door.deliver(request).await.refused(401, "ACCESS_ERROR")
}

#[tokio::test]
async fn both_signatures_are_taken_and_a_key_is_of_its_account() {
    let door = Door::open().await;
    door.image(HERE, "web").await;
    for version in [Version::Two, Version::Three] {
        let mine = door.key.sign(Unsigned { version, ..look(&door) });
        assert_eq!(door.deliver(&mine).await.ok()["totalCount"], 1);
        let other = door.stranger.sign(Unsigned { version, ..look(&door) });
        assert_eq!(door.deliver(&other).await.ok()["totalCount"], 0);
        // Calls that are signed for no region.
        let any = Unsigned { region: "jdcloud-api".to_owned(), version, ..look(&door) };
        assert_eq!(door.deliver(&door.key.sign(any)).await.ok()["totalCount"], 1);
        let elsewhere = Unsigned { region: THERE.to_owned(), version, ..look(&door) };
        let words = refused(&door, &door.key.sign(elsewhere)).await;
        assert!(words.starts_with("Invalid authentication credentials"), "{words}");
        // An endpoint with a path, and slashes in a row.
        let path = format!("/a/b{}", look(&door).path);
        let behind = Unsigned { path, version, ..look(&door) };
        assert_eq!(door.deliver(&door.key.sign(behind)).await.ok()["totalCount"], 1);
    }
}

/// api-01: what is signed is what is done.
#[tokio::test]
async fn api_01_a_wrong_signature_is_told_in_the_clouds_words() {
    let door = Door::open().await;
    let good = door.key.sign(look(&door));
    let wrong = Key { secret: door.stranger.secret.clone(), ..door.key.clone() };
    assert_eq!(refused(&door, &wrong.sign(look(&door))).await, "sign result is not same [gw]");
    let mut bent = good.clone();
    bent.target = bent.target.replace("private", "public");
    assert_eq!(refused(&door, &bent).await, "sign result is not same [gw]");
    let mut bent = good.clone();
    bent.body = b"{}".to_vec();
    assert_eq!(refused(&door, &bent).await, "sign result is not same [gw]");
    let bent = good.clone().with("x-jdcloud-content-sha256", &"0".repeat(64));
    assert_eq!(refused(&door, &bent).await, "sign result is not same [gw]");
    let unknown = Key { id: "AKIDNOBODYHASTHISONE".to_owned(), ..door.key.clone() };
    assert_eq!(refused(&door, &unknown.sign(look(&door))).await, "Invalid accessKey");
    let lacking = good.clone().with("x-jdcloud-date", "");
    assert_eq!(refused(&door, &lacking).await, "lack of header x-jdcloud-date");
    // The nonce is not covered by the newer signature, and is needed by neither.
    door.deliver(&good.clone().with("x-jdcloud-nonce", "")).await.ok();
    door.deliver(&good.with("x-jdcloud-nonce", "another")).await.ok();
}

/// api-04: 15 minutes either way, the last second included; nothing that is no time.
#[tokio::test]
async fn api_04_requests_are_of_now() {
    let door = Door::open().await;
    for (seconds, is_good) in [(0, true), (900, true), (-900, true), (901, false), (-901, false)] {
        for version in [Version::Two, Version::Three] {
            let request = Unsigned { at: at(&door, seconds), version, ..look(&door) };
            let answer = door.deliver(&door.key.sign(request)).await;
            if is_good {
                answer.ok();
            } else {
                let words = answer.refused(401, "ACCESS_ERROR");
                assert!(words.contains("more than 15 minutes"), "{words}");
            }
        }
    }
    for wrong in ["99991231T235959Z", "00010101T000000Z"] {
        let request = Unsigned { at: wrong.to_owned(), ..look(&door) };
        refused(&door, &door.key.sign(request)).await;
    }
    let local = at(&door, 0).replace('Z', "+0800");
    let words = refused(&door, &door.key.sign(Unsigned { at: local, ..look(&door) })).await;
    assert!(words.contains("x-jdcloud-date is not YYYYMMDDTHHMMSSZ"), "{words}");
}

/// A repeated nonce is no reason to refuse what looks; what changes something is in `replays`.
#[tokio::test]
async fn a_look_may_be_repeated() {
    let door = Door::open().await;
    for version in [Version::Two, Version::Three] {
        let request = door.key.sign(Unsigned { version, ..look(&door) });
        let (one, two) = (door.deliver(&request).await, door.deliver(&request).await);
        assert_ne!(one.body["requestId"], two.body["requestId"]);
        assert_eq!(one.ok(), two.ok());
    }
}

#[tokio::test]
async fn a_disabled_key_and_a_token_are_refused_by_name() {
    let door = Door::open().await;
    let token = door.key.sign(look(&door)).with("x-jdcloud-security-token", "bWFkZXVwTUZBdG9rZW4=");
    let words = refused(&door, &token).await;
    assert!(words.contains("x-jdcloud-security-token is not supported"), "{words}");
    // Only who has the secret is told so.
    let stranger = Key { secret: "x".repeat(40), ..door.key.clone() };
    let token = stranger.sign(look(&door)).with("x-jdcloud-security-token", "eA==");
    assert_eq!(refused(&door, &token).await, "sign result is not same [gw]");

    let accounts = &door.world.deployment.accounts;
    let id = door.key.id.parse().unwrap();
    door.deliver(&door.key.sign(look(&door))).await.ok();
    accounts.set_key_state(&door.world.caller, &id, Admittance::Disabled).await.unwrap();
    door.deliver(&door.key.sign(look(&door))).await.refused(403, "HTTP_FORBIDDEN");
    let wrong = stranger.sign(look(&door));
    assert_eq!(refused(&door, &wrong).await, "sign result is not same [gw]");
}
