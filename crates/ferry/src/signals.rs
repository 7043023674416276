//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for Ctrl-C or a request to end. Never ends where the system does not let us listen.
pub async fn interrupted() {
    let listen = |kind| signal(kind).ok();
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
    tokio::select! {
        () = received(&mut interrupt) => {}
        () = received(&mut terminate) => {}
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
