//! The network as its users see it.

use std::io;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use crate::counts::Counts;
use crate::forwarder::Forwarder;
use crate::namespace::{self, Namespaces};
use crate::pipe::Pipe;
use crate::settings::{Cut, Settings};

/// One of the two namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

/// One of the two directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From left to right.
    ToRight,
    /// From right to left.
    ToLeft,
}

/// A network that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WanError {
    /// This machine or this user cannot have one; tests say SKIP with the reason.
    #[error("no emulated network here: {reason}")]
    Unavailable {
        /// What is missing.
        reason: String,
    },
    /// Something that should work does not.
    #[error("failed to {doing}")]
    Failed {
        /// What was done.
        doing: String,
        /// What the system says.
        source: io::Error,
    },
}

/// A network of two namespaces. Dropped, it is gone, with every process in it; also where this process is killed.
pub struct Wan {
    // In this order: threads stop before the devices and the namespaces go.
    to_right: Forwarder,
    to_left: Forwarder,
    namespaces: Namespaces,
}

impl Wan {
    /// Makes a network with the same settings for both directions. The same seed loses and flips in the same order.
    ///
    /// # Errors
    /// [`WanError::Unavailable`] without root, `/dev/net/tun` or the program `ip`.
    pub fn start(settings: &Settings, seed: u64) -> Result<Wan, WanError> {
        Self::start_with_cuts(settings, &[], seed)
    }

    /// The same, with cuts that are planned.
    ///
    /// # Errors
    /// As [`Wan::start`].
    pub fn start_with_cuts(settings: &Settings, cuts: &[Cut], seed: u64) -> Result<Wan, WanError> {
        namespace::available()?;
        let namespaces = Namespaces::make()?;
        let left = Arc::new(namespaces.device(Side::Left)?);
        let right = Arc::new(namespaces.device(Side::Right)?);
        let began = Instant::now();
        let start = |from: &Arc<_>, to: &Arc<_>, seed| {
            let pipe = Pipe::new(settings.clone(), cuts.to_vec(), seed);
            Forwarder::start(pipe, (Arc::clone(from), Arc::clone(to)), began).map_err(|source| {
                WanError::Failed { doing: "start a forwarder".to_owned(), source }
            })
        };
        let seed = seed.wrapping_mul(2);
        let (to_right, to_left) = (start(&left, &right, seed)?, start(&right, &left, seed | 1)?);
        Ok(Wan { to_right, to_left, namespaces })
    }

    fn forwarder(&self, way: Way) -> &Forwarder {
        match way {
            Way::ToRight => &self.to_right,
            Way::ToLeft => &self.to_left,
        }
    }

    /// What one direction is set to.
    pub fn settings(&self, way: Way) -> Settings {
        self.forwarder(way).with(|pipe, _| pipe.settings().clone())
    }

    /// Changes one direction, for what is not on the wire yet.
    pub fn set(&self, way: Way, settings: Settings) {
        self.forwarder(way).with(|pipe, now| pipe.set(now, settings));
    }

    /// Nothing passes either way, and what is under way is lost, until [`Wan::heal`].
    pub fn cut(&self) {
        for way in [Way::ToRight, Way::ToLeft] {
            self.forwarder(way).with(Pipe::cut);
        }
    }

    /// Ends a cut.
    pub fn heal(&self) {
        for way in [Way::ToRight, Way::ToLeft] {
            self.forwarder(way).with(|pipe, _| pipe.heal());
        }
    }

    /// What became of the packets of one direction so far.
    pub fn counts(&self, way: Way) -> Counts {
        self.forwarder(way).with(|pipe, _| pipe.counts())
    }

    /// The name of a namespace, for `ip netns exec`.
    pub fn namespace(&self, side: Side) -> &str {
        self.namespaces.name(side)
    }

    /// The address of a side.
    pub fn address(&self, side: Side) -> Ipv4Addr {
        namespace::address(side)
    }

    /// A program to be run in a namespace.
    pub fn command(&self, side: Side, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.namespace(side), program]);
        command
    }

    /// Does something on a thread that is in a namespace: sockets that it makes stay in there.
    ///
    /// # Errors
    /// When the namespace cannot be entered.
    pub fn inside<T: Send>(
        &self,
        side: Side,
        act: impl FnOnce() -> T + Send,
    ) -> Result<T, WanError> {
        self.namespaces.inside(side, act)
    }
}
