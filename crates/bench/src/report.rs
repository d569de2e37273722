//! What is said of the results: a table, the goals, and for programs a file of JSON.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks")]

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::{
    goals::{Goal, Verdict},
    machine::Machine,
    rows::Row,
};

/// Says a line.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Says a line beside the results.
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}

/// Says on which machine, and what the columns mean.
pub(crate) fn begin(machine: &Machine) {
    say(&format!("{machine}; load generator, receiver and Herald share it."));
    say("Events of 1,024 bytes, every 2xx after an fsync. Latencies in ms, from when an event was");
    say("due. CPU: µs of the server for each delivery. Memory: its peak, MiB. Disk: B a delivery.");
    say("");
    say(&format!(
        "{:<24}{:>9}{:>8}{:>8}{:>8}{:>8}{:>7}{:>8}{:>7}",
        "", "rate/s", "p50", "p90", "p99", "p99.9", "CPU", "memory", "disk"
    ));
}

/// Says what a row has found, as soon as it has.
pub(crate) fn row(row: &Row) {
    let shown = |value: Option<f64>, digits: usize| {
        value.map(|value| format!("{value:.digits$}")).unwrap_or_default()
    };
    let name = if row.tls { format!("{} (TLS)", row.name) } else { row.name.clone() };
    let latency = |quantile: fn(&crate::measure::Quantiles) -> f64| {
        shown(row.latency.as_ref().map(quantile), 2)
    };
    say(&format!(
        "{name:<24}{:>9}{:>8}{:>8}{:>8}{:>8}{:>7}{:>8}{:>7}",
        shown(row.rate, 0),
        latency(|found| found.p50),
        latency(|found| found.p90),
        latency(|found| found.p99),
        latency(|found| found.p999),
        shown(row.cpu_micros, 0),
        shown(row.memory_mib, 1),
        shown(row.disk_bytes, 0),
    ));
    if let Some(seconds) = row.start_seconds {
        say(&format!("    ready after {seconds:.2} s"));
    }
    for remark in &row.remarks {
        say(&format!("    {remark}"));
    }
}

/// Says which goals were reached.
pub(crate) fn goals(verdicts: &[Verdict]) {
    say("");
    for Verdict { what, found, goal, reached } in verdicts {
        let mark = if *reached { '✓' } else { '✗' };
        let line = match goal {
            Goal::AtLeast(least) => format!("{mark} {what:<46}{found:>9.2}   goal ≥ {least}"),
            Goal::AtMost(most) => format!("{mark} {what:<46}{found:>9.2}   goal ≤ {most}"),
            Goal::None => format!("  {what:<46}{found:>9.2}"),
        };
        say(&line);
    }
}

/// Says how much the machine did for others meanwhile; a little is always left unaccounted.
pub(crate) fn others(share: f64) {
    if share > 0.1 {
        let percent = share * 100.0;
        say("");
        say(&format!(
            "Others had {percent:.0} % of the machine meanwhile: trust no rate, only ratios."
        ));
    }
}

/// Writes everything for programs.
pub(crate) fn write(
    path: &Path,
    machine: &Machine,
    rows: &[Row],
    verdicts: &[Verdict],
) -> Result<()> {
    let all = json!({ "machine": machine, "rows": rows, "goals": verdicts });
    Ok(std::fs::write(path, serde_json::to_vec_pretty(&all)?)?)
}
