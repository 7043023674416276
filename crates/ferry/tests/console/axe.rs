//! What axe-core finds on a page that people with a screen reader, with weak eyes or without a mouse cannot use.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::driver::Driver;

/// Runs in the page behind the library's own text.
const ASK: &str = "
const tell = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then((told) => tell(told.violations), (error) => tell(String(error)));";

/// The library, if `cargo xtask test --only install` has brought it.
fn library() -> Option<String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(PathBuf::from);
    let file = target.expect("it is in target").join("node/node_modules/axe-core/axe.min.js");
    let text = std::fs::read_to_string(file).ok();
    if text.is_none() {
        println!("SKIP no axe-core in target/node: `cargo xtask test --only install` brings it");
    }
    text
}

/// The serious and critical findings: the rule, what it asks for, and each place with what is wrong there.
pub fn findings(driver: &Driver) -> Vec<String> {
    let Some(library) = library() else { return Vec::new() };
    let told = driver.run_until_told(&format!("{library}\n{ASK}"));
    let told = told.unwrap_or_else(|refusal| panic!("axe-core: {refusal}"));
    let violations = told.as_array().unwrap_or_else(|| panic!("axe-core: {told}"));
    let weighs = |violation: &&Value| {
        ["serious", "critical"].iter().any(|weight| violation["impact"] == *weight)
    };
    violations.iter().filter(weighs).flat_map(places).collect()
}

fn places(violation: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (impact, rule) = (word(&violation["impact"]), word(&violation["id"]));
    let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
    let place = |node: Value| {
        let summary = word(&node["failureSummary"]).replace('\n', " ");
        let help = word(&violation["help"]);
        format!("{impact} {rule}: {help}: {} ({}): {summary}", node["target"], word(&node["html"]))
    };
    nodes.into_iter().map(place).collect()
}
