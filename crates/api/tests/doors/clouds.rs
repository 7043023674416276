//! Callers of every dialect on one port, each with its own signature. Nothing of the product signs here.

use api::native::wire::{CopyAnswer, CopyResult};
use model::Clock;
use reqwest::{Method, RequestBuilder};
use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::jdcloud_signer;
use crate::signer::{Key, query};
use crate::world::{Door, answer};

/// Where images are made.
pub const HERE: &str = "north";
/// Where they are copied to.
pub const THERE: &str = "south";

/// Who speaks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    Native,
    Alibaba,
    Tencent,
    JdCloud,
}

impl Dialect {
    pub const ALL: [Dialect; 4] =
        [Dialect::Native, Dialect::Alibaba, Dialect::Tencent, Dialect::JdCloud];

    /// An image's id as the dialect spells it.
    pub fn spelled(self, image: &str) -> String {
        let rest = image.strip_prefix("img-").unwrap();
        match self {
            Dialect::Native => image.to_owned(),
            Dialect::Alibaba => format!("m-{rest}"),
            Dialect::Tencent => format!("img-{}", &rest[..8]),
            Dialect::JdCloud => format!("img-{}", &rest[..10]),
        }
    }
}

/// How an image is shown: the word for its state, and how far it is where that is told; none where it is gone.
pub type Shown = Option<(String, Option<String>)>;

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn time(door: &Door, form: &str) -> String {
    let now = jiff::Timestamp::from_millisecond(door.world.clock.now().0).unwrap();
    now.strftime(form).to_string()
}

async fn sent(request: RequestBuilder) -> Value {
    answer(request).await.ok(200)
}

/// A call of Alibaba Cloud ECS.
pub async fn alibaba(door: &Door, action: &str, parameters: &[(&str, &str)]) -> Value {
    let key = Key { id: door.key.clone(), secret: door.secret.clone() };
    let owned = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let at = time(door, "%Y-%m-%dT%H:%M:%SZ");
    let all = key.signed("POST", (action, &at), owned);
    sent(door.http.post(door.url(&format!("/?{}", query(&all))))).await
}

/// A call of Tencent Cloud CVM under TC3-HMAC-SHA256 (contract 4); what stands in its `Response`.
pub async fn tencent(door: &Door, (action, region): (&str, &str), body: Value) -> Value {
    let (body, kind) = (body.to_string(), "application/json");
    let (seconds, host) = (door.world.clock.now().0 / 1_000, door.address.to_string());
    let date = time(door, "%Y-%m-%d");
    let listed = "content-type;host";
    let head = format!("content-type:{kind}\nhost:{host}\n");
    let canonical = format!("POST\n/\n\n{head}\n{listed}\n{}", sha256(&body));
    let scope = format!("{date}/cvm/tc3_request");
    let text = format!("TC3-HMAC-SHA256\n{seconds}\n{scope}\n{}", sha256(&canonical));
    let first = format!("TC3{}", door.secret).into_bytes();
    let key = scope.split('/').fold(first, |key, part| sign(&key, part));
    let signature = hex::encode(sign(&key, &text));
    let stated = format!(
        "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={listed}, Signature={signature}",
        door.key
    );
    let request = door.http.post(door.url("/")).header("Content-Type", kind).body(body);
    let request = request.header("Authorization", stated).header("X-TC-Action", action);
    let request = request.header("X-TC-Version", "2017-03-12").header("X-TC-Region", region);
    let answer = sent(request.header("X-TC-Timestamp", seconds.to_string())).await;
    let response = answer["Response"].clone();
    assert!(response.get("Error").is_none(), "{action}: {response}");
    response
}

/// A call of JD Cloud VM for a path behind its region, and its status; the answer has `result` or `error`.
async fn jdcloud_answer(
    door: &Door,
    (method, region, path): (Method, &str, &str),
    body: Option<Value>,
) -> (u16, Value) {
    let key = jdcloud_signer::Key { id: door.key.clone(), secret: door.secret.clone() };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let signed = key.sign(jdcloud_signer::Unsigned {
        method: method.clone(),
        path: format!("/v1/regions/{region}{path}"),
        query: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
        service: "vm",
        region: region.to_owned(),
        at: time(door, "%Y%m%dT%H%M%SZ"),
        version: jdcloud_signer::Version::Three,
    });
    let mut request = door.http.request(method, door.url(&signed.target)).body(signed.body);
    for (name, value) in &signed.headers {
        request = request.header(name, value);
    }
    let answer = answer(request).await;
    (answer.status.as_u16(), answer.json())
}

/// The same where it must succeed; its `result`.
pub async fn jdcloud(door: &Door, call: (Method, &str, &str), body: Option<Value>) -> Value {
    let (status, answer) = jdcloud_answer(door, call, body).await;
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}

