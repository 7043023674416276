//! What a direction is set to.

use std::time::Duration;

/// One direction. Everything may be changed while packets are under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Bits a second of IP packets, headers included; `None` is no limit.
    pub bits_per_sec: Option<u64>,
    /// One way, from the last bit sent to the last bit received.
    pub delay: Duration,
    /// Bytes that may wait for the rate; a packet that finds no room is dropped. `None` is what the rate carries in one round
    /// trip of this delay, at least 256 KiB.
    pub queue_bytes: Option<u64>,
    /// The share of packets lost by chance, 0 to 1.
    pub loss: f64,
    /// Bits flipped by chance.
    pub flips: Flips,
}

/// Bits flipped by chance: one bit of a packet, behind its IP header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flips {
    /// The share of packets, 0 to 1.
    pub share: f64,
    /// What becomes of the checksum.
    pub checksum: Checksum,
    /// Only packets with at least so many bytes of payload.
    pub least_payload_bytes: usize,
}

/// What becomes of the checksum of a packet of which a bit is flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It stays: the receiving kernel sees the damage and drops the packet, as with most damage on a real wire.
    Stays,
    /// It is made to fit a flipped bit of the payload: the damage reaches the application, as it does from a bad switch.
    Repaired,
}

impl Default for Settings {
    /// No rate, delay, loss or flips.
    fn default() -> Self {
        Settings {
            bits_per_sec: None,
            delay: Duration::ZERO,
            queue_bytes: None,
            loss: 0.0,
            flips: Flips { share: 0.0, checksum: Checksum::Stays, least_payload_bytes: 1 },
        }
    }
}

impl Settings {
    /// A rate and a one-way delay.
    pub fn new(bits_per_sec: u64, delay: Duration) -> Self {
        Settings { bits_per_sec: Some(bits_per_sec), delay, ..Settings::default() }
    }

    /// Bytes that may wait.
    pub(crate) fn queue(&self) -> u64 {
        let trip = 2 * self.delay.as_nanos();
        let carried = u128::from(self.bits_per_sec.unwrap_or(0)) * trip / 8_000_000_000;
        self.queue_bytes
            .unwrap_or_else(|| u64::try_from(carried).unwrap_or(u64::MAX).max(256 << 10))
    }

    /// How long so many bytes take to be sent, in nanoseconds.
    pub(crate) fn sending_ns(&self, bytes: usize) -> u64 {
        self.bits_per_sec.map_or(0, |rate| {
            let ns = bytes as u128 * 8_000_000_000 / u128::from(rate.max(1));
            u64::try_from(ns).unwrap_or(u64::MAX)
        })
    }
}

/// A time in which nothing passes, counted from the start; what is under way is lost too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// It begins here
    pub from: Duration,
    /// and ends here.
    pub to: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_holds_one_round_trip_unless_told() {
        let wan = Settings::new(100_000_000, Duration::from_millis(50));
        assert_eq!(wan.queue(), 1_250_000);
        assert_eq!(Settings { queue_bytes: Some(9), ..wan }.queue(), 9);
        assert_eq!(Settings::default().queue(), 256 << 10);
    }
}
