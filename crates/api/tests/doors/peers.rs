//! Two processes' worth of regions that reach each other over HTTP alone.

use std::sync::Arc;

use api::native::wire::{
    Copy, CopyAnswer, CopyAttempts, CopyRates, CopyResult, Image, Snapshot, SnapshotPromised,
};
use api::{PeerClient, PeerSecret, ServeLimits};
use model::{AccountId, CopyId, ImageId, RegionId, Rejection, SnapshotId, SnapshotName};
use region::testing::{World, disk};
use region::{
    Approval, Cargo, CopyOffer, Deployment, DiskView, FetchScope, HoldRequest, IdSpace, ImageView,
    OfferedDisk, PeerFault, PeerRefused, PeerRegion, RemoteRegion, Seen, SnapshotCargo, Standing,
    Withdrawal,
};
use reqwest::Method;
use serde_json::json;
use store::ChunkId;
use tokio::net::TcpListener;

use crate::world::{Door, answer, peer_secret};

fn id(name: &str) -> RegionId {
    name.parse().unwrap()
}

fn client(door: &Door, region: &str) -> PeerClient {
    PeerClient::new(id(region), &format!("http://{}", door.address), peer_secret()).unwrap()
}

/// One process with `name`, which reaches `other` at an address.
async fn process(name: &'static str, listener: TcpListener, other: (&str, String)) -> Door {
    let world = World::with_regions([name]).await;
    let (other, endpoint) = (id(other.0), other.1);
    let peer = PeerClient::new(other.clone(), &endpoint, peer_secret()).unwrap();
    let remote = RemoteRegion { endpoint, peer: Arc::new(peer) };
    let deployment =
        Deployment::new([world.region(name)], [(other, remote)], world.deployment.accounts.clone());
    Door::at(listener, (world, deployment), ServeLimits::default()).await
}

async fn two_processes() -> (Door, Door) {
    let (one, two) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let at = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let (north_at, south_at) = (at(&one), at(&two));
    (
        process("north", one, ("south", south_at)).await,
        process("south", two, ("north", north_at)).await,
    )
}

fn promised(answer: &CopyAnswer) -> (String, String) {
    match &answer.results[0] {
        CopyResult::Promised(promised) => (promised.copy.clone(), promised.image.clone()),
        CopyResult::Refused(refused) => panic!("{:?}", refused.problem),
    }
}

