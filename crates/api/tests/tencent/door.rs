//! A world of regions behind the router, and users who call it.

use std::collections::BTreeMap;

use api::{ApiState, CursorKey, Metrics, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use model::{Border, Clock, ImageId, NameRule, Profile};
use region::testing::{World, disk};
use region::{Caller, Profiles};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::signer::{JSON, Key, form};

/// Where images are made.
pub const HERE: &str = "ap-guangzhou";
/// Where they are copied to.
pub const THERE: &str = "ap-shanghai";
/// The host of the service, as clients write it.
const HOST: &str = "cvm.tencentcloudapi.com";

/// What the door answered: the object `Response`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(pub Value);

impl Answer {
    /// The fields of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.0.get("Error").is_none(), "{}", self.0);
        self.0
    }

    /// Checks an error's code; its message.
    #[track_caller]
    pub fn refused(self, code: &str) -> String {
        assert_eq!(self.0["Error"]["Code"], code, "{}", self.0);
        self.0["Error"]["Message"].as_str().expect("a text").to_owned()
    }
}

/// A world, its router, and two accounts with a key each.
pub struct Door {
    pub world: World,
    pub router: Router,
    pub key: Key,
    pub stranger: Key,
}

/// The limits that this door has where nothing is configured.
pub fn usual() -> Profile {
    Profile {
        largest_bytes: Some(50_000_000_000),
        images_at_once: 10,
        border: Border::NeedsApproval,
        names: NameRule::Unique,
        ..Profile::native()
    }
}

impl Door {
    /// The two regions, and two accounts.
    pub async fn open() -> Door {
        Self::before(World::with_regions([HERE, THERE]).await).await
    }

    /// Under the limits that this door has where nothing is configured.
    pub async fn before(world: World) -> Door {
        Self::under(world, usual()).await
    }

    /// Under some limits.
    pub async fn under(world: World, profile: Profile) -> Door {
        let profiles = Profiles::new([("tencent".to_owned(), profile)]).unwrap();
        let deployment = world.deployment.clone().with_profiles(profiles);
        let key = async |caller: &Caller| {
            let made = deployment.accounts.create_key(caller).await.unwrap();
            Key { id: made.id.to_string(), secret: made.secret }
        };
        let (mine, stranger) = (key(&world.caller).await, key(&world.stranger()).await);
        let router = router(
            ApiState {
                deployment: deployment.clone(),
                cursor_key: CursorKey::new(&[3; 32]),
                peer_secret: None,
                metrics: Metrics::new(Default::default()),
            },
            api::Pages::none(),
        );
        Door { world, router, key: mine, stranger }
    }

    /// The number of a caller's account.
    pub async fn number(&self, caller: &Caller) -> String {
        let account = &caller.account;
        let numbers = self.world.deployment.accounts.numbers_of([account]).await.unwrap();
        numbers[account].to_string()
    }

    /// A key of the account's that may only look.
    pub async fn reader(&self) -> Key {
        let (accounts, admin) = (&self.world.deployment.accounts, &self.world.caller);
        let name = model::Name::new("reader").unwrap();
        let user = region::NewUser { account: None, name, role: model::Role::Reader };
        let user = accounts.create_user(admin, user).await.unwrap();
        let made = accounts.create_key_of(admin, &user.id).await.unwrap();
        Key { id: made.id.to_string(), secret: made.secret }
    }

    /// A call of the account's.
    pub async fn ask(&self, region: &str, action: &str, parameters: Value) -> Answer {
        self.ask_as(&self.key, region, action, parameters).await
    }

    /// A call with a key. The clock goes on: whoever signs the same twice within a second is answered the same twice.
    pub async fn ask_as(&self, key: &Key, region: &str, action: &str, parameters: Value) -> Answer {
        self.world.clock.advance_ms(1_000);
        self.deliver(key, (region, action), &parameters.to_string()).await
    }

