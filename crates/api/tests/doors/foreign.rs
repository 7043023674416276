//! Promise 10, api-11: through every path of the API, another account's id answers exactly as one that never was.

use std::collections::BTreeMap;

use api::native::wire::{CopyAnswer, CopyResult, Instance, Page, User};
use region::testing::{cut, disk};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use store::Encoder;

use crate::accounts::{Visitor, visitor};
use crate::world::{Door, answer};

/// Parts of paths that name what is somebody's, with an id of each that never was.
const ABSENT: &[(&str, &str)] = &[
    ("account", "acct-zzzzzzzzzzzzzzzzzzzz"),
    ("user", "user-zzzzzzzzzzzzzzzzzzzz"),
    ("key", "FERRYZZZZZZZZZZZZZZZZZZZZ"),
    ("image", "img-zzzzzzzzzzzzzzzzzzzz"),
    ("copy", "copy-zzzzzzzzzzzzzzzzzzzz"),
    ("snapshot", "snap-zzzzzzzzzzzzzzzzzzzz"),
    ("instance", "i-zzzzzzzzzzzzzzzzzzzz"),
    ("encryption_key", "key-zzzzzzzzzzzzzzzzzzzz"),
    ("ticket", "ticket-zzzzzzzzzzzzzzzzzzzz"),
];

/// A good body for each operation on an id that takes one.
fn body(operation: &str, other_image: &str) -> Option<Value> {
    Some(match operation {
        "edit_image" => json!({ "name": "stolen" }),
        "copy_image" => json!({ "targets": ["south"] }),
        "copy_snapshot" => json!({ "target": "south" }),
        "finish_import" => json!({ "disks": [] }),
        "change_instance_image" => json!({ "image": other_image }),
        "set_user_role" => json!({ "role": "reader" }),
        "set_quota" => json!({ "limit": 1 }),
        "approve_ticket" => json!({ "until": "2023-12-01T00:00:00Z" }),
        "refuse_ticket" => json!({ "answer": "no" }),
        "share_image" | "unshare_image" => json!({ "accounts": ["acct-yyyyyyyyyyyyyyyyyyyy"] }),
        "publish_image" => json!({ "kind": "public" }),
        "convert_image" => json!({}),
        _ => return None,
    })
}

/// One of everything, all of the door's own account: by the part of a path that names it.
async fn things(door: &Door) -> BTreeMap<&'static str, String> {
    let image = door.world.import("north", "web", &[disk(1, 1, Some)]).await;
    let other = door.world.import("north", "more", &[disk(2, 1, Some)]).await.id.to_string();
    let path = format!("/v1/regions/north/images/{}/copies", image.id);
    let copies: CopyAnswer = door.post(&path, json!({ "targets": ["south"] })).await.ok(202);
    let copy = match &copies.results[0] {
        CopyResult::Promised(promised) => promised.copy.clone(),
        CopyResult::Refused(refused) => panic!("{}", refused.problem.detail),
    };
    let body = json!({ "name": "vm", "image": image.id.as_str() });
    let instance: Instance = door.post("/v1/regions/north/instances", body).await.ok(201);
    let key: Value = door.act("/v1/regions/north/encryption-keys").await.ok(201);
    let body = json!({ "image": image.id.as_str(), "targets": ["south"], "why": "because" });
    let ticket: Value = door.post("/v1/regions/north/tickets", body).await.ok(201);
    let users: Page<User> = door.get("/v1/users").await.ok(200);
    let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
    BTreeMap::from([
        ("account", users.items[0].account.clone()),
        ("user", users.items[0].id.clone()),
        ("key", door.key.clone()),
        ("snapshot", image.disks[0].snapshot.clone().unwrap().to_string()),
        ("image", image.id.to_string()),
        ("other image", other),
        ("copy", copy),
        ("instance", instance.id),
        ("encryption_key", text(&key)),
        ("ticket", text(&ticket)),
    ])
}

/// What an operation answers: its status and its body, without the request's id, and with the ids asked for put into the
/// place of absent ones.
async fn asked(
    visitor: &Visitor<'_>,
    (id, method, path): (&str, &Method, &str),
    ids: &BTreeMap<&str, String>,
) -> String {
    let mut full = path.replace("{region}", region_of(path)).replace("{kind}", "image");
    for (part, id) in ids {
        full = full.replace(&format!("{{{part}}}"), id);
    }
    let request = visitor.request(method.clone(), &full);
    let octets = |bytes| (CONTENT_TYPE, "application/octet-stream", bytes);
    let octets = match id {
        "import_missing" | "read_snapshot" => Some(octets(vec![1; 32])),
        "import_frames" => Some(octets(frame())),
        _ => None,
    };
    let request = match (octets, body(id, &ids["other image"])) {
        (Some((header, value, bytes)), _) => request.header(header, value).body(bytes),
        (None, Some(body)) => request.json(&body),
        (None, None) => request,
    };
    let answer = answer(request).await;
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    let mut text = format!("{} {body}", answer.status);
    for (part, absent) in ABSENT {
        text = text.replace(&ids[part], absent);
    }
    text
}

/// A good frame.
fn frame() -> Vec<u8> {
    let (_, chunks) = cut(&disk(3, 1, Some));
    let (id, plain) = chunks.iter().next().unwrap();
    let mut frame = Vec::new();
    Encoder::new(1).unwrap().encode(id, plain, &mut frame);
    frame
}

/// Where the things of a path are.
fn region_of(path: &str) -> &'static str {
    if path.contains("{copy}") { "south" } else { "north" }
}

#[tokio::test]
async fn promise_10_api_11_a_foreign_id_answers_as_an_absent_one_on_every_path() {
    let door = Door::open(["north", "south"]).await;
    let foreign = things(&door).await;
    let mut absent: BTreeMap<&str, String> =
        ABSENT.iter().map(|(part, id)| (*part, (*id).to_owned())).collect();
    absent.insert("other image", "img-yyyyyyyyyyyyyyyyyyyy".to_owned());
    let before = door.get("/v1/regions/north/images").await.text();

    let document: Value = serde_json::from_str(&api::openapi_json()).unwrap();
    let (mut compared, mut refused) = (0, 0);
    for role in ["reader", "owner", "admin"] {
        let (_, _, visitor) = visitor(&door, &format!("tenant-{role}"), role).await;
        for (path, item) in document["paths"].as_object().unwrap() {
            let named: Vec<_> = ABSENT
                .iter()
                .map(|(part, _)| *part)
                .filter(|part| path.contains(&format!("{{{part}}}")))
                .collect();
            // What an admin sees of every account is no secret from one.
            let watched = ["account", "user", "key", "ticket"];
            let is_watched = named.iter().any(|part| watched.contains(part));
            if named.is_empty() || (role == "admin" && is_watched) {
                continue;
            }
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                let method: Method = method.to_uppercase().parse().unwrap();
                let what = (id, &method, path.as_str());
                let of_foreign = asked(&visitor, what, &foreign).await;
                let of_absent = asked(&visitor, what, &absent).await;
                assert_eq!(of_foreign, of_absent, "{id} as {role}");
                assert!(!of_foreign.starts_with("400"), "{id}: {of_foreign}");
                compared += 1;
                refused += usize::from(of_foreign.starts_with("404"));
            }
        }
    }
    assert!(compared > 60 && refused > 40, "{compared} compared, {refused} not found");
    assert_eq!(door.get("/v1/regions/north/images").await.text(), before);
}