#[tokio::test]
async fn a_copy_between_two_processes_ends_in_an_identical_image_and_releases_its_source() {
    let (north, south) = two_processes().await;
    let disks = [disk(1, 300, |n| (n % 4 != 0).then_some(n)), disk(2, 20, Some)];
    let image = north.world.import("north", "web", &disks).await;
    let path = format!("/v1/regions/north/images/{}", image.id);
    let estimate: serde_json::Value = north
        .post(&format!("{path}/copies"), json!({ "targets": ["south"], "dry_run": true }))
        .await
        .ok(200);
    assert!(estimate["results"][0]["bytes_to_send"].as_u64().unwrap() > 1 << 20, "{estimate}");

    let answer: CopyAnswer =
        north.post(&format!("{path}/copies"), json!({ "targets": ["south"] })).await.ok(202);
    let (copy, target) = promised(&answer);
    north.delete(&path).await.refused(409, "image_held");
    south.world.run_until_idle().await;

    let copy: Copy = south.get(&format!("/v1/regions/south/copies/{copy}")).await.ok(200);
    assert_eq!((copy.phase.as_str(), copy.progress), ("done", 100), "{:?}", copy.reason);
    assert_eq!(copy.bytes_sent, estimate["results"][0]["bytes_to_send"].as_u64().unwrap());
    let target: ImageId = target.parse().unwrap();
    for (number, disk) in disks.iter().enumerate() {
        assert!(south.world.read_disk("south", &target, number).await == *disk);
    }
    north.delete(&path).await.empty();
    south.world.assert_clean_slate("south").await;
    north.world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn a_region_elsewhere_is_named_with_its_endpoint() {
    let (north, south) = two_processes().await;
    let problem = north.get("/v1/regions/south/images").await.refused(421, "region_elsewhere");
    assert_eq!(problem.endpoint, Some(format!("http://{}", south.address)));
    let shown: serde_json::Value = north.get("/v1/regions/south").await.ok(200);
    assert_eq!(shown, json!({ "id": "south", "place": "elsewhere", "endpoint": problem.endpoint }));
}

#[tokio::test]
async fn a_target_that_is_away_is_a_problem_that_may_pass() {
    let (north, south) = two_processes().await;
    let image = north.world.import("north", "web", &[disk(1, 2, Some)]).await;
    let (gone, world) = south.close().await;
    let path = format!("/v1/regions/north/images/{}/copies", image.id);
    let answer = north.post(&path, json!({ "targets": ["south"] })).await;
    let problem = answer.refused(503, "unavailable");
    assert!(problem.retryable && !problem.detail.contains("127.0.0.1"), "{}", problem.detail);
    assert_eq!(answer.headers["retry-after"], "5");
    drop((gone, world));
}

#[tokio::test]
async fn a_copy_whose_source_is_away_waits_and_can_be_hurried() {
    let (north, south) = two_processes().await;
    let image = north.world.import("north", "web", &[disk(1, 50, Some)]).await;
    let path = format!("/v1/regions/north/images/{}/copies", image.id);
    let answer: CopyAnswer = north.post(&path, json!({ "targets": ["south"] })).await.ok(202);
    let (copy, target) = promised(&answer);
    let (address, world) = north.close().await;
    south.world.run_until_idle().await;
    let path = format!("/v1/regions/south/copies/{copy}");
    let waiting: Copy = south.get(&path).await.ok(200);
    assert_eq!((waiting.phase.as_str(), waiting.attempts), ("waiting", 1), "fault 14");
    assert!(waiting.next_attempt.is_some() && waiting.reason.as_ref().unwrap().contains("north"));
    let attempts: CopyAttempts = south.get(&format!("{path}/attempts")).await.ok(200);
    assert_eq!(attempts.items.len(), 1);
    assert_eq!(Some(&attempts.items[0].reason), waiting.reason.as_ref());
    let rates: CopyRates = south.get(&format!("{path}/rates")).await.ok(200);
    assert_eq!(rates.items, [], "nothing has come");

    let listener = TcpListener::bind(address).await.unwrap();
    let deployment = world.deployment.clone();
    let key = north_key(&deployment, &world).await;
    deployment.accounts.delete_key(&world.caller, &key).await.unwrap();
    let _north = Door::at(listener, (world, deployment), ServeLimits::default()).await;
    let hurried: Copy = south.act(&format!("{path}/retry")).await.ok(200);
    assert_eq!(hurried.id, copy);
    south.world.run_until_idle().await;
    let done: Image = south.get(&format!("/v1/regions/south/images/{target}")).await.ok(200);
    assert_eq!(done.status, "available");
    let rates: CopyRates = south.get(&format!("{path}/rates")).await.ok(200);
    assert_eq!(rates.items.last().unwrap().progress, 99);
    let kept: CopyAttempts = south.get(&format!("{path}/attempts")).await.ok(200);
    assert_eq!(kept, attempts);
    let absent = "/v1/regions/south/copies/copy-aaaaaaaaaaaaaaaaaaaa/rates";
    south.get(absent).await.refused(404, "copy_not_found");
}

async fn north_key(deployment: &Deployment, world: &World) -> model::AccessKeyId {
    deployment.accounts.list_keys(&world.caller).await.unwrap().remove(0).id
}

fn offer(account: &AccountId, image: &ImageView, target: &str) -> CopyOffer {
    let disk = |disk: &DiskView| OfferedDisk {
        size: disk.size,
        digest: disk.digest.unwrap(),
        snapshot: disk.snapshot.clone().unwrap(),
    };
    CopyOffer {
        copy: CopyId::from_random(|| 3),
        account: account.clone(),
        user: None,
        source: image.region.clone(),
        target: id(target),
        image: image.id.clone(),
        cargo: Cargo::Image,
        name: model::Name::new("镜像-1").unwrap(),
        description: model::Description::new("[copied from north/img]").unwrap(),
        attributes: image.attributes.clone(),
        family: Some(model::Family::new("家-1").unwrap()),
        particulars: model::Particulars::new([("a.b".to_owned(), "c".to_owned())]).unwrap(),
        tags: model::Tags::new([("k".to_owned(), String::new())]).unwrap(),
        disks: image.disks.iter().map(disk).collect(),
        sealed: None,
        sealing: model::Sealing::AsSource,
        urgency: model::Urgency::default(),
        names: model::NameRule::Free,
        approval: Approval::NotNeeded,
        token: Some((model::ClientToken::new("t").unwrap(), [9; 32])),
        request_id: "req-1".to_owned(),
    }
}

#[tokio::test]
async fn an_offer_crosses_whole_and_may_be_repeated() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 5, Some), disk(2, 3, Some)]).await;
    let (south, offer) =
        (client(&door, "south"), offer(&door.world.caller.account, &image, "south"));
    let estimate = south.estimate(offer.clone()).await.unwrap();
    assert_eq!(estimate, door.world.region("south").estimate(offer.clone()).await.unwrap());
    let (account, north) = (&offer.account, &offer.source);
    let room = south.room(account, north).await.unwrap();
    assert_eq!(room, door.world.region("south").room(account, north).await.unwrap());
    assert_eq!((room.images.limit, room.link.unwrap().waiting), (1_000, 0));
    assert_eq!(south.standing(&offer.copy).await.unwrap(), Standing::Unknown);
    let first = south.accept(offer.clone()).await.unwrap();
    assert_eq!((&first.copy, first.seen), (&offer.copy, Seen::First));
    let room = south.room(account, north).await.unwrap();
    assert_eq!((room.images.reserved, room.snapshots.reserved), (1, 2));
    assert_eq!(room.link.unwrap().waiting, 1);
    let again = south.accept(offer.clone()).await.unwrap();
    assert_eq!((again.image, again.seen), (first.image.clone(), Seen::Again));
    assert_eq!(south.standing(&offer.copy).await.unwrap(), Standing::Live);
    let image = door.world.region("south").image(&door.world.caller, &first.image).await.unwrap();
    assert_eq!(
        (image.name, image.tags, image.attributes),
        (offer.name, offer.tags, offer.attributes)
    );
    assert_eq!((image.family, image.particulars), (offer.family, offer.particulars));
}

