//! A source in this process passes every case.
#![allow(clippy::unwrap_used, missing_docs)]

mod rig;

use futures::FutureExt;
use transfer::testing::{Rig, cases};

/// Cases run at the same time, each with stores of its own; all failures are told.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_in_this_process_conforms() {
    let only = std::env::var("CASE").unwrap_or_default();
    let mut failed = Vec::new();
    for case in cases() {
        if !case.name.contains(&only) {
            continue;
        }
        let rig = Rig {
            new_store: Box::new(|| rig::new_store().boxed()),
            over: Box::new(|source| async { source }.boxed()),
        };
        let start = std::time::Instant::now();
        let name = case.name;
        let ended = tokio::spawn(async move { (case.run)(&rig).await }).await;
        println!(
            "{name}: {} in {:?}",
            if ended.is_ok() { "ok" } else { "FAILED" },
            start.elapsed()
        );
        if ended.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
