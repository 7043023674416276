//! When the second runner of a race sets off.

use std::time::Duration;

/// The largest step, microseconds: so fast it follows a machine that became slow.
const STEP_MAX: i64 = 16_000;
/// The smallest step, microseconds.
const STEP_MIN: i64 = 50;

/// Which of two runners came first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Winner {
    /// The one that [`HeadStart::first`] holds back when it wins.
    First,
    /// The one that [`HeadStart::second`] holds back when it wins.
    Second,
}

/// How much earlier the first of two runners sets off than the second. Each round the winner gets less of a start, so that
/// the race is run at the moment that decides it, whatever the speed of the machine.
#[derive(Debug)]
pub struct HeadStart {
    micros: i64,
    step: i64,
    last: Option<Winner>,
}

impl Default for HeadStart {
    fn default() -> Self {
        HeadStart { micros: 0, step: 1_000, last: None }
    }
}

impl HeadStart {
    /// Waits before the first sets off.
    pub async fn first(&self) {
        wait(-self.micros).await;
    }

    /// Waits before the second sets off.
    pub async fn second(&self) {
        wait(self.micros).await;
    }

    /// Takes note of who won: steps become smaller around the deciding moment, and larger away from it.
    pub fn note(&mut self, winner: Winner) {
        self.step = match self.last == Some(winner) {
            true => (self.step * 2).min(STEP_MAX),
            false => (self.step / 4).max(STEP_MIN),
        };
        self.last = Some(winner);
        self.micros += match winner {
            Winner::First => -self.step,
            Winner::Second => self.step,
        };
    }
}

async fn wait(micros: i64) {
    if let Ok(micros @ 1..) = u64::try_from(micros) {
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of any speed: the deciding moment is found, and both win again and again.
    #[test]
    fn both_win_wherever_the_deciding_moment_lies() {
        for decides in [-400_000, -900, 0, 70, 5_000, 300_000] {
            let mut start = HeadStart::default();
            let (mut first, mut second) = (0, 0);
            for _ in 0..100 {
                let winner = match start.micros > decides {
                    true => Winner::First,
                    false => Winner::Second,
                };
                match winner {
                    Winner::First => first += 1,
                    Winner::Second => second += 1,
                }
                start.note(winner);
            }
            assert!(first >= 10 && second >= 10, "{decides}: {first} and {second}");
        }
    }
}
