//! Signing in and out, and what keeps a session from others (RELIABILITY, console).

use axum::body::Body;
use axum::http::{Method, StatusCode};
use console::Settings;
use region::testing::World;

use crate::kit::Site;

#[tokio::test]
async fn whoever_is_not_signed_in_is_asked_to_and_comes_back() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut guest = site.guest();
    let answer = guest.get("/?region=cn-hangzhou").await;
    assert_eq!(
        answer.is(StatusCode::SEE_OTHER).location(),
        "/sign-in?next=%2F%3Fregion%3Dcn-hangzhou"
    );
    let asked = guest.get("/sign-in?next=%2F%3Fregion%3Dcn-hangzhou").await;
    asked.is(StatusCode::OK).has("Access key id").has("value=\"/?region=cn-hangzhou\"");
    let (key, secret) = (site.key.as_str(), site.secret.as_str());
    let next = ("next", "/?region=cn-hangzhou");
    let signed = guest.post("/sign-in", &[("key", key), ("secret", secret), next]).await;
    assert_eq!(signed.location(), "/?region=cn-hangzhou");
    guest.get("/").await.is(StatusCode::OK).has("cn-hangzhou");
}

#[tokio::test]
async fn a_wrong_secret_is_told_and_nothing_of_it_comes_back() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut guest = site.guest();
    guest.get("/sign-in").await;
    let wrong = [("key", site.key.as_str()), ("secret", "not-the-secret-at-all")];
    let answer = guest.post("/sign-in", &wrong).await;
    answer.is(StatusCode::UNAUTHORIZED).has("is not right").has(&site.key).lacks("not-the-secret");
    assert!(!guest.cookies.contains_key("ferry-session"));
}

#[tokio::test]
async fn each_session_has_a_token_of_its_own_that_is_over_once_it_is() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut visitor = site.guest();
    // One that somebody planted before the sign-in is not taken over.
    visitor.cookies.insert("ferry-session".to_owned(), "planted".to_owned());
    visitor.get("/sign-in").await;
    let values = [("key", site.key.as_str()), ("secret", site.secret.as_str())];
    visitor.post("/sign-in", &values).await.is(StatusCode::SEE_OTHER);
    let first = visitor.cookies["ferry-session"].clone();
    assert_ne!(first, "planted");
    let again = site.visitor().await;
    assert_ne!(again.cookies["ferry-session"], first);
    visitor.get("/").await.is(StatusCode::OK);
    visitor.post("/sign-out", &[]).await.is(StatusCode::SEE_OTHER);
    assert!(!visitor.cookies.contains_key("ferry-session"));
    visitor.cookies.insert("ferry-session".to_owned(), first);
    visitor.get("/").await.is(StatusCode::SEE_OTHER);
}

/// The token that a browser forgets is nobody's: else it would be good for days, and no page could end it.
#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let site = Site::open(["cn-hangzhou"]).await;
    let accounts = &site.world.deployment.accounts;
    let mut visitor = site.visitor().await;
    let mut first = visitor.clone();
    visitor.get("/sign-in").await;
    let values = [("key", site.key.as_str()), ("secret", site.secret.as_str())];
    visitor.post("/sign-in", &values).await.is(StatusCode::SEE_OTHER);
    first.get("/").await.is(StatusCode::SEE_OTHER);
    let mut second = visitor.clone();
    second.get("/").await.is(StatusCode::OK);
    let link = accounts.create_sign_in_link(&site.world.caller).await.unwrap();
    visitor.get(&format!("/sign-in/once/{}", link.token)).await.is(StatusCode::OK);
    second.get("/").await.is(StatusCode::SEE_OTHER);
    visitor.get("/").await.is(StatusCode::OK);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_user() {
    let site = Site::open(["cn-hangzhou"]).await;
    let (mut here, mut there) = (site.visitor().await, site.visitor().await);
    let mut watched = there.watch("/").await;
    assert_eq!(watched.next().await.unwrap().0, "part");
    here.get("/").await;
    here.post("/sign-out", &[("everywhere", "yes")]).await.is(StatusCode::SEE_OTHER);
    there.get("/").await.is(StatusCode::SEE_OTHER);
    // The other live parts of the first look may still be on their way.
    let mut last = String::new();
    while let Some((kind, _)) = watched.next().await {
        last = kind;
    }
    assert_eq!(last, "gone");
}

