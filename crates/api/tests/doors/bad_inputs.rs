//! What is no request, and what is nobody's business.

use region::testing::disk;
use region::{BeginImport, Caller};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::world::{Door, answer};

const ABSENT: &str = "img-aaaaaaaaaaaaaaaaaaaa";

#[tokio::test]
async fn nobody_gets_in_without_a_key_and_its_secret() {
    let door = Door::open(["north"]).await;
    for path in [
        "/v1/regions",
        "/v1/regions/north",
        "/v1/regions/nowhere/images",
        "/v1/keys",
        &format!("/v1/regions/north/images/{ABSENT}"),
    ] {
        let none = answer(door.http.get(door.url(path))).await;
        none.refused(401, "unauthorised");
        assert_eq!(none.headers["www-authenticate"], "Basic realm=\"ferry\", charset=\"UTF-8\"");
        let (wrong_key, wrong_secret) = ("FERRYAAAAAAAAAAAAAAAAAAAA", "x".repeat(40));
        let texts: Vec<_> =
            [(wrong_key, &door.secret), (door.key.as_str(), &wrong_secret), ("", &wrong_secret)]
                .map(|(key, secret)| door.http.get(door.url(path)).basic_auth(key, Some(secret)))
                .into_iter()
                .collect();
        let mut details = Vec::new();
        for request in texts {
            details.push(answer(request).await.refused(401, "unauthorised").detail);
        }
        details.dedup();
        assert_eq!(details.len(), 1, "api-01: an unknown key and a wrong secret read alike");
    }
}

#[tokio::test]
async fn api_11_i12_anothers_image_answers_exactly_as_an_absent_one() {
    let door = Door::open(["north"]).await;
    let stranger: Caller = door.world.stranger();
    let mine = door.world.import("north", "mine", &[disk(1, 1, Some)]).await;
    let north = door.world.region("north");
    let theirs = north.begin_import(
        &stranger,
        BeginImport {
            name: mine.name,
            description: mine.description,
            attributes: mine.attributes,
            family: mine.family,
            particulars: mine.particulars,
            tags: mine.tags,
            disks: vec![mine.disks[0].size],
            names: model::NameRule::Free,
            token: None,
        },
    );
    let theirs = theirs.await.unwrap().id.to_string();
    for (method, after) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::POST, "/cancel"),
        (Method::POST, "/verify"),
    ] {
        let ask = async |image: &str| {
            let path = format!("/v1/regions/north/images/{image}{after}");
            let problem =
                answer(door.request(method.clone(), &path)).await.refused(404, "image_not_found");
            problem.detail.replace(image, "IMAGE")
        };
        assert_eq!(ask(&theirs).await, ask(ABSENT).await, "{method} {after}");
    }
}

#[tokio::test]
async fn api_08_09_json_that_is_not_wanted_is_refused_with_its_reason() {
    let door = Door::open(["north"]).await;
    let path = format!("/v1/regions/north/images/{ABSENT}");
    let deep = format!("{{\"tags\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for wrong in [
        "",
        "{",
        "[]",
        "null",
        "{\"nmae\":\"x\"}",
        "{\"name\":1}",
        "{\"name\":\"aa\",\"name\":\"bb\"}",
        "{\"tags\":{\"a\":\"1\",\"a\":\"2\"}}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"aa\"} x",
        &deep,
    ] {
        let request = door
            .request(Method::PATCH, &path)
            .header(CONTENT_TYPE, "application/json")
            .body(wrong.to_owned());
        let problem = answer(request).await.refused(400, "invalid_json");
        assert!(problem.detail.len() < 500, "{}", problem.detail.len());
    }
    let huge = "{\"limit\":1e999}";
    let request = door
        .request(Method::PUT, "/v1/regions/north/quotas/image")
        .header(CONTENT_TYPE, "application/json");
    answer(request.body(huge)).await.refused(400, "invalid_json");
    let request = door.request(Method::PATCH, &path).header(CONTENT_TYPE, "text/plain").body("{}");
    answer(request).await.refused(415, "media_type");
    let long = format!("{{\"name\":\"{}\"}}", "a".repeat(1 << 20));
    let request =
        door.request(Method::PATCH, &path).header(CONTENT_TYPE, "application/json").body(long);
    answer(request).await.refused(413, "body_too_long");
}