    /// A call as of now.
    pub async fn deliver(&self, key: &Key, (region, action): (&str, &str), body: &str) -> Answer {
        let (service, version) = match action {
            "DescribeSnapshots" | "CopySnapshotCrossRegions" | "DeleteSnapshots" => {
                ("cbs", "2017-03-12")
            }
            "ModifyResourceTags" | "DescribeResourceTagsByResourceIds" => ("tag", "2018-08-13"),
            _ => ("cvm", "2017-03-12"),
        };
        let now = self.world.clock.now().0;
        let day = jiff::Timestamp::from_millisecond(now).unwrap().strftime("%Y-%m-%d").to_string();
        let host = HOST.replace("cvm", service);
        let authorization = key.authorization((service, &host), (now / 1_000, &day), body);
        let mut request = Request::post("/")
            .header("host", host)
            .header("content-type", JSON)
            .header("authorization", authorization)
            .header("x-tc-action", action)
            .header("x-tc-version", version)
            .header("x-tc-timestamp", now / 1_000);
        if !region.is_empty() {
            request = request.header("x-tc-region", region);
        }
        let body = self.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        let told = body["Response"].clone();
        let id = told["RequestId"].as_str().unwrap_or_else(|| panic!("{body}"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        Answer(told)
    }

    /// A call of the API 2.0, with the older signature; the whole body of its answer.
    pub async fn ask_old(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.world.clock.advance_ms(1_000);
        let (host, path) = ("image.api.qcloud.com", "/v2/index.php");
        let seconds = (self.world.clock.now().0 / 1_000).to_string();
        let common = [("Action", action), ("Timestamp", seconds.as_str()), ("Nonce", "7")];
        let all = common.iter().chain(parameters);
        let all: BTreeMap<String, String> =
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let signed = self.key.signed((host, path), all);
        let request = Request::post(path)
            .header("host", host)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form(&signed)))
            .unwrap();
        self.send(request).await
    }

    /// Contract 1: every answer is a 200 of exactly this type.
    async fn send(&self, request: Request<Body>) -> Value {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Imports an image of one small disk; its id as the cloud spells it.
    pub async fn image(&self, region: &str, name: &str) -> String {
        let seed = name.bytes().fold(1, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
        spelled(self.world.import(region, name, &[disk(seed, 2, Some)]).await.id.as_str())
    }

    /// Asks for a copy from here to there; the new image's id.
    pub async fn copy(&self, image: &str) -> String {
        let asked = json!({
            "ImageIds": [image], "DestinationRegions": [THERE], "ImageSetRequired": true,
        });
        let answer = self.ask(HERE, "SyncImages", asked).await.ok();
        text(&answer["ImageSet"][0], "ImageId")
    }

    /// The images of a region that are asked for so, as the account sees them.
    pub async fn images(&self, region: &str, asked: Value) -> Vec<Value> {
        self.images_as(&self.key, region, asked).await
    }

    /// The same as the one with this key sees them.
    pub async fn images_as(&self, key: &Key, region: &str, asked: Value) -> Vec<Value> {
        let answer = self.ask_as(key, region, "DescribeImages", asked).await.ok();
        answer["ImageSet"].as_array().expect("always a list").clone()
    }

    /// The one image of an id.
    pub async fn shown(&self, region: &str, image: &str) -> Value {
        let found = self.images(region, json!({ "ImageIds": [image] })).await;
        found.into_iter().next().expect("it is there")
    }

    /// The names of the images that filters find, in their order.
    pub async fn named(&self, region: &str, filters: Value) -> Vec<String> {
        let found = self.images(region, json!({ "Filters": filters })).await;
        found.iter().map(|image| text(image, "ImageName")).collect()
    }

    /// The whole id of an image that the cloud spells so.
    pub async fn ours(&self, region: &str, image: &str) -> ImageId {
        let region = self.world.region(region);
        region.image_led_by(&self.world.caller, image).await.unwrap().expect("it is there")
    }
}

/// An id of ours as the cloud spells it.
pub fn spelled(ours: &str) -> String {
    match ours.strip_prefix("img-") {
        Some(rest) => format!("img-{}", &rest[..8]),
        None => ours.to_owned(),
    }
}

/// A field that is a text.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}
