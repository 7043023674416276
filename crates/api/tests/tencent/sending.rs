//! Sending requests that are signed in every way, and taking apart what comes back byte for byte.

use axum::body::to_bytes;
use axum::http::StatusCode;
use model::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::door::{Answer, Door};
use crate::signer::Key;
use crate::ways::{Asked, Pairs, Sent, Signed, pairs};

/// The host that is called.
pub const HOST: &str = "127.0.0.1:7700";
/// The path of the older API.
pub const INDEX: &str = "/v2/index.php";

impl Door {
    /// What time it is in this world, in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.world.clock.now().0.div_euclid(1_000)
    }

    /// What is asked now of the service that has the action.
    pub fn asked<'a>(&self, region: &'a str, action: &'a str) -> Asked<'a> {
        let service = if action.contains("Snapshot") { "cbs" } else { "cvm" };
        Asked { action, region, service, host: HOST, at: self.seconds() }
    }

    /// Sends a request as it is. Every answer has the status 200, exactly this type, and an id of the request (contract 1).
    pub async fn sent(&self, signed: &Signed) -> Answer {
        let body = self.body_of(signed).await;
        assert_id(&body["Response"]["RequestId"], &body);
        Answer(body["Response"].clone())
    }

    async fn body_of(&self, signed: &Signed) -> Value {
        let response = self.router.clone().oneshot(signed.request()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The parameters of a call of the older signature, those that all have with them.
    pub fn common(&self, action: &str, region: &str, more: &[(&str, &str)]) -> Pairs {
        let now = self.seconds().to_string();
        let mut all = pairs(&[
            ("Action", action),
            ("Region", region),
            ("Timestamp", &now),
            ("Nonce", "5577006791947779410"),
            ("Version", "2017-03-12"),
            ("SignatureMethod", "HmacSHA256"),
        ]);
        all.extend(pairs(more));
        all
    }

    /// A call of the older API, by a GET: `code`, `message` and what else it says.
    pub async fn older(&self, action: &str, more: &[(&str, &str)]) -> Value {
        self.older_as(&self.key, action, more).await
    }

    /// The same with a key.
    pub async fn older_as(&self, key: &Key, action: &str, more: &[(&str, &str)]) -> Value {
        self.world.clock.advance_ms(1_000);
        let mut parameters = self.common(action, "gz", more);
        parameters.remove("Version");
        let sent = Sent { method: "GET", host: HOST, path: INDEX, signed_path: INDEX };
        self.sent_older(&key.v1(&sent, parameters)).await
    }

    /// Sends a request of the older API as it is.
    pub async fn sent_older(&self, signed: &Signed) -> Value {
        let body = self.body_of(signed).await;
        assert_id(&body["requestId"], &body);
        assert!(body["code"].is_number() && body["message"].is_string(), "{body}");
        assert!(body["codeDesc"].is_string(), "{body}");
        body
    }

    /// The account's own images in a region.
    pub async fn own_images(&self, region: &str) -> Vec<Value> {
        let own = json!([{"Name": "image-type", "Values": ["PRIVATE_IMAGE"]}]);
        self.images(region, json!({ "Filters": own })).await
    }
}

/// A UUID in lower case.
#[track_caller]
fn assert_id(id: &Value, body: &Value) {
    let id = id.as_str().unwrap_or_else(|| panic!("no id: {body}"));
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{body}");
    assert!(id.bytes().all(|byte| b"0123456789abcdef-".contains(&byte)), "{body}");
}