/// The browser's way back does not show what was seen while signed in.
#[tokio::test]
async fn the_sign_in_page_makes_the_browser_forget_the_pages_it_kept() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut guest = site.guest();
    guest.get("/sign-in").await.is(StatusCode::OK).has("/sign-in/forget.css");
    let answer = guest.get("/sign-in/forget.css").await;
    assert_eq!(answer.is(StatusCode::OK).headers["clear-site-data"], "\"cache\"");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let site = Site::open(["cn-hangzhou"]).await;
    let accounts = &site.world.deployment.accounts;
    let link = accounts.create_sign_in_link(&site.world.caller).await.unwrap();
    let path = format!("/sign-in/once/{}", link.token);
    let mut visitor = site.guest();
    // Whatever only looks whether there is something does not use it up.
    let looked = visitor.send(Method::HEAD, &path, &[], Body::empty()).await;
    looked.is(StatusCode::METHOD_NOT_ALLOWED);
    visitor.get(&path).await.is(StatusCode::OK).has("http-equiv=\"refresh\"");
    visitor.get("/").await.is(StatusCode::OK);
    site.guest().get(&path).await.is(StatusCode::UNAUTHORIZED).has("This link is over");
}

/// Another site that leads there signs nobody in as somebody else, and a browser that looks ahead does not use it up.
#[tokio::test]
async fn a_link_is_opened_by_a_person() {
    let site = Site::open(["cn-hangzhou"]).await;
    let accounts = &site.world.deployment.accounts;
    let link = accounts.create_sign_in_link(&site.world.caller).await.unwrap();
    let path = format!("/sign-in/once/{}", link.token);
    let mut guest = site.guest();
    for header in [("sec-fetch-site", "cross-site"), ("sec-purpose", "prefetch")] {
        let headers = [("accept", "text/html"), header];
        let asked = guest.send(Method::GET, &path, &headers, Body::empty()).await;
        asked.is(StatusCode::OK).has("Go on only if that was you").has(&path);
        assert!(!guest.cookies.contains_key("ferry-session"));
    }
    let headers = [("accept", "text/html"), ("sec-fetch-site", "same-origin")];
    guest.send(Method::GET, &path, &headers, Body::empty()).await.is(StatusCode::OK);
    guest.get("/").await.is(StatusCode::OK);
}

