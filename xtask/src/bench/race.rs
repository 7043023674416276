//! Contenders take turns, so that what the machine does meanwhile hits all of them.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::run;

/// One way to do the work.
pub struct Contender<'a> {
    /// As the table calls it.
    pub name: &'static str,
    /// Prepares, does the work once, and says how long the work alone took, one time for each of `splits`.
    pub once: Box<dyn FnMut() -> Result<Vec<Duration>, Failure> + 'a>,
    /// What its times are: `done`, `flushed`.
    pub splits: &'static [&'static str],
}

/// All times of one contender under one split.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// The contender's name and the split's.
    pub name: String,
    /// In the order of the rounds.
    pub seconds: Vec<f64>,
}

impl Finish {
    /// The middle time; of an even number, the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            f64::midpoint(sorted[half - 1], sorted[half])
        }
    }
}

/// Lets each run once a round, in an order that moves on by one from round to round.
pub fn race(rounds: usize, mut contenders: Vec<Contender<'_>>) -> Result<Vec<Finish>, Failure> {
    let mut finishes: Vec<Vec<Finish>> = contenders
        .iter()
        .map(|contender| {
            let name = |split: &&str| format!("{}, {split}", contender.name);
            contender
                .splits
                .iter()
                .map(|split| Finish { name: name(split), seconds: Vec::new() })
                .collect()
        })
        .collect();
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            run::run(&mut std::process::Command::new("sync"))?; // nobody pays for what another left unwritten
            let times = (contenders[index].once)()?;
            for (finish, time) in finishes[index].iter_mut().zip(times) {
                println!("round {}: {} {:.2} s", round + 1, finish.name, time.as_secs_f64());
                finish.seconds.push(time.as_secs_f64());
            }
        }
    }
    Ok(finishes.into_iter().flatten().collect())
}

/// How long `work` takes.
pub fn timed(work: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let median =
            |seconds: &[f64]| Finish { name: String::new(), seconds: seconds.to_vec() }.median();
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), 3.0);
    }
}
