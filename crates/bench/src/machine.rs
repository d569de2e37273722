//! The machine that a result is of.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::Serialize;

use crate::measure::Process;

/// What a reader of a result wants to know of the machine.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    processor: String,
    kernel: String,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Self {
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.map(|model| model.trim_start_matches([' ', '\t', ':']).to_owned());
        let system = rustix::system::uname();
        Self {
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            processor: model.unwrap_or_else(|| "unknown processor".into()),
            kernel: system.release().to_string_lossy().into_owned(),
        }
    }
}

/// Counts what the machine does for others while the benchmark runs.
#[derive(Debug)]
pub(crate) struct Others {
    busy: Duration,
    ours: Duration,
    since: Instant,
}

impl Others {
    /// Counts from now on.
    pub(crate) fn watch() -> Result<Self> {
        let (busy, ours) = (Process::everybody()?, Process::this().cpu_with_children()?);
        Ok(Self { busy, ours, since: Instant::now() })
    }

    /// The share of the machine's CPU time that others had, from 0 to 1. `servers` is what was used for
    /// the benchmark by who is no child of this process.
    pub(crate) fn share(&self, machine: &Machine, servers: Duration) -> Result<f64> {
        let busy = Process::everybody()?.saturating_sub(self.busy);
        let ours = Process::this().cpu_with_children()?.saturating_sub(self.ours);
        let all = self.since.elapsed().as_secs_f64() * machine.cores as f64;
        Ok(busy.saturating_sub(ours + servers).as_secs_f64() / all)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores of {}, Linux {}", self.cores, self.processor, self.kernel)
    }
}