#[tokio::test]
async fn cookies_are_kept_from_scripts_and_other_sites_and_from_plain_http_where_there_is_tls() {
    let world = World::with_regions(["cn-hangzhou"]).await;
    let address = Some("https://ferry.example".to_owned());
    let site = Site::of(world, Settings { address, ..Settings::default() }).await;
    let mut guest = site.guest();
    guest.get("/sign-in").await;
    let values = [("key", site.key.as_str()), ("secret", site.secret.as_str())];
    let answer = guest.post("/sign-in", &values).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-ferry-session="), "{cookie}");
    for word in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let site = Site::open(["cn-hangzhou"]).await;
    let mut guest = site.guest();
    guest.get("/sign-in").await;
    let values = [("key", site.key.as_str()), ("secret", site.secret.as_str())];
    let answer = guest.post("/sign-in", &values).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains("Secure"));
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let site = Site::open(["cn-hangzhou"]).await;
    let (mut visitor, mut other) = (site.visitor().await, site.visitor().await);
    visitor.get("/").await;
    other.get("/").await;
    let (own, foreign) = (visitor.form_token.clone(), other.form_token.clone());
    let attempts: [(&str, &[(&'static str, &str)]); 7] = [
        ("", &[]),
        ("0123456789abcdef", &[]),
        (&foreign, &[]),
        (&own, &[("origin", "https://evil.example")]),
        (&own, &[("origin", "null")]),
        (&own, &[("sec-fetch-site", "cross-site")]),
        (&own, &[("sec-fetch-site", "same-site")]),
    ];
    for (token, headers) in attempts {
        let answer = visitor.post_bare("/sign-out", &[("form_token", token)], headers).await;
        answer.is(StatusCode::FORBIDDEN).has("not ours");
    }
    visitor.get("/").await.is(StatusCode::OK);
    let headers = [("origin", "http://ferry.test"), ("sec-fetch-site", "same-origin")];
    let done = visitor.post_bare("/sign-out", &[("form_token", &own)], &headers).await;
    done.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_is_signed_in_by_another_sites_form() {
    let site = Site::open(["cn-hangzhou"]).await;
    let values = [("key", site.key.as_str()), ("secret", site.secret.as_str())];
    site.guest().post_bare("/sign-in", &values, &[]).await.is(StatusCode::FORBIDDEN);
    let (mut one, mut other) = (site.guest(), site.guest());
    one.get("/sign-in").await;
    other.get("/sign-in").await;
    one.form_token = other.form_token;
    one.post("/sign-in", &values).await.is(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut visitor = site.visitor().await;
    let json = [("content-type", "application/json")];
    let sent = visitor.send(Method::POST, "/sign-out", &json, Body::from("{}")).await;
    sent.is(StatusCode::BAD_REQUEST);
    let long = "a".repeat(300 << 10);
    visitor.post("/sign-out", &[("x", &long)]).await.is(StatusCode::BAD_REQUEST);
    visitor.get("/").await.is(StatusCode::OK);
}

#[tokio::test]
async fn the_way_on_after_signing_in_never_leads_elsewhere() {
    let site = Site::open(["cn-hangzhou"]).await;
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
    {
        let mut guest = site.guest();
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        guest.get(&format!("/sign-in?next={encoded}")).await.lacks("evil").lacks("javascript:");
        let values = [("key", site.key.as_str()), ("secret", site.secret.as_str()), ("next", next)];
        assert_eq!(guest.post("/sign-in", &values).await.location(), "/");
        let answer = guest.post("/settings", &[("next", next), ("theme", "dark")]).await;
        assert_eq!(answer.location(), "/");
    }
}

#[tokio::test]
async fn every_page_tells_the_browser_what_to_refuse() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut visitor = site.visitor().await;
    let mut guest = site.guest();
    for answer in [visitor.get("/").await, guest.get("/sign-in").await, guest.get("/").await] {
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        for inline in ["<style", " style=", " onclick", " onload", "javascript:"] {
            answer.lacks(inline);
        }
    }
}

#[tokio::test]
async fn language_and_look_are_chosen_and_kept() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut visitor = site.visitor().await;
    visitor.get("/").await.has("lang=\"en\"").has("data-theme=\"auto\"").has("Overview");
    let chosen = [("language", "zh"), ("theme", "dark"), ("next", "/?region=cn-hangzhou")];
    let answer = visitor.post("/settings", &chosen).await;
    assert_eq!(answer.location(), "/?region=cn-hangzhou");
    visitor.get("/").await.has("lang=\"zh\"").has("data-theme=\"dark\"").has("概览");
    visitor.post("/settings", &[("language", "xx\r\nSet-Cookie: a=b"), ("theme", "<b>")]).await;
    visitor.get("/").await.has("lang=\"zh\"").has("data-theme=\"dark\"");
}

#[tokio::test]
async fn whoever_signed_in_with_a_key_that_is_gone_sees_nothing_more() {
    let site = Site::open(["cn-hangzhou"]).await;
    let accounts = &site.world.deployment.accounts;
    let mut visitor = site.visitor().await;
    visitor.get("/").await.is(StatusCode::OK);
    let key = site.key.parse().unwrap();
    accounts.delete_key(&site.world.caller, &key).await.unwrap();
    visitor.get("/").await.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn assets_are_kept_for_good_and_pages_name_them() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut guest = site.guest();
    let page = guest.get("/sign-in").await.text;
    for ending in [".css", ".js", ".svg"] {
        let path =
            page.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(ending));
        let answer = guest.get(path.unwrap()).await;
        answer.is(StatusCode::OK);
        assert!(answer.headers["cache-control"].to_str().unwrap().contains("immutable"));
    }
    guest.get("/assets/ferry.css").await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_service_that_stops_lets_go_of_the_pages_that_are_watched() {
    let site = Site::open(["cn-hangzhou"]).await;
    let mut watched = site.visitor().await.watch("/").await;
    assert_eq!(watched.next().await.unwrap().0, "part");
    site.stop.cancel();
    while watched.next().await.is_some() {}
}
