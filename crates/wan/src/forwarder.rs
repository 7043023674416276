//! A thread for each direction: takes packets from one device and gives them to the other when their time has come.
//!
//! It looks at most every half millisecond: at 1 Gbit/s a packet comes every 12 µs, and waking for each would take a core that
//! the two ends need (every tenth took most of one at 100 Mbit/s, with what each packet woke). Rates do not suffer by it, since
//! the times of packets are computed (see `pipe`), and a delay is late by that much.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use tun_rs::SyncDevice;

use crate::pipe::{Pipe, Taken};

/// How seldom it looks while packets come.
const TICK: Duration = Duration::from_micros(500);
/// Most packets read between two looks at what must leave.
const BATCH: usize = 256;

/// What the thread and its owner share.
struct Shared {
    pipe: Mutex<Pipe>,
    wake: OwnedFd,
    stop: AtomicBool,
    began: Instant,
}

/// One direction. Dropped, it stops.
pub(crate) struct Forwarder {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Shared {
    fn pipe(&self) -> MutexGuard<'_, Pipe> {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn wake(&self) {
        // A counter that is full wakes too.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

impl Forwarder {
    /// Begins to forward. `began` is where times in settings count from.
    pub fn start(
        pipe: Pipe,
        (from, to): (Arc<SyncDevice>, Arc<SyncDevice>),
        began: Instant,
    ) -> io::Result<Forwarder> {
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let shared =
            Arc::new(Shared { pipe: Mutex::new(pipe), wake, stop: AtomicBool::new(false), began });
        let inner = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wan".to_owned())
            .spawn(move || forward(&inner, &from, &to))?;
        Ok(Forwarder { shared, thread: Some(thread) })
    }

    /// Does something to the pipe now, which takes effect at once.
    pub fn with<T>(&self, act: impl FnOnce(&mut Pipe, u64) -> T) -> T {
        let done = {
            let mut pipe = self.shared.pipe();
            // The time is taken under the lock: the pipe's times never go back.
            let now = self.shared.now();
            act(&mut pipe, now)
        };
        self.shared.wake();
        done
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.wake();
        if let Some(thread) = self.thread.take() {
            // It panicked, if so, and said it.
            let _ = thread.join();
        }
    }
}

/// Is awake when it should be even where others keep the machine busy: real-time, or else as important as can be. What is
/// not allowed here is left out; the counts tell when it was late.
fn hurry() {
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let _ = rustix::process::setpriority_process(None, -20);
    let thread = rustix::thread::gettid().as_raw_nonzero().to_string();
    let mut chrt = Command::new("chrt");
    let _ = chrt.args(["--fifo", "--pid", "10", &thread]).stderr(Stdio::null()).status();
}

fn forward(shared: &Shared, from: &SyncDevice, to: &SyncDevice) {
    hurry();
    let mut bits = [0; 8];
    while !shared.stop.load(Ordering::Relaxed) {
        let (read, next) = {
            let mut pipe = shared.pipe();
            let read = take_in(&mut pipe, shared, from);
            give_out(&mut pipe, shared, to);
            (read, pipe.next())
        };
        if read == BATCH {
            continue;
        }
        let till = next.map(|next| Duration::from_nanos(next.saturating_sub(shared.now())));
        // A busy direction is looked at by the clock alone.
        let (watched, wait) = match read {
            0 => (true, till.map(|till| till.max(TICK))),
            _ => (false, Some(TICK)),
        };
        wait_for(shared, watched.then_some(from), wait);
        let _ = rustix::io::read(&shared.wake, &mut bits);
    }
}

/// Reads what is there, up to a batch; tells how many packets.
fn take_in(pipe: &mut Pipe, shared: &Shared, from: &SyncDevice) -> usize {
    for read in 0..BATCH {
        let mut buffer = pipe.buffer();
        match rustix::io::read(from, &mut buffer[..]) {
            Ok(length) => pipe.enter(shared.now(), buffer, length),
            // Nothing is there, or the device is going away.
            Err(_) => {
                pipe.give_back(buffer);
                return read;
            }
        }
    }
    BATCH
}

fn give_out(pipe: &mut Pipe, shared: &Shared, to: &SyncDevice) {
    while let Some(packet) = pipe.leave(shared.now()) {
        let written = rustix::io::write(to, packet.bytes());
        let taken = if written == Ok(packet.bytes().len()) { Taken::Yes } else { Taken::No };
        pipe.note(packet, taken);
    }
}

/// Waits for packets to come (where there is a device to watch), for a change of settings, or for this long.
fn wait_for(shared: &Shared, from: Option<&SyncDevice>, wait: Option<Duration>) {
    let mut fds = vec![PollFd::from_borrowed_fd(shared.wake.as_fd(), PollFlags::IN)];
    fds.extend(from.map(|from| PollFd::from_borrowed_fd(from.as_fd(), PollFlags::IN)));
    let wait = wait.map(|wait| Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: wait.subsec_nanos().into(),
    });
    // Interrupted, it looks once more than it needs to.
    let _ = poll(&mut fds, wait.as_ref());
}
