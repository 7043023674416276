//! The door over real connections, as clients open them: the literal hosts of some, proxies, chunked bodies, and answers that their
//! parsers take (contract 1, 5, API-07, API-08).

use api::{ServeLimits, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::door::{Door, HERE};
use crate::sending::HOST;
use crate::ways::{Asked, Sent};

/// A door on a port of its own.
struct Served {
    door: Door,
    address: std::net::SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Served {
    async fn open() -> Served {
        let door = Door::open().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let routes = (door.router.clone(), api::Metrics::new(Default::default()));
        tokio::spawn(serve(listener, routes, ServeLimits::default(), stop.clone()));
        Served { door, address, _stop: stop.drop_guard() }
    }

    /// Sends bytes on a connection of their own; the head and the body of the answer.
    async fn send(&self, request: &[u8]) -> (String, Value) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let text = String::from_utf8(answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}")))
    }
}

/// Contract 1: the status and the type, byte for byte.
#[track_caller]
fn assert_head(head: &str) {
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.lines().any(|line| line == "content-type: application/json"), "{head}");
}

#[tokio::test]
async fn hosts_are_literal_over_a_connection_too() {
    let served = Served::open().await;
    let door = &served.door;
    let address = served.address.to_string();
    let odd = format!("http://{address}");
    let with_path = format!("{address}/tencent");
    for host in [address.as_str(), &odd, &with_path, "cvm.tencentcloudapi.com"] {
        let asked = Asked { host, ..door.asked(HERE, "DescribeImageQuota") };
        for target in ["/", "/tencent"] {
            let request = door.key.tc3(&asked, b"{}").at(target);
            let (head, body) = served.send(&request.bytes()).await;
            assert_head(&head);
            assert!(body["Response"]["ImageNumQuota"].is_number(), "{host} {target}: {body}");
        }
        let sent = Sent { method: "GET", host, path: "/", signed_path: "/" };
        let parameters = door.common("DescribeImageQuota", HERE, &[]);
        let (head, body) = served.send(&door.key.v1(&sent, parameters).bytes()).await;
        assert_head(&head);
        assert!(body["Response"]["ImageNumQuota"].is_number(), "{host}: {body}");
    }
    // Through a proxy: the target has the host too.
    let asked = Asked { host: &address, ..door.asked(HERE, "DescribeImageQuota") };
    let proxied = door.key.tc3(&asked, b"{}").at(&format!("http://{address}/"));
    let (head, body) = served.send(&proxied.bytes()).await;
    assert_head(&head);
    assert!(body["Response"]["ImageNumQuota"].is_number(), "{body}");
}

#[tokio::test]
async fn refusals_have_the_status_and_type_of_answers() {
    let served = Served::open().await;
    let door = &served.door;
    let asked = door.asked(HERE, "DescribeImages");
    let unsigned = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nX-TC-Action: DescribeImages\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let put = Sent { method: "PUT", host: HOST, path: "/", signed_path: "/" };
    let put = door.key.v1(&put, door.common("DescribeImages", HERE, &[]));
    let put = put.at("/v2/index.php?Version=2017-03-12");
    let long = "a".repeat((1 << 20) + 1);
    for (request, code) in [
        (unsigned.into_bytes(), "AuthFailure.InvalidAuthorization"),
        (put.bytes(), "UnsupportedProtocol"),
        (door.key.tc3(&asked, b"[]").bytes(), "InvalidParameter"),
        (door.key.tc3(&asked, b"{\"Limit\":1e999}").bytes(), "InvalidParameter"),
        (door.key.tc3(&asked, long.as_bytes()).bytes(), "RequestSizeLimitExceeded"),
        (
            door.key.tc3_get(&asked, &format!("a={}", "a".repeat(40_000))).bytes(),
            "RequestSizeLimitExceeded",
        ),
    ] {
        let (head, body) = served.send(&request).await;
        assert_head(&head);
        assert_eq!(body["Response"]["Error"]["Code"], code, "{body}");
        assert!(body["Response"]["RequestId"].is_string(), "{body}");
    }
    let older =
        "GET /v2/index.php?Action=DescribeImages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (head, body) = served.send(older.as_bytes()).await;
    assert_head(&head);
    assert_eq!((&body["code"], &body["codeDesc"]), (&json!(4000), &json!("MissingParameter")));
}

/// A body that comes in pieces is read whole, and signed as a whole.
#[tokio::test]
async fn chunked_bodies_are_read_whole() {
    let served = Served::open().await;
    let door = &served.door;
    let body = br#"{"Limit": 1, "Offset": 0}"#;
    let request = door.key.tc3(&door.asked(HERE, "DescribeImages"), body);
    let mut bytes =
        b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n".to_vec();
    for (name, value) in &request.headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    for piece in body.chunks(7) {
        bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    let (head, body) = served.send(&bytes).await;
    assert_head(&head);
    assert_eq!(body["Response"]["TotalCount"], 0, "{body}");
}
