//! The log, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// What is logged unless RUST_LOG says otherwise.
const LEVELS: &str = "info,sqlx=warn,hyper=warn";

/// Starts logging. A second start changes nothing.
pub fn start(format: LogFormat) {
    start_with(format, LEVELS);
}

/// Starts logging what is worrying alone.
pub fn start_quietly(format: LogFormat) {
    start_with(format, "warn");
}

fn start_with(format: LogFormat, levels: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(levels));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error says that there is a log already; then that one stays.
    let _ = match format {
        LogFormat::Text => {
            log.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
        }
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}