/// R002-1: offers of copies asked for together cross whole and may be repeated; what was promised is taken back by its source
/// alone, again and again, and refused should its offer come late.
#[tokio::test]
async fn r002_1_offers_together_cross_whole_and_are_taken_back() {
    let door = Door::open(["north", "south"]).await;
    let mut offers = Vec::new();
    for n in 0..3 {
        let image = door.world.import("north", "web", &[disk(n, 2, Some)]).await;
        let offer = offer(&door.world.caller.account, &image, "south");
        let copy = CopyId::from_random(|| n as u8 + 10);
        offers.push(CopyOffer { copy, token: None, ..offer });
    }
    let (south, here) = (client(&door, "south"), door.world.region("south"));
    let set = async |limit| {
        here.set_quota(&door.world.caller, model::QuotaKind::Image, limit).await.unwrap();
    };
    set(2).await;
    for refused in
        [south.judge_all(offers.clone()).await, south.accept_all(offers.clone()).await.map(drop)]
    {
        let Err(PeerRefused::Rejected(Rejection::QuotaExceeded { wanted: 3, .. })) = refused else {
            panic!("{refused:?}");
        };
    }
    set(3).await;
    south.judge_all(offers.clone()).await.unwrap();
    assert_eq!(south.standing(&offers[0].copy).await.unwrap(), Standing::Unknown);
    let first = south.accept_all(offers.clone()).await.unwrap();
    let again = south.accept_all(offers.clone()).await.unwrap();
    for ((first, again), offer) in first.iter().zip(&again).zip(&offers) {
        assert_eq!((&first.copy, first.seen), (&offer.copy, Seen::First));
        assert_eq!((&first.image, again.seen), (&again.image, Seen::Again));
    }
    let withdrawal = |source: &str| Withdrawal {
        source: id(source),
        copies: offers[1..].iter().map(|offer| offer.copy.clone()).collect(),
        request_id: "req-1".to_owned(),
    };
    let foreign = south.withdraw(withdrawal("south")).await;
    let Err(PeerRefused::Rejected(Rejection::CopyNotFound { .. })) = foreign else {
        panic!("{foreign:?}");
    };
    for _ in 0..2 {
        south.withdraw(withdrawal("north")).await.unwrap();
    }
    let standings = [south.standing(&offers[0].copy).await, south.standing(&offers[1].copy).await];
    assert_eq!(standings.map(Result::unwrap), [Standing::Live, Standing::Unknown]);
    let late = south.accept_all(offers[2..].to_vec()).await;
    let Err(PeerRefused::Rejected(Rejection::CopyNotFound { .. })) = late else {
        panic!("{late:?}");
    };
    door.world.run_until_idle().await;
    door.world.check_world().await;
}

