//! How fast TCP sends: its congestion control, per socket.

use std::fmt;
use std::os::fd::AsFd;

/// How fast connections send where packets are lost or wait: what the system's TCP is asked for.
///
/// At 100 Mbit/s, 100 ms and one lost packet in a thousand, one CUBIC connection carries 4 Mbit/s and one with BBR 90.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// By the rate that arrives; losses by chance slow it little.
    #[default]
    Bbr,
    /// By losses.
    Cubic,
    /// As the system is set.
    System,
}

/// What a socket uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The name that the system gives it.
    pub name: String,
    /// Why it is not what was asked for.
    pub instead: Option<String>,
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instead {
            None => write!(f, "{}", self.name),
            Some(why) => write!(f, "{} ({why})", self.name),
        }
    }
}

impl Congestion {
    /// The name that systems give it.
    fn name(self) -> Option<&'static str> {
        match self {
            Congestion::Bbr => Some("bbr"),
            Congestion::Cubic => Some("cubic"),
            Congestion::System => None,
        }
    }

    /// Asks for it on a TCP socket; connections that a listening socket accepts inherit it. A system that does not offer it,
    /// or not to us, goes on as it is set: that is told, and is no failure.
    pub fn set_on(self, socket: impl AsFd) -> Used {
        let asked = self.name().map(|name| (name, set(socket.as_fd(), name)));
        let instead =
            asked.and_then(|(name, set)| Some(format!("no `{name}` here: {}", set.err()?)));
        Used { name: used(socket).unwrap_or_else(|| "unknown".to_owned()), instead }
    }
}

#[cfg(target_os = "linux")]
fn set(socket: impl AsFd, name: &str) -> Result<(), String> {
    rustix::net::sockopt::set_tcp_congestion(socket, name).map_err(|error| error.to_string())
}

#[cfg(target_os = "linux")]
fn used(socket: impl AsFd) -> Option<String> {
    rustix::net::sockopt::tcp_congestion(socket).ok()
}

#[cfg(not(target_os = "linux"))]
fn set(_: impl AsFd, _: &str) -> Result<(), String> {
    Err("this system does not let a socket choose".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn used(_: impl AsFd) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn accepted_connections_inherit_what_the_listening_socket_uses() {
        for wish in [Congestion::Bbr, Congestion::Cubic, Congestion::System] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let system = used(&listener).unwrap();
            let got = wish.set_on(&listener);
            let wanted = wish.name().unwrap_or(&system);
            // Not every system offers each: then nothing changes, and the reason is told.
            assert!(got.name == wanted || (got.name == system && got.instead.is_some()), "{got}");
            let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            assert_eq!(used(&listener.accept().unwrap().0), Some(got.name));
        }
    }

    #[test]
    fn what_is_not_there_is_told_and_no_failure() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = set(&listener, "no-such-control").unwrap_err();
        let told = Used { name: "cubic".to_owned(), instead: Some(error) }.to_string();
        assert!(told.starts_with("cubic (") && told.len() > 9, "{told}");
    }
}
