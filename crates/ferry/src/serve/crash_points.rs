//! Crash tests: `FERRY_KILL_AT=name[:count]` kills this process, as by `kill -9`, at the count-th time a failpoint is
//! reached. Only where the feature `failpoints` is on.

use crate::failure::Failure;

/// Names the failpoint.
const VARIABLE: &str = "FERRY_KILL_AT";

/// Arms the failpoint that the environment names.
#[cfg(feature = "failpoints")]
pub fn arm() -> Result<(), Failure> {
    use std::sync::atomic::{AtomicU64, Ordering};

    let Ok(setting) = std::env::var(VARIABLE) else { return Ok(()) };
    let wrong =
        |reason: String| Failure::Setting { doing: format!("use {VARIABLE}=`{setting}`"), reason };
    let (name, count) = match setting.rsplit_once(':') {
        Some((name, count)) => {
            (name, count.parse().map_err(|_| wrong(format!("`{count}` is not a number")))?)
        }
        None => (setting.as_str(), 1),
    };
    let hits = AtomicU64::new(0);
    let kill = move || {
        if hits.fetch_add(1, Ordering::SeqCst) + 1 == count {
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::KILL)
                .expect("a process may kill itself");
        }
    };
    fail::cfg_callback(name, kill).map_err(wrong)
}

/// Nothing to arm.
#[cfg(not(feature = "failpoints"))]
pub fn arm() -> Result<(), Failure> {
    Ok(())
}

/// Refuses the setting where there are no failpoints: a crash test would wait for ever.
pub fn check() -> Result<(), Failure> {
    match std::env::var_os(VARIABLE) {
        Some(_) if !cfg!(feature = "failpoints") => Err(Failure::Setting {
            doing: format!("use {VARIABLE}"),
            reason: "this ferry was built without the feature `failpoints`".to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}
