//! One direction, without a clock or a device: packets enter at a time and leave at a time.
//!
//! A packet waits in the queue until those before it are sent, takes its bytes over the rate to be sent, is on the wire for
//! the delay, and leaves. All times are computed from those before, so that a machine that looks late loses no rate by it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::MTU_BYTES;
use crate::counts::Counts;
use crate::flip::flip;
use crate::settings::{Cut, Settings};

/// Delivered later than this is late.
const LATE_NS: u64 = 1_000_000;
/// Most buffers kept for later packets.
const SPARE: usize = 16_384;

/// A packet's bytes; buffers are used again.
pub(crate) struct Packet {
    /// Nanoseconds since the start: when it entered, and once it is on the wire, when it leaves.
    at: u64,
    length: usize,
    buffer: Box<[u8; MTU_BYTES]>,
}

impl Packet {
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

/// One direction.
pub(crate) struct Pipe {
    settings: Settings,
    cuts: Vec<Cut>,
    is_down: bool,
    random: fastrand::Rng,
    queue: VecDeque<Packet>,
    queue_bytes: u64,
    /// When the last packet that was sent had been sent.
    free_at: u64,
    wire: VecDeque<Packet>,
    #[expect(clippy::vec_box, reason = "a buffer moves between lists without its bytes")]
    spare: Vec<Box<[u8; MTU_BYTES]>>,
    counts: Counts,
}

impl Pipe {
    pub fn new(settings: Settings, cuts: Vec<Cut>, seed: u64) -> Self {
        Pipe {
            settings,
            cuts,
            is_down: false,
            random: fastrand::Rng::with_seed(seed),
            queue: VecDeque::new(),
            queue_bytes: 0,
            free_at: 0,
            wire: VecDeque::new(),
            spare: Vec::new(),
            counts: Counts::default(),
        }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes what is not yet on the wire.
    pub fn set(&mut self, now: u64, settings: Settings) {
        self.send(now);
        self.settings = settings;
    }

    /// Nothing passes, and what is under way is lost, until [`Pipe::heal`].
    pub fn cut(&mut self, now: u64) {
        self.send(now);
        self.is_down = true;
        let lost = self.queue.len() + self.wire.len();
        self.counts.cut += lost as u64;
        self.queue_bytes = 0;
        for packet in self.queue.drain(..).chain(self.wire.drain(..)) {
            if self.spare.len() < SPARE {
                self.spare.push(packet.buffer);
            }
        }
    }

    pub fn heal(&mut self) {
        self.is_down = false;
    }

    fn is_cut(&self, at: u64) -> bool {
        let at = Duration::from_nanos(at);
        self.is_down || self.cuts.iter().any(|cut| cut.from <= at && at < cut.to)
    }

    /// An empty buffer for a packet.
    pub fn buffer(&mut self) -> Box<[u8; MTU_BYTES]> {
        self.spare.pop().unwrap_or_else(|| Box::new([0; MTU_BYTES]))
    }

    pub fn give_back(&mut self, buffer: Box<[u8; MTU_BYTES]>) {
        if self.spare.len() < SPARE {
            self.spare.push(buffer);
        }
    }

    /// A packet arrives. Times never go back.
    pub fn enter(&mut self, now: u64, buffer: Box<[u8; MTU_BYTES]>, length: usize) {
        self.send(now);
        self.counts.entered += 1;
        self.counts.entered_bytes += length as u64;
        if self.is_cut(now) {
            self.counts.cut += 1;
            return self.give_back(buffer);
        }
        // The packet being sent is in the queue until its last bit is: an empty queue takes any packet.
        if self.queue_bytes > 0 && self.queue_bytes + length as u64 > self.settings.queue() {
            self.counts.overflowed += 1;
            return self.give_back(buffer);
        }
        self.queue_bytes += length as u64;
        self.counts.queue_peak_bytes = self.counts.queue_peak_bytes.max(self.queue_bytes);
        self.queue.push_back(Packet { at: now, length, buffer });
        self.send(now);
    }

    /// When the first packet of the queue will have been sent.
    fn sent_at(&self) -> Option<u64> {
        let first = self.queue.front()?;
        Some(first.at.max(self.free_at) + self.settings.sending_ns(first.length))
    }

    /// Puts on the wire what has been sent by now.
    fn send(&mut self, now: u64) {
        while let Some(sent) = self.sent_at().filter(|sent| *sent <= now) {
            let Some(mut packet) = self.queue.pop_front() else { return };
            self.queue_bytes -= packet.length as u64;
            self.free_at = sent;
            if self.chance(self.settings.loss) {
                self.counts.lost += 1;
                self.give_back(packet.buffer);
                continue;
            }
            let flips = self.settings.flips;
            if self.chance(flips.share) {
                let bytes = &mut packet.buffer[..packet.length];
                self.counts.flipped += u64::from(flip(bytes, &flips, &mut self.random));
            }
            let delay = u64::try_from(self.settings.delay.as_nanos()).unwrap_or(u64::MAX);
            // A shorter delay overtakes nothing.
            let before = self.wire.back().map_or(0, |packet| packet.at);
            packet.at = sent.saturating_add(delay).max(before);
            self.wire.push_back(packet);
        }
    }

    fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.random.f64() < share
    }

