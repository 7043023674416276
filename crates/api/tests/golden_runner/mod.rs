//! Golden files of a door: `tests/golden/DOOR/NAME.json`, one for each operation, with what is asked and exactly what is
//! answered. Each door's own tests say how it is asked.
//!
//! A file is a list of steps. A step is a call (`call`, whatever the door needs besides, `status`, `answer`; `by` where it is not
//! the account's), or something that happens: `import` (`name`, `region`, optionally `disks`, a list of chunks), `local_image`
//! (`name`, `region`: a file registered in place), `encryption_key` (`name`, `region`), `object` (`region`, `bucket`, `object`,
//! `chunks`: a raw disk in the account's bucket), `advance_secs`, or `run_until_idle`. In texts `{{name}}` is a value that
//! differs from run to run: known where an earlier step or answer named it, else named here. `{{account}}` and `{{stranger}}`
//! are the numbers of the two accounts; `{{name whole}}` is all of an imported image's id where the cloud spells a part of it.
//! Run with `GOLDEN=write` to write what was answered into the files, and look at the difference; `GOLDEN_ONLY` names a file.

mod names;
mod story;

use std::path::PathBuf;

use region::testing::World;
use serde_json::{Value, json};

use story::Story;

/// What stands for a request's id.
pub const REQUEST: &str = "REQUEST";

/// How ids of a kind look: what they begin with, how many characters follow, and what the kind is called in a file.
pub struct Kind(pub &'static str, pub usize, pub &'static str);

/// A door whose golden files are played.
pub trait Played: Sized {
    /// The folder of its files.
    const FOLDER: &'static str;
    /// The ids that differ from run to run.
    const KINDS: &'static [Kind];

    /// A door with nothing behind it but two accounts.
    async fn open() -> Self;

    /// What is behind it.
    fn world(&self) -> &World;

    /// An id of ours as the cloud spells it.
    fn spelled(ours: &str) -> String;

    /// Makes the call of a step in which every name stands for its value. The HTTP status, and the body with [`REQUEST`] for
    /// the request's id, once that was checked.
    async fn call(&self, step: &Value) -> (u16, Value);
}

fn files<D: Played>() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(D::FOLDER);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Plays all files of a door.
pub async fn play<D: Played>() {
    let write = std::env::var_os("GOLDEN").is_some_and(|word| word == "write");
    let only = std::env::var("GOLDEN_ONLY").ok();
    let mut wrong = Vec::new();
    for file in files::<D>() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut steps: Vec<Value> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let called = |step: &Value| step["call"].as_str() == Some(name.as_str());
        assert!(steps.iter().any(called), "{name} is not called in its file");
        let mut story = Story::<D>::begin().await;
        let before = wrong.len();
        for step in &mut steps {
            wrong.extend(story.play(step).await.map(|what| format!("{name}: {what}")));
        }
        story.door.world().check_world().await;
        if write && wrong.len() > before {
            wrong.truncate(before);
            std::fs::write(&file, format!("{:#}\n", json!(steps))).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