/// R002-1, R002-5: the same from one process to another, where there is no room for all and where there is.
#[tokio::test]
async fn r002_1_copies_together_between_two_processes() {
    let (north, south) = two_processes().await;
    let mut images = Vec::new();
    for n in 0..2 {
        images.push(north.world.import("north", "web", &[disk(n, 9, Some)]).await.id.to_string());
    }
    let body = json!({ "images": images, "copy": { "targets": ["south"] }, "together": true });
    let there = south.world.region("south");
    let path = "/v1/regions/north/image-copies";
    there.set_quota(&south.world.caller, model::QuotaKind::Snapshot, 1).await.unwrap();
    north.post(path, body.clone()).await.refused(409, "quota_exceeded");
    north.world.assert_clean_slate("north").await;
    there.set_quota(&south.world.caller, model::QuotaKind::Snapshot, 2).await.unwrap();
    let answer: serde_json::Value = north.post(path, body).await.ok(202);
    south.world.run_until_idle().await;
    for image in answer["images"].as_array().unwrap() {
        let made = image["results"][0]["image"].as_str().unwrap();
        let shown: Image = south.get(&format!("/v1/regions/south/images/{made}")).await.ok(200);
        assert_eq!(shown.status, "available");
    }
    south.world.assert_clean_slate("south").await;
    north.world.assert_clean_slate("north").await;
}

/// An offer of a snapshot alone says so on the wire, and its answer names the snapshot.
#[tokio::test]
async fn an_offer_of_a_snapshot_crosses_whole_and_may_be_repeated() {
    let door = Door::open(["north", "south"]).await;
    let image = door.world.import("north", "web", &[disk(1, 5, Some)]).await;
    let snapshot = SnapshotId::from_random(|| 6);
    let cargo = SnapshotCargo {
        snapshot: snapshot.clone(),
        name: SnapshotName::new("夜 1").unwrap(),
        role: model::DiskRole::at(3).unwrap(),
        made_for: ImageId::from_random(|| 7),
    };
    let cargo = Cargo::Snapshot(Box::new(cargo));
    let offer = CopyOffer { cargo, ..offer(&door.world.caller.account, &image, "south") };
    let south = client(&door, "south");
    let first = south.accept(offer.clone()).await.unwrap();
    assert_eq!((first.snapshot.as_ref(), first.seen), (Some(&snapshot), Seen::First));
    let again = south.accept(offer.clone()).await.unwrap();
    assert_eq!((again.snapshot.as_ref(), again.seen), (Some(&snapshot), Seen::Again));
    let there = door.world.region("south").snapshot(&door.world.caller, &snapshot).await.unwrap();
    assert_eq!((there.name.as_str(), there.role.number()), ("夜 1", 3));
    assert_eq!((&there.tags, &there.description), (&offer.tags, &offer.description));
    assert_eq!(there.origin.unwrap().image, ImageId::from_random(|| 7));
    let two = door.world.import("north", "two", &[disk(1, 5, Some), disk(2, 1, Some)]).await;
    let disks = two.disks.iter().map(|disk| OfferedDisk {
        size: disk.size,
        digest: disk.digest.unwrap(),
        snapshot: disk.snapshot.clone().unwrap(),
    });
    let malformed =
        CopyOffer { copy: CopyId::from_random(|| 9), disks: disks.collect(), token: None, ..offer };
    south.accept(malformed).await.expect_err("a snapshot is one disk");
}