#[tokio::test]
async fn api_10_api_13_values_that_break_a_rule_name_their_field() {
    let door = Door::open(["north"]).await;
    let good = json!({
        "name": "web", "architecture": "x86_64", "os_type": "linux", "boot_mode": "bios", "disks": [{ "size_bytes": 512 }],
    });
    let many_tags: serde_json::Map<_, _> = (0..21).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (member, value, code, field) in [
        ("name", json!("a"), "invalid_field", "name"),
        ("name", json!("a".repeat(129)), "invalid_field", "name"),
        ("name", json!("http://a"), "invalid_field", "name"),
        ("name", json!("a\u{202e}b"), "invalid_field", "name"),
        ("name", json!("ab\u{0}"), "invalid_field", "name"),
        ("description", json!("https://x"), "invalid_field", "description"),
        ("platform", json!("x".repeat(65)), "invalid_field", "platform"),
        ("architecture", json!("vax"), "invalid_field", "architecture"),
        ("os_type", json!("Linux"), "invalid_field", "os_type"),
        ("boot_mode", json!(""), "invalid_field", "boot_mode"),
        ("tags", json!({ "": "v" }), "invalid_field", "tag_key"),
        ("tags", json!({ "k": "v".repeat(129) }), "invalid_field", "tag_value"),
        ("tags", json!(many_tags), "too_many_tags", "tags"),
        ("disks", json!([]), "invalid_field", "disks"),
        ("disks", json!([{ "size_bytes": 513 }]), "invalid_field", "size_bytes"),
        ("disks", json!([{ "size_bytes": u64::MAX }]), "invalid_field", "size_bytes"),
        ("disks", json!(vec![json!({ "size_bytes": 512 }); 18]), "too_many_disks", "disks"),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let problem = door.post("/v1/regions/north/imports", body).await.refused(400, code);
        assert_eq!(problem.field.as_deref(), Some(field), "{}", problem.detail);
        assert!(!problem.retryable);
    }
    for token in ["", &"t".repeat(65), "a b", "é"] {
        let request = door.request(Method::POST, "/v1/regions/north/imports");
        let value = reqwest::header::HeaderValue::from_bytes(token.as_bytes()).unwrap();
        let refused = answer(request.header("Idempotency-Key", value).json(&good)).await;
        refused.refused(400, "invalid_field");
    }
    door.world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn api_11_api_24_ids_that_have_not_the_form_of_one_are_refused() {
    let door = Door::open(["north"]).await;
    for wrong in [
        "img-1",
        "snap-aaaaaaaaaaaaaaaaaaaa",
        "img-AAAAAAAAAAAAAAAAAAAA",
        "..%2F..%2Fetc",
        "%00",
        "'%20or%201=1",
        "*",
        "%E2%80%AE",
    ] {
        let problem = door
            .get(&format!("/v1/regions/north/images/{wrong}"))
            .await
            .refused(400, "invalid_field");
        assert_eq!(problem.field.as_deref(), Some("image"), "{wrong}");
    }
    let unread = door.get("/v1/regions/north/images/%ff").await.refused(400, "invalid_field");
    assert_eq!(unread.field.as_deref(), Some("path"));
    for wrong in ["North", "a", "x%2Fy"] {
        door.get(&format!("/v1/regions/{wrong}/images")).await.refused(400, "invalid_field");
    }
    door.post(&format!("/v1/regions/north/images/{ABSENT}/copies"), json!({ "targets": ["../x"] }))
        .await
        .refused(400, "invalid_field");
    door.post(&format!("/v1/regions/north/images/{ABSENT}/copies"), json!({ "targets": [] }))
        .await
        .refused(400, "invalid_field");
    let many: Vec<_> = (0..101).map(|n| format!("r{n}")).collect();
    door.post(&format!("/v1/regions/north/images/{ABSENT}/copies"), json!({ "targets": many }))
        .await
        .refused(400, "too_many_targets");
}

#[tokio::test]
async fn queries_take_each_parameter_once_and_no_others() {
    let door = Door::open(["north"]).await;
    for query in
        ["colour=red", "name=a&name=b", "limit=1&limit=2", "status=available&status=creating"]
    {
        door.get(&format!("/v1/regions/north/images?{query}")).await.refused(400, "invalid_query");
    }
    for (query, field) in [("status=waiting", "status"), ("status=", "status")] {
        let problem = door
            .get(&format!("/v1/regions/north/images?{query}"))
            .await
            .refused(400, "invalid_field");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    door.get("/v1/regions/north/snapshots?image=x").await.refused(400, "invalid_field");
    door.get("/v1/regions/north/snapshots?origin=bought").await.refused(400, "invalid_query");
    door.get("/v1/regions/north/copies?state=dead").await.refused(400, "invalid_query");
    door.delete(&format!("/v1/regions/north/images/{ABSENT}?force=yes"))
        .await
        .refused(400, "invalid_query");
}

#[tokio::test]
async fn chunk_lists_have_bounds() {
    let door = Door::open(["north"]).await;
    let path = format!("/v1/regions/north/imports/{ABSENT}/missing");
    for wrong in [vec![1; 31], vec![1; 32 * 4_097], vec![0; 32]] {
        let problem = door.post_bytes(&path, wrong).await.refused(400, "invalid_field");
        assert_eq!(problem.field.as_deref(), Some("ids"));
    }
    door.post_bytes(&path, vec![1; (1 << 20) + 32]).await.refused(413, "body_too_long");
    door.post_bytes(&path, vec![1; 32]).await.refused(404, "image_not_found");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let door = Door::open(["north"]).await;
    for path in ["/", "/v1", "/v2/regions", "/v1/regions/", "/v1/regions/north/nothing"] {
        door.get(path).await.refused(404, "unknown_path");
    }
    let wrong = answer(door.request(Method::PUT, "/v1/regions")).await;
    wrong.refused(405, "unknown_method");
    assert_eq!(wrong.headers["allow"], "GET,HEAD");
}

#[tokio::test]
async fn api_07_a_request_id_is_taken_or_made_and_always_answered() {
    let door = Door::open(["north"]).await;
    let with = async |id: &str| {
        let answer =
            answer(door.request(Method::GET, "/v1/regions").header("X-Request-Id", id)).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(with("Build_7-a").await, "Build_7-a");
    for wrong in ["", "a b", "a;b", &"x".repeat(65)] {
        let made = with(wrong).await;
        assert!(made.starts_with("req-") && made != wrong, "{made}");
    }
    let (one, two) = (door.get("/v1/regions").await, door.get("/v1/regions").await);
    assert_ne!(one.headers["x-request-id"], two.headers["x-request-id"]);
}
