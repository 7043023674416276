//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears Ctrl-C and requests to end, from when it is made: what comes while nobody waits is not lost.
pub struct Interrupts {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Interrupts {
    /// Begins to listen. Where the system does not let us, nothing is ever heard, and the signals do what they do by themselves.
    pub fn listen() -> Interrupts {
        let listen = |kind| signal(kind).ok();
        Interrupts {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
        }
    }

    /// Waits for one that came since the last that was told, or since the beginning.
    pub async fn next(&mut self) {
        tokio::select! {
            () = received(&mut self.interrupt) => {}
            () = received(&mut self.terminate) => {}
        }
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

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::Interrupts;

    /// A Ctrl-C that falls between two things that can be interrupted ends the second.
    #[tokio::test]
    async fn an_interrupt_that_comes_while_nobody_waits_is_heard() {
        let mut interrupts = Interrupts::listen();
        tokio::select! {
            biased;
            () = std::future::ready(()) => {}
            () = interrupts.next() => unreachable!("nobody interrupted"),
        }
        kill_process(getpid(), Signal::INT).unwrap();
        interrupts.next().await;
    }
}
