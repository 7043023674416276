//! What no decent client sends: broken headers, two lengths, endless headers, silence (api-07, api-08, api-19).

use std::time::Duration;

use region::testing::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use api::ServeLimits;

use crate::world::Door;

/// Sends bytes and reads until the server closes the connection, or for 5 s.
async fn exchange(door: &Door, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    // The server may answer and close before everything is written.
    let _broken_pipe = stream.write_all(request).await;
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    while let Ok(Ok(read @ 1..)) = timeout(Duration::from_secs(5), stream.read(&mut piece)).await {
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn api_07_headers_that_could_be_read_in_two_ways_are_refused_and_the_connection_closed() {
    let door = Door::open(["north"]).await;
    // The same length stated twice alike is one length (RFC 9110, 8.6), and the library reads it so.
    for (name, head) in [
        ("two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n"),
        ("a folded line", "X-A: b\r\n c\r\n"),
        ("a NUL", "X-A: b\0c\r\n"),
        ("a bare CR", "X-A: b\rc\r\n"),
        ("a blank before the colon", "X-A : b\r\n"),
        ("a length that is no number", "Content-Length: -1\r\n"),
        ("a coding we do not know", "Transfer-Encoding: gzip\r\n"),
    ] {
        let request = format!(
            "POST /v1/keys HTTP/1.1\r\nHost: x\r\n{head}\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let answer = exchange(&door, request.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{name}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{name}: the second request was answered: {answer}"
        );
    }
}

#[tokio::test]
async fn api_07_chunks_win_over_a_length_and_nothing_more_is_read_from_the_connection() {
    let door = Door::open(["north"]).await;
    for head in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ] {
        let second = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
        let request = format!("POST /v1/keys HTTP/1.1\r\nHost: x\r\n{head}\r\n0\r\n\r\n{second}");
        let answer = exchange(&door, request.as_bytes()).await;
        assert!(answer.contains("connection: close"), "RFC 9112, 6.3: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "the second request was answered: {answer}"
        );
    }
}

#[tokio::test]
async fn api_07_bad_chunk_sizes_are_refused() {
    let door = Door::open(["north"]).await;
    let auth = base64(&format!("{}:{}", door.key, door.secret));
    for sizes in ["zz\r\n", "-1\r\n", "fffffffffffffffff\r\n"] {
        let request = format!(
            "PUT /v1/regions/north/quotas/image HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {auth}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{sizes}"
        );
        let answer = exchange(&door, request.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{sizes}: {answer}");
        assert!(answer.contains("body_broken"), "{answer}");
    }
}

fn base64(text: &str) -> String {
    let mut encoded = String::new();
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in text.as_bytes().chunks(3) {
        let word = group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * place) & 63) as usize];
            encoded.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    encoded
}

#[tokio::test]
async fn api_08_headers_and_targets_have_bounds() {
    let door = Door::open(["north"]).await;
    let long = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(70 << 10));
    let many = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(200));
    let target = format!(
        "GET /livez?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "a".repeat(33 << 10)
    );
    assert_eq!(status(&exchange(&door, long.as_bytes()).await), "431");
    assert_eq!(status(&exchange(&door, many.as_bytes()).await), "431");
    let refused = exchange(&door, target.as_bytes()).await;
    assert_eq!(status(&refused), "414");
    assert!(refused.contains("uri_too_long"), "{refused}");
}

#[tokio::test]
async fn api_19_slow_headers_and_idle_connections_are_cut_off() {
    let limits = ServeLimits { header_read: Duration::from_millis(300), ..ServeLimits::default() };
    let door = Door::before(World::with_regions(["north"]).await, limits).await;
    for begun in ["", "GET /livez HTTP/1.1\r\nHos"] {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        timeout(Duration::from_secs(5), stream.read_to_end(&mut rest))
            .await
            .expect("it is cut off")
            .unwrap();
    }
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
        .await
        .expect("idle is cut off too")
        .unwrap();
    assert_eq!(status(&String::from_utf8(answer).unwrap()), "200");
}

#[tokio::test]
async fn api_19_connections_beyond_the_limit_of_an_address_are_closed_and_others_are_served() {
    let limits = ServeLimits { connections_per_address: 3, ..ServeLimits::default() };
    let door = Door::before(World::with_regions(["north"]).await, limits).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        open.push(stream);
    }
    assert_eq!(exchange(&door, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await, "");
    open.clear();
    let served = async {
        while door.http.get(door.url("/livez")).send().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), served).await.expect("there is room again");
}
