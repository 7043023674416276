//! The server: HTTP/1.1 with bounds on headers, on waiting, and on connections (api-07, api-08, api-19).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::operators::Metrics;

/// What one process takes from the network.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// Time for a request's header, and the longest that a connection may be idle.
    pub header_read: Duration,
    /// Bytes of a request's line and headers.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Connections at once; others wait to be accepted.
    pub connections: usize,
    /// Connections at once from one address; others are closed.
    pub connections_per_address: usize,
    /// How long requests that run may take to end once the server is told to stop.
    pub drain: Duration,
}

impl Default for ServeLimits {
    /// 9 s, 64 KiB and 100 headers (api-08, api-19); 4,096 connections in all and 1,024 from one address, which leaves
    /// room for a link's parallel fetches; 10 s to drain. Not quite 10 s to be idle: clients that look every 10 s, as the
    /// Terraform provider of Alibaba Cloud does, would send on a connection in the moment in which it is closed.
    fn default() -> Self {
        ServeLimits {
            header_read: Duration::from_secs(9),
            header_bytes: 64 << 10,
            headers: 100,
            connections: 4_096,
            connections_per_address: 1_024,
            drain: Duration::from_secs(10),
        }
    }
}

/// Connections from each address.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection's place under the limits, given back when it ends.
struct Place {
    address: IpAddr,
    addresses: Addresses,
    metrics: Metrics,
    _permit: OwnedSemaphorePermit,
}

impl Addresses {
    fn enter(&self, address: IpAddr, most: usize) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        let fits = *count < most;
        *count += usize::from(fits);
        fits
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.addresses.leave(self.address);
        self.metrics.connections().dec();
    }
}

/// Serves until `stop` is cancelled, then lets running requests end.
pub async fn serve(
    listener: TcpListener,
    (router, metrics): (Router, Metrics),
    limits: ServeLimits,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let addresses = Addresses::default();
    let mut running = JoinSet::new();
    loop {
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&room, &listener) => accepted,
        };
        while running.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: give connections time to end.
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !addresses.enter(peer.ip(), limits.connections_per_address) {
            tracing::warn!(address = %peer.ip(), "too many connections from one address");
            continue;
        }
        metrics.connections().inc();
        let place = Place {
            address: peer.ip(),
            addresses: addresses.clone(),
            metrics: metrics.clone(),
            _permit: permit,
        };
        running.spawn(connection(stream, router.clone(), (limits.clone(), stop.clone()), place));
    }
    drop(listener);
    let drained = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, drained).await.is_err() {
        tracing::warn!(connections = running.len(), "closing connections that did not end in time");
    }
    running.shutdown().await;
}

async fn accept(
    room: &Arc<Semaphore>,
    listener: &TcpListener,
) -> (OwnedSemaphorePermit, std::io::Result<(TcpStream, std::net::SocketAddr)>) {
    let permit = Arc::clone(room).acquire_owned().await.expect("the semaphore is never closed");
    (permit, listener.accept().await)
}

async fn connection(
    stream: TcpStream,
    router: Router,
    (limits, stop): (ServeLimits, CancellationToken),
    place: Place,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection cannot be set to send at once");
    }
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_header_size(limits.header_bytes)
        .max_headers(limits.headers);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, address = %place.address, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_19_one_address_cannot_take_all_connections() {
        let addresses = Addresses::default();
        let (one, two): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        assert!(addresses.enter(one, 2) && addresses.enter(one, 2));
        assert!(!addresses.enter(one, 2));
        assert!(addresses.enter(two, 2));
        addresses.leave(one);
        assert!(addresses.enter(one, 2));
        addresses.leave(two);
        assert_eq!(addresses.0.lock().unwrap().len(), 1);
    }
}
