//! Playing the kept calls again: signed anew, in their order, each with the answer it had.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Story;
use super::trace::{self, Names};
use crate::wire;

/// How long a status may take to become what it was.
const PATIENCE: Duration = Duration::from_secs(60);

/// A story's calls.
pub fn kept(story: impl Story) -> Vec<Value> {
    let file = trace::path(&story.file());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Plays a story's calls against a new service; answers how many there were.
pub fn play(story: impl Story) -> usize {
    let calls = kept(story);
    let (scene, dialect) = (story.begin(), story.dialect());
    let mut names = Names::of(dialect);
    names.bind("address", &scene.address);
    for (name, value) in &scene.known {
        names.bind(name, value);
    }
    for (at, call) in calls.iter().enumerate() {
        let action = dialect.action(call);
        // The provider asked again until it saw this; between two looks it slept.
        let looks = ["Describe", "List", "Query"].iter().any(|start| action.starts_with(start));
        let began = Instant::now();
        loop {
            let request = dialect.again(call, &scene.key, &names);
            let answer = wire::send(&scene.address, &request);
            match trace::check(call, &answer, &mut names) {
                Ok(()) => break,
                Err(_) if looks && began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(why) => panic!(
                    "{} call {at} {action}: {why}\n{}",
                    story.file(),
                    String::from_utf8_lossy(&request)
                ),
            }
        }
    }
    calls.len()
}
