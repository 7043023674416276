//! Progress on standard error: bars on a terminal, a plain line each few seconds elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::Globals;
use crate::output::{bytes, duration, rate};

/// Between two plain lines of one task.
const LINE_EVERY: Duration = Duration::from_secs(3);
const TEMPLATE: &str = "{prefix} {bar:24} {percent:>3}% {msg}";

/// How progress is shown.
#[derive(Clone)]
pub enum Showing {
    /// Bars, redrawn in place.
    Bars(MultiProgress),
    /// Lines.
    Lines,
    /// Not at all.
    Nothing,
}

impl Showing {
    /// As the flags and the terminal ask for.
    pub fn of(globals: &Globals) -> Showing {
        if globals.no_progress {
            Showing::Nothing
        } else if std::io::stderr().is_terminal() {
            Showing::Bars(MultiProgress::new())
        } else {
            Showing::Lines
        }
    }

    /// Begins to show a task of so many bytes.
    pub fn track(&self, label: String, total: u64) -> Track {
        let shown = match self {
            Showing::Bars(bars) => {
                let bar = bars.add(ProgressBar::new(total));
                let style =
                    ProgressStyle::with_template(TEMPLATE).expect("the template is a constant");
                bar.set_style(style.progress_chars("━╸ "));
                bar.set_prefix(label.clone());
                Shown::Bar(bar)
            }
            Showing::Lines => Shown::Lines { said: None },
            Showing::Nothing => Shown::Nothing,
        };
        let state = State { shown, done: 0, total, began: Instant::now() };
        Track { label, state: Mutex::new(state) }
    }
}

/// One task whose progress is shown.
pub struct Track {
    label: String,
    state: Mutex<State>,
}

struct State {
    shown: Shown,
    done: u64,
    total: u64,
    began: Instant,
}

enum Shown {
    Bar(ProgressBar),
    Lines { said: Option<Instant> },
    Nothing,
}

impl Track {
    /// A task that nobody watches.
    #[cfg(test)]
    pub fn unseen() -> Track {
        Showing::Nothing.track(String::new(), 0)
    }

    /// So many bytes more are done; rate and time left follow from the time since the beginning.
    pub fn advance(&self, more: u64) {
        let mut state = self.state();
        state.done += more;
        let percent = percent_of(state.done, state.total);
        let message = pace(&state);
        self.show(&mut state, percent, &message);
    }

    /// It stands at so many percent, and this is said of it.
    pub fn stand(&self, percent: u8, message: &str) {
        let mut state = self.state();
        self.show(&mut state, percent, message);
    }

    /// It turns out to be so many bytes.
    pub fn expect(&self, total: u64) {
        self.state().total = total;
    }

    /// It begins again.
    pub fn restart(&self) {
        let mut state = self.state();
        (state.done, state.began) = (0, Instant::now());
    }

    /// It has ended; these are the last words, on the bar or on a line.
    pub fn end(&self, words: &str) {
        let mut state = self.state();
        match &mut state.shown {
            Shown::Bar(bar) => bar.finish_with_message(words.to_owned()),
            Shown::Lines { .. } => eprintln!("{}: {words}", self.label),
            Shown::Nothing => {}
        }
    }

    /// It is shown no longer: what comes next says it all.
    pub fn clear(&self) {
        if let Shown::Bar(bar) = &self.state().shown {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it shows progress")
    }

    fn show(&self, state: &mut State, percent: u8, message: &str) {
        match &mut state.shown {
            Shown::Bar(bar) => {
                bar.set_length(100);
                bar.set_position(u64::from(percent));
                bar.set_message(message.to_owned());
            }
            Shown::Lines { said } => {
                let now = Instant::now();
                if said.is_none_or(|before| now - before >= LINE_EVERY) {
                    // The first line comes when it is worth one: short tasks say only how they ended.
                    if said.is_some() {
                        eprintln!("{}: {percent}% {message}", self.label);
                    }
                    *said = Some(now);
                }
            }
            Shown::Nothing => {}
        }
    }
}

fn pace(state: &State) -> String {
    let seconds = state.began.elapsed().as_secs_f64();
    if seconds < 0.2 {
        return bytes(state.done);
    }
    let per_sec = state.done as f64 / seconds;
    let left = (state.total.saturating_sub(state.done)) as f64 / per_sec.max(1.0);
    let (done, pace, left) =
        (bytes(state.done), rate(per_sec as u64), duration(left.ceil() as u64));
    format!("{done} of {}, {pace}, {left} left", bytes(state.total))
}

fn percent_of(done: u64, total: u64) -> u8 {
    if total == 0 {
        return 0;
    }
    u8::try_from((u128::from(done) * 100 / u128::from(total)).min(100)).expect("at most 100")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_never_exceeds_a_hundred() {
        assert_eq!(percent_of(0, 0), 0);
        assert_eq!(percent_of(1, 3), 33);
        assert_eq!(percent_of(5, 3), 100);
        assert_eq!(percent_of(u64::MAX, u64::MAX), 100);
    }
}