/// Asks in a dialect for a copy of an image from here to there; the target image's whole id. The clock goes on before it, since
/// the same request of the same second would be the same one.
pub async fn copy(door: &Door, dialect: Dialect, image: &str) -> String {
    door.world.clock.advance_ms(1_000);
    let id = dialect.spelled(image);
    let told = match dialect {
        Dialect::Native => {
            let path = format!("/v1/regions/{HERE}/images/{id}/copies");
            let answer: CopyAnswer = door.post(&path, json!({ "targets": [THERE] })).await.ok(202);
            promised(&answer.results[..])
        }
        Dialect::Alibaba => {
            let call = [("RegionId", HERE), ("ImageId", &id), ("DestinationRegionId", THERE)];
            alibaba(door, "CopyImage", &call).await["ImageId"].as_str().unwrap().to_owned()
        }
        Dialect::Tencent => {
            let asked = json!({ "ImageIds": [id], "DestinationRegions": [THERE], "ImageSetRequired": true });
            let answer = tencent(door, ("SyncImages", HERE), asked).await;
            assert_eq!(answer["ImageSet"][0]["Region"], THERE);
            answer["ImageSet"][0]["ImageId"].as_str().unwrap().to_owned()
        }
        Dialect::JdCloud => {
            let asked = json!({ "sourceImageIds": [id], "destinationRegion": THERE });
            let call = (Method::POST, HERE, "/images:copyImages");
            let copies = jdcloud(door, call, Some(asked)).await["copyImages"].clone();
            assert_eq!(copies[0]["sourceImageId"], id);
            copies[0]["destinationImageId"].as_str().unwrap().to_owned()
        }
    };
    let whole = whole(door, &told).await;
    assert_eq!(told, dialect.spelled(&whole), "{dialect:?} tells its own spelling");
    whole
}

fn promised(results: &[CopyResult]) -> String {
    match results {
        [CopyResult::Promised(promised)] => promised.image.clone(),
        other => panic!("{other:?}"),
    }
}

/// Our own id of an image there that some dialect spells so.
async fn whole(door: &Door, spelled: &str) -> String {
    let rest = spelled.split_once('-').unwrap().1;
    let region = door.world.region(THERE);
    let found = region.image_led_by(&door.world.caller, &format!("img-{rest}")).await.unwrap();
    found.expect("it is there").to_string()
}

/// How a dialect shows an image of a region.
pub async fn show(door: &Door, dialect: Dialect, (region, image): (&str, &str)) -> Shown {
    let id = dialect.spelled(image);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match dialect {
        Dialect::Native => {
            let answer = door.get(&format!("/v1/regions/{region}/images/{id}")).await;
            if answer.status == 404 {
                return None;
            }
            let image: Value = answer.ok(200);
            Some((text(&image["status"]).unwrap(), Some(image["progress"].to_string())))
        }
        Dialect::Alibaba => {
            let call = [("RegionId", region), ("ImageId", &id), ("Status", "ALL")];
            let answer = alibaba(door, "DescribeImages", &call).await;
            let image = answer["Images"]["Image"].as_array().unwrap().first()?.clone();
            assert_eq!(image["ImageId"], id);
            Some((text(&image["Status"]).unwrap(), text(&image["Progress"])))
        }
        Dialect::Tencent => {
            let asked = json!({ "ImageIds": [id] });
            let answer = tencent(door, ("DescribeImages", region), asked).await;
            let image = answer["ImageSet"].as_array().unwrap().first()?.clone();
            assert_eq!(image["ImageId"], id);
            let percent = image["SyncPercent"].as_u64().map(|percent| percent.to_string());
            Some((text(&image["ImageState"]).unwrap(), percent))
        }
        Dialect::JdCloud => {
            let call = (Method::GET, region, &*format!("/images/{id}"));
            let (status, answer) = jdcloud_answer(door, call, None).await;
            if status == 404 {
                assert_eq!(answer["error"]["status"], "NOT_FOUND", "{answer}");
                return None;
            }
            let image = &answer["result"]["image"];
            assert_eq!(image["imageId"], id, "{answer}");
            Some((text(&image["status"]).unwrap(), text(&image["progress"])))
        }
    }
}

/// The ids of the account's images there, as a dialect lists them where nothing more is asked.
pub async fn list(door: &Door, dialect: Dialect) -> Vec<String> {
    let (images, id) = match dialect {
        Dialect::Native => {
            let page: Value = door.get(&format!("/v1/regions/{THERE}/images")).await.ok(200);
            (page["items"].clone(), "id")
        }
        Dialect::Alibaba => {
            let call = [("RegionId", THERE), ("Status", "ALL"), ("ImageOwnerAlias", "self")];
            let page = alibaba(door, "DescribeImages", &call).await;
            (page["Images"]["Image"].clone(), "ImageId")
        }
        Dialect::Tencent => {
            let page = tencent(door, ("DescribeImages", THERE), json!({})).await;
            (page["ImageSet"].clone(), "ImageId")
        }
        Dialect::JdCloud => {
            let call = (Method::GET, THERE, "/images?imageSource=private");
            (jdcloud(door, call, None).await["images"].clone(), "imageId")
        }
    };
    let images = images.as_array().unwrap().iter();
    images.map(|image| image[id].as_str().unwrap().to_owned()).collect()
}

/// Cancels in a dialect the copy that makes an image there.
pub async fn cancel(door: &Door, dialect: Dialect, image: &str) {
    door.world.clock.advance_ms(1_000);
    let id = dialect.spelled(image);
    match dialect {
        Dialect::Native => {
            door.act(&format!("/v1/regions/{THERE}/images/{id}/cancel")).await.empty();
        }
        Dialect::Alibaba => {
            alibaba(door, "CancelCopyImage", &[("RegionId", THERE), ("ImageId", &id)]).await;
        }
        Dialect::Tencent => {
            let asked = json!({ "ImageIds": [id] });
            tencent(door, ("CancelSyncImages", THERE), asked).await;
        }
        Dialect::JdCloud => {
            jdcloud(door, (Method::DELETE, THERE, &format!("/images/{id}")), None).await;
        }
    }
}
