//! What is refused before any operation is asked: paths, sizes, forms; and operations that this service does not have.

use axum::http::Method;
use serde_json::json;

use crate::door::{Door, HERE};
use crate::signer::Unsigned;

/// The operations that the cloud has beside those that are answered.
const UNSUPPORTED: [(&str, &str, &str); 12] = [
    ("POST", "/instances/i-x:createImage", "createImage"),
    ("POST", "/images/img-x:release", "releaseImage"),
    ("POST", "/images/img-x:unrelease", "unReleaseImage"),
    ("POST", "/snapshots", "createSnapshot"),
    ("DELETE", "/snapshots", "deleteSnapshots"),
    ("PATCH", "/snapshots/snapshot-x", "modifySnapshotAttribute"),
    ("GET", "/snapshots:chain", "describeSnapshotChain"),
    ("GET", "/snapshots:capacity", "describeSnapshotsCapacity"),
    ("POST", "/snapshotPolicy", "createSnapshotPolicy"),
    ("DELETE", "/snapshotPolicy/p-x", "deleteSnapshotPolicy"),
    ("POST", "/snapshotPolicies:apply", "applySnapshotPolicies"),
    ("POST", "/snapshotPolicies:describe", "describeSnapshotPolicies"),
];

#[tokio::test]
async fn what_the_cloud_has_and_this_service_does_not_is_told_as_such() {
    let door = Door::open().await;
    for (method, path, name) in UNSUPPORTED {
        let request = door.unsigned(method.parse().unwrap(), HERE, path);
        let message =
            door.deliver(&door.key.sign(request)).await.refused(400, "UNSUPPORTED_OPERATION");
        assert_eq!(message, format!("The operation '{name}' is not supported by this service"));
    }
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_told_as_the_gateway_does() {
    let door = Door::open().await;
    for (method, path) in [
        (Method::GET, "/disks"),
        (Method::GET, "/images/img-x:share"),
        (Method::POST, "/images:copyimages"),
        (Method::PUT, "/images"),
        (Method::GET, ""),
    ] {
        let request = door.key.sign(door.unsigned(method, HERE, path));
        let message = door.deliver(&request).await.refused(404, "NOT_FOUND");
        assert_eq!(message, "no route and no API found with those values");
    }
    // Signed for the other service.
    for (path, service) in [("/images", "disk"), ("/snapshots", "vm"), ("/images", "rds")] {
        let request = Unsigned { service, ..door.unsigned(Method::GET, HERE, path) };
        door.deliver(&door.key.sign(request)).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_region_that_is_not_there_is_named() {
    let door = Door::open().await;
    for region in ["cn-south-9", "Nowhere!"] {
        let message = door.get(region, "/quotas", &[]).await.refused(400, "INVALID_ARGUMENT");
        assert_eq!(message, format!("Invalid region '{region}'"));
    }
}

/// api-02, api-08, api-09: bodies have one reading, and an end.
#[tokio::test]
async fn api_09_bodies_have_one_reading() {
    let door = Door::open().await;
    let send = async |body: &[u8], path: &str| {
        let request = Unsigned { body: body.to_vec(), ..door.unsigned(Method::POST, HERE, path) };
        door.deliver(&door.key.sign(request)).await
    };
    let path = "/images/img-aaaaaaaaaa:exportImage";
    for (body, says) in [
        (&b"{"[..], "'body'"),
        (b"[]", "it is not an object"),
        (br#"{"roleName":"a","roleName":"b"}"#, "`roleName` is given more than once"),
        (br#"{"regionId":"cn-east-2"}"#, "'regionId': it is given more than once"),
        (br#"{"imageId":"img-bbbbbbbbbb"}"#, "'imageId': it is given more than once"),
        (br#"{"regionId":5}"#, "'regionId'"),
        (b"\xff", "'body'"),
    ] {
        let message = send(body, path).await.refused(400, "INVALID_ARGUMENT");
        assert!(message.contains(says), "{message}");
    }
    let long = vec![b' '; (1 << 20) + 1];
    send(&long, path).await.refused(413, "HTTP_REQUEST_ENTITY_TOO_LARGE");
    let mut request = door.key.sign(door.unsigned(Method::GET, HERE, "/quotas"));
    request.target = format!("{}?a={}", request.target, "a".repeat(33 << 10));
    door.deliver(&request).await.refused(414, "HTTP_URI_TOO_LONG");
    let token = json!({"clientToken": "t".repeat(65)});
    let message = door.post(HERE, path, token).await.refused(400, "INVALID_ARGUMENT");
    assert!(message.contains("'clientToken'"), "api-17: {message}");
}

#[tokio::test]
async fn a_query_and_a_path_do_not_contradict_each_other() {
    let door = Door::open().await;
    let twice = [("regionId", "cn-east-2")];
    let message = door.get(HERE, "/quotas", &twice).await.refused(400, "INVALID_ARGUMENT");
    assert!(message.contains("'regionId'"), "{message}");
    door.get(HERE, "/quotas", &[("regionId", HERE)]).await.ok();
}