    /// The next packet that leaves by now.
    pub fn leave(&mut self, now: u64) -> Option<Packet> {
        loop {
            if self.wire.front().is_none_or(|packet| packet.at > now) {
                self.send(now);
            }
            if self.wire.front()?.at > now {
                return None;
            }
            let packet = self.wire.pop_front()?;
            if self.is_cut(packet.at) {
                self.counts.cut += 1;
                self.give_back(packet.buffer);
                continue;
            }
            let late = now - packet.at;
            self.counts.late += u64::from(late > LATE_NS);
            self.counts.latest = self.counts.latest.max(Duration::from_nanos(late));
            return Some(packet);
        }
    }

    /// What became of a packet that left.
    pub fn note(&mut self, packet: Packet, is_taken: Taken) {
        match is_taken {
            Taken::Yes => {
                self.counts.delivered += 1;
                self.counts.delivered_bytes += packet.length as u64;
            }
            Taken::No => self.counts.refused += 1,
        }
        self.give_back(packet.buffer);
    }

    /// When the next packet leaves, in nanoseconds since the start.
    pub fn next(&self) -> Option<u64> {
        let delay = u64::try_from(self.settings.delay.as_nanos()).unwrap_or(u64::MAX);
        let queued = || self.sent_at().map(|sent| sent.saturating_add(delay));
        self.wire.front().map(|packet| packet.at).or_else(queued)
    }
}

/// Whether the receiving kernel took a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn pipe(settings: Settings) -> Pipe {
        Pipe::new(settings, Vec::new(), 7)
    }

    fn enter(pipe: &mut Pipe, now: u64, count: usize) {
        for _ in 0..count {
            let buffer = pipe.buffer();
            pipe.enter(now, buffer, 1_250);
        }
    }

    /// The times at which packets leave to one who looks every `step` nanoseconds.
    fn leave(pipe: &mut Pipe, until: u64, step: u64) -> Vec<u64> {
        let mut times = Vec::new();
        for now in (0..=until).step_by(step as usize) {
            while let Some(packet) = pipe.leave(now) {
                times.push(packet.at);
                pipe.note(packet, Taken::Yes);
            }
        }
        times
    }

    #[test]
    fn packets_leave_after_their_bytes_over_the_rate_and_the_delay() {
        // 1,250 bytes at 100 Mbit/s take 0.1 ms. Who looks seldom sees the same times.
        for step in [10_000, MS, 7 * MS] {
            let mut pipe = pipe(Settings::new(100_000_000, Duration::from_millis(50)));
            enter(&mut pipe, 0, 3);
            assert_eq!(pipe.next(), Some(50 * MS + 100_000));
            let times = leave(&mut pipe, 70 * MS, step);
            assert_eq!(times, [50_100_000, 50_200_000, 50_300_000]);
            assert_eq!(pipe.next(), None);
        }
    }

    #[test]
    fn the_rate_is_kept_to_the_byte_while_the_queue_is_not_empty() {
        let wan = Settings::new(100_000_000, Duration::from_millis(50));
        let mut pipe = pipe(wan);
        let mut bytes = 0;
        for now in (0..=1_000 * MS).step_by(MS as usize) {
            enter(&mut pipe, now, 20); // 200 Mbit/s
            while let Some(packet) = pipe.leave(now) {
                bytes += packet.bytes().len();
                pipe.note(packet, Taken::Yes);
            }
        }
        assert_eq!(bytes, 12_500_000 / 1_000 * 950);
        let counts = pipe.counts();
        assert_eq!(counts.delivered_bytes, bytes as u64);
        assert_eq!(counts.queue_peak_bytes, 1_250_000);
        assert_eq!(counts.late, 0);
        // On the wire are 50 ms, in the queue 100 ms of the rate.
        assert_eq!(counts.under_way(), 500 + 1_000);
        assert_eq!(counts.entered, counts.delivered + counts.overflowed + counts.under_way());
    }

    #[test]
    fn a_full_queue_drops_the_last_to_come() {
        let mut pipe = pipe(Settings {
            queue_bytes: Some(3 * 1_250),
            ..Settings::new(10_000_000, Duration::ZERO)
        });
        enter(&mut pipe, 0, 5);
        assert_eq!(pipe.counts().overflowed, 2);
        assert_eq!(leave(&mut pipe, 10 * MS, MS).len(), 3);
    }

    #[test]
    fn losses_are_as_many_as_the_share_and_the_same_for_the_same_seed() {
        let lossy = Settings { loss: 0.01, ..Settings::default() };
        let lost: Vec<u64> = (0..2)
            .map(|_| {
                let mut pipe = pipe(lossy.clone());
                for now in 0..100_000 {
                    enter(&mut pipe, now, 1);
                }
                leave(&mut pipe, 100_000, 50_000);
                pipe.counts().lost
            })
            .collect();
        assert_eq!(lost[0], lost[1]);
        assert!((900..1_100).contains(&lost[0]), "{lost:?}");
    }

    #[test]
    fn a_cut_takes_what_is_under_way_and_what_comes() {
        let slow = Settings::new(10_000_000, Duration::from_millis(10));
        let cut = Cut { from: Duration::from_millis(20), to: Duration::from_millis(40) };
        let mut planned = Pipe::new(slow.clone(), vec![cut], 1);
        for now in [0, 15 * MS, 25 * MS, 35 * MS, 45 * MS] {
            enter(&mut planned, now, 1);
        }
        assert_eq!(leave(&mut planned, 80 * MS, MS), [11 * MS, 56 * MS]);
        assert_eq!(planned.counts().cut, 3);

        let mut told = pipe(slow);
        enter(&mut told, 0, 4);
        told.cut(2 * MS);
        enter(&mut told, 3 * MS, 1);
        told.heal();
        enter(&mut told, 4 * MS, 1);
        assert_eq!(leave(&mut told, 80 * MS, MS), [15 * MS]);
        assert_eq!((told.counts().cut, told.counts().under_way()), (5, 0));
    }

    #[test]
    fn settings_change_what_is_not_on_the_wire_yet() {
        let mut pipe = pipe(Settings::new(10_000_000, Duration::from_millis(10)));
        enter(&mut pipe, 0, 3);
        pipe.set(MS, Settings::new(100_000_000, Duration::from_millis(1)));
        // The first is on the wire; a shorter delay overtakes nothing.
        assert_eq!(leave(&mut pipe, 80 * MS, MS), [11 * MS, 11 * MS, 11 * MS]);
    }
}
