//! Contenders take turns, so that what the machine does meanwhile hits all of them.

use super::Bench;
use super::meter::Trial;
use super::record::{Entrant, Finish, Race};
use super::wire::Wire;
use crate::failure::Failure;
use crate::run;

/// How often a contender runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// In every round.
    Each,
    /// In the first rounds only, as `BENCH_SLOW_ROUNDS` says: it takes too long for more.
    Few,
}

/// What a contender does in one run.
pub type Once<'a> = Box<dyn FnMut(&mut Trial<'_>) -> Result<(), Failure> + 'a>;

/// One way to do the work.
pub struct Contender<'a> {
    /// One word: how figures are named after it.
    pub key: &'static str,
    /// As tables call it.
    pub title: String,
    /// How often it runs.
    pub turns: Turns,
    /// Prepares, does the work in laps, and checks what came out.
    pub once: Once<'a>,
}

impl<'a> Contender<'a> {
    /// One that runs in every round.
    pub fn new(
        key: &'static str,
        title: impl Into<String>,
        once: impl FnMut(&mut Trial<'_>) -> Result<(), Failure> + 'a,
    ) -> Contender<'a> {
        Contender { key, title: title.into(), turns: Turns::Each, once: Box::new(once) }
    }

    /// The same in the first rounds only.
    pub fn seldom(self) -> Contender<'a> {
        Contender { turns: Turns::Few, ..self }
    }
}

/// What a race is called and what is raced for.
pub struct Course<'a> {
    /// One word: how figures are named after it.
    pub key: &'static str,
    /// As headings call it.
    pub title: &'static str,
    /// What is done, in which state of the caches, up to where.
    pub work: String,
    /// Whose bytes are counted.
    pub wire: Option<&'a Wire>,
}

/// Lets each run once a round, in an order that moves on by one from round to round.
pub fn race(
    bench: &Bench,
    course: Course<'_>,
    mut contenders: Vec<Contender<'_>>,
) -> Result<Race, Failure> {
    let mut entrants: Vec<Entrant> = contenders
        .iter()
        .map(|one| Entrant { key: one.key.into(), title: one.title.clone(), finishes: Vec::new() })
        .collect();
    println!("\n-- {}", course.title);
    for round in 0..bench.rounds {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let contender = &mut contenders[index];
            if contender.turns == Turns::Few && round >= bench.slow_rounds {
                continue;
            }
            run::run(&mut std::process::Command::new("sync"))?; // nobody pays for what another left unwritten
            let mut trial = Trial::on(course.wire);
            (contender.once)(&mut trial)?;
            for (split, lap) in trial.laps {
                println!(
                    "round {}: {}, {split}: {:.2} s, {:.2} s CPU, {:.0} MiB{}",
                    round + 1,
                    contender.title,
                    lap.seconds,
                    lap.cpu_seconds,
                    lap.peak_mib,
                    lap.down_bytes.map_or(String::new(), |bytes| format!(", {bytes} bytes")),
                );
                entrants[index].keep(split, lap);
            }
        }
    }
    entrants.retain(|entrant| !entrant.finishes.is_empty());
    let (key, title) = (course.key.to_owned(), course.title.to_owned());
    Ok(Race { key, title, work: course.work, entrants })
}

impl Entrant {
    fn keep(&mut self, split: &str, lap: super::meter::Lap) {
        match self.finishes.iter_mut().find(|finish| finish.split == split) {
            Some(finish) => finish.laps.push(lap),
            None => self.finishes.push(Finish { split: split.to_owned(), laps: vec![lap] }),
        }
    }
}
