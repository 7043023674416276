//! A world of regions behind the router, and users who call it.

use std::collections::BTreeMap;

use api::{ApiState, CursorKey, Metrics, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use model::{Clock, NameRule, Profile};
use region::testing::{World, disk};
use region::{Caller, Profiles};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::signer::{Key, query};

/// Where images are made.
pub const HERE: &str = "cn-hangzhou";
/// Where they are copied to.
pub const THERE: &str = "cn-shanghai";

/// Parameters of a call beside those that every one of a test has.
pub type More<'a> = &'a [(&'a str, &'a str)];

/// What the door answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Checks an error's status and code, and that all five of its fields are texts (contract 3).
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        let shown = (self.status.as_u16(), self.body["Code"].as_str().unwrap_or_default());
        assert_eq!(shown, (status, code), "{}", self.body);
        for field in ["RequestId", "HostId", "Code", "Message", "Recommend"] {
            assert!(self.body[field].is_string(), "{field}: {}", self.body);
        }
        self.body["Message"].as_str().unwrap().to_owned()
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
        let one = Profile {
            images_at_once: 1,
            targets_at_once: 1,
            names: NameRule::Unique,
            ..Profile::native()
        };
        Self::under(world, one).await
    }

    /// Under some limits.
    pub async fn under(world: World, profile: Profile) -> Door {
        let profiles = Profiles::new([("alibaba".to_owned(), profile)]).unwrap();
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

    /// What time it is in this world: `2023-11-14T22:13:20Z`.
    pub fn now(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.world.clock.now().0).unwrap();
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// A call of the account's.
    pub async fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.ask_as(&self.key, action, parameters).await
    }

    /// A call with a key.
    pub async fn ask_as(&self, key: &Key, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let owned = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.send(key, action, owned.collect()).await
    }

    /// A call with these parameters, all in the query.
    pub async fn send(
        &self,
        key: &Key,
        action: &str,
        parameters: BTreeMap<String, String>,
    ) -> Answer {
        let all = key.signed("POST", (action, &self.now()), parameters);
        let request = Request::post(format!("/?{}", query(&all)))
            .header("host", "127.0.0.1")
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(text));
        Answer { status, body }
    }

    /// Imports an image of one small disk; its id as the cloud spells it.
    pub async fn image(&self, region: &str, name: &str) -> String {
        let seed = name.bytes().fold(1, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
        spelled(self.world.import(region, name, &[disk(seed, 2, Some)]).await.id.as_str())
    }

    /// Asks for a copy from here to there under a name; the new image's id.
    pub async fn copy(&self, image: &str, name: &str) -> String {
        let parameters = [
            ("RegionId", HERE),
            ("ImageId", image),
            ("DestinationRegionId", THERE),
            ("DestinationImageName", name),
        ];
        let answer = self.ask("CopyImage", &parameters).await.ok();
        answer["ImageId"].as_str().unwrap().to_owned()
    }

    /// The images of a region that fit more parameters, as the account sees them.
    pub async fn images(&self, region: &str, more: &[(&str, &str)]) -> Vec<Value> {
        self.images_as(&self.key, region, more).await
    }

    /// The same as the one with this key sees them.
    pub async fn images_as(&self, key: &Key, region: &str, more: &[(&str, &str)]) -> Vec<Value> {
        let mut parameters = vec![("RegionId", region), ("PageSize", "100")];
        parameters.extend(more);
        let answer = self.ask_as(key, "DescribeImages", &parameters).await.ok();
        answer["Images"]["Image"].as_array().expect("always a list").clone()
    }
}

/// An id of ours as the cloud spells it.
pub fn spelled(ours: &str) -> String {
    for (prefix, cloud) in [("img-", "m-"), ("snap-", "s-"), ("task-", "t-")] {
        if let Some(rest) = ours.strip_prefix(prefix) {
            return format!("{cloud}{rest}");
        }
    }
    ours.to_owned()
}

/// The id of ours that the cloud spells so.
pub fn ours<Id: std::str::FromStr>(spelled: &str) -> Id {
    for (prefix, cloud) in [("img-", "m-"), ("snap-", "s-"), ("task-", "t-")] {
        if let Some(rest) = spelled.strip_prefix(cloud) {
            return format!("{prefix}{rest}").parse().ok().expect("a legal id");
        }
    }
    spelled.parse().ok().expect("a legal id")
}
