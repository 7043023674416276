//! What became of the packets of one direction.

use std::fmt;
use std::time::Duration;

/// What became of the packets of one direction. Bytes are those of IP packets, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that the sending side handed over,
    pub entered: u64,
    /// and their bytes.
    pub entered_bytes: u64,
    /// Packets that the receiving side was given, damaged ones included,
    pub delivered: u64,
    /// and their bytes.
    pub delivered_bytes: u64,
    /// Packets that found the queue full.
    pub overflowed: u64,
    /// Packets lost by chance.
    pub lost: u64,
    /// Packets that met a cut.
    pub cut: u64,
    /// Packets of which one bit was flipped.
    pub flipped: u64,
    /// Packets that the receiving side's kernel did not take.
    pub refused: u64,
    /// Most bytes that waited in the queue at once.
    pub queue_peak_bytes: u64,
    /// Packets delivered more than a millisecond after their time: this machine was too busy to emulate what it was told.
    pub late: u64,
    /// The latest of them.
    pub latest: Duration,
}

impl Counts {
    /// Packets that are still under way.
    pub fn under_way(&self) -> u64 {
        self.entered - self.delivered - self.overflowed - self.lost - self.cut - self.refused
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entered {} packets {} bytes, delivered {} packets {} bytes, overflowed {}, lost {}, cut {}, flipped {}, \
             refused {}, queue peak {} bytes, late {} by at most {:.1} ms",
            self.entered,
            self.entered_bytes,
            self.delivered,
            self.delivered_bytes,
            self.overflowed,
            self.lost,
            self.cut,
            self.flipped,
            self.refused,
            self.queue_peak_bytes,
            self.late,
            self.latest.as_secs_f64() * 1e3
        )
    }
}
