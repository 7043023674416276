//! What somebody typed to break a page stays text on every page, and what is no legal address or form value is answered calmly
//! (RELIABILITY, console).

use axum::body::Body;
use axum::http::{Method, StatusCode};
use model::{Description, Name, Tags};
use region::EditImage;
use region::testing::disk;

use crate::kit::{Site, Visitor};

/// Texts that break out of something where they are not escaped: markup, attributes, addresses, templates, formulas, directions.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "<img src=x onerror=alert(1)>",
        "\"><script>alert(1)</script>",
        "' autofocus onfocus=alert(1) x='",
        "javascript:alert(1)",
        "<svg/onload=alert(1)>",
        "{{7*7}}${7*7}{% raw %}",
        "=cmd|' /C calc'!A0",
        "</title><script>alert(1)</script>",
        "<!-- --><b>",
        "&lt;b&gt;&#60;b&#62;",
        "</textarea><script>alert(1)</script>",
        "{ $name } .attr { -term }",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("\u{5d0}\u{5d1}".repeat(64));
    texts
}

/// Every page that a visitor may go to about an image of a region.
fn pages(image: &str, snapshot: &str) -> Vec<String> {
    let of_image = |tail: &str| format!("/regions/cn-hangzhou/images/{image}{tail}");
    let of_snapshot = |tail: &str| format!("/regions/cn-hangzhou/snapshots/{snapshot}{tail}");
    let mut pages: Vec<String> = [
        "/",
        "/images",
        "/images?tab=shared",
        "/images?tab=public",
        "/copies",
        "/snapshots",
        "/instances",
        "/tasks",
        "/regions",
        "/tickets",
        "/usage",
        "/encryption-keys",
        "/keys",
        "/people",
        "/audit",
    ]
    .map(str::to_owned)
    .to_vec();
    pages.extend(
        ["", "/edit", "/delete", "/share", "/export", "/instance", "/publish"].map(of_image),
    );
    pages.extend(["", "/delete", "/copy", "/image"].map(of_snapshot));
    pages.push(format!("/regions/cn-hangzhou/copy?image={image}"));
    pages.push(format!("/regions/cn-hangzhou/ticket?image={image}&target=cn-shanghai"));
    pages
}

/// As a template writes it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '"' | '\'' => out.push_str(&format!("&#{};", u32::from(character))),
            other => out.push(other),
        }
    }
    out
}

async fn site_with(text: &str) -> (Site, Visitor, Vec<String>) {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let image = site.world.import("cn-hangzhou", "golden", &[disk(3, 4, Some)]).await;
    let short: String = text.chars().take(60).collect();
    let edit = EditImage {
        name: Some(Name::new(text).unwrap()),
        description: Some(Description::new(text).unwrap()),
        tags: Some(Tags::new([(format!("k {short}"), short)]).unwrap()),
        ..EditImage::default()
    };
    let region = site.world.region("cn-hangzhou");
    region.edit_image(&site.world.caller, &image.id, edit).await.unwrap();
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    let visitor = site.visitor().await;
    let pages = pages(image.id.as_str(), snapshot.as_str());
    (site, visitor, pages)
}

#[tokio::test]
async fn what_people_typed_stays_text_on_every_page() {
    for text in texts() {
        // Names begin with no scheme and have no space at an edge; the rest of it is as bad.
        let name = if text.starts_with("javascript:") { format!("x {text}") } else { text };
        let (_site, mut visitor, pages) = site_with(&name).await;
        for page in &pages {
            let answer = visitor.get(page).await;
            // A form for what cannot be done says why.
            let is_shown = [StatusCode::OK, StatusCode::CONFLICT].contains(&answer.status);
            assert!(is_shown, "{page}: {}", answer.status);
            if escaped(&name) != name {
                assert!(!answer.text.contains(&name), "{page} has {name} as it is");
            }
            assert_eq!(answer.text.matches("<script").count(), 1, "{page}: {name}");
            assert!(!answer.text.contains("href=\"javascript:"), "{page}");
        }
        visitor.get("/images").await.has(&escaped(&name));
    }
}

#[tokio::test]
async fn what_is_typed_into_an_address_stays_text_too() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let mut visitor = site.visitor().await;
    for text in texts() {
        let typed: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for page in [
            "/images?q=",
            "/snapshots?q=",
            "/instances?q=",
            "/audit?subject=",
            "/?region=",
            "/images?tag=",
        ] {
            let answer = visitor.get(&format!("{page}{typed}")).await;
            answer.is(StatusCode::OK);
            if escaped(&text) != text {
                assert!(!answer.text.contains(&text), "{page} has {text} as it is");
            }
            assert_eq!(answer.text.matches("<script").count(), 1, "{page}: {text}");
        }
        let absent = visitor.get(&format!("/regions/cn-hangzhou/images/{typed}")).await;
        absent.is(StatusCode::NOT_FOUND);
    }
}

/// Values that no page offers: too large, negative, of another kind, broken.
const VALUES: [&str; 12] = [
    "-1",
    "0",
    "18446744073709551616",
    "1e9",
    "%00",
    "%FF%FE",
    "..%2F..",
    "%27%3B--",
    "2026-13",
    "9999-12",
    "%F0%9F%9A%A2",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

#[tokio::test]
async fn no_value_of_an_address_breaks_a_page() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let image = site.world.import("cn-hangzhou", "golden", &[disk(3, 4, Some)]).await;
    let mut visitor = site.visitor().await;
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    let names = [
        "page", "after", "month", "sort", "status", "state", "show", "origin", "region", "tab",
        "target", "image", "account",
    ];
    for page in pages(image.id.as_str(), snapshot.as_str()) {
        let joint = if page.contains('?') { '&' } else { '?' };
        for (n, value) in VALUES.iter().enumerate() {
            // Each value meets another name on each page: all of them meet somewhere.
            let name = names[(n + page.len()) % names.len()];
            let answer = visitor.get(&format!("{page}{joint}{name}={value}")).await;
            let is_calm = answer.status.is_success() || answer.status.is_client_error();
            assert!(is_calm, "{page}{joint}{name}={value}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn no_form_without_its_values_breaks_a_page() {
    let site = Site::open(["cn-hangzhou", "cn-shanghai"]).await;
    let image = site.world.import("cn-hangzhou", "golden", &[disk(3, 4, Some)]).await;
    let mut visitor = site.visitor().await;
    let snapshot = image.disks[0].snapshot.clone().unwrap();
    visitor.get("/").await;
    for page in pages(image.id.as_str(), snapshot.as_str()) {
        // Deleting without a value is a whole request.
        if page.ends_with("/delete") {
            continue;
        }
        let answer = visitor
            .post(page.split('?').next().unwrap(), &[("name", ""), ("target", "\u{0}")])
            .await;
        assert!(!answer.status.is_server_error(), "{page}: {}", answer.status);
    }
    let unknown = visitor.send(Method::DELETE, "/images", &[], Body::empty()).await;
    unknown.is(StatusCode::METHOD_NOT_ALLOWED);
}
