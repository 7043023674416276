//! TCP connections to another region, and requests over them.
//!
//! HTTP/1.1: requests that run at once have a connection each, so that a lost packet holds back one of them.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Uri;
use futures::TryFutureExt;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use reqwest::{RequestBuilder, Response};
use tokio::net::{TcpSocket, TcpStream};

use crate::Congestion;

/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Idle connections are dropped before the other side does it (9 s), so that no request meets a closing one. The pauses of a
/// copy are shorter: the same connections carry all of it.
const IDLE: Duration = Duration::from_secs(6);
/// An idle connection is tried after so long, then as often, and given up after three times: a host that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Bytes that are not acknowledged for so long end a connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Why a request had no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    /// The request cannot be sent as it is.
    #[error("failed to make a request")]
    Request(#[from] reqwest::Error),
    /// Its address cannot be written in a request.
    #[error("failed to address a request")]
    Address(#[from] axum::http::uri::InvalidUri),
    /// There is no connection, or it broke.
    #[error("failed to ask")]
    Ask(#[from] hyper_util::client::legacy::Error),
}

/// The connections to one region, kept for the next request.
pub(super) struct Line {
    client: Client<Connector, Full<bytes::Bytes>>,
}

impl Line {
    /// No connection yet.
    pub fn new(congestion: Congestion) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(Connector { congestion });
        Line { client }
    }

    /// Sends a request; answers when the head of its answer is there. Dropped, it takes its connection with it.
    ///
    /// # Errors
    /// When there is no connection, or it breaks.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, LineError> {
        let request = request.build()?;
        let bytes = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let body = Full::new(bytes::Bytes::copy_from_slice(bytes));
        let mut sent = hyper::Request::new(body);
        *sent.method_mut() = request.method().clone();
        *sent.uri_mut() = request.url().as_str().parse()?;
        *sent.headers_mut() = request.headers().clone();
        let answer = self.client.request(sent).await?;
        Ok(Response::from(answer.map(reqwest::Body::wrap)))
    }
}

/// Makes connections.
#[derive(Clone)]
struct Connector {
    congestion: Congestion,
}

type Connecting = Pin<Box<dyn Future<Output = std::io::Result<TokioIo<TcpStream>>> + Send>>;

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Connecting {
        let congestion = self.congestion;
        let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no connection in 5 s");
        let connected = tokio::time::timeout(CONNECT, connect(to, congestion)).map_err(late);
        Box::pin(async move { connected.await?.map(TokioIo::new) })
    }
}

async fn connect(to: Uri, congestion: Congestion) -> std::io::Result<TcpStream> {
    let host = to.host().unwrap_or_default().trim_matches(['[', ']']);
    let addresses = tokio::net::lookup_host((host, to.port_u16().unwrap_or(80))).await?;
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "its name has no address");
    for address in addresses {
        match connect_to(address, congestion).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr, congestion: Congestion) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    let used = congestion.set_on(&socket);
    tracing::debug!(%address, congestion = %used, "connecting");
    watch_over(&socket)?;
    socket.connect(address).await
}

/// Notices a host that is gone. The sizes of buffers are the kernel's to find.
#[cfg(target_os = "linux")]
fn watch_over(socket: impl AsFd) -> std::io::Result<()> {
    use rustix::net::sockopt;
    let socket = socket.as_fd();
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEP_ALIVE)?;
    sockopt::set_tcp_keepintvl(socket, KEEP_ALIVE)?;
    sockopt::set_tcp_keepcnt(socket, 3)?;
    let unacknowledged = u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(socket, unacknowledged)?)
}

#[cfg(not(target_os = "linux"))]
fn watch_over(socket: impl AsFd) -> std::io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_keepalive(socket.as_fd(), true)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use tokio::sync::{Barrier, Mutex};

    use super::*;

    /// A server that answers once this many requests are there, and the clients' ports as it sees them.
    async fn server(at_once: usize) -> (String, Arc<Mutex<Vec<u16>>>) {
        let (barrier, ports) = (Arc::new(Barrier::new(at_once)), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&ports);
        let answer = move |ConnectInfo(from): ConnectInfo<SocketAddr>| async move {
            seen.lock().await.push(from.port());
            barrier.wait().await;
            "here"
        };
        let router = Router::new().route("/", get(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        (endpoint, ports)
    }

    async fn ask(line: &Line, endpoint: &str) {
        let request = reqwest::Client::new().get(endpoint);
        assert_eq!(line.send(request).await.unwrap().text().await.unwrap(), "here");
    }

    #[tokio::test]
    async fn eight_requests_at_once_have_a_connection_each_and_the_next_eight_the_same() {
        let (endpoint, ports) = server(8).await;
        let line = Line::new(Congestion::default());
        for _ in 0..2 {
            let asked = (0..8).map(|_| ask(&line, &endpoint));
            futures::future::join_all(asked).await;
        }
        let mut ports = ports.lock().await.clone();
        assert_eq!(ports.len(), 16);
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 8, "{ports:?}");
    }

    #[tokio::test]
    async fn a_connection_outlives_pauses_of_a_second() {
        let (endpoint, ports) = server(1).await;
        let line = Line::new(Congestion::default());
        for _ in 0..3 {
            ask(&line, &endpoint).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let ports = ports.lock().await.clone();
        assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_with_its_cause() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let line = Line::new(Congestion::System);
        let error = line.send(reqwest::Client::new().get(&endpoint)).await.unwrap_err();
        let told = super::super::client::with_causes(&error);
        assert!(told.contains("refused"), "{told}");
    }
}
