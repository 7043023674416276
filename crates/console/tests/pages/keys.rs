//! The visitor's own access keys and sessions (RELIABILITY, console: secret visible twice).

use axum::http::StatusCode;
use model::{Admittance, Role};

use crate::kit::{Answer, Site, Visitor};
use crate::someone::{Someone, between};

const HERE: &str = "cn-hangzhou";

/// Presses the button that makes a key.
async fn create(visitor: &mut Visitor) -> Answer {
    let page = visitor.get("/keys").await.text;
    let have = between(&page, "name=\"have\" value=\"", "\"").to_owned();
    visitor.post("/keys", &[("have", &have)]).await
}

async fn count(site: &Site, someone: &Someone) -> usize {
    site.world.deployment.accounts.list_keys(&someone.caller).await.unwrap().len()
}

/// RELIABILITY, console: no secret twice. It is in one answer, and in no later page, cookie or address.
#[tokio::test]
async fn a_secret_is_shown_in_exactly_one_answer() {
    let site = Site::open([HERE]).await;
    let someone = Someone::new(&site, Role::Reader).await;
    let mut visitor = someone.visitor(&site).await;
    let page = visitor.get("/keys").await.text;
    let have = between(&page, "name=\"have\" value=\"", "\"").to_owned();
    let made = visitor.post("/keys", &[("have", &have)]).await;
    made.is(StatusCode::OK).has("only time the secret is shown");
    assert_eq!(made.headers["cache-control"], "no-store");
    assert!(!made.headers.contains_key("set-cookie") && !made.headers.contains_key("location"));
    let key = between(&made.text, "id=\"key-id\">", "<").to_owned();
    let secret = between(&made.text, "id=\"key-secret\">", "<").to_owned();
    assert_eq!(secret.len(), 40);
    made.has(&format!("data-copy=\"{secret}\"")).has("access_key_secret = ");
    // The page loaded again sends the form again: it makes no second key, and shows no secret.
    let again = visitor.post("/keys", &[("have", &have)]).await;
    again.is(StatusCode::CONFLICT).has("this form created none").lacks(&secret);
    assert_eq!(count(&site, &someone).await, 2);
    for path in ["/keys", "/audit", "/", "/people", &format!("/keys/{key}/delete")] {
        visitor.get(path).await.lacks(&secret);
    }
    assert!(visitor.cookies.values().all(|value| !value.contains(&secret)));
    visitor.get("/keys").await.has(&key).has("access_key_secret = &#34;…&#34;");
    site.visitor_with(&key, &secret).await.get("/").await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_user_has_two_keys_at_most_and_is_told() {
    let site = Site::open([HERE]).await;
    let someone = Someone::new(&site, Role::Owner).await;
    let mut visitor = someone.visitor(&site).await;
    create(&mut visitor).await.is(StatusCode::OK);
    let third = create(&mut visitor).await;
    third.is(StatusCode::CONFLICT).has("role=\"alert\"").lacks("key-secret");
    assert_eq!(count(&site, &someone).await, 2);
}

#[tokio::test]
async fn a_key_is_disabled_enabled_and_deleted_by_forms() {
    let site = Site::open([HERE]).await;
    let someone = Someone::new(&site, Role::Owner).await;
    let mut visitor = someone.visitor(&site).await;
    visitor.get("/keys").await.has("this session").has("Active");
    let made = create(&mut visitor).await;
    let key = between(&made.text, "id=\"key-id\">", "<").to_owned();
    let secret = between(&made.text, "id=\"key-secret\">", "<").to_owned();
    let mut other = site.visitor_with(&key, &secret).await;
    let asked = visitor.get(&format!("/keys/{key}/disable")).await;
    asked.has("sessions that it opened end at once").lacks("you will be signed out");
    let done = visitor.post(&format!("/keys/{key}/disable"), &[]).await;
    assert_eq!(done.is(StatusCode::SEE_OTHER).location(), "/keys");
    visitor.get("/keys").await.has(&format!("Access key {key} is disabled.")).has("Disabled");
    other.get("/").await.is(StatusCode::SEE_OTHER);
    visitor.post(&format!("/keys/{key}/enable"), &[]).await.is(StatusCode::SEE_OTHER);
    visitor.get("/keys").await.has("is enabled.").lacks(">Disabled<");
    visitor.get(&format!("/keys/{key}/delete")).await.has("cannot be brought back");
    visitor.post(&format!("/keys/{key}/delete"), &[]).await.is(StatusCode::SEE_OTHER);
    visitor.get("/keys").await.has("was deleted.");
    visitor.get(&format!("/keys/{key}/delete")).await.is(StatusCode::NOT_FOUND);
    assert_eq!(count(&site, &someone).await, 1);
}

#[tokio::test]
async fn whoever_takes_the_own_key_away_is_warned_and_signed_out() {
    let site = Site::open([HERE]).await;
    let someone = Someone::new(&site, Role::Reader).await;
    let mut visitor = someone.visitor(&site).await;
    let path = format!("/keys/{}/disable", someone.key);
    visitor.get(&path).await.has("you will be signed out");
    visitor.post(&path, &[]).await.is(StatusCode::SEE_OTHER);
    assert_eq!(visitor.get("/keys").await.location(), "/sign-in?next=%2Fkeys");
}

/// I12: another's key is nowhere on these pages, for an admin too.
#[tokio::test]
async fn anothers_key_is_nowhere() {
    let site = Site::open([HERE]).await;
    let (one, other) = (
        Someone::new(&site, Role::Reader).await,
        Someone::elsewhere(&site, "other", Role::Owner).await,
    );
    for mut visitor in [one.visitor(&site).await, site.visitor().await] {
        visitor.get("/keys").await.lacks(&other.key);
        for act in ["disable", "delete"] {
            let path = format!("/keys/{}/{act}", other.key);
            visitor.get(&path).await.is(StatusCode::NOT_FOUND);
            visitor.post(&path, &[]).await.is(StatusCode::NOT_FOUND);
        }
        visitor.post(&format!("/keys/{}/enable", other.key), &[]).await.is(StatusCode::NOT_FOUND);
        visitor.get("/keys/%3Cb%3E/delete").await.is(StatusCode::NOT_FOUND).lacks("<b>");
    }
    let keys = site.world.deployment.accounts.list_keys(&other.caller).await.unwrap();
    assert_eq!((keys.len(), keys[0].state), (1, Admittance::Active));
}

/// The last key with which an admin can sign in stays, and the dialog says why.
#[tokio::test]
async fn the_last_admin_key_stays() {
    let site = Site::open([HERE]).await;
    let accounts = &site.world.deployment.accounts;
    for key in accounts.list_keys(&site.world.caller).await.unwrap() {
        if key.id.as_str() != site.key {
            accounts.delete_key(&site.world.caller, &key.id).await.unwrap();
        }
    }
    let mut visitor = site.visitor().await;
    for act in ["disable", "delete"] {
        let path = format!("/keys/{}/{act}", site.key);
        visitor.get(&path).await.is(StatusCode::OK);
        let refused = visitor.post(&path, &[]).await;
        refused.is(StatusCode::CONFLICT).has("role=\"alert\"").has(&site.key);
    }
    visitor.get("/keys").await.is(StatusCode::OK).has("Active");
}

#[tokio::test]
async fn sessions_are_counted_and_ended_everywhere() {
    let site = Site::open([HERE]).await;
    let someone = Someone::new(&site, Role::Reader).await;
    let mut here = someone.visitor(&site).await;
    here.get("/keys").await.has("one place: here");
    let mut there = someone.visitor(&site).await;
    here.get("/keys").await.has("at 2 places").has("name=\"everywhere\"");
    here.post("/sign-out", &[("everywhere", "yes")]).await.is(StatusCode::SEE_OTHER);
    there.get("/keys").await.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn keys_speak_chinese() {
    let site = Site::open([HERE]).await;
    let mut visitor = site.visitor().await;
    visitor.post("/settings", &[("language", "zh")]).await;
    visitor.get("/keys").await.has("访问密钥").has("创建访问密钥").has("在所有设备上退出");
}