/// A snapshot copied alone from one process to another; its source is kept meanwhile, and released.
#[tokio::test]
async fn a_snapshot_is_copied_alone_between_two_processes() {
    let (north, south) = two_processes().await;
    let image = north.world.import("north", "web", &[disk(1, 30, Some)]).await;
    let source = image.disks[0].snapshot.clone().unwrap();
    let path = format!("/v1/regions/north/snapshots/{source}");
    let promised: SnapshotPromised =
        north.post(&format!("{path}/copies"), json!({ "target": "south" })).await.ok(202);
    let there = format!("/v1/regions/south/snapshots/{}", promised.snapshot);
    let coming: Snapshot = south.get(&there).await.ok(200);
    assert_eq!((coming.status.as_str(), coming.digest), ("copying", None));
    north.delete(&format!("/v1/regions/north/images/{}", image.id)).await.empty();
    north.delete(&path).await.refused(409, "snapshot_held");
    south.world.run_until_idle().await;
    let here: Snapshot = south.get(&there).await.ok(200);
    assert_eq!((here.status.as_str(), here.progress), ("available", 100));
    assert_eq!(here.digest, image.disks[0].digest.map(|digest| digest.to_string()));
    north.delete(&path).await.empty();
    south.world.assert_clean_slate("south").await;
    north.world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn a_rejection_crosses_typed() {
    let door = Door::open(["south"]).await;
    let south = client(&door, "south");
    let absent = ImageId::from_random(|| 4);
    let request = HoldRequest {
        copy: CopyId::from_random(|| 3),
        account: door.world.caller.account.clone(),
        image: absent.clone(),
        target: id("north"),
    };
    match south.hold(request).await {
        Err(PeerRefused::Rejected(rejection)) => {
            assert_eq!(rejection, Rejection::ImageNotFound { image: absent, region: id("south") });
        }
        other => panic!("{other:?}"),
    }
    south.release(&CopyId::from_random(|| 3)).await.unwrap();
}

#[tokio::test]
async fn a_peer_without_the_secret_gets_nothing() {
    let door = Door::open(["south"]).await;
    let wrong = PeerSecret::new(&"q".repeat(40)).unwrap();
    let south = PeerClient::new(id("south"), &format!("http://{}", door.address), wrong).unwrap();
    let scope = FetchScope { account: door.world.caller.account.clone(), ids: IdSpace::Plain };
    assert!(matches!(
        south.standing(&CopyId::from_random(|| 3)).await,
        Err(PeerFault::Unauthorised { .. })
    ));
    let fetched = south.fetch(scope, vec![ChunkId::of(b"x")]).await;
    assert!(matches!(fetched.map(drop), Err(PeerFault::Unauthorised { .. })));
    let users_key =
        door.request(Method::GET, "/peer/v1/regions/south/standing/copy-aaaaaaaaaaaaaaaaaaaa");
    answer(users_key).await.refused(401, "unauthorised");
}

#[tokio::test]
async fn a_hostile_peer_is_refused_like_anybody_else() {
    let door = Door::open(["south"]).await;
    let bearer = format!("Bearer {}", "p".repeat(40));
    let post = |what: &str| {
        door.http
            .post(door.url(&format!("/peer/v1/regions/south/{what}")))
            .header("Authorization", &bearer)
    };
    let good = json!({ "copy": "copy-aaaaaaaaaaaaaaaaaaaa", "account": "acct-aaaaaaaaaaaaaaaaaaaa", "image": "img-aaaaaaaaaaaaaaaaaaaa", "target": "north" });
    for (member, value) in [
        ("copy", json!("../x")),
        ("account", json!("")),
        ("image", json!("snap-aaaaaaaaaaaaaaaaaaaa")),
        ("target", json!("NORTH")),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let problem = answer(post("hold").json(&body)).await.refused(400, "invalid_field");
        assert_eq!(problem.field.as_deref(), Some(member));
    }
    let mut more = good.clone();
    more["admin"] = json!(true);
    answer(post("hold").json(&more)).await.refused(400, "invalid_json");
    answer(post("fetch").body(vec![1; 32])).await.refused(400, "invalid_field");
    let account = door.world.caller.account.to_string();
    answer(post("fetch").header("Ferry-Account", &account).body(vec![1; 31]))
        .await
        .refused(400, "invalid_field");
    answer(post("fetch").header("Ferry-Account", &account).body(vec![1; 32 * 4_097]))
        .await
        .refused(400, "invalid_field");

    let south = client(&door, "south");
    let image = door.world.import("south", "web", &[disk(1, 1, Some)]).await;
    let elsewhere = south.accept(offer(&door.world.caller.account, &image, "west")).await;
    assert!(
        matches!(elsewhere, Err(PeerRefused::Fault(PeerFault::Protocol { .. }))),
        "{elsewhere:?}"
    );
    let wrong_region = client(&door, "west").standing(&CopyId::from_random(|| 3)).await;
    assert!(matches!(wrong_region, Err(PeerFault::Protocol { .. })), "{wrong_region:?}");
}

#[tokio::test]
async fn a_peer_that_answers_nonsense_breaks_the_protocol() {
    let copy = CopyId::from_random(|| 3);
    for (name, status, body) in [
        ("no JSON", "200 OK", "hello".to_owned()),
        ("an unknown word", "200 OK", "\"resting\"".to_owned()),
        ("a redirect", "302 Found\r\nLocation: http://127.0.0.1:1/", String::new()),
        ("an endless answer", "200 OK", "\"".to_owned() + &"a".repeat(2 << 20)),
        (
            "a rejection where none can be",
            "409 Conflict",
            r#"{"rejection":{"code":"token_reused"}}"#.to_owned(),
        ),
        (
            "a rejection of no known kind",
            "409 Conflict",
            r#"{"rejection":{"code":"bored"}}"#.to_owned(),
        ),
    ] {
        let endpoint = nonsense(status, body).await;
        let peer = PeerClient::new(id("south"), &endpoint, peer_secret()).unwrap();
        let standing = peer.standing(&copy).await;
        assert!(matches!(standing, Err(PeerFault::Protocol { .. })), "{name}: {standing:?}");
    }
    let endpoint =
        nonsense("503 Service Unavailable", r#"{"fault":{"reason":"disk full"}}"#.to_owned()).await;
    let peer = PeerClient::new(id("south"), &endpoint, peer_secret()).unwrap();
    match peer.standing(&copy).await {
        Err(PeerFault::Failed { reason, .. }) => assert_eq!(reason, "disk full"),
        other => panic!("{other:?}"),
    }
}

/// A server that gives everyone the same answer.
async fn nonsense(status: &str, body: String) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4_096];
        let _read = stream.read(&mut request).await;
        let _written = stream.write_all(answer.as_bytes()).await;
        let _rest = stream.read(&mut request).await;
    });
    endpoint
}

#[test]
fn endpoints_have_one_form() {
    for wrong in [
        "",
        "10.0.0.1:7070",
        "https://a",
        "http://a/b",
        "http://u@a",
        "http://a?x",
        "ftp://a",
        "http://",
    ] {
        assert!(PeerClient::new(id("south"), wrong, peer_secret()).is_err(), "{wrong}");
    }
    assert!(PeerClient::new(id("south"), "http://10.0.0.1:7070", peer_secret()).is_ok());
}
