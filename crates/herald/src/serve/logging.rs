//! Log lines: few, structured, on standard error, where they do not mix with what is said to the
//! person who starts Herald.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// What PostgreSQL's driver says in detail has the values of statements in it, which are payloads and
/// secrets; and that the pool replaces connections is no news.
const QUIET: &str = "tokio_postgres=error,deadpool=error";

/// Starts logging for the whole process.
pub(super) fn start(log: &Log) {
    let filter = EnvFilter::builder().parse_lossy(format!("{},{QUIET}", log.level));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
