//! A world of regions behind the router, and users who call it.

use api::{ApiState, CursorKey, Metrics, router};
use axum::Router;
use axum::body::to_bytes;
use axum::http::{Method, StatusCode};
use model::{Again, Clock, Profile};
use region::testing::{World, disk};
use region::{Caller, Profiles};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::signer::{Key, Signed, Unsigned, Version};

/// Where images are made.
pub const HERE: &str = "cn-north-1";
/// Where they are copied to.
pub const THERE: &str = "cn-east-2";

/// What the door answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    /// The result of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body["result"].clone()
    }

    /// Checks an error's number and name; its message.
    #[track_caller]
    pub fn refused(self, code: u16, status: &str) -> String {
        let error = &self.body["error"];
        let shown = (self.status.as_u16(), error["status"].as_str().unwrap_or_default());
        assert_eq!(shown, (code, status), "{}", self.body);
        assert_eq!(error["code"], code, "{}", self.body);
        error["message"].as_str().expect("a text").to_owned()
    }
}

/// A world, its router, and two accounts with a key each.
pub struct Door {
    pub world: World,
    pub router: Router,
    pub key: Key,
    pub stranger: Key,
}

impl Door {
    /// The two regions, and two accounts.
    pub async fn open() -> Door {
        Self::before(World::with_regions([HERE, THERE]).await).await
    }

    /// Under the limits that this door has where nothing is configured.
    pub async fn before(world: World) -> Door {
        Self::under(world, strict()).await
    }

    /// Under some limits.
    pub async fn under(world: World, profile: Profile) -> Door {
        let accounts = &world.deployment.accounts;
        let key = async |caller: &Caller| {
            let made = accounts.create_key(caller).await.unwrap();
            Key { id: made.id.to_string(), secret: made.secret }
        };
        let keys = (key(&world.caller).await, key(&world.stranger()).await);
        Self::of(world, profile, keys)
    }

    fn of(world: World, profile: Profile, (key, stranger): (Key, Key)) -> Door {
        let profiles = Profiles::new([("jdcloud".to_owned(), profile)]).unwrap();
        let router = router(
            ApiState {
                deployment: world.deployment.clone().with_profiles(profiles),
                cursor_key: CursorKey::new(&[3; 32]),
                peer_secret: None,
                metrics: Metrics::new(Default::default()),
            },
            api::Pages::none(),
        );
        Door { world, router, key, stranger }
    }

    /// The same after the process has ended and begun again.
    pub async fn restarted(self) -> Door {
        let Door { mut world, router, key, stranger } = self;
        drop(router);
        world.restart().await;
        Self::of(world, strict(), (key, stranger))
    }

    /// The number of a caller's account.
    pub async fn number(&self, caller: &Caller) -> String {
        let account = &caller.account;
        let numbers = self.world.deployment.accounts.numbers_of([account]).await.unwrap();
        numbers[account].to_string()
    }

    /// What time it is in this world, as requests tell it: `20231114T221320Z`.
    pub fn now(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.world.clock.now().0).unwrap();
        time.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// A request before it is signed, for a path behind `/v1/regions/{regionId}`. Snapshots are the disk service's.
    pub fn unsigned(&self, method: Method, region: &str, path: &str) -> Unsigned {
        Unsigned {
            method,
            path: format!("/v1/regions/{region}{path}"),
            query: Vec::new(),
            body: Vec::new(),
            service: if path.starts_with("/snapshot") { "disk" } else { "vm" },
            region: region.to_owned(),
            at: self.now(),
            version: Version::Three,
        }
    }

    /// Sends a request as it is.
    pub async fn deliver(&self, signed: &Signed) -> Answer {
        let response = self.router.clone().oneshot(signed.request()).await.unwrap();
        let status = response.status();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let kind = header("content-type");
        assert_eq!(kind, "application/json; charset=utf-8");
        let id = header("x-jdcloud-request-id");
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["requestId"], id.as_str(), "{body}");
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(id.len() == 32 && id.bytes().all(is_plain), "{id}");
        Answer { status, body }
    }

    /// A GET of the account's.
    pub async fn get(&self, region: &str, path: &str, query: &[(&str, &str)]) -> Answer {
        self.get_as(&self.key, region, path, query).await
    }

    /// A GET with a key.
    pub async fn get_as(
        &self,
        key: &Key,
        region: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Answer {
        let owned = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let query = owned.collect();
        let request = Unsigned { query, ..self.unsigned(Method::GET, region, path) };
        self.deliver(&key.sign(request)).await
    }

    /// A POST of the account's, which repeats the region in its body as the clients do.
    pub async fn post(&self, region: &str, path: &str, body: Value) -> Answer {
        self.post_as(&self.key, region, path, body).await
    }

    /// A POST with a key.
    pub async fn post_as(&self, key: &Key, region: &str, path: &str, mut body: Value) -> Answer {
        // Whoever signs the same twice within a second is answered the same twice: the clock goes on.
        self.world.clock.advance_ms(1_000);
        body["regionId"] = json!(region);
        let body = serde_json::to_vec(&body).unwrap();
        let request = Unsigned { body, ..self.unsigned(Method::POST, region, path) };
        self.deliver(&key.sign(request)).await
    }

    /// A DELETE of the account's.
    pub async fn delete(&self, region: &str, path: &str) -> Answer {
        self.delete_as(&self.key, region, path).await
    }

    /// A DELETE with a key.
    pub async fn delete_as(&self, key: &Key, region: &str, path: &str) -> Answer {
        self.world.clock.advance_ms(1_000);
        let request = self.unsigned(Method::DELETE, region, path);
        self.deliver(&key.sign(request)).await
    }

    /// A DELETE of the account's with a query.
    pub async fn delete_with(&self, region: &str, path: &str, query: &str) -> Answer {
        self.world.clock.advance_ms(1_000);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = Unsigned { query, ..self.unsigned(Method::DELETE, region, path) };
        self.deliver(&self.key.sign(request)).await
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

    /// Imports an image of one small disk; its id as the cloud spells it.
    pub async fn image(&self, region: &str, name: &str) -> String {
        let seed = name.bytes().fold(1, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
        spelled(self.world.import(region, name, &[disk(seed, 2, Some)]).await.id.as_str())
    }

    /// The whole id of an image that the cloud spells so.
    pub async fn ours(&self, region: &str, image: &str) -> model::ImageId {
        let region = self.world.region(region);
        region.image_led_by(&self.world.caller, image).await.unwrap().expect("it is there")
    }
}

/// The limits that this door has where nothing is configured.
fn strict() -> Profile {
    Profile { images_at_once: 5, targets_at_once: 1, again: Again::AnyTarget, ..Profile::native() }
}

/// An id of ours as the cloud spells it.
pub fn spelled(ours: &str) -> String {
    match (ours.strip_prefix("snap-"), ours.strip_prefix("img-")) {
        (Some(rest), _) => format!("snapshot-{rest}"),
        (None, Some(rest)) => format!("img-{}", &rest[..10]),
        (None, None) => ours.to_owned(),
    }
}

/// A field that is a text.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}
