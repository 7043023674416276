//! How long the list of images takes over ten thousand of one account: the median of fifty answers of each kind of page.
//!
//! `cargo run --release -p console --example list_bench`
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use console::{Console, Settings};
use region::testing::{Medium, World, WorldOptions, disk};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Images of the account.
const IMAGES: usize = 10_000;
/// Answers of each page.
const ROUNDS: usize = 50;

/// A world of one region with this many available images, each of one disk, and a few being imported.
async fn world() -> World {
    let image_quota = IMAGES as u64 + 10;
    let (medium, snapshot_quota) = (Medium::Memory, image_quota);
    let options = WorldOptions { medium, image_quota, snapshot_quota, ..WorldOptions::default() };
    let world = World::with_options(&["cn-hangzhou", "cn-shanghai"], options).await;
    let contents = [disk(1, 2, Some)];
    for number in 0..IMAGES {
        world.import("cn-hangzhou", &format!("image-{number:05}"), &contents).await;
        world.clock.advance_ms(1_000);
    }
    for number in 0..5 {
        let name = format!("half-{number}");
        world.begin_import("cn-hangzhou", &name, &contents).await.unwrap();
    }
    world
}

/// The cookie of a session of the world's caller.
async fn session(world: &World) -> String {
    let accounts = &world.deployment.accounts;
    let link = accounts.create_sign_in_link(&world.caller).await.unwrap();
    let opened = accounts.redeem_link(&link.token, "bench".to_owned()).await.unwrap();
    format!("ferry-session={}", opened.token)
}

async fn answer(router: &Router, cookie: &str, path: &str) -> usize {
    let request = Request::builder().uri(path).header("accept", "text/html");
    let request = request.header("cookie", cookie).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap().len()
}

#[tokio::main]
async fn main() {
    let begun = Instant::now();
    let world = world().await;
    println!("{IMAGES} images made in {:.1} s", begun.elapsed().as_secs_f64());
    let stop = CancellationToken::new();
    let console = Console::new(world.deployment.clone(), Settings::default(), stop);
    let (router, cookie) = (console::router(console), session(&world).await);
    let pages = [
        "/images?region=cn-hangzhou",
        "/images?region=cn-hangzhou&page=200",
        "/images?region=cn-hangzhou&sort=name",
        "/images?region=cn-hangzhou&sort=-held",
        "/images?region=cn-hangzhou&sort=status",
        "/images?region=cn-hangzhou&q=image-09",
        "/images?region=cn-hangzhou&status=creating",
        "/images",
        "/images?page=10&sort=-size",
    ];
    println!("{:>9} {:>9} {:>9}  page", "median", "slowest", "bytes");
    for path in pages {
        let mut took = Vec::new();
        let mut bytes = 0;
        for _round in 0..ROUNDS {
            let begun = Instant::now();
            bytes = answer(&router, &cookie, path).await;
            took.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        took.sort_by(f64::total_cmp);
        let (median, slowest) = (took[ROUNDS / 2], took[ROUNDS - 1]);
        println!("{median:>6.1} ms {slowest:>6.1} ms {bytes:>9}  {path}");
    }
}
