//! A world of regions behind a server on a port of its own.

use std::net::SocketAddr;

use api::native::wire::Problem;
use api::{ApiState, CursorKey, Metrics, PeerSecret, ServeLimits, router, serve};
use region::Deployment;
use region::testing::World;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What regions show each other in these tests.
pub fn peer_secret() -> PeerSecret {
    PeerSecret::new(&"p".repeat(40)).unwrap()
}

/// What a server answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn ok<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    #[track_caller]
    pub fn empty(&self) {
        assert_eq!(self.status, StatusCode::NO_CONTENT, "{}", self.text());
        assert!(self.body.is_empty());
    }

    /// The problem, which must be well formed and say what the headers say.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Problem {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let problem: Problem = self.json();
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{}", problem.detail);
        assert_eq!(self.headers["x-request-id"], problem.request_id.as_str());
        problem
    }
}

/// A world, its server, and a caller with a key.
pub struct Door {
    pub world: World,
    pub address: SocketAddr,
    pub key: String,
    pub secret: String,
    pub http: reqwest::Client,
    stop: DropGuard,
    served: JoinHandle<()>,
}

impl Door {
    pub async fn open<const N: usize>(names: [&str; N]) -> Door {
        Self::before(World::with_regions(names).await, ServeLimits::default()).await
    }

    pub async fn before(world: World, limits: ServeLimits) -> Door {
        let deployment = world.deployment.clone();
        Self::at(TcpListener::bind("127.0.0.1:0").await.unwrap(), (world, deployment), limits).await
    }

    /// At a port that is known before, with a deployment that may reach beyond the world.
    pub async fn at(
        listener: TcpListener,
        (world, deployment): (World, Deployment),
        limits: ServeLimits,
    ) -> Door {
        let created = deployment.accounts.create_key(&world.caller).await.unwrap();
        let metrics = Metrics::new(Default::default());
        let routes = router(
            ApiState {
                deployment,
                cursor_key: CursorKey::new(&[3; 32]),
                peer_secret: Some(peer_secret()),
                metrics: metrics.clone(),
            },
            api::Pages::none(),
        );
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let served = tokio::spawn(serve(listener, (routes, metrics), limits, stop.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Door {
            world,
            address,
            key: created.id.to_string(),
            secret: created.secret,
            http,
            stop: stop.drop_guard(),
            served,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the caller's key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).basic_auth(&self.key, Some(&self.secret))
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        answer(self.request(Method::POST, path)).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        answer(self.request(method, path).json(&body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Answer {
        answer(
            self.request(Method::POST, path)
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(body),
        )
        .await
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

impl Door {
    /// Stops the server and waits until its port is free; the world goes on.
    pub async fn close(self) -> (SocketAddr, World) {
        self.stop.disarm().cancel();
        self.served.await.unwrap();
        (self.address, self.world)
    }
}
