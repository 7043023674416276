//! `cargo xtask screenshot`: the pictures of the console that README.md shows, of a real service in a real browser.

use crate::failure::Failure;
use crate::{install, project, run};

/// The test that makes them: whatever drives a browser stands among the console's tests, and no run takes this one unasked.
const TEST: &str = "picture::the_readme_shows_the_console";

/// Makes them anew. Without Chromium and its driver it fails.
pub fn make() -> Result<(), Failure> {
    install::for_a_browser()?;
    let tests = ["test", "--workspace", "--test", "console", "--", "--ignored", "--exact", TEST];
    run::run(run::cargo().current_dir(project::root()).args(tests))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_test_that_makes_the_pictures_is_there() {
        let (file, name) = TEST.split_once("::").unwrap();
        let path = project::root().join(format!("crates/ferry/tests/console/{file}.rs"));
        assert!(fs::read_to_string(path).unwrap().contains(&format!("fn {name}()")));
    }
}
