//! What is measured: rates and CPU time over a window, latencies, a process's memory.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::Serialize;

/// How long a row measures, and how long it runs before that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Connections open, caches fill, files grow: not measured.
    pub(crate) warm_up: Duration,
    /// What is measured.
    pub(crate) seconds: Duration,
}

impl Plan {
    /// Measures for so long, after a quarter of it but at most 2 s to warm up.
    pub(crate) fn of(seconds: Duration) -> Self {
        Self { warm_up: (seconds / 4).min(Duration::from_secs(2)), seconds }
    }

    /// How long a row takes.
    pub(crate) fn whole(&self) -> Duration {
        self.warm_up + self.seconds
    }

    /// Runs through it, and counts what happens in the measured time. `used` is the CPU time so far
    /// of those who are measured.
    pub(crate) async fn measure(
        &self,
        used: impl Fn() -> Result<Duration>,
        count: impl Fn() -> Counts,
    ) -> Result<Window> {
        tokio::time::sleep(self.warm_up).await;
        let (began, before, cpu) = (Instant::now(), count(), used()?);
        tokio::time::sleep(self.seconds).await;
        let (time, after) = (began.elapsed(), count());
        Ok(Window {
            time,
            accepted: after.accepted - before.accepted,
            received: after.received - before.received,
            cpu: used()?.saturating_sub(cpu),
        })
    }
}

/// Running counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    /// Events accepted.
    pub(crate) accepted: u64,
    /// Notifications received for the first time.
    pub(crate) received: u64,
}

/// What happened in a measured time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    time: Duration,
    accepted: u64,
    received: u64,
    cpu: Duration,
}

impl Window {
    /// Events accepted a second.
    pub(crate) fn accepted_per_second(&self) -> f64 {
        self.accepted as f64 / self.time.as_secs_f64()
    }

    /// Notifications received a second.
    pub(crate) fn received_per_second(&self) -> f64 {
        self.received as f64 / self.time.as_secs_f64()
    }

    /// CPU time for each event accepted, µs.
    pub(crate) fn cpu_per_accepted(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.accepted as f64
    }

    /// CPU time for each notification received, µs.
    pub(crate) fn cpu_per_received(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.received as f64
    }
}

/// Longer latencies count as this, ns.
const LONGEST: u64 = 600_000_000_000;

/// Latencies, to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

/// What is said of latencies, milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

impl Latencies {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_max(LONGEST, 3)?))
    }

    pub(crate) fn note(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn quantiles(&self) -> Quantiles {
        let millis = |quantile| self.0.value_at_quantile(quantile) as f64 / 1e6;
        Quantiles { p50: millis(0.5), p90: millis(0.9), p99: millis(0.99), p999: millis(0.999) }
    }
}

/// A process, as `/proc` tells of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// This one.
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// CPU time used so far, by all threads, in user and kernel mode.
    pub(crate) fn cpu(self) -> Result<Duration> {
        self.ticks(2)
    }

    /// The same, with that of children that have ended.
    pub(crate) fn cpu_with_children(self) -> Result<Duration> {
        self.ticks(4)
    }

    /// The same, with that of children that are there.
    pub(crate) fn cpu_of_family(self) -> Result<Duration> {
        let mut family = self.cpu_with_children()?;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // One may end while it is looked at.
            let child = Self(id);
            if child.parent().is_ok_and(|parent| parent == self.0) {
                family += child.cpu().unwrap_or_default();
            }
        }
        Ok(family)
    }

    fn parent(self) -> Result<u32> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        let (_, rest) = stat.rsplit_once(") ").context("/proc/…/stat has a name")?;
        Ok(rest.split(' ').nth(1).context("/proc/…/stat has a parent")?.parse()?)
    }

    /// CPU time used so far by all processes, and by the kernel for none of them.
    pub(crate) fn everybody() -> Result<Duration> {
        let stat = fs::read_to_string("/proc/stat")?;
        let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
        let fields = fields.map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
        // user, nice, system, idle, iowait, irq, softirq, steal, …
        let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|field| fields.get(*field)).sum();
        Ok(duration(busy))
    }

    /// The first `count` of utime, stime, cutime, cstime: the fields from the 14th on.
    fn ticks(self, count: usize) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The second field, a name in brackets, may contain anything.
        let (_, rest) = stat.rsplit_once(") ").context("/proc/…/stat has a name")?;
        let ticks = rest.split(' ').skip(11).take(count).map(str::parse::<u64>);
        let ticks = ticks.sum::<Result<u64, _>>().context("/proc/…/stat has CPU times")?;
        Ok(duration(ticks))
    }

    /// Most memory ever resident, MiB.
    pub(crate) fn peak_memory(self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// Memory resident now, MiB.
    pub(crate) fn memory(self) -> Result<f64> {
        self.status("VmRSS:")
    }

    fn status(self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let value = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = value.and_then(|value| value.trim().strip_suffix(" kB"));
        Ok(kib.with_context(|| format!("/proc/…/status has {field}"))?.parse::<f64>()? / 1024.0)
    }
}

/// The kernel's clock ticks as time.
fn duration(ticks: u64) -> Duration {
    Duration::from_micros(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_told_in_milliseconds() {
        let mut latencies = Latencies::new().unwrap();
        for millis in 1..=1000 {
            latencies.note(Duration::from_millis(millis));
        }
        let Quantiles { p50, p90, p99, p999 } = latencies.quantiles();
        for (told, expected) in [(p50, 500.0), (p90, 900.0), (p99, 990.0), (p999, 999.0)] {
            assert!((told - expected).abs() < 1.0, "{told} is not {expected}");
        }
    }

    #[test]
    fn this_process_has_used_memory_and_knows_its_cpu_time() {
        let this = Process::this();
        // In this order: other tests may need more at any moment.
        let memory = this.memory().unwrap();
        assert!(memory > 0.0 && this.peak_memory().unwrap() >= memory);
        assert!(this.cpu().is_ok());
    }
}
